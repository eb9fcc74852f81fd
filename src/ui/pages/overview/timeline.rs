//! Tickets and attempts in time: a line for each attempt, what it did as a pattern.

use std::fmt::Write as _;
use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::Widget;

use crate::domain::attempt::AttemptOutcome;
use crate::domain::event::{Envelope, Event};
use crate::domain::ids::{RunId, TicketId};
use crate::domain::reason::{Mark, coarse, count};
use crate::domain::time::Timestamp;
use crate::domain::timeline::{Bar, Doing, Timeline};
use crate::store::past::Past;
use crate::ui::panes::{Move, moved};
use crate::ui::session::Look;
use crate::ui::theme::Role;
use crate::ui::{glyph, text};

/// The closest look: each step doubles.
const CLOSEST: u32 = 12;

/// State of the picture.
#[derive(Debug, Default)]
pub(super) struct TimelineView {
    /// What was seen live.
    live: Timeline,
    /// What was read of another run, or of one that began before anybody looked.
    past: Option<Timeline>,
    /// All runs, oldest first, as far as that is known.
    runs: Vec<RunId>,
    /// The run that is wanted; the live one, or the last one, when `None`.
    wanted: Option<RunId>,
    /// The number of the open question, and what came since it was asked.
    asked: Option<(u64, Vec<Arc<Envelope>>)>,
    is_answered: bool,
    trouble: Option<String>,
    row: usize,
    /// Whether the user has left the newest attempt.
    has_moved: bool,
    top: usize,
    zoom: u32,
    /// Columns by which a closer look is moved from the end into the past.
    back: usize,
    size: (usize, usize),
}

impl TimelineView {
    /// Takes in one fact.
    pub(super) fn take(&mut self, envelope: &Arc<Envelope>) {
        self.live.apply(envelope);
        if let Event::RunStarted { .. } = envelope.event
            && self.wanted.is_none()
        {
            self.past = None;
        }
        if let Some(run) = self.live.run.as_ref().map(|run| run.id)
            && self.runs.last().is_none_or(|last| *last < run)
        {
            self.runs.push(run);
        }
        if let Some((_, since)) = &mut self.asked {
            since.push(Arc::clone(envelope));
        } else if let Some(past) = &mut self.past
            && past
                .run
                .as_ref()
                .is_some_and(|run| run.id == envelope.run && run.finished.is_none())
        {
            past.apply(envelope);
        }
    }

    fn shown(&self) -> &Timeline {
        self.past.as_ref().unwrap_or(&self.live)
    }

    /// The selected attempt's ticket.
    pub(super) fn selected(&self) -> Option<&TicketId> {
        self.shown().bars.get(self.row).map(|bar| &bar.ticket)
    }

    /// The run that is wanted; the last one when `None`.
    pub(super) fn wanted(&self) -> Option<RunId> {
        self.wanted
    }

    /// Whether to ask now; then the question counts as asked.
    pub(super) fn wants(&mut self, question: u64) -> bool {
        // Without a run seen from its beginning the ledger knows more.
        let is_known = match self.wanted {
            None => self.is_answered || self.live.run.is_some() && !self.runs.is_empty(),
            Some(wanted) => self
                .shown()
                .run
                .as_ref()
                .is_some_and(|run| run.id == wanted),
        };
        // Which runs there are is asked for once in any case.
        if self.asked.is_some() || (is_known && self.is_answered) {
            return false;
        }
        self.asked = Some((question, Vec::new()));
        true
    }

    /// The answer.
    pub(super) fn past_came(&mut self, question: u64, past: Result<Past, String>) {
        let Some((_, since)) = self.asked.take_if(|(asked, _)| *asked == question) else {
            return;
        };
        self.is_answered = true;
        match past {
            Ok(mut past) => {
                self.trouble = None;
                let live = self.live.run.as_ref().map(|run| run.id);
                self.runs = past.runs;
                if let Some(live) =
                    live.filter(|live| self.runs.last().is_none_or(|run| run < live))
                {
                    self.runs.push(live);
                }
                let run = past.timeline.run.as_ref().map(|run| run.id);
                // What came meanwhile may be in the answer already.
                let is_new = |envelope: &&Arc<Envelope>| {
                    Some(envelope.run) == run && envelope.seq > past.last
                };
                for envelope in since.iter().filter(is_new) {
                    past.timeline.apply(envelope);
                }
                let is_live = live.is_some() && (run == live || self.wanted.is_none());
                if self.wanted.is_some() && run != self.wanted {
                    self.wanted = None;
                } else {
                    self.past = Some(past.timeline).filter(|_| !is_live);
                }
            }
            Err(why) => {
                self.trouble = Some(why);
                self.wanted = None;
            }
        }
        self.has_moved = false;
    }

    /// The run before, or after.
    pub(super) fn step_run(&mut self, by: i64) {
        let shown = self.shown().run.as_ref().map(|run| run.id);
        let at = self.runs.iter().position(|run| Some(*run) == shown);
        let Some(at) = at.and_then(|at| at.checked_add_signed(by as isize)) else {
            return;
        };
        let Some(run) = self.runs.get(at).copied() else {
            return;
        };
        self.back = 0;
        self.has_moved = false;
        if self.live.run.as_ref().is_some_and(|live| live.id == run) {
            self.past = None;
            self.wanted = None;
        } else {
            self.wanted = Some(run);
        }
    }

    /// Another row.
    pub(super) fn go(&mut self, to: Move) {
        let last = self.shown().bars.len().saturating_sub(1);
        self.row = moved(self.row, to, self.size.1).min(last);
        self.has_moved = self.row < last;
    }

    /// Closer, or less so.
    pub(super) fn zoom(&mut self, by: i32) {
        let zoom = self.zoom.saturating_add_signed(by).min(CLOSEST);
        // What is at the right edge stays there.
        self.back = match zoom.cmp(&self.zoom) {
            std::cmp::Ordering::Greater => self.back * 2,
            std::cmp::Ordering::Less => self.back / 2,
            std::cmp::Ordering::Equal => self.back,
        };
        self.zoom = zoom;
    }

    /// Into the past by a quarter of the screen, or back.
    pub(super) fn scroll(&mut self, by: i64) {
        let step = (self.size.0 / 4).max(1);
        self.back = if by < 0 {
            self.back + step
        } else {
            self.back.saturating_sub(step)
        };
    }

    /// Keeps the selected row on the screen, and the time within the run.
    pub(super) fn prepare(&mut self, area: Rect) {
        let labels = label_width(area.width);
        let columns = usize::from(area.width).saturating_sub(labels + 1);
        // The ruler, the words on the selected attempt, and the legend where there is room for it.
        let others = 2 + usize::from(has_legend(area));
        let rows = usize::from(area.height).saturating_sub(others).max(1);
        self.size = (columns, rows);
        let all = columns << self.zoom;
        self.back = self.back.min(all.saturating_sub(columns));
        let last = self.shown().bars.len().saturating_sub(1);
        self.row = if self.has_moved {
            self.row.min(last)
        } else {
            last
        };
        self.top = self
            .top
            .clamp((self.row + 1).saturating_sub(rows), self.row);
    }

    pub(super) fn draw(&self, area: Rect, buffer: &mut Buffer, now: Timestamp, look: &Look) {
        let timeline = self.shown();
        let theme = &look.theme;
        let Some((start, end)) = timeline.range(now) else {
            let words = self.trouble.as_deref().unwrap_or("no run yet");
            let words = text::fit(words, usize::from(area.width), look.ascii);
            Line::styled(words, theme.style(Role::Dim)).render(area, buffer);
            return;
        };
        let labels = label_width(area.width);
        let scale = Scale::new(start, end, self.size.0, self.zoom, self.back);
        let mut rows = area.rows();
        if let Some(row) = rows.next() {
            let run = timeline.run.as_ref();
            let name = run.map_or_else(String::new, |run| run.id.to_string());
            put(
                buffer,
                row,
                0,
                &super::cell(&name, labels, look.ascii),
                theme.style(Role::Heading),
            );
            put(
                buffer,
                row,
                labels + 1,
                &scale.ruler(look),
                theme.style(Role::Dim),
            );
        }
        let shown = timeline.bars.iter().enumerate().skip(self.top);
        for ((index, bar), row) in shown.take(self.size.1).zip(rows) {
            let is_selected = index == self.row;
            self.row_of(bar, is_selected, (labels, row), &scale, buffer, now, look);
        }
        let words = timeline.bars.get(self.row).map(|bar| details(bar, now));
        let mut below = vec![words.unwrap_or_default()];
        if has_legend(area) {
            below.push(legend(look));
        }
        for (line, from_end) in below.iter().rev().zip(1..) {
            if area.height > from_end {
                let row = Rect {
                    y: area.bottom() - from_end,
                    height: 1,
                    ..area
                };
                let line = text::fit(line, usize::from(area.width), look.ascii);
                put(buffer, row, 0, &line, theme.style(Role::Dim));
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "what a row is drawn from")]
    fn row_of(
        &self,
        bar: &Bar,
        is_selected: bool,
        (labels, row): (usize, Rect),
        scale: &Scale,
        buffer: &mut Buffer,
        now: Timestamp,
        look: &Look,
    ) {
        let theme = &look.theme;
        let name = bar.attempt.ticket.digits();
        let label = format!("{name}.{} {}", bar.attempt.number, bar.agent);
        let label = super::cell(&label, labels, look.ascii);
        let style = if is_selected {
            theme.style(Role::Selection)
        } else {
            theme.style(Role::Text)
        };
        put(buffer, row, 0, &label, style);
        let (from, to) = (scale.column(bar.started), scale.column(bar.end(now)));
        let is_over = bar.finished.is_some();
        let run = self.shown().run.as_ref();
        let goes_on = run.is_some_and(|run| run.finished.is_none());
        for column in 0..scale.columns {
            let x = labels + 1 + column;
            let at = column as i64;
            if at < from || at > to {
                if scale.now_column(now) == Some(column) && goes_on {
                    let line = if look.ascii { "|" } else { "│" };
                    put(buffer, row, x, line, theme.style(Role::Border));
                }
                continue;
            }
            // An attempt's first column shows how it began, its last one what became of it.
            let (symbol, role) = if at == to && is_over {
                ending(bar, look.ascii)
            } else {
                let middle = scale.middle(column).clamp(bar.started, bar.end(now));
                pattern(bar.doing_at(middle).unwrap_or(Doing::Preparing), look.ascii)
            };
            put(buffer, row, x, symbol, theme.style(role));
        }
    }
}

/// Writes at a column of a row.
fn put(buffer: &mut Buffer, row: Rect, column: usize, content: &str, style: Style) {
    let column = u16::try_from(column).unwrap_or(u16::MAX);
    if column < row.width {
        let room = usize::from(row.width - column);
        buffer.set_stringn(row.x + column, row.y, content, room, style);
    }
}

/// Patterns are explained on all but the smallest screens.
fn has_legend(area: Rect) -> bool {
    area.height >= 9
}

fn label_width(columns: u16) -> usize {
    usize::from(columns / 4).clamp(6, 24)
}

/// What becomes of an attempt, in a character.
fn ending(bar: &Bar, ascii: bool) -> glyph::Glyph {
    let mark = match &bar.outcome {
        Some(AttemptOutcome::Done { .. }) => Mark::Done,
        Some(AttemptOutcome::NeedsHuman { .. }) => Mark::Waiting,
        Some(AttemptOutcome::Cancelled { .. }) => Mark::Stopped,
        Some(
            AttemptOutcome::Failed { .. } | AttemptOutcome::Limit { .. } | AttemptOutcome::Lost,
        ) => Mark::Failed,
        None => Mark::Running,
    };
    glyph::mark(mark, ascii)
}

/// What an attempt does, as a pattern and a role.
fn pattern(doing: Doing, ascii: bool) -> glyph::Glyph {
    let (unicode, plain, role) = match doing {
        Doing::Preparing => ("·", ".", Role::StateQueued),
        Doing::Working => ("█", "=", Role::StateRunning),
        Doing::Checking => ("▒", "v", Role::StateValidating),
        Doing::Waiting => ("?", "?", Role::StateWaiting),
        Doing::BackingOff => ("~", "~", Role::Warning),
        Doing::Merging => ("▓", "m", Role::StateDone),
    };
    (if ascii { plain } else { unicode }, role)
}

fn legend(look: &Look) -> String {
    let pairs =
        Doing::ALL.map(|doing| format!("{} {}", pattern(doing, look.ascii).0, doing.word()));
    pairs.join("  ")
}

/// `003.1 codex 3m: works 2m, checks 20s; 13.7k tokens, $0.13; done, proven`.
fn details(bar: &Bar, now: Timestamp) -> String {
    let lasted = coarse(bar.end(now).since(bar.started));
    let sums = bar.sums(now);
    let sums = sums
        .iter()
        .map(|(doing, sum)| format!("{} {}", doing.word(), coarse(*sum)));
    let sums: Vec<_> = sums.collect();
    let name = bar.attempt.ticket.digits();
    let mut words = format!(
        "{name}.{} {lasted}: {}",
        bar.attempt.number,
        sums.join(", ")
    );
    if bar.usage.tokens() > 0 {
        let _ = write!(words, "; {} tokens", count(bar.usage.tokens()));
    }
    if let Some(cost) = bar.usage.cost_usd {
        let _ = write!(words, ", ${cost:.2}");
    }
    if let Some(outcome) = &bar.outcome {
        let _ = write!(words, "; {outcome}");
    }
    words
}

/// Time to columns.
struct Scale {
    start: Timestamp,
    /// The run's length, in milliseconds.
    length: i64,
    /// How many columns the whole run takes.
    all: i64,
    /// The first column that is shown.
    first: i64,
    columns: usize,
}

impl Scale {
    fn new(start: Timestamp, end: Timestamp, columns: usize, zoom: u32, back: usize) -> Self {
        let all = (columns.max(1) as i64) << zoom;
        Self {
            start,
            length: end.0.saturating_sub(start.0).max(1_000),
            all,
            first: (all - columns as i64 - back as i64).max(0),
            columns,
        }
    }

    /// The column of a time; outside of what is shown, too.
    fn column(&self, at: Timestamp) -> i64 {
        let past = i128::from(at.0.saturating_sub(self.start.0));
        let column = past * i128::from(self.all) / i128::from(self.length);
        let last = i128::from(self.all - 1);
        i64::try_from(column.clamp(-1, last)).unwrap_or(0) - self.first
    }

    fn now_column(&self, now: Timestamp) -> Option<usize> {
        let column = usize::try_from(self.column(now)).ok()?;
        (column < self.columns).then_some(column)
    }

    /// The time that the middle of a column stands for.
    fn middle(&self, column: usize) -> Timestamp {
        let halves = i128::from(2 * (self.first + column as i64) + 1);
        let past = halves * i128::from(self.length) / i128::from(2 * self.all);
        Timestamp(self.start.0 + i64::try_from(past).unwrap_or(0))
    }

    /// Times of day, as many as there is room for.
    fn ruler(&self, look: &Look) -> String {
        let mut ruler = String::new();
        let mut before = String::new();
        let mut column = 0;
        while column + 5 <= self.columns {
            let at = jiff::Timestamp::from_millisecond(self.middle(column).0).unwrap_or_default();
            let at = at.to_zoned(look.zone.clone());
            let seconds = self.length / self.all.max(1) * 12 < 60_000;
            let time = if seconds {
                format!("{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second())
            } else {
                format!("{:02}:{:02}", at.hour(), at.minute())
            };
            if column + time.len() > self.columns {
                break;
            }
            // Within a second the same time would stand there again.
            let shown = if time == before { "" } else { &time };
            ruler.push_str(shown);
            let gap = 12_usize.saturating_sub(shown.len());
            ruler.push_str(&" ".repeat(gap));
            before = time;
            column += 12;
        }
        ruler
    }
}

#[cfg(test)]
impl TimelineView {
    /// As if the user had gone to a run that must be read.
    pub(super) fn expect(&mut self, run: RunId, question: u64) {
        self.wanted = Some(run);
        self.asked = Some((question, Vec::new()));
    }
}
