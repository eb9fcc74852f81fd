//! What a TICKET argument means: a name (`TICKET-003`), a number (`3`), an id, a file, or an attempt (`TICKET-003.2`).

use std::path::Path;
use std::sync::Arc;

use super::error::CliError;
use super::place::Place;
use crate::config;
use crate::domain::ids::{AttemptId, TicketId, TicketName};
use crate::domain::queue::Queue;
use crate::domain::ticket::QueueEntry;
use crate::store::Reader;
use crate::store::records::AttemptRecord;
use crate::tickets::load;

/// A ticket that was asked for.
#[derive(Debug, Clone)]
pub(super) struct Target {
    /// The ticket.
    pub(super) id: TicketId,
    /// What people call it.
    pub(super) name: TicketName,
    /// Its place in the queue; `None` when its file is gone and only the ledger knows it.
    pub(super) index: Option<usize>,
    /// The attempt, if one was named.
    pub(super) attempt: Option<AttemptId>,
}

/// Finds a ticket for a command that needs nothing else of the queue.
pub(super) fn one(place: &Place, word: &str) -> Result<(Reader, Target), CliError> {
    let reader = Reader::open(&place.places.ledger())?;
    let scan = load::scan(&place.places.root, &place.places.tickets);
    let target = target(place, &Queue::new(scan.entries), &reader, word)?;
    Ok((reader, target))
}

/// Finds what `word` means, in the queue first and then among all that docket ever ran.
pub(super) fn target(
    place: &Place,
    queue: &Queue,
    reader: &Reader,
    word: &str,
) -> Result<Target, CliError> {
    if let Some(index) = in_queue(place, queue, word)? {
        return Ok(of_entry(index, &queue.entries()[index]));
    }
    if let Some((ticket, number)) = attempt_words(word) {
        let mut target = target(place, queue, reader, ticket)?;
        target.attempt = Some(attempt_of(reader, &target, number)?.attempt);
        return Ok(target);
    }
    let steps = reader.last_steps()?;
    let past = steps
        .into_values()
        .find(|step| step.ticket.as_str() == word || is_named(&step.name, word));
    match past {
        Some(step) => Ok(Target {
            index: queue
                .entries()
                .iter()
                .position(|entry| entry.id == step.ticket),
            id: step.ticket,
            name: step.name,
            attempt: None,
        }),
        None => Err(unknown(place, queue, word)),
    }
}

/// The place in the queue that `word` means; for what needs a file.
pub(super) fn entry(place: &Place, queue: &Queue, word: &str) -> Result<usize, CliError> {
    in_queue(place, queue, word)?.ok_or_else(|| unknown(place, queue, word))
}

/// The attempt that is meant: the one that was named, else the last one.
pub(super) fn last_attempt(
    reader: &Reader,
    target: &Target,
    number: Option<u32>,
) -> Result<AttemptRecord, CliError> {
    attempt(reader, target, number)?.ok_or_else(|| no_attempt(target))
}

/// That a ticket was never tried.
pub(super) fn no_attempt(target: &Target) -> CliError {
    let name = &target.name;
    CliError::Usage(format!(
        "{name} has no attempt yet: `docket --once --ticket {name}` makes one"
    ))
}

/// The same; `None` when there was none yet.
pub(super) fn attempt(
    reader: &Reader,
    target: &Target,
    number: Option<u32>,
) -> Result<Option<AttemptRecord>, CliError> {
    let number = number.or(target.attempt.as_ref().map(|attempt| attempt.number));
    match number {
        Some(number) => attempt_of(reader, target, number).map(Some),
        None => Ok(reader.attempts_of_ticket(&target.id)?.pop()),
    }
}

fn attempt_of(reader: &Reader, target: &Target, number: u32) -> Result<AttemptRecord, CliError> {
    let attempts = reader.attempts_of_ticket(&target.id)?;
    let numbers: Vec<_> = attempts
        .iter()
        .map(|record| record.attempt.to_string())
        .collect();
    let mut found = attempts
        .into_iter()
        .filter(|record| record.attempt.number == number);
    found.next_back().ok_or_else(|| {
        let name = &target.name;
        CliError::Usage(if numbers.is_empty() {
            format!("{name} has no attempt yet: `docket --once --ticket {name}` makes one")
        } else {
            format!(
                "{name} has no attempt {number}: it has {}",
                numbers.join(", ")
            )
        })
    })
}

fn of_entry(index: usize, entry: &Arc<QueueEntry>) -> Target {
    Target {
        id: entry.id.clone(),
        name: entry.name.clone(),
        index: Some(index),
        attempt: None,
    }
}

fn in_queue(place: &Place, queue: &Queue, word: &str) -> Result<Option<usize>, CliError> {
    let matching = |is_meant: &dyn Fn(&QueueEntry) -> bool| -> Vec<usize> {
        let entries = queue.entries().iter().enumerate();
        entries
            .filter(|(_, entry)| is_meant(entry))
            .map(|(index, _)| index)
            .collect()
    };
    let by_id = matching(&|entry| entry.id.as_str() == word);
    let by_name = matching(&|entry| is_named(&entry.name, word));
    let by_path = matching(&|entry| is_at(place, entry, word));
    let found = [by_id, by_path, by_name]
        .into_iter()
        .find(|found| !found.is_empty());
    match found.as_deref() {
        None => Ok(None),
        Some(&[index]) => Ok(Some(index)),
        Some(several) => {
            let files: Vec<_> = several
                .iter()
                .map(|&index| format!("  {}", queue.entries()[index].path.display()))
                .collect();
            Err(CliError::Usage(format!(
                "`{word}` means {} tickets: name one by its file, and rename all but one\n{}",
                several.len(),
                files.join("\n")
            )))
        }
    }
}

fn is_named(name: &TicketName, word: &str) -> bool {
    name.as_str().eq_ignore_ascii_case(word) || word.parse() == Ok(name.number())
}

/// Whether `word` is the ticket's file: as docket shows it, as seen from here, or its bare name.
fn is_at(place: &Place, entry: &QueueEntry, word: &str) -> bool {
    let path = Path::new(word);
    entry.path == path
        || entry.path.file_name() == Some(path.as_os_str())
        || place.here.join(path) == place.places.root.join(&entry.path)
}

/// `TICKET-003.2` and `3.2` taken apart.
fn attempt_words(word: &str) -> Option<(&str, u32)> {
    let (ticket, number) = word.rsplit_once('.')?;
    Some((ticket, number.parse().ok()?))
}

fn unknown(place: &Place, queue: &Queue, word: &str) -> CliError {
    let folder = place.shown(&place.places.tickets);
    let entries = queue.entries();
    let names = entries.iter().map(|entry| entry.name.as_str());
    let ids = entries.iter().map(|entry| entry.id.as_str());
    let upper = word.to_ascii_uppercase();
    let nearest = config::nearest(&upper, names).or_else(|| config::nearest(word, ids));
    let lower = word.to_lowercase();
    let titled = || {
        let mut titles = entries.iter();
        titles.find(|entry| entry.title.to_lowercase().contains(&lower))
    };
    let hint = match nearest {
        Some(nearest) => format!("; did you mean `{nearest}`?"),
        None => match titled() {
            Some(entry) => format!("; did you mean {} ({})?", entry.name, entry.title),
            None => ": `docket ls` lists them".to_owned(),
        },
    };
    CliError::Usage(format!("there is no ticket `{word}` in {folder}{hint}"))
}
