//! Turns that only a human can end: those of agents on terminals.

use super::command::{Refusal, active};
use super::state::{Attempt, Halt, Stage, State};
use super::{Effect, Order, attempt::Rules, emit, order, requests};
use crate::domain::attempt::Need;
use crate::domain::event::Event;
use crate::domain::ids::{RunId, TicketId};
use crate::domain::settings::AgentKind;
use crate::domain::time::{Now, Timestamp};

/// A human says that the turn is over, and whether the work is done.
pub(super) fn claim(
    state: &mut State,
    ticket: &TicketId,
    done: bool,
    effects: &mut Vec<Effect>,
) -> Refusal {
    let settings = state.settings.clone();
    let Some(run) = &mut state.run else {
        return Some("nothing runs");
    };
    let id = run.id;
    let agent = run.steps.get(ticket).map(|step| step.agent.clone());
    let Some(attempt) = active(run, ticket) else {
        return Some("that ticket is not running");
    };
    let agent = agent.and_then(|agent| settings.agents.get(&agent));
    if agent.is_none_or(|agent| agent.kind != AgentKind::Terminal) {
        return Some("its agent says by itself when its turn is over");
    }
    if attempt.stage != Stage::Turn {
        return Some("its agent has no turn now");
    }
    if attempt.cancel.is_some() || attempt.halt.is_some() {
        return Some("its turn is being ended");
    }
    if attempt.claimed == Some(attempt.turn) {
        return Some("its turn is being ended: somebody has said so already");
    }
    attempt.claimed = Some(attempt.turn);
    let over = Event::TurnClaimed {
        attempt: attempt.id.clone(),
        turn: attempt.turn,
        done,
    };
    emit(id, over, effects);
    order(&attempt.id, Order::TurnOver { done }, effects);
    None
}

/// Only a human can tell how the turn goes on, since nothing came after `since`. Where none is waited for, the attempt ends with
/// that; else the turn goes on as it is, and the time until something comes does not count.
pub(super) fn stuck(
    attempt: &mut Attempt,
    rules: &Rules,
    what: String,
    since: Timestamp,
    now: Now,
    effects: &mut Vec<Effect>,
) {
    if !rules.waits_for_humans {
        return requests::halt(attempt, Halt::Asks(Need::Reply { text: what }), effects);
    }
    let is_ending = attempt.cancel.is_some() || attempt.halt.is_some();
    let is_claimed = attempt.claimed == Some(attempt.turn);
    if is_ending || is_claimed || attempt.is_silent {
        return;
    }
    attempt.is_silent = true;
    attempt.asks_since.get_or_insert(now.monotonic);
    fell_silent(attempt, rules.run, Some(since), effects);
}

/// Something came, or the turn is over: nobody is waited for any more.
pub(super) fn stuck_no_more(
    attempt: &mut Attempt,
    run: RunId,
    now: Now,
    effects: &mut Vec<Effect>,
) {
    if std::mem::take(&mut attempt.is_silent) {
        fell_silent(attempt, run, None, effects);
        requests::go_on(attempt, now);
    }
}

fn fell_silent(attempt: &Attempt, run: RunId, since: Option<Timestamp>, effects: &mut Vec<Effect>) {
    let (attempt, turn) = (attempt.id.clone(), attempt.turn);
    let event = Event::TurnSilent {
        attempt,
        turn,
        since,
    };
    emit(run, event, effects);
}
