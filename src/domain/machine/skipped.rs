//! Tickets that people leave out of a run, and take back.

use super::command::{Refusal, end_the_wait, not_to_be_tried};
use super::state::{RunPhase, State, StepState, Then};
use super::{Effect, emit, ending};
use crate::domain::attempt::AttemptOutcome;
use crate::domain::event::Event;
use crate::domain::ids::TicketId;

pub(super) fn skip(state: &mut State, ticket: TicketId, effects: &mut Vec<Effect>) -> Refusal {
    if state.run.is_none() {
        return Some("nothing runs");
    }
    if let Some(why) = not_to_be_tried(state, &ticket) {
        return Some(why);
    }
    let Some(run) = &mut state.run else {
        return Some("nothing runs");
    };
    if matches!(run.phase, RunPhase::Ending(_)) {
        return Some("the run is ending");
    }
    if run.skipped.contains(&ticket) {
        return Some("that ticket is skipped already");
    }
    if end_the_wait(run, &ticket, Then::Skip, effects) {
        run.skipped.insert(ticket);
        return None;
    }
    match run.steps.get(&ticket).map(|step| &step.state) {
        Some(StepState::Active(_)) => return Some("that ticket is running: stop it first"),
        Some(StepState::Finished(AttemptOutcome::NeedsHuman { .. })) | None => {}
        Some(StepState::Finished(_)) => return Some("that ticket has ended in this run already"),
        // No other attempt follows.
        Some(StepState::Again(_)) => ending::give_up(run, &ticket, effects),
    }
    run.skipped.insert(ticket.clone());
    emit(run.id, Event::StepSkipped { ticket }, effects);
    state.look_again = true;
    None
}

/// Takes a ticket that was left out into the run again. Unlike a retry, this gives nothing up: what waited for a human when the
/// ticket was left out waits again.
pub(super) fn take_back(
    state: &mut State,
    ticket: &TicketId,
    effects: &mut Vec<Effect>,
) -> Refusal {
    let Some(run) = &mut state.run else {
        return Some("nothing runs: the next run takes it by itself");
    };
    if matches!(run.phase, RunPhase::Ending(_)) {
        return Some("the run is ending: the next one takes it by itself");
    }
    if !run.skipped.contains(ticket) {
        return Some("that ticket is not skipped");
    }
    match run.steps.get(ticket).map(|step| &step.state) {
        Some(StepState::Active(_)) => {
            return Some("its attempt is still being ended: try again in a moment");
        }
        // It is taken up where it was, when its turn comes.
        Some(StepState::Finished(AttemptOutcome::NeedsHuman { .. })) => {
            run.steps.remove(ticket);
            run.started = run.started.saturating_sub(1);
        }
        Some(StepState::Again(_) | StepState::Finished(_)) | None => {}
    }
    run.skipped.remove(ticket);
    let ticket = ticket.clone();
    emit(run.id, Event::StepRestored { ticket }, effects);
    state.look_again = true;
    None
}
