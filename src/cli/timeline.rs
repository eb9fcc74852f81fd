//! `docket timeline`: what the attempts of a run did, and when.

use serde::Serialize;

use super::arguments::{Global, TimelineArguments};
use super::error::CliError;
use super::place::Place;
use super::table::{self, Cell, cell};
use super::{text, words};
use crate::domain::ids::RunId;
use crate::domain::reason::{Mark, coarse};
use crate::domain::time::Timestamp;
use crate::domain::timeline::{Bar, Timeline};
use crate::exit::Exit;
use crate::output::{self, Role};
use crate::proc::clock::{Clock as _, SystemClock};
use crate::store::past;

#[derive(Serialize)]
struct Document {
    /// All runs that there are.
    runs: Vec<RunId>,
    #[serde(flatten)]
    timeline: Timeline,
}

pub(super) fn run(global: &Global, arguments: &TimelineArguments) -> Result<Exit, CliError> {
    let place = Place::of(global)?;
    let past = past::timeline(&place.places.ledger(), arguments.run)?;
    if let Some(run) = arguments.run
        && past.timeline.run.is_none()
    {
        let last = past.runs.last();
        let last = last.map_or_else(String::new, |last| format!("; the last one is {last}"));
        return Err(CliError::Usage(format!("there is no run {run}{last}")));
    }
    if global.json {
        let past::Past { runs, timeline, .. } = past;
        output::document(&Document { runs, timeline })?;
        return Ok(Exit::Done);
    }
    let Some(run) = &past.timeline.run else {
        output::say("nothing has run yet");
        return Ok(Exit::Done);
    };
    let now = SystemClock::new().now().wall;
    let lasted = coarse(run.finished.unwrap_or(now).since(run.started));
    let began = text::moment(run.started, now);
    let verb = if run.finished.is_some() {
        "took"
    } else {
        "runs for"
    };
    output::line(&format!("{} began {began}, {verb} {lasted}", run.id))?;
    let rows: Vec<Vec<Cell>> = past
        .timeline
        .bars
        .iter()
        .map(|bar| cells(bar, now))
        .collect();
    output::bytes(table::render(&rows, &[5, 6]).as_bytes())?;
    Ok(Exit::Done)
}

fn cells(bar: &Bar, now: Timestamp) -> Vec<Cell> {
    let sums = bar.sums(now);
    let sums = sums
        .iter()
        .map(|(doing, sum)| format!("{} {}", doing.word(), coarse(*sum)));
    let sums: Vec<String> = sums.collect();
    let outcome = bar
        .outcome
        .as_ref()
        .map_or_else(String::new, ToString::to_string);
    vec![
        words::sign_cell(Mark::of_outcome(bar.outcome.as_ref())),
        cell(Role::Plain, &bar.attempt.to_string()),
        cell(Role::Faint, &bar.agent),
        cell(Role::Faint, &text::moment(bar.started, now)),
        cell(Role::Plain, &coarse(bar.end(now).since(bar.started))),
        cell(Role::Plain, &sums.join(", ")),
        cell(Role::Faint, &outcome),
    ]
}
