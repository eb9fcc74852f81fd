//! A piece of a file as lines, by its kind.

use std::path::Path;

use ratatui::text::Line;

use crate::ui::effect::Content;
use crate::ui::render::{ansi, diff, hex, json, markdown};
use crate::ui::session::Look;
use crate::ui::text;
use crate::ui::theme::Role;

/// A line is cut after so many bytes: nobody reads more, and layout stays quick.
const LONGEST_LINE: usize = 8_000;

/// The lines of a piece, wrapped.
pub(super) fn lines(
    path: &Path,
    content: &Content,
    columns: usize,
    look: &Look,
) -> Vec<Line<'static>> {
    let theme = &look.theme;
    if content.length == 0 {
        return vec![Line::styled("(empty)", theme.style(Role::Dim))];
    }
    if hex::is_binary(&content.bytes) {
        let start = usize::try_from(content.start).unwrap_or(usize::MAX);
        return hex::lines(&content.bytes, start, theme)
            .into_iter()
            .flat_map(|line| text::wrap(line, columns, 10))
            .collect();
    }
    let is_whole = content.start == 0 && content.bytes.len() as u64 == content.length;
    let content = String::from_utf8_lossy(&content.bytes);
    let plain = || ansi::lines(&content, theme.style(Role::Text), look.depth);
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    let unwrapped = match extension.as_ref() {
        "md" => return markdown::lines(&content, columns, theme),
        "patch" | "diff" => diff::lines(&content, theme),
        "json" if is_whole => json::lines(&content, theme).unwrap_or_else(plain),
        "jsonl" => content.lines().map(|line| entry(line, look)).collect(),
        _ => plain(),
    };
    unwrapped
        .into_iter()
        .flat_map(|line| text::wrap(line, columns, 2))
        .collect()
}

/// A line of JSON; as it is, when it is none.
fn entry(line: &str, look: &Look) -> Line<'static> {
    let theme = &look.theme;
    if line.len() <= LONGEST_LINE
        && let Some(line) = json::entry(line, theme)
    {
        return line;
    }
    let start = text::clean(text::first_bytes(line, LONGEST_LINE)).into_owned();
    Line::styled(start, theme.style(Role::Text))
}
