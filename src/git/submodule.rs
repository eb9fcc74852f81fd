//! Submodules that an agent filled: their repositories live inside the worktree's private folder and go with it, so their
//! commits must be looked after before a worktree may be removed.

use gix::index::entry::Mode;

use super::worktree::Worktree;

impl Worktree {
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
