//! Taking an attempt over on the screen: its agent's own TUI in the terminal pane, and what follows when that has ended.

use super::action::Action;
use super::composing;
use super::effect::{Effect, TerminalId};
use super::guard;
use super::keymap::Context;
use super::layout::Pane;
use super::model::Model;
use super::overlay::{Confirm, Overlay, Purpose, Taking, Wish};
use super::pages::Page;
use super::panes::terminal::Place;
use super::terminals::Launch;
use super::theme::Role;
use super::update::movement::{focus, lend_room};
use crate::domain::attempt::Need;
use crate::domain::board::{TicketState, TicketView};
use crate::domain::command::Command;
use crate::domain::event::Event;
use crate::domain::ids::{AttemptId, TicketId, TicketName};
use crate::domain::inbox;
use crate::domain::taking::Seat;

/// What the interfaces of agents are made for: a terminal of the usual size.
const COLUMNS: u16 = 80;
const ROWS: u16 = 24;

/// Whether an attempt could be taken over, as far as the screen knows.
pub(crate) fn could_be_taken(model: &Model, view: &TicketView) -> bool {
    let has_tui = |agent: &str| {
        let abilities = model.abilities.get(agent);
        abilities.is_none_or(|abilities| abilities.has_tui)
    };
    let is_there = view.is_taken()
        || match &view.state {
            TicketState::Running
            | TicketState::Validating { .. }
            | TicketState::BackingOff { .. } => true,
            state => inbox::need(state).is_some_and(|need| *need != Need::UserTask),
        };
    view.attempt.is_some() && is_there && has_tui(&view.agent)
}

/// The user wants to take the selected ticket's attempt over, or to go back to the TUI of one that is.
pub(crate) fn ask(model: &mut Model) -> Vec<Effect> {
    let Some((ticket, name)) = selected(model) else {
        model.say("no ticket is selected", Role::Notice);
        return Vec::new();
    };
    let Some(view) = model.board.tickets.get(&ticket) else {
        model.say(format!("{name} has no attempt yet"), Role::Notice);
        return Vec::new();
    };
    if view.is_taken() {
        return open(model, &ticket);
    }
    if !could_be_taken(model, view) {
        let why = match model.abilities.get(&view.agent) {
            Some(abilities) if !abilities.has_tui => format!(
                "docket knows no terminal interface of {}: `resume` in its table of the configuration says it",
                view.agent
            ),
            _ => format!("{name} has nothing now that could be taken over"),
        };
        model.say(why, Role::Notice);
        return Vec::new();
    }
    let taking = Taking {
        ticket,
        name,
        attempt: view.attempt.clone(),
        agent: view.agent.clone(),
        turn: composing::is_in_turn(&view.state).then_some(view.turn),
    };
    model.overlay = Some(Overlay::Confirm(Confirm::new(Wish::TakeSession(Box::new(
        taking,
    )))));
    Vec::new()
}

/// The question was answered by yes: the TUI opens when the runner says that the session is free.
pub(crate) fn confirmed(model: &mut Model, taking: Taking) -> Vec<Effect> {
    model.taking.clone_from(&taking.attempt);
    let Taking {
        ticket,
        attempt,
        name,
        ..
    } = taking;
    model.say(
        format!("taking {name} over: its agent is being ended"),
        Role::Notice,
    );
    let by = Seat::Screen;
    vec![Effect::Send(Command::TakeSession {
        ticket,
        attempt,
        by,
    })]
}

/// Takes in a fact.
pub(crate) fn told(model: &mut Model, event: &Event) -> Vec<Effect> {
    match event {
        Event::SessionTaken {
            attempt,
            by: Seat::Screen,
            ..
        } if model.taking.as_ref() == Some(attempt) => {
            model.taking = None;
            let Some(ticket) = model.board.ticket_of(attempt).cloned() else {
                return Vec::new();
            };
            if types_elsewhere(model) {
                let name = name_of(model, &ticket);
                let key = key_for(model, Action::TakeOverAgent, "shows it");
                model.say(format!("{name} is taken over{key}"), Role::Notice);
                return Vec::new();
            }
            open(model, &ticket)
        }
        Event::Refused { .. } => {
            model.taking = None;
            Vec::new()
        }
        Event::AttemptFinished { attempt, .. } if model.taking.as_ref() == Some(attempt) => {
            model.taking = None;
            Vec::new()
        }
        _ => Vec::new(),
    }
}

/// `: H hands it back`; nothing when no key does that.
fn key_for(model: &Model, action: Action, does: &str) -> String {
    let key = model.keymap.key_for(&[Context::Panes], action);
    key.map_or_else(String::new, |key| format!(": {key} {does}"))
}

/// Whether the user types into something by now, which must not lose the keys.
fn types_elsewhere(model: &Model) -> bool {
    let is_in_terminal =
        model.focus == Pane::Terminal && model.terminal.is_open() && model.terminal.is_alive();
    model.overlay.is_some()
        || model.page == Some(Page::Editor)
        || (model.page.is_none() && is_in_terminal)
}

/// Opens the TUI of a ticket that is taken over, or shows it.
fn open(model: &mut Model, ticket: &TicketId) -> Vec<Effect> {
    let name = name_of(model, ticket);
    let Some(view) = model.board.tickets.get(ticket) else {
        return Vec::new();
    };
    let Some(Need::TakenOver { session }) = inbox::need(&view.state) else {
        return Vec::new();
    };
    let (Some(attempt), Some(workspace)) = (&view.attempt, &view.workspace) else {
        let why =
            format!("nobody knows where {name} works: `docket term {name} --tui` looks it up");
        model.say(why, Role::Warning);
        return Vec::new();
    };
    let launch = Launch::Agent {
        ticket: ticket.clone(),
        attempt: attempt.clone(),
        agent: view.agent.clone(),
        session: session.clone(),
    };
    let label = format!("{} of {}", view.agent, digits(&name));
    let place = Place {
        folder: workspace.path.clone(),
        label,
    };
    match model.terminal.show(launch, place) {
        Ok(effects) => {
            model.page = None;
            // What was said of its coming is over, and hides the keys.
            model.notice = None;
            focus(model, Pane::Terminal);
            lend_room(model, COLUMNS, ROWS);
            effects
        }
        Err(why) => {
            model.say(why, Role::Warning);
            Vec::new()
        }
    }
}

fn digits(name: &str) -> String {
    let name: Result<TicketName, _> = name.parse();
    name.map(|name| name.digits().to_owned())
        .unwrap_or_default()
}

fn name_of(model: &Model, ticket: &TicketId) -> String {
    let entry = model.queue.entry_of(ticket);
    entry.map_or_else(|| ticket.to_string(), |entry| entry.name.to_string())
}

/// A program on a terminal has ended: after an agent's TUI the hand-back is offered.
pub(crate) fn ended(model: &mut Model, terminal: TerminalId) {
    let Some(Launch::Agent {
        ticket, attempt, ..
    }) = model.terminal.launch_of(terminal).cloned()
    else {
        return;
    };
    let is_still_taken = model
        .board
        .tickets
        .get(&ticket)
        .is_some_and(|view| view.attempt.as_ref() == Some(&attempt) && view.is_taken());
    if !is_still_taken {
        return;
    }
    // What it said of its trouble is not covered, and words that were meant for it go to nobody.
    if !model.terminal.ended_well(terminal) {
        let name = name_of(model, &ticket);
        let key = key_for(model, Action::HandBack, "in the queue hands it back");
        let words = format!("{name} is still taken over: its terminal interface failed{key}");
        model.say(words, Role::Warning);
        return;
    }
    // What the user does elsewhere meanwhile is not disturbed.
    let is_looked_at = model.overlay.is_none()
        && model.page.is_none()
        && model.focus == Pane::Terminal
        && model.terminal.shown_id() == Some(terminal);
    if !is_looked_at {
        let name = name_of(model, &ticket);
        let words = format!("the terminal interface of {name} has ended: hand it back");
        model.say(words, Role::Notice);
        return;
    }
    offer(model, ticket);
    guard::came(model);
}

/// Asks for words for an agent that is handed back.
fn offer(model: &mut Model, ticket: TicketId) {
    let Some(name) = model
        .queue
        .entry_of(&ticket)
        .map(|entry| entry.name.clone())
    else {
        return;
    };
    composing::open(model, Purpose::HandBack(ticket, name));
}

/// The user wants to hand the selected ticket's attempt back.
pub(crate) fn hand_back(model: &mut Model) -> Vec<Effect> {
    let Some((ticket, name)) = selected(model) else {
        model.say("no ticket is selected", Role::Notice);
        return Vec::new();
    };
    let view = model.board.tickets.get(&ticket);
    let Some(attempt) = view
        .filter(|view| view.is_taken())
        .and_then(|view| view.attempt.clone())
    else {
        model.say(format!("nobody has taken {name} over"), Role::Notice);
        return Vec::new();
    };
    if sits(model, &attempt) {
        let words = format!("the terminal interface of {name} still runs: quit it first");
        model.say(words, Role::Notice);
        focus(model, Pane::Terminal);
        return Vec::new();
    }
    offer(model, ticket);
    Vec::new()
}

/// Whether its TUI runs in this screen.
fn sits(model: &Model, attempt: &AttemptId) -> bool {
    let mut live = model.terminal.live();
    live.any(|launch| matches!(launch, Launch::Agent { attempt: other, .. } if other == attempt))
}

/// The words are complete; there may be none.
pub(crate) fn said(ticket: TicketId, text: &str) -> Vec<Effect> {
    let words = Some(text.trim().to_owned()).filter(|words| !words.is_empty());
    let by = Seat::Screen;
    vec![Effect::Send(Command::HandBack { ticket, words, by })]
}

/// What is selected: in the inbox where that is open, else in the queue.
fn selected(model: &Model) -> Option<(TicketId, TicketName)> {
    let entry = match (model.page, model.inbox.selected()) {
        (Some(Page::Inbox), Some(item)) => model.queue.entry_of(&item.ticket)?,
        _ => model.queue.entry()?,
    };
    Some((entry.id.clone(), entry.name.clone()))
}

/// The question before it.
pub(crate) fn question(taking: &Taking) -> String {
    let Taking {
        name, agent, turn, ..
    } = taking;
    let what = match turn {
        Some(turn) => {
            format!("Take {name} over? Its turn {turn} is interrupted and its agent ended.")
        }
        None => format!("Take {name} over?"),
    };
    format!(
        "{what} {agent}'s own interface opens on the same session, in the attempt's worktree. docket asks and answers nothing there, and \
         no sandbox of docket's is around it. When you quit it, docket offers to hand the attempt back."
    )
}
