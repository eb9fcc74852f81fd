//! The run in pictures: progress, time line, dependencies, usage. One picture a file; all are fed by the feed and by what is
//! read from the ledger off the UI's thread.

mod graph;
mod progress;
mod pulse;
mod timeline;
mod usage;

use std::sync::Arc;

use crossterm::event::{MouseEvent, MouseEventKind};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use crate::domain::board::Feed;
use crate::domain::event::{Envelope, Event};
use crate::domain::time::Timestamp;
use crate::store::past::{Past, Spending};
use crate::ui::action::Action;
use crate::ui::effect::{Effect, Load};
use crate::ui::model::Model;
use crate::ui::overlay::frame;
use crate::ui::panes::Move;
use crate::ui::session::{Books, Look};
use crate::ui::text;
use crate::ui::theme::Role;
use crate::ui::update::movement::movement;

use graph::GraphView;
use pulse::Pulse;
use timeline::TimelineView;
use usage::UsageView;

/// A picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Picture {
    #[default]
    Progress,
    Timeline,
    Graph,
    Usage,
}

impl Picture {
    const ALL: [Self; 4] = [Self::Progress, Self::Timeline, Self::Graph, Self::Usage];

    fn title(self) -> &'static str {
        match self {
            Self::Progress => "Progress",
            Self::Timeline => "Time line",
            Self::Graph => "Graph",
            Self::Usage => "Usage",
        }
    }

    /// The one that is so many places further.
    fn step(self, by: usize) -> Self {
        let at = Self::ALL.iter().position(|picture| *picture == self);
        Self::ALL[(at.unwrap_or(0) + by) % Self::ALL.len()]
    }
}

/// State of the page.
#[derive(Debug, Default)]
pub(crate) struct OverviewPage {
    /// What is read.
    pub(crate) books: Books,
    picture: Picture,
    pulse: Pulse,
    timeline: TimelineView,
    graph: GraphView,
    usage: UsageView,
    /// The number of the last question to the ledger.
    questions: u64,
}

impl OverviewPage {
    /// Takes in what the runner tells, whether the page is shown or not.
    pub(crate) fn take(&mut self, feed: &Feed) {
        match feed {
            Feed::Event(envelope) => self.take_event(envelope),
            Feed::Used { attempt, usage } => self.pulse.used(attempt, usage),
            Feed::Advanced { attempt, bytes } => self.pulse.advanced(attempt, *bytes),
            Feed::Queue(_)
            | Feed::Beginning { .. }
            | Feed::Status { .. }
            | Feed::RunOver { .. }
            | Feed::Runner(_)
            | Feed::Trouble(_) => {}
        }
    }

    fn take_event(&mut self, envelope: &Arc<Envelope>) {
        self.timeline.take(envelope);
        match &envelope.event {
            Event::RunStarted { .. } => self.pulse = Pulse::since(envelope.at),
            Event::RunFinished { .. } => self.pulse.stop(),
            Event::TurnFinished { attempt, usage, .. } => {
                self.pulse.turn_finished(attempt, usage);
                self.usage.outdate();
            }
            Event::AttemptStarted { .. } | Event::AttemptFinished { .. } => self.usage.outdate(),
            _ => {}
        }
    }

    /// Counts what came since the last frame.
    pub(crate) fn settle(&mut self, now: Timestamp) {
        self.pulse.settle(now);
    }

    /// The time line of a run has come.
    pub(crate) fn past_came(&mut self, question: u64, past: Result<Past, String>) {
        self.timeline.past_came(question, past);
    }

    /// What agents and days have used has come.
    pub(crate) fn spending_came(&mut self, question: u64, spent: Result<Spending, String>) {
        self.usage.came(question, spent);
    }

    /// The actions that are worth a hint.
    pub(crate) fn hints(&self) -> Vec<Action> {
        let mut actions = vec![Action::OverviewNext];
        match self.picture {
            Picture::Progress => {}
            Picture::Timeline => actions.extend([
                Action::OverviewZoomIn,
                Action::OverviewZoomOut,
                Action::OverviewLeft,
                Action::OverviewRight,
                Action::OverviewEarlierRun,
                Action::Open,
            ]),
            Picture::Graph => actions.extend([
                Action::Up,
                Action::Down,
                Action::OverviewLeft,
                Action::OverviewRight,
                Action::Open,
            ]),
            Picture::Usage => actions.extend([Action::OverviewMeasure, Action::Down]),
        }
        actions.extend([Action::Back, Action::Help]);
        actions
    }

    /// What is not known yet, for the picture that is shown.
    fn ask(&mut self, look: &Look, now: Timestamp) -> Vec<Effect> {
        let Some(ledger) = self.books.ledger.clone() else {
            return Vec::new();
        };
        self.questions += 1;
        let question = self.questions;
        let load = match self.picture {
            Picture::Timeline => {
                let run = self.timeline.wanted();
                self.timeline.wants(question).then_some(Load::Timeline {
                    question,
                    ledger,
                    run,
                })
            }
            // Progress tells how much of a day's limit is left.
            Picture::Usage | Picture::Progress => self.usage.wants(question).then(|| Load::Spent {
                question,
                ledger,
                zone: look.zone.clone(),
                now,
            }),
            Picture::Graph => None,
        };
        load.map(Effect::Load).into_iter().collect()
    }
}

/// The page was opened.
pub(super) fn open(model: &mut Model) -> Vec<Effect> {
    model.overview.usage.outdate();
    let selected = model.queue.selected().cloned();
    model.overview.graph.select(selected);
    Vec::new()
}

/// Does an action, if it is one of this page's.
pub(super) fn act(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    let page = &mut model.overview;
    match action {
        Action::OverviewNext => page.picture = page.picture.step(1),
        Action::OverviewPrevious => page.picture = page.picture.step(Picture::ALL.len() - 1),
        Action::OverviewProgress => page.picture = Picture::Progress,
        Action::OverviewTimeline => page.picture = Picture::Timeline,
        Action::OverviewGraph => page.picture = Picture::Graph,
        Action::OverviewUsage => page.picture = Picture::Usage,
        Action::OverviewLeft => sideways(page, -1),
        Action::OverviewRight => sideways(page, 1),
        Action::OverviewZoomIn if page.picture == Picture::Timeline => page.timeline.zoom(1),
        Action::OverviewZoomOut if page.picture == Picture::Timeline => page.timeline.zoom(-1),
        Action::OverviewEarlierRun if page.picture == Picture::Timeline => {
            page.timeline.step_run(-1);
        }
        Action::OverviewLaterRun if page.picture == Picture::Timeline => page.timeline.step_run(1),
        Action::OverviewMeasure => page.usage.toggle_measure(),
        Action::OverviewZoomIn
        | Action::OverviewZoomOut
        | Action::OverviewEarlierRun
        | Action::OverviewLaterRun => {}
        Action::Open => {
            let ticket = match page.picture {
                Picture::Timeline => page.timeline.selected().cloned(),
                Picture::Graph => page.graph.selected().cloned(),
                Picture::Progress | Picture::Usage => None,
            }?;
            model.follows_run = false;
            model.queue.select_ticket(&ticket);
            model.page = None;
        }
        action => match movement(action) {
            Some(to) => go(page, to),
            None => return None,
        },
    }
    Some(Vec::new())
}

fn go(page: &mut OverviewPage, to: Move) {
    match page.picture {
        Picture::Progress => {}
        Picture::Timeline => page.timeline.go(to),
        Picture::Graph => page.graph.go(to),
        Picture::Usage => page.usage.go(to),
    }
}

fn sideways(page: &mut OverviewPage, by: i64) {
    match page.picture {
        Picture::Timeline => page.timeline.scroll(by),
        Picture::Graph => page.graph.sideways(by),
        Picture::Progress | Picture::Usage => {}
    }
}

/// The mouse did something.
pub(super) fn mouse(model: &mut Model, mouse: MouseEvent) -> Vec<Effect> {
    let lines = match mouse.kind {
        MouseEventKind::ScrollUp => -3,
        MouseEventKind::ScrollDown => 3,
        _ => return Vec::new(),
    };
    go(&mut model.overview, Move::Lines(lines));
    Vec::new()
}

/// The tabs' line, and what is left for the picture.
fn split(area: Rect) -> (Rect, Rect) {
    let inner = crate::ui::layout::inside(area);
    let tabs = Rect {
        height: inner.height.min(1),
        ..inner
    };
    let rest = Rect {
        y: inner.y.saturating_add(1).min(inner.bottom()),
        height: inner.height.saturating_sub(1),
        ..inner
    };
    (tabs, rest)
}

/// Lays out what is to be seen.
pub(super) fn prepare(model: &mut Model, area: Rect) -> Vec<Effect> {
    let (_, inside) = split(area);
    let now = model.now;
    let page = &mut model.overview;
    let effects = page.ask(&model.look, now);
    match page.picture {
        Picture::Progress => {}
        Picture::Timeline => page.timeline.prepare(inside),
        Picture::Graph => page.graph.prepare(inside, &model.queue, &model.board, now),
        Picture::Usage => page.usage.prepare(inside, &model.look),
    }
    effects
}

/// Draws it.
pub(super) fn draw(model: &Model, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    frame("Overview", area, buffer, &model.look);
    let area = area.intersection(buffer.area);
    let (top, inside) = split(area);
    let page = &model.overview;
    tabs(page.picture, top, buffer, &model.look);
    if inside.is_empty() {
        return None;
    }
    match page.picture {
        Picture::Progress => progress::draw(model, inside, buffer),
        Picture::Timeline => page.timeline.draw(inside, buffer, model.now, &model.look),
        Picture::Graph => page.graph.draw(inside, buffer, &model.look),
        Picture::Usage => page.usage.draw(inside, buffer),
    }
    None
}

/// `[1 Progress] 2 Time line  3 Graph  4 Usage`.
fn tabs(picture: Picture, area: Rect, buffer: &mut Buffer, look: &Look) {
    let is_wide = area.width >= 44;
    let mut spans = Vec::new();
    for (index, tab) in Picture::ALL.into_iter().enumerate() {
        let title = if is_wide {
            format!("{} {}", index + 1, tab.title())
        } else {
            tab.title().to_owned()
        };
        spans.push(if tab == picture {
            Span::styled(format!("[{title}]"), look.theme.style(Role::TitleFocus))
        } else {
            Span::styled(format!(" {title} "), look.theme.style(Role::Title))
        });
    }
    Line::from(spans).render(area, buffer);
}

/// A bar of so many columns of which `part` of `whole` is filled; what is there at all is seen.
fn bar(part: f64, whole: f64, columns: usize, ascii: bool) -> String {
    if whole <= 0.0 || part <= 0.0 || columns == 0 {
        return String::new();
    }
    let eighths = (part / whole).clamp(0.0, 1.0) * columns as f64 * 8.0;
    let eighths = (eighths.round() as usize).max(1);
    let (full, rest) = (eighths / 8, eighths % 8);
    if ascii {
        return "#".repeat((full + usize::from(rest >= 4)).max(1));
    }
    let mut bar = "█".repeat(full);
    if rest > 0 {
        bar.push_str(["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][rest]);
    }
    bar
}

/// A text in exactly so many columns.
fn cell(content: &str, columns: usize, ascii: bool) -> String {
    let fitted = text::fit(content, columns, ascii);
    let gap = columns.saturating_sub(text::width(&fitted));
    format!("{fitted}{}", " ".repeat(gap))
}

#[cfg(test)]
impl OverviewPage {
    /// As if usage had been asked for.
    pub(crate) fn expect_usage(&mut self, question: u64) -> bool {
        self.usage.outdate();
        self.usage.wants(question)
    }

    /// As if the user had gone to a run that must be read.
    pub(crate) fn expect_run(&mut self, run: crate::domain::ids::RunId) -> u64 {
        self.questions += 1;
        self.timeline.expect(run, self.questions);
        self.questions
    }
}
