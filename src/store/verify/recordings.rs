//! Recordings of terminals against what the ledger says of them. They lie beside the attempts' folders and are in no manifest: people
//! make them also when an attempt is sealed, and elsewhere.

use std::collections::BTreeMap;
use std::path::Path;

use super::super::cast;
use super::super::evidence;
use super::super::records::AttemptRecord;
use super::report::{Problem, Report, Warning};
use super::{Filter, files};
use crate::domain::attempt::Artifact;
use crate::domain::ids::AttemptId;

/// Checks those of the attempts that are looked at; all of them when everything is.
pub(super) fn check(
    root: &Path,
    attempts: &[AttemptRecord],
    recorded: &BTreeMap<String, (Option<AttemptId>, Artifact)>,
    filter: &Filter,
    report: &mut Report,
) {
    let folder = cast::folder(root);
    let is_all = *filter == Filter::All;
    let is_asked = |attempt: &Option<AttemptId>| {
        is_all
            || attempts
                .iter()
                .any(|record| Some(&record.attempt) == attempt.as_ref())
    };
    for (attempt, file) in recorded.values().filter(|(attempt, _)| is_asked(attempt)) {
        // A name that docket would not have written is that of a changed row: nothing outside is read for it.
        if evidence::check_name(&file.path).is_err() || file.path.contains('/') {
            continue;
        }
        let path = folder.join(&file.path);
        match evidence::hash_file(&path) {
            Ok((hash, bytes)) => {
                report.files += 1;
                report.bytes += bytes;
                if hash != file.sha256 || bytes != file.bytes {
                    report.problem(Problem::ChangedRecording { path });
                }
            }
            Err(error) if files::is_missing(&error) => {
                report.problem(Problem::MissingRecording { path });
            }
            Err(error) => report.problem(Problem::UnreadableRecording {
                attempt: attempt.clone(),
                path,
                why: error.to_string(),
            }),
        }
    }
    if !is_all {
        return;
    }
    for (path, _) in files::entries(&folder) {
        let name = path.file_name().map(|name| name.to_string_lossy());
        if name.is_some_and(|name| !recorded.contains_key(name.as_ref())) {
            report.warning(Warning::UnknownRecording { path });
        }
    }
}
