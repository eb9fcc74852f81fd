//! What earlier runs left in the middle: attempts that the next ones of their tickets go on from.

use std::collections::BTreeMap;

use crate::domain::attempt::{AttemptOutcome, Need};
use crate::domain::event::Event;
use crate::domain::ids::TicketId;
use crate::domain::machine::{Carry, Unfinished};
use crate::domain::request::{Answer, Request, RequestId};
use crate::store::records::AttemptRecord;
use crate::store::{LedgerError, Reader};

/// The last attempt of each ticket, where it broke off: docket died, or a human had to be asked and nobody was there.
pub fn attempts(reader: &Reader) -> Result<BTreeMap<TicketId, Unfinished>, LedgerError> {
    let mut unfinished = BTreeMap::new();
    for (ticket, record) in last_of_each(reader.attempts()?) {
        if let Some(found) = of_attempt(reader, record)? {
            unfinished.insert(ticket, found);
        }
    }
    Ok(unfinished)
}

/// The same for one ticket.
pub fn of_ticket(reader: &Reader, ticket: &TicketId) -> Result<Option<Unfinished>, LedgerError> {
    let last = last_of_each(reader.attempts_of_ticket(ticket)?).remove(ticket);
    last.map_or(Ok(None), |record| of_attempt(reader, record))
}

fn last_of_each(attempts: Vec<AttemptRecord>) -> BTreeMap<TicketId, AttemptRecord> {
    let mut last: BTreeMap<TicketId, AttemptRecord> = BTreeMap::new();
    for mut record in attempts {
        // What a conversation has used goes on over the attempts that share it.
        if let Some(before) = last.get(&record.ticket)
            && record.session.is_some()
            && before.session == record.session
        {
            record.usage.add(&before.usage);
        }
        last.insert(record.ticket.clone(), record);
    }
    last
}

fn of_attempt(reader: &Reader, record: AttemptRecord) -> Result<Option<Unfinished>, LedgerError> {
    let Some(
        outcome @ (AttemptOutcome::Lost
        | AttemptOutcome::NeedsHuman {
            need: Need::Request { .. },
        }),
    ) = record.outcome
    else {
        return Ok(None);
    };
    // Without a conversation to go on with, a new attempt begins with a clean tree: half a runbook must not run twice.
    let (Ok(agent), Some(session)) = (record.agent.parse(), record.session) else {
        return Ok(None);
    };
    let (mut workspace, mut is_over) = (None, false);
    let mut requests: BTreeMap<RequestId, (Request, Option<Answer>)> = BTreeMap::new();
    for stored in reader.events_of_attempt(&record.attempt)? {
        let Some(envelope) = stored.envelope() else {
            continue;
        };
        match &envelope.event {
            Event::WorkspacePrepared { workspace: at, .. } => workspace = Some(at.clone()),
            Event::RequestOpened { id, request, .. } => {
                requests.insert(*id, (request.clone(), None));
            }
            Event::RequestClosed { id, .. } => {
                requests.remove(id);
            }
            // Answered while the agent lived: that is settled. Answered since: that is told to it.
            Event::RequestAnswered { id, answer, .. } => {
                if let (true, Some((_, given))) = (is_over, requests.get_mut(id)) {
                    *given = Some(answer.clone());
                } else {
                    requests.remove(id);
                }
            }
            Event::AttemptFinished { .. } => is_over = true,
            _ => {}
        }
    }
    Ok(workspace.map(|workspace| Unfinished {
        carry: Carry {
            from: record.attempt,
            workspace,
            session: Some(session),
            used: record.usage,
        },
        agent,
        revision: record.revision,
        outcome,
        requests: requests
            .into_iter()
            .map(|(id, (request, answer))| (id, request, answer))
            .collect(),
    }))
}
