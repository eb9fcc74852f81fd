//! The line below the text: what to find, where to go, how a new note is called.

use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;
use ratatui::widgets::Widget;
use tui_textarea::TextArea;

use crate::ui::session::Look;
use crate::ui::text;
use crate::ui::theme::Role;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// A text to find.
    Text,
    /// The number of a line.
    Line,
    /// The name of a note.
    Name,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Prompt {
    pub(super) wanted: Wanted,
    field: TextArea<'static>,
    /// Where the cursor was in the text: there it goes back to.
    pub(super) origin: (usize, usize),
}

impl Prompt {
    pub(super) fn new(wanted: Wanted, origin: (usize, usize)) -> Self {
        Self {
            wanted,
            field: TextArea::default(),
            origin,
        }
    }

    pub(super) fn text(&self) -> String {
        self.field.lines().join(" ")
    }

    pub(super) fn key(&mut self, key: KeyEvent) {
        // Whatever a key means to a text area, this is one line.
        if key.code != crossterm::event::KeyCode::Enter {
            self.field.input(key);
        }
    }

    pub(super) fn paste(&mut self, text: &str) {
        self.field.insert_str(text.replace(['\r', '\n'], " "));
    }

    /// Draws it; the place of the cursor.
    pub(super) fn draw(&self, area: Rect, end: &str, buffer: &mut Buffer, look: &Look) -> Position {
        let label = match self.wanted {
            Wanted::Text => "Find: ",
            Wanted::Line => "Line: ",
            Wanted::Name => "Name: ",
        };
        let theme = &look.theme;
        let label_width = text::width(label) as u16;
        Line::styled(label, theme.style(Role::HintKey)).render(area, buffer);
        let end_width = (text::width(end) as u16 + 1).min(area.width);
        if !end.is_empty() {
            let place = Rect {
                x: area.right() - end_width,
                width: end_width,
                ..area
            };
            Line::styled(end, theme.style(Role::Dim)).render(place, buffer);
        }
        let typed = self.text();
        let tui_textarea::DataCursor(_, character) = self.field.cursor();
        let before: String = typed.chars().take(character).collect();
        let before = text::width(&text::clean(&before)) as u16;
        let room = area.width.saturating_sub(label_width + end_width + 1);
        let field = Rect {
            x: area.x.saturating_add(label_width).min(area.right()),
            width: room,
            ..area
        };
        // Where the text is too long, its end is shown: there people type.
        let clean = text::clean(&typed).into_owned();
        let cut = before.saturating_sub(room.saturating_sub(1));
        let skipped: usize = text::head(&clean, usize::from(cut)).len();
        let shown = clean.get(skipped..).unwrap_or("");
        Line::styled(
            text::head(shown, usize::from(room)).to_owned(),
            theme.style(Role::Input),
        )
        .render(field, buffer);
        Position::new(
            field
                .x
                .saturating_add(before.saturating_sub(cut))
                .min(area.right().saturating_sub(1)),
            area.y,
        )
    }
}
