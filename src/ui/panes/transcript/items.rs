//! One item of a transcript as lines.

use std::fmt::Write as _;

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::window::{Begins, Folded, Setting};
use crate::domain::item::{Item, PlanEntry, ToolStatus, Usage};
use crate::domain::reason::count;
use crate::ui::render::canvas::Canvas;
use crate::ui::render::{ansi, compare, diff, markdown, plain};
use crate::ui::session::Look;
use crate::ui::theme::{ColorDepth, Role};
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
pub(super) fn lines(
    folded: &Folded,
    setting: Setting,
    canvas: &mut Canvas<'_>,
) -> Vec<Line<'static>> {
    if folded.is_moved() {
        return Vec::new();
    }
    let gutters = setting.depth * 2;
    let mut lines = canvas.narrowed(gutters, |canvas| body(folded, setting, canvas));
    if lines.len() > MOST_LINES {
        lines.truncate(MOST_LINES);
        lines.push(Line::styled(
            "(the rest is in transcript.jsonl)",
            canvas.look.theme.style(Role::Dim),
        ));
    }
    for inner in (0..setting.depth).rev() {
        let columns = canvas.columns.saturating_sub(inner * 2);
        lines = under(lines, columns, canvas.look);
    }
    if let Some(begins) = setting.begins {
        lines.insert(0, turn_rule(&begins, canvas.columns, canvas.look));
    }
    lines
}

fn body(folded: &Folded, setting: Setting, canvas: &mut Canvas<'_>) -> Vec<Line<'static>> {
    let (columns, look) = (canvas.columns, canvas.look);
    let unfolded = setting.unfolded;
    match &folded.item {
        Item::Message { text } if unfolded => markdown::painted(end_of(text), canvas),
        Item::Message { text } => shut(text, Role::Text, columns, look),
        Item::Reasoning { text } => reasoning(end_of(text), columns, unfolded, look),
        Item::ToolCall { title, status, .. } => {
            vec![tool_call(title, *status, folded, columns, look)]
        }
        Item::ToolResult { output, exit } => tool_result(output, *exit, columns, unfolded, look),
        Item::Plan { entries } if unfolded => plan(entries, columns, look),
        Item::Plan { entries } => vec![plan_title(entries, false, look)],
        Item::Diff { path, patch } => change(path, patch, unfolded, canvas),
        Item::Usage { usage } => {
            let words = usage_words(usage);
            let words = text::fit(&words, columns, look.ascii).into_owned();
            vec![Line::styled(words, look.theme.style(Role::Dim))]
        }
        Item::Notice { text } if unfolded => {
            plain(end_of(text), columns, look.theme.style(Role::Notice))
        }
        Item::Notice { text } => shut(text, Role::Notice, columns, look),
        Item::Error { text, retrying } => {
            let again = if *retrying { " (it tries again)" } else { "" };
            let text = format!("error: {}{again}", end_of(text));
            if unfolded {
                plain(&text, columns, look.theme.style(Role::Error))
            } else {
                shut(&text, Role::Error, columns, look)
            }
        }
    }
}

/// Whether an item is shown whole while nobody says otherwise. `all` says that everything is.
pub(super) fn is_open(item: &Item, all: bool) -> bool {
    match item {
        Item::Reasoning { .. }
        | Item::ToolCall { .. }
        | Item::ToolResult { .. }
        | Item::Diff { .. } => all,
        Item::Message { .. }
        | Item::Plan { .. }
        | Item::Usage { .. }
        | Item::Notice { .. }
        | Item::Error { .. } => true,
    }
}

/// The text of an item for the clipboard.
pub(super) fn plain_text(item: &Item) -> String {
    match item {
        Item::Message { text } | Item::Reasoning { text } | Item::Notice { text } => text.clone(),
        Item::Error { text, .. } => format!("error: {text}"),
        Item::ToolCall { title, .. } => title.clone(),
        Item::ToolResult { output, .. } => ansi::lines(output, Style::new(), ColorDepth::None)
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n"),
        Item::Diff { patch, .. } => patch.clone(),
        Item::Plan { entries } => entries
            .iter()
            .map(|entry| {
                let mark = if entry.done { "x" } else { " " };
                format!("- [{mark}] {}", entry.text)
            })
            .collect::<Vec<_>>()
            .join("\n"),
        Item::Usage { usage } => usage_words(usage),
    }
}

fn dashes(ascii: bool) -> &'static str {
    if ascii { "-" } else { "─" }
}

/// `── turn 2  12:03  41.2k tokens in, 1.7k out, $0.13 ───`.
fn turn_rule(begins: &Begins, columns: usize, look: &Look) -> Line<'static> {
    let dash = dashes(look.ascii);
    let mut title = format!(" turn {}", begins.turn);
    if let Ok(at) = jiff::Timestamp::from_millisecond(begins.at.0) {
        let at = at.to_zoned(look.zone.clone());
        let _infallible = write!(title, "  {:02}:{:02}", at.hour(), at.minute());
    }
    if let Some(usage) = begins.usage.filter(|usage| !usage.is_empty()) {
        let _infallible = write!(title, "  {}", usage_words(&usage));
    }
    title.push(' ');
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

/// The first line of a text that is folded, and how many it has.
fn shut(content: &str, role: Role, columns: usize, look: &Look) -> Vec<Line<'static>> {
    let count = content.lines().count();
    let first = content
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    let more = match count {
        0 | 1 => String::new(),
        count => format!("  ({count} lines)"),
    };
    let room = columns.saturating_sub(text::width(&more) + 2);
    let first = text::fit(first.trim(), room, look.ascii).into_owned();
    vec![Line::from(vec![
        Span::styled(
            format!("{} {first}", glyph::fold(false, look.ascii)),
            look.theme.style(role),
        ),
        Span::styled(more, look.theme.style(Role::Dim)),
    ])]
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

fn plan_title(entries: &[PlanEntry], is_open: bool, look: &Look) -> Line<'static> {
    let done = entries.iter().filter(|entry| entry.done).count();
    let title = format!(
        "{} Plan  {done}/{}",
        glyph::fold(is_open, look.ascii),
        entries.len()
    );
    Line::styled(title, look.theme.style(Role::Heading))
}

fn plan(entries: &[PlanEntry], columns: usize, look: &Look) -> Vec<Line<'static>> {
    let mut lines = vec![plan_title(entries, true, look)];
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

fn change(path: &str, patch: &str, unfolded: bool, canvas: &mut Canvas<'_>) -> Vec<Line<'static>> {
    let (columns, look) = (canvas.columns, canvas.look);
    let (added, removed) = diff::counts(patch);
    let shown = text::fit(path, columns.saturating_sub(20), look.ascii).into_owned();
    let mut lines = vec![Line::from(vec![
        Span::styled("edit ", look.theme.style(Role::Tool)),
        Span::styled(shown, look.theme.style(Role::DiffFile)),
        Span::styled(format!("  +{added}"), look.theme.style(Role::DiffAdd)),
        Span::styled(format!(" -{removed}"), look.theme.style(Role::DiffDel)),
    ])];
    let most = if unfolded { MOST_LINES } else { FOLDED_DIFF };
    let patch = text::first_bytes(patch, LONGEST_TEXT);
    let (mut shown, left) = canvas.narrowed(2, |canvas| compare::lines(patch, path, most, canvas));
    if left > 0 {
        shown.push(hidden(left, "below", look));
    }
    lines.extend(under(shown, columns, look));
    lines
}

fn usage_words(usage: &Usage) -> String {
    let mut words = format!(
        "{} tokens in, {} out",
        count(usage.input),
        count(usage.output)
    );
    if let Some(cost) = usage.cost_usd {
        let _infallible = write!(words, ", ${cost:.2}");
    }
    words
}

/// A line that says that there is nothing yet.
pub(super) fn quiet(words: &str, style: Style) -> Vec<Line<'static>> {
    vec![Line::styled(words.to_owned(), style)]
}
