//! A new ticket: what it begins from, and its title.

use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;
use tui_textarea::TextArea;

use super::{centered, frame, wear};
use crate::tickets::template::{TEMPLATES, Template};
use crate::ui::panes::{Move, moved};
use crate::ui::session::Look;
use crate::ui::text;
use crate::ui::theme::Role;

/// An open form.
#[derive(Debug)]
pub(crate) struct NewTicket {
    title: TextArea<'static>,
    at: usize,
}

impl NewTicket {
    /// An empty form, with this template chosen.
    pub(crate) fn new(template: Template, look: &Look) -> Self {
        let mut title = TextArea::default();
        wear(&mut title, look);
        let at = TEMPLATES.iter().position(|one| *one == template);
        Self {
            title,
            at: at.unwrap_or(0),
        }
    }

    /// Another theme.
    pub(crate) fn look_changed(&mut self, look: &Look) {
        wear(&mut self.title, look);
    }

    /// A key that edits.
    pub(crate) fn key(&mut self, key: KeyEvent) {
        self.title.input(key);
    }

    /// Text that was pasted.
    pub(crate) fn paste(&mut self, text: &str) {
        self.title.insert_str(text.replace(['\r', '\n'], " "));
    }

    /// Chooses another template.
    pub(crate) fn go(&mut self, to: Move) {
        self.at = moved(self.at, to, TEMPLATES.len()).min(TEMPLATES.len() - 1);
    }

    /// The title that was typed.
    pub(crate) fn title(&self) -> String {
        self.title.lines().join(" ").trim().to_owned()
    }

    /// The template that is chosen.
    pub(crate) fn template(&self) -> Template {
        TEMPLATES.get(self.at).copied().unwrap_or(TEMPLATES[0])
    }

    pub(crate) fn draw(&self, screen: Rect, buffer: &mut Buffer, look: &Look) {
        let rows = u16::try_from(TEMPLATES.len() + 5).unwrap_or(u16::MAX);
        let inner = frame("New ticket", centered(screen, 76, rows), buffer, look);
        let mut rows = inner.rows();
        if let Some(row) = rows.next() {
            let label = Rect {
                width: row.width.min(7),
                ..row
            };
            let field = Rect {
                x: row.x + label.width,
                width: row.width - label.width,
                ..row
            };
            Line::styled("Title: ", look.theme.style(Role::HintKey)).render(label, buffer);
            if !field.is_empty() {
                self.title.render(field, buffer);
            }
        }
        rows.next();
        if let Some(row) = rows.next() {
            let words = "It begins from:";
            Line::styled(words, look.theme.style(Role::Hint)).render(row, buffer);
        }
        for ((index, template), row) in TEMPLATES.iter().enumerate().zip(rows) {
            let is_chosen = index == self.at;
            let sign = match (is_chosen, look.ascii) {
                (false, _) => "  ",
                (true, true) => "> ",
                (true, false) => "► ",
            };
            let room = usize::from(row.width).saturating_sub(11);
            let summary = text::fit(template.summary, room, look.ascii).into_owned();
            let line = Line::from(vec![
                Span::styled(sign, look.theme.style(Role::Accent)),
                Span::styled(
                    format!("{:<9}", template.name),
                    look.theme.style(Role::Text),
                ),
                Span::styled(summary, look.theme.style(Role::Dim)),
            ]);
            line.render(row, buffer);
            if is_chosen {
                buffer.set_style(row, look.theme.style(Role::Selection));
            }
        }
    }
}
