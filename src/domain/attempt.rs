//! Attempts: how turns, validations and attempts end. The whole outcome space is in these enums.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::gate::GateReason;
use super::ids::Sha256;
use super::request::RequestId;
use super::time::Timestamp;

/// Why docket stops something. The order is severity: a reason is only ever replaced by a higher one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelReason {
    /// The user ended this turn; the attempt goes on.
    Interrupted,
    /// A human is asked, and nobody is there.
    Asks,
    /// A limit was reached.
    Limit,
    /// The user stopped this ticket.
    Stopped,
    /// The run ends (quit, `--once` done, limits of the run).
    RunEnds,
    /// Evidence or the ledger can't be written.
    Storage,
    /// The terminal or the connection is gone and nobody asked to go on.
    HangUp,
    /// SIGTERM.
    Terminate,
    /// Ctrl-C, once.
    Interrupt,
    /// Ctrl-C twice, or a second SIGTERM: kill now.
    Kill,
}

impl CancelReason {
    /// One or two words for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Interrupted => "interrupted by you",
            Self::Asks => "a human is asked",
            Self::Limit => "a limit was reached",
            Self::Stopped => "stopped",
            Self::RunEnds => "the run ended",
            Self::Storage => "evidence can't be written",
            Self::HangUp => "terminal gone",
            Self::Terminate => "terminated",
            Self::Interrupt => "interrupted",
            Self::Kill => "killed",
        }
    }
}

/// Which clock ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// No first byte from the agent.
    Startup,
    /// No output for too long.
    Idle,
    /// The attempt's whole time is used up.
    Wall,
}

impl Phase {
    /// One word for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Startup => "startup",
            Self::Idle => "idle",
            Self::Wall => "wall",
        }
    }
}

/// How a turn ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "snake_case")]
pub enum TurnEnd {
    /// The protocol says that the turn is complete.
    Completed,
    /// The agent says, or its exit code says, that the turn failed.
    Failed {
        /// In the agent's words.
        why: String,
        /// What kind of failure it is, as far as the protocol says.
        #[serde(default, skip_serializing_if = "Fault::is_agent")]
        fault: Fault,
    },
    /// The program could not be started.
    NotStarted {
        /// What the system said, and what to do.
        why: String,
    },
    /// The process ended without ending its turn.
    Died {
        /// Its exit code or signal, in words.
        how: String,
    },
    /// A clock ran out.
    TimedOut {
        /// Which.
        phase: Phase,
    },
    /// docket stopped it.
    Cancelled {
        /// Why.
        reason: CancelReason,
    },
}

/// What kind of failure ended a turn: whether waiting helps, and what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum Fault {
    /// The agent's own, or nobody says which.
    #[default]
    Agent,
    /// The provider takes no more for now.
    RateLimit {
        /// Until when, where that is known.
        until: Option<Timestamp>,
    },
    /// The provider is overloaded, or failed.
    Overload,
    /// The connection was lost or refused.
    Connection,
    /// No key, no login, or one that is not accepted.
    Login,
    /// The model refused to answer.
    Refused,
    /// The answer was cut off: the output limit, the context or the agent's own limit of steps.
    Truncated,
    /// The turn was interrupted, and not by docket.
    Interrupted,
}

impl Fault {
    /// Whether it goes away by waiting.
    pub fn passes(self) -> bool {
        matches!(
            self,
            Self::RateLimit { .. } | Self::Overload | Self::Connection
        )
    }

    fn is_agent(&self) -> bool {
        *self == Self::Agent
    }
}

/// The verdict of one validation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Exit code 0, output stored.
    Pass,
    /// Another exit code.
    Fail,
    /// Its time-out ran out.
    TimedOut,
    /// It was killed, could not start, or its output could not be stored: never a pass.
    Inconclusive,
}

/// One named check that docket ran itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validation {
    /// Its name, unique within the attempt.
    pub name: String,
    /// What was run.
    pub run: String,
    /// The turn after which it ran.
    pub turn: u32,
    /// The verdict.
    pub verdict: Verdict,
    /// The exit code, if it exited.
    pub exit: Option<i32>,
    /// How long it took, in milliseconds.
    pub millis: u64,
    /// Its output.
    pub output: Option<Artifact>,
}

/// A command line that docket ran in a new worktree before the agent started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetupLine {
    /// Which of the configured ones, from 1.
    pub number: u32,
    /// What was run.
    pub run: String,
    /// Whether it succeeded; with anything but a pass the attempt has failed.
    pub verdict: Verdict,
    /// The exit code, if it exited.
    pub exit: Option<i32>,
    /// How long it took, in milliseconds.
    pub millis: u64,
    /// Its output.
    pub output: Option<Artifact>,
}

/// A file of evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// Relative to the attempt's evidence folder, with `/`.
    pub path: String,
    /// Its content's hash.
    pub sha256: Sha256,
    /// Its size in bytes.
    pub bytes: u64,
}

/// How strong the proof of a done ticket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// All validations passed.
    Proven,
    /// Nobody named a validation.
    Unchecked,
    /// A human set `done: true` in the file.
    ByHand,
    /// Files or refs are not as docket left them: never done.
    Tampered,
}

impl Proof {
    /// As people read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::Unchecked => "unchecked",
            Self::ByHand => "by hand",
            Self::Tampered => "tampered",
        }
    }
}

/// Why an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "failure", rename_all = "snake_case")]
pub enum Failure {
    /// The attempt's worktree, desk or evidence folder could not be made.
    Prepare {
        /// What, and what to do.
        why: String,
    },
    /// The agent's program could not be started.
    NotStarted {
        /// What, and what to do.
        why: String,
    },
    /// The agent failed or died.
    Agent {
        /// In its words.
        why: String,
    },
    /// Validations failed in the last turn that the limits allow.
    Validation {
        /// The names of those that did not pass.
        names: Vec<String>,
    },
    /// The work could not be collected from the worktree.
    Collect {
        /// What, and what to do.
        why: String,
    },
    /// Files or refs are not as docket left them: what was proven is not what is there.
    Tampered {
        /// What, and what to do.
        what: String,
    },
    /// The result could not be brought to the run's branch.
    Integrate {
        /// What, and what to do.
        why: String,
    },
    /// The result is integrated, but the ticket's file could not be marked done.
    Ticket {
        /// What, and what to do.
        why: String,
    },
    /// Evidence could not be written: nothing is merged without it.
    Evidence {
        /// What, and what to do.
        why: String,
    },
}

impl Failure {
    /// Whether another attempt could end better without a human doing anything.
    pub fn is_worth_another_attempt(&self) -> bool {
        match self {
            Self::Agent { .. } | Self::Validation { .. } | Self::Integrate { .. } => true,
            Self::Prepare { .. }
            | Self::NotStarted { .. }
            | Self::Collect { .. }
            | Self::Tampered { .. }
            | Self::Ticket { .. }
            | Self::Evidence { .. } => false,
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Prepare { why } => write!(f, "can't prepare the attempt: {why}"),
            Self::NotStarted { why } => write!(f, "can't start the agent: {why}"),
            Self::Agent { why } => write!(f, "the agent failed: {why}"),
            Self::Validation { names } => write!(f, "validation failed: {}", names.join(", ")),
            Self::Collect { why } => write!(f, "can't collect the work: {why}"),
            Self::Tampered { what } => write!(f, "tampered: {what}"),
            Self::Integrate { why } => write!(f, "can't integrate: {why}"),
            Self::Ticket { why } => write!(f, "can't mark the ticket done: {why}"),
            Self::Evidence { why } => write!(f, "can't write evidence: {why}"),
        }
    }
}

/// A limit that was hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitKind {
    /// Turns of one attempt.
    Turns,
    /// Time without output, or without a first byte.
    Idle,
    /// The attempt's whole time.
    Wall,
    /// The attempt's tokens.
    Tokens,
    /// The attempt's money.
    Cost,
    /// The run's tokens.
    RunTokens,
    /// The run's money.
    RunCost,
    /// The run's time.
    RunWall,
    /// The tokens of the last 24 hours.
    DayTokens,
    /// The money of the last 24 hours.
    DayCost,
}

impl LimitKind {
    /// Whether it is the whole run's, or the day's: no other attempt would help.
    pub fn is_beyond_the_attempt(self) -> bool {
        match self {
            Self::RunTokens | Self::RunCost | Self::RunWall | Self::DayTokens | Self::DayCost => {
                true
            }
            Self::Turns | Self::Idle | Self::Wall | Self::Tokens | Self::Cost => false,
        }
    }

    /// One word for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Turns => "turns",
            Self::Idle => "idle",
            Self::Wall => "wall",
            Self::Tokens => "tokens",
            Self::Cost => "cost",
            Self::RunTokens => "limits.run.tokens",
            Self::RunCost => "limits.run.cost_usd",
            Self::RunWall => "limits.run.wall",
            Self::DayTokens => "limits.day.tokens",
            Self::DayCost => "limits.day.cost_usd",
        }
    }
}

/// Why a human is needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "need", rename_all = "snake_case")]
pub enum Need {
    /// `agent: user`: a human does the ticket.
    UserTask,
    /// A human approves before the merge: the ticket asks for it, or something about the work does.
    Review {
        /// What asks for it beside the ticket itself.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        reasons: Vec<GateReason>,
    },
    /// Turn after turn changed nothing.
    NoProgress,
    /// The work contradicts what others have brought to the run's branch, and the agent did not sort it out.
    Conflict {
        /// The files with conflict markers.
        paths: Vec<String>,
    },
    /// The agent paused and waits for a reply.
    Reply {
        /// What it says.
        text: String,
    },
    /// The agent asks for something while it runs.
    Request {
        /// Which request of the attempt.
        id: RequestId,
        /// What it asks for.
        title: String,
    },
    /// A human ended the turn and has not said how to go on.
    Interrupted,
    /// A human has taken the attempt over, and works in its agent's own TUI.
    TakenOver {
        /// The agent's session.
        session: String,
    },
}

impl std::fmt::Display for Need {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::UserTask => f.write_str("a human does this ticket"),
            Self::Review { reasons } => {
                f.write_str("waits for review")?;
                for (index, reason) in reasons.iter().enumerate() {
                    write!(f, "{}{reason}", if index == 0 { ": " } else { "; " })?;
                }
                Ok(())
            }
            Self::NoProgress => f.write_str("no progress"),
            Self::Conflict { paths } => write!(f, "merge conflict in {}", paths.join(", ")),
            Self::Reply { text } => write!(
                f,
                "waits for a reply: {}",
                text.lines().next().unwrap_or("")
            ),
            Self::Request { id, title } => write!(f, "asks {id}: {title}"),
            Self::Interrupted => f.write_str("interrupted: reply to go on"),
            Self::TakenOver { .. } => f.write_str("taken over by you: hand it back to go on"),
        }
    }
}

/// How an attempt ended. Each attempt has exactly one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum AttemptOutcome {
    /// Accepted and integrated.
    Done {
        /// How strong the proof is.
        proof: Proof,
    },
    /// It failed.
    Failed {
        /// Why.
        failure: Failure,
    },
    /// A limit stopped it.
    Limit {
        /// Which.
        limit: LimitKind,
    },
    /// A human must do something before it can go on.
    NeedsHuman {
        /// What.
        need: Need,
    },
    /// docket stopped it.
    Cancelled {
        /// Why.
        reason: CancelReason,
    },
    /// docket itself died while it ran.
    Lost,
}

impl std::fmt::Display for AttemptOutcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Done { proof } => write!(f, "done, {}", proof.as_str()),
            Self::Failed { failure } => write!(f, "{failure}"),
            Self::Limit { limit } => write!(f, "limit reached: {}", limit.as_str()),
            Self::NeedsHuman { need } => write!(f, "{need}"),
            Self::Cancelled { reason } => f.write_str(reason.as_str()),
            Self::Lost => f.write_str("lost: docket ended while it ran"),
        }
    }
}

/// Where an attempt works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workspace {
    /// The working tree.
    pub path: PathBuf,
    /// The attempt's branch and the commit that it was cut from; `None` in place.
    pub branch: Option<Branch>,
}

/// A branch and where it was cut.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Branch {
    /// Short name: `docket/r12/TICKET-003.2`.
    pub name: String,
    /// Commit id, hexadecimal.
    pub base: String,
}

/// A process, told apart from every other one that ever had its pid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessRecord {
    /// Process id.
    pub pid: u32,
    /// Start time in the system's own unit (clock ticks since boot on Linux).
    pub start_time: u64,
    /// Which boot.
    pub boot_id: String,
}

/// The clocks of one turn; `None` is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TurnClocks {
    /// Until the first byte.
    pub startup: Option<Duration>,
    /// Between two outputs.
    pub idle: Option<Duration>,
    /// The whole of what is left of the attempt.
    pub wall: Option<Duration>,
}
