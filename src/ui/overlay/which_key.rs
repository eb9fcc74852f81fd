//! Keys have begun a sequence: what may follow, in a small popup above the hints.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::frame;
use crate::ui::action::Action;
use crate::ui::keymap::{Binding, Key};
use crate::ui::model::Model;
use crate::ui::text;
use crate::ui::theme::Role;

/// The least columns for one line of it.
const COLUMN: u16 = 44;
/// The least columns for a word or two.
const SHORT_COLUMN: u16 = 19;

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

/// One line of it: keys that do the same, and what that is.
struct Entry {
    keys: String,
    action: Action,
}

/// Keys that follow each other in the table and do the same share a line: `1 … 8`.
fn entries(model: &Model) -> Vec<Entry> {
    let mut entries: Vec<(Vec<String>, Action)> = Vec::new();
    for binding in continuations(model) {
        let rest = binding.keys.get(model.pressed.len()..).unwrap_or_default();
        let keys: Vec<String> = rest.iter().map(Key::to_string).collect();
        let keys = keys.join(" ");
        match entries.last_mut() {
            Some((known, action)) if action.doc() == binding.action.doc() => known.push(keys),
            _ => entries.push((vec![keys], binding.action)),
        }
    }
    let dots = if model.look.ascii { "..." } else { "…" };
    let entry = |(keys, action): (Vec<String>, Action)| Entry {
        keys: match keys.as_slice() {
            [first, _, .., last] => format!("{first} {dots} {last}"),
            keys => keys.join(" "),
        },
        action,
    };
    entries.into_iter().map(entry).collect()
}

/// Draws it, if a sequence has begun; `above` is the line of hints.
pub(crate) fn draw(model: &Model, screen: Rect, above: Rect, buffer: &mut Buffer) {
    if model.pressed.is_empty() || screen.height < 5 {
        return;
    }
    let found = entries(model);
    if found.is_empty() {
        return;
    }
    let look = &model.look;
    let room = screen.width.saturating_sub(2);
    let count = u16::try_from(found.len()).unwrap_or(u16::MAX);
    let most = above.y.saturating_sub(3).max(1);
    // Sentences where all of them fit, else a word or two for each.
    let wide = (room / COLUMN).max(1);
    let is_short = count.div_ceil(wide) > most;
    let columns = if is_short {
        (room / SHORT_COLUMN).max(1)
    } else {
        wide
    };
    let rows = count.div_ceil(columns).min(most).max(1);
    let columns = count.div_ceil(rows).min(columns);
    let area = Rect {
        x: screen.x,
        y: above.y.saturating_sub(rows + 2),
        width: screen.width,
        height: rows + 2,
    };
    let pressed: Vec<String> = model.pressed.iter().map(ToString::to_string).collect();
    let left_out = count.saturating_sub(rows * columns);
    let more = match left_out {
        0 => String::new(),
        left_out => format!(", {left_out} more in the help"),
    };
    let title = format!("{} … (Esc drops it{more})", pressed.join(" "));
    let title = if look.ascii {
        title.replace('…', "...")
    } else {
        title
    };
    let inner = frame(&title, area, buffer, look);
    let width = inner.width / columns.max(1);
    for (index, entry) in found.iter().enumerate() {
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
        line(entry, is_short, model, usize::from(place.width)).render(place, buffer);
    }
}

fn line(entry: &Entry, is_short: bool, model: &Model, columns: usize) -> Line<'static> {
    let theme = &model.look.theme;
    let keys = format!(" {} ", entry.keys);
    let room = columns.saturating_sub(text::width(&keys) + 1);
    let words = if is_short {
        entry.action.hint()
    } else {
        entry.action.doc()
    };
    let words = text::fit(words, room, model.look.ascii).into_owned();
    Line::from(vec![
        Span::styled(keys, theme.style(Role::HintKey)),
        Span::styled(words, theme.style(Role::Text)),
    ])
}
