//! Removing worktrees, and only when nothing in them is lost by it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::domain::ids::AttemptId;

use super::error::GitError;
use super::ids::{CommitId, TreeId};
use super::repository::{Head, Repository};
use super::snapshot::SnapshotOptions;
use super::worktree::{Worktree, check};

/// How many paths an error names.
const SHOWN: usize = 5;

/// What the name of a worktree's folder ends with once it is about to be removed.
const DOOMED: &str = ".removing";

/// What the caller knows about the work in a worktree that shall go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// Nothing: it must be as its HEAD says, without untracked files.
    IfClean,
    /// This tree is saved (as an autosave, or on a branch): the worktree must hold exactly it.
    IfSavedAs(TreeId),
}

/// Whether the registration of an attempt's worktree was begun and not finished. git and gix lock it with this word until all
/// is there (builtin/worktree.c).
fn is_unfinished(proxy: &gix::worktree::Proxy<'_>) -> bool {
    let reason = proxy.lock_reason();
    let is_attempts = proxy
        .git_dir()
        .file_name()
        .and_then(|name| name.to_str())
        .is_some_and(|name| name.parse::<AttemptId>().is_ok());
    is_attempts && reason.is_some_and(|reason| reason.trim_ascii() == b"initializing")
}

impl Repository {
    /// Whether [`Repository::remove_worktree`] would remove it; the same errors. Nothing is changed.
    pub fn check_removable(
        &self,
        path: &Path,
        removal: Removal,
        options: &SnapshotOptions,
    ) -> Result<(), GitError> {
        self.removable(path, removal, options).map(drop)
    }

    /// Removes a linked worktree: its folder with all ignored files, and its registration. Its branch stays.
    ///
    /// `options` are those of the snapshots of this worktree; its cache file makes the look at the files quick.
    ///
    /// # Errors
    /// [`GitError::WorktreeDirty`] when something in it isn't saved, [`GitError::WorktreeLocked`],
    /// [`GitError::WorktreeBroken`], [`GitError::MainCheckout`]: it stays as it is.
    pub fn remove_worktree(
        &self,
        path: &Path,
        removal: Removal,
        options: &SnapshotOptions,
    ) -> Result<(), GitError> {
        let (base, git_dir) = self.removable(path, removal, options)?;
        // Renamed first: at no moment is there a registered worktree with half of its files, and a crash leaves a folder that
        // can be told by its name.
        let mut doomed = base.clone().into_os_string();
        doomed.push(DOOMED);
        let doomed = PathBuf::from(doomed);
        fs::rename(&base, &doomed).map_err(GitError::io("rename", &base))?;
        self.forget(&git_dir)?;
        fs::remove_dir_all(&doomed).map_err(GitError::io("remove", &doomed))
    }

    /// The folder and the registration of a worktree in which nothing would be lost.
    fn removable(
        &self,
        path: &Path,
        removal: Removal,
        options: &SnapshotOptions,
    ) -> Result<(PathBuf, PathBuf), GitError> {
        if path.canonicalize().is_ok_and(|real| real == self.root()) {
            return Err(GitError::MainCheckout {
                path: path.to_owned(),
            });
        }
        let local = self.local();
        let (proxy, base) = check(&local, path)?;
        if proxy.is_locked() {
            let reason = proxy.lock_reason().filter(|reason| !reason.is_empty());
            return Err(GitError::WorktreeLocked {
                path: base,
                reason: reason.map_or_else(String::new, |reason| format!(" ({reason})")),
            });
        }
        let worktree = self.worktree(path)?;
        let unsaved = self.unsaved(&worktree, removal, options)?;
        if !unsaved.is_empty() {
            return Err(GitError::WorktreeDirty {
                path: base,
                what: unsaved,
            });
        }
        let git_dir = proxy.git_dir().to_owned();
        Ok((base, git_dir))
    }

    /// Removes the registration of a worktree, and the folder of registrations with the last one, as git does.
    fn forget(&self, git_dir: &Path) -> Result<(), GitError> {
        let _registry = self.registry();
        fs::remove_dir_all(git_dir).map_err(GitError::io("remove", git_dir))?;
        if let Some(registrations) = git_dir.parent() {
            // Fails when there are others.
            let _others = fs::remove_dir(registrations);
        }
        Ok(())
    }

    /// Clears away what is left of worktrees in `folder` after a crash or after somebody deleted them: registrations whose
    /// folders are gone or that were never finished, and folders whose removal was begun. Locked worktrees, ones that have
    /// their folder, and ones whose HEAD holds a commit that nothing else does, stay. Says what went.
    ///
    /// To be called by the one docket that may make worktrees here: what an attempt's worktree was locked with while it was
    /// made is the lock of a dead one.
    pub fn prune_worktrees(&self, folder: &Path) -> Result<Vec<PathBuf>, GitError> {
        let mut pruned = Self::remove_doomed(folder)?;
        let local = self.local();
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        for proxy in local
            .worktrees()
            .map_err(GitError::failed("list the worktrees"))?
        {
            let git_dir = proxy.git_dir().to_owned();
            if proxy.is_locked() && !is_unfinished(&proxy) {
                continue;
            }
            let Ok(base) = proxy.base() else {
                // Without a path in it a registration is good for nothing, but keeps gix from making others. git prunes
                // such ones too, and locks those that it is about to finish.
                self.forget(&git_dir)?;
                pruned.push(git_dir);
                continue;
            };
            let gone =
                fs::symlink_metadata(&base).is_err_and(|error| error.kind() == ErrorKind::NotFound);
            if !base.starts_with(&folder) || !gone {
                continue;
            }
            let head = proxy
                .into_repo_with_possibly_inaccessible_worktree()
                .ok()
                .and_then(|local| super::repository::head_of(&local).ok());
            if let Some(Head::Detached { commit }) = head
                && !self.is_on_a_branch(commit)?
            {
                continue;
            }
            self.forget(&git_dir)?;
            pruned.push(base);
        }
        Ok(pruned)
    }

    /// Nothing in these folders is needed anymore: [`Repository::remove_worktree`] had made sure of that.
    fn remove_doomed(folder: &Path) -> Result<Vec<PathBuf>, GitError> {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(GitError::io("read", folder)(error)),
        };
        let mut removed = Vec::new();
        for entry in entries {
            let path = entry.map_err(GitError::io("read", folder))?.path();
            let doomed = path
                .file_name()
                .is_some_and(|name| name.as_encoded_bytes().ends_with(DOOMED.as_bytes()));
            if doomed {
                fs::remove_dir_all(&path).map_err(GitError::io("remove", &path))?;
                removed.push(path);
            }
        }
        removed.sort();
        Ok(removed)
    }

    /// What would be lost, in words; empty when nothing would.
    fn unsaved(
        &self,
        worktree: &Worktree,
        removal: Removal,
        options: &SnapshotOptions,
    ) -> Result<Vec<String>, GitError> {
        let mut unsaved = Vec::new();
        let head = worktree.head()?;
        if let Head::Detached { commit } = head
            && !self.is_on_a_branch(commit)?
        {
            unsaved.push(format!("commit {commit}, which is on no branch"));
        }
        let saved = match (removal, head.commit()) {
            (Removal::IfSavedAs(tree), _) => tree,
            (Removal::IfClean, Some(commit)) => self.tree_of(commit)?,
            (Removal::IfClean, None) => TreeId(worktree.local().empty_tree().id),
        };
        unsaved.extend(worktree.unsaved_in_submodules());
        let snapshot = worktree.snapshot(options)?;
        let left_out = snapshot.left_out.iter().map(|left| &left.path);
        unsaved.extend(left_out.map(|path| format!("`{}`", path.display())));
        if snapshot.tree != saved {
            let changed = self.diff(saved, snapshot.tree)?.files;
            unsaved.extend(
                changed
                    .iter()
                    .map(|change| format!("`{}`", change.path.display())),
            );
        }
        if unsaved.len() > SHOWN {
            let more = unsaved.len() - SHOWN;
            unsaved.truncate(SHOWN);
            unsaved.push(format!("and {more} more"));
        }
        Ok(unsaved)
    }

    /// Whether a branch or one of our autosaves has the commit in its past.
    fn is_on_a_branch(&self, commit: CommitId) -> Result<bool, GitError> {
        let failed = || GitError::failed("read the branches");
        let local = self.local();
        let references = local.references().map_err(failed())?;
        for prefix in ["refs/heads/", "refs/docket/", "refs/tags/"] {
            for reference in references.prefixed(prefix).map_err(failed())? {
                let Ok(mut reference) = reference else {
                    continue;
                };
                let Ok(id) = reference.peel_to_id() else {
                    continue;
                };
                if self
                    .is_ancestor(commit, CommitId(id.detach()))
                    .unwrap_or(false)
                {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}
