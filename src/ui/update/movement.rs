//! Focus, and movements in a pane.

use super::super::action::Action;
use super::super::effect::Effect;
use super::super::layout::{Pane, inside};
use super::super::model::Model;
use super::super::panes::Move;
use super::reading;

/// Gives a pane the keys.
pub(crate) fn focus(model: &mut Model, pane: Pane) {
    model.follows_run = false;
    model.focus = pane;
    model.shape.show(pane);
    if pane != Pane::Terminal && std::mem::take(&mut model.zoom_is_lent) {
        model.zoom = false;
    }
}

/// Zooms the terminal pane where it has less room than programs of this size need, and the screen has more.
pub(crate) fn lend_room(model: &mut Model, columns: u16, rows: u16) {
    let room = |model: &Model| model.places().terminal.map(inside).unwrap_or_default();
    let usual = room(model);
    if model.zoom || (usual.width >= columns && usual.height >= rows) {
        return;
    }
    model.zoom = true;
    let whole = room(model);
    model.zoom = whole.width > usual.width || whole.height > usual.height;
    model.zoom_is_lent = model.zoom;
}

/// Moves in a pane.
pub(super) fn go(model: &mut Model, pane: Pane, to: Move) -> Vec<Effect> {
    model.follows_run = false;
    match pane {
        Pane::Queue => {
            model.queue.go(to);
            Vec::new()
        }
        Pane::Transcript => reading::go(model, to),
        Pane::Evidence => model.evidence.go(to),
        Pane::Terminal => {
            match to {
                Move::Lines(count) => model.terminal.scroll_lines(-count),
                Move::Pages(count) => model.terminal.scroll(-count),
                Move::Top => model.terminal.scroll_lines(i64::MAX),
                Move::End => model.terminal.scroll_lines(i64::MIN),
            }
            Vec::new()
        }
    }
}

/// The movement that an action is, if it is one.
pub(crate) fn movement(action: Action) -> Option<Move> {
    Some(match action {
        Action::Up => Move::Lines(-1),
        Action::Down => Move::Lines(1),
        Action::PageUp => Move::Pages(-1),
        Action::PageDown => Move::Pages(1),
        Action::Top => Move::Top,
        Action::End => Move::End,
        _ => return None,
    })
}
