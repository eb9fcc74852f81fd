//! Text of every kind as styled lines. Pure: text, width and look in, lines out.

pub(crate) mod ansi;
pub(crate) mod canvas;
pub(crate) mod cells;
pub(crate) mod compare;
pub(crate) mod diff;
pub(crate) mod hex;
pub(crate) mod highlight;
pub(crate) mod json;
pub(crate) mod markdown;
pub(crate) mod patch;

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::text;

/// Text without any markup, wrapped.
pub(crate) fn plain(content: &str, columns: usize, style: Style) -> Vec<Line<'static>> {
    content
        .lines()
        .flat_map(|line| {
            let line = Line::from(Span::styled(text::clean(line).into_owned(), style));
            text::wrap(line, columns, 0)
        })
        .collect()
}
