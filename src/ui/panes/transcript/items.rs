//! One item of a transcript as lines.

use std::fmt::Write as _;

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::window::{Folded, Setting};
use crate::domain::item::{Item, PlanEntry, ToolStatus, Usage};
use crate::domain::reason::count;
use crate::ui::render::{ansi, diff, markdown, plain};
use crate::ui::session::Look;
use crate::ui::theme::Role;
use crate::ui::{glyph, text};

/// So many lines of a tool's output are shown while it is folded: the last ones, where errors are.
const FOLDED_OUTPUT: usize = 6;
/// So many lines of a diff.
const FOLDED_DIFF: usize = 12;
/// And so many of anything, unfolded: the file itself has the rest.
const MOST_LINES: usize = 5_000;

/// So much of a text is laid out, in bytes: its end.
const LONGEST_TEXT: usize = 64 * 1024;

/// The end of a text that is too long to be laid out whole in every frame in which it grows.
fn end_of(content: &str) -> &str {
    text::last_bytes(content, LONGEST_TEXT)
}

/// The lines of an item.
pub(super) fn lines(folded: &Folded, setting: Setting, look: &Look) -> Vec<Line<'static>> {
    let columns = usize::from(setting.columns);
    let mut lines = Vec::new();
    if setting.starts_turn {
        lines.push(turn_rule(folded.turn, columns, look));
    }
    let unfolded = setting.unfolded;
    match &folded.item {
        Item::Message { text } => {
            lines.extend(markdown::lines(end_of(text), columns, &look.theme));
        }
        Item::Reasoning { text } => {
            lines.extend(reasoning(end_of(text), columns, unfolded, look));
        }
        Item::ToolCall { title, status, .. } => {
            lines.push(tool_call(title, *status, folded, columns, look));
        }
        Item::ToolResult { output, exit } => {
            lines.extend(tool_result(output, *exit, columns, unfolded, look));
        }
        Item::Plan { entries } => lines.extend(plan(entries, columns, look)),
        Item::Diff { path, patch } => lines.extend(change(path, patch, columns, unfolded, look)),
        Item::Usage { usage } => lines.push(usage_line(usage, columns, look)),
        Item::Notice { text } => {
            lines.extend(plain(end_of(text), columns, look.theme.style(Role::Notice)));
        }
        Item::Error { text, retrying } => {
            let again = if *retrying { " (it tries again)" } else { "" };
            let text = format!("error: {}{again}", end_of(text));
            lines.extend(plain(&text, columns, look.theme.style(Role::Error)));
        }
    }
    if lines.len() > MOST_LINES {
        lines.truncate(MOST_LINES);
        lines.push(Line::styled(
            "(the rest is in transcript.jsonl)",
            look.theme.style(Role::Dim),
        ));
    }
    lines
}

fn dashes(ascii: bool) -> &'static str {
    if ascii { "-" } else { "─" }
}

fn turn_rule(turn: u32, columns: usize, look: &Look) -> Line<'static> {
    let dash = dashes(look.ascii);
    let title = format!(" turn {turn} ");
    let rest = columns.saturating_sub(text::width(&title) + 2);
    Line::styled(
        text::head(
            &format!("{0}{0}{title}{1}", dash, dash.repeat(rest)),
            columns,
        )
        .to_owned(),
        look.theme.style(Role::Dim),
    )
}

fn reasoning(content: &str, columns: usize, unfolded: bool, look: &Look) -> Vec<Line<'static>> {
    let style = look.theme.style(Role::Reasoning);
    if unfolded {
        return plain(content, columns, style);
    }
    let first = content
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or("thinking");
    let line = format!("{} {}", glyph::fold(false, look.ascii), first.trim());
    vec![Line::styled(
        text::fit(&line, columns, look.ascii).into_owned(),
        style,
    )]
}

fn tool_call(
    title: &str,
    status: ToolStatus,
    folded: &Folded,
    columns: usize,
    look: &Look,
) -> Line<'static> {
    let (symbol, role) = glyph::tool(status, look.ascii);
    let took = folded.changed.since(folded.began);
    let right = match status {
        ToolStatus::Running => "running".to_owned(),
        ToolStatus::Completed if took.as_secs() > 0 => crate::domain::reason::coarse(took),
        ToolStatus::Completed => String::new(),
        ToolStatus::Failed => "failed".to_owned(),
        ToolStatus::Declined => "declined".to_owned(),
    };
    let room = columns.saturating_sub(text::width(&right) + 3);
    let title = text::fit(title, room, look.ascii).into_owned();
    let gap = columns.saturating_sub(2 + text::width(&title) + text::width(&right));
    Line::from(vec![
        Span::styled(format!("{symbol} "), look.theme.style(role)),
        Span::styled(title, look.theme.style(Role::Tool)),
        Span::raw(" ".repeat(gap)),
        Span::styled(right, look.theme.style(role)),
    ])
}

/// Lines under the item they belong to: a gutter, then the line.
fn under(lines: Vec<Line<'static>>, columns: usize, look: &Look) -> Vec<Line<'static>> {
    let gutter = if look.ascii { "| " } else { "│ " };
    let style = look.theme.style(Role::Dim);
    lines
        .into_iter()
        .flat_map(|line| text::wrap(line, columns.saturating_sub(2), 0))
        .map(|mut line| {
            line.spans.insert(0, Span::styled(gutter, style));
            line
        })
        .collect()
}

fn hidden(count: usize, what: &str, look: &Look) -> Line<'static> {
    let plural = if count == 1 { "line" } else { "lines" };
    Line::styled(
        format!("({count} {plural} {what}, `v` shows them)"),
        look.theme.style(Role::Dim),
    )
}

fn tool_result(
    output: &str,
    exit: Option<i32>,
    columns: usize,
    unfolded: bool,
    look: &Look,
) -> Vec<Line<'static>> {
    let style = look.theme.style(Role::ToolOutput);
    let shown = if unfolded {
        ansi::lines(end_of(output), style, look.depth)
    } else {
        let total = output.lines().count();
        let skipped = total.saturating_sub(FOLDED_OUTPUT);
        let mut shown = Vec::new();
        if skipped > 1 {
            shown.push(hidden(skipped, "above", look));
        }
        let from = if skipped > 1 { skipped } else { 0 };
        let end: Vec<&str> = output.lines().skip(from).collect();
        shown.extend(ansi::lines(&end.join("\n"), style, look.depth));
        shown
    };
    let mut lines = under(shown, columns, look);
    if let Some(code) = exit.filter(|code| *code != 0) {
        let line = Line::styled(format!("exit {code}"), look.theme.style(Role::Error));
        lines.extend(under(vec![line], columns, look));
    }
    lines
}

fn plan(entries: &[PlanEntry], columns: usize, look: &Look) -> Vec<Line<'static>> {
    let done = entries.iter().filter(|entry| entry.done).count();
    let title = format!(
        "{} Plan  {done}/{}",
        glyph::fold(true, look.ascii),
        entries.len()
    );
    let mut lines = vec![Line::styled(title, look.theme.style(Role::Heading))];
    for entry in entries {
        let (mark, role) = if entry.done {
            ("[x] ", Role::Dim)
        } else {
            ("[ ] ", Role::Text)
        };
        let content = text::clean(&entry.text).into_owned();
        let line = Line::from(vec![
            Span::styled(format!("  {mark}"), look.theme.style(Role::Accent)),
            Span::styled(content, look.theme.style(role)),
        ]);
        lines.extend(text::wrap(line, columns, 6));
    }
    lines
}

fn change(
    path: &str,
    patch: &str,
    columns: usize,
    unfolded: bool,
    look: &Look,
) -> Vec<Line<'static>> {
    let (added, removed) = diff::counts(patch);
    let path = text::fit(path, columns.saturating_sub(20), look.ascii).into_owned();
    let mut lines = vec![Line::from(vec![
        Span::styled("edit ", look.theme.style(Role::Tool)),
        Span::styled(path, look.theme.style(Role::DiffFile)),
        Span::styled(format!("  +{added}"), look.theme.style(Role::DiffAdd)),
        Span::styled(format!(" -{removed}"), look.theme.style(Role::DiffDel)),
    ])];
    let body = diff::lines(patch, &look.theme);
    let total = body.len();
    let most = if unfolded { MOST_LINES } else { FOLDED_DIFF };
    let mut shown: Vec<_> = body.into_iter().take(most).collect();
    if total > most {
        shown.push(hidden(total - most, "below", look));
    }
    lines.extend(under(shown, columns, look));
    lines
}

fn usage_line(usage: &Usage, columns: usize, look: &Look) -> Line<'static> {
    let mut words = format!(
        "{} tokens in, {} out",
        count(usage.input),
        count(usage.output)
    );
    if let Some(cost) = usage.cost_usd {
        let _infallible = write!(words, ", ${cost:.2}");
    }
    Line::styled(
        text::fit(&words, columns, look.ascii).into_owned(),
        look.theme.style(Role::Dim),
    )
}

/// A line that says that there is nothing yet.
pub(super) fn quiet(words: &str, style: Style) -> Vec<Line<'static>> {
    vec![Line::styled(words.to_owned(), style)]
}
