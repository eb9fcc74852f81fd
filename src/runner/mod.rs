//! The runner: one dispatcher task, one task per attempt.

pub mod handle;
