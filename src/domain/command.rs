//! Imperatives: what the screen, `--once`, signals and other processes ask of the runner.

use super::attempt::CancelReason;
use super::ids::TicketId;

/// What somebody asks of the runner. Answers come as events, also when it is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Begin a run over the queue, or over one ticket; or go on after a pause.
    Start {
        /// Only this ticket.
        only: Option<TicketId>,
    },
    /// Freeze what runs, start nothing new.
    Pause,
    /// Go on.
    Resume,
    /// Stop one ticket's attempt.
    StopTicket {
        /// Which.
        ticket: TicketId,
    },
    /// Stop the run. A second call with a higher reason hurries it.
    Cancel {
        /// Why.
        reason: CancelReason,
    },
    /// Try a ticket again that ended without being done.
    Retry {
        /// Which.
        ticket: TicketId,
    },
    /// Leave a ticket out of this run.
    Skip {
        /// Which.
        ticket: TicketId,
    },
    /// Answer what a ticket waits for; goes into its next turn.
    Reply {
        /// Which.
        ticket: TicketId,
        /// The answer.
        text: String,
    },
    /// Approve at a gate.
    Approve {
        /// Which.
        ticket: TicketId,
    },
    /// Reject at a gate; the reason goes into the next turn.
    Reject {
        /// Which.
        ticket: TicketId,
        /// Why.
        reason: String,
    },
}

impl Command {
    /// In words, for refusals.
    pub fn describe(&self) -> String {
        match self {
            Self::Start { only: None } => "start".to_owned(),
            Self::Start { only: Some(ticket) } => format!("start {ticket}"),
            Self::Pause => "pause".to_owned(),
            Self::Resume => "resume".to_owned(),
            Self::StopTicket { ticket } => format!("stop {ticket}"),
            Self::Cancel { reason } => format!("end the run ({})", reason.as_str()),
            Self::Retry { ticket } => format!("retry {ticket}"),
            Self::Skip { ticket } => format!("skip {ticket}"),
            Self::Reply { ticket, .. } => format!("reply to {ticket}"),
            Self::Approve { ticket } => format!("approve {ticket}"),
            Self::Reject { ticket, .. } => format!("reject {ticket}"),
        }
    }
}
