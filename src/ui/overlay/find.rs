//! Finding a ticket by some of its letters: all tickets, ranked while they are typed.

use std::sync::Arc;

use crossterm::event::KeyEvent;
use nucleo::pattern::{CaseMatching, Normalization, Pattern};
use nucleo::{Config, Matcher, Utf32String};
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;
use tui_textarea::TextArea;

use super::{centered, frame, wear};
use crate::domain::board::Board;
use crate::domain::ids::TicketId;
use crate::domain::queue::Queue;
use crate::domain::time::Timestamp;
use crate::ui::panes::queue::QueuePane;
use crate::ui::panes::{Move, moved};
use crate::ui::session::Look;
use crate::ui::text;
use crate::ui::theme::Role;

/// More of a title is not looked at.
const TITLE: usize = 200;

/// An open search.
#[derive(Debug)]
pub(crate) struct Find {
    field: TextArea<'static>,
    queue: Arc<Queue>,
    /// For each ticket: number, title, agent and state.
    texts: Vec<Utf32String>,
    /// What matches, the best first, as places in the queue.
    found: Vec<u32>,
    matcher: Matcher,
    at: usize,
    top: usize,
    /// The lines that are to be seen, each with the letters that matched.
    lines: Vec<(String, Vec<u32>)>,
    height: usize,
    stale: bool,
}

impl Find {
    /// A search over the queue as it is now.
    pub(crate) fn new(pane: &QueuePane, board: &Board, now: Timestamp, look: &Look) -> Self {
        let mut field = TextArea::default();
        wear(&mut field, look);
        let mut find = Self {
            field,
            queue: Arc::default(),
            texts: Vec::new(),
            found: Vec::new(),
            matcher: Matcher::new(Config::DEFAULT),
            at: 0,
            top: 0,
            lines: Vec::new(),
            height: 0,
            stale: true,
        };
        find.look_at(pane, board, now);
        find
    }

    /// Takes the queue as it is now, if it is another one.
    fn look_at(&mut self, pane: &QueuePane, board: &Board, now: Timestamp) {
        if Arc::ptr_eq(&self.queue, pane.queue()) {
            return;
        }
        self.queue = Arc::clone(pane.queue());
        let entries = self.queue.entries().iter().enumerate();
        self.texts = entries
            .map(|(position, entry)| {
                let agent = entry.ticket.as_ref().map(|ticket| ticket.agent.as_str());
                let state = pane.reason_at(position, board, now);
                let state = state.map_or("", |reason| reason.mark.as_str());
                let (digits, title) = (entry.name.digits(), text::clean(&entry.title));
                let title = text::first_bytes(&title, TITLE);
                let agent = agent.unwrap_or_default();
                Utf32String::from(format!("{digits} {title}  {agent}  {state}"))
            })
            .collect();
        self.stale = true;
    }

    /// Another theme.
    pub(crate) fn look_changed(&mut self, look: &Look) {
        wear(&mut self.field, look);
    }

    /// A key that edits.
    pub(crate) fn key(&mut self, key: KeyEvent) {
        self.stale |= self.field.input(key);
    }

    /// Text that was pasted.
    pub(crate) fn paste(&mut self, text: &str) {
        self.stale |= self.field.insert_str(text.replace(['\r', '\n'], " "));
    }

    fn pattern(&self) -> Pattern {
        let typed = self.field.lines().join(" ");
        Pattern::parse(&typed, CaseMatching::Smart, Normalization::Smart)
    }

    /// Moves in the list.
    pub(crate) fn go(&mut self, to: Move) {
        let last = self.found.len().saturating_sub(1);
        self.at = moved(self.at, to, self.height).min(last);
    }

    /// The ticket that is chosen.
    pub(crate) fn chosen(&self) -> Option<&TicketId> {
        let position = *self.found.get(self.at)?;
        let entry = self.queue.entries().get(position as usize)?;
        Some(&entry.id)
    }

    fn search(&mut self, pattern: &Pattern) {
        self.at = 0;
        self.top = 0;
        let matcher = &mut self.matcher;
        let scored = self
            .texts
            .iter()
            .zip(0u32..)
            .filter_map(|(text, position)| {
                let score = pattern.score(text.slice(..), matcher)?;
                Some((std::cmp::Reverse(score), position))
            });
        let mut scored: Vec<_> = scored.collect();
        // Of those that match alike, the one that runs first.
        scored.sort_unstable();
        self.found = scored.into_iter().map(|(_, position)| position).collect();
    }

    /// Searches, if something else was typed, and finds out what is to be seen.
    pub(crate) fn prepare(
        &mut self,
        screen: Size,
        pane: &QueuePane,
        board: &Board,
        now: Timestamp,
    ) {
        self.look_at(pane, board, now);
        let pattern = self.pattern();
        if std::mem::take(&mut self.stale) {
            self.search(&pattern);
        }
        let area = place(Rect::new(0, 0, screen.width, screen.height));
        self.height = usize::from(area.height.saturating_sub(4));
        let lowest = (self.at + 1).saturating_sub(self.height);
        self.top = self.top.min(self.at).max(lowest);
        self.lines.clear();
        for position in self.found.iter().skip(self.top).take(self.height) {
            let Some(text) = self.texts.get(*position as usize) else {
                continue;
            };
            let mut hits = Vec::new();
            pattern.indices(text.slice(..), &mut self.matcher, &mut hits);
            hits.sort_unstable();
            hits.dedup();
            self.lines.push((text.to_string(), hits));
        }
    }

    pub(crate) fn draw(&self, screen: Rect, buffer: &mut Buffer, look: &Look) {
        let title = format!("Find a ticket  {}/{}", self.found.len(), self.texts.len());
        let inner = frame(&title, place(screen), buffer, look);
        let mut rows = inner.rows();
        if let Some(row) = rows.next().filter(|row| !row.is_empty()) {
            self.field.render(row, buffer);
        }
        let rule = if look.ascii { "-" } else { "─" };
        if let Some(row) = rows.next() {
            let rule = rule.repeat(usize::from(row.width));
            Line::styled(rule, look.theme.style(Role::PopupBorder)).render(row, buffer);
        }
        if self.lines.is_empty() {
            if let Some(row) = rows.next() {
                let style = look.theme.style(Role::Dim);
                Line::styled("no ticket has these letters", style).render(row, buffer);
            }
            return;
        }
        for ((index, (text, hits)), row) in (self.top..).zip(&self.lines).zip(rows) {
            let is_chosen = index == self.at;
            let sign = match (is_chosen, look.ascii) {
                (false, _) => "  ",
                (true, true) => "> ",
                (true, false) => "► ",
            };
            let mut line = Line::from(Span::styled(sign, look.theme.style(Role::Accent)));
            line.extend(marked(text, hits, look));
            line.render(row, buffer);
            if is_chosen {
                buffer.set_style(row, look.theme.style(Role::Selection));
                // What matched is still to be seen.
                let mut line = Line::from(Span::raw(sign));
                line.extend(marked(text, hits, look));
                line.render(row, buffer);
            }
        }
    }
}

/// The text with the letters that matched in a style of their own.
fn marked(text: &str, hits: &[u32], look: &Look) -> Vec<Span<'static>> {
    let span = Span::raw(text);
    let mut spans: Vec<Span<'static>> = Vec::new();
    // The matcher counts what people see as one character each.
    for (grapheme, index) in span
        .styled_graphemes(ratatui::style::Style::default())
        .zip(0u32..)
    {
        let is_hit = hits.binary_search(&index).is_ok();
        let style = if is_hit {
            look.theme.style(Role::Match)
        } else {
            ratatui::style::Style::default()
        };
        match spans.last_mut() {
            Some(last) if last.style == style => last.content.to_mut().push_str(grapheme.symbol),
            _ => spans.push(Span::styled(grapheme.symbol.to_owned(), style)),
        }
    }
    spans
}

fn place(screen: Rect) -> Rect {
    let rows = (screen.height * 2 / 3).max(8);
    centered(screen, 84, rows)
}
