//! Git: worktrees, autosave refs, diffs, commits, integration. All of gix lives here.

mod error;
mod ids;
mod repository;

pub use error::GitError;
pub use ids::{BranchName, CommitId, TreeId};
pub use repository::{Head, Repository, UserSettings};
