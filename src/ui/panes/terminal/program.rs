//! One program on a terminal: its screen, where in it the user looks, how it ended.

use std::time::Duration;

use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;
use ratatui::widgets::Widget;

use super::copy::{CopyMode, Holder};
use super::drawing::lines_back;
use super::marking::Click;
use crate::emulator::{Emulator, Place, encode_focus, encode_key};
use crate::ui::effect::{Effect, TerminalId};
use crate::ui::render::cells;
use crate::ui::session::Look;
use crate::ui::terminals::{Launch, ProgramEnd, TerminalEvent, TerminalRequest};
use crate::ui::text;
use crate::ui::theme::Role;

/// A new size is told when it has stood for so long: a border that is drawn, or a window, has many on its way.
const SETTLED: Duration = Duration::from_millis(60);

/// How it ended is told in so many lines at most.
const MOST_LINES_OF_END: u16 = 6;

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
    /// How many rows there is room for; its screen may have more where somebody else decides about its size.
    room: u16,
    /// The size that it was last asked to take; only where it runs elsewhere.
    asked: Option<(u16, u16)>,
    /// How it ended.
    pub(super) ended: Option<ProgramEnd>,
    /// Since when nothing typed for it may mean anything else, by the clock that never jumps.
    pub(super) ended_at: Option<Duration>,
    /// Whether it was started: that is when it is to be seen for the first time, and its size is known.
    pub(super) is_started: bool,
    /// What was typed before.
    early: Vec<u8>,
    /// The size that it is to get, and since when that has stood.
    wanted: Option<((u16, u16), Duration)>,
    /// Whether it was told last that it has the keys.
    has_focus: bool,
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
            room: u16::MAX,
            asked: None,
            ended: None,
            ended_at: None,
            is_started: false,
            early: Vec::new(),
            wanted: None,
            has_focus: false,
            copy: None,
            click: None,
        }
    }

    /// Whether something runs there.
    pub(super) fn is_alive(&self) -> bool {
        self.is_started && self.ended.is_none()
    }

    /// It wrote, or ended.
    pub(super) fn event(&mut self, event: TerminalEvent, now: Duration) {
        match event {
            TerminalEvent::Output(bytes) => self.emulator.feed(&bytes),
            TerminalEvent::Resized { columns, rows } => {
                // What came before was drawn for the size before.
                self.emulator.parse(Duration::MAX, || Duration::ZERO);
                // The first one answers what was asked while nobody listened there yet.
                if self.emulator.size() != (columns, rows) {
                    self.resize(columns, rows);
                }
            }
            TerminalEvent::Ended(how) => {
                self.ended = Some(how);
                self.ended_at = Some(now);
            }
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
        self.copy.take_if(CopyMode::outdate);
        let replies = self.emulator.replies();
        if self.runs_elsewhere() {
            // It has its answers from where it runs.
            return Vec::new();
        }
        let mut effects: Vec<_> = self.send(replies).into_iter().collect();
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

    /// Whether it rang since this was asked last.
    pub(super) fn rings(&mut self) -> bool {
        self.emulator.take_bell()
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

    /// What the user types, and sees the answer to.
    pub(super) fn typed(&mut self, bytes: Vec<u8>) -> Option<Effect> {
        if self.ended.is_some() || bytes.is_empty() {
            return None;
        }
        self.looks_at = None;
        self.copy = None;
        if !self.is_started {
            self.early.extend(bytes);
            return None;
        }
        self.send(bytes)
    }

    /// Bytes for it, wherever the user looks.
    pub(super) fn send(&self, bytes: Vec<u8>) -> Option<Effect> {
        (self.is_alive() && !bytes.is_empty()).then_some(Effect::Type {
            terminal: self.id,
            bytes,
        })
    }

    /// It has the keys now, or hasn't; what it is told of that, if it wants to know.
    pub(super) fn focus(&mut self, has_focus: bool) -> Option<Effect> {
        if std::mem::replace(&mut self.has_focus, has_focus) == has_focus {
            return None;
        }
        self.send(encode_focus(has_focus, self.emulator.modes()))
    }

    /// The first row that is shown.
    pub(super) fn shown(&self) -> u64 {
        let (first, top) = (self.emulator.first(), self.emulator.top());
        self.looks_at.map_or(top, |row| row.clamp(first, top))
    }

    /// Looks back by so many half pages, or forth.
    pub(super) fn scroll(&mut self, pages: i64) {
        let (_, rows) = self.emulator.size();
        self.scroll_lines(pages.saturating_mul(i64::from(rows / 2).max(1)));
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

    /// It has this much room at this moment: it is started with it, or told of it when it has stood for a while.
    pub(super) fn fit(&mut self, columns: u16, rows: u16, now: Duration) -> Vec<Effect> {
        let size = (columns, rows);
        let terminal = self.id;
        self.room = rows;
        let view = self.view_rows();
        if let Some(copy) = &mut self.copy {
            copy.fit(&self.emulator, view);
        }
        if !self.is_started {
            self.is_started = true;
            if !self.runs_elsewhere() {
                self.emulator.resize(columns, rows);
            }
            (self.request.columns, self.request.rows) = size;
            let request = self.request.clone();
            let early = std::mem::take(&mut self.early);
            let typed = self.send(early);
            let opened = Effect::OpenTerminal { terminal, request };
            return std::iter::once(opened).chain(typed).collect();
        }
        if self.asked.unwrap_or(self.emulator.size()) == size {
            self.wanted = None;
            return Vec::new();
        }
        let since = match self.wanted {
            Some((wanted, since)) if wanted == size => since,
            _ => now,
        };
        self.wanted = Some((size, since));
        if now.saturating_sub(since) < SETTLED {
            return Vec::new();
        }
        self.wanted = None;
        if self.runs_elsewhere() {
            // Its own word on its size comes among what it draws.
            self.asked = Some(size);
        } else {
            self.resize(columns, rows);
        }
        vec![Effect::ResizeTerminal {
            terminal,
            columns,
            rows,
        }]
    }

    /// It is not to be seen: no size is on its way to it.
    pub(super) fn unplaced(&mut self) {
        self.wanted = None;
    }

    /// In how long a size that is on its way has stood for long enough.
    pub(super) fn settles_in(&self, now: Duration) -> Option<Duration> {
        let (_, since) = self.wanted?;
        Some((since + SETTLED).saturating_sub(now))
    }

    /// The screen has another size. Who looks back goes on looking at the same text.
    fn resize(&mut self, columns: u16, rows: u16) {
        self.copy.take_if(|copy| copy.holder != Holder::Keys);
        let shown = Place {
            row: self.shown(),
            column: 0,
        };
        let stands = |copy: &&CopyMode| !copy.outlives_its_screen(&self.emulator);
        let of_copy = self.copy.as_ref().filter(stands);
        let of_copy = of_copy.map(|copy| copy.places(&self.emulator));
        let follows = of_copy.is_some();
        let mut followed = vec![shown];
        followed.extend(of_copy.into_iter().flatten());
        self.emulator.resize_following(columns, rows, &mut followed);
        if let [shown, of_copy @ ..] = &followed[..] {
            self.looks_at = self.looks_at.map(|_| shown.row);
            if let Some(copy) = &mut self.copy {
                let view = self.room.min(self.emulator.size().1);
                if follows {
                    copy.resized(&self.emulator, of_copy, view);
                } else {
                    copy.fit(&self.emulator, view);
                }
            }
        }
    }

    /// What the end of the pane's frame says.
    pub(super) fn position(&self) -> Option<String> {
        if let Some(copy) = &self.copy {
            return copy.position(&self.emulator);
        }
        match self.emulator.top() - self.shown() {
            0 if self.emulator.failures() > 0 => Some("the screen was reset".to_owned()),
            rows => lines_back(rows),
        }
    }

    /// The title that it gave itself.
    pub(super) fn title(&self) -> String {
        text::clean(self.emulator.title().unwrap_or_default()).into_owned()
    }

    /// How many of its rows are to be seen at once.
    pub(super) fn view_rows(&self) -> u16 {
        self.room.min(self.emulator.size().1)
    }

    /// The first row that is to be seen.
    pub(super) fn seen_from(&self) -> u64 {
        self.drawn_from(self.room)
    }

    /// Which row of its screen, or of what is looked back at, is in this row of its place.
    pub(super) fn row_at(&self, row: u16) -> u16 {
        let above = self.seen_from().saturating_sub(self.shown());
        row.saturating_add(u16::try_from(above).unwrap_or(u16::MAX))
    }

    /// The first row that is drawn where there is room for so many. Until a smaller size is told the cursor is kept in sight.
    fn drawn_from(&self, height: u16) -> u64 {
        let shown = self.shown();
        let (_, rows) = self.emulator.size();
        if self.looks_at.is_some() || height >= rows || height == 0 {
            return shown;
        }
        let below = self
            .emulator
            .cursor()
            .map_or(0, |cursor| cursor.row.saturating_sub(shown));
        shown + below.saturating_sub(u64::from(height) - 1)
    }

    /// Draws the screen; the cursor's place, when it is to be seen.
    pub(super) fn draw(&self, area: Rect, buffer: &mut Buffer, look: &Look) -> Option<Position> {
        let cursor = if let Some(copy) = &self.copy {
            copy.draw(&self.emulator, area, buffer, look)
        } else {
            let top = self.drawn_from(area.height);
            cells::draw(&self.emulator, top, area, buffer, look)
        };
        let Some(ProgramEnd { words: how, .. }) = &self.ended else {
            return cursor;
        };
        if self.copy.as_ref().is_some_and(CopyMode::has_keys) {
            // It is read back: no row is hidden, and the cursor is copy mode's.
            return cursor;
        }
        let next = if self.runs_elsewhere() {
            "Enter closes"
        } else {
            "Enter closes, t opens another"
        };
        let words = text::clean(&format!("{how}: {next}")).into_owned();
        let lines = text::wrap(
            Line::raw(words),
            usize::from(area.width.saturating_sub(2)),
            0,
        );
        let least = area
            .bottom()
            .saturating_sub(area.height.min(MOST_LINES_OF_END));
        let top = area
            .bottom()
            .saturating_sub(u16::try_from(lines.len()).unwrap_or(u16::MAX));
        for (y, line) in (top.max(least)..area.bottom()).zip(lines) {
            let row = Rect {
                y,
                height: 1,
                ..area
            };
            let style = look.theme.style(Role::Badge);
            Line::styled(format!(" {line} "), style).render(row, buffer);
        }
        None
    }
}
