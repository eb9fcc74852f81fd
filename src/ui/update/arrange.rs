//! How the panes lie: resized, hidden, laid out in another way.

use super::super::action::Action;
use super::super::layout::{Pane, heighten, widen};
use super::super::model::Model;
use super::super::theme::Role;
use super::movement::focus;

/// What one key changes, in columns and in lines.
const COLUMNS: i16 = 4;
const LINES: i16 = 2;

/// Does an action about the panes.
pub(super) fn arrange(model: &mut Model, action: Action) {
    match action {
        Action::Wider => resize(model, COLUMNS, 0),
        Action::Narrower => resize(model, -COLUMNS, 0),
        Action::Taller => resize(model, 0, LINES),
        Action::Lower => resize(model, 0, -LINES),
        Action::EvenPanes => {
            model.shape = model.shape.even();
            model.zoom = false;
        }
        Action::NextLayout => {
            model.zoom = false;
            model.shape.layout = model.shape.layout.next();
            let words = format!("layout: {}", model.shape.layout);
            model.say(words, Role::Notice);
        }
        Action::HidePane => hide(model),
        _ => {}
    }
}

fn resize(model: &mut Model, columns: i16, lines: i16) {
    let arrangement = model.arrangement();
    let shape = if columns == 0 {
        heighten(model.size, arrangement, lines)
    } else {
        widen(model.size, arrangement, columns)
    };
    match shape {
        Some(shape) => model.shape = shape,
        None => model.say("there is no room for that", Role::Notice),
    }
}

/// Hides the pane that has the keys; the next one that is to be seen gets them.
fn hide(model: &mut Model) {
    let hidden = model.focus;
    let places = model.places();
    let others = [
        Pane::Queue,
        Pane::Transcript,
        Pane::Terminal,
        Pane::Evidence,
    ];
    let next = others
        .into_iter()
        .find(|pane| *pane != hidden && places.of(*pane).is_some());
    let Some(next) = next else {
        model.say("this is the only pane to be seen", Role::Notice);
        return;
    };
    let follows = model.follows_run;
    focus(model, next);
    model.follows_run = follows;
    model.shape.hide(hidden);
}
