//! Tests of the whole screen, without a terminal: messages in, frames and effects out.

mod agents_terminals;
mod anything;
mod arranging;
mod deciding;
mod diffs;
mod echo;
mod editor;
mod evidence;
mod finding;
mod frames;
mod handing_over;
mod inbox;
mod keeping;
mod keys;
mod looping;
mod overview;
mod queue;
mod reading;
mod recording;
mod review;
pub(super) mod scene;
mod taking;
mod terminal;
mod themes;
mod transcripts;
mod trying;
mod viewer;
