//! The terminal emulator: `vt100`, fenced, and nothing of it beyond this layer.
//!
//! vt100 0.18 can panic on hostile output (wide characters at the margin, sizes below 2×2). A panic is contained here:
//! the screen starts anew and says so, docket goes on. The fence needs `panic = "unwind"`.
//!
//! Rows are counted from the first that the program ever wrote, and keep their numbers: [`Emulator::first`] is the oldest that
//! is kept, [`Emulator::top`] the first of the screen itself, [`Emulator::end`] the one after the last.

mod cell;
pub(crate) mod fence;
mod history;
mod keys;
mod replies;

use std::collections::VecDeque;
use std::num::NonZeroU16;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use replies::Host;

pub use cell::{Cell, CellStyle, Color, Cursor, CursorShape, LinkId, Underline};
pub use keys::{encode_key, encode_paste};

/// How much is parsed between two looks at the clock. A few bytes can cost a millisecond (`CSI 65535 b`).
const SLICE: usize = 256;

/// A screen that a program writes on.
pub struct Emulator {
    parser: vt100::Parser<Host>,
    columns: u16,
    rows: u16,
    /// Bytes that have come and are not parsed yet.
    waiting: VecDeque<u8>,
    /// How often the emulator failed and began anew.
    failures: u32,
}

/// What a program has asked of its terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Modes {
    /// Cursor keys send application sequences.
    pub application_cursor: bool,
    /// Pasted text is marked as such.
    pub bracketed_paste: bool,
    /// The alternate screen is shown: there is no scrollback.
    pub alternate_screen: bool,
}

impl std::fmt::Debug for Emulator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Emulator")
            .field("columns", &self.columns)
            .field("rows", &self.rows)
            .field("failures", &self.failures)
            .finish_non_exhaustive()
    }
}

fn at_least_two(size: u16) -> NonZeroU16 {
    NonZeroU16::MIN.saturating_add(size.max(2) - 1)
}

/// vt100's own scrollback is not used: rows that leave the screen are told.
fn parser(columns: u16, rows: u16, host: Host) -> vt100::Parser<Host> {
    vt100::Parser::new_with_callbacks(at_least_two(rows), at_least_two(columns), 0, host)
}

impl Emulator {
    /// An empty screen, and how many rows above it are kept at most. Sizes below 2 count as 2.
    pub fn new(columns: u16, rows: u16, scrollback: usize) -> Self {
        let (columns, rows) = (columns.max(2), rows.max(2));
        Self {
            parser: parser(columns, rows, Host::new(scrollback)),
            columns,
            rows,
            waiting: VecDeque::new(),
            failures: 0,
        }
    }

    /// Takes bytes in; [`parse`](Self::parse) looks at them.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.waiting.extend(bytes);
    }

    /// Whether bytes wait to be parsed.
    pub fn is_behind(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Parses what waits, until `elapsed` says that `budget` is used up.
    pub fn parse(&mut self, budget: Duration, elapsed: impl Fn() -> Duration) {
        let mut slice = Vec::with_capacity(SLICE);
        while !self.waiting.is_empty() {
            slice.clear();
            slice.extend(self.waiting.drain(..SLICE.min(self.waiting.len())));
            self.fenced(|parser| parser.process(&slice));
            if elapsed() >= budget {
                break;
            }
        }
    }

    /// The screen has another size. Sizes below 2 count as 2.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        let (columns, rows) = (columns.max(2), rows.max(2));
        if (columns, rows) == (self.columns, self.rows) {
            return;
        }
        (self.columns, self.rows) = (columns, rows);
        self.fenced(|parser| parser.set_size(at_least_two(rows), at_least_two(columns)));
    }

    /// Columns and rows.
    pub fn size(&self) -> (u16, u16) {
        (self.columns, self.rows)
    }

    /// What the program's questions are answered with; asked for once.
    pub fn replies(&mut self) -> Vec<u8> {
        self.parser.callbacks_mut().take()
    }

    /// The title that the program gave itself, as it came.
    pub fn title(&self) -> Option<&str> {
        self.parser.callbacks().title()
    }

    /// Whether the bell rang since this was asked last.
    pub fn take_bell(&mut self) -> bool {
        self.parser.callbacks_mut().take_bell()
    }

    /// What the program asked of its terminal.
    pub fn modes(&self) -> Modes {
        let screen = self.parser.screen();
        Modes {
            application_cursor: screen.application_cursor(),
            bracketed_paste: screen.bracketed_paste(),
            alternate_screen: screen.alternate_screen(),
        }
    }

    /// The oldest row that is kept.
    pub fn first(&self) -> u64 {
        self.parser.callbacks().history.first()
    }

    /// The first row of the screen itself.
    pub fn top(&self) -> u64 {
        self.parser.callbacks().history.end()
    }

    /// The row after the last.
    pub fn end(&self) -> u64 {
        self.top() + u64::from(self.rows)
    }

    /// Tells the cells of a row from left to right, with their columns. Places where nothing was ever written may be left out.
    pub fn visit(&self, row: u64, mut visit: impl FnMut(u16, Cell<'_>)) {
        let Some(on_screen) = self.on_screen(row) else {
            self.parser.callbacks().history.visit(row, &mut visit);
            return;
        };
        let screen = self.parser.screen();
        for column in 0..self.columns {
            let Some(cell) = screen.cell(on_screen, column) else {
                continue;
            };
            if cell.is_wide_continuation() {
                continue;
            }
            visit(
                column,
                Cell {
                    text: cell.contents(),
                    width: if cell.is_wide() { 2 } else { 1 },
                    style: style(cell),
                },
            );
        }
    }

    /// Whether the text of a row goes on in the next one.
    pub fn is_wrapped(&self, row: u64) -> bool {
        match self.on_screen(row) {
            Some(row) => self.parser.screen().row_wrapped(row),
            None => self.parser.callbacks().history.is_wrapped(row),
        }
    }

    /// The text of a row, without the blanks at its end.
    pub fn text(&self, row: u64) -> String {
        let mut text = String::new();
        let mut reached = 0;
        self.visit(row, |column, cell| {
            if !cell.text.is_empty() {
                while reached < column {
                    text.push(' ');
                    reached += 1;
                }
                text.push_str(cell.text);
                reached = column + u16::from(cell.width);
            }
        });
        text.truncate(text.trim_end().len());
        text
    }

    /// Where the cursor is, if it is to be seen.
    pub fn cursor(&self) -> Option<Cursor> {
        let screen = self.parser.screen();
        if screen.hide_cursor() {
            return None;
        }
        let (row, column) = screen.cursor_position();
        Some(Cursor {
            row: self.top() + u64::from(row),
            column,
            shape: CursorShape::Default,
            blinks: false,
        })
    }

    /// Where a hyperlink leads.
    pub fn link(&self, link: LinkId) -> Option<&str> {
        let _ = link;
        None
    }

    /// How often the emulator failed and began anew.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// The row of the screen, if it is one of those.
    fn on_screen(&self, row: u64) -> Option<u16> {
        let row = u16::try_from(row.checked_sub(self.top())?).ok()?;
        (row < self.rows).then_some(row)
    }

    fn fenced(&mut self, act: impl FnOnce(&mut vt100::Parser<Host>)) {
        let contained = fence::contain_panics();
        let result = catch_unwind(AssertUnwindSafe(|| act(&mut self.parser)));
        drop(contained);
        if result.is_err() {
            let host = std::mem::take(self.parser.callbacks_mut());
            self.parser = parser(self.columns, self.rows, host);
            self.failures += 1;
        }
    }
}

fn style(cell: &vt100::Cell) -> CellStyle {
    CellStyle {
        foreground: color(cell.fgcolor()),
        background: color(cell.bgcolor()),
        bold: cell.bold(),
        dim: cell.dim(),
        italic: cell.italic(),
        inverse: cell.inverse(),
        underline: if cell.underline() {
            Underline::Single
        } else {
            Underline::None
        },
        ..CellStyle::default()
    }
}

fn color(color: vt100::Color) -> Color {
    match color {
        vt100::Color::Default => Color::Default,
        vt100::Color::Idx(index) => Color::Indexed(index),
        vt100::Color::Rgb(red, green, blue) => Color::Rgb(red, green, blue),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(emulator: &mut Emulator, bytes: &[u8]) {
        emulator.feed(bytes);
        emulator.parse(Duration::MAX, || Duration::ZERO);
    }

    fn text(emulator: &Emulator) -> String {
        emulator.parser.screen().contents()
    }

    #[test]
    fn a_program_writes_and_asks() {
        let mut emulator = Emulator::new(20, 5, 100);
        all(
            &mut emulator,
            b"\x1b[31mhello\x1b[0m\r\nworld\x1b[6n\x1b[c\x1b]0;my title\x07",
        );
        assert_eq!(text(&emulator), "hello\nworld");
        assert_eq!(emulator.replies(), b"\x1b[2;6R\x1b[?62;22c");
        assert!(emulator.replies().is_empty());
        assert_eq!(emulator.title(), Some("my title"));
        all(&mut emulator, b"\x1b[?1h\x1b[?2004h\x1b[?1049h");
        let modes = emulator.modes();
        assert!(modes.application_cursor && modes.bracketed_paste && modes.alternate_screen);
    }

    #[test]
    fn a_panic_of_the_emulator_is_contained() {
        let mut emulator = Emulator::new(99, 37, 100);
        all(
            &mut emulator,
            "\u{1b}[38;100H\u{2764}\u{fe0f}\u{1b}[36;100H\u{26a0}\u{fe0f}\u{301}".as_bytes(),
        );
        // Whether this build of vt100 falls or not, the screen goes on.
        all(&mut emulator, b"\x1b[H\x1b[2Jgoes on");
        assert!(text(&emulator).contains("goes on"));
    }

    #[test]
    fn a_flood_is_parsed_by_and_by() {
        let mut emulator = Emulator::new(80, 24, 100);
        emulator.feed(&vec![b'y'; 100_000]);
        let looks = std::cell::Cell::new(0);
        emulator.parse(Duration::from_millis(4), || {
            looks.set(looks.get() + 1);
            Duration::from_millis(looks.get())
        });
        assert_eq!(looks.get(), 4);
        assert!(emulator.is_behind());
    }

    #[test]
    fn rows_above_the_screen_can_be_seen() {
        let mut emulator = Emulator::new(10, 3, 40);
        for line in 0..50 {
            all(&mut emulator, format!("{line}\r\n").as_bytes());
        }
        assert_eq!(
            (emulator.first(), emulator.top(), emulator.end()),
            (8, 48, 51)
        );
        assert_eq!(emulator.text(8), "8");
        assert_eq!(emulator.text(47), "47");
        assert_eq!(emulator.text(49), "49");
        assert_eq!(emulator.text(7), "");
    }

    #[test]
    fn rows_keep_their_looks_above_the_screen() {
        let mut emulator = Emulator::new(6, 2, 40);
        all(
            &mut emulator,
            "\u{1b}[1;38;2;9;8;7mab\u{1b}[0m漢e\u{301}x1234\r\n\r\n\r\n".as_bytes(),
        );
        assert_eq!(emulator.text(0), "ab漢e\u{301}x");
        assert!(emulator.is_wrapped(0) && !emulator.is_wrapped(1));
        let mut seen = Vec::new();
        emulator.visit(0, |column, cell| {
            seen.push((column, cell.width, cell.style.bold))
        });
        assert_eq!(
            seen,
            [
                (0, 1, true),
                (1, 1, true),
                (2, 2, false),
                (4, 1, false),
                (5, 1, false)
            ]
        );
    }

    proptest! {
        #[test]
        fn nothing_that_a_program_writes_ends_docket(
            bytes in proptest::collection::vec(any::<u8>(), 0..400),
            sizes in proptest::collection::vec((0u16..40, 0u16..12), 0..5),
        ) {
            let mut emulator = Emulator::new(3, 3, 10);
            all(&mut emulator, &bytes);
            for (columns, rows) in sizes {
                emulator.resize(columns, rows);
                all(&mut emulator, &bytes);
            }
        }
    }
}
