//! Throwing away what was planned: the ledger first, then files, then git.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;

use super::{GcError, Item, Stays, Sweep};
use crate::domain::event::Event;
use crate::domain::ids::AttemptId;
use crate::git::{GitError, Repository, SnapshotOptions};
use crate::proc::clock::{Clock as _, SystemClock};
use crate::runner::context::Places;
use crate::store::{Ledger, Subscriber, evidence};

/// What is there does not go.
enum NotGone {
    /// Something in it would be lost.
    Stays(String),
    /// It should have gone.
    Failed(String),
}

pub(super) fn carry_out(
    places: &Places,
    git: Option<&Repository>,
    plan: Sweep,
    clock: &SystemClock,
) -> Result<Sweep, GcError> {
    note_in_ledger(places, &plan, clock)?;
    let mut done = Sweep {
        stays: plan.stays,
        ..Sweep::default()
    };
    // An attempt whose worktree turned out to hold something keeps all that could explain it.
    let mut held: BTreeSet<AttemptId> = BTreeSet::new();
    for item in plan.items {
        let gone = match git {
            Some(git) if git_part(&item) => of_git(places, git, &item, &held),
            None if git_part(&item) => Err(NotGone::Failed("the repository is gone".to_owned())),
            _ => of_files(places, &item),
        };
        let thing = name(&item);
        match gone {
            Ok(()) => done.items.push(item),
            Err(NotGone::Stays(why)) => {
                if let Item::Worktree { attempt, .. } = &item {
                    held.insert(attempt.clone());
                }
                done.stays.push(Stays { thing, why });
            }
            Err(NotGone::Failed(why)) => {
                if let Item::Worktree { attempt, .. } = &item {
                    held.insert(attempt.clone());
                }
                done.failed.push(Stays { thing, why });
            }
        }
    }
    Ok(done)
}

/// On the disk before the first file goes.
fn note_in_ledger(places: &Places, plan: &Sweep, clock: &SystemClock) -> Result<(), GcError> {
    let events: Vec<_> = plan
        .items
        .iter()
        .filter_map(|item| match item {
            Item::Evidence {
                attempt,
                run,
                over: Some(_),
                files,
                bytes,
            } => Some((
                *run,
                Event::EvidenceDropped {
                    attempt: attempt.clone(),
                    files: *files,
                    bytes: *bytes,
                },
            )),
            _ => None,
        })
        .collect();
    if events.is_empty() {
        return Ok(());
    }
    let ledger = Ledger::open(&places.ledger(), Subscriber::none())?;
    for (run, event) in events {
        ledger.append(run, clock.now().wall, vec![event]);
    }
    ledger.close()?;
    Ok(())
}

fn git_part(item: &Item) -> bool {
    match item {
        Item::Worktree { .. }
        | Item::AttemptBranch { .. }
        | Item::Autosaves { .. }
        | Item::RunBranch { .. }
        | Item::Registration { .. } => true,
        Item::Evidence { .. } | Item::Cache { .. } | Item::Letter { .. } => false,
    }
}

fn of_git(
    places: &Places,
    git: &Repository,
    item: &Item,
    held: &BTreeSet<AttemptId>,
) -> Result<(), NotGone> {
    match item {
        Item::Worktree {
            attempt,
            path,
            removal,
            ..
        } => {
            let cache = places.snapshot_cache(attempt);
            let options = SnapshotOptions::new(&cache);
            git.remove_worktree(path, *removal, &options)
                .map_err(not_gone)?;
            // A worktree that is gone needs none; it was looked at a moment ago, which may have made one.
            let _no_cache_was_made = fs::remove_file(cache);
        }
        Item::AttemptBranch {
            branch, held_by, ..
        }
        | Item::RunBranch {
            branch, held_by, ..
        } => git
            .delete_merged_branch(branch, held_by)
            .map_err(not_gone)?,
        Item::Autosaves { attempt, saves, .. } => {
            if held.contains(attempt) {
                return Err(NotGone::Stays("its worktree stays".to_owned()));
            }
            for save in saves {
                git.drop_autosave(save).map_err(not_gone)?;
            }
        }
        Item::Registration { path } => {
            git.prune_worktrees(&places.worktrees()).map_err(not_gone)?;
            let still = git.worktrees().map_err(not_gone)?;
            if still.iter().any(|entry| entry.path == *path) {
                return Err(NotGone::Stays(
                    "it holds a commit that is nowhere else".to_owned(),
                ));
            }
        }
        Item::Evidence { .. } | Item::Cache { .. } | Item::Letter { .. } => {}
    }
    Ok(())
}

fn of_files(places: &Places, item: &Item) -> Result<(), NotGone> {
    match item {
        Item::Evidence { attempt, run, .. } => {
            evidence::drop_files(&places.evidence(), *run, attempt)
                .map_err(|error| NotGone::Failed(error.to_string()))?;
        }
        Item::Cache { path, .. } | Item::Letter { path, .. } => match fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(NotGone::Failed(error.to_string()));
            }
            Ok(()) | Err(_) => {}
        },
        _ => {}
    }
    Ok(())
}

fn not_gone(error: GitError) -> NotGone {
    match error {
        GitError::WorktreeDirty { .. }
        | GitError::WorktreeLocked { .. }
        | GitError::WorktreeBroken { .. }
        | GitError::BranchNotMerged { .. }
        | GitError::BranchCheckedOut { .. }
        | GitError::BranchMoved { .. } => NotGone::Stays(error.to_string()),
        error => NotGone::Failed(error.to_string()),
    }
}

fn name(item: &Item) -> String {
    match item {
        Item::Evidence { attempt, .. } => format!("the evidence of {attempt}"),
        Item::Worktree { path, .. } => format!("the worktree {}", path.display()),
        Item::AttemptBranch { branch, .. } | Item::RunBranch { branch, .. } => {
            format!("the branch {branch}")
        }
        Item::Autosaves { attempt, .. } => format!("the autosaves of {attempt}"),
        Item::Registration { path } => format!("the registration of {}", path.display()),
        Item::Cache { path, .. } | Item::Letter { path, .. } => path.display().to_string(),
    }
}
