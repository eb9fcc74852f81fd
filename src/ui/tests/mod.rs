//! Tests of the whole screen, without a terminal: messages in, frames and effects out.

mod anything;
mod frames;
mod inbox;
mod keys;
mod looping;
mod scene;
mod transcripts;
