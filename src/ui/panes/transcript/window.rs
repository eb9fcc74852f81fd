//! The part of a transcript that is in memory: folded items of one stretch of the file.
//!
//! The stretch slides: the far end is dropped when it grows too large, so a transcript of any length costs the same.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;

use ratatui::text::Line;

use crate::domain::item::{Entry, Item, Usage};
use crate::domain::time::Timestamp;
use crate::ui::effect::Slice;
use crate::ui::render::highlight::Key;

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
    pub(super) parent: Option<u64>,
    pub(super) began: Timestamp,
    pub(super) changed: Timestamp,
    pub(super) item: Item,
    /// Whether its beginning lies before the window.
    is_partial: bool,
    /// Its beginning was found at an earlier place and it has gone there: nothing is shown here.
    is_moved: bool,
    /// Its lines, laid out for a width; dropped whenever something changes.
    pub(super) laid: Option<Laid>,
}

/// An item's lines.
#[derive(Debug)]
pub(super) struct Laid {
    pub(super) setting: Setting,
    pub(super) lines: Vec<Line<'static>>,
    /// Code in it whose colours have not come yet.
    pub(super) wanted: Vec<Key>,
}

/// What a layout depends on, besides the item.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Setting {
    pub(super) look: u64,
    pub(super) columns: u16,
    pub(super) unfolded: bool,
    /// What the turn that begins with the item has used, as far as that is known.
    pub(super) begins: Option<Begins>,
    /// How many calls it lies in: what sub-agents do is indented.
    pub(super) depth: usize,
}

/// What the line says that a turn begins with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Begins {
    pub(super) turn: u32,
    pub(super) at: Timestamp,
    pub(super) usage: Option<Usage>,
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
    /// Items that were dropped and that lines in the window belong to: read again, they would know less.
    dropped: HashMap<u64, Folded>,
}

/// So many are kept of those.
const MOST_DROPPED: usize = 64;
/// Sub-agents of sub-agents are indented to here.
const DEEPEST: usize = 4;

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

    /// Where an item is.
    pub(super) fn place_of(&self, id: u64) -> Option<Place> {
        self.places.get(&id).copied()
    }

    /// The call that an output or a change belongs to; any other item itself.
    pub(super) fn head(&self, place: Place) -> Place {
        self.call_of(place).unwrap_or(place)
    }

    fn call_of(&self, place: Place) -> Option<Place> {
        let folded = self.get(place)?;
        if !matches!(folded.item, Item::ToolResult { .. } | Item::Diff { .. }) {
            return None;
        }
        let call = self.place_of(folded.parent?)?;
        matches!(self.get(call)?.item, Item::ToolCall { .. }).then_some(call)
    }

    /// Whether a cursor can stand on it.
    pub(super) fn is_head(&self, place: Place) -> bool {
        let is_there = self.get(place).is_some_and(|folded| !folded.is_moved);
        is_there && self.call_of(place).is_none()
    }

    /// The places of an item and of what belongs to it.
    pub(super) fn whole(&self, head: Place) -> impl Iterator<Item = Place> + '_ {
        let end = self.places().end;
        (head..end).filter(move |place| *place == head || self.call_of(*place) == Some(head))
    }

    /// In how many calls of the window an item lies.
    pub(super) fn depth(&self, place: Place) -> usize {
        let Some(folded) = self.get(self.head(place)) else {
            return 0;
        };
        if matches!(folded.item, Item::ToolResult { .. } | Item::Diff { .. }) {
            return 0;
        }
        let parents = std::iter::successors(folded.parent, |parent| {
            self.get(self.place_of(*parent)?)?.parent
        });
        parents.take(DEEPEST).count()
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
        let dropped = self.dropped.get(&entry.id);
        if dropped.is_some_and(|dropped| offset <= dropped.upto) {
            // It was taken in before the end of the window was dropped.
            return;
        }
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
            let is_known = |known: &Folded| known.offset <= folded.offset;
            if self.dropped.get(&folded.id).is_some_and(is_known)
                && let Some(known) = self.dropped.remove(&folded.id)
            {
                folded = Folded {
                    offset: folded.offset,
                    ..known
                };
            }
            let later = self.places.get(&folded.id).copied();
            if let Some(later) = later.and_then(|place| self.get_mut(place)) {
                // The item is where it begins.
                let stone = Folded::moved(later);
                let mut whole = std::mem::replace(later, stone);
                whole.prefix(&mut folded);
                folded = whole;
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

    /// Whether there is more of the file in memory than needed.
    pub(super) fn is_long(&self) -> bool {
        self.range.end - self.range.start > LONGEST
    }

    /// Drops the beginning when the window is too long, but nothing from `keep` on.
    pub(super) fn drop_beginning(&mut self, keep: Place) {
        if !self.is_long() {
            return;
        }
        let keep_from = self.range.end - CUT_TO;
        let mut popped = Vec::new();
        while self.items.len() > 1
            && self.first < keep
            && self
                .items
                .get(1)
                .is_some_and(|next| next.offset <= keep_from)
        {
            if let Some(folded) = self.items.pop_front() {
                self.first += 1;
                if !folded.is_moved {
                    self.places.remove(&folded.id);
                    popped.push(folded);
                }
            }
        }
        let start = self.items.front().map_or(keep_from, |front| front.offset);
        self.range.start = start;
        for mut folded in popped {
            if folded.upto >= start && self.dropped.len() < MOST_DROPPED {
                folded.laid = None;
                self.dropped.insert(folded.id, folded);
            }
        }
    }

    /// Drops the end when the window is too long.
    pub(super) fn drop_end(&mut self) {
        if !self.is_long() {
            return;
        }
        let keep_to = self.range.start + CUT_TO;
        while self.items.len() > 1 && self.items.back().is_some_and(|last| last.offset >= keep_to) {
            if let Some(folded) = self.items.pop_back() {
                if !folded.is_moved {
                    self.places.remove(&folded.id);
                }
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
        parent: None,
        began: Timestamp::default(),
        changed: Timestamp::default(),
        item: Item::Error {
            text: format!("the line at byte {offset} of the transcript can't be read"),
            retrying: false,
        },
        is_partial: false,
        is_moved: false,
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
            parent: entry.parent,
            began: entry.at,
            changed: entry.at,
            item: entry.item,
            is_partial: entry.append,
            is_moved: false,
            laid: None,
        }
    }

    /// What stays where an item was.
    fn moved(from: &Self) -> Self {
        Self {
            id: from.id,
            offset: from.offset,
            upto: from.upto,
            turn: from.turn,
            parent: None,
            began: from.began,
            changed: from.changed,
            item: Item::Notice {
                text: String::new(),
            },
            is_partial: false,
            is_moved: true,
            laid: None,
        }
    }

    pub(super) fn is_moved(&self) -> bool {
        self.is_moved
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
        self.offset = earlier.offset;
        self.parent = self.parent.or(earlier.parent);
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
    use proptest::prelude::*;

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
            .filter(|folded| !folded.is_moved)
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
        assert_eq!(window.places(), places.start - 3..places.end);
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
            window.drop_beginning(Place::MAX);
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

    /// A step of an entry in the file of the property below: the window is cut after 16 of them.
    const STEP: u64 = 200_000;

    /// Lines of these ids; the first of an id begins its text, the others add to it.
    fn part(ids: &[u64], range: Range<usize>) -> Slice {
        let entries = range.clone().map(|index| {
            let append = ids[..index].contains(&ids[index]);
            let entry = entry(ids[index], &format!("{index} "), append);
            (index as u64 * STEP, Some(entry))
        });
        Slice {
            length: ids.len() as u64 * STEP,
            entries: entries.collect(),
            range: range.start as u64 * STEP..range.end as u64 * STEP,
        }
    }

    proptest! {
        #[test]
        fn the_window_is_consistent_whatever_is_read(
            ids in proptest::collection::vec(0u64..30, 1..60),
            from in 0usize..60,
            steps in proptest::collection::vec((any::<bool>(), 1usize..9, any::<bool>()), 1..40),
        ) {
            let mut window = Window::default();
            let from = from.min(ids.len());
            window.replace(part(&ids, from..(from + 3).min(ids.len())));
            for (forth, count, cut) in steps {
                let (start, end) = (window.range.start / STEP, window.range.end / STEP);
                let (start, end) = (start as usize, end as usize);
                if forth {
                    window.extend(part(&ids, end..(end + count).min(ids.len())));
                    if cut {
                        window.drop_beginning(Place::MAX);
                    }
                } else {
                    window.prepend(part(&ids, start.saturating_sub(count)..start));
                    if cut {
                        window.drop_end();
                    }
                }
                let offsets: Vec<u64> = window.items.iter().map(|item| item.offset).collect();
                prop_assert!(offsets.windows(2).all(|pair| pair[0] < pair[1]), "{:?}", offsets);
                let mut shown = 0;
                for place in window.places() {
                    let item = window.get(place).expect("an item");
                    if !item.is_moved {
                        shown += 1;
                        prop_assert_eq!(window.place_of(item.id), Some(place));
                    }
                }
                prop_assert_eq!(shown, window.places.len());
            }
        }
    }
}
