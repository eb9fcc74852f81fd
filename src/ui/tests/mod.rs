//! Tests of the whole screen, without a terminal: messages in, frames and effects out.

mod anything;
mod arranging;
mod copying;
mod deciding;
mod diffs;
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
mod review;
pub(super) mod scene;
mod themes;
mod transcripts;
mod trying;
mod viewer;
