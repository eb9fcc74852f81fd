//! The recorded terminal in the middle, and below it where it stands.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Widget};

use super::{Picture, Progress};
use crate::ui::overlay::borders;
use crate::ui::session::Look;
use crate::ui::text;
use crate::ui::theme::Role;

/// The bar is left out when there is less room.
const LEAST_BAR: u16 = 8;

/// Draws it; the place of the recorded cursor.
pub(crate) fn draw(
    picture: Option<&Picture>,
    area: Rect,
    buffer: &mut Buffer,
    look: &Look,
) -> Option<Position> {
    let area = area.intersection(buffer.area);
    if area.is_empty() {
        return None;
    }
    let Some(picture) = picture else {
        Line::styled(" opening the recording", look.theme.style(Role::Dim)).render(area, buffer);
        return None;
    };
    let above = Rect {
        height: area.height - 1,
        ..area
    };
    let below = Rect {
        y: area.bottom() - 1,
        height: 1,
        ..area
    };
    let screen = picture.screen.area;
    let cut = screen.width > above.width || screen.height > above.height;
    progress(
        &picture.progress,
        screen,
        cut.then_some(above),
        below,
        buffer,
        look,
    );
    if let Some(trouble) = &picture.progress.trouble {
        let words = text::clean(trouble).into_owned();
        let lines = text::wrap(Line::from(words), usize::from(above.width).max(1), 0);
        for (line, y) in lines.into_iter().zip(above.top()..above.bottom()) {
            let style = look.theme.style(Role::Error);
            line.style(style).render(
                Rect {
                    y,
                    height: 1,
                    ..above
                },
                buffer,
            );
        }
        return None;
    }
    shown(picture, above, buffer, look)
}

/// The terminal: whole and framed where there is room, else the part around its cursor's line.
fn shown(picture: &Picture, area: Rect, buffer: &mut Buffer, look: &Look) -> Option<Position> {
    let screen = picture.screen.area;
    let (width, height) = (screen.width.min(area.width), screen.height.min(area.height));
    let place = Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    };
    if width + 2 <= area.width && height + 2 <= area.height {
        let around = Rect::new(place.x - 1, place.y - 1, width + 2, height + 2);
        Block::bordered()
            .border_set(borders(look))
            .border_style(look.theme.style(Role::Border))
            .render(around, buffer);
    }
    let line = picture.cursor.map_or(0, |(_, y)| y);
    let top = (line + 1).saturating_sub(height);
    for (y, from) in (place.top()..place.bottom()).zip(top..) {
        for (x, column) in (place.left()..place.right()).zip(0..) {
            let Some(cell) = picture.screen.cell(Position::new(column, from)) else {
                continue;
            };
            let Some(target) = buffer.cell_mut(Position::new(x, y)) else {
                continue;
            };
            *target = cell.clone();
            // Half a wide character would reach over the edge.
            if x + 1 == place.right() && text::width(cell.symbol()) > 1 {
                target.set_symbol(" ");
            }
        }
    }
    let (x, y) = picture.cursor?;
    let row = y.checked_sub(top).filter(|row| *row < height)?;
    (x < width).then(|| Position::new(place.x + x, place.y + row))
}

/// `► 0:12 / 3:40  2x  ━━━━───  cargo test`.
fn progress(
    progress: &Progress,
    screen: Rect,
    cut: Option<Rect>,
    area: Rect,
    buffer: &mut Buffer,
    look: &Look,
) {
    let mut left = vec![format!(
        " {} {}{}",
        state(progress, look.ascii),
        time(progress.seconds),
        progress
            .total
            .map_or_else(String::new, |total| format!(" / {}", time(total)))
    )];
    left.push(format!("{}x", progress.speed));
    if let Some(seeking) = progress.seeking {
        left.push(format!("seeking {}%", (seeking * 100.0) as u32));
    }
    if !progress.cuts {
        left.push("pauses whole".to_owned());
    }
    if let Some(area) = cut {
        let (columns, rows) = (screen.width, screen.height);
        left.push(format!(
            "{columns}x{rows} cut to {}x{}",
            area.width, area.height
        ));
    }
    if progress.damaged > 0 {
        left.push(format!("{} damaged lines left out", progress.damaged));
    }
    let left = left.join("  ");
    let left = text::fit(&left, usize::from(area.width), look.ascii).into_owned();
    let room = area.width.saturating_sub(text::width(&left) as u16);
    let title = progress
        .title
        .as_deref()
        .map(text::clean)
        .unwrap_or_default();
    let title = if title.is_empty() {
        String::new()
    } else {
        let most = usize::from(room.saturating_sub(LEAST_BAR + 6)).min(40);
        format!("  {}", text::fit(&title, most, look.ascii))
    };
    let bar = room.saturating_sub(text::width(&title) as u16 + 4);
    let mut spans = vec![Span::styled(left, look.theme.style(Role::Base))];
    if bar >= LEAST_BAR && progress.total.is_some() {
        let done = (f64::from(bar) * progress.share).round() as usize;
        let (full, empty) = if look.ascii {
            ("=", "-")
        } else {
            ("━", "─")
        };
        spans.push(Span::raw("  "));
        spans.push(Span::styled(
            full.repeat(done),
            look.theme.style(Role::BorderFocus),
        ));
        spans.push(Span::styled(
            empty.repeat(usize::from(bar) - done.min(usize::from(bar))),
            look.theme.style(Role::Border),
        ));
    }
    if bar >= LEAST_BAR {
        spans.push(Span::styled(title, look.theme.style(Role::Dim)));
    }
    Line::from(spans).render(area, buffer);
}

fn state(progress: &Progress, ascii: bool) -> &'static str {
    match (progress.is_over, progress.is_playing, ascii) {
        (true, _, false) => "□ end",
        (true, _, true) => "- end",
        (false, true, false) => "►",
        (false, true, true) => ">",
        (false, false, false) => "‖ paused",
        (false, false, true) => "= paused",
    }
}

/// `1:02:03`.
pub(crate) fn time(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}
