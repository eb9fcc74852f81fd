//! Work of an earlier attempt that a human approved when that attempt had ended: it is saved and checked again, and when it is still
//! what was approved, nobody is asked again. Its agent is not needed for that.

use super::attempt::Rules;
use super::state::{Attempt, Stage};
use super::turns::{seal, validate};
use super::{Collected, Effect, Order, emit, order};
use crate::domain::attempt::{AttemptOutcome, TurnEnd};
use crate::domain::event::Event;
use crate::domain::gate::GateReason;
use crate::domain::ids::RunId;
use crate::domain::time::Now;

/// The working tree stands: what is in it is saved.
pub(super) fn begin(attempt: &mut Attempt, rules: &Rules, effects: &mut Vec<Effect>) {
    let desk = rules.desk.clone();
    attempt.stage = Stage::Collecting(TurnEnd::Completed);
    order(&attempt.id, Order::Recollect { desk }, effects);
}

/// The attempt begins in a new working tree: the approved work is not in it, so the agent does it again.
pub(super) fn is_gone(attempt: &mut Attempt, run: RunId, effects: &mut Vec<Effect>) {
    if let Some(approved) = attempt.approved.take() {
        let what = format!("bring the approved work of {} to its end", approved.from);
        let why = "its working tree can't be used any more (it is gone, or its branch has another past than the run's): the \
                   ticket is tried anew"
            .to_owned();
        emit(run, Event::Refused { what, why }, effects);
    }
}

/// The work is saved. What was not approved just so comes before a human once more, saying what is different.
pub(super) fn collected(
    attempt: &mut Attempt,
    rules: &Rules,
    collected: Collected,
    now: Now,
    effects: &mut Vec<Effect>,
) {
    if let Some(reason) = attempt.cancel {
        return seal(attempt, AttemptOutcome::Cancelled { reason }, effects);
    }
    let mut gates = collected.gates;
    if let Some(approved) = &attempt.approved {
        let from = &approved.from;
        if approved.work.tree != collected.tree {
            let attempt = from.clone();
            gates.push(GateReason::WorkChanged { attempt });
        }
        if approved.text_changed {
            let attempt = from.clone();
            gates.push(GateReason::TicketChanged { attempt });
        }
    }
    validate(attempt, rules, gates, now, effects);
}

/// Whether a human has approved just this work, for all that asks for a look at it.
pub(super) fn covers(attempt: &mut Attempt) -> bool {
    let approved = attempt.approved.take();
    approved.is_some_and(|approved| {
        let mut reasons = attempt.gates.iter();
        reasons.all(|reason| approved.work.reasons.contains(reason))
    })
}
