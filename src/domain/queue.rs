//! The order of the queue, and why a ticket does not run.

use super::ids::{TicketId, TicketName};
use super::ticket::QueueEntry;
use super::time::Timestamp;

/// The tickets of one repository, in run order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Queue {
    entries: Vec<QueueEntry>,
}

/// Whether a ticket may start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// It may.
    Ready,
    /// It is done.
    Done,
    /// These must be done before.
    After(Vec<TicketName>),
    /// The file or the queue has an error.
    Broken,
    /// Not before this time.
    NotBefore(Timestamp),
}

impl Queue {
    /// A queue of these entries.
    pub fn new(entries: Vec<QueueEntry>) -> Self {
        Self { entries }
    }

    /// The tickets in run order.
    pub fn entries(&self) -> &[QueueEntry] {
        &self.entries
    }

    /// Every entry with its readiness, in run order.
    pub fn readiness(
        &self,
        _now: Timestamp,
        done_here: impl Fn(&TicketId) -> bool,
    ) -> Vec<(&QueueEntry, Readiness)> {
        self.entries
            .iter()
            .map(|entry| {
                let readiness = if entry.is_done() || done_here(&entry.id) {
                    Readiness::Done
                } else if entry.is_runnable_file() {
                    Readiness::Ready
                } else {
                    Readiness::Broken
                };
                (entry, readiness)
            })
            .collect()
    }
}
