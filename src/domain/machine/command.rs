//! What people and signals may ask.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::state::{Attempt, Halt, Run, RunPhase, Stage, State, StepState, Then};
use super::{
    Effect, Order, attempt, claimed, deciding, emit, order, paused, recorded, refuse, requests,
    schedule, skipped, standing, taking, turns,
};
use crate::domain::attempt::{AttemptOutcome, CancelReason, Need};
use crate::domain::command::{Command, Reaction};
use crate::domain::event::{Event, RunOutcome};
use crate::domain::ids::{AttemptId, RunId, TicketId};
use crate::domain::item::Usage;
use crate::domain::request::RequestId;
use crate::domain::time::Now;

pub(super) fn handle(state: &mut State, command: Command, now: Now, effects: &mut Vec<Effect>) {
    let what = command.describe();
    let refusal = match command {
        Command::Start { only } => start(state, only.map(|only| [only].into()), now, effects),
        Command::Pause => pause(state, now, effects),
        Command::Resume => resume(state, now, effects),
        Command::StopTicket { ticket } => stop_ticket(state, &ticket, effects),
        Command::Cancel { reason } => {
            cancel(state, reason, effects);
            None
        }
        Command::Retry { ticket } => retry(state, &ticket, effects),
        Command::Skip { ticket } => skipped::skip(state, ticket, effects),
        Command::Reply { ticket, text } => reply(state, &ticket, text, now, effects),
        Command::Steer { ticket, text } => steer(state, &ticket, text, effects),
        Command::Interrupt { ticket } => interrupt(state, &ticket, effects),
        Command::Answer {
            ticket,
            attempt,
            request,
            reaction,
        } => {
            if attempt.is_some_and(|attempt| is_past(state, &ticket, &attempt)) {
                Some("that request is not open: its attempt is over")
            } else {
                answer(state, &ticket, request, reaction, now, effects)
            }
        }
        Command::Approve {
            ticket,
            attempt,
            turn,
        } => deciding::decide_or_answer(state, &ticket, &(attempt, turn), None, now, effects),
        Command::Reject {
            ticket,
            reason,
            attempt,
            turn,
        } => {
            deciding::decide_or_answer(state, &ticket, &(attempt, turn), Some(reason), now, effects)
        }
        Command::StartSome { tickets } => {
            start(state, Some(tickets.into_iter().collect()), now, effects)
        }
        Command::Unskip { ticket } => skipped::take_back(state, &ticket, effects),
        Command::Claim { ticket, done } => claimed::claim(state, &ticket, done, effects),
        Command::TakeSession {
            ticket,
            attempt,
            by,
        } => taking::take(state, &ticket, attempt.as_ref(), by, now, effects),
        Command::HandBack { ticket, words, by } => {
            taking::hand_back(state, &ticket, words, by, effects)
        }
        Command::Record { attempt, file } => recorded::note(state, attempt, file, effects),
    };
    if let Some(why) = refusal {
        refuse(state, &what, why, effects);
    }
}

/// Why a command is refused; `None` when it was done.
pub(super) type Refusal = Option<&'static str>;

fn start(
    state: &mut State,
    only: Option<BTreeSet<TicketId>>,
    now: Now,
    effects: &mut Vec<Effect>,
) -> Refusal {
    if state.ledger_broken {
        return Some("the ledger can't be written: free some space, then start docket again");
    }
    if let Some(run) = &mut state.run {
        return match (run.phase, only) {
            (RunPhase::Paused, None) => resume(state, now, effects),
            (RunPhase::Ending(_), _) => Some("the run is ending"),
            (_, None) if run.plan.only.is_some() => {
                run.plan.only = None;
                state.look_again = true;
                None
            }
            (_, None) => Some("the run goes on already"),
            (_, Some(more)) => match &mut run.plan.only {
                Some(only) if !more.is_subset(only) => {
                    only.extend(more);
                    state.look_again = true;
                    None
                }
                _ => Some("a run goes on already: it takes the ticket in its turn"),
            },
        };
    }
    let mut plan = state.plan.clone();
    if only.is_some() {
        plan.only = only;
    }
    begin(state, plan, effects);
    None
}

fn begin(state: &mut State, plan: super::RunPlan, effects: &mut Vec<Effect>) {
    let id = state.next_run;
    state.next_run = RunId(id.0 + 1);
    // A run that ends by itself makes a branch, and a word in the ledger, only when it has something to do.
    let phase = if plan.stays {
        effects.push(Effect::PrepareRun { run: id });
        RunPhase::Preparing
    } else {
        RunPhase::Looking
    };
    state.look_again = true;
    // What was saved a moment ago may not have been seen yet.
    state.must_read = state.queue_is_known;
    state.run = Some(Run {
        id,
        phase,
        plan,
        branch: None,
        head: None,
        not_merged: false,
        accepted: 0,
        steps: BTreeMap::new(),
        skipped: BTreeSet::new(),
        known_done: state
            .queue
            .entries()
            .iter()
            .filter(|entry| entry.is_done())
            .map(|entry| entry.path.clone())
            .collect(),
        doubted: BTreeSet::new(),
        announced: false,
        started: 0,
        used: Usage::default(),
        began: None,
        frozen: Duration::ZERO,
        exhausted: None,
        paused_at: None,
        left_behind: None,
    });
}

fn pause(state: &mut State, now: Now, effects: &mut Vec<Effect>) -> Refusal {
    let Some(run) = &mut state.run else {
        return Some("nothing runs");
    };
    match run.phase {
        RunPhase::Running => {}
        RunPhase::Paused => return Some("the run is paused already"),
        RunPhase::Ending(_) => return Some("the run is ending"),
        RunPhase::Looking | RunPhase::Preparing => return Some("nothing runs yet"),
    }
    run.phase = RunPhase::Paused;
    run.paused_at = Some(now.monotonic);
    emit(run.id, Event::RunPaused, effects);
    for step in run.steps.values_mut() {
        if let StepState::Active(attempt) = &mut step.state {
            // From here on the pause counts, not the wait for a human within it.
            attempt.no_human_is_waited_for(now.monotonic);
            order(&attempt.id, Order::Pause, effects);
        }
    }
    None
}

fn resume(state: &mut State, now: Now, effects: &mut Vec<Effect>) -> Refusal {
    let Some(run) = state
        .run
        .as_mut()
        .filter(|run| run.phase == RunPhase::Paused)
    else {
        return Some("the run is not paused");
    };
    run.phase = RunPhase::Running;
    thaw(run, now, effects);
    state.look_again = true;
    None
}

/// Ends the freeze of every attempt; the time frozen does not count against their limits.
fn thaw(run: &mut Run, now: Now, effects: &mut Vec<Effect>) {
    let Some(since) = run.paused_at.take() else {
        return;
    };
    let frozen = now.monotonic.0.saturating_sub(since.0);
    run.frozen += frozen;
    emit(run.id, Event::RunResumed, effects);
    for step in run.steps.values_mut() {
        if let StepState::Active(attempt) = &mut step.state {
            attempt.paused += frozen;
            let is_a_humans = matches!(
                attempt.stage,
                Stage::Waiting(_) | Stage::LettingGo | Stage::Returning
            );
            let waits = is_a_humans || attempt.is_silent || !attempt.requests.is_empty();
            attempt.asks_since = waits.then_some(now.monotonic);
            order(&attempt.id, Order::Resume, effects);
        }
    }
}

fn stop_ticket(state: &mut State, ticket: &TicketId, effects: &mut Vec<Effect>) -> Refusal {
    let Some(run) = &mut state.run else {
        return Some("nothing runs");
    };
    let id = run.id;
    let Some(attempt) = active(run, ticket) else {
        return Some("that ticket is not running");
    };
    if matches!(
        attempt.stage,
        Stage::Integrating { .. } | Stage::Writing { .. }
    ) {
        return Some("its work is proven and is being merged");
    }
    // A second stop of the same ticket kills.
    let reason = match attempt.cancel {
        None => CancelReason::Stopped,
        Some(_) => CancelReason::Kill,
    };
    emit(
        id,
        Event::CancelRequested {
            ticket: Some(ticket.clone()),
            reason,
        },
        effects,
    );
    attempt::cancel(attempt, reason, effects);
    None
}

/// Ends the run, or hurries its end. Reasons only rise.
pub(super) fn cancel(state: &mut State, reason: CancelReason, effects: &mut Vec<Effect>) {
    let Some(run) = &mut state.run else { return };
    if let RunPhase::Ending(current) = run.phase
        && current >= reason
    {
        return;
    }
    if run.phase == RunPhase::Looking {
        let outcome = match reason {
            CancelReason::Storage => RunOutcome::Broken,
            _ => RunOutcome::Cancelled { reason },
        };
        return schedule::over_before_it_began(state, outcome, effects);
    }
    let was_paused = run.paused_at.take().is_some();
    run.phase = RunPhase::Ending(reason);
    if run.announced {
        emit(
            run.id,
            Event::CancelRequested {
                ticket: None,
                reason,
            },
            effects,
        );
    }
    for step in run.steps.values_mut() {
        if let StepState::Active(attempt) = &mut step.state {
            attempt::cancel(attempt, reason, effects);
            // After the stop: what is not started yet must not be.
            if was_paused {
                order(&attempt.id, Order::Resume, effects);
            }
        }
    }
}

/// Why a ticket can't be tried, whatever was said about it before.
pub(super) fn not_to_be_tried(state: &State, ticket: &TicketId) -> Refusal {
    if !state.queue_is_known {
        return None;
    }
    let step = state.run.as_ref().and_then(|run| run.steps.get(ticket));
    let is_done_here = step
        .is_some_and(|step| matches!(step.state, StepState::Finished(AttemptOutcome::Done { .. })));
    match state.queue.by_id(ticket) {
        None => Some("there is no such ticket in the queue"),
        Some(entry) if entry.is_done() || is_done_here => {
            Some("it is done: set `done: false` in its file first")
        }
        Some(_) => None,
    }
}

/// Ends an attempt that waits for a human, since that human wants something else of its ticket.
pub(super) fn end_the_wait(
    run: &mut Run,
    ticket: &TicketId,
    then: Then,
    effects: &mut Vec<Effect>,
) -> bool {
    let (id, reason) = (
        run.id,
        match then {
            Then::Retry => CancelReason::Stopped,
            // It goes on waiting in the next run.
            Then::Skip => CancelReason::RunEnds,
        },
    );
    let Some(step) = run.steps.get_mut(ticket) else {
        return false;
    };
    let StepState::Active(attempt) = &mut step.state else {
        return false;
    };
    if !matches!(attempt.stage, Stage::Waiting(_)) {
        return false;
    }
    step.then = Some(then);
    let ticket = Some(ticket.clone());
    emit(id, Event::CancelRequested { ticket, reason }, effects);
    attempt::cancel(attempt, reason, effects);
    true
}

fn retry(state: &mut State, ticket: &TicketId, effects: &mut Vec<Effect>) -> Refusal {
    if let Some(why) = not_to_be_tried(state, ticket) {
        return Some(why);
    }
    if state.run.is_none() {
        if state.ledger_broken {
            return Some("the ledger can't be written");
        }
        paused::abandon(state, ticket, effects);
        let plan = super::RunPlan {
            only: Some([ticket.clone()].into()),
            ..state.plan.clone()
        };
        begin(state, plan, effects);
        return None;
    }
    let Some(run) = &mut state.run else {
        return None;
    };
    if matches!(run.phase, RunPhase::Ending(_)) {
        return Some("the run is ending");
    }
    if end_the_wait(run, ticket, Then::Retry, effects) {
        return None;
    }
    if active(run, ticket).is_some() {
        return Some("that ticket is running");
    }
    let abandoned = paused::abandon(state, ticket, effects);
    let Some(run) = &mut state.run else {
        return None;
    };
    let skipped = run.skipped.remove(ticket);
    let ended = run.steps.remove(ticket).is_some();
    let was_left_out = match &mut run.plan.only {
        Some(only) => only.insert(ticket.clone()),
        None => false,
    };
    if !skipped && !ended && !abandoned && !was_left_out {
        return Some("that ticket has not been tried in this run: it starts when it is ready");
    }
    run.started = run.started.saturating_sub(u32::from(ended));
    emit(
        run.id,
        Event::StepRetried {
            ticket: ticket.clone(),
        },
        effects,
    );
    state.look_again = true;
    None
}

fn reply(
    state: &mut State,
    ticket: &TicketId,
    text: String,
    now: Now,
    effects: &mut Vec<Effect>,
) -> Refusal {
    if paused::of(state, ticket).is_some_and(|unfinished| unfinished.carry.is_some()) {
        return paused::reply(state, ticket, text, effects);
    }
    let settings = state.settings.clone();
    let Some(run) = &mut state.run else {
        return Some("nothing runs");
    };
    let (id, left_behind) = (run.id, run.left_behind.clone());
    let Some(step) = run.steps.get_mut(ticket) else {
        return Some("that ticket is not running");
    };
    let StepState::Active(attempt) = &mut step.state else {
        return Some("that ticket has ended: retry it");
    };
    match &attempt.stage {
        _ if attempt.cancel.is_some() => return Some("its attempt is being stopped"),
        Stage::Sealing(_) | Stage::Integrating { .. } | Stage::Writing { .. } => {
            return Some("its attempt is ending: no turn follows that could bring the words");
        }
        Stage::Waiting(Need::Review { .. }) => {
            return Some("it waits for a review: approve it, or reject it with these words");
        }
        _ => {}
    }
    if let Some((_, (_, request))) = attempt.requests.first_key_value()
        && request.is_question()
    {
        // The agent waits for just these words.
        let reaction = Reaction::Words { words: vec![text] };
        return requests::answer(attempt, id, None, reaction, now, effects);
    }
    emit(
        id,
        Event::ReplyReceived {
            ticket: ticket.clone(),
            attempt: Some(attempt.id.clone()),
            text: text.clone(),
        },
        effects,
    );
    attempt.replies.push(text);
    if attempt.waits_for_words() {
        attempt.idle_turns = 0;
        let limits = settings.limits_for(&step.ticket);
        turns::next_turn(attempt, &limits, left_behind, None, now, effects);
    }
    None
}

fn steer(state: &mut State, ticket: &TicketId, text: String, effects: &mut Vec<Effect>) -> Refusal {
    let Some(run) = &mut state.run else {
        return Some("nothing runs");
    };
    let Some(attempt) = active(run, ticket) else {
        return Some("that ticket is not running");
    };
    if attempt.stage != Stage::Turn {
        return Some("its agent has no turn now: reply, and the next turn brings it");
    }
    order(&attempt.id, Order::Steer { text }, effects);
    None
}

fn interrupt(state: &mut State, ticket: &TicketId, effects: &mut Vec<Effect>) -> Refusal {
    let Some(run) = &mut state.run else {
        return Some("nothing runs");
    };
    let Some(attempt) = active(run, ticket) else {
        return Some("that ticket is not running");
    };
    if attempt.stage != Stage::Turn {
        return Some("its agent has no turn now");
    }
    requests::halt(attempt, Halt::Interrupted, effects);
    None
}

/// Whether the attempt is not the one whose requests can be answered.
fn is_past(state: &State, ticket: &TicketId, attempt: &AttemptId) -> bool {
    let step = state.run.as_ref().and_then(|run| run.steps.get(ticket));
    match step.map(|step| &step.state) {
        Some(StepState::Active(active)) => active.id != *attempt,
        _ => state
            .unfinished
            .get(ticket)
            .is_some_and(|unfinished| unfinished.from != *attempt),
    }
}

fn answer(
    state: &mut State,
    ticket: &TicketId,
    request: Option<RequestId>,
    reaction: Reaction,
    now: Now,
    effects: &mut Vec<Effect>,
) -> Refusal {
    if asks_still(state, ticket) {
        return paused::answer(state, ticket, request, reaction, effects);
    }
    let Some(run) = &mut state.run else {
        return Some("nothing runs");
    };
    let id = run.id;
    let Some(attempt) = active(run, ticket) else {
        return Some("that ticket is not running");
    };
    let asked = match request {
        Some(request) => attempt.requests.get(&request),
        None => attempt.requests.values().next(),
    };
    let more = match asked.map(|(_, asked)| standing::reaches(asked, &reaction)) {
        Some(Err(why)) => return Some(why),
        Some(Ok(more)) => more,
        None => None,
    };
    let refusal = requests::answer(attempt, id, request, reaction, now, effects);
    if let (None, Some(more)) = (refusal, more) {
        standing::keep(id, &attempt.id, ticket, more, effects);
    }
    refusal
}

/// Whether the ticket's last attempt ended with a request, and no other has begun.
pub(super) fn asks_still(state: &State, ticket: &TicketId) -> bool {
    paused::of(state, ticket).is_some_and(|unfinished| !unfinished.requests.is_empty())
}

pub(super) fn active<'run>(run: &'run mut Run, ticket: &TicketId) -> Option<&'run mut Attempt> {
    match run.steps.get_mut(ticket).map(|step| &mut step.state) {
        Some(StepState::Active(attempt)) => Some(attempt),
        Some(StepState::Again(_) | StepState::Finished(_)) | None => None,
    }
}
