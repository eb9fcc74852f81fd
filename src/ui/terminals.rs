//! The seam between the terminal pane and whatever runs a shell on a PTY.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

use tokio::sync::{mpsc, oneshot};

use crate::domain::ids::{AttemptId, TicketId};
use crate::emulator::WorkingFolder;
use crate::runner::recorder::{Ended, Plan, Tap};

/// Opens programs on terminals of their own.
pub trait OpenTerminal: Send {
    /// Starts what is wanted. An error is shown in the pane.
    fn open(&mut self, request: &TerminalRequest) -> io::Result<TerminalLink>;

    /// Begins to record what a terminal shows; `done` is called once, on another thread, when the file is complete.
    fn record(&mut self, plan: Plan, done: Box<dyn FnOnce(Ended) + Send>) -> io::Result<Tap> {
        drop((plan, done));
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// What runs on a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Launch {
    /// The user's shell.
    Shell,
    /// Another program.
    Program {
        /// It and its arguments. Visible to every user of the machine: never a secret.
        argv: Vec<OsString>,
        /// What its environment has beside the user's own allowed one.
        environment: Vec<(OsString, OsString)>,
    },
    /// Nothing: the terminal of an agent is looked at, which runs there already.
    Attempt {
        /// Whose.
        attempt: AttemptId,
        /// The folder of its evidence.
        evidence: PathBuf,
    },
    /// The own interface of an agent whose attempt a human has taken over. Who opens it knows what starts it.
    Agent {
        /// The ticket.
        ticket: TicketId,
        /// The attempt.
        attempt: AttemptId,
        /// The agent's name.
        agent: String,
        /// The agent's session.
        session: String,
    },
}

/// Which terminal is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TerminalRequest {
    /// What runs there.
    pub launch: Launch,
    /// Where it starts.
    pub folder: PathBuf,
    /// Where the program beside it said that it works: it starts there instead, if that is a folder of this machine.
    pub told: Option<WorkingFolder>,
    /// The terminal's width, at least 2.
    pub columns: u16,
    /// Its height, at least 2.
    pub rows: u16,
}

/// A program that runs on a terminal.
pub struct TerminalLink {
    /// What it writes, in order. Bounded: when nobody reads, the program waits.
    pub output: mpsc::Receiver<TerminalEvent>,
    /// The way to it.
    pub control: Box<dyn TerminalControl>,
}

/// What a program on a terminal does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TerminalEvent {
    /// It writes.
    Output(Vec<u8>),
    /// The terminal has this size for what follows; told only of terminals that somebody else may change.
    Resized {
        /// Cells in a line.
        columns: u16,
        /// Lines.
        rows: u16,
    },
    /// It ended. Nothing follows.
    Ended(ProgramEnd),
}

/// How a program on a terminal ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramEnd {
    /// In words.
    pub words: String,
    /// Whether it ended by itself and says that all went well (exit code 0).
    pub is_well: bool,
}

impl ProgramEnd {
    /// All went well.
    pub fn well(words: impl Into<String>) -> Self {
        let words = words.into();
        Self {
            words,
            is_well: true,
        }
    }

    /// It failed, was killed, or never began.
    pub fn badly(words: impl Into<String>) -> Self {
        let words = words.into();
        Self {
            words,
            is_well: false,
        }
    }
}

/// Who has the keys on a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Foreground {
    /// The program that was started there: a shell waits for a command.
    Itself,
    /// Something that it runs; its name, as far as it is known.
    Other(Option<String>),
}

/// What can be done to a program on a terminal. Nothing here waits.
pub trait TerminalControl: Send {
    /// Types these bytes.
    fn write(&mut self, bytes: Vec<u8>);
    /// Answers what the program asked its terminal, as far as it reads that.
    fn answer(&mut self, bytes: Vec<u8>) {
        self.write(bytes);
    }
    /// Says how large the terminal is now.
    fn resize(&mut self, columns: u16, rows: u16);
    /// Tells who has the keys there, as soon as that is known. An answer that is dropped: nobody can tell.
    fn foreground(&mut self, answer: oneshot::Sender<Foreground>) {
        drop(answer);
    }
    /// Hangs up: the program and what it started get SIGHUP.
    fn hang_up(&mut self);
}
