//! Facts, in the past tense. The ledger stores them, the screen and `--once` fold them; nobody gets more than this.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::attempt::{
    Artifact, AttemptOutcome, CancelReason, Fault, Need, ProcessRecord, Proof, SetupLine, TurnEnd,
    Validation, Workspace,
};
use super::desk::{NoteNews, TicketNews};
use super::ids::{AttemptId, RunId, Sequence, Sha256, TicketId, TicketName};
use super::item::Usage;
use super::request::{Answer, AnsweredBy, Request, RequestId};
use super::rules::{Rule, Scope};
use super::taking::Seat;
use super::time::Timestamp;

/// A fact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// A run began.
    RunStarted {
        /// How many attempts side by side.
        jobs: u32,
        /// The run's branch (`docket/r12/main`); `None` in place.
        branch: Option<String>,
        /// Where the user was: the run's branch begins there, or at unmerged work of the last run on top of it.
        base: Option<String>,
        /// docket's version.
        version: String,
    },
    /// No new attempt starts, running ones are frozen.
    RunPaused,
    /// It goes on.
    RunResumed,
    /// Somebody asked for an end.
    CancelRequested {
        /// Of this ticket; of the whole run when `None`.
        ticket: Option<TicketId>,
        /// Why.
        reason: CancelReason,
    },
    /// A run ended.
    RunFinished {
        /// How.
        outcome: RunOutcome,
    },
    /// A ticket's turn in the run began.
    StepStarted {
        /// The ticket.
        ticket: TicketId,
        /// What people call it.
        name: TicketName,
        /// Its title.
        title: String,
        /// The revision whose rules hold.
        revision: Sha256,
    },
    /// A ticket's turn in the run ended.
    StepFinished {
        /// The ticket.
        ticket: TicketId,
        /// How: the outcome of its last attempt.
        outcome: AttemptOutcome,
    },
    /// A human asked for another try at a ticket.
    StepRetried {
        /// The ticket.
        ticket: TicketId,
    },
    /// A human asked to leave a ticket out of this run.
    StepSkipped {
        /// The ticket.
        ticket: TicketId,
    },
    /// An attempt began. Exactly one `AttemptFinished` follows, in this run or in the next.
    AttemptStarted {
        /// The attempt.
        attempt: AttemptId,
        /// Its ticket.
        ticket: TicketId,
        /// The revision whose rules hold.
        revision: Sha256,
        /// The agent's name in the configuration.
        agent: String,
        /// Found in the environment of everything that the attempt starts.
        marker: String,
    },
    /// The attempt's working tree stands.
    WorkspacePrepared {
        /// The attempt.
        attempt: AttemptId,
        /// Where.
        workspace: Workspace,
    },
    /// A process that holds an agent was made; the agent itself starts after this is stored. (Validations are found by the
    /// attempt's marker.)
    ProcessStarted {
        /// The attempt.
        attempt: AttemptId,
        /// Who it is.
        process: ProcessRecord,
    },
    /// The agent named its session: with this a crash resumes the same conversation.
    SessionStarted {
        /// The attempt.
        attempt: AttemptId,
        /// The agent's own token.
        session: String,
    },
    /// A turn began.
    TurnStarted {
        /// The attempt.
        attempt: AttemptId,
        /// From 1.
        turn: u32,
        /// What the agent was told.
        prompt: Artifact,
    },
    /// A turn ended.
    TurnFinished {
        /// The attempt.
        attempt: AttemptId,
        /// Which.
        turn: u32,
        /// How.
        end: TurnEnd,
        /// What it used, where the protocol says.
        #[serde(default, skip_serializing_if = "Usage::is_empty")]
        usage: Usage,
        /// What the agent's processes left behind, where that was worth a word.
        #[serde(default, skip_serializing_if = "Leftovers::is_empty")]
        leftovers: Leftovers,
    },
    /// What a turn left in the working tree was saved.
    TurnSaved {
        /// The attempt.
        attempt: AttemptId,
        /// Which turn.
        turn: u32,
        /// The autosave ref, with git.
        autosave: Option<String>,
        /// The tree's id, with git.
        tree: Option<String>,
        /// Files that differ from the attempt's base.
        files: u32,
        /// Whether the turn changed anything that the turn before had not.
        progress: bool,
        /// Whether the agent claims that the ticket is done.
        claim: bool,
    },
    /// A message from the agent to people.
    DispatchReceived {
        /// The attempt.
        attempt: AttemptId,
        /// Whether it waits for a reply.
        pause: bool,
        /// Title or first line.
        title: String,
        /// The text, Markdown.
        text: String,
        /// What came with it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        attachments: Vec<Artifact>,
    },
    /// The agent asks for something while it runs; it waits.
    RequestOpened {
        /// The attempt.
        attempt: AttemptId,
        /// Its number within the attempt.
        id: RequestId,
        /// What it asks.
        request: Request,
    },
    /// A request got its one answer. The agent gets it after this is stored.
    RequestAnswered {
        /// The attempt.
        attempt: AttemptId,
        /// Which.
        id: RequestId,
        /// The answer.
        answer: Answer,
        /// Who gave it.
        by: AnsweredBy,
    },
    /// The agent waits for the answer no more, and none was given.
    RequestClosed {
        /// The attempt.
        attempt: AttemptId,
        /// Which.
        id: RequestId,
    },
    /// The turn failed for a reason that goes away by waiting: the next one begins later.
    BackedOff {
        /// The attempt.
        attempt: AttemptId,
        /// When the next turn begins.
        until: Timestamp,
        /// How often in a row.
        count: u32,
        /// What failed.
        fault: Fault,
        /// In the agent's words.
        why: String,
    },
    /// Words of a human were given to the agent in the middle of a turn.
    Steered {
        /// The attempt.
        attempt: AttemptId,
        /// The words.
        text: String,
    },
    /// A human said that the turn of an agent on a terminal is over.
    TurnClaimed {
        /// The attempt.
        attempt: AttemptId,
        /// Which turn.
        turn: u32,
        /// Whether they said that the work is done.
        done: bool,
    },
    /// Nothing comes from the program of an agent on a terminal, and only a human can tell whether its turn is over; or that holds
    /// no more. The attempt goes on as it is.
    TurnSilent {
        /// The attempt.
        attempt: AttemptId,
        /// Which turn.
        turn: u32,
        /// When something came last; `None`: something came again, or the turn ends.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<Timestamp>,
    },
    /// A human's answer to a dispatch, kept for the next turn.
    ReplyReceived {
        /// The ticket.
        ticket: TicketId,
        /// The attempt that it was said to: it, or the one that goes on from it, gets the words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attempt: Option<AttemptId>,
        /// The text.
        text: String,
    },
    /// A validation began.
    ValidationStarted {
        /// The attempt.
        attempt: AttemptId,
        /// Its name.
        name: String,
    },
    /// A validation ended.
    ValidationFinished {
        /// The attempt.
        attempt: AttemptId,
        /// The whole record.
        validation: Validation,
    },
    /// A human must decide before the merge.
    GateReached {
        /// The attempt.
        attempt: AttemptId,
        /// What for.
        need: Need,
    },
    /// A human decided.
    GateDecided {
        /// The attempt.
        attempt: AttemptId,
        /// Yes or no.
        approved: bool,
        /// Why not: goes into the next turn.
        reason: Option<String>,
    },
    /// The attempt's evidence is complete and sealed; its manifest's hash is part of the chain from here on.
    EvidenceSealed {
        /// The attempt.
        attempt: AttemptId,
        /// The manifest's SHA-256.
        manifest: Sha256,
        /// How many files it names.
        files: u32,
        /// Their bytes.
        bytes: u64,
    },
    /// The work is on the run's branch (or stays in place).
    Integrated {
        /// The attempt.
        attempt: AttemptId,
        /// The commit; `None` in place.
        commit: Option<String>,
    },
    /// The canonical ticket says `done: true` now.
    TicketWritten {
        /// The ticket.
        ticket: TicketId,
        /// Its revision before.
        before: Sha256,
        /// Its revision after.
        after: Sha256,
        /// How strong the proof is.
        proof: Proof,
    },
    /// An attempt ended.
    AttemptFinished {
        /// The attempt.
        attempt: AttemptId,
        /// How.
        outcome: AttemptOutcome,
    },
    /// docket found an attempt that a dead docket left, and ended what was still alive of it.
    Recovered {
        /// The attempt.
        attempt: AttemptId,
        /// How many processes were ended.
        killed: u32,
        /// The working tree that was kept.
        kept: Option<PathBuf>,
    },
    /// The work is accepted; others are merged first.
    MergeQueued {
        /// The attempt.
        attempt: AttemptId,
    },
    /// What others had brought to the run's branch came into the attempt's tree: it is validated again.
    CaughtUp {
        /// The attempt.
        attempt: AttemptId,
        /// The commit that it builds on now.
        onto: String,
        /// Its tree.
        tree: String,
        /// Files that contradict each other: they have conflict markers.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        conflicts: Vec<String>,
    },
    /// An input did not fit the state and was refused.
    Refused {
        /// What was asked, in words.
        what: String,
        /// Why not.
        why: String,
    },
    /// A command line of the set-up of an attempt's worktree ended.
    SetupFinished {
        /// The attempt.
        attempt: AttemptId,
        /// The whole record.
        setup: SetupLine,
    },
    /// An agent wrote, changed or deleted a ticket, and docket did something about it.
    TicketBrought {
        /// The attempt.
        attempt: AttemptId,
        /// The turn after which it was found.
        turn: u32,
        /// What, and what became of it.
        news: TicketNews,
    },
    /// An agent wrote or changed a context note, and docket did something about it.
    NoteBrought {
        /// The attempt.
        attempt: AttemptId,
        /// The turn after which it was found.
        turn: u32,
        /// What, and what became of it.
        news: NoteNews,
    },
    /// Replies were in the prompt of a turn that has begun.
    RepliesDelivered {
        /// The attempt.
        attempt: AttemptId,
        /// The turn.
        turn: u32,
        /// The SHA-256 of each reply's text, in order.
        replies: Vec<Sha256>,
    },
    /// A human wants the ticket tried from the start: nothing goes on from what the attempt left.
    AttemptAbandoned {
        /// The attempt.
        attempt: AttemptId,
    },
    /// The accepted work came on to the user's branch (`integrate = "current"`).
    Merged {
        /// The attempt.
        attempt: AttemptId,
        /// The newest commit of the user's branch.
        commit: String,
    },
    /// The accepted work is on the run's branch, and could not come on to the user's: nothing there was changed.
    NotMerged {
        /// The attempt.
        attempt: AttemptId,
        /// What is in the way, and what to do.
        why: String,
    },
    /// A recurring ticket (`every`) is due: its file says `done: false` again.
    TicketReopened {
        /// The ticket.
        ticket: TicketId,
        /// Its revision before.
        before: Sha256,
        /// Its revision after.
        after: Sha256,
    },
    /// Somebody had the evidence of an attempt thrown away (`docket gc`). Its manifest stays, and with it what the files were.
    EvidenceDropped {
        /// The attempt.
        attempt: AttemptId,
        /// How many files went.
        files: u32,
        /// Their bytes.
        bytes: u64,
    },
    /// A human's yes to a request reaches further: from here on docket answers the like by these rules.
    RulesAdded {
        /// The attempt that asked.
        attempt: AttemptId,
        /// Its ticket.
        ticket: TicketId,
        /// How far: for this ticket, or always.
        scope: Scope,
        /// The rules.
        rules: Vec<Rule>,
    },
    /// A human took a ticket that was left out into the run again.
    StepRestored {
        /// The ticket.
        ticket: TicketId,
    },
    /// A human has taken the attempt over: its agent's process has ended, and the agent's own TUI may go on with the session.
    SessionTaken {
        /// The attempt.
        attempt: AttemptId,
        /// Its last turn.
        turn: u32,
        /// The agent's own token.
        session: String,
        /// From where.
        by: Seat,
    },
    /// The attempt was handed back.
    SessionHandedBack {
        /// The attempt.
        attempt: AttemptId,
        /// Its last turn.
        turn: u32,
        /// The agent's own token.
        session: String,
        /// From where.
        by: Seat,
        /// Whether the working tree is another one than when it was taken over; true where nobody can tell.
        changed: bool,
    },
    /// A recording of a terminal was finished. It lies beside the attempts' folders (`evidence/recordings`), not in one.
    Recorded {
        /// The attempt in whose working tree the terminal was; `None` elsewhere.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attempt: Option<AttemptId>,
        /// The file, relative to the folder of recordings.
        file: Artifact,
    },
}

/// What an agent's processes left behind at the end of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Leftovers {
    /// A pipe was still held open 200 ms after the leader ended.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub leaked: bool,
    /// Processes that were ended after their leader.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub swept: u32,
}

impl Leftovers {
    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "run", rename_all = "snake_case")]
pub enum RunOutcome {
    /// Every ticket that was started is done, and at least one was.
    Done,
    /// There was nothing to start.
    NothingReady,
    /// A human is needed.
    NeedsHuman,
    /// A ticket failed.
    Failed,
    /// A ticket hit a limit.
    Limit,
    /// Stopped.
    Cancelled {
        /// Why.
        reason: CancelReason,
    },
    /// docket itself died.
    Lost,
    /// docket itself could not go on (the ledger could not be written).
    Broken,
}

/// A fact with its place and time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Envelope {
    /// Its place in the ledger.
    pub seq: Sequence,
    /// When, by the wall clock.
    pub at: Timestamp,
    /// In which run.
    pub run: RunId,
    /// The fact.
    pub event: Event,
}

impl Event {
    /// The attempt that the fact is about, if it is about one.
    pub fn attempt(&self) -> Option<&AttemptId> {
        match self {
            Self::AttemptStarted { attempt, .. }
            | Self::WorkspacePrepared { attempt, .. }
            | Self::ProcessStarted { attempt, .. }
            | Self::SessionStarted { attempt, .. }
            | Self::TurnStarted { attempt, .. }
            | Self::TurnFinished { attempt, .. }
            | Self::TurnSaved { attempt, .. }
            | Self::DispatchReceived { attempt, .. }
            | Self::RequestOpened { attempt, .. }
            | Self::RequestAnswered { attempt, .. }
            | Self::RequestClosed { attempt, .. }
            | Self::BackedOff { attempt, .. }
            | Self::Steered { attempt, .. }
            | Self::TurnClaimed { attempt, .. }
            | Self::TurnSilent { attempt, .. }
            | Self::ValidationStarted { attempt, .. }
            | Self::ValidationFinished { attempt, .. }
            | Self::GateReached { attempt, .. }
            | Self::GateDecided { attempt, .. }
            | Self::EvidenceSealed { attempt, .. }
            | Self::Integrated { attempt, .. }
            | Self::MergeQueued { attempt }
            | Self::CaughtUp { attempt, .. }
            | Self::TicketBrought { attempt, .. }
            | Self::NoteBrought { attempt, .. }
            | Self::AttemptFinished { attempt, .. }
            | Self::Recovered { attempt, .. }
            | Self::SetupFinished { attempt, .. }
            | Self::RepliesDelivered { attempt, .. }
            | Self::AttemptAbandoned { attempt }
            | Self::Merged { attempt, .. }
            | Self::NotMerged { attempt, .. }
            | Self::EvidenceDropped { attempt, .. }
            | Self::RulesAdded { attempt, .. }
            | Self::SessionTaken { attempt, .. }
            | Self::SessionHandedBack { attempt, .. } => Some(attempt),
            Self::ReplyReceived { attempt, .. } | Self::Recorded { attempt, .. } => {
                attempt.as_ref()
            }
            Self::RunStarted { .. }
            | Self::RunPaused
            | Self::RunResumed
            | Self::CancelRequested { .. }
            | Self::RunFinished { .. }
            | Self::StepStarted { .. }
            | Self::StepFinished { .. }
            | Self::StepRetried { .. }
            | Self::StepSkipped { .. }
            | Self::StepRestored { .. }
            | Self::TicketWritten { .. }
            | Self::TicketReopened { .. }
            | Self::Refused { .. } => None,
        }
    }
}
