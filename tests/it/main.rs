//! The integration tests: one binary, one module per area, the real program and real processes.

#![expect(
    clippy::expect_used,
    reason = "a test that can't be prepared has failed"
)]

mod agents_real;
mod bad_input;
mod cli;
mod config;
mod conversations;
mod crash;
mod doctor;
mod evidence;
mod export;
mod gc;
mod git;
mod headless;
mod inbox;
mod ledger;
mod machine;
mod merge;
mod recordings;
mod redaction;
mod requests;
mod rewind;
mod runs;
mod screen;
mod supervise;
mod support;
mod tickets;
mod tidy;
mod watch;
