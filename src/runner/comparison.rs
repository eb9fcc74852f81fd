//! The files of an attempt at one moment of its life, and what differs between two of them: for `docket diff` and for the
//! screen.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::domain::attempt::{Validation, Workspace};
use crate::domain::event::Event;
use crate::domain::ids::AttemptId;
use crate::git::{Diff, GitError, Repository, SnapshotOptions, TreeId};
use crate::store::records::AttemptRecord;
use crate::store::{LedgerError, Reader};

/// An attempt's files at one moment.
#[derive(Debug, Serialize)]
pub struct Side {
    /// Whose.
    pub attempt: AttemptId,
    /// After which turn; 0 is what it began from, `None` its last state.
    pub turn: Option<u32>,
    /// The files.
    pub tree: TreeId,
    /// Taken now from the worktree of an attempt that runs.
    pub live: bool,
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.turn {
            Some(turn) => write!(f, "{}@{turn}", self.attempt),
            None => write!(f, "{}", self.attempt),
        }
    }
}

/// Why an attempt's files at a moment are not known.
#[derive(Debug, thiserror::Error)]
pub enum ComparisonError {
    /// The ledger can't be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Git can't tell.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The ledger doesn't know it.
    #[error("the ledger knows nothing of {attempt}")]
    Unknown {
        /// Which.
        attempt: AttemptId,
    },
    /// It had no worktree of its own.
    #[error("it is not known what {attempt} began from: it worked in place")]
    InPlace {
        /// Whose.
        attempt: AttemptId,
    },
    /// None of its turns was saved.
    #[error("nothing is saved of the turns of {attempt}")]
    NothingSaved {
        /// Whose.
        attempt: AttemptId,
    },
    /// That turn was not saved.
    #[error("{attempt} has no saved turn {turn}: it has {turns}")]
    NoSuchTurn {
        /// Whose.
        attempt: AttemptId,
        /// Which was asked for.
        turn: u32,
        /// Which there are.
        turns: String,
    },
}

/// The files of an attempt after a turn; 0 is what it began from. Without a turn: as they stand in its worktree while it
/// runs, else as its last turn left them.
pub fn side(
    git: &Repository,
    reader: &Reader,
    record: &AttemptRecord,
    turn: Option<u32>,
) -> Result<Side, ComparisonError> {
    let attempt = record.attempt.clone();
    let events = reader.events_of_attempt(&attempt)?;
    let workspace = events
        .iter()
        .rev()
        .find_map(|stored| match &stored.envelope()?.event {
            Event::WorkspacePrepared { workspace, .. } => Some(workspace),
            _ => None,
        });
    let done = |tree: TreeId, live: bool| Side {
        attempt: attempt.clone(),
        turn,
        tree,
        live,
    };
    if turn.is_none()
        && record.outcome.is_none()
        && let Some(workspace) = workspace
        && workspace.branch.is_some()
    {
        match live_tree(git, &attempt, workspace) {
            Ok(tree) => return Ok(done(tree, true)),
            Err(error) => tracing::info!(%error, %attempt, "the state after the last turn instead"),
        }
    }
    let saves = git.autosaves_of(&attempt)?;
    let in_ledger = events
        .iter()
        .filter_map(|stored| match &stored.envelope()?.event {
            Event::TurnSaved { turn, tree, .. } => {
                Some((*turn, tree.as_ref()?.parse::<TreeId>().ok()?))
            }
            _ => None,
        })
        .filter(|(_, tree)| git.has_tree(*tree));
    let mut known: Vec<(u32, TreeId)> = in_ledger.collect();
    // What a reference holds is certain to be there, so it comes last and wins.
    known.extend(saves.iter().map(|save| (save.turn, save.tree)));
    let base = workspace
        .and_then(|workspace| workspace.branch.as_ref()?.base.parse().ok())
        .map(|commit| git.tree_of(commit));
    let last = known.iter().map(|(turn, _)| *turn).max();
    let wanted = turn.or(last);
    let found = known.iter().rfind(|(turn, _)| Some(*turn) == wanted);
    if let Some((_, tree)) = found {
        return Ok(done(*tree, false));
    }
    if turn == Some(0) || (turn.is_none() && record.commit.is_none()) {
        let base = base.ok_or(ComparisonError::InPlace {
            attempt: attempt.clone(),
        })?;
        return Ok(done(base?, false));
    }
    let commit = record.commit.as_ref().filter(|_| turn.is_none());
    if let Some(commit) = commit.and_then(|commit| commit.parse().ok()) {
        return Ok(done(git.tree_of(commit)?, false));
    }
    let mut turns: Vec<_> = known.iter().map(|(turn, _)| turn.to_string()).collect();
    turns.dedup();
    Err(if turns.is_empty() {
        ComparisonError::NothingSaved { attempt }
    } else {
        ComparisonError::NoSuchTurn {
            attempt,
            turn: turn.unwrap_or_default(),
            turns: turns.join(", "),
        }
    })
}

/// What an attempt that runs has changed until now. `None` when it works in place: nobody knows what it began from.
pub fn live(
    git: &Repository,
    attempt: &AttemptId,
    workspace: &Workspace,
) -> Result<Option<Diff>, GitError> {
    let branch = workspace.branch.as_ref();
    let Some(base) = branch.and_then(|branch| branch.base.parse().ok()) else {
        return Ok(None);
    };
    let now = live_tree(git, attempt, workspace)?;
    git.diff(git.tree_of(base)?, now).map(Some)
}

/// What stands in the worktree of an attempt now.
pub(super) fn live_tree(
    git: &Repository,
    attempt: &AttemptId,
    workspace: &Workspace,
) -> Result<TreeId, GitError> {
    let cache = Cache::new(attempt);
    let worktree = git.worktree(&workspace.path)?;
    let snapshot = worktree.snapshot(&SnapshotOptions::new(&cache.path))?;
    Ok(snapshot.tree)
}

/// The cache of one snapshot; the runner's own is not touched.
struct Cache {
    path: PathBuf,
}

impl Cache {
    fn new(attempt: &AttemptId) -> Self {
        // Two snapshots of one process may overlap: the screen asks again before it has an answer.
        let thread = std::thread::current().id();
        let name = format!("docket-diff-{}-{thread:?}-{attempt}", std::process::id());
        Self {
            path: std::env::temp_dir().join(name),
        }
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        // It lies among temporary files: what can't be removed now goes with them.
        let _left_for_the_system = fs::remove_file(&self.path);
    }
}

/// Two attempts and what differs between them.
#[derive(Debug)]
pub struct Compared {
    /// What there was first.
    pub from: Attempted,
    /// What there was then.
    pub to: Attempted,
    /// The patch that leads from one to the other.
    pub patch: Vec<u8>,
}

/// An attempt and what its validations said.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempted {
    /// What the ledger tells.
    pub record: AttemptRecord,
    /// The last verdict of each name, in the order in which they first ended.
    pub validations: Vec<Validation>,
}

impl Attempted {
    /// Reads it from the ledger; `None` when the ledger doesn't know the attempt.
    pub fn read(reader: &Reader, attempt: &AttemptId) -> Result<Option<Self>, LedgerError> {
        let Some(record) = reader.attempt(attempt)? else {
            return Ok(None);
        };
        let mut validations: Vec<Validation> = Vec::new();
        for validation in reader.validations(attempt)? {
            let mut known = validations.iter_mut();
            match known.find(|known| known.name == validation.name) {
                Some(known) => *known = validation,
                None => validations.push(validation),
            }
        }
        Ok(Some(Self {
            record,
            validations,
        }))
    }
}

/// Compares the last states of two attempts. `root` is the repository, `ledger` the ledger's file.
pub fn between(
    root: &Path,
    ledger: &Path,
    from: &AttemptId,
    to: &AttemptId,
) -> Result<Compared, ComparisonError> {
    let git = Repository::discover(root)?;
    let reader = Reader::open(ledger)?;
    let read = |attempt: &AttemptId| {
        Attempted::read(&reader, attempt)?.ok_or_else(|| ComparisonError::Unknown {
            attempt: attempt.clone(),
        })
    };
    let (from, to) = (read(from)?, read(to)?);
    let old = side(&git, &reader, &from.record, None)?;
    let new = side(&git, &reader, &to.record, None)?;
    let patch = git.diff(old.tree, new.tree)?.patch;
    Ok(Compared { from, to, patch })
}

/// The patch of [`live`]; `root` is the repository.
pub fn live_patch(
    root: &Path,
    attempt: &AttemptId,
    workspace: &Workspace,
) -> Result<Option<Vec<u8>>, ComparisonError> {
    let git = Repository::discover(root)?;
    Ok(live(&git, attempt, workspace)?.map(|diff| diff.patch))
}
