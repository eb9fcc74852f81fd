//! The end of an attempt: its one `AttemptFinished`, then another attempt, or the end of its step.

use super::state::{Run, RunPhase, State, Step, StepState, Then};
use super::{Brief, Carry, Effect, Order, emit, order, requests};
use crate::domain::attempt::{AttemptOutcome, Failure, LimitKind, Workspace};
use crate::domain::event::Event;
use crate::domain::ids::{AttemptId, TicketId};
use crate::domain::item::Usage;
use crate::domain::ticket::AgentName;

/// A ticket that changes this often just as its attempts begin is left alone.
const MOST_OUTDATED: u32 = 5;

/// The attempt began with a text that had just changed: it does not count, and the next one begins with the new text.
pub(super) fn note_outdated(state: &mut State, ticket: &TicketId) {
    let run = state.run.as_mut();
    if let Some(step) = run.and_then(|run| run.steps.get_mut(ticket))
        && step.outdated < MOST_OUTDATED
    {
        step.outdated += 1;
        step.attempts -= 1;
        step.waits_for_files = true;
        if let StepState::Active(attempt) = &mut step.state {
            step.carry = attempt.carry.take();
            step.approved = attempt.approved.take();
        }
    }
}

/// Ends the attempt: its one `AttemptFinished`; then another attempt, or the end of the step.
pub(super) fn finish(
    state: &mut State,
    ticket: &TicketId,
    outcome: AttemptOutcome,
    effects: &mut Vec<Effect>,
) {
    let Some(run) = &mut state.run else { return };
    let Some(step) = run.steps.get_mut(ticket) else {
        return;
    };
    let StepState::Active(attempt) = &mut step.state else {
        return;
    };
    let id = attempt.id.clone();
    let message = attempt.message.take();
    let unheard = std::mem::take(&mut attempt.replies);
    let workspace = attempt.workspace.take();
    let stopped = attempt.cancel.is_some();
    // The same provider would be no better at once.
    let provider_failed = attempt.backed_off > 0;
    requests::forget(attempt, &outcome, run.id, effects);
    emit(
        run.id,
        Event::AttemptFinished {
            attempt: id.clone(),
            outcome: outcome.clone(),
        },
        effects,
    );
    let integrated = matches!(outcome, AttemptOutcome::Done { .. });
    order(&id, Order::Close { integrated }, effects);
    let may_try_again = match &outcome {
        AttemptOutcome::Failed { failure } => {
            step.waits_for_files || failure.is_worth_another_attempt()
        }
        AttemptOutcome::Limit { limit } => !limit.is_beyond_the_attempt(),
        AttemptOutcome::Done { .. }
        | AttemptOutcome::NeedsHuman { .. }
        | AttemptOutcome::Cancelled { .. }
        | AttemptOutcome::Lost => false,
    };
    if !integrated
        && state
            .queue
            .by_id(ticket)
            .is_some_and(|entry| entry.is_done())
    {
        let what = format!("call {} done", id.ticket);
        let why = "its file says so, but docket holds no proof: set `done: false` to have it tried again, or leave it if \
                   it was you"
            .to_owned();
        emit(run.id, Event::Refused { what, why }, effects);
    }
    let attempts = state.settings.limits_for(&step.ticket).attempts;
    let goes_on = matches!(run.phase, RunPhase::Running | RunPhase::Paused);
    let tries_again = may_try_again && !provider_failed && step.attempts < attempts;
    let next = state
        .settings
        .fallback_for(&step.ticket, &step.agent, &step.had_it)
        .filter(|_| !tries_again && may_be_handed_over(&outcome));
    if let (Some(next), true, false) = (next, goes_on, stopped) {
        hand_over(step, next, id.clone(), workspace, message.clone(), &outcome);
        step.brief.replies.extend(unheard);
        step.state = StepState::Again(outcome);
    } else if tries_again && !stopped && goes_on {
        // What a human said and no turn has brought to the agent holds for the ticket.
        step.brief.replies.extend(unheard);
        step.state = StepState::Again(outcome);
    } else {
        step.state = StepState::Finished(outcome.clone());
        emit(
            run.id,
            Event::StepFinished {
                ticket: ticket.clone(),
                outcome,
            },
            effects,
        );
        if let (true, Some(message)) = (integrated, message) {
            run.left_behind = Some((id.ticket.to_string(), message));
        }
        after_a_gate(run, ticket, effects);
    }
    state.closing.insert(id);
    state.look_again = true;
    state.must_read = true;
}

/// Does what a human wanted when they ended the attempt at its gate.
fn after_a_gate(run: &mut Run, ticket: &TicketId, effects: &mut Vec<Effect>) {
    let then = run.steps.get_mut(ticket).and_then(|step| step.then.take());
    let ticket = ticket.clone();
    match then {
        Some(Then::Retry) => {
            run.steps.remove(&ticket);
            run.started = run.started.saturating_sub(1);
            emit(run.id, Event::StepRetried { ticket }, effects);
        }
        Some(Then::Skip) => emit(run.id, Event::StepSkipped { ticket }, effects),
        None => {}
    }
}

/// Whether another agent could do what this one could not: what is docket's own, or the user's, stays so.
fn may_be_handed_over(outcome: &AttemptOutcome) -> bool {
    match outcome {
        AttemptOutcome::Failed { failure } => matches!(
            failure,
            Failure::NotStarted { .. } | Failure::Agent { .. } | Failure::Validation { .. }
        ),
        AttemptOutcome::Limit { limit } => {
            matches!(limit, LimitKind::Turns | LimitKind::Idle | LimitKind::Wall)
        }
        AttemptOutcome::Done { .. }
        | AttemptOutcome::NeedsHuman { .. }
        | AttemptOutcome::Cancelled { .. }
        | AttemptOutcome::Lost => false,
    }
}

/// The next attempt is another agent's. It goes on in the working tree that this one leaves, with a short word about it.
fn hand_over(
    step: &mut Step,
    next: AgentName,
    from: AttemptId,
    workspace: Option<Workspace>,
    message: Option<String>,
    outcome: &AttemptOutcome,
) {
    let before = std::mem::replace(&mut step.agent, next);
    let said = message.map_or_else(String::new, |message| {
        format!("\n\nIts last words:\n\n{message}")
    });
    let handed_over = format!(
        "{before} worked on this ticket before you, in this working tree; what it changed is still there. It ended so: \
         {outcome}.{said}"
    );
    step.had_it.push(before);
    step.attempts = 0;
    step.granted.clear();
    step.brief = Brief {
        handed_over: Some(handed_over),
        ..Brief::default()
    };
    step.carry = workspace.map(|workspace| Carry {
        from,
        workspace,
        session: None,
        used: Usage::default(),
        approved: false,
    });
}

/// What is left to do for steps between two attempts when the run ends.
pub(super) fn give_up_waiting_steps(run: &mut Run, effects: &mut Vec<Effect>) {
    let waiting = run
        .steps
        .iter()
        .filter(|(_, step)| matches!(step.state, StepState::Again(_)));
    let waiting: Vec<TicketId> = waiting.map(|(ticket, _)| ticket.clone()).collect();
    for ticket in waiting {
        give_up(run, &ticket, effects);
    }
}

/// Ends a step between two attempts with what the last one came to. A ticket that was deleted before anything was tried is
/// left out.
pub(super) fn give_up(run: &mut Run, ticket: &TicketId, effects: &mut Vec<Effect>) {
    let Some(step) = run.steps.get_mut(ticket) else {
        return;
    };
    if step.attempts == 0 && step.waits_for_files {
        run.steps.remove(ticket);
        run.started = run.started.saturating_sub(1);
        let ticket = ticket.clone();
        return emit(run.id, Event::StepSkipped { ticket }, effects);
    }
    let StepState::Again(outcome) = &step.state else {
        return;
    };
    let outcome = outcome.clone();
    step.state = StepState::Finished(outcome.clone());
    let ticket = ticket.clone();
    emit(run.id, Event::StepFinished { ticket, outcome }, effects);
}
