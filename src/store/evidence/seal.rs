//! The seal: a manifest that names every file with its hash, on disk before its own hash goes into the ledger's chain.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::super::error::EvidenceError;
use super::{EvidenceFolder, hash_open, name, write_new};
use crate::domain::attempt::{Artifact, AttemptOutcome};
use crate::domain::hash::sha256;
use crate::domain::ids::{AttemptId, RunId, Sha256, TicketId};
use crate::domain::time::Timestamp;

/// The manifest's name in the evidence folder.
pub const MANIFEST: &str = "manifest.json";

/// The form of the manifest that this docket writes.
const FORMAT: u32 = 1;

/// How many files are synced at a time: journals put waiting syncs into one commit.
const SYNCERS: usize = 8;

/// What the manifest says besides the files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealMeta {
    /// The attempt.
    pub attempt: AttemptId,
    /// The run in which it began.
    pub run: RunId,
    /// The ticket.
    pub ticket: TicketId,
    /// The revision whose rules held.
    pub revision: Sha256,
    /// How the attempt stands at the seal; a later failure to integrate is told by the ledger alone.
    pub outcome: AttemptOutcome,
    /// docket's version.
    pub docket: String,
    /// When.
    pub at: Timestamp,
}

/// The content of `manifest.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The form of this file.
    pub format: u32,
    /// What it is about.
    #[serde(flatten)]
    pub meta: SealMeta,
    /// Every other file in the folder, sorted by path.
    pub files: Vec<Artifact>,
}

/// Evidence that is complete and on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The SHA-256 of the bytes of `manifest.json`.
    pub manifest: Sha256,
    /// What the manifest lists.
    pub files: Vec<Artifact>,
    /// Their sizes together.
    pub bytes: u64,
}

/// Reads the manifest of a folder, with the hash of its bytes.
pub fn read_manifest(folder: &Path) -> Result<(Manifest, Sha256), EvidenceError> {
    let path = folder.join(MANIFEST);
    let bytes = fs::read(&path).map_err(EvidenceError::io(&path, "read"))?;
    let manifest = serde_json::from_slice(&bytes)
        .map_err(|source| EvidenceError::BadManifest { path, source })?;
    Ok((manifest, sha256(&bytes)))
}

pub(super) fn seal(folder: &EvidenceFolder, meta: &SealMeta) -> Result<Sealed, EvidenceError> {
    let mut found = Found::default();
    found.walk(&folder.path, "")?;
    found.files.sort();

    let mut open = Vec::with_capacity(found.files.len());
    let mut files = Vec::with_capacity(found.files.len());
    for name in found.files {
        let path = folder.path.join(&name);
        let mut file = File::open(&path).map_err(EvidenceError::io(&path, "read"))?;
        let (sha256, bytes) = hash_open(&mut file).map_err(EvidenceError::io(&path, "read"))?;
        files.push(Artifact {
            path: name,
            sha256,
            bytes,
        });
        open.push((path, file));
    }
    if let Some(written) = &folder.written {
        written.check(&folder.path, &files)?;
    }
    let manifest = Manifest {
        format: FORMAT,
        meta: meta.clone(),
        files,
    };

    let path = folder.path.join(MANIFEST);
    let mut text = serde_json::to_vec_pretty(&manifest)
        .map_err(io::Error::from)
        .map_err(EvidenceError::io(&path, "write"))?;
    text.push(b'\n');
    let temporary = folder.path.join(format!("{}{MANIFEST}", name::TEMPORARY));
    // The manifest counts from the moment at which its hash is in the ledger, so it may take its name before it is synced.
    let written = write_new(&temporary, &text)
        .and_then(|file| fs::rename(&temporary, &path).map(|()| file))
        .map_err(EvidenceError::io(&path, "write"))?;
    open.push((path, written));
    for (path, file) in &open {
        file.set_permissions(fs::Permissions::from_mode(0o400))
            .map_err(EvidenceError::io(path, "protect"))?;
    }
    // The folders' entries too, up to the root: the first attempt of a run made them all.
    let above = folder.path.ancestors().skip(1);
    let above = above.take_while(|path| path.starts_with(&folder.root));
    for path in found.folders.iter().map(PathBuf::as_path).chain(above) {
        let file = File::open(path).map_err(EvidenceError::io(path, "open"))?;
        open.push((path.to_path_buf(), file));
    }
    sync_all(&open)?;
    #[cfg(target_vendor = "apple")]
    if let Some((path, file)) = open.first() {
        file.sync_all().map_err(EvidenceError::io(path, "sync"))?;
    }
    let bytes = manifest.files.iter().map(|file| file.bytes).sum();
    Ok(Sealed {
        manifest: sha256(&text),
        files: manifest.files,
        bytes,
    })
}

/// Everything under a folder.
#[derive(Default)]
struct Found {
    files: Vec<String>,
    folders: Vec<PathBuf>,
}

impl Found {
    /// Removes what a dead docket left half-written; refuses what is not a file.
    fn walk(&mut self, folder: &Path, prefix: &str) -> Result<(), EvidenceError> {
        self.folders.push(folder.to_path_buf());
        let failed = || EvidenceError::io(folder, "read");
        for entry in fs::read_dir(folder).map_err(failed())? {
            let entry = entry.map_err(failed())?;
            let path = entry.path();
            let file_name = entry.file_name();
            let Some(file_name) = file_name.to_str() else {
                return Err(EvidenceError::BadPath {
                    path: path.display().to_string(),
                });
            };
            let name = format!("{prefix}{file_name}");
            let kind = entry.file_type().map_err(failed())?;
            if kind.is_dir() {
                self.walk(&path, &format!("{name}/"))?;
            } else if !kind.is_file() {
                return Err(EvidenceError::NotAFile { path });
            } else if file_name.starts_with(name::TEMPORARY) {
                fs::remove_file(&path).map_err(EvidenceError::io(&path, "remove"))?;
            } else if name != MANIFEST {
                self.files.push(name);
            }
        }
        Ok(())
    }
}

/// Waits until all of it is on the disk.
fn sync_all(open: &[(PathBuf, File)]) -> Result<(), EvidenceError> {
    let share = open.len().div_ceil(SYNCERS).max(1);
    std::thread::scope(|scope| {
        let syncers: Vec<_> = open
            .chunks(share)
            .map(|files| scope.spawn(move || sync_each(files)))
            .collect();
        syncers.into_iter().try_for_each(|syncer| {
            syncer.join().unwrap_or_else(|_panic| {
                let path = open.first().map(|(path, _)| path.as_path());
                let stopped = io::Error::other("the thread that syncs it ended");
                Err(EvidenceError::io(
                    path.unwrap_or(Path::new("evidence")),
                    "sync",
                )(stopped))
            })
        })
    })
}

fn sync_each(files: &[(PathBuf, File)]) -> Result<(), EvidenceError> {
    files
        .iter()
        .try_for_each(|(path, file)| sync(file).map_err(EvidenceError::io(path, "sync")))
}

#[cfg(not(target_vendor = "apple"))]
fn sync(file: &File) -> io::Result<()> {
    file.sync_all()
}

/// Here `sync_all` empties the drive's own cache, which is slow: once is enough, after the last file.
#[cfg(target_vendor = "apple")]
fn sync(file: &File) -> io::Result<()> {
    Ok(rustix::fs::fsync(file)?)
}
