//! The emulator's cells on docket's screen.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier, Style};

use crate::emulator::{self, Cell, CellStyle, Emulator, Underline};
use crate::ui::text;
use crate::ui::theme::ColorDepth;

/// Draws the rows from `top` on, as many as fit into `area`, and says where the cursor is, if it is to be seen there.
pub(crate) fn draw(
    emulator: &Emulator,
    top: u64,
    area: Rect,
    buffer: &mut Buffer,
    depth: ColorDepth,
) -> Option<Position> {
    let area = area.intersection(buffer.area);
    draw_rows(top..emulator.end(), area, buffer, depth, |row, visit| {
        emulator.visit(row, visit);
    });
    let cursor = emulator.cursor()?;
    let row = u16::try_from(cursor.row.checked_sub(top)?).ok()?;
    let column = cursor.column.min(area.width.saturating_sub(1));
    let position = Position::new(area.x + column, area.y.saturating_add(row));
    area.contains(position).then_some(position)
}

/// Draws rows, as many as fit into `area`; `visit` tells the cells of each.
pub(crate) fn draw_rows(
    rows: Range<u64>,
    area: Rect,
    buffer: &mut Buffer,
    depth: ColorDepth,
    visit: impl Fn(u64, &mut dyn FnMut(u16, Cell<'_>)),
) {
    let area = area.intersection(buffer.area);
    for (row, y) in rows.zip(area.top()..area.bottom()) {
        for x in area.left()..area.right() {
            if let Some(target) = buffer.cell_mut(Position::new(x, y)) {
                target.reset();
            }
        }
        visit(row, &mut |column, cell| {
            if column >= area.width {
                return;
            }
            let drawn = style(cell.style, depth);
            let is_cut = column + u16::from(cell.width) > area.width;
            for x in column..(column + u16::from(cell.width)).min(area.width) {
                if let Some(target) = buffer.cell_mut(Position::new(area.x + x, y)) {
                    target.set_style(drawn);
                }
            }
            let Some(target) = buffer.cell_mut(Position::new(area.x + column, y)) else {
                return;
            };
            if cell.text.is_empty() || cell.style.hidden || is_cut {
                return;
            }
            let clean = text::clean(cell.text);
            // What ratatui would draw wider than the emulator meant would push its neighbours aside.
            if !clean.is_empty() && text::width(&clean) <= usize::from(cell.width) {
                target.set_symbol(&clean);
            }
        });
    }
}

/// A cell's looks in the colours that docket's own terminal has.
fn style(style: CellStyle, depth: ColorDepth) -> Style {
    let color = |color| {
        let color = match color {
            emulator::Color::Default => return Color::Reset,
            emulator::Color::Indexed(index) => Color::Indexed(index),
            emulator::Color::Rgb(red, green, blue) => Color::Rgb(red, green, blue),
        };
        depth.nearest(color).unwrap_or(Color::Reset)
    };
    let mut modifier = Modifier::empty();
    for (is_set, flag) in [
        (style.bold, Modifier::BOLD),
        (style.dim, Modifier::DIM),
        (style.italic, Modifier::ITALIC),
        (style.underline != Underline::None, Modifier::UNDERLINED),
        (style.inverse, Modifier::REVERSED),
        (style.strike, Modifier::CROSSED_OUT),
        (style.blink, Modifier::SLOW_BLINK),
    ] {
        if is_set {
            modifier |= flag;
        }
    }
    Style::new()
        .fg(color(style.foreground))
        .bg(color(style.background))
        .add_modifier(modifier)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn wide_characters_never_leave_the_area() {
        let mut emulator = Emulator::new(6, 2, 10);
        emulator.feed("ab漢字\r\n\u{1b}[1;38;2;9;8;7mx\u{1b}[0m".as_bytes());
        emulator.parse(Duration::MAX, || Duration::ZERO);
        let mut buffer = Buffer::filled(Rect::new(0, 0, 7, 3), ratatui::buffer::Cell::new("#"));
        let area = Rect::new(0, 0, 5, 9);
        let cursor = draw(
            &emulator,
            emulator.top(),
            area,
            &mut buffer,
            ColorDepth::Truecolor,
        );
        assert_eq!(cursor, Some(Position::new(1, 1)));
        let row: String = (0..7).map(|x| buffer[(x, 0)].symbol().to_owned()).collect();
        assert_eq!(row, "ab漢  ##");
        assert_eq!(buffer[(0, 1)].fg, Color::Rgb(9, 8, 7));
        assert!(buffer[(0, 1)].modifier.contains(Modifier::BOLD));
    }
}
