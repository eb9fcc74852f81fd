//! Tests of the whole screen, without a terminal: messages in, frames and effects out.

mod anything;
mod diffs;
mod evidence;
mod frames;
mod keys;
mod looping;
mod review;
mod scene;
mod transcripts;
