//! The columns of the queue: which there are at a width, and how a row is laid out in them.
//!
//! Sign, number, title and reason are always there: 26 columns are enough for them. What else has room comes in this order: agent,
//! age, turn, cost, state (which the sign tells, too). A narrower pane loses them the other way round.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::domain::attempt::Proof;
use crate::domain::board::{TicketState, TicketView};
use crate::domain::item::AgentStatus;
use crate::domain::reason::{Mark, Reason, coarse, count};
use crate::domain::ticket::QueueEntry;
use crate::domain::time::Timestamp;
use crate::ui::session::Look;
use crate::ui::theme::Role;
use crate::ui::{glyph, text};

use super::tree::Branch;

/// What sign, number, title and reason keep before anything else is shown.
const CORE: usize = 44;

/// A column that is not always there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Agent,
    Age,
    Turn,
    Cost,
    State,
}

impl Column {
    /// The most wanted first.
    const WANTED: [Self; 5] = [Self::Agent, Self::Age, Self::Turn, Self::Cost, Self::State];
    /// From left to right, behind the reason.
    const BEHIND: [Self; 4] = [Self::Agent, Self::Turn, Self::Age, Self::Cost];

    fn width(self) -> usize {
        match self {
            Self::Agent => 10,
            Self::Age | Self::Cost => 7,
            Self::Turn => 4,
            Self::State => 8,
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Age => "age",
            Self::Turn => "turn",
            Self::Cost => "cost",
            Self::State => "state",
        }
    }
}

/// The columns that have room.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Columns {
    shown: Vec<Column>,
}

/// What a row is made of.
pub(super) struct RowOf<'a> {
    pub(super) entry: &'a QueueEntry,
    pub(super) view: Option<&'a TicketView>,
    pub(super) reason: &'a Reason,
    pub(super) branch: Option<Branch>,
    /// Whether it is marked; `None` while nothing is.
    pub(super) marked: Option<bool>,
    pub(super) now: Timestamp,
}

impl Columns {
    /// What has room in a pane of so many columns.
    pub(super) fn fitting(width: usize) -> Self {
        let mut room = width.saturating_sub(CORE);
        let fits = |column: &Column| {
            let needed = column.width() + 1;
            let fits = needed <= room;
            room = room.saturating_sub(needed);
            fits
        };
        Self {
            shown: Column::WANTED.into_iter().take_while(fits).collect(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    pub(super) fn has(&self, column: Column) -> bool {
        self.shown.contains(&column)
    }

    fn needed(&self) -> usize {
        self.shown.iter().map(|column| column.width() + 1).sum()
    }

    /// The room of title and reason together, and of the reason alone.
    fn middle(&self, width: usize, head: usize) -> (usize, usize) {
        let room = width.saturating_sub(head + self.needed());
        (room, (room * 2 / 5).min(48))
    }

    /// The titles; `digits` is the width of the widest number.
    pub(super) fn heading(
        &self,
        width: usize,
        digits: usize,
        has_marks: bool,
        look: &Look,
    ) -> Line<'static> {
        let mut line = String::from(if has_marks { "   " } else { "  " });
        if self.has(Column::State) {
            line.push_str(&padded(Column::State.title(), Column::State.width() + 1));
        }
        let head = text::width(&line) - self.state_width() + digits + 1;
        let (room, reason) = self.middle(width, head);
        line.push_str(&padded(&cut("no", digits), digits + 1));
        line.push_str(&padded(&cut("title", room - reason), room - reason));
        line.push_str(&padded(&cut("why", reason), reason));
        for column in Column::BEHIND {
            if self.has(column) {
                line.push(' ');
                line.push_str(&aligned(column, column.title(), look));
            }
        }
        Line::styled(line, look.theme.style(Role::Dim))
    }

    fn state_width(&self) -> usize {
        if self.has(Column::State) {
            Column::State.width() + 1
        } else {
            0
        }
    }

    /// `► 003 stream the body      turn 2 40s`, and whatever columns there are.
    pub(super) fn row(
        &self,
        row: &RowOf<'_>,
        width: usize,
        digits: usize,
        look: &Look,
    ) -> Line<'static> {
        let (symbol, role) = glyph::mark(row.reason.mark, look.ascii);
        let dim = look.theme.style(Role::Dim);
        let state = look.theme.style(role);
        let mut line = Line::default();
        let push = |line: &mut Line<'static>, content: String, style: Style| {
            line.spans.push(Span::styled(content, style));
        };
        if let Some(is_marked) = row.marked {
            let sign = if is_marked {
                glyph::marked(look.ascii)
            } else {
                " "
            };
            push(&mut line, sign.to_owned(), look.theme.style(Role::Accent));
        }
        push(&mut line, symbol.to_owned(), state);
        if self.has(Column::State) {
            let word = padded(state_word(row), Column::State.width());
            push(&mut line, format!(" {word}"), state);
        }
        let number = row.entry.name.digits();
        let number = if self.is_empty() {
            format!(" {number} ")
        } else {
            format!(" {} ", padded(number, digits))
        };
        push(&mut line, number, dim);
        if let Some(branch) = row.branch {
            push(&mut line, branch.guides(width / 3, look.ascii), dim);
        }
        let title = match row.branch.map(|branch| branch.others) {
            Some(others @ 1..) => format!("{} +{others}", row.entry.title),
            _ => row.entry.title.clone(),
        };
        let title_role = match row.reason.mark {
            Mark::Done | Mark::Blocked | Mark::Stopped => Role::Dim,
            _ => Role::Text,
        };
        let why = self.why(row);
        if self.is_empty() {
            let room = width.saturating_sub(line.width());
            // The title keeps at least half of the room.
            let why_room = (room / 2).max(room.saturating_sub(text::width(&title) + 1));
            let why = text::fit(&why, why_room, look.ascii).into_owned();
            let why_width = text::width(&why);
            let title_room = room.saturating_sub(if why.is_empty() { 0 } else { why_width + 1 });
            let title = text::fit(&title, title_room, look.ascii).into_owned();
            let gap = room.saturating_sub(text::width(&title) + why_width);
            push(&mut line, title, look.theme.style(title_role));
            push(&mut line, " ".repeat(gap), Style::default());
            push(&mut line, why, state);
            return line;
        }
        let behind = self.needed() - self.state_width();
        let room = width.saturating_sub(line.width() + behind);
        let head = 2 + usize::from(row.marked.is_some()) + digits + 1;
        let (_, why_room) = self.middle(width, head);
        let why_room = why_room.min(room);
        let title_room = room - why_room;
        let title = text::fit(&title, title_room.saturating_sub(1), look.ascii);
        push(
            &mut line,
            padded(&title, title_room),
            look.theme.style(title_role),
        );
        let why = text::fit(&why, why_room, look.ascii);
        push(&mut line, padded(&why, why_room), state);
        for column in Column::BEHIND {
            if self.has(column) {
                let value = value(column, row);
                push(
                    &mut line,
                    format!(" {}", aligned(column, &value, look)),
                    dim,
                );
            }
        }
        line
    }

    /// Why it is where it is. What is as it should be needs no words, and what columns tell is not told twice.
    fn why(&self, row: &RowOf<'_>) -> String {
        let reason = row.reason;
        if reason.mark == Mark::Done && reason.text == Proof::Proven.as_str() {
            return String::new();
        }
        let has_both = self.has(Column::Turn) && self.has(Column::Age);
        let view = row.view.filter(|_| has_both);
        match view.map(|view| (&view.state, view.status.as_ref())) {
            Some((TicketState::Running, Some(AgentStatus::Tool { title, .. }))) => title.clone(),
            Some((TicketState::Running, Some(AgentStatus::Thinking))) => "thinking".to_owned(),
            Some((TicketState::Running, Some(AgentStatus::Starting))) => "starting".to_owned(),
            Some((TicketState::Running, None)) => String::new(),
            _ => reason.text.clone(),
        }
    }
}

fn state_word(row: &RowOf<'_>) -> &'static str {
    let is_skipped = |view: &TicketView| view.state == TicketState::Skipped;
    if row.view.is_some_and(is_skipped) {
        "skipped"
    } else {
        row.reason.mark.as_str()
    }
}

/// Since when a ticket stands as it does, where that is known.
pub(super) fn stands_since(view: &TicketView) -> Option<Timestamp> {
    (view.since != Timestamp::default()).then_some(view.since)
}

fn value(column: Column, row: &RowOf<'_>) -> String {
    let view = row.view;
    let value = match column {
        Column::State => None,
        Column::Agent => {
            let now = view.map(|view| view.agent.as_str());
            let ticket = row.entry.ticket.as_ref();
            now.filter(|agent| !agent.is_empty())
                .or_else(|| ticket.map(|ticket| ticket.agent.as_str()))
                .map(str::to_owned)
        }
        Column::Turn => view
            .filter(|view| view.turn > 0)
            .map(|view| view.turn.to_string()),
        Column::Age => view
            .and_then(stands_since)
            .map(|since| coarse(row.now.since(since))),
        Column::Cost => view.and_then(|view| {
            let mut usage = view.usage;
            usage.add(&view.turn_usage);
            match usage.cost_usd {
                Some(cost) => Some(format!("${cost:.2}")),
                // What nobody puts a price on is told in tokens.
                None => (usage.tokens() > 0).then(|| count(usage.tokens())),
            }
        }),
    };
    value.unwrap_or_default()
}

fn aligned(column: Column, value: &str, look: &Look) -> String {
    let width = column.width();
    let value = text::fit(value, width, look.ascii);
    match column {
        Column::Agent | Column::State => padded(&value, width),
        Column::Age | Column::Turn | Column::Cost => {
            let gap = width.saturating_sub(text::width(&value));
            format!("{}{value}", " ".repeat(gap))
        }
    }
}

fn cut(title: &str, width: usize) -> String {
    text::head(title, width).to_owned()
}

fn padded(value: &str, width: usize) -> String {
    let gap = width.saturating_sub(text::width(value));
    format!("{value}{}", " ".repeat(gap))
}
