//! The screen: a fold of the runner's feed, drawn; keys that become actions, and actions that become commands.
//!
//! * [`model`] is the whole state, [`update`] the only place that changes it, [`view`] a pure function of it.
//! * [`app`] is the loop: it waits, hands over what came, runs the effects that `update` returns, and paints at most
//!   sixty times a second, and only when something changed.
//! * Nothing here asks the runner for its state: facts come in by its feed, wishes go out as commands.

mod abilities;
mod action;
mod announce;
mod answers;
mod app;
mod available;
mod change;
mod clipboard;
mod command;
mod composing;
mod draft;
mod effect;
pub(crate) mod glyph;
mod guard;
mod keymap;
mod layout;
mod left_over;
mod links;
mod loader;
mod model;
mod needle;
mod overlay;
mod pages;
mod panes;
mod player;
mod preferences;
mod prepare;
mod probe;
mod recording;
mod render;
mod screen;
mod session;
mod spending;
mod taking;
mod terminals;
#[cfg(test)]
mod tests;
mod text;
pub mod theme;
mod tickets;
mod totals;
mod tty;
mod update;
mod view;
mod viewer;

pub use abilities::Abilities;
pub use announce::Announce;
pub use clipboard::{
    Between, Clipboard, Multiplexer, Takes, folder as clipboard_folder, surroundings,
};
pub use keymap::document as keys_document;
pub use keymap::{KeyConflict, KeyFault, KeyRow, Keymap};
pub use pages::editor::note_file_name;
pub use player::alone::play;
pub(crate) use player::end::end_of;
pub use preferences::Preferences;
pub use probe::Probe;
pub use session::{
    Books, Clock, Ended, Look, NewTickets, Outside, RunOutside, Session, ThemeSource, UiEnd,
    UiError,
};
pub use terminals::{
    Foreground, Launch, OpenTerminal, ProgramEnd, TerminalControl, TerminalEvent, TerminalLink,
    TerminalRequest,
};

/// The terminal, taken and still empty. Dropping it gives the terminal back.
///
/// Whoever has much to do before there is a [`Session`] takes the terminal first: the user sees at once that something
/// happens.
pub struct Entered {
    host: tty::Terminal,
    mouse: bool,
}

/// Takes the terminal; `mouse` says whether the mouse too. Must be called inside of tokio's runtime.
pub fn enter(mouse: bool) -> Result<Entered, UiError> {
    let host = tty::Terminal::enter(mouse)?;
    Ok(Entered { host, mouse })
}

impl Entered {
    /// Runs the screen until the user leaves, the terminal is gone or the process is asked to end. The terminal is as it
    /// was before, on every path.
    ///
    /// When it [ended](UiEnd) by a hang-up the runner still works: the caller goes on with the handle, without a screen.
    pub async fn run(self, session: Session) -> Result<Ended, UiError> {
        Box::pin(app::App::new(session, self.host, self.mouse)?.run()).await
    }
}

/// [Enters](enter) and [runs](Entered::run).
pub async fn run(session: Session) -> Result<Ended, UiError> {
    Box::pin(enter(session.mouse)?.run(session)).await
}
