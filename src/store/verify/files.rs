//! Evidence files against their manifest, and the manifest against the chain.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::super::error::EvidenceError;
use super::super::evidence::{self, MANIFEST};
use super::super::records::{AttemptRecord, Seal};
use super::Filter;
use super::report::{AttemptReport, AttemptState, Problem, Report, Warning};
use crate::domain::attempt::AttemptOutcome;
use crate::domain::ids::AttemptId;
use crate::domain::time::Timestamp;

/// A folder under the evidence root that looks like an attempt's.
pub(super) struct Folder {
    path: PathBuf,
    has_manifest: bool,
}

/// The attempts' folders that the filter lets see; none when it names tickets, which folders don't tell for certain.
pub(super) fn folders(root: &Path, filter: &Filter) -> Vec<Folder> {
    let runs = match filter {
        Filter::All => entries(root),
        Filter::Run(run) => vec![(root.join(run.to_string()), true)],
        Filter::Ticket(_) | Filter::Attempt(_) => Vec::new(),
    };
    let inside = |(path, is_folder): (PathBuf, bool)| {
        let inside = if is_folder {
            entries(&path)
        } else {
            Vec::new()
        };
        inside.into_iter().filter(|(_, is_folder)| *is_folder)
    };
    runs.into_iter()
        .flat_map(inside)
        .flat_map(inside)
        .map(|(path, _)| Folder {
            has_manifest: path.join(MANIFEST).exists(),
            path,
        })
        .collect()
}

pub(super) fn check(
    root: &Path,
    attempts: &[AttemptRecord],
    dropped: &BTreeMap<AttemptId, Timestamp>,
    folders: &[Folder],
    report: &mut Report,
) {
    for record in attempts {
        let dropped = dropped.get(&record.attempt).copied();
        let state = match record.seal {
            None if dropped.is_some() => AttemptState::Dropped,
            None => AttemptState::Open,
            Some(seal) => check_sealed(root, record, seal, dropped.is_some(), report),
        };
        report.attempts.push(AttemptReport {
            attempt: record.attempt.clone(),
            run: record.run,
            state,
            dropped,
        });
    }
    let known: BTreeMap<PathBuf, &AttemptRecord> = attempts
        .iter()
        .map(|record| {
            let folder = evidence::folder_of(root, record.run, &record.attempt);
            (folder, record)
        })
        .collect();
    for folder in folders {
        let path = folder.path.clone();
        match known.get(&folder.path) {
            None if folder.has_manifest => report.problem(Problem::UnknownSeal { path }),
            None => report.warning(Warning::UnknownFolder { path }),
            Some(record) if folder.has_manifest && record.seal.is_none() => {
                match record.outcome {
                    // It is being sealed right now.
                    None => {}
                    // docket may have died between the manifest and its event.
                    Some(AttemptOutcome::Lost) => report.warning(Warning::LostSeal { path }),
                    Some(_) => report.problem(Problem::UnknownSeal { path }),
                }
            }
            Some(_) => {}
        }
    }
}

fn check_sealed(
    root: &Path,
    record: &AttemptRecord,
    seal: Seal,
    dropped: bool,
    report: &mut Report,
) -> AttemptState {
    let before = (report.problems.len(), report.more_problems);
    let attempt = &record.attempt;
    let folder = evidence::folder_of(root, record.run, attempt);
    let path = folder.join(MANIFEST);
    match evidence::hash_file(&path) {
        Err(error) if is_missing(&error) => report.problem(Problem::MissingManifest {
            attempt: attempt.clone(),
            path,
        }),
        Err(error) => report.problem(unreadable(attempt, path, &error)),
        Ok((hash, _)) if hash != seal.manifest => report.problem(Problem::ChangedManifest {
            attempt: attempt.clone(),
            path: path.clone(),
        }),
        Ok(_) => {}
    }
    // A changed manifest still tells which files its author knew of; without one nothing can be said of the files.
    if let Ok((manifest, _)) = evidence::read_manifest(&folder) {
        let mut known = BTreeSet::new();
        // Names that docket would not have written are those of a changed manifest: nothing outside is read for them.
        let names = manifest.files.iter();
        for file in names.filter(|file| evidence::check_name(&file.path).is_ok()) {
            let path = folder.join(&file.path);
            match evidence::hash_file(&path) {
                Ok((hash, bytes)) => {
                    report.files += 1;
                    report.bytes += bytes;
                    if hash != file.sha256 || bytes != file.bytes {
                        report.problem(Problem::ChangedFile {
                            attempt: attempt.clone(),
                            path: path.clone(),
                        });
                    }
                }
                // What the ledger says was thrown away is missing rightly; what is still there must be right.
                Err(error) if is_missing(&error) && dropped => {}
                Err(error) if is_missing(&error) => report.problem(Problem::MissingFile {
                    attempt: attempt.clone(),
                    path: path.clone(),
                }),
                Err(error) => report.problem(unreadable(attempt, path.clone(), &error)),
            }
            known.insert(path);
        }
        known.insert(folder.join(MANIFEST));
        find_extra(attempt, &folder, &known, report);
    }
    if before != (report.problems.len(), report.more_problems) {
        AttemptState::Tampered
    } else if dropped {
        AttemptState::Dropped
    } else {
        AttemptState::Verified
    }
}

fn find_extra(attempt: &AttemptId, folder: &Path, known: &BTreeSet<PathBuf>, report: &mut Report) {
    for (path, is_folder) in entries(folder) {
        if is_folder {
            find_extra(attempt, &path, known, report);
        } else if !known.contains(&path) {
            report.warning(Warning::ExtraFile {
                attempt: attempt.clone(),
                path,
            });
        }
    }
}

/// A folder's entries in order, each with whether it is a folder; none when it can't be read.
pub(super) fn entries(folder: &Path) -> Vec<(PathBuf, bool)> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut entries: Vec<_> = entries
        .flatten()
        .map(|entry| {
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            (entry.path(), is_folder)
        })
        .collect();
    entries.sort();
    entries
}

pub(super) fn is_missing(error: &EvidenceError) -> bool {
    matches!(
        error,
        EvidenceError::Io { source, .. }
            if matches!(source.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
    )
}

fn unreadable(attempt: &AttemptId, path: PathBuf, error: &EvidenceError) -> Problem {
    let why = match error {
        EvidenceError::Io { source, .. } => source.to_string(),
        other => other.to_string(),
    };
    Problem::UnreadableFile {
        attempt: attempt.clone(),
        path,
        why,
    }
}
