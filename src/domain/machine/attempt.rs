//! The life of an attempt, from its working tree to its one outcome.

use super::state::{Attempt, Run, RunPhase, Stage, State, StepState};
use super::turns::{after_turn, after_validation, saved, seal, seal_unless_cancelled, turn};
use super::{DiffRules, Effect, Order, Report, emit, order, refuse};
use crate::domain::attempt::{AttemptOutcome, CancelReason, Failure};
use crate::domain::event::Event;
use crate::domain::ids::{AttemptId, RunId, TicketId};
use crate::domain::settings::Limits;
use crate::domain::ticket::{Check, GateRule};
use crate::domain::time::Now;

/// A ticket that changes this often just as its attempts begin is left alone.
const MOST_OUTDATED: u32 = 5;

/// What the rules of one attempt rest on.
pub(super) struct Rules {
    pub(super) run: RunId,
    pub(super) limits: Limits,
    pub(super) checks: Vec<Check>,
    pub(super) diff: DiffRules,
    pub(super) gate: GateRule,
    pub(super) waits_for_humans: bool,
    pub(super) left_behind: Option<(String, String)>,
}

pub(super) fn report(
    state: &mut State,
    id: &AttemptId,
    report: Report,
    now: Now,
    effects: &mut Vec<Effect>,
) {
    if report == Report::Closed {
        state.closing.remove(id);
        return;
    }
    let settings = state.settings.clone();
    let found = state.run.as_mut().and_then(|run| {
        let (waits, left_behind) = (run.plan.waits_for_humans, run.left_behind.clone());
        let run_id = run.id;
        run.steps
            .iter_mut()
            .find_map(|(ticket, step)| match &mut step.state {
                StepState::Active(attempt) if attempt.id == *id => {
                    let rules = Rules {
                        run: run_id,
                        limits: settings.limits_for(&step.ticket),
                        checks: settings.checks_for(&step.ticket).to_vec(),
                        diff: DiffRules {
                            paths: step.ticket.paths.clone(),
                            changed_files: settings.limits_for(&step.ticket).changed_files,
                        },
                        gate: step.ticket.gate,
                        waits_for_humans: waits,
                        left_behind: left_behind.clone(),
                    };
                    Some((ticket.clone(), attempt, rules))
                }
                StepState::Active(_) | StepState::Again(_) | StepState::Finished(_) => None,
            })
    });
    let died = matches!(report, Report::TaskDied { .. });
    let outdated = matches!(report, Report::Outdated { .. });
    let Some((ticket, attempt, rules)) = found else {
        if died {
            state.closing.remove(id);
        } else {
            refuse(
                state,
                "an attempt reported",
                "that attempt has ended",
                effects,
            );
        }
        return;
    };
    if let Some(outcome) = take(attempt, &rules, &ticket, report, now, effects) {
        if outdated {
            note_outdated(state, &ticket);
        }
        finish(state, &ticket, outcome, effects);
        if died {
            state.closing.remove(id);
        }
    }
}

/// The attempt began with a text that had just changed: it does not count, and the next one begins with the new text.
fn note_outdated(state: &mut State, ticket: &TicketId) {
    let run = state.run.as_mut();
    if let Some(step) = run.and_then(|run| run.steps.get_mut(ticket))
        && step.outdated < MOST_OUTDATED
    {
        step.outdated += 1;
        step.attempts -= 1;
        step.waits_for_files = true;
    }
}

/// Takes one report. Gives the outcome when it ends the attempt.
fn take(
    attempt: &mut Attempt,
    rules: &Rules,
    ticket: &TicketId,
    report: Report,
    now: Now,
    effects: &mut Vec<Effect>,
) -> Option<AttemptOutcome> {
    let id = attempt.id.clone();
    let stage = attempt.stage.clone();
    match (stage, report) {
        (_, Report::Spawned(process)) => {
            emit(
                rules.run,
                Event::ProcessStarted {
                    attempt: id.clone(),
                    process,
                },
                effects,
            );
            order(&id, Order::Go, effects);
        }
        (_, Report::Session(session)) => {
            emit(
                rules.run,
                Event::SessionStarted {
                    attempt: id,
                    session,
                },
                effects,
            );
        }
        (_, Report::TaskDied { why }) => {
            return Some(AttemptOutcome::Failed {
                failure: Failure::Agent { why },
            });
        }
        (Stage::Preparing, Report::Prepared(workspace)) => {
            emit(
                rules.run,
                Event::WorkspacePrepared {
                    attempt: id,
                    workspace,
                },
                effects,
            );
            match attempt.cancel {
                Some(reason) => seal(attempt, AttemptOutcome::Cancelled { reason }, effects),
                None => turn(attempt, rules, None, now, effects),
            }
        }
        (Stage::Preparing, Report::NotPrepared { why } | Report::Outdated { why }) => {
            return Some(match attempt.cancel {
                Some(reason) => AttemptOutcome::Cancelled { reason },
                None => AttemptOutcome::Failed {
                    failure: Failure::Prepare { why },
                },
            });
        }
        (Stage::Turn, Report::TurnStarted { turn, prompt }) => {
            emit(
                rules.run,
                Event::TurnStarted {
                    attempt: id,
                    turn,
                    prompt,
                },
                effects,
            );
        }
        (
            Stage::Turn,
            Report::TurnEnded {
                end,
                usage,
                leftovers,
            },
        ) => {
            let turn = attempt.turn;
            let finished = Event::TurnFinished {
                attempt: id.clone(),
                turn,
                end: end.clone(),
                usage,
                leftovers,
            };
            emit(rules.run, finished, effects);
            attempt.stage = Stage::Collecting(end);
            order(&id, Order::Collect { turn }, effects);
        }
        (Stage::Collecting(end), Report::Collected(collected)) => {
            saved(attempt, rules, &collected, effects);
            after_turn(attempt, rules, end, collected, now, effects);
        }
        (Stage::Collecting(_), Report::NotCollected { why }) => {
            seal_unless_cancelled(attempt, Failure::Collect { why }, effects);
        }
        (Stage::Validating, Report::ValidationStarted { name }) => {
            emit(
                rules.run,
                Event::ValidationStarted { attempt: id, name },
                effects,
            );
        }
        (Stage::Validating, Report::ValidationFinished(validation)) => {
            attempt.validations.push(validation.clone());
            emit(
                rules.run,
                Event::ValidationFinished {
                    attempt: id,
                    validation,
                },
                effects,
            );
        }
        (Stage::Validating, Report::Validated) => after_validation(attempt, rules, now, effects),
        (
            Stage::Sealing(outcome),
            Report::Sealed {
                manifest,
                files,
                bytes,
            },
        ) => {
            emit(
                rules.run,
                Event::EvidenceSealed {
                    attempt: id.clone(),
                    manifest,
                    files,
                    bytes,
                },
                effects,
            );
            let AttemptOutcome::Done { proof } = outcome else {
                return Some(outcome);
            };
            attempt.stage = Stage::Integrating { proof };
            order(&id, Order::Integrate { manifest }, effects);
        }
        (Stage::Sealing(outcome), Report::NotSealed { why }) => {
            return Some(match outcome {
                AttemptOutcome::Cancelled { .. } => outcome,
                _ => AttemptOutcome::Failed {
                    failure: Failure::Evidence { why },
                },
            });
        }
        (Stage::Integrating { proof }, Report::Integrated { commit }) => {
            emit(
                rules.run,
                Event::Integrated {
                    attempt: id.clone(),
                    commit,
                },
                effects,
            );
            attempt.stage = Stage::Writing { proof };
            order(&id, Order::WriteTicket { proof }, effects);
        }
        (Stage::Integrating { .. }, Report::NotIntegrated { why }) => {
            return Some(AttemptOutcome::Failed {
                failure: Failure::Integrate { why },
            });
        }
        (
            Stage::Writing { .. },
            Report::TicketWritten {
                before,
                after,
                proof,
            },
        ) => {
            let written = Event::TicketWritten {
                ticket: ticket.clone(),
                before,
                after,
                proof,
            };
            emit(rules.run, written, effects);
            return Some(AttemptOutcome::Done { proof });
        }
        (Stage::Writing { .. }, Report::TicketNotWritten { why }) => {
            return Some(AttemptOutcome::Failed {
                failure: Failure::Ticket { why },
            });
        }
        (
            Stage::Preparing
            | Stage::Turn
            | Stage::Collecting(_)
            | Stage::Validating
            | Stage::Waiting(_)
            | Stage::Sealing(_)
            | Stage::Integrating { .. }
            | Stage::Writing { .. },
            unexpected,
        ) => {
            let what = format!("{id}: {unexpected:?}");
            let why = format!("the attempt is at {:?}", attempt.stage);
            emit(rules.run, Event::Refused { what, why }, effects);
        }
    }
    None
}

/// Stops what the attempt does now. What is proven already is finished: that takes milliseconds.
pub(super) fn cancel(attempt: &mut Attempt, reason: CancelReason, effects: &mut Vec<Effect>) {
    if attempt.cancel.is_some_and(|current| current >= reason) {
        return;
    }
    attempt.cancel = Some(reason);
    match &attempt.stage {
        Stage::Preparing | Stage::Turn | Stage::Validating => {
            order(&attempt.id, Order::Stop { reason }, effects);
        }
        Stage::Waiting(need) => {
            let outcome = match reason {
                CancelReason::RunEnds => AttemptOutcome::NeedsHuman { need: need.clone() },
                _ => AttemptOutcome::Cancelled { reason },
            };
            seal(attempt, outcome, effects);
        }
        Stage::Collecting(_)
        | Stage::Sealing(_)
        | Stage::Integrating { .. }
        | Stage::Writing { .. } => {}
    }
}

/// Ends the attempt: its one `AttemptFinished`; then another attempt, or the end of the step.
fn finish(
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
    let stopped = attempt.cancel.is_some();
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
        AttemptOutcome::Limit { .. } => true,
        AttemptOutcome::Done { .. }
        | AttemptOutcome::NeedsHuman { .. }
        | AttemptOutcome::Cancelled { .. }
        | AttemptOutcome::Lost => false,
    };
    let attempts = state.settings.limits_for(&step.ticket).attempts;
    let goes_on = matches!(run.phase, RunPhase::Running | RunPhase::Paused);
    if may_try_again && !stopped && goes_on && step.attempts < attempts {
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
    }
    state.closing.insert(id);
    state.look_again = true;
    state.must_read = true;
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

/// Ends a step between two attempts with what the last one came to.
pub(super) fn give_up(run: &mut Run, ticket: &TicketId, effects: &mut Vec<Effect>) {
    let Some(step) = run.steps.get_mut(ticket) else {
        return;
    };
    let StepState::Again(outcome) = &step.state else {
        return;
    };
    let outcome = outcome.clone();
    step.state = StepState::Finished(outcome.clone());
    let ticket = ticket.clone();
    emit(run.id, Event::StepFinished { ticket, outcome }, effects);
}
