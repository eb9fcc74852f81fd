//! The marked item: steps from item to item, folds one alone, gives its text away.

use super::window::Place;
use super::{Reveal, Toward, TranscriptPane, items};
use crate::ui::effect::Effect;
use crate::ui::theme::Role;

impl TranscriptPane {
    /// Marks the next item, or the one before; the first or last that is shown when none was.
    pub(crate) fn step(&mut self, toward: Toward) -> Vec<Effect> {
        let places = self.window.places();
        if places.is_empty() {
            return Vec::new();
        }
        let marked = self.marked().filter(|place| self.is_in_view(*place));
        let is_head = |place: &Place| self.window.is_head(*place);
        let next = match (marked, toward) {
            (Some(place), Toward::Forth) => (place + 1..places.end).find(is_head),
            (Some(place), Toward::Back) => (places.start..place).rfind(is_head),
            (None, Toward::Forth) => self.rows.iter().copied().find(is_head),
            (None, Toward::Back) => self.rows.iter().copied().rfind(is_head),
        };
        if let Some(folded) = next.and_then(|place| self.window.get(place)) {
            self.cursor = Some(folded.id);
            self.reveal = Some(Reveal::Item);
            self.seeking.forget_goal();
            self.leave_end();
        }
        Vec::new()
    }

    /// Marks the item on a line of the pane.
    pub(crate) fn select_line(&mut self, line: u16) {
        let place = self.rows.get(usize::from(line)).copied();
        let head = place.map(|place| self.window.head(place));
        if let Some(folded) = head.and_then(|head| self.window.get(head)) {
            self.cursor = Some(folded.id);
        }
    }

    /// The place of the marked item.
    pub(super) fn marked(&self) -> Option<Place> {
        self.window.place_of(self.cursor?)
    }

    /// Whether an item is on the screen, or will be with the next frame.
    pub(super) fn is_in_view(&self, head: Place) -> bool {
        let mut shown = self.rows.iter().map(|row| self.window.head(*row));
        shown.any(|row| row == head) || self.reveal.is_some()
    }

    /// Takes the mark away. Whether there was one.
    pub(crate) fn unmark(&mut self) -> bool {
        self.cursor.take().is_some()
    }

    /// Folds or unfolds the marked item alone; without one, everything.
    pub(crate) fn toggle_item(&mut self) {
        let Some(place) = self.marked() else {
            self.toggle_details();
            return;
        };
        let is_unfolded = self.is_unfolded(place);
        if let Some(folded) = self.window.get(place) {
            self.folds.insert(folded.id, !is_unfolded);
            self.reveal = Some(Reveal::Item);
            self.leave_end();
        }
    }

    /// Puts the marked item's text on the clipboard: a call with what it gave back.
    pub(crate) fn copy(&mut self) -> Vec<Effect> {
        let Some(head) = self.marked() else {
            self.say("nothing is marked: J and K mark an item", Role::Notice);
            return Vec::new();
        };
        let parts = self.window.whole(head);
        let texts: Vec<String> = parts
            .filter_map(|place| self.window.get(place))
            .map(|folded| items::plain_text(&folded.item))
            .collect();
        let text = texts.join("\n");
        let count = text.lines().count();
        let plural = if count == 1 { "line" } else { "lines" };
        self.say(format!("{count} {plural} copied"), Role::Notice);
        vec![Effect::Copy(text)]
    }
}
