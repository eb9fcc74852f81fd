//! Traps that other tools fell into, and cases that they fail: each by its name, against the real program. `docs/PROOF.md` says
//! which promise each of them proves; many more are tests of their own areas.

mod agents;
mod files;
mod limits;
mod phases;
mod queue;
mod records;
mod runners;
