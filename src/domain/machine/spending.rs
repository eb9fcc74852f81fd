//! What the whole run, and the last day, may use: when that is reached, no turn goes on and none begins.

use std::collections::VecDeque;
use std::time::Duration;

use super::state::{Halt, Run, RunPhase, State, StepState};
use super::{Effect, emit, ending, requests};
use crate::domain::attempt::LimitKind;
use crate::domain::event::Event;
use crate::domain::item::Usage;
use crate::domain::settings::{SpendingLimits, Totals};
use crate::domain::time::{Monotonic, Now, Timestamp};

/// A day, as `limits.day` means it: the last 24 hours.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What was used, and when.
#[derive(Debug, Default)]
pub(super) struct Spent {
    /// Turns of the last day that have ended, oldest first.
    turns: VecDeque<(Timestamp, Usage)>,
}

impl Spent {
    pub(super) fn new(turns: Vec<(Timestamp, Usage)>) -> Self {
        Self {
            turns: turns.into(),
        }
    }

    pub(super) fn add(&mut self, at: Timestamp, usage: &Usage) {
        self.turns.push_back((at, *usage));
    }

    /// What was used in the day before `now`.
    fn last_day(&mut self, now: Timestamp) -> Usage {
        while self
            .turns
            .front()
            .is_some_and(|(at, _)| now.since(*at) >= DAY)
        {
            self.turns.pop_front();
        }
        self.turns
            .iter()
            .fold(Usage::default(), |mut sum, (_, usage)| {
                sum.add(usage);
                sum
            })
    }
}

impl Totals {
    /// Which of the two is reached with this: tokens or money.
    fn reached(&self, used: &Usage, tokens: LimitKind, cost: LimitKind) -> Option<LimitKind> {
        if self.tokens.is_some_and(|most| used.tokens() > most) {
            return Some(tokens);
        }
        let money = used.cost_usd.unwrap_or(0.0);
        self.cost_usd
            .is_some_and(|most| money > most)
            .then_some(cost)
    }
}

/// Ends what goes beyond the limits of the run and of the day, and lets nothing new begin.
pub(super) fn hold(state: &mut State, now: Now, effects: &mut Vec<Effect>) {
    let limits = state.settings.spending;
    if limits == SpendingLimits::default() {
        return;
    }
    let mut day = state.spent.last_day(now.wall);
    let Some(run) = &mut state.run else { return };
    let mut used = run.used;
    for (_, attempt) in run.active() {
        day.add(&attempt.turn_used);
        used.add(&attempt.turn_used);
    }
    let reached = limits
        .day
        .reached(&day, LimitKind::DayTokens, LimitKind::DayCost)
        .or_else(|| {
            limits
                .run
                .reached(&used, LimitKind::RunTokens, LimitKind::RunCost)
        });
    let wall_left = limits.run_wall.map(|wall| wall_left(run, wall, now));
    let reached = reached.or_else(|| {
        wall_left
            .is_some_and(|left| left.is_zero())
            .then_some(LimitKind::RunWall)
    });
    let Some(limit) = reached else {
        if run.exhausted.take().is_some() {
            // The day went on: what was used longest ago does not count any more.
            for step in run.steps.values_mut() {
                if let StepState::Active(attempt) = &mut step.state {
                    attempt.exhausted = None;
                }
            }
            state.look_again = true;
        }
        wake(state, wall_left, now, effects);
        return;
    };
    if run.exhausted != Some(limit) {
        run.exhausted = Some(limit);
        let what = "go on".to_owned();
        let why = format!("{} is reached", limit.as_str());
        emit(run.id, Event::Refused { what, why }, effects);
    }
    for step in run.steps.values_mut() {
        if let StepState::Active(attempt) = &mut step.state {
            attempt.exhausted = Some(limit);
            requests::halt(attempt, Halt::Limit(limit), effects);
        }
    }
    ending::give_up_waiting_steps(run, effects);
    if let (true, Some((oldest, _))) = (run.plan.stays, state.spent.turns.front()) {
        let at = oldest.after(DAY);
        ask_to_be_woken(state, at, effects);
    }
}

/// What is left of the run's time. Pauses don't count.
fn wall_left(run: &mut Run, wall: Duration, now: Now) -> Duration {
    if run.phase == RunPhase::Looking || run.phase == RunPhase::Preparing {
        return wall;
    }
    let began = *run.began.get_or_insert(now.monotonic);
    let frozen = run.paused_at.map_or(Duration::ZERO, |Monotonic(since)| {
        now.monotonic.0.saturating_sub(since)
    });
    let ran = now.monotonic.0.saturating_sub(began.0);
    wall.saturating_sub(ran.saturating_sub(run.frozen + frozen))
}

fn wake(state: &mut State, wall_left: Option<Duration>, now: Now, effects: &mut Vec<Effect>) {
    let runs = |run: &Run| run.phase == RunPhase::Running && run.began.is_some();
    if let (Some(left), true) = (wall_left, state.run.as_ref().is_some_and(runs)) {
        ask_to_be_woken(state, now.wall.after(left), effects);
    }
}

fn ask_to_be_woken(state: &mut State, at: Timestamp, effects: &mut Vec<Effect>) {
    if state.wake_at.is_none_or(|known| at < known) {
        state.wake_at = Some(at);
        effects.push(Effect::WakeAt(at));
    }
}
