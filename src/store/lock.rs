//! `runner.lock`: who may run tickets here. Held with the system's file lock, which ends with the process however it dies; the
//! content is for messages only.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::attempt::ProcessRecord;
use crate::domain::time::Timestamp;

/// The lock's name in `.docket/`.
pub const FILE: &str = "runner.lock";

/// Who asks whether the lock is held holds it for an instant; a runner that starts just then tries again.
const TRIES: u32 = 10;

/// The same when whoever has the lock left no word: one that holds it for long does.
const TRIES_WITHOUT_A_WORD: u32 = 50 * TRIES;
const BETWEEN_TRIES: Duration = Duration::from_millis(2);

/// Who holds the lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The process.
    #[serde(flatten)]
    pub process: ProcessRecord,
    /// docket's version.
    pub version: String,
    /// Since when.
    pub since: Timestamp,
}

/// Why the lock can't be had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another runner lives.
    #[error("another docket is running here{}: `docket status` shows it, `docket stop` ends it", who(by.as_ref()))]
    Held {
        /// Who, if its words can be read.
        by: Option<Holder>,
    },
    /// The system said no.
    #[error("can't {doing} {}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// A verb.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

fn who(holder: Option<&Holder>) -> String {
    holder.map_or_else(String::new, |holder| {
        format!(" (pid {}, docket {})", holder.process.pid, holder.version)
    })
}

/// The right to run tickets, until dropped.
#[derive(Debug)]
pub struct RunnerLock {
    file: File,
}

impl RunnerLock {
    /// Takes the lock in `folder` (`.docket/`, made when missing) and leaves word of who took it.
    pub fn acquire(folder: &Path, holder: &Holder) -> Result<Self, LockError> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(failed(folder, "make"))?;
        let path = folder.join(FILE);
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(failed(&path, "open"))?;
        if !lock(&mut file).map_err(failed(&path, "lock"))? {
            return Err(LockError::Held {
                by: read(&mut file),
            });
        }
        write(&mut file, holder).map_err(failed(&path, "write"))?;
        Ok(Self { file })
    }

    /// Who runs tickets in `folder` now; `None` when nobody does. Takes no lasting lock and makes no file.
    pub fn holder(folder: &Path) -> Result<Option<Held>, LockError> {
        LockWatch::new(folder).holder()
    }
}

/// Asks again and again who holds the lock. The file stays open in between: opening it would wake everybody who watches the
/// folder.
#[derive(Debug)]
pub struct LockWatch {
    path: PathBuf,
    file: Option<File>,
}

impl LockWatch {
    /// Of the lock in `folder` (`.docket/`).
    pub fn new(folder: &Path) -> Self {
        Self {
            path: folder.join(FILE),
            file: None,
        }
    }

    /// As [`RunnerLock::holder`].
    pub fn holder(&mut self) -> Result<Option<Held>, LockError> {
        let path = &self.path;
        let found = match fs::metadata(path) {
            Ok(found) => (found.dev(), found.ino()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.file = None;
                return Ok(None);
            }
            Err(error) => return Err(failed(path, "look at")(error)),
        };
        // Somebody may have removed the folder and made it again.
        let is_same = |file: &File| {
            let known = file.metadata();
            known.is_ok_and(|known| (known.dev(), known.ino()) == found)
        };
        let mut file = match self.file.take().filter(is_same) {
            Some(file) => file,
            None => match File::open(path) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(failed(path, "open")(error)),
            },
        };
        let held = match file.try_lock_shared() {
            Ok(()) => {
                file.unlock().map_err(failed(path, "unlock"))?;
                None
            }
            Err(TryLockError::WouldBlock) => Some(Held {
                by: read(&mut file),
            }),
            Err(TryLockError::Error(error)) => return Err(failed(path, "lock")(error)),
        };
        self.file = Some(file);
        Ok(held)
    }
}

/// Somebody holds the lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Who, if its words can be read (it may be about to write them).
    pub by: Option<Holder>,
}

impl Drop for RunnerLock {
    fn drop(&mut self) {
        // So that nobody reads who held it before. The lock itself ends when the file closes.
        let _best_effort = self.file.set_len(0);
    }
}

fn lock(file: &mut File) -> io::Result<bool> {
    for attempt in 1..=TRIES_WITHOUT_A_WORD {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            // Who left no word is about to, or only asks who holds the lock, and the system lets it wait.
            Err(TryLockError::WouldBlock) if attempt < TRIES || read(file).is_none() => wait(),
            Err(TryLockError::WouldBlock) => return Ok(false),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok(false)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the system has no word for `the other one let go`: at most a second, and only while the lock is held"
)]
fn wait() {
    std::thread::sleep(BETWEEN_TRIES);
}

fn write(file: &mut File, holder: &Holder) -> io::Result<()> {
    let mut text = serde_json::to_vec(holder)?;
    text.push(b'\n');
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&text)
}

fn read(file: &mut File) -> Option<Holder> {
    let mut text = String::new();
    file.seek(SeekFrom::Start(0)).ok()?;
    file.take(4096).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

fn failed(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> LockError {
    let path = path.to_path_buf();
    move |source| LockError::Io {
        path,
        doing,
        source,
    }
}
