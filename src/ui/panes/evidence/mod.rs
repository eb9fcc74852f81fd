//! The evidence of the selected ticket: run › attempt › file, and a preview of the selected file.

mod act;
mod content;
mod preview;
mod tree;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Widget;

pub(crate) use self::act::{act, checked, copied_out, exported, returned};
use self::preview::Preview;
use self::tree::{Checks, Kind, Live, Row, Tree};
use super::{Move, moved};
use crate::domain::board::TicketView;
use crate::domain::ids::{AttemptId, TicketName};
use crate::ui::effect::{Content, Effect, FileEntry, Load, RunFiles};
use crate::ui::layout::split_top;
use crate::ui::session::Look;
use crate::ui::theme::Role;

/// State of the pane.
#[derive(Debug, Default)]
pub(crate) struct EvidencePane {
    root: PathBuf,
    ticket: Option<TicketName>,
    runs: Vec<RunFiles>,
    /// Recordings that belong to no attempt: the same below each ticket's evidence.
    pub(crate) recordings: Vec<FileEntry>,
    /// What the user closed or opened, against what is closed or open by itself.
    toggled: BTreeSet<String>,
    rows: Vec<Row>,
    /// The key of the selected row; it stays selected when files come.
    selected: Option<String>,
    row: usize,
    top: usize,
    height: usize,
    ascii: bool,
    /// The number of the last question for the tree, and for a preview.
    listing: u64,
    /// Whether the tree was asked for and has not come, and whether something changed since.
    asked: bool,
    is_old: bool,
    previewing: u64,
    preview: Option<Preview>,
    /// Whether the keys scroll the preview instead of moving in the tree.
    reading: bool,
    live: Live,
    checks: Checks,
    /// The attempt that is to be compared with another.
    marked: Option<AttemptId>,
    /// The copy of a file that is open in an editor.
    copy: Option<PathBuf>,
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
        self.live = Live::default();
        // An answer that is under way is about another ticket.
        self.asked = false;
        self.list()
    }

    /// The runs that hold evidence of the ticket, as far as they are listed.
    pub(crate) fn runs(&self) -> &[RunFiles] {
        &self.runs
    }

    /// Asks for the tree anew; after the answer that is under way, when there is one.
    pub(crate) fn list(&mut self) -> Vec<Effect> {
        self.is_old = self.asked;
        if self.asked {
            return Vec::new();
        }
        self.listing += 1;
        let Some(ticket) = &self.ticket else {
            return Vec::new();
        };
        self.asked = true;
        vec![Effect::Load(Load::Evidence {
            question: self.listing,
            root: self.root.clone(),
            ticket: ticket.clone(),
        })]
    }

    /// What the board knows of the last attempt.
    pub(crate) fn set_board(&mut self, view: Option<&TicketView>) {
        if self.live.differs(view) {
            self.live = view.map_or_else(Live::default, Live::new);
            self.lay_out();
        }
    }

    /// The tree has been read.
    pub(crate) fn listed(&mut self, question: u64, runs: Vec<RunFiles>) -> Vec<Effect> {
        if question != self.listing {
            return Vec::new();
        }
        self.asked = false;
        let size_before = self.size_of_preview();
        self.runs = runs;
        self.lay_out();
        let size = self.size_of_preview();
        if size.is_some()
            && size_before.is_some()
            && size != size_before
            && let Some(preview) = &mut self.preview
        {
            // What is on its way is of the old one.
            self.previewing += 1;
            preview.outdate();
        }
        if self.is_old {
            return self.list();
        }
        Vec::new()
    }

    fn size_of_preview(&self) -> Option<u64> {
        let path = self.preview.as_ref()?.path();
        self.rows.iter().find_map(|row| {
            let (known, bytes) = row.file()?;
            (known == path).then_some(bytes)
        })
    }

    fn tree(&self) -> Tree<'_> {
        Tree {
            ticket: self.ticket.as_ref(),
            runs: &self.runs,
            recordings: &self.recordings,
            toggled: &self.toggled,
            live: &self.live,
            checks: &self.checks,
            ascii: self.ascii,
        }
    }

    fn lay_out(&mut self) {
        self.rows = self.tree().rows();
        let found = self.selected.as_ref().and_then(|selected| {
            let is_selected = |row: &Row| row.key == *selected;
            self.rows.iter().position(is_selected)
        });
        self.row = found.unwrap_or(self.row.min(self.rows.len().saturating_sub(1)));
        self.selected = self.rows.get(self.row).map(|row| row.key.clone());
        // Words change with what is known; a file is read by itself.
        let is_file = self.preview.as_ref().is_some_and(Preview::is_file);
        if self.preview.is_some() && !is_file {
            self.show_preview();
        }
    }

    /// Whether there is nothing to select.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The attempt of the selected line.
    pub(crate) fn attempt(&self) -> Option<AttemptId> {
        self.rows.get(self.row)?.attempt.clone()
    }

    /// The file of the selected line.
    pub(crate) fn file(&self) -> Option<&Path> {
        let (path, _) = self.rows.get(self.row)?.file()?;
        Some(path)
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
        self.select(moved(self.row, to, self.height).min(last));
        Vec::new()
    }

    fn select(&mut self, row: usize) {
        self.row = row;
        let key = self.rows.get(row).map(|row| row.key.clone());
        if key != self.selected {
            self.selected = key;
            self.show_preview();
        }
    }

    /// Selects the row that is shown on a line of the pane.
    pub(crate) fn select_line(&mut self, line: u16) -> Vec<Effect> {
        let row = self.top + usize::from(line);
        if usize::from(line) < self.height && row < self.rows.len() {
            self.reading = false;
            self.select(row);
        }
        Vec::new()
    }

    /// Shows what the selected line stands for; a file is asked for when its place is known.
    fn show_preview(&mut self) {
        let row = self.rows.get(self.row);
        let words = row.and_then(|row| self.tree().words(row));
        let file = row.and_then(Row::file).map(|(path, _)| path.clone());
        self.preview = match (file, words, row) {
            (Some(path), ..) => {
                if self.preview.as_ref().map(Preview::path) == Some(path.as_path()) {
                    return;
                }
                Some(Preview::new(path))
            }
            (None, Some(words), Some(row)) => Some(Preview::of_words(&row.label, words)),
            _ => {
                self.reading = false;
                None
            }
        };
        self.previewing += 1;
    }

    /// A piece of the previewed file has been read.
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
            Some(_) => {
                if self.preview.is_none() {
                    self.show_preview();
                }
                self.reading = self.preview.is_some();
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
        let before = self.rows.get(..self.row).unwrap_or_default();
        match before.iter().rposition(|row| row.depth < depth) {
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

    /// Lays out what is to be seen, and asks for what is missing.
    pub(crate) fn prepare(&mut self, area: Rect, look: &Look) -> Vec<Effect> {
        if self.ascii != look.ascii {
            self.ascii = look.ascii;
            self.lay_out();
        }
        let (tree, below) = self.divide(area);
        self.height = usize::from(tree.height);
        if self.height > 0 {
            let last_top = self.rows.len().saturating_sub(self.height);
            let lowest = (self.row + 1).saturating_sub(self.height);
            self.top = self.top.min(self.row).max(lowest).min(last_top);
        }
        let Some(preview) = &mut self.preview else {
            return Vec::new();
        };
        preview.prepare(below, look);
        if below.height < 2 {
            return Vec::new();
        }
        let path = preview.path().to_owned();
        let question = self.previewing;
        preview.wants().map_or_else(Vec::new, |piece| {
            vec![Effect::Load(Load::Preview {
                question,
                path,
                piece,
            })]
        })
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
            let is_marked = self.marked.is_some() && self.marked == row.attempt;
            tree::line(row, usize::from(line.width), is_marked, look).render(line, buffer);
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
}
