//! The lines of a screen, and which of those that a pattern matches are new.

use std::collections::BTreeMap;

use regex::Regex;

use crate::emulator::{Emulator, Line, Place};

/// So many lines of the screen are a turn's last words.
const LAST_LINES: usize = 40;

/// Tells the lines from this row on; what goes on in the next row is one line. Gives the row after the last that was told.
fn visit(emulator: &Emulator, from: u64, to: u64, mut tell: impl FnMut(u64, &str)) {
    let mut row = from;
    let mut line = Line::default();
    while row < to {
        emulator.read_line(row, &mut line);
        // Of a line that began further above only what stands from this row on.
        let start = line.offset(Place { row, column: 0 });
        tell(row, line.text().get(start..).unwrap_or_default().trim_end());
        row = line.rows().end.max(row + 1);
    }
}

/// Whether a line on the screen matches.
pub(super) fn any_on_screen(emulator: &Emulator, pattern: &Regex) -> bool {
    let mut found = false;
    visit(emulator, emulator.top(), emulator.end(), |_, line| {
        found |= pattern.is_match(line);
    });
    found
}

/// The last lines of the screen, without empty ones around them; `None` when there are none.
pub(super) fn screen_text(emulator: &Emulator) -> Option<String> {
    let mut lines = Vec::new();
    visit(emulator, emulator.top(), emulator.end(), |_, line| {
        lines.push(line.to_owned());
    });
    let is_empty = |line: &String| line.is_empty();
    let end = lines.iter().rposition(|line| !is_empty(line))? + 1;
    let begin = lines.iter().position(|line| !is_empty(line)).unwrap_or(0);
    let begin = begin.max(end.saturating_sub(LAST_LINES));
    Some(lines.get(begin..end)?.join("\n"))
}

/// Counts the lines that match, so that what was there before the turn is not taken for its end.
///
/// A program may draw its whole screen anew at any time, so a line is known by its text alone: it is new when there are more of
/// the same than before.
#[derive(Debug)]
pub(super) struct Matches {
    pattern: Regex,
    /// What was typed last: its echo ends nothing.
    typed: String,
    /// How many there were before, by text.
    before: BTreeMap<String, usize>,
    /// Those above the screen since the turn began.
    above: BTreeMap<String, usize>,
    /// Up to this row they are counted in `above`.
    counted: u64,
    /// What is there with the next look is what was there before.
    begins_anew: bool,
}

impl Matches {
    pub(super) fn new(pattern: Regex) -> Self {
        Self {
            pattern,
            typed: String::new(),
            before: BTreeMap::new(),
            above: BTreeMap::new(),
            counted: 0,
            begins_anew: false,
        }
    }

    /// Another program begins.
    pub(super) fn forget(&mut self) {
        *self = Self::new(self.pattern.clone());
    }

    /// This is being typed.
    pub(super) fn typed(&mut self, text: &str) {
        self.typed = words(text);
    }

    /// The turn begins: whatever is on the screen is of before.
    pub(super) fn begin(&mut self, emulator: &Emulator) {
        self.above.clear();
        self.counted = emulator.top();
        self.before = self.count(emulator);
        self.begins_anew = false;
    }

    /// The screen has another size, and is drawn anew for that, maybe with what was above it.
    pub(super) fn resized(&mut self) {
        self.begins_anew = true;
    }

    /// Whether there is a line that was not there before.
    pub(super) fn is_new(&mut self, emulator: &Emulator) -> bool {
        let now = self.count(emulator);
        if std::mem::take(&mut self.begins_anew) {
            self.before = now;
            return false;
        }
        // What has gone may come again.
        self.before.retain(|line, count| {
            *count = (*count).min(now.get(line).copied().unwrap_or(0));
            *count > 0
        });
        now.iter()
            .any(|(line, count)| *count > self.before.get(line).copied().unwrap_or(0))
    }

    /// Those of this turn that are there, by text.
    fn count(&mut self, emulator: &Emulator) -> BTreeMap<String, usize> {
        let (top, end) = (emulator.top(), emulator.end());
        // A program that starts its screen over loses what was above it.
        let from = self.counted.max(emulator.first()).min(top);
        let Self {
            pattern,
            typed,
            above,
            ..
        } = self;
        let matches = |line: &str| {
            let found = pattern.find(line)?;
            // A line of the prompt, as the program shows it; but a line that is nothing but the match may be meant.
            let is_echo = found.as_str().trim() != line.trim() && typed.contains(&words(line));
            (!is_echo).then(|| line.trim().to_owned())
        };
        visit(emulator, from, top, |_, line| {
            if let Some(line) = matches(line) {
                *above.entry(line).or_insert(0) += 1;
            }
        });
        let mut now = above.clone();
        visit(emulator, top, end, |_, line| {
            if let Some(line) = matches(line) {
                *now.entry(line).or_insert(0) += 1;
            }
        });
        self.counted = top;
        now
    }
}

/// A text as its letters and digits, one blank between words: what frames and wrapping leave of it.
fn words(text: &str) -> String {
    let words = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_blank_at_the_end_of_a_row_is_no_end_of_a_word() {
        let mut emulator = Emulator::new(4, 4, 10);
        let feed = |emulator: &mut Emulator, bytes: &[u8]| {
            emulator.feed(bytes);
            emulator.parse(Duration::MAX, || Duration::ZERO);
        };
        feed(&mut emulator, b"abc defg hi\r\nnext");
        let pattern = |text: &str| Regex::new(text).expect("a pattern");
        assert!(any_on_screen(&emulator, &pattern("^abc defg hi$")));
        assert_eq!(screen_text(&emulator).as_deref(), Some("abc defg hi\nnext"));
        // Where the first row has left the screen the rest of the line is there, once.
        feed(&mut emulator, b"\r\nx");
        assert_eq!(screen_text(&emulator).as_deref(), Some("defg hi\nnext\nx"));
    }
}
