//! What in the user's checkout stands in the way of other files: everything there that isn't committed is somebody's work,
//! ignored files too (git itself would overwrite those).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use gix::bstr::{BString, ByteSlice};
use gix::index::entry::{Flags, Mode};
use gix::object::tree::diff::ChangeDetached as Change;

use super::changes::{Found, compare};
use super::error::GitError;
use super::snapshot::{native, tracked_files};

/// What keeps a checkout from going to another tree.
pub(super) struct Obstacles {
    /// Files that would be overwritten or removed, though they aren't as the commit has them.
    pub(super) overwritten: Vec<PathBuf>,
    /// Files whose index entries aren't as the commit has them, wherever they are.
    pub(super) staged: Vec<PathBuf>,
}

impl Obstacles {
    /// Looks at the checkout at `root`, whose commit has the tree `from`, with an eye to the tree `to`.
    pub(super) fn find(
        local: &gix::Repository,
        root: &Path,
        from: gix::ObjectId,
        to: gix::ObjectId,
    ) -> Result<Self, GitError> {
        let failed = || GitError::failed("compare the checkout with what shall come into it");
        let index = tracked_files(local, root)?;
        let staged = staged(local, &index, from)?;
        let mut dirty: BTreeSet<BString> = staged.clone();
        for found in compare(local, &index).map_err(failed())? {
            if let Found::File {
                path,
                tracked_as: Some(_),
                ..
            } = found
            {
                dirty.insert(path);
            }
        }
        let changes = Changes::between(local, from, to)?;
        let mut overwritten: BTreeSet<PathBuf> = changes
            .touched
            .iter()
            .filter(|path| dirty.contains(*path))
            .map(|path| native(path.as_bstr()))
            .collect();
        let ignores_case = local.filesystem_options().map_err(failed())?.ignore_case;
        for path in &changes.added {
            let is_other_case =
                |gone: &BString| ignores_case && gone.eq_ignore_ascii_case(path.as_slice());
            if !changes.removed.iter().any(is_other_case) {
                in_the_way(root, path, &index, &changes.removed, &mut overwritten);
            }
        }
        Ok(Self {
            overwritten: overwritten.into_iter().collect(),
            staged: staged.iter().map(|path| native(path.as_bstr())).collect(),
        })
    }
}

/// What lies on the disk below `root`, though the tree `from` of its files doesn't hold it (ignored, or too large to be saved), at
/// a place where the tree `to` has something new.
pub(super) fn unsaved_in_the_way(
    local: &gix::Repository,
    root: &Path,
    from: gix::ObjectId,
    to: gix::ObjectId,
) -> Result<Vec<PathBuf>, GitError> {
    let saved = local
        .index_from_tree(&from)
        .map_err(GitError::failed("read the files of a worktree"))?;
    let changes = Changes::between(local, from, to)?;
    let mut found = BTreeSet::new();
    for path in &changes.added {
        in_the_way(root, path, &saved, &changes.removed, &mut found);
    }
    Ok(found.into_iter().collect())
}

/// The differences between two trees, by path.
#[derive(Default)]
struct Changes {
    touched: BTreeSet<BString>,
    added: BTreeSet<BString>,
    removed: BTreeSet<BString>,
}

impl Changes {
    fn between(
        local: &gix::Repository,
        from: gix::ObjectId,
        to: gix::ObjectId,
    ) -> Result<Self, GitError> {
        let failed = || GitError::failed(format!("compare {from} with {to}"));
        let (old, new) = (
            local.find_tree(from).map_err(failed())?,
            local.find_tree(to).map_err(failed())?,
        );
        let options = gix::diff::Options::default().with_rewrites(None);
        let found = local
            .diff_tree_to_tree(Some(&old), Some(&new), Some(options))
            .map_err(failed())?;
        let mut changes = Self::default();
        for change in found {
            let path = change.location().to_owned();
            if change.entry_mode().is_tree() {
                continue;
            }
            match change {
                Change::Addition { .. } => {
                    changes.added.insert(path.clone());
                }
                Change::Deletion { .. } => {
                    changes.removed.insert(path.clone());
                }
                Change::Modification { .. } | Change::Rewrite { .. } => {}
            }
            changes.touched.insert(path);
        }
        Ok(changes)
    }
}

/// The paths at which the index isn't what the tree says.
fn staged(
    local: &gix::Repository,
    index: &gix::index::File,
    tree: gix::ObjectId,
) -> Result<BTreeSet<BString>, GitError> {
    let committed = local
        .index_from_tree(&tree)
        .map_err(GitError::failed("read the files of HEAD"))?;
    let mut missing: BTreeMap<&[u8], (Mode, gix::ObjectId)> = committed
        .entries()
        .iter()
        .map(|entry| {
            let path: &[u8] = entry.path(&committed);
            (path, (entry.mode, entry.id))
        })
        .collect();
    let mut staged = BTreeSet::new();
    for entry in index.entries() {
        let path = entry.path(index);
        if entry.flags.contains(Flags::INTENT_TO_ADD) {
            continue;
        }
        if entry.mode == Mode::DIR {
            // A folder outside of a sparse checkout, which a sparse index doesn't list in detail.
            missing.retain(|known, _| !known.starts_with(path));
            continue;
        }
        let known = missing.remove(path.as_bytes());
        if known != Some((entry.mode, entry.id)) || entry.stage_raw() != 0 {
            staged.insert(path.to_owned());
        }
    }
    staged.extend(missing.into_keys().map(BString::from));
    Ok(staged)
}

/// What on the disk, though git doesn't track it, would have to go for a new file at `path`.
fn in_the_way(
    root: &Path,
    path: &BString,
    index: &gix::index::File,
    removed: &BTreeSet<BString>,
    found: &mut BTreeSet<PathBuf>,
) {
    let relative = native(path.as_bstr());
    let above: Vec<&Path> = relative
        .ancestors()
        .skip(1)
        .filter(|folder| !folder.as_os_str().is_empty())
        .collect();
    for folder in above.into_iter().rev() {
        let Ok(on_disk) = fs::symlink_metadata(root.join(folder)) else {
            return;
        };
        if !on_disk.is_dir() {
            // A file or link in the place of a folder. If it is tracked and goes, it makes room.
            let goes =
                gix::path::into_bstr(folder).is_ok_and(|name| removed.contains(name.as_bstr()));
            if !goes {
                found.insert(folder.to_owned());
            }
            return;
        }
    }
    match fs::symlink_metadata(root.join(&relative)) {
        Ok(on_disk) if on_disk.is_dir() => untracked_below(root, &relative, index, found),
        // It may be tracked and yet new: staged by the user, who is told of it as a change.
        Ok(_) => {
            found.insert(relative);
        }
        Err(_nothing_there) => {}
    }
}

fn untracked_below(
    root: &Path,
    folder: &Path,
    index: &gix::index::File,
    found: &mut BTreeSet<PathBuf>,
) {
    let Ok(entries) = fs::read_dir(root.join(folder)) else {
        // What can't be looked at may be anything.
        found.insert(folder.to_owned());
        return;
    };
    for entry in entries.flatten() {
        let path = folder.join(entry.file_name());
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            untracked_below(root, &path, index, found);
            continue;
        }
        let is_tracked = gix::path::into_bstr(path.as_path())
            .is_ok_and(|name| index.entry_by_path(name.as_bstr()).is_some());
        if !is_tracked {
            found.insert(path);
        }
    }
}
