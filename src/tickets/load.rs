//! From a folder to queue entries: only what changed is read again, and nothing that is wrong with one file stops another.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::domain::ids::TicketName;
use crate::domain::ticket::{Finding, Problem, ProblemCode, QueueEntry};

use super::parse::{self, MAX_BYTES};

/// What is in the queue's folder.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scan {
    /// Everything with a ticket's name, sound or broken, by file name.
    pub entries: Vec<Arc<QueueEntry>>,
    /// What is wrong with the folder itself, and files in it that look misnamed.
    pub problems: Vec<Finding>,
}

/// Reads the folder `folder` of the repository at `root` once.
pub fn scan(root: &Path, folder: &Path) -> Scan {
    Loader::new(root, folder).scan()
}

/// Reads a folder again and again; a file is read only if its time, size or identity changed.
#[derive(Debug)]
pub struct Loader {
    folder: PathBuf,
    /// The folder as entries name it: relative to the repository if it lies in it.
    shown: PathBuf,
    known: BTreeMap<OsString, Known>,
}

#[derive(Debug)]
struct Known {
    /// `None`: read it again next time.
    stamp: Option<Stamp>,
    entry: Arc<QueueEntry>,
}

/// What tells that a file changed without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    /// A file whose times were set back still has its real time of change.
    changed: (i64, i64),
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

/// Fewer files than this are read faster by one thread.
const WORTH_A_THREAD: usize = 64;

impl Loader {
    /// For the folder `folder` of the repository at `root`. Nothing is read yet.
    pub fn new(root: &Path, folder: &Path) -> Self {
        let folder = root.join(folder);
        let shown = folder.strip_prefix(root).unwrap_or(&folder).to_owned();
        Self {
            folder,
            shown,
            known: BTreeMap::new(),
        }
    }

    /// The folder that is read.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Reads this file at the next scan even if it looks the same: two writes within one tick of the file system's clock do.
    pub fn distrust(&mut self, file_name: &OsStr) {
        if let Some(known) = self.known.get_mut(file_name) {
            known.stamp = None;
        }
    }

    /// Reads what changed since the last scan. Entries that didn't change are the same `Arc`s as before.
    pub fn scan(&mut self) -> Scan {
        let mut problems = Vec::new();
        let (tickets, others) = match list(&self.folder) {
            Ok(names) => names.into_iter().partition(|name| is_ticket(name)),
            Err(error) => {
                problems.push(self.no_folder(&error));
                (Vec::new(), Vec::new())
            }
        };
        problems.extend(others.iter().filter_map(|name| self.stray(name)));
        let (same, to_read): (Vec<_>, Vec<_>) = tickets
            .into_iter()
            .partition(|name| self.is_unchanged(name));
        let mut known: BTreeMap<_, _> = same
            .into_iter()
            .filter_map(|name| self.known.remove_entry(&name))
            .collect();
        for (name, read) in self.read_all(to_read) {
            // The same content again (saved without a change, or only touched) is the same entry.
            let before = self.known.remove(&name);
            let before = before.filter(|before| *before.entry == read.entry);
            let entry = before.map_or_else(|| Arc::new(read.entry), |before| before.entry);
            let stamp = read.stamp;
            known.insert(name, Known { stamp, entry });
        }
        self.known = known;
        Scan {
            entries: self
                .known
                .values()
                .map(|known| Arc::clone(&known.entry))
                .collect(),
            problems,
        }
    }

    fn is_unchanged(&self, name: &OsStr) -> bool {
        let Some(stamp) = self.known.get(name).and_then(|known| known.stamp) else {
            return false;
        };
        let metadata = self.folder.join(name).metadata();
        metadata.is_ok_and(|metadata| Stamp::of(&metadata) == stamp)
    }

    fn read_all(&self, names: Vec<OsString>) -> Vec<(OsString, FileRead)> {
        let read = |name: &OsString| read(&self.folder.join(name), &self.shown.join(name));
        let threads =
            std::thread::available_parallelism().map_or(2, |count| count.get().clamp(2, 8));
        if names.len() < WORTH_A_THREAD {
            return names
                .into_iter()
                .map(|name| (name.clone(), read(&name)))
                .collect();
        }
        let chunk = names.len().div_ceil(threads);
        let results: Vec<FileRead> = std::thread::scope(|scope| {
            let read_chunk = |chunk: &[OsString]| chunk.iter().map(read).collect::<Vec<_>>();
            let workers: Vec<_> = names
                .chunks(chunk)
                .map(|chunk| (chunk, scope.spawn(move || read_chunk(chunk))))
                .collect();
            workers
                .into_iter()
                // A thread that died is no reason to lose its files.
                .flat_map(|(chunk, worker)| {
                    worker.join().unwrap_or_else(|_panic| read_chunk(chunk))
                })
                .collect()
        });
        names.into_iter().zip(results).collect()
    }

    fn no_folder(&self, error: &io::Error) -> Finding {
        let message = match error.kind() {
            io::ErrorKind::NotFound => "there is no such folder: `docket init` makes it".to_owned(),
            io::ErrorKind::NotADirectory => {
                "this is a file, and the tickets belong in a folder of this name".to_owned()
            }
            _ => format!("the folder can't be read: {error}"),
        };
        Finding {
            path: self.shown.clone(),
            problem: Problem::new(ProblemCode::NoFolder, None, message),
        }
    }

    /// A warning for a Markdown file that may have been meant as a ticket.
    fn stray(&self, name: &OsStr) -> Option<Finding> {
        let text = name.to_string_lossy();
        let lower = text.to_lowercase();
        let is_note = matches!(lower.as_str(), "agents.md" | "readme.md" | "claude.md");
        let is_markdown = Path::new(&lower).extension() == Some(OsStr::new("md"));
        (is_markdown && !is_note && !text.starts_with('.')).then(|| Finding {
            path: self.shown.join(name),
            problem: Problem::new(
                ProblemCode::StrayFile,
                None,
                format!("`{text}` is not a ticket's name and is left alone: call it `TICKET-010-title.md` if it is meant as one"),
            ),
        })
    }
}

fn list(folder: &Path) -> io::Result<Vec<OsString>> {
    let names = std::fs::read_dir(folder)?
        .map(|item| item.map(|item| item.file_name()))
        .collect::<io::Result<Vec<_>>>();
    names.map(|mut names| {
        names.sort_unstable();
        names
    })
}

/// Whether a file name is a ticket's.
pub(crate) fn is_ticket(name: &OsStr) -> bool {
    TicketName::from_file_name(&name.to_string_lossy()).is_some()
}

struct FileRead {
    stamp: Option<Stamp>,
    entry: QueueEntry,
}

fn read(path: &Path, shown: &Path) -> FileRead {
    match content(path) {
        Ok((stamp, bytes)) => FileRead {
            stamp: Some(stamp),
            entry: parse::parse(shown, &bytes),
        },
        Err(problem) => FileRead {
            stamp: None,
            entry: parse::unreadable(shown, problem),
        },
    }
}

/// The bytes of a file, one over the limit at most.
fn content(path: &Path) -> Result<(Stamp, Vec<u8>), Problem> {
    let metadata = path.metadata().map_err(|error| cant_read(path, &error))?;
    if !metadata.is_file() {
        return Err(not_a_file(&metadata));
    }
    // If a pipe takes the file's place right now, opening it must not wait for somebody to write into it.
    let nonblock = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or(0);
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(nonblock)
        .open(path);
    let read = |file: File| {
        let metadata = file.metadata()?;
        let expected = usize::try_from(metadata.size()).unwrap_or(MAX_BYTES);
        let mut bytes = Vec::with_capacity(expected.min(MAX_BYTES) + 1);
        file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
        Ok((Stamp::of(&metadata), bytes))
    };
    file.and_then(read).map_err(|error| cant_read(path, &error))
}

fn cant_read(path: &Path, error: &io::Error) -> Problem {
    let is_link = path.is_symlink();
    let message = match error.kind() {
        io::ErrorKind::NotFound if is_link => "the link points to nothing".to_owned(),
        io::ErrorKind::NotFound => "the file vanished while the folder was read".to_owned(),
        io::ErrorKind::PermissionDenied => {
            "the file can't be read: permission denied; check its owner and mode".to_owned()
        }
        _ => format!("the file can't be read: {error}"),
    };
    Problem::new(ProblemCode::Unreadable, None, message)
}

fn not_a_file(metadata: &Metadata) -> Problem {
    let kind = metadata.file_type();
    let what = if kind.is_dir() {
        "a folder"
    } else if kind.is_fifo() {
        "a pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    };
    let message = format!("this is {what} with a ticket's name: rename it");
    Problem::new(ProblemCode::NotAFile, None, message)
}
