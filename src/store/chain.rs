//! The hash chain: every row's hash covers the row and the hash of the row before it.

use crate::domain::hash::Hasher;
use crate::domain::ids::Sha256;

/// What stands before the first row.
pub const GENESIS: Sha256 = Sha256([0; 32]);

/// One row of the ledger's events, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its place, from 1.
    pub seq: u64,
    /// Milliseconds since the Unix epoch.
    pub at: i64,
    /// The run's number.
    pub run: u32,
    /// The kind of the event.
    pub kind: String,
    /// The version of the payload's form.
    pub version: u16,
    /// The event as JSON, without its kind.
    pub payload: String,
}

impl Row {
    /// The hash of this row after a row whose hash is `previous`:
    /// SHA-256(previous ‖ seq ‖ at ‖ run ‖ length of kind ‖ kind ‖ version ‖ length of payload ‖ payload),
    /// numbers big-endian in 8, 8, 4, 8, 2 and 8 bytes.
    pub fn link(&self, previous: Sha256) -> Sha256 {
        self.link_at(self.seq, previous)
    }

    /// The hash that this row would have at another place; finds rows that changed places.
    pub(super) fn link_at(&self, seq: u64, previous: Sha256) -> Sha256 {
        let mut hasher = Hasher::default();
        hasher.update(&previous.0);
        hasher.update(&seq.to_be_bytes());
        hasher.update(&self.at.to_be_bytes());
        hasher.update(&self.run.to_be_bytes());
        hasher.update(&(self.kind.len() as u64).to_be_bytes());
        hasher.update(self.kind.as_bytes());
        hasher.update(&self.version.to_be_bytes());
        hasher.update(&(self.payload.len() as u64).to_be_bytes());
        hasher.update(self.payload.as_bytes());
        hasher.finish()
    }
}
