//! What actions ask of the runner, and when it makes no sense to ask.

use super::action::Action;
use super::effect::Effect;
use super::model::Model;
use super::overlay::{Allow, AtGate, Confirm, Input, Overlay, Purpose, Wish};
use super::theme::Role;
use crate::domain::attempt::{AttemptOutcome, CancelReason, Need};
use crate::domain::board::{PhaseView, TicketState};
use crate::domain::command::{Command, Reaction};
use crate::domain::ids::{TicketId, TicketName};
use crate::domain::request::{Ask, ChoiceKind, Request};

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
    match &model.view()?.state {
        TicketState::Waiting { need }
        | TicketState::Finished {
            outcome: AttemptOutcome::NeedsHuman { need },
        } => Some(need),
        _ => None,
    }
}

fn about(model: &mut Model, action: Action, ticket: TicketId, name: TicketName) -> Vec<Effect> {
    match action {
        Action::StartOnly => {
            return begin(model, Command::Start { only: Some(ticket) });
        }
        Action::Retry => return begin(model, Command::Retry { ticket }),
        Action::Skip => return send(Command::Skip { ticket }),
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
        Action::Approve | Action::Reject if asks_in_words(model) => {
            type_into(model, Purpose::Reply(ticket, name));
        }
        Action::Approve if model.view().is_some_and(|view| !view.requests.is_empty()) => {
            if let Some(allow) = asked(model, ticket, name) {
                ask(model, Wish::Allow(Box::new(allow)));
            }
        }
        Action::Reject if model.view().is_some_and(|view| !view.requests.is_empty()) => {
            if let Some(asked) = asked(model, ticket, name) {
                let Allow { ticket, name, .. } = asked;
                type_into(
                    model,
                    Purpose::Refuse(ticket, name, asked.attempt, asked.request),
                );
            }
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
        Action::Steer => type_into(model, Purpose::Steer(ticket, name)),
        Action::Approve | Action::Reject => match gate(model, ticket, &name) {
            Some(gate) if action == Action::Approve => ask(model, Wish::Approve(Box::new(gate))),
            Some(gate) => type_into(model, Purpose::Reject(Box::new(gate))),
            None => model.say(format!("{name} asks nothing"), Role::Notice),
        },
        Action::Reply => type_into(model, Purpose::Reply(ticket, name)),
        _ => {}
    }
    Vec::new()
}

/// The gate at which the selected ticket waits.
fn gate(model: &Model, ticket: TicketId, name: &TicketName) -> Option<AtGate> {
    let Some(Need::Review { reasons }) = need(model) else {
        return None;
    };
    Some(AtGate {
        ticket,
        name: name.clone(),
        since: model.view()?.since,
        reasons: reasons.iter().map(ToString::to_string).collect(),
    })
}

/// Sends a decision about a gate, if it is still the one that was shown.
fn decide(model: &mut Model, gate: &AtGate, command: Command) -> Vec<Effect> {
    let view = model.board.tickets.get(&gate.ticket);
    if view.is_some_and(|view| view.since == gate.since) {
        return send(command);
    }
    let name = &gate.name;
    model.say(
        format!("{name} has changed meanwhile: look again"),
        Role::Warning,
    );
    Vec::new()
}

/// Whether the selected ticket's agent asks a question rather than for a yes or no.
fn asks_in_words(model: &Model) -> bool {
    let first = model.view().and_then(|view| view.requests.values().next());
    first.is_some_and(Request::is_question)
}

/// What the selected ticket's agent asks for, whole: nothing is allowed that was not shown.
fn asked(model: &Model, ticket: TicketId, name: TicketName) -> Option<Allow> {
    let view = model.view()?;
    let (id, request) = view.requests.first_key_value()?;
    let mut what = match &request.ask {
        Ask::Command { command } => format!("$ {command}"),
        Ask::Edit { paths } => format!("change {}", paths.join(", ")),
        Ask::Tool { .. } | Ask::Question { .. } => request.title.clone(),
    };
    if let Some(reason) = &request.reason {
        what.push_str("\n\n");
        what.push_str(reason);
    }
    Some(Allow {
        ticket,
        name,
        attempt: view.attempt.clone(),
        request: *id,
        what,
        once: request.choice(ChoiceKind::AllowOnce).is_some(),
    })
}

fn ask(model: &mut Model, wish: Wish) {
    model.overlay = Some(Overlay::Confirm(Confirm { wish }));
}

fn type_into(model: &mut Model, purpose: Purpose) {
    model.overlay = Some(Overlay::Input(Box::new(Input::new(
        purpose,
        "",
        &model.look,
    ))));
}

/// The user wants to leave.
pub(super) fn quit(model: &mut Model) -> Vec<Effect> {
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
    matches!(confirm.wish, Wish::StopRun | Wish::Quit)
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
        Wish::StopTicket(ticket, _) => send(Command::StopTicket { ticket }),
        Wish::Approve(gate) => {
            let ticket = gate.ticket.clone();
            decide(model, &gate, Command::Approve { ticket })
        }
        Wish::Allow(allow) => send(Command::Answer {
            ticket: allow.ticket,
            attempt: allow.attempt,
            request: Some(allow.request),
            reaction: Reaction::Allow,
        }),
    }
}

/// What was typed is complete.
pub(super) fn typed(model: &mut Model, purpose: Purpose, text: &str) -> Vec<Effect> {
    let text = text.trim().to_owned();
    match purpose {
        Purpose::Filter | Purpose::Search => Vec::new(),
        Purpose::Reply(..) | Purpose::Reject(..) | Purpose::Refuse(..) | Purpose::Steer(..)
            if text.is_empty() =>
        {
            model.say("nothing was typed, nothing is sent", Role::Notice);
            Vec::new()
        }
        Purpose::Reply(ticket, _) => send(Command::Reply { ticket, text }),
        Purpose::Steer(ticket, _) => send(Command::Steer { ticket, text }),
        Purpose::Reject(gate) => {
            let ticket = gate.ticket.clone();
            let reason = text;
            decide(model, &gate, Command::Reject { ticket, reason })
        }
        Purpose::Refuse(ticket, _, attempt, request) => send(Command::Answer {
            ticket,
            attempt,
            request: Some(request),
            reaction: Reaction::Deny { reason: Some(text) },
        }),
    }
}
