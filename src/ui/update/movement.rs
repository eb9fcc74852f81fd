//! Focus, and movements in a pane.

use super::super::action::Action;
use super::super::effect::Effect;
use super::super::layout::Pane;
use super::super::model::Model;
use super::super::panes::Move;
use super::reading;

/// Gives a pane the keys.
pub(crate) fn focus(model: &mut Model, pane: Pane) {
    model.follows_run = false;
    model.focus = pane;
    model.shape.show(pane);
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
