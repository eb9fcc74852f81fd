//! Bringing a commit into the branch that the user is on. It is tried without touching anything first; only what is sure to
//! overwrite nothing is left to git, which then updates the user's files as it always does.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::PathBuf;

use gix::merge::blob::builtin_driver::text::Labels;
use gix::merge::tree::{Conflict, TreatAsUnresolved};
use gix::state::InProgress;

use super::command::{self, OnBehalfOf};
use super::error::GitError;
use super::ids::{BranchName, CommitId};
use super::obstacles::Obstacles;
use super::repository::{Head, Repository};
use super::snapshot::native;

/// What became of a merge into the user's checkout. Except for [`MergeOutcome::Merged`], nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum MergeOutcome {
    /// The user's branch holds the work now.
    Merged {
        /// The branch's new head.
        commit: CommitId,
        /// Whether the branch only moved forward, without a merge commit.
        fast_forward: bool,
    },
    /// The user's branch held all of it already.
    UpToDate,
    /// Both sides changed the same: the user must decide.
    Conflict {
        /// The files, relative to the repository.
        paths: Vec<PathBuf>,
    },
    /// The user's files that aren't committed would be overwritten.
    WouldOverwrite {
        /// The files, relative to the repository: changed ones, and untracked or ignored ones that stand in the way.
        paths: Vec<PathBuf>,
    },
    /// Files that the user has staged would get into the merge commit, so git makes none. A fast-forward has no such trouble.
    Staged {
        /// The files, relative to the repository.
        paths: Vec<PathBuf>,
    },
    /// The user is in the middle of something.
    Busy {
        /// What, in words: `a rebase`.
        what: String,
    },
    /// The user is on no branch: the merge would be lost with the next `git switch`.
    NoBranch {
        /// What HEAD is at.
        commit: CommitId,
    },
}

impl std::fmt::Display for MergeOutcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let files = |paths: &[PathBuf]| {
            let first: Vec<_> = paths
                .iter()
                .take(3)
                .map(|path| path.display().to_string())
                .collect();
            let more = paths.len().saturating_sub(first.len());
            let more = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            format!("{}{more}", first.join(", "))
        };
        match self {
            Self::Merged { commit, .. } => write!(f, "merged: {commit}"),
            Self::UpToDate => f.write_str("your branch holds it already"),
            Self::Conflict { paths } => write!(f, "conflict in {}", files(paths)),
            Self::WouldOverwrite { paths } => write!(
                f,
                "your uncommitted changes would be overwritten: {}",
                files(paths)
            ),
            Self::Staged { paths } => write!(f, "staged files are in the way: {}", files(paths)),
            Self::Busy { what } => write!(f, "you are in the middle of {what}"),
            Self::NoBranch { .. } => f.write_str("you are on no branch"),
        }
    }
}

/// What a merge would do.
enum Preview {
    Forward,
    Commit,
    Not(MergeOutcome),
}

impl Repository {
    /// What [`Repository::merge_into_checkout`] would come to, without doing it; `None` when it would merge. Takes no lock, writes
    /// nothing.
    pub fn preview_merge(&self, commit: CommitId) -> Result<Option<MergeOutcome>, GitError> {
        Ok(match self.preview(commit)? {
            Preview::Forward | Preview::Commit => None,
            Preview::Not(outcome) => Some(outcome),
        })
    }

    /// Merges `commit` into the branch that is checked out at [`Repository::root`], and updates the files there: forward where
    /// that is possible, else with a merge commit. `name` is what the merge commit says was merged. Files that the user has not
    /// committed stay as they are, or nothing is done at all.
    ///
    /// Settings of the user that would make something else of it (`merge.ff`, `merge.autoStash`) don't count.
    ///
    /// # Errors
    /// [`GitError::NoCommitYet`]. [`GitError::Locked`] when another git is at work. [`GitError::CommandFailed`] with git's own
    /// words when git or a hook refused: all is as it was before.
    pub fn merge_into_checkout(
        &self,
        name: &BranchName,
        commit: CommitId,
        behalf: OnBehalfOf,
    ) -> Result<MergeOutcome, GitError> {
        let fast_forward = match self.preview(commit)? {
            Preview::Forward => true,
            Preview::Commit => false,
            Preview::Not(outcome) => return Ok(outcome),
        };
        let target = commit.to_string();
        let message = format!("Merge branch '{name}'");
        let mut arguments = vec!["--no-autostash", "--no-squash", "--no-stat", "--quiet"];
        if fast_forward {
            arguments.push("--ff-only");
        } else {
            arguments.extend(["--no-ff", "--commit", "--no-edit", "-m", message.as_str()]);
            if behalf == OnBehalfOf::Docket {
                arguments.extend(["--no-gpg-sign", "--no-verify"]);
            }
        }
        arguments.push(&target);
        let done = self.git_in_checkout(behalf, "merge", &arguments);
        // HEAD tells, not the exit code: a branch that holds the work holds it, whatever came after.
        let head = self.head_commit()?;
        if self.is_ancestor(commit, head)? {
            if let Err(error) = done {
                tracing::warn!(%error, "git complained about a merge that is there");
            }
            return Ok(MergeOutcome::Merged {
                commit: head,
                fast_forward,
            });
        }
        let failed = match done {
            Err(error) => error,
            Ok(()) => GitError::UnexpectedAnswer {
                command: "merge".to_owned(),
                detail: format!("it succeeded, but HEAD doesn't hold {commit}"),
            },
        };
        self.take_back(commit, behalf, failed)
    }

    /// Leaves the checkout as it was before a merge that git began and did not end.
    fn take_back(
        &self,
        commit: CommitId,
        behalf: OnBehalfOf,
        failed: GitError,
    ) -> Result<MergeOutcome, GitError> {
        // There was no such file before: else we had not begun.
        let begun = self.local().git_dir().join("MERGE_HEAD");
        let ours = std::fs::read_to_string(&begun)
            .is_ok_and(|text| text.trim_ascii() == commit.to_string());
        if !ours {
            return Err(failed);
        }
        let conflicts = self.unmerged()?;
        self.git_in_checkout(behalf, "merge", &["--abort"])?;
        if conflicts.is_empty() {
            Err(failed)
        } else {
            Ok(MergeOutcome::Conflict { paths: conflicts })
        }
    }

    fn git_in_checkout(
        &self,
        behalf: OnBehalfOf,
        subcommand: &str,
        arguments: &[&str],
    ) -> Result<(), GitError> {
        let arguments: Vec<&OsStr> = arguments.iter().map(OsStr::new).collect();
        command::in_checkout(self.root(), self.settings(), behalf, subcommand, &arguments)
    }

    fn preview(&self, commit: CommitId) -> Result<Preview, GitError> {
        let head = match self.head()? {
            Head::Branch { commit, .. } => commit,
            Head::Detached { commit: head } => {
                return Ok(Preview::Not(if self.is_ancestor(commit, head)? {
                    MergeOutcome::UpToDate
                } else {
                    MergeOutcome::NoBranch { commit: head }
                }));
            }
            Head::Unborn { name } => return Err(GitError::NoCommitYet { branch: name }),
        };
        if self.is_ancestor(commit, head)? {
            return Ok(Preview::Not(MergeOutcome::UpToDate));
        }
        if let Some(what) = self.in_progress()? {
            return Ok(Preview::Not(MergeOutcome::Busy { what }));
        }
        let fast_forward = self.is_ancestor(head, commit)?;
        // What the merge writes stays in memory.
        let local = self.local().with_object_memory();
        let target = if fast_forward {
            self.tree_of(commit)?.0
        } else {
            match merged_tree(&local, head, commit)? {
                Ok(tree) => tree,
                Err(paths) => return Ok(Preview::Not(MergeOutcome::Conflict { paths })),
            }
        };
        let obstacles = Obstacles::find(&local, self.root(), self.tree_of(head)?.0, target)?;
        Ok(if !obstacles.overwritten.is_empty() {
            Preview::Not(MergeOutcome::WouldOverwrite {
                paths: obstacles.overwritten,
            })
        } else if fast_forward {
            Preview::Forward
        } else if obstacles.staged.is_empty() {
            Preview::Commit
        } else {
            Preview::Not(MergeOutcome::Staged {
                paths: obstacles.staged,
            })
        })
    }

    /// What the user is in the middle of.
    fn in_progress(&self) -> Result<Option<String>, GitError> {
        let local = self.local();
        let lock = local.index_path().with_extension("lock");
        if lock.exists() {
            return Err(GitError::Locked { path: lock });
        }
        let what = local.state().map(|state| match state {
            InProgress::ApplyMailbox => "`git am`",
            InProgress::Bisect => "a bisection (`git bisect`)",
            InProgress::CherryPick | InProgress::CherryPickSequence => "a cherry-pick",
            InProgress::Merge => "a merge",
            InProgress::ApplyMailboxRebase | InProgress::Rebase | InProgress::RebaseInteractive => {
                "a rebase"
            }
            InProgress::Revert | InProgress::RevertSequence => "a revert",
        });
        if let Some(what) = what {
            return Ok(Some(what.to_owned()));
        }
        Ok((!self.unmerged()?.is_empty()).then(|| "the resolution of conflicts".to_owned()))
    }

    /// The files in the index that are in conflict.
    fn unmerged(&self) -> Result<Vec<PathBuf>, GitError> {
        let local = self.local();
        let index = local
            .index_or_load_from_head_or_empty()
            .map_err(GitError::failed("read the index of the checkout"))?;
        let paths: BTreeSet<PathBuf> = index
            .entries()
            .iter()
            .filter(|entry| entry.stage_raw() != 0)
            .map(|entry| native(entry.path(&index)))
            .collect();
        Ok(paths.into_iter().collect())
    }
}

/// The tree of a merge of two commits, or the files in conflict.
fn merged_tree(
    local: &gix::Repository,
    ours: CommitId,
    theirs: CommitId,
) -> Result<Result<gix::ObjectId, Vec<PathBuf>>, GitError> {
    let failed = || GitError::failed(format!("merge {theirs} into {ours}"));
    let options = local.tree_merge_options().map_err(failed())?;
    let mut outcome = local
        .merge_commits(ours.0, theirs.0, Labels::default(), options.into())
        .map_err(failed())?
        .tree_merge;
    let paths = contradicting(&outcome.conflicts);
    if !paths.is_empty() {
        return Ok(Err(paths));
    }
    let tree = outcome.tree.write().map_err(failed())?;
    Ok(Ok(tree.detach()))
}

/// The files in which two sides contradict each other, by both sides' names.
pub(super) fn contradicting(conflicts: &[Conflict]) -> Vec<PathBuf> {
    let paths: BTreeSet<PathBuf> = conflicts
        .iter()
        .filter(|conflict| conflict.is_unresolved(TreatAsUnresolved::git()))
        .flat_map(|conflict| [conflict.ours.location(), conflict.theirs.location()])
        .map(native)
        .collect();
    paths.into_iter().collect()
}
