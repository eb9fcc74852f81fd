//! The recordings of real agents, through their decoders.

mod chunks;
pub(crate) mod corpus;
mod golden;
mod listen;
mod replaying;
