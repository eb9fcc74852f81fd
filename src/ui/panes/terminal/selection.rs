//! What is selected in copy mode: characters, lines or a block; and its text.

use std::ops::Range;

use super::sheet::{Joined, Point, Row, Sheet};

/// How far a line is looked through: a program may write a megabyte without an end of a line.
pub(super) const LINE_ROWS: u64 = 500;

/// What is selected between two places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Everything from the one to the other.
    Characters,
    /// All lines that they are in.
    Lines,
    /// The columns between them, in each row.
    Block,
}

/// A selection; its other end is the cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Selection {
    pub(super) anchor: Point,
    pub(super) shape: Shape,
}

/// What a selection covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Covered {
    from: Point,
    to: Point,
    /// The columns of a block.
    block: Option<(u16, u16)>,
}

impl Selection {
    /// What lies between it and the cursor.
    pub(super) fn covers(&self, sheet: &Sheet<'_>, cursor: Point) -> Covered {
        let (anchor, cursor) = (sheet.clamp(self.anchor), sheet.clamp(cursor));
        let (mut from, mut to) = (anchor.min(cursor), anchor.max(cursor));
        let mut block = None;
        match self.shape {
            Shape::Characters => {}
            Shape::Lines => {
                from = Point {
                    row: sheet.line_start(from.row, LINE_ROWS),
                    column: 0,
                };
                to = Point {
                    row: sheet.line_end(to.row, LINE_ROWS),
                    column: u16::MAX,
                };
            }
            Shape::Block => {
                let columns = [anchor.column, cursor.column];
                let left = columns.into_iter().min().unwrap_or(0);
                // A wide character at the right belongs to it as a whole.
                let right = [anchor, cursor]
                    .map(|point| sheet.row(point.row).behind(point.column))
                    .into_iter()
                    .max()
                    .unwrap_or(left);
                block = Some((left, right));
            }
        }
        Covered { from, to, block }
    }
}

impl Covered {
    /// How many rows it has.
    pub(super) fn rows(&self) -> u64 {
        self.to.row - self.from.row + 1
    }

    /// Which columns of a row belong to it.
    pub(super) fn columns(&self, number: u64, row: &Row) -> Option<Range<u16>> {
        if !(self.from.row..=self.to.row).contains(&number) {
            return None;
        }
        if let Some((left, right)) = self.block {
            let left = row.snapped(left);
            return Some(left..row.behind(right.saturating_sub(1)).max(left));
        }
        let from = if number == self.from.row {
            row.snapped(self.from.column)
        } else {
            0
        };
        let to = if number == self.to.row {
            row.behind(self.to.column)
        } else {
            u16::MAX
        };
        Some(from..to)
    }

    /// Its text: rows that the terminal wrapped are one line, and blanks at the end of a line are left out.
    pub(super) fn text(&self, sheet: &Sheet<'_>) -> String {
        let mut text = String::new();
        let mut row = Row::default();
        for number in self.from.row..=self.to.row {
            sheet.read(number, &mut row);
            let Some(columns) = self.columns(number, &row) else {
                continue;
            };
            for (index, place) in row.places().iter().enumerate() {
                let end = place.column + u16::from(place.width);
                if place.column < columns.end && end > columns.start {
                    text.push_str(row.text_at(index));
                }
            }
            let goes_on = row.is_wrapped && self.block.is_none();
            if goes_on {
                // A wide character that had no room left a blank before it.
                let next = (number < self.to.row).then(|| sheet.row(number + 1));
                let is_wide = next.is_some_and(|next| {
                    let first = next.places().first();
                    first.is_some_and(|place| place.width > 1)
                });
                if is_wide && row.text.ends_with(' ') {
                    text.pop();
                }
                continue;
            }
            text.truncate(text.trim_end_matches(' ').len());
            if number < self.to.row {
                text.push('\n');
            }
        }
        text
    }
}

/// Characters that belong to names of files and to addresses, beside letters and digits.
fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || "/-+\\~_.:@%?&=#".contains(c)
}

/// What a double click selects: a name, a path, an address, or signs of one kind. First and last byte in the line's text.
pub(super) fn name_at(text: &str, offset: usize) -> Range<usize> {
    let Some(under) = text.get(offset..).and_then(|rest| rest.chars().next()) else {
        return offset..offset;
    };
    let kind = |c: char| (is_of_name(c), c.is_whitespace());
    let belongs = |c: char| kind(c) == kind(under);
    let before = text.get(..offset).unwrap_or("");
    let start = before
        .char_indices()
        .rev()
        .take_while(|(_, c)| belongs(*c))
        .last()
        .map_or(offset, |(at, _)| at);
    let rest = text.get(start..).unwrap_or("");
    let length = rest.find(|c| !belongs(c)).unwrap_or(rest.len());
    let mut name = rest.get(..length).unwrap_or("");
    if is_of_name(under) {
        // The end of a sentence is no part of a name.
        let trimmed = name.trim_end_matches(['.', ':', '?']);
        if start + trimmed.len() > offset {
            name = trimmed;
        }
    }
    start..start + name.len()
}

/// The places of the name at a place: its first and its last cell.
pub(super) fn name_around(sheet: &Sheet<'_>, at: Point) -> Option<(Point, Point, String)> {
    let mut line = Joined::default();
    let start = sheet.line_start(at.row, LINE_ROWS);
    let end = sheet.line_end(at.row, LINE_ROWS);
    line.read(sheet, start..=end);
    let offset = line.offset(sheet, at);
    let range = name_at(&line.text, offset);
    let name = line.text.get(range.clone())?;
    let last = name.char_indices().last()?.0;
    let name = name.to_owned();
    let from = line.point(sheet, range.start);
    let to = line.point(sheet, range.start + last);
    Some((from, to, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_double_click_takes_names_as_a_whole() {
        for (text, under, name) in [
            ("see src/main.rs:12:5: here", "main", "src/main.rs:12:5"),
            (
                "(https://example.org/a?b=c#d).",
                "example",
                "https://example.org/a?b=c#d",
            ),
            ("It ends here. Or not", "here", "here"),
            ("a-b_c d", "_", "a-b_c"),
            ("x = \"quoted words\";", "quoted", "quoted"),
            ("one   two", "   t", "   "),
            ("fn main() {}", "()", "()"),
            ("user@host:~/dir$ ls", "host", "user@host:~/dir"),
            ("漢字 kana", "字", "漢字"),
            ("...", ".", "..."),
        ] {
            let offset = text.find(under).expect(text);
            let range = name_at(text, offset);
            assert_eq!(text.get(range), Some(name), "{text}");
        }
        assert_eq!(name_at("", 0), 0..0);
        assert_eq!(name_at("ab", 2), 2..2);
    }
}
