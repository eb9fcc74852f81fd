//! Everything that waits for the user, of all tickets: requests, questions, gates, dispatches. What is asked is shown whole beside
//! the list, and one key answers it.

mod detail;
mod draw;

use std::collections::BTreeSet;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::domain::command::Command;
use crate::domain::inbox::{self, Waiting, What};
use crate::domain::request::Ask;
use crate::domain::rules::{Scope, like};
use crate::domain::time::Timestamp;
use crate::ui::action::Action;
use crate::ui::answers;
use crate::ui::composing;
use crate::ui::effect::Effect;
use crate::ui::guard;
use crate::ui::layout::{inside, split_top};
use crate::ui::model::Model;
use crate::ui::overlay::Purpose;
use crate::ui::pages::Page;
use crate::ui::panes::{Move, moved};
use crate::ui::theme::Role;
use crate::ui::update;
use crate::ui::update::movement::{focus, movement};

pub(super) use draw::draw;

/// From this width on the list stands beside what is selected.
const WIDE: u16 = 64;
/// Below this many columns what is asked comes before all that is about it.
const NARROW: usize = 44;
/// How long an answer is on its way before it may be given again.
const ON_ITS_WAY: Duration = Duration::from_secs(2);

/// State of the page.
#[derive(Debug, Default)]
pub(crate) struct InboxPage {
    /// What waits, as of the last frame.
    items: Vec<Waiting>,
    selected: Option<Waiting>,
    row: usize,
    top: usize,
    /// Messages that were read.
    read: BTreeSet<Waiting>,
    /// What was answered a moment ago, and when.
    answered: Option<(Waiting, Duration)>,
    /// What the detail was laid out for: the thing, the columns and the look.
    laid_out: Option<(Waiting, u16, u64)>,
    lines: Vec<Line<'static>>,
    /// The first line of the detail that is shown.
    from: usize,
    /// Whether the end of the detail was on the screen.
    was_read: bool,
    places: Places,
}

/// Where the list and the detail are, borders included.
#[derive(Debug, Default, Clone, Copy)]
struct Places {
    list: Rect,
    detail: Rect,
}

impl InboxPage {
    /// What is selected, as it was last painted.
    pub(crate) fn selected(&self) -> Option<&Waiting> {
        self.selected.as_ref()
    }

    fn select(&mut self, row: usize) {
        if let Some(item) = self.items.get(row) {
            self.row = row;
            if self.selected.as_ref() != Some(item) {
                self.selected = Some(item.clone());
                self.from = 0;
                self.was_read = false;
            }
        }
    }

    /// Whether its answer is on its way.
    fn is_answered(&self, item: &Waiting, now: Duration) -> bool {
        let answered = self.answered.as_ref();
        answered.is_some_and(|(known, at)| known == item && now.saturating_sub(*at) < ON_ITS_WAY)
    }

    fn last_top(&self) -> usize {
        let height = usize::from(inside(self.places.detail).height);
        self.lines.len().saturating_sub(height)
    }
}

/// The page was opened.
pub(super) fn open(model: &mut Model) -> Vec<Effect> {
    collect(model);
    // What the panes show is what was meant.
    let selected = model.queue.selected();
    let of_ticket = |item: &Waiting| Some(&item.ticket) == selected;
    if let Some(row) = model.inbox.items.iter().position(of_ticket) {
        model.inbox.select(row);
    }
    Vec::new()
}

/// Does an action, if it is one of this page's.
pub(super) fn act(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    if let Some(to) = movement(action) {
        go(model, action, to);
        return Some(Vec::new());
    }
    match action {
        Action::NextWaiting => {
            let count = model.inbox.items.len();
            if count > 0 {
                model.inbox.select((model.inbox.row + 1) % count);
            }
        }
        Action::Inbox => model.page = None,
        Action::Approve
        | Action::AllowTicket
        | Action::AllowAlways
        | Action::Reject
        | Action::Reply
        | Action::Steer
        | Action::Claim
        | Action::EndTurn
        | Action::Open
        | Action::Diff => {
            let Some(item) = model.inbox.selected.clone() else {
                model.say("nothing waits for you", Role::Notice);
                return Some(Vec::new());
            };
            return Some(about(model, action, item));
        }
        _ => return None,
    }
    Some(Vec::new())
}

fn about(model: &mut Model, action: Action, item: Waiting) -> Vec<Effect> {
    match action {
        Action::Approve => match &item.what {
            What::Message { .. } => {
                model.inbox.read.insert(item);
                Vec::new()
            }
            _ => said(model, item, |model, item| {
                let asks_first = !model.inbox.was_read;
                answers::approve(model, item, asks_first)
            }),
        },
        // Nothing is allowed there: the key does what it does in the panes.
        Action::AllowTicket if matches!(item.what, What::Silent { .. }) => {
            leave_for(model, &item);
            update::perform(model, Action::Terminal)
        }
        Action::Claim | Action::EndTurn => {
            let done = action == Action::Claim;
            said(model, item, |model, item| claim(model, item, done))
        }
        Action::AllowTicket => said(model, item, |model, item| {
            let asks_first = !model.inbox.was_read;
            answers::approve_like(model, item, Scope::Ticket, asks_first)
        }),
        Action::AllowAlways => answers::approve_like(model, &item, Scope::Always, true),
        Action::Reject => answers::reject(model, &item),
        Action::Reply => {
            if let Some(name) = answers::name_of(model, &item) {
                let request = answers::id_of(&item);
                composing::reply(model, item.ticket, name, request);
            }
            Vec::new()
        }
        Action::Steer => {
            if let Some(name) = answers::name_of(model, &item) {
                composing::open(model, Purpose::Steer(item.ticket, name));
            }
            Vec::new()
        }
        _ => {
            leave_for(model, &item);
            if action == Action::Diff {
                return update::perform(model, Action::Diff);
            }
            Vec::new()
        }
    }
}

/// Back to the panes, which show whose thing it is.
fn leave_for(model: &mut Model, item: &Waiting) {
    model.page = None;
    model.queue.select_ticket(&item.ticket);
    model.queue.refresh(&model.board, model.now);
    focus(model, model.focus);
}

/// Says that the turn of a quiet program is over, and whether its work is done.
fn claim(model: &mut Model, item: &Waiting, done: bool) -> Vec<Effect> {
    if !matches!(item.what, What::Silent { .. }) {
        model.say(
            "only the turn of a silent program is ended like that",
            Role::Notice,
        );
        return Vec::new();
    }
    let ticket = item.ticket.clone();
    vec![Effect::Send(Command::Claim { ticket, done })]
}

/// Says something to the thing that is selected, once, and goes on to the next one.
fn said(
    model: &mut Model,
    item: Waiting,
    say: impl FnOnce(&mut Model, &Waiting) -> Vec<Effect>,
) -> Vec<Effect> {
    if model.inbox.is_answered(&item, model.uptime) {
        model.say("that answer is on its way", Role::Notice);
        return Vec::new();
    }
    let effects = say(model, &item);
    if !effects.is_empty() {
        model.inbox.answered = Some((item, model.uptime));
        let next = model.inbox.row + 1;
        let count = model.inbox.items.len();
        model.inbox.select(if next < count { next } else { 0 });
    }
    effects
}

/// A key that is bound to nothing: a digit chooses among the answers that an agent suggests.
pub(super) fn key(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    let KeyCode::Char(digit @ '1'..='9') = key.code else {
        return Vec::new();
    };
    if !key.modifiers.difference(KeyModifiers::SHIFT).is_empty() {
        return Vec::new();
    }
    let Some(item) = model.inbox.selected.clone() else {
        return Vec::new();
    };
    if !guard::is_seen(model) {
        model.say("that has just come: read it first", Role::Notice);
        return Vec::new();
    }
    let index = digit.to_digit(10).map_or(0, |digit| digit as usize - 1);
    said(model, item, |model, item| {
        answers::choose(model, item, index)
    })
}

/// Lines and ends move in the list, pages in what is shown.
fn go(model: &mut Model, action: Action, to: Move) {
    let inbox = &mut model.inbox;
    if matches!(action, Action::PageUp | Action::PageDown) {
        let height = usize::from(inside(inbox.places.detail).height);
        inbox.from = moved(inbox.from, to, height).min(inbox.last_top());
        return;
    }
    let last = inbox.items.len().saturating_sub(1);
    let height = usize::from(inside(inbox.places.list).height);
    inbox.select(moved(inbox.row, to, height).min(last));
}

/// The mouse did something: it selects and scrolls, and never decides.
pub(super) fn mouse(model: &mut Model, mouse: MouseEvent) -> Vec<Effect> {
    let inbox = &mut model.inbox;
    let at = (mouse.column, mouse.row).into();
    let lines = match mouse.kind {
        MouseEventKind::ScrollUp => -3,
        MouseEventKind::ScrollDown => 3,
        MouseEventKind::Down(MouseButton::Left) => {
            let list = inside(inbox.places.list);
            if list.contains(at) {
                inbox.select(inbox.top + usize::from(mouse.row - list.y));
            }
            return Vec::new();
        }
        _ => return Vec::new(),
    };
    if inbox.places.detail.contains(at) {
        inbox.from = moved(inbox.from, Move::Lines(lines), 0).min(inbox.last_top());
    } else {
        let last = inbox.items.len().saturating_sub(1);
        inbox.select(moved(inbox.row, Move::Lines(lines.signum()), 0).min(last));
    }
    Vec::new()
}

/// Finds out what waits; the selection stays on its thing, and when that is gone, on its row.
fn collect(model: &mut Model) {
    let mut items = inbox::waiting(&model.board);
    // Tickets of people that no run has come to yet: they wait longer than anybody knows.
    let tasks = model.queue.for_users(&model.board).map(|ticket| Waiting {
        since: Timestamp::default(),
        ticket: ticket.clone(),
        what: What::Task,
    });
    items.extend(tasks);
    let inbox = &mut model.inbox;
    items.retain(|item| !inbox.read.contains(item));
    inbox.items = items;
    let found = inbox.selected.as_ref();
    let found = found.and_then(|known| inbox.items.iter().position(|item| item == known));
    let last = inbox.items.len().saturating_sub(1);
    inbox.row = found.unwrap_or(inbox.row.min(last));
    if found.is_none() {
        inbox.selected = inbox.items.get(inbox.row).cloned();
        inbox.from = 0;
        inbox.was_read = false;
    }
}

/// Lays out what is to be seen.
pub(super) fn prepare(model: &mut Model, area: Rect) -> Vec<Effect> {
    collect(model);
    let count = u16::try_from(model.inbox.items.len()).unwrap_or(u16::MAX);
    let places = if area.width >= WIDE {
        let width = (area.width * 2 / 5).clamp(26, 56);
        let list = Rect { width, ..area };
        let detail = Rect {
            x: area.x + width,
            width: area.width - width,
            ..area
        };
        Places { list, detail }
    } else {
        // On a low screen what is asked matters more than what else waits.
        let rows = match area.height {
            0..7 => 0,
            7..18 => 3,
            height => count.max(1).saturating_add(2).min(height / 3),
        };
        let (list, detail) = split_top(area, rows);
        Places { list, detail }
    };
    model.inbox.places = places;
    let rows = usize::from(inside(places.list).height);
    let inbox = &mut model.inbox;
    let lowest = (inbox.row + 1).saturating_sub(rows.max(1));
    let last_top = inbox.items.len().saturating_sub(rows);
    inbox.top = inbox.top.min(inbox.row).max(lowest).min(last_top);
    let columns = inside(places.detail).width;
    let stamp = model.look.stamp();
    let wanted = inbox.selected.clone();
    let wanted = wanted.map(|item| (item, columns, stamp));
    if inbox.laid_out != wanted {
        let lines = wanted
            .as_ref()
            .map(|(item, columns, _)| detail::lines(model, item, usize::from(*columns)));
        model.inbox.lines = lines.unwrap_or_default();
        model.inbox.laid_out = wanted;
    }
    let inbox = &mut model.inbox;
    inbox.from = inbox.from.min(inbox.last_top());
    let height = usize::from(inside(inbox.places.detail).height);
    inbox.was_read |= height > 0 && inbox.from + height >= inbox.lines.len();
    Vec::new()
}

/// Since when durations run that are shown.
pub(crate) fn shown_since(model: &Model) -> impl Iterator<Item = Timestamp> + '_ {
    let is_open = model.page == Some(Page::Inbox);
    let items = model.inbox.items.iter().filter(move |_| is_open);
    let known = items.filter(|item| item.since != Timestamp::default());
    known.map(|item| item.since)
}

/// Whether an action would do something with what is selected; `None` when it is not about that.
pub(crate) fn does(model: &Model, action: Action) -> Option<bool> {
    let about_item = matches!(
        action,
        Action::Approve
            | Action::AllowTicket
            | Action::AllowAlways
            | Action::Reject
            | Action::Reply
            | Action::Steer
            | Action::Claim
            | Action::EndTurn
            | Action::Diff
    );
    if !about_item {
        return None;
    }
    let Some(item) = &model.inbox.selected else {
        return Some(false);
    };
    let view = model.board.tickets.get(&item.ticket);
    let has_attempt = view.is_some_and(|view| view.attempt.is_some());
    let is_silent = matches!(item.what, What::Silent { .. });
    Some(match action {
        Action::Approve => !matches!(item.what, What::Task | What::Taken | What::Silent { .. }),
        Action::Claim | Action::EndTurn => is_silent,
        Action::AllowTicket if is_silent => true,
        Action::AllowTicket | Action::AllowAlways => {
            answers::request_of(model, item).is_some_and(|request| like(request).is_ok())
        }
        Action::Reject => matches!(item.what, What::Request { .. } | What::Gate),
        Action::Steer => view.is_some_and(|view| composing::is_in_turn(&view.state)),
        _ => has_attempt,
    })
}

/// The keys that do something here.
pub(crate) fn hints(model: &Model) -> Vec<Action> {
    let mut actions = Vec::new();
    if let Some(item) = &model.inbox.selected {
        let request = answers::request_of(model, item);
        let of_item: &[Action] = match (&item.what, request.map(|request| &request.ask)) {
            (What::Request { .. }, Some(Ask::Question { .. }))
            | (What::Words | What::Message { .. }, _) => &[Action::Reply],
            (What::Request { .. }, Some(Ask::Tool { .. })) => &[Action::Approve, Action::Reject],
            (What::Request { .. }, _) => &[
                Action::Approve,
                Action::AllowTicket,
                Action::AllowAlways,
                Action::Reject,
            ],
            (What::Gate, _) => &[Action::Approve, Action::Reject, Action::Diff],
            (What::Task, _) => &[],
            (What::Taken, _) => &[Action::HandBack, Action::TakeOverAgent],
            (What::Silent { .. }, _) => &[Action::Claim, Action::EndTurn],
        };
        actions.extend_from_slice(of_item);
        actions.push(Action::Open);
        if model.inbox.last_top() > 0 {
            actions.push(Action::PageDown);
        }
        if model.inbox.items.len() > 1 {
            actions.push(Action::NextWaiting);
        }
    }
    actions.extend([Action::Back, Action::Help]);
    actions
}
