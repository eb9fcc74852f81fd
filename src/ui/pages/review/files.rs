//! The list of files beside the hunks.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::paint::role_of;
use super::unified::{FileDiff, Unified};
use crate::ui::session::Look;
use crate::ui::text;
use crate::ui::theme::Role;

/// From this width on folders have lines of their own.
const TREE: u16 = 30;

/// A line of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    Folder(String),
    File(usize),
}

/// The list, and the part of it that is shown.
#[derive(Debug, Default)]
pub(super) struct Files {
    entries: Vec<Entry>,
    is_tree: bool,
    top: usize,
}

impl Files {
    /// Lists the files of a diff anew.
    pub(super) fn outdate(&mut self) {
        self.entries.clear();
    }

    /// Lays it out so that the file `current` is seen.
    pub(super) fn prepare(&mut self, diff: &Unified, current: usize, area: Rect) {
        let is_tree = area.width >= TREE;
        if self.entries.is_empty() || self.is_tree != is_tree {
            self.is_tree = is_tree;
            self.entries = entries(diff, is_tree);
        }
        let is_current = |entry: &Entry| *entry == Entry::File(current);
        let at = self.entries.iter().position(is_current).unwrap_or(0);
        let height = usize::from(area.height).max(1);
        let lowest = (at + 1).saturating_sub(height);
        let last = self.entries.len().saturating_sub(height);
        // The folder above is seen too.
        self.top = self.top.min(at.saturating_sub(1)).max(lowest).min(last);
    }

    /// The file on a line of the area.
    pub(super) fn at(&self, line: u16) -> Option<usize> {
        match self.entries.get(self.top + usize::from(line))? {
            Entry::File(index) => Some(*index),
            Entry::Folder(_) => None,
        }
    }

    /// Draws it.
    pub(super) fn draw(
        &self,
        diff: &Unified,
        current: usize,
        area: Rect,
        buffer: &mut Buffer,
        look: &Look,
    ) {
        let columns = usize::from(area.width);
        let entries = self.entries.iter().skip(self.top);
        for (entry, row) in entries.zip(area.rows()) {
            match entry {
                Entry::Folder(folder) => {
                    let folder = last_part(folder, columns, look.ascii);
                    Line::styled(folder, look.theme.style(Role::Dim)).render(row, buffer);
                }
                Entry::File(index) => {
                    let Some(file) = diff.files().get(*index) else {
                        continue;
                    };
                    self.line(file, columns, look).render(row, buffer);
                    if *index == current {
                        let style = look.theme.style(Role::SelectionInactive);
                        buffer.set_style(row, style);
                    }
                }
            }
        }
    }

    /// `M parser.rs  +2 -1`.
    fn line(&self, file: &FileDiff, columns: usize, look: &Look) -> Line<'static> {
        let theme = &look.theme;
        let (added, removed) = (format!("+{}", file.added), format!(" -{}", file.removed));
        let counts = text::width(&added) + text::width(&removed);
        let indent = if self.is_tree && file.path.contains('/') {
            "  "
        } else {
            ""
        };
        let path = if self.is_tree {
            file.path.rsplit('/').next().unwrap_or("")
        } else {
            file.path.as_str()
        };
        let used = indent.len() + 2;
        let room = columns.saturating_sub(used + counts + 1);
        let path = last_part(path, room, look.ascii);
        let gap = columns.saturating_sub(used + text::width(&path) + counts);
        Line::from(vec![
            Span::raw(indent),
            Span::styled(
                format!("{} ", file.status.letter()),
                theme.style(role_of(file.status)),
            ),
            Span::styled(path, theme.style(Role::Text)),
            Span::raw(" ".repeat(gap)),
            Span::styled(added, theme.style(Role::DiffAdd)),
            Span::styled(removed, theme.style(Role::DiffDel)),
        ])
    }
}

fn entries(diff: &Unified, is_tree: bool) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut folder = "";
    let files = diff.files().iter().enumerate();
    for (index, file) in files.filter(|(_, file)| !file.path.is_empty()) {
        let inside = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        if is_tree && inside != folder && !inside.is_empty() {
            entries.push(Entry::Folder(format!("{inside}/")));
        }
        folder = inside;
        entries.push(Entry::File(index));
    }
    entries
}

/// A path, cut at its beginning: its end tells more.
fn last_part(path: &str, columns: usize, ascii: bool) -> String {
    let path = text::clean(path);
    let over = text::width(&path);
    if over <= columns {
        return path.into_owned();
    }
    let mark = if ascii { "~" } else { "…" };
    let starts = path.char_indices().map(|(at, _)| at);
    let fits = |start: &usize| {
        let rest = path.get(*start..).unwrap_or("");
        text::width(rest) < columns
    };
    let rest = starts.filter(fits).find_map(|start| path.get(start..));
    match rest {
        Some(rest) => format!("{mark}{rest}"),
        None => text::fit(&path, columns, ascii).into_owned(),
    }
}
