//! What depends on what, as boxes and lines: what comes first stands at the left.

mod layout;
mod nearby;

use std::fmt::Write as _;
use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use crate::domain::board::Board;
use crate::domain::ids::TicketId;
use crate::domain::queue::Queue;
use crate::domain::reason::Mark;
use crate::domain::time::Timestamp;
use crate::ui::panes::Move;
use crate::ui::panes::queue::QueuePane;
use crate::ui::session::Look;
use crate::ui::theme::Role;
use crate::ui::{glyph, text};

use layout::{Ends, Layout};
use nearby::Nearby;

/// State of the picture.
#[derive(Debug, Default)]
pub(super) struct GraphView {
    selected: Option<TicketId>,
    nodes: Vec<Node>,
    needs: Vec<Vec<usize>>,
    layout: Layout,
    /// What the layout was made from.
    made_from: Option<(Arc<Queue>, u16)>,
    nearby: Nearby,
    /// The column and row in the upper left corner.
    corner: (usize, usize),
    /// Words on the selected ticket.
    words: String,
}

/// A box.
#[derive(Debug)]
struct Node {
    id: TicketId,
    /// Its place in the queue.
    index: usize,
    digits: String,
    in_circle: bool,
    mark: Mark,
}

impl Node {
    fn label(&self, ascii: bool) -> String {
        let (symbol, _) = glyph::mark(self.mark, ascii);
        let circle = if self.in_circle { " circle" } else { "" };
        format!("[{} {symbol}{circle}]", self.digits)
    }

    fn width(&self) -> usize {
        // Every mark is one column wide.
        text::width(&self.digits) + if self.in_circle { 11 } else { 4 }
    }
}

impl GraphView {
    /// Begins at a ticket.
    pub(super) fn select(&mut self, ticket: Option<TicketId>) {
        if ticket != self.selected {
            self.selected = ticket;
            self.made_from = None;
        }
    }

    /// The selected ticket.
    pub(super) fn selected(&self) -> Option<&TicketId> {
        self.selected.as_ref()
    }

    fn at(&self) -> Option<usize> {
        let selected = self.selected.as_ref()?;
        self.nodes.iter().position(|node| node.id == *selected)
    }

    fn move_to(&mut self, node: Option<usize>) {
        let Some(node) = node.and_then(|node| self.nodes.get(node)) else {
            return;
        };
        self.selected = Some(node.id.clone());
        // At the edge of what is shown of a large queue its neighbourhood is shown instead.
        if self.nearby.is_edge(node.index) {
            self.made_from = None;
        }
    }

    /// Up and down.
    pub(super) fn go(&mut self, to: Move) {
        let (steps, down) = match to {
            Move::Lines(lines) => (lines.unsigned_abs(), lines > 0),
            Move::Pages(pages) => (pages.unsigned_abs() * 5, pages > 0),
            Move::Top => return self.move_to(self.extreme(false)),
            Move::End => return self.move_to(self.extreme(true)),
        };
        for _ in 0..steps.min(100) {
            let Some(at) = self.at() else {
                return self.move_to(Some(0));
            };
            let (column, row) = self.layout.places[at];
            let others = self.layout.places.iter().enumerate();
            let beyond =
                others.filter(|(_, place)| if down { place.1 > row } else { place.1 < row });
            let next = beyond
                .min_by_key(|(_, place)| place.1.abs_diff(row) + 3 * place.0.abs_diff(column));
            let next = next.map(|(node, _)| node);
            self.move_to(next);
        }
    }

    fn extreme(&self, last: bool) -> Option<usize> {
        let places = self.layout.places.iter().enumerate();
        let key = |(_, place): &(usize, &(usize, usize))| (place.1, place.0);
        let found = if last {
            places.max_by_key(key)
        } else {
            places.min_by_key(key)
        };
        found.map(|(node, _)| node)
    }

    /// To what the selected ticket needs, or to what needs it; else to whatever is there.
    pub(super) fn sideways(&mut self, by: i64) {
        let Some(at) = self.at() else {
            return self.move_to(Some(0));
        };
        let right = by > 0;
        let (column, row) = self.layout.places[at];
        let others = self.layout.places.iter().enumerate();
        let beyond = others.filter(|(_, place)| {
            if right {
                place.0 > column
            } else {
                place.0 < column
            }
        });
        let next = beyond.min_by_key(|(node, place)| {
            let is_linked = if right {
                self.needs[*node].contains(&at)
            } else {
                self.needs[at].contains(node)
            };
            (
                !is_linked,
                place.0.abs_diff(column) + 2 * place.1.abs_diff(row),
            )
        });
        self.move_to(next.map(|(node, _)| node));
    }

    pub(super) fn prepare(&mut self, area: Rect, pane: &QueuePane, board: &Board, now: Timestamp) {
        let queue = pane.queue();
        let is_same = self
            .made_from
            .as_ref()
            .is_some_and(|(from, columns)| Arc::ptr_eq(from, queue) && *columns == area.width);
        if !is_same {
            self.make(queue, area.width);
        }
        if self.at().is_none() {
            self.selected = self.nodes.first().map(|node| node.id.clone());
        }
        for node in &mut self.nodes {
            let reason = pane.reason_at(node.index, board, now);
            node.mark = reason.map_or(Mark::Ready, |reason| reason.mark);
        }
        self.show_selected(area);
        self.words = self.describe(queue, pane, board, now);
    }

    fn make(&mut self, queue: &Arc<Queue>, columns: u16) {
        let entries = queue.entries();
        let selected = self.selected.as_ref();
        let root = selected.and_then(|id| entries.iter().position(|entry| entry.id == *id));
        self.nearby = Nearby::of(queue, root.unwrap_or(0));
        let shown = self.nearby.shown();
        self.nodes = shown
            .iter()
            .filter_map(|index| {
                let entry = entries.get(*index)?;
                Some(Node {
                    id: entry.id.clone(),
                    index: *index,
                    digits: entry.name.digits().to_owned(),
                    in_circle: queue.is_in_cycle(*index),
                    mark: Mark::Ready,
                })
            })
            .collect();
        self.needs = shown
            .iter()
            .map(|index| {
                let needs = queue.needs(*index).iter();
                needs
                    .filter_map(|need| shown.binary_search(need).ok())
                    .collect()
            })
            .collect();
        let widths: Vec<usize> = self.nodes.iter().map(Node::width).collect();
        self.layout = layout::layout(&widths, &self.needs, usize::from(columns));
        self.made_from = Some((Arc::clone(queue), columns));
        self.corner = (0, 0);
    }

    /// Scrolls as little as is needed to see the selected box, with a little around it.
    fn show_selected(&mut self, area: Rect) {
        let (columns, rows) = (usize::from(area.width), picture_rows(area));
        let Some(at) = self.at() else { return };
        let (column, row) = self.layout.places[at];
        let width = self.nodes[at].width();
        let scrolled =
            |corner: usize, from: usize, to: usize, room: usize, all: usize, around: usize| {
                let least = (to + around).saturating_sub(room);
                let most = from.saturating_sub(around);
                let corner = if least > most {
                    most.min(from)
                } else {
                    corner.clamp(least, most)
                };
                corner.min(all.saturating_sub(room))
            };
        let all = (self.layout.columns, self.layout.rows);
        self.corner.0 = scrolled(self.corner.0, column, column + width, columns, all.0, 12);
        self.corner.1 = scrolled(self.corner.1, row, row + 1, rows, all.1, 2);
    }

    /// `003 stream the body: running. Needs 001, 002. Before 005.`
    fn describe(&self, queue: &Queue, pane: &QueuePane, board: &Board, now: Timestamp) -> String {
        let Some(node) = self.at().and_then(|at| Some((at, self.nodes.get(at)?))) else {
            return String::new();
        };
        let (at, node) = node;
        let title = queue.entries().get(node.index);
        let title = title.map_or("", |entry| entry.title.as_str());
        let mut words = format!("{} {title}", node.digits);
        if let Some(reason) = pane.reason_at(node.index, board, now)
            && !reason.text.is_empty()
        {
            let _ = write!(words, ": {}", reason.text);
        }
        let list = |nodes: &[usize]| {
            let digits = nodes.iter().filter_map(|node| self.nodes.get(*node));
            let digits: Vec<&str> = digits.map(|node| node.digits.as_str()).collect();
            digits.join(", ")
        };
        let needs = &self.needs[at];
        if !needs.is_empty() {
            let _ = write!(words, ". Needs {}", list(needs));
        }
        let before: Vec<usize> = (0..self.nodes.len())
            .filter(|other| self.needs[*other].contains(&at))
            .collect();
        if !before.is_empty() {
            let _ = write!(words, ". Before {}", list(&before));
        }
        if self.nearby.left_out() > 0 {
            let rest = self.nearby.left_out();
            let _ = write!(words, ". {rest} further tickets are not drawn");
        }
        words
    }

    pub(super) fn draw(&self, area: Rect, buffer: &mut Buffer, look: &Look) {
        let theme = &look.theme;
        if self.nodes.is_empty() {
            let words = "there are no tickets";
            Line::styled(words, theme.style(Role::Dim)).render(area, buffer);
            return;
        }
        let picture = Rect {
            height: u16::try_from(picture_rows(area)).unwrap_or(area.height),
            ..area
        };
        self.draw_lines(picture, buffer, look);
        let at = self.at();
        for (number, node) in self.nodes.iter().enumerate() {
            let (column, row) = self.layout.places[number];
            let (_, role) = glyph::mark(node.mark, look.ascii);
            let style = if Some(number) == at {
                theme.style(Role::Selection)
            } else {
                theme.style(role)
            };
            let Some(y) = row.checked_sub(self.corner.1) else {
                continue;
            };
            if y >= usize::from(picture.height) {
                continue;
            }
            let label = node.label(look.ascii);
            // What is left of the corner is cut off.
            let hidden = self.corner.0.saturating_sub(column);
            let label: String = label.chars().skip(hidden).collect();
            let x = column.saturating_sub(self.corner.0);
            if x < usize::from(picture.width) {
                let room = usize::from(picture.width) - x;
                let (x, y) = (picture.x + x as u16, picture.y + y as u16);
                buffer.set_stringn(x, y, label, room, style);
            }
        }
        if area.height > 1 {
            let row = Rect {
                y: area.bottom() - 1,
                height: 1,
                ..area
            };
            let words = text::fit(&self.words, usize::from(area.width), look.ascii);
            Line::from(Span::styled(words, theme.style(Role::Dim))).render(row, buffer);
        }
    }

    fn draw_lines(&self, area: Rect, buffer: &mut Buffer, look: &Look) {
        let (columns, rows) = (usize::from(area.width), usize::from(area.height));
        let mut cells = vec![Cell::default(); columns * rows];
        let at = self.at();
        let is_hot = |ends: Ends| match ends {
            Ends::Leaves(node) | Ends::Enters(node) => Some(node) == at,
        };
        let (left, top) = self.corner;
        let place = |column: usize, row: usize| {
            let (column, row) = (column.checked_sub(left)?, row.checked_sub(top)?);
            (column < columns && row < rows).then_some(row * columns + column)
        };
        for line in &self.layout.lines {
            let is_level = line.from.1 == line.to.1;
            let clip = |from: usize, to: usize, first: usize, room: usize| {
                from.max(first)..=to.min(first + room)
            };
            for row in clip(line.from.1, line.to.1, top, rows) {
                for column in clip(line.from.0, line.to.0, left, columns) {
                    if let Some(cell) = place(column, row).and_then(|place| cells.get_mut(place)) {
                        let side = if is_level {
                            &mut cell.level
                        } else {
                            &mut cell.upright
                        };
                        *side = Some(side.unwrap_or(false) || is_hot(line.ends));
                    }
                }
            }
        }
        for join in &self.layout.joins {
            if let Some(cell) = place(join.at.0, join.at.1).and_then(|at| cells.get_mut(at)) {
                let sides = [join.up, join.down, join.left, join.right];
                let mask = sides.iter().zip([1, 2, 4, 8]);
                let mask = mask.filter(|(is_set, _)| **is_set).map(|(_, bit)| bit);
                cell.join = Some((mask.sum(), is_hot(join.ends)));
            }
        }
        for (place, cell) in cells.iter().enumerate() {
            let Some((symbol, is_hot)) = cell.symbol(look.ascii) else {
                continue;
            };
            let role = if is_hot { Role::Accent } else { Role::Border };
            let (x, y) = (place % columns, place / columns);
            let (x, y) = (area.x + x as u16, area.y + y as u16);
            buffer.set_string(x, y, symbol, look.theme.style(role));
        }
    }
}

/// Rows for the picture; the last one is for words.
fn picture_rows(area: Rect) -> usize {
    usize::from(area.height).saturating_sub(1).max(1)
}

/// What goes through a cell, and whether it belongs to the selected ticket.
#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    level: Option<bool>,
    upright: Option<bool>,
    /// Sides as bits: up, down, left, right.
    join: Option<(usize, bool)>,
}

impl Cell {
    fn symbol(self, ascii: bool) -> Option<(&'static str, bool)> {
        const JOINS: [&str; 16] = [
            " ", "│", "│", "│", "─", "┘", "┐", "┤", "─", "└", "┌", "├", "─", "┴", "┬", "┼",
        ];
        if let Some((mask, is_hot)) = self.join {
            let symbol = if ascii {
                "+"
            } else {
                JOINS.get(mask).copied().unwrap_or(" ")
            };
            return Some((symbol, is_hot));
        }
        // Where lines cross, the level one goes underneath.
        if let Some(is_hot) = self.upright {
            return Some((if ascii { "|" } else { "│" }, is_hot));
        }
        let is_hot = self.level?;
        Some((if ascii { "-" } else { "─" }, is_hot))
    }
}

#[cfg(test)]
mod tests;
