//! A question before something that can't be taken back.

use std::path::PathBuf;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::many::{Many, reorder_question};
use super::{centered, frame};
use crate::domain::ids::{AttemptId, TicketId, TicketName};
use crate::domain::queue::placing::NewPriority;
use crate::domain::request::RequestId;
use crate::domain::rules::Rule;
use crate::domain::time::Timestamp;
use crate::ui::action::Action;
use crate::ui::effect::TerminalId;
use crate::ui::keymap::{Context, Keymap};
use crate::ui::layout::{inside, split_top};
use crate::ui::panes::terminal::Pasting;
use crate::ui::panes::{Move, moved};
use crate::ui::render::plain;
use crate::ui::session::Look;
use crate::ui::text;
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
    /// Allow it, and the like for as long as its ticket is worked on.
    AllowTicket(Box<AllowAlways>),
    /// Take an attempt over.
    TakeSession(Box<Taking>),
    /// Close a terminal in which this runs.
    CloseTerminal(TerminalId, String),
    /// Leave, and end what runs in terminals.
    Leave(Box<Leaving>),
    /// Type a paste into a terminal.
    Paste(Box<Pasting>),
}

/// An attempt that is to be taken over, as it was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Taking {
    /// Its ticket.
    pub(crate) ticket: TicketId,
    /// What people call that.
    pub(crate) name: TicketName,
    /// Which.
    pub(crate) attempt: Option<AttemptId>,
    /// Its agent.
    pub(crate) agent: String,
    /// The turn that is interrupted, if one runs.
    pub(crate) turn: Option<u32>,
}

/// What ends with docket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Leaving {
    /// Whether a run is stopped, too.
    pub(crate) stops_run: bool,
    /// The terminals in which something runs: a line for each.
    pub(crate) shells: Vec<String>,
}

impl Leaving {
    fn question(&self) -> String {
        let run = if self.stops_run {
            "A run is alive: its agents are stopped, what they did so far is kept.\n\n"
        } else {
            ""
        };
        let what = match self.shells.len() {
            1 => "This terminal is open and ends with docket:",
            _ => "These terminals are open and end with docket:",
        };
        let shells = self.shells.join("\n  ");
        format!("{run}{what}\n\n  {shells}\n\nLeave?")
    }
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

/// How wide it gets.
const COLUMNS: u16 = 56;

/// A question.
#[derive(Debug)]
pub(crate) struct Confirm {
    /// What is done on yes.
    pub(crate) wish: Wish,
    /// The question, and the columns and the look that it was laid out for.
    lines: Vec<Line<'static>>,
    laid_for: Option<(u16, u64)>,
    /// The first line that is shown.
    top: usize,
    /// How many lines there is room for.
    height: usize,
    /// Whether its end was on the screen.
    was_read: bool,
    /// When it was painted for the first time.
    shown_since: Option<Duration>,
}

impl AllowAlways {
    fn rules(&self) -> String {
        let rules: Vec<_> = self.rules.iter().map(|rule| format!("  {rule}")).collect();
        rules.join("\n")
    }

    fn question_of_ticket(&self) -> String {
        format!(
            "{} asks: {}\n\nAs long as this ticket is worked on, this is allowed without asking:\n\n{}\n\nAllow it?",
            self.allow.name,
            self.allow.what,
            self.rules()
        )
    }

    fn question(&self) -> String {
        let file = match &self.file {
            Some(file) => format!("It is written to {}.", file.display()),
            None => "It is written to docket's approvals.toml in your configuration.".to_owned(),
        };
        format!(
            "{} asks: {}\n\nFor every ticket of this repository, in any folder of it, this is allowed without asking from now on:\n\n{}\n\n{file} `docket approvals --remove` takes it back. Allow it always?",
            self.allow.name,
            self.allow.what,
            self.rules()
        )
    }
}

impl Wish {
    /// Whether yes lets an agent do something, or its work through.
    pub(crate) fn allows(&self) -> bool {
        matches!(
            self,
            Self::Approve(_) | Self::Allow(_) | Self::AllowAlways(_) | Self::AllowTicket(_)
        )
    }
}

impl Confirm {
    /// A question that nobody has seen yet.
    pub(crate) fn new(wish: Wish) -> Self {
        Self {
            wish,
            lines: Vec::new(),
            laid_for: None,
            top: 0,
            height: 0,
            was_read: false,
            shown_since: None,
        }
    }

    /// It is on the screen now.
    pub(crate) fn painted(&mut self, now: Duration) {
        self.shown_since.get_or_insert(now);
    }

    /// Since when it has been on the screen.
    pub(crate) fn shown_since(&self) -> Option<Duration> {
        self.shown_since
    }

    /// Whether yes can't be meant: something is allowed, and not all of it was on the screen.
    pub(crate) fn is_unread(&self) -> bool {
        self.wish.allows() && !self.was_read
    }

    /// Whether there is something to scroll.
    pub(crate) fn scrolls(&self) -> bool {
        self.lines.len() > self.height
    }

    /// Scrolls.
    pub(crate) fn go(&mut self, to: Move) {
        self.top = moved(self.top, to, self.height.max(1)).min(self.last_top());
    }

    fn last_top(&self) -> usize {
        self.lines.len().saturating_sub(self.height)
    }

    /// How many lines are below what is shown.
    fn below(&self) -> usize {
        self.lines.len().saturating_sub(self.top + self.height)
    }

    /// Lays it out.
    pub(crate) fn prepare(&mut self, screen: Size, look: &Look) {
        let columns = COLUMNS.min(screen.width);
        let laid_for = Some((columns, look.stamp()));
        if self.laid_for != laid_for {
            let width = usize::from(columns.saturating_sub(4));
            self.lines = plain(&self.question(), width, look.theme.style(Role::Text));
            self.laid_for = laid_for;
        }
        let screen = Rect::new(0, 0, screen.width, screen.height);
        let (question, _) = divide(inside(self.place(screen)));
        self.height = usize::from(question.height);
        self.top = self.top.min(self.last_top());
        self.was_read |= self.height > 0 && self.below() == 0;
    }

    fn place(&self, screen: Rect) -> Rect {
        let rows = u16::try_from(self.lines.len() + 4).unwrap_or(u16::MAX);
        // What is said about a key stands in the last line.
        let room = screen.height - u16::from(screen.height > 5);
        let screen = if rows > room {
            Rect {
                height: room,
                ..screen
            }
        } else {
            screen
        };
        centered(screen, COLUMNS, rows)
    }

    fn title(&self) -> &'static str {
        match &self.wish {
            Wish::Quit | Wish::Leave(..) => "Leave docket",
            Wish::StopRun => "Stop the run",
            Wish::StopTicket(..) => "Stop a ticket",
            Wish::Approve(..) => "Approve",
            Wish::Allow(..) => "Allow",
            Wish::AllowAlways(..) => "Always allow",
            Wish::AllowTicket(..) => "Allow for this ticket",
            Wish::Many(many) => many.title(),
            Wish::Reorder(..) => "Move",
            Wish::TakeSession(_) => "Take over",
            Wish::CloseTerminal(..) => "Close a terminal",
            Wish::Paste(..) => "Paste",
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
            Wish::AllowTicket(always) => always.question_of_ticket(),
            Wish::Many(many) => many.question(),
            Wish::Reorder(priorities) => reorder_question(priorities),
            Wish::TakeSession(taking) => crate::ui::taking::question(taking),
            Wish::CloseTerminal(_, what) => {
                format!("{what}. Close it? What runs there is ended.")
            }
            Wish::Leave(leaving) => leaving.question(),
            Wish::Paste(pasting) => pasting.question(),
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

    pub(crate) fn draw(&self, screen: Rect, buffer: &mut Buffer, look: &Look, keymap: &Keymap) {
        let theme = &look.theme;
        let area = self.place(screen);
        let inner = frame(self.title(), area, buffer, look);
        let (question, answers) = divide(inner);
        let lines = self.lines.iter().skip(self.top);
        for (line, row) in lines.zip(question.rows()) {
            line.render(row, buffer);
        }
        let key = |action| {
            keymap
                .key_for(&[Context::Confirm], action)
                .unwrap_or_default()
        };
        let below = self.below();
        let mut spans = if self.is_unread() {
            let s = if below == 1 { "" } else { "s" };
            vec![
                Span::styled(key(Action::PageDown), theme.style(Role::HintKey)),
                Span::styled(
                    format!(" {below} more line{s} first   "),
                    theme.style(Role::Accent),
                ),
            ]
        } else {
            vec![
                Span::styled(key(Action::Yes), theme.style(Role::HintKey)),
                Span::styled(" yes   ", theme.style(Role::Hint)),
            ]
        };
        spans.extend([
            Span::styled(key(Action::No), theme.style(Role::HintKey)),
            Span::styled(" no", theme.style(Role::Hint)),
        ]);
        if matches!(self.wish, Wish::Paste(_)) {
            spans.extend([
                Span::styled(
                    format!("   {}", key(Action::PasteAsLine)),
                    theme.style(Role::HintKey),
                ),
                Span::styled(" as one line", theme.style(Role::Hint)),
            ]);
        }
        Line::from(spans).render(answers, buffer);
        let more = match (self.top, below) {
            (0, 0) => return,
            (above, 0) => format!(" {above} above "),
            (0, below) => format!(" {below} more "),
            (above, below) => format!(" {above} above, {below} more "),
        };
        let edge = Rect {
            x: area.x.saturating_add(1),
            y: area.bottom().saturating_sub(1),
            width: area.width.saturating_sub(2),
            height: 1,
        };
        let more = text::fit(&more, usize::from(edge.width), look.ascii).into_owned();
        Line::styled(more, theme.style(Role::Accent))
            .right_aligned()
            .render(edge.intersection(buffer.area), buffer);
    }
}

/// Where the question is, and where the answers are: those are always to be seen.
fn divide(inner: Rect) -> (Rect, Rect) {
    let inner = Rect {
        x: inner.x.saturating_add(1).min(inner.right()),
        width: inner.width.saturating_sub(2),
        ..inner
    };
    let gap = u16::from(inner.height > 2);
    let (question, below) = split_top(inner, inner.height.saturating_sub(1 + gap));
    let (_, answers) = split_top(below, gap);
    (question, answers)
}

fn approve_words(name: &TicketName) -> String {
    format!("Approve {name}? Its work is brought to the run's branch.")
}
