//! What several areas of tests need.

pub(crate) mod modes;
pub(crate) mod processes;
pub(crate) mod programs;
pub(crate) mod repository;
pub(crate) mod sandbox;
pub(crate) mod terminal;
pub(crate) mod wait;
