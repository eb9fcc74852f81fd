//! After a turn: the working tree is saved, the diff captured, the claim and the dispatches read.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use super::{GitState, Unit, blocking, desk, policy};
use crate::domain::desk::DeskRules;
use crate::domain::ids::AttemptId;
use crate::domain::machine::{Collected, Report};
use crate::domain::settings::Claim;
use crate::git::{
    ChangeKind, Diff, FileChange, GitError, LeftOut, OTHER_SIDE, OWN_SIDE, Repository,
};
use crate::proc::clock::Clock as _;
use crate::runner::context::Context;
use crate::runner::desk::Look;
use crate::store::evidence::EvidenceFolder;

impl Unit {
    pub(super) async fn collect(&mut self, turn: u32, rules: DeskRules) {
        self.collect_as(turn, rules, false).await;
    }

    /// Saves what an earlier attempt left, whose work a human approved: it is held against the rules like a claim.
    pub(super) async fn recollect(&mut self, rules: DeskRules) {
        self.collect_as(0, rules, true).await;
    }

    async fn collect_as(&mut self, turn: u32, rules: DeskRules, is_approved: bool) {
        let Some(prepared) = &mut self.prepared else {
            return;
        };
        let exited_well = prepared.last_turn_ok;
        let said = prepared.said.take();
        let message = prepared.message.clone();
        let state = prepared.git.clone();
        let (context, spec) = (self.context.clone(), self.spec.clone());
        let (evidence, redactor) = (prepared.evidence.clone(), prepared.redactor.clone());
        let mut desk = prepared.desk.clone();
        let claims_by = self.claim();
        let saved = blocking(move || {
            let mut saved = match (&context.git, state) {
                (Some(git), Some(state)) => {
                    Some(save(&context, git, state, &spec.attempt, turn, &evidence)?)
                }
                _ => None,
            };
            let look = Look {
                context: &context,
                spec: &spec,
                turn,
                rules: &rules,
                redactor: &redactor,
                evidence: &evidence,
            };
            let state = saved.as_ref().map(|(saved, _, _)| &saved.state);
            let found = desk::read(&mut desk, &look, state)?;
            let claim = match claims_by {
                _ if is_approved => true,
                // A human's word counts for more than what the agent wrote or how it ended.
                _ if said.is_some() => said == Some(true),
                Claim::Exit => exited_well,
                Claim::Ticket => found.claim,
            };
            // Only a claim is held against the policy.
            if let (true, Some((saved, diff, left_out)), Some(git)) =
                (claim, &mut saved, &context.git)
            {
                let left_out = std::mem::take(left_out);
                let facts = policy::facts(&context, git, &saved.state, diff, left_out, &redactor);
                saved.state.facts = Arc::new(facts);
            }
            Ok((saved.map(|(saved, _, _)| saved), desk, found, claim))
        })
        .await;
        let (saved, desk, found, claim) = match saved {
            Ok(saved) => saved,
            Err(why) => return self.report(Report::NotCollected { why }),
        };
        if let Some(mut prepared) = self.prepared.take() {
            prepared.desk = desk;
            self.note_news(&mut prepared, &found);
            self.prepared = Some(prepared);
        }
        let mut collected = Collected {
            claim,
            message,
            progress: found.progress,
            gates: found.gates,
            tickets: found.tickets,
            notes: found.notes,
            dispatches: found.dispatches,
            ..Collected::default()
        };
        if let (Some(saved), Some(prepared)) = (saved, &mut self.prepared) {
            collected.autosave = Some(saved.autosave);
            collected.tree = Some(saved.state.last.to_string());
            collected.files = saved.files;
            collected.progress |= saved.progress;
            collected.conflicts = super::catch_up::shown(&saved.state.conflicts);
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
    turn: u32,
    evidence: &EvidenceFolder,
) -> Result<(Saved, Diff, Vec<LeftOut>), String> {
    let in_words = |error: GitError| error.to_string();
    let snapshot = state.worktree.snapshot(&state.options).map_err(in_words)?;
    let tree = snapshot.tree;
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
    state
        .conflicts
        .retain(|path| has_markers(&state.worktree.path().join(path)));
    let progress = tree != state.last;
    state.last = tree;
    let diff = look(context, git, &mut state, evidence)?;
    let saved = Saved {
        state,
        autosave: format!("refs/docket/autosave/{attempt}/{turn}"),
        files: u32::try_from(diff.files.len()).unwrap_or(u32::MAX),
        progress,
    };
    Ok((saved, diff, snapshot.left_out))
}

/// What the attempt has changed so far: told in evidence, and kept for the rules.
pub(super) fn look(
    context: &Context,
    git: &Repository,
    state: &mut GitState,
    evidence: &EvidenceFolder,
) -> Result<Diff, String> {
    let diff = git.diff(state.base, state.last);
    let diff = diff.map_err(|error| error.to_string())?;
    write_diff(evidence, &diff)?;
    (state.tickets, state.changed) = changed_paths(context, &diff);
    Ok(diff)
}

/// Whether a file still has a line that marks a conflict of this work with what others have brought to the run's branch.
pub(super) fn has_markers(path: &Path) -> bool {
    // An agent may have put a pipe there, or a link to what never ends.
    if !fs::symlink_metadata(path).is_ok_and(|found| found.is_file()) {
        return false;
    }
    let text = fs::read(path).unwrap_or_default();
    let (own, other) = (
        format!("<<<<<<< {OWN_SIDE}"),
        format!(">>>>>>> {OTHER_SIDE}"),
    );
    let mut lines = text.split(|byte| *byte == b'\n');
    lines.any(|line| line.starts_with(own.as_bytes()) || line.starts_with(other.as_bytes()))
}

/// The paths that changed: those of the queue, and all others.
fn changed_paths(context: &Context, diff: &Diff) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let paths = diff
        .files
        .iter()
        .flat_map(|change| [Some(&change.path), change.old_path.as_ref()])
        .flatten()
        .cloned();
    paths.partition(|path| is_ticket(context, path))
}

/// Whether a path of the working tree lies in the queue. A queue outside of the repository is in no diff.
pub(super) fn is_ticket(context: &Context, path: &Path) -> bool {
    let places = &context.places;
    let folder = places.tickets.strip_prefix(&places.root);
    folder.is_ok_and(|folder| path.starts_with(folder))
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
