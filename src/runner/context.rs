//! What every part of the runner shares: places, settings and channels. Nothing in it changes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::config::Config;
use crate::config::approvals::Approvals;
use crate::domain::board::Feed;
use crate::domain::event::RunOutcome;
use crate::domain::ids::{AttemptId, RunId, TicketId};
use crate::domain::settings::{Isolation, Settings};
use crate::git::Repository;
use crate::proc::clock::SystemClock;
use crate::store::{Ledger, LedgerError};

/// Where things are (DESIGN 3).
#[derive(Debug, Clone)]
pub struct Places {
    /// The repository's root, or the folder itself without git.
    pub root: PathBuf,
    /// The folder of the queue.
    pub tickets: PathBuf,
    /// docket's own program: for the shim and for replays.
    pub program: PathBuf,
    /// What the user always allows, by repository.
    pub approvals: Approvals,
}

impl Places {
    /// What the ledger's file is called; it lies beside the root of all evidence.
    pub const LEDGER: &'static str = "ledger.db";

    /// docket's own folder.
    pub fn docket(&self) -> PathBuf {
        self.root.join(".docket")
    }

    /// The ledger.
    pub fn ledger(&self) -> PathBuf {
        self.docket().join(Self::LEDGER)
    }

    /// What docket may forget: it only saves work.
    pub fn cache(&self) -> PathBuf {
        self.docket().join("cache")
    }

    /// Where the snapshots of an attempt's working tree remember what they hashed.
    pub fn snapshot_cache(&self, attempt: &AttemptId) -> PathBuf {
        self.cache().join(format!("{attempt}.index"))
    }

    /// The root of all evidence.
    pub fn evidence(&self) -> PathBuf {
        self.docket().join("evidence")
    }

    /// Where worktrees are made.
    pub fn worktrees(&self) -> PathBuf {
        self.docket().join("worktrees")
    }

    /// What was handed in for a ticket, byte by byte.
    pub fn submitted(&self, ticket: &TicketId) -> PathBuf {
        self.docket().join("submitted").join(ticket.as_str())
    }

    /// Notes shared by all agents.
    pub fn context(&self) -> PathBuf {
        self.docket().join("context")
    }
}

pub(super) struct Context {
    pub(super) places: Places,
    pub(super) config: Config,
    pub(super) settings: Arc<Settings>,
    /// `None` without git; then attempts work in place.
    pub(super) git: Option<Repository>,
    pub(super) ledger: Ledger,
    pub(super) clock: SystemClock,
    pub(super) feed: mpsc::UnboundedSender<Feed>,
    /// Where attempts say that they have a terminal.
    pub(super) terminals: super::terminals::Post,
}

impl Context {
    /// Tells everybody who listens. Nobody listening is fine: the ledger has the facts.
    pub(super) fn tell(&self, feed: Feed) {
        let _nobody_listens = self.feed.send(feed);
    }

    /// Tells the end of a run after everything that is on its way to the ledger. A run whose facts could not be stored has
    /// ended as broken, whatever it came to.
    pub(super) fn tell_end(&self, run: RunId, outcome: RunOutcome) {
        let (sender, barrier) = (self.feed.clone(), self.ledger.barrier());
        tokio::spawn(async move {
            let outcome = match barrier.await {
                Ok(Ok(_)) => outcome,
                Ok(Err(_)) | Err(_) => RunOutcome::Broken,
            };
            let _nobody_listens = sender.send(Feed::RunOver { run, outcome });
        });
    }

    /// Waits until all that was emitted so far is on the disk.
    pub(super) async fn stored(&self) -> Result<(), LedgerError> {
        match self.ledger.barrier().await {
            Ok(result) => result.map(|_| ()),
            Err(_closed) => Err(LedgerError::Closed {
                path: self.places.ledger(),
            }),
        }
    }

    /// The repository, when attempts work in worktrees.
    pub(super) fn worktree_git(&self) -> Option<&Repository> {
        self.git
            .as_ref()
            .filter(|_| self.settings.isolation == Isolation::Worktree)
    }

    /// A path as people read it: relative to the repository where possible.
    pub(super) fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.places.root)
            .unwrap_or(path)
            .display()
            .to_string()
    }
}
