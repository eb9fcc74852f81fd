//! The rows that have left the screen at its top, in few bytes: their text, and the looks of stretches of it.
//!
//! What is kept are *pieces*: rows as they left the screen, at the width that it had then. They are never written anew when the
//! width changes; it is only counted anew which rows begin where ([`History::rewrap`]).

mod piece;

use std::collections::VecDeque;

use super::cell::Cell;
use super::row::{Capture, First, Row, shown, visit_cells};
use piece::{Block, PIECES, Piece};

/// Pieces that were cut small by a narrow screen are put together again up to this width.
const MERGED: u16 = 256;

/// A place that stays the same however lines are wrapped: how many lines came before it since the program began, and how many
/// columns of its own line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Spot {
    pub(super) line: u64,
    pub(super) column: u64,
}

/// See the module.
#[derive(Debug)]
pub(super) struct History {
    blocks: VecDeque<Block>,
    /// A block that isn't used any more, for the next one that is.
    spare: Option<Block>,
    /// Pieces of the first block that are gone.
    skipped: usize,
    /// How many pieces are kept.
    pieces: usize,
    /// How many are kept at most.
    most: usize,
    /// How wide the screen is.
    columns: u16,
    /// The number of the first row that is kept.
    first: u64,
    /// The number of the row after the last.
    end: u64,
    /// The spot of the first piece.
    start: Spot,
    /// For rows that are on their way.
    row: Row,
}

impl History {
    pub(super) fn new(most: usize) -> Self {
        Self {
            blocks: VecDeque::new(),
            spare: None,
            skipped: 0,
            pieces: 0,
            most,
            columns: 80,
            first: 0,
            end: 0,
            start: Spot::default(),
            row: Row::new(),
        }
    }

    /// The number of the oldest row that is kept.
    pub(super) fn first(&self) -> u64 {
        self.first
    }

    /// The number of the row after the newest.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Forgets everything (`CSI 3 J`). Row numbers go on.
    pub(super) fn clear(&mut self) {
        while self.pieces > 0 {
            self.forget();
        }
    }

    /// A row leaves the screen.
    pub(super) fn keep(&mut self, contents: &vt100::capture::RowContents<'_>) {
        if self.most == 0 {
            (self.first, self.end) = (self.first + 1, self.end + 1);
            self.start.line += 1;
            return;
        }
        let mut row = std::mem::take(&mut self.row);
        let mut state = vt100::capture::BasicFormattedCaptureState::new();
        let mut capture = Capture::new(&mut row);
        let _takes_everything = contents.write_formatted_basic(&mut capture, &mut state);
        let mut first = First::default();
        let _stops_after_one = contents.write_formatted_basic(&mut first, &mut state);
        row.is_wrapped = !first.is_newline();
        row.settle(self.columns);
        self.push(&row);
        self.row = row;
    }

    /// A row at the end, of the width that the screen has.
    pub(super) fn push(&mut self, row: &Row) {
        if self.blocks.back().is_none_or(Block::is_full) {
            if let Some(block) = self.blocks.back_mut() {
                block.fit();
            }
            self.blocks.push_back(self.spare.take().unwrap_or_default());
        }
        if let Some(block) = self.blocks.back_mut() {
            block.push(row, low(self.end));
            self.pieces += 1;
            self.end += 1;
        }
        while self.pieces > self.most {
            self.forget();
        }
    }

    /// The same, but a row that goes on where the last piece ended becomes a part of that: a narrow screen that is wide again
    /// leaves nothing behind.
    pub(super) fn push_merged(&mut self, row: &Row) {
        let is_rest = self.pieces > 0
            && self.blocks.back_mut().is_some_and(|block| {
                let fits = |piece: &Piece| {
                    piece.is_wrapped() && piece.columns.saturating_add(row.columns) <= MERGED
                };
                block.last().is_some_and(fits) && block.extend(row)
            });
        if is_rest {
            self.end += 1;
        } else {
            self.push(row);
        }
    }

    /// The oldest piece is forgotten.
    fn forget(&mut self) {
        let Some(piece) = self.piece(0) else { return };
        let rows = self.rows_of(0);
        if piece.is_wrapped() {
            self.start.column += u64::from(piece.columns);
        } else {
            self.start = Spot {
                line: self.start.line + 1,
                column: 0,
            };
        }
        self.first += u64::from(rows);
        self.skipped += 1;
        self.pieces -= 1;
        if self.pieces == 0 {
            self.first = self.end;
        }
        if self.skipped == PIECES || self.pieces == 0 {
            self.skipped = 0;
            self.spare = self.blocks.pop_front().map(Block::emptied);
        }
    }

    fn at(&self, index: usize) -> (usize, usize) {
        let index = index + self.skipped;
        (index / PIECES, index % PIECES)
    }

    fn piece(&self, index: usize) -> Option<Piece> {
        let (block, piece) = self.at(index);
        self.blocks.get(block)?.pieces.get(piece).copied()
    }

    /// How many rows begin in a piece.
    fn rows_of(&self, index: usize) -> u32 {
        let next = match self.piece(index + 1) {
            Some(next) => next.first_row,
            None => low(self.end),
        };
        self.piece(index)
            .map_or(0, |piece| next.wrapping_sub(piece.first_row))
    }

    /// The piece in which a row begins, and at which of its columns.
    fn find(&self, row: u64) -> Option<(usize, u16)> {
        if !(self.first..self.end).contains(&row) {
            return None;
        }
        let base = low(self.first);
        let wanted = low(row).wrapping_sub(base);
        let (mut from, mut to) = (0, self.pieces);
        while from < to {
            let middle = usize::midpoint(from, to);
            let begins = self.piece(middle)?.first_row.wrapping_sub(base);
            if begins <= wanted {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        let index = from.checked_sub(1)?;
        let before = low(row).wrapping_sub(self.piece(index)?.first_row);
        let (block, piece) = self.at(index);
        let column = self
            .blocks
            .get(block)?
            .start_of(piece, before, self.columns);
        Some((index, column))
    }

    /// Whether the text of a row goes on in the next.
    pub(super) fn is_wrapped(&self, row: u64) -> bool {
        if row.checked_add(1) == Some(self.end) {
            let last = self.pieces.checked_sub(1).and_then(|last| self.piece(last));
            return row >= self.first && last.is_some_and(|last| last.is_wrapped());
        }
        let Some((index, column)) = self.find(row.saturating_add(1)) else {
            return false;
        };
        if row < self.first {
            return false;
        }
        column > 0
            || index
                .checked_sub(1)
                .and_then(|before| self.piece(before))
                .is_some_and(|before| before.is_wrapped())
    }

    /// Tells the cells of a row, with their columns.
    pub(super) fn visit(&self, row: u64, visit: &mut dyn FnMut(u16, Cell<'_>)) {
        let mut style = (super::look::Look::default(), super::CellStyle::default());
        self.visit_cells(row, &mut |column, text, width, look| {
            if look != style.0 {
                style = (look, look.style());
            }
            let text = shown(text);
            visit(
                column,
                Cell {
                    text,
                    width,
                    style: style.1,
                },
            );
        });
    }

    fn visit_cells(&self, row: u64, visit: &mut dyn FnMut(u16, &str, u8, super::look::Look)) {
        let Some((mut index, mut skip)) = self.find(row) else {
            return;
        };
        let mut reached = 0_u16;
        let mut until = u16::MAX;
        loop {
            let (block, piece) = self.at(index);
            let Some(block) = self.blocks.get(block) else {
                return;
            };
            let (text, runs, is_plain) = block.contents(piece);
            let start = reached;
            visit_cells(text, runs, is_plain, &mut |column, text, width, look| {
                if column < skip {
                    return true;
                }
                let target = start + (column - skip);
                if column >= until || target + u16::from(width) > self.columns {
                    return false;
                }
                visit(target, text, width, look);
                reached = target + u16::from(width);
                true
            });
            // The rest of the row may stand at the beginning of the next piece, unless more rows than this one begin here.
            let next_row = low(row).wrapping_add(1);
            match self.piece(index + 1) {
                Some(next) if next.lead > 0 && next.first_row == next_row => {
                    (index, skip, until) = (index + 1, 0, next.lead);
                }
                _ => return,
            }
        }
    }

    /// Counts anew which rows begin where, for a screen that is this wide. The first row keeps its number.
    pub(super) fn rewrap(&mut self, columns: u16) {
        if columns == self.columns {
            return;
        }
        self.columns = columns;
        let mut row = self.first;
        // How far the last row reaches that the next piece goes on with.
        let mut open = None;
        let mut skipped = self.skipped;
        for block in &mut self.blocks {
            block.rewrap(skipped, columns, &mut row, &mut open);
            skipped = 0;
        }
        self.end = row;
    }

    /// Takes the last row away, and appends it to `row`.
    pub(super) fn pop(&mut self, row: &mut Row) -> bool {
        row.clear();
        let Some(number) = self.end.checked_sub(1) else {
            return false;
        };
        let Some((index, column)) = self.find(number) else {
            return false;
        };
        self.visit_cells(number, &mut |_, text, width, look| {
            row.push(text, width, look);
        });
        row.is_wrapped = self.is_wrapped(number);
        while self.pieces > index + 1 {
            self.drop_last();
        }
        if column == 0 {
            self.drop_last();
        } else if let Some(block) = self.blocks.back_mut() {
            block.cut(column);
        }
        self.end = number;
        true
    }

    /// Drops the newest piece.
    fn drop_last(&mut self) {
        if let Some(block) = self.blocks.back_mut() {
            block.pop();
            self.pieces -= 1;
            let is_empty = block.pieces.is_empty();
            if is_empty || self.pieces == 0 {
                self.spare = self.blocks.pop_back().map(Block::emptied);
            }
        }
        if self.pieces == 0 {
            self.skipped = 0;
        }
    }

    /// The spot at which the next row would begin.
    pub(super) fn end_spot(&self) -> Spot {
        self.spot_of_piece(self.pieces)
    }

    fn spot_of_piece(&self, index: usize) -> Spot {
        let mut spot = self.start;
        let pieces = self.blocks.iter().flat_map(|block| &block.pieces);
        for piece in pieces.skip(self.skipped).take(index) {
            if piece.is_wrapped() {
                spot.column += u64::from(piece.columns);
            } else {
                spot = Spot {
                    line: spot.line + 1,
                    column: 0,
                };
            }
        }
        spot
    }

    /// The spot of a column of a row; of the first that is kept, for those that aren't.
    pub(super) fn spot(&self, row: u64, column: u16) -> Spot {
        let Some((index, start)) = self.find(row.max(self.first)) else {
            return self.end_spot();
        };
        let mut spot = self.spot_of_piece(index);
        spot.column += u64::from(start) + u64::from(column);
        spot
    }

    /// The row and the column of a spot; `None` when it comes after everything that is kept.
    pub(super) fn place(&self, spot: Spot) -> Option<(u64, u16)> {
        let mut at = self.start;
        if spot < at {
            return (self.first < self.end).then_some((self.first, 0));
        }
        for index in 0..self.pieces {
            let piece = self.piece(index)?;
            let end = at.column + u64::from(piece.columns);
            if spot.line == at.line && (spot.column < end || !piece.is_wrapped()) {
                let column = u16::try_from(spot.column - at.column).unwrap_or(u16::MAX);
                return Some(self.place_in(index, column));
            }
            at = if piece.is_wrapped() {
                Spot { column: end, ..at }
            } else {
                Spot {
                    line: at.line + 1,
                    column: 0,
                }
            };
        }
        None
    }

    /// The row and the column at which a column of a piece stands.
    fn place_in(&self, index: usize, column: u16) -> (u64, u16) {
        let Some(piece) = self.piece(index) else {
            return (self.end, 0);
        };
        let first = u64::from(piece.first_row.wrapping_sub(low(self.first))) + self.first;
        if column < piece.lead && first > self.first {
            // The row began in an earlier piece.
            let row = first - 1;
            let Some((mut before, start)) = self.find(row) else {
                return (row, column);
            };
            let mut reached = 0;
            let mut skip = start;
            while before < index {
                let length = self.piece(before).map_or(0, |piece| piece.columns);
                reached += length.saturating_sub(skip);
                (before, skip) = (before + 1, 0);
            }
            return (row, reached.saturating_add(column));
        }
        let rows = self.rows_of(index);
        let (block, in_block) = self.at(index);
        let start_of = |row| {
            let block = self.blocks.get(block);
            block.map_or(0, |block| block.start_of(in_block, row, self.columns))
        };
        let mut row = 0;
        while row + 1 < rows && start_of(row + 1) <= column {
            row += 1;
        }
        let further = column.saturating_sub(start_of(row));
        (first + u64::from(row), further.min(self.columns - 1))
    }
}

/// Rows are numbered in pieces by the lower half of their numbers.
fn low(row: u64) -> u32 {
    (row & u64::from(u32::MAX)) as u32
}
