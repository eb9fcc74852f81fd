//! Gates: why a human must decide before work is merged.

use serde::{Deserialize, Serialize};

use super::ids::{AttemptId, TicketName};

/// One reason for which a human is asked before work is merged, beside the ticket's own wish (`gate: review`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum GateReason {
    /// A rule of the policy wants a human to look at these changes.
    Policy {
        /// The rule's name in the configuration.
        rule: String,
        /// What it is about, path by path, in words for people.
        changes: Vec<String>,
    },
    /// The agent changed its own ticket beyond `done` and the body.
    OwnTicket {
        /// Which keys.
        keys: Vec<String>,
    },
    /// The agent wrote or changed other tickets so that a human should look first.
    OtherTicket {
        /// Which ticket.
        ticket: TicketName,
        /// What about it.
        why: String,
    },
    /// The working tree is not the one any more that a human approved.
    WorkChanged {
        /// The attempt whose work was approved.
        attempt: AttemptId,
    },
    /// The ticket is not the one any more whose work a human approved.
    TicketChanged {
        /// The attempt whose work was approved.
        attempt: AttemptId,
    },
}

impl std::fmt::Display for GateReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Policy { rule, changes } => {
                write!(f, "policy {rule}: {}", changes.join(", "))
            }
            Self::OwnTicket { keys } => {
                write!(f, "the agent changed its own ticket: {}", keys.join(", "))
            }
            Self::OtherTicket { ticket, why } => write!(f, "{ticket}: {why}"),
            Self::WorkChanged { attempt } => {
                write!(f, "the working tree changed after {attempt} was approved")
            }
            Self::TicketChanged { attempt } => {
                write!(f, "the ticket changed after {attempt} was approved")
            }
        }
    }
}
