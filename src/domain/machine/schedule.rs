//! What starts next, and when a run is over.

use std::sync::Arc;

use super::state::{Attempt, Run, RunPhase, State, Step, StepState};
use super::{AttemptSpec, Brief, Effect, desk, emit, ending, paused, recurring};
use crate::domain::attempt::{AttemptOutcome, CancelReason, Need};
use crate::domain::event::{Event, RunOutcome};
use crate::domain::ids::{AttemptId, TicketId};
use crate::domain::queue::{Queue, Readiness};
use crate::domain::settings::{Isolation, NobodyThere};
use crate::domain::ticket::QueueEntry;
use crate::domain::time::Now;

/// Fills free slots: first with steps that go on to another attempt, then with what is ready, in queue order.
pub(super) fn start_what_is_ready(state: &mut State, now: Now, effects: &mut Vec<Effect>) {
    if !state.look_again || state.ledger_broken {
        return;
    }
    let exhausted = state.run.as_ref().and_then(|run| run.exhausted);
    if exhausted.is_some() {
        return;
    }
    match state.run.as_ref().map(|run| run.phase) {
        Some(RunPhase::Running) => {}
        Some(RunPhase::Looking) => return prepare_if_something_is_ready(state, now, effects),
        Some(RunPhase::Preparing | RunPhase::Paused | RunPhase::Ending(_)) | None => return,
    }
    state.look_again = false;
    start_again(state, effects);
    // Where a human has the only slot, others are told so.
    if free_slots(state) == 0 && taken_since(state).next().is_none() {
        return;
    }
    let mut wake = recurring::open(state, now, effects);
    let queue = state.queue.clone();
    let mut for_humans = Vec::new();
    let agents = state.settings.known_names();
    for (index, entry) in queue.entries().iter().enumerate() {
        // Tickets that this run finished count as done already, before their files are read again.
        match queue.readiness_with(index, now.wall, Some(&agents), |id| is_done_here(state, id)) {
            Readiness::NotBefore(at) => {
                wake = Some(wake.map_or(at, |earlier| earlier.min(at)));
            }
            Readiness::Ready if wanted(state, entry) && needs_are_done(state, &queue, index) => {
                if let Some(need) = human_first(state, entry) {
                    for_humans.push((entry, need));
                } else if free_slots(state) > 0 {
                    begin_step(state, entry, effects);
                }
            }
            _ => {}
        }
    }
    // A run of so many tickets asks a human only when it finds nothing that it can do itself.
    let asks = state
        .run
        .as_ref()
        .is_some_and(|run| run.plan.max_tickets.is_none() || run.steps.is_empty());
    for (entry, need) in for_humans.into_iter().filter(|_| asks) {
        ask_the_user(state, entry, need, effects);
    }
    if let Some(at) = wake
        && state.wake_at.is_none_or(|known| at < known)
    {
        state.wake_at = Some(at);
        effects.push(Effect::WakeAt(at));
    }
}

fn prepare_if_something_is_ready(state: &mut State, now: Now, effects: &mut Vec<Effect>) {
    state.look_again = false;
    let _when_the_next_is_due = recurring::open(state, now, effects);
    let agents = state.settings.known_names();
    let queue = state.queue.clone();
    let mut entries = queue.entries().iter().enumerate();
    let any = entries.any(|(index, entry)| {
        let readiness = queue.readiness_of(index, now.wall, Some(&agents));
        readiness == Readiness::Ready && wanted(state, entry)
    });
    if let (true, Some(run)) = (any, &mut state.run) {
        run.phase = RunPhase::Preparing;
        effects.push(Effect::PrepareRun { run: run.id });
    }
}

/// What a human must do before docket can do anything for this ticket.
fn human_first(state: &State, entry: &QueueEntry) -> Option<Need> {
    if entry
        .ticket
        .as_ref()
        .is_some_and(|ticket| ticket.agent.is_user())
    {
        return Some(Need::UserTask);
    }
    let unfinished = state.unfinished.get(&entry.id)?;
    // Where a human works nobody else does, whatever its file says by now.
    if unfinished.revision != entry.revision && unfinished.taken.is_none() {
        return None;
    }
    let need = unfinished.waits_for()?;
    // Whoever waits for humans, or refuses without one, lets the agent ask again.
    let waits = state.run.as_ref()?.plan.waits_for_humans;
    let asks_again = matches!(need, Need::Request { .. })
        && (waits || state.settings.requests != NobodyThere::Pause);
    (!asks_again).then_some(need)
}

/// Whether the queue's files must be read before what was seen of them can be relied on. Sees to it that they are.
fn read_first(state: &mut State, effects: &mut Vec<Effect>) -> bool {
    if state.must_read && !state.reading {
        state.must_read = false;
        state.reading = true;
        effects.push(Effect::Look);
    }
    state.reading
}

fn is_done_here(state: &State, id: &TicketId) -> bool {
    state.run.as_ref().is_some_and(|run| {
        run.steps.get(id).is_some_and(|step| {
            matches!(step.state, StepState::Finished(AttemptOutcome::Done { .. }))
        })
    })
}

/// Whether what the entry depends on is done as far as this run can tell. A `done: true` in the file of a ticket that the run
/// itself tried is no proof: its agent may have put it there. A human's own tickets are done when the file says so.
fn needs_are_done(state: &State, queue: &Queue, index: usize) -> bool {
    let Some(run) = &state.run else { return false };
    queue.dependencies(index).all(|needed| {
        if run.doubted.contains(&needed.path) {
            return false;
        }
        let step = run.steps.get(&needed.id);
        step.is_none_or(|step| match &step.state {
            StepState::Finished(outcome) => matches!(
                outcome,
                AttemptOutcome::Done { .. }
                    | AttemptOutcome::NeedsHuman {
                        need: Need::UserTask
                    }
            ),
            StepState::Active(_) | StepState::Again(_) => false,
        })
    })
}

fn free_slots(state: &State) -> usize {
    let Some(run) = &state.run else { return 0 };
    // In place there is one working tree for all, humans included.
    let (slots, used) = match state.settings.isolation {
        Isolation::Worktree => (state.settings.jobs.get() as usize, run.slots_used()),
        Isolation::None => (
            1,
            run.slots_used() + run.taken() + taken_since(state).count(),
        ),
    };
    slots.saturating_sub(used)
}

/// Tickets whose last attempts have ended and in whose working trees a human works.
fn taken_since(state: &State) -> impl Iterator<Item = &TicketId> {
    let left = state.unfinished.iter();
    let left = left
        .filter(|(ticket, left)| left.taken.is_some() && !state.is_active(ticket))
        .map(|(ticket, _)| ticket);
    let steps = state.run.iter().flat_map(|run| &run.steps);
    let ended = steps.filter(|(ticket, step)| {
        let is_taken = matches!(
            step.state,
            StepState::Finished(AttemptOutcome::NeedsHuman {
                need: Need::TakenOver { .. }
            })
        );
        is_taken && !state.unfinished.contains_key(*ticket)
    });
    left.chain(ended.map(|(ticket, _)| ticket))
}

/// Whether an agent works, or a human, where only one of them can: in place, beside the attempt that is asked about.
pub(super) fn is_shared(state: &State, ticket: &TicketId) -> bool {
    if state.settings.isolation != Isolation::None {
        return false;
    }
    let run = state.run.as_ref();
    let mut others = run.into_iter().flat_map(Run::active);
    others.any(|(id, attempt)| id != ticket && attempt.has_its_tree())
        || taken_since(state).any(|taken| taken != ticket)
}

/// Whether the run still wants to start this ticket.
fn wanted(state: &State, entry: &QueueEntry) -> bool {
    let Some(run) = &state.run else { return false };
    !run.steps.contains_key(&entry.id)
        && !run.skipped.contains(&entry.id)
        && run
            .plan
            .only
            .as_ref()
            .is_none_or(|only| only.contains(&entry.id))
        && run.plan.max_tickets.is_none_or(|max| run.started < max)
}

fn start_again(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(run) = &state.run else { return };
    let again: Vec<(TicketId, bool)> = run
        .steps
        .iter()
        .filter(|(_, step)| matches!(step.state, StepState::Again(_)))
        .map(|(id, step)| (id.clone(), step.waits_for_files))
        .collect();
    for (ticket, waits_for_files) in again {
        if waits_for_files && read_first(state, effects) {
            continue;
        }
        let is_there = refresh(state, &ticket);
        if is_there && free_slots(state) > 0 {
            open(state, &ticket, effects);
        } else if let (false, Some(run)) = (is_there, &mut state.run) {
            ending::give_up(run, &ticket, effects);
        }
    }
}

/// Takes the ticket as its file is now: people edit it between two attempts. `false` when there is nothing to try any more:
/// the file is gone, broken, done, or a human's.
fn refresh(state: &mut State, ticket: &TicketId) -> bool {
    let Some(run) = &mut state.run else {
        return false;
    };
    let Some(step) = run.steps.get_mut(ticket) else {
        return false;
    };
    let fresh = state.queue.by_id(ticket).and_then(|entry| {
        let ticket = entry.ticket.as_ref().filter(|_| entry.is_runnable_file())?;
        (!ticket.done && !ticket.agent.is_user()).then_some((entry, ticket))
    });
    let Some((entry, ticket)) = fresh else {
        return false;
    };
    if entry.revision != step.revision {
        if ticket.agent != step.ticket.agent {
            // Another agent's from here on.
            step.agent = ticket.agent.clone();
            step.had_it.clear();
            step.carry = None;
            step.approved = None;
            step.brief = Brief::default();
            step.granted.clear();
        }
        step.ticket = Arc::new(ticket.clone());
        step.revision = entry.revision;
    }
    step.path.clone_from(&entry.path);
    true
}

fn begin_step(state: &mut State, entry: &QueueEntry, effects: &mut Vec<Effect>) {
    if note_step(state, entry, effects) {
        open(state, &entry.id, effects);
    }
}

/// A human must do something first: the step ends at once, saying so. (When the file of a human's own ticket says `done`,
/// dependents go on.)
fn ask_the_user(state: &mut State, entry: &QueueEntry, need: Need, effects: &mut Vec<Effect>) {
    if !note_step(state, entry, effects) {
        return;
    }
    let Some(run) = &mut state.run else { return };
    let outcome = AttemptOutcome::NeedsHuman { need };
    if let Some(step) = run.steps.get_mut(&entry.id) {
        step.state = StepState::Finished(outcome.clone());
    }
    emit(
        run.id,
        Event::StepFinished {
            ticket: entry.id.clone(),
            outcome,
        },
        effects,
    );
}

fn note_step(state: &mut State, entry: &QueueEntry, effects: &mut Vec<Effect>) -> bool {
    let (Some(run), Some(ticket)) = (&mut state.run, &entry.ticket) else {
        return false;
    };
    run.started += 1;
    let agent = ticket.agent.clone();
    let mut step = Step {
        ticket: Arc::new(ticket.clone()),
        path: entry.path.clone(),
        revision: entry.revision,
        attempts: 0,
        outdated: 0,
        waits_for_files: false,
        agent,
        had_it: Vec::new(),
        carry: None,
        brief: Brief::default(),
        granted: Vec::new(),
        approved: None,
        then: None,
        state: StepState::Again(AttemptOutcome::Lost),
    };
    if let Some(unfinished) = state.unfinished.remove(&entry.id) {
        paused::go_on_from(&mut step, unfinished);
    }
    run.steps.insert(entry.id.clone(), step);
    let event = Event::StepStarted {
        ticket: entry.id.clone(),
        name: entry.name.clone(),
        title: entry.title.clone(),
        revision: entry.revision,
    };
    emit(run.id, event, effects);
    true
}

/// Opens the next attempt of a step.
fn open(state: &mut State, ticket: &TicketId, effects: &mut Vec<Effect>) {
    let Some(run) = &mut state.run else { return };
    let Some(step) = run.steps.get_mut(ticket) else {
        return;
    };
    let name = step.ticket.name.clone();
    let number = state.attempt_numbers.entry(name.clone()).or_insert(0);
    *number += 1;
    let id = AttemptId {
        ticket: name,
        number: *number,
    };
    step.attempts += 1;
    step.waits_for_files = false;
    let carry = step.carry.take();
    let mut attempt = Attempt::new(id.clone());
    attempt.carry.clone_from(&carry);
    attempt.approved = step.approved.take();
    step.state = StepState::Active(Box::new(attempt));
    let started = Event::AttemptStarted {
        attempt: id.clone(),
        ticket: ticket.clone(),
        revision: step.revision,
        agent: step.agent.to_string(),
        marker: format!("{}/{id}", state.marker),
    };
    emit(run.id, started, effects);
    effects.push(Effect::Open(Box::new(AttemptSpec {
        attempt: id.clone(),
        run: run.id,
        run_branch: run.branch.clone(),
        marker: format!("{}/{id}", state.marker),
        path: step.path.clone(),
        ticket: step.ticket.clone(),
        revision: step.revision,
        agent: step.agent.clone(),
        carry,
        neighbours: desk::neighbours(&state.queue, ticket),
    })));
}

/// Ends the run when nothing of it lives and nothing more can start.
pub(super) fn end_if_over(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(run) = &mut state.run else { return };
    match run.phase {
        RunPhase::Preparing | RunPhase::Paused => return,
        RunPhase::Looking | RunPhase::Running if !state.reopening.is_empty() => return,
        RunPhase::Looking | RunPhase::Running if run.plan.stays || !state.queue_is_known => return,
        RunPhase::Looking if run.exhausted.is_some() => {
            return over_before_it_began(state, RunOutcome::Limit, effects);
        }
        RunPhase::Looking => {
            if !read_first(state, effects) {
                over_before_it_began(state, RunOutcome::NothingReady, effects);
            }
            return;
        }
        RunPhase::Running => {
            let goes_on = run
                .steps
                .values()
                .any(|step| matches!(step.state, StepState::Again(_)));
            if goes_on || run.active().next().is_some() {
                return;
            }
            if run.exhausted.is_none() && wants_more(run) && read_first(state, effects) {
                return;
            }
        }
        RunPhase::Ending(_) => {
            ending::give_up_waiting_steps(run, effects);
            if !run.announced || run.active().next().is_some() {
                return;
            }
        }
    }
    let Some(run) = state.run.as_ref().filter(|_| state.closing.is_empty()) else {
        return;
    };
    let outcome = outcome(run, &state.queue);
    emit(run.id, Event::RunFinished { outcome }, effects);
    effects.push(Effect::RunOver {
        run: run.id,
        outcome,
    });
    state.run = None;
}

/// Ends a run that left no trace: its number is the next one's.
pub(super) fn over_before_it_began(
    state: &mut State,
    outcome: RunOutcome,
    effects: &mut Vec<Effect>,
) {
    if let Some(run) = state.run.take() {
        state.next_run = run.id;
        let run = run.id;
        effects.push(Effect::RunOver { run, outcome });
    }
}

/// Whether the plan lets the run start anything that it has not started yet.
fn wants_more(run: &Run) -> bool {
    let plan = &run.plan;
    plan.max_tickets.is_none_or(|max| run.started < max)
        && plan
            .only
            .as_ref()
            .is_none_or(|only| only.iter().any(|ticket| !run.steps.contains_key(ticket)))
}

/// The worst that happened decides.
fn outcome(run: &Run, queue: &Queue) -> RunOutcome {
    if let RunPhase::Ending(reason) = run.phase {
        return match reason {
            CancelReason::Storage => RunOutcome::Broken,
            _ => RunOutcome::Cancelled { reason },
        };
    }
    let mut worst = match run.exhausted {
        Some(_) => RunOutcome::Limit,
        None if run.not_merged => RunOutcome::NeedsHuman,
        None => RunOutcome::NothingReady,
    };
    let rank = |outcome: &RunOutcome| match outcome {
        RunOutcome::NothingReady => 0,
        RunOutcome::Done => 1,
        RunOutcome::NeedsHuman => 2,
        RunOutcome::Limit => 3,
        RunOutcome::Failed => 4,
        RunOutcome::Cancelled { .. } | RunOutcome::Lost | RunOutcome::Broken => 5,
    };
    for (ticket, step) in &run.steps {
        let StepState::Finished(ended) = &step.state else {
            continue;
        };
        let is_done_by_now = || queue.by_id(ticket).is_some_and(|entry| entry.is_done());
        let this = match ended {
            AttemptOutcome::Done { .. } => RunOutcome::Done,
            AttemptOutcome::NeedsHuman {
                need: Need::UserTask,
            } if is_done_by_now() => RunOutcome::Done,
            AttemptOutcome::NeedsHuman { .. } => RunOutcome::NeedsHuman,
            AttemptOutcome::Limit { .. } => RunOutcome::Limit,
            AttemptOutcome::Failed { .. }
            | AttemptOutcome::Cancelled { .. }
            | AttemptOutcome::Lost => RunOutcome::Failed,
        };
        if rank(&this) > rank(&worst) {
            worst = this;
        }
    }
    worst
}
