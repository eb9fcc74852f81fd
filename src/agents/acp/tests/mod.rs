//! The protocol as agents spoke it, and as no recording shows it.

mod asking;
mod beginning;
mod peer;
mod recordings;
mod telling;
