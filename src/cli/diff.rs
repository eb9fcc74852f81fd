//! `docket diff`: what an attempt changed.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::arguments::{DiffArguments, Global};
use super::error::CliError;
use super::history::{self, History};
use super::output::{self, Paint, Role};
use super::place::Place;
use super::{find, table, text};
use crate::domain::ids::{AttemptId, TicketName};
use crate::exit::Exit;
use crate::git::{ChangeKind, Diff, FileChange, SnapshotOptions};

/// A changed file, as in `files.json` of the evidence.
#[derive(Debug, Serialize, Deserialize)]
struct ChangedFile {
    path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    old_path: Option<String>,
    kind: String,
    binary: bool,
    added: u32,
    removed: u32,
}

#[derive(Serialize)]
struct Document<'a> {
    ticket: &'a TicketName,
    attempt: &'a AttemptId,
    /// Taken now from the worktree of an attempt that runs; else it is evidence.
    live: bool,
    files: &'a [ChangedFile],
    #[serde(skip_serializing_if = "Option::is_none")]
    patch: Option<std::borrow::Cow<'a, str>>,
}

struct Found {
    live: bool,
    files: Vec<ChangedFile>,
    patch: Vec<u8>,
}

pub(super) fn run(global: &Global, arguments: &DiffArguments) -> Result<Exit, CliError> {
    let place = Place::of(global)?;
    let (reader, target) = find::one(&place, &arguments.ticket)?;
    let record = find::last_attempt(&reader, &target, arguments.attempt)?;
    let attempt = record.attempt.clone();
    let history = History::read(&reader, &place.places, record)?;
    let found = match live(&place, &history) {
        Some(found) => found,
        None => stored(&place, &history)?,
    };
    if global.json {
        output::document(&Document {
            ticket: &target.name,
            attempt: &attempt,
            live: found.live,
            files: &found.files,
            patch: (!arguments.stat).then(|| String::from_utf8_lossy(&found.patch)),
        })?;
    } else if found.patch.is_empty() {
        output::say(&format!("{attempt} changed no file"));
    } else if arguments.stat {
        output::bytes(stat(&found.files).as_bytes())?;
    } else if output::result_is_shown() {
        let patch = String::from_utf8_lossy(&found.patch);
        let painted = painted(&text::visible(&patch), Paint::for_result());
        output::bytes(painted.as_bytes())?;
    } else {
        output::bytes(&found.patch)?;
    }
    Ok(Exit::Done)
}

/// What the evidence holds: the state after the attempt's last turn.
fn stored(place: &Place, history: &History) -> Result<Found, CliError> {
    let folder = history::folder_of(&place.places, history.record.run, &history.record);
    let read = |name: &str| match fs::read(folder.join(name)) {
        Ok(bytes) => Ok(bytes),
        // No turn ended, or it worked without git.
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(CliError::folder(&folder.join(name), source)),
    };
    let files = read("files.json")?;
    Ok(Found {
        live: false,
        patch: read("diff.patch")?,
        files: serde_json::from_slice(&files).unwrap_or_default(),
    })
}

/// What stands in the worktree of an attempt that runs, now. `None` when it has none of its own or can't be read.
fn live(place: &Place, history: &History) -> Option<Found> {
    if history.record.outcome.is_some() {
        return None;
    }
    let git = place.git.as_ref()?;
    let workspace = history.workspace.as_ref()?;
    let base = workspace.branch.as_ref()?.base.parse().ok()?;
    let cache = Cache::new(&history.record.attempt);
    let diff = git.worktree(&workspace.path).and_then(|worktree| {
        let snapshot = worktree.snapshot(&SnapshotOptions::new(&cache.path))?;
        git.diff(git.tree_of(base)?, snapshot.tree)
    });
    match diff {
        Ok(diff) => Some(of_diff(&diff)),
        Err(error) => {
            output::say(&format!("the state after the last turn, because: {error}"));
            None
        }
    }
}

/// The cache of one snapshot; the runner's own is not touched.
struct Cache {
    path: PathBuf,
}

impl Cache {
    fn new(attempt: &AttemptId) -> Self {
        let name = format!("docket-diff-{}-{attempt}", std::process::id());
        Self {
            path: std::env::temp_dir().join(name),
        }
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        // It lies among temporary files: what can't be removed now goes with them.
        let _left_for_the_system = fs::remove_file(&self.path);
    }
}

fn of_diff(diff: &Diff) -> Found {
    let kind = |change: &FileChange| match change.kind {
        ChangeKind::Added => "added",
        ChangeKind::Modified => "modified",
        ChangeKind::Deleted => "deleted",
        ChangeKind::Renamed => "renamed",
        ChangeKind::TypeChanged => "type_changed",
    };
    let file = |change: &FileChange| ChangedFile {
        path: change.path.to_string_lossy().into_owned(),
        old_path: change
            .old_path
            .as_ref()
            .map(|path| path.to_string_lossy().into_owned()),
        kind: kind(change).to_owned(),
        binary: change.binary,
        added: change.added_lines,
        removed: change.removed_lines,
    };
    Found {
        live: true,
        files: diff.files.iter().map(file).collect(),
        patch: diff.patch.clone(),
    }
}

fn stat(files: &[ChangedFile]) -> String {
    let (mut added, mut removed) = (0_u64, 0_u64);
    let mut rows = Vec::new();
    for file in files {
        added += u64::from(file.added);
        removed += u64::from(file.removed);
        let path = match &file.old_path {
            Some(old) => format!("{old} → {}", file.path),
            None => file.path.clone(),
        };
        let (plus, minus) = if file.binary {
            ("binary".to_owned(), String::new())
        } else {
            (format!("+{}", file.added), format!("-{}", file.removed))
        };
        rows.push(vec![
            table::cell(Role::Faint, &file.kind),
            table::cell(Role::Plain, &path),
            table::cell(Role::Good, &plus),
            table::cell(Role::Bad, &minus),
        ]);
    }
    let sum = super::lint::counted(files.len(), "file");
    format!("{}{sum}, +{added} -{removed}\n", table::render(&rows, &[1]))
}

/// A patch in colours, if there are any.
pub(super) fn painted(patch: &str, paint: Paint) -> String {
    let role = |line: &str| match line.as_bytes().first() {
        _ if line.starts_with("+++") || line.starts_with("---") => Role::Strong,
        Some(b'+') => Role::Good,
        Some(b'-') => Role::Bad,
        Some(b'@') => Role::Active,
        _ if line.starts_with("diff ") => Role::Strong,
        _ => Role::Plain,
    };
    let mut painted = String::with_capacity(patch.len());
    for line in patch.split_inclusive('\n') {
        let text = line.strip_suffix('\n');
        painted.push_str(&paint.text(role(line), text.unwrap_or(line)));
        if text.is_some() {
            painted.push('\n');
        }
    }
    painted
}
