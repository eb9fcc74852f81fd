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
    /// What was wrong with the folder at the last scan.
    problems: Vec<Finding>,
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

/// So many tickets of a large folder are told of before the others are read: a screenful and some.
const BEGINNING: usize = 256;

/// From so many files on, reading them takes long enough to tell of their beginning.
const WORTH_A_WORD: usize = 1024;

impl Loader {
    /// For the folder `folder` of the repository at `root`. Nothing is read yet.
    pub fn new(root: &Path, folder: &Path) -> Self {
        let folder = root.join(folder);
        let shown = folder.strip_prefix(root).unwrap_or(&folder).to_owned();
        Self {
            folder,
            shown,
            known: BTreeMap::new(),
            problems: Vec::new(),
        }
    }

    /// The folder that is read.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Reads these files, whether they look changed or not (two writes within one tick of the file system's clock leave the same time), and
    /// nothing else: much cheaper than a scan when a folder is large and somebody says what changed in it.
    pub fn refresh<'n>(&mut self, names: impl IntoIterator<Item = &'n OsStr>) -> Scan {
        for name in names {
            let is_there = self.folder.join(name).symlink_metadata().is_ok();
            if !is_there {
                self.known.remove(name);
            } else if is_ticket(name) {
                let read = read(&self.folder.join(name), &self.shown.join(name));
                self.learn(name.to_owned(), read);
            }
        }
        self.seen()
    }

    /// Reads what changed since the last scan. Entries that didn't change are the same `Arc`s as before.
    pub fn scan(&mut self) -> Scan {
        self.scan_telling(|_beginning, _of| {})
    }

    /// The same. When nothing is known yet of a large folder, `tell` gets its first tickets, by file name, and how many there are,
    /// before the others are read.
    pub fn scan_telling(&mut self, tell: impl FnOnce(Vec<Arc<QueueEntry>>, usize)) -> Scan {
        let mut problems = Vec::new();
        let (tickets, others) = match list(&self.folder) {
            Ok(names) => names.into_iter().partition(|name| is_ticket(name)),
            Err(error) => {
                problems.push(self.no_folder(&error));
                (Vec::new(), Vec::new())
            }
        };
        problems.extend(others.iter().filter_map(|name| self.stray(name)));
        let count = tickets.len();
        let is_first = self.known.is_empty();
        let (same, mut to_read): (Vec<_>, Vec<_>) = tickets
            .into_iter()
            .partition(|name| self.is_unchanged(name));
        let known: BTreeMap<_, _> = same
            .into_iter()
            .filter_map(|name| self.known.remove_entry(&name))
            .collect();
        // What is still in `before` at the end wasn't listed: it is gone.
        let mut before = std::mem::replace(&mut self.known, known);
        if is_first && to_read.len() >= WORTH_A_WORD {
            let rest = to_read.split_off(BEGINNING);
            for (name, read) in self.read_all(std::mem::replace(&mut to_read, rest)) {
                self.learn(name, read);
            }
            tell(self.seen().entries, count);
        }
        for (name, read) in self.read_all(to_read) {
            if let Some(old) = before.remove(&name) {
                self.known.insert(name.clone(), old);
            }
            self.learn(name, read);
        }
        self.problems = problems;
        self.seen()
    }

    /// Takes in what was read. The same content again (saved without a change, or only touched) is the same entry.
    fn learn(&mut self, name: OsString, read: FileRead) {
        let same = self.known.get(&name).map(|known| &known.entry);
        let same = same.filter(|entry| ***entry == read.entry).cloned();
        let entry = same.unwrap_or_else(|| Arc::new(read.entry));
        let stamp = read.stamp;
        self.known.insert(name, Known { stamp, entry });
    }

    fn seen(&self) -> Scan {
        let entries = self.known.values().map(|known| Arc::clone(&known.entry));
        Scan {
            entries: entries.collect(),
            problems: self.problems.clone(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_of_a_large_folder_is_told_once() {
        let root = tempfile::tempdir().expect("a folder");
        let write = |number: usize| {
            let path = root.path().join(format!("TICKET-{number:04}.md"));
            std::fs::write(path, "---\nagent: codex\ndone: false\n---\n").expect("a file");
        };
        (0..WORTH_A_WORD - 1).for_each(write);
        let told = |loader: &mut Loader| {
            let mut told = None;
            let scan = loader.scan_telling(|beginning, of| told = Some((beginning, of)));
            (told, scan.entries)
        };
        let (small, _) = told(&mut Loader::new(root.path(), Path::new("")));
        assert_eq!(small, None);
        write(WORTH_A_WORD - 1);
        let mut loader = Loader::new(root.path(), Path::new(""));
        let (large, entries) = told(&mut loader);
        assert_eq!(entries.len(), WORTH_A_WORD);
        let (beginning, of) = large.expect("a beginning");
        assert_eq!(
            (beginning.as_slice(), of),
            (&entries[..BEGINNING], WORTH_A_WORD)
        );
        // What is known already needs no word.
        write(WORTH_A_WORD);
        let (again, entries) = told(&mut loader);
        assert_eq!((again, entries.len()), (None, WORTH_A_WORD + 1));
    }
}
