//! Marked tickets: what the next action is about.

use std::collections::BTreeSet;

use super::QueuePane;
use crate::domain::ids::{TicketId, TicketName};
use crate::ui::panes::Move;

impl QueuePane {
    /// Marks the selected ticket, or takes its mark away, and goes on to the next.
    pub(crate) fn toggle_mark(&mut self) {
        if let Some(id) = self.selected.clone() {
            if !self.marks.remove(&id) {
                self.marks.insert(id);
            }
            self.go(Move::Lines(1));
        }
    }

    /// Marks every ticket that is shown; when all of them are, takes their marks away.
    pub(crate) fn toggle_all_marks(&mut self) {
        let shown = (0..self.rows.len()).filter_map(|row| self.entry_at(row));
        let shown: BTreeSet<TicketId> = shown.map(|entry| entry.id.clone()).collect();
        if shown.is_subset(&self.marks) {
            self.marks.retain(|ticket| !shown.contains(ticket));
        } else {
            self.marks.extend(shown);
        }
    }

    /// Takes all marks away. Whether there was one.
    pub(crate) fn unmark(&mut self) -> bool {
        let had_marks = !self.marks.is_empty();
        self.marks.clear();
        had_marks
    }

    /// The marked tickets in run order.
    pub(crate) fn marked(&self) -> Vec<(TicketId, TicketName)> {
        if self.marks.is_empty() {
            return Vec::new();
        }
        let entries = self.queue.entries().iter();
        entries
            .filter(|entry| self.marks.contains(&entry.id))
            .map(|entry| (entry.id.clone(), entry.name.clone()))
            .collect()
    }
}
