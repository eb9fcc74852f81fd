//! Tickets with `every`: so long after docket called one done, it is opened again.

use super::state::{Run, State, StepState};
use super::{Effect, emit, refuse};
use crate::domain::attempt::AttemptOutcome;
use crate::domain::event::Event;
use crate::domain::ids::{Sha256, TicketId};
use crate::domain::time::{Now, Timestamp};

/// Opens what is due. Gives the time at which the next one is.
pub(super) fn open(state: &mut State, now: Now, effects: &mut Vec<Effect>) -> Option<Timestamp> {
    let queue = state.queue.clone();
    let mut next: Option<Timestamp> = None;
    for entry in queue.entries() {
        let every = entry.ticket.as_ref().and_then(|ticket| ticket.every);
        let (Some(every), Some(ended)) = (every, state.ended.get(&entry.id)) else {
            continue;
        };
        let wants = state.run.as_ref().is_some_and(|run| wants(run, &entry.id));
        if !entry.is_done() || !wants || state.reopening.contains(&entry.id) {
            continue;
        }
        let due = ended.after(every);
        if due > now.wall {
            next = Some(next.map_or(due, |earlier| earlier.min(due)));
            continue;
        }
        state.reopening.insert(entry.id.clone());
        effects.push(Effect::Reopen {
            ticket: entry.id.clone(),
            path: entry.path.clone(),
            revision: entry.revision,
        });
    }
    next
}

/// Whether the run would start it again.
fn wants(run: &Run, ticket: &TicketId) -> bool {
    let plan = &run.plan;
    let ended_well = run
        .steps
        .get(ticket)
        .is_none_or(|step| matches!(step.state, StepState::Finished(AttemptOutcome::Done { .. })));
    ended_well
        && !run.skipped.contains(ticket)
        && plan.only.as_ref().is_none_or(|only| only.contains(ticket))
        && plan.max_tickets.is_none_or(|most| run.started < most)
}

/// Its file says `done: false` again, or could not be made to.
pub(super) fn opened(
    state: &mut State,
    ticket: TicketId,
    written: Result<(Sha256, Sha256), String>,
    effects: &mut Vec<Effect>,
) {
    state.reopening.remove(&ticket);
    // What could not be written is not tried again and again.
    state.ended.remove(&ticket);
    let (before, after) = match written {
        Ok(revisions) => revisions,
        Err(why) => return refuse(state, &format!("open {ticket} again"), &why, effects),
    };
    state.look_again = true;
    state.must_read = true;
    let Some(run) = &mut state.run else { return };
    run.steps.remove(&ticket);
    let event = Event::TicketReopened {
        ticket,
        before,
        after,
    };
    emit(run.id, event, effects);
}
