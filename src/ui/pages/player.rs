//! A recording of a terminal, played in the place of the panes.

use std::path::PathBuf;

use crossterm::event::{KeyEvent, MouseEvent, MouseEventKind};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::Page;
use crate::store::cast::is_recording;
use crate::ui::action::Action;
use crate::ui::effect::Effect;
use crate::ui::layout::Pane;
use crate::ui::model::Model;
use crate::ui::player::{self, Order, Player, Seek};

/// Plays a recording.
pub(crate) fn open(model: &mut Model, path: PathBuf) -> Vec<Effect> {
    model.page = Some(Page::Player);
    model.player = Player {
        path: path.clone(),
        picture: None,
    };
    vec![Effect::Play(path)]
}

/// Plays what is selected among the evidence; `None` when that is no recording.
pub(crate) fn open_selected(model: &mut Model) -> Option<Vec<Effect>> {
    let path = model.evidence.file().filter(|path| is_recording(path))?;
    let path = path.to_owned();
    Some(open(model, path))
}

/// Whether Enter would play something.
pub(crate) fn is_selected(model: &Model) -> bool {
    let is_in_evidence = model.focus == Pane::Evidence && model.page.is_none();
    is_in_evidence && model.overlay.is_none() && model.evidence.file().is_some_and(is_recording)
}

/// What the key that pauses does now.
pub(crate) fn pause_words(model: &Model) -> &'static str {
    match model.player.picture.as_deref() {
        Some(picture) if picture.progress.is_over => "again",
        Some(picture) if !picture.progress.is_playing => "go on",
        _ => Action::PlayerPause.hint(),
    }
}

/// Does an action, if it is one of this page's.
pub(super) fn act(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    let order = player::wanted(action)?;
    let _ = model;
    Some(vec![Effect::Player(order)])
}

/// Whoever went elsewhere, by whatever way, has ended it.
pub(crate) fn settle(model: &mut Model) -> Option<Effect> {
    let is_left = model.page != Some(Page::Player) && model.player.is_open();
    is_left.then(|| {
        model.player = Player::default();
        Effect::EndPlay
    })
}

pub(super) fn key(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    let _ = model;
    player::typed(key).map(Effect::Player).into_iter().collect()
}

/// The wheel goes through the recording.
pub(super) fn mouse(model: &mut Model, mouse: MouseEvent) -> Vec<Effect> {
    let _ = model;
    let seconds = match mouse.kind {
        MouseEventKind::ScrollUp => -5.0,
        MouseEventKind::ScrollDown => 5.0,
        _ => return Vec::new(),
    };
    vec![Effect::Player(Order::Seek(Seek::By(seconds)))]
}

/// The actions that are worth a hint.
pub(crate) fn hints() -> Vec<Action> {
    player::HINTS.to_vec()
}

pub(super) fn draw(model: &Model, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    player::draw(model.player.picture.as_deref(), area, buffer, &model.look)
}
