//! What a human writes to an agent: a field of many lines, to whom it goes, what becomes of it, and what that agent can do.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;
use tui_textarea::{CursorMove, TextArea, WrapMode};

use super::{Purpose, centered, frame, wear};
use crate::domain::ids::{AttemptId, TicketId};
use crate::domain::request::{Question, RequestId};
use crate::ui::abilities::Abilities;
use crate::ui::layout::split_top;
use crate::ui::pages::review::Anchor;
use crate::ui::render::plain;
use crate::ui::session::Look;
use crate::ui::text;
use crate::ui::theme::Role;

/// From this width on the abilities stand beside the field.
const WIDE: u16 = 72;
/// How wide they are.
const BESIDE: u16 = 28;

/// A draft belongs to what it is about and to what was to become of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum DraftOf {
    /// Words for a ticket's agent, now or later.
    Words(TicketId),
    /// Why a ticket's gate is not passed.
    Reject(TicketId),
    /// Why this request is refused.
    Refuse(TicketId, Option<AttemptId>, RequestId),
    /// The answer to this request.
    Answer(TicketId, Option<AttemptId>, RequestId),
    /// A comment on this line.
    Comment(Anchor),
}

/// What was typed and not sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    /// The answers to the first of several questions.
    pub(crate) answers: Vec<String>,
    /// What stood in the field.
    pub(crate) text: String,
}

/// What there is to know when it opens.
#[derive(Debug, Default)]
pub(crate) struct About {
    /// The agent's name.
    pub(crate) agent: String,
    /// What it can do, if that is known.
    pub(crate) abilities: Option<Abilities>,
    /// Whether it works on a turn now.
    pub(crate) is_in_turn: bool,
    /// What is shown above the field: a question, the reasons of a gate, what is asked.
    pub(crate) shown: String,
    /// The questions that are answered one after the other.
    pub(crate) questions: Vec<Question>,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Composer {
    /// What becomes of the text: one of the ways.
    pub(crate) purpose: Purpose,
    /// The others that make sense now.
    other_ways: Vec<Purpose>,
    about: About,
    /// The answers to the first of several questions.
    pub(crate) answers: Vec<String>,
    field: TextArea<'static>,
}

impl Composer {
    /// A field with a draft in it.
    pub(crate) fn new(
        purpose: Purpose,
        other_ways: Vec<Purpose>,
        about: About,
        draft: &Kept,
        look: &Look,
    ) -> Self {
        let mut answers = draft.answers.clone();
        answers.truncate(about.questions.len().saturating_sub(1));
        Self {
            purpose,
            other_ways,
            about,
            answers,
            field: field(&draft.text, look),
        }
    }

    /// The text.
    pub(crate) fn text(&self) -> String {
        self.field.lines().join("\n")
    }

    /// Another text: what came back from an editor.
    pub(crate) fn set_text(&mut self, text: &str, look: &Look) {
        self.field = field(text, look);
    }

    /// Another theme.
    pub(crate) fn look_changed(&mut self, look: &Look) {
        wear(&mut self.field, look);
    }

    /// A key that edits.
    pub(crate) fn key(&mut self, key: crossterm::event::KeyEvent) {
        self.field.input(key);
    }

    /// Text that was pasted.
    pub(crate) fn paste(&mut self, text: &str) {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        self.field.insert_str(text);
    }

    /// Begins a new line.
    pub(crate) fn new_line(&mut self) {
        self.field.insert_newline();
    }

    /// Something else becomes of the text. Whether there is another way.
    pub(crate) fn switch(&mut self) -> bool {
        if self.other_ways.is_empty() {
            return false;
        }
        let next = self.other_ways.remove(0);
        let before = std::mem::replace(&mut self.purpose, next);
        self.other_ways.push(before);
        true
    }

    /// Whether something else can become of the text.
    pub(crate) fn can_switch(&self) -> bool {
        !self.other_ways.is_empty()
    }

    /// Keeps an answer and asks the next question; `false` when this was the last one.
    pub(crate) fn next_question(&mut self, look: &Look) -> bool {
        let answer = self.text().trim().to_owned();
        let is_last = self.answers.len() + 1 >= self.about.questions.len();
        // What was answered so far is not lost by an Enter too many.
        let waits = answer.is_empty() && !self.answers.is_empty();
        if is_last || waits {
            return waits;
        }
        if !answer.is_empty() {
            self.answers.push(answer);
            self.field = field("", look);
        }
        true
    }

    /// What is kept of it when it is dropped.
    pub(crate) fn kept(&self) -> Kept {
        Kept {
            answers: self.answers.clone(),
            text: self.text(),
        }
    }

    /// What becomes of the text, in words.
    fn becomes(&self) -> &'static str {
        match &self.purpose {
            Purpose::Reply(..) if self.about.is_in_turn => {
                "waits for the end of this turn, then the next one begins with it"
            }
            Purpose::Reply(..) => "its next turn begins with it",
            Purpose::Steer(..) => match self.about.abilities {
                Some(_) => "goes to it now, in the middle of its turn",
                None => "goes to it now if it takes that, else with its next turn",
            },
            Purpose::Reject(_) => "the work is not merged; its next turn begins with this reason",
            Purpose::Refuse(..) => match self.about.abilities {
                Some(abilities) if !abilities.hears_reasons => {
                    "it is told no; it hears the reason with its next turn"
                }
                _ => "it is told no, with this reason; its turn goes on",
            },
            Purpose::Comment(_) => {
                "kept beside its line until you reject or reply; an empty one is dropped"
            }
            Purpose::Answer(_) => "it waits for just this answer; its turn goes on",
            Purpose::HandBack(..) => "handed back, with words or without; Esc keeps it taken over",
        }
    }

    fn title(&self) -> String {
        match &self.purpose {
            Purpose::Reply(_, name) if self.about.is_in_turn => format!("Queue for {name}"),
            Purpose::Reply(_, name) => format!("Reply to {name}"),
            Purpose::Steer(_, name) => format!("Tell {name} now"),
            Purpose::Reject(gate) => format!("Reject {}: why?", gate.name),
            Purpose::HandBack(_, name) => format!("Hand {name} back"),
            Purpose::Refuse(_, name, _, number) => format!("Refuse {name} {number}: why?"),
            Purpose::Comment(anchor) => format!("Comment on {anchor}"),
            Purpose::Answer(asking) => match self.about.questions.len() {
                0 | 1 => format!("Answer {} {}", asking.name, asking.request),
                count => format!(
                    "Answer {} {}: {} of {count}",
                    asking.name,
                    asking.request,
                    self.answers.len() + 1
                ),
            },
        }
    }

    /// What is shown above the field.
    fn shown(&self) -> String {
        let Some(question) = self.about.questions.get(self.answers.len()) else {
            return self.about.shown.clone();
        };
        let mut shown = question.text.clone();
        for suggestion in &question.suggestions {
            shown.push_str("\n- ");
            shown.push_str(suggestion);
        }
        shown
    }

    /// Draws it in the middle of the screen.
    pub(crate) fn draw(&self, screen: Rect, buffer: &mut Buffer, look: &Look) {
        let theme = &look.theme;
        let columns = 100.min(screen.width);
        let inside = usize::from(columns.saturating_sub(2));
        let shown = plain(&self.shown(), inside, theme.style(Role::Text));
        let count = u16::try_from(shown.len()).unwrap_or(u16::MAX);
        let above = count.min(screen.height / 4);
        let rows = (screen.height / 2).clamp(5, 12).saturating_add(above + 1);
        let area = centered(screen, columns, rows);
        let inner = frame(&self.title(), area, buffer, look);
        if inner.is_empty() {
            return;
        }
        // On a low screen the field matters most.
        let above = above.min(inner.height.saturating_sub(3));
        let (top, rest) = split_top(inner, above);
        for (line, row) in shown.iter().zip(top.rows()) {
            line.render(row, buffer);
        }
        if count > above && above > 0 {
            let more = format!(" {} more lines ", count - above);
            let last = Rect {
                y: top.bottom().saturating_sub(1),
                height: 1,
                ..top
            };
            Line::styled(more, theme.style(Role::Dim))
                .right_aligned()
                .render(last, buffer);
        }
        let said = u16::from(rest.height >= 3);
        let (field, below) = split_top(rest, rest.height - said);
        // Nothing of it is asked for when work is handed back.
        let is_asked = !matches!(self.purpose, Purpose::HandBack(..));
        let has_beside = is_asked && field.width >= WIDE && !self.about.agent.is_empty();
        let (field, beside) = if has_beside {
            let width = field.width - BESIDE;
            let beside = Rect {
                x: field.x + width + 1,
                width: BESIDE - 1,
                ..field
            };
            (Rect { width, ..field }, Some(beside))
        } else {
            (field, None)
        };
        self.field.render(field, buffer);
        if let Some(beside) = beside {
            self.abilities(beside, buffer, look);
        }
        let to = if self.about.agent.is_empty() {
            String::new()
        } else {
            format!("{}: ", self.about.agent)
        };
        let words = format!("{to}{}", self.becomes());
        let words = text::fit(&words, usize::from(below.width), look.ascii).into_owned();
        Line::styled(words, theme.style(Role::Accent)).render(below, buffer);
    }

    /// What the agent can do.
    fn abilities(&self, area: Rect, buffer: &mut Buffer, look: &Look) {
        let theme = &look.theme;
        let dim = theme.style(Role::Dim);
        let mut lines = vec![Line::styled(
            text::fit(&self.about.agent, usize::from(area.width), look.ascii).into_owned(),
            theme.style(Role::Heading),
        )];
        match self.about.abilities {
            Some(abilities) => lines.extend(abilities.each().map(|(can, words)| {
                let (sign, style): (&str, Style) = match (can, look.ascii) {
                    (true, false) => ("✓", theme.style(Role::Success)),
                    (true, true) => ("+", theme.style(Role::Success)),
                    (false, _) => ("-", dim),
                };
                let words = Span::styled(format!(" {words}"), dim);
                Line::from(vec![Span::styled(sign, style), words])
            })),
            None => lines.push(Line::styled("nobody knows what it can do", dim)),
        }
        for (line, row) in lines.iter().zip(area.rows()) {
            line.render(row, buffer);
        }
    }
}

fn field(text: &str, look: &Look) -> TextArea<'static> {
    let mut field = TextArea::new(text.split('\n').map(str::to_owned).collect());
    field.move_cursor(CursorMove::Bottom);
    field.move_cursor(CursorMove::End);
    wear(&mut field, look);
    field.set_wrap_mode(WrapMode::WordOrGlyph);
    field
}
