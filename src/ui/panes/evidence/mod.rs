//! The evidence of the selected ticket: run › attempt › file, and a preview of the selected file.

mod preview;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use self::preview::Preview;
use super::{Move, moved};
use crate::domain::attempt::{Validation, Verdict};
use crate::domain::ids::TicketName;
use crate::ui::effect::{Content, Effect, FileEntry, Load, RunFiles};
use crate::ui::layout::split_top;
use crate::ui::session::Look;
use crate::ui::theme::Role;
use crate::ui::{glyph, text};

/// State of the pane.
#[derive(Debug, Default)]
pub(crate) struct EvidencePane {
    root: PathBuf,
    ticket: Option<TicketName>,
    runs: Vec<RunFiles>,
    /// What the user closed or opened, against what is closed or open by itself.
    toggled: BTreeSet<String>,
    rows: Vec<Row>,
    /// The key of the selected row; it stays selected when files come.
    selected: Option<String>,
    row: usize,
    top: usize,
    height: usize,
    /// The number of the last question for the tree, and for a preview.
    listing: u64,
    previewing: u64,
    preview: Option<Preview>,
    /// Whether the keys scroll the preview instead of moving in the tree.
    reading: bool,
    validations: Vec<Validation>,
}

/// A line of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    key: String,
    depth: u16,
    label: String,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Branch { is_open: bool },
    File { path: PathBuf, bytes: u64 },
}

impl EvidencePane {
    /// A pane over the evidence below `root`.
    pub(crate) fn new(root: PathBuf) -> Self {
        Self {
            root,
            ..Self::default()
        }
    }

    /// Shows another ticket's evidence.
    pub(crate) fn show(&mut self, ticket: Option<&TicketName>) -> Vec<Effect> {
        if self.ticket.as_ref() == ticket {
            return Vec::new();
        }
        self.ticket = ticket.cloned();
        self.runs.clear();
        self.rows.clear();
        self.selected = None;
        self.row = 0;
        self.top = 0;
        self.preview = None;
        self.reading = false;
        self.validations.clear();
        self.list()
    }

    /// The runs that hold evidence of the ticket, as far as they are listed.
    pub(crate) fn runs(&self) -> &[RunFiles] {
        &self.runs
    }

    /// Asks for the tree anew.
    pub(crate) fn list(&mut self) -> Vec<Effect> {
        self.listing += 1;
        let Some(ticket) = &self.ticket else {
            return Vec::new();
        };
        vec![Effect::Load(Load::Evidence {
            question: self.listing,
            root: self.root.clone(),
            ticket: ticket.clone(),
        })]
    }

    /// The verdicts that the last attempt's validations have.
    pub(crate) fn set_validations(&mut self, validations: &[Validation]) {
        if self.validations != validations {
            self.validations = validations.to_vec();
        }
    }

    /// The tree has been read.
    pub(crate) fn listed(&mut self, question: u64, runs: Vec<RunFiles>) -> Vec<Effect> {
        if question != self.listing {
            return Vec::new();
        }
        let sizes_before = self.size_of_preview();
        self.runs = runs;
        self.lay_out();
        if self.size_of_preview() == sizes_before {
            Vec::new()
        } else {
            self.ask_preview()
        }
    }

    fn size_of_preview(&self) -> Option<(PathBuf, u64)> {
        let path = self.preview.as_ref()?.path();
        self.rows.iter().find_map(|row| match &row.kind {
            Kind::File { path: known, bytes } if known == path => Some((known.clone(), *bytes)),
            _ => None,
        })
    }

    fn lay_out(&mut self) {
        let mut rows = Vec::new();
        let last_run = self.runs.len().saturating_sub(1);
        for (run_index, run) in self.runs.iter().enumerate() {
            let is_last_run = run_index == last_run;
            let is_open = is_last_run != self.toggled.contains(&run.run);
            rows.push(Row {
                key: run.run.clone(),
                depth: 0,
                label: run.run.clone(),
                kind: Kind::Branch { is_open },
            });
            if !is_open {
                continue;
            }
            let last_attempt = run.attempts.len().saturating_sub(1);
            for (index, attempt) in run.attempts.iter().enumerate() {
                let key = format!("{}/{}", run.run, attempt.number);
                let opens = is_last_run && index == last_attempt;
                let is_open = opens != self.toggled.contains(&key);
                let ticket = self.ticket.as_ref().map_or("", TicketName::as_str);
                rows.push(Row {
                    label: format!("{ticket}.{}", attempt.number),
                    depth: 1,
                    kind: Kind::Branch { is_open },
                    key: key.clone(),
                });
                if is_open {
                    rows.extend(attempt.files.iter().map(|file| file_row(&key, file)));
                }
            }
        }
        self.rows = rows;
        let found = self.selected.as_ref().and_then(|selected| {
            let is_selected = |row: &Row| row.key == *selected;
            self.rows.iter().position(is_selected)
        });
        self.row = found.unwrap_or(self.row.min(self.rows.len().saturating_sub(1)));
        self.selected = self.rows.get(self.row).map(|row| row.key.clone());
    }

    /// Moves in the tree, or in the preview while that is read.
    pub(crate) fn go(&mut self, to: Move) -> Vec<Effect> {
        if self.reading {
            if let Some(preview) = &mut self.preview {
                preview.go(to);
            }
            return Vec::new();
        }
        let last = self.rows.len().saturating_sub(1);
        self.select(moved(self.row, to, self.height).min(last))
    }

    fn select(&mut self, row: usize) -> Vec<Effect> {
        self.row = row;
        let key = self.rows.get(row).map(|row| row.key.clone());
        if key == self.selected {
            return Vec::new();
        }
        self.selected = key;
        self.ask_preview()
    }

    /// Selects the row that is shown on a line of the pane.
    pub(crate) fn select_line(&mut self, line: u16) -> Vec<Effect> {
        let row = self.top + usize::from(line);
        if usize::from(line) < self.height && row < self.rows.len() {
            self.reading = false;
            return self.select(row);
        }
        Vec::new()
    }

    fn ask_preview(&mut self) -> Vec<Effect> {
        self.previewing += 1;
        let Some(Kind::File { path, .. }) = self.rows.get(self.row).map(|row| row.kind.clone())
        else {
            self.preview = None;
            self.reading = false;
            return Vec::new();
        };
        if self.preview.as_ref().map(Preview::path) != Some(path.as_path()) {
            self.preview = Some(Preview::new(path.clone()));
        }
        vec![Effect::Load(Load::Preview {
            question: self.previewing,
            path,
        })]
    }

    /// A preview has been read.
    pub(crate) fn previewed(&mut self, question: u64, content: Result<Content, String>) {
        if question == self.previewing
            && let Some(preview) = &mut self.preview
        {
            preview.set(content);
        }
    }

    /// Opens a branch, or goes into the preview of a file.
    pub(crate) fn open(&mut self) -> Vec<Effect> {
        match self.rows.get(self.row).map(|row| &row.kind) {
            Some(Kind::Branch { is_open: false }) => self.toggle(),
            Some(Kind::Branch { is_open: true }) => return self.go(Move::Lines(1)),
            Some(Kind::File { .. }) => {
                self.reading = true;
                if self.preview.is_none() {
                    return self.ask_preview();
                }
            }
            None => {}
        }
        Vec::new()
    }

    /// Leaves the preview, closes a branch, or goes to the one above. Whether there was anything to close.
    pub(crate) fn close(&mut self) -> bool {
        if self.leave_preview() {
            return true;
        }
        let Some(row) = self.rows.get(self.row) else {
            return false;
        };
        if row.kind == (Kind::Branch { is_open: true }) {
            self.toggle();
            return true;
        }
        let depth = row.depth;
        let before = self.rows.iter().take(self.row);
        match before
            .collect::<Vec<_>>()
            .iter()
            .rposition(|row| row.depth < depth)
        {
            Some(parent) => {
                self.select(parent);
                true
            }
            None => false,
        }
    }

    /// Goes from the preview back to the tree. Whether the preview had the keys.
    pub(crate) fn leave_preview(&mut self) -> bool {
        std::mem::take(&mut self.reading)
    }

    fn toggle(&mut self) {
        if let Some(key) = self.selected.clone() {
            if !self.toggled.remove(&key) {
                self.toggled.insert(key);
            }
            self.lay_out();
        }
    }

    /// Selects the newest file with this name and reads it.
    pub(crate) fn open_file(&mut self, name: &str) -> Vec<Effect> {
        let is_it = |row: &Row| match &row.kind {
            Kind::File { path, .. } => path.ends_with(Path::new(name)),
            Kind::Branch { .. } => false,
        };
        match self.rows.iter().rposition(is_it) {
            Some(row) => {
                self.row = row;
                self.selected = self.rows.get(row).map(|row| row.key.clone());
                self.reading = true;
                self.ask_preview()
            }
            None => Vec::new(),
        }
    }

    /// Lays out what is to be seen.
    pub(crate) fn prepare(&mut self, area: Rect, look: &Look) {
        let (tree, below) = self.divide(area);
        self.height = usize::from(tree.height);
        if self.height > 0 {
            let last_top = self.rows.len().saturating_sub(self.height);
            let lowest = (self.row + 1).saturating_sub(self.height);
            self.top = self.top.min(self.row).max(lowest).min(last_top);
        }
        if let Some(preview) = &mut self.preview {
            preview.prepare(below, look);
        }
    }

    /// The tree, and below it the preview.
    fn divide(&self, area: Rect) -> (Rect, Rect) {
        if self.preview.is_none() {
            return (area, Rect { height: 0, ..area });
        }
        let rows = u16::try_from(self.rows.len()).unwrap_or(u16::MAX);
        let share = if self.reading {
            area.height / 4
        } else {
            area.height / 2
        };
        split_top(area, rows.min(share))
    }

    /// Draws what was prepared.
    pub(crate) fn draw(&self, area: Rect, buffer: &mut Buffer, focused: bool, look: &Look) {
        if self.rows.is_empty() {
            let words = "no evidence yet";
            Line::styled(words, look.theme.style(Role::Dim)).render(area, buffer);
            return;
        }
        let (tree, below) = self.divide(area);
        let rows = self.rows.iter().enumerate().skip(self.top);
        for ((index, row), line) in rows.zip(tree.rows()) {
            self.row_line(row, usize::from(line.width), look)
                .render(line, buffer);
            if index == self.row {
                let role = if focused && !self.reading {
                    Role::Selection
                } else {
                    Role::SelectionInactive
                };
                buffer.set_style(line, look.theme.style(role));
            }
        }
        if let Some(preview) = &self.preview {
            preview.draw(below, buffer, focused && self.reading, look);
        }
    }

    fn row_line(&self, row: &Row, columns: usize, look: &Look) -> Line<'static> {
        let indent = " ".repeat(usize::from(row.depth) * 2);
        let (symbol, role) = match &row.kind {
            Kind::Branch { is_open } => (glyph::fold(*is_open, look.ascii), Role::Dim),
            Kind::File { .. } => match self.verdict(&row.label) {
                Some(verdict) => glyph::verdict(verdict, look.ascii),
                None => (" ", Role::Dim),
            },
        };
        let right = match &row.kind {
            Kind::Branch { .. } => String::new(),
            Kind::File { bytes, .. } => text::bytes(*bytes),
        };
        let used = indent.len() + 2;
        let room = columns.saturating_sub(used + text::width(&right) + 1);
        let label = row.label.strip_prefix("validations/").unwrap_or(&row.label);
        let label = text::fit(label, room, look.ascii).into_owned();
        let gap = columns.saturating_sub(used + text::width(&label) + text::width(&right));
        Line::from(vec![
            Span::raw(indent),
            Span::styled(format!("{symbol} "), look.theme.style(role)),
            Span::styled(label, look.theme.style(Role::Text)),
            Span::raw(" ".repeat(gap)),
            Span::styled(right, look.theme.style(Role::Dim)),
        ])
    }

    /// The verdict of the validation whose output is in this file.
    fn verdict(&self, file: &str) -> Option<Verdict> {
        let validation = self.validations.iter().find(|validation| {
            let output = validation.output.as_ref();
            output.is_some_and(|output| output.path == file)
        });
        validation.map(|validation| validation.verdict)
    }
}

fn file_row(attempt: &str, file: &FileEntry) -> Row {
    Row {
        key: format!("{attempt}/{}", file.name),
        depth: 2,
        label: file.name.clone(),
        kind: Kind::File {
            path: file.path.clone(),
            bytes: file.bytes,
        },
    }
}
