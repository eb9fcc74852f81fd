//! Integration: accepted work goes to the run's branch, by moving references only. No checkout and no index is touched.

use super::error::GitError;
use super::ids::{BranchName, CommitId};
use super::repository::Repository;

/// What became of an integration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Integration {
    /// The run's branch is at this commit now (or was already).
    Integrated {
        /// The run branch's new head.
        commit: CommitId,
    },
    /// The run's branch went on in the meantime: the work has to be merged and validated again. Nothing was changed.
    NotFastForward {
        /// Where the run's branch is.
        run_head: CommitId,
    },
}

impl Repository {
    /// Moves the run's branch forward to `commit`, if all that it holds is in `commit`'s past.
    ///
    /// # Errors
    /// [`GitError::BranchCheckedOut`]: moving it would make that checkout look changed. [`GitError::BranchMissing`].
    /// [`GitError::BranchMoved`] when somebody moved it between our look and our swap: ask again.
    pub fn integrate_fast_forward(
        &self,
        run_branch: &BranchName,
        commit: CommitId,
    ) -> Result<Integration, GitError> {
        let run_head = self
            .branch_commit(run_branch)?
            .ok_or_else(|| GitError::BranchMissing {
                name: run_branch.clone(),
            })?;
        if run_head == commit {
            return Ok(Integration::Integrated { commit });
        }
        if !self.is_ancestor(run_head, commit)? {
            return Ok(Integration::NotFastForward { run_head });
        }
        let elsewhere = self.checked_out_at(run_branch)?.into_iter().next();
        if let Some(worktree) = elsewhere {
            return Err(GitError::BranchCheckedOut {
                name: run_branch.clone(),
                worktree,
            });
        }
        self.move_branch(run_branch, run_head, commit, "integrate")?;
        Ok(Integration::Integrated { commit })
    }
}
