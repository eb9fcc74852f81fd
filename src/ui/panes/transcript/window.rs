//! The part of a transcript that is in memory: folded items of one stretch of the file.
//!
//! The stretch slides: the far end is dropped when it grows too large, so a transcript of any length costs the same.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;

use ratatui::text::Line;

use crate::domain::item::{Entry, Item};
use crate::domain::time::Timestamp;
use crate::ui::effect::Slice;

/// The stretch is cut when it is longer than this, in bytes of the file.
const LONGEST: u64 = 3 * 1024 * 1024;
/// To this.
const CUT_TO: u64 = 2 * 1024 * 1024;
/// An item's text that is added to bit by bit is kept to its last so many bytes.
const LONGEST_TEXT: usize = 512 * 1024;

/// An item as far as it has grown.
#[derive(Debug)]
pub(super) struct Folded {
    pub(super) id: u64,
    /// Where its first line in the window lies in the file.
    pub(super) offset: u64,
    /// Where the last line lies that it took in.
    upto: u64,
    pub(super) turn: u32,
    pub(super) began: Timestamp,
    pub(super) changed: Timestamp,
    pub(super) item: Item,
    /// Whether its beginning lies before the window.
    is_partial: bool,
    /// Its lines, laid out for a width; dropped whenever something changes.
    pub(super) laid: Option<(Setting, Vec<Line<'static>>)>,
}

/// What a layout depends on, besides the item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Setting {
    pub(super) look: u64,
    pub(super) columns: u16,
    pub(super) unfolded: bool,
    pub(super) starts_turn: bool,
}

/// An item's place: rises in the order of the file, and stays the same while the window slides.
pub(super) type Place = i64;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Window {
    range: Range<u64>,
    items: VecDeque<Folded>,
    /// The place of the first item.
    first: Place,
    places: HashMap<u64, Place>,
}

impl Window {
    /// The bytes of the file that are folded in.
    pub(super) fn range(&self) -> Range<u64> {
        self.range.clone()
    }

    pub(super) fn places(&self) -> Range<Place> {
        self.first..self.first + self.items.len() as Place
    }

    fn index(&self, place: Place) -> Option<usize> {
        usize::try_from(place - self.first).ok()
    }

    pub(super) fn get(&self, place: Place) -> Option<&Folded> {
        self.items.get(self.index(place)?)
    }

    pub(super) fn get_mut(&mut self, place: Place) -> Option<&mut Folded> {
        let index = self.index(place)?;
        self.items.get_mut(index)
    }

    /// Begins anew with a slice.
    pub(super) fn replace(&mut self, slice: Slice) {
        *self = Self::default();
        self.range = slice.range.start..slice.range.start;
        self.extend(slice);
    }

    /// Adds what follows. [`drop_beginning`](Self::drop_beginning) or [`drop_end`](Self::drop_end) keeps it short.
    pub(super) fn extend(&mut self, slice: Slice) {
        if slice.range.start != self.range.end {
            return;
        }
        for (offset, entry) in slice.entries {
            self.apply(offset, entry);
        }
        self.range.end = slice.range.end;
    }

    fn apply(&mut self, offset: u64, entry: Option<Entry>) {
        let Some(entry) = entry else {
            self.push(unreadable(offset));
            return;
        };
        let known = self.places.get(&entry.id).copied();
        match known.and_then(|place| self.get_mut(place)) {
            Some(folded) => folded.grow(offset, entry),
            None => self.push(Folded::new(offset, entry)),
        }
    }

    fn push(&mut self, folded: Folded) {
        self.places.insert(folded.id, self.places().end);
        self.items.push_back(folded);
    }

    /// Puts what lies before the window in front of it.
    pub(super) fn prepend(&mut self, slice: Slice) {
        if slice.range.end != self.range.start {
            return;
        }
        let mut before = Self::default();
        for (offset, entry) in slice.entries {
            before.apply(offset, entry);
        }
        while let Some(mut folded) = before.items.pop_back() {
            let later = self.places.get(&folded.id).copied();
            if let Some(later) = later.and_then(|place| self.get_mut(place)) {
                later.prefix(&mut folded);
                continue;
            }
            self.first -= 1;
            self.places.insert(folded.id, self.first);
            self.items.push_front(folded);
        }
        if let Some(old_first) = self.items.front_mut() {
            old_first.laid = None;
        }
        self.range.start = slice.range.start;
    }

    /// Drops the beginning when the window is too long.
    pub(super) fn drop_beginning(&mut self) {
        if self.range.end - self.range.start <= LONGEST {
            return;
        }
        let keep_from = self.range.end - CUT_TO;
        while self.items.len() > 1
            && self
                .items
                .get(1)
                .is_some_and(|next| next.offset <= keep_from)
        {
            if let Some(folded) = self.items.pop_front() {
                self.places.remove(&folded.id);
                self.first += 1;
            }
        }
        self.range.start = self.items.front().map_or(keep_from, |front| front.offset);
    }

    /// Drops the end when the window is too long.
    pub(super) fn drop_end(&mut self) {
        if self.range.end - self.range.start <= LONGEST {
            return;
        }
        let keep_to = self.range.start + CUT_TO;
        while self.items.len() > 1 && self.items.back().is_some_and(|last| last.offset >= keep_to) {
            if let Some(folded) = self.items.pop_back() {
                self.places.remove(&folded.id);
                self.range.end = folded.offset;
            }
        }
    }

    /// Forgets layouts that are far from what is shown.
    pub(super) fn forget_layouts(&mut self, shown: &Range<Place>) {
        const NEAR: Place = 100;
        let near = shown.start - NEAR..shown.end + NEAR;
        let first = self.first;
        for (index, folded) in self.items.iter_mut().enumerate() {
            if !near.contains(&(first + index as Place)) {
                folded.laid = None;
            }
        }
    }
}

fn unreadable(offset: u64) -> Folded {
    Folded {
        // No adapter counts that far.
        id: u64::MAX - offset,
        offset,
        upto: offset,
        turn: 0,
        began: Timestamp::default(),
        changed: Timestamp::default(),
        item: Item::Error {
            text: format!("the line at byte {offset} of the transcript can't be read"),
            retrying: false,
        },
        is_partial: false,
        laid: None,
    }
}

/// The text of an item that can be added to.
fn text_of(item: &mut Item) -> Option<&mut String> {
    match item {
        Item::Message { text }
        | Item::Reasoning { text }
        | Item::Notice { text }
        | Item::Error { text, .. } => Some(text),
        Item::ToolResult { output, .. } => Some(output),
        Item::Diff { patch, .. } => Some(patch),
        Item::ToolCall { title, .. } => Some(title),
        Item::Plan { .. } | Item::Usage { .. } => None,
    }
}

impl Folded {
    fn new(offset: u64, entry: Entry) -> Self {
        Self {
            id: entry.id,
            offset,
            upto: offset,
            turn: entry.turn,
            began: entry.at,
            changed: entry.at,
            item: entry.item,
            is_partial: entry.append,
            laid: None,
        }
    }

    fn grow(&mut self, offset: u64, entry: Entry) {
        if offset <= self.upto {
            // The end of the window was dropped and is read again.
            return;
        }
        self.upto = offset;
        self.changed = entry.at;
        self.laid = None;
        let mut item = entry.item;
        if !entry.append {
            self.item = item;
            self.is_partial = false;
            return;
        }
        if let Item::ToolResult { exit, .. } = &mut self.item
            && let Item::ToolResult { exit: newer, .. } = &item
        {
            *exit = newer.or(*exit);
        }
        let added = text_of(&mut item).map(std::mem::take).unwrap_or_default();
        if let Some(text) = text_of(&mut self.item) {
            text.push_str(&added);
            keep_end(text);
        }
    }

    /// Takes in what an earlier part of the file says about the same item.
    fn prefix(&mut self, earlier: &mut Self) {
        self.began = earlier.began;
        if !self.is_partial {
            return;
        }
        self.is_partial = earlier.is_partial;
        self.laid = None;
        let before = text_of(&mut earlier.item)
            .map(std::mem::take)
            .unwrap_or_default();
        if let Some(text) = text_of(&mut self.item) {
            text.insert_str(0, &before);
            keep_end(text);
        }
    }
}

fn keep_end(text: &mut String) {
    if text.len() > LONGEST_TEXT {
        let mut cut = text.len() - LONGEST_TEXT / 2;
        while !text.is_char_boundary(cut) {
            cut += 1;
        }
        text.drain(..cut);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: u64, text: &str, append: bool) -> Entry {
        Entry {
            id,
            at: Timestamp(id as i64),
            turn: 1,
            parent: None,
            append,
            item: Item::Message { text: text.into() },
        }
    }

    fn slice(range: Range<u64>, entries: Vec<(u64, Option<Entry>)>) -> Slice {
        Slice {
            length: range.end,
            range,
            entries,
        }
    }

    fn texts(window: &Window) -> Vec<String> {
        window
            .items
            .iter()
            .map(|folded| match &folded.item {
                Item::Message { text } => text.clone(),
                Item::Error { .. } => "unreadable".to_owned(),
                other => format!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn entries_with_one_id_are_one_item() {
        let mut window = Window::default();
        window.replace(slice(
            100..200,
            vec![
                (100, Some(entry(5, "lo", true))),
                (120, Some(entry(6, "other", false))),
                (140, None),
                (160, Some(entry(5, " world", true))),
            ],
        ));
        assert_eq!(texts(&window), ["lo world", "other", "unreadable"]);
        window.extend(slice(
            200..210,
            vec![(200, Some(entry(6, "replaced", false)))],
        ));
        window.extend(slice(500..510, vec![(500, Some(entry(9, "a gap", false)))]));
        assert_eq!(texts(&window), ["lo world", "replaced", "unreadable"]);
        let places = window.places();
        window.prepend(slice(
            50..100,
            vec![
                (50, Some(entry(4, "first", false))),
                (60, Some(entry(5, "hel", false))),
                (70, Some(entry(6, "old", false))),
            ],
        ));
        assert_eq!(
            texts(&window),
            ["first", "hello world", "replaced", "unreadable"]
        );
        assert_eq!(window.places(), places.start - 1..places.end);
        assert_eq!(window.range(), 50..210);
    }

    #[test]
    fn the_window_slides_over_a_long_file() {
        let mut window = Window::default();
        window.replace(slice(0..0, Vec::new()));
        for id in 0..5_000u64 {
            let at = id * 1_000;
            window.extend(slice(
                at..at + 1_000,
                vec![(at, Some(entry(id, "x", false)))],
            ));
            window.drop_beginning();
        }
        assert!(window.items.len() <= 3_200);
        assert_eq!(window.places().end, 5_000);
        assert_eq!(window.range().end, 5_000_000);
        assert_eq!(window.items.len(), window.places.len());
        let start = window.range().start;
        assert_eq!(window.items.front().map(|front| front.offset), Some(start));
        for at in (0..start / 1_000).rev().take(2_000) {
            let offset = at * 1_000;
            window.prepend(slice(
                offset..offset + 1_000,
                vec![(offset, Some(entry(at, "x", false)))],
            ));
            window.drop_end();
        }
        assert!(window.items.len() <= 3_200);
        assert_eq!(window.items.len(), window.places.len());
    }
}
