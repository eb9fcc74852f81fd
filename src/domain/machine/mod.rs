//! The rules: `step(&mut State, Input, Now) -> Vec<Effect>`. Pure and total: it reads no clock, does no I/O and can't
//! fail; an input that does not fit the state is refused by an event.

mod approved;
mod attempt;
mod backoff;
mod claimed;
mod command;
mod deciding;
mod desk;
mod doubted;
mod effect;
mod ending;
mod input;
mod merging;
mod paused;
mod recorded;
mod recurring;
mod requests;
mod schedule;
mod skipped;
mod spending;
mod standing;
mod state;
mod taking;
mod turns;

pub use super::unfinished::Unfinished;
pub use effect::{AttemptSpec, Brief, Carry, DiffRules, Effect, Order};
pub use input::{Collected, Dispatch, Input, Report};
pub use recorded::is_name_of_a_recording;
pub use requests::answer_of;
pub use standing::{Standing, reaches};
pub use state::{History, RunPlan, State};

use state::{Run, RunPhase};

use super::attempt::CancelReason;
use super::event::{Event, RunOutcome};
use super::ids::{AttemptId, RunId};
use super::time::Now;

/// Takes one input and says what is to be done.
pub fn step(state: &mut State, input: Input, now: Now) -> Vec<Effect> {
    let mut effects = Vec::new();
    match input {
        Input::Queue(queue) => {
            doubted::notice(state, &queue, &mut effects);
            state.queue = queue;
            state.queue_is_known = true;
            state.look_again = true;
        }
        Input::Looked(queue) => {
            doubted::notice(state, &queue, &mut effects);
            state.queue = queue;
            state.queue_is_known = true;
            state.look_again = true;
            state.reading = false;
        }
        Input::Command(asked) => command::handle(state, asked, now, &mut effects),
        Input::RunPrepared { branch, head } => run_prepared(state, branch, head, &mut effects),
        Input::RunNotPrepared { why } => run_not_prepared(state, why, &mut effects),
        Input::Attempt { attempt, report } => {
            attempt::report(state, &attempt, report, now, &mut effects);
        }
        Input::LedgerBroken => {
            state.ledger_broken = true;
            command::cancel(state, CancelReason::Storage, &mut effects);
        }
        Input::Reopened { ticket, written } => {
            recurring::opened(state, ticket, written, &mut effects);
        }
        Input::Woke => {
            state.wake_at = None;
            state.look_again = true;
        }
    }
    backoff::go_on(state, now, &mut effects);
    merging::next(state, &mut effects);
    spending::hold(state, now, &mut effects);
    schedule::start_what_is_ready(state, now, &mut effects);
    schedule::end_if_over(state, &mut effects);
    for effect in &effects {
        state.standing.learn(effect);
    }
    effects
}

fn run_prepared(
    state: &mut State,
    branch: Option<(String, String)>,
    head: Option<String>,
    effects: &mut Vec<Effect>,
) {
    let jobs = state.settings.jobs.get();
    let Some(run) = state
        .run
        .as_mut()
        .filter(|run| run.phase == RunPhase::Preparing || ending(run))
    else {
        refuse(
            state,
            "the run is prepared",
            "no run is being prepared",
            effects,
        );
        return;
    };
    let (branch, base) = branch.unzip();
    run.branch.clone_from(&branch);
    run.head = head;
    if run.phase == RunPhase::Preparing {
        run.phase = RunPhase::Running;
    }
    let version = env!("CARGO_PKG_VERSION").to_owned();
    emit(
        run.id,
        Event::RunStarted {
            jobs,
            branch,
            base,
            version,
        },
        effects,
    );
    run.announced = true;
    state.look_again = true;
}

fn run_not_prepared(state: &mut State, why: String, effects: &mut Vec<Effect>) {
    if let Some(run) = state.run.take_if(|run| !run.announced) {
        emit(
            run.id,
            Event::Refused {
                what: "start a run".to_owned(),
                why,
            },
            effects,
        );
        effects.push(Effect::RunOver {
            run: run.id,
            outcome: RunOutcome::Broken,
        });
    } else {
        refuse(
            state,
            "the run could not be prepared",
            "no run is being prepared",
            effects,
        );
    }
}

fn ending(run: &Run) -> bool {
    matches!(run.phase, RunPhase::Ending(_)) && !run.announced
}

fn emit(run: RunId, event: Event, effects: &mut Vec<Effect>) {
    effects.push(Effect::Emit { run, event });
}

fn order(attempt: &AttemptId, order: Order, effects: &mut Vec<Effect>) {
    effects.push(Effect::Order {
        attempt: attempt.clone(),
        order,
    });
}

/// The current run, or the last one.
fn current_or_last(state: &State) -> RunId {
    let last = RunId(state.next_run.0.saturating_sub(1));
    state.run.as_ref().map_or(last, |run| run.id)
}

/// Says that an input did not fit. The event belongs to the current run, or to the last one.
fn refuse(state: &State, what: &str, why: &str, effects: &mut Vec<Effect>) {
    emit(
        current_or_last(state),
        Event::Refused {
            what: what.to_owned(),
            why: why.to_owned(),
        },
        effects,
    );
}
