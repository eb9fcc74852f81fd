//! The list of the notes that all agents share.

use std::path::PathBuf;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::prompt::Prompt;
use crate::ui::layout::split_top;
use crate::ui::loader::texts::Note;
use crate::ui::panes::{Move, moved};
use crate::ui::session::Look;
use crate::ui::text;
use crate::ui::theme::Role;

/// The notes that docket's prompts speak of, with what they are for. They are listed before they are there.
const USUAL: [(&str, &str); 3] = [
    ("spec.md", "what is to be built"),
    ("decisions.md", "what was decided, and why"),
    ("active_context.md", "what is being done now"),
];

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Notes {
    pub(super) folder: PathBuf,
    rows: Vec<Row>,
    row: usize,
    top: usize,
    height: usize,
    pub(super) prompt: Option<Prompt>,
}

#[derive(Debug)]
struct Row {
    name: String,
    /// Its size; `None`: it is not there yet.
    bytes: Option<u64>,
    what: &'static str,
}

impl Notes {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            ..Self::default()
        }
    }

    /// What is in the folder.
    pub(super) fn listed(&mut self, notes: &[Note]) {
        let selected = self.selected().map(str::to_owned);
        let size = |name: &str| {
            let found = notes.iter().find(|note| note.name == name);
            found.map(|note| note.bytes)
        };
        let usual = USUAL.iter().map(|(name, what)| Row {
            name: (*name).to_owned(),
            bytes: size(name),
            what,
        });
        let is_usual = |name: &str| USUAL.iter().any(|(usual, _)| *usual == name);
        let others = notes
            .iter()
            .filter(|note| !is_usual(&note.name))
            .map(|note| Row {
                name: note.name.clone(),
                bytes: Some(note.bytes),
                what: "",
            });
        self.rows = usual.chain(others).collect();
        let found = selected.and_then(|name| self.rows.iter().position(|row| row.name == name));
        self.row = found.unwrap_or(self.row.min(self.rows.len().saturating_sub(1)));
    }

    /// The selected note.
    pub(super) fn selected(&self) -> Option<&str> {
        self.rows.get(self.row).map(|row| row.name.as_str())
    }

    pub(super) fn go(&mut self, to: Move) {
        let last = self.rows.len().saturating_sub(1);
        self.row = moved(self.row, to, self.height).min(last);
    }

    /// Selects what is shown on a line of the page. Whether there is something.
    pub(super) fn select_line(&mut self, line: u16) -> bool {
        let row = self.top + usize::from(line);
        let is_there = row < self.rows.len() && usize::from(line) < self.height;
        if is_there {
            self.row = row;
        }
        is_there
    }

    pub(super) fn lay_out(&mut self, inner: Rect) {
        self.height = usize::from(
            inner
                .height
                .saturating_sub(u16::from(self.prompt.is_some())),
        );
        let lowest = (self.row + 1).saturating_sub(self.height);
        self.top = self.top.min(self.row).max(lowest);
    }

    pub(super) fn draw(&self, inner: Rect, buffer: &mut Buffer, look: &Look) -> Option<Position> {
        let theme = &look.theme;
        let prompt_rows = u16::from(self.prompt.is_some());
        let (list, below) = split_top(inner, inner.height.saturating_sub(prompt_rows));
        let rows = self.rows.iter().enumerate().skip(self.top);
        for ((index, row), place) in rows.zip(list.rows()) {
            let size = row.bytes.map_or_else(|| "new".to_owned(), text::bytes);
            let room = usize::from(place.width).saturating_sub(12);
            let name = text::fit(&row.name, room, look.ascii).into_owned();
            let gap = 24_usize.saturating_sub(text::width(&name)).max(2);
            let line = Line::from(vec![
                Span::styled(format!(" {size:>8}  "), theme.style(Role::Dim)),
                Span::styled(name, theme.style(Role::Text)),
                Span::styled(
                    format!("{}{}", " ".repeat(gap), row.what),
                    theme.style(Role::Dim),
                ),
            ]);
            line.render(place, buffer);
            if index == self.row {
                buffer.set_style(place, theme.style(Role::Selection));
            }
        }
        let prompt = self.prompt.as_ref().filter(|_| !below.is_empty())?;
        Some(prompt.draw(below, "", buffer, look))
    }
}

/// The name of the file of a note that was named: `.md` is added where it has no ending. The error says why it can't be one.
pub fn file_name(typed: &str) -> Result<String, &'static str> {
    let name = typed.trim();
    if name.is_empty() || name.starts_with('.') || name.len() > 200 {
        return Err("a note needs a name, which does not begin with a point");
    }
    if name
        .chars()
        .any(|c| matches!(c, '/' | '\\') || c.is_control())
    {
        return Err("a note's name holds no `/`: notes lie in one folder");
    }
    Ok(match name.rsplit_once('.') {
        Some(_) => name.to_owned(),
        None => format!("{name}.md"),
    })
}
