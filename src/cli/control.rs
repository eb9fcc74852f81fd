//! `docket interrupt`, `claim`, `stop`, `pause`, `resume`, `retry`, `skip`, `unskip`: what steers a run and its tickets.

use super::arguments::{ClaimArguments, Global, StopArguments};
use super::decide::{Outcome, ask, named, refuse_agents, tries};
use super::error::CliError;
use super::find::Target;
use super::place::Place;
use super::without;
use crate::domain::attempt::CancelReason;
use crate::domain::command::Command;
use crate::exit::Exit;

pub(super) fn interrupt(global: &Global, ticket: &str) -> Result<Exit, CliError> {
    let (place, target) = named(global, ticket)?;
    let ticket = target.id.clone();
    let command = Command::Interrupt { ticket };
    let said = format!(
        "its turn is being ended; `docket reply {} \"…\"` goes on",
        target.name
    );
    of_ticket(global, &place, &target, &command, &said, "it has no turn")
}

pub(super) fn claim(global: &Global, arguments: &ClaimArguments) -> Result<Exit, CliError> {
    let (place, target) = named(global, &arguments.ticket)?;
    let (ticket, done) = (target.id.clone(), !arguments.not_done);
    let command = Command::Claim { ticket, done };
    let said = if done {
        "its turn is over, and its work is checked"
    } else {
        "its turn is over, and the next one begins"
    };
    let without = "its agent has no turn; `docket reply` says what is next for work that waits";
    of_ticket(global, &place, &target, &command, said, without)
}

pub(super) fn stop(global: &Global, arguments: &StopArguments) -> Result<Exit, CliError> {
    let Some(ticket) = &arguments.ticket else {
        let reason = if arguments.now {
            CancelReason::Kill
        } else {
            CancelReason::Interrupt
        };
        let command = Command::Cancel { reason };
        return of_run(global, &command, "the run is being stopped");
    };
    let (place, target) = named(global, ticket)?;
    let ticket = target.id.clone();
    let command = Command::StopTicket { ticket };
    let said = "its attempt is being stopped";
    of_ticket(global, &place, &target, &command, said, "it is not running")
}

pub(super) fn pause(global: &Global) -> Result<Exit, CliError> {
    of_run(global, &Command::Pause, "paused; `docket resume` goes on")
}

pub(super) fn resume(global: &Global) -> Result<Exit, CliError> {
    of_run(global, &Command::Resume, "the run goes on")
}

pub(super) fn retry(global: &Global, ticket: &str) -> Result<Exit, CliError> {
    let (place, target) = named(global, ticket)?;
    let ticket = target.id.clone();
    let command = Command::Retry { ticket };
    let outcome = Outcome::of(&command, Some(&target.name));
    tries(|| match ask(&place, &command)? {
        Some(reply) => {
            let said = format!("{}: it is tried again", target.name);
            Ok(Some(outcome.clone().take(reply, &said)))
        }
        None => without::retry(&place, &target, outcome.clone()),
    })?
    .tell(global)
}

pub(super) fn skip(global: &Global, ticket: &str) -> Result<Exit, CliError> {
    let (place, target) = named(global, ticket)?;
    let ticket = target.id.clone();
    let command = Command::Skip { ticket };
    let said = "it is left out of this run";
    let without = "there is no run to leave it out of";
    of_ticket(global, &place, &target, &command, said, without)
}

pub(super) fn unskip(global: &Global, ticket: &str) -> Result<Exit, CliError> {
    let (place, target) = named(global, ticket)?;
    let ticket = target.id.clone();
    let command = Command::Unskip { ticket };
    let said = "it is a part of this run again";
    let without = "the next run takes it by itself";
    of_ticket(global, &place, &target, &command, said, without)
}

/// A word to the runner about a ticket; `without` says what is so when no runner lives.
pub(super) fn of_ticket(
    global: &Global,
    place: &Place,
    target: &Target,
    command: &Command,
    said: &str,
    without: &str,
) -> Result<Exit, CliError> {
    let outcome = Outcome::of(command, Some(&target.name));
    let outcome = match ask(place, command)? {
        Some(reply) => outcome.take(reply, &format!("{}: {said}", target.name)),
        None => outcome.refused(format!("no docket runs here: {without}")),
    };
    outcome.tell(global)
}

/// A word to the runner about the run.
fn of_run(global: &Global, command: &Command, said: &str) -> Result<Exit, CliError> {
    refuse_agents()?;
    let place = Place::of(global)?;
    let outcome = Outcome::of(command, None);
    let outcome = match ask(&place, command)? {
        Some(reply) => outcome.take(reply, said),
        None => outcome.refused("no docket runs here"),
    };
    outcome.tell(global)
}
