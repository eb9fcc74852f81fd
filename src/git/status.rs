//! How a checkout differs from its commit: for `docket status` and `docket doctor`. Only reads, takes no lock.

use std::collections::BTreeSet;

use gix::bstr::{BString, ByteSlice};
use gix::status::index_worktree::Item as WorktreeItem;
use gix::status::plumbing::index_as_worktree::EntryStatus;
use gix::status::{Item, UntrackedFiles};

use super::error::GitError;
use super::worktree::Worktree;

/// How many files of a checkout differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StatusCounts {
    /// Files that differ between the commit and the index.
    pub staged: usize,
    /// Tracked files that differ between the index and the disk.
    pub changed: usize,
    /// Files in the middle of a conflicting merge.
    pub conflicts: usize,
    /// Files, and folders of only such files, that aren't tracked and not ignored.
    pub untracked: usize,
}

impl Worktree {
    /// Whether a tracked file was changed, staged or not. Untracked files don't count.
    pub fn is_dirty(&self) -> Result<bool, GitError> {
        self.local()
            .is_dirty()
            .map_err(GitError::failed("compare the checkout with its commit"))
    }

    /// How many files differ, by kind.
    pub fn status_counts(&self) -> Result<StatusCounts, GitError> {
        let failed = || GitError::failed("compare the checkout with its commit");
        let local = self.local();
        let items = local
            .status(gix::progress::Discard)
            .map_err(failed())?
            .untracked_files(UntrackedFiles::Collapsed)
            .index_worktree_rewrites(None)
            .tree_index_track_renames(gix::status::tree_index::TrackRenames::Disabled)
            .into_iter(None)
            .map_err(failed())?;
        let mut counts = StatusCounts::default();
        let mut conflicts: BTreeSet<BString> = BTreeSet::new();
        let mut staged: BTreeSet<BString> = BTreeSet::new();
        for item in items {
            match item.map_err(failed())? {
                Item::TreeIndex(change) => {
                    staged.insert(change.location().to_owned());
                }
                Item::IndexWorktree(WorktreeItem::Modification {
                    rela_path, status, ..
                }) => match status {
                    EntryStatus::Conflict { .. } => {
                        conflicts.insert(rela_path);
                    }
                    EntryStatus::Change(_) | EntryStatus::IntentToAdd => counts.changed += 1,
                    EntryStatus::NeedsUpdate(_) => {}
                },
                Item::IndexWorktree(WorktreeItem::DirectoryContents { entry, .. }) => {
                    let untracked = entry.status == gix::dir::entry::Status::Untracked;
                    counts.untracked += usize::from(untracked);
                }
                Item::IndexWorktree(WorktreeItem::Rewrite { .. }) => counts.changed += 1,
            }
        }
        counts.staged = staged
            .iter()
            .filter(|path| !conflicts.contains(path.as_bstr()))
            .count();
        counts.conflicts = conflicts.len();
        Ok(counts)
    }
}
