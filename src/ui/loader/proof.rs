//! What is done with evidence as a whole: checked, exported, copied for an editor. May take long.

use std::fs::{self, DirBuilder};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::super::effect::{Checked, Exported};
use super::ledger;
use crate::domain::ids::AttemptId;
use crate::store::Reader;
use crate::store::bundle::{self, BundleError};
use crate::store::verify::{self, AttemptState, Filter};

/// So many problems are told on the screen; `docket evidence verify` lists more.
const MOST_PROBLEMS: usize = 20;
/// So many names are tried for a new file or folder.
const MOST_NAMES: u32 = 1_000;

/// What `docket evidence verify ATTEMPT` does.
pub(super) fn verify(evidence: &Path, attempt: &AttemptId) -> Result<Checked, String> {
    let filter = Filter::Attempt(attempt.clone());
    let report = verify::verify(&ledger(evidence), evidence, &filter)
        .map_err(|error| format!("can't verify {attempt}: {error}"))?;
    let found = report
        .attempts
        .iter()
        .find(|known| known.attempt == *attempt);
    let state = found
        .map(|found| found.state)
        .ok_or_else(|| format!("the ledger knows nothing of {attempt}"))?;
    let mut problems: Vec<String> = report
        .problems
        .iter()
        .take(MOST_PROBLEMS)
        .map(ToString::to_string)
        .collect();
    let more = (report.problems.len() - problems.len()) as u64 + report.more_problems;
    if more > 0 {
        problems.push(format!("{more} more: `docket evidence verify {attempt}`"));
    }
    // A ledger that was changed proves nothing about the files that it vouches for.
    let state = if report.is_intact() {
        state
    } else {
        AttemptState::Tampered
    };
    Ok(Checked { state, problems })
}

/// What `docket evidence export ATTEMPT` does; a file that is there already is left, and another name taken.
pub(super) fn export(
    evidence: &Path,
    attempt: &AttemptId,
    folder: &Path,
) -> Result<Exported, String> {
    let say = |error: BundleError| format!("can't export {attempt}: {error}");
    let reader = Reader::open(&ledger(evidence)).map_err(|error| say(error.into()))?;
    let record = reader
        .attempt(attempt)
        .map_err(|error| say(error.into()))?
        .ok_or_else(|| format!("the ledger knows nothing of {attempt}"))?;
    if record.outcome.is_none() {
        return Err(format!(
            "{attempt} has not ended: its evidence is exported when it has"
        ));
    }
    for number in 1..MOST_NAMES {
        let path = folder.join(match number {
            1 => format!("{attempt}.tar.zst"),
            _ => format!("{attempt}-{number}.tar.zst"),
        });
        match bundle::export(&reader, vec![record.clone()], evidence, &path) {
            Err(BundleError::Exists { .. }) => {}
            Err(error) => return Err(say(error)),
            Ok((written, report)) => {
                return Ok(Exported {
                    path,
                    bytes: written.size,
                    is_intact: report.is_intact(),
                });
            }
        }
    }
    Err(format!(
        "{} is full of exports of {attempt}: remove some",
        folder.display()
    ))
}

/// A read-only copy of a file in a new folder of its own, for the owner alone.
pub(super) fn copy_out(path: &Path) -> Result<PathBuf, String> {
    let say = |error: std::io::Error| format!("can't copy {}: {error}", path.display());
    let name = path.file_name().unwrap_or_default();
    for number in 1..MOST_NAMES {
        let folder = copies(number);
        match DirBuilder::new().mode(0o700).create(&folder) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(say(error)),
            Ok(()) => {
                let copy = folder.join(name);
                fs::copy(path, &copy).map_err(say)?;
                fs::set_permissions(&copy, fs::Permissions::from_mode(0o400)).map_err(say)?;
                return Ok(copy);
            }
        }
    }
    Err(say(ErrorKind::AlreadyExists.into()))
}

/// Removes a copy and its folder.
pub(super) fn discard(copy: &Path) {
    let folder = copy.parent().unwrap_or(copy);
    let is_ours = (1..MOST_NAMES).any(|number| copies(number) == folder);
    if is_ours {
        // Among temporary files: what can't be removed now goes with them.
        let _left_for_the_system = fs::remove_dir_all(folder);
    }
}

fn copies(number: u32) -> PathBuf {
    let name = format!("docket-copy-{}-{number}", std::process::id());
    std::env::temp_dir().join(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_read_only_and_goes_away() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("prompt.md");
        fs::write(&file, "do it").expect("a file");
        let copy = copy_out(&file).expect("a copy");
        assert_eq!(copy.file_name(), file.file_name());
        assert_eq!(fs::read_to_string(&copy).expect("read"), "do it");
        let mode = fs::metadata(&copy).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o400);
        let other = copy_out(&file).expect("another copy");
        assert_ne!(copy, other);
        discard(&copy);
        discard(&other);
        assert!(!copy.exists() && !other.exists());
        discard(&file);
        assert!(file.exists());
    }
}
