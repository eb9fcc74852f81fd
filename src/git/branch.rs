//! Branches: made, read, moved by compare-and-swap, deleted only when nothing is lost. No hook runs (gix runs none).

use std::path::PathBuf;

use gix::refs::transaction::{PreviousValue, RefEdit};
use gix::refs::{FullName, Target};

use crate::domain::ids::RunId;

use super::error::GitError;
use super::ids::{BranchName, CommitId};
use super::repository::Repository;

impl Repository {
    /// Makes a branch that isn't there yet.
    ///
    /// # Errors
    /// [`GitError::BranchExists`]; [`GitError::BranchNameTaken`] when a branch such as `docket` is in the way.
    pub fn create_branch(&self, name: &BranchName, commit: CommitId) -> Result<(), GitError> {
        for existing in name.parents() {
            if self.branch_commit(&existing)?.is_some() {
                return Err(GitError::BranchNameTaken {
                    name: name.clone(),
                    existing,
                });
            }
        }
        // gix takes a branch that is there and has the same commit for a success.
        if self.branch_commit(name)?.is_some() {
            return Err(GitError::BranchExists { name: name.clone() });
        }
        let edit = RefEdit::update(
            name.reference()?,
            commit.0,
            PreviousValue::MustNotExist,
            "branch: created by docket",
        );
        let edited = self.edit(edit, || format!("make the branch `{name}`"));
        if edited.is_err() && self.branch_commit(name)?.is_some() {
            return Err(GitError::BranchExists { name: name.clone() });
        }
        edited
    }

    /// The newest commit of a branch; `None` when there is no such branch.
    pub fn branch_commit(&self, name: &BranchName) -> Result<Option<CommitId>, GitError> {
        let action = || format!("read the branch `{name}`");
        let local = self.local();
        let found = local
            .try_find_reference(&name.reference()?)
            .map_err(GitError::failed(action()))?;
        let Some(mut reference) = found else {
            return Ok(None);
        };
        let id = reference
            .peel_to_id()
            .map_err(GitError::failed(action()))?
            .detach();
        Ok(Some(CommitId(id)))
    }

    /// The highest run that has left anything among the branches: a branch, or the lock of one that a killed docket was about
    /// to make. A new run takes a higher number, whatever became of the ledger. 0 when there is none.
    pub fn last_run(&self) -> Result<u32, GitError> {
        let failed = || GitError::failed("read the branches");
        let mut last = 0;
        let mut see = |name: &str| {
            let run = name.split('/').next().and_then(|run| run.parse().ok());
            last = last.max(run.map_or(0, |RunId(run)| run));
        };
        let local = self.local();
        let references = local.references().map_err(failed())?;
        for reference in references
            .prefixed("refs/heads/docket/")
            .map_err(failed())?
            .flatten()
        {
            let name = reference.name().shorten().to_string();
            name.strip_prefix("docket/").into_iter().for_each(&mut see);
        }
        // Locks are no references, but their files are in the same folders.
        let folder = self.common_dir().join("refs/heads/docket");
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            entry.file_name().to_str().into_iter().for_each(&mut see);
        }
        Ok(last)
    }

    /// Moves a branch from `expected` to `target`, or nothing: compare-and-swap. Looks at no checkout; see
    /// [`Repository::integrate_fast_forward`] for the safe way.
    ///
    /// # Errors
    /// [`GitError::BranchMoved`], [`GitError::BranchMissing`].
    pub fn move_branch(
        &self,
        name: &BranchName,
        expected: CommitId,
        target: CommitId,
        reason: &str,
    ) -> Result<(), GitError> {
        let edit = RefEdit::update(
            name.reference()?,
            target.0,
            PreviousValue::MustExistAndMatch(Target::Object(expected.0)),
            format!("docket: {reason}"),
        );
        let edited = self.edit(edit, || format!("move the branch `{name}`"));
        self.explain_swap(edited, name, expected)
    }

    /// Deletes a branch whose commits are all in `into`.
    ///
    /// # Errors
    /// [`GitError::BranchNotMerged`], [`GitError::BranchCheckedOut`], [`GitError::BranchMissing`]: it stays.
    pub fn delete_merged_branch(
        &self,
        name: &BranchName,
        into: &BranchName,
    ) -> Result<(), GitError> {
        let commit_of = |name: &BranchName| {
            self.branch_commit(name)?
                .ok_or_else(|| GitError::BranchMissing { name: name.clone() })
        };
        let commit = commit_of(name)?;
        if name == into || !self.is_ancestor(commit, commit_of(into)?)? {
            return Err(GitError::BranchNotMerged {
                name: name.clone(),
                into: into.clone(),
            });
        }
        if let Some(worktree) = self.checked_out_at(name)?.into_iter().next() {
            return Err(GitError::BranchCheckedOut {
                name: name.clone(),
                worktree,
            });
        }
        let expected = PreviousValue::MustExistAndMatch(Target::Object(commit.0));
        let edit = RefEdit::delete(name.reference()?, expected);
        let edited = self.edit(edit, || format!("delete the branch `{name}`"));
        self.explain_swap(edited, name, commit)
    }

    /// The checkouts (the user's own and linked ones, vanished ones included) whose HEAD is the branch.
    pub fn checked_out_at(&self, name: &BranchName) -> Result<Vec<PathBuf>, GitError> {
        let reference = name.reference()?;
        let mut found = Vec::new();
        for (path, head) in self.checkouts()? {
            if head.as_ref() == Some(&reference) {
                found.push(path);
            }
        }
        Ok(found)
    }

    /// Every checkout with the branch that its HEAD names. Reads the HEAD files through the reference store, which is
    /// much cheaper than opening a repository for each.
    fn checkouts(&self) -> Result<Vec<(PathBuf, Option<FullName>)>, GitError> {
        let local = self.local();
        let target = |reference: &str| -> Result<Option<FullName>, GitError> {
            let head = local
                .try_find_reference(reference)
                .map_err(GitError::failed(format!("read {reference}")))?;
            Ok(head.and_then(|head| match head.target() {
                gix::refs::TargetRef::Symbolic(name) => Some(name.to_owned()),
                gix::refs::TargetRef::Object(_) => None,
            }))
        };
        let mut found = Vec::new();
        let main = local
            .main_repo()
            .map_err(GitError::failed("find the main checkout"))?;
        if let Some(path) = main.workdir() {
            found.push((path.to_owned(), target("main-worktree/HEAD")?));
        }
        let linked = local
            .worktrees()
            .map_err(GitError::failed("list the worktrees"))?;
        for worktree in linked {
            let id = worktree
                .id()
                .map_err(GitError::failed("read the name of a worktree"))?;
            // A docket or a git that was killed while it made a worktree leaves half a HEAD. It names no branch, and must not
            // be in the way of all others.
            let head = target(&format!("worktrees/{id}/HEAD")).unwrap_or_else(|error| {
                tracing::debug!(%error, "a worktree without a readable HEAD");
                None
            });
            let path = worktree
                .base()
                .unwrap_or_else(|_broken| worktree.git_dir().to_owned());
            found.push((path, head));
        }
        Ok(found)
    }

    pub(super) fn edit(&self, edit: RefEdit, action: impl Fn() -> String) -> Result<(), GitError> {
        // Loose references and packed ones are locked by files beside them (gitrepository-layout).
        let name = gix::path::from_bstr(edit.name.as_bstr().to_owned());
        let edited = self.local().edit_reference(edit);
        edited.map(|_edits| ()).map_err(|error| {
            let mut loose = name.map_or_else(
                |_| self.common_dir().to_owned(),
                |name| self.common_dir().join(name),
            );
            loose.as_mut_os_string().push(".lock");
            let locks = [loose, self.common_dir().join("packed-refs.lock")];
            match locks.into_iter().find(|lock| lock.exists()) {
                Some(path) => GitError::Locked { path },
                None => GitError::failed(action())(error),
            }
        })
    }

    /// A failed swap is most often one of two ordinary cases: say which.
    fn explain_swap(
        &self,
        edited: Result<(), GitError>,
        name: &BranchName,
        expected: CommitId,
    ) -> Result<(), GitError> {
        let Err(error) = edited else { return Ok(()) };
        match self.branch_commit(name)? {
            None => Err(GitError::BranchMissing { name: name.clone() }),
            Some(found) if found != expected => Err(GitError::BranchMoved {
                name: name.clone(),
                expected,
                found,
            }),
            Some(_) => Err(error),
        }
    }
}
