//! Processes: the shim, supervision, clocks. No product knowledge.
//!
//! Every agent and every validation runs below a [`shim`]: a session leader and subreaper that outlives its leader and
//! ends everything below it when docket dies, even by `kill -9`. `docs/SUPERVISION.md` tells the contract.

pub mod clock;
pub mod clocks;
pub mod confine;
pub mod environment;
pub mod foreground;
pub mod hostname;
pub mod identity;
pub mod lull;
mod os;
pub mod pty;
pub mod shim;
pub mod supervise;
pub mod sweep;
mod wire;
