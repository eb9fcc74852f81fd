//! What the screen is given at its start, and what it says at its end.

use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::announce::Announce;
use super::terminals::OpenTerminal;
use super::theme::{ColorDepth, Theme};
use crate::domain::board::Board;
use crate::domain::ticket::KnownNames;
use crate::domain::time::Now;
use crate::runner::handle::RunnerHandle;

/// Where the screen gets the time from.
pub type Clock = Arc<dyn Fn() -> Now + Send + Sync>;

/// Everything that the screen needs to know at its start.
pub struct Session {
    /// The runner: feed in, commands out.
    pub handle: RunnerHandle,
    /// What the header calls the repository.
    pub repository_name: String,
    /// Where the repository lies: terminals open here when the selected ticket has no working tree.
    pub repository_root: PathBuf,
    /// `…/.docket/evidence`: transcripts and evidence are read below it.
    pub evidence_root: PathBuf,
    /// The agents that tickets may name; `None` when that is not known.
    pub agents: Option<KnownNames>,
    /// What earlier runs left: done tickets with their proofs.
    pub seed: Board,
    /// Colours and characters.
    pub look: Look,
    /// Whether another process runs the queue and this one looks on.
    pub viewer: bool,
    /// Whether the mouse is taken from the terminal at the start; not looked at when the terminal was entered before.
    /// (`m` changes it.)
    pub mouse: bool,
    /// The clock.
    pub clock: Clock,
    /// Opens shells.
    pub terminals: Box<dyn OpenTerminal>,
    /// Runs the user's pager and editor.
    pub outside: Box<dyn RunOutside>,
    /// How a user who looks elsewhere is told.
    pub announce: Announce,
}

/// A program of the user's that gets the terminal until it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outside {
    /// `$PAGER` on a file.
    Pager {
        /// Which file.
        path: PathBuf,
    },
    /// `$VISUAL` or `$EDITOR` on a file.
    Editor {
        /// Which file.
        path: PathBuf,
        /// Where to begin, from 1, for editors that take `+LINE`.
        line: Option<usize>,
    },
}

/// Runs programs that get the terminal.
pub trait RunOutside: Send {
    /// Runs it to its end. The screen has given the terminal back, and takes it again afterwards.
    ///
    /// The error is for people: the program is missing, or it failed.
    fn run(
        &mut self,
        outside: &Outside,
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;
}

/// How everything looks.
#[derive(Debug, Clone)]
pub struct Look {
    /// A style for every role.
    pub theme: Theme,
    /// How many colours the terminal has: for colours that come from programs, not from the theme.
    pub depth: ColorDepth,
    /// Whether only ASCII may be drawn.
    pub ascii: bool,
    /// For times of day.
    pub zone: TimeZone,
    /// Whether pictures keep still: they change with facts, and nothing spins, blinks, slides or ticks by itself.
    pub reduced_motion: bool,
}

/// The end of the screen.
pub struct Ended {
    /// Why it ended.
    pub why: UiEnd,
    /// The runner, which may still be at work.
    pub handle: RunnerHandle,
    /// Whether another process ran the queue to the end, and this one looked on.
    pub viewer: bool,
    /// What the screen had folded until then.
    pub board: Board,
}

/// Why the screen ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UiEnd {
    /// The user left; no run is alive.
    Quit,
    /// The terminal is gone (SIGHUP, or it can't be read or written). Runs go on.
    HungUp,
    /// SIGTERM; no run is alive.
    Terminated,
    /// The runner ended by itself.
    RunnerEnded,
}

/// Why there is no screen.
#[derive(Debug, thiserror::Error)]
pub enum UiError {
    /// The terminal can't be set up.
    #[error("can't use this terminal for the screen: {source}; try `docket run`, which needs none")]
    Terminal {
        /// What the system said.
        #[from]
        source: io::Error,
    },
}
