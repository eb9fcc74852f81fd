//! `docket`, `docket --once`, `docket run`: the commands that run tickets.

use std::collections::BTreeSet;

use super::arguments::{Global, RunArguments};
use super::error::CliError;
use super::find;
use super::place::{Place, start_folder};
use super::screen::Opening;
use crate::domain::ids::TicketId;
use crate::domain::machine::RunPlan;
use crate::domain::queue::Queue;
use crate::exit::Exit;
use crate::headless;
use crate::runner::{Life, Setup};
use crate::tickets::load;

/// One ready ticket, headless.
pub(super) fn once(global: &Global, ticket: Option<&str>) -> Result<Exit, CliError> {
    let place = find(global)?;
    let only = ticket.map(|ticket| named(&place, ticket)).transpose()?;
    let plan = RunPlan {
        only: only.map(|only| [only].into()),
        max_tickets: Some(1),
        ..RunPlan::default()
    };
    drain(place, plan, headless::Form::of(global.json, true))
}

/// The queue, headless.
pub(super) fn run(global: &Global, arguments: &RunArguments) -> Result<Exit, CliError> {
    let place = find(global)?;
    let words = arguments.named.iter();
    let only = words
        .map(|word| named(&place, word))
        .collect::<Result<BTreeSet<_>, _>>()?;
    let plan = RunPlan {
        only: (!only.is_empty()).then_some(only),
        max_tickets: arguments.max_tickets,
        waits_for_humans: arguments.watch,
        stays: arguments.watch,
    };
    drain(place, plan, headless::Form::of(global.json, false))
}

/// The screen.
pub(super) fn screen(global: &Global, plain: bool, take_over: bool) -> Result<Exit, CliError> {
    let opening = Opening {
        begin: false,
        plain,
        take_over,
    };
    super::screen::show(find(global)?, opening)
}

fn find(global: &Global) -> Result<Place, CliError> {
    let place = Place::find(
        &start_folder(global.directory.as_ref())?,
        &global.overrides(),
    )?;
    place.check_runnable()?;
    Ok(place)
}

/// Runs the queue of a place to the end of the plan.
pub(super) fn drain(place: Place, plan: RunPlan, form: headless::Form) -> Result<Exit, CliError> {
    let _log = crate::logging::start(&place.places.docket());
    let setup = setup(place, plan, Life::OneRun);
    Ok(runtime()?.block_on(headless::drive(setup, form))?)
}

pub(super) fn setup(place: Place, plan: RunPlan, life: Life) -> Setup {
    Setup {
        places: place.places,
        config: place.loaded.config,
        git: place.git,
        plan,
        life,
    }
}

pub(super) fn runtime() -> Result<tokio::runtime::Runtime, CliError> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| CliError::Failed(format!("can't start: {error}")))
}

/// The id of the ticket that a word means.
fn named(place: &Place, word: &str) -> Result<TicketId, CliError> {
    let scan = load::scan(&place.places.root, &place.places.tickets);
    let queue = Queue::new(scan.entries);
    let index = find::entry(place, &queue, word)?;
    let entry = queue.entries().get(index);
    entry
        .map(|entry| entry.id.clone())
        .ok_or_else(|| CliError::Failed(format!("{word} left the queue in this moment: try again")))
}
