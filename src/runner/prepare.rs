//! What a run needs before its first attempt: its branch.

use std::sync::Arc;

use super::context::Context;
use crate::domain::ids::RunId;
use crate::domain::machine::Input;
use crate::git::{BranchName, GitError, Repository};

pub(super) async fn run(context: &Arc<Context>, run: RunId) -> Input {
    let Some(git) = context.worktree_git().cloned() else {
        return Input::RunPrepared { branch: None };
    };
    match tokio::task::spawn_blocking(move || branch(&git, run)).await {
        Ok(Ok(branch)) => Input::RunPrepared {
            branch: Some(branch),
        },
        Ok(Err(error)) => Input::RunNotPrepared {
            why: error.to_string(),
        },
        Err(error) => Input::RunNotPrepared {
            why: error.to_string(),
        },
    }
}

/// Cuts the run's branch from where the user is, and sees to it that git ignores docket's folder.
fn branch(git: &Repository, run: RunId) -> Result<(String, String), GitError> {
    git.exclude("/.docket/")?;
    let base = git.head_commit()?;
    let name = BranchName::of_run(run);
    git.create_branch(&name, base)?;
    Ok((name.to_string(), base.to_string()))
}
