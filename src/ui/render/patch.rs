//! A unified diff as rows: what was beside what is, lines paired, the words that differ found.

use std::ops::Range;

use similar::{DiffTag, TextDiff};

use super::diff;
use crate::ui::theme::Role;

/// Words are not compared in longer lines, in bytes.
const LONGEST_PAIR: usize = 600;
/// Lines that share less than this are two lines, not one that changed.
const ALIKE: f32 = 0.4;

/// A line of one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Side {
    /// Its number in the file, where the patch tells it.
    pub(crate) number: Option<usize>,
    /// Without its sign.
    pub(crate) text: String,
    /// Which line of the side's whole text it is, from 0.
    pub(crate) index: usize,
    /// The parts that the other side doesn't have, in bytes; none when nothing or everything differs.
    pub(crate) words: Vec<Range<usize>>,
}

/// A row of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Row {
    /// The name of a file or the head of a hunk.
    Head(String, Role),
    /// A line that is the same on both sides.
    Same(Side, Side),
    /// A line that was, and the one that is instead; one of them at least.
    Changed(Option<Side>, Option<Side>),
}

/// A patch, understood.
#[derive(Debug, Default)]
pub(crate) struct Patch {
    /// In the order of the patch.
    pub(crate) rows: Vec<Row>,
    /// All lines that were, in order: what is to be coloured as code.
    pub(crate) old: String,
    /// All lines that are.
    pub(crate) new: String,
}

impl Patch {
    /// Reads a patch, also one without heads.
    pub(crate) fn parse(patch: &str) -> Self {
        let mut reader = Reader::default();
        for line in patch.lines() {
            reader.line(line);
        }
        reader.flush();
        reader.patch
    }
}

/// Numbers and counts of one side of a hunk.
#[derive(Debug, Default)]
struct Counter {
    number: Option<usize>,
    /// How many lines of the hunk are still to come.
    left: usize,
    lines: usize,
}

impl Counter {
    fn begin(&mut self, range: Option<&str>) {
        let mut words = range
            .and_then(|range| range.get(1..))
            .unwrap_or_default()
            .split(',');
        self.number = words.next().and_then(|word| word.parse().ok());
        let count = words.next().map_or(Ok(1), str::parse);
        self.left = count.unwrap_or(0);
    }

    fn side(&mut self, text: &str, whole: &mut String) -> Side {
        let side = Side {
            number: self.number,
            text: text.to_owned(),
            index: self.lines,
            words: Vec::new(),
        };
        whole.push_str(text);
        whole.push('\n');
        self.lines += 1;
        self.left = self.left.saturating_sub(1);
        if let Some(number) = &mut self.number {
            *number += 1;
        }
        side
    }
}

#[derive(Debug, Default)]
struct Reader {
    patch: Patch,
    old: Counter,
    new: Counter,
    removed: Vec<Side>,
    added: Vec<Side>,
}

impl Reader {
    fn line(&mut self, line: &str) {
        let in_hunk = self.old.left > 0 || self.new.left > 0;
        let role = diff::role(line);
        if !in_hunk && matches!(role, Role::DiffFile | Role::DiffHunk) {
            self.flush();
            if role == Role::DiffHunk {
                let mut words = line.split_whitespace().skip(1);
                self.old.begin(words.next());
                self.new.begin(words.next());
            }
            self.patch.rows.push(Row::Head(line.to_owned(), role));
            return;
        }
        match line.split_at_checked(1) {
            Some(("-", text)) => {
                if !self.added.is_empty() {
                    self.flush();
                }
                let side = self.old.side(text, &mut self.patch.old);
                self.removed.push(side);
            }
            Some(("+", text)) => {
                let side = self.new.side(text, &mut self.patch.new);
                self.added.push(side);
            }
            Some(("\\", _)) => self.patch_note(line),
            split => {
                self.flush();
                let text = match split {
                    Some((" ", text)) => text,
                    _ => line,
                };
                let old = self.old.side(text, &mut self.patch.old);
                let new = self.new.side(text, &mut self.patch.new);
                self.patch.rows.push(Row::Same(old, new));
            }
        }
    }

    /// `\ No newline at end of file`.
    fn patch_note(&mut self, line: &str) {
        self.flush();
        self.patch.rows.push(Row::Head(line.to_owned(), Role::Dim));
    }

    /// Pairs the lines of a change.
    fn flush(&mut self) {
        let mut removed = std::mem::take(&mut self.removed).into_iter();
        let mut added = std::mem::take(&mut self.added).into_iter();
        loop {
            let (mut old, mut new) = (removed.next(), added.next());
            if old.is_none() && new.is_none() {
                return;
            }
            if let (Some(old), Some(new)) = (&mut old, &mut new) {
                (old.words, new.words) = words(&old.text, &new.text);
            }
            self.patch.rows.push(Row::Changed(old, new));
        }
    }
}

/// The parts of two lines that differ. None where the lines have little in common.
fn words(old: &str, new: &str) -> (Vec<Range<usize>>, Vec<Range<usize>>) {
    if old.len() > LONGEST_PAIR || new.len() > LONGEST_PAIR {
        return Default::default();
    }
    let compared = TextDiff::from_unicode_words(old, new);
    if compared.ratio() < ALIKE {
        return Default::default();
    }
    let places = |pieces: &[&str]| {
        let mut at = 0;
        let mut places = vec![0];
        for piece in pieces {
            at += piece.len();
            places.push(at);
        }
        places
    };
    let old_places = places(compared.old_slices());
    let new_places = places(compared.new_slices());
    let mut found = (Vec::new(), Vec::new());
    let put = |into: &mut Vec<Range<usize>>, places: &[usize], pieces: Range<usize>| {
        if let (Some(start), Some(end)) = (places.get(pieces.start), places.get(pieces.end))
            && start < end
        {
            into.push(*start..*end);
        }
    };
    for change in compared.ops() {
        let (tag, before, after) = change.as_tag_tuple();
        if tag != DiffTag::Equal {
            put(&mut found.0, &old_places, before);
            put(&mut found.1, &new_places, after);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(side: &Side) -> Vec<&str> {
        side.words
            .iter()
            .map(|range| &side.text[range.clone()])
            .collect()
    }

    #[test]
    fn lines_are_paired_and_their_words_compared() {
        let patch = Patch::parse(
            "--- a/x\n+++ b/x\n@@ -3,3 +3,4 @@ fn x\n same\n-let a = read(file);\n+let a = read(path);\n+more\n--- not a head\n",
        );
        assert!(matches!(&patch.rows[2], Row::Head(_, Role::DiffHunk)));
        let Row::Changed(Some(old), Some(new)) = &patch.rows[4] else {
            panic!("{:?}", patch.rows);
        };
        assert_eq!((old.number, new.number), (Some(4), Some(4)));
        assert_eq!((parts(old), parts(new)), (vec!["file"], vec!["path"]));
        assert!(matches!(&patch.rows[5], Row::Changed(None, Some(new)) if new.text == "more"));
        // The counts of the hunk tell that this is a line, not a file's name.
        assert!(
            matches!(&patch.rows[6], Row::Changed(Some(old), None) if old.text == "-- not a head")
        );
        assert_eq!(patch.old, "same\nlet a = read(file);\n-- not a head\n");
        assert_eq!(patch.new.lines().count(), 3);
    }

    #[test]
    fn lines_that_share_nothing_have_no_words() {
        let patch = Patch::parse("-alpha beta\n+gamma delta epsilon\n context\n");
        let Row::Changed(Some(old), Some(new)) = &patch.rows[0] else {
            panic!("{:?}", patch.rows);
        };
        assert!(old.words.is_empty() && new.words.is_empty());
        assert_eq!(old.number, None);
    }
}
