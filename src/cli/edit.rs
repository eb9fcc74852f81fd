//! `docket edit`: a ticket or a note in the user's editor, and lint afterwards.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::arguments::{EditArguments, Global};
use super::error::CliError;
use super::place::Place;
use super::{find, outside, text};
use crate::domain::queue::Queue;
use crate::domain::ticket::{Finding, Severity};
use crate::exit::Exit;
use crate::output;
use crate::tickets::{lint, load};

#[derive(Serialize)]
struct Document<'a> {
    #[serde(serialize_with = "crate::domain::problem::path_as_text")]
    path: &'a Path,
    /// What is wrong with it now.
    findings: &'a [Finding],
}

pub(super) fn run(global: &Global, arguments: &EditArguments) -> Result<Exit, CliError> {
    let place = Place::of(global)?;
    match (&arguments.ticket, &arguments.note) {
        (Some(ticket), _) => ticket_file(global, &place, ticket),
        (None, Some(note)) => note_file(global, &place, note),
        (None, None) => Err(CliError::Usage(
            "say which ticket, or which note: docket edit --note spec.md".to_owned(),
        )),
    }
}

fn ticket_file(global: &Global, place: &Place, word: &str) -> Result<Exit, CliError> {
    let (root, folder) = (&place.places.root, &place.places.tickets);
    let known = place.loaded.config.known_names();
    let scan = load::scan(root, folder);
    let queue = Queue::new(scan.entries.iter().cloned());
    let path = queue.entries()[find::entry(place, &queue, word)?]
        .path
        .clone();
    let before = lint::lint(root, &scan, Some(&known));
    let first = before
        .findings
        .iter()
        .find(|finding| finding.path == path && finding.problem.place.is_some());
    let line = first.and_then(|finding| finding.problem.place);
    outside::edit(&root.join(&path), line.map(|place| place.line as usize))?;
    if !root.join(&path).exists() {
        // Whoever edits a ticket may give it another name.
        output::say(&format!("{} is gone", place.from_here(&path).display()));
        return Ok(Exit::Done);
    }
    // The whole queue counts for problems between tickets.
    let mut findings = lint::lint(root, &load::scan(root, folder), Some(&known)).findings;
    findings.retain(|finding| finding.path == path);
    if global.json {
        output::document(&Document {
            path: &path,
            findings: &findings,
        })?;
    } else {
        let mut lines = String::new();
        for finding in &findings {
            let shown = Finding {
                path: place.from_here(&finding.path),
                problem: finding.problem.clone(),
            };
            lines.push_str(&text::line(&shown.to_string()));
            lines.push('\n');
        }
        output::bytes(lines.as_bytes())?;
    }
    let is_broken = |finding: &Finding| finding.problem.severity == Severity::Error;
    Ok(if findings.iter().any(is_broken) {
        Exit::Usage
    } else {
        Exit::Done
    })
}

fn note_file(global: &Global, place: &Place, word: &str) -> Result<Exit, CliError> {
    let name = crate::ui::note_file_name(word).map_err(|why| CliError::Usage(why.to_owned()))?;
    let folder = place.places.context();
    std::fs::create_dir_all(&folder).map_err(|source| CliError::folder(&folder, source))?;
    let path: PathBuf = folder.join(name);
    outside::edit(&path, None)?;
    let shown = path.strip_prefix(&place.places.root).unwrap_or(&path);
    if global.json {
        output::document(&Document {
            path: shown,
            findings: &[],
        })?;
    } else if !path.exists() {
        output::say(&format!(
            "{} was not written",
            place.from_here(&path).display()
        ));
    }
    Ok(Exit::Done)
}
