//! The palette: every action by its name, with its key; Enter does it.

use nucleo::pattern::{CaseMatching, Normalization, Pattern};
use nucleo::{Config, Matcher, Utf32Str};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;
use tui_textarea::TextArea;

use super::{Overlay, centered, frame, wear};
use crate::domain::ids::TicketId;
use crate::ui::action::Action;
use crate::ui::available::available;
use crate::ui::effect::Effect;
use crate::ui::guard::{self, Aim};
use crate::ui::keymap::Context;
use crate::ui::model::Model;
use crate::ui::panes::moved;
use crate::ui::session::Look;
use crate::ui::text;
use crate::ui::theme::Role;
use crate::ui::update::terminal::numbered;
use crate::ui::update::{movement, perform};

/// Columns for names and for keys.
const NAME: usize = 20;
const KEYS: usize = 14;
/// The widest and the highest that it gets.
const COLUMNS: u16 = 96;
const ROWS: u16 = 24;

/// Where actions are done that need no popup: what is bound only elsewhere can't be meant.
const PLACES: &[Context] = &[
    Context::Panes,
    Context::Queue,
    Context::Transcript,
    Context::Evidence,
    Context::Inbox,
    Context::Review,
    Context::Overview,
    Context::Notes,
    Context::Editor,
    Context::Player,
    Context::Shell,
    Context::Copy,
];

/// What Enter does.
#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    Action(Action),
    Ticket(TicketId),
}

/// A line of it.
#[derive(Debug, Clone)]
struct Offer {
    what: What,
    name: String,
    keys: String,
    doc: String,
    /// Why it can't be done here and now.
    not: Option<String>,
}

/// State of the popup.
#[derive(Debug)]
pub(crate) struct Palette {
    field: TextArea<'static>,
    offers: Vec<Offer>,
    /// The ones that match, best first.
    rows: Vec<Offer>,
    selected: usize,
    /// What was before the user when it opened: that and nothing else is decided about.
    aim: Aim,
}

/// Opens it over whatever is there.
pub(crate) fn open(model: &mut Model) {
    model.overlay = None;
    let mut field = TextArea::default();
    wear(&mut field, &model.look);
    let mut palette = Palette {
        field,
        offers: offers(model),
        rows: Vec::new(),
        selected: 0,
        aim: guard::aim(model),
    };
    palette.find(model);
    model.overlay = Some(Overlay::Palette(Box::new(palette)));
}

/// Takes the popup out of the model, to change it with the model at hand.
fn with(model: &mut Model, change: impl FnOnce(&mut Palette, &Model)) {
    match model.overlay.take() {
        Some(Overlay::Palette(mut palette)) => {
            change(&mut palette, model);
            model.overlay = Some(Overlay::Palette(palette));
        }
        other => model.overlay = other,
    }
}

/// A key that edits.
pub(crate) fn key(model: &mut Model, key: crossterm::event::KeyEvent) {
    with(model, |palette, model| {
        palette.field.input(key);
        palette.find(model);
    });
}

/// Text that was pasted.
pub(crate) fn paste(model: &mut Model, text: &str) {
    with(model, |palette, model| {
        palette.field.insert_str(text.replace(['\n', '\r'], " "));
        palette.find(model);
    });
}

/// Does an action of the popup's own.
pub(crate) fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    if let Some(to) = movement::movement(action) {
        let page = usize::from(place(model).height.saturating_sub(3));
        with(model, |palette, _| {
            let last = palette.rows.len().saturating_sub(1);
            palette.selected = moved(palette.selected, to, page).min(last);
        });
        return Vec::new();
    }
    let Some(Overlay::Palette(palette)) = model.overlay.take() else {
        return Vec::new();
    };
    if action != Action::Send {
        return Vec::new();
    }
    let Some(offer) = palette.rows.get(palette.selected) else {
        return Vec::new();
    };
    match (&offer.what, &offer.not) {
        (What::Ticket(ticket), _) => {
            model.page = None;
            model.follows_run = false;
            model.queue.set_filter("");
            model.queue.select_ticket(ticket);
            Vec::new()
        }
        (What::Action(_), Some(not)) => {
            model.say(format!("{}: {not}", offer.name), Role::Notice);
            Vec::new()
        }
        (What::Action(action), None) => {
            let action = *action;
            if guard::has_moved(model, action, &palette.aim) {
                let words = format!(
                    "{}: what is asked is something else now: look again",
                    offer.name
                );
                model.say(words, Role::Warning);
                return Vec::new();
            }
            model.recent.retain(|known| *known != action);
            model.recent.insert(0, action);
            perform(model, action)
        }
    }
}

/// Every action that can be meant: what works here and now first, what was used last before that.
fn offers(model: &Model) -> Vec<Offer> {
    let contexts = model.contexts();
    let mut offers: Vec<(u8, usize, Offer)> = Vec::new();
    for action in Action::ALL.iter().copied() {
        if action == Action::Palette {
            continue;
        }
        let tab = match numbered(action) {
            Some(index) => match tab_named(model, index) {
                Some(name) => Some((format!("{} {}", action.hint(), index + 1), name)),
                None => continue,
            },
            None => None,
        };
        let here = model.keymap.key_for(&contexts, action);
        let elsewhere = || {
            let places = PLACES.iter().copied();
            places.into_iter().find_map(|context| {
                let key = model.keymap.key_for(&[context], action)?;
                Some((key, context.title()))
            })
        };
        let (rank, keys, not) = match here {
            Some(keys) if available(model, action) => (0, keys, None),
            Some(keys) => (1, keys, Some("not now".to_owned())),
            None => match elsewhere() {
                Some((keys, place)) => (2, keys, Some(format!("there: {place}"))),
                None => continue,
            },
        };
        let used = model.recent.iter().position(|known| *known == action);
        // A tab is gone to from any pane.
        let not = not.filter(|_| tab.is_none() || model.page.is_some());
        let (name, doc) =
            tab.unwrap_or_else(|| (action.hint().to_owned(), action.doc().to_owned()));
        let offer = Offer {
            what: What::Action(action),
            name,
            keys,
            doc,
            not,
        };
        offers.push((rank, used.unwrap_or(usize::MAX), offer));
    }
    offers.sort_by_key(|(rank, used, _)| (*rank, *used));
    offers.into_iter().map(|(_, _, offer)| offer).collect()
}

/// What the tab of this number is called, from 0, if there is such a one.
fn tab_named(model: &Model, index: usize) -> Option<String> {
    let mut names = model.terminal.tab_names();
    let name = names.nth(index).filter(|_| model.terminal.is_open())?;
    Some(text::clean(name).into_owned())
}

impl Palette {
    /// Another theme.
    pub(crate) fn look_changed(&mut self, look: &Look) {
        wear(&mut self.field, look);
    }

    /// Finds what matches what was typed.
    fn find(&mut self, model: &Model) {
        let query = self.field.lines().join(" ");
        let query = query.trim();
        self.selected = 0;
        if query.is_empty() {
            self.rows.clone_from(&self.offers);
            return;
        }
        let pattern = Pattern::parse(query, CaseMatching::Ignore, Normalization::Smart);
        let mut matcher = Matcher::new(Config::DEFAULT);
        let mut characters = Vec::new();
        let mut score = |text: &str| {
            let text = Utf32Str::new(text, &mut characters);
            pattern.score(text, &mut matcher)
        };
        // A name says what an action is; the sentence only helps to find it.
        let mut found: Vec<(bool, u32, &Offer)> = Vec::new();
        for offer in &self.offers {
            let What::Action(action) = offer.what else {
                continue;
            };
            let by_name = score(&offer.name).max(score(action.name()));
            if let Some(score) = by_name {
                found.push((true, score, offer));
            } else if let Some(score) = score(&offer.doc) {
                found.push((false, score, offer));
            }
        }
        found.sort_by_key(|(by_name, score, offer)| {
            (offer.not.is_some(), !by_name, std::cmp::Reverse(*score))
        });
        let tickets = ticket(model, query);
        self.rows = tickets
            .into_iter()
            .chain(found.into_iter().map(|(_, _, offer)| offer.clone()))
            .collect();
    }

    /// Draws it.
    pub(crate) fn draw(&self, screen: Rect, buffer: &mut Buffer, look: &Look) {
        let inner = frame(
            "Actions (Enter does it, Esc closes)",
            area(screen),
            buffer,
            look,
        );
        let [top, list @ ..] = &inner.rows().collect::<Vec<_>>()[..] else {
            return;
        };
        let theme = &look.theme;
        let prompt = Rect {
            width: top.width.min(2),
            ..*top
        };
        let field = Rect {
            x: top.x + prompt.width,
            width: top.width - prompt.width,
            ..*top
        };
        Line::styled(": ", theme.style(Role::HintKey)).render(prompt, buffer);
        if !field.is_empty() {
            self.field.render(field, buffer);
        }
        if self.rows.is_empty()
            && let Some(row) = list.first()
        {
            Line::styled("nothing is called so", theme.style(Role::Dim)).render(*row, buffer);
        }
        let first = (self.selected + 1).saturating_sub(list.len());
        let rows = self.rows.iter().enumerate().skip(first);
        for ((index, offer), row) in rows.zip(list) {
            offer
                .line(usize::from(row.width), look)
                .render(*row, buffer);
            if index == self.selected {
                buffer.set_style(*row, theme.style(Role::Selection));
            }
        }
    }
}

impl Offer {
    fn line(&self, columns: usize, look: &Look) -> Line<'static> {
        let theme = &look.theme;
        // What can't be done is told in words too.
        let (name_role, doc_role, doc) = match &self.not {
            Some(not) => (Role::Dim, Role::Dim, format!("({not}) {}", self.doc)),
            None => (Role::Text, Role::Hint, self.doc.clone()),
        };
        let pad = |text: &str, columns: usize| {
            let text = text::fit(text, columns, look.ascii).into_owned();
            let gap = columns.saturating_sub(text::width(&text));
            text + &" ".repeat(gap)
        };
        // On a narrow screen the sentence goes first, then the room of the others.
        let name = NAME.min(columns / 2);
        let keys = KEYS.min(columns.saturating_sub(name + 2));
        let doc_room = columns.saturating_sub(name + keys + 4);
        let doc = text::fit(&doc, doc_room, look.ascii).into_owned();
        let key_role = if self.not.is_some() {
            Role::Dim
        } else {
            Role::HintKey
        };
        Line::from(vec![
            Span::raw(" "),
            Span::styled(pad(&self.name, name), theme.style(name_role)),
            Span::raw(" "),
            Span::styled(pad(&self.keys, keys), theme.style(key_role)),
            Span::raw("  "),
            Span::styled(doc, theme.style(doc_role)),
        ])
    }
}

/// The ticket of this number.
fn ticket(model: &Model, query: &str) -> Option<Offer> {
    let entry = model.queue.numbered(query)?;
    Some(Offer {
        what: What::Ticket(entry.id.clone()),
        name: entry.name.to_string(),
        keys: String::new(),
        doc: entry.title.clone(),
        not: None,
    })
}

fn area(screen: Rect) -> Rect {
    centered(
        screen,
        COLUMNS,
        ROWS.min(screen.height.saturating_sub(2)).max(3),
    )
}

fn place(model: &Model) -> Rect {
    area(Rect::new(0, 0, model.size.width, model.size.height))
}
