//! What `step` knows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::domain::attempt::{AttemptOutcome, CancelReason, Need, Proof, Validation};
use crate::domain::ids::{AttemptId, RunId, Sha256, TicketId, TicketName};
use crate::domain::queue::Queue;
use crate::domain::settings::Settings;
use crate::domain::ticket::Ticket;
use crate::domain::time::Monotonic;

/// Everything that the rules need; owned by the dispatcher alone.
#[derive(Debug)]
pub struct State {
    pub(super) settings: Arc<Settings>,
    pub(super) queue: Arc<Queue>,
    /// Whether the queue was read at all: an unread one is not an empty one.
    pub(super) queue_is_known: bool,
    /// Unguessable; the marker of each attempt begins with it.
    pub(super) marker: String,
    /// The last attempt number that was used, by ticket, over all runs.
    pub(super) attempt_numbers: BTreeMap<TicketName, u32>,
    pub(super) next_run: RunId,
    pub(super) plan: RunPlan,
    pub(super) run: Option<Run>,
    /// Attempts whose tasks are still cleaning up.
    pub(super) closing: BTreeSet<AttemptId>,
    pub(super) ledger_broken: bool,
    /// The queue, a step or a slot changed since the last look for something to start.
    pub(super) look_again: bool,
    /// Something ran since the queue's files were read for sure: what it left there may not have been seen yet.
    pub(super) must_read: bool,
    /// An `Effect::Look` is under way.
    pub(super) reading: bool,
    /// The time of the last `WakeAt`.
    pub(super) wake_at: Option<crate::domain::time::Timestamp>,
}

/// What kind of life a run has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunPlan {
    /// Only this ticket.
    pub only: Option<TicketId>,
    /// Start at most so many tickets.
    pub max_tickets: Option<u32>,
    /// A ticket that needs a human waits with its attempt open; otherwise the attempt ends there.
    pub waits_for_humans: bool,
    /// The run goes on when nothing is left to start, until it is cancelled.
    pub stays: bool,
}

/// What the ledger knows when the runner starts.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// The next run's id.
    pub next_run: u32,
    /// An unguessable token of this life of docket: what every process of it carries.
    pub marker: String,
    /// The last attempt number by ticket.
    pub attempt_numbers: BTreeMap<TicketName, u32>,
}

impl State {
    /// A state without a queue and without a run.
    pub fn new(settings: Arc<Settings>, plan: RunPlan, history: History) -> Self {
        Self {
            settings,
            queue: Arc::default(),
            queue_is_known: false,
            marker: history.marker,
            attempt_numbers: history.attempt_numbers,
            next_run: RunId(history.next_run.max(1)),
            plan,
            run: None,
            closing: BTreeSet::new(),
            ledger_broken: false,
            look_again: false,
            must_read: false,
            reading: false,
            wake_at: None,
        }
    }

    /// Whether a run lives.
    pub fn has_run(&self) -> bool {
        self.run.is_some()
    }
}

#[derive(Debug)]
pub(super) struct Run {
    pub(super) id: RunId,
    pub(super) phase: RunPhase,
    pub(super) plan: RunPlan,
    pub(super) branch: Option<String>,
    pub(super) steps: BTreeMap<TicketId, Step>,
    pub(super) skipped: BTreeSet<TicketId>,
    /// Whether `RunStarted` is out.
    pub(super) announced: bool,
    pub(super) started: u32,
    pub(super) paused_at: Option<Monotonic>,
    pub(super) left_behind: Option<(String, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RunPhase {
    /// Nothing to start was found so far: the run has no branch and no word in the ledger.
    Looking,
    Preparing,
    Running,
    Paused,
    Ending(CancelReason),
}

#[derive(Debug)]
pub(super) struct Step {
    pub(super) ticket: Arc<Ticket>,
    pub(super) path: std::path::PathBuf,
    pub(super) revision: Sha256,
    /// Attempts in this run.
    pub(super) attempts: u32,
    /// How often an attempt found that the ticket had just changed. Those don't count.
    pub(super) outdated: u32,
    /// The next attempt waits until the queue's files were read again.
    pub(super) waits_for_files: bool,
    pub(super) state: StepState,
}

#[derive(Debug)]
pub(super) enum StepState {
    Active(Box<Attempt>),
    /// The last attempt ended so; another one starts when there is a slot.
    Again(AttemptOutcome),
    Finished(AttemptOutcome),
}

/// An attempt that lives.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) id: AttemptId,
    pub(super) stage: Stage,
    pub(super) turn: u32,
    pub(super) began: Option<Monotonic>,
    /// Time that does not count against `wall`.
    pub(super) paused: Duration,
    pub(super) cancel: Option<CancelReason>,
    pub(super) idle_turns: u32,
    pub(super) message: Option<String>,
    /// Replies that came before the next turn.
    pub(super) replies: Vec<String>,
    pub(super) validations: Vec<Validation>,
    /// The last run of the validations proved this.
    pub(super) proof: Option<Proof>,
}

/// What the attempt's task is doing, and so which report may come next.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Stage {
    Preparing,
    Turn,
    Collecting(crate::domain::attempt::TurnEnd),
    Validating,
    /// A human is needed; no order is under way.
    Waiting(Need),
    Sealing(AttemptOutcome),
    Integrating {
        proof: Proof,
    },
    Writing {
        proof: Proof,
    },
}

impl Attempt {
    pub(super) fn new(id: AttemptId) -> Self {
        Self {
            id,
            stage: Stage::Preparing,
            turn: 0,
            began: None,
            paused: Duration::ZERO,
            cancel: None,
            idle_turns: 0,
            message: None,
            replies: Vec::new(),
            validations: Vec::new(),
            proof: None,
        }
    }
}

impl Run {
    pub(super) fn active(&self) -> impl Iterator<Item = (&TicketId, &Attempt)> {
        self.steps
            .iter()
            .filter_map(|(id, step)| match &step.state {
                StepState::Active(attempt) => Some((id, attempt.as_ref())),
                StepState::Again(_) | StepState::Finished(_) => None,
            })
    }

    /// Attempts that hold one of the `jobs` slots: those that wait for a human hold none.
    pub(super) fn slots_used(&self) -> usize {
        self.active()
            .filter(|(_, attempt)| !matches!(attempt.stage, Stage::Waiting(_)))
            .count()
    }
}
