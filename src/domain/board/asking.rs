//! What a ticket asks of a human, and how that is seen.

use super::{TicketState, TicketView};
use crate::domain::attempt::Need;
use crate::domain::inbox;
use crate::domain::item::AgentStatus;
use crate::domain::time::Timestamp;

impl TicketView {
    /// Whether a human is needed: for the attempt to go on, or to tell whether its turn is over.
    pub fn waits_for_a_human(&self) -> bool {
        inbox::need(&self.state).is_some() || self.silent.is_some()
    }

    /// Since when nothing comes from its agent, as far as that is told.
    pub fn silent_since(&self) -> Option<Timestamp> {
        let shown = match self.status {
            Some(AgentStatus::Silent { since }) => Some(since),
            _ => None,
        };
        self.silent.or(shown)
    }

    /// Whether a human has taken its attempt over.
    pub fn is_taken(&self) -> bool {
        matches!(inbox::need(&self.state), Some(Need::TakenOver { .. }))
    }

    /// A ticket whose agent asks waits for a human until nothing is open any more.
    pub(super) fn show_requests(&mut self, at: Timestamp) {
        let is_in_turn = match &self.state {
            TicketState::Running => true,
            TicketState::Waiting { need } => matches!(need, Need::Request { .. }),
            _ => false,
        };
        if !is_in_turn {
            return;
        }
        let status = self.status.take();
        let state = match self.requests.first_key_value() {
            Some((id, request)) => TicketState::Waiting {
                need: Need::Request {
                    id: *id,
                    title: request.title.clone(),
                },
            },
            None => TicketState::Running,
        };
        self.set(at, state);
        self.status = status;
    }

    /// Its program is quiet since then, or no more: of the turn that runs alone.
    pub(super) fn fell_silent(&mut self, turn: u32, since: Option<Timestamp>) {
        if self.state == TicketState::Running && self.turn == turn {
            self.silent = since;
        }
    }
}
