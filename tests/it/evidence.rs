//! Evidence files, their seal, and what `verify` finds when something was touched; the runner's lock.

#![expect(clippy::expect_used, reason = "a helper of tests fails its test")]

mod files;
mod lock;
mod verifying;
