//! Ticket files: parse, lint, edit, scan, watch.

pub mod edit;
mod fields;
mod front_matter;
mod nested;
pub mod parse;
pub mod write;
mod yaml;

pub use fields::KEYS;
