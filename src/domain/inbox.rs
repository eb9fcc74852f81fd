//! What waits for a human, of all tickets in one list: a fold of the board that the screen and the commands share.

use std::collections::BTreeMap;

use super::attempt::{AttemptOutcome, Need};
use super::board::{Board, TicketState};
use super::event::Event;
use super::ids::{AttemptId, TicketId};
use super::request::RequestId;
use super::time::Timestamp;

/// What a ticket waits for a human for, in a run that lives or since one that has ended.
pub fn need(state: &TicketState) -> Option<&Need> {
    match state {
        TicketState::Waiting { need }
        | TicketState::Finished {
            outcome: AttemptOutcome::NeedsHuman { need },
        } => Some(need),
        _ => None,
    }
}

/// A message from an agent to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// When it came.
    pub at: Timestamp,
    /// After which turn.
    pub turn: u32,
    /// Whether the agent waits for a reply.
    pub pause: bool,
    /// Title or first line.
    pub title: String,
    /// The text, Markdown.
    pub text: String,
}

/// What an attempt has told people, beyond what every reader of the board needs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Told {
    /// When each request was asked.
    pub asked_at: BTreeMap<RequestId, Timestamp>,
    /// Messages from the agent, newest last.
    pub messages: Vec<Message>,
    /// How many files differ from where the attempt began, as of the last turn that was saved.
    pub files: Option<u32>,
}

impl Told {
    /// Takes in one fact about the attempt.
    pub fn take(&mut self, event: &Event, at: Timestamp, turn: u32) {
        match event {
            Event::RequestOpened { id, .. } => {
                self.asked_at.insert(*id, at);
            }
            Event::DispatchReceived {
                pause, title, text, ..
            } => self.messages.push(Message {
                at,
                turn,
                pause: *pause,
                title: title.clone(),
                text: text.clone(),
            }),
            Event::TurnSaved { files, .. } => self.files = Some(*files),
            _ => {}
        }
    }
}

/// One thing that waits for a human: the same thing as long as it is equal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Waiting {
    /// Since when; zero where nobody knows.
    pub since: Timestamp,
    /// Whose.
    pub ticket: TicketId,
    /// What.
    pub what: What,
}

/// What waits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// The agent asks for something in its turn.
    Request {
        /// Whose request.
        attempt: Option<AttemptId>,
        /// Which.
        id: RequestId,
    },
    /// Work waits for a yes before it is merged.
    Gate,
    /// The agent waits for words: it asked for them, or it does not get on.
    Words,
    /// A human does the ticket.
    Task,
    /// A human has taken its attempt over, and hands it back when they are done.
    Taken,
    /// Its program is quiet, and only a human can tell whether its turn is over.
    Silent {
        /// Whose program.
        attempt: Option<AttemptId>,
    },
    /// The agent has said something, and goes on.
    Message {
        /// Which attempt.
        attempt: Option<AttemptId>,
        /// Its place among the attempt's messages.
        index: usize,
    },
}

/// Everything that waits, what has waited longest first.
pub fn waiting(board: &Board) -> Vec<Waiting> {
    let mut all: Vec<_> = board
        .tickets
        .keys()
        .flat_map(|ticket| of_ticket(board, ticket))
        .collect();
    all.sort();
    all
}

/// What waits of one ticket; what can be decided first, the oldest of it first.
pub fn of_ticket(board: &Board, ticket: &TicketId) -> Vec<Waiting> {
    let Some(view) = board.tickets.get(ticket) else {
        return Vec::new();
    };
    let attempt = &view.attempt;
    let waiting = |since, what| Waiting {
        since,
        ticket: ticket.clone(),
        what,
    };
    let requests = view.requests.keys().map(|id| {
        let since = view.told.asked_at.get(id).copied().unwrap_or(view.since);
        let attempt = attempt.clone();
        waiting(since, What::Request { attempt, id: *id })
    });
    let need = match need(&view.state) {
        Some(Need::Review { .. }) => Some(What::Gate),
        Some(Need::UserTask) => Some(What::Task),
        Some(Need::Reply { .. } | Need::NoProgress | Need::Conflict { .. } | Need::Interrupted) => {
            Some(What::Words)
        }
        // Its requests are told one by one.
        Some(Need::Request { .. }) | None => None,
        Some(Need::TakenOver { .. }) => Some(What::Taken),
    };
    let need = need.map(|what| waiting(view.since, what));
    let silent = view.silent.map(|since| {
        let attempt = attempt.clone();
        waiting(since, What::Silent { attempt })
    });
    let messages = view.told.messages.iter().enumerate();
    // One that waits for a reply is what the attempt waits for.
    let messages = messages.filter(|(_, message)| !message.pause);
    let messages = messages.map(|(index, message)| {
        let attempt = attempt.clone();
        waiting(message.at, What::Message { attempt, index })
    });
    let now = requests.chain(need).chain(silent);
    now.chain(messages).collect()
}
