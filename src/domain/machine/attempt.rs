//! The life of an attempt, from its working tree to its one outcome.

use super::state::{Attempt, Stage, State, StepState};
use super::{Brief, Collected, Effect, Order, Report, emit, ending, order, refuse};
use crate::domain::attempt::{
    AttemptOutcome, CancelReason, Failure, LimitKind, Need, Phase, Proof, TurnClocks, TurnEnd,
    Verdict,
};
use crate::domain::event::Event;
use crate::domain::ids::{AttemptId, RunId, TicketId};
use crate::domain::settings::Limits;
use crate::domain::ticket::{Check, GateRule};
use crate::domain::time::Now;

/// What the rules of one attempt rest on.
struct Rules {
    run: RunId,
    limits: Limits,
    checks: Vec<Check>,
    gate: GateRule,
    waits_for_humans: bool,
    left_behind: Option<(String, String)>,
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
            ending::note_outdated(state, &ticket);
        }
        ending::finish(state, &ticket, outcome, effects);
        if died {
            state.closing.remove(id);
        }
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

fn saved(attempt: &mut Attempt, rules: &Rules, collected: &Collected, effects: &mut Vec<Effect>) {
    let event = Event::TurnSaved {
        attempt: attempt.id.clone(),
        turn: attempt.turn,
        autosave: collected.autosave.clone(),
        tree: collected.tree.clone(),
        files: collected.files,
        progress: collected.progress,
        claim: collected.claim,
    };
    emit(rules.run, event, effects);
    for dispatch in &collected.dispatches {
        let event = Event::DispatchReceived {
            attempt: attempt.id.clone(),
            pause: dispatch.pause,
            title: dispatch.title.clone(),
            text: dispatch.text.clone(),
        };
        emit(rules.run, event, effects);
    }
    attempt.message.clone_from(&collected.message);
}

fn after_turn(
    attempt: &mut Attempt,
    rules: &Rules,
    end: TurnEnd,
    collected: Collected,
    now: Now,
    effects: &mut Vec<Effect>,
) {
    let failed = |failure| AttemptOutcome::Failed { failure };
    let outcome = match (attempt.cancel, end) {
        (Some(reason), _) | (None, TurnEnd::Cancelled { reason }) => {
            AttemptOutcome::Cancelled { reason }
        }
        (None, TurnEnd::Failed { why } | TurnEnd::Died { how: why }) => {
            failed(Failure::Agent { why })
        }
        (None, TurnEnd::NotStarted { why }) => failed(Failure::NotStarted { why }),
        (None, TurnEnd::TimedOut { phase }) => AttemptOutcome::Limit {
            limit: match phase {
                Phase::Startup | Phase::Idle => LimitKind::Idle,
                Phase::Wall => LimitKind::Wall,
            },
        },
        (None, TurnEnd::Completed) => {
            return after_completed_turn(attempt, rules, collected, now, effects);
        }
    };
    seal(attempt, outcome, effects);
}

fn after_completed_turn(
    attempt: &mut Attempt,
    rules: &Rules,
    collected: Collected,
    now: Now,
    effects: &mut Vec<Effect>,
) {
    attempt.idle_turns = if collected.progress {
        0
    } else {
        attempt.idle_turns + 1
    };
    if let Some(dispatch) = collected
        .dispatches
        .into_iter()
        .rfind(|dispatch| dispatch.pause)
        && attempt.replies.is_empty()
    {
        wait(
            attempt,
            rules,
            Need::Reply {
                text: dispatch.title,
            },
            effects,
        );
    } else if collected.claim {
        attempt.validations.clear();
        if rules.checks.is_empty() {
            prove(attempt, rules, Proof::Unchecked, effects);
        } else {
            attempt.stage = Stage::Validating;
            let checks = rules.checks.clone();
            order(
                &attempt.id,
                Order::Validate {
                    turn: attempt.turn,
                    checks,
                },
                effects,
            );
        }
    } else if attempt.idle_turns >= rules.limits.no_progress_turns {
        wait(attempt, rules, Need::NoProgress, effects);
    } else {
        turn(attempt, rules, None, now, effects);
    }
}

fn after_validation(attempt: &mut Attempt, rules: &Rules, now: Now, effects: &mut Vec<Effect>) {
    let names: Vec<String> = rules
        .checks
        .iter()
        .filter(|check| {
            !attempt
                .validations
                .iter()
                .any(|done| done.name == check.name && done.verdict == Verdict::Pass)
        })
        .map(|check| check.name.clone())
        .collect();
    if let Some(reason) = attempt.cancel {
        seal(attempt, AttemptOutcome::Cancelled { reason }, effects);
    } else if names.is_empty() {
        prove(attempt, rules, Proof::Proven, effects);
    } else if attempt.turn < rules.limits.turns {
        turn(attempt, rules, None, now, effects);
    } else {
        let failure = Failure::Validation { names };
        seal(attempt, AttemptOutcome::Failed { failure }, effects);
    }
}

fn prove(attempt: &mut Attempt, rules: &Rules, proof: Proof, effects: &mut Vec<Effect>) {
    attempt.proof = Some(proof);
    match rules.gate {
        GateRule::Review => wait(attempt, rules, Need::Review, effects),
        GateRule::None => accept(attempt, proof, effects),
    }
}

/// Goes on to seal, integrate and mark done.
pub(super) fn accept(attempt: &mut Attempt, proof: Proof, effects: &mut Vec<Effect>) {
    seal(attempt, AttemptOutcome::Done { proof }, effects);
}

fn wait(attempt: &mut Attempt, rules: &Rules, need: Need, effects: &mut Vec<Effect>) {
    let reached = Event::GateReached {
        attempt: attempt.id.clone(),
        need: need.clone(),
    };
    emit(rules.run, reached, effects);
    if rules.waits_for_humans {
        attempt.stage = Stage::Waiting(need);
    } else {
        seal(attempt, AttemptOutcome::NeedsHuman { need }, effects);
    }
}

fn turn(
    attempt: &mut Attempt,
    rules: &Rules,
    rejected: Option<String>,
    now: Now,
    effects: &mut Vec<Effect>,
) {
    let left_behind = rules.left_behind.clone();
    next_turn(attempt, &rules.limits, left_behind, rejected, now, effects);
}

/// Begins the next turn, or ends the attempt at its limits.
pub(super) fn next_turn(
    attempt: &mut Attempt,
    limits: &Limits,
    left_behind: Option<(String, String)>,
    rejected: Option<String>,
    now: Now,
    effects: &mut Vec<Effect>,
) {
    if attempt.turn >= limits.turns {
        return seal(
            attempt,
            AttemptOutcome::Limit {
                limit: LimitKind::Turns,
            },
            effects,
        );
    }
    let began = *attempt.began.get_or_insert(now.monotonic);
    let used = now
        .monotonic
        .0
        .saturating_sub(began.0)
        .saturating_sub(attempt.paused);
    let wall = limits.wall.saturating_sub(used);
    if wall.is_zero() {
        return seal(
            attempt,
            AttemptOutcome::Limit {
                limit: LimitKind::Wall,
            },
            effects,
        );
    }
    attempt.turn += 1;
    attempt.stage = Stage::Turn;
    let brief = Brief {
        replies: std::mem::take(&mut attempt.replies),
        failed: std::mem::take(&mut attempt.validations)
            .into_iter()
            .filter(|validation| validation.verdict != Verdict::Pass)
            .collect(),
        rejected,
        previous: attempt.message.clone(),
        left_behind: left_behind.filter(|_| attempt.turn == 1),
    };
    let clocks = TurnClocks {
        startup: Some(limits.startup),
        idle: Some(limits.idle),
        wall: Some(wall),
    };
    order(
        &attempt.id,
        Order::Turn {
            turn: attempt.turn,
            brief,
            clocks,
        },
        effects,
    );
}

fn seal_unless_cancelled(attempt: &mut Attempt, failure: Failure, effects: &mut Vec<Effect>) {
    let outcome = match attempt.cancel {
        Some(reason) => AttemptOutcome::Cancelled { reason },
        None => AttemptOutcome::Failed { failure },
    };
    seal(attempt, outcome, effects);
}

fn seal(attempt: &mut Attempt, outcome: AttemptOutcome, effects: &mut Vec<Effect>) {
    attempt.stage = Stage::Sealing(outcome.clone());
    order(&attempt.id, Order::Seal { outcome }, effects);
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
