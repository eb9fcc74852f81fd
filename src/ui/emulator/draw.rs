//! The emulator's cells on docket's screen.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier, Style};

use super::Emulator;
use crate::ui::text;
use crate::ui::theme::ColorDepth;

impl Emulator {
    /// Draws the upper left part that fits into `area`, and says where the cursor is, if it is to be seen.
    pub(crate) fn draw(
        &self,
        area: Rect,
        buffer: &mut Buffer,
        depth: ColorDepth,
    ) -> Option<Position> {
        let area = area.intersection(buffer.area);
        let screen = self.parser.screen();
        for row in 0..area.height {
            let mut column = 0;
            while column < area.width {
                let position = Position::new(area.x + column, area.y + row);
                let Some(target) = buffer.cell_mut(position) else {
                    break;
                };
                target.reset();
                let Some(cell) = screen.cell(row, column) else {
                    column += 1;
                    continue;
                };
                target.set_style(style(cell, depth));
                let contents = cell.contents();
                let is_cut = cell.is_wide() && column + 1 >= area.width;
                if cell.has_contents() && !is_cut && !cell.is_wide_continuation() {
                    let clean = text::clean(contents);
                    let widest = if cell.is_wide() { 2 } else { 1 };
                    // What ratatui would draw wider than the emulator meant would push its neighbours aside.
                    if !clean.is_empty() && text::width(&clean) <= widest {
                        target.set_symbol(&clean);
                    }
                }
                column += 1;
            }
        }
        if screen.hide_cursor() || screen.scrollback() > 0 {
            return None;
        }
        let (row, column) = screen.cursor_position();
        let position = Position::new(
            area.x + column.min(area.width.saturating_sub(1)),
            area.y + row,
        );
        area.contains(position).then_some(position)
    }
}

fn style(cell: &vt100::Cell, depth: ColorDepth) -> Style {
    let color = |color: vt100::Color| {
        let color = match color {
            vt100::Color::Default => Color::Reset,
            vt100::Color::Idx(index) => Color::Indexed(index),
            vt100::Color::Rgb(r, g, b) => Color::Rgb(r, g, b),
        };
        match color {
            Color::Reset => Color::Reset,
            color => depth.nearest(color).unwrap_or(Color::Reset),
        }
    };
    let mut modifier = Modifier::empty();
    for (is_set, flag) in [
        (cell.bold(), Modifier::BOLD),
        (cell.dim(), Modifier::DIM),
        (cell.italic(), Modifier::ITALIC),
        (cell.underline(), Modifier::UNDERLINED),
        (cell.inverse(), Modifier::REVERSED),
    ] {
        if is_set {
            modifier |= flag;
        }
    }
    Style::new()
        .fg(color(cell.fgcolor()))
        .bg(color(cell.bgcolor()))
        .add_modifier(modifier)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn wide_characters_never_leave_the_area() {
        let mut emulator = Emulator::new(6, 2);
        emulator.feed("ab漢字\r\n\u{1b}[1;38;2;9;8;7mx\u{1b}[0m".as_bytes());
        emulator.parse(Duration::MAX, || Duration::ZERO);
        let mut buffer = Buffer::filled(Rect::new(0, 0, 7, 3), ratatui::buffer::Cell::new("#"));
        let cursor = emulator.draw(Rect::new(0, 0, 5, 9), &mut buffer, ColorDepth::Truecolor);
        assert_eq!(cursor, Some(Position::new(1, 1)));
        let row: String = (0..7).map(|x| buffer[(x, 0)].symbol().to_owned()).collect();
        assert_eq!(row, "ab漢  ##");
        assert_eq!(buffer[(0, 1)].fg, Color::Rgb(9, 8, 7));
        assert!(buffer[(0, 1)].modifier.contains(Modifier::BOLD));
    }
}
