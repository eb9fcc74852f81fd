//! `docket lint`: what is wrong with the queue, as compilers say it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::arguments::{Global, LintArguments};
use super::error::CliError;
use super::place::Place;
use super::{find, text};
use crate::domain::queue::Queue;
use crate::domain::ticket::{Finding, Severity};
use crate::exit::Exit;
use crate::output;
use crate::tickets::lint::{self, Repair};
use crate::tickets::load::{self, Scan};

#[derive(Serialize)]
struct Document<'a> {
    /// How many tickets were looked at.
    tickets: usize,
    errors: usize,
    warnings: usize,
    findings: &'a [Finding],
    repairs: Vec<RepairRow<'a>>,
}

#[derive(Serialize)]
struct RepairRow<'a> {
    #[serde(serialize_with = "crate::domain::problem::path_as_text")]
    path: &'a Path,
    key: &'static str,
    /// Why it could not be made.
    error: Option<String>,
}

pub(super) fn run(global: &Global, arguments: &LintArguments) -> Result<Exit, CliError> {
    let place = Place::of(global)?;
    let (root, folder) = (&place.places.root, &place.places.tickets);
    let agents = place.loaded.config.known_names();
    let mut scan = load::scan(root, folder);
    let only = named(&place, &scan, &arguments.only)?;
    let repairs = if arguments.fix {
        let repairs = lint::fix(root, &part_of(&scan, only.as_ref()));
        scan = load::scan(root, folder);
        repairs
    } else {
        Vec::new()
    };
    // The whole queue counts for problems between tickets, also when only some are asked for.
    let mut report = lint::lint(root, &scan, Some(&agents));
    if let Some(only) = &only {
        report
            .findings
            .retain(|finding| only.contains(&finding.path));
        report.tickets = only.len();
    }
    let count = |severity| {
        let findings = report.findings.iter();
        findings
            .filter(|finding| finding.problem.severity == severity)
            .count()
    };
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    if global.json {
        output::document(&Document {
            tickets: report.tickets,
            errors,
            warnings,
            findings: &report.findings,
            repairs: repairs.iter().map(repair_row).collect(),
        })?;
    } else {
        let mut lines = String::new();
        for finding in &report.findings {
            let path = place.from_here(&finding.path);
            let shown = Finding {
                path,
                problem: finding.problem.clone(),
            };
            lines.push_str(&text::line(&shown.to_string()));
            lines.push('\n');
        }
        output::bytes(lines.as_bytes())?;
        tell(&repairs, report.tickets, errors, warnings, &report.findings);
    }
    let is_stuck = repairs.iter().any(|repair| repair.result.is_err());
    Ok(match (errors, is_stuck) {
        (0, false) => Exit::Done,
        (0, true) => Exit::Failed,
        _ => Exit::Usage,
    })
}

/// The files that were named; `None` for all.
fn named(
    place: &Place,
    scan: &Scan,
    words: &[String],
) -> Result<Option<BTreeSet<PathBuf>>, CliError> {
    if words.is_empty() {
        return Ok(None);
    }
    let queue = Queue::new(scan.entries.iter().cloned());
    let path = |word: &String| {
        let index = find::entry(place, &queue, word)?;
        Ok(queue.entries()[index].path.clone())
    };
    words.iter().map(path).collect::<Result<_, _>>().map(Some)
}

fn part_of(scan: &Scan, only: Option<&BTreeSet<PathBuf>>) -> Scan {
    let mut part = scan.clone();
    if let Some(only) = only {
        part.entries.retain(|entry| only.contains(&entry.path));
    }
    part
}

fn repair_row(repair: &Repair) -> RepairRow<'_> {
    RepairRow {
        path: &repair.path,
        key: repair.key,
        error: repair.result.as_ref().err().map(ToString::to_string),
    }
}

fn tell(repairs: &[Repair], tickets: usize, errors: usize, warnings: usize, findings: &[Finding]) {
    for repair in repairs {
        let path = repair.path.display();
        match &repair.result {
            Ok(_revision) => output::say(&format!("{path}: wrote `{}`", repair.key)),
            Err(error) => output::say(&error.to_string()),
        }
    }
    output::say(&format!(
        "{}, {}, {}",
        counted(tickets, "ticket"),
        counted(errors, "error"),
        counted(warnings, "warning")
    ));
    let fixable = findings
        .iter()
        .filter(|finding| finding.problem.fixable)
        .count();
    if fixable > 0 {
        output::say(&format!("`docket lint --fix` puts {fixable} of them right"));
    }
}

/// `1 error`, `2 errors`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}
