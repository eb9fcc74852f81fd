//! Imperatives: what the screen, `--once`, signals and other processes ask of the runner.

use serde::{Deserialize, Serialize};

use super::attempt::{Artifact, CancelReason};
use super::ids::{AttemptId, TicketId};
use super::request::RequestId;
use super::rules::{Rule, Scope};
use super::taking::Seat;

/// What a human says to a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reaction", rename_all = "snake_case")]
pub enum Reaction {
    /// Yes, this time.
    Allow,
    /// Yes, and the agent need not ask again for the like, where it offers that.
    AllowAlways,
    /// Yes, and docket itself answers the like from now on.
    AllowLike {
        /// How far it reaches; `once` is no more than [`Reaction::Allow`].
        scope: Scope,
        /// The rules that the human was shown: when they are not the ones that the request comes to, nothing is allowed.
        rules: Vec<Rule>,
    },
    /// No.
    Deny {
        /// Why, for agents that take words with it.
        reason: Option<String>,
    },
    /// The answers to its questions, in order.
    Words {
        /// One text for each question.
        words: Vec<String>,
    },
}

/// What somebody asks of the runner. Answers come as events, also when it is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
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
    /// Give the agent words in the middle of its turn; where it takes none, they wait for the next turn.
    Steer {
        /// Which.
        ticket: TicketId,
        /// The words.
        text: String,
    },
    /// End the turn that runs; the attempt goes on with the next reply.
    Interrupt {
        /// Which.
        ticket: TicketId,
    },
    /// Answer a request of the ticket's agent.
    Answer {
        /// Which ticket.
        ticket: TicketId,
        /// Whose request it is: of another attempt, the number means something else. Of the one that lives, without it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attempt: Option<AttemptId>,
        /// Which request; the oldest open one without it.
        request: Option<RequestId>,
        /// What to say.
        reaction: Reaction,
    },
    /// Approve at a gate, or what the agent asks for.
    Approve {
        /// Which.
        ticket: TicketId,
        /// At the gate of which attempt. With it, nothing but that gate is decided.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attempt: Option<AttemptId>,
        /// At the gate that was reached after which turn.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        turn: Option<u32>,
    },
    /// Reject at a gate (the reason goes into the next turn), or what the agent asks for.
    Reject {
        /// Which.
        ticket: TicketId,
        /// Why.
        reason: String,
        /// At the gate of which attempt. With it, nothing but that gate is decided.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attempt: Option<AttemptId>,
        /// At the gate that was reached after which turn.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        turn: Option<u32>,
    },
    /// Begin a run over these tickets, or let the one that goes on take them, too.
    StartSome {
        /// Which.
        tickets: Vec<TicketId>,
    },
    /// Take a ticket that was left out into the run again. What waits for a human there waits again.
    Unskip {
        /// Which.
        ticket: TicketId,
    },
    /// Say that the turn of an agent on a terminal is over, which nothing else can tell.
    Claim {
        /// Which.
        ticket: TicketId,
        /// Whether its work is done: then it is checked; else the next turn begins.
        done: bool,
    },
    /// Take the ticket's attempt over: its turn ends, its agent's process too, and a human goes on in the agent's own TUI.
    TakeSession {
        /// Which.
        ticket: TicketId,
        /// Which attempt; whichever there is without it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attempt: Option<AttemptId>,
        /// From where.
        by: Seat,
    },
    /// Hand an attempt back that was taken over.
    HandBack {
        /// Which.
        ticket: TicketId,
        /// Words for its agent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        words: Option<String>,
        /// From where.
        by: Seat,
    },
    /// Note a finished recording of a terminal, so that a later change of it is found.
    Record {
        /// The attempt in whose working tree the terminal was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attempt: Option<AttemptId>,
        /// The file, relative to the folder of recordings.
        file: Artifact,
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
            Self::Steer { ticket, .. } => format!("steer {ticket}"),
            Self::Interrupt { ticket } => format!("interrupt {ticket}"),
            Self::Answer {
                ticket, request, ..
            } => match request {
                Some(request) => format!("answer {ticket} {request}"),
                None => format!("answer {ticket}"),
            },
            Self::Approve { ticket, .. } => format!("approve {ticket}"),
            Self::Reject { ticket, .. } => format!("reject {ticket}"),
            Self::StartSome { tickets } => {
                let names: Vec<_> = tickets.iter().map(TicketId::as_str).collect();
                format!("start {}", names.join(", "))
            }
            Self::Unskip { ticket } => format!("take {ticket} back"),
            Self::Claim { ticket, done: true } => format!("claim that {ticket} is done"),
            Self::Claim { ticket, .. } => format!("end the turn of {ticket}"),
            Self::TakeSession { ticket, .. } => format!("take {ticket} over"),
            Self::HandBack { ticket, .. } => format!("hand {ticket} back"),
            Self::Record { file, .. } => format!("note the recording {}", file.path),
        }
    }
}
