//! One row: its text, and the looks of stretches of it.

use std::fmt;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr as _};

use super::look::Look;

/// What stands in the last column of a row that goes on in the next with a wide character, for which there was no room: vt100
/// takes a row for wrapped only when something is in its last column. A space and a word joiner, which no program writes there.
pub(super) const FILLER: &str = " \u{2060}";

/// What is to be seen of a cell's text.
pub(super) fn shown(text: &str) -> &str {
    if text == FILLER { "" } else { text }
}

/// From a column on, cells look like this. Before the first they look as the terminal does by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) column: u16,
    pub(super) look: Look,
}

/// See the module.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    pub(super) text: String,
    pub(super) runs: Vec<Run>,
    /// How many columns the text takes.
    pub(super) columns: u16,
    /// Whether every cell is one byte.
    pub(super) is_plain: bool,
    /// Whether the text goes on in the next row.
    pub(super) is_wrapped: bool,
}

impl Row {
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.runs.clear();
        self.columns = 0;
        self.is_plain = true;
        self.is_wrapped = false;
    }

    pub(super) fn new() -> Self {
        Self {
            is_plain: true,
            ..Self::default()
        }
    }

    /// The look of what was put last.
    fn look(&self) -> Look {
        self.runs.last().map_or(Look::default(), |run| run.look)
    }

    /// A cell at the end.
    pub(super) fn push(&mut self, text: &str, width: u8, look: Look) {
        if look != self.look() {
            self.runs.push(Run {
                column: self.columns,
                look,
            });
        }
        self.text.push_str(text);
        self.is_plain &= text.len() == 1;
        self.columns = self.columns.saturating_add(u16::from(width));
    }

    /// Blanks up to this column.
    pub(super) fn fill(&mut self, columns: u16) {
        while self.columns < columns {
            self.push(" ", 1, Look::default());
        }
    }

    /// Leaves out the blanks at the end that look like nothing.
    pub(super) fn trim(&mut self) {
        while self.look() == Look::default() {
            let least = self.runs.last().map_or(0, |run| run.column);
            while self.columns > least && self.text.ends_with(' ') {
                self.text.pop();
                self.columns -= 1;
            }
            if self.columns > least || self.runs.pop().is_none() {
                return;
            }
        }
    }

    /// Takes the filler away where it is the last cell, and fills up what is missing before a wrap.
    pub(super) fn settle(&mut self, columns: u16) {
        if !self.is_wrapped {
            if self.text.ends_with(FILLER) {
                self.text.truncate(self.text.len() - FILLER.len() + 1);
            }
            self.trim();
        } else if self.text.ends_with(FILLER) {
            let look_began = self.runs.last().map(|run| run.column);
            self.text.truncate(self.text.len() - FILLER.len());
            self.columns -= 1;
            if look_began == Some(self.columns) {
                self.runs.pop();
            }
        } else {
            self.fill(columns);
        }
    }

    /// What `row` of the screen holds.
    pub(super) fn read(&mut self, screen: &vt100::Screen, row: u16) {
        self.clear();
        let columns = screen.size().1.get();
        for column in 0..columns {
            let Some(cell) = screen.cell(row, column) else {
                break;
            };
            if column < self.columns {
                continue;
            }
            // Halves of a wide character that lost the other one are blanks.
            let text = cell.contents();
            let is_whole = !text.is_empty() && column + u16::from(width(text)) <= columns;
            let text = if is_whole { text } else { " " };
            self.push(text, width(text), Look::of(cell));
        }
        self.is_wrapped = screen.row_wrapped(row);
        self.settle(columns);
    }

    /// Tells the cells.
    pub(super) fn visit(&self, mut visit: impl FnMut(u16, &str, u8, Look)) {
        visit_cells(
            &self.text,
            &self.runs,
            self.is_plain,
            &mut |column, text, width, look| {
                visit(column, text, width, look);
                true
            },
        );
    }
}

/// Tells cells until `visit` has enough.
pub(super) fn visit_cells(
    text: &str,
    runs: &[Run],
    is_plain: bool,
    visit: &mut dyn FnMut(u16, &str, u8, Look) -> bool,
) {
    let (mut look, mut runs) = (Look::default(), runs.iter().peekable());
    let (mut column, mut start) = (0_u16, 0);
    while start < text.len() {
        while let Some(run) = runs.next_if(|run| run.column <= column) {
            look = run.look;
        }
        let length = if is_plain { 1 } else { length(&text[start..]) };
        let cell = &text[start..start + length];
        let width = if is_plain { 1 } else { width(cell) };
        if !visit(column, cell, width, look) {
            return;
        }
        column = column.saturating_add(u16::from(width));
        start += length;
    }
}

/// How many bytes the first cell takes: a character, and what is combined with it.
pub(super) fn length(text: &str) -> usize {
    let mut characters = text.char_indices().skip(1);
    let next = characters.find(|(_, character)| character.width() != Some(0));
    next.map_or(text.len(), |(at, _)| at)
}

/// How many columns a cell takes, as vt100 has it.
pub(super) fn width(cell: &str) -> u8 {
    if cell.len() < 2 {
        return 1;
    }
    let first = cell.chars().next().and_then(UnicodeWidthChar::width);
    let is_wide =
        first.is_some_and(|width| width > 1) || cell.contains('\u{fe0f}') && cell.width() > 1;
    if is_wide { 2 } else { 1 }
}

/// Takes what vt100 tells of a row that leaves its screen: cell by cell, with SGR sequences between.
pub(super) struct Capture<'a> {
    pub(super) row: &'a mut Row,
    look: Look,
    /// Inside of a sequence: its parameters.
    codes: Option<Codes>,
}

#[derive(Default)]
struct Codes {
    codes: [u8; 20],
    last: usize,
}

impl<'a> Capture<'a> {
    pub(super) fn new(row: &'a mut Row) -> Self {
        row.clear();
        Self {
            row,
            look: Look::default(),
            codes: None,
        }
    }
}

impl fmt::Write for Capture<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.codes.is_none() && !text.starts_with('\x1b') {
            self.row.push(text, width(text), self.look);
            return Ok(());
        }
        for byte in text.bytes() {
            let codes = self.codes.get_or_insert_default();
            match byte {
                b'0'..=b'9' => {
                    if let Some(code) = codes.codes.get_mut(codes.last) {
                        *code = code.wrapping_mul(10).wrapping_add(byte - b'0');
                    }
                }
                b';' => codes.last += 1,
                b'm' => {
                    let codes = self.codes.take().unwrap_or_default();
                    let most = codes.codes.len().min(codes.last + 1);
                    self.look.apply(&codes.codes[..most]);
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Takes one character: what vt100 writes for a row after itself begins with a line's end, unless it goes on in the next row.
#[derive(Default)]
pub(super) struct First(Option<char>);

impl First {
    pub(super) fn is_newline(&self) -> bool {
        self.0 == Some('\n')
    }
}

impl fmt::Write for First {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 = text.chars().next();
        if self.0.is_some() {
            Err(fmt::Error)
        } else {
            Ok(())
        }
    }
}
