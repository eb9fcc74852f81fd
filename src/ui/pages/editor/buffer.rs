//! A text that is edited: lines as they are in the file, how each ends, changes in groups that are undone together.
//!
//! A text of *n* lines has *n* − 1 line ends between them: a file that ends with a line end has an empty last line. So what
//! nobody touched is written as it was read, to the byte.

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use similar::{Algorithm, DiffTag};
use tui_textarea::{CursorMove, DataCursor, TextArea};

/// So many changes can be undone.
const HISTORY: usize = 100_000;
/// Only so much time goes into finding out which lines of a file with mixed line ends are whose.
const PATIENCE: Duration = Duration::from_millis(50);

/// How a line ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LineEnd {
    /// `\n`.
    Lf,
    /// `\r\n`.
    CrLf,
}

impl LineEnd {
    fn as_str(self) -> &'static str {
        match self {
            Self::Lf => "\n",
            Self::CrLf => "\r\n",
        }
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Buffer {
    area: TextArea<'static>,
    /// The text as it is on the disk, and its line ends.
    saved: Vec<String>,
    ends: Vec<LineEnd>,
    /// How many changes of the text area belong together, for each step back, and for each step forward again.
    done: Vec<usize>,
    undone: Vec<usize>,
    /// Whether the next character joins the last group.
    joins: bool,
    /// Counts changes.
    generation: u64,
    is_modified: bool,
}

impl Buffer {
    pub(super) fn new(text: &str) -> Self {
        let (lines, ends) = split(text);
        Self {
            area: area(lines.clone()),
            saved: lines,
            ends,
            done: Vec::new(),
            undone: Vec::new(),
            joins: false,
            generation: 0,
            is_modified: false,
        }
    }

    /// The lines, without what ends them.
    pub(super) fn lines(&self) -> &[String] {
        self.area.lines()
    }

    /// Line and character, from 0.
    pub(super) fn cursor(&self) -> (usize, usize) {
        let DataCursor(line, character) = self.area.cursor();
        (line, character)
    }

    /// From where to where text is selected.
    pub(super) fn selection(&self) -> Option<((usize, usize), (usize, usize))> {
        self.area.selection_range().filter(|(from, to)| from != to)
    }

    /// Changes with every change of the text.
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether the text is another one than on the disk.
    pub(super) fn is_modified(&self) -> bool {
        self.is_modified
    }

    /// The text as it was read or saved.
    pub(super) fn base(&self) -> String {
        glue(&self.saved, self.ends.iter().copied())
    }

    /// What is to be written: lines that are as they were end as they did.
    pub(super) fn content(&self) -> String {
        let lines = self.area.lines();
        let usual = self.ends.first().copied().unwrap_or(LineEnd::Lf);
        if self.ends.iter().all(|end| *end == usual) {
            return glue(lines, std::iter::repeat(usual));
        }
        glue(lines, self.mixed_ends(lines, usual).into_iter())
    }

    /// Line ends of a text that has both kinds.
    fn mixed_ends(&self, lines: &[String], usual: LineEnd) -> Vec<LineEnd> {
        #[expect(
            clippy::disallowed_methods,
            reason = "a bound for a diff, nothing is measured"
        )]
        let deadline = std::time::Instant::now() + PATIENCE;
        let (old, new) = (self.saved.as_slice(), lines);
        let ops = similar::capture_diff_slices_deadline(Algorithm::Myers, old, new, Some(deadline));
        let mut ends = Vec::with_capacity(lines.len());
        for op in &ops {
            let (_, old, new) = op.as_tag_tuple();
            for index in 0..new.len() {
                // A line that was changed ends as the one before it did at its place.
                let before = match op.tag() {
                    DiffTag::Equal | DiffTag::Replace if index < old.len() => {
                        Some(old.start + index)
                    }
                    _ => None,
                };
                let known = before.and_then(|line| self.ends.get(line));
                let last = ends.last().copied();
                ends.push(known.copied().or(last).unwrap_or(usual));
            }
        }
        ends
    }

    /// What was written is on the disk now.
    pub(super) fn was_saved(&mut self, content: &str) {
        (self.saved, self.ends) = split(content);
        self.is_modified = self.saved != self.area.lines();
    }

    /// The file holds another text now, and nothing of the user's is in the way.
    pub(super) fn reload(&mut self, text: &str) {
        let (line, character) = self.cursor();
        let generation = self.generation + 1;
        *self = Self::new(text);
        self.generation = generation;
        self.jump(line, character);
    }

    /// Takes another text in, as one change that can be undone.
    pub(super) fn take_in(&mut self, text: &str) {
        let (lines, _) = split(text);
        if lines == self.area.lines() {
            return;
        }
        let (line, character) = self.cursor();
        self.area.select_all();
        let count = usize::from(
            self.area
                .selection_range()
                .is_some_and(|(from, to)| from != to),
        );
        let deleted = if count == 1 {
            self.area.delete_char()
        } else {
            false
        };
        let inserted = self.area.insert_str(lines.join("\n"));
        if self.area.lines() == lines {
            self.changed(usize::from(deleted) + usize::from(inserted), false);
        } else {
            // The text area does not take every character by this way.
            self.area = area(lines);
            self.done.clear();
            self.changed(0, false);
        }
        self.jump(line, character);
    }

    /// A key that edits or moves.
    pub(super) fn key(&mut self, key: KeyEvent) {
        let plain = !key
            .modifiers
            .intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        let inserts = plain && matches!(key.code, KeyCode::Char(_) | KeyCode::Enter | KeyCode::Tab);
        let replaced = inserts && self.selection().is_some() && self.area.delete_char();
        let changed = self.area.input(key);
        let count = usize::from(replaced) + usize::from(changed);
        let is_word = plain && matches!(key.code, KeyCode::Char(c) if !c.is_whitespace());
        if count > 0 {
            self.changed(count, is_word && self.joins && !replaced);
        }
        self.joins = is_word;
    }

    /// Text that was pasted: one change.
    pub(super) fn paste(&mut self, text: &str) {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let replaced = self.selection().is_some() && self.area.delete_char();
        let inserted = self.area.insert_str(text);
        self.step(usize::from(replaced) + usize::from(inserted));
    }

    /// Puts in what was cut or copied last.
    pub(super) fn put(&mut self) {
        let replaced = self.selection().is_some() && self.area.delete_char();
        let inserted = self.area.paste();
        self.step(usize::from(replaced) + usize::from(inserted));
    }

    /// Copies what is selected; gives it.
    pub(super) fn copy(&mut self) -> Option<String> {
        let selection = self.selection()?;
        self.area.copy();
        // Copying changes nothing, not even the selection.
        self.select(selection);
        Some(self.area.yank_text())
    }

    /// Cuts what is selected; gives it.
    pub(super) fn cut(&mut self) -> Option<String> {
        self.selection()?;
        let cut = self.area.cut();
        self.step(usize::from(cut));
        Some(self.area.yank_text())
    }

    pub(super) fn select_all(&mut self) {
        self.area.select_all();
    }

    /// Selects from one place to another; the cursor is at the second.
    pub(super) fn select(&mut self, (from, to): ((usize, usize), (usize, usize))) {
        self.jump(from.0, from.1);
        self.area.start_selection();
        self.area.move_cursor(jump(to.0, to.1));
    }

    /// Goes on with a selection, or begins one, up to this place.
    pub(super) fn select_to(&mut self, line: usize, character: usize) {
        if !self.area.is_selecting() {
            self.area.start_selection();
        }
        self.area.move_cursor(jump(line, character));
    }

    /// Goes to a place; nothing is selected then.
    pub(super) fn jump(&mut self, line: usize, character: usize) {
        self.joins = false;
        self.area.cancel_selection();
        self.area.move_cursor(jump(line, character));
    }

    /// Takes the last group of changes back. Whether there was one.
    pub(super) fn undo(&mut self) -> bool {
        let Some(count) = self.done.pop() else {
            return false;
        };
        for _ in 0..count {
            self.area.undo();
        }
        self.undone.push(count);
        self.joins = false;
        self.touched();
        true
    }

    /// Does again what was undone last. Whether there was something.
    pub(super) fn redo(&mut self) -> bool {
        let Some(count) = self.undone.pop() else {
            return false;
        };
        for _ in 0..count {
            self.area.redo();
        }
        self.done.push(count);
        self.joins = false;
        self.touched();
        true
    }

    /// Changes that are a group by themselves.
    fn step(&mut self, count: usize) {
        if count > 0 {
            self.changed(count, false);
        }
        self.joins = false;
    }

    fn changed(&mut self, count: usize, joins: bool) {
        match self.done.last_mut() {
            Some(last) if joins => *last += count,
            _ if count > 0 => self.done.push(count),
            _ => {}
        }
        self.undone.clear();
        self.touched();
    }

    /// The text is another one.
    fn touched(&mut self) {
        self.generation += 1;
        self.is_modified = self.saved != self.area.lines();
    }

    /// The text for lint: as it would be read from the disk.
    pub(super) fn bytes(&self) -> Arc<[u8]> {
        self.content().into_bytes().into()
    }
}

fn jump(line: usize, character: usize) -> CursorMove {
    let fit = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
    CursorMove::Jump(fit(line), fit(character))
}

fn area(lines: Vec<String>) -> TextArea<'static> {
    let mut area = TextArea::new(lines);
    area.set_max_histories(HISTORY);
    area.set_tab_length(2);
    area
}

/// Lines, and what stands between them.
fn split(text: &str) -> (Vec<String>, Vec<LineEnd>) {
    let mut lines = Vec::new();
    let mut ends = Vec::new();
    let mut rest = text;
    while let Some((line, tail)) = rest.split_once('\n') {
        let (line, end) = match line.strip_suffix('\r') {
            Some(line) => (line, LineEnd::CrLf),
            None => (line, LineEnd::Lf),
        };
        lines.push(line.to_owned());
        ends.push(end);
        rest = tail;
    }
    lines.push(rest.to_owned());
    (lines, ends)
}

fn glue(lines: &[String], mut ends: impl Iterator<Item = LineEnd>) -> String {
    let mut text = String::with_capacity(lines.iter().map(|line| line.len() + 2).sum());
    for (index, line) in lines.iter().enumerate() {
        text.push_str(line);
        if index + 1 < lines.len() {
            text.push_str(ends.next().unwrap_or(LineEnd::Lf).as_str());
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn typed(buffer: &mut Buffer, text: &str) {
        for c in text.chars() {
            buffer.key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE));
        }
    }

    fn text(buffer: &Buffer) -> String {
        buffer.area.lines().join("\n")
    }

    #[test]
    fn a_line_of_a_file_with_carriage_returns_changes_alone() {
        let mut buffer = Buffer::new("one\r\ntwo\r\nthree\r\n");
        buffer.jump(1, 3);
        typed(&mut buffer, "!");
        assert_eq!(buffer.content(), "one\r\ntwo!\r\nthree\r\n");
        buffer.key(KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE));
        assert_eq!(buffer.content(), "one\r\ntwo!\r\n\r\nthree\r\n");
    }

    #[test]
    fn mixed_line_ends_stay_with_their_lines() {
        let mut buffer = Buffer::new("a\r\nb\nc\r\nd");
        buffer.jump(0, 0);
        buffer.key(KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE));
        buffer.jump(2, 1);
        typed(&mut buffer, "x");
        let content = buffer.content();
        assert!(content.ends_with("a\r\nbx\nc\r\nd"), "{content:?}");
    }

    #[test]
    fn a_word_is_undone_at_once_and_done_again() {
        let mut buffer = Buffer::new("");
        typed(&mut buffer, "one two");
        assert!(buffer.is_modified());
        assert!(buffer.undo());
        assert_eq!(text(&buffer), "one ");
        assert!(buffer.undo() && buffer.undo());
        assert_eq!(text(&buffer), "");
        assert!(!buffer.undo() && !buffer.is_modified());
        assert!(buffer.redo() && buffer.redo() && buffer.redo() && !buffer.redo());
        assert_eq!(text(&buffer), "one two");
    }

    #[test]
    fn a_selection_that_is_typed_over_comes_back_whole() {
        let mut buffer = Buffer::new("one\ntwo\nthree");
        buffer.select(((0, 1), (2, 2)));
        typed(&mut buffer, "X");
        assert_eq!(text(&buffer), "oXree");
        assert!(buffer.undo());
        assert_eq!(text(&buffer), "one\ntwo\nthree");
        buffer.select(((0, 0), (1, 0)));
        assert_eq!(buffer.copy().as_deref(), Some("one\n"));
        assert!(buffer.selection().is_some());
        assert_eq!(buffer.cut().as_deref(), Some("one\n"));
        buffer.put();
        assert_eq!(text(&buffer), "one\ntwo\nthree");
    }

    #[test]
    fn what_another_program_made_of_it_is_one_change() {
        let mut buffer = Buffer::new("one\ntwo\n");
        typed(&mut buffer, "zero ");
        buffer.take_in("quite\nanother\ntext\n");
        assert_eq!(text(&buffer), "quite\nanother\ntext\n");
        assert!(buffer.undo());
        assert_eq!(text(&buffer), "zero one\ntwo\n");
        buffer.take_in("a\rb\r\r\n");
        assert_eq!(buffer.content(), "a\rb\r\n");
    }

    proptest! {
        #[test]
        fn what_nobody_touched_is_written_as_it_was_read(text in "([a-z\u{feff}\u{202e}\t漢]|\r|\n|\r\n){0,40}") {
            let buffer = Buffer::new(&text);
            prop_assert_eq!(buffer.content(), text);
            prop_assert!(!buffer.is_modified());
        }

        #[test]
        fn everything_can_be_undone(
            text in "([a-c ]|\n|\r\n){0,20}",
            keys in proptest::collection::vec(0..12_usize, 0..40),
        ) {
            let mut buffer = Buffer::new(&text);
            for key in keys {
                let press = |code, modifiers| KeyEvent::new(code, modifiers);
                let (none, shift, control) = (KeyModifiers::NONE, KeyModifiers::SHIFT, KeyModifiers::CONTROL);
                match key {
                    0 => buffer.key(press(KeyCode::Char('x'), none)),
                    1 => buffer.key(press(KeyCode::Enter, none)),
                    2 => buffer.key(press(KeyCode::Backspace, none)),
                    3 => buffer.key(press(KeyCode::Right, shift)),
                    4 => buffer.key(press(KeyCode::Down, shift)),
                    5 => buffer.key(press(KeyCode::Char('k'), control)),
                    6 => buffer.key(press(KeyCode::Char('w'), control)),
                    7 => buffer.paste("p\r\nq"),
                    8 => drop(buffer.cut()),
                    9 => buffer.put(),
                    10 => buffer.key(press(KeyCode::Tab, none)),
                    _ => buffer.key(press(KeyCode::Left, none)),
                }
            }
            let last = super::tests::text(&buffer);
            let mut steps = 0;
            while buffer.undo() {
                steps += 1;
            }
            prop_assert_eq!(buffer.content(), text);
            for _ in 0..steps {
                buffer.redo();
            }
            prop_assert_eq!(super::tests::text(&buffer), last);
        }
    }
}
