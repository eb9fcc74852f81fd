//! What humans decide at gates. A decision that names a gate is about that one, whatever has happened since.

use super::command::{Refusal, active, asks_still};
use super::state::{Stage, State, StepState};
use super::{Effect, emit, paused, requests, turns};
use crate::domain::attempt::Need;
use crate::domain::command::Reaction;
use crate::domain::event::Event;
use crate::domain::ids::{AttemptId, TicketId};
use crate::domain::time::Now;
use crate::domain::unfinished::Unfinished;

/// What a decision names: the gate of an attempt, and the turn that came to it.
type Gate = (Option<AttemptId>, Option<u32>);

/// Decides at the gate that is named. Without a name: at the gate that is open, or about what the agent asks.
pub(super) fn decide_or_answer(
    state: &mut State,
    ticket: &TicketId,
    gate: &Gate,
    rejection: Option<String>,
    now: Now,
    effects: &mut Vec<Effect>,
) -> Refusal {
    if *gate != (None, None) {
        if !is_meant(state, ticket, gate) {
            return Some("that gate is not open any more: look at how it stands now");
        }
        return decide(state, ticket, rejection, now, effects);
    }
    let reaction = match &rejection {
        None => Reaction::Allow,
        Some(reason) => Reaction::Deny {
            reason: Some(reason.clone()),
        },
    };
    if asks_still(state, ticket) {
        return paused::answer(state, ticket, None, reaction, effects);
    }
    if let Some(run) = &mut state.run {
        let id = run.id;
        if let Some(attempt) = active(run, ticket).filter(|attempt| !attempt.requests.is_empty()) {
            return requests::answer(attempt, id, None, reaction, now, effects);
        }
    }
    decide(state, ticket, rejection, now, effects)
}

/// Whether the ticket's last attempt is the one whose gate is named, and has had no turn since.
fn is_meant(state: &State, ticket: &TicketId, (attempt, turn): &Gate) -> bool {
    let step = state.run.as_ref().and_then(|run| run.steps.get(ticket));
    match step.map(|step| &step.state) {
        Some(StepState::Active(active)) => {
            attempt.as_ref().is_none_or(|attempt| active.id == *attempt)
                && turn.is_none_or(|turn| active.turn == turn)
        }
        _ => state
            .unfinished
            .get(ticket)
            .is_none_or(|unfinished| unfinished.is_meant(attempt.as_ref(), *turn)),
    }
}

/// A human decides at the gate that is open.
fn decide(
    state: &mut State,
    ticket: &TicketId,
    rejection: Option<String>,
    now: Now,
    effects: &mut Vec<Effect>,
) -> Refusal {
    if paused::of(state, ticket).is_some_and(Unfinished::is_at_gate) {
        return paused::decide(state, ticket, rejection, now, effects);
    }
    let settings = state.settings.clone();
    let Some(run) = &mut state.run else {
        return Some("nothing runs");
    };
    let (id, left_behind) = (run.id, run.left_behind.clone());
    let Some(step) = run.steps.get_mut(ticket) else {
        return Some("no gate is open there");
    };
    let StepState::Active(attempt) = &mut step.state else {
        return Some("no gate is open there");
    };
    if !matches!(attempt.stage, Stage::Waiting(Need::Review { .. })) {
        return Some("no gate is open there");
    }
    emit(
        id,
        Event::GateDecided {
            attempt: attempt.id.clone(),
            approved: rejection.is_none(),
            reason: rejection.clone(),
        },
        effects,
    );
    match (rejection, attempt.proof) {
        (None, Some(proof)) if attempt.replies.is_empty() => {
            attempt.is_approved = true;
            turns::accept(attempt, proof);
        }
        (rejected, _) => {
            let rejected = rejected.map(paused::rejection);
            let limits = settings.limits_for(&step.ticket);
            turns::next_turn(attempt, &limits, left_behind, rejected, now, effects);
        }
    }
    None
}
