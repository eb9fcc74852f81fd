//! The terminal emulator: `vt100`, fenced, and nothing of it beyond this layer.
//!
//! vt100 0.18 can panic on hostile output (wide characters at the margin, sizes below 2×2). A panic is contained here:
//! the screen starts anew and says so, docket goes on. The fence needs `panic = "unwind"`.
//!
//! Rows are counted from the first that the program ever wrote, and keep their numbers: [`Emulator::first`] is the oldest that
//! is kept, [`Emulator::top`] the first of the screen itself, [`Emulator::end`] the one after the last.

mod cell;
mod extras;
pub(crate) mod fence;
mod formatted;
mod history;
mod host;
mod keyboard;
mod keys;
mod look;
mod modes;
mod mouse;
mod reading;
mod reflow;
mod replies;
mod row;
#[cfg(test)]
mod tests;
mod translate;
mod waiting;

use std::num::NonZeroU16;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use host::Host;
use reflow::Below;
use translate::Translator;
use waiting::Waiting;

pub use cell::{Cell, CellStyle, Color, Cursor, CursorShape, LinkId, Underline};
pub use keys::{encode_key, encode_paste, presses_key};
pub use modes::{Keyboard, Modes, MouseEncoding, MouseMode};
pub use mouse::{encode_focus, encode_mouse};
pub use reading::{Line, Place};
pub use replies::Rgb;
pub use translate::WorkingFolder;

/// What programs are told by their environment of the terminal that this is.
pub const ENVIRONMENT: [(&str, &str); 2] = [("TERM", "xterm-256color"), ("COLORTERM", "truecolor")];

/// How much is parsed between two looks at the clock, at most.
const SLICE: usize = 4_096;

/// So many rows have to scroll by before it is looked again which looks and links aren't used any more.
const SWEEP: u64 = 500;

/// A screen that a program writes on.
pub struct Emulator {
    parser: vt100::Parser<Host>,
    translator: Translator,
    columns: u16,
    rows: u16,
    /// Bytes that have come and are not parsed yet.
    waiting: Waiting,
    /// How often the emulator failed and began anew.
    failures: u32,
    /// Whether it did since somebody asked.
    is_reset: bool,
    /// The row at which it was last looked which looks and links are used.
    swept_at: u64,
    /// Rows of the main screen for which there is no room now.
    below: Below,
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
fn parser(columns: u16, rows: u16, mut host: Host) -> vt100::Parser<Host> {
    host.history.rewrap(columns);
    vt100::Parser::new_with_callbacks(at_least_two(rows), at_least_two(columns), 0, host)
}

impl Emulator {
    /// An empty screen, and how many rows above it are kept at most. Sizes below 2 count as 2.
    pub fn new(columns: u16, rows: u16, scrollback: usize) -> Self {
        let (columns, rows) = (columns.max(2), rows.max(2));
        Self {
            parser: parser(columns, rows, Host::new(scrollback)),
            translator: Translator::new(columns, rows),
            columns,
            rows,
            waiting: Waiting::default(),
            failures: 0,
            is_reset: false,
            swept_at: 0,
            below: Below::default(),
        }
    }

    /// Takes bytes in; [`parse`](Self::parse) looks at them.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.waiting.feed(bytes);
    }

    /// Whether bytes can be parsed. Those of a synchronized update that isn't complete don't count: see [`due`](Self::due).
    pub fn is_behind(&self) -> bool {
        self.waiting.is_ready()
    }

    /// When an update that is held back has to be shown, complete or not: [`parse_at`](Self::parse_at) is to be called by then.
    pub fn due(&self) -> Option<Duration> {
        self.waiting.due()
    }

    /// Parses what waits, until `elapsed` says that `budget` is used up. Without a clock nothing is held back.
    pub fn parse(&mut self, budget: Duration, elapsed: impl Fn() -> Duration) {
        self.parse_until(None, budget, elapsed);
    }

    /// The same at a time, counted from any fixed moment: synchronized updates (2026) are held back until they are complete, for 150 ms
    /// or 1 MiB at most.
    pub fn parse_at(&mut self, now: Duration, budget: Duration, elapsed: impl Fn() -> Duration) {
        self.parse_until(Some(now), budget, elapsed);
    }

    fn parse_until(
        &mut self,
        now: Option<Duration>,
        budget: Duration,
        elapsed: impl Fn() -> Duration,
    ) {
        let is_due = match (now, self.waiting.due()) {
            (Some(now), Some(due)) => due <= now,
            (None, Some(_)) => true,
            (_, None) => false,
        };
        if is_due && self.waiting.release() {
            self.translator.end_update();
        }
        while self.waiting.is_ready() {
            let mut waiting = std::mem::take(&mut self.waiting);
            let ready = waiting.ready();
            let slice = ready.get(..SLICE.min(ready.len())).unwrap_or_default();
            let done = self.fenced(|parser, translator| {
                let advanced = translator.advance(parser, slice);
                (advanced.bytes, advanced.begins_update)
            });
            // What it fell over is gone.
            let (count, begins_update) = done.unwrap_or((slice.len(), false));
            waiting.take(count);
            if let Some(now) = now.filter(|_| begins_update) {
                waiting.hold(now);
            }
            self.waiting = waiting;
            self.sweep();
            if !self.below.is_empty() && !self.parser.screen().alternate_screen() {
                self.below = Below::default();
            }
            if elapsed() >= budget && !self.waiting.is_within_update() {
                break;
            }
        }
    }

    /// The screen has another size. Sizes below 2 count as 2. See [`resize_following`](Self::resize_following).
    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.resize_following(columns, rows, &mut []);
    }

    /// The same, for someone who looks at places: they go along with the text that they are at.
    ///
    /// Lines that were wrapped are wrapped anew, the cursor stays at its character; rows come back from above when there is
    /// room for them, and go there when there isn't. With another width rows get other numbers: what is
    /// remembered of them has to be among `places`. The alternate screen is cut off or filled up: its program paints it anew.
    pub fn resize_following(&mut self, columns: u16, rows: u16, places: &mut [Place]) {
        let (columns, rows) = (columns.max(2), rows.max(2));
        if (columns, rows) == (self.columns, self.rows) {
            return;
        }
        (self.columns, self.rows) = (columns, rows);
        self.translator.resized(columns, rows);
        let mut below = std::mem::take(&mut self.below);
        self.fenced(|parser, _| reflow::resize(parser, &mut below, (columns, rows), places));
        self.below = below;
    }

    /// Columns and rows.
    pub fn size(&self) -> (u16, u16) {
        (self.columns, self.rows)
    }

    /// The colours of text that asks for none, as the user sees them: programs ask for them. Without this they are those of a
    /// dark terminal.
    pub fn set_colors(&mut self, foreground: Rgb, background: Rgb) {
        let replies = &mut self.translator.state.replies;
        replies.set_colors(foreground, background);
    }

    /// What the program's questions are answered with; asked for once.
    pub fn replies(&mut self) -> Vec<u8> {
        self.translator.state.replies.take()
    }

    /// The title that the program gave itself, as it came.
    pub fn title(&self) -> Option<&str> {
        self.translator.state.title.as_deref()
    }

    /// The folder that the program says it works in (OSC 7), as it came: on another machine, perhaps.
    pub fn folder(&self) -> Option<&WorkingFolder> {
        self.translator.state.folder.as_ref()
    }

    /// Whether the bell rang since this was asked last.
    pub fn take_bell(&mut self) -> bool {
        std::mem::take(&mut self.translator.state.bell)
    }

    /// Whether the screen had to be begun anew since this was asked last. The program doesn't know: it draws again when it is told
    /// of another size, and then of this one.
    pub fn take_reset(&mut self) -> bool {
        std::mem::take(&mut self.is_reset)
    }

    /// What the program asked of its terminal.
    pub fn modes(&self) -> Modes {
        self.translator.state.modes()
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
        let extras = &self.translator.state.extras;
        self.visit_raw(row, &mut |column, cell| {
            let (text, number) = extras::split(cell.text);
            let mut style = cell.style;
            if let Some(number) = number {
                extras.dress(number, &mut style);
            }
            let text = translate::shown(&text);
            let cell = Cell {
                text,
                style,
                ..cell
            };
            visit(column, cell);
        });
    }

    /// The same with what stands for [`extras`] in it.
    fn visit_raw(&self, row: u64, visit: &mut dyn FnMut(u16, Cell<'_>)) {
        let Some(on_screen) = self.on_screen(row) else {
            self.parser.callbacks().history.visit(row, visit);
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
            // A screen that became narrower may have cut it in two; vt100 may have written over its second half.
            let other_half = screen.cell(on_screen, column + 1);
            let is_cut =
                cell.is_wide() && !other_half.is_some_and(vt100::Cell::is_wide_continuation);
            visit(
                column,
                Cell {
                    text: if is_cut {
                        ""
                    } else {
                        row::shown(cell.contents())
                    },
                    width: if cell.is_wide() && !is_cut { 2 } else { 1 },
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
        let (shape, blinks) = self.translator.state.cursor()?;
        let (row, column) = self.parser.screen().cursor_position();
        Some(Cursor {
            row: self.top() + u64::from(row),
            column,
            shape,
            blinks,
        })
    }

    /// Where a hyperlink leads: an address of http, https, file or mailto, printable ASCII.
    pub fn link(&self, link: LinkId) -> Option<&str> {
        self.translator.state.extras.link(link)
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

    /// Does something that vt100 may fall over; none when it did.
    fn fenced<T>(
        &mut self,
        act: impl FnOnce(&mut vt100::Parser<Host>, &mut Translator) -> T,
    ) -> Option<T> {
        let contained = fence::contain_panics();
        let result = catch_unwind(AssertUnwindSafe(|| {
            act(&mut self.parser, &mut self.translator)
        }));
        drop(contained);
        if let Ok(done) = result {
            return Some(done);
        }
        let host = std::mem::take(self.parser.callbacks_mut());
        self.parser = parser(self.columns, self.rows, host);
        self.parser.process(&self.translator.begin_anew());
        self.failures += 1;
        self.is_reset = true;
        None
    }

    /// Makes room for looks and links when there is none.
    fn sweep(&mut self) {
        if !self.translator.state.extras.is_full || self.top() < self.swept_at + SWEEP {
            return;
        }
        self.swept_at = self.top();
        let mut used = Vec::new();
        for row in self.first()..self.end() {
            self.visit_raw(row, &mut |_, cell| {
                if let (_, Some(number)) = extras::split(cell.text) {
                    let number = usize::from(number);
                    if used.len() <= number {
                        used.resize(number + 1, false);
                    }
                    if let Some(place) = used.get_mut(number) {
                        *place = true;
                    }
                }
            });
        }
        let pens = self.translator.state.pens();
        self.translator.state.extras.sweep(&used, &pens);
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
