//! Submodules that an agent filled: their repositories live inside the worktree's private folder and go with it, so their
//! commits must be looked after before a worktree may be removed.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::PathBuf;

use gix::bstr::{BString, ByteSlice};
use gix::index::entry::Mode;

use super::command;
use super::error::GitError;
use super::ids::TreeId;
use super::repository::Repository;
use super::snapshot::native;
use super::worktree::Worktree;

impl Repository {
    /// `tree` with all submodules as `source` records them, and with none that it doesn't: an index without them would make their
    /// folders repositories that nobody tracks.
    pub(super) fn with_submodules_of(
        &self,
        tree: TreeId,
        source: TreeId,
    ) -> Result<TreeId, GitError> {
        let (own, wanted) = (self.submodules_of(tree)?, self.submodules_of(source)?);
        let mut differ: Vec<PathBuf> = Vec::new();
        for path in own.keys().chain(wanted.keys()) {
            if own.get(path) != wanted.get(path) {
                differ.push(native(path.as_bstr()));
            }
        }
        self.with_paths_of(tree, source, differ.iter().map(PathBuf::as_path))
    }

    /// The submodules of a tree with the commits that it records.
    fn submodules_of(&self, tree: TreeId) -> Result<BTreeMap<BString, gix::ObjectId>, GitError> {
        let local = self.local();
        let index = local
            .index_from_tree(&tree.0)
            .map_err(GitError::failed("read the submodules of a tree"))?;
        let recorded = index
            .entries()
            .iter()
            .filter(|entry| entry.mode == Mode::COMMIT);
        Ok(recorded
            .map(|entry| (entry.path(&index).to_owned(), entry.id))
            .collect())
    }
}

impl Worktree {
    /// Checks out in the submodules that are filled what `to` records, where `from` recorded something else. Only commits that are
    /// there already, and over no change of anybody's. Those that could not follow are named: as they are, they would take back
    /// what others did.
    pub(super) fn move_submodules(
        &self,
        from: TreeId,
        to: TreeId,
    ) -> Result<Vec<PathBuf>, GitError> {
        if from == to {
            return Ok(Vec::new());
        }
        let (before, after) = (
            self.repository.submodules_of(from)?,
            self.repository.submodules_of(to)?,
        );
        let mut behind = Vec::new();
        for (path, commit) in &after {
            let relative = native(path.as_bstr());
            let folder = self.path().join(&relative);
            if before.get(path) == Some(commit)
                || std::fs::symlink_metadata(folder.join(".git")).is_err()
            {
                continue;
            }
            let commit = commit.to_string();
            let arguments = ["--quiet", "--detach", &commit, "--"].map(OsStr::new);
            let settings = self.repository.settings();
            if let Err(error) = command::in_submodule(&folder, settings, "checkout", &arguments) {
                tracing::info!(%error, folder = %folder.display(), "a submodule stays behind");
                behind.push(relative);
            }
        }
        Ok(behind)
    }

    /// What would be lost in submodules if the worktree went, in words: changed files, and commits that no remote has.
    pub(super) fn unsaved_in_submodules(&self) -> Vec<String> {
        let local = self.local();
        let mut unsaved = Vec::new();
        let Ok(index) = local.open_index() else {
            return unsaved;
        };
        let recorded = index
            .entries()
            .iter()
            .filter(|entry| entry.mode == Mode::COMMIT);
        for entry in recorded {
            let path = entry.path(&index);
            let name = || format!("submodule `{path}`");
            let Ok(relative) = gix::path::from_bstr(path) else {
                continue;
            };
            let folder = self.path().join(relative);
            if std::fs::symlink_metadata(folder.join(".git")).is_err() {
                continue;
            }
            let look = || -> gix::Result<bool> {
                let submodule = gix::open_opts(&folder, local.open_options().clone())?;
                Ok(is_clean(&submodule)? && is_on_remotes(&submodule)?)
            };
            match look() {
                Ok(true) => {}
                Ok(false) => unsaved.push(name()),
                // What can't be looked at may be anything.
                Err(error) => {
                    tracing::info!(%error, folder = %folder.display(), "a submodule can't be read");
                    unsaved.push(name());
                }
            }
        }
        unsaved
    }
}

fn is_clean(submodule: &gix::Repository) -> gix::Result<bool> {
    let mut items = submodule
        .status(gix::progress::Discard)?
        .untracked_files(gix::status::UntrackedFiles::Files)
        .into_iter(None)?;
    Ok(items.next().transpose()?.is_none())
}

/// Whether HEAD and every branch are in the past of a branch that was fetched.
fn is_on_remotes(submodule: &gix::Repository) -> gix::Result<bool> {
    let commits = |prefix: &str| -> gix::Result<Vec<gix::ObjectId>> {
        let references = submodule.references()?;
        let mut found = Vec::new();
        for reference in references.prefixed(prefix)? {
            found.push(reference?.peel_to_id()?.detach());
        }
        Ok(found)
    };
    let fetched = commits("refs/remotes/")?;
    let mut own = commits("refs/heads/")?;
    own.push(submodule.head_id()?.detach());
    for commit in own {
        let mut kept = false;
        for remote in &fetched {
            kept |= commit == *remote
                || submodule
                    .merge_bases_many(commit, &[*remote])?
                    .iter()
                    .any(|base| base.detach() == commit);
        }
        if !kept {
            return Ok(false);
        }
    }
    Ok(true)
}
