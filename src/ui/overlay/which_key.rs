//! Keys have begun a sequence: what may follow, in a small popup above the hints.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::frame;
use crate::ui::keymap::{Binding, Key};
use crate::ui::model::Model;
use crate::ui::text;
use crate::ui::theme::Role;

/// The least columns for one line of it.
const COLUMN: u16 = 44;

/// What may follow what was pressed: each key once, as it will be understood.
pub(crate) fn continuations(model: &Model) -> Vec<&Binding> {
    let contexts = model.contexts();
    let mut found: Vec<&Binding> = Vec::new();
    // The context that is asked first decides.
    for context in &contexts {
        for binding in model.keymap.continuations(&[*context], &model.pressed) {
            if !found.iter().any(|known| known.keys == binding.keys) {
                found.push(binding);
            }
        }
    }
    found
}

/// Draws it, if a sequence has begun; `above` is the line of hints.
pub(crate) fn draw(model: &Model, screen: Rect, above: Rect, buffer: &mut Buffer) {
    if model.pressed.is_empty() || screen.height < 5 {
        return;
    }
    let found = continuations(model);
    if found.is_empty() {
        return;
    }
    let look = &model.look;
    let columns = (screen.width.saturating_sub(2) / COLUMN).max(1);
    let count = u16::try_from(found.len()).unwrap_or(u16::MAX);
    let rows = count
        .div_ceil(columns)
        .min(above.y.saturating_sub(3))
        .max(1);
    let columns = count.div_ceil(rows).min(columns);
    let area = Rect {
        x: screen.x,
        y: above.y.saturating_sub(rows + 2),
        width: screen.width,
        height: rows + 2,
    };
    let pressed: Vec<String> = model.pressed.iter().map(ToString::to_string).collect();
    let title = format!("{} … (Esc drops it)", pressed.join(" "));
    let title = if look.ascii {
        title.replace('…', "...")
    } else {
        title
    };
    let inner = frame(&title, area, buffer, look);
    let width = inner.width / columns.max(1);
    for (index, binding) in found.iter().enumerate() {
        let index = u16::try_from(index).unwrap_or(u16::MAX);
        let (column, row) = (index / rows, index % rows);
        if column >= columns {
            break;
        }
        let place = Rect {
            x: inner.x + column * width,
            y: inner.y + row,
            width,
            height: 1,
        }
        .intersection(inner);
        line(binding, model, usize::from(place.width)).render(place, buffer);
    }
}

fn line(binding: &Binding, model: &Model, columns: usize) -> Line<'static> {
    let theme = &model.look.theme;
    let rest = binding.keys.get(model.pressed.len()..).unwrap_or_default();
    let keys: Vec<String> = rest.iter().map(Key::to_string).collect();
    let keys = format!(" {} ", keys.join(" "));
    let room = columns.saturating_sub(text::width(&keys) + 1);
    let doc = text::fit(binding.action.doc(), room, model.look.ascii).into_owned();
    Line::from(vec![
        Span::styled(keys, theme.style(Role::HintKey)),
        Span::styled(doc, theme.style(Role::Text)),
    ])
}
