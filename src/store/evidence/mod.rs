//! An attempt's evidence: a folder of files, written while it runs, sealed by a manifest at its end.
//!
//! `<root>/<run>/<ticket>/<attempt>/`, everything for the owner alone. A file's truth is its bytes: hashes are computed from what lies
//! on the disk, when it is written or when it is sealed.

mod appender;
mod dropping;
mod name;
mod seal;
mod written;

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

pub use appender::Appender;
pub use dropping::{Droppable, drop_files, droppable};
pub(super) use name::check as check_name;
pub use seal::{MANIFEST, Manifest, SealMeta, Sealed, read_manifest};

use self::written::Written;
use super::error::EvidenceError;
use crate::domain::attempt::Artifact;
use crate::domain::hash::{Hasher, sha256};
use crate::domain::ids::{AttemptId, RunId, Sha256};

/// How much of a file is in memory while it is hashed.
const CHUNK: usize = 64 * 1024;

/// Where an attempt's evidence lies. `run` is the run in which the attempt began, also when a later one ends it.
pub fn folder_of(root: &Path, run: RunId, attempt: &AttemptId) -> PathBuf {
    root.join(run.to_string())
        .join(attempt.ticket.as_str())
        .join(attempt.number.to_string())
}

/// The highest run number that has evidence under `root`; 0 when none has. A new run takes a higher one, so that evidence is not
/// mixed when somebody removed the ledger.
pub fn last_run(root: &Path) -> u32 {
    let Ok(folders) = fs::read_dir(root) else {
        return 0;
    };
    folders
        .flatten()
        .filter_map(|folder| folder.file_name().to_str()?.parse::<RunId>().ok())
        .map(|run| run.0)
        .max()
        .unwrap_or(0)
}

/// The open evidence folder of one attempt: several tasks may write different files through clones.
#[derive(Debug, Clone)]
pub struct EvidenceFolder {
    root: PathBuf,
    path: PathBuf,
    /// What was written; `None` where another docket wrote it.
    written: Option<Written>,
}

impl EvidenceFolder {
    /// Makes the folder. Refuses one that holds files already: numbers are never used again.
    pub fn create(root: &Path, run: RunId, attempt: &AttemptId) -> Result<Self, EvidenceError> {
        let mut folder = Self::open(root, run, attempt)?;
        folder.written = Some(Written::default());
        let mut entries =
            fs::read_dir(&folder.path).map_err(EvidenceError::io(&folder.path, "read"))?;
        if entries.next().is_some() {
            return Err(EvidenceError::Exists { path: folder.path });
        }
        Ok(folder)
    }

    /// Opens the folder of an attempt that a dead docket left, to seal what is there. Makes it when it is missing.
    pub fn open(root: &Path, run: RunId, attempt: &AttemptId) -> Result<Self, EvidenceError> {
        let path = folder_of(root, run, attempt);
        make_folder(&path)?;
        Ok(Self {
            root: root.to_path_buf(),
            path,
            written: None,
        })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the file `name` (relative, with `/`) lies or would lie.
    pub fn path_of(&self, name: &str) -> Result<PathBuf, EvidenceError> {
        name::check(name)?;
        Ok(self.path.join(name))
    }

    /// Writes a whole file: nobody ever sees half of it. On disk for certain only after the seal.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<Artifact, EvidenceError> {
        let path = self.path_of(name)?;
        let temporary = self.temporary(name)?;
        write_new(&temporary, bytes)
            .and_then(|_file| fs::rename(&temporary, &path))
            .map_err(|error| {
                // The error counts, not what is left of the temporary file: the seal removes that.
                let _best_effort = fs::remove_file(&temporary);
                EvidenceError::io(&path, "write")(error)
            })?;
        let artifact = Artifact {
            path: name.to_owned(),
            sha256: sha256(bytes),
            bytes: bytes.len() as u64,
        };
        self.note(name, Some(artifact.sha256));
        Ok(artifact)
    }

    /// Opens a file that grows (`transcript.jsonl`, `raw.jsonl`, `stderr.log`); made when missing.
    pub fn appender(&self, name: &str) -> Result<Appender, EvidenceError> {
        let path = self.path_of(name)?;
        make_parent(&path)?;
        self.note(name, None);
        Appender::open(path, name, self.written.clone())
    }

    /// Makes an empty file for the output of the validation that a user called `validation`, and gives its name within the
    /// folder. Every call gives another file: validations run again after every turn.
    pub fn validation_log(&self, validation: &str) -> Result<String, EvidenceError> {
        let stem = name::file_stem(validation);
        let mut number = 1_u32;
        loop {
            let name = match number {
                1 => format!("validations/{stem}.log"),
                _ => format!("validations/{stem}.{number}.log"),
            };
            let path = self.path_of(&name)?;
            make_parent(&path)?;
            match write_new(&path, &[]) {
                Ok(_file) => {
                    self.note(&name, None);
                    return Ok(name);
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(EvidenceError::io(&path, "make")(error)),
            }
        }
    }

    /// The size and hash of a file that lies in the folder now, and that docket has just finished.
    pub fn artifact(&self, name: &str) -> Result<Artifact, EvidenceError> {
        let path = self.path_of(name)?;
        let (sha256, bytes) = hash_file(&path)?;
        self.note(name, Some(sha256));
        Ok(Artifact {
            path: name.to_owned(),
            sha256,
            bytes,
        })
    }

    /// Lists all files with their hashes in the manifest, makes everything read-only and waits until it is on the disk.
    /// The attempt's appenders must be finished before.
    pub fn seal(&self, meta: &SealMeta) -> Result<Sealed, EvidenceError> {
        seal::seal(self, meta)
    }

    fn note(&self, name: &str, hash: Option<Sha256>) {
        if let Some(written) = &self.written {
            written.note(name, hash);
        }
    }

    fn temporary(&self, name: &str) -> Result<PathBuf, EvidenceError> {
        let path = self.path.join(name);
        make_parent(&path)?;
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        Ok(path.with_file_name(format!("{}{file}", name::TEMPORARY)))
    }
}

/// The SHA-256 and size of a file, in bounded memory. Follows no symbolic link.
pub(super) fn hash_file(path: &Path) -> Result<(Sha256, u64), EvidenceError> {
    let failed = || EvidenceError::io(path, "read");
    let kind = fs::symlink_metadata(path).map_err(failed())?.file_type();
    if !kind.is_file() {
        return Err(EvidenceError::NotAFile {
            path: path.to_path_buf(),
        });
    }
    hash_open(&mut File::open(path).map_err(failed())?).map_err(failed())
}

fn hash_open(file: &mut File) -> io::Result<(Sha256, u64)> {
    let mut hasher = Hasher::default();
    let mut bytes = 0;
    let mut chunk = vec![0; CHUNK];
    loop {
        match file.read(&mut chunk) {
            Ok(0) => return Ok((hasher.finish(), bytes)),
            Ok(count) => {
                hasher.update(&chunk[..count]);
                bytes += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<File> {
    let mut file = File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    Ok(file)
}

fn make_folder(path: &Path) -> Result<(), EvidenceError> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(EvidenceError::io(path, "make"))
}

fn make_parent(path: &Path) -> Result<(), EvidenceError> {
    path.parent().map_or(Ok(()), make_folder)
}
