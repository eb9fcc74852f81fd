//! What a human says when no runner lives: it goes into the ledger, and the next run goes on with it.

use super::decide::{By, Outcome};
use super::error::CliError;
use super::find::Target;
use super::place::Place;
use super::survey::Survey;
use super::{find, term, text};
use crate::domain::command::{Command, Reaction};
use crate::domain::event::Event;
use crate::domain::ids::AttemptId;
use crate::domain::taking::Seat;
use crate::domain::ticket::AgentName;
use crate::domain::unfinished::Unfinished;
use crate::runner::{self, NotAnswered};
use crate::store::Reader;

/// Stores words for an agent that waits for them. `None` when a runner came meanwhile.
pub(super) fn reply(
    place: &Place,
    target: &Target,
    command: &Command,
    outcome: Outcome,
) -> Result<Option<Outcome>, CliError> {
    let Command::Reply { ticket, text } = command else {
        return Ok(Some(outcome));
    };
    let nobody =
        "no docket runs here, and its agent waits for no reply: put the words into the ticket";
    let Some(unfinished) = left_of(place, target)? else {
        return Ok(Some(outcome.refused(nobody)));
    };
    let question = unfinished.open().find(|(_, request)| request.is_question());
    let stored = match question {
        Some((number, _)) => {
            let words = vec![text.clone()];
            let reaction = Reaction::Words { words };
            runner::answer(&place.places, ticket, number, reaction).map(drop)
        }
        None => runner::reply(&place.places, ticket, text.clone()),
    };
    let name = &target.name;
    said(stored, outcome, &format!("{name}: noted"), || {
        format!("the next run goes on with it: `docket --once --ticket {name}`")
    })
}

/// Gives up what waits for a human, so that the next run begins the ticket anew. `None` when a runner came meanwhile.
pub(super) fn retry(
    place: &Place,
    target: &Target,
    outcome: Outcome,
) -> Result<Option<Outcome>, CliError> {
    let name = &target.name;
    let left = left_of(place, target)?.filter(Unfinished::can_be_abandoned);
    if left.is_none() {
        let why = format!("no docket runs here: `docket --once --ticket {name}` tries it");
        return Ok(Some(outcome.refused(why)));
    }
    let stored = runner::abandon(&place.places, &target.id).map(drop);
    said(
        stored,
        outcome,
        &format!("{name}: it is tried from the start"),
        || format!("the next run does so: `docket --once --ticket {name}`"),
    )
}

/// Decides at the gate of an attempt that has ended. `None` when it is to be looked at again: a runner came, or somebody was
/// quicker.
pub(super) fn decide(
    place: &Place,
    target: &Target,
    attempt: &AttemptId,
    rejection: Option<String>,
    outcome: Outcome,
    words: &str,
) -> Result<Option<Outcome>, CliError> {
    let name = &target.name;
    match runner::decide(&place.places, &target.id, attempt, rejection) {
        Err(NotAnswered::Refused(_)) => Ok(None),
        stored => said(stored, outcome, words, || {
            format!("the next run goes on with it: `docket --once --ticket {name}`")
        }),
    }
}

/// Takes over what the ticket's last attempt left. `None` when a runner came meanwhile.
pub(super) fn take_over(
    place: &Place,
    target: &Target,
    outcome: Outcome,
) -> Result<Option<Outcome>, CliError> {
    let has_tui = |agent: &AgentName| term::has_tui(place, agent);
    let (ticket, meant) = (&target.id, target.attempt.as_ref());
    let stored = runner::take_over(&place.places, ticket, meant, Seat::CommandLine, &has_tui);
    said(stored, outcome, "taken over", || {
        "no docket runs here".to_owned()
    })
}

/// Hands it back. `None` when a runner came meanwhile.
pub(super) fn hand_back(
    place: &Place,
    target: &Target,
    command: &Command,
    outcome: Outcome,
) -> Result<Option<Outcome>, CliError> {
    let Command::HandBack { ticket, words, by } = command else {
        return Ok(Some(outcome));
    };
    let name = &target.name;
    let stored = runner::hand_back(&place.places, ticket, words.clone(), *by);
    said(stored, outcome, &format!("{name}: handed back"), || {
        format!("the next run goes on with it: `docket --once --ticket {name}`")
    })
}

fn said(
    stored: Result<(), NotAnswered>,
    outcome: Outcome,
    words: &str,
    note: impl FnOnce() -> String,
) -> Result<Option<Outcome>, CliError> {
    match stored {
        Ok(()) => Ok(Some(outcome.done(By::Ledger, words, Some(note())))),
        Err(NotAnswered::RunnerLives) => Ok(None),
        Err(NotAnswered::Refused(why)) => Ok(Some(outcome.refused(why))),
        Err(NotAnswered::Ledger(error)) => Err(error.into()),
        Err(error) => Err(CliError::Failed(error.to_string())),
    }
}

fn left_of(place: &Place, target: &Target) -> Result<Option<Unfinished>, CliError> {
    let reader = Reader::open(&place.places.ledger())?;
    Ok(runner::unfinished::of_ticket(&reader, &target.id)?)
}

/// Who decided at the ticket's last gate, what and when, in words; `None` where nobody did.
pub(super) fn decided(survey: &Survey, target: &Target) -> Result<Option<String>, CliError> {
    let attempt = match (&target.attempt, survey.paused.get(&target.id)) {
        (Some(attempt), _) => Some(attempt.clone()),
        (None, Some(unfinished)) => Some(unfinished.from.clone()),
        (None, None) => find::attempt(&survey.reader, target, None)?.map(|record| record.attempt),
    };
    let Some(attempt) = attempt else {
        return Ok(None);
    };
    let events = survey.reader.events_of_attempt(&attempt)?;
    let mut envelopes = events.iter().rev().filter_map(|stored| stored.envelope());
    let decision = envelopes.find_map(|envelope| match &envelope.event {
        Event::GateDecided { approved, .. } => Some((*approved, envelope.at)),
        _ => None,
    });
    let Some((approved, at)) = decision else {
        return Ok(None);
    };
    let what = if approved { "approved" } else { "rejected" };
    let next = match survey.paused.get(&target.id) {
        Some(unfinished) if unfinished.from == attempt => "; the next run goes on with that",
        _ => "",
    };
    Ok(Some(format!(
        "{attempt} was decided already: {what} by a human at {}{next}",
        text::moment(at, survey.now)
    )))
}
