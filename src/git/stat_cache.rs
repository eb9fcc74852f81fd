//! What we hashed already: a git index file of our own, so that a file that didn't change since the last snapshot isn't read
//! again. It says nothing about which files are tracked.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use gix::bstr::BStr;
use gix::index::entry::{Flags, Mode, Stat, stat};
use gix::index::fs::Metadata;
use gix::objs::tree::EntryKind;

use super::error::GitError;

/// A file changed this shortly before a snapshot is read again by the next one: it could have been changed once more without
/// its time moving, where a file system counts in steps (up to 2 s on some).
const STEP: Duration = Duration::from_secs(2);

pub(super) struct StatCache {
    path: PathBuf,
    options: stat::Options,
    old: gix::index::File,
    new: gix::index::State,
    /// Being written: made at the start, because its time is the file system's idea of when we began.
    draft: PathBuf,
    began: SystemTime,
}

impl StatCache {
    /// Opens what was stored. A missing or broken file is an empty cache.
    pub(super) fn open(path: &Path, options: stat::Options) -> Result<Self, GitError> {
        let hash = gix::hash::Kind::Sha1;
        let old = gix::index::File::at(path, hash, false, gix::index::decode::Options::default())
            .unwrap_or_else(|error| {
                if path.exists() {
                    tracing::info!(%error, path = %path.display(), "the cache of hashes is broken: starting anew");
                }
                gix::index::File::from_state(gix::index::State::new(hash), path)
            });
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(GitError::io("create the folder", folder))?;
        }
        let mut draft = path.as_os_str().to_owned();
        draft.push(".new");
        let draft = PathBuf::from(draft);
        let began = File::create(&draft)
            .and_then(|file| file.metadata()?.modified())
            .map_err(GitError::io("write", &draft))?;
        Ok(Self {
            path: path.to_owned(),
            options,
            old,
            new: gix::index::State::new(hash),
            draft,
            began,
        })
    }

    /// The object that the file was when it was last hashed, if it is certain that it is the same file still.
    pub(super) fn find(&self, path: &BStr, metadata: &Metadata) -> Option<gix::ObjectId> {
        let entry = self.old.entry_by_path(path)?;
        let now = Stat::from_fs(metadata).ok()?;
        let same = entry.mode.contains(Mode::SYMLINK) == metadata.is_symlink()
            && entry.stat.matches(&now, self.options)
            && !entry.stat.is_racy(self.old.timestamp(), self.options);
        same.then_some(entry.id)
    }

    /// Keeps an object for the next time.
    pub(super) fn remember(
        &mut self,
        path: &BStr,
        metadata: &Metadata,
        kind: EntryKind,
        id: gix::ObjectId,
    ) {
        let Ok(stat) = Stat::from_fs(metadata) else {
            return;
        };
        let mode = match kind {
            EntryKind::Link => Mode::SYMLINK,
            EntryKind::BlobExecutable => Mode::FILE_EXECUTABLE,
            _ => Mode::FILE,
        };
        self.new
            .dangerously_push_entry(stat, id, Flags::empty(), mode, path);
    }

    /// Replaces the stored file, atomically.
    pub(super) fn store(self) -> Result<(), GitError> {
        let Self {
            path,
            mut new,
            draft,
            began,
            ..
        } = self;
        new.sort_entries();
        let file = gix::index::File::from_state(new, &path);
        let written = File::create(&draft).and_then(|out| {
            let mut out = BufWriter::new(out);
            file.write_to(&mut out, gix::index::write::Options::default())
                .map_err(std::io::Error::other)?;
            out.flush()?;
            // Like git's index: an entry that isn't older than the file's own time is not to be trusted.
            out.get_ref().set_modified(began - STEP)?;
            fs::rename(&draft, &path)
        });
        written.map_err(GitError::io("write", &path))
    }
}
