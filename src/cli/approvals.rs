//! `docket approvals`: what humans have allowed beyond single requests, and how it is taken back.

use serde::Serialize;

use super::arguments::{ApprovalsArguments, Global};
use super::decide;
use super::error::CliError;
use super::place::Place;
use super::survey::Survey;
use super::text;
use crate::config::approvals::{Approval, ApprovalsError};
use crate::domain::ids::TicketName;
use crate::domain::machine::Standing;
use crate::domain::rules::Rule;
use crate::exit::Exit;
use crate::output::{self, Paint, Role};

#[derive(Serialize)]
struct Document {
    /// The file of what is always allowed.
    file: Option<std::path::PathBuf>,
    /// Always, in this repository.
    always: Vec<Approval>,
    /// For single tickets, until they are done.
    tickets: Vec<OfTicket>,
}

#[derive(Serialize)]
struct OfTicket {
    name: TicketName,
    rules: Vec<Rule>,
}

pub(super) fn run(global: &Global, arguments: &ApprovalsArguments) -> Result<Exit, CliError> {
    let place = Place::of(global)?;
    let in_words = |error: ApprovalsError| CliError::Failed(error.to_string());
    let approvals = &place.places.approvals;
    if let Some(rule) = &arguments.remove {
        decide::refuse_agents()?;
        let removed = approvals
            .remove(&place.places.root, rule)
            .map_err(in_words)?;
        if removed {
            output::line(&format!("taken back: {}", text::line(rule)))?;
            return Ok(Exit::Done);
        }
        output::say("docket: that is not always allowed here: `docket approvals` lists what is");
        return Ok(Exit::NothingReady);
    }
    let root = std::fs::canonicalize(&place.places.root);
    let root = root.unwrap_or_else(|_gone| place.places.root.clone());
    let mut always = approvals.all().map_err(in_words)?;
    always.retain(|approval| approval.repository == root);
    let survey = Survey::take(&place)?;
    let events = survey.reader.rules_added()?;
    let standing = Standing::of(events.iter());
    let entries = survey.queue.entries().iter();
    let tickets = entries.filter_map(|entry| {
        let rules = standing.of_ticket(&entry.id).to_vec();
        (!rules.is_empty()).then(|| OfTicket {
            name: entry.name.clone(),
            rules,
        })
    });
    let document = Document {
        file: approvals.path().map(ToOwned::to_owned),
        always,
        tickets: tickets.collect(),
    };
    if global.json {
        output::document(&document)?;
    } else {
        show(&document)?;
    }
    Ok(Exit::Done)
}

fn show(document: &Document) -> Result<(), CliError> {
    let paint = Paint::for_result();
    for approval in &document.always {
        let scope = paint.text(Role::Strong, "always");
        let since = approval
            .since
            .as_deref()
            .map(|since| format!("  since {since}"));
        output::line(&format!(
            "{scope}  {}{}",
            text::line(&approval.rule),
            text::line(&since.unwrap_or_default())
        ))?;
    }
    for ticket in &document.tickets {
        let name = paint.text(Role::Strong, ticket.name.as_str());
        for rule in &ticket.rules {
            output::line(&format!("{name}  {}", text::line(rule.as_str())))?;
        }
    }
    if document.always.is_empty() && document.tickets.is_empty() {
        output::say(
            "nothing is allowed beyond single requests: `docket approve --scope` does that",
        );
    } else if let Some(file) = &document.file {
        output::say(&format!(
            "what is always allowed is kept in {}",
            file.display()
        ));
    }
    Ok(())
}
