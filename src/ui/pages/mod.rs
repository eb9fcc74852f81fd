//! Pages take the place of all panes: what needs the whole screen for a while. `Esc` leads back to the panes.
//!
//! Each page is a module: its state (in the model), what actions and keys do to it, and how it is laid out and drawn.

pub(crate) mod editor;
pub(crate) mod inbox;
pub(crate) mod overview;
pub(crate) mod player;
pub(crate) mod review;

use crossterm::event::{KeyEvent, MouseEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::action::Action;
use super::effect::Effect;
use super::keymap::Context;
use super::model::Model;
use super::panes::evidence;
use super::session::Outside;

/// What takes the place of the panes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Page {
    /// Everything that waits for the user, of all tickets.
    Inbox,
    /// A diff, hunk by hunk, with comments.
    Review,
    /// A text that is edited.
    Editor,
    /// The run in pictures.
    Overview,
    /// A recording of a terminal, played.
    Player,
}

impl Page {
    /// Where its own keys mean something.
    pub(crate) fn context(self) -> Context {
        match self {
            Self::Inbox => Context::Inbox,
            Self::Review => Context::Review,
            Self::Editor => Context::Editor,
            Self::Overview => Context::Overview,
            Self::Player => Context::Player,
        }
    }
}

/// Opens a page.
pub(crate) fn open(model: &mut Model, page: Page) -> Vec<Effect> {
    model.page = Some(page);
    match page {
        Page::Inbox => inbox::open(model),
        Page::Review => review::open(model),
        Page::Editor => editor::open(model),
        Page::Overview => overview::open(model),
        Page::Player => Vec::new(),
    }
}

/// Does an action; `None` when it is none of the page's: then it means what it means everywhere.
pub(crate) fn act(model: &mut Model, page: Page, action: Action) -> Option<Vec<Effect>> {
    let done = match page {
        Page::Inbox => inbox::act(model, action),
        Page::Review => review::act(model, action),
        Page::Editor => editor::act(model, action),
        Page::Overview => overview::act(model, action),
        Page::Player => player::act(model, action),
    };
    if done.is_none() && action == Action::Back {
        model.page = None;
        return Some(Vec::new());
    }
    done
}

/// A key that is bound to nothing.
pub(crate) fn key(model: &mut Model, page: Page, key: KeyEvent) -> Vec<Effect> {
    match page {
        Page::Editor => editor::key(model, key),
        Page::Inbox => inbox::key(model, key),
        Page::Player => player::key(model, key),
        Page::Review | Page::Overview => Vec::new(),
    }
}

/// Text that was pasted. It presses no keys.
pub(crate) fn paste(model: &mut Model, page: Page, text: &str) -> Vec<Effect> {
    match page {
        Page::Editor => editor::paste(model, text),
        Page::Inbox | Page::Review | Page::Overview | Page::Player => Vec::new(),
    }
}

/// The mouse did something on the page.
pub(crate) fn mouse(model: &mut Model, page: Page, mouse: MouseEvent) -> Vec<Effect> {
    match page {
        Page::Inbox => inbox::mouse(model, mouse),
        Page::Review => review::mouse(model, mouse),
        Page::Editor => editor::mouse(model, mouse),
        Page::Overview => overview::mouse(model, mouse),
        Page::Player => player::mouse(model, mouse),
    }
}

/// A program that had the screen has ended.
pub(crate) fn returned(model: &mut Model, outside: &Outside) -> Vec<Effect> {
    let effects = evidence::returned(model, outside);
    [effects, editor::returned(model, outside)].concat()
}

/// Lays out what is to be seen in `area`. Reads no file: what is missing is asked for.
pub(crate) fn prepare(model: &mut Model, page: Page, area: Rect) -> Vec<Effect> {
    match page {
        Page::Inbox => inbox::prepare(model, area),
        Page::Review => review::prepare(model, area),
        Page::Editor => editor::prepare(model, area),
        Page::Overview => overview::prepare(model, area),
        Page::Player => Vec::new(),
    }
}

/// Draws what was prepared; the place of the cursor, when there is one.
pub(crate) fn draw(model: &Model, page: Page, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    match page {
        Page::Inbox => inbox::draw(model, area, buffer),
        Page::Review => review::draw(model, area, buffer),
        Page::Editor => editor::draw(model, area, buffer),
        Page::Overview => overview::draw(model, area, buffer),
        Page::Player => player::draw(model, area, buffer),
    }
}
