//! What a command can't do, in words, with its exit code.

use std::path::{Path, PathBuf};

use crate::config::{ConfigErrors, trust::TrustError};
use crate::exit::Exit;
use crate::git::GitError;
use crate::headless::HeadlessError;
use crate::runner::StartError;
use crate::store::lock::LockError;
use crate::store::{EvidenceError, LedgerError};
use crate::tickets::write::WriteError;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The configuration has errors.
    #[error(transparent)]
    Config(#[from] ConfigErrors),
    /// Git says no.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The runner can't start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The ledger can't be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Evidence can't be read.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// A ticket can't be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// Trust can't be looked up.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// A folder can't be used.
    #[error("can't use the folder {}: {source}", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A path that can't be written down.
    #[error("the path {} is not UTF-8: move the repository to one that is", path.display())]
    PathNotUtf8 {
        /// Which.
        path: PathBuf,
    },
    /// docket can't find itself.
    #[error("can't find docket's own program: {source}")]
    Program {
        /// What the system says.
        source: std::io::Error,
    },
    /// There is no queue.
    #[error(
        "there is no folder {path}: run `docket init`, or name the folder with `tickets = \"…\"`"
    )]
    NoQueue {
        /// Where it would be.
        path: String,
    },
    /// The repository's own configuration would run commands.
    #[error(
        "this repository's docket.toml wants to run commands, and you have not trusted it yet:\n{commands}\n\
         read docket.toml, then run `docket trust`"
    )]
    NotTrusted {
        /// One a line.
        commands: String,
    },
    /// What was asked for does not exist, or the words make no sense.
    #[error("{0}")]
    Usage(String),
    /// Something that should have worked did not.
    #[error("{0}")]
    Failed(String),
    /// The result can't be written.
    #[error("can't write the result: {0}")]
    Output(#[from] std::io::Error),
}

impl From<HeadlessError> for CliError {
    fn from(error: HeadlessError) -> Self {
        match error {
            HeadlessError::Start(error) => error.into(),
            HeadlessError::Output(error) => error.into(),
            HeadlessError::Signals(_) => Self::Failed(error.to_string()),
        }
    }
}

impl CliError {
    /// A folder that can't be used.
    pub fn folder(path: &Path, source: std::io::Error) -> Self {
        Self::Folder {
            path: path.to_owned(),
            source,
        }
    }

    /// The exit code of the table.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Start(StartError::Lock(LockError::Held { .. })) => Exit::Held,
            Self::Config(_)
            | Self::Folder { .. }
            | Self::PathNotUtf8 { .. }
            | Self::NoQueue { .. }
            | Self::NotTrusted { .. }
            | Self::Usage(_)
            | Self::Git(
                GitError::NotARepository { .. }
                | GitError::Bare { .. }
                | GitError::NoCommitYet { .. }
                | GitError::Untrusted { .. }
                | GitError::UnsupportedFormat { .. },
            ) => Exit::Usage,
            Self::Git(_)
            | Self::Start(_)
            | Self::Ledger(_)
            | Self::Evidence(_)
            | Self::Write(_)
            | Self::Trust(_)
            | Self::Program { .. }
            | Self::Failed(_)
            | Self::Output(_) => Exit::Failed,
        }
    }
}
