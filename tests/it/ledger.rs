//! The ledger through its public face: real SQLite files, real processes that are killed.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a helper of tests fails its test"
)]

mod arbitrary;
mod codec;
mod crash;
mod folds;
mod opening;
pub(crate) mod scene;
mod writing;
