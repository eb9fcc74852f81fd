//! What an agent asks while it runs: rules answer, or a human does; each request gets one answer.

use super::attempt::Rules;
use super::effect::Order;
use super::standing::Standing;
use super::state::{Attempt, Halt, Stage};
use super::{Effect, emit, order};
use crate::domain::attempt::{AttemptOutcome, CancelReason, Need};
use crate::domain::command::Reaction;
use crate::domain::event::Event;
use crate::domain::ids::{RunId, TicketId};
use crate::domain::request::{
    Answer, AnsweredBy, Ask, Choice, ChoiceKind, Request, RequestId, RequestKey,
};
use crate::domain::rules::{Decision, decide};
use crate::domain::settings::NobodyThere;
use crate::domain::time::Now;

/// The agent asks.
#[expect(
    clippy::too_many_arguments,
    reason = "all that decides about a request, once"
)]
pub(super) fn asked(
    attempt: &mut Attempt,
    rules: &Rules,
    granted: &mut Vec<(Ask, Answer, Request)>,
    (standing, ticket): (&Standing, &TicketId),
    key: RequestKey,
    request: Request,
    now: Now,
    effects: &mut Vec<Effect>,
) {
    attempt.last_request += 1;
    let id = RequestId(attempt.last_request);
    let opened = Event::RequestOpened {
        attempt: attempt.id.clone(),
        id,
        request: request.clone(),
    };
    emit(rules.run, opened, effects);
    let decided = if attempt.cancel.is_some() || attempt.halt.is_some() {
        // The turn is being ended: nobody is asked any more.
        Some((
            request.deny("the turn is being ended".to_owned()),
            AnsweredBy::Policy,
        ))
    } else if let Some(answer) = take_grant(granted, &request) {
        Some((answer, AnsweredBy::Human))
    } else {
        match decide(rules.approvals, &rules.requests, &request) {
            Decision::Allow { by } => request.allow().map(|answer| (answer, by)),
            Decision::Deny { by } => Some((request.deny("not allowed here".to_owned()), by)),
            Decision::Ask => standing.answer(ticket, &request),
        }
    };
    if let Some((answer, by)) = decided {
        return answered(attempt, rules.run, id, key, answer, by, effects);
    }
    if !rules.waits_for_humans && rules.nobody_there == NobodyThere::Deny {
        let answer = request.deny("nobody is there to ask".to_owned());
        return answered(
            attempt,
            rules.run,
            id,
            key,
            answer,
            AnsweredBy::NobodyThere,
            effects,
        );
    }
    if !rules.waits_for_humans {
        let title = request.title.clone();
        attempt.halt = Some(Halt::Asks(Need::Request { id, title }));
        let reason = CancelReason::Asks;
        order(&attempt.id, Order::Stop { reason }, effects);
    }
    attempt.requests.insert(id, (key, request));
    attempt.asks_since.get_or_insert(now.monotonic);
}

/// The answer that a human gave to the same question before; each is used once.
fn take_grant(granted: &mut Vec<(Ask, Answer, Request)>, request: &Request) -> Option<Answer> {
    let index = granted.iter().position(|(ask, _, _)| *ask == request.ask)?;
    let (_, answer, then) = &granted[index];
    let answer = as_answer(request, answer, then)?;
    granted.remove(index);
    Some(answer)
}

/// What was answered `then`, for the same that is asked now.
fn as_answer(request: &Request, answer: &Answer, then: &Request) -> Option<Answer> {
    match answer {
        Answer::Words { .. } => Some(answer.clone()),
        Answer::Dismiss { reason } => Some(request.deny(reason.clone())),
        Answer::Choose { choice, reason } => {
            // Ids are the process's own: what the choice meant counts.
            let kind = then.choices.iter().find(|known| known.id == *choice)?.kind;
            Some(match kind {
                ChoiceKind::AllowOnce | ChoiceKind::AllowAlways => choose(
                    request
                        .choice(kind)
                        .or(request.choice(ChoiceKind::AllowOnce))?,
                    None,
                ),
                ChoiceKind::Deny | ChoiceKind::Cancel => {
                    request.deny(reason.clone().unwrap_or_default())
                }
            })
        }
    }
}

fn choose(choice: &Choice, reason: Option<String>) -> Answer {
    Answer::Choose {
        choice: choice.id.clone(),
        reason,
    }
}

fn answered(
    attempt: &Attempt,
    run: RunId,
    id: RequestId,
    key: RequestKey,
    answer: Answer,
    by: AnsweredBy,
    effects: &mut Vec<Effect>,
) {
    // Only a human's words are news for the agent.
    let said = match (&by, &answer) {
        (AnsweredBy::Human, Answer::Choose { reason, .. }) => reason.clone(),
        _ => None,
    };
    let event = Event::RequestAnswered {
        attempt: attempt.id.clone(),
        id,
        answer: answer.clone(),
        by,
    };
    emit(run, event, effects);
    let said = said.filter(|said| !said.trim().is_empty());
    order(&attempt.id, Order::Answer { key, answer, said }, effects);
}

/// The agent waits for it no more. One that the turn is ended for is still open: an agent refuses what it asks when its turn
/// is interrupted, and that is nobody's answer.
pub(super) fn asked_no_more(
    attempt: &mut Attempt,
    run: RunId,
    key: &RequestKey,
    now: Now,
    effects: &mut Vec<Effect>,
) {
    let known = attempt.requests.iter().find(|(_, (open, _))| open == key);
    let Some((id, _)) = known else { return };
    let id = *id;
    attempt.requests.remove(&id);
    if asks_for(attempt) != Some(id) {
        close(attempt, run, id, effects);
    }
    go_on(attempt, now);
}

/// The request that the turn is ended for, since nobody is there to answer.
fn asks_for(attempt: &Attempt) -> Option<RequestId> {
    match &attempt.halt {
        Some(Halt::Asks(Need::Request { id, .. })) => Some(*id),
        _ => None,
    }
}

/// The turn is over: nothing of it is asked any more. A request that the attempt ends with stays open, so that it can be
/// answered later.
pub(super) fn close_all(attempt: &mut Attempt, run: RunId, now: Now, effects: &mut Vec<Effect>) {
    let stays = asks_for(attempt);
    attempt.asked_for = stays;
    for id in std::mem::take(&mut attempt.requests).into_keys() {
        if Some(id) != stays {
            close(attempt, run, id, effects);
        }
    }
    go_on(attempt, now);
}

/// What the attempt ended with can't be answered any more, unless it ended for being asked.
pub(super) fn forget(
    attempt: &Attempt,
    outcome: &AttemptOutcome,
    run: RunId,
    effects: &mut Vec<Effect>,
) {
    let stays = match outcome {
        AttemptOutcome::NeedsHuman {
            need: Need::Request { id, .. },
        } => Some(*id),
        _ => None,
    };
    let open = attempt.requests.keys().copied().chain(attempt.asked_for);
    for id in open.filter(|id| Some(*id) != stays) {
        close(attempt, run, id, effects);
    }
}

fn close(attempt: &Attempt, run: RunId, id: RequestId, effects: &mut Vec<Effect>) {
    let attempt = attempt.id.clone();
    emit(run, Event::RequestClosed { attempt, id }, effects);
}

/// Time in which a human was waited for does not count.
pub(super) fn go_on(attempt: &mut Attempt, now: Now) {
    if attempt.requests.is_empty() && !attempt.is_silent {
        attempt.no_human_is_waited_for(now.monotonic);
    }
}

/// A human answers. Gives why not, if not.
pub(super) fn answer(
    attempt: &mut Attempt,
    run: RunId,
    id: Option<RequestId>,
    reaction: Reaction,
    now: Now,
    effects: &mut Vec<Effect>,
) -> Option<&'static str> {
    let Some(id) = id.or_else(|| attempt.requests.keys().next().copied()) else {
        return Some("its agent asks nothing");
    };
    let Some((key, request)) = attempt.requests.get(&id) else {
        return Some("that request is not open: it was answered, or its turn is over");
    };
    let answer = match answer_of(request, reaction) {
        Ok(answer) => answer,
        Err(why) => return Some(why),
    };
    let key = key.clone();
    attempt.requests.remove(&id);
    answered(attempt, run, id, key, answer, AnsweredBy::Human, effects);
    go_on(attempt, now);
    None
}

/// What a human's words mean for this request.
pub fn answer_of(request: &Request, reaction: Reaction) -> Result<Answer, &'static str> {
    match (reaction, &request.ask) {
        (Reaction::Words { words }, Ask::Question { questions }) => {
            if words.len() == questions.len() {
                Ok(Answer::Words { words })
            } else {
                Err("it asks several questions: give one answer for each, in order")
            }
        }
        (Reaction::Words { .. }, _) => Err("it asks for a yes or no: approve or reject it"),
        (
            Reaction::Allow | Reaction::AllowAlways | Reaction::AllowLike { .. },
            Ask::Question { .. },
        ) => Err("it asks a question: answer it in words"),
        (Reaction::Allow | Reaction::AllowLike { .. }, _) => {
            request.allow().ok_or("it offers no yes")
        }
        (Reaction::AllowAlways, _) => request
            .choice(ChoiceKind::AllowAlways)
            .map(|choice| choose(choice, None))
            .or_else(|| request.allow())
            .ok_or("it offers no yes"),
        (Reaction::Deny { reason }, _) => Ok(request.deny(reason.unwrap_or_default())),
    }
}

/// Ends the turn that runs because of what the rules say, not because of a cancel.
pub(super) fn halt(attempt: &mut Attempt, halt: Halt, effects: &mut Vec<Effect>) {
    if attempt.stage != Stage::Turn || attempt.halt.is_some() || attempt.cancel.is_some() {
        return;
    }
    let reason = match &halt {
        Halt::Asks(_) => CancelReason::Asks,
        Halt::Limit(_) => CancelReason::Limit,
        Halt::Interrupted | Halt::TakenOver(_) => CancelReason::Interrupted,
    };
    attempt.halt = Some(halt);
    order(&attempt.id, Order::Stop { reason }, effects);
}
