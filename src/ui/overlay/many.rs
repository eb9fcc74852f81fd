//! Questions about several tickets at once: how many they are, and which.

use crate::domain::ids::{TicketId, TicketName};
use crate::domain::queue::placing::NewPriority;

/// How many names are told.
const NAMED: usize = 8;

/// What is done with each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    Start,
    Stop,
    Retry,
    Skip,
    Unskip,
}

/// The same for several tickets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Many {
    pub(crate) deed: Deed,
    pub(crate) tickets: Vec<(TicketId, TicketName)>,
}

impl Many {
    pub(super) fn title(&self) -> &'static str {
        match self.deed {
            Deed::Start => "Start several",
            Deed::Stop => "Stop several",
            Deed::Retry => "Retry several",
            Deed::Skip => "Skip several",
            Deed::Unskip => "Take several back",
        }
    }

    pub(super) fn question(&self) -> String {
        let names = self.tickets.iter().map(|(_, name)| name);
        let which = listed(self.tickets.len(), names);
        let question = match self.deed {
            Deed::Start => "Start a run over these alone?",
            Deed::Stop => "Stop the attempts at these? What they did so far is kept.",
            Deed::Retry => "Try these again?",
            Deed::Skip => "Leave these out of this run?",
            Deed::Unskip => "Take these into the run again?",
        };
        format!("{which}\n\n{question}")
    }
}

/// What a move has to write into the files of tickets that are not moved.
pub(super) fn reorder_question(priorities: &[NewPriority]) -> String {
    let others: Vec<_> = priorities.iter().filter(|new| !new.is_moved).collect();
    let which = listed(others.len(), others.iter().map(|new| &new.name));
    format!("{which}\n\nFor this move these need another priority, too. Write it into their files?")
}

/// `3 tickets: TICKET-001, TICKET-002, TICKET-003`.
fn listed<'a>(count: usize, names: impl Iterator<Item = &'a TicketName>) -> String {
    let names: Vec<_> = names.take(NAMED).map(TicketName::as_str).collect();
    let more = match count.saturating_sub(names.len()) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let noun = if count == 1 { "ticket" } else { "tickets" };
    format!("{count} {noun}: {}{more}", names.join(", "))
}
