//! Copy mode on the screen: what is read, what is marked in it, and what the frame says.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};

use super::TerminalPane;
use super::copy::{CopyMode, Holder};
use super::selection::Shape;
use super::sheet::{Point, Row, Sheet};
use crate::emulator::{CursorShape, Emulator};
use crate::ui::render::cells;
use crate::ui::session::Look;
use crate::ui::theme::Role;

/// How far somebody looks back, in words.
pub(super) fn lines_back(rows: u64) -> Option<String> {
    match rows {
        0 => None,
        1 => Some("1 line back".to_owned()),
        rows => Some(format!("{rows} lines back")),
    }
}

impl CopyMode {
    /// What the end of the pane's frame says.
    pub(super) fn position(&self, emulator: &Emulator) -> Option<String> {
        let back = emulator.top().saturating_sub(self.top);
        if self.holder != Holder::Keys && back == 0 {
            return None;
        }
        let sheet = Sheet::new(emulator, &self.frozen);
        let mut words = Vec::new();
        if let Some(search) = &self.search {
            words.push(search.count());
        }
        if let Some(selection) = self.selection {
            let rows = selection.covers(&sheet, self.cursor).rows();
            words.push(match selection.shape {
                Shape::Characters if rows == 1 => "selecting".to_owned(),
                Shape::Characters => format!("selecting in {rows} rows"),
                Shape::Lines if rows == 1 => "selecting a row".to_owned(),
                Shape::Lines => format!("selecting {rows} rows"),
                Shape::Block => format!("selecting a block of {rows}"),
            });
        }
        if let Some(count) = self.count {
            words.push(count.to_string());
        }
        if self.has_keys() {
            words.push("copy".to_owned());
        }
        words.extend(lines_back(back));
        words.retain(|word| !word.is_empty());
        Some(words.join("  "))
    }

    /// Draws what is read; the cursor's place.
    pub(super) fn draw(
        &self,
        emulator: &Emulator,
        area: Rect,
        buffer: &mut Buffer,
        look: &Look,
    ) -> Option<Position> {
        let area = area.intersection(buffer.area);
        let sheet = Sheet::new(emulator, &self.frozen);
        let shown = self.top..(self.top + u64::from(area.height)).min(sheet.end());
        cells::draw_rows(shown.clone(), area, buffer, look.depth, |row, visit| {
            sheet.visit(row, visit);
        });
        let at = |point: Point| {
            let row = u16::try_from(point.row.checked_sub(self.top)?).ok()?;
            let x = area
                .x
                .saturating_add(point.column.min(area.width.saturating_sub(1)));
            let position = Position::new(x, area.y.saturating_add(row));
            area.contains(position).then_some(position)
        };
        let paint = |buffer: &mut Buffer, row: u64, columns: std::ops::Range<u16>, style: Style| {
            let Some(start) = at(Point { row, column: 0 }) else {
                return;
            };
            let end = columns.end.min(area.width);
            for column in columns.start.min(end)..end {
                if let Some(cell) = buffer.cell_mut(Position::new(area.x + column, start.y)) {
                    // The program's own reverse must not cancel it.
                    cell.modifier = Modifier::empty();
                    cell.set_style(style);
                }
            }
        };
        let theme = &look.theme;
        let base = theme.style(Role::Base);
        if let Some(search) = &self.search {
            let current = base
                .patch(theme.style(Role::Badge))
                .add_modifier(Modifier::BOLD | Modifier::UNDERLINED);
            let other = base.patch(theme.style(Role::Match));
            for found in search.visible(&sheet, shown.clone()) {
                let is_current = search.current.is_some_and(|at| at.start == found.start);
                let style = if is_current { current } else { other };
                for row in found.start.row.max(shown.start)..=found.end.row.min(shown.end) {
                    let from = if row == found.start.row {
                        found.start.column
                    } else {
                        0
                    };
                    let to = if row == found.end.row {
                        found.end.column
                    } else {
                        u16::MAX
                    };
                    paint(buffer, row, from..to, style);
                }
            }
        }
        if let Some(selection) = self.selection {
            let covered = selection.covers(&sheet, self.cursor);
            let style = base.patch(theme.style(Role::Selection));
            let mut row = Row::default();
            for number in shown {
                sheet.read(number, &mut row);
                if let Some(columns) = covered.columns(number, &row) {
                    paint(buffer, number, columns, style);
                }
            }
        }
        match self.holder {
            Holder::Keys => at(self.cursor),
            Holder::Mouse => None,
            Holder::Nobody => emulator.cursor().and_then(|cursor| {
                at(Point {
                    row: cursor.row,
                    column: cursor.column,
                })
            }),
        }
    }
}

impl TerminalPane {
    /// The form that the shown program gave its cursor, as a number of DECSCUSR; 0 for the user's own.
    pub(crate) fn cursor_form(&self) -> u8 {
        let program = self.shown().filter(|program| program.is_alive());
        let program =
            program.filter(|program| !program.copy.as_ref().is_some_and(CopyMode::has_keys));
        let Some(cursor) = program.and_then(|program| program.emulator.cursor()) else {
            return 0;
        };
        let steady = u8::from(!cursor.blinks);
        match cursor.shape {
            CursorShape::Default => 0,
            CursorShape::Block => 1 + steady,
            CursorShape::Underline => 3 + steady,
            CursorShape::Bar => 5 + steady,
        }
    }
}
