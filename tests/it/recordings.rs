//! The recordings of real agents, through their decoders.

pub(crate) mod corpus;
