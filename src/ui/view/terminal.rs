//! The terminal pane: its frame with the tabs, and below it the one key that is docket's.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Widget};

use crate::ui::layout::{Pane, inside};
use crate::ui::model::Model;
use crate::ui::overlay::borders;
use crate::ui::recording;
use crate::ui::text;
use crate::ui::theme::Role;

/// Draws it; the cursor's place, when it is to be seen.
pub(super) fn draw(model: &Model, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    let area = area.intersection(buffer.area);
    if area.is_empty() {
        return None;
    }
    let look = &model.look;
    let style = |role| look.theme.style(role);
    let has_keys = model.focus == Pane::Terminal;
    let (border, title) = if has_keys {
        (Role::BorderFocus, Role::TitleFocus)
    } else {
        (Role::Border, Role::Title)
    };
    let mut spans = vec![Span::styled(" ", style(title))];
    for piece in model.terminal.titles(room(model, area), look.ascii) {
        // Which tab is shown is told by its mark, too.
        let role = match piece.tab {
            Some(_) if !piece.is_shown => Role::Title,
            _ => title,
        };
        spans.push(Span::styled(piece.text, style(role)));
    }
    spans.push(Span::styled(" ", style(title)));
    let mut block = Block::bordered()
        .border_set(borders(look))
        .border_style(style(border))
        .title(Line::from(spans))
        .title(Line::from(Span::styled(end(model), style(Role::Dim))).right_aligned());
    if has_keys && area.height > 1 {
        let chord = format!(" {} ", model.keymap.chord());
        let chord = Span::styled(chord, style(Role::HintKey));
        block = block.title_bottom(Line::from(chord).right_aligned());
    }
    block.render(area, buffer);
    model.terminal.draw(inside(area), buffer, look)
}

/// What stands at the end of the frame's first line.
fn end(model: &Model) -> String {
    let ends = [recording::mark(model), model.terminal.position(model.zoom)];
    let ends: Vec<_> = ends.into_iter().flatten().collect();
    if ends.is_empty() {
        return String::new();
    }
    format!(" {} ", ends.join("  "))
}

/// How many columns there are for the tabs.
fn room(model: &Model, area: Rect) -> usize {
    usize::from(area.width).saturating_sub(4 + text::width(&end(model)))
}

/// Which tab stands at a column of the frame's first line.
pub(in crate::ui) fn titles_at(model: &Model, area: Rect, column: u16) -> Option<usize> {
    let column = usize::from(column.checked_sub(area.x + 2)?);
    let room = room(model, area);
    model.terminal.tab_at(column, room, model.look.ascii)
}
