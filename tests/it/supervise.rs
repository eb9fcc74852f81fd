//! Supervision of real processes: the fake agent below docket's real shim.

mod ending;
mod scene;
