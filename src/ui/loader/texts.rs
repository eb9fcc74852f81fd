//! Reads, checks and writes what the editor edits. Called off the UI's thread; holds no state.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use similar::TextDiff;

use crate::domain::hash::sha256;
use crate::domain::ids::Sha256;
use crate::domain::problem::Problem;
use crate::domain::queue::Queue;
use crate::domain::ticket::KnownNames;
use crate::tickets::lint::lint_text;
use crate::tickets::write::{self, WriteError};

/// Larger files are not edited on the screen: each key would take milliseconds.
const MOST_BYTES: u64 = 1024 * 1024;
const MOST_LINES: usize = 20_000;
const LONGEST_LINE: usize = 20_000;
/// Only so much time goes into making a diff small.
const PATIENCE: Duration = Duration::from_millis(500);
/// A list shows at most so many notes.
const MOST_NOTES: usize = 1_000;

/// Something for the editor to read. Answers carry the number of their question.
#[derive(Debug, Clone)]
pub(crate) enum TextLoad {
    /// A whole file.
    File { question: u64, path: PathBuf },
    /// The notes in a folder.
    Notes { question: u64, folder: PathBuf },
    /// What is wrong with a ticket's text.
    Lint {
        question: u64,
        /// Relative to the repository.
        path: PathBuf,
        text: Arc<[u8]>,
        queue: Arc<Queue>,
        known: Option<KnownNames>,
    },
}

impl TextLoad {
    fn question(&self) -> u64 {
        match self {
            Self::File { question, .. }
            | Self::Notes { question, .. }
            | Self::Lint { question, .. } => *question,
        }
    }
}

/// Questions have numbers of their own.
impl PartialEq for TextLoad {
    fn eq(&self, other: &Self) -> bool {
        self.question() == other.question()
    }
}

impl Eq for TextLoad {}

/// Something for the editor to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Save {
    /// The text, if the file is still what it was.
    Text {
        question: u64,
        path: PathBuf,
        bytes: Vec<u8>,
        /// What is on the disk as far as the user has seen; `None`: no file.
        expected: Option<Sha256>,
        /// The text that was loaded: a diff shows what others did to it since.
        base: String,
    },
    /// A copy of the text, in a file of its own.
    Draft {
        question: u64,
        folder: PathBuf,
        /// The file that it is a copy of.
        of: PathBuf,
        bytes: Vec<u8>,
    },
    /// A copy is not needed any more.
    Remove { question: u64, path: PathBuf },
}

/// What came of it.
#[derive(Debug)]
pub(crate) enum TextLoaded {
    /// A whole file; or why it can't be edited on the screen.
    File {
        question: u64,
        read: Result<FileText, String>,
    },
    /// The notes in a folder.
    Notes { question: u64, notes: Vec<Note> },
    /// What is wrong with a ticket's text.
    Lint {
        question: u64,
        problems: Vec<Problem>,
    },
    /// The file's new revision.
    Saved {
        question: u64,
        saved: Result<Sha256, NotSaved>,
    },
    /// Where the copy is.
    Drafted {
        question: u64,
        draft: Result<PathBuf, String>,
    },
    /// Nothing to tell.
    Removed,
}

/// A whole file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileText {
    /// What is in it.
    pub(crate) text: String,
    /// `None`: there is no such file.
    pub(crate) revision: Option<Sha256>,
}

/// A note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Note {
    /// Its file's name.
    pub(crate) name: String,
    /// Its size.
    pub(crate) bytes: u64,
}

/// Why a text was not written. What was there is still there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NotSaved {
    /// The file is another one.
    Changed {
        /// What it is now.
        revision: Sha256,
        /// What others did to it, as a unified diff.
        patch: String,
    },
    /// The file is gone.
    Gone,
    /// The system refused.
    Failed(String),
}

/// Reads it. Blocks on the disk.
pub(super) fn load(load: TextLoad) -> TextLoaded {
    match load {
        TextLoad::File { question, path } => TextLoaded::File {
            question,
            read: read(&path),
        },
        TextLoad::Notes { question, folder } => TextLoaded::Notes {
            question,
            notes: notes(&folder),
        },
        TextLoad::Lint {
            question,
            path,
            text,
            queue,
            known,
        } => TextLoaded::Lint {
            question,
            problems: lint_text(&queue, &path, &text, known.as_ref()),
        },
    }
}

/// Writes it. Blocks on the disk.
pub(crate) fn save(save: Save) -> TextLoaded {
    match save {
        Save::Text {
            question,
            path,
            bytes,
            expected,
            base,
        } => TextLoaded::Saved {
            question,
            saved: write_text(&path, &bytes, expected, &base),
        },
        Save::Draft {
            question,
            folder,
            of,
            bytes,
        } => TextLoaded::Drafted {
            question,
            draft: draft(&folder, &of, &bytes),
        },
        Save::Remove { path, .. } => {
            // A copy that stays does no harm.
            drop(std::fs::remove_file(path));
            TextLoaded::Removed
        }
    }
}

fn read(path: &Path) -> Result<FileText, String> {
    let say = |error: std::io::Error| format!("it can't be read: {error}");
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Ok(FileText {
                text: String::new(),
                revision: None,
            });
        }
        Err(error) => return Err(say(error)),
    };
    let metadata = file.metadata().map_err(say)?;
    if !metadata.is_file() {
        return Err("it is no regular file".to_owned());
    }
    let mut bytes = Vec::new();
    file.take(MOST_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(say)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err("it is larger than 1 MiB".to_owned());
    }
    let revision = sha256(&bytes);
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let before = error.as_bytes().get(..at).unwrap_or_default();
        let line = before.split(|byte| *byte == b'\n').count();
        format!("it is not UTF-8: byte {} (line {line})", at + 1)
    })?;
    if text.bytes().filter(|byte| *byte == b'\n').count() >= MOST_LINES {
        return Err(format!("it has more than {MOST_LINES} lines"));
    }
    if let Some(line) = text.split('\n').position(|line| line.len() > LONGEST_LINE) {
        return Err(format!(
            "its line {} is longer than {LONGEST_LINE} bytes",
            line + 1
        ));
    }
    Ok(FileText {
        text,
        revision: Some(revision),
    })
}

/// The Markdown files of a folder, by name. What can't be read is left out.
fn notes(folder: &Path) -> Vec<Note> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut notes: Vec<Note> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            // Followed: a note may be a link.
            let metadata = std::fs::metadata(entry.path()).ok()?;
            let is_note = metadata.is_file() && !name.starts_with('.');
            is_note.then_some(Note {
                name,
                bytes: metadata.len(),
            })
        })
        .take(MOST_NOTES)
        .collect();
    notes.sort_by(|a, b| a.name.cmp(&b.name));
    notes
}

fn write_text(
    path: &Path,
    bytes: &[u8],
    expected: Option<Sha256>,
    base: &str,
) -> Result<Sha256, NotSaved> {
    let written = if let Some(expected) = expected {
        write::replace(path, expected, bytes)
    } else {
        if let Some(folder) = path.parent() {
            // Why it could not be made is what the next step says.
            drop(std::fs::create_dir_all(folder));
        }
        write::create(path, bytes)
    };
    match written {
        Ok(revision) => Ok(revision),
        Err(WriteError::Changed { .. } | WriteError::Exists { .. }) => Err(changed(path, base)),
        Err(WriteError::Io { source, .. })
            if expected.is_some() && source.kind() == ErrorKind::NotFound =>
        {
            Err(NotSaved::Gone)
        }
        Err(error) => Err(NotSaved::Failed(error.to_string())),
    }
}

/// What is on the disk now, and what others did to it.
fn changed(path: &Path, base: &str) -> NotSaved {
    let now = match std::fs::read(path) {
        Ok(now) => now,
        Err(error) if error.kind() == ErrorKind::NotFound => return NotSaved::Gone,
        Err(error) => return NotSaved::Failed(format!("it can't be read: {error}")),
    };
    let text = String::from_utf8_lossy(&now);
    let diff = TextDiff::configure()
        .timeout(PATIENCE)
        .diff_lines(base, &text);
    NotSaved::Changed {
        revision: sha256(&now),
        patch: diff
            .unified_diff()
            .context_radius(3)
            .header("as you opened it", "as it is on the disk now")
            .to_string(),
    }
}

/// A new file in `folder`, named after the one that it is a copy of.
fn draft(folder: &Path, of: &Path, bytes: &[u8]) -> Result<PathBuf, String> {
    let say = |error: String| format!("no copy could be made: {error}");
    std::fs::create_dir_all(folder).map_err(|error| say(error.to_string()))?;
    let name = of.file_name().unwrap_or_default().to_string_lossy();
    let (stem, end) = name.rsplit_once('.').unwrap_or((&name, "md"));
    let mut number = 1_u32;
    loop {
        let path = folder.join(format!("{stem}.{number}.{end}"));
        match write::create(&path, bytes) {
            Ok(_revision) => return Ok(path),
            Err(WriteError::Exists { .. }) => number += 1,
            Err(error) => return Err(say(error.to_string())),
        }
    }
}
