//! `docket usage`: what agents and days have used.

use serde::Serialize;

use super::arguments::Global;
use super::error::CliError;
use super::lint::counted;
use super::place::Place;
use super::table::{self, Cell, cell};
use crate::domain::item::Usage;
use crate::domain::reason::{coarse, count};
use crate::domain::spent::{Line, Spent};
use crate::exit::Exit;
use crate::output::{self, Role};
use crate::proc::clock::{Clock as _, SystemClock};
use crate::store::past;

#[derive(Serialize)]
struct Document {
    #[serde(flatten)]
    spent: Spent,
    /// Of attempts that ended in the last 24 hours, or still run.
    last_day: Usage,
}

pub(super) fn run(global: &Global) -> Result<Exit, CliError> {
    let place = Place::of(global)?;
    let zone = jiff::tz::TimeZone::system();
    let now = SystemClock::new().now().wall;
    let past::Spending { spent, day } = past::spending(&place.places.ledger(), &zone, now)?;
    if global.json {
        let document = Document {
            spent,
            last_day: day,
        };
        output::document(&document)?;
        return Ok(Exit::Done);
    }
    if spent == Spent::default() {
        output::say("nothing was used yet");
        return Ok(Exit::Done);
    }
    let mut rows: Vec<Vec<Cell>> = spent.agents.iter().map(cells).collect();
    rows.push(Vec::new());
    rows.extend(spent.days.iter().rev().map(cells));
    output::bytes(table::render(&rows, &[0]).as_bytes())?;
    Ok(Exit::Done)
}

fn cells(line: &Line) -> Vec<Cell> {
    let cost = line.usage.cost_usd;
    let cost = cost.map_or_else(String::new, |cost| format!("${cost:.2}"));
    let tokens = format!("{} tokens", count(line.usage.tokens()));
    vec![
        cell(Role::Plain, &line.name),
        cell(Role::Plain, &tokens),
        cell(Role::Plain, &cost),
        cell(Role::Faint, &counted(line.attempts as usize, "attempt")),
        cell(Role::Faint, &coarse(line.lasted)),
    ]
}
