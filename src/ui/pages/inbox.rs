//! Everything that waits for the user, of all tickets: requests, questions, gates, dispatches.

use crossterm::event::MouseEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::ui::action::Action;
use crate::ui::effect::Effect;
use crate::ui::model::Model;
use crate::ui::overlay::frame;

/// State of the page.
#[derive(Debug, Default)]
pub(crate) struct InboxPage {}

/// The page was opened.
pub(super) fn open(_model: &mut Model) -> Vec<Effect> {
    Vec::new()
}

/// Does an action, if it is one of this page's.
pub(super) fn act(_model: &mut Model, _action: Action) -> Option<Vec<Effect>> {
    None
}

/// The mouse did something.
pub(super) fn mouse(_model: &mut Model, _mouse: MouseEvent) -> Vec<Effect> {
    Vec::new()
}

/// Lays out what is to be seen.
pub(super) fn prepare(_model: &mut Model, _area: Rect) -> Vec<Effect> {
    Vec::new()
}

/// Draws it.
pub(super) fn draw(model: &Model, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    frame("Inbox", area, buffer, &model.look);
    None
}
