//! What is left of the limits of the run and of the day: for the header.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::domain::attempt::Fault;
use crate::domain::board::{Board, PhaseView};
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
    /// Turns that have ended, oldest first.
    turns: Vec<(Timestamp, Usage)>,
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
            turns,
            run: Usage::default(),
            limited: BTreeSet::new(),
        }
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
                self.turns.push((envelope.at, *usage));
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

    /// What is left of the limit that is nearest, if there is one.
    pub(crate) fn left(&self, board: &Board, now: Timestamp) -> Option<Left> {
        if self.limits == SpendingLimits::default() {
            return None;
        }
        let mut open = Usage::default();
        for view in board.tickets.values() {
            open.add(&view.turn_usage);
        }
        let mut run = self.run;
        run.add(&open);
        let mut day = open;
        let today = self.turns.iter().filter(|(at, _)| now.since(*at) < DAY);
        today.for_each(|(_, usage)| day.add(usage));
        let mut rows = Vec::new();
        totals(&self.limits.run, &run, "left", &mut rows);
        totals(&self.limits.day, &day, "left today", &mut rows);
        let live = board.run.as_ref();
        let live = live.filter(|run| !matches!(run.phase, PhaseView::Finished { .. }));
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
