//! `docket evidence export`, and `verify` of what it wrote.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::arguments::Global;
use super::error::CliError;
use super::lint::counted;
use super::place::{self, Place};
use super::{evidence, find, text};
use crate::domain::ids::RunId;
use crate::exit::Exit;
use crate::output;
use crate::store::Reader;
use crate::store::bundle::{self, BundleError, BundleReport};

const ENDING: &str = ".tar.zst";

#[derive(Serialize)]
struct Exported<'a> {
    path: &'a Path,
    /// Its size in bytes.
    size: u64,
    intact: bool,
    #[serde(flatten)]
    report: &'a BundleReport,
}

#[derive(Serialize)]
struct Verified<'a> {
    intact: bool,
    #[serde(flatten)]
    report: &'a BundleReport,
}

/// Whether what is to be verified is an exported file, and no ticket.
pub(super) fn is_bundle(word: &str) -> bool {
    word.ends_with(ENDING)
}

/// Writes a bundle, and reads it back: what is exported is known to be whole, or said not to be.
pub(super) fn export(
    json: bool,
    place: &Place,
    what: &str,
    target: Option<&Path>,
) -> Result<Exit, CliError> {
    let (name, attempts, reader) = match what.parse::<RunId>() {
        Ok(run) => {
            let reader = Reader::open(&place.places.ledger())?;
            if !reader.runs()?.iter().any(|known| known.run == run) {
                return Err(CliError::Usage(format!("there is no run {run}")));
            }
            (run.to_string(), reader.attempts_of_run(run)?, reader)
        }
        Err(_no_run) => {
            let (reader, target) = find::one(place, what)?;
            if let Some(attempt) = target.attempt {
                let records = reader.attempt(&attempt)?.into_iter().collect();
                (attempt.to_string(), records, reader)
            } else {
                let records = reader.attempts_of_ticket(&target.id)?;
                (target.name.to_string(), records, reader)
            }
        }
    };
    let (ended, open): (Vec<_>, Vec<_>) = attempts
        .into_iter()
        .partition(|record| record.outcome.is_some());
    for record in &open {
        output::say(&format!(
            "{} has not ended, so its evidence is left out",
            record.attempt
        ));
    }
    if ended.is_empty() {
        return Err(CliError::Usage(format!(
            "there is no evidence of {name} to export: none of its attempts has ended"
        )));
    }
    let path = target.map_or_else(
        || place.here.join(format!("{name}{ENDING}")),
        |path| place.here.join(path),
    );
    let (written, report) = bundle::export(&reader, ended, &place.places.evidence(), &path)?;
    if json {
        output::document(&Exported {
            path: &path,
            size: written.size,
            intact: report.is_intact(),
            report: &report,
        })?;
    } else {
        output::line(&path.display().to_string())?;
        for problem in &report.problems {
            output::say(&text::line(&format!("problem: {problem}")));
        }
        output::say(&format!(
            "{} of {} in {}, {}",
            counted(written.files as usize, "file"),
            counted(report.attempts.len(), "attempt"),
            text::bytes(written.size),
            if report.is_intact() {
                "intact: anybody can check it with `docket evidence verify FILE`"
            } else {
                "not intact: the evidence is exported as it is"
            }
        ));
    }
    Ok(exit_of(&report))
}

/// Checks a bundle. There need not be a repository.
pub(super) fn verify(global: &Global, file: &str) -> Result<Exit, CliError> {
    let folder: PathBuf = place::start_folder(global.directory.as_ref())?;
    let report = bundle::check(&folder.join(file))?;
    if global.json {
        output::document(&Verified {
            intact: report.is_intact(),
            report: &report,
        })?;
        return Ok(exit_of(&report));
    }
    evidence::tell_attempts(&report.attempts, &report.problems)?;
    let verdict = if report.is_intact() {
        "intact"
    } else {
        "not intact"
    };
    let head = report
        .head
        .map(|(place, hash)| format!(", of a ledger with head {place} {}", hash.short()));
    output::line(&format!(
        "{verdict}: {} events, {} files, {}{}",
        report.events,
        report.files,
        text::bytes(report.bytes),
        head.unwrap_or_default()
    ))?;
    Ok(exit_of(&report))
}

fn exit_of(report: &BundleReport) -> Exit {
    if report.is_intact() {
        Exit::Done
    } else {
        Exit::Failed
    }
}

impl From<BundleError> for CliError {
    fn from(error: BundleError) -> Self {
        match error {
            BundleError::Exists { .. }
            | BundleError::Io { doing: "open", .. }
            | BundleError::Io { doing: "make", .. } => Self::Usage(error.to_string()),
            BundleError::Ledger(error) => error.into(),
            BundleError::Evidence(error) => error.into(),
            error => Self::Failed(error.to_string()),
        }
    }
}
