//! Ticket files: parse, lint, edit, scan, watch.

pub mod changes;
pub mod dispatch;
pub mod edit;
mod fields;
mod front_matter;
pub mod import;
pub mod lint;
pub mod load;
pub mod locate;
mod nested;
pub mod numbers;
pub mod order;
pub mod parse;
pub mod template;
pub mod watch;
pub mod write;
mod yaml;

pub use fields::KEYS;
pub use parse::{derived_id, parse};
