//! A key decides about what was seen: what has just come to the screen ignores the keys that decide, for a moment.
//!
//! Nobody can read a question in less than [`MOMENT`]: a key that comes earlier was meant for what stood there before.

use std::time::Duration;

use crossterm::event::KeyEvent;

use super::action::Action;
use super::keymap::Key;
use super::layout::Pane;
use super::model::Model;
use super::overlay::{Overlay, Wish};
use super::pages::Page;
use super::theme::Role;
use crate::domain::inbox::{self, Waiting, What};

/// How long something must have been on the screen before a key decides about it.
pub(crate) const MOMENT: Duration = Duration::from_millis(300);

/// What the last frame put before the user, and since when it stands there.
#[derive(Debug, Default)]
pub(crate) struct Guard {
    seen: Option<(Waiting, Duration)>,
    /// A field for words that opened by itself: until when the keys were meant for what stood there before.
    came: Option<Came>,
}

/// A popup that nobody asked for.
#[derive(Debug, Clone, Copy)]
enum Came {
    /// It is not painted yet.
    Unseen,
    /// It was, or a key was typed without a pause since then.
    At(Duration),
}

/// A field for words has opened by itself.
pub(crate) fn came(model: &mut Model) {
    model.guard.came = Some(Came::Unseen);
}

/// Whether a key was typed before it could be seen that what it was meant for is not there any more: it does nothing.
pub(crate) fn is_typed_ahead(model: &mut Model, key: KeyEvent) -> bool {
    let now = model.uptime;
    if matches!(model.overlay, Some(Overlay::Composer(_))) {
        let is_ahead = match model.guard.came {
            Some(Came::Unseen) => true,
            Some(Came::At(at)) => now.saturating_sub(at) < MOMENT,
            None => false,
        };
        if let Some(Came::At(_)) = model.guard.came {
            model.guard.came = is_ahead.then_some(Came::At(now));
        }
        return is_ahead;
    }
    // The chord, and what follows it, was never meant for a program.
    let is_chord = !model.pressed.is_empty() || Key::from(key) == model.keymap.chord();
    let has_keys = model.overlay.is_none() && model.page.is_none() && model.focus == Pane::Terminal;
    let is_ahead = !is_chord
        && has_keys
        && model.terminal.is_open()
        && !model.terminal.is_copying()
        && model.terminal.is_typed_ahead(now);
    if is_ahead {
        let words = "the program has just ended: that key was dropped";
        model.say(words, Role::Notice);
    }
    is_ahead
}

/// A frame is painted.
pub(crate) fn painted(model: &mut Model) {
    if let Some(Overlay::Confirm(confirm)) = &mut model.overlay {
        confirm.painted(model.uptime);
    }
    match (&model.overlay, model.guard.came) {
        (Some(Overlay::Composer(_)), Some(Came::Unseen)) => {
            model.guard.came = Some(Came::At(model.uptime));
        }
        (Some(Overlay::Composer(_)), _) => {}
        _ => model.guard.came = None,
    }
    let target = target(model);
    let seen = model.guard.seen.as_ref().map(|(seen, _)| seen);
    if seen != target.as_ref() {
        let now = model.uptime;
        model.guard.seen = target.map(|target| (target, now));
    }
}

/// Whether this action answers what waits for a human.
fn answers(action: Action) -> bool {
    matches!(
        action,
        Action::Approve
            | Action::Reject
            | Action::AllowTicket
            | Action::AllowAlways
            | Action::Claim
            | Action::EndTurn
    )
}

/// Whether this action is a decision about something that nobody can have read yet.
pub(crate) fn is_too_early(model: &Model, action: Action) -> bool {
    let decides = match &model.overlay {
        Some(Overlay::Confirm(_)) => matches!(action, Action::Yes | Action::PasteAsLine),
        Some(_) => false,
        None => answers(action),
    };
    decides && !is_seen(model)
}

/// What is before the user while a popup that does actions lies over it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Aim(Option<Waiting>);

/// What an action that decides would be about, before the popup opens.
pub(crate) fn aim(model: &Model) -> Aim {
    Aim(target(model))
}

/// Whether this action would decide about something else than what was aimed at.
pub(crate) fn has_moved(model: &Model, action: Action, aim: &Aim) -> bool {
    answers(action) && target(model) != aim.0
}

/// Whether what would be decided about now has been on the screen for long enough.
pub(crate) fn is_seen(model: &Model) -> bool {
    let is_long = |since: Duration| model.uptime.saturating_sub(since) >= MOMENT;
    if let Some(Overlay::Confirm(confirm)) = &model.overlay {
        let is_own = matches!(
            confirm.wish,
            Wish::Quit | Wish::StopRun | Wish::StopTicket(..)
        );
        // What the user has just asked for themselves is answered at once; all else may have come by itself, or only after a
        // look at what runs in terminals.
        return is_own || confirm.shown_since().is_some_and(is_long);
    }
    let Some(target) = target(model) else {
        return true;
    };
    let seen = model.guard.seen.as_ref();
    seen.is_some_and(|(seen, since)| *seen == target && is_long(*since))
}

/// What is asked, in the inbox or of the selected ticket.
fn target(model: &Model) -> Option<Waiting> {
    if model.overlay.is_some() {
        return None;
    }
    match model.page {
        Some(Page::Inbox) => model.inbox.selected().cloned(),
        Some(_) => None,
        None => {
            let of_ticket = inbox::of_ticket(&model.board, model.queue.selected()?);
            let mut of_ticket = of_ticket.into_iter();
            let decided =
                |waiting: &Waiting| matches!(waiting.what, What::Request { .. } | What::Gate);
            of_ticket.find(decided)
        }
    }
}
