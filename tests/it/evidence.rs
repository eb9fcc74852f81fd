//! Evidence files, their seal, and what `verify` finds when something was touched; the runner's lock.

mod files;
mod lock;
mod verifying;
