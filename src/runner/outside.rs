//! What another process is told of the command that it asked for: whether it was refused, and what is worth knowing.

use crate::domain::command::Command;
use crate::domain::event::Event;
use crate::domain::ids::AttemptId;
use crate::domain::machine::{Effect, Order};

/// An agent that takes no words in a turn.
pub(super) const NOT_TAKEN: &str =
    "its agent takes no words in the middle of a turn: they wait for the next one";

/// Why a command is not even given to the rules: what they let pass in silence, since a signal may come at any time, is no
/// success for somebody who asked.
pub(super) fn beforehand(command: &Command, has_run: bool, is_over: bool) -> Option<&'static str> {
    if is_over {
        return Some("the run is over, and this docket ends with it");
    }
    let ends_a_run = matches!(command, Command::Cancel { .. });
    (ends_a_run && !has_run).then_some("nothing runs")
}

/// The rules' own words, if they refused.
pub(super) fn refusal(effects: &[Effect]) -> Option<String> {
    events(effects).find_map(|event| match event {
        Event::Refused { why, .. } => Some(why.clone()),
        _ => None,
    })
}

/// The words that an attempt is to give to its agent now: it reports whether the agent took them.
pub(super) fn steered(effects: &[Effect]) -> Option<(AttemptId, String)> {
    effects.iter().find_map(|effect| match effect {
        Effect::Order {
            attempt,
            order: Order::Steer { text },
        } => Some((attempt.clone(), text.clone())),
        _ => None,
    })
}

/// What is worth knowing of how it was done.
pub(super) fn note(command: &Command, effects: &[Effect]) -> Option<&'static str> {
    let has = |is: fn(&Event) -> bool| events(effects).any(is);
    let order = |is: fn(&Order) -> bool| {
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Order { order, .. } if is(order)))
    };
    let is_answered = has(|event| matches!(event, Event::RequestAnswered { .. }));
    let is_said = has(|event| {
        matches!(
            event,
            Event::GateDecided { .. } | Event::ReplyReceived { .. }
        )
    });
    // Whoever said it to an attempt that has ended is told when it goes on.
    let lives = effects
        .iter()
        .any(|effect| matches!(effect, Effect::Order { .. }))
        || has(|event| matches!(event, Event::MergeQueued { .. }));
    let goes_on = has(|event| matches!(event, Event::StepRetried { .. }));
    match command {
        Command::Approve { .. } | Command::Reject { .. } if is_said && !lives => Some(if goes_on {
            "it goes on in this run"
        } else {
            "the next run goes on with it"
        }),
        Command::Reply { .. } if is_said && goes_on => {
            Some("it goes on in this run, and its first turn brings it")
        }
        Command::HandBack { .. } if !lives => Some(if goes_on {
            "it goes on in this run"
        } else {
            "the next run goes on with it"
        }),
        Command::Reply { .. } if is_answered => Some("that answers its question"),
        Command::Reply { .. } if order(|order| matches!(order, Order::Turn { .. })) => {
            Some("its next turn begins with it")
        }
        Command::Reply { .. } => Some("its next turn brings it"),
        _ if is_answered && order(|order| matches!(order, Order::Answer { .. })) => None,
        _ if is_answered && has(|event| matches!(event, Event::StepRetried { .. })) => {
            Some("it goes on in this run")
        }
        _ if is_answered => Some("the next run goes on with it"),
        _ => None,
    }
}

fn events(effects: &[Effect]) -> impl Iterator<Item = &Event> {
    effects.iter().filter_map(|effect| match effect {
        Effect::Emit { event, .. } => Some(event),
        _ => None,
    })
}
