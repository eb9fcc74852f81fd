//! What agents may do to the queue, and what they did.

use super::state::{Run, State, StepState};
use super::{Effect, Report, emit};
use crate::domain::desk::{DeskRules, NoteNews, TicketChange, TicketNews};
use crate::domain::event::Event;
use crate::domain::ids::{AttemptId, RunId, TicketId};
use crate::domain::queue::Queue;
use crate::domain::settings::Limits;

/// An agent gets copies of at most so many other tickets.
const MOST_NEIGHBOURS: usize = 100;

/// The tickets that somebody works on.
pub(super) fn busy(run: &Run) -> Vec<TicketId> {
    let active = run
        .steps
        .iter()
        .filter(|(_, step)| matches!(step.state, StepState::Active(_)));
    active.map(|(ticket, _)| ticket.clone()).collect()
}

/// What holds for the agent of a ticket of this generation.
pub(super) fn rules(busy: Vec<TicketId>, generation: u32, limits: &Limits) -> DeskRules {
    DeskRules {
        busy,
        generation,
        new_tickets: limits.new_tickets,
        ticket_depth: limits.ticket_depth,
    }
}

/// Remembers where the tickets come from that agents added.
pub(super) fn learn(state: &mut State, report: &Report) {
    let (Report::Collected(super::Collected { tickets, .. }) | Report::Brought { tickets }) =
        report
    else {
        return;
    };
    for news in tickets {
        if let TicketChange::New { generation } = news.change {
            state.generations.insert(news.ticket.clone(), generation);
        }
    }
}

/// Says what became of what the agent wrote.
pub(super) fn tell(
    run: RunId,
    (attempt, turn): (&AttemptId, u32),
    tickets: &[TicketNews],
    notes: &[NoteNews],
    effects: &mut Vec<Effect>,
) {
    for news in tickets {
        let (attempt, news) = (attempt.clone(), news.clone());
        let event = Event::TicketBrought {
            attempt,
            turn,
            news,
        };
        emit(run, event, effects);
    }
    for news in notes {
        let (attempt, news) = (attempt.clone(), news.clone());
        let event = Event::NoteBrought {
            attempt,
            turn,
            news,
        };
        emit(run, event, effects);
    }
}

/// The files of the tickets that the agent of `ticket` gets copies of: what its own depends on, then those that are not done, in
/// run order.
pub(super) fn neighbours(queue: &Queue, ticket: &TicketId) -> Vec<std::path::PathBuf> {
    let entries = queue.entries();
    let own = entries.iter().position(|entry| entry.id == *ticket);
    let needs = own.into_iter().flat_map(|index| queue.dependencies(index));
    let open = entries
        .iter()
        .filter(|entry| entry.id != *ticket && !entry.is_done());
    let mut seen = std::collections::BTreeSet::new();
    needs
        .chain(open)
        .filter(|entry| seen.insert(&entry.path))
        .take(MOST_NEIGHBOURS)
        .map(|entry| entry.path.clone())
        .collect()
}
