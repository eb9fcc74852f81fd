//! The terminal emulator behind the terminal pane: `vt100`, fenced, and nothing of it beyond this module.
//!
//! vt100 0.18 can panic on hostile output (wide characters at the margin, sizes below 2×2). A panic is contained here:
//! the screen starts anew and says so, docket goes on. The fence needs `panic = "unwind"`.

mod draw;
mod keys;
mod replies;

use std::collections::VecDeque;
use std::num::NonZeroU16;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use replies::Answers;

pub(crate) use keys::{encode_key, encode_paste};

/// Rows above the screen that are kept: 32 bytes a cell, 8 MB at 120 columns.
const SCROLLBACK: usize = 2_000;

/// How much is parsed between two looks at the clock. A few bytes can cost a millisecond (`CSI 65535 b`).
const SLICE: usize = 256;

/// A screen that a program writes on.
pub(crate) struct Emulator {
    parser: vt100::Parser<Answers>,
    columns: u16,
    rows: u16,
    /// Bytes that have come and are not parsed yet.
    waiting: VecDeque<u8>,
    /// How often the emulator failed and began anew.
    failures: u32,
}

/// What a program has asked of its terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Modes {
    /// Cursor keys send application sequences.
    pub(crate) application_cursor: bool,
    /// Pasted text is marked as such.
    pub(crate) bracketed_paste: bool,
    /// The alternate screen is shown: there is no scrollback.
    pub(crate) alternate_screen: bool,
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

fn parser(columns: u16, rows: u16) -> vt100::Parser<Answers> {
    vt100::Parser::new_with_callbacks(
        at_least_two(rows),
        at_least_two(columns),
        SCROLLBACK,
        Answers::default(),
    )
}

impl Emulator {
    /// An empty screen. Sizes below 2 count as 2.
    pub(crate) fn new(columns: u16, rows: u16) -> Self {
        let (columns, rows) = (columns.max(2), rows.max(2));
        Self {
            parser: parser(columns, rows),
            columns,
            rows,
            waiting: VecDeque::new(),
            failures: 0,
        }
    }

    /// Takes bytes in; [`parse`](Self::parse) looks at them.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.waiting.extend(bytes);
    }

    /// Whether bytes wait to be parsed.
    pub(crate) fn is_behind(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Parses what waits, until `elapsed` says that `budget` is used up.
    pub(crate) fn parse(&mut self, budget: Duration, elapsed: impl Fn() -> Duration) {
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
    pub(crate) fn resize(&mut self, columns: u16, rows: u16) {
        let (columns, rows) = (columns.max(2), rows.max(2));
        if (columns, rows) == (self.columns, self.rows) {
            return;
        }
        (self.columns, self.rows) = (columns, rows);
        self.fenced(|parser| parser.set_size(at_least_two(rows), at_least_two(columns)));
    }

    /// Columns and rows.
    pub(crate) fn size(&self) -> (u16, u16) {
        (self.columns, self.rows)
    }

    /// What the program's questions are answered with; asked for once.
    pub(crate) fn replies(&mut self) -> Vec<u8> {
        self.parser.callbacks_mut().take()
    }

    /// The title that the program gave itself.
    pub(crate) fn title(&self) -> Option<&str> {
        self.parser.callbacks().title()
    }

    /// What the program asked of its terminal.
    pub(crate) fn modes(&self) -> Modes {
        let screen = self.parser.screen();
        Modes {
            application_cursor: screen.application_cursor(),
            bracketed_paste: screen.bracketed_paste(),
            alternate_screen: screen.alternate_screen(),
        }
    }

    /// Shows what is so many rows above the end, as far as there is anything.
    pub(crate) fn scroll_to(&mut self, rows: usize) {
        self.parser.screen_mut().set_scrollback(rows);
    }

    /// How many rows above the end is shown; 0 is the end.
    pub(crate) fn scrolled(&self) -> usize {
        self.parser.screen().scrollback()
    }

    /// How often the emulator failed and began anew.
    pub(crate) fn failures(&self) -> u32 {
        self.failures
    }

    fn fenced(&mut self, act: impl FnOnce(&mut vt100::Parser<Answers>)) {
        let contained = crate::ui::tty::contain_panics();
        let result = catch_unwind(AssertUnwindSafe(|| act(&mut self.parser)));
        drop(contained);
        if result.is_err() {
            self.parser = parser(self.columns, self.rows);
            self.failures += 1;
        }
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
        let mut emulator = Emulator::new(20, 5);
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
        let mut emulator = Emulator::new(99, 37);
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
        let mut emulator = Emulator::new(80, 24);
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
        let mut emulator = Emulator::new(10, 3);
        for line in 0..50 {
            all(&mut emulator, format!("{line}\r\n").as_bytes());
        }
        emulator.scroll_to(10);
        assert_eq!(emulator.scrolled(), 10);
        assert!(text(&emulator).starts_with("38"));
        emulator.scroll_to(10_000);
        assert!(emulator.scrolled() < 60);
        emulator.scroll_to(0);
    }

    proptest! {
        #[test]
        fn nothing_that_a_program_writes_ends_docket(
            bytes in proptest::collection::vec(any::<u8>(), 0..400),
            sizes in proptest::collection::vec((0u16..40, 0u16..12), 0..5),
        ) {
            let mut emulator = Emulator::new(3, 3);
            all(&mut emulator, &bytes);
            for (columns, rows) in sizes {
                emulator.resize(columns, rows);
                all(&mut emulator, &bytes);
            }
        }
    }
}
