//! What `step` wants done. The runner executes effects in order; whatever acts waits until the events before it are
//! on the disk.

use std::path::PathBuf;
use std::sync::Arc;

use crate::domain::attempt::{
    AttemptOutcome, CancelReason, Proof, TurnClocks, Validation, Workspace,
};
use crate::domain::desk::DeskRules;
use crate::domain::event::{Event, RunOutcome};
use crate::domain::ids::{AttemptId, RunId, Sha256, TicketId};
use crate::domain::item::Usage;
use crate::domain::policy::Policy;
use crate::domain::request::{Answer, RequestKey};
use crate::domain::rules::Rule;
use crate::domain::settings::Settings;
use crate::domain::ticket::{AgentName, Check, PathRules, Ticket};
use crate::domain::time::Timestamp;

/// One thing to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Store the fact and tell everybody.
    Emit {
        /// The run that it belongs to.
        run: RunId,
        /// The fact.
        event: Event,
    },
    /// Make what a run needs; answer with `RunPrepared` or `RunNotPrepared`.
    PrepareRun {
        /// Which.
        run: RunId,
    },
    /// Start the task of an attempt; it makes the working tree and answers with `Prepared`, `NotPrepared` or `Outdated`.
    Open(Box<AttemptSpec>),
    /// Tell the attempt's task to do something.
    Order {
        /// Which attempt.
        attempt: AttemptId,
        /// What.
        order: Order,
    },
    /// Read the queue's files now, whatever was seen last; answer with `Looked`.
    Look,
    /// Set `done: false` in a recurring ticket's file that is due again; answer with `Reopened`.
    Reopen {
        /// Which.
        ticket: TicketId,
        /// Its file, relative to the repository.
        path: PathBuf,
        /// What the file must still be.
        revision: Sha256,
    },
    /// Write these rules to what is always allowed in this repository.
    KeepRules {
        /// The rules.
        rules: Vec<Rule>,
    },
    /// Send `Woke` at this time.
    WakeAt(Timestamp),
    /// The run is over.
    RunOver {
        /// Which.
        run: RunId,
        /// How.
        outcome: RunOutcome,
    },
}

/// What an attempt is made from: the ticket as it was at the start, whose rules hold to the end.
#[derive(Debug, Clone, PartialEq)]
pub struct AttemptSpec {
    /// Its id.
    pub attempt: AttemptId,
    /// Its run.
    pub run: RunId,
    /// The run's branch, when the run has one.
    pub run_branch: Option<String>,
    /// Carried in the environment by everything that the attempt starts.
    pub marker: String,
    /// The ticket's file, relative to the repository.
    pub path: PathBuf,
    /// The ticket.
    pub ticket: Arc<Ticket>,
    /// Its revision.
    pub revision: Sha256,
    /// Who does it: the ticket's agent, or one that it was handed over to.
    pub agent: AgentName,
    /// What an earlier attempt left, to go on from; where that can't be, the attempt begins anew.
    pub carry: Option<Carry>,
    /// The other tickets that its agent gets copies of, relative to the repository.
    pub neighbours: Vec<PathBuf>,
}

/// What an attempt left that ended before its work did: the next one goes on from there.
#[derive(Debug, Clone, PartialEq)]
pub struct Carry {
    /// The attempt.
    pub from: AttemptId,
    /// Its working tree.
    pub workspace: Workspace,
    /// The token of its agent's conversation; `None` when another agent goes on.
    pub session: Option<String>,
    /// What that conversation has used.
    pub used: Usage,
    /// A human has approved what is there: it is gone on with also when the run's branch has gone on since.
    pub approved: bool,
}

/// An order to the task of an attempt.
#[derive(Debug, Clone, PartialEq)]
pub enum Order {
    /// Run a turn; answer with `TurnEnded`.
    Turn {
        /// From 1.
        turn: u32,
        /// What is new for the agent.
        brief: Brief,
        /// How long it may take.
        clocks: TurnClocks,
    },
    /// The process that was reported is journaled: the agent may start in it.
    Go,
    /// Give the agent the answer to what it asked.
    Answer {
        /// The protocol's name of the request.
        key: RequestKey,
        /// The answer.
        answer: Answer,
        /// What a human said with it. An agent whose answers carry no words gets them in the turn, or with the next one.
        said: Option<String>,
    },
    /// Give the agent words in the middle of its turn; answer with `Steered`.
    Steer {
        /// The words.
        text: String,
    },
    /// A human says that the turn is over, which this agent can't say: end it, and take their word on whether the work is done.
    TurnOver {
        /// Whether it is.
        done: bool,
    },
    /// A human is waited for: an agent that can resume its conversation later needs no process until then.
    Rest,
    /// A human takes the session over: end the agent's process; answer with `LetGo`.
    LetGo,
    /// A human has handed the session back: save what is there; answer as to `Collect`.
    TakeBack {
        /// After which turn.
        turn: u32,
        /// What the agent may do to the queue.
        desk: DeskRules,
    },
    /// Save what the turn left; answer with `Collected` or `NotCollected`.
    Collect {
        /// Which turn.
        turn: u32,
        /// What the agent may do to the queue.
        desk: DeskRules,
    },
    /// Save what an earlier attempt left, as turn 0; answer as to `Collect`.
    Recollect {
        /// What the agent may do to the queue.
        desk: DeskRules,
    },
    /// Hold the rules against the diff and run the checks; answer with `Validated`.
    Validate {
        /// What the ticket says about the diff.
        rules: DiffRules,
        /// After which turn.
        turn: u32,
        /// All of them run.
        checks: Vec<Check>,
    },
    /// Hold what docket wrote last against what is there, and bring what others have brought to the run's branch into the
    /// attempt's tree; answer with `UpToDate`, `CaughtUp`, `Tampered` or `NotIntegrated`.
    CatchUp {
        /// Where docket left the run's branch.
        head: Option<String>,
    },
    /// Seal the evidence; answer with `Sealed` or `NotSealed`.
    Seal {
        /// What the attempt comes to.
        outcome: AttemptOutcome,
    },
    /// Bring the work to the run's branch; answer with `Integrated` or `NotIntegrated`.
    Integrate {
        /// For the commit's trailer.
        manifest: Sha256,
    },
    /// Set `done: true` in the canonical ticket; answer with `TicketWritten` or `TicketNotWritten`.
    WriteTicket {
        /// What the attempt proved.
        proof: Proof,
        /// What the tickets that waited for the acceptance may do to the queue as it is now.
        desk: DeskRules,
    },
    /// Stop what runs now (turn or validations); the answer is that of the order that ran.
    Stop {
        /// Why: `Kill` hurries.
        reason: CancelReason,
    },
    /// Freeze every process of the attempt, and its clocks.
    Pause,
    /// Go on.
    Resume,
    /// End the task; answer with `Closed`. The working tree goes when all in it is on the run's branch.
    Close {
        /// Whether the working tree may go.
        integrated: bool,
    },
}

/// What the ticket and its policy say about the diff of the work. Each is a validation of docket's own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DiffRules {
    /// Which paths may change: all of these hold.
    pub paths: Vec<PathRules>,
    /// How many files may change.
    pub changed_files: Option<u32>,
    /// What else may not change, or not without a human's look.
    pub policy: Policy,
}

impl DiffRules {
    /// The name of the validation that holds `paths` against the diff.
    pub const PATHS: &'static str = "docket paths";
    /// The name of the validation that counts changed files.
    pub const CHANGED_FILES: &'static str = "docket changed-files";

    /// The name of the validation that holds the policy against the diff. A policy that nobody asked for (what is built in) leaves a
    /// record only where it has something to say.
    pub const POLICY: &'static str = "docket policy";
    /// The name of the validation that compares the files after the checks with those that were checked. It leaves a record only
    /// where they differ, or where nobody could tell.
    pub const SAME_TREE: &'static str = "docket same-tree";

    /// What holds for the work of `ticket`.
    pub fn of(settings: &Settings, ticket: &Ticket) -> Self {
        let policy = settings.policy_for(ticket);
        let paths = [&ticket.paths, &policy.paths].into_iter();
        let limit = settings.limits_for(ticket).changed_files;
        Self {
            paths: paths.filter(|paths| !paths.is_empty()).cloned().collect(),
            changed_files: limit.into_iter().chain(policy.changed_files).min(),
            policy,
        }
    }

    /// The validations that must be there, and pass.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        let paths = (!self.paths.is_empty()).then_some(Self::PATHS);
        let changed_files = self.changed_files.map(|_| Self::CHANGED_FILES);
        let policy = self.policy.is_asked_for().then_some(Self::POLICY);
        paths.into_iter().chain(changed_files).chain(policy)
    }

    /// Whether there is anything to hold against the diff.
    pub fn say_something(&self) -> bool {
        self.names().next().is_some() || self.policy.looks()
    }

    /// Whether a validation is docket's own: where one is recorded, it must pass.
    pub fn is_own(name: &str) -> bool {
        [
            Self::PATHS,
            Self::CHANGED_FILES,
            Self::POLICY,
            Self::SAME_TREE,
        ]
        .contains(&name)
    }
}

/// What is new for the agent in a turn.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Brief {
    /// Answers from a human.
    pub replies: Vec<String>,
    /// Validations that did not pass after the last turn.
    pub failed: Vec<Validation>,
    /// Why a human rejected the work.
    pub rejected: Option<String>,
    /// Files that contradict what others have brought to the run's branch: they have conflict markers.
    pub conflicts: Vec<String>,
    /// Why the conversation broke off before, when an attempt goes on from what an earlier one left.
    pub went_on: Option<String>,
    /// What another agent left, when the ticket was handed over.
    pub handed_over: Option<String>,
    /// The agent's last words of the turn before.
    pub previous: Option<String>,
    /// What the ticket before left behind: its name and the agent's last words.
    pub left_behind: Option<(String, String)>,
}
