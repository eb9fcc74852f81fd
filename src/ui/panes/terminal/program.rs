//! One program on a terminal: its screen, where in it the user looks, how it ended.

use std::time::Duration;

use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;
use ratatui::widgets::Widget;

use crate::emulator::{Emulator, Place, encode_key, encode_paste};
use crate::ui::effect::{Effect, TerminalId};
use crate::ui::render::cells;
use crate::ui::session::Look;
use crate::ui::terminals::{Launch, TerminalEvent, TerminalRequest};
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
    /// The size that it was last asked to take; only where it runs elsewhere.
    wanted: Option<(u16, u16)>,
    /// How it ended.
    pub(super) ended: Option<String>,
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
            wanted: None,
            ended: None,
        }
    }

    /// It wrote, or ended.
    pub(super) fn event(&mut self, event: TerminalEvent) {
        match event {
            TerminalEvent::Output(bytes) => self.emulator.feed(&bytes),
            TerminalEvent::Resized { columns, rows } => {
                // What came before was drawn for the size before.
                self.emulator.parse(Duration::MAX, || Duration::ZERO);
                self.emulator.resize(columns, rows);
            }
            TerminalEvent::Ended(how) => self.ended = Some(how),
        }
    }

    /// Parses what it wrote, for no longer than `budget`; answers what it asked.
    pub(super) fn parse(
        &mut self,
        now: Duration,
        budget: Duration,
        elapsed: &dyn Fn() -> Duration,
    ) -> Vec<Effect> {
        let is_due = self.emulator.due().is_some_and(|due| due <= now);
        if !self.emulator.is_behind() && !is_due {
            return Vec::new();
        }
        self.emulator.parse_at(now, budget, elapsed);
        let replies = self.emulator.replies();
        if self.runs_elsewhere() {
            // It has its answers from where it runs.
            return Vec::new();
        }
        let mut effects: Vec<_> = self.to_it(replies).into_iter().collect();
        if self.emulator.take_reset() && self.ended.is_none() {
            // It draws everything again when its size changes; the same size would not be told.
            let (columns, rows) = self.emulator.size();
            effects.extend([rows + 1, rows].map(|rows| Effect::ResizeTerminal {
                terminal: self.id,
                columns,
                rows,
            }));
        }
        effects
    }

    /// Whether it is an agent's, which is only looked at from here.
    pub(super) fn runs_elsewhere(&self) -> bool {
        matches!(self.request.launch, Launch::Attempt { .. })
    }

    /// A key for it.
    pub(super) fn key(&mut self, key: KeyEvent) -> Option<Effect> {
        let bytes = encode_key(key, self.emulator.modes());
        self.typed(bytes)
    }

    /// Pasted text for it.
    pub(super) fn paste(&mut self, text: &str) -> Option<Effect> {
        let bytes = encode_paste(text, self.emulator.modes());
        self.typed(bytes)
    }

    /// What the user types, and sees the answer to.
    fn typed(&mut self, bytes: Vec<u8>) -> Option<Effect> {
        let effect = self.to_it(bytes)?;
        self.looks_at = None;
        Some(effect)
    }

    fn to_it(&self, bytes: Vec<u8>) -> Option<Effect> {
        (self.ended.is_none() && !bytes.is_empty()).then_some(Effect::Type {
            terminal: self.id,
            bytes,
        })
    }

    /// The first row that is shown.
    fn shown(&self) -> u64 {
        let (first, top) = (self.emulator.first(), self.emulator.top());
        self.looks_at.map_or(top, |row| row.clamp(first, top))
    }

    /// Looks back by so many half pages, or forth.
    pub(super) fn scroll(&mut self, pages: i64) {
        let (_, rows) = self.emulator.size();
        let step = u64::from(rows / 2).max(1);
        let target = if pages > 0 {
            self.shown().saturating_sub(step)
        } else {
            self.shown() + step
        };
        self.look_at(target);
    }

    /// Shows the rows from this one on.
    pub(super) fn look_at(&mut self, row: u64) {
        let (first, top) = (self.emulator.first(), self.emulator.top());
        let is_above = row < top && !self.emulator.modes().alternate_screen;
        self.looks_at = is_above.then_some(row.max(first));
    }

    /// It has this much room now. What it is told when that changed.
    pub(super) fn fit(&mut self, columns: u16, rows: u16) -> Option<Effect> {
        if self.runs_elsewhere() {
            // Its own word on its size comes among what it draws.
            if self.wanted.replace((columns, rows)) == Some((columns, rows)) {
                return None;
            }
        } else if self.emulator.size() == (columns, rows) {
            return None;
        } else {
            self.resize(columns, rows);
        }
        Some(Effect::ResizeTerminal {
            terminal: self.id,
            columns,
            rows,
        })
    }

    /// The screen has another size. Who looks back goes on looking at the same text.
    fn resize(&mut self, columns: u16, rows: u16) {
        let mut shown = [Place {
            row: self.shown(),
            column: 0,
        }];
        self.emulator.resize_following(columns, rows, &mut shown);
        self.looks_at = self.looks_at.map(|_| shown[0].row);
    }

    /// What the end of the pane's frame says.
    pub(super) fn position(&self) -> Option<String> {
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
        let cursor = cells::draw(&self.emulator, self.shown(), area, buffer, look);
        let Some(how) = &self.ended else {
            return cursor;
        };
        let next = if self.runs_elsewhere() {
            "Enter closes"
        } else {
            "Enter closes, t opens another"
        };
        let words = format!(" {how}: {next} ");
        let row = Rect {
            y: area.bottom().saturating_sub(1),
            height: area.height.min(1),
            ..area
        };
        Line::styled(words, look.theme.style(Role::Badge)).render(row, buffer);
        None
    }
}
