//! A question before something that can't be taken back.

use std::path::PathBuf;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::many::{Many, reorder_question};
use super::{centered, frame};
use crate::domain::ids::{AttemptId, TicketId, TicketName};
use crate::domain::queue::placing::NewPriority;
use crate::domain::request::RequestId;
use crate::domain::rules::Rule;
use crate::domain::time::Timestamp;
use crate::ui::render::plain;
use crate::ui::session::Look;
use crate::ui::theme::Role;

/// What is done on yes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Stop the run and leave.
    Quit,
    /// Stop the run and stay.
    StopRun,
    /// Stop one ticket's attempt.
    StopTicket(TicketId, TicketName),
    /// Approve at a gate.
    Approve(Box<AtGate>),
    /// Allow what the agent asks for: the whole of it.
    Allow(Box<Allow>),
    /// Allow it, and the like from now on.
    AllowAlways(Box<AllowAlways>),
    /// Do the same to several tickets.
    Many(Box<Many>),
    /// Write these priorities, also into files of tickets that are not moved.
    Reorder(Vec<NewPriority>),
}

/// A gate as it was shown: what is decided is decided about it and no other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AtGate {
    /// Whose ticket it is.
    pub(crate) ticket: TicketId,
    /// What people call it.
    pub(crate) name: TicketName,
    /// Whose work waits there.
    pub(crate) attempt: Option<AttemptId>,
    /// After which of its turns.
    pub(crate) turn: u32,
    /// Since when it waits.
    pub(crate) since: Timestamp,
    /// What asks for a look, in words.
    pub(crate) reasons: Vec<String>,
}

/// What is allowed on yes: this request and no other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Allow {
    /// Whose ticket it is.
    pub(crate) ticket: TicketId,
    /// What people call it.
    pub(crate) name: TicketName,
    /// Whose request it is.
    pub(crate) attempt: Option<AttemptId>,
    /// Which.
    pub(crate) request: RequestId,
    /// The whole of what is asked.
    pub(crate) what: String,
    /// Whether the agent offers a yes for this once.
    pub(crate) once: bool,
}

/// What is always allowed on yes: exactly these rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AllowAlways {
    /// The request that it begins with.
    pub(crate) allow: Allow,
    /// The rules, as they are written.
    pub(crate) rules: Vec<Rule>,
    /// Where they are written to.
    pub(crate) file: Option<PathBuf>,
}

/// A question.
#[derive(Debug)]
pub(crate) struct Confirm {
    /// What is done on yes.
    pub(crate) wish: Wish,
}

impl AllowAlways {
    fn question(&self) -> String {
        let rules: Vec<_> = self.rules.iter().map(|rule| format!("  {rule}")).collect();
        let file = match &self.file {
            Some(file) => format!("It is written to {}.", file.display()),
            None => "It is written to docket's approvals.toml in your configuration.".to_owned(),
        };
        format!(
            "{} asks: {}\n\nFor every ticket of this repository, in any folder of it, this is allowed without asking from now on:\n\n{}\n\n{file} `docket approvals --remove` takes it back. Allow it always?",
            self.allow.name,
            self.allow.what,
            rules.join("\n")
        )
    }
}

impl Confirm {
    fn title(&self) -> &'static str {
        match &self.wish {
            Wish::Quit => "Leave docket",
            Wish::StopRun => "Stop the run",
            Wish::StopTicket(..) => "Stop a ticket",
            Wish::Approve(..) => "Approve",
            Wish::Allow(..) => "Allow",
            Wish::AllowAlways(..) => "Always allow",
            Wish::Many(many) => many.title(),
            Wish::Reorder(..) => "Move",
        }
    }

    fn question(&self) -> String {
        match &self.wish {
            Wish::Quit => "A run is alive. Stop its agents and leave? What they did so far is kept.".into(),
            Wish::StopRun => {
                "Stop all agents of this run? What they did so far is kept. Ctrl-C again kills them at once.".into()
            }
            Wish::StopTicket(_, name) => format!("Stop the attempt at {name}? What it did so far is kept."),
            Wish::Allow(allow) => {
                let question = if allow.once {
                    "Allow it, this once?"
                } else {
                    "Its agent offers no yes for this once: allow it, and the like, from now on?"
                };
                format!("{} asks: {}\n\n{question}", allow.name, allow.what)
            }
            Wish::AllowAlways(always) => always.question(),
            Wish::Many(many) => many.question(),
            Wish::Reorder(priorities) => reorder_question(priorities),
            Wish::Approve(gate) => {
                let mut question = gate.reasons.join("\n\n");
                if !question.is_empty() {
                    question.push_str("\n\n");
                }
                question.push_str(&approve_words(&gate.name));
                question
            }
        }
    }

    pub(crate) fn draw(&self, screen: Rect, buffer: &mut Buffer, look: &Look) {
        let columns = 56.min(screen.width);
        let theme = &look.theme;
        let width = usize::from(columns.saturating_sub(4));
        let mut lines = plain(&self.question(), width, theme.style(Role::Text));
        lines.push(Line::default());
        lines.push(Line::from(vec![
            Span::styled("y", theme.style(Role::HintKey)),
            Span::styled(" yes   ", theme.style(Role::Hint)),
            Span::styled("n", theme.style(Role::HintKey)),
            Span::styled(" no", theme.style(Role::Hint)),
        ]));
        let rows = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX);
        let inner = frame(self.title(), centered(screen, columns, rows), buffer, look);
        let inner = Rect {
            x: inner.x.saturating_add(1).min(inner.right()),
            width: inner.width.saturating_sub(2),
            ..inner
        };
        // On a low screen the answers matter more than the end of the question.
        let skip = lines.len().saturating_sub(usize::from(inner.height));
        for (line, row) in lines.iter().skip(skip).zip(inner.rows()) {
            line.render(row, buffer);
        }
    }
}

fn approve_words(name: &TicketName) -> String {
    format!("Approve {name}? Its work is brought to the run's branch.")
}
