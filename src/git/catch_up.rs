//! An attempt catches up with the run's branch: what others have brought there meanwhile comes into its working tree, as if the
//! attempt had begun there. Nobody else works in that tree while this happens; the user's checkout is not touched.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use gix::merge::blob::builtin_driver::text::Labels;

use super::command;
use super::commit::Lock;
use super::error::GitError;
use super::ids::{BranchName, CommitId, TreeId};
use super::merge::contradicting;
use super::obstacles::unsaved_in_the_way;
use super::repository::{Head, Repository};
use super::worktree::Worktree;
use crate::domain::time::Timestamp;

/// The name of the attempt's own side beside a conflict marker.
pub const OWN_SIDE: &str = "this ticket";

/// The name of the other side.
pub const OTHER_SIDE: &str = "the run's branch";

/// What is to catch up with what.
#[derive(Debug, Clone)]
pub struct CatchUp<'a> {
    /// The attempt's branch.
    pub branch: &'a BranchName,
    /// Where the attempt began, or caught up last.
    pub base: CommitId,
    /// The head of the run's branch.
    pub onto: CommitId,
    /// The files of the working tree as they are.
    pub tree: TreeId,
    /// Paths whose changes are not part of the work (ticket files): they stay in the working tree as they are.
    pub apart: &'a [PathBuf],
    /// An index file of docket's own, made anew.
    pub index: &'a Path,
    /// When.
    pub at: Timestamp,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct CaughtUp {
    /// The files of the working tree now.
    pub tree: TreeId,
    /// Files that both sides changed so that only a reader can tell what is right: they have conflict markers, or one side's text.
    pub conflicts: Vec<PathBuf>,
}

/// Two sets of changes in one tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergedTree {
    /// The files. Those in `conflicts` have conflict markers, or one side's text.
    pub tree: TreeId,
    /// Where the sides contradict each other.
    pub conflicts: Vec<PathBuf>,
}

impl Repository {
    /// Merges two trees with what both began from, without any checkout.
    pub fn merge_trees(
        &self,
        ancestor: TreeId,
        ours: (TreeId, &str),
        theirs: (TreeId, &str),
    ) -> Result<MergedTree, GitError> {
        let failed = || GitError::failed("merge two trees");
        let local = self.local();
        let labels = Labels {
            ancestor: None,
            current: Some(ours.1.into()),
            other: Some(theirs.1.into()),
        };
        let options = local.tree_merge_options().map_err(failed())?;
        let mut merged = local
            .merge_trees(ancestor.0, ours.0.0, theirs.0.0, labels, options)
            .map_err(failed())?;
        let conflicts = contradicting(&merged.conflicts);
        let tree = TreeId(merged.tree.write().map_err(failed())?.detach());
        Ok(MergedTree { tree, conflicts })
    }
}

impl Worktree {
    /// Brings what the run's branch has got since `base` into this working tree, its index and the attempt's branch. The agent's
    /// own commits are kept by a merge commit; without any, the branch moves to `onto` and the work stays uncommitted.
    ///
    /// # Errors
    /// [`GitError::MainCheckout`], [`GitError::BranchMissing`], [`GitError::BranchMoved`]; [`GitError::InTheWay`] and
    /// [`GitError::CommandFailed`] when a file that must not be overwritten is in the way: nothing was changed then.
    pub fn catch_up(&self, with: &CatchUp<'_>) -> Result<CaughtUp, GitError> {
        if self.is_users_checkout() {
            return Err(GitError::MainCheckout {
                path: self.path().to_owned(),
            });
        }
        let git = &self.repository;
        let committed = git
            .branch_commit(with.branch)?
            .ok_or_else(|| GitError::BranchMissing {
                name: with.branch.clone(),
            })?;
        let (base, onto) = (git.tree_of(with.base)?, git.tree_of(with.onto)?);
        let apart = || with.apart.iter().map(PathBuf::as_path);
        let work = git.with_paths_of(with.tree, base, apart())?;
        let merged = git.merge_trees(base, (work, OWN_SIDE), (onto, OTHER_SIDE))?;
        let on_disk = git.with_paths_of(merged.tree, with.tree, apart())?;
        let head = if git.is_ancestor(committed, with.onto)? {
            with.onto
        } else {
            // What is in conflict is committed as the run's branch has it, so that the markers show up as changes.
            let settled = git.with_paths_of(
                merged.tree,
                onto,
                merged.conflicts.iter().map(PathBuf::as_path),
            )?;
            let message = format!("merge {} into {}\n", with.onto, with.branch);
            git.write_commit(settled, &[committed, with.onto], &message, with.at)?
        };
        self.put_files(with.tree, on_disk, with.index)?;
        let mut conflicts = merged.conflicts;
        conflicts.extend(self.move_submodules(with.tree, on_disk)?);
        if head != committed {
            git.move_branch(with.branch, committed, head, "catch up")?;
        }
        // Its index must know what came: a file of others that git would ignore counts as gone else. An agent that went to another
        // branch has nothing to compare with; there, all is staged.
        let on_branch = matches!(self.head()?, Head::Branch { name, .. } if name == *with.branch);
        let listed = if on_branch {
            git.with_submodules_of(git.tree_of(head)?, on_disk)?
        } else {
            on_disk
        };
        self.align_index(listed, Lock::OfTheDead)?;
        Ok(CaughtUp {
            tree: on_disk,
            conflicts,
        })
    }

    /// Changes the files on disk from one tree to another, as git does it (filters, line ends, sparse patterns), through an index
    /// of docket's own. Files that differ from `from` are not overwritten: then nothing is changed.
    fn put_files(&self, from: TreeId, to: TreeId, index: &Path) -> Result<(), GitError> {
        if from == to {
            return Ok(());
        }
        let in_the_way = {
            // Not this worktree's own view, which an index that the agent broke would spoil.
            let git = self.repository.local();
            unsaved_in_the_way(&git, self.path(), from.0, to.0)?
        };
        if !in_the_way.is_empty() {
            return Err(GitError::InTheWay { paths: in_the_way });
        }
        let own = self.local().index_path();
        let (from, to) = (from.to_string(), to.to_string());
        let git = |subcommand: &str, arguments: &[&str]| {
            let arguments: Vec<&OsStr> = arguments.iter().map(OsStr::new).collect();
            let settings = self.repository.settings();
            command::in_worktree(self.path(), settings, index, subcommand, &arguments).map(drop)
        };
        // Its own index knows which files are as they were: without it, git would read them all. Over an agent's unfinished merge
        // git does not read.
        let known = fs::copy(own, index).is_ok() && git("read-tree", &["-m", &from]).is_ok();
        let read = || {
            if !known {
                let _not_there = fs::remove_file(index);
                git("read-tree", &[&from])?;
            }
            // It fails for files that differ, which is found out below where it matters.
            let _some_differ = git("update-index", &["-q", "--refresh"]);
            git("read-tree", &["-m", "-u", &from, &to])
        };
        let changed = read();
        let _made_anew_each_time = fs::remove_file(index);
        changed
    }
}
