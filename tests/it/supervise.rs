//! Supervision of real processes: the fake agent below docket's real shim.

mod ending;
mod freezing;
mod holder;
mod pty;
mod scene;
mod starting;
mod streams;
