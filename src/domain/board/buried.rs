//! What is left of a run whose runner died: nobody works on it any more.

use super::{Board, PhaseView, TicketState};
use crate::domain::attempt::{AttemptOutcome, Need};
use crate::domain::event::RunOutcome;

impl Board {
    /// The runner is gone, and will tell no more: whatever it had begun and not ended is lost. Facts that the next runner
    /// finds out come on top of that.
    pub fn bury(&mut self) {
        for view in self.tickets.values_mut() {
            let is_open = !matches!(
                view.state,
                TicketState::Finished { .. } | TicketState::Skipped | TicketState::Queued
            );
            if is_open {
                // What only waited for a human has lost nothing.
                let outcome = match &view.state {
                    TicketState::Waiting { need } if !matches!(need, Need::Request { .. }) => {
                        AttemptOutcome::NeedsHuman { need: need.clone() }
                    }
                    _ => AttemptOutcome::Lost,
                };
                view.state = TicketState::Finished { outcome };
                view.silent = None;
            }
        }
        if let Some(run) = &mut self.run
            && !matches!(run.phase, PhaseView::Finished { .. })
        {
            run.phase = PhaseView::Finished {
                outcome: RunOutcome::Lost,
            };
        }
    }
}
