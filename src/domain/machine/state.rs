//! What `step` knows.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::effect::{Brief, Carry};
use super::spending::Spent;
use super::standing::Standing;
use crate::domain::attempt::{
    AttemptOutcome, CancelReason, LimitKind, Need, Proof, Validation, Workspace,
};
use crate::domain::gate::GateReason;
use crate::domain::ids::{AttemptId, RunId, Sha256, TicketId, TicketName};
use crate::domain::item::Usage;
use crate::domain::queue::Queue;
use crate::domain::request::{Answer, Ask, Request, RequestId, RequestKey};
use crate::domain::settings::Settings;
use crate::domain::taking::{Seat, Sight};
use crate::domain::ticket::{AgentName, Ticket};
use crate::domain::time::{Monotonic, Timestamp};
use crate::domain::unfinished::{Unfinished, Work};

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
    /// What earlier runs left in the middle, until an attempt goes on from there.
    pub(super) unfinished: BTreeMap<TicketId, Unfinished>,
    /// When docket last called a recurring ticket done.
    pub(super) ended: BTreeMap<TicketId, Timestamp>,
    /// Recurring tickets whose files are being opened again.
    pub(super) reopening: BTreeSet<TicketId>,
    pub(super) spent: Spent,
    /// How many generations of agents a ticket is away from a human; those that a human wrote are not here.
    pub(super) generations: BTreeMap<TicketId, u32>,
    /// What humans have allowed beyond single requests.
    pub(super) standing: Standing,
    pub(super) ledger_broken: bool,
    /// The queue, a step or a slot changed since the last look for something to start.
    pub(super) look_again: bool,
    /// Something ran since the queue's files were read for sure: what it left there may not have been seen yet.
    pub(super) must_read: bool,
    /// An `Effect::Look` is under way.
    pub(super) reading: bool,
    /// What was seen last of an attempt that is to be handed back.
    pub(super) sight: Option<Sight>,
    /// The time of the last `WakeAt`.
    pub(super) wake_at: Option<crate::domain::time::Timestamp>,
}

/// What kind of life a run has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunPlan {
    /// Only these tickets.
    pub only: Option<BTreeSet<TicketId>>,
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
    /// When docket called each ticket done.
    pub ended: BTreeMap<TicketId, Timestamp>,
    /// What the turns of the last day used, and when they ended, oldest first; empty when nobody limits that.
    pub spent: Vec<(Timestamp, Usage)>,
    /// What earlier runs left in the middle.
    pub unfinished: BTreeMap<TicketId, Unfinished>,
    /// The tickets that agents added, and how many generations of agents each is away from a human.
    pub generations: BTreeMap<TicketId, u32>,
    /// What humans have allowed beyond single requests.
    pub standing: Standing,
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
            unfinished: history.unfinished,
            ended: history.ended,
            reopening: BTreeSet::new(),
            spent: Spent::new(history.spent),
            generations: history.generations,
            standing: history.standing,
            ledger_broken: false,
            look_again: false,
            must_read: false,
            reading: false,
            sight: None,
            wake_at: None,
        }
    }

    /// Whether an attempt of the ticket lives.
    pub fn is_active(&self, ticket: &TicketId) -> bool {
        let step = self.run.as_ref().and_then(|run| run.steps.get(ticket));
        step.is_some_and(|step| matches!(step.state, StepState::Active(_)))
    }

    /// Takes in what the ledger says of the ticket's last attempt, which broke off. Of no use while an attempt lives.
    pub fn left_unfinished(&mut self, ticket: TicketId, unfinished: Unfinished) {
        // The rules know of answers that are still on their way to the ledger.
        let known = self
            .unfinished
            .get(&ticket)
            .is_some_and(|known| known.from == unfinished.from);
        if !known && !self.is_active(&ticket) {
            self.unfinished.insert(ticket, unfinished);
        }
    }

    /// What is always allowed in this repository is this now.
    pub fn set_always_allowed(&mut self, rules: Vec<crate::domain::rules::Rule>) {
        self.standing.set_always(rules);
    }

    /// Takes in what there is to see of an attempt that is to be handed back: the next command is judged by that.
    pub fn see(&mut self, sight: Sight) {
        self.sight = Some(sight);
    }

    /// The attempt that a ticket's commands are about: the one that lives, or what the last one left.
    pub fn attempt_of(&self, ticket: &TicketId) -> Option<&AttemptId> {
        let step = self.run.as_ref().and_then(|run| run.steps.get(ticket));
        match step.map(|step| &step.state) {
            Some(StepState::Active(attempt)) => Some(&attempt.id),
            _ => Some(&self.unfinished.get(ticket)?.from),
        }
    }

    /// What the ticket's last attempt left in the middle, as far as the rules know.
    pub fn unfinished(&self, ticket: &TicketId) -> Option<&Unfinished> {
        self.unfinished.get(ticket)
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
    /// Where docket left the branch.
    pub(super) head: Option<String>,
    /// Whether accepted work could not come on to the user's branch.
    pub(super) not_merged: bool,
    /// How many attempts were accepted: the first one merges first.
    pub(super) accepted: u32,
    pub(super) steps: BTreeMap<TicketId, Step>,
    pub(super) skipped: BTreeSet<TicketId>,
    /// Files that said `done: true` when the run began, or since a moment at which no agent worked.
    pub(super) known_done: BTreeSet<PathBuf>,
    /// Files that say so since a moment at which agents worked, and docket did not write that.
    pub(super) doubted: BTreeSet<PathBuf>,
    /// Whether `RunStarted` is out.
    pub(super) announced: bool,
    pub(super) started: u32,
    /// What its turns have used, up to the last one that ended.
    pub(super) used: Usage,
    /// When its time began.
    pub(super) began: Option<Monotonic>,
    /// How long it was paused, before the pause that goes on.
    pub(super) frozen: Duration,
    /// The limit of the run or of the day that is reached.
    pub(super) exhausted: Option<LimitKind>,
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
    /// Who does it: the ticket's agent, or one that it was handed over to.
    pub(super) agent: AgentName,
    /// Who had it before.
    pub(super) had_it: Vec<AgentName>,
    /// What the next attempt goes on from.
    pub(super) carry: Option<Carry>,
    /// What the next attempt's first turn tells the agent about that.
    pub(super) brief: Brief,
    /// Answers that a human gave when the agent was gone: they hold when it asks the same again.
    pub(super) granted: Vec<(Ask, Answer, Request)>,
    /// The next attempt brings this work to its end, if it is still the work that a human approved.
    pub(super) approved: Option<Approved>,
    /// What a human wants when the attempt that is being ended has ended.
    pub(super) then: Option<Then>,
    pub(super) state: StepState,
}

/// Work of an earlier attempt that a human approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Approved {
    pub(super) from: AttemptId,
    pub(super) work: Work,
    /// The ticket says something else by now.
    pub(super) text_changed: bool,
}

/// What follows an attempt that a human has ended at a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// Another one, from the start.
    Retry,
    /// Nothing more in this run.
    Skip,
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
    pub(super) workspace: Option<Workspace>,
    /// What it was to go on from, until it has.
    pub(super) carry: Option<Carry>,
    /// The approved work that it is to bring to its end, until something else happens to it.
    pub(super) approved: Option<Approved>,
    pub(super) session: Option<String>,
    pub(super) turn: u32,
    /// Turns that failed for a reason that goes away by waiting: they don't count.
    pub(super) faulted: u32,
    /// How many of them in a row.
    pub(super) backed_off: u32,
    /// The order that the turn began with: after a back-off it is given again.
    pub(super) brief: Brief,
    /// What the attempt has used, up to the last turn that ended.
    pub(super) used: Usage,
    /// What the turn that runs has used so far.
    pub(super) turn_used: Usage,
    /// The limit of the run or of the day that is reached: no turn begins any more.
    pub(super) exhausted: Option<LimitKind>,
    /// Why the turn was ended by the rules, beside a cancel.
    pub(super) halt: Option<Halt>,
    /// What the agent asks and nobody has answered.
    pub(super) requests: BTreeMap<RequestId, (RequestKey, Request)>,
    pub(super) last_request: u32,
    /// The request that the turn was ended for: it stays open when the attempt ends so.
    pub(super) asked_for: Option<RequestId>,
    /// Nothing comes from its program, and only a human can tell whether its turn is over.
    pub(super) is_silent: bool,
    /// Since when a human is waited for inside a turn: that time does not count.
    pub(super) asks_since: Option<Monotonic>,
    pub(super) began: Option<Monotonic>,
    /// Time that does not count against `wall`.
    pub(super) paused: Duration,
    pub(super) cancel: Option<CancelReason>,
    /// A human has stopped it, and not only the run around it.
    pub(super) is_given_up: bool,
    pub(super) idle_turns: u32,
    pub(super) message: Option<String>,
    /// Replies that came before the next turn.
    pub(super) replies: Vec<String>,
    pub(super) validations: Vec<Validation>,
    /// The proof of what was accepted, while it is validated again because others were merged first.
    pub(super) merging: Option<Proof>,
    /// Files with conflict markers, for the next turn.
    pub(super) conflicts: Vec<String>,
    /// How often its changes contradicted what others had brought to the run's branch.
    pub(super) conflicted: u32,
    /// Whether a human approved the work as it is, in this attempt.
    pub(super) is_approved: bool,
    /// What asks for a human's look at the work that was last validated.
    pub(super) gates: Vec<GateReason>,
    /// The last run of the validations proved this.
    pub(super) proof: Option<Proof>,
    /// The last turn that a human has called over.
    pub(super) claimed: Option<u32>,
    /// A human takes it over, or has.
    pub(super) taken: Option<Taken>,
    /// A human has handed it back, and its agent was not told yet.
    pub(super) handed_back: bool,
}

/// That a human takes an attempt over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) before: Before,
    /// From where it was asked for last.
    pub(super) by: Seat,
}

/// Where an attempt was when a human took it over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Before {
    /// In a turn, or between it and what follows it.
    Turn,
    /// The provider was given time.
    BackingOff,
    /// A human was needed.
    Waiting(Need),
}

/// What the attempt's task is doing, and so which report may come next.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Stage {
    Preparing,
    Turn,
    Collecting(crate::domain::attempt::TurnEnd),
    Validating,
    /// Its work is accepted, and waits until it is its turn to be merged; no order is under way.
    Accepted {
        proof: Proof,
        /// Its place among those that wait; `None` until it is known.
        place: Option<u32>,
    },
    CatchingUp {
        proof: Proof,
    },
    /// A human is needed; no order is under way.
    Waiting(Need),
    /// The provider is given time; no order is under way.
    BackingOff {
        until: Timestamp,
    },
    Sealing(AttemptOutcome),
    Integrating {
        proof: Proof,
    },
    Writing {
        proof: Proof,
    },
    /// A human takes it over: the agent's process is being ended.
    LettingGo,
    /// A human has handed it back: what is there is being saved.
    Returning,
}

/// Why the rules ended a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Halt {
    /// A human is asked, and nobody is there.
    Asks(Need),
    /// A limit was reached inside the turn.
    Limit(LimitKind),
    /// A human ended the turn.
    Interrupted,
    /// A human takes the attempt over.
    TakenOver(Seat),
}

impl Attempt {
    pub(super) fn new(id: AttemptId) -> Self {
        Self {
            id,
            stage: Stage::Preparing,
            workspace: None,
            carry: None,
            approved: None,
            session: None,
            turn: 0,
            faulted: 0,
            backed_off: 0,
            brief: Brief::default(),
            used: Usage::default(),
            turn_used: Usage::default(),
            exhausted: None,
            halt: None,
            requests: BTreeMap::new(),
            last_request: 0,
            asked_for: None,
            is_silent: false,
            asks_since: None,
            began: None,
            paused: Duration::ZERO,
            cancel: None,
            is_given_up: false,
            idle_turns: 0,
            message: None,
            replies: Vec::new(),
            validations: Vec::new(),
            is_approved: false,
            gates: Vec::new(),
            merging: None,
            conflicts: Vec::new(),
            conflicted: 0,
            proof: None,
            claimed: None,
            taken: None,
            handed_back: false,
        }
    }
}

impl Attempt {
    /// Whether it goes on as soon as a human says something to it.
    pub(super) fn waits_for_words(&self) -> bool {
        matches!(
            self.stage,
            Stage::Waiting(
                Need::Reply { .. } | Need::NoProgress | Need::Conflict { .. } | Need::Interrupted
            ) | Stage::Accepted { .. }
        )
    }

    /// Whether somebody may change its working tree now, agent or human.
    pub(super) fn has_its_tree(&self) -> bool {
        match &self.stage {
            Stage::Waiting(need) => matches!(need, Need::TakenOver { .. }),
            _ => true,
        }
    }

    /// Time in which a human was waited for ends here: it does not count.
    pub(super) fn no_human_is_waited_for(&mut self, now: Monotonic) {
        if let Some(since) = self.asks_since.take() {
            self.paused += now.0.saturating_sub(since.0);
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

    /// Attempts in whose working trees a human works.
    pub(super) fn taken(&self) -> usize {
        let is_taken = |stage: &Stage| matches!(stage, Stage::Waiting(Need::TakenOver { .. }));
        self.active()
            .filter(|(_, attempt)| is_taken(&attempt.stage))
            .count()
    }
}
