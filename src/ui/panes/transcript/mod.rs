//! The transcript of the selected ticket's attempt, or the ticket itself while there is none.

mod items;
mod ticket;
mod window;

use std::path::PathBuf;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Widget;

use self::window::{Place, Setting, Window};
use crate::domain::ids::{AttemptId, RunId, Sha256, TicketId};
use crate::domain::reason::Reason;
use crate::domain::ticket::QueueEntry;
use crate::ui::effect::{Effect, Load, Part, Slice};
use crate::ui::session::Look;
use crate::ui::theme::Role;

/// Where the pane's upper edge is: an item and one of its lines.
type Top = (Place, usize);

/// How many items before the upper edge must be in memory before more is read.
const LOOK_AHEAD: Place = 40;

/// State of the pane.
#[derive(Debug, Default)]
pub(crate) struct TranscriptPane {
    shows: Option<Shown>,
    window: Window,
    /// How long the file is known to be.
    length: u64,
    /// The number of the last question, and whether it is still open.
    question: u64,
    asked: bool,
    /// What the length was when the question was put.
    asked_at: u64,
    top: Top,
    /// Whether the end is kept in view.
    follow: bool,
    /// Whether the end is wanted exactly at the lower edge, without room for what comes.
    settle: bool,
    unfolded: bool,
    trouble: Option<String>,
    height: usize,
    visible: Vec<Line<'static>>,
    /// The ticket's text, shown while there is no transcript, and what it was laid out from.
    ticket: Vec<Line<'static>>,
    ticket_of: Option<TicketText>,
    ticket_top: usize,
}

/// What the layout of a ticket's text depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TicketText {
    pub(crate) id: TicketId,
    pub(crate) revision: Sha256,
    pub(crate) reason: Reason,
    pub(crate) look: u64,
    pub(crate) columns: u16,
}

/// Which transcript.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) run: RunId,
    pub(crate) attempt: AttemptId,
    pub(crate) path: PathBuf,
}

/// A movement in a pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Move {
    Lines(i64),
    Pages(i64),
    Top,
    End,
}

impl TranscriptPane {
    /// Shows another transcript, or none.
    pub(crate) fn show(&mut self, shows: Option<Shown>) -> Vec<Effect> {
        if self.shows == shows {
            return Vec::new();
        }
        let unfolded = self.unfolded;
        let question = self.question;
        *self = Self {
            shows,
            question,
            unfolded,
            follow: true,
            settle: true,
            ..Self::default()
        };
        self.ask(Part::Tail)
    }

    /// The attempt whose transcript is shown.
    pub(crate) fn attempt(&self) -> Option<&AttemptId> {
        self.shows.as_ref().map(|shown| &shown.attempt)
    }

    /// Whether there is anything of a transcript to show.
    fn has_items(&self) -> bool {
        !self.window.places().is_empty()
    }

    /// The transcript of `attempt` has grown.
    pub(crate) fn advanced(&mut self, attempt: &AttemptId, bytes: u64) -> Vec<Effect> {
        if self.attempt() != Some(attempt) || bytes <= self.length {
            return Vec::new();
        }
        let was_at_end = self.window.range().end >= self.length || !self.has_items();
        self.length = bytes;
        if was_at_end || self.follow {
            self.read_on()
        } else {
            Vec::new()
        }
    }

    /// Asks for what follows the window, or for the end when that is far.
    fn read_on(&mut self) -> Vec<Effect> {
        const FAR: u64 = 2 * 1024 * 1024;
        let end = self.window.range().end;
        if end >= self.length {
            return Vec::new();
        }
        if !self.has_items() || (self.follow && self.length - end > FAR) {
            self.ask(Part::Tail)
        } else {
            self.ask(Part::After(end))
        }
    }

    fn ask(&mut self, part: Part) -> Vec<Effect> {
        let Some(shown) = &self.shows else {
            return Vec::new();
        };
        // What follows or precedes waits for the answer that is under way; a jump doesn't.
        if self.asked && matches!(part, Part::After(_) | Part::Before(_)) {
            return Vec::new();
        }
        self.asked = true;
        self.asked_at = self.length;
        self.question += 1;
        vec![Effect::Load(Load::Transcript {
            question: self.question,
            path: shown.path.clone(),
            part,
        })]
    }

    /// A part has been read.
    pub(crate) fn loaded(
        &mut self,
        question: u64,
        part: Part,
        slice: Result<Slice, String>,
    ) -> Vec<Effect> {
        if question != self.question {
            return Vec::new();
        }
        self.asked = false;
        let slice = match slice {
            Ok(slice) => slice,
            Err(trouble) => {
                self.trouble = Some(trouble);
                return Vec::new();
            }
        };
        self.trouble = None;
        // The file itself knows best, unless more was announced while the question was open. (A file that is shorter than
        // announced would be asked for without end.)
        let was_announced = self.length > self.asked_at;
        self.length = if was_announced {
            self.length.max(slice.length)
        } else {
            slice.length
        };
        let go_on = !slice.range.is_empty() || was_announced;
        match part {
            Part::Tail => {
                self.settle |= !self.has_items();
                self.window.replace(slice);
            }
            Part::Head => {
                self.window.replace(slice);
                self.top = (self.window.places().start, 0);
            }
            Part::After(_) => {
                self.window.extend(slice);
                if self.follow {
                    self.window.drop_beginning();
                }
            }
            Part::Before(_) => {
                self.window.prepend(slice);
                self.window.drop_end();
            }
        }
        if self.follow && go_on {
            self.read_on()
        } else {
            Vec::new()
        }
    }

    /// Moves the view.
    pub(crate) fn go(&mut self, to: Move, look: &Look, columns: u16) -> Vec<Effect> {
        if !self.has_items() {
            let last = self.ticket.len().saturating_sub(self.height);
            self.ticket_top = moved(self.ticket_top, to, self.height).min(last);
            return Vec::new();
        }
        let page = self.height.saturating_sub(1).max(1) as i64;
        match to {
            Move::Lines(lines) => self.scroll(lines, look, columns),
            Move::Pages(pages) => self.scroll(pages * page, look, columns),
            Move::Top => {
                self.follow = false;
                if self.window.range().start > 0 {
                    return self.ask(Part::Head);
                }
                self.top = (self.window.places().start, 0);
                Vec::new()
            }
            Move::End => {
                self.follow = true;
                self.settle = true;
                if self.window.range().end < self.length {
                    return self.ask(Part::Tail);
                }
                Vec::new()
            }
        }
    }

    fn scroll(&mut self, lines: i64, look: &Look, columns: u16) -> Vec<Effect> {
        let count = usize::try_from(lines.unsigned_abs()).unwrap_or(usize::MAX);
        if lines < 0 {
            self.follow = false;
            self.top = self.back(self.top, count, look, columns);
            let start = self.window.range().start;
            if start > 0 && self.top.0 - self.window.places().start < LOOK_AHEAD {
                return self.ask(Part::Before(start));
            }
        } else {
            let lowest = self.lowest_top(look, columns);
            self.top = self.forth(self.top, count, look, columns).min(lowest);
            let end = self.window.range().end;
            if end < self.length {
                if self.window.places().end - self.top.0 < LOOK_AHEAD {
                    return self.ask(Part::After(end));
                }
            } else if self.top == lowest {
                self.follow = true;
            }
        }
        Vec::new()
    }

    /// Shows or hides what is folded.
    pub(crate) fn toggle_details(&mut self) {
        self.unfolded = !self.unfolded;
        self.settle = true;
    }

    /// How many lines the item at `place` has.
    fn lines_at(&mut self, place: Place, look: &Look, columns: u16) -> usize {
        let before = self.window.get(place - 1).map(|item| item.turn);
        let unfolded = self.unfolded;
        let Some(item) = self.window.get_mut(place) else {
            return 0;
        };
        let setting = Setting {
            look: look.stamp(),
            columns,
            unfolded,
            starts_turn: item.turn > 0 && before != Some(item.turn),
        };
        match &item.laid {
            Some((laid, lines)) if *laid == setting => lines.len(),
            _ => {
                let lines = items::lines(item, setting, look);
                let count = lines.len();
                item.laid = Some((setting, lines));
                count
            }
        }
    }

    /// `count` lines before `top`.
    fn back(&mut self, top: Top, count: usize, look: &Look, columns: u16) -> Top {
        let (mut place, mut line) = top;
        let mut count = count;
        let first = self.window.places().start;
        while count > line {
            count -= line;
            if place <= first {
                return (first, 0);
            }
            place -= 1;
            line = self.lines_at(place, look, columns);
        }
        (place, line - count)
    }

    /// `count` lines after `top`.
    fn forth(&mut self, top: Top, count: usize, look: &Look, columns: u16) -> Top {
        let (mut place, mut line) = top;
        let mut count = count;
        let end = self.window.places().end;
        while place < end {
            let lines = self.lines_at(place, look, columns);
            if line + count < lines {
                return (place, line + count);
            }
            count -= lines.saturating_sub(line).min(count);
            line = 0;
            place += 1;
        }
        (end, 0)
    }

    /// The upper edge that puts the last line at the lower edge.
    fn lowest_top(&mut self, look: &Look, columns: u16) -> Top {
        let end = (self.window.places().end, 0);
        self.back(end, self.height, look, columns)
    }

    /// Lays out what is to be seen. The ticket itself is shown while there is no transcript.
    pub(crate) fn prepare(
        &mut self,
        area: Rect,
        look: &Look,
        ticket: Option<(&QueueEntry, Reason)>,
    ) {
        let height = usize::from(area.height);
        if height != self.height {
            self.settle = true;
            self.height = height;
        }
        self.visible.clear();
        if area.is_empty() {
            return;
        }
        if let Some(trouble) = &self.trouble {
            self.visible = items::quiet(trouble, look.theme.style(Role::Error));
            return;
        }
        if !self.has_items() {
            self.lay_out_ticket(area.width, look, ticket);
            let last = self.ticket.len().saturating_sub(height);
            self.ticket_top = self.ticket_top.min(last);
            let shown = self.ticket.iter().skip(self.ticket_top).take(height);
            self.visible = shown.cloned().collect();
            return;
        }
        self.clamp(look, area.width);
        if self.follow {
            self.keep_end(look, area.width);
        }
        let (mut place, mut line) = self.top;
        let first = place;
        let end = self.window.places().end;
        while self.visible.len() < height && place < end {
            self.lines_at(place, look, area.width);
            if let Some(item) = self.window.get(place)
                && let Some((_, lines)) = &item.laid
            {
                let room = height - self.visible.len();
                self.visible
                    .extend(lines.iter().skip(line).take(room).cloned());
            }
            line = 0;
            place += 1;
        }
        self.window.forget_layouts(&(first..place));
    }

    fn lay_out_ticket(&mut self, columns: u16, look: &Look, ticket: Option<(&QueueEntry, Reason)>) {
        let Some((entry, reason)) = ticket else {
            self.ticket_of = None;
            self.ticket.clear();
            return;
        };
        let text = TicketText {
            id: entry.id.clone(),
            revision: entry.revision,
            reason,
            look: look.stamp(),
            columns,
        };
        if self.ticket_of.as_ref() != Some(&text) {
            self.ticket = ticket::lines(entry, &text.reason, columns, look);
            self.ticket_of = Some(text);
        }
    }

    /// Keeps the upper edge on what is in memory.
    fn clamp(&mut self, look: &Look, columns: u16) {
        let places = self.window.places();
        if self.top.0 < places.start {
            self.top = (places.start, 0);
        } else if self.top.0 >= places.end {
            self.top = self.lowest_top(look, columns);
        }
        let lines = self.lines_at(self.top.0, look, columns);
        self.top.1 = self.top.1.min(lines.saturating_sub(1));
    }

    /// Moves the upper edge so that the end is in view.
    ///
    /// While lines come in one by one the view jumps by half a page and then fills up, as `less` and Emacs do: scrolling
    /// by single lines would send the whole pane over the wire for each of them.
    fn keep_end(&mut self, look: &Look, columns: u16) {
        let lowest = self.lowest_top(look, columns);
        let settle = std::mem::take(&mut self.settle);
        if settle || lowest < self.top {
            if settle {
                self.top = lowest;
            }
            return;
        }
        if lowest == self.top {
            return;
        }
        let room = self.height / 2;
        let small_step = self.forth(self.top, room.max(1), look, columns);
        self.top = if lowest <= small_step {
            self.forth(lowest, room, look, columns)
                .min((self.window.places().end - 1, usize::MAX))
        } else {
            lowest
        };
    }

    /// What the pane's frame says at its end.
    pub(crate) fn position(&self) -> Option<&'static str> {
        (self.has_items() && !self.follow).then_some("End follows")
    }

    /// Draws what was prepared.
    pub(crate) fn draw(&self, area: Rect, buffer: &mut Buffer) {
        for (line, row) in self.visible.iter().zip(area.rows()) {
            line.render(row, buffer);
        }
    }
}

/// A position in a list of lines after a movement.
pub(crate) fn moved(position: usize, to: Move, height: usize) -> usize {
    let page = height.saturating_sub(1).max(1) as i64;
    let by = |lines: i64| {
        let distance = usize::try_from(lines.unsigned_abs()).unwrap_or(usize::MAX);
        if lines < 0 {
            position.saturating_sub(distance)
        } else {
            position.saturating_add(distance)
        }
    };
    match to {
        Move::Lines(lines) => by(lines),
        Move::Pages(pages) => by(pages * page),
        Move::Top => 0,
        Move::End => usize::MAX,
    }
}
