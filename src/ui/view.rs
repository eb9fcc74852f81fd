//! Draws the model. Pure: what is not in the model is not on the screen.

mod header;
mod hints;
pub(in crate::ui) mod terminal;
mod title;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Widget};

use super::layout::{Pane, Places, inside, places};
use super::model::Model;
use super::overlay::{Overlay, borders, help, which_key};
use super::pages;
use super::panes::transcript::attempts;
use super::text;
use super::theme::Role;
use crate::domain::board::TicketState;
use crate::domain::item::AgentStatus;
use crate::domain::reason::coarse;
use crate::domain::time::Timestamp;

pub(crate) use title::title;

/// Draws everything.
pub(crate) fn draw(model: &Model, frame: &mut Frame<'_>) {
    let area = frame.area();
    if area.is_empty() {
        return;
    }
    let theme = &model.look.theme;
    let places = places(area.as_size(), model.arrangement());
    let buffer = frame.buffer_mut();
    buffer.set_style(area, theme.style(Role::Base));
    header::draw(model, places.header, buffer);
    hints::draw(model, places.hints, buffer);
    let cursor = match model.page {
        Some(page) => pages::draw(model, page, places.body, buffer),
        None => panes(model, &places, buffer),
    };
    match &model.overlay {
        Some(Overlay::Help { top }) => {
            help::draw(model, *top, area, buffer);
        }
        Some(Overlay::Confirm(confirm)) => confirm.draw(area, buffer, &model.look, &model.keymap),
        Some(Overlay::Input(input)) => input.draw(places.hints, buffer, &model.look),
        Some(Overlay::Composer(composer)) => composer.draw(area, buffer, &model.look),
        Some(Overlay::Palette(palette)) => palette.draw(area, buffer, &model.look),
        Some(Overlay::Find(find)) => find.draw(area, buffer, &model.look),
        Some(Overlay::NewTicket(form)) => form.draw(area, buffer, &model.look),
        Some(Overlay::Themes(picker)) => picker.draw(area, buffer, &model.look),
        None => {
            which_key::draw(model, area, places.hints, buffer);
            if let Some(cursor) = cursor {
                frame.set_cursor_position(cursor);
            }
        }
    }
}

/// The form of the cursor as the terminal is told it (DECSCUSR): that of the program that has the keys, else 0.
pub(crate) fn cursor_form(model: &Model) -> u8 {
    let has_keys = model.overlay.is_none()
        && model.page.is_none()
        && model.focus == Pane::Terminal
        && model.terminal.is_open();
    if has_keys {
        model.terminal.cursor_form()
    } else {
        0
    }
}

/// The panes; the place of the terminal's cursor, when the terminal has the keys.
fn panes(model: &Model, places: &Places, buffer: &mut Buffer) -> Option<Position> {
    let look = &model.look;
    let has_keys = |pane| model.focus == pane && model.overlay.is_none();
    if let Some(area) = places.queue {
        let (title, end) = (model.queue.title(), model.queue.position());
        let inner = frame(model, Pane::Queue, area, &title, end.as_deref(), buffer);
        model.queue.draw_thumb(area, buffer, look);
        let focused = has_keys(Pane::Queue);
        model
            .queue
            .draw(inner, buffer, &model.board, model.now, focused, look);
    }
    if let Some(area) = places.transcript {
        let end = model.transcript.position();
        let title = transcript_title(model);
        let inner = frame(
            model,
            Pane::Transcript,
            area,
            &title,
            end.as_deref(),
            buffer,
        );
        model.transcript.draw(inner, buffer, look);
    }
    if let Some(area) = places.evidence {
        let inner = frame(model, Pane::Evidence, area, "Evidence", None, buffer);
        model
            .evidence
            .draw(inner, buffer, has_keys(Pane::Evidence), look);
    }
    let area = places.terminal?;
    let cursor = terminal::draw(model, area, buffer);
    cursor.filter(|_| has_keys(Pane::Terminal))
}

/// A pane's border with its title; its inside.
fn frame(
    model: &Model,
    pane: Pane,
    area: Rect,
    title: &str,
    end: Option<&str>,
    buffer: &mut Buffer,
) -> Rect {
    let area = area.intersection(buffer.area);
    if area.is_empty() {
        return area;
    }
    let look = &model.look;
    let (border, title_role) = if model.focus == pane {
        (Role::BorderFocus, Role::TitleFocus)
    } else {
        (Role::Border, Role::Title)
    };
    let end = end.map(|end| format!(" {end} ")).unwrap_or_default();
    let room = usize::from(area.width).saturating_sub(4 + text::width(&end));
    let title = format!(" {} ", text::fit(title, room, look.ascii));
    Block::bordered()
        .border_set(borders(look))
        .border_style(look.theme.style(border))
        .title(Line::styled(title, look.theme.style(title_role)))
        .title(Line::from(Span::styled(end, look.theme.style(Role::Dim))).right_aligned())
        .render(area, buffer);
    inside(area)
}

/// `TICKET-003.1  turn 2  codex  $ cargo test 40s`.
fn transcript_title(model: &Model) -> String {
    let Some(entry) = model.queue.entry() else {
        return "Transcript".to_owned();
    };
    let all = attempts(&entry.name, model.evidence.runs());
    let which = model.transcript.which(&all);
    let of = which.filter(|(_, count)| *count > 1);
    let of = of.map(|(number, count)| format!("{number} of {count}"));
    if let Some(older) = model.transcript.older() {
        let mut words = vec![older.attempt.to_string(), older.run.to_string()];
        words.extend(of);
        words.push("older: ] a goes on".to_owned());
        return words.join("  ");
    }
    let Some(view) = model.view() else {
        return entry.name.to_string();
    };
    let mut words = vec![match &view.attempt {
        Some(attempt) => attempt.to_string(),
        None => entry.name.to_string(),
    }];
    words.extend(of);
    if view.turn > 0 && view.state.is_active() {
        words.push(format!("turn {}", view.turn));
    }
    if !view.agent.is_empty() {
        words.push(view.agent.clone());
    }
    words.extend(doing(model));
    words.join("  ")
}

/// What the selected ticket's agent is doing.
fn doing(model: &Model) -> Option<String> {
    let view = model.view()?;
    if view.state != TicketState::Running {
        return model.reason().map(|reason| reason.text);
    }
    if let Some(since) = view.silent_since() {
        return Some(format!("silent {}", coarse(model.now.since(since))));
    }
    Some(match view.status.as_ref()? {
        AgentStatus::Starting => "starting".to_owned(),
        AgentStatus::Thinking => "thinking".to_owned(),
        AgentStatus::Tool { title, since } => {
            format!("{title} {}", coarse(model.now.since(*since)))
        }
        AgentStatus::Retrying { count, why } => format!("retrying {count}: {why}"),
        AgentStatus::WaitingForApproval { title } => format!("waits for approval of {title}"),
        AgentStatus::WaitingForAnswer { title } => format!("waits for an answer: {title}"),
        AgentStatus::RateLimited { until: None } => "rate limited".to_owned(),
        AgentStatus::RateLimited { until: Some(until) } => {
            format!("rate limited for {}", coarse(until.since(model.now)))
        }
        AgentStatus::Silent { since } => {
            format!("silent {}", coarse(model.now.since(*since)))
        }
    })
}

/// Since when the thing goes on that [`doing`] tells.
pub(crate) fn doing_since(model: &Model) -> Option<Timestamp> {
    let view = model.view()?;
    match (&view.state, view.status.as_ref()) {
        (TicketState::Running, _) if view.silent_since().is_some() => view.silent_since(),
        (TicketState::Running, Some(AgentStatus::Tool { since, .. })) => Some(*since),
        (TicketState::Running, _) => None,
        _ => model.reason()?.since,
    }
}
