//! `docket import`: the work of other runners becomes tickets; all of it or nothing, and never twice.

mod batch;
mod car;
mod source;

use std::path::{Path, PathBuf};

use serde::Serialize;

use batch::shown_source;
pub(super) use batch::{check_agent, lint_new};

use super::arguments::{Global, ImportArguments};
use super::error::CliError;
use super::lint::counted;
use super::place::Place;
use super::text;
use crate::domain::ids::{TicketId, TicketName};
use crate::domain::problem::path_as_text;
use crate::domain::ticket::{Finding, Severity};
use crate::exit::Exit;
use crate::output;
use crate::tickets::import::{LeftOut, Source};
use crate::tickets::numbers::{Numbers, Range};
use crate::tickets::write;

#[derive(Serialize)]
struct Document<'a> {
    /// What the source was taken for.
    from: Source,
    dry_run: bool,
    #[serde(serialize_with = "path_as_text")]
    into: &'a Path,
    /// What was written, or would be.
    tickets: Vec<Row>,
    /// What is in the queue from an earlier import.
    already: Vec<Row>,
    /// Notes for all agents that were written, or would be.
    notes: Vec<String>,
    left_out: &'a [LeftOut],
    /// What is wrong with the tickets: with errors nothing is written.
    findings: &'a [Finding],
}

/// A ticket that came from somewhere.
#[derive(Debug, Serialize)]
struct Row {
    name: TicketName,
    id: TicketId,
    title: String,
    #[serde(serialize_with = "path_as_text")]
    path: PathBuf,
    source: String,
    /// The source says something else by now.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    source_changed: bool,
}

pub(super) fn run(global: &Global, arguments: &ImportArguments) -> Result<Exit, CliError> {
    let place = Place::of(global)?;
    let folder = match &arguments.into {
        Some(folder) => place.here.join(folder),
        None => place.places.tickets.clone(),
    };
    let mut batch = source::read(&place, &place.here.join(&arguments.source), arguments.from)?;
    batch.agent_of_unknown.clone_from(&global.agent);
    // Held until all is written: nobody else takes the numbers meanwhile.
    let held = if arguments.dry_run || batch.incoming.is_empty() {
        None
    } else {
        Some(Numbers::hold(&folder)?)
    };
    let plan = batch.plan(&place, &folder, |count| match &held {
        Some(numbers) => Ok(numbers.next(count)?),
        None => Range::after(&folder, count).map_err(|source| CliError::folder(&folder, source)),
    })?;
    let has_errors = plan
        .findings
        .iter()
        .any(|finding| finding.problem.severity == Severity::Error);
    let notes = batch.new_notes(&place)?;
    if !arguments.dry_run && !has_errors {
        let mut files = note_files(&place, &notes)?;
        files.extend(plan.files);
        write::create_all(&files)?;
    }
    let left_out: Vec<_> = batch
        .left_out
        .iter()
        .chain(&plan.left_out)
        .chain(&notes.left_out)
        .cloned()
        .collect();
    let shown_folder = place.shown(&folder);
    let document = Document {
        from: batch.source,
        dry_run: arguments.dry_run,
        into: Path::new(&shown_folder),
        tickets: plan.tickets,
        already: plan.already,
        notes: notes.new.iter().map(|note| note.name.clone()).collect(),
        left_out: &left_out,
        findings: &plan.findings,
    };
    if global.json {
        output::document(&document)?;
    } else {
        tell(&place, &document, has_errors)?;
    }
    if !same_folder(&folder, &place.places.tickets) && !document.tickets.is_empty() {
        output::say(&format!(
            "the queue of this repository is {}: write `tickets = \"{shown_folder}\"` into docket.toml to run these",
            place.shown(&place.places.tickets)
        ));
    }
    Ok(if has_errors { Exit::Usage } else { Exit::Done })
}

fn same_folder(one: &Path, other: &Path) -> bool {
    one == other
        || matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// The notes as files, in a folder that is there.
fn note_files(place: &Place, notes: &batch::Notes) -> Result<Vec<(PathBuf, Vec<u8>)>, CliError> {
    if notes.new.is_empty() {
        return Ok(Vec::new());
    }
    if let Some(git) = &place.git {
        git.exclude("/.docket/")?;
    }
    let folder = place.places.context();
    std::fs::create_dir_all(&folder).map_err(|source| CliError::folder(&folder, source))?;
    let file = |note: &batch::Note| (folder.join(&note.name), note.content.clone());
    Ok(notes.new.iter().map(file).collect())
}

/// For people: what is written on stdout, everything else on stderr.
fn tell(place: &Place, document: &Document<'_>, has_errors: bool) -> Result<(), CliError> {
    for finding in document.findings {
        output::say(&text::line(&finding.to_string()));
    }
    if has_errors {
        output::say(
            "nothing was imported: put these right in the source and try again (`--agent NAME` gives tickets of unknown agents to another one)",
        );
        return Ok(());
    }
    for row in &document.tickets {
        let path = place.from_here(&row.path);
        let line = format!("{}  {}", path.display(), row.title);
        output::line(&text::line(&line))?;
    }
    for name in &document.notes {
        output::line(&text::line(&format!(".docket/context/{name}")))?;
    }
    for row in &document.already {
        let changed = if row.source_changed {
            "; its source says something else by now, and the ticket stays as it is"
        } else {
            ""
        };
        output::say(&text::line(&format!(
            "there already: {} {}{changed}",
            row.name, row.title
        )));
    }
    for left_out in document.left_out {
        let words = format!("not taken: {}: {}", left_out.what, left_out.why);
        output::say(&text::line(&words));
    }
    let would = if document.dry_run { "would be " } else { "" };
    output::say(&format!(
        "{} and {} {would}imported, {} there already, {} not taken",
        counted(document.tickets.len(), "ticket"),
        counted(document.notes.len(), "note"),
        document.already.len(),
        document.left_out.len()
    ));
    Ok(())
}
