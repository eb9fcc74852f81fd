//! The whole working tree as one git tree, untracked files included. Nothing of the agent's or the user's is written: their
//! index is only read (as the list of tracked files and as a stat cache), and what we hashed is remembered in a file of ours.
//!
//! The result is the tree that `git add -A && git write-tree` would give with a copy of the index, with three differences:
//! `.docket/` stays as HEAD has it, repositories inside the working tree that nobody tracks stay out (git would record a commit that
//! nobody else has), and marks that tell git not to look (`assume-unchanged`, `skip-worktree` on a file that is there) don't
//! hide anything.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use gix::bstr::{BStr, BString, ByteSlice};
use gix::index::entry::{Flags, Mode};
use gix::index::fs::Metadata;
use gix::objs::tree::EntryKind;

use super::changes::{Found, compare};
use super::error::GitError;
use super::ids::TreeId;
use super::stat_cache::StatCache;
use super::worktree::Worktree;

/// The folder of ours, in which nothing is saved.
const OUR_FOLDER: &str = ".docket";

/// How to take a snapshot.
#[derive(Debug, Clone)]
pub struct SnapshotOptions {
    /// A file of our own, outside of the worktree's tracked files, that remembers what was hashed: one per worktree. It may be
    /// missing or broken: then everything that changed is read again.
    pub cache: PathBuf,
    /// Untracked files larger than this many bytes are left out, and named in [`Snapshot::left_out`].
    pub largest_untracked: u64,
    /// Files and folders, relative to the worktree, that a snapshot does not hold, whether git tracks them or not: what was
    /// put there for the agent and is none of its work.
    pub without: Vec<PathBuf>,
}

impl SnapshotOptions {
    /// With a cache file and the default limit: 64 MiB.
    pub fn new(cache: impl Into<PathBuf>) -> Self {
        Self {
            cache: cache.into(),
            largest_untracked: 64 << 20,
            without: Vec::new(),
        }
    }
}

/// A saved working tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Its files.
    pub tree: TreeId,
    /// What lies in the worktree, isn't ignored, and yet isn't in the tree.
    pub left_out: Vec<LeftOut>,
}

/// Something that a snapshot doesn't hold.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeftOut {
    /// Relative to the worktree.
    pub path: PathBuf,
    /// Why.
    pub reason: LeftOutReason,
}

/// Why a snapshot doesn't hold something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeftOutReason {
    /// It is larger than [`SnapshotOptions::largest_untracked`]: this many bytes.
    TooLarge(u64),
    /// It is a git repository of its own that isn't a submodule.
    Repository,
}

impl Worktree {
    /// Writes the working tree into the object database, and says which tree that is.
    ///
    /// # Errors
    /// [`GitError::Unreadable`] names a file that can't be read. [`GitError::WorktreeBroken`] when the `.git` file is gone.
    pub fn snapshot(&self, options: &SnapshotOptions) -> Result<Snapshot, GitError> {
        if !self.is_users_checkout() {
            // Says so when the agent deleted the `.git` file; nothing below would notice.
            let local = self.repository.local();
            super::worktree::check(&local, self.path())?;
        }
        let local = self.local();
        Shot::begin(self, &local, options)?.take()
    }
}

/// What stands at a path of the tree to be.
type Files = BTreeMap<BString, (EntryKind, gix::ObjectId)>;

struct Shot<'a> {
    local: &'a gix::Repository,
    root: &'a Path,
    index: gix::index::File,
    cache: StatCache,
    largest_untracked: u64,
    without: &'a [PathBuf],
    executable_bit: bool,
    symlinks: bool,
    left_out: Vec<LeftOut>,
}

impl<'a> Shot<'a> {
    fn begin(
        worktree: &'a Worktree,
        local: &'a gix::Repository,
        options: &'a SnapshotOptions,
    ) -> Result<Self, GitError> {
        let settings = "read the configuration of the repository";
        let capabilities = local
            .filesystem_options()
            .map_err(GitError::failed(settings))?;
        let stat_options = local.stat_options().map_err(GitError::failed(settings))?;
        Ok(Self {
            local,
            root: worktree.path(),
            index: tracked_files(local, worktree.path())?,
            cache: StatCache::open(&options.cache, stat_options)?,
            largest_untracked: options.largest_untracked,
            without: &options.without,
            executable_bit: capabilities.executable_bit,
            symlinks: capabilities.symlink,
            left_out: Vec::new(),
        })
    }

    fn take(mut self) -> Result<Snapshot, GitError> {
        let mut files = self.unchanged();
        let mut pipeline = self
            .local
            .attributes_only(
                &self.index,
                gix::worktree::stack::state::attributes::Source::WorktreeThenIdMapping,
            )
            .and_then(|stack| gix::filter::Pipeline::new(self.local, stack.detach()))
            .map_err(GitError::failed("read the attributes of the worktree"))?;
        for change in self.changes()? {
            let found = if change.there {
                self.hash(&mut pipeline, &change)?
            } else {
                None
            };
            match found {
                Some(entry) => files.insert(change.path, entry),
                None => files.remove(&change.path),
            };
        }
        self.submodules(&mut files);
        let tree = self.write(&files)?;
        self.cache.store()?;
        self.left_out.sort();
        Ok(Snapshot {
            tree,
            left_out: self.left_out,
        })
    }

    /// Whether a path is of docket's own folder, or was put there by docket.
    fn stays_out(&self, path: &BStr) -> bool {
        is_ours(path) || {
            let path = native(path);
            self.without.iter().any(|without| path.starts_with(without))
        }
    }

    /// What the index has, except for what git keeps there for its own purposes.
    fn unchanged(&self) -> Files {
        let mut files = Files::new();
        for entry in self.index.entries() {
            let path = entry.path(&self.index);
            let settled = entry.stage_raw() == 0 && !entry.flags.contains(Flags::INTENT_TO_ADD);
            if let (true, false, Some(mode)) = (
                settled,
                self.stays_out(path),
                entry.mode.to_tree_entry_mode(),
            ) {
                // A whole folder that a sparse index doesn't list in detail ends with a slash.
                let path = path.strip_suffix(b"/").map_or(path, ByteSlice::as_bstr);
                files.insert(path.to_owned(), (mode.kind(), entry.id));
            }
        }
        files
    }

    /// Where the working tree differs from the index.
    fn changes(&mut self) -> Result<Vec<Changed>, GitError> {
        let found = compare(self.local, &self.index).map_err(|error| self.blame(error))?;
        let mut changes = Vec::new();
        for found in found {
            match found {
                Found::File {
                    path,
                    there,
                    tracked_as,
                } if !self.stays_out(path.as_ref()) => changes.push(Changed {
                    path,
                    there,
                    tracked_as,
                }),
                Found::Repository { path } if !self.stays_out(path.as_ref()) => {
                    self.leave_out(path.as_ref(), LeftOutReason::Repository);
                }
                Found::File { .. } | Found::Repository { .. } => {}
            }
        }
        Ok(changes)
    }

    /// The object of a file on disk: remembered, or written now. `None` when there is no file anymore.
    fn hash(
        &mut self,
        pipeline: &mut gix::filter::Pipeline<'_>,
        change: &Changed,
    ) -> Result<Option<(EntryKind, gix::ObjectId)>, GitError> {
        let path = change.path.as_bstr();
        let on_disk = self.on_disk(path);
        if reached_through_link(self.root, &on_disk) {
            return Ok(None);
        }
        let metadata = match Metadata::from_path_no_follow(&on_disk) {
            Ok(metadata) if metadata.is_file() || metadata.is_symlink() => metadata,
            // A folder, a pipe or a socket took its place, or it is gone: git can't hold it.
            Ok(_) | Err(_) => return Ok(None),
        };
        if change.tracked_as.is_none() && metadata.len() > self.largest_untracked {
            self.leave_out(path, LeftOutReason::TooLarge(metadata.len()));
            return Ok(None);
        }
        let stored_link = !self.symlinks && change.tracked_as == Some(Mode::SYMLINK);
        let kind = if metadata.is_symlink() || stored_link {
            EntryKind::Link
        } else if self.executable_bit {
            if metadata.is_executable() {
                EntryKind::BlobExecutable
            } else {
                EntryKind::Blob
            }
        } else if change.tracked_as == Some(Mode::FILE_EXECUTABLE) {
            EntryKind::BlobExecutable
        } else {
            EntryKind::Blob
        };
        if let Some(id) = self.cache.find(path, &metadata)
            && self.local.has_object(id)
        {
            self.cache.remember(path, &metadata, kind, id);
            return Ok(Some((kind, id)));
        }
        // Opened first, because gix's message would not let us tell which file it was.
        if metadata.is_file() {
            fs::File::open(&on_disk).map_err(|source| GitError::Unreadable {
                path: on_disk.clone(),
                source,
            })?;
        }
        let written = pipeline
            .worktree_file_to_object(path, &self.index)
            .map_err(GitError::failed(format!("save `{}`", on_disk.display())))?;
        let Some((id, _kind, _metadata)) = written else {
            return Ok(None);
        };
        self.cache.remember(path, &metadata, kind, id);
        Ok(Some((kind, id)))
    }

    /// A submodule stays what it is, moves with its own HEAD when it is there, and goes when its folder went.
    fn submodules(&self, files: &mut Files) {
        let recorded = self.index.entries().iter().filter(|entry| {
            entry.mode == Mode::COMMIT
                && !entry.flags.contains(Flags::SKIP_WORKTREE)
                && !self.stays_out(entry.path(&self.index))
        });
        for entry in recorded {
            let path = entry.path(&self.index);
            let on_disk = self.on_disk(path);
            let folder = fs::symlink_metadata(&on_disk).is_ok_and(|found| found.is_dir());
            if !folder || reached_through_link(self.root, &on_disk) {
                // What took its place, if anything, is among the untracked files.
                if files
                    .get(path)
                    .is_some_and(|(kind, _)| *kind == EntryKind::Commit)
                {
                    files.remove(path);
                }
                continue;
            }
            if fs::symlink_metadata(on_disk.join(".git")).is_err() {
                continue;
            }
            let head = gix::open_opts(&on_disk, self.local.open_options().clone())
                .ok()
                .and_then(|submodule| Some(submodule.head_id().ok()?.detach()));
            if let Some(head) = head {
                files.insert(path.to_owned(), (EntryKind::Commit, head));
            }
        }
    }

    fn write(&self, files: &Files) -> Result<TreeId, GitError> {
        let failed = || GitError::failed("write the tree of the worktree");
        let mut editor = self
            .local
            .edit_tree(self.local.empty_tree().id)
            .map_err(failed())?;
        for (path, (kind, id)) in files {
            editor
                .upsert(path.as_bstr(), *kind, *id)
                .map_err(failed())?;
        }
        // Whoever tracks our folder keeps it as it is in the commit.
        let head = self.local.head_tree_id_or_empty().map_err(failed())?;
        let head = self.local.find_tree(head).map_err(failed())?;
        if let Some(ours) = head.find_entry(OUR_FOLDER) {
            editor
                .upsert(OUR_FOLDER, ours.mode().kind(), ours.object_id())
                .map_err(failed())?;
        }
        let tree = editor.write().map_err(failed())?;
        Ok(TreeId(tree.detach()))
    }

    fn leave_out(&mut self, path: &BStr, reason: LeftOutReason) {
        self.left_out.push(LeftOut {
            path: native(path),
            reason,
        });
    }

    fn on_disk(&self, path: &BStr) -> PathBuf {
        self.root.join(native(path))
    }

    /// gix doesn't say which tracked file it couldn't read: look for it, now that something failed anyway.
    fn blame(&self, error: gix::Error) -> GitError {
        for entry in self.index.entries() {
            let path = self.on_disk(entry.path(&self.index));
            let is_file = fs::symlink_metadata(&path).is_ok_and(|found| found.is_file());
            if is_file && let Err(source) = fs::File::open(&path) {
                return GitError::Unreadable { path, source };
            }
        }
        GitError::failed("compare the worktree with its index")(error)
    }
}

impl Worktree {
    /// Files and links, relative to the worktree, that git would see as new: neither tracked nor ignored.
    pub fn untracked(&self) -> Result<Vec<PathBuf>, GitError> {
        let local = self.local();
        let index = tracked_files(&local, self.path())?;
        let found = compare(&local, &index).map_err(GitError::failed("look for new files"))?;
        let path = |found| match found {
            Found::File {
                path,
                there: true,
                tracked_as: None,
            }
            | Found::Repository { path } => Some(native(path.as_ref())),
            Found::File { .. } => None,
        };
        Ok(found.into_iter().filter_map(path).collect())
    }

    /// The folder of git's own that this worktree has beside the shared one.
    pub fn git_dir(&self) -> PathBuf {
        self.local().git_dir().to_owned()
    }
}

struct Changed {
    path: BString,
    /// `false` when it was removed.
    there: bool,
    tracked_as: Option<Mode>,
}

/// The list of tracked files with what git knows about them: the worktree's index, read only, with every mark removed that
/// would keep us from looking. Without a readable index: HEAD.
pub(super) fn tracked_files(
    local: &gix::Repository,
    root: &Path,
) -> Result<gix::index::File, GitError> {
    let mut index = match local.open_index() {
        Ok(index) => index,
        Err(error) => {
            tracing::info!(%error, root = %root.display(), "no readable index: starting from HEAD");
            let tree = local
                .head_tree_id_or_empty()
                .map_err(GitError::failed("read the commit of HEAD"))?;
            local
                .index_from_tree(&tree)
                .map_err(GitError::failed("read the files of HEAD"))?
        }
    };
    let (entries, paths) = index.entries_mut_and_pathbacking();
    for entry in entries {
        entry
            .flags
            .remove(Flags::ASSUME_VALID | Flags::FSMONITOR_VALID | Flags::UPTODATE);
        if entry.flags.contains(Flags::SKIP_WORKTREE) && entry.mode != Mode::DIR {
            let there = fs::symlink_metadata(root.join(native(entry.path_in(paths)))).is_ok();
            if there {
                entry.flags.remove(Flags::SKIP_WORKTREE);
            }
        }
    }
    Ok(index)
}

/// A path of git's as one of the system's. They are the same bytes on Unix.
pub(super) fn native(path: &BStr) -> PathBuf {
    gix::path::from_bstr(path).map_or_else(|_error| path.to_string().into(), Cow::into_owned)
}

fn is_ours(path: &BStr) -> bool {
    path.strip_prefix(OUR_FOLDER.as_bytes())
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

/// Whether a folder on the way is a symbolic link, so that the path is not one of this worktree.
fn reached_through_link(root: &Path, path: &Path) -> bool {
    path.ancestors()
        .skip(1)
        .take_while(|folder| *folder != root)
        .any(|folder| fs::symlink_metadata(folder).is_ok_and(|found| found.is_symlink()))
}
