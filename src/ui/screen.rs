//! The terminal as ratatui's backend: one write per frame, inside a synchronized update, and not a byte when nothing changed.

use std::io::{self, Write};

use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::queue;
use crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate};
use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};

/// See the module.
#[derive(Debug)]
pub(crate) struct Screen<W: Write> {
    inner: CrosstermBackend<W>,
    /// Whether a synchronized update has begun that is not ended yet.
    in_frame: bool,
    /// Whether anything was written that is not flushed yet.
    is_written: bool,
    /// What the terminal's cursor is known to be; unknown after cells were drawn.
    cursor: Option<Position>,
    is_cursor_shown: Option<bool>,
}

impl<W: Write> Screen<W> {
    /// Draws to `writer`, which must be buffered: everything is flushed at the end of a frame.
    pub(crate) fn new(writer: W) -> Self {
        Self {
            inner: CrosstermBackend::new(writer),
            in_frame: false,
            is_written: false,
            cursor: None,
            is_cursor_shown: None,
        }
    }

    /// Forgets what is known of the terminal: somebody else wrote to it.
    pub(crate) fn forget(&mut self) {
        self.cursor = None;
        self.is_cursor_shown = None;
    }

    fn begin(&mut self) -> io::Result<()> {
        if !self.in_frame {
            self.in_frame = true;
            queue!(self.inner, BeginSynchronizedUpdate)?;
        }
        Ok(())
    }
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
            queue!(self.inner, Hide)?;
            self.is_cursor_shown = Some(false);
        }
        self.cursor = None;
        self.inner.draw(content)
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        if self.is_cursor_shown != Some(false) {
            self.is_written = true;
            queue!(self.inner, Hide)?;
            self.is_cursor_shown = Some(false);
        }
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        if self.is_cursor_shown != Some(true) {
            self.is_written = true;
            queue!(self.inner, Show)?;
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
            queue!(self.inner, MoveTo(position.x, position.y))?;
            self.cursor = Some(position);
        }
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear_region(ClearType::All)
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        use crossterm::terminal::{Clear, ClearType as Part};
        self.begin()?;
        let part = match clear_type {
            ClearType::All => Part::All,
            ClearType::AfterCursor => Part::FromCursorDown,
            ClearType::BeforeCursor => Part::FromCursorUp,
            ClearType::CurrentLine => Part::CurrentLine,
            ClearType::UntilNewLine => Part::UntilNewLine,
        };
        queue!(self.inner, Clear(part))
    }

    fn append_lines(&mut self, lines: u16) -> io::Result<()> {
        self.inner.append_lines(lines)
    }

    fn size(&self) -> io::Result<Size> {
        self.inner.size()
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        self.inner.window_size()
    }

    fn flush(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.in_frame) {
            queue!(self.inner, EndSynchronizedUpdate)?;
            self.is_written = true;
        }
        if std::mem::take(&mut self.is_written) {
            Write::flush(&mut self.inner)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::layout::Rect;
    use ratatui::{TerminalOptions, Viewport};
    use std::cell::RefCell;
    use std::rc::Rc;

    use super::*;

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

    #[test]
    fn a_frame_without_a_change_writes_nothing() {
        let bytes = Bytes::default();
        let options = TerminalOptions {
            viewport: Viewport::Fixed(Rect::new(0, 0, 20, 2)),
        };
        let mut terminal =
            Terminal::with_options(Screen::new(bytes.clone()), options).expect("a terminal");
        let mut draw = |text: &'static str| {
            bytes.0.borrow_mut().clear();
            terminal
                .draw(|frame| frame.render_widget(text, frame.area()))
                .expect("a frame");
            bytes.0.borrow().escape_ascii().to_string()
        };
        assert!(draw("hello").contains("hello"));
        assert_eq!(draw("hello"), "");
        let change = draw("hellx");
        assert!(change.starts_with(r"\x1b[?2026h"), "{change}");
        assert!(change.ends_with(r"\x1b[?2026l"), "{change}");
        assert!(change.len() < 160, "{change}");
    }
}
