//! What was used of the limits of the run and of the day, as the rules count it, and what is left.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use crate::domain::attempt::Fault;
use crate::domain::board::{PhaseView, RunView};
use crate::domain::event::{Envelope, Event};
use crate::domain::ids::AttemptId;
use crate::domain::item::Usage;
use crate::domain::reason::{coarse, count};
use crate::domain::settings::{SpendingLimits, Totals};
use crate::domain::time::Timestamp;

/// A day, as `limits.day` means it.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// From this share on a limit is close.
const CLOSE: f64 = 0.8;

/// What was used of the limits.
#[derive(Debug, Default)]
pub(crate) struct Spending {
    limits: SpendingLimits,
    /// Turns of the last day that have ended, oldest first.
    turns: VecDeque<(Timestamp, Usage)>,
    /// What they used.
    day: Usage,
    /// Whether `day` is the sum of `turns`.
    is_summed: bool,
    /// What the turns of the current run used.
    run: Usage,
    /// Attempts that wait since their provider takes no more for now.
    limited: BTreeSet<AttemptId>,
}

/// What is left of the limit that is nearest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Left {
    /// `$1.62 left`.
    pub(crate) words: String,
    /// Whether most of it is used.
    pub(crate) is_close: bool,
}

impl Spending {
    /// With what was used before.
    pub(crate) fn new(limits: SpendingLimits, turns: Vec<(Timestamp, Usage)>) -> Self {
        Self {
            limits,
            turns: turns.into(),
            ..Self::default()
        }
    }

    /// What is older than a day counts no more.
    pub(crate) fn settle(&mut self, now: Timestamp) {
        let is_old = |(at, _): &(Timestamp, Usage)| now.since(*at) >= DAY;
        while self.turns.front().is_some_and(is_old) {
            self.turns.pop_front();
            self.is_summed = false;
        }
        if !std::mem::replace(&mut self.is_summed, true) {
            self.day = Usage::default();
            for (_, usage) in &self.turns {
                self.day.add(usage);
            }
        }
    }

    /// What the run used, with what its open turns have used so far.
    pub(crate) fn of_run(&self, open: &Usage) -> Usage {
        let mut run = self.run;
        run.add(open);
        run
    }

    /// The same of the last day.
    pub(crate) fn of_day(&self, open: &Usage) -> Usage {
        let mut day = self.day;
        day.add(open);
        day
    }

    /// Whether an attempt that waits for its provider waits for a rate limit.
    pub(crate) fn is_limited(&self, attempt: &AttemptId) -> bool {
        self.limited.contains(attempt)
    }

    /// Takes a fact in.
    pub(crate) fn take(&mut self, envelope: &Envelope) {
        match &envelope.event {
            Event::RunStarted { .. } => self.run = Usage::default(),
            Event::TurnFinished { usage, .. } => {
                self.run.add(usage);
                self.turns.push_back((envelope.at, *usage));
                self.is_summed = false;
            }
            Event::BackedOff {
                attempt,
                fault: Fault::RateLimit { .. },
                ..
            } => {
                self.limited.insert(attempt.clone());
            }
            Event::BackedOff { attempt, .. } => {
                self.limited.remove(attempt);
            }
            _ => {}
        }
    }

    /// What is left of the limit that is nearest, if there is one. `open` is what the turns that run have used so far.
    pub(crate) fn left(&self, run: Option<&RunView>, open: &Usage, now: Timestamp) -> Option<Left> {
        if self.limits == SpendingLimits::default() {
            return None;
        }
        let mut rows = Vec::new();
        totals(&self.limits.run, &self.of_run(open), "left", &mut rows);
        totals(
            &self.limits.day,
            &self.of_day(open),
            "left today",
            &mut rows,
        );
        let live = run.filter(|run| !matches!(run.phase, PhaseView::Finished { .. }));
        if let Some((wall, run)) = self.limits.run_wall.zip(live) {
            let ran = now.since(run.started);
            let words = format!("{} left", coarse(wall.saturating_sub(ran)));
            rows.push((share(ran.as_secs_f64(), wall.as_secs_f64()), words));
        }
        let (share, words) = rows
            .into_iter()
            .max_by(|(left, _), (right, _)| left.total_cmp(right))?;
        Some(Left {
            words,
            is_close: share >= CLOSE,
        })
    }
}

fn totals(limits: &Totals, used: &Usage, left: &str, rows: &mut Vec<(f64, String)>) {
    if let Some(most) = limits.tokens {
        let rest = most.saturating_sub(used.tokens());
        let words = format!("{} tok {left}", count(rest));
        rows.push((share(used.tokens() as f64, most as f64), words));
    }
    if let Some(most) = limits.cost_usd {
        let used = used.cost_usd.unwrap_or(0.0);
        let words = format!("${:.2} {left}", (most - used).max(0.0));
        rows.push((share(used, most), words));
    }
}

fn share(used: f64, most: f64) -> f64 {
    if most > 0.0 { used / most } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::attempt::TurnEnd;
    use crate::domain::event::Leftovers;
    use crate::domain::ids::{RunId, Sequence};

    fn used(tokens: u64) -> Usage {
        Usage {
            output: tokens,
            ..Usage::default()
        }
    }

    fn turn(at: i64, tokens: u64) -> Envelope {
        Envelope {
            seq: Sequence(1),
            at: Timestamp(at),
            run: RunId(1),
            event: Event::TurnFinished {
                attempt: "TICKET-001.1".parse().expect("an id"),
                turn: 1,
                end: TurnEnd::Completed,
                usage: used(tokens),
                leftovers: Leftovers::default(),
            },
        }
    }

    #[test]
    fn a_day_forgets_what_is_older_and_a_run_does_not() {
        const HOUR: i64 = 60 * 60 * 1_000;
        let mut spending = Spending::new(
            SpendingLimits::default(),
            vec![(Timestamp(0), used(1_000)), (Timestamp(HOUR), used(100))],
        );
        spending.take(&turn(2 * HOUR, 10));
        spending.settle(Timestamp(3 * HOUR));
        assert_eq!(spending.of_day(&used(1)).tokens(), 1_111);
        assert_eq!(spending.of_run(&used(1)).tokens(), 11);
        spending.settle(Timestamp(24 * HOUR));
        assert_eq!(spending.of_day(&used(0)).tokens(), 110);
        spending.settle(Timestamp(40 * 24 * HOUR));
        assert_eq!(spending.of_day(&used(0)).tokens(), 0);
        assert!(spending.turns.is_empty());
        assert_eq!(spending.of_run(&used(0)).tokens(), 10);
    }
}
