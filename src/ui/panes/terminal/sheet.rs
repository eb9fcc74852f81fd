//! What copy mode reads: the screen as it was when copy mode began, and the rows above it, which never change.

use std::ops::Range;

/// A place; in reading order.
pub(super) use crate::emulator::Place as Point;
use crate::emulator::{Cell, CellStyle, Emulator};

/// A cell of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) column: u16,
    pub(super) width: u8,
    /// Where its text begins, in the row's.
    pub(super) start: usize,
    pub(super) style: CellStyle,
}

/// A row with its text. Blanks at its end are no text, unless the text goes on in the next row.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    pub(super) text: String,
    /// All of its cells, from left to right and without a gap; those behind the text have no text.
    places: Vec<Place>,
    /// How many of them have text.
    written: usize,
    pub(super) is_wrapped: bool,
}

impl Row {
    fn read(&mut self, emulator: &Emulator, row: u64) {
        self.text.clear();
        self.places.clear();
        self.is_wrapped = emulator.is_wrapped(row);
        let mut reached = 0;
        let (text, places) = (&mut self.text, &mut self.places);
        emulator.visit(row, |column, cell| {
            while reached < column {
                push(text, places, reached, "", 1, CellStyle::default());
                reached += 1;
            }
            push(text, places, column, cell.text, cell.width, cell.style);
            reached = column.saturating_add(u16::from(cell.width));
        });
        if !self.is_wrapped {
            let length = self.text.trim_end_matches(' ').len();
            self.text.truncate(length);
        }
        let length = self.text.len();
        self.written = self.places.partition_point(|place| place.start < length);
    }

    /// How many cells have text.
    pub(super) fn len(&self) -> usize {
        self.written
    }

    pub(super) fn is_blank(&self) -> bool {
        self.text.trim_start_matches(' ').is_empty()
    }

    /// The cells with text.
    pub(super) fn places(&self) -> &[Place] {
        self.places.get(..self.written).unwrap_or_default()
    }

    /// The text of a cell.
    pub(super) fn text_at(&self, index: usize) -> &str {
        let places = self.places();
        let Some(place) = places.get(index) else {
            return "";
        };
        let end = places
            .get(index + 1)
            .map_or(self.text.len(), |next| next.start);
        self.text.get(place.start..end).unwrap_or("")
    }

    /// The first character of a cell.
    pub(super) fn character(&self, index: usize) -> Option<char> {
        self.text_at(index).chars().next()
    }

    /// The cell with text that lies in this column; else the last one before it.
    pub(super) fn index(&self, column: u16) -> usize {
        let after = self
            .places()
            .partition_point(|place| place.column <= column);
        after.saturating_sub(1)
    }

    /// The first column of a cell; 0 in an empty row.
    pub(super) fn column(&self, index: usize) -> u16 {
        let places = self.places();
        let index = index.min(places.len().saturating_sub(1));
        places.get(index).map_or(0, |place| place.column)
    }

    /// The first column of whatever lies in this column, text or not.
    pub(super) fn snapped(&self, column: u16) -> u16 {
        let after = self.places.partition_point(|place| place.column <= column);
        let place = after
            .checked_sub(1)
            .and_then(|index| self.places.get(index));
        place
            .filter(|place| place.column + u16::from(place.width) > column)
            .map_or(column, |place| place.column)
    }

    /// The column behind whatever lies in this column.
    pub(super) fn behind(&self, column: u16) -> u16 {
        let after = self.places.partition_point(|place| place.column <= column);
        let place = after
            .checked_sub(1)
            .and_then(|index| self.places.get(index));
        let end = place.map_or(0, |place| place.column + u16::from(place.width));
        end.max(column.saturating_add(1))
    }

    /// The column of a byte of the text; the one behind the text for its end.
    pub(super) fn column_of(&self, offset: usize) -> u16 {
        if offset >= self.text.len() {
            let last = self.places().last();
            return last.map_or(0, |place| place.column + u16::from(place.width));
        }
        let after = self.places().partition_point(|place| place.start <= offset);
        self.column(after.saturating_sub(1))
    }

    /// Where the text of the cell in this column begins.
    pub(super) fn offset_of(&self, column: u16) -> usize {
        let places = self.places();
        let index = places.partition_point(|place| place.column + u16::from(place.width) <= column);
        places
            .get(index)
            .map_or(self.text.len(), |place| place.start)
    }

    /// The style of the cell in this column.
    pub(super) fn style(&self, column: u16) -> Option<CellStyle> {
        let places = self.places();
        places.get(self.index(column)).map(|place| place.style)
    }

    fn visit(&self, visit: &mut dyn FnMut(u16, Cell<'_>)) {
        for (index, place) in self.places.iter().enumerate() {
            let text = self.text_at(index);
            let cell = Cell {
                text: if text == " " { "" } else { text },
                width: place.width,
                style: place.style,
            };
            visit(place.column, cell);
        }
    }
}

fn push(
    text: &mut String,
    places: &mut Vec<Place>,
    column: u16,
    cell: &str,
    width: u8,
    style: CellStyle,
) {
    places.push(Place {
        column,
        width,
        start: text.len(),
        style,
    });
    text.push_str(if cell.is_empty() { " " } else { cell });
}

/// The screen as it was.
#[derive(Debug, Default)]
pub(super) struct Frozen {
    top: u64,
    rows: Vec<Row>,
    /// Whether the rows above belong to another screen.
    is_alone: bool,
}

impl Frozen {
    pub(super) fn of(emulator: &Emulator) -> Self {
        Self::rows(emulator, emulator.top()..emulator.end())
    }

    /// A screen that was, from one row to the end of the line that another one begins or goes on.
    pub(super) fn between(emulator: &Emulator, first: u64, last: u64) -> Self {
        if emulator.modes().alternate_screen {
            // Nothing of what was there is kept.
            return Self::of(emulator);
        }
        let mut end = last + 1;
        while end < emulator.end() && emulator.is_wrapped(end - 1) {
            end += 1;
        }
        Self::rows(emulator, first..end)
    }

    fn rows(emulator: &Emulator, numbers: Range<u64>) -> Self {
        let rows = numbers.clone().map(|number| {
            let mut row = Row::default();
            row.read(emulator, number);
            row
        });
        Self {
            top: numbers.start,
            rows: rows.collect(),
            is_alone: emulator.modes().alternate_screen,
        }
    }

    /// Whether the terminal has forgotten rows of it.
    pub(super) fn is_older_than(&self, emulator: &Emulator) -> bool {
        self.top < emulator.first()
    }
}

/// See the module.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sheet<'a> {
    emulator: &'a Emulator,
    frozen: &'a Frozen,
}

impl<'a> Sheet<'a> {
    pub(super) fn new(emulator: &'a Emulator, frozen: &'a Frozen) -> Self {
        Self { emulator, frozen }
    }

    /// The oldest row.
    pub(super) fn first(&self) -> u64 {
        if self.frozen.is_alone {
            return self.frozen.top;
        }
        self.emulator.first().min(self.frozen.top)
    }

    /// The first row of the screen.
    pub(super) fn top(&self) -> u64 {
        self.frozen.top
    }

    /// The row after the last; there is at least one before it.
    pub(super) fn end(&self) -> u64 {
        self.frozen.top + (self.frozen.rows.len() as u64).max(1)
    }

    /// The last row with text; the first of the screen when all of it is empty.
    pub(super) fn last_written(&self) -> u64 {
        let mut rows = self.frozen.rows.iter();
        let index = rows.rposition(|row| !row.is_blank()).unwrap_or(0);
        self.frozen.top + index as u64
    }

    fn frozen(&self, row: u64) -> Option<&'a Row> {
        let index = usize::try_from(row.checked_sub(self.frozen.top)?).ok()?;
        self.frozen.rows.get(index)
    }

    /// Reads a row.
    pub(super) fn read(&self, number: u64, row: &mut Row) {
        match self.frozen(number) {
            Some(frozen) => row.clone_from(frozen),
            None => row.read(self.emulator, number),
        }
    }

    /// A row.
    pub(super) fn row(&self, number: u64) -> Row {
        let mut row = Row::default();
        self.read(number, &mut row);
        row
    }

    pub(super) fn is_wrapped(&self, row: u64) -> bool {
        match self.frozen(row) {
            Some(row) => row.is_wrapped,
            None => self.emulator.is_wrapped(row),
        }
    }

    /// The first row of the line that this row belongs to, at most so many above it.
    pub(super) fn line_start(&self, row: u64, most: u64) -> u64 {
        let least = self.first().max(row.saturating_sub(most));
        let mut start = row;
        while start > least && self.is_wrapped(start - 1) {
            start -= 1;
        }
        start
    }

    /// The last row of the line that this row belongs to, at most so many below it.
    pub(super) fn line_end(&self, row: u64, most: u64) -> u64 {
        let last = (self.end() - 1).min(row.saturating_add(most));
        let mut end = row;
        while end < last && self.is_wrapped(end) {
            end += 1;
        }
        end
    }

    /// Tells the cells of a row, to be drawn.
    pub(super) fn visit(&self, row: u64, visit: &mut dyn FnMut(u16, Cell<'_>)) {
        match self.frozen(row) {
            Some(row) => row.visit(visit),
            None => self.emulator.visit(row, visit),
        }
    }

    /// The nearest place that is there.
    pub(super) fn clamp(&self, point: Point) -> Point {
        Point {
            row: point.row.clamp(self.first(), self.end() - 1),
            column: point.column,
        }
    }
}

/// Rows joined to the line that the program wrote.
#[derive(Debug, Default)]
pub(super) struct Joined {
    pub(super) text: String,
    /// Each row and where its text begins.
    rows: Vec<(u64, usize)>,
    /// The row that was read last.
    row: Row,
    number: u64,
}

impl Joined {
    /// Joins these rows.
    pub(super) fn read(&mut self, sheet: &Sheet<'_>, rows: std::ops::RangeInclusive<u64>) {
        self.text.clear();
        self.rows.clear();
        for number in rows {
            sheet.read(number, &mut self.row);
            self.number = number;
            self.rows.push((number, self.text.len()));
            self.text.push_str(&self.row.text);
        }
    }

    fn turn_to(&mut self, sheet: &Sheet<'_>, number: u64) {
        if self.number != number {
            sheet.read(number, &mut self.row);
            self.number = number;
        }
    }

    /// Where a byte is to be seen.
    pub(super) fn point(&mut self, sheet: &Sheet<'_>, offset: usize) -> Point {
        let after = self.rows.partition_point(|(_, start)| *start <= offset);
        let Some(&(row, start)) = self.rows.get(after.saturating_sub(1)) else {
            return Point::default();
        };
        self.turn_to(sheet, row);
        Point {
            row,
            column: self.row.column_of(offset - start),
        }
    }

    /// The place behind the cell of a byte, in the same row.
    pub(super) fn behind(&mut self, sheet: &Sheet<'_>, offset: usize) -> Point {
        let point = self.point(sheet, offset);
        Point {
            column: self.row.behind(point.column),
            ..point
        }
    }

    /// Which byte is to be seen there.
    pub(super) fn offset(&mut self, sheet: &Sheet<'_>, point: Point) -> usize {
        let found = self.rows.iter().find(|(row, _)| *row == point.row);
        let Some(&(row, start)) = found else {
            return self.text.len();
        };
        self.turn_to(sheet, row);
        start + self.row.offset_of(point.column)
    }
}
