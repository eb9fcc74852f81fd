//! A field to type into: the queue's filter. What becomes of typed text.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;
use tui_textarea::TextArea;

use super::{AtGate, DraftOf, wear};
use crate::domain::ids::{AttemptId, TicketId, TicketName};
use crate::domain::request::RequestId;
use crate::ui::pages::review::Anchor;
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
    /// What is said about a line of a diff.
    Comment(Box<Anchor>),
    /// The answer to a question.
    Answer(Box<Asking>),
    /// Words, or none, for an agent that is handed back.
    HandBack(TicketId, TicketName),
}

/// A question that waits: what is answered is answered to it and no other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asking {
    /// Whose ticket it is.
    pub(crate) ticket: TicketId,
    /// What people call it.
    pub(crate) name: TicketName,
    /// Whose request it is.
    pub(crate) attempt: Option<AttemptId>,
    /// Which.
    pub(crate) request: RequestId,
}

impl Purpose {
    /// Whose draft it is when it is dropped; what was to become of it is part of that.
    pub(crate) fn draft_of(&self) -> DraftOf {
        match self {
            Self::Comment(anchor) => DraftOf::Comment(Anchor::clone(anchor)),
            // Words that wait and words for now are the same draft.
            Self::Reply(ticket, _) | Self::Steer(ticket, _) | Self::HandBack(ticket, _) => {
                DraftOf::Words(ticket.clone())
            }
            Self::Reject(gate) => DraftOf::Reject(gate.ticket.clone()),
            Self::Refuse(ticket, _, attempt, request) => {
                DraftOf::Refuse(ticket.clone(), attempt.clone(), *request)
            }
            Self::Answer(asking) => DraftOf::Answer(
                asking.ticket.clone(),
                asking.attempt.clone(),
                asking.request,
            ),
        }
    }

    /// Whose agent hears it. A comment is not sent yet.
    pub(crate) fn ticket(&self) -> Option<&TicketId> {
        match self {
            Self::Comment(_) => None,
            Self::Reply(ticket, _)
            | Self::Steer(ticket, _)
            | Self::HandBack(ticket, _)
            | Self::Refuse(ticket, ..) => Some(ticket),
            Self::Reject(gate) => Some(&gate.ticket),
            Self::Answer(asking) => Some(&asking.ticket),
        }
    }
}

/// What a line is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineOf {
    /// The queue shows what matches, while it is typed.
    Filter,
    /// The transcript marks what matches, while it is typed.
    Search,
    /// The terminal's tab gets this name.
    TabName,
    /// The terminal does.
    Terminal,
}

impl LineOf {
    fn title(self) -> &'static str {
        match self {
            Self::Filter => "Filter: ",
            Self::Search | Self::Terminal => "Search: ",
            Self::TabName => "Rename: ",
        }
    }
}

/// A line that takes the place of the hints.
#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) of: LineOf,
    field: TextArea<'static>,
}

impl Input {
    /// A field with a text in it.
    pub(crate) fn new(of: LineOf, text: &str, look: &Look) -> Self {
        let mut field = TextArea::new(vec![text.to_owned()]);
        field.move_cursor(tui_textarea::CursorMove::End);
        let mut input = Self { of, field };
        input.look_changed(look);
        input
    }

    /// Another theme.
    pub(crate) fn look_changed(&mut self, look: &Look) {
        wear(&mut self.field, look);
    }

    /// The text.
    pub(crate) fn text(&self) -> String {
        self.field.lines().join("\n")
    }

    /// A key that edits.
    pub(crate) fn key(&mut self, key: crossterm::event::KeyEvent) {
        self.field.input(key);
    }

    /// Text that was pasted. It is one line.
    pub(crate) fn paste(&mut self, text: &str) {
        let text = text.replace("\r\n", "\n").replace(['\r', '\n'], " ");
        self.field.insert_str(text);
    }

    /// Draws it in the last line.
    pub(crate) fn draw(&self, hints: Rect, buffer: &mut Buffer, look: &Look) {
        let label = Rect {
            width: hints.width.min(8),
            ..hints
        };
        let field = Rect {
            x: hints.x + label.width,
            width: hints.width - label.width,
            ..hints
        };
        ratatui::text::Line::styled(self.of.title(), look.theme.style(Role::HintKey))
            .render(label, buffer);
        if !field.is_empty() {
            self.field.render(field, buffer);
        }
    }
}
