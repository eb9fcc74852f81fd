//! What the header sums up over all tickets: once after a change, not once a frame.

use crate::domain::board::Board;
use crate::domain::item::Usage;

/// See the module.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Totals {
    /// How many tickets are active.
    pub(crate) active: usize,
    /// How many wait for a human.
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
        for view in board.tickets.values() {
            usage.add(&view.usage);
            usage.add(&view.turn_usage);
        }
        *self = Self {
            active: board.active(),
            waiting: board.waiting(),
            usage,
            is_fresh: true,
        };
    }
}
