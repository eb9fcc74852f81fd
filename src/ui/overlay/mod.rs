//! Popups: at most one is open, and it has the keys.

pub(crate) mod composer;
pub(crate) mod confirm;
pub(crate) mod find;
pub(crate) mod help;
pub(crate) mod input;
pub(crate) mod many;
pub(crate) mod new_ticket;
pub(crate) mod palette;
pub(crate) mod themes;
pub(crate) mod which_key;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Block, Clear, Widget};

pub(crate) use composer::{About, Composer, DraftOf, Kept};
pub(crate) use confirm::{Allow, AllowAlways, AtGate, Confirm, Leaving, Taking, Wish};
pub(crate) use input::{Asking, Input, LineOf, Purpose};
pub(crate) use palette::Palette;
pub(crate) use themes::ThemePicker;

use super::layout::inside;
use super::session::Look;
use super::theme::{self, Role};

/// An open popup.
#[derive(Debug)]
pub(crate) enum Overlay {
    /// All keys, from this line on.
    Help {
        /// The first line that is shown.
        top: usize,
    },
    /// A question that is answered by yes or no.
    Confirm(Confirm),
    /// A field to type into.
    Input(Box<Input>),
    /// Every action by its name.
    Palette(Box<Palette>),
    /// Words for an agent.
    Composer(Box<Composer>),
    /// A search for a ticket.
    Find(Box<find::Find>),
    /// A ticket to be made.
    NewTicket(Box<new_ticket::NewTicket>),
    /// The themes.
    Themes(Box<ThemePicker>),
}

impl Overlay {
    /// Another theme.
    pub(super) fn look_changed(&mut self, look: &Look) {
        match self {
            Self::Input(input) => input.look_changed(look),
            Self::Composer(composer) => composer.look_changed(look),
            Self::Palette(palette) => palette.look_changed(look),
            Self::Find(find) => find.look_changed(look),
            Self::NewTicket(form) => form.look_changed(look),
            // These are laid out with the look at hand.
            Self::Help { .. } | Self::Confirm(_) | Self::Themes(_) => {}
        }
    }
}

/// Draws an empty popup and gives its inside.
pub(super) fn frame(title: &str, area: Rect, buffer: &mut Buffer, look: &Look) -> Rect {
    let area = area.intersection(buffer.area);
    if area.is_empty() {
        return area;
    }
    Clear.render(area, buffer);
    buffer.set_style(area, look.theme.style(Role::Popup));
    let title = super::text::fit(title, usize::from(area.width).saturating_sub(4), look.ascii);
    Block::bordered()
        .border_set(borders(look))
        .border_style(look.theme.style(Role::PopupBorder))
        .title(format!(" {title} "))
        .title_style(look.theme.style(Role::TitleFocus))
        .style(look.theme.style(Role::Popup))
        .render(area, buffer);
    inside(area)
}

/// Puts a theme on a text field.
pub(super) fn wear(field: &mut tui_textarea::TextArea<'static>, look: &Look) {
    field.set_style(look.theme.style(Role::Input));
    field.set_cursor_line_style(look.theme.style(Role::Input));
}

/// The characters of borders.
pub(super) fn borders(look: &Look) -> ratatui::symbols::border::Set<'static> {
    if look.ascii {
        theme::ASCII
    } else {
        ratatui::symbols::border::PLAIN
    }
}

/// A popup of this size in the middle of the screen.
pub(super) fn centered(screen: Rect, columns: u16, rows: u16) -> Rect {
    let width = columns.min(screen.width);
    let height = rows.min(screen.height);
    Rect {
        x: screen.x + (screen.width - width) / 2,
        y: screen.y + (screen.height - height) / 2,
        width,
        height,
    }
}
