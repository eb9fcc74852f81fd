//! Waiting for a provider: rate limits, overload and lost connections go away by themselves.

use std::time::Duration;

use super::attempt::Rules;
use super::state::{Attempt, Stage, State, StepState};
use super::turns::{self, seal};
use super::{Effect, RunPhase, emit};
use crate::domain::attempt::{AttemptOutcome, Failure, Fault, LimitKind};
use crate::domain::event::Event;
use crate::domain::time::{Now, Timestamp};

/// The first wait; each one in a row is twice as long, up to [`LONGEST`].
const FIRST: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_secs(300);
/// With somebody to hand over to, so many waits in a row are enough, or one that is longer than [`PATIENCE`].
const WAITS_BEFORE_HAND_OVER: u32 = 3;
const PATIENCE: Duration = Duration::from_secs(300);

/// The turn failed for a reason that goes away by waiting.
pub(super) fn back_off(
    attempt: &mut Attempt,
    rules: &Rules,
    fault: Fault,
    why: String,
    now: Now,
    effects: &mut Vec<Effect>,
) {
    let doublings = attempt.backed_off.min(16);
    let mut wait = FIRST.saturating_mul(1 << doublings).min(LONGEST);
    if let Fault::RateLimit { until: Some(until) } = fault {
        // A second more: the provider's clock need not be ours.
        wait = wait.max(until.since(now.wall) + Duration::from_secs(1));
    }
    attempt.backed_off += 1;
    attempt.faulted += 1;
    let hands_over =
        rules.has_fallback && (attempt.backed_off > WAITS_BEFORE_HAND_OVER || wait > PATIENCE);
    if hands_over {
        let failure = Failure::Agent { why };
        return seal(attempt, AttemptOutcome::Failed { failure }, effects);
    }
    if wait >= turns::wall_left(attempt, &rules.limits, now) {
        let limit = LimitKind::Wall;
        return seal(attempt, AttemptOutcome::Limit { limit }, effects);
    }
    let until = now.wall.after(wait);
    attempt.stage = Stage::BackingOff { until };
    let event = Event::BackedOff {
        attempt: attempt.id.clone(),
        until,
        count: attempt.backed_off,
        fault,
        why,
    };
    emit(rules.run, event, effects);
}

/// Attempts whose wait is over go on; asks to be woken for the next one.
pub(super) fn go_on(state: &mut State, now: Now, effects: &mut Vec<Effect>) {
    let settings = state.settings.clone();
    let Some(run) = state
        .run
        .as_mut()
        .filter(|run| run.phase == RunPhase::Running)
    else {
        return;
    };
    let mut next: Option<Timestamp> = None;
    for step in run.steps.values_mut() {
        let StepState::Active(attempt) = &mut step.state else {
            continue;
        };
        let Stage::BackingOff { until } = attempt.stage else {
            continue;
        };
        if until <= now.wall {
            let limits = settings.limits_for(&step.ticket);
            turns::next_turn(attempt, &limits, None, None, now, effects);
        } else {
            next = Some(next.map_or(until, |earlier| earlier.min(until)));
        }
    }
    if let Some(at) = next
        && state.wake_at.is_none_or(|known| at < known)
    {
        state.wake_at = Some(at);
        effects.push(Effect::WakeAt(at));
    }
}
