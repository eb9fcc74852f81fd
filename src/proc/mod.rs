//! Processes: the shim, supervision, clocks. No product knowledge.
