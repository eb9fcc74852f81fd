//! Reading back in a terminal: copy mode, its search, the mouse, the pager.

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::super::action::Action;
use super::super::clipboard::Copied;
use super::super::effect::{Effect, Load};
use super::super::layout::Pane;
use super::super::model::Model;
use super::super::overlay::{Input, LineOf, Overlay};
use super::super::panes::Move;
use super::super::panes::terminal::Done;
use super::super::panes::transcript::Toward;
use super::super::session::Outside;
use super::super::theme::Role;
use super::movement::focus;

/// Does an action of a terminal that is read back, if it is one.
pub(super) fn perform(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    if model.page.is_some() || model.focus != Pane::Terminal {
        return None;
    }
    match action {
        Action::CopyMode => {
            model.terminal.begin_copying();
            return Some(Vec::new());
        }
        Action::SearchTerminal => {
            model.terminal.begin_copying_for_search(Toward::Back);
            ask(model);
            return Some(Vec::new());
        }
        Action::ReadInPager => {
            let text = model.terminal.whole_text()?;
            return Some(vec![Effect::ReadOutside(text)]);
        }
        Action::SearchForth if model.terminal.is_copying() => {
            return Some(search(model, Toward::Forth));
        }
        Action::SearchBack if model.terminal.is_copying() => {
            return Some(search(model, Toward::Back));
        }
        _ => {}
    }
    let done = model.terminal.copy_action(action)?;
    Some(finish(model, done))
}

fn finish(model: &mut Model, done: Done) -> Vec<Effect> {
    match done {
        Done::Nothing => Vec::new(),
        Done::Say(words) => {
            model.say(words, Role::Notice);
            Vec::new()
        }
        Done::Copy(text, words) => {
            model.say(words, Role::Notice);
            vec![Effect::Copy(text)]
        }
        Done::Open { name, folder } => vec![Effect::Load(Load::Locate { name, folder })],
    }
}

/// Asks what to look for.
fn search(model: &mut Model, toward: Toward) -> Vec<Effect> {
    if model.terminal.is_copying() {
        model.terminal.begin_search(toward);
        ask(model);
    }
    Vec::new()
}

fn ask(model: &mut Model) {
    if model.terminal.is_copying() {
        let input = Input::new(LineOf::Terminal, "", &model.look);
        model.overlay = Some(Overlay::Input(Box::new(input)));
    }
}

/// The terminal follows what is typed.
pub(super) fn follow_search(model: &mut Model) {
    if let Some(Overlay::Input(input)) = &model.overlay
        && input.of == LineOf::Terminal
    {
        let words = input.text();
        model.terminal.search(&words);
    }
}

/// A movement while a search is typed: to another match. Whether that is what is typed.
pub(super) fn step_search(model: &mut Model, to: Move) -> bool {
    let is_typed =
        matches!(&model.overlay, Some(Overlay::Input(input)) if input.of == LineOf::Terminal);
    if is_typed {
        let toward = match to {
            Move::Lines(..=-1) | Move::Pages(..=-1) | Move::Top => Toward::Back,
            _ => Toward::Forth,
        };
        model.terminal.step_search(toward);
    }
    is_typed
}

/// The search is kept, or dropped.
pub(super) fn end_search(model: &mut Model, is_kept: bool) {
    model.terminal.end_search(is_kept);
}

/// What the mouse does with the text of a terminal; `None` when it is nothing to it.
///
/// What is held is followed wherever the mouse goes. Whoever hands the mouse to programs that ask for it does so before.
pub(super) fn mouse(model: &mut Model, mouse: MouseEvent) -> Option<Vec<Effect>> {
    let places = model.places();
    if let MouseEventKind::Down(MouseButton::Left) = mouse.kind {
        // A click elsewhere clears.
        model.terminal.unmark();
        if places.at(mouse.column, mouse.row) != Some(Pane::Terminal) {
            return None;
        }
    } else if !model.terminal.is_marking() {
        return None;
    }
    let area = model.terminal.shown_at()?;
    let is_block = mouse.modifiers.contains(KeyModifiers::ALT);
    let now = model.uptime;
    let done = model.terminal.mark(mouse, area, is_block, now)?;
    if let MouseEventKind::Down(_) = mouse.kind {
        focus(model, Pane::Terminal);
    }
    Some(finish(model, done))
}

/// What became of a text that was copied.
pub(super) fn copied(model: &mut Model, copied: Copied) -> Vec<Effect> {
    match copied {
        Copied::Taken => Vec::new(),
        Copied::Refused(text) => vec![Effect::CopyBySequence(text)],
        Copied::Written { path, why } => {
            let words = format!("{}: {why}", path.display());
            model.say(format!("copied into {words}"), Role::Notice);
            Vec::new()
        }
        Copied::Lost(why) => {
            model.say(why, Role::Error);
            Vec::new()
        }
    }
}

/// Whether a file that was under the cursor is there.
pub(super) fn located(model: &mut Model, found: Result<Outside, String>) -> Vec<Effect> {
    match found {
        Ok(outside) => vec![Effect::HandOver(outside)],
        Err(why) => {
            model.say(why, Role::Notice);
            Vec::new()
        }
    }
}
