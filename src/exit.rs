//! Exit codes: the table of DESIGN 8, in one place.

use std::process::ExitCode;

use crate::domain::attempt::CancelReason;
use crate::domain::event::RunOutcome;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done as asked.
    Done,
    /// docket itself failed.
    Failed,
    /// Usage, configuration or lint error.
    Usage,
    /// Nothing was ready to run.
    NothingReady,
    /// A human is needed.
    NeedsHuman,
    /// The ticket failed.
    TicketFailed,
    /// A limit was hit.
    Limit,
    /// Another runner holds this repository.
    Held,
    /// Ended by a signal: SIGINT 130, SIGTERM 143, SIGHUP 129.
    Signal(u8),
}

impl Exit {
    /// The code of the table.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NothingReady => 3,
            Self::NeedsHuman => 4,
            Self::TicketFailed => 5,
            Self::Limit => 6,
            Self::Held => 7,
            Self::Signal(signal) => 128 + signal,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

impl From<RunOutcome> for Exit {
    fn from(outcome: RunOutcome) -> Self {
        match outcome {
            RunOutcome::Done => Self::Done,
            RunOutcome::NothingReady => Self::NothingReady,
            RunOutcome::NeedsHuman => Self::NeedsHuman,
            RunOutcome::Failed => Self::TicketFailed,
            RunOutcome::Limit => Self::Limit,
            RunOutcome::Lost | RunOutcome::Broken => Self::Failed,
            RunOutcome::Cancelled { reason } => match reason {
                CancelReason::Terminate => Self::Signal(15),
                CancelReason::HangUp => Self::Signal(1),
                CancelReason::Interrupt | CancelReason::Kill => Self::Signal(2),
                CancelReason::Stopped | CancelReason::RunEnds | CancelReason::Interrupted => {
                    Self::TicketFailed
                }
                CancelReason::Asks => Self::NeedsHuman,
                CancelReason::Limit => Self::Limit,
                CancelReason::Storage => Self::Failed,
            },
        }
    }
}
