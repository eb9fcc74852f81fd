//! The emulator: what real programs write, beside what tmux makes of it; and anything at all.

mod exercise;
mod grid;
mod mutations;
pub(crate) mod recordings;
mod tmux;
