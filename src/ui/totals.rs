//! What the screen sums up over all tickets: once after a change, not once a frame.

use super::spending::Spending;
use crate::domain::attempt::{AttemptOutcome, Need};
use crate::domain::board::{Board, TicketState, TicketView};
use crate::domain::inbox;
use crate::domain::item::{AgentStatus, Usage};
use crate::domain::time::Timestamp;

/// See the module.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Totals {
    /// How many tickets are active.
    pub(crate) active: usize,
    /// How many wait for the answer to what their agents ask.
    pub(crate) requests: usize,
    /// How many wait at a gate.
    pub(crate) gates: usize,
    /// How many contradict what others have brought to the run's branch.
    pub(crate) conflicts: usize,
    /// How many wait for a human, those included.
    pub(crate) waiting: usize,
    /// How many have failed, reached a limit or were lost.
    pub(crate) failed: usize,
    /// How many were left out.
    pub(crate) skipped: usize,
    /// How many wait to be merged, or are being merged.
    pub(crate) merging: usize,
    /// Who waits for a provider.
    pub(crate) busy: Option<Busy>,
    /// What all of them used.
    pub(crate) usage: Usage,
    /// Of that, the turns that run.
    pub(crate) open: Usage,
    /// Whether nothing was told since.
    is_fresh: bool,
}

/// A provider takes no more for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Busy {
    /// Until the first ticket is tried again, where that is known.
    pub(crate) until: Option<Timestamp>,
    /// Whether that is a rate limit.
    pub(crate) is_limited: bool,
}

impl Totals {
    /// Something was told.
    pub(crate) fn outdate(&mut self) {
        self.is_fresh = false;
    }

    /// Sums up, if something was told. Linear in the tickets.
    pub(crate) fn refresh(&mut self, board: &Board, spending: &Spending) {
        if self.is_fresh {
            return;
        }
        *self = Self {
            is_fresh: true,
            ..Self::default()
        };
        for view in board.tickets.values() {
            self.add(view, spending);
        }
    }

    fn add(&mut self, view: &TicketView, spending: &Spending) {
        self.usage.add(&view.usage);
        self.usage.add(&view.turn_usage);
        self.open.add(&view.turn_usage);
        self.active += usize::from(view.state.is_active());
        let need = inbox::need(&view.state);
        self.waiting += usize::from(view.waits_for_a_human());
        match need {
            Some(Need::Request { .. }) => self.requests += 1,
            Some(Need::Review { .. }) => self.gates += 1,
            Some(Need::Conflict { .. }) => self.conflicts += 1,
            _ => {}
        }
        match &view.state {
            TicketState::MergeQueued | TicketState::Integrating => self.merging += 1,
            TicketState::Skipped => self.skipped += 1,
            TicketState::Finished {
                outcome:
                    AttemptOutcome::Failed { .. } | AttemptOutcome::Limit { .. } | AttemptOutcome::Lost,
            } => self.failed += 1,
            _ => {}
        }
        self.add_busy(view, spending);
    }

    fn add_busy(&mut self, view: &TicketView, spending: &Spending) {
        let again = match (&view.state, &view.status) {
            (TicketState::BackingOff { until, .. }, _) => Some(*until),
            (TicketState::Running, Some(AgentStatus::RateLimited { until })) => *until,
            _ => return,
        };
        let by_fact = view.attempt.as_ref();
        let by_fact = by_fact.is_some_and(|attempt| spending.is_limited(attempt));
        let is_limited = by_fact || view.state == TicketState::Running;
        let known = self.busy;
        self.busy = Some(Busy {
            until: [known.and_then(|known| known.until), again]
                .into_iter()
                .flatten()
                .min(),
            is_limited: is_limited || known.is_some_and(|known| known.is_limited),
        });
    }
}
