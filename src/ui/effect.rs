//! What `update` wants done. The loop does it; answers come back as messages.

use std::ops::Range;
use std::path::PathBuf;

use jiff::tz::TimeZone;

use super::change::{Change, Changed};
use super::clipboard::Copied;
pub(crate) use super::loader::texts::{Save, TextLoad, TextLoaded};
use super::needle::{Hit, Needle};
use super::pages::review::unified::Unified;
use super::panes::terminal::{Keeping, Restored};
use super::player::Order;
use super::render::highlight::{Hint, Key, Painted, Syntaxes};
use super::session::{Outside, UiEnd};
use super::terminals::{Foreground, TerminalRequest};
use super::theme::{ColorDepth, Theme};
use crate::domain::attempt::Workspace;
use crate::domain::command::Command;
use crate::domain::ids::{AttemptId, RunId, TicketName};
use crate::domain::item::Entry;
use crate::domain::time::Timestamp;
use crate::runner::comparison::Attempted;
use crate::runner::recorder::Plan;
use crate::store::cast::is_recording;
use crate::store::past::{Past, Spending};
use crate::store::verify::AttemptState;

/// Something to do.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Effect {
    /// Ask the runner.
    Send(Command),
    /// Read something, off the UI's thread.
    Load(Load),
    /// Start a program on a terminal.
    OpenTerminal {
        terminal: TerminalId,
        request: TerminalRequest,
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
    /// Have this text written in the user's editor; comes back as a message.
    WriteOutside(String),
    /// Take the mouse, or leave it.
    SetMouse(bool),
    /// Draw every cell anew.
    Redraw,
    /// Stop this process until the shell lets it go on.
    Suspend,
    /// End the screen.
    End(UiEnd),
    /// Write a text of the editor's, off the UI's thread.
    Save(Save),
    /// Change ticket files, off the UI's thread.
    Change(Change),
    /// Run the queue from here when the docket that runs it has ended, or don't.
    TakeOver(bool),
    /// Record what a terminal shows.
    Record { terminal: TerminalId, plan: Plan },
    /// Record it no longer.
    StopRecording(TerminalId),
    /// Play a recording; the one before is played no longer.
    Play(PathBuf),
    /// Tell the player something.
    Player(Order),
    /// Play no longer.
    EndPlay,
    /// Find out who has the keys on terminals; comes back as a message.
    LookAtTerminals {
        why: WhyLook,
        terminals: Vec<TerminalId>,
    },
    /// Write down which terminals are open, off the UI's thread.
    KeepTerminals(Keeping),
    /// Put a text on the user's clipboard by escape sequences, whatever else there is.
    CopyBySequence(String),
    /// Show a text in the user's pager; terminals go on meanwhile.
    ReadOutside(String),
}

/// What is to be done when it is known what runs in terminals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WhyLook {
    /// One is to be closed.
    Close(TerminalId),
    /// docket is to be left.
    Leave,
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
    /// A piece of a file.
    Preview {
        question: u64,
        path: PathBuf,
        piece: Piece,
    },
    /// Something for the editor.
    Text(TextLoad),
    /// Whether an attempt's evidence is as it was sealed.
    Verify {
        evidence: PathBuf,
        attempt: AttemptId,
    },
    /// An attempt's evidence as one file that travels.
    Export {
        evidence: PathBuf,
        attempt: AttemptId,
        folder: PathBuf,
    },
    /// A copy of a file that may be opened in an editor.
    CopyOut { path: PathBuf },
    /// A copy is not needed any more.
    Discard { path: PathBuf },
    /// What an attempt changed.
    Review { question: u64, ask: AskReview },
    /// What differs between two attempts.
    Compare {
        question: u64,
        root: PathBuf,
        evidence: PathBuf,
        from: AttemptId,
        to: AttemptId,
    },
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
    /// The names of all themes; the folder is the user's.
    Themes { folder: Option<PathBuf> },
    /// A theme.
    Theme {
        name: String,
        folder: Option<PathBuf>,
        depth: ColorDepth,
    },
    /// The time line of a run; of the last one when none is named.
    Timeline {
        question: u64,
        ledger: PathBuf,
        run: Option<RunId>,
    },
    /// What agents and days have used.
    Spent {
        question: u64,
        ledger: PathBuf,
        zone: TimeZone,
        now: Timestamp,
    },
    /// The terminals of the last time; the root is the repository's.
    Terminals { path: PathBuf, root: PathBuf },
    /// The file that a name on a terminal means, in the folder where its program was started.
    Locate { name: String, folder: PathBuf },
}

impl Load {
    /// Whether it may take long: nobody waits for its end when docket is left.
    pub(crate) fn is_long(&self) -> bool {
        match self {
            Self::Verify { .. } | Self::Export { .. } => true,
            // It is read as a whole.
            Self::Preview { path, .. } => is_recording(path),
            _ => false,
        }
    }
}

/// Which piece of a file, in whole lines where it has lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece {
    /// What follows this offset.
    From(u64),
    /// What lies before this offset.
    Before(u64),
}

/// Whose changes are reviewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AskReview {
    /// The repository.
    pub(crate) root: PathBuf,
    /// The root of all evidence.
    pub(crate) evidence: PathBuf,
    /// The run in which the attempt began.
    pub(crate) run: RunId,
    /// Which attempt.
    pub(crate) attempt: AttemptId,
    /// Where it works while it does.
    pub(crate) workspace: Option<Workspace>,
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
    Evidence {
        question: u64,
        runs: Vec<RunFiles>,
        /// Recordings that belong to no attempt.
        recordings: Vec<FileEntry>,
    },
    /// A piece of a file.
    Preview {
        question: u64,
        content: Result<Content, String>,
    },
    /// Something for the editor.
    Text(TextLoaded),
    /// Whether an attempt's evidence is as it was sealed.
    Verified {
        attempt: AttemptId,
        result: Result<Checked, String>,
    },
    /// Where an attempt's evidence was written to.
    Exported {
        attempt: AttemptId,
        result: Result<Exported, String>,
    },
    /// Where the copy of a file is.
    CopiedOut { result: Result<PathBuf, String> },
    /// A copy is gone.
    Discarded,
    /// A diff to review.
    Review {
        question: u64,
        result: Result<Box<Reviewed>, String>,
    },
    /// Ticket files were changed, or were not.
    Changed(Changed),
    /// What the words of a piece of code are; `None` for a language that nobody knows.
    Highlight { key: Key, painted: Option<Painted> },
    /// The syntaxes are forgotten.
    SyntaxesForgotten,
    /// What was found in a part of a transcript.
    Scan {
        question: u64,
        found: Result<Scanned, String>,
    },
    /// The names of all themes.
    Themes { names: Vec<String> },
    /// A theme, or what is wrong with it.
    Theme {
        name: String,
        theme: Result<Box<Theme>, String>,
    },
    /// The time line of a run.
    Timeline {
        question: u64,
        past: Result<Past, String>,
    },
    /// What agents and days have used.
    Spent {
        question: u64,
        spent: Result<Spending, String>,
    },
    /// The terminals of the last time.
    Terminals { path: PathBuf, restored: Restored },
    /// The terminals are written down, or are not.
    TerminalsKept { result: Result<(), String> },
    /// Who has the keys on terminals, as far as anybody can tell.
    Foreground {
        why: WhyLook,
        found: Vec<(TerminalId, Option<Foreground>)>,
    },
    /// What a name on a terminal means.
    Located(Result<Outside, String>),
    /// What became of a text that was copied.
    Copied(Copied),
}

/// What a check of an attempt's evidence found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Checked {
    /// How its evidence stands.
    pub(crate) state: AttemptState,
    /// What is not as docket left it, the ledger included.
    pub(crate) problems: Vec<String>,
}

/// Evidence that was exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Exported {
    /// The new file.
    pub(crate) path: PathBuf,
    /// Its size in bytes.
    pub(crate) bytes: u64,
    /// Whether all in it is as it was sealed.
    pub(crate) is_intact: bool,
}

/// A diff to review.
#[derive(Debug, Default)]
pub(crate) struct Reviewed {
    /// The diff and its index.
    pub(crate) diff: Unified,
    /// Whether it was taken now from the worktree of an attempt that runs.
    pub(crate) is_live: bool,
    /// The length of the whole, when only its beginning was read.
    pub(crate) cut_of: Option<u64>,
    /// Two attempts side by side: what, the first, the second.
    pub(crate) table: Vec<[String; 3]>,
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
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RunFiles {
    /// `r12`.
    pub(crate) run: String,
    /// Its attempts, in order.
    pub(crate) attempts: Vec<AttemptFiles>,
}

/// An attempt's evidence.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AttemptFiles {
    /// From 1.
    pub(crate) number: u32,
    /// Its files, in order of their paths.
    pub(crate) files: Vec<FileEntry>,
    /// What the ledger tells of it, as far as it can be read.
    pub(crate) facts: Option<Facts>,
}

/// What the ledger tells of an attempt.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Facts {
    /// Its outcome, its times, its seal, and what its validations said.
    pub(crate) attempted: Attempted,
    /// Whether its files were thrown away on purpose.
    pub(crate) is_dropped: bool,
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

/// A piece of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Content {
    /// Where it begins.
    pub(crate) start: u64,
    /// As much as was read.
    pub(crate) bytes: Vec<u8>,
    /// The file's length.
    pub(crate) length: u64,
}
