//! The screen: a fold of the runner's feed, drawn; keys that become actions, and actions that become commands.
//!
//! * [`model`] is the whole state, [`update`] the only place that changes it, [`view`] a pure function of it.
//! * [`app`] is the loop: it waits, hands over what came, runs the effects that `update` returns, and paints at most
//!   sixty times a second, and only when something changed.
//! * Nothing here asks the runner for its state: facts come in by its feed, wishes go out as commands.

mod action;
mod app;
mod command;
mod effect;
mod emulator;
pub(crate) mod glyph;
mod keymap;
mod layout;
mod links;
mod loader;
mod model;
mod overlay;
mod panes;
mod prepare;
mod render;
mod screen;
mod session;
mod terminals;
#[cfg(test)]
mod tests;
mod text;
pub mod theme;
mod tty;
mod update;
mod view;

pub use keymap::document as keys_document;
pub use session::{Clock, Ended, Look, Session, UiEnd, UiError};
pub use terminals::{OpenTerminal, TerminalControl, TerminalEvent, TerminalLink, TerminalRequest};

/// Runs the screen until the user leaves, the terminal is gone or the process is asked to end. The terminal is as it
/// was before, on every path.
///
/// When it [ended](UiEnd) by a hang-up the runner still works: the caller goes on with the handle, without a screen.
pub async fn run(session: Session) -> Result<Ended, UiError> {
    let host = tty::Terminal::enter(session.mouse)?;
    app::App::new(session, host)?.run().await
}
