//! The queue: tickets in run order, each with its state and the reason why it is not running.

use std::sync::Arc;

use nucleo::pattern::{CaseMatching, Normalization, Pattern};
use nucleo::{Config, Matcher, Utf32Str};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::{Move, moved};
use crate::domain::attempt::Proof;
use crate::domain::board::Board;
use crate::domain::ids::TicketId;
use crate::domain::queue::{Queue, Readiness};
use crate::domain::reason::{Mark, Reason, why_not};
use crate::domain::ticket::{KnownNames, QueueEntry};
use crate::domain::time::Timestamp;
use crate::ui::session::Look;
use crate::ui::theme::Role;
use crate::ui::{glyph, text};

/// State of the pane.
#[derive(Debug, Default)]
pub(crate) struct QueuePane {
    queue: Arc<Queue>,
    /// The agents that there are, if that is known.
    agents: Option<KnownNames>,
    /// For each ticket of the queue.
    readiness: Vec<Readiness>,
    /// The tickets that pass the filter, as positions in the queue.
    rows: Vec<usize>,
    done: usize,
    filter: String,
    selected: Option<TicketId>,
    /// The selected row, and the first one that is shown.
    row: usize,
    top: usize,
    height: usize,
    /// Whether readiness and rows are to be computed anew.
    stale: bool,
}

impl QueuePane {
    /// A pane that knows which agents tickets may name.
    pub(crate) fn new(agents: Option<KnownNames>) -> Self {
        Self {
            agents,
            ..Self::default()
        }
    }

    /// Another queue.
    pub(crate) fn set_queue(&mut self, queue: Arc<Queue>) {
        self.queue = queue;
        self.stale = true;
    }

    /// Something happened that readiness depends on.
    pub(crate) fn outdate(&mut self) {
        self.stale = true;
    }

    /// All tickets.
    pub(crate) fn queue(&self) -> &Arc<Queue> {
        &self.queue
    }

    /// How many tickets there are.
    pub(crate) fn total(&self) -> usize {
        self.queue.entries().len()
    }

    /// How many are done.
    pub(crate) fn done(&self) -> usize {
        self.done
    }

    /// The filter as it was typed.
    pub(crate) fn filter(&self) -> &str {
        &self.filter
    }

    /// Shows only tickets that match.
    pub(crate) fn set_filter(&mut self, filter: &str) {
        if self.filter != filter {
            filter.clone_into(&mut self.filter);
            // If the selected ticket doesn't match, the first one that does is selected.
            self.row = 0;
            self.stale = true;
        }
    }

    /// Computes what is out of date. Linear in the queue, and only after something changed.
    pub(crate) fn refresh(&mut self, board: &Board, now: Timestamp) {
        if !std::mem::take(&mut self.stale) {
            return;
        }
        let queue = Arc::clone(&self.queue);
        let done_here = |id: &TicketId| {
            let view = board.tickets.get(id);
            view.is_some_and(|view| view.state.proof().is_some())
        };
        self.readiness = (0..queue.entries().len())
            .map(|index| queue.readiness_with(index, now, self.agents.as_ref(), done_here))
            .collect();
        self.done = self
            .readiness
            .iter()
            .filter(|readiness| matches!(readiness, Readiness::Done))
            .count();
        self.rows = matching(&queue, &self.filter, board);
        self.keep_selection();
    }

    /// The selection stays on its ticket; when that is gone, on its row.
    fn keep_selection(&mut self) {
        let entries = self.queue.entries();
        let id_at = |row: usize| {
            let position = *self.rows.get(row)?;
            Some(&entries.get(position)?.id)
        };
        let found = self.selected.as_ref().and_then(|selected| {
            let is_at_its_row = id_at(self.row) == Some(selected);
            if is_at_its_row {
                return Some(self.row);
            }
            (0..self.rows.len()).find(|row| id_at(*row) == Some(selected))
        });
        let row = found.unwrap_or(self.row.min(self.rows.len().saturating_sub(1)));
        let id = id_at(row).cloned();
        self.row = row;
        self.selected = id;
    }

    /// The selected ticket.
    pub(crate) fn selected(&self) -> Option<&TicketId> {
        self.selected.as_ref()
    }

    /// The selected ticket's file.
    pub(crate) fn entry(&self) -> Option<&QueueEntry> {
        let position = *self.rows.get(self.row)?;
        self.queue.entries().get(position).map(AsRef::as_ref)
    }

    /// Why the selected ticket does not run.
    pub(crate) fn reason(&self, board: &Board, now: Timestamp) -> Option<Reason> {
        let position = *self.rows.get(self.row)?;
        self.reason_at(position, board, now)
    }

    /// Why the ticket at `position` of the queue does not run.
    pub(crate) fn reason_at(
        &self,
        position: usize,
        board: &Board,
        now: Timestamp,
    ) -> Option<Reason> {
        let entry = self.queue.entries().get(position)?;
        let readiness = self.readiness.get(position)?;
        Some(why_not(entry, readiness, board, now))
    }

    /// Moves the selection.
    pub(crate) fn go(&mut self, to: Move) {
        let last = self.rows.len().saturating_sub(1);
        self.select(moved(self.row, to, self.height).min(last));
    }

    /// Selects a row.
    pub(crate) fn select(&mut self, row: usize) {
        let entries = self.queue.entries();
        let id = self
            .rows
            .get(row)
            .and_then(|position| entries.get(*position));
        if let Some(entry) = id {
            self.row = row;
            self.selected = Some(entry.id.clone());
        }
    }

    /// Selects a ticket, as soon as it is in the queue.
    pub(crate) fn select_ticket(&mut self, id: &TicketId) {
        if self.selected.as_ref() != Some(id) {
            self.selected = Some(id.clone());
            self.stale = true;
        }
    }

    /// Selects the row that is shown on a line of the pane.
    pub(crate) fn select_line(&mut self, line: u16) {
        let row = self.top + usize::from(line);
        if row < self.rows.len() {
            self.select(row);
        }
    }

    /// Selects the next ticket that waits for a human. Whether there is one.
    pub(crate) fn select_next_waiting(&mut self, board: &Board, now: Timestamp) -> bool {
        let count = self.rows.len();
        let waits = |row: &usize| {
            let reason = self.rows.get(*row);
            let reason = reason.and_then(|position| self.reason_at(*position, board, now));
            reason.is_some_and(|reason| reason.mark == Mark::Waiting)
        };
        let next = (1..=count)
            .map(|step| (self.row + step) % count)
            .find(waits);
        if let Some(row) = next {
            self.select(row);
        }
        next.is_some()
    }

    /// Keeps the selected row on the screen.
    pub(crate) fn prepare(&mut self, area: Rect) {
        self.height = usize::from(area.height);
        if self.height == 0 {
            return;
        }
        let last_top = self.rows.len().saturating_sub(self.height);
        let lowest = (self.row + 1).saturating_sub(self.height);
        self.top = self.top.min(self.row).max(lowest).min(last_top);
    }

    /// Since when durations run that are shown.
    pub(crate) fn running_since<'a>(
        &'a self,
        board: &'a Board,
        now: Timestamp,
    ) -> impl Iterator<Item = Timestamp> + 'a {
        let shown = self.rows.iter().skip(self.top).take(self.height);
        shown.filter_map(move |position| self.reason_at(*position, board, now)?.since)
    }

    /// Draws the rows that are to be seen, and no others are even looked at.
    pub(crate) fn draw(
        &self,
        area: Rect,
        buffer: &mut Buffer,
        board: &Board,
        now: Timestamp,
        focused: bool,
        look: &Look,
    ) {
        if self.rows.is_empty() {
            let words = if self.total() == 0 {
                "no tickets yet: `docket new`"
            } else {
                "no ticket matches"
            };
            Line::styled(words, look.theme.style(Role::Dim)).render(area, buffer);
            return;
        }
        let rows = self.rows.iter().enumerate().skip(self.top);
        for ((row, position), line) in rows.zip(area.rows()) {
            let Some(entry) = self.queue.entries().get(*position) else {
                continue;
            };
            let Some(reason) = self.reason_at(*position, board, now) else {
                continue;
            };
            row_line(entry, &reason, usize::from(line.width), look).render(line, buffer);
            if row == self.row {
                let role = if focused {
                    Role::Selection
                } else {
                    Role::SelectionInactive
                };
                buffer.set_style(line, look.theme.style(role));
            }
        }
    }
}

/// `► 003 stream the body      turn 2 40s`.
fn row_line(entry: &QueueEntry, reason: &Reason, columns: usize, look: &Look) -> Line<'static> {
    let (symbol, role) = glyph::mark(reason.mark, look.ascii);
    let digits = entry.name.digits();
    let head = format!(" {digits} ");
    let used = 1 + text::width(&head);
    let room = columns.saturating_sub(used);
    // The title keeps at least half of the room.
    let why_room = (room / 2).max(room.saturating_sub(text::width(&entry.title) + 1));
    // What is as it should be needs no words.
    let is_plain = reason.mark == Mark::Done && reason.text == Proof::Proven.as_str();
    let why = if is_plain { "" } else { &reason.text };
    let why = text::fit(why, why_room, look.ascii).into_owned();
    let why_width = text::width(&why);
    let title_room = room.saturating_sub(if why.is_empty() { 0 } else { why_width + 1 });
    let title = text::fit(&entry.title, title_room, look.ascii).into_owned();
    let gap = room.saturating_sub(text::width(&title) + why_width);
    let title_role = match reason.mark {
        Mark::Done | Mark::Blocked | Mark::Stopped => Role::Dim,
        _ => Role::Text,
    };
    Line::from(vec![
        Span::styled(symbol, look.theme.style(role)),
        Span::styled(head, look.theme.style(Role::Dim)),
        Span::styled(title, look.theme.style(title_role)),
        Span::raw(" ".repeat(gap)),
        Span::styled(why, look.theme.style(role)),
    ])
}

/// The tickets that match, in the order of the queue.
fn matching(queue: &Queue, filter: &str, board: &Board) -> Vec<usize> {
    let entries = queue.entries();
    if filter.trim().is_empty() {
        return (0..entries.len()).collect();
    }
    // A word means itself, not letters here and there: in lines of words fuzzy matching finds far too much.
    let words: Vec<String> = filter
        .split_whitespace()
        .map(|word| {
            if word.starts_with(['!', '^', '\'']) {
                word.to_owned()
            } else {
                format!("'{word}")
            }
        })
        .collect();
    let pattern = Pattern::parse(&words.join(" "), CaseMatching::Smart, Normalization::Smart);
    let mut matcher = Matcher::new(Config::DEFAULT);
    let mut characters = Vec::new();
    let mut haystack = String::new();
    let is_match = |position: &usize| {
        let Some(entry) = entries.get(*position) else {
            return false;
        };
        haystack.clear();
        haystack.push_str(entry.name.as_str());
        haystack.push(' ');
        haystack.push_str(&entry.title);
        if let Some(ticket) = &entry.ticket {
            haystack.push(' ');
            haystack.push_str(ticket.agent.as_str());
            for label in &ticket.labels {
                haystack.push(' ');
                haystack.push_str(label);
            }
        }
        if let Some(view) = board.tickets.get(&entry.id) {
            haystack.push(' ');
            haystack.push_str(&view.agent);
        }
        let text = Utf32Str::new(&haystack, &mut characters);
        pattern.score(text, &mut matcher).is_some()
    };
    (0..entries.len()).filter(is_match).collect()
}
