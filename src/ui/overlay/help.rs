//! All keys, from the table: those of where the user is first.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::{centered, frame};
use crate::ui::keymap::{Binding, Context};
use crate::ui::model::Model;
use crate::ui::text;
use crate::ui::theme::Role;

/// Columns for the keys.
const KEYS: usize = 18;

/// The contexts, those that hold where the user is first.
fn contexts(model: &Model) -> impl Iterator<Item = (Context, bool)> {
    let here = model.contexts_below();
    let elsewhere: Vec<Context> = Context::ALL
        .iter()
        .copied()
        .filter(|context| !here.contains(context))
        .collect();
    let here = here.into_iter().map(|context| (context, true));
    here.chain(elsewhere.into_iter().map(|context| (context, false)))
}

fn lines(model: &Model, columns: usize) -> Vec<Line<'static>> {
    let (look, keymap) = (&model.look, &model.keymap);
    let mut lines = Vec::new();
    for (context, is_here) in contexts(model) {
        if keymap.of(context).next().is_none() {
            continue;
        }
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        let here = if is_here { " (here)" } else { "" };
        lines.push(Line::from(vec![
            Span::styled(context.title(), look.theme.style(Role::Heading)),
            Span::styled(here, look.theme.style(Role::Dim)),
        ]));
        let mut shown = Vec::new();
        for binding in keymap.of(context) {
            // Actions that are told by the same words share a line: the eight tabs.
            let doc = binding.action.doc();
            if shown.contains(&doc) {
                continue;
            }
            shown.push(doc);
            let same = keymap.of(context);
            let same: Vec<&Binding> = same.filter(|other| other.action.doc() == doc).collect();
            let keys = text::fit(&together(&same, look.ascii), KEYS, look.ascii).into_owned();
            let line = Line::from(vec![
                Span::styled(format!("{keys:<KEYS$} "), look.theme.style(Role::HintKey)),
                Span::styled(binding.action.doc(), look.theme.style(Role::Text)),
            ]);
            lines.extend(text::wrap(line, columns, KEYS + 1));
        }
    }
    lines
}

/// The keys of a line: `Ctrl-] 1 … 8` where they only count up.
fn together(bindings: &[&Binding], ascii: bool) -> String {
    let labels: Vec<String> = bindings.iter().map(|binding| binding.label()).collect();
    let numbered = |label: &String| {
        let (before, digit) = label.split_at_checked(label.len().checked_sub(1)?)?;
        Some((before.to_owned(), digit.parse::<u8>().ok()?))
    };
    let counts_up = labels.windows(2).all(|pair| match pair {
        [one, next] => match (numbered(one), numbered(next)) {
            (Some(one), Some(next)) => one.0 == next.0 && one.1 + 1 == next.1,
            _ => false,
        },
        _ => false,
    });
    match labels.as_slice() {
        [first, _, .., last] if counts_up => {
            let dots = if ascii { "..." } else { "…" };
            let last = last.rsplit(' ').next().unwrap_or_default();
            format!("{first} {dots} {last}")
        }
        labels => labels.join(", "),
    }
}

fn place(screen: Rect) -> Rect {
    centered(screen, 84, screen.height.saturating_sub(2).max(3))
}

/// The last line that may be the first one shown.
pub(crate) fn last_top(model: &Model, screen: Rect) -> usize {
    let area = place(screen);
    let columns = usize::from(area.width.saturating_sub(2));
    let rows = usize::from(area.height.saturating_sub(2));
    lines(model, columns).len().saturating_sub(rows)
}

/// Draws the help from a line on.
pub(crate) fn draw(model: &Model, top: usize, screen: Rect, buffer: &mut Buffer) {
    let title = "Keys (Esc closes)";
    let inner = frame(title, place(screen), buffer, &model.look);
    let lines = lines(model, usize::from(inner.width));
    for (line, row) in lines.iter().skip(top).zip(inner.rows()) {
        line.render(row, buffer);
    }
}
