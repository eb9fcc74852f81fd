//! What the screen is given at its start, and what it says at its end.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use jiff::tz::TimeZone;
use tokio::sync::mpsc;

use super::abilities::Abilities;
use super::announce::Announce;
use super::clipboard::Clipboard;
use super::preferences::Preferences;
use super::terminals::OpenTerminal;
use super::theme::{ColorDepth, Theme};
use crate::domain::board::Board;
use crate::domain::settings::SpendingLimits;
use crate::domain::ticket::{AgentName, KnownNames};
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
    /// What each agent can do, by its name.
    pub abilities: BTreeMap<String, Abilities>,
    /// The file of what the user always allows.
    pub approvals: Option<PathBuf>,
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
    /// Keys, layout, limits.
    pub preferences: Preferences,
    /// What new tickets get.
    pub new_tickets: NewTickets,
    /// Where the user's themes are, and when they change.
    pub themes: ThemeSource,
    /// What the overview reads.
    pub books: Books,
    /// How copied texts get out.
    pub clipboard: Clipboard,
}

/// Where the user's themes are, and when they change.
#[derive(Debug)]
pub struct ThemeSource {
    /// The folder of the user's themes; it needs not be there.
    pub folder: Option<PathBuf>,
    /// The configuration that a line for a theme belongs into.
    pub config: Option<PathBuf>,
    /// Tells that a file in the folder has changed, and nothing when the other end is dropped.
    pub changes: mpsc::Receiver<()>,
}

/// What the overview reads.
#[derive(Debug, Clone, Default)]
pub struct Books {
    /// The ledger; it needs not be there. Without it only what was seen live is shown.
    pub ledger: Option<PathBuf>,
    /// What runs and days may use.
    pub spending: SpendingLimits,
}

/// A program of the user's that gets the terminal until it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outside {
    /// `$PAGER` on a file.
    Pager {
        /// Which file.
        path: PathBuf,
        /// Whether its end is shown first, by pagers that are known to do that when they are told.
        from_end: bool,
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

/// Where new tickets go, and what they begin from.
#[derive(Debug, Clone, Default)]
pub struct NewTickets {
    /// The queue's folder.
    pub folder: PathBuf,
    /// Who works on them, unless the template says that itself.
    pub agent: Option<AgentName>,
    /// The name of the template that is offered first.
    pub template: &'static str,
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

impl Look {
    /// What laid-out lines depend on besides their text and width: with another stamp they are laid out anew.
    pub(crate) fn stamp(&self) -> u64 {
        self.theme.fingerprint()
    }
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
