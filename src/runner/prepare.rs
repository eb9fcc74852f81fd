//! What a run needs before its first attempt: git must not see docket's folder, and the run has its branch. And a look at the
//! queue's files, before it ends.

use std::path::Path;
use std::sync::Arc;

use super::context::Context;
use crate::domain::ids::RunId;
use crate::domain::machine::Input;
use crate::domain::queue::Queue;
use crate::git::{BranchName, CommitId, GitError, Repository};
use crate::store::Reader;
use crate::tickets::load;

pub(super) async fn run(context: &Arc<Context>, run: RunId) -> Input {
    let Some(git) = context.git.clone() else {
        return Input::RunPrepared {
            branch: None,
            head: None,
        };
    };
    let needs_branch = context.worktree_git().is_some();
    let places = context.places.clone();
    let prepared = move || {
        git.exclude("/.docket/")?;
        needs_branch
            .then(|| branch(&git, run, &places.ledger(), &places.worktrees()))
            .transpose()
    };
    match tokio::task::spawn_blocking(prepared).await {
        Ok(Ok(cut)) => {
            let (branch, head) = cut.map(|(name, base, head)| ((name, base), head)).unzip();
            Input::RunPrepared { branch, head }
        }
        Ok(Err(error)) => Input::RunNotPrepared {
            why: error.to_string(),
        },
        Err(error) => Input::RunNotPrepared {
            why: error.to_string(),
        },
    }
}

/// Reads the queue's files as they are now.
pub(super) async fn look(context: &Arc<Context>) -> Input {
    let places = context.places.clone();
    let read = tokio::task::spawn_blocking(move || load::scan(&places.root, &places.tickets));
    let entries = match read.await {
        Ok(scan) => scan.entries,
        Err(error) => {
            tracing::error!(%error, "the queue could not be read");
            Vec::new()
        }
    };
    Input::Looked(Arc::new(Queue::new(entries)))
}

/// Cuts the run's branch. Gives the branch, where the user was, and where it was cut.
fn branch(
    git: &Repository,
    run: RunId,
    ledger: &Path,
    worktrees: &Path,
) -> Result<(String, String, String), GitError> {
    if let Err(error) = git.prune_worktrees(worktrees) {
        tracing::warn!(%error, "what a crash left of worktrees stays registered");
    }
    let base = git.head_commit()?;
    let start = unmerged_work(git, base, ledger)?.unwrap_or(base);
    let name = BranchName::of_run(run);
    git.create_branch(&name, start)?;
    Ok((name.to_string(), base.to_string(), start.to_string()))
}

/// The head of the last run's branch, when it holds work that the user has not merged yet and the user is still where that
/// run began, or on the way from there to it. Tickets that depend on that work find it; when the user has gone another way,
/// the run begins where the user is.
fn unmerged_work(
    git: &Repository,
    head: CommitId,
    ledger: &Path,
) -> Result<Option<CommitId>, GitError> {
    let last = Reader::open(ledger)
        .and_then(|reader| reader.runs())
        .ok()
        .and_then(|runs| {
            runs.into_iter()
                .rev()
                .find_map(|run| run.branch.zip(run.base))
        });
    let Some((branch, base)) = last else {
        return Ok(None);
    };
    let (Ok(branch), Ok(base)) = (branch.parse::<BranchName>(), base.parse::<CommitId>()) else {
        return Ok(None);
    };
    let Some(work) = git.branch_commit(&branch)? else {
        return Ok(None);
    };
    // A base that was pruned away is nobody's ancestor.
    let same_way = git.is_ancestor(base, head).unwrap_or(false)
        && git.is_ancestor(head, work).unwrap_or(false);
    Ok(same_way.then_some(work))
}
