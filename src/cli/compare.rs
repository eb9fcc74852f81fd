//! What a word means that names an attempt's files at one moment: `TICKET-003.1`, `TICKET-003.1@2`.

use super::error::CliError;
use super::find;
use super::place::Place;
use crate::git::Repository;
use crate::runner::comparison::{self, ComparisonError, Side};

/// What `word` means: a ticket or an attempt, and a turn after an `@`.
pub(super) fn side(place: &Place, git: &Repository, word: &str) -> Result<Side, CliError> {
    let (name, turn) = match word.rsplit_once('@') {
        Some((name, turn)) => {
            let turn: u32 = turn.parse().map_err(|_no_number| {
                CliError::Usage(format!(
                    "`{word}` names no turn: a number comes after the `@`, as in {name}@1"
                ))
            })?;
            (name, Some(turn))
        }
        None => (word, None),
    };
    let (reader, target) = find::one(place, name)?;
    let record = find::last_attempt(&reader, &target, None)?;
    Ok(comparison::side(git, &reader, &record, turn)?)
}

impl From<ComparisonError> for CliError {
    fn from(error: ComparisonError) -> Self {
        match error {
            ComparisonError::Ledger(error) => error.into(),
            ComparisonError::Git(error) => error.into(),
            error => Self::Usage(error.to_string()),
        }
    }
}
