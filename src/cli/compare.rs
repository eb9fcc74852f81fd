//! The files of an attempt at one moment of its life, for comparing: `TICKET-003.1`, `TICKET-003.1@2`.

use std::fmt;
use std::fs;
use std::path::PathBuf;

use serde::Serialize;

use super::error::CliError;
use super::find;
use super::history::History;
use super::place::Place;
use crate::domain::attempt::Workspace;
use crate::domain::event::Event;
use crate::domain::ids::AttemptId;
use crate::git::{GitError, Repository, SnapshotOptions, TreeId};

/// An attempt's files at one moment.
#[derive(Debug, Serialize)]
pub(super) struct Side {
    /// Whose.
    pub(super) attempt: AttemptId,
    /// After which turn; 0 is what it began from, `None` its last state.
    pub(super) turn: Option<u32>,
    /// The files.
    pub(super) tree: TreeId,
    /// Taken now from the worktree of an attempt that runs.
    pub(super) live: bool,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.turn {
            Some(turn) => write!(f, "{}@{turn}", self.attempt),
            None => write!(f, "{}", self.attempt),
        }
    }
}

/// What `word` means: a ticket or an attempt, and a turn after an `@`.
pub(super) fn side(place: &Place, git: &Repository, word: &str) -> Result<Side, CliError> {
    let (name, turn) = match word.rsplit_once('@') {
        Some((name, turn)) => {
            let turn: u32 = turn.parse().map_err(|_no_number| {
                CliError::Usage(format!(
                    "`{word}` names no turn: a number comes after the `@`, as in {name}@1"
                ))
            })?;
            (name, Some(turn))
        }
        None => (word, None),
    };
    let (reader, target) = find::one(place, name)?;
    let record = find::last_attempt(&reader, &target, None)?;
    let events = reader.events_of_attempt(&record.attempt)?;
    let history = History::read(&reader, &place.places, record)?;
    let attempt = history.record.attempt.clone();
    let done = |tree: TreeId, live: bool| Side {
        attempt: attempt.clone(),
        turn,
        tree,
        live,
    };
    if turn.is_none()
        && history.record.outcome.is_none()
        && let Some(workspace) = &history.workspace
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
    let base = history
        .workspace
        .as_ref()
        .and_then(|workspace| workspace.branch.as_ref()?.base.parse().ok())
        .map(|commit| git.tree_of(commit));
    let last = known.iter().map(|(turn, _)| *turn).max();
    let wanted = turn.or(last);
    let found = known.iter().rfind(|(turn, _)| Some(*turn) == wanted);
    if let Some((_, tree)) = found {
        return Ok(done(*tree, false));
    }
    if turn == Some(0) || (turn.is_none() && history.record.commit.is_none()) {
        let base = base.ok_or_else(|| {
            CliError::Usage(format!(
                "it is not known what {attempt} began from: it worked in place"
            ))
        })?;
        return Ok(done(base?, false));
    }
    let commit = history.record.commit.as_ref().filter(|_| turn.is_none());
    if let Some(commit) = commit.and_then(|commit| commit.parse().ok()) {
        return Ok(done(git.tree_of(commit)?, false));
    }
    let mut turns: Vec<_> = known.iter().map(|(turn, _)| turn.to_string()).collect();
    turns.dedup();
    Err(CliError::Usage(if turns.is_empty() {
        format!("nothing is saved of the turns of {attempt}")
    } else {
        let turns = turns.join(", ");
        let turn = turn.unwrap_or_default();
        format!("{attempt} has no saved turn {turn}: it has {turns}")
    }))
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
        let name = format!("docket-diff-{}-{attempt}", std::process::id());
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
