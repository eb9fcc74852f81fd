//! Items as lines: which are to be seen, and how they look.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;
use regex::Regex;

use super::window::{Begins, Laid, Place, Setting};
use super::{Move, Reveal, TicketText, Top, TranscriptPane, items, moved, ticket};
use crate::domain::reason::Reason;
use crate::domain::ticket::QueueEntry;
use crate::ui::effect::{Effect, Part};
use crate::ui::glyph;
use crate::ui::render::canvas::Canvas;
use crate::ui::session::Look;
use crate::ui::theme::{Role, Theme};

impl TranscriptPane {
    /// Moves the view.
    pub(crate) fn go(&mut self, to: Move, canvas: &mut Canvas<'_>) -> Vec<Effect> {
        if !self.has_items() {
            let last = self.ticket.len().saturating_sub(self.height);
            self.ticket_top = moved(self.ticket_top, to, self.height).min(last);
            return Vec::new();
        }
        self.reveal = None;
        self.seeking.forget_goal();
        let page = self.height.saturating_sub(1).max(1) as i64;
        match to {
            Move::Lines(lines) => self.scroll(lines, canvas),
            Move::Pages(pages) => self.scroll(pages * page, canvas),
            Move::Top => {
                self.leave_end();
                if self.window.range().start > 0 {
                    return self.ask(Part::Head);
                }
                self.top = (self.window.places().start, 0);
                Vec::new()
            }
            Move::End => {
                self.follow = true;
                self.settle = true;
                self.left_end = None;
                if self.window.range().end < self.length {
                    return self.ask(Part::Tail);
                }
                Vec::new()
            }
        }
    }

    fn scroll(&mut self, lines: i64, canvas: &mut Canvas<'_>) -> Vec<Effect> {
        let count = usize::try_from(lines.unsigned_abs()).unwrap_or(usize::MAX);
        if lines < 0 {
            self.leave_end();
            self.top = self.back(self.top, count, canvas);
        } else {
            let lowest = self.lowest_top(canvas);
            self.top = self.forth(self.top, count, canvas).min(lowest);
            if self.window.range().end >= self.length && self.top == lowest {
                self.follow = true;
                self.left_end = None;
                return Vec::new();
            }
        }
        self.look_ahead()
    }

    /// Shows or hides what is folded, everywhere.
    pub(crate) fn toggle_details(&mut self) {
        self.unfolded = !self.unfolded;
        self.folds.clear();
        self.settle = true;
    }

    /// Whether everything is shown that is folded otherwise.
    pub(crate) fn shows_details(&self) -> bool {
        self.unfolded
    }

    /// Whether an item is shown whole.
    pub(super) fn is_unfolded(&self, place: Place) -> bool {
        let head = self.window.get(self.window.head(place));
        let said = head.and_then(|head| self.folds.get(&head.id));
        match (said, self.window.get(place)) {
            (Some(said), _) => *said,
            (None, Some(folded)) => items::is_open(&folded.item, self.unfolded),
            (None, None) => self.unfolded,
        }
    }

    fn setting(&self, place: Place, canvas: &Canvas<'_>) -> Option<Setting> {
        let columns = canvas.columns;
        let folded = self.window.get(place)?;
        let before = self.window.get(place - 1).map(|item| item.turn);
        let starts_turn = folded.turn > 0 && before != Some(folded.turn);
        Some(Setting {
            look: canvas.look.stamp(),
            columns: columns as u16,
            unfolded: self.is_unfolded(place),
            begins: starts_turn.then(|| Begins {
                turn: folded.turn,
                at: folded.began,
                usage: self
                    .attempt()
                    .and_then(|attempt| self.told.usage(attempt, folded.turn)),
            }),
            depth: self.window.depth(place),
        })
    }

    /// How many lines the item at `place` has.
    pub(super) fn lines_at(&mut self, place: Place, canvas: &mut Canvas<'_>) -> usize {
        let Some(setting) = self.setting(place, canvas) else {
            return 0;
        };
        let Some(item) = self.window.get_mut(place) else {
            return 0;
        };
        if let Some(laid) = &item.laid
            && laid.setting == setting
            && !canvas.has_any(&laid.wanted)
        {
            return laid.lines.len();
        }
        let lines = items::lines(item, setting, canvas);
        let count = lines.len();
        item.laid = Some(Laid {
            setting,
            lines,
            wanted: canvas.wanted(),
        });
        count
    }

    /// `count` lines before `top`.
    fn back(&mut self, top: Top, count: usize, canvas: &mut Canvas<'_>) -> Top {
        let (mut place, mut line) = top;
        let mut count = count;
        let first = self.window.places().start;
        while count > line {
            count -= line;
            if place <= first {
                return (first, 0);
            }
            place -= 1;
            line = self.lines_at(place, canvas);
        }
        (place, line - count)
    }

    /// `count` lines after `top`.
    fn forth(&mut self, top: Top, count: usize, canvas: &mut Canvas<'_>) -> Top {
        let (mut place, mut line) = top;
        let mut count = count;
        let end = self.window.places().end;
        while place < end {
            let lines = self.lines_at(place, canvas);
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
    fn lowest_top(&mut self, canvas: &mut Canvas<'_>) -> Top {
        let end = (self.window.places().end, 0);
        self.back(end, self.height, canvas)
    }

    /// Lays out what is to be seen, and asks for what will be soon. The ticket itself is shown while there is no transcript.
    pub(crate) fn prepare(
        &mut self,
        area: Rect,
        canvas: &mut Canvas<'_>,
        ticket: Option<(&QueueEntry, Reason)>,
    ) -> Vec<Effect> {
        let height = usize::from(area.height);
        if (area.width, height) != (self.width, self.height) {
            self.settle = true;
            (self.width, self.height) = (area.width, height);
        }
        self.visible.clear();
        self.rows.clear();
        if area.is_empty() {
            return Vec::new();
        }
        if let Some(trouble) = &self.trouble {
            self.visible = items::quiet(trouble, canvas.look.theme.style(Role::Error));
            return Vec::new();
        }
        if !self.has_items() {
            self.lay_out_ticket(area.width, canvas.look, ticket);
            let last = self.ticket.len().saturating_sub(height);
            self.ticket_top = self.ticket_top.min(last);
            let shown = self.ticket.iter().skip(self.ticket_top).take(height);
            self.visible = shown.cloned().collect();
            return Vec::new();
        }
        self.clamp(canvas);
        let revealed = self.reveal.take();
        if let Some(reveal) = revealed {
            self.bring_into_view(reveal, canvas);
        } else if self.follow {
            self.keep_end(canvas);
        }
        self.collect(canvas);
        if let Some(pattern) = self.seeking.pattern() {
            for line in &mut self.visible {
                mark(line, pattern, &canvas.look.theme);
            }
        }
        if revealed.is_some() {
            self.look_ahead()
        } else {
            Vec::new()
        }
    }

    /// The lines from the upper edge on.
    fn collect(&mut self, canvas: &mut Canvas<'_>) {
        let (mut place, mut line) = self.top;
        let first = place;
        let end = self.window.places().end;
        while self.visible.len() < self.height && place < end {
            self.lines_at(place, canvas);
            if let Some(item) = self.window.get(place)
                && let Some(laid) = &item.laid
            {
                let room = self.height - self.visible.len();
                let shown = laid.lines.iter().skip(line).take(room).cloned();
                self.visible.extend(shown);
                self.rows.resize(self.visible.len(), place);
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
            look: look.stamp(),
            id: entry.id.clone(),
            revision: entry.revision,
            reason,
            columns,
        };
        if self.ticket_of.as_ref() != Some(&text) {
            self.ticket = ticket::lines(entry, &text.reason, columns, look);
            self.ticket_of = Some(text);
        }
    }

    /// Keeps the upper edge on what is in memory.
    fn clamp(&mut self, canvas: &mut Canvas<'_>) {
        let places = self.window.places();
        if self.top.0 < places.start {
            self.top = (places.start, 0);
        } else if self.top.0 >= places.end {
            self.top = self.lowest_top(canvas);
        }
        let lines = self.lines_at(self.top.0, canvas);
        self.top.1 = self.top.1.min(lines.saturating_sub(1));
        // Nothing is left empty below what does not grow.
        if !self.follow && places.end - self.top.0 <= self.height as Place {
            let lowest = self.lowest_top(canvas);
            self.top = self.top.min(lowest);
        }
    }

    /// Moves the upper edge so that the end is in view.
    ///
    /// While lines come in one by one the view jumps by half a page and then fills up, as `less` and Emacs do: scrolling
    /// by single lines would send the whole pane over the wire for each of them.
    fn keep_end(&mut self, canvas: &mut Canvas<'_>) {
        let lowest = self.lowest_top(canvas);
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
        let small_step = self.forth(self.top, room.max(1), canvas);
        self.top = if lowest <= small_step {
            self.forth(lowest, room, canvas)
                .min((self.window.places().end - 1, usize::MAX))
        } else {
            lowest
        };
    }

    /// Moves the upper edge as little as needed to show the marked item; further, to show what was found with what is
    /// around it.
    fn bring_into_view(&mut self, reveal: Reveal, canvas: &mut Canvas<'_>) {
        let Some(head) = self.cursor.and_then(|id| self.window.place_of(id)) else {
            return;
        };
        // What belongs to the item is to be seen too: the change of a file is below the call that makes it.
        let mut lines = 0;
        for place in self.window.whole(head).collect::<Vec<_>>() {
            lines += self.lines_at(place, canvas);
            if lines >= self.height {
                break;
            }
        }
        let lines = lines.clamp(1, self.height.max(1));
        let found = match reveal {
            Reveal::Match => self.first_match(head, canvas),
            Reveal::Item => None,
        };
        let first = found.unwrap_or((head, 0));
        let last = found.unwrap_or_else(|| self.forth(first, lines - 1, canvas));
        let lowest_shown = self.forth(self.top, self.height.saturating_sub(1), canvas);
        if first >= self.top && last <= lowest_shown {
            return;
        }
        let above = match reveal {
            Reveal::Match => self.height / 3,
            Reveal::Item if first < self.top => 0,
            Reveal::Item => self.height.saturating_sub(lines),
        };
        let lowest = self.lowest_top(canvas);
        self.top = self.back(first, above, canvas).min(lowest);
    }

    /// The first line of an item, or of what belongs to it, that the search finds. Unfolds it when it hides there.
    fn first_match(&mut self, head: Place, canvas: &mut Canvas<'_>) -> Option<Top> {
        let pattern = self.seeking.pattern()?.clone();
        let id = self.window.get(head)?.id;
        for _ in 0..2 {
            let parts: Vec<Place> = self.window.whole(head).collect();
            for place in parts {
                self.lines_at(place, canvas);
                let laid = self.window.get(place)?.laid.as_ref()?;
                let matches = |line: &Line<'_>| pattern.is_match(&line.to_string());
                if let Some(line) = laid.lines.iter().position(matches) {
                    return Some((place, line));
                }
            }
            self.folds.insert(id, true);
        }
        None
    }

    /// What the pane's frame says at its end.
    pub(crate) fn position(&self) -> Option<String> {
        let mut words = Vec::new();
        words.extend(self.seeking.count());
        if self.has_items() && !self.follow {
            words.push(self.below());
        }
        (!words.is_empty()).then(|| words.join("  "))
    }

    /// How much has come since the end was left.
    fn below(&self) -> String {
        let (place, length) = self.left_end.unwrap_or((Place::MAX, u64::MAX));
        let count = self.window.places().end - place;
        let more = if self.window.range().end < self.length {
            "+"
        } else {
            ""
        };
        if count > 0 && self.length > length {
            format!("{count}{more} new below, End follows")
        } else if self.length > length {
            "more below, End follows".to_owned()
        } else {
            "End follows".to_owned()
        }
    }

    /// How many items are in memory.
    #[cfg(test)]
    pub(crate) fn items_in_memory(&self) -> usize {
        self.window.places().count()
    }

    /// Draws what was prepared; the marked item's edge is on the frame.
    pub(crate) fn draw(&self, area: Rect, buffer: &mut Buffer, look: &Look) {
        let marked = self.cursor.and_then(|id| self.window.place_of(id));
        for (index, (line, row)) in self.visible.iter().zip(area.rows()).enumerate() {
            line.render(row, buffer);
            let place = self.rows.get(index).copied();
            let is_marked = place.is_some_and(|place| Some(self.window.head(place)) == marked);
            if is_marked && let Some(x) = row.x.checked_sub(1) {
                let style = look.theme.style(Role::Accent);
                buffer.set_string(x, row.y, glyph::edge(look.ascii), style);
            }
        }
    }
}

/// Marks what a search found in a line.
fn mark(line: &mut Line<'static>, pattern: &Regex, theme: &Theme) {
    let text = line.to_string();
    let found: Vec<_> = pattern
        .find_iter(&text)
        .map(|found| found.range())
        .collect();
    if found.is_empty() {
        return;
    }
    let style = theme.style(Role::Match);
    let mut spans = Vec::with_capacity(line.spans.len() + found.len() * 2);
    let mut at = 0;
    for span in std::mem::take(&mut line.spans) {
        let end = at + span.content.len();
        let mut edges = vec![at, end];
        for range in &found {
            edges.extend([range.start, range.end]);
        }
        edges.retain(|edge| (at..=end).contains(edge));
        edges.sort_unstable();
        edges.dedup();
        for pair in edges.windows(2) {
            let [from, to] = *pair else { continue };
            let piece = span.content.get(from - at..to - at).unwrap_or_default();
            let is_found = found.iter().any(|range| range.contains(&from));
            let style = if is_found {
                span.style.patch(style)
            } else {
                span.style
            };
            spans.push(Span::styled(piece.to_owned(), style));
        }
        at = end;
    }
    line.spans = spans;
}
