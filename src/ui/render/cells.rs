//! The emulator's cells on docket's screen.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier, Style};

use crate::emulator::{self, Cell, CellStyle, Emulator, Underline};
use crate::ui::session::Look;
use crate::ui::text;
use crate::ui::theme::ColorDepth;

/// What docket's own terminal can show, and may.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Means {
    /// How many colours there are.
    depth: ColorDepth,
    /// Whether nothing blinks.
    is_still: bool,
}

impl From<&Look> for Means {
    fn from(look: &Look) -> Self {
        Self {
            depth: look.depth,
            is_still: look.reduced_motion,
        }
    }
}

impl From<ColorDepth> for Means {
    fn from(depth: ColorDepth) -> Self {
        Self {
            depth,
            is_still: false,
        }
    }
}

/// Draws the rows from `top` on, as many as fit into `area`, and says where the cursor is, if it is to be seen there.
pub(crate) fn draw(
    emulator: &Emulator,
    top: u64,
    area: Rect,
    buffer: &mut Buffer,
    means: impl Into<Means>,
) -> Option<Position> {
    let area = area.intersection(buffer.area);
    draw_rows(top..emulator.end(), area, buffer, means, |row, visit| {
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
    means: impl Into<Means>,
    visit: impl Fn(u64, &mut dyn FnMut(u16, Cell<'_>)),
) {
    let means = means.into();
    let area = area.intersection(buffer.area);
    // Neighbours mostly look the same.
    let mut last = (CellStyle::default(), means.style(CellStyle::default()));
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
            if cell.style != last.0 {
                last = (cell.style, means.style(cell.style));
            }
            let end = column.saturating_add(u16::from(cell.width));
            for x in column..end.min(area.width) {
                if let Some(target) = buffer.cell_mut(Position::new(area.x + x, y)) {
                    target.set_style(last.1);
                }
            }
            if cell.style.hidden || end > area.width {
                return;
            }
            if let Some(target) = buffer.cell_mut(Position::new(area.x + column, y))
                && let Some(symbol) = symbol(&cell, &mut String::new())
            {
                target.set_symbol(symbol);
            }
        });
    }
}

/// What is drawn for a cell: nothing that ratatui would draw wider than the emulator meant, which would push its neighbours
/// aside.
fn symbol<'a>(cell: &Cell<'a>, room: &'a mut String) -> Option<&'a str> {
    if let [byte] = cell.text.as_bytes() {
        return (b'!'..=b'~').contains(byte).then_some(cell.text);
    }
    let clean = match text::clean(cell.text) {
        std::borrow::Cow::Borrowed(text) => text,
        std::borrow::Cow::Owned(text) => {
            *room = text;
            room
        }
    };
    (!clean.is_empty() && text::width(clean) <= usize::from(cell.width)).then_some(clean)
}

impl Means {
    /// A cell's looks in the colours that there are.
    fn style(self, style: CellStyle) -> Style {
        let color = |color| {
            let color = match color {
                emulator::Color::Default => return Color::Reset,
                emulator::Color::Indexed(index) => Color::Indexed(index),
                emulator::Color::Rgb(red, green, blue) => Color::Rgb(red, green, blue),
            };
            self.depth.nearest(color).unwrap_or(Color::Reset)
        };
        let mut modifier = Modifier::empty();
        for (is_set, flag) in [
            (style.bold, Modifier::BOLD),
            (style.dim, Modifier::DIM),
            (style.italic, Modifier::ITALIC),
            // Terminals know waves and dots, ratatui knows lines.
            (style.underline != Underline::None, Modifier::UNDERLINED),
            (style.inverse, Modifier::REVERSED),
            (style.strike, Modifier::CROSSED_OUT),
            (style.blink && !self.is_still, Modifier::SLOW_BLINK),
        ] {
            if is_set {
                modifier |= flag;
            }
        }
        Style::new()
            .fg(color(style.foreground))
            .bg(color(style.background))
            .underline_color(style.underline_color.map_or(Color::Reset, color))
            .add_modifier(modifier)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn emulator(columns: u16, rows: u16, text: &str) -> Emulator {
        let mut emulator = Emulator::new(columns, rows, 10);
        emulator.feed(text.as_bytes());
        emulator.parse(Duration::MAX, || Duration::ZERO);
        emulator
    }

    fn row(buffer: &Buffer, y: u16) -> String {
        let area = buffer.area;
        (area.left()..area.right())
            .map(|x| buffer[(x, y)].symbol().to_owned())
            .collect()
    }

    #[test]
    fn wide_characters_never_leave_the_area() {
        let emulator = emulator(6, 2, "ab漢字\r\n\u{1b}[1;38;2;9;8;7mx\u{1b}[0m");
        let mut buffer = Buffer::filled(Rect::new(0, 0, 7, 3), ratatui::buffer::Cell::new("#"));
        let area = Rect::new(0, 0, 5, 9);
        let top = emulator.top();
        let cursor = draw(&emulator, top, area, &mut buffer, ColorDepth::Truecolor);
        assert_eq!(cursor, Some(Position::new(1, 1)));
        assert_eq!(row(&buffer, 0), "ab漢  ##");
        assert_eq!(buffer[(0, 1)].fg, Color::Rgb(9, 8, 7));
        assert!(buffer[(0, 1)].modifier.contains(Modifier::BOLD));
    }

    #[test]
    fn joined_signs_keep_their_room() {
        let emulator = emulator(12, 2, "a❤\u{fe0f}b\u{1f468}\u{200d}\u{1f469}c e\u{301}|");
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 2));
        let area = buffer.area;
        draw(
            &emulator,
            emulator.top(),
            area,
            &mut buffer,
            ColorDepth::Truecolor,
        );
        assert_eq!(
            row(&buffer, 0).replace(' ', ""),
            "a❤b\u{1f468}\u{1f469}ce\u{301}|"
        );
        // Where a sign takes two places, what comes next stands in the third.
        assert_eq!(
            (buffer[(1, 0)].symbol(), buffer[(3, 0)].symbol()),
            ("❤", "b")
        );
    }

    #[test]
    fn looks_fit_the_terminal_and_the_user() {
        let cell = CellStyle {
            foreground: emulator::Color::Rgb(250, 10, 10),
            background: emulator::Color::Indexed(200),
            inverse: true,
            blink: true,
            strike: true,
            underline: Underline::Curly,
            underline_color: Some(emulator::Color::Indexed(3)),
            ..CellStyle::default()
        };
        let of = |depth, is_still| Means { depth, is_still }.style(cell);
        let full = of(ColorDepth::Truecolor, false);
        assert_eq!(full.fg, Some(Color::Rgb(250, 10, 10)));
        assert_eq!(full.bg, Some(Color::Indexed(200)));
        assert_eq!(full.underline_color, Some(Color::Indexed(3)));
        let flags = Modifier::REVERSED | Modifier::CROSSED_OUT | Modifier::UNDERLINED;
        assert_eq!(full.add_modifier, flags | Modifier::SLOW_BLINK);
        assert_eq!(of(ColorDepth::Truecolor, true).add_modifier, flags);
        assert!(matches!(
            of(ColorDepth::Palette256, true).fg,
            Some(Color::Indexed(16..))
        ));
        let none = of(ColorDepth::None, true);
        assert_eq!((none.fg, none.bg), (Some(Color::Reset), Some(Color::Reset)));
        assert_eq!(none.add_modifier, flags);
    }
}
