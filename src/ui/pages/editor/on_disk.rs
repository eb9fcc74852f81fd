//! The question what becomes of a file that somebody else changed while it was edited. What they did is shown first.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Widget;

use crate::domain::ids::Sha256;
use crate::ui::layout::split_top;
use crate::ui::panes::{Move, moved};
use crate::ui::render::{diff, plain};
use crate::ui::session::Look;
use crate::ui::theme::Role;

/// See the module.
#[derive(Debug)]
pub(super) struct OnDisk {
    /// What is shown: only that is written over. `None`: the file is gone.
    pub(super) revision: Option<Sha256>,
    patch: String,
    lines: Vec<Line<'static>>,
    /// The look that the lines were laid out for.
    laid_for: Option<u64>,
    top: usize,
    height: usize,
}

impl OnDisk {
    pub(super) fn changed(revision: Sha256, patch: String) -> Self {
        Self {
            revision: Some(revision),
            patch,
            lines: Vec::new(),
            laid_for: None,
            top: 0,
            height: 0,
        }
    }

    pub(super) fn gone() -> Self {
        Self {
            revision: None,
            patch: String::new(),
            lines: Vec::new(),
            laid_for: None,
            top: 0,
            height: 0,
        }
    }

    pub(super) fn go(&mut self, to: Move) {
        let last = self.lines.len().saturating_sub(self.height);
        self.top = moved(self.top, to, self.height).min(last);
    }

    pub(super) fn lay_out(&mut self, inner: Rect, look: &Look) {
        let laid_for = Some(look.stamp());
        if self.laid_for != laid_for {
            self.lines = diff::lines(&self.patch, &look.theme);
            self.laid_for = laid_for;
        }
        self.height = usize::from(
            inner
                .height
                .saturating_sub(head(self.revision, inner.width)),
        );
        let last = self.lines.len().saturating_sub(self.height);
        self.top = self.top.min(last);
    }

    pub(super) fn draw(&self, inner: Rect, buffer: &mut Buffer, look: &Look) {
        let theme = &look.theme;
        let (above, body) = split_top(inner, head(self.revision, inner.width));
        let style = theme.style(Role::Warning);
        let words = plain(words(self.revision), usize::from(inner.width), style);
        for (line, row) in words.iter().zip(above.rows()) {
            line.render(row, buffer);
        }
        for (line, row) in self.lines.iter().skip(self.top).zip(body.rows()) {
            line.render(row, buffer);
        }
    }
}

fn words(revision: Option<Sha256>) -> &'static str {
    match revision {
        Some(_) => {
            "Somebody else wrote this file after you opened it. This is what they changed; nothing was saved yet."
        }
        None => "The file is not there any more. Nothing was saved yet.",
    }
}

/// How many rows the words take.
fn head(revision: Option<Sha256>, columns: u16) -> u16 {
    let columns = usize::from(columns.max(1));
    let rows = plain(words(revision), columns, ratatui::style::Style::default()).len();
    u16::try_from(rows + 1).unwrap_or(u16::MAX)
}
