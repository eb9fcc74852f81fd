//! `docket diff`: what an attempt changed.

use std::fs;
use std::io::ErrorKind;

use serde::{Deserialize, Serialize};

use super::arguments::{DiffArguments, Global};
use super::compare;
use super::error::CliError;
use super::history::{self, History};
use super::output::{self, Paint, Role};
use super::place::Place;
use super::{find, table, text};
use crate::domain::ids::{AttemptId, TicketName};
use crate::exit::Exit;
use crate::git::{ChangeKind, Diff, FileChange};
use crate::runner::comparison::{self, Side};

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

#[derive(Default)]
struct Found {
    live: bool,
    files: Vec<ChangedFile>,
    patch: Vec<u8>,
}

pub(super) fn run(global: &Global, arguments: &DiffArguments) -> Result<Exit, CliError> {
    let place = Place::of(global)?;
    if arguments.other.is_some() || arguments.ticket.contains('@') {
        return compared(global.json, &place, arguments);
    }
    let (reader, target) = find::one(&place, &arguments.ticket)?;
    let record = find::last_attempt(&reader, &target, arguments.attempt)?;
    let attempt = record.attempt.clone();
    let history = History::read(&reader, &place.places, record)?;
    let found = if let Some(found) = live(&place, &history) {
        found
    } else {
        let found = stored(&place, &history)?;
        if let (None, Some(dropped)) = (&found, history::dropped(&reader, &attempt)?) {
            return Err(CliError::Usage(format!(
                "{dropped}; its turns may still be there: `docket diff {attempt}@1`, `docket rewind {attempt} --list`"
            )));
        }
        found.unwrap_or_default()
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
    } else {
        print(&found, arguments.stat)?;
    }
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct Comparison<'a> {
    from: Side,
    to: Side,
    files: &'a [ChangedFile],
    #[serde(skip_serializing_if = "Option::is_none")]
    patch: Option<std::borrow::Cow<'a, str>>,
}

/// Between two attempts or turns, or from what an attempt began from to one of its turns.
fn compared(json: bool, place: &Place, arguments: &DiffArguments) -> Result<Exit, CliError> {
    let git = place.repository()?;
    let first = compare::side(place, git, &arguments.ticket)?;
    let (from, to) = if let Some(other) = &arguments.other {
        (first, compare::side(place, git, other)?)
    } else {
        let base = format!("{}@0", first.attempt);
        (compare::side(place, git, &base)?, first)
    };
    let diff = git.diff(from.tree, to.tree)?;
    let found = of_diff(&diff);
    if json {
        output::document(&Comparison {
            from,
            to,
            files: &found.files,
            patch: (!arguments.stat).then(|| String::from_utf8_lossy(&found.patch)),
        })?;
    } else if found.patch.is_empty() {
        output::say(&format!("no file differs between {from} and {to}"));
    } else {
        print(&found, arguments.stat)?;
    }
    Ok(Exit::Done)
}

fn print(found: &Found, only_stat: bool) -> Result<(), CliError> {
    if only_stat {
        output::bytes(stat(&found.files).as_bytes())?;
    } else if output::result_is_shown() {
        let patch = String::from_utf8_lossy(&found.patch);
        let painted = painted(&text::visible(&patch), Paint::for_result());
        output::bytes(painted.as_bytes())?;
    } else {
        output::bytes(&found.patch)?;
    }
    Ok(())
}

/// What the evidence holds: the state after the attempt's last turn.
/// `None` when there is none: no turn ended, it worked without git, or it is gone.
fn stored(place: &Place, history: &History) -> Result<Option<Found>, CliError> {
    let folder = history::folder_of(&place.places, history.record.run, &history.record);
    let read = |name: &str| match fs::read(folder.join(name)) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(CliError::folder(&folder.join(name), source)),
    };
    let (files, patch) = (read("files.json")?, read("diff.patch")?);
    if files.is_none() && patch.is_none() {
        return Ok(None);
    }
    Ok(Some(Found {
        live: false,
        patch: patch.unwrap_or_default(),
        files: serde_json::from_slice(&files.unwrap_or_default()).unwrap_or_default(),
    }))
}

/// What stands in the worktree of an attempt that runs, now. `None` when it has none of its own or can't be read.
fn live(place: &Place, history: &History) -> Option<Found> {
    if history.record.outcome.is_some() {
        return None;
    }
    let git = place.git.as_ref()?;
    let workspace = history.workspace.as_ref()?;
    match comparison::live(git, &history.record.attempt, workspace) {
        Ok(diff) => diff.as_ref().map(of_diff),
        Err(error) => {
            output::say(&format!("the state after the last turn, because: {error}"));
            None
        }
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
