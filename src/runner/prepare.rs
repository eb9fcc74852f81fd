//! What a run needs before its first attempt: git must not see docket's folder, and the run has its branch.

use std::sync::Arc;

use super::context::Context;
use crate::domain::ids::RunId;
use crate::domain::machine::Input;
use crate::git::{BranchName, GitError, Repository};

pub(super) async fn run(context: &Arc<Context>, run: RunId) -> Input {
    let Some(git) = context.git.clone() else {
        return Input::RunPrepared { branch: None };
    };
    let needs_branch = context.worktree_git().is_some();
    let prepared = move || {
        git.exclude("/.docket/")?;
        needs_branch.then(|| branch(&git, run)).transpose()
    };
    match tokio::task::spawn_blocking(prepared).await {
        Ok(Ok(branch)) => Input::RunPrepared { branch },
        Ok(Err(error)) => Input::RunNotPrepared {
            why: error.to_string(),
        },
        Err(error) => Input::RunNotPrepared {
            why: error.to_string(),
        },
    }
}

/// Cuts the run's branch from where the user is.
fn branch(git: &Repository, run: RunId) -> Result<(String, String), GitError> {
    let base = git.head_commit()?;
    let name = BranchName::of_run(run);
    git.create_branch(&name, base)?;
    Ok((name.to_string(), base.to_string()))
}
