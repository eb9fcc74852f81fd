//! A human takes an attempt over, and hands it back.
//!
//! The agent's process must be gone before its TUI may open: it holds the session. So a turn that runs is ended first, then the
//! process, and only then the attempt is taken over (`SessionTaken`). Meanwhile it is like any other that waits for a human: its clocks
//! stand still and its slot is free, but in place, where a human works in the one working tree that there is. What was handed
//! back is looked at and saved. If nothing changed and the human has no words, the attempt goes back to where it waited; else a turn
//! follows, which resumes the session.

use super::attempt::Rules;
use super::command::Refusal;
use super::state::{Attempt, Before, Halt, RunPhase, Stage, State, StepState, Taken};
use super::turns::{saved, seal, seal_unless_cancelled, turn, wait};
use super::{Collected, Effect, Order, desk, emit, order, paused, requests, schedule};
use crate::domain::attempt::{AttemptOutcome, CancelReason, Failure, Need};
use crate::domain::event::Event;
use crate::domain::ids::{AttemptId, TicketId};
use crate::domain::taking::Seat;
use crate::domain::ticket::AgentName;
use crate::domain::time::{Now, Timestamp};

/// What the next turn is told.
pub(super) const HANDED_BACK: &str = "A human took this session over in your own terminal interface, worked in it, and has handed it \
    back. What was said there is a part of this conversation. What was changed in the working tree is there, whoever changed it: look \
    before you rely on what you remember of it.";

const NO_TUI: &str = "its agent has no terminal interface that docket knows: set `resume` in its table of the configuration, or open \
    a shell with `docket term`";
const NO_SESSION: &str = "its agent has named no session that could be gone on with: `docket term` opens a shell in its worktree";
const TAKEN: &str = "it is taken over already: hand it back first";
const MERGING: &str = "its work is accepted and is being brought to its end";
const SHARED: &str =
    "another attempt works in the same working tree: wait until it has ended, or stop it";
const OTHER: &str = "another attempt has begun since: look at how it stands now";

/// A human wants to take the ticket's attempt over.
pub(super) fn take(
    state: &mut State,
    ticket: &TicketId,
    meant: Option<&AttemptId>,
    by: Seat,
    now: Now,
    effects: &mut Vec<Effect>,
) -> Refusal {
    if state.ledger_broken {
        return Some("the ledger can't be written");
    }
    let settings = state.settings.clone();
    let has_tui = |agent: &AgentName| {
        settings
            .agents
            .get(agent)
            .is_some_and(|agent| agent.has_tui)
    };
    if schedule::is_shared(state, ticket) {
        return Some(SHARED);
    }
    if !state.is_active(ticket) {
        return take_what_ended(state, ticket, meant, by, &has_tui, effects);
    }
    let run = state.run.as_mut()?;
    if matches!(run.phase, RunPhase::Ending(_)) {
        return Some("the run is ending");
    }
    let step = run.steps.get_mut(ticket)?;
    let StepState::Active(attempt) = &mut step.state else {
        return None;
    };
    if meant.is_some_and(|meant| *meant != attempt.id) {
        return Some(OTHER);
    }
    if attempt.cancel.is_some() {
        return Some("its attempt is being stopped");
    }
    if !has_tui(&step.agent) {
        return Some(NO_TUI);
    }
    match attempt.stage.clone() {
        Stage::Waiting(Need::TakenOver { .. }) => Some(TAKEN),
        Stage::LettingGo | Stage::Returning => {
            Some("a human is taking it over, or handing it back")
        }
        Stage::Preparing => {
            Some("its working tree is being made: nothing of its agent is there yet")
        }
        Stage::Accepted { .. }
        | Stage::CatchingUp { .. }
        | Stage::Sealing(_)
        | Stage::Integrating { .. }
        | Stage::Writing { .. } => Some(MERGING),
        _ if attempt.approved.is_some() || attempt.merging.is_some() => Some(MERGING),
        _ if attempt.session.is_none() => Some(NO_SESSION),
        _ if attempt.halt.is_some() => Some("its turn is being ended: try again when it has"),
        Stage::Turn => {
            requests::halt(attempt, Halt::TakenOver(by), effects);
            None
        }
        Stage::Collecting(_) => {
            attempt.halt = Some(Halt::TakenOver(by));
            None
        }
        Stage::Validating => {
            attempt.halt = Some(Halt::TakenOver(by));
            let reason = CancelReason::Interrupted;
            order(&attempt.id, Order::Stop { reason }, effects);
            None
        }
        Stage::Waiting(need) => {
            let_go(attempt, Before::Waiting(need), by, now, effects);
            None
        }
        Stage::BackingOff { .. } => {
            let_go(attempt, Before::BackingOff, by, now, effects);
            None
        }
    }
}

/// Lets the session go: the agent's process is ended.
pub(super) fn let_go(
    attempt: &mut Attempt,
    before: Before,
    by: Seat,
    now: Now,
    effects: &mut Vec<Effect>,
) {
    if before == Before::Turn {
        // Whoever cut it short does not count it.
        attempt.faulted += 1;
    }
    attempt.asks_since.get_or_insert(now.monotonic);
    attempt.taken = Some(Taken { before, by });
    attempt.stage = Stage::LettingGo;
    order(&attempt.id, Order::LetGo, effects);
}

/// Nothing of the agent lives any more: its TUI may open.
pub(super) fn gone(attempt: &mut Attempt, rules: &Rules, effects: &mut Vec<Effect>) {
    if let Some(reason) = attempt.cancel {
        let outcome = unless_it_waited(attempt, reason);
        return seal(attempt, outcome, effects);
    }
    let (Some(taken), Some(session)) = (&attempt.taken, attempt.session.clone()) else {
        return;
    };
    let event = Event::SessionTaken {
        attempt: attempt.id.clone(),
        turn: attempt.turn,
        session: session.clone(),
        by: taken.by,
    };
    emit(rules.run, event, effects);
    let need = Need::TakenOver { session };
    if rules.waits_for_humans {
        attempt.stage = Stage::Waiting(need);
    } else {
        seal(attempt, AttemptOutcome::NeedsHuman { need }, effects);
    }
}

/// What waited for a human goes on waiting when docket ends, whatever ends it.
fn unless_it_waited(attempt: &Attempt, reason: CancelReason) -> AttemptOutcome {
    match attempt.taken.as_ref().map(|taken| &taken.before) {
        Some(Before::Waiting(need)) if !attempt.is_given_up => {
            let need = need.clone();
            AttemptOutcome::NeedsHuman { need }
        }
        _ => AttemptOutcome::Cancelled { reason },
    }
}

/// What a human had and was handing back is lost only when it is given up: else the next run goes on with it.
fn ends_while_it_returns(
    attempt: &Attempt,
    before: &Before,
    session: &str,
    reason: CancelReason,
) -> AttemptOutcome {
    if attempt.is_given_up {
        return AttemptOutcome::Cancelled { reason };
    }
    let need = match before {
        Before::Waiting(need) => need.clone(),
        Before::Turn | Before::BackingOff => Need::TakenOver {
            session: session.to_owned(),
        },
    };
    AttemptOutcome::NeedsHuman { need }
}

/// What the human left can't be saved: it stays taken over, and can be handed back again.
pub(super) fn not_returned(
    attempt: &mut Attempt,
    rules: &Rules,
    why: String,
    effects: &mut Vec<Effect>,
) {
    let (Some(taken), Some(session)) = (&attempt.taken, attempt.session.clone()) else {
        return seal_unless_cancelled(attempt, Failure::Collect { why }, effects);
    };
    if let Some(reason) = attempt.cancel {
        let outcome = ends_while_it_returns(attempt, &taken.before, &session, reason);
        return seal(attempt, outcome, effects);
    }
    let what = format!("hand {} back", attempt.id);
    emit(rules.run, Event::Refused { what, why }, effects);
    attempt.stage = Stage::Waiting(Need::TakenOver { session });
}

/// A human hands the ticket's attempt back.
pub(super) fn hand_back(
    state: &mut State,
    ticket: &TicketId,
    words: Option<String>,
    by: Seat,
    effects: &mut Vec<Effect>,
) -> Refusal {
    let words = words.filter(|words| !words.trim().is_empty());
    let is_occupied = |state: &State, attempt: &AttemptId| {
        let sight = state.sight.as_ref();
        sight.is_some_and(|sight| sight.attempt == *attempt && sight.is_occupied)
    };
    if !state.is_active(ticket) {
        let Some(unfinished) = paused::of(state, ticket) else {
            return Some("nobody has taken it over");
        };
        if is_occupied(state, &unfinished.from) {
            return Some(OCCUPIED);
        }
        return paused::hand_back(state, ticket, words, by, effects);
    }
    let settings = state.settings.clone();
    let generation = state.generations.get(ticket).copied().unwrap_or(0);
    let is_occupied = state
        .run
        .as_ref()
        .and_then(|run| run.active().find(|(id, _)| *id == ticket))
        .is_some_and(|(_, attempt)| is_occupied(state, &attempt.id));
    let run = state.run.as_mut()?;
    let (id, busy) = (run.id, desk::busy(run));
    let step = run.steps.get_mut(ticket)?;
    let limits = settings.limits_for(&step.ticket);
    let StepState::Active(attempt) = &mut step.state else {
        return None;
    };
    match &attempt.stage {
        _ if attempt.cancel.is_some() => return Some("its attempt is being stopped"),
        Stage::LettingGo => return Some("it is just being taken over: try again in a moment"),
        Stage::Returning => return Some("it is being handed back already"),
        Stage::Waiting(Need::TakenOver { .. }) if is_occupied => return Some(OCCUPIED),
        Stage::Waiting(Need::TakenOver { .. }) => {}
        _ => return Some("nobody has taken it over"),
    }
    if let Some(text) = words {
        let received = Event::ReplyReceived {
            ticket: ticket.clone(),
            attempt: Some(attempt.id.clone()),
            text: text.clone(),
        };
        emit(id, received, effects);
        attempt.replies.push(text);
    }
    if let Some(taken) = &mut attempt.taken {
        taken.by = by;
    }
    attempt.stage = Stage::Returning;
    let turn = attempt.turn;
    let desk = desk::rules(busy, generation, &limits);
    order(&attempt.id, Order::TakeBack { turn, desk }, effects);
    None
}

/// Why nothing is handed back.
const OCCUPIED: &str = "its agent's own terminal interface still runs: quit it first";

/// What the human left is saved: the attempt goes on.
pub(super) fn returned(
    attempt: &mut Attempt,
    rules: &Rules,
    collected: &Collected,
    now: Now,
    effects: &mut Vec<Effect>,
) {
    saved(attempt, rules, collected, effects);
    let (Some(Taken { before, by }), Some(session)) =
        (attempt.taken.take(), attempt.session.clone())
    else {
        return;
    };
    let event = Event::SessionHandedBack {
        attempt: attempt.id.clone(),
        turn: attempt.turn,
        session: session.clone(),
        by,
        changed: collected.progress,
    };
    emit(rules.run, event, effects);
    if let Some(reason) = attempt.cancel {
        let outcome = ends_while_it_returns(attempt, &before, &session, reason);
        return seal(attempt, outcome, effects);
    }
    let mut dispatches = collected.dispatches.iter();
    let asked = dispatches.rfind(|dispatch| dispatch.pause);
    match (before, asked) {
        // The agent asked for words in its TUI.
        (before, Some(dispatch)) if attempt.replies.is_empty() => {
            if before == Before::BackingOff {
                // Nobody has taken them in yet.
                attempt.replies = std::mem::take(&mut attempt.brief.replies);
            }
            if matches!(before, Before::Waiting(_)) {
                attempt.faulted += 1;
            }
            attempt.idle_turns = 0;
            attempt.backed_off = 0;
            attempt.handed_back = true;
            attempt.conflicts.clone_from(&collected.conflicts);
            let text = dispatch.title.clone();
            wait(attempt, rules, Need::Reply { text }, now, effects);
        }
        (Before::Waiting(need), _) if !collected.progress && attempt.replies.is_empty() => {
            wait(attempt, rules, need, now, effects);
        }
        (before, _) => {
            if matches!(before, Before::Waiting(_)) {
                // What a human did is told to the agent, also after the last turn that it had. (One that was cut short does not count
                // anyway.)
                attempt.faulted += 1;
            }
            if before == Before::BackingOff {
                // What the agent could not take in then comes again.
                attempt.stage = Stage::BackingOff {
                    until: Timestamp::default(),
                };
            }
            attempt.idle_turns = 0;
            attempt.backed_off = 0;
            attempt.handed_back = true;
            attempt.conflicts.clone_from(&collected.conflicts);
            turn(attempt, rules, None, now, effects);
        }
    }
}

/// The ticket's last attempt has ended, and waits for a human or broke off.
fn take_what_ended(
    state: &mut State,
    ticket: &TicketId,
    meant: Option<&AttemptId>,
    by: Seat,
    has_tui: &dyn Fn(&AgentName) -> bool,
    effects: &mut Vec<Effect>,
) -> Refusal {
    let step = state.run.as_ref().and_then(|run| run.steps.get(ticket));
    if step.is_some_and(|step| matches!(step.state, StepState::Again(_))) {
        return Some("its next attempt is about to begin: try again in a moment");
    }
    let Some(unfinished) = state.unfinished.get_mut(ticket) else {
        return Some(
            "no attempt of it runs or waits: `docket term` opens a shell where its last one worked",
        );
    };
    if meant.is_some_and(|meant| *meant != unfinished.from) {
        return Some(OTHER);
    }
    if !has_tui(&unfinished.agent) {
        return Some(NO_TUI);
    }
    match unfinished.take_over(by) {
        Ok(event) => {
            emit(paused::current_run(state), event, effects);
            state.look_again = true;
            None
        }
        Err(why) => Some(why),
    }
}
