//! What humans say to an attempt that has ended and waits for them, and the attempt that goes on with it.

use super::state::{Approved, RunPhase, State, Step, StepState};
use super::{Brief, Effect, emit, standing, taking};
use crate::domain::attempt::{AttemptOutcome, Need};
use crate::domain::command::Reaction;
use crate::domain::event::Event;
use crate::domain::ids::{RunId, TicketId};
use crate::domain::request::{Answer, AnsweredBy, ChoiceKind, Request, RequestId};
use crate::domain::taking::Seat;
use crate::domain::time::Now;
use crate::domain::unfinished::{Decision, Unfinished};

/// What the ticket's last attempt left, when that has ended and no other has begun.
pub(super) fn of<'state>(state: &'state State, ticket: &TicketId) -> Option<&'state Unfinished> {
    let unfinished = state.unfinished.get(ticket)?;
    (!state.is_active(ticket)).then_some(unfinished)
}

/// A human answers what the ticket's last attempt ended with. When nothing of it is open any more and the ticket was a part of this
/// run, it goes on in this run. Gives why not, if not.
pub(super) fn answer(
    state: &mut State,
    ticket: &TicketId,
    id: Option<RequestId>,
    reaction: Reaction,
    effects: &mut Vec<Effect>,
) -> Option<&'static str> {
    let unfinished = state.unfinished.get_mut(ticket)?;
    let more = match unfinished.reaches(id, &reaction) {
        Ok(more) => more,
        Err(why) => return Some(why),
    };
    let from = unfinished.from.clone();
    let (id, answer) = match unfinished.answer(id, reaction) {
        Ok(answered) => answered,
        Err(why) => return Some(why),
    };
    let event = Event::RequestAnswered {
        attempt: unfinished.from.clone(),
        id,
        answer,
        by: AnsweredBy::Human,
    };
    go_on(state, ticket, event, effects);
    if let Some(more) = more {
        standing::keep(current_run(state), &from, ticket, more, effects);
    }
    None
}

/// A human decides at the gate that the ticket's last attempt ended at.
pub(super) fn decide(
    state: &mut State,
    ticket: &TicketId,
    rejection: Option<String>,
    now: Now,
    effects: &mut Vec<Effect>,
) -> Option<&'static str> {
    let unfinished = state.unfinished.get_mut(ticket)?;
    match unfinished.decide(rejection, now.wall) {
        Ok(event) => {
            go_on(state, ticket, event, effects);
            None
        }
        Err(why) => Some(why),
    }
}

/// A human has words for the agent of the ticket's last attempt, which waits for them.
pub(super) fn reply(
    state: &mut State,
    ticket: &TicketId,
    text: String,
    effects: &mut Vec<Effect>,
) -> Option<&'static str> {
    let unfinished = state.unfinished.get_mut(ticket)?;
    if unfinished
        .open()
        .next()
        .is_some_and(|(_, request)| request.is_question())
    {
        let reaction = Reaction::Words { words: vec![text] };
        return answer(state, ticket, None, reaction, effects);
    }
    match unfinished.reply(ticket, text) {
        Ok(event) => {
            go_on(state, ticket, event, effects);
            None
        }
        Err(why) => Some(why),
    }
}

/// A human hands back what the ticket's last attempt left.
pub(super) fn hand_back(
    state: &mut State,
    ticket: &TicketId,
    words: Option<String>,
    by: Seat,
    effects: &mut Vec<Effect>,
) -> Option<&'static str> {
    let sight = state.sight.take();
    let unfinished = state.unfinished.get_mut(ticket)?;
    // Where nobody has looked, nobody can tell.
    let changed = sight
        .filter(|sight| sight.attempt == unfinished.from)
        .is_none_or(|sight| sight.has_changed);
    match unfinished.hand_back(ticket, words, by, changed) {
        Ok(mut events) => {
            let last = events.pop();
            let run = current_run(state);
            for event in events {
                emit(run, event, effects);
            }
            if let Some(event) = last {
                go_on(state, ticket, event, effects);
            }
            None
        }
        Err(why) => Some(why),
    }
}

/// Stores what a human said. A ticket that ended in this run with a need that is met goes on in this run.
fn go_on(state: &mut State, ticket: &TicketId, event: Event, effects: &mut Vec<Effect>) {
    let waits = state
        .unfinished
        .get(ticket)
        .is_some_and(|unfinished| unfinished.waits_for().is_some());
    emit(current_run(state), event, effects);
    let Some(run) = state.run.as_mut().filter(|_| !waits) else {
        return;
    };
    let waited = run.steps.get(ticket).is_some_and(|step| {
        matches!(
            &step.state,
            StepState::Finished(AttemptOutcome::NeedsHuman { need }) if *need != Need::UserTask
        )
    });
    if waited && matches!(run.phase, RunPhase::Running | RunPhase::Paused) {
        run.steps.remove(ticket);
        run.started = run.started.saturating_sub(1);
        let ticket = ticket.clone();
        emit(run.id, Event::StepRetried { ticket }, effects);
    }
    state.look_again = true;
}

/// The run that goes on, or the last one.
pub(super) fn current_run(state: &State) -> RunId {
    let last = RunId(state.next_run.0.saturating_sub(1));
    state.run.as_ref().map_or(last, |run| run.id)
}

/// A human wants the ticket tried from the start: what waits for a human is given up. (What an agent asked, it asks again in its
/// conversation.) `false` when nothing waits.
pub(super) fn abandon(state: &mut State, ticket: &TicketId, effects: &mut Vec<Effect>) -> bool {
    if !of(state, ticket).is_some_and(Unfinished::can_be_abandoned) {
        return false;
    }
    let Some(unfinished) = state.unfinished.remove(ticket) else {
        return false;
    };
    let attempt = unfinished.from;
    emit(
        current_run(state),
        Event::AttemptAbandoned { attempt },
        effects,
    );
    true
}

/// The first attempt of this run goes on from what an earlier one left in the middle.
pub(super) fn go_on_from(step: &mut Step, unfinished: Unfinished) {
    let Unfinished {
        from,
        carry,
        agent,
        revision,
        outcome,
        requests,
        work,
        decision,
        replies,
        taken: _,
        handed_back,
    } = unfinished;
    let text_changed = revision != step.revision;
    let is_heard = decision.is_some() || !replies.is_empty() || handed_back.is_some();
    step.brief.replies = replies;
    let Some(mut carry) = carry else { return };
    if let Some(Decision { approved: true, .. }) = decision {
        step.approved = Some(Approved {
            from,
            work,
            text_changed,
        });
        if agent != step.agent && !text_changed {
            step.had_it.push(std::mem::replace(&mut step.agent, agent));
        }
        carry.approved = true;
        step.carry = Some(carry);
        return;
    }
    if let Some(decision) = decision {
        step.brief.rejected = Some(rejection(decision.reason.unwrap_or_default()));
    }
    if agent != step.agent {
        // It was handed over, or the ticket names another agent by now: that one begins anew.
        if text_changed || !is_heard {
            return;
        }
        step.had_it.push(std::mem::replace(&mut step.agent, agent));
    }
    // Nobody has said anything, and there is no conversation to go on with: half a runbook must not run twice.
    if carry.session.is_none() && !is_heard {
        return;
    }
    let mut went_on = match handed_back {
        Some(_) => taking::HANDED_BACK.to_owned(),
        None => why_it_ended(&outcome),
    };
    for (id, request, answer) in requests {
        let Some(answer) = answer else { continue };
        went_on.push_str(&told(id, &request, &answer));
        step.granted.push((request.ask.clone(), answer, request));
    }
    if text_changed {
        went_on.push_str(" The ticket has changed since: read it again.");
    }
    went_on.push_str(" Go on from there.");
    step.brief.went_on = Some(went_on);
    step.carry = Some(carry);
}

/// Why the agent's last turn was its last, in words for it.
fn why_it_ended(outcome: &AttemptOutcome) -> String {
    let AttemptOutcome::NeedsHuman { need } = outcome else {
        return "docket was ended in the middle of your turn; the working tree is as you left it."
            .to_owned();
    };
    match need {
        Need::Request { .. } | Need::UserTask => {
            "Your turn was ended because nobody was there to answer what you asked.".to_owned()
        }
        Need::Review { .. } => {
            "Your work waited for a human's review; the working tree is as you left it.".to_owned()
        }
        Need::Reply { text } => {
            format!("You waited for a human's reply to this: {text}\n\nThe working tree is as you left it.")
        }
        Need::NoProgress => {
            "Your last turns changed nothing, so a human was asked; the working tree is as you left it."
                .to_owned()
        }
        Need::Conflict { paths } => {
            format!("Your work contradicts what others have brought to the run's branch ({}); the conflict markers are in your working tree.", paths.join(", "))
        }
        Need::Interrupted => {
            "A human has interrupted your turn; the working tree is as you left it.".to_owned()
        }
        Need::TakenOver { .. } => taking::HANDED_BACK.to_owned(),
    }
}

/// Why work was rejected, in words for the agent.
pub(super) fn rejection(reason: String) -> String {
    if reason.trim().is_empty() {
        return "The human gave no reason.".to_owned();
    }
    reason
}

/// What the first turn is told when the working tree is a new one after all: humans' words hold for the ticket.
pub(super) fn in_a_new_tree(brief: Brief) -> Brief {
    let Brief {
        replies, rejected, ..
    } = brief;
    let is_told = rejected.is_some() || !replies.is_empty();
    let begins_anew =
        "What was done for this ticket before is not in this working tree: begin anew.";
    Brief {
        replies,
        rejected,
        went_on: is_told.then(|| begins_anew.to_owned()),
        ..Brief::default()
    }
}

/// What a human has said since, in words for the agent.
fn told(id: RequestId, request: &Request, answer: &Answer) -> String {
    let title = &request.title;
    match answer {
        Answer::Words { words } => format!(
            " You asked ({id}): {title}. The answer: {}.",
            words.join("; ")
        ),
        Answer::Dismiss { reason } => {
            format!(" You asked for {title} ({id}). It was refused: {reason}.")
        }
        Answer::Choose { choice, reason } => {
            let kind = request.choices.iter().find(|known| known.id == *choice);
            let allowed = kind.is_some_and(|choice| {
                matches!(choice.kind, ChoiceKind::AllowOnce | ChoiceKind::AllowAlways)
            });
            match (allowed, reason) {
                (true, _) => format!(
                    " You asked for {title} ({id}). A human has allowed it: ask again, and you get the answer."
                ),
                (false, Some(reason)) if !reason.is_empty() => {
                    format!(" You asked for {title} ({id}). A human has refused it: {reason}.")
                }
                (false, _) => format!(" You asked for {title} ({id}). A human has refused it."),
            }
        }
    }
}
