//! `docket ls`: the queue in run order, and why each ticket is where it is.

use std::collections::BTreeMap;

use serde::Serialize;

use super::arguments::{Global, LsArguments};
use super::error::CliError;
use super::place::Place;
use super::survey::Survey;
use super::{table, words};
use crate::domain::attempt::Proof;
use crate::domain::ids::{AttemptId, TicketId, TicketName};
use crate::domain::queue::Readiness;
use crate::domain::reason::{Mark, Reason};
use crate::domain::ticket::QueueEntry;
use crate::domain::time::Timestamp;
use crate::exit::Exit;
use crate::output::{self, Role};

/// A line of the list.
#[derive(Serialize)]
struct Row<'a> {
    name: &'a TicketName,
    id: &'a TicketId,
    title: &'a str,
    #[serde(serialize_with = "crate::domain::problem::path_as_text")]
    path: &'a std::path::Path,
    agent: Option<&'a str>,
    priority: i64,
    labels: &'a [String],
    done: bool,
    proof: Option<Proof>,
    mark: Mark,
    /// Why it is not running, or what it is doing.
    reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Timestamp>,
    readiness: Readiness,
    attempt: Option<&'a AttemptId>,
}

#[derive(Serialize)]
struct Document<'a> {
    tickets: Vec<Row<'a>>,
    /// How many tickets there are of each kind, those that are not listed too.
    counts: BTreeMap<&'static str, usize>,
    /// How many done ones were left out.
    left_out: usize,
}

pub(super) fn run(global: &Global, arguments: &LsArguments) -> Result<Exit, CliError> {
    let place = Place::of(global)?;
    let survey = Survey::of_queue(&place)?;
    let mut counts = BTreeMap::new();
    let mut left_out = 0;
    let mut rows = Vec::new();
    for (index, entry) in survey.queue.entries().iter().enumerate() {
        let row = row(&survey, index, entry);
        *counts.entry(words::word(row.mark)).or_default() += 1;
        if !matches(&row, &arguments.filter) {
            continue;
        }
        if !arguments.all && is_old(&survey, &row) {
            left_out += 1;
        } else {
            rows.push(row);
        }
    }
    if global.json {
        output::document(&Document {
            tickets: rows,
            counts,
            left_out,
        })?;
        return Ok(Exit::Done);
    }
    let cells: Vec<_> = rows.iter().map(cells).collect();
    output::bytes(table::render(&cells, &[2, 4]).as_bytes())?;
    explain(
        &place,
        &survey,
        rows.is_empty(),
        left_out,
        &arguments.filter,
    );
    Ok(Exit::Done)
}

fn row<'a>(survey: &'a Survey, index: usize, entry: &'a QueueEntry) -> Row<'a> {
    let ticket = entry.ticket.as_ref();
    let view = survey.board.tickets.get(&entry.id);
    let Reason { mark, text, since } = survey.reason(index);
    Row {
        name: &entry.name,
        id: &entry.id,
        title: &entry.title,
        path: &entry.path,
        agent: ticket.map(|ticket| ticket.agent.as_str()),
        priority: ticket.map_or(0, |ticket| ticket.priority),
        labels: ticket.map_or(&[], |ticket| ticket.labels.as_slice()),
        done: entry.is_done(),
        proof: survey.proof(entry),
        mark,
        reason: text,
        since,
        readiness: survey.readiness(index),
        attempt: view.and_then(|view| view.attempt.as_ref()),
    }
}

fn cells(row: &Row<'_>) -> Vec<table::Cell> {
    let (_sign, role) = words::sign(row.mark);
    vec![
        words::sign_cell(row.mark),
        table::cell(Role::Strong, row.name.as_str()),
        table::cell(Role::Plain, row.title),
        table::cell(Role::Faint, row.agent.unwrap_or_default()),
        table::cell(role, &row.reason),
    ]
}

/// Done, and not by the last run.
fn is_old(survey: &Survey, row: &Row<'_>) -> bool {
    let run = survey.board.tickets.get(row.id).map(|view| view.run);
    let last = survey.run.as_ref().map(|run| run.run);
    row.mark == Mark::Done && (run.is_none() || run != last)
}

/// Whether all words are somewhere in the line; letter case doesn't matter.
fn matches(row: &Row<'_>, filter: &[String]) -> bool {
    if filter.is_empty() {
        return true;
    }
    let state = words::word(row.mark);
    let mut text = format!(
        "{}\n{}\n{}\n{state}\n{}",
        row.name,
        row.title,
        row.agent.unwrap_or_default(),
        row.reason
    );
    for label in row.labels {
        text.push('\n');
        text.push_str(label);
    }
    let text = text.to_lowercase();
    let words = filter.iter().flat_map(|words| words.split_whitespace());
    words
        .into_iter()
        .all(|word| text.contains(&word.to_lowercase()))
}

/// What the list doesn't say by itself.
fn explain(place: &Place, survey: &Survey, is_empty: bool, left_out: usize, filter: &[String]) {
    for finding in &survey.folder_problems {
        output::say(&finding.to_string());
    }
    if survey.queue.entries().is_empty() {
        let folder = place.shown(&place.places.tickets);
        output::say(&format!(
            "no tickets in {folder}: `docket new \"title\"` writes one"
        ));
    } else if is_empty && left_out == 0 && !filter.is_empty() {
        output::say(&format!("no ticket has `{}`", filter.join(" ")));
    }
    if left_out > 0 {
        output::say(&format!("{left_out} done before: `--all` lists them"));
    }
}
