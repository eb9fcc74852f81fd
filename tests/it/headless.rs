//! The program without a screen, as scripts use it: from ticket files to exit code, ledger, evidence and commits.

mod agents;
mod outcomes;
mod output;
mod pause;
mod queue;
mod signals;
mod validations;
