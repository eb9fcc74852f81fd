//! What actions ask of the runner, and when it makes no sense to ask.

use super::action::Action;
use super::answers;
use super::composing;
use super::effect::Effect;
use super::model::Model;
use super::overlay::{AllowAlways, Confirm, Overlay, Purpose, Wish};
use super::taking;
use super::theme::Role;
use super::tickets;
use super::update::terminal;
use crate::domain::attempt::{CancelReason, Need};
use crate::domain::board::{PhaseView, TicketState, TicketView};
use crate::domain::command::{Command, Reaction};
use crate::domain::ids::{TicketId, TicketName};
use crate::domain::inbox::{self, Waiting, What};
use crate::domain::rules::Scope;

/// Does what one of the actions about runs and tickets means. The runner has the last word: it refuses by an event.
pub(super) fn perform(model: &mut Model, action: Action) -> Vec<Effect> {
    let phase = model.board.run.as_ref().map(|run| run.phase);
    match action {
        Action::Start => {
            model.follows_run = true;
            begin(model, Command::Start { only: None })
        }
        Action::TogglePause if phase == Some(PhaseView::Paused) => send(Command::Resume),
        Action::TogglePause => send(Command::Pause),
        _ => {
            if let Some((ticket, name)) = selected(model) {
                return about(model, action, ticket, name);
            }
            model.say("no ticket is selected", Role::Notice);
            Vec::new()
        }
    }
}

/// Whether a ticket's agent works on a terminal of its own just now.
pub(super) fn has_terminal(model: &Model, view: &TicketView) -> bool {
    let abilities = model.abilities.get(&view.agent);
    view.state.is_active() && abilities.is_some_and(|abilities| abilities.terminal)
}

fn send(command: Command) -> Vec<Effect> {
    vec![Effect::Send(command)]
}

/// Asks for something that may begin a run.
fn begin(model: &mut Model, command: Command) -> Vec<Effect> {
    model.start_is_asked = true;
    send(command)
}

fn selected(model: &Model) -> Option<(TicketId, TicketName)> {
    let entry = model.queue.entry()?;
    Some((entry.id.clone(), entry.name.clone()))
}

/// What the selected ticket waits for.
pub(super) fn need(model: &Model) -> Option<&Need> {
    inbox::need(&model.view()?.state)
}

/// What of the selected ticket is decided first.
fn decided_first(model: &Model, ticket: &TicketId) -> Option<Waiting> {
    let of_ticket = inbox::of_ticket(&model.board, ticket);
    let mut of_ticket = of_ticket.into_iter();
    of_ticket.find(|waiting| matches!(waiting.what, What::Request { .. } | What::Gate))
}

fn about(model: &mut Model, action: Action, ticket: TicketId, name: TicketName) -> Vec<Effect> {
    match action {
        Action::StartOnly => {
            return begin(model, Command::Start { only: Some(ticket) });
        }
        Action::Retry => return begin(model, Command::Retry { ticket }),
        Action::Skip => return send(Command::Skip { ticket }),
        Action::Unskip => return send(Command::Unskip { ticket }),
        Action::StopTicket => {
            let is_stoppable = model.view().is_some_and(|view| {
                view.state.is_active()
                    || matches!(
                        view.state,
                        TicketState::Waiting { .. } | TicketState::BackingOff { .. }
                    )
            });
            if is_stoppable {
                ask(model, Wish::StopTicket(ticket, name));
            } else {
                model.say(format!("{name} is not running"), Role::Notice);
            }
        }
        Action::Approve | Action::Reject | Action::AllowTicket | Action::AllowAlways => {
            let Some(waiting) = decided_first(model, &ticket) else {
                model.say(format!("{name} asks nothing"), Role::Notice);
                return Vec::new();
            };
            return match action {
                Action::Approve => answers::approve(model, &waiting, true),
                Action::Reject => answers::reject(model, &waiting),
                Action::AllowTicket => answers::approve_like(model, &waiting, Scope::Ticket, true),
                _ => answers::approve_like(model, &waiting, Scope::Always, true),
            };
        }
        Action::Interrupt => {
            if model
                .view()
                .is_some_and(|view| view.state == TicketState::Running)
            {
                return send(Command::Interrupt { ticket });
            }
            model.say(format!("{name} has no turn now"), Role::Notice);
        }
        Action::Claim | Action::EndTurn => {
            let view = model.board.tickets.get(&ticket);
            if view.is_none_or(|view| view.state != TicketState::Running) {
                model.say(format!("{name} has no turn now"), Role::Notice);
            } else if !view.is_some_and(|view| has_terminal(model, view)) {
                model.say(
                    format!("{name}'s agent says by itself when its turn is over"),
                    Role::Notice,
                );
            } else {
                let done = action == Action::Claim;
                return send(Command::Claim { ticket, done });
            }
        }
        Action::Steer => composing::open(model, Purpose::Steer(ticket, name)),
        Action::Reply => {
            let view = model.board.tickets.get(&ticket);
            let is_done = view.is_some_and(|view| view.state.proof().is_some());
            if is_done {
                model.say(format!("{name} is done: it has no next turn"), Role::Notice);
            } else if view.is_none_or(|view| view.attempt.is_none()) {
                model.say(
                    format!("{name} has no attempt yet: its text is its prompt, `e` edits it"),
                    Role::Notice,
                );
            } else {
                composing::reply(model, ticket, name, None);
            }
        }
        _ => {}
    }
    Vec::new()
}

fn ask(model: &mut Model, wish: Wish) {
    model.overlay = Some(Overlay::Confirm(Confirm::new(wish)));
}

/// Opens the composer for the reason of a rejection at the selected ticket's gate, with these words in it. Whether it waits at
/// one.
pub(super) fn reject_with(model: &mut Model, words: &str) -> bool {
    let gate = selected(model).and_then(|(ticket, _)| answers::gate_of(model, &ticket));
    let Some(gate) = gate else {
        return false;
    };
    composing::open_with(model, Purpose::Reject(Box::new(gate)), words);
    true
}

/// Opens the composer for a reply to the selected ticket's agent, with these words in it.
pub(super) fn reply_with(model: &mut Model, words: &str) {
    if let Some((ticket, name)) = selected(model) {
        composing::open_with(model, Purpose::Reply(ticket, name), words);
    }
}

/// The user wants to leave.
pub(super) fn quit(model: &mut Model) -> Vec<Effect> {
    if model.leaving.is_none()
        && let Some(effects) = terminal::before_leaving(model)
    {
        return effects;
    }
    if model.viewer || !model.run_is_alive() {
        return vec![Effect::End(super::session::UiEnd::Quit)];
    }
    if let Some(end) = leaves_for_nothing(model) {
        return vec![Effect::End(end)];
    }
    if model.leaving.is_some() {
        // The run is being stopped already: asked again, it is hurried.
        return cancel(CancelReason::Interrupt);
    }
    ask(model, Wish::Quit);
    Vec::new()
}

/// Ctrl-C: asks, and kills when it comes again.
pub(super) fn interrupt(model: &mut Model) -> Vec<Effect> {
    if model.viewer || !model.run_is_alive() {
        if model.leaving.is_none()
            && !is_asking_to_stop(model)
            && let Some(effects) = terminal::before_leaving(model)
        {
            return effects;
        }
        return vec![Effect::End(super::session::UiEnd::Quit)];
    }
    if let Some(end) = leaves_for_nothing(model) {
        return vec![Effect::End(end)];
    }
    let is_ending = matches!(
        model.board.run.as_ref().map(|run| run.phase),
        Some(PhaseView::Ending { .. })
    );
    if is_ending || is_asking_to_stop(model) {
        model.overlay = None;
        model.say("killing what runs", Role::Warning);
        return cancel(CancelReason::Kill);
    }
    ask(model, Wish::StopRun);
    Vec::new()
}

/// The end that is waited for, when what it waits for has never begun: nobody may be kept in here.
fn leaves_for_nothing(model: &Model) -> Option<super::session::UiEnd> {
    model.leaving.filter(|_| !model.run_is_told())
}

fn is_asking_to_stop(model: &Model) -> bool {
    let Some(Overlay::Confirm(confirm)) = &model.overlay else {
        return false;
    };
    matches!(confirm.wish, Wish::StopRun | Wish::Quit | Wish::Leave(_))
}

/// SIGTERM: a graceful end without asking.
pub(super) fn terminate(model: &mut Model) -> Vec<Effect> {
    let end = super::session::UiEnd::Terminated;
    if model.viewer || !model.run_is_alive() {
        return vec![Effect::End(end)];
    }
    let again = model.leaving.replace(end) == Some(end);
    cancel(if again {
        CancelReason::Kill
    } else {
        CancelReason::Terminate
    })
}

fn cancel(reason: CancelReason) -> Vec<Effect> {
    send(Command::Cancel { reason })
}

/// The question was answered by yes.
pub(super) fn confirmed(model: &mut Model, wish: Wish) -> Vec<Effect> {
    match wish {
        Wish::Quit => {
            model.leaving = Some(super::session::UiEnd::Quit);
            cancel(CancelReason::RunEnds)
        }
        Wish::StopRun => cancel(CancelReason::Interrupt),
        Wish::Many(many) => tickets::do_to_many(model, *many),
        Wish::Reorder(priorities) => tickets::reorder(model, priorities),
        Wish::StopTicket(ticket, _) => send(Command::StopTicket { ticket }),
        Wish::Approve(gate) => answers::decide(model, &gate, None),
        Wish::Allow(allow) => answers::answer(*allow, Reaction::Allow),
        Wish::AllowAlways(always) => {
            let AllowAlways { allow, rules, .. } = *always;
            let scope = Scope::Always;
            answers::answer(allow, Reaction::AllowLike { scope, rules })
        }
        Wish::AllowTicket(always) => answers::allow_for_ticket(model, *always),
        Wish::TakeSession(wanted) => taking::confirmed(model, *wanted),
        Wish::CloseTerminal(id, _) => terminal::closed(model, id),
        Wish::Leave(leaving) if leaving.stops_run && model.run_is_alive() => {
            model.leaving = Some(super::session::UiEnd::Quit);
            cancel(CancelReason::RunEnds)
        }
        Wish::Leave(_) => vec![Effect::End(super::session::UiEnd::Quit)],
        Wish::Paste(pasting) => model.terminal.paste_after_all(&pasting, false),
    }
}

/// What was typed is complete; `answers` are those to the first of several questions.
pub(super) fn typed(
    model: &mut Model,
    purpose: Purpose,
    mut answers: Vec<String>,
    text: &str,
) -> Vec<Effect> {
    let text = text.trim().to_owned();
    if let Purpose::Comment(anchor) = purpose {
        model.review.comment(*anchor, text);
        return Vec::new();
    }
    if let Purpose::HandBack(ticket, _) = purpose {
        return taking::said(ticket, &text);
    }
    if text.is_empty() {
        model.say("nothing was typed, nothing is sent", Role::Notice);
        return Vec::new();
    }
    match purpose {
        Purpose::Reply(ticket, name) => {
            let view = model.board.tickets.get(&ticket);
            if view.is_some_and(|view| composing::is_in_turn(&view.state)) {
                // Nothing else on the screen tells of words that wait.
                model.say(format!("{name} gets it with its next turn"), Role::Notice);
            }
            send(Command::Reply { ticket, text })
        }
        Purpose::Steer(ticket, _) => send(Command::Steer { ticket, text }),
        Purpose::Reject(gate) => answers::decide(model, &gate, Some(text)),
        Purpose::Refuse(ticket, _, attempt, request) => send(Command::Answer {
            ticket,
            attempt,
            request: Some(request),
            reaction: Reaction::Deny { reason: Some(text) },
        }),
        Purpose::Comment(_) | Purpose::HandBack(..) => Vec::new(),
        Purpose::Answer(asking) => {
            answers.push(text);
            send(Command::Answer {
                ticket: asking.ticket,
                attempt: asking.attempt,
                request: Some(asking.request),
                reaction: Reaction::Words { words: answers },
            })
        }
    }
}
