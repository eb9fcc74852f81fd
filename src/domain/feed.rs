//! What the runner tells: the screen, `--once`, `--plain` and whoever else listens.

use std::sync::Arc;

use super::event::{Envelope, RunOutcome};
use super::ids::{AttemptId, RunId};
use super::item::{AgentStatus, Usage};
use super::queue::Queue;
use super::runner_place::RunnerPlace;

/// What the runner tells everybody who listens.
#[derive(Debug, Clone)]
pub enum Feed {
    /// The queue as it is on disk now.
    Queue(Arc<Queue>),
    /// A fact; it is in the ledger already.
    Event(Arc<Envelope>),
    /// The transcript of an attempt has grown to so many bytes.
    Advanced {
        /// Which attempt.
        attempt: AttemptId,
        /// The length of its `transcript.jsonl`.
        bytes: u64,
    },
    /// What an agent is doing now.
    Status {
        /// Which attempt.
        attempt: AttemptId,
        /// What.
        status: AgentStatus,
    },
    /// What the turn that runs has used so far.
    Used {
        /// Which attempt.
        attempt: AttemptId,
        /// What.
        usage: Usage,
    },
    /// A run is over (also one that could not begin).
    RunOver {
        /// Which.
        run: RunId,
        /// How.
        outcome: RunOutcome,
    },
    /// The queue's folder or the ledger has a problem that is not a ticket's.
    Trouble(String),
    /// The first tickets of a large queue, while the others are still being read. For show only: what depends on others can't be told.
    Beginning {
        /// These tickets.
        queue: Arc<Queue>,
        /// How many there are.
        of: usize,
    },
    /// Who runs the queue, told to a process that looks on: at its start and whenever it changes.
    Runner(RunnerPlace),
}
