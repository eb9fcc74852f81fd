//! Git: worktrees, autosave refs, diffs, commits, integration. All of gix lives here.

mod branch;
mod changes;
mod command;
mod commit;
mod diff;
mod error;
mod exclude;
mod ids;
mod init;
mod integrate;
mod merge;
mod obstacles;
mod remove;
mod repository;
mod saves;
mod snapshot;
mod stat_cache;
mod status;
mod submodule;
mod worktree;

pub use command::{OnBehalfOf, git_version};
pub use commit::{CommitMessage, Committed};
pub use diff::{ChangeKind, Diff, FileChange, FileMode};
pub use error::GitError;
pub use ids::{BranchName, CommitId, TreeId};
pub use init::init_with_first_commit;
pub use integrate::Integration;
pub use merge::MergeOutcome;
pub use remove::Removal;
pub use repository::{Head, Repository, UserSettings};
pub use saves::Autosave;
pub use snapshot::{LeftOut, LeftOutReason, Snapshot, SnapshotOptions};
pub use status::StatusCounts;
pub use worktree::{Worktree, WorktreeEntry, WorktreeState};
