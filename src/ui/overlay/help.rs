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
            if shown.contains(&binding.action) {
                continue;
            }
            shown.push(binding.action);
            let keys: Vec<_> = keymap
                .of(context)
                .filter(|other| other.action == binding.action)
                .map(Binding::label)
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
