//! Tests of the whole screen, without a terminal: messages in, frames and effects out.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't be prepared has failed"
)]

mod anything;
mod frames;
mod keys;
mod looping;
mod scene;
mod transcripts;
