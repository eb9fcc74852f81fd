//! `docket move`: another place in the run order. It needs no runner: the order is in the ticket files.

use serde::Serialize;

use super::arguments::{Global, MoveArguments, SpotArguments};
use super::decide::refuse_agents;
use super::error::CliError;
use super::find;
use super::place::Place;
use super::survey::Survey;
use crate::domain::ids::TicketId;
use crate::domain::queue::placing::{self, NewPriority, Spot};
use crate::exit::Exit;
use crate::output;
use crate::tickets::order;

#[derive(Serialize)]
struct Document<'a> {
    /// Whether the order is as asked.
    done: bool,
    /// What was written into ticket files, or would be.
    changes: &'a [NewPriority],
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
}

pub(super) fn run(global: &Global, arguments: &MoveArguments) -> Result<Exit, CliError> {
    refuse_agents()?;
    let place = Place::of(global)?;
    let survey = Survey::of_queue(&place)?;
    let id = |word: &String| -> Result<TicketId, CliError> {
        let index = find::entry(&place, &survey.queue, word)?;
        Ok(survey.queue.entries()[index].id.clone())
    };
    let moved = arguments
        .named
        .iter()
        .map(id)
        .collect::<Result<Vec<_>, _>>()?;
    // What was answered since waits no more, but goes on from the file as it is.
    let has_begun = |ticket: &TicketId| {
        survey.paused.contains_key(ticket) || placing::has_begun(&survey.board, ticket)
    };
    let neighbour = |up| placing::neighbour(&survey.queue, &moved, up, has_begun, |_| true);
    let spot = match &arguments.spot {
        SpotArguments {
            before: Some(other),
            ..
        } => Ok(Some(Spot::Before(id(other)?))),
        SpotArguments {
            after: Some(other), ..
        } => Ok(Some(Spot::After(id(other)?))),
        SpotArguments { up: true, .. } => neighbour(true),
        SpotArguments { down: true, .. } => neighbour(false),
        SpotArguments { first: true, .. } => Ok(Some(Spot::First)),
        _ => Ok(Some(Spot::Last)),
    };
    let placed = spot.and_then(|spot| match spot {
        Some(spot) => placing::place(&survey.queue, &moved, &spot, has_begun),
        None => Ok(Vec::new()),
    });
    let changes = match placed {
        Ok(changes) => changes,
        Err(error) => {
            let why = error.to_string();
            if global.json {
                output::document(&Document {
                    done: false,
                    changes: &[],
                    why: Some(&why),
                })?;
            } else {
                output::say(&format!("docket: {why}"));
            }
            return Ok(Exit::NothingReady);
        }
    };
    if !arguments.dry_run {
        order::write(&place.places.root, &changes)
            .map_err(|error| CliError::Failed(error.to_string()))?;
    }
    if global.json {
        output::document(&Document {
            done: true,
            changes: &changes,
            why: None,
        })?;
    } else if changes.is_empty() {
        output::say("nothing to change: the order is so already");
    } else {
        for change in &changes {
            let NewPriority { name, from, to, .. } = change;
            output::line(&format!("{name}: priority {to} (was {from})"))?;
        }
    }
    Ok(Exit::Done)
}
