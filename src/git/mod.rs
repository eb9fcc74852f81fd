//! Git: worktrees, autosave refs, diffs, commits, integration. All of gix lives here.

mod branch;
mod error;
mod exclude;
mod ids;
mod integrate;
mod repository;
mod snapshot;
mod stat_cache;
mod worktree;

pub use error::GitError;
pub use ids::{BranchName, CommitId, TreeId};
pub use integrate::Integration;
pub use repository::{Head, Repository, UserSettings};
pub use snapshot::{LeftOut, LeftOutReason, Snapshot, SnapshotOptions};
pub use worktree::{Worktree, WorktreeEntry, WorktreeState};
