//! `docket gc`: what can be thrown away, and throwing it away. Work that isn't merged, what an attempt goes on from and what holds
//! changes that are saved nowhere stay; the ledger's events always do.
//!
//! Whatever goes is in the ledger before it goes. So a gc that is killed has done no harm, and the next one ends what it began.

mod carry_out;
mod plan;

use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::context::Places;
use super::inbox::Door;
use crate::domain::ids::{AttemptId, RunId};
use crate::domain::retention::{Over, Retention};
use crate::git::{Autosave, BranchName, GitError, Removal, Repository};
use crate::proc::clock::SystemClock;
use crate::store::lock::{LockError, RunnerLock};
use crate::store::{EvidenceError, LedgerError};

/// What to throw away.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wish {
    /// How long evidence and autosaves are kept.
    pub retention: Retention,
    /// Worktrees and all but the last autosave of attempts go too whose work isn't merged, if it is saved.
    pub unmerged: bool,
}

/// One thing that goes.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Item {
    /// The files of an attempt's evidence, except its manifest and result.
    Evidence {
        /// Whose.
        attempt: AttemptId,
        /// Where it began.
        run: RunId,
        /// Which rule it falls under; `None` when an earlier gc was killed before it was done with it.
        over: Option<Over>,
        /// How many files.
        files: u32,
        /// Their bytes.
        bytes: u64,
    },
    /// The worktree of an attempt that is over.
    Worktree {
        /// Whose.
        attempt: AttemptId,
        /// Where.
        path: PathBuf,
        /// What its files take, ignored ones included.
        bytes: u64,
        /// What must be saved of it.
        #[serde(skip)]
        removal: Removal,
    },
    /// The branch of an attempt, all of whose commits are on another.
    AttemptBranch {
        /// Whose.
        attempt: AttemptId,
        /// The branch.
        #[serde(serialize_with = "as_text")]
        branch: BranchName,
        /// Which one holds its commits.
        #[serde(serialize_with = "as_text")]
        held_by: BranchName,
    },
    /// What turns of an attempt left.
    Autosaves {
        /// Whose.
        attempt: AttemptId,
        /// How many.
        turns: usize,
        /// The references.
        #[serde(skip)]
        saves: Vec<Autosave>,
    },
    /// The branch of a run that was merged.
    RunBranch {
        /// Which.
        run: RunId,
        /// The branch.
        #[serde(serialize_with = "as_text")]
        branch: BranchName,
        /// The user's branch, which holds its commits.
        #[serde(serialize_with = "as_text")]
        held_by: BranchName,
    },
    /// The registration of a worktree whose folder is gone.
    Registration {
        /// Where the folder was.
        path: PathBuf,
    },
    /// What the snapshots of a worktree remembered, or a list of terminals that could not be read, and nobody needs.
    Cache {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// What was once said to a runner, or its answer, and nobody took away.
    Letter {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
}

fn as_text<S: serde::Serializer>(name: &BranchName, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(name)
}

impl Item {
    /// What it takes on the disk, as far as that can be told: git's objects are shared and go with git's own clean-up.
    pub fn bytes(&self) -> u64 {
        match self {
            Self::Evidence { bytes, .. }
            | Self::Worktree { bytes, .. }
            | Self::Cache { bytes, .. }
            | Self::Letter { bytes, .. } => *bytes,
            Self::AttemptBranch { .. }
            | Self::Autosaves { .. }
            | Self::RunBranch { .. }
            | Self::Registration { .. } => 0,
        }
    }
}

/// Something that could have gone, and stays.
#[derive(Debug, Clone, Serialize)]
pub struct Stays {
    /// What.
    pub thing: String,
    /// Why.
    pub why: String,
}

/// What goes and what stays.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Sweep {
    /// What goes, or went.
    pub items: Vec<Item>,
    /// What stays, and why.
    pub stays: Vec<Stays>,
    /// What should have gone and could not.
    pub failed: Vec<Stays>,
}

impl Sweep {
    /// What it frees, or freed, in bytes.
    pub fn bytes(&self) -> u64 {
        self.items.iter().map(Item::bytes).sum()
    }

    fn stays(&mut self, thing: impl Into<String>, why: impl Into<String>) {
        self.stays.push(Stays {
            thing: thing.into(),
            why: why.into(),
        });
    }
}

/// Why nothing was thrown away.
#[derive(Debug, thiserror::Error)]
pub enum GcError {
    /// A runner lives, or the lock can't be had.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The door of the inbox can't be passed.
    #[error("can't use docket's inbox: {0}")]
    Door(io::Error),
    /// The ledger can't be read or written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Evidence can't be read.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// The repository can't be read.
    #[error(transparent)]
    Git(#[from] GitError),
}

/// What would go. Only reads, so a runner may live meanwhile.
pub fn preview(places: &Places, git: Option<&Repository>, wish: &Wish) -> Result<Sweep, GcError> {
    plan::make(places, git, wish, &SystemClock::new())
}

/// Throws away what [`preview`] shows. Holds the runner's lock meanwhile.
///
/// # Errors
/// [`GcError::Lock`] when a runner lives. What went wrong with single things is in [`Sweep::failed`].
pub fn sweep(places: &Places, git: Option<&Repository>, wish: &Wish) -> Result<Sweep, GcError> {
    let clock = SystemClock::new();
    let docket = places.docket();
    if !docket.is_dir() {
        return Ok(Sweep::default());
    }
    let door = Door::enter(&docket, super::DOOR).map_err(GcError::Door)?;
    let lock = RunnerLock::acquire(&docket, &super::holder(&clock))?;
    drop(door);
    // Looked at only now: what was so a moment ago need not be so still.
    let plan = plan::make(places, git, wish, &clock)?;
    let done = carry_out::carry_out(places, git, plan, &clock)?;
    drop(lock);
    Ok(done)
}

/// What everything below a folder takes. What can't be read counts nothing.
fn size_of(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(found) if found.is_dir() => size_of(&entry.path()),
            Ok(found) => found.len(),
            Err(_) => 0,
        })
        .sum()
}
