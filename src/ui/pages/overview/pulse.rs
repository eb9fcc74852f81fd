//! How fast tokens and transcripts grow: counted in steps of time, of which there is a bounded number.

use std::collections::HashMap;
use std::time::Duration;

use crate::domain::ids::AttemptId;
use crate::domain::item::Usage;
use crate::domain::time::Timestamp;

/// At most so many steps: when there are more, each pair becomes one of twice the length.
const MOST: usize = 512;

/// Counts of a run over time. Only the feed adds to it; nothing wakes up for it.
#[derive(Debug)]
pub(super) struct Pulse {
    /// When the first step began.
    began: Option<Timestamp>,
    /// How long a step is, in milliseconds.
    step: i64,
    steps: Vec<Step>,
    /// What came since the last frame.
    waiting: Step,
    /// Whether the run is over: time goes on without it.
    is_over: bool,
    /// What was counted of the turn that runs, and of the transcript.
    counted: HashMap<AttemptId, Step>,
}

/// What came in a step of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Step {
    /// Tokens, in and out.
    pub(super) tokens: u64,
    /// Bytes of transcripts.
    pub(super) bytes: u64,
}

impl Step {
    fn add(&mut self, other: Self) {
        self.tokens = self.tokens.saturating_add(other.tokens);
        self.bytes = self.bytes.saturating_add(other.bytes);
    }
}

impl Default for Pulse {
    fn default() -> Self {
        Self {
            began: None,
            step: 1_000,
            steps: Vec::new(),
            waiting: Step::default(),
            is_over: false,
            counted: HashMap::new(),
        }
    }
}

impl Pulse {
    /// Of a run that began at a time.
    pub(super) fn since(began: Timestamp) -> Self {
        Self {
            began: Some(began),
            ..Self::default()
        }
    }

    /// The run is over.
    pub(super) fn stop(&mut self) {
        self.is_over = true;
    }

    /// What the turn that runs has used so far.
    pub(super) fn used(&mut self, attempt: &AttemptId, usage: &Usage) {
        let counted = self.counted.entry(attempt.clone()).or_default();
        let tokens = usage.tokens();
        self.waiting.tokens += tokens.saturating_sub(counted.tokens);
        counted.tokens = counted.tokens.max(tokens);
    }

    /// What a turn used in the end; the next one counts from zero.
    pub(super) fn turn_finished(&mut self, attempt: &AttemptId, usage: &Usage) {
        self.used(attempt, usage);
        if let Some(counted) = self.counted.get_mut(attempt) {
            counted.tokens = 0;
        }
    }

    /// How long a transcript is.
    pub(super) fn advanced(&mut self, attempt: &AttemptId, bytes: u64) {
        let counted = self.counted.entry(attempt.clone()).or_default();
        self.waiting.bytes += bytes.saturating_sub(counted.bytes);
        counted.bytes = counted.bytes.max(bytes);
    }

    /// Puts what came since the last frame into the step of `now`.
    pub(super) fn settle(&mut self, now: Timestamp) {
        let waiting = std::mem::take(&mut self.waiting);
        if waiting == Step::default() && (self.is_over || self.began.is_none()) {
            return;
        }
        let began = *self.began.get_or_insert(now);
        let past = now.0.saturating_sub(began.0).max(0);
        while past / self.step >= MOST as i64 {
            self.step *= 2;
            self.steps = self
                .steps
                .chunks(2)
                .map(|pair| {
                    let mut sum = Step::default();
                    for step in pair {
                        sum.add(*step);
                    }
                    sum
                })
                .collect();
        }
        let place = (past / self.step) as usize;
        if self.steps.len() <= place {
            self.steps.resize(place + 1, Step::default());
        }
        if let Some(step) = self.steps.get_mut(place) {
            step.add(waiting);
        }
    }

    /// The steps in so many columns: the whole time, the newest at the right.
    pub(super) fn columns(&self, columns: usize, of: impl Fn(&Step) -> u64) -> Vec<u64> {
        let count = self.steps.len();
        if columns == 0 || count == 0 {
            return Vec::new();
        }
        let shown = columns.min(count);
        (0..shown)
            .map(|column| {
                let (from, to) = (column * count / shown, (column + 1) * count / shown);
                let steps = self.steps.get(from..to).unwrap_or_default();
                steps.iter().map(&of).fold(0, u64::saturating_add)
            })
            .collect()
    }

    /// The sum over all time.
    pub(super) fn total(&self) -> Step {
        let mut sum = self.waiting;
        for step in &self.steps {
            sum.add(*step);
        }
        sum
    }

    /// What came in the last minutes, and how many minutes those are.
    pub(super) fn lately(&self) -> (Step, f64) {
        let window = (300_000 / self.step).max(1) as usize;
        let from = self.steps.len().saturating_sub(window);
        let steps = self.steps.get(from..).unwrap_or_default();
        let mut sum = Step::default();
        for step in steps {
            sum.add(*step);
        }
        let time = Duration::from_millis(self.step.unsigned_abs()) * steps.len() as u32;
        (sum, time.as_secs_f64() / 60.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt() -> AttemptId {
        "TICKET-003.1".parse().expect("an attempt")
    }

    fn usage(tokens: u64) -> Usage {
        Usage {
            output: tokens,
            ..Usage::default()
        }
    }

    #[test]
    fn a_night_takes_no_more_room_than_a_minute_and_loses_nothing() {
        let mut pulse = Pulse::default();
        for second in 0..40_000_i64 {
            pulse.advanced(&attempt(), second as u64 * 10);
            pulse.settle(Timestamp(1_000 * second));
        }
        assert!(pulse.steps.len() <= MOST);
        assert_eq!(pulse.total().bytes, 399_990);
        for columns in [1, 7, 80, 400, 1000] {
            let shown = pulse.columns(columns, |step| step.bytes);
            assert!(shown.len() <= columns);
            assert_eq!(shown.iter().sum::<u64>(), 399_990);
        }
    }

    #[test]
    fn time_after_the_run_is_not_counted() {
        let mut pulse = Pulse::since(Timestamp(0));
        pulse.advanced(&attempt(), 10);
        pulse.stop();
        pulse.settle(Timestamp(5_000));
        pulse.settle(Timestamp(500_000));
        assert_eq!(pulse.steps.len(), 6);
    }

    #[test]
    fn what_a_turn_uses_is_counted_once() {
        let mut pulse = Pulse::default();
        pulse.used(&attempt(), &usage(100));
        pulse.used(&attempt(), &usage(250));
        pulse.turn_finished(&attempt(), &usage(300));
        pulse.used(&attempt(), &usage(50));
        pulse.settle(Timestamp(0));
        assert_eq!(pulse.total().tokens, 350);
        // The wall clock was set back.
        pulse.settle(Timestamp(-5_000));
        assert_eq!(pulse.lately().0.tokens, 350);
    }
}
