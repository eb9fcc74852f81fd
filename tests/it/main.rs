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
mod copying;
mod crash;
mod desk;
mod doctor;
mod editing;
mod emulation;
mod evidence;
mod export;
mod flood;
mod gates;
mod gc;
mod git;
mod headless;
mod import;
mod inbox;
mod keys;
mod ledger;
mod machine;
mod merge;
mod merging;
mod notify;
mod on_terminals;
mod plain;
mod playing;
mod policy;
mod proof;
mod provision;
mod recordings;
mod redaction;
mod requests;
mod review;
mod rewind;
mod runs;
mod sandbox;
mod scopes;
mod screen;
mod shells;
mod side_by_side;
mod submit;
mod supervise;
mod support;
mod taking;
mod tampered;
mod terminals;
mod themes;
mod tickets;
mod tidy;
mod traps;
mod trust;
mod viewer;
mod watch;
mod zoo;
