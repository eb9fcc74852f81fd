//! What the header sums up over all tickets: once after a change, not once a frame.

use crate::domain::attempt::Need;
use crate::domain::board::Board;
use crate::domain::inbox;
use crate::domain::item::Usage;

/// See the module.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Totals {
    /// How many tickets are active.
    pub(crate) active: usize,
    /// How many wait for the answer to what their agents ask.
    pub(crate) requests: usize,
    /// How many wait at a gate.
    pub(crate) gates: usize,
    /// How many wait for a human, those included.
    pub(crate) waiting: usize,
    /// What all of them used.
    pub(crate) usage: Usage,
    /// Whether nothing was told since.
    is_fresh: bool,
}

impl Totals {
    /// Something was told.
    pub(crate) fn outdate(&mut self) {
        self.is_fresh = false;
    }

    /// Sums up, if something was told. Linear in the tickets.
    pub(crate) fn refresh(&mut self, board: &Board) {
        if self.is_fresh {
            return;
        }
        let mut usage = Usage::default();
        let (mut requests, mut gates) = (0, 0);
        for view in board.tickets.values() {
            match inbox::need(&view.state) {
                Some(Need::Request { .. }) => requests += 1,
                Some(Need::Review { .. }) => gates += 1,
                _ => {}
            }
            usage.add(&view.usage);
            usage.add(&view.turn_usage);
        }
        *self = Self {
            active: board.active(),
            requests,
            gates,
            waiting: board.waiting(),
            usage,
            is_fresh: true,
        };
    }
}
