//! All keys, from the table.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::{centered, frame};
use crate::ui::keymap::{Context, Keymap};
use crate::ui::session::Look;
use crate::ui::text;
use crate::ui::theme::Role;

/// Columns for the keys.
const KEYS: usize = 18;

fn lines(keymap: &Keymap, columns: usize, look: &Look) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for context in Context::ALL.iter().copied() {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.push(Line::styled(
            context.title(),
            look.theme.style(Role::Heading),
        ));
        let mut shown = Vec::new();
        for binding in keymap.of(context) {
            if shown.contains(&binding.action) {
                continue;
            }
            shown.push(binding.action);
            let keys: Vec<_> = keymap
                .of(context)
                .filter(|other| other.action == binding.action)
                .map(crate::ui::keymap::Binding::label)
                .collect();
            let keys = text::fit(&keys.join(", "), KEYS, look.ascii).into_owned();
            let line = Line::from(vec![
                Span::styled(format!("{keys:<KEYS$} "), look.theme.style(Role::HintKey)),
                Span::styled(binding.action.doc(), look.theme.style(Role::Text)),
            ]);
            lines.extend(text::wrap(line, columns, KEYS + 1));
        }
    }
    lines
}

fn place(screen: Rect) -> Rect {
    centered(screen, 84, screen.height.saturating_sub(2).max(3))
}

/// The last line that may be the first one shown.
pub(crate) fn last_top(keymap: &Keymap, screen: Rect, look: &Look) -> usize {
    let area = place(screen);
    let columns = usize::from(area.width.saturating_sub(2));
    let rows = usize::from(area.height.saturating_sub(2));
    lines(keymap, columns, look).len().saturating_sub(rows)
}

/// Draws the help from a line on.
pub(crate) fn draw(keymap: &Keymap, top: usize, screen: Rect, buffer: &mut Buffer, look: &Look) {
    let inner = frame("Keys (Esc closes)", place(screen), buffer, look);
    let lines = lines(keymap, usize::from(inner.width), look);
    for (line, row) in lines.iter().skip(top).zip(inner.rows()) {
        line.render(row, buffer);
    }
}
