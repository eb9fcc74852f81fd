//! The queue: tickets in run order, each with its state and the reason why it is not running; or as a tree of dependencies.

mod columns;
mod draw;
mod filter;
mod lookup;
mod marks;
mod tree;

use std::collections::BTreeSet;
use std::sync::Arc;

use self::columns::{Column, Columns};
use self::filter::{Facts, Filter};
use self::tree::{Branch, Forest};
use super::{Move, moved};
use crate::domain::board::Board;
use crate::domain::ids::TicketId;
use crate::domain::queue::{Queue, Readiness};
use crate::domain::reason::{Mark, Reason, why_not_beside};
use crate::domain::ticket::{KnownNames, QueueEntry};
use crate::domain::time::Timestamp;

/// State of the pane.
#[derive(Debug, Default)]
pub(crate) struct QueuePane {
    queue: Arc<Queue>,
    /// The agents that there are, if that is known.
    agents: Option<KnownNames>,
    /// For each ticket of the queue.
    readiness: Vec<Readiness>,
    /// The tickets that pass the filter.
    rows: Vec<Row>,
    done: usize,
    filter: String,
    /// Whether it is shown as a tree; then the tree, unless the queue is another one since.
    by_dependency: bool,
    forest: Option<Forest>,
    /// Tickets that the next action is about, whether they are shown or not.
    marks: BTreeSet<TicketId>,
    selected: Option<TicketId>,
    /// What is to be selected as soon as it is in the queue.
    wanted: Option<TicketId>,
    /// The selected row, and the first one that is shown.
    row: usize,
    top: usize,
    height: usize,
    /// Lines above the rows: titles of columns.
    head: u16,
    columns: Columns,
    /// Columns of the widest number.
    digits: usize,
    /// How many tickets are active.
    active: usize,
    /// How many tickets there are, while only the beginning is known.
    reading: Option<usize>,
    /// Whether readiness and rows are to be computed anew.
    stale: bool,
}

/// A row.
#[derive(Debug, Clone, Copy)]
struct Row {
    /// The ticket's place in the queue.
    position: usize,
    /// Where it stands in the tree.
    branch: Option<Branch>,
}

impl QueuePane {
    /// A pane that knows which agents tickets may name.
    pub(crate) fn new(agents: Option<KnownNames>) -> Self {
        Self {
            agents,
            ..Self::default()
        }
    }

    /// The beginning of a queue of so many tickets, whose rest is still being read.
    pub(crate) fn set_beginning(&mut self, queue: Arc<Queue>, of: usize) {
        self.set_queue(queue);
        self.reading = Some(of);
    }

    /// Whether only the beginning of the queue is known.
    pub(crate) fn is_beginning(&self) -> bool {
        self.reading.is_some()
    }

    /// Another queue.
    pub(crate) fn set_queue(&mut self, queue: Arc<Queue>) {
        self.queue = queue;
        self.reading = None;
        self.forest = None;
        let entries = self.queue.entries().iter();
        let widths = entries.map(|entry| entry.name.digits().len());
        self.digits = widths.max().unwrap_or(0);
        self.marks
            .retain(|ticket| self.queue.by_id(ticket).is_some());
        self.stale = true;
    }

    /// The queue.
    pub(crate) fn queue(&self) -> &Arc<Queue> {
        &self.queue
    }

    /// Something happened that readiness depends on.
    pub(crate) fn outdate(&mut self) {
        self.stale = true;
    }

    /// How many tickets there are; 0 while they are still being read.
    pub(crate) fn total(&self) -> usize {
        match self.reading {
            Some(_) => 0,
            None => self.queue.entries().len(),
        }
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

    /// Shows the tree of dependencies, or the run order again.
    pub(crate) fn toggle_view(&mut self) {
        self.by_dependency = !self.by_dependency;
        self.stale = true;
    }

    /// How many tickets are active: rows say whether there is a slot for them.
    pub(crate) fn set_active(&mut self, active: usize) {
        self.active = active;
    }

    /// Computes what is out of date. Linear in the queue, and only after something changed.
    pub(crate) fn refresh(&mut self, board: &Board, now: Timestamp) {
        if !std::mem::take(&mut self.stale) {
            return;
        }
        self.active = board.active();
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
        self.lay_rows(board, now);
        if let Some(wanted) = self.wanted.take_if(|wanted| queue.by_id(wanted).is_some()) {
            let is_shown = |row: &Row| queue.entries()[row.position].id == wanted;
            if !self.rows.iter().any(is_shown) {
                self.filter.clear();
                self.lay_rows(board, now);
            }
            self.selected = Some(wanted);
        }
        self.keep_selection();
    }

    fn lay_rows(&mut self, board: &Board, now: Timestamp) {
        let count = self.queue.entries().len();
        let mut is_shown = vec![true; count];
        if let Some(mut filter) = Filter::parse(&self.filter) {
            for (position, is_shown) in is_shown.iter_mut().enumerate() {
                let entry = self.queue.entries().get(position);
                let reason = self.reason_at(position, board, now);
                *is_shown = entry.zip(reason).is_some_and(|(entry, reason)| {
                    filter.matches(&Facts {
                        entry,
                        view: board.tickets.get(&entry.id),
                        reason: &reason,
                    })
                });
            }
        }
        self.rows = if self.by_dependency {
            let forest = self.forest.get_or_insert_with(|| Forest::of(&self.queue));
            let rows = forest.rows(|position| is_shown[position]).into_iter();
            rows.map(|(position, branch)| Row {
                position,
                branch: Some(branch),
            })
            .collect()
        } else {
            (0..count)
                .filter(|position| is_shown[*position])
                .map(|position| Row {
                    position,
                    branch: None,
                })
                .collect()
        };
    }

    fn entry_at(&self, row: usize) -> Option<&QueueEntry> {
        let position = self.rows.get(row)?.position;
        self.queue.entries().get(position).map(AsRef::as_ref)
    }

    /// The selection stays on its ticket; when that is gone, on its row.
    fn keep_selection(&mut self) {
        let id_at = |row: usize| self.entry_at(row).map(|entry| &entry.id);
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
        let selected = self.selected.as_ref()?;
        let at_row = self
            .entry_at(self.row)
            .filter(|entry| entry.id == *selected);
        // Before the next frame rows may be those of the queue before.
        at_row.or_else(|| self.queue.by_id(selected).map(AsRef::as_ref))
    }

    /// Why the selected ticket does not run.
    pub(crate) fn reason(&self, board: &Board, now: Timestamp) -> Option<Reason> {
        let position = self.rows.get(self.row)?.position;
        self.reason_at(position, board, now)
    }

    /// Why the ticket at this place in the queue does not run.
    pub(crate) fn reason_at(
        &self,
        position: usize,
        board: &Board,
        now: Timestamp,
    ) -> Option<Reason> {
        let entry = self.queue.entries().get(position)?;
        let readiness = self.readiness.get(position)?;
        if self.is_beginning() && matches!(readiness, Readiness::UnknownDependency(_)) {
            // It may be among those that are still to come.
            return Some(Reason {
                mark: Mark::Blocked,
                text: String::new(),
                since: None,
            });
        }
        Some(why_not_beside(entry, readiness, board, self.active, now))
    }

    /// Moves the selection.
    pub(crate) fn go(&mut self, to: Move) {
        let last = self.rows.len().saturating_sub(1);
        self.select(moved(self.row, to, self.height).min(last));
    }

    /// Selects a row.
    pub(crate) fn select(&mut self, row: usize) {
        if let Some(entry) = self.entry_at(row) {
            self.selected = Some(entry.id.clone());
            self.row = row;
            self.wanted = None;
        }
    }

    /// Selects a ticket, if it is shown.
    pub(crate) fn select_ticket(&mut self, id: &TicketId) {
        if self.selected.as_ref() != Some(id) {
            self.selected = Some(id.clone());
            self.stale = true;
        }
    }

    /// Selects a ticket as soon as it is in the queue, and drops the filter when that hides it.
    pub(crate) fn go_to(&mut self, id: &TicketId) {
        self.wanted = Some(id.clone());
        self.stale = true;
    }

    /// Selects the row that is shown on a line of the pane. Whether there is one.
    pub(crate) fn select_line(&mut self, line: u16) -> bool {
        let Some(line) = line.checked_sub(self.head) else {
            return false;
        };
        let row = self.top + usize::from(line);
        let is_row = row < self.rows.len();
        if is_row {
            self.select(row);
        }
        is_row
    }

    /// Selects the next ticket that waits for a human. Whether there is one.
    pub(crate) fn select_next_waiting(&mut self, board: &Board, now: Timestamp) -> bool {
        let count = self.rows.len();
        let waits = |row: &usize| {
            let row = self.rows.get(*row);
            let reason = row.and_then(|row| self.reason_at(row.position, board, now));
            let is_silent = row.is_some_and(|row| {
                let entry = self.queue.entries().get(row.position);
                let view = entry.and_then(|entry| board.tickets.get(&entry.id));
                view.is_some_and(|view| view.silent.is_some())
            });
            is_silent || reason.is_some_and(|reason| reason.mark == Mark::Waiting)
        };
        let next = (1..=count)
            .map(|step| (self.row + step) % count)
            .find(waits);
        if let Some(row) = next {
            self.select(row);
        }
        next.is_some()
    }

    /// Which places of the queue are shown.
    pub(crate) fn shown(&self) -> Vec<bool> {
        let mut shown = vec![false; self.queue.entries().len()];
        for row in &self.rows {
            if let Some(shown) = shown.get_mut(row.position) {
                *shown = true;
            }
        }
        shown
    }

    /// Since when durations run that are shown.
    pub(crate) fn running_since<'a>(
        &'a self,
        board: &'a Board,
        now: Timestamp,
    ) -> impl Iterator<Item = Timestamp> + 'a {
        let shown = self.rows.iter().skip(self.top).take(self.height);
        let has_ages = self.columns.has(Column::Age);
        shown.flat_map(move |row| {
            let reason = self.reason_at(row.position, board, now);
            let entry = self.queue.entries().get(row.position);
            let view = entry.and_then(|entry| board.tickets.get(&entry.id));
            let age = view.filter(|_| has_ages).and_then(columns::stands_since);
            [reason.and_then(|reason| reason.since), age]
                .into_iter()
                .flatten()
        })
    }
}
