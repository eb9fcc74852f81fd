//! The terminal as ratatui's backend, thrifty: one write per frame inside a synchronized update, not a byte when nothing
//! changed, colours only where they change, and short gaps bridged by what is there instead of a jump over it.

use std::io::{self, Write};

use crossterm::cursor::{Hide, MoveRight, MoveTo, Show};
use crossterm::queue;
use crossterm::style::{Attribute, Color as TerminalColor, Colors, Print, SetAttribute, SetColors};
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType as Part, EndSynchronizedUpdate,
};
use ratatui::backend::{Backend, ClearType, IntoCrossterm, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use ratatui::style::{Color, Modifier};

use super::text;

/// A gap of so many cells is written again rather than jumped over: a jump takes four bytes or more.
const BRIDGE: usize = 4;
/// So many blanks are erased rather than written.
const ERASE: u16 = 8;

/// See the module.
#[derive(Debug)]
pub(crate) struct Screen<W: Write> {
    writer: W,
    /// Whether a synchronized update has begun that is not ended yet.
    in_frame: bool,
    /// Whether anything was written that is not flushed yet.
    is_written: bool,
    /// Where the terminal's cursor is, when that is known for sure.
    cursor: Option<Position>,
    is_cursor_shown: Option<bool>,
    /// What the terminal writes with, when that is known.
    pen: Option<Pen>,
    /// Whether the terminal erases with the colour that is set.
    erases: bool,
    /// What the terminal shows, row by row, as far as this has drawn it.
    shown: Vec<Vec<Cell>>,
}

/// How letters look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pen {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

impl Pen {
    fn of(cell: &Cell) -> Self {
        Self {
            fg: cell.fg,
            bg: cell.bg,
            modifier: cell.modifier,
        }
    }
}

/// Attributes as the terminal knows them.
const ATTRIBUTES: [(Modifier, Attribute); 9] = [
    (Modifier::BOLD, Attribute::Bold),
    (Modifier::DIM, Attribute::Dim),
    (Modifier::ITALIC, Attribute::Italic),
    (Modifier::UNDERLINED, Attribute::Underlined),
    (Modifier::SLOW_BLINK, Attribute::SlowBlink),
    (Modifier::RAPID_BLINK, Attribute::RapidBlink),
    (Modifier::REVERSED, Attribute::Reverse),
    (Modifier::HIDDEN, Attribute::Hidden),
    (Modifier::CROSSED_OUT, Attribute::CrossedOut),
];

impl<W: Write> Screen<W> {
    /// Draws to `writer`, which must be buffered: everything is flushed at the end of a frame. `erases` says whether the
    /// terminal erases with the colour that is set: all do but GNU screen.
    pub(crate) fn new(writer: W, erases: bool) -> Self {
        Self {
            writer,
            erases,
            in_frame: false,
            is_written: false,
            cursor: None,
            is_cursor_shown: None,
            pen: None,
            shown: Vec::new(),
        }
    }

    /// Forgets what is known of the terminal: somebody else wrote to it.
    pub(crate) fn forget(&mut self) {
        self.cursor = None;
        self.is_cursor_shown = None;
        self.pen = None;
    }

    fn begin(&mut self) -> io::Result<()> {
        if !self.in_frame {
            self.in_frame = true;
            queue!(self.writer, BeginSynchronizedUpdate)?;
        }
        Ok(())
    }

    /// Remembers what a cell shows.
    fn remember(&mut self, column: u16, row: u16, cell: &Cell) {
        let (column, row) = (usize::from(column), usize::from(row));
        if self.shown.len() <= row {
            self.shown.resize_with(row + 1, Vec::new);
        }
        if let Some(cells) = self.shown.get_mut(row) {
            if cells.len() <= column {
                cells.resize(column + 1, unknown());
            }
            if let Some(shown) = cells.get_mut(column) {
                shown.clone_from(cell);
            }
            // What is not ASCII may cover the next cell too.
            if !cell.symbol().is_ascii()
                && let Some(next) = cells.get_mut(column + 1)
            {
                *next = unknown();
            }
        }
    }

    /// Whether a cell shows a wide character, or something that may be one.
    fn shows_wide(&self, column: u16, row: u16) -> bool {
        let row = self.shown.get(usize::from(row));
        let cell = row.and_then(|row| row.get(usize::from(column)));
        cell.is_some_and(|cell| !is_plain(cell.symbol()) && text::width(cell.symbol()) > 1)
    }

    /// Brings the cursor to a cell by the fewest bytes.
    fn go(&mut self, column: u16, row: u16) -> io::Result<()> {
        let target = Position::new(column, row);
        let from = self.cursor.filter(|from| from.y == row && from.x <= column);
        match from {
            Some(from) if from == target => Ok(()),
            Some(from) if self.bridge(from.x, column, row)? => Ok(()),
            Some(from) => queue!(self.writer, MoveRight(column - from.x)),
            None => queue!(self.writer, MoveTo(column, row)),
        }
    }

    /// Writes what the cells of a short gap show already. Whether it did.
    fn bridge(&mut self, from: u16, to: u16, row: u16) -> io::Result<bool> {
        let row = self.shown.get(usize::from(row));
        let gap = row.and_then(|row| row.get(usize::from(from)..usize::from(to)));
        let Some(gap) = gap.filter(|gap| gap.len() <= BRIDGE) else {
            return Ok(false);
        };
        let fits = |cell: &Cell| Some(Pen::of(cell)) == self.pen && is_plain(cell.symbol());
        if !gap.iter().all(fits) {
            return Ok(false);
        }
        for cell in gap {
            queue!(self.writer, Print(cell.symbol()))?;
        }
        Ok(true)
    }

    fn write(&mut self, column: u16, row: u16, cell: &Cell) -> io::Result<()> {
        self.go(column, row)?;
        self.take_pen(Pen::of(cell))?;
        queue!(self.writer, Print(cell.symbol()))?;
        // Terminals disagree about the width of much that is not ASCII: after that the next place is told in full.
        let is_sure = is_plain(cell.symbol()) || is_line(cell.symbol());
        self.cursor = is_sure.then(|| Position::new(column + 1, row));
        Ok(())
    }

    /// Long blanks are erased, short ones written.
    fn write_blank(&mut self, blank: Option<&Blank>) -> io::Result<()> {
        let Some(&Blank {
            start,
            length,
            pen,
            ends_on_wide,
        }) = blank
        else {
            return Ok(());
        };
        self.go(start.x, start.y)?;
        self.take_pen(pen)?;
        let has_lines = Modifier::UNDERLINED | Modifier::REVERSED | Modifier::CROSSED_OUT;
        if self.erases && length >= ERASE && !pen.modifier.intersects(has_lines) {
            // ECH: the cursor stays where it is.
            if !ends_on_wide {
                write!(self.writer, "\x1b[{length}X")?;
                self.cursor = Some(start);
                return Ok(());
            }
            // Half a wide character that is erased leaves the other half in some terminals (tmux): it is written over.
            let before = length - 1;
            write!(self.writer, "\x1b[{before}X")?;
            queue!(self.writer, MoveRight(before), Print(' '))?;
            self.cursor = Some(Position::new(start.x + length, start.y));
            return Ok(());
        }
        for _ in 0..length {
            queue!(self.writer, Print(' '))?;
        }
        self.cursor = Some(Position::new(start.x + length, start.y));
        Ok(())
    }

    fn take_pen(&mut self, pen: Pen) -> io::Result<()> {
        if self.pen == Some(pen) {
            return Ok(());
        }
        let before = self.pen.replace(pen);
        let mut before = match before {
            Some(before) if pen.modifier.contains(before.modifier) => before,
            // Attributes can only be taken away together.
            _ => {
                queue!(self.writer, SetAttribute(Attribute::Reset))?;
                Pen {
                    fg: Color::Reset,
                    bg: Color::Reset,
                    modifier: Modifier::empty(),
                }
            }
        };
        for (modifier, attribute) in ATTRIBUTES {
            if pen.modifier.contains(modifier) && !before.modifier.contains(modifier) {
                queue!(self.writer, SetAttribute(attribute))?;
            }
        }
        before.modifier = pen.modifier;
        let changed = |before: Color, after: Color| -> Option<TerminalColor> {
            (before != after).then(|| after.into_crossterm())
        };
        let colors = Colors {
            foreground: changed(before.fg, pen.fg),
            background: changed(before.bg, pen.bg),
        };
        if colors.foreground.is_some() || colors.background.is_some() {
            queue!(self.writer, SetColors(colors))?;
        }
        Ok(())
    }
}

/// Blank cells in a row that look the same.
#[derive(Debug)]
struct Blank {
    start: Position,
    length: u16,
    pen: Pen,
    /// Whether the last of them is where a wide character begins until now.
    ends_on_wide: bool,
}

impl Blank {
    fn takes(&self, column: u16, row: u16, cell: &Cell) -> bool {
        cell.symbol() == " "
            && (column, row) == (self.start.x + self.length, self.start.y)
            && Pen::of(cell) == self.pen
    }
}

/// A cell of which nothing is known.
fn unknown() -> Cell {
    Cell::new("\0")
}

/// Whether every terminal advances by one column for it.
fn is_plain(symbol: &str) -> bool {
    let mut bytes = symbol.bytes();
    matches!((bytes.next(), bytes.next()), (Some(b' '..=b'~'), None))
}

impl<W: Write> Backend for Screen<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let mut content = content.peekable();
        if content.peek().is_none() {
            return Ok(());
        }
        self.begin()?;
        if self.is_cursor_shown != Some(false) {
            // A cursor that runs over the screen is seen where synchronized updates are not known.
            queue!(self.writer, Hide)?;
            self.is_cursor_shown = Some(false);
        }
        let mut blank: Option<Blank> = None;
        for (column, row, cell) in content {
            let was_wide = self.shows_wide(column, row);
            if let Some(run) = &mut blank
                && run.takes(column, row, cell)
            {
                run.length += 1;
                run.ends_on_wide = was_wide;
                self.remember(column, row, cell);
                continue;
            }
            self.write_blank(blank.take().as_ref())?;
            self.remember(column, row, cell);
            if cell.symbol() == " " {
                blank = Some(Blank {
                    start: Position::new(column, row),
                    length: 1,
                    pen: Pen::of(cell),
                    ends_on_wide: was_wide,
                });
            } else {
                self.write(column, row, cell)?;
            }
        }
        self.write_blank(blank.as_ref())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        if self.is_cursor_shown != Some(false) {
            self.is_written = true;
            queue!(self.writer, Hide)?;
            self.is_cursor_shown = Some(false);
        }
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        if self.is_cursor_shown != Some(true) {
            self.is_written = true;
            queue!(self.writer, Show)?;
            self.is_cursor_shown = Some(true);
        }
        Ok(())
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        // Asking the terminal would compete with the keys for its answer.
        Ok(self.cursor.unwrap_or_default())
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let position = position.into();
        if self.cursor != Some(position) {
            self.is_written = true;
            queue!(self.writer, MoveTo(position.x, position.y))?;
            self.cursor = Some(position);
        }
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear_region(ClearType::All)
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        self.begin()?;
        // Cleared cells take the colours that are set.
        self.pen = None;
        self.cursor = None;
        self.shown.clear();
        let part = match clear_type {
            ClearType::All => Part::All,
            ClearType::AfterCursor => Part::FromCursorDown,
            ClearType::BeforeCursor => Part::FromCursorUp,
            ClearType::CurrentLine => Part::CurrentLine,
            ClearType::UntilNewLine => Part::UntilNewLine,
        };
        queue!(self.writer, SetAttribute(Attribute::Reset), Clear(part))
    }

    fn append_lines(&mut self, lines: u16) -> io::Result<()> {
        for _ in 0..lines {
            queue!(self.writer, Print("\n"))?;
        }
        self.cursor = None;
        self.is_written = true;
        Ok(())
    }

    fn size(&self) -> io::Result<Size> {
        let (width, height) = crossterm::terminal::size()?;
        Ok(Size { width, height })
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize {
            columns_rows: self.size()?,
            pixels: Size::default(),
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.in_frame) {
            queue!(self.writer, EndSynchronizedUpdate)?;
            self.is_written = true;
        }
        if std::mem::take(&mut self.is_written) {
            self.writer.flush()?;
        }
        Ok(())
    }
}

/// Whether it is a part of a border: one column everywhere.
fn is_line(symbol: &str) -> bool {
    let mut characters = symbol.chars();
    matches!(
        (characters.next(), characters.next()),
        (Some('\u{2500}'..='\u{257f}'), None)
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ratatui::Terminal;
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;
    use ratatui::{TerminalOptions, Viewport};
    use std::cell::RefCell;
    use std::rc::Rc;

    use super::*;
    use crate::emulator::Emulator;
    use ratatui::style::Style;

    #[derive(Clone, Default)]
    struct Bytes(Rc<RefCell<Vec<u8>>>);

    impl Write for Bytes {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Draws texts on a terminal of this size, and gives what each sends.
    fn drawer(columns: u16, rows: u16) -> impl FnMut(&'static str) -> String {
        let bytes = Bytes::default();
        let options = TerminalOptions {
            viewport: Viewport::Fixed(Rect::new(0, 0, columns, rows)),
        };
        let mut terminal =
            Terminal::with_options(Screen::new(bytes.clone(), true), options).expect("a terminal");
        move |text| {
            bytes.0.borrow_mut().clear();
            terminal
                .draw(|frame| frame.render_widget(text, frame.area()))
                .expect("a frame");
            bytes.0.borrow().escape_ascii().to_string()
        }
    }

    #[test]
    fn a_frame_without_a_change_writes_nothing() {
        let mut draw = drawer(20, 2);
        assert!(draw("hello").contains("hello"));
        assert_eq!(draw("hello"), "");
        let change = draw("hellx");
        assert!(change.starts_with(r"\x1b[?2026h"), "{change}");
        assert!(change.ends_with(r"\x1b[?2026l"), "{change}");
        assert!(change.len() < 60, "{change}");
    }

    #[test]
    fn no_half_of_a_wide_character_is_erased() {
        let mut draw = drawer(40, 1);
        draw("aaaaaaaaaa漢");
        let blank = draw("");
        assert!(blank.contains(r"\x1b[10X\x1b[10C "), "{blank}");
        assert!(!blank.contains(r"\x1b[11X"), "{blank}");
    }

    /// A row of cells as characters with a colour and a weight each.
    fn cells() -> impl Strategy<Value = Vec<(usize, u8, bool)>> {
        proptest::collection::vec((0..SYMBOLS.len(), 0u8..3, any::<bool>()), 12 * 4)
    }

    const SYMBOLS: [&str; 12] = [" ", " ", " ", " ", " ", " ", " ", "a", "b", "é", "漢", "─"];

    proptest! {
        #[test]
        fn an_emulator_shows_what_was_drawn(frames in proptest::collection::vec(cells(), 1..5)) {
            let wire = Bytes::default();
            let area = Rect::new(0, 0, 12, 4);
            let options = TerminalOptions { viewport: Viewport::Fixed(area) };
            let mut terminal =
                Terminal::with_options(Screen::new(wire.clone(), true), options).expect("a terminal");
            let mut emulator = Emulator::new(12, 4, 0);
            for cells in frames {
                let mut drawn = Buffer::empty(area);
                terminal
                    .draw(|frame| {
                        let buffer = frame.buffer_mut();
                        let mut covered = None;
                        for (position, (symbol, color, bold)) in area.positions().zip(cells) {
                            if covered.replace(position) == Some(position) {
                                continue;
                            }
                            covered = (SYMBOLS[symbol] == "漢")
                                .then(|| Position::new(position.x + 1, position.y));
                            let mut style = Style::new();
                            if color > 0 {
                                style = style.fg(Color::Indexed(color));
                            }
                            if bold {
                                style = style.add_modifier(Modifier::BOLD);
                            }
                            // Wide characters at the edge are cut, as everywhere else.
                            buffer.set_stringn(position.x, position.y, SYMBOLS[symbol], usize::from(area.width - position.x), style);
                        }
                        drawn = buffer.clone();
                    })
                    .expect("a frame");
                emulator.feed(&wire.0.take());
                emulator.parse(std::time::Duration::MAX, || std::time::Duration::ZERO);
                let mut shown = Buffer::empty(area);
                crate::ui::render::cells::draw(&emulator, emulator.top(), area, &mut shown, crate::ui::theme::ColorDepth::Truecolor);
                for position in area.positions() {
                    let (expected, got) = (&drawn[position], &shown[position]);
                    prop_assert_eq!(expected.symbol(), got.symbol(), "{}", position);
                    if expected.symbol() != " " {
                        prop_assert_eq!((expected.fg, expected.modifier), (got.fg, got.modifier), "{}", position);
                    }
                }
            }
        }
    }
}
