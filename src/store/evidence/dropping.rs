//! Throwing evidence away: the files go, the manifest stays and says what they were.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::super::error::EvidenceError;
use super::{MANIFEST, folder_of};
use crate::domain::ids::{AttemptId, RunId};

/// Small, and what people ask for first: these stay.
const KEPT: [&str; 2] = [MANIFEST, "result.json"];

/// What throwing an attempt's evidence away frees, or freed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Droppable {
    /// Files.
    pub files: u32,
    /// Their bytes.
    pub bytes: u64,
}

/// What [`drop_files`] would remove of an attempt's evidence. Nothing when the folder is gone.
pub fn droppable(root: &Path, run: RunId, attempt: &AttemptId) -> Result<Droppable, EvidenceError> {
    let folder = folder_of(root, run, attempt);
    let mut found = Vec::new();
    walk(&folder, &mut found, &mut Vec::new())?;
    let mut sum = Droppable::default();
    for (_, bytes) in found.iter().filter(|(path, _)| !is_kept(&folder, path)) {
        sum.files += 1;
        sum.bytes += bytes;
    }
    Ok(sum)
}

/// Removes the files of an attempt's evidence except its manifest and result. To be called after the ledger says so: then
/// nothing is wrong when it breaks off halfway, and calling it again finishes it. Links are removed, not followed.
pub fn drop_files(
    root: &Path,
    run: RunId,
    attempt: &AttemptId,
) -> Result<Droppable, EvidenceError> {
    let folder = folder_of(root, run, attempt);
    let (mut files, mut folders) = (Vec::new(), Vec::new());
    walk(&folder, &mut files, &mut folders)?;
    let mut sum = Droppable::default();
    for (path, bytes) in files {
        if is_kept(&folder, &path) {
            continue;
        }
        gone(fs::remove_file(&path)).map_err(EvidenceError::io(&path, "remove"))?;
        sum.files += 1;
        sum.bytes += bytes;
    }
    // The innermost first. One in which something is left stays.
    for path in folders.iter().rev().filter(|path| **path != folder) {
        let _not_empty = fs::remove_dir(path);
    }
    // An attempt that was never sealed leaves nothing to keep.
    let _not_empty = fs::remove_dir(&folder);
    Ok(sum)
}

fn is_kept(folder: &Path, path: &Path) -> bool {
    KEPT.iter().any(|name| folder.join(name) == path)
}

fn walk(
    folder: &Path,
    files: &mut Vec<(PathBuf, u64)>,
    folders: &mut Vec<PathBuf>,
) -> Result<(), EvidenceError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(EvidenceError::io(folder, "read")(error)),
    };
    folders.push(folder.to_path_buf());
    for entry in entries {
        let entry = entry.map_err(EvidenceError::io(folder, "read"))?;
        let path = entry.path();
        let found = fs::symlink_metadata(&path).map_err(EvidenceError::io(&path, "read"))?;
        if found.is_dir() {
            walk(&path, files, folders)?;
        } else {
            files.push((path, found.len()));
        }
    }
    Ok(())
}

fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}
