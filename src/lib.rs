//! docket: a terminal-first runner for coding agents. Tickets are files; a ticket is done when docket holds the proof.
//!
//! The layers, what each may import and what it must never do: `docs/ARCHITECTURE.md`.

pub mod agents;
pub mod cli;
pub mod config;
pub mod domain;
pub mod emulator;
pub mod exit;
pub mod git;
pub mod headless;
pub mod logging;
pub mod output;
pub mod proc;
pub mod redact;
pub mod runner;
pub mod store;
pub mod tickets;
pub mod ui;
