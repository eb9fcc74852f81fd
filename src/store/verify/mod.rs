//! Is everything as docket left it?
//!
//! Recomputes the chain row by row, folds the events again and compares the projections, and holds every sealed attempt's files against
//! its manifest and the manifest against the chain. Streams: memory depends on the number of attempts, not on bytes.
//!
//! What can't be seen: somebody who cuts rows off the end, folds the projections again and removes the evidence of those rows too leaves
//! nothing that contradicts. A note of [`Report::head`] kept elsewhere (a commit's trailer, a backup) shows even that.

mod chain;
mod files;
mod folds;
mod recordings;
mod report;

use std::path::Path;

pub use report::{AttemptReport, AttemptState, Problem, Report, Warning};

use super::error::LedgerError;
use super::reader::Reader;
use crate::domain::ids::{AttemptId, RunId, TicketId};

/// Whose evidence files are checked. The chain and the projections are always checked whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// All.
    All,
    /// The attempts that began in a run.
    Run(RunId),
    /// A ticket's attempts.
    Ticket(TicketId),
    /// One attempt.
    Attempt(AttemptId),
}

/// Checks the ledger at `ledger` and the evidence under `evidence`. An error means that the check itself could not be made; what it finds
/// wrong is in the report. A missing ledger is an empty one.
pub fn verify(ledger: &Path, evidence: &Path, filter: &Filter) -> Result<Report, LedgerError> {
    let reader = Reader::open(ledger)?;
    let mut report = Report::default();
    // Looked at before the ledger: a live runner makes a folder after it stored the attempt.
    let folders = files::folders(evidence, filter);
    let (attempts, dropped, recorded) = match reader.connection()? {
        None => Default::default(),
        Some(connection) => {
            let failed = |error| LedgerError::sqlite(ledger, "verify", error);
            // One state for all checks, also while a runner writes; given up before the long work on files.
            let snapshot = connection.unchecked_transaction().map_err(failed)?;
            chain::check(&snapshot, &mut report).map_err(failed)?;
            folds::check(&snapshot, &mut report).map_err(failed)?;
            let attempts = match filter {
                Filter::All => reader.attempts()?,
                Filter::Run(run) => reader.attempts_of_run(*run)?,
                Filter::Ticket(ticket) => reader.attempts_of_ticket(ticket)?,
                Filter::Attempt(attempt) => reader.attempt(attempt)?.into_iter().collect(),
            };
            (attempts, reader.dropped()?, reader.recordings()?)
        }
    };
    files::check(evidence, &attempts, &dropped, &folders, &mut report);
    recordings::check(evidence, &attempts, &recorded, filter, &mut report);
    Ok(report)
}
