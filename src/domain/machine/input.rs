//! What `step` is told.

use std::sync::Arc;

use crate::domain::attempt::{
    Artifact, ProcessRecord, Proof, SetupLine, TurnEnd, Validation, Workspace,
};
use crate::domain::command::Command;
use crate::domain::desk::{NoteNews, TicketNews};
use crate::domain::event::Leftovers;
use crate::domain::gate::GateReason;
use crate::domain::ids::{AttemptId, Sha256, TicketId};
use crate::domain::item::Usage;
use crate::domain::queue::Queue;
use crate::domain::request::{Request, RequestKey};
use crate::domain::time::Timestamp;

/// One thing that happened.
#[derive(Debug, Clone)]
pub enum Input {
    /// The queue as it is on disk now.
    Queue(Arc<Queue>),
    /// The queue as it was found after an `Effect::Look`.
    Looked(Arc<Queue>),
    /// Somebody asks for something.
    Command(Command),
    /// The run's branch stands (or is not needed).
    RunPrepared {
        /// Its name and where the user was; `None` in place.
        branch: Option<(String, String)>,
        /// The commit at which it was cut.
        head: Option<String>,
    },
    /// The run can't begin.
    RunNotPrepared {
        /// What is wrong, and what to do.
        why: String,
    },
    /// An attempt's task reports.
    Attempt {
        /// Which.
        attempt: AttemptId,
        /// What.
        report: Report,
    },
    /// The ledger can't be written any more: nothing that happens from here on can be proven.
    LedgerBroken,
    /// The answer to an `Effect::Reopen`: the revisions before and after, or why not.
    Reopened {
        /// Which ticket.
        ticket: TicketId,
        /// What became of it.
        written: Result<(Sha256, Sha256), String>,
    },
    /// The time asked for with `WakeAt` has come.
    Woke,
}

/// What the task of an attempt reports: the answers to `Order`s, and facts that it saw.
#[derive(Debug, Clone, PartialEq)]
pub enum Report {
    /// The working tree is made, and not provided with anything yet; `Prepared` or `NotProvisioned` follows.
    Placed(Workspace),
    /// The working tree stands.
    Prepared {
        /// Where.
        workspace: Workspace,
        /// Whether it is the one that an earlier attempt left, as [`super::Carry`] asked.
        carried: bool,
    },
    /// It could not be made.
    NotPrepared {
        /// What is wrong, and what to do.
        why: String,
    },
    /// A command line of its set-up ended.
    SetUp(SetupLine),
    /// The working tree stands, but what it is to be provided with could not be put there: nothing runs in it.
    NotProvisioned {
        /// Where.
        workspace: Workspace,
        /// What is wrong, and what to do.
        why: String,
    },
    /// Nothing was made: the ticket's file is not the one any more that the rules were read from.
    Outdated {
        /// Which file, and what happens next.
        why: String,
    },
    /// The turn is over, and every process of it is gone or frozen.
    TurnEnded {
        /// How.
        end: TurnEnd,
        /// What it used.
        usage: Usage,
        /// What the processes left behind.
        leftovers: Leftovers,
    },
    /// Nothing of the agent lives any more: its session may be gone on with elsewhere.
    LetGo,
    /// What the turn left is saved.
    Collected(Collected),
    /// It could not be saved.
    NotCollected {
        /// What is wrong, and what to do.
        why: String,
    },
    /// A process holder stands and waits for `Order::Go`; nothing of the agent runs yet.
    Spawned(ProcessRecord),
    /// The prompt is stored; the turn begins.
    TurnStarted {
        /// Which.
        turn: u32,
        /// What the agent is told.
        prompt: Artifact,
    },
    /// The agent named its session.
    Session(String),
    /// The agent asks for something, and waits.
    Asked {
        /// The protocol's name of it.
        key: RequestKey,
        /// What it asks.
        request: Box<Request>,
    },
    /// The agent waits for that answer no more.
    AskedNoMore {
        /// The protocol's name of it.
        key: RequestKey,
    },
    /// What the turn that runs has used so far.
    Used(Usage),
    /// The words of an `Order::Steer`.
    Steered {
        /// The words.
        text: String,
        /// Whether the agent took them; otherwise they wait for the next turn.
        taken: bool,
    },
    /// Only a human can tell how the turn goes on.
    Stuck {
        /// Why, and what they can do.
        what: String,
        /// Since when nothing came.
        since: Timestamp,
    },
    /// Something came since that was said.
    StuckNoMore,
    /// A validation begins.
    ValidationStarted {
        /// Its name.
        name: String,
    },
    /// A validation ended.
    ValidationFinished(Validation),
    /// All validations have run.
    Validated {
        /// What of the diff a human should look at.
        gates: Vec<GateReason>,
    },
    /// The run's branch has not gone on since the attempt began, or caught up.
    UpToDate,
    /// The attempt's tree has what others have brought to the run's branch.
    CaughtUp {
        /// The commit that the attempt builds on now.
        onto: String,
        /// The tree, which nobody has validated.
        tree: String,
        /// Files with conflict markers.
        conflicts: Vec<String>,
    },
    /// Files or refs are not as docket left them.
    Tampered {
        /// What, and what to do.
        what: String,
    },
    /// The evidence is sealed and on the disk.
    Sealed {
        /// The manifest's hash.
        manifest: Sha256,
        /// How many files.
        files: u32,
        /// Their bytes.
        bytes: u64,
    },
    /// It could not be.
    NotSealed {
        /// What is wrong, and what to do.
        why: String,
    },
    /// The work is on the run's branch, or was in place all along.
    Integrated {
        /// The commit.
        commit: Option<String>,
    },
    /// With `integrate = "current"`, after `Integrated`: the newest commit of the user's branch, or why the work is not there.
    Merged(Result<String, String>),
    /// It could not be brought there.
    NotIntegrated {
        /// What is wrong, and what to do.
        why: String,
    },
    /// The canonical ticket says `done: true`.
    TicketWritten {
        /// Revision before.
        before: Sha256,
        /// Revision after.
        after: Sha256,
        /// How strong the proof is.
        proof: Proof,
    },
    /// It could not be written.
    TicketNotWritten {
        /// What is wrong, and what to do.
        why: String,
    },
    /// Tickets that waited for a human's approval, and what became of them.
    Brought {
        /// Each.
        tickets: Vec<TicketNews>,
    },
    /// The attempt's task ended without a word: a bug in docket, never the ticket's success.
    TaskDied {
        /// What is known.
        why: String,
    },
    /// The attempt's task is over; nothing of it is left but what is kept on purpose.
    Closed,
}

/// What a turn left.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Collected {
    /// The autosave ref, with git.
    pub autosave: Option<String>,
    /// The tree, with git.
    pub tree: Option<String>,
    /// Files that differ from the attempt's base.
    pub files: u32,
    /// Whether anything changed since the turn before: files, tickets, dispatches.
    pub progress: bool,
    /// Whether the agent claims that the ticket is done.
    pub claim: bool,
    /// Files that still have the conflict markers of an earlier `CaughtUp`.
    pub conflicts: Vec<String>,
    /// What of the agent's tickets a human should look at.
    pub gates: Vec<GateReason>,
    /// Tickets that the agent wrote, changed or deleted.
    pub tickets: Vec<TicketNews>,
    /// Notes that the agent wrote or changed.
    pub notes: Vec<NoteNews>,
    /// Messages to people.
    pub dispatches: Vec<Dispatch>,
    /// The agent's last words of the turn.
    pub message: Option<String>,
}

/// A message from agent to human.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispatch {
    /// Whether the agent waits for a reply.
    pub pause: bool,
    /// Title or first line.
    pub title: String,
    /// The text.
    pub text: String,
    /// What came with it.
    pub attachments: Vec<Artifact>,
}
