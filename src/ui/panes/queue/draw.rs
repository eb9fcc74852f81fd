//! How the queue is laid out and drawn.

use std::fmt::Write as _;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Widget;

use super::QueuePane;
use super::columns::{Columns, RowOf};
use crate::domain::board::Board;
use crate::domain::time::Timestamp;
use crate::ui::glyph;
use crate::ui::session::Look;
use crate::ui::theme::Role;

impl QueuePane {
    /// Keeps the selected row on the screen, and finds out which columns have room.
    pub(crate) fn prepare(&mut self, area: Rect) {
        self.columns = Columns::fitting(usize::from(area.width));
        self.head = u16::from(!self.columns.is_empty() && area.height > 4);
        self.height = usize::from(area.height.saturating_sub(self.head));
        if self.height == 0 {
            return;
        }
        let last_top = self.rows.len().saturating_sub(self.height);
        let lowest = (self.row + 1).saturating_sub(self.height);
        self.top = self.top.min(self.row).max(lowest).min(last_top);
    }

    /// `Queue  /parser  3 marked`.
    pub(crate) fn title(&self) -> String {
        let mut title = String::from("Queue");
        if !self.marks.is_empty() {
            // Writing to a text can't fail.
            let _ = write!(title, "  {} marked", self.marks.len());
        }
        if !self.filter.is_empty() {
            title.push_str("  /");
            title.push_str(&self.filter);
        }
        if self.by_dependency {
            title.push_str("  by dependency");
        }
        title
    }

    /// `12/10000`: the selected row of those that are shown; `reading 256/10000` as long as it is so.
    pub(crate) fn position(&self) -> Option<String> {
        if let Some(of) = self.reading {
            return Some(format!("reading {}/{of}", self.queue.entries().len()));
        }
        let count = self.rows.len();
        (count > 0).then(|| format!("{}/{count}", self.row + 1))
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
        let width = usize::from(area.width);
        let has_marks = !self.marks.is_empty();
        let mut lines = area.rows();
        if self.head > 0
            && let Some(line) = lines.next()
        {
            let heading = self.columns.heading(width, self.digits, has_marks, look);
            heading.render(line, buffer);
        }
        let rows = self.rows.iter().enumerate().skip(self.top);
        for ((index, row), line) in rows.zip(lines) {
            let Some(entry) = self.queue.entries().get(row.position) else {
                continue;
            };
            let Some(reason) = self.reason_at(row.position, board, now) else {
                continue;
            };
            let content = RowOf {
                entry,
                view: board.tickets.get(&entry.id),
                reason: &reason,
                branch: row.branch,
                marked: has_marks.then(|| self.marks.contains(&entry.id)),
                now,
            };
            self.columns
                .row(&content, width, self.digits, look)
                .render(line, buffer);
            if index == self.row {
                let role = if focused {
                    Role::Selection
                } else {
                    Role::SelectionInactive
                };
                buffer.set_style(line, look.theme.style(role));
            }
        }
    }

    /// Draws onto the pane's border where in a long list the rows are that are shown.
    pub(crate) fn draw_thumb(&self, pane: Rect, buffer: &mut Buffer, look: &Look) {
        let track = usize::from(pane.height.saturating_sub(2));
        let count = self.rows.len();
        if track < 2 || pane.width < 2 || count <= self.height {
            return;
        }
        let length = (track * self.height / count).clamp(1, track);
        let last_top = count - self.height;
        let from = (track - length) * self.top.min(last_top) / last_top.max(1);
        for row in from..from + length {
            let y = pane.y + 1 + u16::try_from(row).unwrap_or(0);
            if let Some(cell) = buffer.cell_mut((pane.right() - 1, y)) {
                cell.set_symbol(glyph::thumb(look.ascii));
            }
        }
    }
}
