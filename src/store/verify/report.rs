//! What a check found, for people and for programs.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use crate::domain::ids::{AttemptId, RunId, Sequence, Sha256};
use crate::domain::time::Timestamp;

/// More problems than these are counted, not listed.
const MOST_LISTED: usize = 200;

/// The result of a check.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Report {
    /// How many events the ledger holds.
    pub events: u64,
    /// The last place and the hash there; note it elsewhere to prove later that nothing was cut off.
    pub head: Option<(Sequence, Sha256)>,
    /// Every attempt that was looked at, in the order in which they began.
    pub attempts: Vec<AttemptReport>,
    /// Evidence files that were hashed.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// What is not as docket left it.
    pub problems: Vec<Problem>,
    /// Problems beyond those listed.
    pub more_problems: u64,
    /// What is odd but changes no evidence.
    pub warnings: Vec<Warning>,
}

/// One attempt's evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AttemptReport {
    /// The attempt.
    pub attempt: AttemptId,
    /// The run in which it began.
    pub run: RunId,
    /// How its evidence stands.
    pub state: AttemptState,
    /// When its files were thrown away, if they were (`docket gc`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dropped: Option<Timestamp>,
}

/// How an attempt's evidence stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptState {
    /// Every file is as it was sealed.
    Verified,
    /// Not all is as it was sealed.
    Tampered,
    /// Its files were thrown away on purpose, and the ledger says so; what is left of it is as it was sealed.
    Dropped,
    /// Not sealed: it runs, or it ended before there was anything to seal.
    Open,
}

impl AttemptState {
    /// One word for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Tampered => "tampered",
            Self::Dropped => "dropped by gc",
            Self::Open => "open",
        }
    }
}

/// Something that is not as docket left it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "problem", rename_all = "snake_case")]
pub enum Problem {
    /// A row does not fit its hash, or the hash of the row before.
    ChangedRow {
        /// Its place.
        seq: Sequence,
    },
    /// Rows are gone.
    MissingRows {
        /// The first that is missing.
        first: Sequence,
        /// The last that is missing.
        last: Sequence,
    },
    /// Two rows changed places.
    SwappedRows {
        /// The place of the first.
        first: Sequence,
        /// The place of the second.
        second: Sequence,
    },
    /// The projections know of later events than the ledger holds: its end was cut off.
    CutOff {
        /// The last row that is there.
        last: Sequence,
        /// What the projections have seen.
        seen: Sequence,
    },
    /// A projection's row is not what the events say.
    WrongProjection {
        /// The table.
        table: String,
        /// The row's key.
        key: String,
    },
    /// The manifest of a sealed attempt is gone.
    MissingManifest {
        /// The attempt.
        attempt: AttemptId,
        /// Where it should be.
        path: PathBuf,
    },
    /// The manifest is not the one in the chain.
    ChangedManifest {
        /// The attempt.
        attempt: AttemptId,
        /// The file.
        path: PathBuf,
    },
    /// A sealed file is gone.
    MissingFile {
        /// The attempt.
        attempt: AttemptId,
        /// The file.
        path: PathBuf,
    },
    /// A sealed file has other bytes.
    ChangedFile {
        /// The attempt.
        attempt: AttemptId,
        /// The file.
        path: PathBuf,
    },
    /// A file can't be read, or is something else than a file.
    UnreadableFile {
        /// The attempt.
        attempt: AttemptId,
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
    /// A sealed folder that the ledger knows nothing of: rows were removed, or the folder comes from elsewhere.
    UnknownSeal {
        /// The folder.
        path: PathBuf,
    },
    /// A recording of a terminal has other bytes.
    ChangedRecording {
        /// The file.
        path: PathBuf,
    },
    /// A recording of a terminal is gone.
    MissingRecording {
        /// The file.
        path: PathBuf,
    },
    /// A recording of a terminal can't be read, or is something else than a file.
    UnreadableRecording {
        /// The attempt, if it belongs to one.
        attempt: Option<AttemptId>,
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
}

/// Something odd that changes no evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "warning", rename_all = "snake_case")]
pub enum Warning {
    /// A file that was put there after the seal.
    ExtraFile {
        /// The attempt.
        attempt: AttemptId,
        /// The file.
        path: PathBuf,
    },
    /// A row of a kind or version that this docket can't read; its hash is fine.
    OpaqueRow {
        /// Its place.
        seq: Sequence,
        /// Its kind.
        kind: String,
    },
    /// A lost attempt's folder is sealed, but the ledger has no such seal: docket died in that instant, or events were removed.
    LostSeal {
        /// The folder.
        path: PathBuf,
    },
    /// A folder without a manifest that the ledger knows nothing of.
    UnknownFolder {
        /// The folder.
        path: PathBuf,
    },
    /// A file among the recordings that the ledger knows nothing of: it is being recorded, docket died while it was, or somebody else put
    /// it there.
    UnknownRecording {
        /// The file.
        path: PathBuf,
    },
}

impl Report {
    /// Whether everything that was checked is as docket left it.
    pub fn is_intact(&self) -> bool {
        self.problems.is_empty()
    }

    pub(super) fn problem(&mut self, problem: Problem) {
        if self.problems.len() < MOST_LISTED {
            self.problems.push(problem);
        } else {
            self.more_problems += 1;
        }
    }

    pub(super) fn warning(&mut self, warning: Warning) {
        if self.warnings.len() < MOST_LISTED {
            self.warnings.push(warning);
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for attempt in &self.attempts {
            writeln!(
                f,
                "{} {} ({})",
                attempt.state.as_str(),
                attempt.attempt,
                attempt.run
            )?;
        }
        for warning in &self.warnings {
            writeln!(f, "warning: {warning}")?;
        }
        for problem in &self.problems {
            writeln!(f, "problem: {problem}")?;
        }
        if self.more_problems > 0 {
            writeln!(f, "problem: {} more", self.more_problems)?;
        }
        let verdict = if self.is_intact() {
            "intact"
        } else {
            "not intact"
        };
        write!(
            f,
            "{verdict}: {} events, {} files, {} bytes",
            self.events, self.files, self.bytes
        )?;
        match &self.head {
            Some((seq, hash)) => write!(f, ", head {seq} {hash}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ChangedRow { seq } => write!(f, "event {seq} was changed"),
            Self::MissingRows { first, last } if first == last => {
                write!(f, "event {first} is missing")
            }
            Self::MissingRows { first, last } => write!(f, "events {first} to {last} are missing"),
            Self::SwappedRows { first, second } => {
                write!(f, "events {first} and {second} changed places")
            }
            Self::CutOff { last, seen } => write!(
                f,
                "the ledger ends at event {last}, but its projections have seen event {seen}: its end was cut off"
            ),
            Self::WrongProjection { table, key } => write!(
                f,
                "the projection `{table}` does not follow from the events at {key}"
            ),
            Self::MissingManifest { attempt, path } => {
                write!(f, "{attempt}: the manifest {} is missing", path.display())
            }
            Self::ChangedManifest { attempt, path } => {
                write!(f, "{attempt}: the manifest {} was changed", path.display())
            }
            Self::MissingFile { attempt, path } => {
                write!(f, "{attempt}: {} is missing", path.display())
            }
            Self::ChangedFile { attempt, path } => {
                write!(f, "{attempt}: {} was changed", path.display())
            }
            Self::UnreadableFile { attempt, path, why } => {
                write!(f, "{attempt}: can't read {}: {why}", path.display())
            }
            Self::UnknownSeal { path } => write!(
                f,
                "{} is sealed, but the ledger has no such seal: events were removed, or it comes from elsewhere",
                path.display()
            ),
            Self::ChangedRecording { path } => {
                write!(f, "the recording {} was changed", path.display())
            }
            Self::MissingRecording { path } => {
                write!(f, "the recording {} is missing", path.display())
            }
            Self::UnreadableRecording { path, why, .. } => {
                write!(f, "can't read the recording {}: {why}", path.display())
            }
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ExtraFile { attempt, path } => {
                write!(f, "{attempt}: {} came after the seal", path.display())
            }
            Self::OpaqueRow { seq, kind } => {
                write!(f, "event {seq} (`{kind}`) is not known to this docket")
            }
            Self::LostSeal { path } => write!(
                f,
                "{} was sealed by a docket that died before it could note the seal",
                path.display()
            ),
            Self::UnknownFolder { path } => {
                write!(f, "{} belongs to no attempt of the ledger", path.display())
            }
            Self::UnknownRecording { path } => write!(
                f,
                "the recording {} is not in the ledger: it goes on, docket died while it was made, or somebody else put it there",
                path.display()
            ),
        }
    }
}
