//! Pieces of text, in blocks of many: one allocation for the text of all, one for all looks.

use super::super::row::{Row, Run, length, width};
use super::low;

/// Pieces in a block.
pub(super) const PIECES: usize = 256;

/// A row as it left the screen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    /// Where its text ends in the block's.
    text: u32,
    /// Where its runs end in the block's.
    runs: u32,
    /// The number of the first row that begins in it; its lower half.
    pub(super) first_row: u32,
    /// How many columns it takes.
    pub(super) columns: u16,
    /// So many of them belong to a row that began in an earlier piece.
    pub(super) lead: u16,
    is_plain: bool,
    is_wrapped: bool,
}

impl Piece {
    /// Whether the text goes on in the next piece.
    pub(super) fn is_wrapped(&self) -> bool {
        self.is_wrapped
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Block {
    text: String,
    runs: Vec<Run>,
    pub(super) pieces: Vec<Piece>,
}

fn short(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

impl Block {
    pub(super) fn is_full(&self) -> bool {
        self.pieces.len() >= PIECES
    }

    /// Takes no more room than it needs: nothing is added any more.
    pub(super) fn fit(&mut self) {
        self.text.shrink_to_fit();
        self.runs.shrink_to_fit();
    }

    /// Empty, with the room that it has.
    pub(super) fn emptied(mut self) -> Self {
        self.text.clear();
        self.runs.clear();
        self.pieces.clear();
        self
    }

    pub(super) fn last(&self) -> Option<&Piece> {
        self.pieces.last()
    }

    pub(super) fn push(&mut self, row: &Row, first_row: u32) {
        if self.pieces.capacity() == 0 {
            self.pieces.reserve_exact(PIECES);
        }
        self.text.push_str(&row.text);
        self.runs.extend_from_slice(&row.runs);
        self.pieces.push(Piece {
            text: short(self.text.len()),
            runs: short(self.runs.len()),
            first_row,
            columns: row.columns,
            lead: 0,
            is_plain: row.is_plain,
            is_wrapped: row.is_wrapped,
        });
    }

    /// Makes the last piece longer by a row.
    pub(super) fn extend(&mut self, row: &Row) -> bool {
        let Some(index) = self.pieces.len().checked_sub(1) else {
            return false;
        };
        let (_, runs) = self.starts(index);
        let look_before = self
            .runs
            .get(runs..)
            .and_then(<[Run]>::last)
            .map(|run| run.look);
        let piece = &mut self.pieces[index];
        self.text.push_str(&row.text);
        // The row begins with the default look, the piece ends with its last.
        let looks_already = row.runs.first().is_some_and(|run| run.column == 0);
        if look_before.is_some_and(|look| look != super::super::look::Look::default())
            && !looks_already
        {
            self.runs.push(Run {
                column: piece.columns,
                look: super::super::look::Look::default(),
            });
        }
        self.runs.extend(row.runs.iter().map(|run| Run {
            column: piece.columns.saturating_add(run.column),
            look: run.look,
        }));
        piece.text = short(self.text.len());
        piece.runs = short(self.runs.len());
        piece.columns = piece.columns.saturating_add(row.columns);
        piece.is_plain &= row.is_plain;
        piece.is_wrapped = row.is_wrapped;
        true
    }

    /// Drops the last piece.
    pub(super) fn pop(&mut self) {
        let Some(index) = self.pieces.len().checked_sub(1) else {
            return;
        };
        let (text, runs) = self.starts(index);
        self.text.truncate(text);
        self.runs.truncate(runs);
        self.pieces.pop();
    }

    /// The last piece ends before this column, and goes on in what comes next.
    pub(super) fn cut(&mut self, column: u16) {
        let Some(index) = self.pieces.len().checked_sub(1) else {
            return;
        };
        let (start, runs) = self.starts(index);
        let mut end = start;
        let (text, _, is_plain) = self.contents(index);
        if is_plain {
            end += usize::from(column).min(text.len());
        } else {
            end += walk(text, column).0;
        }
        self.text.truncate(end);
        let kept = self.runs[runs..].partition_point(|run| run.column < column);
        self.runs.truncate(runs + kept);
        let piece = &mut self.pieces[index];
        piece.text = short(self.text.len());
        piece.runs = short(self.runs.len());
        piece.columns = column;
        piece.is_wrapped = true;
    }

    /// Where text and runs of a piece begin.
    fn starts(&self, index: usize) -> (usize, usize) {
        let before = index
            .checked_sub(1)
            .and_then(|before| self.pieces.get(before));
        before.map_or((0, 0), |before| {
            (before.text as usize, before.runs as usize)
        })
    }

    /// Text, looks, and whether every cell is one byte.
    pub(super) fn contents(&self, index: usize) -> (&str, &[Run], bool) {
        let (text, runs) = self.starts(index);
        let Some(piece) = self.pieces.get(index) else {
            return ("", &[], true);
        };
        (
            self.text.get(text..piece.text as usize).unwrap_or_default(),
            self.runs.get(runs..piece.runs as usize).unwrap_or_default(),
            piece.is_plain,
        )
    }

    /// The column at which a row begins, `before` others of the same piece before it.
    pub(super) fn start_of(&self, index: usize, before: u32, columns: u16) -> u16 {
        let Some(piece) = self.pieces.get(index) else {
            return 0;
        };
        let (text, _, is_plain) = self.contents(index);
        if is_plain || before == 0 {
            let columns = u64::from(columns) * u64::from(before);
            let start = u64::from(piece.lead).saturating_add(columns);
            return u16::try_from(start).unwrap_or(u16::MAX);
        }
        let (mut at, mut start) = walk(text, piece.lead);
        for _ in 0..before {
            let (bytes, width) = walk_row(&text[at..], columns);
            (at, start) = (at + bytes, start.saturating_add(width));
        }
        start
    }

    /// See [`super::History::rewrap`]. `open`: how far the last row reaches, if the next piece goes on with it.
    pub(super) fn rewrap(
        &mut self,
        skipped: usize,
        columns: u16,
        row: &mut u64,
        open: &mut Option<u16>,
    ) {
        for index in skipped..self.pieces.len() {
            let (text, _, is_plain) = self.contents(index);
            let piece = self.pieces[index];
            let (mut lead, mut begun, mut reached) = (0, 0_u64, open.unwrap_or(0));
            if is_plain {
                let mut rest = piece.columns;
                if open.is_some() {
                    lead = rest.min(columns.saturating_sub(reached));
                    rest -= lead;
                    reached += lead;
                }
                if rest > 0 || open.is_none() {
                    let rows = rest.div_ceil(columns).max(1);
                    begun = u64::from(rows);
                    reached = rest - (rows - 1) * columns;
                }
            } else {
                let mut at = 0;
                if open.is_some() {
                    let (bytes, width) = walk_row(text, columns.saturating_sub(reached));
                    (at, lead, reached) = (bytes, width, reached + width);
                }
                while at < text.len() || (open.is_none() && begun == 0) {
                    let (bytes, width) = walk_row(&text[at..], columns);
                    (at, reached) = (at + bytes, width);
                    begun += 1;
                }
            }
            let piece = &mut self.pieces[index];
            piece.lead = lead;
            piece.first_row = low(*row);
            *row += begun;
            *open = piece.is_wrapped.then_some(reached);
        }
    }
}

/// How many bytes the cells before a column take, and how many columns.
fn walk(text: &str, column: u16) -> (usize, u16) {
    let (mut at, mut reached) = (0, 0_u16);
    while at < text.len() && reached < column {
        let length = length(&text[at..]);
        reached = reached.saturating_add(u16::from(width(&text[at..at + length])));
        at += length;
    }
    (at, reached)
}

/// How many bytes fit into a row of so many columns, and how many of those they take.
fn walk_row(text: &str, columns: u16) -> (usize, u16) {
    let (mut at, mut reached) = (0, 0_u16);
    while at < text.len() {
        let length = length(&text[at..]);
        let width = u16::from(width(&text[at..at + length]));
        if reached + width > columns {
            break;
        }
        (at, reached) = (at + length, reached + width);
    }
    (at, reached)
}
