//! How copy mode's cursor moves, as in vi. Words, and what is found by a character, go on where the terminal wrapped a line.

use super::sheet::{Point, Row, Sheet};
use crate::ui::action::Action;

/// How many rows are looked through for a bracket.
const BRACKET_ROWS: u64 = 2_000;

/// Where a word begins or ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Next,
    Previous,
    End,
}

/// A search for a character in the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hunt {
    pub(super) is_back: bool,
    /// Whether the cursor stays before what was found.
    pub(super) is_till: bool,
}

impl Hunt {
    pub(super) fn of(action: Action) -> Option<Self> {
        let (is_back, is_till) = match action {
            Action::FindCharacter => (false, false),
            Action::FindCharacterBack => (true, false),
            Action::TillCharacter => (false, true),
            Action::TillCharacterBack => (true, true),
            _ => return None,
        };
        Some(Self { is_back, is_till })
    }

    pub(super) fn reversed(self) -> Self {
        Self {
            is_back: !self.is_back,
            ..self
        }
    }
}

/// What a character is to a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Blank,
    Letters,
    Signs,
}

/// A place that goes through the cells.
struct Walker<'a> {
    sheet: Sheet<'a>,
    number: u64,
    row: Row,
    index: usize,
}

/// What lay between a cell and the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Nothing.
    Beside,
    /// The end of a line.
    Line,
    /// There is no next.
    End,
}

impl<'a> Walker<'a> {
    fn new(sheet: Sheet<'a>, at: Point) -> Self {
        let row = sheet.row(at.row);
        let index = row.index(at.column);
        Self {
            sheet,
            number: at.row,
            row,
            index,
        }
    }

    fn point(&self) -> Point {
        Point {
            row: self.number,
            column: self.row.column(self.index),
        }
    }

    fn class(&self, is_big: bool) -> Class {
        match self.row.character(self.index) {
            None => Class::Blank,
            Some(c) if c.is_whitespace() => Class::Blank,
            Some(c) if is_big || c.is_alphanumeric() || c == '_' => Class::Letters,
            Some(_) => Class::Signs,
        }
    }

    fn forth(&mut self) -> Step {
        if self.index + 1 < self.row.len() {
            self.index += 1;
            return Step::Beside;
        }
        if self.number + 1 >= self.sheet.end() {
            return Step::End;
        }
        let was_wrapped = self.row.is_wrapped;
        self.number += 1;
        self.sheet.read(self.number, &mut self.row);
        self.index = 0;
        if was_wrapped {
            Step::Beside
        } else {
            Step::Line
        }
    }

    fn back(&mut self) -> Step {
        if self.index > 0 {
            self.index -= 1;
            return Step::Beside;
        }
        if self.number <= self.sheet.first() {
            return Step::End;
        }
        self.number -= 1;
        self.sheet.read(self.number, &mut self.row);
        self.index = self.row.len().saturating_sub(1);
        if self.row.is_wrapped {
            Step::Beside
        } else {
            Step::Line
        }
    }

    /// `w`, `b` and `e`.
    fn word(&mut self, word: Word, is_big: bool) {
        match word {
            Word::Next => self.next_word(is_big),
            Word::Previous => self.edge(is_big, Self::back, Self::forth),
            Word::End => self.edge(is_big, Self::forth, Self::back),
        }
    }

    fn next_word(&mut self, is_big: bool) {
        let mut class = self.class(is_big);
        loop {
            match self.forth() {
                Step::End => return,
                // An empty line is a word.
                Step::Line if self.row.len() == 0 => return,
                Step::Line => class = Class::Blank,
                Step::Beside => {}
            }
            let next = self.class(is_big);
            if next != Class::Blank && next != class {
                return;
            }
            class = next;
        }
    }

    /// To the last cell of a word in one direction.
    fn edge(
        &mut self,
        is_big: bool,
        go: impl Fn(&mut Self) -> Step,
        back: impl Fn(&mut Self) -> Step,
    ) {
        loop {
            if go(self) == Step::End {
                return;
            }
            if self.class(is_big) != Class::Blank {
                break;
            }
        }
        let class = self.class(is_big);
        loop {
            match go(self) {
                Step::End => return,
                Step::Beside if self.class(is_big) == class => {}
                Step::Beside | Step::Line => {
                    let _it_came_from_there = back(self);
                    return;
                }
            }
        }
    }

    /// Looks for a character in the line. Whether it is there.
    fn hunt(&mut self, hunt: Hunt, wanted: char, skips: bool) -> bool {
        let mut steps = 0;
        loop {
            let step = if hunt.is_back {
                self.back()
            } else {
                self.forth()
            };
            if step != Step::Beside {
                return false;
            }
            steps += 1;
            // What is repeated must not stay before the one that it stands before already.
            if self.row.character(self.index) == Some(wanted) && !(skips && steps == 1) {
                break;
            }
        }
        if hunt.is_till {
            let _it_came_from_there = if hunt.is_back {
                self.forth()
            } else {
                self.back()
            };
        }
        true
    }

    /// Goes to the bracket that belongs to this one, or to the next one in the row.
    fn bracket(&mut self) -> bool {
        const PAIRS: [(char, char); 4] = [('(', ')'), ('[', ']'), ('{', '}'), ('<', '>')];
        let start = (self.number, self.index);
        let found = loop {
            let c = self.row.character(self.index);
            let pair = PAIRS
                .iter()
                .find(|(open, close)| c == Some(*open) || c == Some(*close));
            if let Some(pair) = pair {
                break Some((*pair, c == Some(pair.0)));
            }
            if self.index + 1 >= self.row.len() {
                break None;
            }
            self.index += 1;
        };
        let Some(((open, close), is_open)) = found else {
            self.index = start.1;
            return false;
        };
        let (own, other) = if is_open {
            (open, close)
        } else {
            (close, open)
        };
        let mut depth = 1;
        while self.number.abs_diff(start.0) <= BRACKET_ROWS {
            let step = if is_open { self.forth() } else { self.back() };
            if step == Step::End {
                return false;
            }
            match self.row.character(self.index) {
                Some(c) if c == own => depth += 1,
                Some(c) if c == other => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return true;
            }
        }
        false
    }
}

/// Where a motion leads that goes through the text; `None` for actions that aren't such a motion.
pub(super) fn through(sheet: Sheet<'_>, from: Point, action: Action, count: u32) -> Option<Point> {
    let (word, is_big) = match action {
        Action::NextWord => (Word::Next, false),
        Action::NextBigWord => (Word::Next, true),
        Action::PreviousWord => (Word::Previous, false),
        Action::PreviousBigWord => (Word::Previous, true),
        Action::WordEnd => (Word::End, false),
        Action::BigWordEnd => (Word::End, true),
        Action::CursorLeft | Action::CursorRight => {
            return Some(beside(&sheet, from, action, count));
        }
        Action::NextParagraph | Action::PreviousParagraph => {
            return Some(paragraph(sheet, from, action, count));
        }
        Action::MatchingBracket => {
            let mut walker = Walker::new(sheet, from);
            return Some(if walker.bracket() {
                walker.point()
            } else {
                from
            });
        }
        _ => return None,
    };
    let mut walker = Walker::new(sheet, from);
    for _ in 0..count {
        let before = walker.point();
        walker.word(word, is_big);
        if walker.point() == before {
            break;
        }
    }
    Some(walker.point())
}

/// `f`, `F`, `t` and `T`.
pub(super) fn hunt(
    sheet: Sheet<'_>,
    from: Point,
    (hunt, wanted): (Hunt, char),
    count: u32,
    is_repeated: bool,
) -> Point {
    let mut walker = Walker::new(sheet, from);
    for time in 0..count {
        let skips = hunt.is_till && (is_repeated || time > 0);
        if !walker.hunt(hunt, wanted, skips) {
            return from;
        }
    }
    walker.point()
}

fn beside(sheet: &Sheet<'_>, from: Point, action: Action, count: u32) -> Point {
    let row = sheet.row(from.row);
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let index = row.index(from.column);
    let index = match action {
        Action::CursorLeft => index.saturating_sub(count),
        _ => index.saturating_add(count),
    };
    Point {
        row: from.row,
        column: row.column(index),
    }
}

fn paragraph(sheet: Sheet<'_>, from: Point, action: Action, count: u32) -> Point {
    let is_forth = action == Action::NextParagraph;
    let (first, last) = (sheet.first(), sheet.end() - 1);
    let mut row = Row::default();
    let mut number = from.row;
    for _ in 0..count {
        let mut was_text = false;
        loop {
            let end = if is_forth { last } else { first };
            if number == end {
                break;
            }
            sheet.read(number, &mut row);
            was_text |= !row.is_blank();
            number = if is_forth { number + 1 } else { number - 1 };
            sheet.read(number, &mut row);
            if row.is_blank() && was_text {
                break;
            }
        }
    }
    sheet.read(number, &mut row);
    let at_end = is_forth && number == last && !row.is_blank();
    let column = if at_end { row.column(usize::MAX) } else { 0 };
    Point {
        row: number,
        column,
    }
}

/// Where the text of a row begins.
pub(super) fn text_start(sheet: &Sheet<'_>, row: u64) -> u16 {
    let row = sheet.row(row);
    let index = (0..row.len()).find(|index| row.character(*index) != Some(' '));
    row.column(index.unwrap_or(0))
}
