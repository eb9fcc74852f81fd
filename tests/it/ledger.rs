//! The ledger through its public face: real SQLite files, real processes that are killed.

mod arbitrary;
mod codec;
mod crash;
mod folds;
mod opening;
pub(crate) mod scene;
mod writing;
