//! Evidence that travels: one `tar.zst` with the files of attempts, their manifests and their events, which anybody can check
//! without the repository, with docket or by hand.
//!
//! The archive holds, in this order and with nothing in it that depends on when or by whom it was made:
//! `VERIFY.md` (how to check it), `bundle.json` (what is in it), `events.jsonl` (the ledger's rows with their hashes),
//! `evidence/<run>/<ticket>/<attempt>/…` and `SHA256SUMS` (of all that is before it).

mod check;
mod compress;
mod write;

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use check::{BundleReport, check};
pub use write::{Written, write};

use super::chain::Row;
use super::error::{EvidenceError, LedgerError};
use super::reader::Reader;
use super::records::AttemptRecord;
use crate::domain::ids::{AttemptId, RunId, Sequence, Sha256};

/// The form of the archive that this docket writes and reads.
const FORMAT: u32 = 1;

const GUIDE: &str = "VERIFY.md";
const ABOUT: &str = "bundle.json";
const EVENTS: &str = "events.jsonl";
const SUMS: &str = "SHA256SUMS";
const EVIDENCE: &str = "evidence";

/// What goes into a bundle.
#[derive(Debug, Clone)]
pub struct Content {
    /// The attempts, in the order in which they began. They must have ended.
    pub attempts: Vec<AttemptRecord>,
    /// The ledger's rows about them, in order.
    pub rows: Vec<LinkedRow>,
    /// Where the ledger ended.
    pub head: Option<(Sequence, Sha256)>,
}

/// A row of the ledger with its place in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedRow {
    /// The row.
    pub row: Row,
    /// The hash of the row before it.
    pub previous: Sha256,
    /// Its own.
    pub hash: Sha256,
}

/// Writes a bundle of attempts that have ended into the new file `target`, and reads it back: what is exported is known to
/// be whole, or said not to be.
///
/// # Errors
/// [`BundleError::Exists`]: it was not touched.
pub fn export(
    reader: &Reader,
    attempts: Vec<AttemptRecord>,
    evidence: &Path,
    target: &Path,
) -> Result<(Written, BundleReport), BundleError> {
    let content = Content {
        rows: reader.rows_about(&attempts)?,
        head: reader.head()?,
        attempts,
    };
    let written = write(&content, evidence, target)?;
    Ok((written, check(target)?))
}

/// Why there is no bundle.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// A file can't be read or written.
    #[error("can't {doing} {}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// A verb.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// Nothing is overwritten.
    #[error("{} is there already: name another file with -o", path.display())]
    Exists {
        /// Which.
        path: PathBuf,
    },
    /// A file changed while it was read.
    #[error("{} became shorter while it was read: try again", path.display())]
    Changed {
        /// Which.
        path: PathBuf,
    },
    /// A name doesn't fit into the archive.
    #[error("the name `{name}` is too long for an archive")]
    LongName {
        /// Which.
        name: String,
    },
    /// Evidence can't be read.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// The ledger can't be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl BundleError {
    fn io(path: impl Into<PathBuf>, doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io {
            path,
            doing,
            source,
        }
    }
}

/// `bundle.json`.
#[derive(Debug, Serialize, Deserialize)]
struct About {
    format: u32,
    /// The version of the docket that wrote it.
    docket: String,
    attempts: Vec<AboutAttempt>,
    /// How many rows `events.jsonl` has.
    events: u64,
    /// Where the whole ledger ended: its owner's `docket evidence verify` shows the same or a later place.
    head: Option<(Sequence, Sha256)>,
}

#[derive(Debug, Serialize, Deserialize)]
struct AboutAttempt {
    attempt: AttemptId,
    run: RunId,
    /// The SHA-256 of its manifest; `None` when it was never sealed.
    manifest: Option<Sha256>,
}

/// A line of `events.jsonl`. `payload` is the exact text that the hash covers.
#[derive(Debug, Serialize, Deserialize)]
struct EventLine {
    seq: u64,
    at: i64,
    run: u32,
    kind: String,
    version: u16,
    payload: String,
    previous: Sha256,
    hash: Sha256,
}

impl EventLine {
    fn of(linked: &LinkedRow) -> Self {
        let LinkedRow {
            row,
            previous,
            hash,
        } = linked;
        Self {
            seq: row.seq,
            at: row.at,
            run: row.run,
            kind: row.kind.clone(),
            version: row.version,
            payload: row.payload.clone(),
            previous: *previous,
            hash: *hash,
        }
    }

    fn linked(self) -> LinkedRow {
        LinkedRow {
            row: Row {
                seq: self.seq,
                at: self.at,
                run: self.run,
                kind: self.kind,
                version: self.version,
                payload: self.payload,
            },
            previous: self.previous,
            hash: self.hash,
        }
    }
}

/// Where an attempt's files are in the archive, with a slash at the end.
fn prefix_of(run: RunId, attempt: &AttemptId) -> String {
    format!("{EVIDENCE}/{run}/{}/{}/", attempt.ticket, attempt.number)
}
