//! One after the other to the run's branch: whose work is accepted first is merged first, and nobody else merges meanwhile. So
//! what was validated last is what is merged, however many work side by side.

use super::attempt::Rules;
use super::state::{Attempt, Stage, State, StepState};
use super::turns::{seal, seal_unless_cancelled, turn, wait};
use super::{Effect, Order, emit, order};
use crate::domain::attempt::{AttemptOutcome, CancelReason, Failure, Need, Proof};
use crate::domain::event::Event;
use crate::domain::settings::AgentKind;
use crate::domain::time::Now;

/// Lets the next accepted attempt merge, if nobody does.
pub(super) fn next(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(run) = &mut state.run else { return };
    let (id, head) = (run.id, run.head.clone());
    let mut attempts: Vec<&mut Attempt> = run
        .steps
        .values_mut()
        .filter_map(|step| match &mut step.state {
            StepState::Active(attempt) => Some(attempt.as_mut()),
            StepState::Again(_) | StepState::Finished(_) => None,
        })
        .collect();
    // Those that have just been accepted get in line.
    let mut queued = Vec::new();
    for attempt in &mut attempts {
        if let Stage::Accepted { place, .. } = &mut attempt.stage
            && place.is_none()
        {
            run.accepted += 1;
            *place = Some(run.accepted);
            queued.push(attempt.id.clone());
        }
    }
    if !attempts.iter().any(|attempt| is_merging(attempt)) {
        let first = attempts
            .iter_mut()
            .filter_map(|attempt| match attempt.stage {
                Stage::Accepted { proof, place } => Some((place, proof, attempt)),
                _ => None,
            })
            .min_by_key(|(place, _, _)| *place);
        if let Some((_, proof, attempt)) = first {
            attempt.stage = Stage::CatchingUp { proof };
            order(&attempt.id, Order::CatchUp { head }, effects);
            queued.retain(|queued| *queued != attempt.id);
        }
    }
    for attempt in queued {
        emit(id, Event::MergeQueued { attempt }, effects);
    }
}

/// Whether the run's branch is this attempt's for now.
fn is_merging(attempt: &Attempt) -> bool {
    match &attempt.stage {
        Stage::CatchingUp { .. } | Stage::Integrating { .. } | Stage::Writing { .. } => true,
        Stage::Sealing(outcome) => matches!(outcome, AttemptOutcome::Done { .. }),
        Stage::Validating => attempt.merging.is_some(),
        Stage::Preparing
        | Stage::Turn
        | Stage::Collecting(_)
        | Stage::Accepted { .. }
        | Stage::Waiting(_)
        | Stage::LettingGo
        | Stage::Returning
        | Stage::BackingOff { .. } => false,
    }
}

/// Nobody was merged since: what was proven is what is merged.
pub(super) fn up_to_date(
    attempt: &mut Attempt,
    rules: &Rules,
    proof: Proof,
    now: Now,
    effects: &mut Vec<Effect>,
) {
    if attempt.cancel.is_none() && !attempt.replies.is_empty() {
        // A human said something since: the agent hears it before its work is taken.
        return turn(attempt, rules, None, now, effects);
    }
    let outcome = match attempt.cancel {
        Some(reason @ (CancelReason::Stopped | CancelReason::Kill | CancelReason::Storage)) => {
            cancelled(attempt, reason)
        }
        // What is proven is finished: that takes milliseconds.
        Some(_) | None => AttemptOutcome::Done { proof },
    };
    seal(attempt, outcome, effects);
}

/// What accepted work comes to that is not merged because docket, or its run, ends. What a human has approved stays so: the next run
/// goes on with that.
pub(super) fn cancelled(attempt: &Attempt, reason: CancelReason) -> AttemptOutcome {
    if attempt.is_approved && reason != CancelReason::Stopped {
        let reasons = attempt.gates.clone();
        let need = Need::Review { reasons };
        return AttemptOutcome::NeedsHuman { need };
    }
    AttemptOutcome::Cancelled { reason }
}

/// Others were merged first: the tree that both make is validated again, or contradicts itself.
pub(super) fn caught_up(
    attempt: &mut Attempt,
    rules: &Rules,
    proof: Proof,
    conflicts: Vec<String>,
    now: Now,
    effects: &mut Vec<Effect>,
) {
    if let Some(reason) = attempt.cancel {
        let outcome = cancelled(attempt, reason);
        return seal(attempt, outcome, effects);
    }
    if conflicts.is_empty() {
        attempt.validations.clear();
        attempt.merging = Some(proof);
        attempt.stage = Stage::Validating;
        let validate = Order::Validate {
            rules: rules.diff.clone(),
            turn: attempt.turn,
            checks: rules.checks.clone(),
        };
        return order(&attempt.id, validate, effects);
    }
    attempt.conflicted += 1;
    let reads = !matches!(rules.kind, Some(AgentKind::Shell | AgentKind::Replay));
    if !reads {
        let paths = conflicts.join(", ");
        let why = format!(
            "{paths}: changed here and, meanwhile, on the run's branch; another attempt starts from there"
        );
        seal_unless_cancelled(attempt, Failure::Integrate { why }, effects);
    } else if attempt.conflicted > 1 {
        attempt.conflicts.clone_from(&conflicts);
        wait(
            attempt,
            rules,
            Need::Conflict { paths: conflicts },
            now,
            effects,
        );
    } else {
        attempt.conflicts = conflicts;
        turn(attempt, rules, None, now, effects);
    }
}
