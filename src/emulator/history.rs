//! The rows that have left the screen at its top: text with its colours, a few bytes more than was written.

use std::collections::VecDeque;
use std::fmt;

use unicode_width::UnicodeWidthChar as _;

use super::cell::{Cell, CellStyle, Color, Underline};

/// See the module.
#[derive(Debug)]
pub(super) struct History {
    rows: VecDeque<Row>,
    most: usize,
    /// How many rows have been forgotten, or were cleared.
    gone: u64,
}

#[derive(Debug)]
struct Row {
    /// Text and SGR, from default attributes.
    formatted: Box<str>,
    /// Whether the text goes on in the next row.
    is_wrapped: bool,
}

impl History {
    pub(super) fn new(most: usize) -> Self {
        Self {
            rows: VecDeque::new(),
            most,
            gone: 0,
        }
    }

    /// The number of the oldest row that is kept.
    pub(super) fn first(&self) -> u64 {
        self.gone
    }

    /// The number of the row after the newest.
    pub(super) fn end(&self) -> u64 {
        self.gone + self.rows.len() as u64
    }

    /// A row leaves the screen.
    pub(super) fn keep(&mut self, row: &vt100::capture::RowContents<'_>) {
        let mut state = vt100::capture::BasicFormattedCaptureState::new();
        let mut formatted = String::new();
        let _strings_take_everything = row.write_formatted_basic(&mut formatted, &mut state);
        // Written after itself it begins with a line's end, unless it goes on in the next row.
        let mut first = First(None);
        let _stops_after_one = row.write_formatted_basic(&mut first, &mut state);
        self.rows.push_back(Row {
            formatted: formatted.into_boxed_str(),
            is_wrapped: first.0 != Some('\n'),
        });
        while self.rows.len() > self.most {
            self.rows.pop_front();
            self.gone += 1;
        }
    }

    /// Forgets all rows; those that come go on with the numbers.
    pub(super) fn clear(&mut self) {
        self.gone = self.end();
        self.rows.clear();
    }

    fn get(&self, row: u64) -> Option<&Row> {
        let index = usize::try_from(row.checked_sub(self.gone)?).ok()?;
        self.rows.get(index)
    }

    pub(super) fn is_wrapped(&self, row: u64) -> bool {
        self.get(row).is_some_and(|row| row.is_wrapped)
    }

    /// Tells the cells of a row, with their columns.
    pub(super) fn visit(&self, row: u64, visit: &mut dyn FnMut(u16, Cell<'_>)) {
        let Some(row) = self.get(row) else { return };
        let mut cells = Cells {
            style: CellStyle::default(),
            column: 0,
            text: String::new(),
            width: 0,
            visit,
        };
        vte::Parser::new().advance(&mut cells, row.formatted.as_bytes());
        cells.end();
    }
}

/// Takes one character.
struct First(Option<char>);

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

/// Puts the cells of a row together again.
struct Cells<'a> {
    style: CellStyle,
    column: u16,
    /// The cell that may still be combined with something.
    text: String,
    width: u8,
    visit: &'a mut dyn FnMut(u16, Cell<'_>),
}

impl Cells<'_> {
    fn end(&mut self) {
        if self.width == 0 {
            return;
        }
        let text = if self.text == " " { "" } else { &self.text };
        (self.visit)(
            self.column,
            Cell {
                text,
                width: self.width,
                style: self.style,
            },
        );
        self.column += u16::from(self.width);
        self.text.clear();
        self.width = 0;
    }
}

impl vte::Perform for Cells<'_> {
    fn print(&mut self, c: char) {
        match c.width() {
            Some(0) if self.width > 0 => self.text.push(c),
            width => {
                self.end();
                self.text.push(c);
                self.width = if width == Some(2) { 2 } else { 1 };
            }
        }
    }

    fn csi_dispatch(&mut self, params: &vte::Params, _: &[u8], _: bool, action: char) {
        self.end();
        if action != 'm' {
            return;
        }
        // What vt100 writes itself, and nothing else.
        let mut codes = params
            .iter()
            .map(|param| param.first().copied().unwrap_or(0));
        while let Some(code) = codes.next() {
            let style = &mut self.style;
            match code {
                0 => *style = CellStyle::default(),
                1 => style.bold = true,
                2 => style.dim = true,
                3 => style.italic = true,
                4 => style.underline = Underline::Single,
                7 => style.inverse = true,
                22 => (style.bold, style.dim) = (false, false),
                23 => style.italic = false,
                24 => style.underline = Underline::None,
                27 => style.inverse = false,
                30..=37 => style.foreground = indexed(code - 30),
                38 => style.foreground = extended(&mut codes),
                39 => style.foreground = Color::Default,
                40..=47 => style.background = indexed(code - 40),
                48 => style.background = extended(&mut codes),
                49 => style.background = Color::Default,
                90..=97 => style.foreground = indexed(code - 82),
                100..=107 => style.background = indexed(code - 92),
                _ => {}
            }
        }
    }
}

fn indexed(index: u16) -> Color {
    Color::Indexed(u8::try_from(index).unwrap_or(0))
}

fn extended(codes: &mut impl Iterator<Item = u16>) -> Color {
    let mut next = || u8::try_from(codes.next().unwrap_or(0)).unwrap_or(0);
    match next() {
        5 => Color::Indexed(next()),
        2 => Color::Rgb(next(), next(), next()),
        _ => Color::Default,
    }
}
