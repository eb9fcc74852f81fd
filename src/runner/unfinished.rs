//! What earlier runs left in the middle: attempts that the next ones of their tickets go on from. The rules about it are the domain's.

use std::collections::BTreeMap;

use crate::domain::attempt::AttemptOutcome;
use crate::domain::event::{Envelope, Event};
use crate::domain::ids::TicketId;
use crate::domain::unfinished::{Ended, Unfinished};
use crate::store::records::AttemptRecord;
use crate::store::{LedgerError, Reader};

/// What the last attempt of each ticket left in the middle, where it broke off or has not heard all that humans said.
pub fn attempts(reader: &Reader) -> Result<BTreeMap<TicketId, Unfinished>, LedgerError> {
    let mut of_each: BTreeMap<TicketId, Vec<AttemptRecord>> = BTreeMap::new();
    for record in reader.attempts()? {
        let known = of_each.entry(record.ticket.clone()).or_default();
        known.push(record);
    }
    let mut unfinished = BTreeMap::new();
    for (ticket, records) in of_each {
        if let Some(found) = of_attempts(reader, records)? {
            unfinished.insert(ticket, found);
        }
    }
    Ok(unfinished)
}

/// The same for one ticket.
pub fn of_ticket(reader: &Reader, ticket: &TicketId) -> Result<Option<Unfinished>, LedgerError> {
    of_attempts(reader, reader.attempts_of_ticket(ticket)?)
}

/// What the attempts of one ticket, in the order in which they began, have left.
fn of_attempts(
    reader: &Reader,
    mut records: Vec<AttemptRecord>,
) -> Result<Option<Unfinished>, LedgerError> {
    let mut events = Vec::new();
    while let Some(record) = records.pop() {
        if matches!(record.outcome, Some(AttemptOutcome::Done { .. })) {
            return Ok(None);
        }
        let stored = reader.events_of_attempt(&record.attempt)?;
        let mut own: Vec<Envelope> = stored
            .iter()
            .filter_map(|stored| stored.envelope().cloned())
            .collect();
        let is_silent = record.turns == 0 && is_silent(&record, &own);
        own.append(&mut events);
        events = own;
        // One whose agent was told nothing changes nothing: what came before it still holds.
        if !is_silent {
            return Ok(of_attempt(record, &records, &events));
        }
    }
    Ok(None)
}

/// Whether the attempt ended before anybody was told or asked anything.
fn is_silent(record: &AttemptRecord, events: &[Envelope]) -> bool {
    let came_to_a_gate = || {
        let mut events = events.iter();
        events.any(|envelope| matches!(envelope.event, Event::GateReached { .. }))
    };
    !matches!(record.outcome, Some(AttemptOutcome::NeedsHuman { .. })) && !came_to_a_gate()
}

fn of_attempt(
    record: AttemptRecord,
    before: &[AttemptRecord],
    events: &[Envelope],
) -> Option<Unfinished> {
    let mut used = record.usage;
    // What a conversation has used goes on over the attempts that share it.
    let shares = |earlier: &&AttemptRecord| {
        record.session.is_some() && (earlier.session == record.session || earlier.turns == 0)
    };
    for earlier in before.iter().rev().take_while(shares) {
        used.add(&earlier.usage);
    }
    let ended = Ended {
        attempt: record.attempt,
        agent: record.agent.parse().ok()?,
        session: record.session,
        revision: record.revision,
        outcome: record.outcome,
        used,
    };
    Unfinished::of(ended, events)
}
