//! What the mouse does.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

use super::super::action::Action;
use super::super::effect::Effect;
use super::super::layout::{Pane, drag, edge_at, inside};
use super::super::model::Model;
use super::super::pages;
use super::super::panes::Move;
use super::copying;
use super::movement::{focus, go};
use super::perform;
use super::terminal;

/// Wheel and clicks: a popup takes none.
pub(super) fn on_mouse(model: &mut Model, mouse: MouseEvent) -> Vec<Effect> {
    if !matches!(mouse.kind, MouseEventKind::Moved) {
        // It was read, as by a key: the hints come back.
        model.notice = None;
    }
    if model.overlay.is_some() {
        return Vec::new();
    }
    if let Some(page) = model.page {
        return pages::mouse(model, page, mouse);
    }
    // What is held is followed wherever the mouse goes.
    if model.terminal.is_marking()
        && let Some(effects) = copying::mouse(model, mouse)
    {
        return effects;
    }
    if let Some(effects) = terminal::mouse(model, mouse) {
        return effects;
    }
    if model.dragged.is_none()
        && let Some(effects) = copying::mouse(model, mouse)
    {
        return effects;
    }
    let places = model.places();
    match (mouse.kind, model.dragged) {
        (MouseEventKind::Drag(MouseButton::Left), Some(edge)) => {
            let arrangement = model.arrangement();
            model.shape = drag(model.size, arrangement, edge, mouse.column, mouse.row);
            return Vec::new();
        }
        (MouseEventKind::Up(_), Some(_)) => {
            model.dragged = None;
            return Vec::new();
        }
        (MouseEventKind::Down(MouseButton::Left), _) => {
            model.dragged = edge_at(&places, mouse.column, mouse.row);
        }
        _ => {}
    }
    let Some(pane) = places.at(mouse.column, mouse.row) else {
        return Vec::new();
    };
    let lines = match mouse.kind {
        MouseEventKind::ScrollUp => -3,
        MouseEventKind::ScrollDown => 3,
        MouseEventKind::Down(MouseButton::Left) => {
            // A click on what is selected already opens it: so does a double click, and no clock is needed.
            let before = (model.focus == pane)
                .then(|| model.queue.selected().cloned())
                .flatten();
            focus(model, pane);
            let inner = places.of(pane).map(inside).unwrap_or_default();
            let line = mouse.row.checked_sub(inner.y);
            let Some(line) = line.filter(|line| *line < inner.height) else {
                return Vec::new();
            };
            return match pane {
                Pane::Queue => {
                    let is_ticket = model.queue.select_line(line);
                    if is_ticket && before.is_some() && before.as_ref() == model.queue.selected() {
                        return perform(model, Action::Open);
                    }
                    Vec::new()
                }
                Pane::Evidence => model.evidence.select_line(line),
                Pane::Transcript => {
                    model.transcript.select_line(line);
                    Vec::new()
                }
                Pane::Terminal => Vec::new(),
            };
        }
        _ => return Vec::new(),
    };
    go(model, pane, Move::Lines(lines))
}
