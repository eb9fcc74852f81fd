//! What readers get: rows of the projections as types.

use serde::Serialize;

use crate::domain::attempt::{AttemptOutcome, ProcessRecord, Proof, Workspace};
use crate::domain::event::RunOutcome;
use crate::domain::ids::{AttemptId, RunId, Sequence, Sha256, TicketId, TicketName};
use crate::domain::item::Usage;
use crate::domain::time::Timestamp;

/// A run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunRecord {
    /// Which.
    pub run: RunId,
    /// When it began.
    pub started: Timestamp,
    /// When it ended, if it did.
    pub finished: Option<Timestamp>,
    /// Attempts side by side.
    pub jobs: u32,
    /// The run's branch; `None` in place.
    pub branch: Option<String>,
    /// The commit that the branch was cut from.
    pub base: Option<String>,
    /// docket's version.
    pub version: String,
    /// How it ended; `None` while it runs, or after a crash until it is recovered.
    pub outcome: Option<RunOutcome>,
    /// Where its events begin in the ledger.
    pub first: Sequence,
}

/// A ticket's turn in a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepRecord {
    /// The run.
    pub run: RunId,
    /// The ticket.
    pub ticket: TicketId,
    /// What people called it then.
    pub name: TicketName,
    /// Its title then.
    pub title: String,
    /// The revision whose rules held.
    pub revision: Sha256,
    /// When it began.
    pub started: Timestamp,
    /// When it ended, if it did.
    pub finished: Option<Timestamp>,
    /// How it ended.
    pub outcome: Option<AttemptOutcome>,
    /// Its last attempt in this run.
    pub attempt: Option<AttemptId>,
}

/// An attempt.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AttemptRecord {
    /// Which.
    pub attempt: AttemptId,
    /// The run in which it began; its evidence lies there.
    pub run: RunId,
    /// The ticket.
    pub ticket: TicketId,
    /// The revision whose rules held.
    pub revision: Sha256,
    /// The agent's name in the configuration.
    pub agent: String,
    /// The agent's session token, if it named one.
    pub session: Option<String>,
    /// When it began.
    pub started: Timestamp,
    /// When it ended, if it did.
    pub finished: Option<Timestamp>,
    /// How it ended; `None` while it runs, or after a crash until it is recovered.
    pub outcome: Option<AttemptOutcome>,
    /// Turns begun.
    pub turns: u32,
    /// The sum over its turns.
    pub usage: Usage,
    /// Its sealed evidence.
    pub seal: Option<Seal>,
    /// The commit that brought its work to the run's branch.
    pub commit: Option<String>,
    /// Its first event.
    pub first: Sequence,
    /// Its latest event.
    pub last: Sequence,
}

/// Sealed evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Seal {
    /// The manifest's SHA-256.
    pub manifest: Sha256,
    /// How many files it names.
    pub files: u32,
    /// Their bytes.
    pub bytes: u64,
}

/// An attempt without an end: it runs now, or docket died while it ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpenAttempt {
    /// The run in which it began.
    pub run: RunId,
    /// Which.
    pub attempt: AttemptId,
    /// The ticket.
    pub ticket: TicketId,
    /// The revision whose rules held.
    pub revision: Sha256,
    /// The agent's name in the configuration.
    pub agent: String,
    /// Found in the environment of everything that it started.
    pub marker: String,
    /// Every process that was made for it.
    pub processes: Vec<ProcessRecord>,
    /// Its working tree, if it got one.
    pub workspace: Option<Workspace>,
    /// The agent's session token, if it named one.
    pub session: Option<String>,
    /// Its seal, if it got that far.
    pub seal: Option<Seal>,
}

/// A ticket that docket wrote `done: true` into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DoneRecord {
    /// How strong the proof is.
    pub proof: Proof,
    /// The ticket's revision before.
    pub before: Sha256,
    /// The ticket's revision after: a file with another revision was changed since.
    pub after: Sha256,
    /// The attempt that did it; `None` by hand.
    pub attempt: Option<AttemptId>,
    /// The run.
    pub run: RunId,
    /// When.
    pub at: Timestamp,
}
