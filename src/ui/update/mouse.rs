//! What the mouse does.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

use super::super::effect::Effect;
use super::super::layout::{Pane, inside};
use super::super::model::Model;
use super::super::pages;
use super::super::panes::Move;
use super::movement::{focus, go};

/// Wheel and clicks: a popup takes none.
pub(super) fn on_mouse(model: &mut Model, mouse: MouseEvent) -> Vec<Effect> {
    if model.overlay.is_some() {
        return Vec::new();
    }
    if let Some(page) = model.page {
        return pages::mouse(model, page, mouse);
    }
    let places = model.places();
    let Some(pane) = places.at(mouse.column, mouse.row) else {
        return Vec::new();
    };
    let lines = match mouse.kind {
        MouseEventKind::ScrollUp => -3,
        MouseEventKind::ScrollDown => 3,
        MouseEventKind::Down(MouseButton::Left) => {
            focus(model, pane);
            let inner = places.of(pane).map(inside).unwrap_or_default();
            let line = mouse.row.checked_sub(inner.y);
            let Some(line) = line.filter(|line| *line < inner.height) else {
                return Vec::new();
            };
            return match pane {
                Pane::Queue => {
                    model.queue.select_line(line);
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
