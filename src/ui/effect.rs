//! What `update` wants done. The loop does it; answers come back as messages.

use std::ops::Range;
use std::path::PathBuf;

use super::needle::{Hit, Needle};
use super::render::highlight::{Hint, Key, Painted, Syntaxes};
use super::session::{Outside, UiEnd};
use crate::domain::command::Command;
use crate::domain::ids::TicketName;
use crate::domain::item::Entry;

/// Something to do.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Effect {
    /// Ask the runner.
    Send(Command),
    /// Read something, off the UI's thread.
    Load(Load),
    /// Open a shell.
    OpenTerminal {
        terminal: TerminalId,
        folder: PathBuf,
        columns: u16,
        rows: u16,
    },
    /// Type into a terminal.
    Type {
        terminal: TerminalId,
        bytes: Vec<u8>,
    },
    /// A terminal has another size.
    ResizeTerminal {
        terminal: TerminalId,
        columns: u16,
        rows: u16,
    },
    /// A terminal is not needed any more.
    CloseTerminal(TerminalId),
    /// Put a text on the user's clipboard.
    Copy(String),
    /// Give the terminal to another program until it ends.
    HandOver(Outside),
    /// Take the mouse, or leave it.
    SetMouse(bool),
    /// Draw every cell anew.
    Redraw,
    /// Stop this process until the shell lets it go on.
    Suspend,
    /// End the screen.
    End(UiEnd),
}

/// Which terminal; never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TerminalId(pub(crate) u32);

/// Something to read. Answers carry the ticket number of their question, so that late ones are dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Load {
    /// A part of a transcript.
    Transcript {
        question: u64,
        path: PathBuf,
        part: Part,
    },
    /// The files of a ticket's attempts.
    Evidence {
        question: u64,
        root: PathBuf,
        ticket: TicketName,
    },
    /// The beginning of a file.
    Preview { question: u64, path: PathBuf },
    /// What the words of a piece of code are.
    Highlight {
        key: Key,
        code: String,
        hint: Hint,
        syntaxes: Syntaxes,
    },
    /// Nothing: the memory that highlighting took is given back.
    ForgetSyntaxes(Syntaxes),
    /// Whatever is looked for, in a part of a transcript.
    Scan {
        question: u64,
        path: PathBuf,
        part: Part,
        needle: Needle,
    },
}

/// Which part of a transcript.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// The last lines.
    Tail,
    /// The first lines.
    Head,
    /// What follows this offset.
    After(u64),
    /// What lies before this offset.
    Before(u64),
    /// What begins at this offset: a jump.
    At(u64),
}

/// What was read.
#[derive(Debug)]
pub(crate) enum Loaded {
    /// A part of a transcript.
    Transcript {
        question: u64,
        part: Part,
        slice: Result<Slice, String>,
    },
    /// The files of a ticket's attempts.
    Evidence { question: u64, runs: Vec<RunFiles> },
    /// The beginning of a file.
    Preview {
        question: u64,
        content: Result<Content, String>,
    },
    /// What the words of a piece of code are; `None` for a language that nobody knows.
    Highlight { key: Key, painted: Option<Painted> },
    /// The syntaxes are forgotten.
    SyntaxesForgotten,
    /// What was found in a part of a transcript.
    Scan {
        question: u64,
        found: Result<Scanned, String>,
    },
}

/// What was found in whole lines of a transcript.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Scanned {
    /// Where the lines lie.
    pub(crate) range: Range<u64>,
    /// The file's length.
    pub(crate) length: u64,
    /// In the order of the file.
    pub(crate) hits: Vec<Hit>,
}

/// Whole lines of a transcript.
#[derive(Debug, Default)]
pub(crate) struct Slice {
    /// Where they lie.
    pub(crate) range: Range<u64>,
    /// The file's length.
    pub(crate) length: u64,
    /// Each with its offset; `None` is a line that can't be read.
    pub(crate) entries: Vec<(u64, Option<Entry>)>,
}

/// A run's evidence of one ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RunFiles {
    /// `r12`.
    pub(crate) run: String,
    /// Its attempts, in order.
    pub(crate) attempts: Vec<AttemptFiles>,
}

/// An attempt's evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AttemptFiles {
    /// From 1.
    pub(crate) number: u32,
    /// Its files, in order of their paths.
    pub(crate) files: Vec<FileEntry>,
}

/// A file of evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileEntry {
    /// Relative to the attempt's folder.
    pub(crate) name: String,
    /// Where it lies.
    pub(crate) path: PathBuf,
    /// Its size in bytes.
    pub(crate) bytes: u64,
}

/// The beginning of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Content {
    /// As much as was read.
    pub(crate) bytes: Vec<u8>,
    /// The file's length.
    pub(crate) length: u64,
}
