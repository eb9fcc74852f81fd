//! Tests of the whole screen, without a terminal: messages in, frames and effects out.

mod anything;
mod frames;
mod keys;
mod looping;
mod scene;
mod transcripts;
mod viewer;
