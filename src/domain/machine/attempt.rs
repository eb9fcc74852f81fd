//! The life of an attempt, from its working tree to its one outcome.

use super::state::{Attempt, Halt, Stage, State, StepState};
use super::turns::{
    after_turn, after_validation, over_a_limit, saved, seal, seal_unless_cancelled, turn,
};
use super::{
    DiffRules, Effect, Order, Report, approved, claimed, desk, emit, ending, merging, order,
    paused, refuse, requests, taking,
};
use crate::domain::attempt::{AttemptOutcome, CancelReason, Failure, Workspace};
use crate::domain::desk::DeskRules;
use crate::domain::event::Event;
use crate::domain::hash::sha256;
use crate::domain::ids::{AttemptId, RunId, TicketId};
use crate::domain::item::Usage;
use crate::domain::rules::Rules as ApprovalRules;
use crate::domain::settings::{AgentKind, Limits, NobodyThere};
use crate::domain::ticket::{Approvals, Check, GateRule};
use crate::domain::time::Now;

/// What the rules of one attempt rest on.
pub(super) struct Rules {
    pub(super) run: RunId,
    pub(super) limits: Limits,
    pub(super) checks: Vec<Check>,
    pub(super) diff: DiffRules,
    pub(super) gate: GateRule,
    /// How its agent is understood; `None` when the configuration does not know it any more.
    pub(super) kind: Option<AgentKind>,
    pub(super) waits_for_humans: bool,
    pub(super) left_behind: Option<(String, String)>,
    /// What happens to requests that no rule decides.
    pub(super) approvals: Approvals,
    /// The rules for requests.
    pub(super) requests: ApprovalRules,
    pub(super) nobody_there: NobodyThere,
    /// Whether there is somebody to hand the ticket over to.
    pub(super) has_fallback: bool,
    /// What its agent may do to the queue.
    pub(super) desk: DeskRules,
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
    desk::learn(state, &report);
    let settings = state.settings.clone();
    if let (
        Report::Integrated {
            commit: Some(commit),
        },
        Some(run),
    ) = (&report, &mut state.run)
    {
        run.head = Some(commit.clone());
    }
    if let (Report::Merged(Err(_)), Some(run)) = (&report, &mut state.run) {
        run.not_merged = true;
    }
    if let (Report::TurnEnded { usage, .. }, Some(run)) = (&report, &mut state.run) {
        state.spent.add(now.wall, usage);
        run.used.add(usage);
    }
    let busy = state.run.as_ref().map(desk::busy).unwrap_or_default();
    let generations = &state.generations;
    let standing = &state.standing;
    let found = state.run.as_mut().and_then(|run| {
        let (waits, left_behind) = (run.plan.waits_for_humans, run.left_behind.clone());
        let run_id = run.id;
        run.steps
            .iter_mut()
            .find_map(|(ticket, step)| match &mut step.state {
                StepState::Active(attempt) if attempt.id == *id => {
                    let fallback = settings.fallback_for(&step.ticket, &step.agent, &step.had_it);
                    let rules = Rules {
                        run: run_id,
                        limits: settings.limits_for(&step.ticket),
                        checks: settings.checks_for(&step.ticket).to_vec(),
                        diff: DiffRules::of(&settings, &step.ticket),
                        gate: step.ticket.gate,
                        kind: settings.agents.get(&step.agent).map(|agent| agent.kind),
                        waits_for_humans: waits,
                        left_behind: left_behind.clone(),
                        approvals: settings.approvals_for(&step.ticket),
                        requests: settings.rules_for(&step.ticket),
                        nobody_there: settings.requests,
                        has_fallback: fallback.is_some(),
                        desk: desk::rules(
                            busy.clone(),
                            generations.get(ticket).copied().unwrap_or(0),
                            &settings.limits_for(&step.ticket),
                        ),
                    };
                    Some((
                        ticket.clone(),
                        attempt,
                        rules,
                        &mut step.granted,
                        &mut step.brief,
                    ))
                }
                StepState::Active(_) | StepState::Again(_) | StepState::Finished(_) => None,
            })
    });
    let died = matches!(report, Report::TaskDied { .. });
    let outdated = matches!(report, Report::Outdated { .. });
    let Some((ticket, attempt, rules, granted, brief)) = found else {
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
    let ended = match report {
        Report::Asked { key, request } if attempt.stage == Stage::Turn => {
            let standing = (standing, &ticket);
            requests::asked(
                attempt, &rules, granted, standing, key, *request, now, effects,
            );
            None
        }
        Report::Prepared { carried, .. } if attempt.stage == Stage::Preparing => {
            let carry = attempt.carry.take().filter(|_| carried);
            if let Some(session) = carry.and_then(|carry| carry.session) {
                // Said at once: a crash before the agent says it must not lose the conversation.
                attempt.session = Some(session.clone());
                let attempt = attempt.id.clone();
                emit(
                    rules.run,
                    Event::SessionStarted { attempt, session },
                    effects,
                );
            }
            // What the first turn tells of an earlier attempt holds only in its working tree. What a human answered holds for the
            // ticket: nobody should be asked the same twice.
            let brief = std::mem::take(brief);
            attempt.brief = if carried {
                brief
            } else {
                approved::is_gone(attempt, rules.run, effects);
                paused::in_a_new_tree(brief)
            };
            take(attempt, &rules, &ticket, report, now, effects)
        }
        report => take(attempt, &rules, &ticket, report, now, effects),
    };
    if let Some(AttemptOutcome::Done { .. }) = &ended {
        state.ended.insert(ticket.clone(), now.wall);
    }
    if let Some(outcome) = ended {
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
            if attempt.session.as_ref() == Some(&session) {
                return None;
            }
            attempt.session = Some(session.clone());
            emit(
                rules.run,
                Event::SessionStarted {
                    attempt: id,
                    session,
                },
                effects,
            );
        }
        (_, Report::Brought { tickets }) => {
            desk::tell(rules.run, (&id, attempt.turn), &tickets, &[], effects);
        }
        (_, Report::TaskDied { why }) => {
            return Some(AttemptOutcome::Failed {
                failure: Failure::Agent { why },
            });
        }
        (Stage::Preparing, Report::Placed(workspace)) => {
            placed(attempt, rules.run, workspace, effects);
        }
        (Stage::Preparing, Report::Prepared { workspace, .. }) => {
            placed(attempt, rules.run, workspace, effects);
            match attempt.cancel {
                Some(reason) => seal(attempt, AttemptOutcome::Cancelled { reason }, effects),
                None if attempt.approved.is_some() => approved::begin(attempt, rules, effects),
                None => turn(attempt, rules, None, now, effects),
            }
        }
        (Stage::Preparing, Report::SetUp(setup)) => {
            let attempt = id;
            emit(rules.run, Event::SetupFinished { attempt, setup }, effects);
        }
        (Stage::Preparing, Report::NotProvisioned { workspace, why }) => {
            placed(attempt, rules.run, workspace, effects);
            seal_unless_cancelled(attempt, Failure::Prepare { why }, effects);
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
            delivered(attempt, rules.run, effects);
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
            claimed::stuck_no_more(attempt, rules.run, now, effects);
            requests::close_all(attempt, rules.run, now, effects);
            attempt.used.add(&usage);
            attempt.turn_used = Usage::default();
            let finished = Event::TurnFinished {
                attempt: id.clone(),
                turn,
                end: end.clone(),
                usage,
                leftovers,
            };
            emit(rules.run, finished, effects);
            attempt.stage = Stage::Collecting(end);
            let desk = rules.desk.clone();
            order(&id, Order::Collect { turn, desk }, effects);
        }
        (Stage::Turn, Report::AskedNoMore { key }) => {
            requests::asked_no_more(attempt, rules.run, &key, now, effects);
        }
        (Stage::Turn, Report::Used(usage)) => {
            attempt.turn_used = usage;
            if let Some(limit) = over_a_limit(attempt, &rules.limits, &usage) {
                requests::halt(attempt, Halt::Limit(limit), effects);
            }
        }
        (Stage::Turn, Report::Stuck { what, since }) => {
            claimed::stuck(attempt, rules, what, since, now, effects);
        }
        (Stage::Turn, Report::StuckNoMore) => {
            claimed::stuck_no_more(attempt, rules.run, now, effects);
        }
        // What came on its way while the turn ended: nothing of it is open any more. And what a gate left while a human was quicker:
        // another turn changes it all.
        (
            _,
            Report::AskedNoMore { .. }
            | Report::Used(_)
            | Report::Stuck { .. }
            | Report::StuckNoMore,
        ) => {}
        (_, Report::Steered { text, taken: true }) => {
            emit(rules.run, Event::Steered { attempt: id, text }, effects);
        }
        (_, Report::Steered { text, taken: false }) => {
            attempt.replies.push(text.clone());
            let (ticket, attempt_id) = (ticket.clone(), Some(id));
            let received = Event::ReplyReceived {
                ticket,
                attempt: attempt_id,
                text,
            };
            emit(rules.run, received, effects);
            if attempt.waits_for_words() {
                turn(attempt, rules, None, now, effects);
            }
        }
        (Stage::Collecting(end), Report::Collected(collected)) => {
            saved(attempt, rules, &collected, effects);
            if attempt.approved.is_some() {
                approved::collected(attempt, rules, collected, now, effects);
                return None;
            }
            after_turn(attempt, rules, end, collected, now, effects);
        }
        (Stage::LettingGo, Report::LetGo) => taking::gone(attempt, rules, effects),
        (Stage::Returning, Report::Collected(collected)) => {
            taking::returned(attempt, rules, &collected, now, effects);
        }
        (Stage::Returning, Report::NotCollected { why }) => {
            taking::not_returned(attempt, rules, why, effects);
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
        (Stage::Validating, Report::Validated { gates }) => {
            if attempt.merging.is_none() {
                attempt.gates.extend(gates);
            }
            after_validation(attempt, rules, now, effects);
        }
        (Stage::CatchingUp { proof }, Report::UpToDate) => {
            merging::up_to_date(attempt, rules, proof, now, effects);
        }
        (
            Stage::CatchingUp { proof },
            Report::CaughtUp {
                onto,
                tree,
                conflicts,
            },
        ) => {
            let event = Event::CaughtUp {
                attempt: id,
                onto,
                tree,
                conflicts: conflicts.clone(),
            };
            emit(rules.run, event, effects);
            merging::caught_up(attempt, rules, proof, conflicts, now, effects);
        }
        (Stage::CatchingUp { .. }, Report::Tampered { what }) => {
            seal_unless_cancelled(attempt, Failure::Tampered { what }, effects);
        }
        (Stage::CatchingUp { .. }, Report::NotIntegrated { why }) => {
            seal_unless_cancelled(attempt, Failure::Integrate { why }, effects);
        }
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
            let desk = rules.desk.clone();
            order(&id, Order::WriteTicket { proof, desk }, effects);
        }
        (Stage::Writing { .. }, Report::Merged(merged)) => {
            let event = match merged {
                Ok(commit) => Event::Merged {
                    attempt: id,
                    commit,
                },
                Err(why) => Event::NotMerged { attempt: id, why },
            };
            emit(rules.run, event, effects);
        }
        (Stage::Sealing(AttemptOutcome::Cancelled { reason }), Report::Tampered { .. }) => {
            return Some(AttemptOutcome::Cancelled { reason });
        }
        (Stage::Sealing(_) | Stage::Integrating { .. }, Report::Tampered { what }) => {
            return Some(AttemptOutcome::Failed {
                failure: Failure::Tampered { what },
            });
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
            | Stage::Accepted { .. }
            | Stage::CatchingUp { .. }
            | Stage::Waiting(_)
            | Stage::BackingOff { .. }
            | Stage::Sealing(_)
            | Stage::Integrating { .. }
            | Stage::Writing { .. }
            | Stage::LettingGo
            | Stage::Returning,
            unexpected,
        ) => {
            let what = format!("{id}: {unexpected:?}");
            let why = format!("the attempt is at {:?}", attempt.stage);
            emit(rules.run, Event::Refused { what, why }, effects);
        }
    }
    None
}

/// The replies of the turn that begins are in its prompt.
fn delivered(attempt: &Attempt, run: RunId, effects: &mut Vec<Effect>) {
    let replies = attempt.brief.replies.iter();
    let replies: Vec<_> = replies.map(|text| sha256(text.as_bytes())).collect();
    if !replies.is_empty() {
        let (attempt, turn) = (attempt.id.clone(), attempt.turn);
        let event = Event::RepliesDelivered {
            attempt,
            turn,
            replies,
        };
        emit(run, event, effects);
    }
}

/// Says once where the attempt works.
fn placed(attempt: &mut Attempt, run: RunId, workspace: Workspace, effects: &mut Vec<Effect>) {
    if attempt.workspace.as_ref() == Some(&workspace) {
        return;
    }
    attempt.workspace = Some(workspace.clone());
    let attempt = attempt.id.clone();
    let event = Event::WorkspacePrepared { attempt, workspace };
    emit(run, event, effects);
}

/// Stops what the attempt does now. What is proven already is finished: that takes milliseconds.
pub(super) fn cancel(attempt: &mut Attempt, reason: CancelReason, effects: &mut Vec<Effect>) {
    if attempt.cancel.is_some_and(|current| current >= reason) {
        return;
    }
    attempt.cancel = Some(reason);
    attempt.is_given_up |= reason == CancelReason::Stopped;
    match &attempt.stage {
        // What is being sealed is finished; an agent that takes its time to leave is hurried.
        Stage::Preparing
        | Stage::Turn
        | Stage::Validating
        | Stage::Sealing(_)
        | Stage::LettingGo => {
            order(&attempt.id, Order::Stop { reason }, effects);
        }
        Stage::Waiting(need) => {
            let need = need.clone();
            order(&attempt.id, Order::Stop { reason }, effects);
            let outcome = match reason {
                CancelReason::Stopped => AttemptOutcome::Cancelled { reason },
                // What waits for a human goes on waiting when docket ends, whatever ends it.
                _ => AttemptOutcome::NeedsHuman { need },
            };
            seal(attempt, outcome, effects);
        }
        Stage::BackingOff { .. } => {
            seal(attempt, AttemptOutcome::Cancelled { reason }, effects);
        }
        Stage::Accepted { .. } if matches!(reason, CancelReason::Stopped | CancelReason::Kill) => {
            let outcome = merging::cancelled(attempt, reason);
            seal(attempt, outcome, effects);
        }
        // What is accepted has its turn, and is finished if nobody was merged meanwhile.
        Stage::Accepted { .. }
        | Stage::CatchingUp { .. }
        | Stage::Collecting(_)
        | Stage::Returning
        | Stage::Integrating { .. }
        | Stage::Writing { .. } => {}
    }
}
