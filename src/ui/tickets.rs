//! What actions do with the tickets of the queue: with several at once, with their order, and new ones.

use std::collections::BTreeSet;

use super::action::Action;
use super::change::{Change, Changed, Create, Place, Snapshot, To};
use super::effect::Effect;
use super::model::Model;
use super::overlay::find::Find;
use super::overlay::many::{Deed, Many};
use super::overlay::new_ticket::NewTicket;
use super::overlay::{Confirm, Overlay, Wish};
use super::pages::{self, Page};
use super::theme::Role;
use super::update::movement::movement;
use crate::domain::command::Command;
use crate::domain::ids::TicketId;
use crate::domain::queue::placing::{self, NewPriority, Spot};
use crate::tickets::template::{TEMPLATES, Template};

/// What was asked for, with the names that people know tickets by in the place of their ids.
pub(crate) fn named(model: &Model, what: &str) -> String {
    let words = what.split(' ').map(|word| {
        let (id, comma) = match word.strip_suffix(',') {
            Some(id) => (id, ","),
            None => (word, ""),
        };
        let entry = id.parse().ok().and_then(|id| model.queue.entry_of(&id));
        entry.map_or_else(|| word.to_owned(), |entry| format!("{}{comma}", entry.name))
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Moves that are on their way into the files.
#[derive(Debug, Default)]
pub(crate) struct Moves {
    /// What the queue must say before the next move is computed.
    awaited: Vec<NewPriority>,
    /// Whether a move is being computed, written or asked about.
    under_way: bool,
    /// Moves by one that were asked for meanwhile; less than zero is up.
    later: i32,
    /// A ticket that was made here: the editor opens when the queue has it.
    to_edit: Option<TicketId>,
}

/// Does an action that is about the queue; `None` when it is none.
pub(super) fn perform(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    let effects = match action {
        Action::Mark => {
            model.follows_run = false;
            model.queue.toggle_mark();
            Vec::new()
        }
        Action::MarkAll => {
            model.queue.toggle_all_marks();
            Vec::new()
        }
        Action::ToggleDependencies => {
            model.queue.toggle_view();
            Vec::new()
        }
        Action::MoveUp => shift(model, -1),
        Action::MoveDown => shift(model, 1),
        Action::MoveFirst => place(model, To::Spot(Spot::First)),
        Action::MoveLast => place(model, To::Spot(Spot::Last)),
        Action::Find => {
            let find = Find::new(&model.queue, &model.board, model.now, &model.look);
            model.overlay = Some(Overlay::Find(Box::new(find)));
            Vec::new()
        }
        Action::NewTicket => {
            let template = Template::named(model.new_tickets.template).unwrap_or(TEMPLATES[0]);
            let form = NewTicket::new(template, &model.look);
            model.overlay = Some(Overlay::NewTicket(Box::new(form)));
            Vec::new()
        }
        _ => return ask_about_marked(model, action),
    };
    Some(effects)
}

/// Asks whether to do to all marked tickets what the action does to one. `None` when none is marked, or when it can't be done to
/// several.
fn ask_about_marked(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    let deed = match action {
        Action::StartOnly => Deed::Start,
        Action::StopTicket => Deed::Stop,
        Action::Retry => Deed::Retry,
        Action::Skip => Deed::Skip,
        Action::Unskip => Deed::Unskip,
        _ => return None,
    };
    let tickets = model.queue.marked();
    if tickets.is_empty() {
        return None;
    }
    let wish = Wish::Many(Box::new(Many { deed, tickets }));
    model.overlay = Some(Overlay::Confirm(Confirm::new(wish)));
    Some(Vec::new())
}

/// All that was asked about several tickets was answered by yes.
pub(super) fn do_to_many(model: &mut Model, many: Many) -> Vec<Effect> {
    model.queue.unmark();
    let Many { deed, tickets } = many;
    let tickets = tickets.into_iter().map(|(ticket, _)| ticket);
    let each = |command: fn(TicketId) -> Command| -> Vec<Effect> {
        tickets.clone().map(command).map(Effect::Send).collect()
    };
    match deed {
        Deed::Start => {
            model.start_is_asked = true;
            let tickets = tickets.collect();
            vec![Effect::Send(Command::StartSome { tickets })]
        }
        Deed::Retry => {
            model.start_is_asked = true;
            each(|ticket| Command::Retry { ticket })
        }
        Deed::Stop => each(|ticket| Command::StopTicket { ticket }),
        Deed::Skip => each(|ticket| Command::Skip { ticket }),
        Deed::Unskip => each(|ticket| Command::Unskip { ticket }),
    }
}

/// Moves by one, or later, when a move is under way.
fn shift(model: &mut Model, by: i32) -> Vec<Effect> {
    if model.moves.under_way {
        model.moves.later = model.moves.later.saturating_add(by);
        return Vec::new();
    }
    let shown = model.queue.shown();
    place(model, To::Neighbour { up: by < 0, shown })
}

fn place(model: &mut Model, to: To) -> Vec<Effect> {
    if model.moves.under_way {
        model.say("the last move is still being written", Role::Notice);
        return Vec::new();
    }
    if model.queue.is_beginning() {
        model.say("the queue is still being read", Role::Notice);
        return Vec::new();
    }
    model.follows_run = false;
    let marked = model.queue.marked().into_iter().map(|(ticket, _)| ticket);
    let mut tickets: Vec<TicketId> = marked.collect();
    if tickets.is_empty() {
        tickets.extend(model.queue.selected().cloned());
    }
    if tickets.is_empty() {
        model.say("no ticket is selected", Role::Notice);
        return Vec::new();
    }
    let board = &model.board;
    let fixed: BTreeSet<TicketId> = board
        .tickets
        .keys()
        .filter(|ticket| placing::has_begun(board, ticket))
        .cloned()
        .collect();
    model.moves.under_way = true;
    vec![Effect::Change(Change::Place(Box::new(Place {
        root: model.repository_root.clone(),
        queue: Snapshot(model.queue.queue().clone()),
        tickets,
        to,
        fixed,
    })))]
}

/// Other tickets' files may change for a move.
pub(super) fn reorder(model: &mut Model, priorities: Vec<NewPriority>) -> Vec<Effect> {
    model.moves.under_way = true;
    vec![Effect::Change(Change::Write {
        root: model.repository_root.clone(),
        priorities,
    })]
}

/// A change of ticket files was carried out, or was not.
pub(super) fn changed(model: &mut Model, changed: Changed) -> Vec<Effect> {
    match changed {
        Changed::Placed(Ok(written)) if written.is_empty() => {
            model.moves = Moves {
                to_edit: model.moves.to_edit.take(),
                ..Moves::default()
            };
            model.say("it can't go further there", Role::Notice);
            Vec::new()
        }
        Changed::Placed(Ok(written)) => {
            let words: Vec<_> = written
                .iter()
                .take(3)
                .map(|new| format!("{} has priority {}", new.name, new.to))
                .collect();
            let more = if written.len() > 3 { ", …" } else { "" };
            model.say(format!("{}{more}", words.join(", ")), Role::Notice);
            model.moves.awaited = written;
            go_on(model)
        }
        Changed::Placed(Err(why)) => {
            model.moves.under_way = false;
            model.moves.later = 0;
            model.say(why, Role::Warning);
            Vec::new()
        }
        Changed::WouldTouch(priorities) => {
            model.moves.under_way = false;
            model.moves.later = 0;
            // Nothing else may be answered by a key that was meant for this.
            if model.overlay.is_none() {
                let wish = Wish::Reorder(priorities);
                model.overlay = Some(Overlay::Confirm(Confirm::new(wish)));
            }
            Vec::new()
        }
        Changed::Created(Ok((ticket, name))) => {
            model.follows_run = false;
            model.queue.go_to(&ticket);
            model.moves.to_edit = Some(ticket);
            model.say(format!("{name} is written"), Role::Notice);
            go_on(model)
        }
        Changed::Created(Err(why)) => {
            model.say(why, Role::Error);
            Vec::new()
        }
    }
}

/// Another queue came, or something was written that may be in it already: what waited for that goes on.
pub(super) fn go_on(model: &mut Model) -> Vec<Effect> {
    let queue = model.queue.queue();
    let is_there = |new: &NewPriority| {
        let entry = queue.by_id(&new.ticket);
        // Gone, or changed by somebody else since: nothing is to be waited for.
        entry.is_none_or(|entry| entry.revision != new.revision)
    };
    if model.moves.under_way
        && !model.moves.awaited.is_empty()
        && model.moves.awaited.iter().all(is_there)
    {
        model.moves.awaited.clear();
        model.moves.under_way = false;
        let later = model.moves.later;
        if later != 0 {
            model.moves.later = later - later.signum();
            return shift(model, later.signum());
        }
    }
    Vec::new()
}

/// A ticket that was made here is selected by now: its text is opened.
pub(super) fn open_new(model: &mut Model) -> Vec<Effect> {
    let selected = model.queue.selected();
    if model.moves.to_edit.is_none() || model.moves.to_edit.as_ref() != selected {
        return Vec::new();
    }
    model.moves.to_edit = None;
    if model.overlay.is_some() || model.page.is_some() {
        // The user has gone on to something else.
        return Vec::new();
    }
    pages::open(model, Page::Editor)
}

/// Does an action where something is chosen from a list.
pub(super) fn choose(model: &mut Model, action: Action) -> Vec<Effect> {
    let to = movement(action);
    match (&mut model.overlay, to) {
        (Some(Overlay::Find(find)), Some(to)) => {
            find.go(to);
            return Vec::new();
        }
        (Some(Overlay::NewTicket(form)), Some(to)) => {
            form.go(to);
            return Vec::new();
        }
        _ => {}
    }
    match (model.overlay.take(), action) {
        (Some(Overlay::Find(find)), Action::Send) => {
            if let Some(ticket) = find.chosen() {
                model.follows_run = false;
                model.queue.go_to(ticket);
            }
            Vec::new()
        }
        (Some(Overlay::NewTicket(form)), Action::Send) => {
            let title = form.title();
            if title.is_empty() {
                model.overlay = Some(Overlay::NewTicket(form));
                model.say("a ticket needs a title", Role::Warning);
                return Vec::new();
            }
            vec![Effect::Change(Change::Create(Box::new(Create {
                root: model.repository_root.clone(),
                folder: model.new_tickets.folder.clone(),
                title,
                template: form.template(),
                agent: model.new_tickets.agent.clone(),
            })))]
        }
        _ => Vec::new(),
    }
}
