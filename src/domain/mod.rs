//! The pure core: data and rules. No I/O, no clock, no locks; time is an argument.

pub mod hash;
pub mod ids;
pub mod problem;
pub mod settings;
pub mod ticket;
pub mod time;
