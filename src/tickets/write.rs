//! Writes a ticket file whole or not at all, and only if it is still what was read.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, fchown};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::domain::hash::sha256;
use crate::domain::ids::Sha256;

use super::edit::{EditError, NewValue, set_value};

/// Why a file wasn't written; what was there is still there.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The file is not what was read before: somebody else wrote it.
    #[error("{path} changed in the meantime: read it again and decide anew", path = .path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// Its revision now.
        found: Sha256,
    },
    /// The value can't be changed by itself.
    #[error("can't change {path}: {source}", path = .path.display())]
    Edit {
        /// The file.
        path: PathBuf,
        /// Why.
        source: EditError,
    },
    /// There is a file already where a new one was to be made.
    #[error("{path} exists already: choose another name", path = .path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The system refused.
    #[error("can't {doing} {path}: {source}{advice}", path = .path.display(), advice = advice(source))]
    Io {
        /// What was tried: `write`, `read`…
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// What the user can do about an error of the system.
fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::ReadOnlyFilesystem => "; the disk is mounted read-only",
        io::ErrorKind::PermissionDenied => "; check who owns the file and its folder",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "; make room and try again (the file is as it was)"
        }
        io::ErrorKind::NotFound => "; it is gone",
        _ => "",
    }
}

/// Replaces the content of `path` by `content` if its content still has the revision `expected`; returns the new revision.
///
/// Atomic: readers see the old or the new file, and after a crash one of them is there. A symbolic link is followed: its target is
/// replaced. Permissions (and, where allowed, the owner) are kept.
pub fn replace(path: &Path, expected: Sha256, content: &[u8]) -> Result<Sha256, WriteError> {
    let target = path
        .canonicalize()
        .map_err(|error| io_error("find", path, error))?;
    verify(path, &target, expected)?;
    let metadata = target
        .metadata()
        .map_err(|error| io_error("read", path, error))?;
    let (temporary, file) =
        temporary_beside(&target, 0o600).map_err(|error| io_error("write", path, error))?;
    let written = fill(file, content, &metadata)
        .map_err(|error| io_error("write", path, error))
        // As late as possible: an editor may have saved while the new content was on its way to the disk.
        .and_then(|()| verify(path, &target, expected))
        .and_then(|()| {
            std::fs::rename(&temporary, &target).map_err(|error| io_error("replace", path, error))
        });
    if let Err(error) = written {
        // Nothing else can be done about a temporary file that can't be removed; its name says what it is.
        let _ = std::fs::remove_file(&temporary);
        return Err(error);
    }
    sync_folder_of(&target).map_err(|error| io_error("sync the folder of", path, error))?;
    Ok(sha256(content))
}

/// Changes one value of a ticket file, see [`set_value`], if the file still has the revision `expected`; returns the new revision.
/// A file that already says so isn't touched.
pub fn update(
    path: &Path,
    expected: Sha256,
    key: &str,
    value: &NewValue,
) -> Result<Sha256, WriteError> {
    let before = std::fs::read(path).map_err(|error| io_error("read", path, error))?;
    let found = sha256(&before);
    if found != expected {
        return Err(changed(path, found));
    }
    let after = set_value(&before, key, value).map_err(|source| WriteError::Edit {
        path: path.to_owned(),
        source,
    })?;
    if after == before {
        return Ok(expected);
    }
    replace(path, expected, &after)
}

/// Makes a new file; never overwrites one, and nobody ever sees it half written.
pub fn create(path: &Path, content: &[u8]) -> Result<Sha256, WriteError> {
    create_all(&[(path.to_owned(), content.to_vec())])?;
    Ok(sha256(content))
}

/// Makes new files, all or none: when one can't be made, those made before are taken away again. (A crash in the middle leaves whole
/// files, though not all of them.) Never overwrites one, and nobody ever sees one half written.
pub fn create_all(files: &[(PathBuf, Vec<u8>)]) -> Result<(), WriteError> {
    let mut prepared = Vec::new();
    let mut made = Vec::new();
    let written = prepare_all(files, &mut prepared)
        .and_then(|()| publish_all(files, &prepared, &mut made))
        .and_then(|()| sync_folders(files));
    for temporary in &prepared {
        // A second name of what is there by now, or of what is not wanted.
        let _ = std::fs::remove_file(temporary);
    }
    if written.is_err() {
        for path in made {
            // The error that is told is the one that came first.
            let _ = std::fs::remove_file(path);
        }
    }
    written
}

fn prepare_all(
    files: &[(PathBuf, Vec<u8>)],
    prepared: &mut Vec<PathBuf>,
) -> Result<(), WriteError> {
    for (path, content) in files {
        let failed = |error| io_error("write", path, error);
        let (temporary, mut file) = temporary_beside(path, 0o666).map_err(failed)?;
        prepared.push(temporary);
        file.write_all(content)
            .and_then(|()| file.sync_all())
            .map_err(failed)?;
    }
    Ok(())
}

/// Gives the files their names. A link, unlike a rename, fails when the name is taken.
fn publish_all<'f>(
    files: &'f [(PathBuf, Vec<u8>)],
    prepared: &[PathBuf],
    made: &mut Vec<&'f Path>,
) -> Result<(), WriteError> {
    for ((path, content), temporary) in files.iter().zip(prepared) {
        let linked = match std::fs::hard_link(temporary, path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                // A file system without links: not all at once, but never over another file.
                File::create_new(path).and_then(|mut file| {
                    made.push(path);
                    file.write_all(content)?;
                    file.sync_all()
                })
            }
            linked => linked.inspect(|()| made.push(path)),
        };
        linked.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => WriteError::Exists {
                path: path.to_owned(),
            },
            _ => io_error("write", path, error),
        })?;
    }
    Ok(())
}

fn sync_folders(files: &[(PathBuf, Vec<u8>)]) -> Result<(), WriteError> {
    let mut last = None;
    for (path, _content) in files {
        if last != Some(path.parent()) {
            last = Some(path.parent());
            sync_folder_of(path).map_err(|error| io_error("sync the folder of", path, error))?;
        }
    }
    Ok(())
}

fn io_error(doing: &'static str, path: &Path, source: io::Error) -> WriteError {
    WriteError::Io {
        doing,
        path: path.to_owned(),
        source,
    }
}

fn changed(path: &Path, found: Sha256) -> WriteError {
    WriteError::Changed {
        path: path.to_owned(),
        found,
    }
}

fn verify(path: &Path, target: &Path, expected: Sha256) -> Result<(), WriteError> {
    let now = std::fs::read(target).map_err(|error| io_error("read", path, error))?;
    let found = sha256(&now);
    if found == expected {
        Ok(())
    } else {
        Err(changed(path, found))
    }
}

fn fill(mut file: File, content: &[u8], like: &std::fs::Metadata) -> io::Result<()> {
    file.write_all(content)?;
    let own = file.metadata()?;
    if (own.uid(), own.gid()) != (like.uid(), like.gid()) {
        // Only root may give files away; for others the file becomes theirs, as with any editor that saves by rename.
        let _ = fchown(&file, Some(like.uid()), Some(like.gid()));
    }
    file.set_permissions(like.permissions())?;
    file.sync_all()
}

/// A new hidden file in the folder of `target`, whose name is no ticket's. With a `mode` of 0600 nobody else can read it until it has the
/// permissions of `target`.
fn temporary_beside(target: &Path, mode: u32) -> io::Result<(PathBuf, File)> {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let own = format!("{TEMPORARY}{}-{number}{TEMPORARY_END}", std::process::id());
        let temporary = target.with_file_name(own);
        match OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&temporary)
        {
            Ok(file) => return Ok((temporary, file)),
            // Left behind by a process that had this id before.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

/// How the names of temporary files begin, before the process id of who writes, and how they end.
const TEMPORARY: &str = ".docket-";
const TEMPORARY_END: &str = ".tmp";

/// Removes temporary files from a folder of tickets whose writers died before they had the name of a ticket. `lives` says whether a
/// process id is somebody's now. Best effort: what can't be removed stays, and its name says what it is.
pub fn clear_leftovers(folder: &Path, lives: impl Fn(u32) -> bool) {
    let writer = |name: &str| -> Option<u32> {
        let own = name
            .strip_prefix(TEMPORARY)?
            .strip_suffix(TEMPORARY_END)?
            .split_once('-')?;
        own.1.parse::<u32>().ok()?;
        own.0.parse().ok()
    };
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        let writer = entry.file_name().to_str().and_then(writer);
        if is_file && writer.is_some_and(|writer| !lives(writer)) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}
