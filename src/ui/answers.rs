//! What a human says to what waits, from the inbox and from the panes. Each word is bound to the thing that was shown: when that
//! is gone, nothing happens to what came after it.

use super::composing;
use super::effect::Effect;
use super::model::Model;
use super::overlay::{Allow, AllowAlways, AtGate, Confirm, Overlay, Purpose, Wish};
use super::theme::Role;
use crate::domain::attempt::Need;
use crate::domain::command::{Command, Reaction};
use crate::domain::ids::{TicketId, TicketName};
use crate::domain::inbox::{self, Waiting, What};
use crate::domain::request::{Ask, ChoiceKind, Request, RequestId};
use crate::domain::rules::{Rule, Scope, like};

/// What people call a ticket.
pub(crate) fn name_of(model: &Model, waiting: &Waiting) -> Option<TicketName> {
    if let Some(entry) = model.queue.entry_of(&waiting.ticket) {
        return Some(entry.name.clone());
    }
    let view = model.board.tickets.get(&waiting.ticket)?;
    Some(view.attempt.as_ref()?.ticket.clone())
}

/// What is asked, while it is still open.
pub(crate) fn request_of<'a>(model: &'a Model, waiting: &Waiting) -> Option<&'a Request> {
    let view = model.board.tickets.get(&waiting.ticket)?;
    match &waiting.what {
        What::Request { attempt, id } if *attempt == view.attempt => view.requests.get(id),
        _ => None,
    }
}

/// Which request it is, if it is one.
pub(crate) fn id_of(waiting: &Waiting) -> Option<RequestId> {
    match &waiting.what {
        What::Request { id, .. } => Some(*id),
        _ => None,
    }
}

/// Yes, to this alone. `asks_first` where it was not shown whole.
pub(crate) fn approve(model: &mut Model, waiting: &Waiting, asks_first: bool) -> Vec<Effect> {
    let Some(name) = name_of(model, waiting) else {
        return gone(model);
    };
    match &waiting.what {
        What::Request { .. } => {
            let Some(request) = request_of(model, waiting) else {
                return gone(model);
            };
            if request.is_question() {
                composing::reply(model, waiting.ticket.clone(), name, id_of(waiting));
                return Vec::new();
            }
            let Some(allow) = allow(model, waiting) else {
                return gone(model);
            };
            // A yes for good is never said by one key.
            if asks_first || !allow.once {
                return ask(model, Wish::Allow(Box::new(allow)));
            }
            answer(allow, Reaction::Allow)
        }
        What::Gate => match gate(model, waiting) {
            Some(gate) if asks_first => ask(model, Wish::Approve(Box::new(gate))),
            Some(gate) => decide(model, &gate, None),
            None => gone(model),
        },
        What::Words => {
            composing::reply(model, waiting.ticket.clone(), name, None);
            Vec::new()
        }
        What::Task => {
            model.say(
                format!("{name} is yours: do it, then set `done: true` in its file"),
                Role::Notice,
            );
            Vec::new()
        }
        What::Taken => {
            model.say(
                format!("{name} is taken over: hand it back to go on"),
                Role::Notice,
            );
            Vec::new()
        }
        What::Silent { .. } => {
            model.say(
                format!("look at the terminal of {name}, and say whether its turn is over"),
                Role::Notice,
            );
            Vec::new()
        }
        What::Message { .. } => Vec::new(),
    }
}

/// Yes, and docket answers the like from now on. `asks_first` where it was not shown whole.
pub(crate) fn approve_like(
    model: &mut Model,
    waiting: &Waiting,
    scope: Scope,
    asks_first: bool,
) -> Vec<Effect> {
    let rules = match request_of(model, waiting).map(like) {
        Some(Ok(rules)) => rules,
        Some(Err(why)) => {
            model.say(why.to_string(), Role::Warning);
            return Vec::new();
        }
        None => {
            model.say("only what an agent asks is allowed like that", Role::Notice);
            return Vec::new();
        }
    };
    let Some(allow) = allow(model, waiting) else {
        return gone(model);
    };
    if scope == Scope::Always {
        let always = AllowAlways {
            allow,
            rules,
            file: model.approvals.clone(),
        };
        return ask(model, Wish::AllowAlways(Box::new(always)));
    }
    let for_ticket = AllowAlways {
        allow,
        rules,
        file: None,
    };
    if asks_first {
        return ask(model, Wish::AllowTicket(Box::new(for_ticket)));
    }
    allow_for_ticket(model, for_ticket)
}

/// Yes, and the like for as long as the ticket is worked on.
pub(crate) fn allow_for_ticket(model: &mut Model, always: AllowAlways) -> Vec<Effect> {
    let AllowAlways { allow, rules, .. } = always;
    model.say(
        format!("{} may do this from now on: {}", allow.name, shown(&rules)),
        Role::Notice,
    );
    let scope = Scope::Ticket;
    answer(allow, Reaction::AllowLike { scope, rules })
}

/// The rules as they are written, on one line.
pub(crate) fn shown(rules: &[Rule]) -> String {
    let rules: Vec<_> = rules.iter().map(ToString::to_string).collect();
    rules.join(", ")
}

/// No: why is asked first.
pub(crate) fn reject(model: &mut Model, waiting: &Waiting) -> Vec<Effect> {
    let Some(name) = name_of(model, waiting) else {
        return gone(model);
    };
    let ticket = waiting.ticket.clone();
    match &waiting.what {
        What::Request { attempt, id } => match request_of(model, waiting) {
            Some(request) if request.is_question() => {
                composing::reply(model, ticket, name, Some(*id));
            }
            Some(_) => {
                let purpose = Purpose::Refuse(ticket, name, attempt.clone(), *id);
                composing::open(model, purpose);
            }
            None => return gone(model),
        },
        What::Gate => match gate(model, waiting) {
            Some(gate) => composing::open(model, Purpose::Reject(Box::new(gate))),
            None => return gone(model),
        },
        What::Words | What::Task | What::Taken | What::Silent { .. } | What::Message { .. } => {
            model.say(format!("{name} asks for no yes or no"), Role::Notice);
        }
    }
    Vec::new()
}

/// One of the answers that the agent suggests to its only question.
pub(crate) fn choose(model: &mut Model, waiting: &Waiting, index: usize) -> Vec<Effect> {
    let Some(Ask::Question { questions }) = request_of(model, waiting).map(|request| &request.ask)
    else {
        return Vec::new();
    };
    let [question] = questions.as_slice() else {
        model.say("it asks several questions: reply in words", Role::Notice);
        return Vec::new();
    };
    let Some(words) = question.suggestions.get(index).cloned() else {
        return Vec::new();
    };
    match allow(model, waiting) {
        Some(allow) => answer(allow, Reaction::Words { words: vec![words] }),
        None => gone(model),
    }
}

/// Sends what is said to a request.
pub(crate) fn answer(allow: Allow, reaction: Reaction) -> Vec<Effect> {
    vec![Effect::Send(Command::Answer {
        ticket: allow.ticket,
        attempt: allow.attempt,
        request: Some(allow.request),
        reaction,
    })]
}

/// Sends a decision about a gate, if it is still the one that was shown. It names that gate: until it is heard there may be
/// another one, or a request.
pub(crate) fn decide(model: &mut Model, gate: &AtGate, rejection: Option<String>) -> Vec<Effect> {
    let view = model.board.tickets.get(&gate.ticket);
    if view.is_some_and(|view| view.since == gate.since) {
        let (ticket, attempt) = (gate.ticket.clone(), gate.attempt.clone());
        let turn = attempt.is_some().then_some(gate.turn);
        return vec![Effect::Send(match rejection {
            None => Command::Approve {
                ticket,
                attempt,
                turn,
            },
            Some(reason) => Command::Reject {
                ticket,
                reason,
                attempt,
                turn,
            },
        })];
    }
    let name = &gate.name;
    model.say(
        format!("{name} has changed meanwhile: look again"),
        Role::Warning,
    );
    Vec::new()
}

/// The gate at which a ticket waits now.
pub(crate) fn gate_of(model: &Model, ticket: &TicketId) -> Option<AtGate> {
    let of_ticket = inbox::of_ticket(&model.board, ticket);
    let mut of_ticket = of_ticket.into_iter();
    let waiting = of_ticket.find(|waiting| matches!(waiting.what, What::Gate))?;
    gate(model, &waiting)
}

/// The gate at which a ticket waits.
fn gate(model: &Model, waiting: &Waiting) -> Option<AtGate> {
    let view = model.board.tickets.get(&waiting.ticket)?;
    let Some(Need::Review { reasons }) = inbox::need(&view.state) else {
        return None;
    };
    (view.since == waiting.since).then_some(())?;
    Some(AtGate {
        ticket: waiting.ticket.clone(),
        name: name_of(model, waiting)?,
        attempt: view.attempt.clone(),
        turn: view.turn,
        since: view.since,
        reasons: reasons.iter().map(ToString::to_string).collect(),
    })
}

/// The request with all of what it asks.
fn allow(model: &Model, waiting: &Waiting) -> Option<Allow> {
    let request = request_of(model, waiting)?;
    let What::Request { attempt, id } = &waiting.what else {
        return None;
    };
    Some(Allow {
        ticket: waiting.ticket.clone(),
        name: name_of(model, waiting)?,
        attempt: attempt.clone(),
        request: *id,
        what: composing::asked_in_full(request),
        once: request.choice(ChoiceKind::AllowOnce).is_some(),
    })
}

fn ask(model: &mut Model, wish: Wish) -> Vec<Effect> {
    model.overlay = Some(Overlay::Confirm(Confirm::new(wish)));
    Vec::new()
}

fn gone(model: &mut Model) -> Vec<Effect> {
    model.say("that waits no more", Role::Notice);
    Vec::new()
}
