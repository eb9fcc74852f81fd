//! The integration tests: one binary, one module per area, the real program and real processes.

mod tickets;
mod watch;
