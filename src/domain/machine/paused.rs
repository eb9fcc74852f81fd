//! Answers to what an attempt ended with: the next attempt goes on with them.

use super::state::{RunPhase, State, StepState, Unfinished};
use super::{Effect, emit, requests};
use crate::domain::attempt::{AttemptOutcome, Need};
use crate::domain::command::Reaction;
use crate::domain::event::Event;
use crate::domain::ids::{RunId, TicketId};
use crate::domain::request::{Answer, AnsweredBy, Request, RequestId};

impl Unfinished {
    /// What was open at its end and nobody has answered since, oldest first.
    pub fn open(&self) -> impl Iterator<Item = (RequestId, &Request)> {
        let open = self
            .requests
            .iter()
            .filter(|(_, _, answer)| answer.is_none());
        open.map(|(id, request, _)| (*id, request))
    }

    /// Takes a human's answer to one of its requests, the oldest open one without a number. Gives the request and the answer, which
    /// are to be stored, or why not.
    pub fn answer(
        &mut self,
        id: Option<RequestId>,
        reaction: Reaction,
    ) -> Result<(RequestId, Answer), &'static str> {
        let known = self
            .requests
            .iter_mut()
            .find(|(known, _, answer)| match id {
                Some(id) => *known == id,
                None => answer.is_none(),
            });
        let Some((id, request, given)) = known else {
            return Err(match id {
                Some(_) => "that request is not open: it was answered, or its turn is over",
                None => "its agent asks nothing",
            });
        };
        if given.is_some() {
            return Err("that request was answered already: the next attempt goes on with it");
        }
        let answer = requests::answer_of(request, reaction)?;
        *given = Some(answer.clone());
        Ok((*id, answer))
    }
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
    let (id, answer) = match unfinished.answer(id, reaction) {
        Ok(answered) => answered,
        Err(why) => return Some(why),
    };
    let event = Event::RequestAnswered {
        attempt: unfinished.carry.from.clone(),
        id,
        answer,
        by: AnsweredBy::Human,
    };
    let is_open = unfinished.open().next().is_some();
    let last = RunId(state.next_run.0.saturating_sub(1));
    emit(
        state.run.as_ref().map_or(last, |run| run.id),
        event,
        effects,
    );
    let run = state.run.as_mut().filter(|_| !is_open)?;
    let asked = run.steps.get(ticket).is_some_and(|step| {
        matches!(
            step.state,
            StepState::Finished(AttemptOutcome::NeedsHuman {
                need: Need::Request { .. }
            })
        )
    });
    if asked && matches!(run.phase, RunPhase::Running | RunPhase::Paused) {
        run.steps.remove(ticket);
        run.started = run.started.saturating_sub(1);
        let ticket = ticket.clone();
        emit(run.id, Event::StepRetried { ticket }, effects);
    }
    state.look_again = true;
    None
}
