//! What others ask the queue's pane for: tickets by id and number, those of the user.

use super::QueuePane;
use crate::domain::board::Board;
use crate::domain::ids::TicketId;
use crate::domain::queue::Readiness;
use crate::domain::ticket::{KnownNames, QueueEntry};

impl QueuePane {
    /// The names that tickets may use, if that is known.
    pub(crate) fn known(&self) -> Option<&KnownNames> {
        self.agents.as_ref()
    }

    /// A ticket's file, when it is in the queue.
    pub(crate) fn entry_of(&self, ticket: &TicketId) -> Option<&QueueEntry> {
        self.queue.by_id(ticket).map(AsRef::as_ref)
    }

    /// The ticket of this number; `12` and `012` are the same.
    pub(crate) fn numbered(&self, number: &str) -> Option<&QueueEntry> {
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let wanted = number.trim_start_matches('0');
        let entries = self.queue.entries().iter().filter(|_| is_number);
        let mut entries = entries.map(AsRef::as_ref);
        entries.find(|entry| entry.name.digits().trim_start_matches('0') == wanted)
    }

    /// The tickets that a human does and could begin with now.
    pub(crate) fn for_users<'a>(&'a self, board: &'a Board) -> impl Iterator<Item = &'a TicketId> {
        let entries = self.queue.entries().iter().zip(&self.readiness);
        let ready = entries.filter(|(_, readiness)| matches!(readiness, Readiness::Ready));
        ready.filter_map(move |(entry, _)| {
            let is_users = entry
                .ticket
                .as_ref()
                .is_some_and(|ticket| ticket.agent.is_user());
            let is_known = board.tickets.contains_key(&entry.id);
            (is_users && !is_known).then_some(&entry.id)
        })
    }
}
