//! Text as it was written: lines put together again from the rows that they were wrapped into, and where in them each byte
//! stands. For searching, copying and paging.

use std::ops::Range;

use super::Emulator;

/// A place among all rows that are kept. Places are ordered as text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Place {
    /// The row, as [`Emulator::first`] counts.
    pub row: u64,
    /// The column, from 0.
    pub column: u16,
}

/// One line as it was written, however many rows it takes. Rows end without the blanks at their ends, blanks within are spaces.
#[derive(Debug, Clone, Default)]
pub struct Line {
    rows: Range<u64>,
    text: String,
    /// Where in the text stretches of cells begin, in order.
    stretches: Vec<Stretch>,
}

/// Cells of one row that take one byte each, or one cell that takes more.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    offset: usize,
    row: u64,
    column: u16,
    /// Of one cell that isn't one byte in one column.
    width: Option<u8>,
}

impl Line {
    /// The rows that it takes.
    pub fn rows(&self) -> Range<u64> {
        self.rows.clone()
    }

    /// Its text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where a byte of the text stands; the place behind the last cell for the text's end.
    pub fn place(&self, offset: usize) -> Place {
        let offset = offset.min(self.text.len());
        let after = self
            .stretches
            .partition_point(|stretch| stretch.offset <= offset);
        let Some(index) = after.checked_sub(1) else {
            return Place {
                row: self.rows.start,
                column: 0,
            };
        };
        let stretch = self.stretches[index];
        let further = match stretch.width {
            None => offset - stretch.offset,
            Some(width) if offset >= self.end_of(index) => usize::from(width),
            Some(_) => 0,
        };
        Place {
            row: stretch.row,
            column: stretch
                .column
                .saturating_add(u16::try_from(further).unwrap_or(u16::MAX)),
        }
    }

    /// The byte at which the text of a cell begins; of a cell behind a row's end, where the next row's text begins.
    pub fn offset(&self, place: Place) -> usize {
        let after = self
            .stretches
            .partition_point(|stretch| (stretch.row, stretch.column) <= (place.row, place.column));
        let Some(index) = after.checked_sub(1) else {
            return 0;
        };
        let (stretch, end) = (self.stretches[index], self.end_of(index));
        let further = usize::from(place.column.saturating_sub(stretch.column));
        match stretch.width {
            _ if stretch.row < place.row => end,
            None => end.min(stretch.offset + further),
            Some(width) if further >= usize::from(width) => end,
            Some(_) => stretch.offset,
        }
    }

    /// The cells that some bytes of the text take: a range of columns for every row that they reach.
    pub fn cells(&self, bytes: Range<usize>) -> Vec<(u64, Range<u16>)> {
        let end = bytes.end.min(self.text.len());
        let mut cells: Vec<(u64, Range<u16>)> = Vec::new();
        let first = self
            .stretches
            .partition_point(|stretch| stretch.offset <= bytes.start)
            .saturating_sub(1);
        for (index, stretch) in self.stretches.iter().enumerate().skip(first) {
            if stretch.offset >= end {
                break;
            }
            let (from, to) = match stretch.width {
                None => (
                    bytes.start.saturating_sub(stretch.offset),
                    end.min(self.end_of(index)) - stretch.offset,
                ),
                Some(width) => (0, usize::from(width)),
            };
            if from >= to {
                continue;
            }
            let column = |further: usize| {
                let further = u16::try_from(further).unwrap_or(u16::MAX);
                stretch.column.saturating_add(further)
            };
            let columns = column(from)..column(to);
            match cells.last_mut() {
                Some((row, before)) if *row == stretch.row && before.end == columns.start => {
                    before.end = columns.end;
                }
                _ => cells.push((stretch.row, columns)),
            }
        }
        cells
    }

    /// The byte after a stretch.
    fn end_of(&self, index: usize) -> usize {
        let next = self.stretches.get(index + 1);
        next.map_or(self.text.len(), |next| next.offset)
    }

    fn begin(&mut self, rows: Range<u64>) {
        self.rows = rows;
        self.text.clear();
        self.stretches.clear();
    }

    /// A cell's text, behind everything before it.
    fn push(&mut self, row: u64, column: u16, width: u8, text: &str) {
        let is_plain = text.len() == 1 && width == 1;
        let follows = is_plain
            && self.stretches.last().is_some_and(|last| {
                let further = self.text.len() - last.offset;
                last.width.is_none()
                    && last.row == row
                    && usize::from(last.column) + further == usize::from(column)
            });
        if !follows {
            self.stretches.push(Stretch {
                offset: self.text.len(),
                row,
                column,
                width: (!is_plain).then_some(width),
            });
        }
        self.text.push_str(text);
    }
}

impl Emulator {
    /// The rows of the line that this row belongs to: those that it was wrapped into.
    pub fn line_of(&self, row: u64) -> Range<u64> {
        let row = row.clamp(self.first(), self.end().saturating_sub(1));
        let mut start = row;
        while start > self.first() && self.is_wrapped(start - 1) {
            start -= 1;
        }
        let mut end = row + 1;
        while end < self.end() && self.is_wrapped(end - 1) {
            end += 1;
        }
        start..end
    }

    /// The line that this row belongs to.
    pub fn line(&self, row: u64) -> Line {
        let mut line = Line::default();
        self.read_line(row, &mut line);
        line
    }

    /// The same as [`line`](Self::line), into room that is there already: whoever goes through all lines wants that. The next
    /// line begins at the end of this one's [`rows`](Line::rows).
    pub fn read_line(&self, row: u64, line: &mut Line) {
        line.begin(self.line_of(row));
        for row in line.rows() {
            let mut reached = 0;
            self.visit(row, |column, cell| {
                if cell.text.is_empty() {
                    return;
                }
                for blank in reached..column {
                    line.push(row, blank, 1, " ");
                }
                line.push(row, column, cell.width, cell.text);
                reached = column + u16::from(cell.width);
            });
        }
        line.text.truncate(line.text.trim_end().len());
        let end = line.text.len();
        while line.stretches.pop_if(|last| last.offset >= end).is_some() {}
    }
}
