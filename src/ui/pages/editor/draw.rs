//! Draws the editor.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::document::{Ask, Document, Meanwhile, Parts};
use super::line::{Shown, cells, column_of};
use super::{State, Target};
use crate::domain::problem::{Problem, Severity};
use crate::ui::action::Action;
use crate::ui::keymap::Context;
use crate::ui::layout::inside;
use crate::ui::model::Model;
use crate::ui::overlay::{centered, frame};
use crate::ui::render::plain;
use crate::ui::session::Look;
use crate::ui::text;
use crate::ui::theme::Role;

/// Draws the page; the place of the cursor.
pub(crate) fn draw(model: &Model, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    let look = &model.look;
    match &model.editor.state {
        State::Closed => {
            frame("Editor", area, buffer, look);
            None
        }
        State::Reading { target, .. } => {
            frame(&target.name(), area, buffer, look);
            None
        }
        State::Refused { target, why } => {
            refused(model, target, why, area, buffer);
            None
        }
        State::Notes(notes, _) => {
            let inner = frame("Notes that all agents share", area, buffer, look);
            notes.draw(inner, buffer, look)
        }
        State::Text(document) => match &document.ask {
            Some(Ask::OnDisk(on_disk)) => {
                let title = format!("{} changed on the disk", document.target.name());
                let inner = frame(&title, area, buffer, look);
                on_disk.draw(inner, buffer, look);
                None
            }
            Some(Ask::Unsaved) => {
                page(document, area, buffer, look);
                unsaved(model, document, area, buffer);
                None
            }
            None => page(document, area, buffer, look),
        },
    }
}

fn refused(model: &Model, target: &Target, why: &str, area: Rect, buffer: &mut Buffer) {
    let look = &model.look;
    let inner = frame(&target.name(), area, buffer, look);
    let contexts = model.editor.contexts();
    let key = model.keymap.key_for(&contexts, Action::EditOutside);
    let words = format!(
        "This file is not edited here: {why}.\n\n{} opens it in $EDITOR.",
        key.unwrap_or_default()
    );
    let style = look.theme.style(Role::Text);
    let lines = plain(&words, usize::from(inner.width), style);
    for (line, row) in lines.iter().zip(inner.rows()) {
        line.render(row, buffer);
    }
}

fn unsaved(model: &Model, document: &Document, area: Rect, buffer: &mut Buffer) {
    let look = &model.look;
    let theme = &look.theme;
    let columns = 50.min(area.width);
    let question = format!("{} is not saved.", document.target.name());
    let width = usize::from(columns.saturating_sub(4));
    let mut lines = plain(&question, width, theme.style(Role::Text));
    lines.push(Line::default());
    let mut spans = Vec::new();
    for (action, words) in [
        (Action::SaveText, "save it"),
        (Action::DropText, "drop it"),
        (Action::No, "stay"),
    ] {
        let key = model.keymap.key_for(&[Context::Unsaved], action);
        spans.push(Span::styled(
            key.unwrap_or_default(),
            theme.style(Role::HintKey),
        ));
        spans.push(Span::styled(
            format!(" {words}   "),
            theme.style(Role::Hint),
        ));
    }
    lines.push(Line::from(spans));
    let rows = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX);
    let inner = frame(
        "Leave the editor",
        centered(area, columns, rows),
        buffer,
        look,
    );
    let skip = lines.len().saturating_sub(usize::from(inner.height));
    for (line, row) in lines.iter().skip(skip).zip(inner.rows()) {
        let row = Rect {
            x: row.x.saturating_add(1).min(row.right()),
            width: row.width.saturating_sub(2),
            ..row
        };
        line.render(row, buffer);
    }
}

fn page(document: &Document, area: Rect, buffer: &mut Buffer, look: &Look) -> Option<Position> {
    let theme = &look.theme;
    let mut title = document.target.name();
    if document.buffer.is_modified() || document.revision.is_none() {
        title.push_str(if document.saving.is_some() {
            "  saving"
        } else {
            "  not saved"
        });
    }
    let area = area.intersection(buffer.area);
    frame(&title, area, buffer, look);
    status(document, &title, area, buffer, look);
    if inside(area).is_empty() {
        return None;
    }
    let parts = document.parts(area);
    if let Some(meanwhile) = document.meanwhile {
        let words = match meanwhile {
            Meanwhile::Changed => {
                "somebody else wrote this file meanwhile: saving shows what they changed"
            }
            Meanwhile::Gone => "this file is not there any more: saving asks first",
        };
        let words = text::fit(words, usize::from(parts.banner.width), look.ascii).into_owned();
        Line::styled(words, theme.style(Role::Warning)).render(parts.banner, buffer);
    }
    let cursor = lines(document, parts, buffer, look);
    problems(document, parts.problems, buffer, look);
    match &document.prompt {
        Some(prompt) if !parts.prompt.is_empty() => {
            let count = match &document.search {
                Some(search) if !search.query.is_empty() => format!("{} found", search.count()),
                _ => String::new(),
            };
            Some(prompt.draw(parts.prompt, &count, buffer, look))
        }
        Some(_) => None,
        None => cursor,
    }
}

/// `2 problems  4:7` at the right of the upper border.
fn status(document: &Document, title: &str, area: Rect, buffer: &mut Buffer, look: &Look) {
    let (line, character) = document.buffer.cursor();
    let mut words = format!(" {}:{} ", line + 1, character + 1);
    let count = document.problems.len();
    if count > 0 {
        let plural = if count == 1 { "" } else { "s" };
        words = format!(" {count} problem{plural} {words}");
    }
    let width = text::width(&words) as u16;
    let used = text::width(title) as u16 + 5;
    if area.height == 0 || area.width < used.saturating_add(width) + 2 {
        return;
    }
    let place = Rect {
        x: area.right() - width - 1,
        width,
        height: 1,
        ..area
    };
    Line::styled(words, look.theme.style(Role::Dim)).render(place, buffer);
}

/// The worst problem of a line.
fn worst(document: &Document, line: usize) -> Option<&Problem> {
    let on_it = document.problems.iter().filter(|problem| {
        let place = problem.place;
        place.is_some_and(|place| place.line as usize == line + 1)
    });
    on_it.max_by_key(|problem| problem.severity)
}

fn sign(severity: Severity, look: &Look) -> (&'static str, Style) {
    let (unicode, plain, role) = match severity {
        Severity::Error => ("✗", "x", Role::Error),
        Severity::Warning => ("!", "!", Role::Warning),
    };
    (
        if look.ascii { plain } else { unicode },
        look.theme.style(role),
    )
}

/// The lines that are to be seen; the place of the cursor.
fn lines(document: &Document, parts: Parts, buffer: &mut Buffer, look: &Look) -> Option<Position> {
    let theme = &look.theme;
    let (at, character) = document.buffer.cursor();
    let mut cursor = None;
    let text_area = Rect {
        x: parts.text.x + parts.gutter,
        width: parts.text.width - parts.gutter,
        ..parts.text
    };
    let shown = document
        .buffer
        .lines()
        .iter()
        .enumerate()
        .skip(document.top);
    for (((number, text), row), gutter) in shown.zip(text_area.rows()).zip(parts.text.rows()) {
        let problem = worst(document, number);
        let is_current = number == at;
        let (symbol, style) = match problem {
            Some(problem) => sign(problem.severity, look),
            None => (" ", Style::default()),
        };
        buffer.set_stringn(gutter.x, gutter.y, symbol, usize::from(parts.gutter), style);
        if parts.gutter > 1 {
            let role = if is_current { Role::Accent } else { Role::Dim };
            let digits = usize::from(parts.gutter) - 2;
            let number = format!("{:>digits$} ", number + 1);
            buffer.set_stringn(
                gutter.x + 1,
                gutter.y,
                number,
                usize::from(parts.gutter) - 1,
                theme.style(role),
            );
        }
        let cells = cells(text, look.ascii);
        draw_line(document, (number, &cells), problem, row, buffer, look);
        if is_current {
            let column = column_of(&cells, character).checked_sub(document.left);
            let column = column.and_then(|column| u16::try_from(column).ok());
            cursor = column
                .filter(|column| *column < row.width)
                .map(|column| Position::new(row.x + column, row.y));
        }
    }
    cursor
}

fn draw_line(
    document: &Document,
    (number, cells): (usize, &[Shown<'_>]),
    problem: Option<&Problem>,
    row: Rect,
    buffer: &mut Buffer,
    look: &Look,
) {
    let theme = &look.theme;
    let width = usize::from(row.width);
    let matches: Vec<_> = match &document.search {
        Some(search) => search.on(number).collect(),
        None => Vec::new(),
    };
    let selected = selected_on(document, number);
    let wrong_from = problem.and_then(|problem| problem.place);
    let wrong_from = wrong_from.map(|place| place.column.saturating_sub(1) as usize);
    let style_of = |character: usize, stands_in: bool| {
        let mut style = theme.style(Role::Text);
        if stands_in {
            style = style.patch(theme.style(Role::Warning));
        }
        if matches
            .iter()
            .any(|(from, to)| (*from..*to).contains(&character))
        {
            style = style.patch(theme.style(Role::Match));
        }
        if selected.is_some_and(|(from, to)| (from..to).contains(&character)) {
            style = style.patch(theme.style(Role::Selection));
        }
        if wrong_from.is_some_and(|from| character >= from) {
            style = style.add_modifier(Modifier::UNDERLINED);
        }
        style
    };
    let (left, right) = (document.left, document.left + width);
    let first = cells.partition_point(|cell| cell.column + cell.width <= left);
    for cell in cells.iter().skip(first) {
        if cell.column >= right {
            break;
        }
        let style = style_of(cell.character, cell.stands_in);
        let is_whole = cell.column >= left && cell.column + cell.width <= right;
        let from = cell.column.max(left);
        let to = (cell.column + cell.width).min(right);
        let x = row.x + (from - left) as u16;
        if is_whole && !cell.symbol.is_empty() {
            buffer.set_stringn(x, row.y, cell.symbol, cell.width, style);
        } else {
            // A tab, or a wide character that is cut by the edge.
            buffer.set_stringn(x, row.y, " ".repeat(to - from), to - from, style);
        }
    }
    let end = cells.last().map_or(0, |cell| cell.column + cell.width);
    let length = cells.last().map_or(0, |cell| cell.character + cell.count);
    if end > right && width > 0 {
        let more = if look.ascii { ">" } else { "…" };
        buffer.set_stringn(row.right() - 1, row.y, more, 1, theme.style(Role::Dim));
    } else if (left..right).contains(&end) && selected.is_some_and(|(_, to)| to > length) {
        // The end of a line is selected too.
        let x = row.x + (end - left) as u16;
        buffer.set_stringn(x, row.y, " ", 1, theme.style(Role::Selection));
    }
    if left > 0 && width > 0 {
        let more = if look.ascii { "<" } else { "…" };
        buffer.set_stringn(row.x, row.y, more, 1, theme.style(Role::Dim));
    }
}

/// What is selected of a line, from character to character; one more than there are when its end is.
fn selected_on(document: &Document, number: usize) -> Option<(usize, usize)> {
    let ((first, from), (last, to)) = document.buffer.selection()?;
    if number < first || number > last {
        return None;
    }
    let from = if number == first { from } else { 0 };
    let to = if number == last { to } else { usize::MAX };
    Some((from, to))
}

/// What lint finds: first what concerns the line of the cursor.
fn problems(document: &Document, area: Rect, buffer: &mut Buffer, look: &Look) {
    let theme = &look.theme;
    let mut rows = area.rows();
    let Some(rule) = rows.next() else {
        return;
    };
    let dash = if look.ascii { "-" } else { "─" };
    Line::styled(
        dash.repeat(usize::from(rule.width)),
        theme.style(Role::Border),
    )
    .render(rule, buffer);
    let (line, _) = document.buffer.cursor();
    let is_here = |problem: &&Problem| {
        problem
            .place
            .is_some_and(|place| place.line as usize == line + 1)
    };
    let here = document.problems.iter().filter(is_here);
    let others = document.problems.iter().filter(|problem| !is_here(problem));
    for (problem, row) in here.chain(others).zip(rows) {
        let (symbol, style) = sign(problem.severity, look);
        let place = problem
            .place
            .map_or_else(String::new, |place| format!("{place} "));
        let words = format!("{place}{} {}", problem.code, problem.message);
        let room = usize::from(row.width).saturating_sub(2);
        let mut role = theme.style(Role::Text);
        if is_here(&problem) {
            role = role.add_modifier(Modifier::BOLD);
        }
        Line::from(vec![
            Span::styled(format!("{symbol} "), style),
            Span::styled(text::fit(&words, room, look.ascii).into_owned(), role),
        ])
        .render(row, buffer);
    }
}
