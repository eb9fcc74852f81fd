//! What can go wrong with the ledger and with evidence, in words that say what to do.

use crate::domain::ids::Sequence;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::ErrorCode;

/// Why the ledger can't be opened, read or written. Cloneable, because the first failed commit answers everybody.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LedgerError {
    /// The file holds something else.
    #[error("{} is not a docket ledger: move it away and start docket again", path.display())]
    NotALedger {
        /// The file.
        path: PathBuf,
    },
    /// A later docket wrote it; reading it with old eyes could lose facts.
    #[error(
        "{} was written by a newer docket (format {found}; this docket knows formats up to {known}): update docket",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The format in the file.
        found: i64,
        /// The newest format that this docket knows.
        known: i64,
    },
    /// Somebody held SQLite's lock for longer than we wait.
    #[error(
        "{} is being written by another program: end it (`docket status` shows a running docket) and try again",
        path.display()
    )]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// Another writer added rows behind this one's back.
    #[error(
        "a second docket wrote to {}: this one stops here, nothing that was stored is lost",
        path.display()
    )]
    SecondWriter {
        /// The file.
        path: PathBuf,
    },
    /// A row is not as it was written.
    #[error(
        "the ledger {} was changed by somebody else (from event {} on): `docket evidence verify` says how much",
        path.display(),
        seq.0
    )]
    Changed {
        /// The file.
        path: PathBuf,
        /// The first row that is not as it was.
        seq: Sequence,
    },
    /// The file, its folder or its disk can't be written.
    #[error(
        "can't write {}: the file, its folder or its disk is read-only; check owner, permissions and mount",
        path.display()
    )]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// No space.
    #[error(
        "no space left for {}: free some and start docket again; what was stored is safe",
        path.display()
    )]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// The content is not what docket wrote.
    #[error(
        "{path} is damaged ({detail}): keep a copy, see `sqlite3 '{path}' 'PRAGMA integrity_check'`, restore a backup or move it away",
        path = path.display()
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What was found.
        detail: String,
    },
    /// The system said no.
    #[error("can't {doing} {}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// A verb.
        doing: &'static str,
        /// What the system said.
        source: Arc<io::Error>,
    },
    /// SQLite said no, for a reason that has no words of its own here.
    #[error("can't {doing} {}: {source}", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// A verb.
        doing: &'static str,
        /// What SQLite said.
        source: Arc<rusqlite::Error>,
    },
    /// An event has no JSON form (a path that is not UTF-8).
    #[error("can't store a `{kind}` event: {source}; paths must be UTF-8")]
    Encode {
        /// The kind of the event.
        kind: &'static str,
        /// Why.
        source: Arc<serde_json::Error>,
    },
    /// The writer has ended.
    #[error("the ledger {} is closed", path.display())]
    Closed {
        /// The file.
        path: PathBuf,
    },
}

impl LedgerError {
    /// An [`LedgerError::Io`] or something with better words.
    pub(super) fn io(path: &Path, doing: &'static str, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { path },
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { path },
            _ => Self::Io {
                path,
                doing,
                source: Arc::new(source),
            },
        }
    }

    /// Sorts what SQLite says into what a user can do about it.
    pub(super) fn sqlite(path: &Path, doing: &'static str, source: rusqlite::Error) -> Self {
        let path = path.to_path_buf();
        let detail = match &source {
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::IntegralValueOutOfRange(..) => {
                return Self::Corrupt {
                    path,
                    detail: source.to_string(),
                };
            }
            other => other.to_string(),
        };
        match source.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::NotALedger { path },
            Some(ErrorCode::DatabaseCorrupt) => Self::Corrupt { path, detail },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy { path },
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Self::ReadOnly { path },
            Some(ErrorCode::DiskFull) => Self::Full { path },
            _ => Self::Sqlite {
                path,
                doing,
                source: Arc::new(source),
            },
        }
    }
}

/// Why evidence can't be written or read.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// The attempt's folder is there already and holds files.
    #[error(
        "{} holds evidence already: it is never written over; move it away if the ledger was removed on purpose",
        path.display()
    )]
    Exists {
        /// The folder.
        path: PathBuf,
    },
    /// A name that could leave the folder or that docket keeps for itself.
    #[error(
        "`{path}` can't name a file of evidence: relative, with `/`, no `..`, no part that starts with a dot"
    )]
    BadPath {
        /// The name.
        path: String,
    },
    /// A file is not as docket wrote it, or docket did not write it at all.
    #[error("{} is not as docket wrote it: nothing is proven by it", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// Something that is not a regular file lies in the folder.
    #[error("{} is not a regular file: remove it, evidence is files only", path.display())]
    NotAFile {
        /// What lies there.
        path: PathBuf,
    },
    /// No space.
    #[error("no space left for {}: free some; nothing is merged without evidence", path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// The manifest can't be read as one.
    #[error("{} is not a manifest: {source}", path.display())]
    BadManifest {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// The system said no.
    #[error("can't {doing} {}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// A verb.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

impl EvidenceError {
    /// Curried for `map_err`.
    pub(super) fn io(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| match source.kind() {
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => Self::Full { path },
            _ => Self::Io {
                path,
                doing,
                source,
            },
        }
    }
}
