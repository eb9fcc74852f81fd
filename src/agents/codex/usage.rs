//! Tokens of a turn, from totals that codex counts over a thread's whole life.

use std::collections::HashMap;

use super::wire::{TokenUsage, Tokens};
use crate::domain::item::Usage;

impl From<Tokens> for Usage {
    fn from(tokens: Tokens) -> Self {
        Self {
            input: tokens.input,
            cached: tokens.cached,
            output: tokens.output,
            reasoning: tokens.reasoning,
            cost_usd: None,
        }
    }
}

/// What was used since `before`. Never negative, should a total ever go back.
pub(super) fn since(total: Usage, before: Usage) -> Usage {
    Usage {
        input: total.input.saturating_sub(before.input),
        cached: total.cached.saturating_sub(before.cached),
        output: total.output.saturating_sub(before.output),
        reasoning: total.reasoning.saturating_sub(before.reasoning),
        cost_usd: None,
    }
}

/// The totals of every thread of a process: the conversation's own and those of its sub-agents.
#[derive(Debug, Default)]
pub(super) struct ThreadTotals {
    threads: HashMap<String, Totals>,
}

#[derive(Debug)]
struct Totals {
    /// What the thread had used when the turn began.
    before: Usage,
    now: Usage,
}

impl ThreadTotals {
    /// A turn begins: what was used so far is not its own.
    pub(super) fn begin_turn(&mut self) {
        for totals in self.threads.values_mut() {
            totals.before = totals.now;
        }
    }

    /// Takes in a thread's totals. Totals that come outside of a turn are those of an earlier turn, or of an earlier
    /// process; in the first that come within one, all but the last model call is.
    pub(super) fn update(&mut self, thread: String, usage: &TokenUsage, in_turn: bool) {
        let now = Usage::from(usage.total);
        let known = self.threads.entry(thread).or_insert_with(|| Totals {
            before: since(now, usage.last.into()),
            now,
        });
        known.now = now;
        if !in_turn {
            known.before = now;
        }
    }

    /// What this turn has used, sub-agents included.
    pub(super) fn of_turn(&self) -> Usage {
        let mut sum = Usage::default();
        for totals in self.threads.values() {
            sum.add(&since(totals.now, totals.before));
        }
        sum
    }
}
