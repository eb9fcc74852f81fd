//! Agents: how to launch each kind, and a sans-I/O session per protocol.
//!
//! A [`Session`] never touches a pipe: it is given bytes and says what it wants in [`Actions`]. So the same code serves
//! a live process, a replayed recording and a test that splits the bytes anywhere.

pub mod adapter;
pub mod lines;
pub mod plain;
pub mod shell;

use std::ffi::OsString;
use std::path::PathBuf;

use crate::domain::attempt::TurnEnd;
use crate::domain::item::{AgentStatus, Item, Usage};

/// What an agent can do beyond taking a prompt and ending a turn. The screen says so, and offers nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Capabilities {
    /// It asks before it acts; otherwise it is unsupervised.
    pub requests: bool,
    /// It takes words in the middle of a turn.
    pub steer: bool,
    /// It can end a turn on request and live on.
    pub interrupt: bool,
    /// One process serves all turns of an attempt.
    pub keeps_process: bool,
    /// It speaks soon after its start, so that a start-up clock makes sense.
    pub speaks_early: bool,
}

/// What a session is told at the beginning of a turn.
#[derive(Debug, Clone)]
pub struct Turn {
    /// From 1.
    pub number: u32,
    /// The whole prompt.
    pub prompt: String,
    /// The ticket's body, for agents that run it instead of reading it.
    pub body: String,
    /// The working tree.
    pub workspace: PathBuf,
    /// The agent's desk.
    pub desk: PathBuf,
    /// The model that the ticket asks for.
    pub model: Option<String>,
    /// The token of a session to resume.
    pub resume: Option<String>,
}

/// A program to start for a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    /// Program and arguments; never a secret, never the prompt.
    pub argv: Vec<OsString>,
    /// Added to the allow-listed environment.
    pub env: Vec<(OsString, OsString)>,
    /// Files to write first: absolute path and content.
    pub files: Vec<(PathBuf, Vec<u8>)>,
    /// Whether its standard input is a pipe; otherwise it is empty.
    pub stdin: bool,
}

/// An entry for the transcript; the runner gives it its time and turn.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// Unique within the attempt; the same id again changes the same item.
    pub id: u64,
    /// The item that it belongs to.
    pub parent: Option<u64>,
    /// Whether the text is added to what the id already has.
    pub append: bool,
    /// What it is.
    pub item: Item,
}

/// How a session says that its turn is over.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    /// How it ended; never told by text, only by the protocol or the process.
    pub end: TurnEnd,
    /// The agent's last words.
    pub message: Option<String>,
    /// What the turn used.
    pub usage: Usage,
}

/// What a session wants done. The runner does it in this order: write, close, show, end.
#[derive(Debug, Default, PartialEq)]
pub struct Actions {
    /// Bytes for the agent's standard input.
    pub write: Vec<u8>,
    /// Close its standard input after that.
    pub close_stdin: bool,
    /// New entries.
    pub drafts: Vec<Draft>,
    /// What the agent is doing now.
    pub status: Option<AgentStatus>,
    /// The session's token, once known.
    pub session: Option<String>,
    /// The turn is over.
    pub finished: Option<Finished>,
}

/// How a process ended, as far as a session cares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProcessEnd {
    /// It exited.
    Exited(i32),
    /// A signal ended it.
    Signalled(i32),
    /// It could not be started: what the system said.
    NotStarted(String),
    /// Its holder died; nobody knows how it ended.
    Lost(String),
}

impl std::fmt::Display for ProcessEnd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exited(code) => write!(f, "exit code {code}"),
            Self::Signalled(signal) => write!(f, "ended by signal {signal}"),
            Self::NotStarted(why) | Self::Lost(why) => f.write_str(why),
        }
    }
}

/// One agent in one attempt: the state of its protocol, without any I/O.
pub trait Session: Send + Sync {
    /// What this agent can do.
    fn capabilities(&self) -> Capabilities;

    /// The program to start for this turn; `None` when the process of the turn before takes it.
    fn launch(&mut self, turn: &Turn) -> Result<Option<Launch>, AgentError>;

    /// The program runs (or still runs): the turn may be sent.
    fn begin(&mut self, turn: &Turn, actions: &mut Actions);

    /// Bytes of its standard output, split anywhere.
    fn stdout(&mut self, bytes: &[u8], actions: &mut Actions);

    /// Bytes of its standard error, split anywhere.
    fn stderr(&mut self, bytes: &[u8], actions: &mut Actions);

    /// The process ended. A turn that is still open must be finished here.
    fn ended(&mut self, end: &ProcessEnd, actions: &mut Actions);

    /// Ask the agent to end its turn. `false` when its protocol has no such thing: then it is stopped by signals.
    fn interrupt(&mut self, _actions: &mut Actions) -> bool {
        false
    }
}

/// Why an agent can't take a turn.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AgentError {
    /// A runbook ticket without anything to run.
    #[error("the ticket's body has no ```sh block: `agent: shell` runs those")]
    NoShellBlock,
    /// The configuration names no command.
    #[error("agent `{agent}` has no command: set `command = [\"…\"]` under [agents.{agent}]")]
    NoCommand {
        /// The agent's name.
        agent: String,
    },
    /// A replay without a recording.
    #[error("agent `{agent}` has no recording: set `recording = \"…\"` under [agents.{agent}]")]
    NoRecording {
        /// The agent's name.
        agent: String,
    },
    /// This version can't play a recording through that decoder.
    #[error("agent `{agent}`: this version has no decoder `{decoder}`: use decoder = \"lines\"")]
    NoDecoder {
        /// The agent's name.
        agent: String,
        /// What it asks for.
        decoder: String,
    },
    /// Nobody knows the agent.
    #[error(
        "agent `{agent}` is not configured: add [agents.{agent}] to docket.toml, or use `shell` or `user`"
    )]
    Unknown {
        /// The agent's name.
        agent: String,
    },
    /// This version has no adapter for the kind.
    #[error(
        "agent `{agent}` is of kind `{kind}`, which this version can't drive: use kind = \"command\""
    )]
    NoAdapter {
        /// The agent's name.
        agent: String,
        /// Its kind.
        kind: String,
    },
}
