//! The themes, each shown on the whole screen while it is selected.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::frame;
use crate::ui::panes::{Move, moved};
use crate::ui::render::plain;
use crate::ui::session::Look;
use crate::ui::text;
use crate::ui::theme::{Role, Theme};

/// How many columns it takes; little, so that the screen behind it is seen.
const COLUMNS: u16 = 34;

/// See the module.
#[derive(Debug)]
pub(crate) struct ThemePicker {
    names: Vec<String>,
    row: usize,
    /// What comes back when nothing is chosen.
    pub(crate) before: Theme,
    /// What is wrong with the selected one.
    trouble: Option<String>,
}

impl ThemePicker {
    /// A list of themes, with the one that is used selected.
    pub(crate) fn new(names: Vec<String>, before: Theme) -> Self {
        let mut picker = Self {
            names: Vec::new(),
            row: 0,
            before,
            trouble: None,
        };
        let used = picker.before.name().to_owned();
        picker.set_names(names, &used);
        picker
    }

    fn set_names(&mut self, names: Vec<String>, selected: &str) {
        let found = names.iter().position(|name| name == selected);
        self.row = found.unwrap_or(self.row.min(names.len().saturating_sub(1)));
        self.names = names;
    }

    /// Another list: the selection stays on its theme.
    pub(crate) fn listed(&mut self, names: Vec<String>) {
        // One of the user's own that is used stood in no list so far: nothing else was selected in its place.
        let used = self.before.name();
        let is_new = self.row == 0 && !self.names.iter().any(|name| name == used);
        let selected = self.selected().filter(|_| !is_new).unwrap_or(used);
        let selected = selected.to_owned();
        self.set_names(names, &selected);
    }

    /// The selected theme's name.
    pub(crate) fn selected(&self) -> Option<&str> {
        self.names.get(self.row).map(String::as_str)
    }

    /// Moves; whether another one is selected now.
    pub(crate) fn go(&mut self, to: Move) -> bool {
        let row = moved(self.row, to, 8).min(self.names.len().saturating_sub(1));
        self.trouble = self.trouble.take().filter(|_| row == self.row);
        std::mem::replace(&mut self.row, row) != row
    }

    /// What is wrong with the selected theme.
    pub(crate) fn set_trouble(&mut self, trouble: Option<String>) {
        self.trouble = trouble;
    }

    pub(crate) fn draw(&self, screen: Rect, buffer: &mut Buffer, look: &Look) {
        let theme = &look.theme;
        let width = COLUMNS.min(screen.width);
        let columns = usize::from(width.saturating_sub(2));
        let trouble = self.trouble.as_ref().map_or_else(Vec::new, |trouble| {
            plain(trouble, columns, theme.style(Role::Error))
        });
        let wanted = self.names.len() + trouble.len() + 3;
        let height = u16::try_from(wanted).unwrap_or(u16::MAX);
        let height = height.min(screen.height.saturating_sub(2).max(3));
        let area = Rect {
            x: screen.right().saturating_sub(width),
            y: screen.y + u16::from(screen.height > height),
            width,
            height: height.min(screen.height),
        };
        let inner = frame("Themes", area, buffer, look);
        let rows = usize::from(inner.height);
        let list = rows.saturating_sub(trouble.len() + 1).max(1);
        let top = (self.row + 1).saturating_sub(list);
        let shown = self.names.iter().enumerate().skip(top).take(list);
        let mut lines: Vec<Line<'_>> = shown
            .map(|(row, name)| {
                let is_selected = row == self.row;
                let mark = if is_selected { "> " } else { "  " };
                let origin = if Theme::is_embedded(name) {
                    ""
                } else {
                    "yours"
                };
                let room = columns.saturating_sub(origin.len() + 3);
                let name = text::fit(name, room, look.ascii);
                let gap = " ".repeat(room.saturating_sub(text::width(&name)));
                let style = if is_selected {
                    theme.style(Role::Selection)
                } else {
                    theme.style(Role::Text)
                };
                Line::from(vec![
                    Span::styled(format!("{mark}{name}{gap} "), style),
                    Span::styled(origin, theme.style(Role::Dim)),
                ])
            })
            .collect();
        lines.extend(trouble);
        lines.push(Line::from(vec![
            Span::styled("Enter", theme.style(Role::HintKey)),
            Span::styled(" keep   ", theme.style(Role::Hint)),
            Span::styled("Esc", theme.style(Role::HintKey)),
            Span::styled(" as before", theme.style(Role::Hint)),
        ]));
        for (line, row) in lines.iter().zip(inner.rows()) {
            line.render(row, buffer);
        }
    }
}
