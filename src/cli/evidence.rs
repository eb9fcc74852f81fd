//! `docket evidence`: what attempts left as proof, and whether it still is as docket left it.

use std::fs;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

use serde::Serialize;

use super::arguments::{EvidenceCommand, Global};
use super::error::CliError;
use super::history;
use super::output::{self, Role};
use super::place::Place;
use super::{bundle, find, table, text, words};
use crate::domain::attempt::AttemptOutcome;
use crate::domain::ids::{AttemptId, RunId};
use crate::domain::reason::Mark;
use crate::domain::time::Timestamp;
use crate::exit::Exit;
use crate::proc::clock::{Clock as _, SystemClock};
use crate::store::Reader;
use crate::store::evidence::read_manifest;
use crate::store::records::{AttemptRecord, Seal};
use crate::store::verify::{self, AttemptReport, AttemptState, Filter};

/// How much of a file is on its way at a time.
const CHUNK: usize = 64 * 1024;

pub(super) fn run(global: &Global, command: &EvidenceCommand) -> Result<Exit, CliError> {
    // A bundle is checked anywhere, without a repository.
    if let EvidenceCommand::Verify {
        ticket: Some(file), ..
    } = command
        && bundle::is_bundle(file)
    {
        return bundle::verify(global, file);
    }
    let place = Place::of(global)?;
    match command {
        EvidenceCommand::Export { what, output } => {
            bundle::export(global.json, &place, what, output.as_deref())
        }
        EvidenceCommand::Ls { ticket: None } => list(global.json, &place),
        EvidenceCommand::Ls {
            ticket: Some(ticket),
        }
        | EvidenceCommand::Show { ticket, file: None } => files(global.json, &place, ticket),
        EvidenceCommand::Show {
            ticket,
            file: Some(file),
        } => show(global.json, &place, ticket, file),
        EvidenceCommand::Verify { ticket, run } => {
            check(global.json, &place, ticket.as_deref(), *run)
        }
    }
}

#[derive(Serialize)]
struct Attempts {
    attempts: Vec<AttemptRow>,
}

#[derive(Serialize)]
struct AttemptRow {
    attempt: AttemptId,
    run: RunId,
    outcome: Option<AttemptOutcome>,
    /// Relative to the repository.
    path: String,
    /// Whether the folder is still there.
    there: bool,
    /// When its files were thrown away, if they were (`docket gc`).
    dropped: Option<Timestamp>,
    seal: Option<Seal>,
}

/// Every attempt, by run.
fn list(json: bool, place: &Place) -> Result<Exit, CliError> {
    let reader = Reader::open(&place.places.ledger())?;
    let dropped = reader.dropped()?;
    let row = |record: AttemptRecord| {
        let folder = history::folder_of(&place.places, record.run, &record);
        AttemptRow {
            there: folder.is_dir(),
            dropped: dropped.get(&record.attempt).copied(),
            path: place.shown(&folder),
            attempt: record.attempt,
            run: record.run,
            outcome: record.outcome,
            seal: record.seal,
        }
    };
    let attempts: Vec<_> = reader.attempts()?.into_iter().map(row).collect();
    if json {
        output::document(&Attempts { attempts })?;
        return Ok(Exit::Done);
    }
    if attempts.is_empty() {
        output::say("no evidence yet: `docket --once` makes some");
    }
    let cells: Vec<_> = attempts
        .iter()
        .map(|row| {
            let mark = Mark::of_outcome(row.outcome.as_ref());
            let outcome = row.outcome.as_ref().map(ToString::to_string);
            let seal = row.seal.map_or_else(
                || "not sealed".to_owned(),
                |seal| format!("{} files, {}", seal.files, text::bytes(seal.bytes)),
            );
            let seal = match row.dropped {
                Some(_) => format!("{seal}, dropped by gc"),
                None if row.there => seal,
                None => "gone".to_owned(),
            };
            vec![
                words::sign_cell(mark),
                table::cell(Role::Strong, &row.attempt.to_string()),
                table::cell(Role::Plain, outcome.as_deref().unwrap_or("open")),
                table::cell(Role::Faint, &seal),
                table::cell(Role::Faint, &row.path),
            ]
        })
        .collect();
    output::bytes(table::render(&cells, &[2, 4]).as_bytes())?;
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct Listing {
    attempt: AttemptId,
    run: RunId,
    path: String,
    outcome: Option<AttemptOutcome>,
    seal: Option<Seal>,
    files: Vec<FileRow>,
}

#[derive(Serialize)]
struct FileRow {
    path: String,
    bytes: u64,
    /// What the manifest says; `None` before the seal and for what came after it.
    sha256: Option<String>,
}

/// The files of one attempt, as they lie there.
fn files(json: bool, place: &Place, ticket: &str) -> Result<Exit, CliError> {
    let (_, record, folder) = open(place, ticket)?;
    let manifest = read_manifest(&folder).ok();
    let known = manifest.iter().flat_map(|(manifest, _)| &manifest.files);
    let known: Vec<_> = known.collect();
    let mut names = Vec::new();
    walk(&folder, "", &mut names).map_err(|source| CliError::folder(&folder, source))?;
    names.sort();
    let rows = names.into_iter().map(|(path, bytes)| FileRow {
        sha256: known
            .iter()
            .find(|file| file.path == path)
            .map(|file| file.sha256.to_string()),
        path,
        bytes,
    });
    let document = Listing {
        path: place.shown(&folder),
        files: rows.collect(),
        attempt: record.attempt,
        run: record.run,
        outcome: record.outcome,
        seal: record.seal,
    };
    if json {
        output::document(&document)?;
        return Ok(Exit::Done);
    }
    let cells: Vec<_> = document
        .files
        .iter()
        .map(|file| {
            let hash = file.sha256.as_deref().and_then(|hash| hash.get(..12));
            vec![
                table::cell(Role::Plain, &file.path),
                table::cell(Role::Faint, &text::bytes(file.bytes)),
                table::cell(Role::Faint, hash.unwrap_or_default()),
            ]
        })
        .collect();
    output::bytes(table::render(&cells, &[0]).as_bytes())?;
    output::say(&format!("{} in {}", document.attempt, document.path));
    Ok(Exit::Done)
}

fn open(place: &Place, ticket: &str) -> Result<(Reader, AttemptRecord, PathBuf), CliError> {
    let (reader, target) = find::one(place, ticket)?;
    let record = find::last_attempt(&reader, &target, None)?;
    let folder = history::folder_of(&place.places, record.run, &record);
    Ok((reader, record, folder))
}

fn walk(folder: &Path, prefix: &str, names: &mut Vec<(String, u64)>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            walk(&entry.path(), &format!("{name}/"), names)?;
        } else {
            names.push((name, entry.metadata()?.len()));
        }
    }
    Ok(())
}

#[derive(Serialize)]
struct Content<'a> {
    attempt: &'a AttemptId,
    path: &'a str,
    /// With replacement characters where the file is not UTF-8.
    text: String,
}

/// The bytes of one file: as they are, or safe on a terminal.
fn show(json: bool, place: &Place, ticket: &str, name: &str) -> Result<Exit, CliError> {
    let (reader, record, folder) = open(place, ticket)?;
    let Some(path) = file_in(&folder, name) else {
        return Err(match history::dropped(&reader, &record.attempt)? {
            Some(dropped) => CliError::Usage(dropped),
            None => no_file(&folder, &record, name),
        });
    };
    if json || output::result_is_shown() {
        let bytes = fs::read(&path).map_err(|source| CliError::folder(&path, source))?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if json {
            output::document(&Content {
                attempt: &record.attempt,
                path: name,
                text,
            })?;
        } else {
            output::bytes(text::visible(&text).as_bytes())?;
        }
        return Ok(Exit::Done);
    }
    let mut file = fs::File::open(&path).map_err(|source| CliError::folder(&path, source))?;
    let mut chunk = vec![0; CHUNK];
    loop {
        let count = file.read(&mut chunk)?;
        if count == 0 || !output::more(&chunk[..count])? {
            return Ok(Exit::Done);
        }
    }
}

/// A regular file below the folder; never one that a link or `..` leads to.
fn file_in(folder: &Path, name: &str) -> Option<PathBuf> {
    let is_plain = Path::new(name)
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    let path = folder.join(name);
    let inside = || {
        let real = path.canonicalize().ok()?;
        let root = folder.canonicalize().ok()?;
        (real.strip_prefix(root).ok()? == Path::new(name)).then_some(real)
    };
    inside().filter(|path| is_plain && path.is_file())
}

fn no_file(folder: &Path, record: &AttemptRecord, name: &str) -> CliError {
    let mut names = Vec::new();
    // What can't be read is not among the names; the message stays true.
    let _ = walk(folder, "", &mut names);
    names.sort();
    let names: Vec<_> = names.into_iter().map(|(name, _)| name).collect();
    let attempt = &record.attempt;
    CliError::Usage(if names.is_empty() {
        format!(
            "the evidence of {attempt} is gone: there is no {}",
            folder.display()
        )
    } else {
        format!(
            "{attempt} has no file `{name}`: it has {}",
            names.join(", ")
        )
    })
}

#[derive(Serialize)]
struct Verified<'a> {
    intact: bool,
    #[serde(flatten)]
    report: &'a verify::Report,
}

fn check(
    json: bool,
    place: &Place,
    ticket: Option<&str>,
    run: Option<RunId>,
) -> Result<Exit, CliError> {
    let filter = match (ticket, run) {
        (Some(word), _) => {
            let (_reader, target) = find::one(place, word)?;
            match target.attempt {
                Some(attempt) => Filter::Attempt(attempt),
                None => Filter::Ticket(target.id),
            }
        }
        (None, Some(run)) => {
            let reader = Reader::open(&place.places.ledger())?;
            if !reader.runs()?.iter().any(|known| known.run == run) {
                return Err(CliError::Usage(format!("there is no run {run}")));
            }
            Filter::Run(run)
        }
        (None, None) => Filter::All,
    };
    let report = verify::verify(&place.places.ledger(), &place.places.evidence(), &filter)?;
    let exit = if report.is_intact() {
        Exit::Done
    } else {
        Exit::Failed
    };
    if json {
        output::document(&Verified {
            intact: report.is_intact(),
            report: &report,
        })?;
        return Ok(exit);
    }
    tell_attempts(&report.attempts, &report.problems)?;
    if report.more_problems > 0 {
        output::line(&format!("problem: {} more", report.more_problems))?;
    }
    for warning in &report.warnings {
        output::line(&text::line(&format!("warning: {warning}")))?;
    }
    let verdict = if report.is_intact() {
        "intact"
    } else {
        "not intact"
    };
    let head = report
        .head
        .map(|(place, hash)| format!(", head {place} {}", hash.short()));
    output::line(&format!(
        "{verdict}: {} events, {} files, {}{}",
        report.events,
        report.files,
        text::bytes(report.bytes),
        head.unwrap_or_default()
    ))?;
    Ok(exit)
}

/// The attempts of a check, one a line, and what is wrong.
pub(super) fn tell_attempts(
    attempts: &[AttemptReport],
    problems: &[impl std::fmt::Display],
) -> Result<(), CliError> {
    let now = SystemClock::new().now().wall;
    let cells: Vec<_> = attempts
        .iter()
        .map(|attempt| {
            let (mark, role) = match attempt.state {
                AttemptState::Verified => (Mark::Done, Role::Good),
                AttemptState::Tampered => (Mark::Failed, Role::Bad),
                AttemptState::Open => (Mark::Ready, Role::Faint),
                AttemptState::Dropped => (Mark::Blocked, Role::Faint),
            };
            let state = match attempt.dropped {
                Some(at) if attempt.state == AttemptState::Dropped => {
                    format!("dropped by gc at {}", text::moment(at, now))
                }
                _ => attempt.state.as_str().to_owned(),
            };
            vec![
                words::sign_cell(mark),
                table::cell(Role::Strong, &attempt.attempt.to_string()),
                table::cell(Role::Faint, &attempt.run.to_string()),
                table::cell(role, &state),
            ]
        })
        .collect();
    output::bytes(table::render(&cells, &[]).as_bytes())?;
    for problem in problems {
        output::line(&text::line(&format!("problem: {problem}")))?;
    }
    Ok(())
}
