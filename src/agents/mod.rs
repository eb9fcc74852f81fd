//! Agents: how to launch each kind, and a sans-I/O session per protocol.
//!
//! A [`Session`] never touches a pipe: it is given bytes and says what it wants in [`Actions`]. Inside, what came over
//! the wire is understood by a [`Decoder`], which is passive: it is shown every line in both directions and says what
//! they mean. So the same decoder serves a live process, a recording, old evidence (`docket log --redecode`) and a test
//! that splits the bytes anywhere.

pub mod acp;
pub mod adapter;
pub mod claude;
pub mod client;
pub mod codex;
pub mod decoder;
pub mod handshake;
pub mod home;
pub mod lines;
pub mod opencode;
pub mod plain;
pub mod recording;
pub mod replay;
pub mod shell;
pub mod takeover;
pub mod terminal;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use crate::domain::attempt::TurnEnd;
use crate::domain::item::{AgentStatus, Item, Usage};
use crate::domain::request::{Answer, Request, RequestKey};

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
    /// A no to what it asks carries words.
    pub hears_reasons: bool,
    /// A new process can go on with the conversation of an old one.
    pub resume: bool,
    /// It speaks soon after its start, so that a start-up clock makes sense.
    pub speaks_early: bool,
    /// It is a program for people: it runs on a terminal, which people may look at and type into.
    pub terminal: bool,
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
    /// The model that the ticket asks for, over the agent's own setting.
    pub model: Option<String>,
    /// How hard the ticket wants the agent to think, over the agent's own setting.
    pub reasoning: Option<String>,
    /// The token of a conversation to go on with, when a new process is started.
    pub resume: Option<String>,
    /// What that conversation has used before, as docket counted: for agents whose figures go on over processes.
    pub used: Usage,
}

/// A program to start.
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

/// Which way a line went, from the agent's side of docket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// To its standard input.
    In,
    /// From its standard output.
    Out,
    /// From its standard error.
    Err,
}

impl Direction {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::In, Self::Out, Self::Err];

    /// As recordings spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
            Self::Err => "err",
        }
    }
}

/// An entry for the transcript; the runner gives it its time and turn.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// Unique within the process; the same id again changes the same item.
    pub id: u64,
    /// The item that it belongs to.
    pub parent: Option<u64>,
    /// Whether the text is added to what the id already has.
    pub append: bool,
    /// What it is.
    pub item: Item,
}

/// How a decoder says that a turn is over.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    /// How it ended; never told by text, only by the protocol or the process.
    pub end: TurnEnd,
    /// The agent's last words.
    pub message: Option<String>,
    /// What the turn used: this turn alone, whatever scope the protocol counts in.
    pub usage: Usage,
}

/// What lines came to mean.
#[derive(Debug, Default, PartialEq)]
pub struct Decoded {
    /// New entries.
    pub drafts: Vec<Draft>,
    /// What the agent is doing now. Times that are the zero timestamp are filled in by whoever has a clock.
    pub status: Option<AgentStatus>,
    /// The conversation's token, once known: with it a new process goes on.
    pub session: Option<String>,
    /// The model that answers, once the agent names it.
    pub model: Option<String>,
    /// What this turn has used so far.
    pub usage: Option<Usage>,
    /// What the agent asks.
    pub requests: Vec<(RequestKey, Request)>,
    /// Requests that the agent waits for no more, whether they were answered or not.
    pub resolved: Vec<RequestKey>,
    /// The turn is over.
    pub finished: Option<Finished>,
    /// Why only a human can say how the turn goes on, in words.
    pub stuck: Option<String>,
}

/// Understands what goes over the wire, in both directions. Passive, and never fails: what it doesn't know it shows as a
/// notice or leaves out.
pub trait Decoder: Send + Sync {
    /// One line, without its end.
    fn line(&mut self, direction: Direction, line: &str, decoded: &mut Decoded);

    /// The process ended. A turn that is still open is finished here, and what still runs in the transcript is closed;
    /// without an open turn nothing is finished.
    fn ended(&mut self, end: &ProcessEnd, decoded: &mut Decoded);
}

/// What a session wants done. The runner does it in this order: write, close, then what was decoded.
#[derive(Debug, Default, PartialEq)]
pub struct Actions {
    /// Bytes for the agent's standard input.
    pub write: Vec<u8>,
    /// What its terminal answers: as much of it as it reads.
    pub answer: Vec<u8>,
    /// Close its standard input after that.
    pub close_stdin: bool,
    /// Tell it that its terminal is gone.
    pub hang_up: bool,
    /// What came, in its meaning.
    pub decoded: Decoded,
}

impl Actions {
    /// Writes one line to the agent's standard input.
    pub fn write_line(&mut self, line: &str) {
        self.write.extend_from_slice(line.as_bytes());
        self.write.push(b'\n');
    }
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

/// How long a session waits for nothing to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For so long nothing must come.
    pub quiet: Duration,
    /// After so long it makes do with what is there, however much comes.
    pub longest: Option<Duration>,
}

/// One agent in one attempt: the state of its protocol, without any I/O.
pub trait Session: Send + Sync {
    /// What this agent can do.
    fn capabilities(&self) -> Capabilities;

    /// The program to start for this turn: what the session knew of an earlier process is void. Not called when the
    /// process of the turn before still runs and [`Capabilities::keeps_process`] says that it takes this turn too.
    fn launch(&mut self, turn: &Turn) -> Result<Launch, AgentError>;

    /// The program runs (or still runs): the turn may be sent, after whatever the protocol wants first.
    fn begin(&mut self, turn: &Turn, actions: &mut Actions);

    /// Bytes of its standard output, split anywhere.
    fn stdout(&mut self, bytes: &[u8], actions: &mut Actions);

    /// Bytes of its standard error, split anywhere.
    fn stderr(&mut self, bytes: &[u8], actions: &mut Actions);

    /// The process ended. A turn that is still open must be finished here.
    fn ended(&mut self, end: &ProcessEnd, actions: &mut Actions);

    /// Answers a request. Called at most once for each; a request that is resolved already is left alone.
    fn answer(&mut self, _key: &RequestKey, _answer: &Answer, _actions: &mut Actions) {}

    /// Gives the agent words in the middle of its turn. `false` when it takes none now: they wait for the next turn.
    fn steer(&mut self, _text: &str, _actions: &mut Actions) -> bool {
        false
    }

    /// Asks the agent to end its turn; open requests are refused first, so that it can. `false` when its protocol has no
    /// such thing: then it is stopped by signals.
    fn interrupt(&mut self, _actions: &mut Actions) -> bool {
        false
    }

    /// How long it waits for quiet now; [`Session::quiet`] is called when that has come. `None` while quiet means nothing to it.
    fn patience(&self) -> Option<Patience> {
        None
    }

    /// Nothing came for as long as [`Session::patience`] says.
    fn quiet(&mut self, _actions: &mut Actions) {}

    /// A human says that the turn is over. `false` when its protocol says that by itself.
    fn over(&mut self, _actions: &mut Actions) -> bool {
        false
    }

    /// Its terminal has another size now.
    fn resized(&mut self, _columns: u16, _rows: u16) {}

    /// No turn follows: the process may end. Closing its standard input is what most agents understand.
    fn leave(&mut self, actions: &mut Actions) {
        actions.close_stdin = true;
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
    /// Nobody knows the agent.
    #[error(
        "agent `{agent}` is not configured: add [agents.{agent}] to docket.toml, or use `shell` or `user`"
    )]
    Unknown {
        /// The agent's name.
        agent: String,
    },
    /// The agent's own home folder can't be made.
    #[error("agent `{agent}`: its private home {} can't be made: {why}", path.display())]
    NoHome {
        /// The agent's name.
        agent: String,
        /// Where it would be.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
    /// A regular expression of its configuration is broken.
    #[error("agent `{agent}`: {why}")]
    BadPattern {
        /// The agent's name.
        agent: String,
        /// What is wrong with it.
        why: String,
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

/// The words of an agent's command line, and the variables that it gets.
type Program = (Vec<OsString>, Vec<(OsString, OsString)>);

/// The program of a configured agent.
fn program(agent: &crate::config::Agent) -> Result<Program, AgentError> {
    if agent.command.is_empty() {
        return Err(AgentError::NoCommand {
            agent: agent.name.to_string(),
        });
    }
    let argv = agent.command.iter().map(Into::into).collect();
    let env = agent.env.iter();
    let env = env.map(|(name, value)| (name.into(), value.into()));
    Ok((argv, env.collect()))
}

impl AgentError {
    /// That this version can't drive the agent.
    fn no_adapter(agent: &crate::config::Agent) -> Self {
        Self::NoAdapter {
            agent: agent.name.to_string(),
            kind: agent.kind.to_string(),
        }
    }
}
