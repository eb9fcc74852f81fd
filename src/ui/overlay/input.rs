//! A field to type into: a reply, the reason of a rejection, the queue's filter.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;
use tui_textarea::{TextArea, WrapMode};

use super::{AtGate, centered, frame};
use crate::domain::ids::{AttemptId, TicketId, TicketName};
use crate::domain::request::RequestId;
use crate::ui::session::Look;
use crate::ui::theme::Role;

/// What becomes of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The answer to an agent.
    Reply(TicketId, TicketName),
    /// Words for the agent in the middle of its turn.
    Steer(TicketId, TicketName),
    /// Why a gate is not passed.
    Reject(Box<AtGate>),
    /// Why what the agent asks for is refused: this request and no other.
    Refuse(TicketId, TicketName, Option<AttemptId>, RequestId),
    /// The queue shows what matches, while it is typed.
    Filter,
}

/// A field and its purpose.
#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) purpose: Purpose,
    field: TextArea<'static>,
}

impl Input {
    /// A field with a text in it.
    pub(crate) fn new(purpose: Purpose, text: &str, look: &Look) -> Self {
        let mut field = TextArea::new(vec![text.to_owned()]);
        field.move_cursor(tui_textarea::CursorMove::End);
        if purpose != Purpose::Filter {
            field.set_wrap_mode(WrapMode::WordOrGlyph);
        }
        let mut input = Self { purpose, field };
        input.look_changed(look);
        input
    }

    /// Another theme.
    pub(crate) fn look_changed(&mut self, look: &Look) {
        self.field.set_style(look.theme.style(Role::Input));
        self.field
            .set_cursor_line_style(look.theme.style(Role::Input));
    }

    /// Whether it is the queue's filter.
    pub(crate) fn is_filter(&self) -> bool {
        self.purpose == Purpose::Filter
    }

    /// The text.
    pub(crate) fn text(&self) -> String {
        self.field.lines().join("\n")
    }

    /// A key that edits.
    pub(crate) fn key(&mut self, key: crossterm::event::KeyEvent) {
        self.field.input(key);
    }

    /// Text that was pasted. A filter has one line.
    pub(crate) fn paste(&mut self, text: &str) {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        if self.is_filter() {
            self.field.insert_str(text.replace('\n', " "));
        } else {
            self.field.insert_str(text);
        }
    }

    /// Begins a new line.
    pub(crate) fn new_line(&mut self) {
        if !self.is_filter() {
            self.field.insert_newline();
        }
    }

    fn title(&self) -> String {
        match &self.purpose {
            Purpose::Reply(_, name) => format!("Reply to {name}"),
            Purpose::Steer(_, name) => format!("Tell {name} now"),
            Purpose::Reject(gate) => format!("Reject {}: why?", gate.name),
            Purpose::Refuse(_, name, _, number) => format!("Refuse {name} {number}: why?"),
            Purpose::Filter => "Filter".to_owned(),
        }
    }

    /// Draws it: the filter in the last line, everything else in the middle.
    pub(crate) fn draw(&self, screen: Rect, hints: Rect, buffer: &mut Buffer, look: &Look) {
        if self.is_filter() {
            let label = Rect {
                width: hints.width.min(8),
                ..hints
            };
            let field = Rect {
                x: hints.x + label.width,
                width: hints.width - label.width,
                ..hints
            };
            ratatui::text::Line::styled("Filter: ", look.theme.style(Role::HintKey))
                .render(label, buffer);
            if !field.is_empty() {
                self.field.render(field, buffer);
            }
            return;
        }
        let rows = (screen.height / 2).clamp(4, 12);
        let area = centered(screen, 76, rows);
        let inner = frame(&self.title(), area, buffer, look);
        if !inner.is_empty() {
            self.field.render(inner, buffer);
        }
    }
}
