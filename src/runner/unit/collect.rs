//! After a turn: the working tree is saved, the diff captured, the claim and the dispatches read.

use std::path::PathBuf;

use serde::Serialize;

use super::{GitState, Unit, blocking};
use crate::domain::ids::{AttemptId, InvalidId};
use crate::domain::machine::{Collected, Report};
use crate::domain::settings::Claim;
use crate::git::{ChangeKind, Diff, FileChange, GitError, Repository};
use crate::proc::clock::Clock as _;
use crate::runner::context::Context;
use crate::store::evidence::EvidenceFolder;

impl Unit {
    pub(super) async fn collect(&mut self, turn: u32) {
        self.collect_as(turn, None).await;
    }

    /// Saves what an earlier attempt left, whose work a human approved: that is `tree`, also when the validations had left something
    /// beside it, so that all of it was `left`.
    pub(super) async fn recollect(&mut self, tree: Option<String>, left: Option<String>) {
        let approved = tree.zip(left);
        self.collect_as(0, approved).await;
    }

    /// Tells what validations have left in the working tree of an attempt that comes to a gate: it is not part of the work, and
    /// whoever goes on from there must be able to tell it from what somebody has changed since.
    pub(super) async fn note_what_is_left(&mut self) {
        let state = self
            .prepared
            .as_ref()
            .and_then(|prepared| prepared.git.clone());
        let Some(state) = state else { return };
        let found = blocking(move || {
            let snapshot = state.worktree.snapshot(&state.options);
            let tree = snapshot.map_err(|error| error.to_string())?.tree;
            Ok::<_, String>((tree != state.last).then(|| tree.to_string()))
        })
        .await;
        match found {
            Ok(Some(tree)) => self.report(Report::Left { tree }),
            Ok(None) => {}
            // Then it is looked at once more by a human.
            Err(why) => tracing::warn!(why, "what validations left can't be told"),
        }
    }

    /// `approved` is the tree of work that was approved, and of all that was there then.
    async fn collect_as(&mut self, turn: u32, approved: Option<(String, String)>) {
        let Some(prepared) = &self.prepared else {
            return;
        };
        let dispatches = prepared.desk.take_dispatches(turn);
        let claim = match self.claim() {
            Claim::Exit => prepared.last_turn_ok,
            Claim::Ticket => prepared.desk.claims(),
        };
        let message = prepared.message.clone();
        let state = prepared.git.clone();
        let (context, attempt) = (self.context.clone(), self.spec.attempt.clone());
        let evidence = prepared.evidence.clone();
        let saved = blocking(move || match (&context.git, state) {
            (Some(git), Some(state)) => {
                let known = (turn, approved);
                save(&context, git, state, &attempt, known, &evidence).map(Some)
            }
            _ => Ok(None),
        })
        .await;
        let saved = match saved {
            Ok(saved) => saved,
            Err(why) => return self.report(Report::NotCollected { why }),
        };
        let mut collected = Collected {
            claim,
            message,
            progress: !dispatches.is_empty(),
            dispatches,
            ..Collected::default()
        };
        if let (Some(saved), Some(prepared)) = (saved, &mut self.prepared) {
            collected.autosave = Some(saved.autosave);
            collected.tree = Some(saved.state.last.to_string());
            collected.files = saved.files;
            collected.progress |= saved.progress;
            prepared.git = Some(saved.state);
        } else {
            // Without git nobody can tell whether the turn changed anything.
            collected.progress = true;
        }
        self.report(Report::Collected(collected));
    }
}

struct Saved {
    state: GitState,
    autosave: String,
    files: u32,
    progress: bool,
}

fn save(
    context: &Context,
    git: &Repository,
    mut state: GitState,
    attempt: &AttemptId,
    (turn, approved): (u32, Option<(String, String)>),
    evidence: &EvidenceFolder,
) -> Result<Saved, String> {
    let in_words = |error: GitError| error.to_string();
    let snapshot = state.worktree.snapshot(&state.options).map_err(in_words)?;
    let mut tree = snapshot.tree;
    if let Some((work, left)) = approved
        && tree.to_string() == left
    {
        tree = work.parse().map_err(|error: InvalidId| error.to_string())?;
    }
    let at = context.clock.now().wall;
    let parents: Vec<_> = state
        .worktree
        .head()
        .ok()
        .and_then(|head| head.commit())
        .into_iter()
        .collect();
    let message = format!("docket: {attempt} after turn {turn}");
    git.autosave(attempt, turn, tree, &parents, &message, at)
        .map_err(in_words)?;
    let diff = git.diff(state.base, tree).map_err(in_words)?;
    write_diff(evidence, &diff)?;
    let progress = tree != state.last;
    state.last = tree;
    (state.tickets, state.changed) = changed_paths(context, &diff);
    Ok(Saved {
        state,
        autosave: format!("refs/docket/autosave/{attempt}/{turn}"),
        files: u32::try_from(diff.files.len()).unwrap_or(u32::MAX),
        progress,
    })
}

/// The paths that changed: those of the queue, and all others.
fn changed_paths(context: &Context, diff: &Diff) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let paths = diff
        .files
        .iter()
        .flat_map(|change| [Some(&change.path), change.old_path.as_ref()])
        .flatten()
        .cloned();
    // A queue outside of the repository is in no diff.
    let folder = context
        .places
        .tickets
        .strip_prefix(&context.places.root)
        .ok();
    paths.partition(|path| folder.is_some_and(|folder| path.starts_with(folder)))
}

/// One line of `files.json`.
#[derive(Serialize)]
struct ChangedFile<'a> {
    path: std::borrow::Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    old_path: Option<std::borrow::Cow<'a, str>>,
    kind: &'static str,
    binary: bool,
    added: u32,
    removed: u32,
}

fn write_diff(evidence: &EvidenceFolder, diff: &Diff) -> Result<(), String> {
    let files: Vec<ChangedFile<'_>> = diff.files.iter().map(changed_file).collect();
    let list = serde_json::to_vec_pretty(&files).map_err(|error| error.to_string())?;
    evidence
        .write("files.json", &list)
        .map_err(|error| error.to_string())?;
    evidence
        .write("diff.patch", &diff.patch)
        .map_err(|error| error.to_string())?;
    Ok(())
}

fn changed_file(change: &FileChange) -> ChangedFile<'_> {
    ChangedFile {
        path: change.path.to_string_lossy(),
        old_path: change.old_path.as_ref().map(|path| path.to_string_lossy()),
        kind: match change.kind {
            ChangeKind::Added => "added",
            ChangeKind::Modified => "modified",
            ChangeKind::Deleted => "deleted",
            ChangeKind::Renamed => "renamed",
            ChangeKind::TypeChanged => "type_changed",
        },
        binary: change.binary,
        added: change.added_lines,
        removed: change.removed_lines,
    }
}
