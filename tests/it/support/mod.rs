//! What several areas of tests need.

pub(crate) mod repository;
pub(crate) mod sandbox;
