//! The pure core: data and rules. No I/O, no clock, no locks; time is an argument.

pub mod advice;
pub mod attempt;
pub mod board;
pub mod command;
pub mod desk;
pub mod event;
pub mod gate;
pub mod hash;
pub mod ids;
pub mod item;
pub mod machine;
pub mod notice;
pub mod policy;
pub mod prices;
pub mod problem;
pub mod prompt;
pub mod queue;
pub mod reason;
pub mod request;
pub mod retention;
pub mod rules;
pub mod settings;
pub mod standing;
pub mod ticket;
pub mod time;
pub mod unfinished;
