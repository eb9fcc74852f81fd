//! The panes: state, what happens to it, and how it is drawn; one module each.

pub(crate) mod evidence;
pub(crate) mod queue;
pub(crate) mod terminal;
pub(crate) mod transcript;

pub(crate) use transcript::{Move, moved};
