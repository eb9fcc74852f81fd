//! The list, and the whole of what is selected beside it or below.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Widget};

use crate::domain::attempt::Need;
use crate::domain::inbox::{self, Waiting, What};
use crate::domain::reason::coarse;
use crate::domain::request::Ask;
use crate::domain::time::Timestamp;
use crate::ui::answers;
use crate::ui::layout::inside;
use crate::ui::model::Model;
use crate::ui::overlay::borders;
use crate::ui::text;
use crate::ui::theme::Role;

/// Draws the page.
pub(in crate::ui::pages) fn draw(
    model: &Model,
    _area: Rect,
    buffer: &mut Buffer,
) -> Option<Position> {
    let page = &model.inbox;
    let title = match page.items.len() {
        0 => "Inbox".to_owned(),
        count => format!("Inbox  {} of {count}", page.row + 1),
    };
    let inner = frame(model, page.places.list, &title, "", true, buffer);
    let theme = &model.look.theme;
    if page.items.is_empty() {
        Line::styled("nothing waits for you", theme.style(Role::Dim)).render(inner, buffer);
    }
    let rows = page.items.iter().enumerate().skip(page.top);
    for ((row, item), line) in rows.zip(inner.rows()) {
        row_line(model, item, usize::from(line.width)).render(line, buffer);
        if row == page.row {
            buffer.set_style(line, theme.style(Role::Selection));
        }
    }
    let height = usize::from(inside(page.places.detail).height);
    let above = page.from;
    let below = page.lines.len().saturating_sub(page.from + height);
    let s = |count: usize| if count == 1 { "" } else { "s" };
    let more = match (above, below) {
        (0, 0) => String::new(),
        (above, 0) => format!("{above} line{} above", s(above)),
        (_, below) => format!("{below} more line{}", s(below)),
    };
    // Where there is no room for the list, its title is all that tells of it.
    let has_list = !page.places.list.is_empty();
    let title = if has_list { "" } else { &title };
    let inner = frame(model, page.places.detail, title, &more, !has_list, buffer);
    for (line, row) in page.lines.iter().skip(page.from).zip(inner.rows()) {
        line.render(row, buffer);
    }
    None
}

/// A border with a title; what is hidden is told at its lower edge.
fn frame(
    model: &Model,
    area: Rect,
    title: &str,
    more: &str,
    has_keys: bool,
    buffer: &mut Buffer,
) -> Rect {
    let area = area.intersection(buffer.area);
    if area.is_empty() {
        return area;
    }
    let look = &model.look;
    let (border, title_role) = if has_keys {
        (Role::BorderFocus, Role::TitleFocus)
    } else {
        (Role::Border, Role::Title)
    };
    let room = usize::from(area.width).saturating_sub(4);
    let mut block = Block::bordered()
        .border_set(borders(look))
        .border_style(look.theme.style(border));
    if !title.is_empty() {
        let title = format!(" {} ", text::fit(title, room, look.ascii));
        block = block.title(Line::styled(title, look.theme.style(title_role)));
    }
    if !more.is_empty() {
        let more = format!(" {} ", text::fit(more, room, look.ascii));
        let more = Line::styled(more, look.theme.style(Role::Accent));
        block = block.title_bottom(more.right_aligned());
    }
    block.render(area, buffer);
    inside(area)
}

/// A sign and a word for what it is, so that nothing is told by colour alone.
fn kind(model: &Model, item: &Waiting) -> (&'static str, &'static str) {
    let (unicode, ascii, word) = match &item.what {
        What::Request { .. } => {
            match answers::request_of(model, item).map(|request| &request.ask) {
                Some(Ask::Question { .. }) => ("?", "?", "question"),
                Some(Ask::Edit { .. }) => ("±", "+", "edit"),
                Some(Ask::Command { .. }) => ("$", "$", "command"),
                Some(Ask::Tool { .. }) | None => ("►", ">", "tool"),
            }
        }
        What::Gate => ("◆", "*", "gate"),
        What::Words => ("‖", "=", "reply"),
        What::Task => ("□", "-", "yours"),
        What::Taken => ("◧", "%", "taken"),
        What::Silent { .. } => ("…", "~", "silent"),
        What::Message { .. } => ("·", ".", "says"),
    };
    (if model.look.ascii { ascii } else { unicode }, word)
}

/// `$ command  003 cargo test    2m`.
fn row_line(model: &Model, item: &Waiting, columns: usize) -> Line<'static> {
    let theme = &model.look.theme;
    let (sign, word) = kind(model, item);
    let name = answers::name_of(model, item);
    let digits = name.as_ref().map_or("", |name| name.digits()).to_owned();
    let age = if model.inbox.is_answered(item, model.uptime) {
        "sent".to_owned()
    } else if item.since == Timestamp::default() {
        String::new()
    } else {
        coarse(model.now.since(item.since))
    };
    let word = if columns >= 40 {
        format!(" {word:<8} ")
    } else {
        format!(" {word} ")
    };
    let head = format!("{digits} ");
    let used = text::width(sign) + text::width(&word) + text::width(&head);
    let age_room = if age.is_empty() { 0 } else { age.len() + 1 };
    let room = columns.saturating_sub(used + age_room);
    let what = what(model, item);
    let what = text::fit(&what, room, model.look.ascii).into_owned();
    let gap = columns.saturating_sub(used + text::width(&what) + age.len());
    Line::from(vec![
        Span::styled(sign, theme.style(Role::StateWaiting)),
        Span::styled(word, theme.style(Role::StateWaiting)),
        Span::styled(head, theme.style(Role::Dim)),
        Span::styled(what, theme.style(Role::Text)),
        Span::raw(" ".repeat(gap)),
        Span::styled(age, theme.style(Role::Dim)),
    ])
}

/// What it is about, in one line.
fn what(model: &Model, item: &Waiting) -> String {
    let view = model.board.tickets.get(&item.ticket);
    let title = || {
        let entry = model.queue.entry_of(&item.ticket);
        entry.map(|entry| entry.title.clone()).unwrap_or_default()
    };
    match &item.what {
        What::Request { .. } => match answers::request_of(model, item) {
            Some(request) => match &request.ask {
                Ask::Command { command } => command.clone(),
                Ask::Edit { paths } => paths.join(", "),
                Ask::Tool { .. } | Ask::Question { .. } => request.title.clone(),
            },
            None => String::new(),
        },
        What::Words => match view.and_then(|view| inbox::need(&view.state)) {
            Some(Need::Reply { text }) => text.clone(),
            Some(need) => need.to_string(),
            None => title(),
        },
        What::Gate | What::Task | What::Taken | What::Silent { .. } => title(),
        What::Message { index, .. } => {
            let message = view.and_then(|view| view.told.messages.get(*index));
            message
                .map(|message| message.title.clone())
                .unwrap_or_default()
        }
    }
}
