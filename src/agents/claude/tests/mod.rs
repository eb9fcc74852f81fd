//! The adapter against what the real program said, and against peers that it never was.

mod peers;
mod recordings;
mod scene;
