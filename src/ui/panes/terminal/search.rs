//! What is looked for in copy mode, and where it is. The rows are gone through from the last to the first, a few at a time.

use regex::Regex;

use super::selection::LINE_ROWS;
use super::sheet::{Joined, Point, Sheet};
use crate::ui::needle;
use crate::ui::panes::transcript::Toward;

/// So many places are remembered: one letter may be everywhere.
const MOST: usize = 100_000;
/// So many rows are gone through at once.
const SLICE: u64 = 64;
/// So many are gone through before a key is answered.
pub(super) const AT_ONCE: u64 = 512;

/// Where something was found: its first cell, and the one behind it in its last row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Match {
    pub(super) start: Point,
    pub(super) end: Point,
}

/// Somewhere to go as soon as it is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Jump {
    from: Point,
    toward: Toward,
    count: u32,
}

/// What came of a jump.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// It is not known yet.
    NotYet,
    /// Nothing is there.
    Nothing,
    /// There; `true` when it began anew from the other end.
    At(Match, bool),
}

/// See the module.
#[derive(Debug)]
pub(super) struct Search {
    words: String,
    pattern: Option<Regex>,
    pub(super) toward: Toward,
    /// Where the cursor was before.
    pub(super) origin: Point,
    /// The last one first.
    matches: Vec<Match>,
    /// The rows from this one on have been gone through.
    reached: u64,
    is_complete: bool,
    jump: Option<Jump>,
    /// The one that was gone to.
    pub(super) current: Option<Match>,
    line: Joined,
}

impl Search {
    pub(super) fn new(toward: Toward, origin: Point) -> Self {
        Self {
            words: String::new(),
            pattern: None,
            toward,
            origin,
            matches: Vec::new(),
            reached: 0,
            is_complete: true,
            jump: None,
            current: None,
            line: Joined::default(),
        }
    }

    /// Looks for something else, from where it began.
    pub(super) fn set(&mut self, words: &str, sheet: &Sheet<'_>) {
        if words == self.words && self.reached > 0 {
            return;
        }
        words.clone_into(&mut self.words);
        self.pattern = needle::pattern(words);
        self.begin(sheet);
        if self.pattern.is_some() {
            self.go(self.origin, self.toward, 1);
        }
    }

    /// Goes through all rows anew.
    pub(super) fn begin(&mut self, sheet: &Sheet<'_>) {
        self.matches.clear();
        self.current = None;
        self.jump = None;
        self.reached = sheet.end();
        self.is_complete = self.pattern.is_none();
    }

    /// Whether there are rows to go through.
    pub(super) fn is_at_work(&self) -> bool {
        !self.is_complete
    }

    /// Goes through some rows.
    pub(super) fn work(&mut self, sheet: &Sheet<'_>) {
        let least = self.reached.saturating_sub(SLICE);
        while !self.is_complete {
            if self.reached <= sheet.first() || self.matches.len() >= MOST {
                self.is_complete = true;
                return;
            }
            if self.reached <= least {
                return;
            }
            let last = self.reached - 1;
            let start = sheet.line_start(last, LINE_ROWS);
            let from = self.matches.len();
            find(
                &mut self.line,
                self.pattern.as_ref(),
                sheet,
                start,
                last,
                &mut self.matches,
            );
            if let Some(found) = self.matches.get_mut(from..) {
                found.reverse();
            }
            self.reached = start;
        }
    }

    /// Wants to go to a match.
    pub(super) fn go(&mut self, from: Point, toward: Toward, count: u32) {
        self.jump = Some(Jump {
            from,
            toward,
            count: count.max(1),
        });
    }

    /// Where to go, once it is known.
    pub(super) fn arrive(&mut self) -> Found {
        let Some(mut jump) = self.jump else {
            return Found::NotYet;
        };
        let mut wrapped = false;
        loop {
            let (found, is_anew) = match self.next(jump.from, jump.toward) {
                Found::At(found, is_anew) => (found, is_anew),
                Found::Nothing => {
                    self.jump = None;
                    return Found::Nothing;
                }
                Found::NotYet => {
                    self.jump = Some(jump);
                    return Found::NotYet;
                }
            };
            wrapped |= is_anew;
            jump.from = found.start;
            jump.count -= 1;
            if jump.count == 0 {
                self.jump = None;
                self.current = Some(found);
                return Found::At(found, wrapped);
            }
        }
    }

    fn next(&self, from: Point, toward: Toward) -> Found {
        let matches = &self.matches;
        let near = match toward {
            Toward::Back => {
                let index = matches.partition_point(|found| found.start >= from);
                matches.get(index)
            }
            Toward::Forth if self.is_complete || self.reached <= from.row => {
                let index = matches.partition_point(|found| found.start > from);
                index.checked_sub(1).and_then(|index| matches.get(index))
            }
            Toward::Forth => return Found::NotYet,
        };
        if let Some(found) = near {
            return Found::At(*found, false);
        }
        if !self.is_complete {
            return Found::NotYet;
        }
        let anew = match toward {
            Toward::Back => matches.first(),
            Toward::Forth => matches.last(),
        };
        anew.map_or(Found::Nothing, |found| Found::At(*found, true))
    }

    /// `3 of 41`.
    pub(super) fn count(&self) -> String {
        let count = self.matches.len();
        if self.pattern.is_none() {
            return String::new();
        }
        if count >= MOST {
            return format!("more than {MOST} found");
        }
        if !self.is_complete {
            return format!("{count} so far");
        }
        if count == 0 {
            return "not found".to_owned();
        }
        let at = self.current.and_then(|current| {
            let index = matches_index(&self.matches, current)?;
            Some(count - index)
        });
        match at {
            Some(number) => format!("{number} of {count}"),
            None => format!("{count} found"),
        }
    }

    /// What is to be marked in these rows.
    pub(super) fn visible(&self, sheet: &Sheet<'_>, rows: std::ops::Range<u64>) -> Vec<Match> {
        let mut found = Vec::new();
        let mut line = Joined::default();
        let Some(pattern) = &self.pattern else {
            return found;
        };
        let mut row = sheet.line_start(rows.start.max(sheet.first()), LINE_ROWS);
        while row < rows.end.min(sheet.end()) {
            let last = sheet.line_end(row, LINE_ROWS);
            find(&mut line, Some(pattern), sheet, row, last, &mut found);
            row = last + 1;
        }
        found
    }
}

fn matches_index(matches: &[Match], wanted: Match) -> Option<usize> {
    let index = matches.partition_point(|found| found.start > wanted.start);
    (matches.get(index)?.start == wanted.start).then_some(index)
}

/// Finds all places in a line, from its beginning on.
fn find(
    line: &mut Joined,
    pattern: Option<&Regex>,
    sheet: &Sheet<'_>,
    start: u64,
    last: u64,
    found: &mut Vec<Match>,
) {
    let Some(pattern) = pattern else { return };
    line.read(sheet, start..=last);
    let mut at = 0;
    while let Some(range) = pattern.find_at(&line.text, at).map(|found| found.range()) {
        if range.is_empty() || found.len() >= MOST {
            return;
        }
        at = range.end;
        let start = line.point(sheet, range.start);
        let end = line.behind(sheet, range.end - 1);
        found.push(Match { start, end });
    }
}
