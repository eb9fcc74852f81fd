//! One program on a terminal: its screen, where in it the user looks, how it ended.

use std::time::Duration;

use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;
use ratatui::widgets::Widget;

use super::copy::{CopyMode, Holder};
use super::marking::Click;
use crate::emulator::{Emulator, encode_key, encode_paste};
use crate::ui::effect::{Effect, TerminalId};
use crate::ui::render::cells;
use crate::ui::session::Look;
use crate::ui::terminals::{TerminalEvent, TerminalRequest};
use crate::ui::text;
use crate::ui::theme::Role;

/// See the module.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) id: TerminalId,
    /// What was asked for: the same again opens another one in the same place.
    pub(super) request: TerminalRequest,
    pub(super) label: String,
    pub(super) emulator: Emulator,
    /// The first row that is shown, where that isn't the screen itself.
    looks_at: Option<u64>,
    /// How it ended.
    pub(super) ended: Option<String>,
    /// Where something is read back or marked.
    pub(super) copy: Option<CopyMode>,
    /// The last click.
    pub(super) click: Option<Click>,
}

impl Program {
    pub(super) fn new(
        id: TerminalId,
        request: TerminalRequest,
        label: String,
        scrollback: usize,
    ) -> Self {
        Self {
            id,
            label,
            emulator: Emulator::new(request.columns, request.rows, scrollback),
            request,
            looks_at: None,
            ended: None,
            copy: None,
            click: None,
        }
    }

    /// It wrote, or ended.
    pub(super) fn event(&mut self, event: TerminalEvent) {
        match event {
            TerminalEvent::Output(bytes) => self.emulator.feed(&bytes),
            TerminalEvent::Ended(how) => self.ended = Some(how),
        }
    }

    /// Parses what it wrote, for no longer than `budget`; answers what it asked.
    pub(super) fn parse(
        &mut self,
        budget: Duration,
        elapsed: &dyn Fn() -> Duration,
    ) -> Option<Effect> {
        if !self.emulator.is_behind() {
            return None;
        }
        self.emulator.parse(budget, elapsed);
        self.copy.take_if(CopyMode::outdate);
        let replies = self.emulator.replies();
        self.to_it(replies)
    }

    /// A key for it.
    pub(super) fn key(&mut self, key: KeyEvent) -> Option<Effect> {
        if let Some(copy) = self.copy.as_mut().filter(|copy| copy.has_keys()) {
            copy.key(&self.emulator, key);
            return None;
        }
        let bytes = encode_key(key, self.emulator.modes());
        self.typed(bytes)
    }

    /// Pasted text for it.
    pub(super) fn paste(&mut self, text: &str) -> Option<Effect> {
        if self.copy.as_ref().is_some_and(CopyMode::has_keys) {
            return None;
        }
        let bytes = encode_paste(text, self.emulator.modes());
        self.typed(bytes)
    }

    /// What the user types, and sees the answer to.
    fn typed(&mut self, bytes: Vec<u8>) -> Option<Effect> {
        let effect = self.to_it(bytes)?;
        self.looks_at = None;
        self.copy = None;
        Some(effect)
    }

    fn to_it(&self, bytes: Vec<u8>) -> Option<Effect> {
        (self.ended.is_none() && !bytes.is_empty()).then_some(Effect::Type {
            terminal: self.id,
            bytes,
        })
    }

    /// The first row that is shown.
    pub(super) fn shown(&self) -> u64 {
        let (first, top) = (self.emulator.first(), self.emulator.top());
        self.looks_at.map_or(top, |row| row.clamp(first, top))
    }

    /// Looks back by so many half pages, or forth.
    pub(super) fn scroll(&mut self, pages: i64) {
        let (_, rows) = self.emulator.size();
        self.scroll_lines(pages.signum().saturating_mul(i64::from(rows / 2).max(1)));
    }

    /// Looks back by so many lines, or forth.
    pub(super) fn scroll_lines(&mut self, lines: i64) {
        let rows = lines.saturating_neg();
        match &mut self.copy {
            Some(copy) if copy.holder != Holder::Nobody => copy.scroll(&self.emulator, rows),
            _ => {
                self.copy = None;
                self.look_at(self.shown().saturating_add_signed(rows));
            }
        }
    }

    /// Shows the rows from this one on.
    pub(super) fn look_at(&mut self, row: u64) {
        let (first, top) = (self.emulator.first(), self.emulator.top());
        let is_above = row < top && !self.emulator.modes().alternate_screen;
        self.looks_at = is_above.then_some(row.max(first));
    }

    /// It has this much room now. What it is told when that changed.
    pub(super) fn fit(&mut self, columns: u16, rows: u16) -> Option<Effect> {
        if self.emulator.size() == (columns, rows) {
            return None;
        }
        self.emulator.resize(columns, rows);
        self.copy.take_if(|copy| copy.holder != Holder::Keys);
        if let Some(copy) = &mut self.copy {
            copy.resized(&self.emulator);
        }
        Some(Effect::ResizeTerminal {
            terminal: self.id,
            columns,
            rows,
        })
    }

    /// What the end of the pane's frame says.
    pub(super) fn position(&self) -> Option<String> {
        if let Some(copy) = &self.copy {
            return copy.position(&self.emulator);
        }
        match self.emulator.top() - self.shown() {
            0 if self.emulator.failures() > 0 => Some("the screen was reset".to_owned()),
            0 => None,
            rows => Some(format!("{rows} lines back")),
        }
    }

    /// The title that it gave itself.
    pub(super) fn title(&self) -> String {
        text::clean(self.emulator.title().unwrap_or_default()).into_owned()
    }

    /// Draws the screen; the cursor's place, when it is to be seen.
    pub(super) fn draw(&self, area: Rect, buffer: &mut Buffer, look: &Look) -> Option<Position> {
        let cursor = match &self.copy {
            Some(copy) => copy.draw(&self.emulator, area, buffer, look),
            None => cells::draw(&self.emulator, self.shown(), area, buffer, look.depth),
        };
        let Some(how) = &self.ended else {
            return cursor;
        };
        let words = format!(" {how}: Enter closes, t opens another ");
        let row = Rect {
            y: area.bottom().saturating_sub(1),
            height: area.height.min(1),
            ..area
        };
        Line::styled(words, look.theme.style(Role::Badge)).render(row, buffer);
        None
    }
}
