//! `docket new`: a new ticket from a template.

use std::path::Path;

use serde::Serialize;

use super::arguments::{Global, NewArguments};
use super::error::CliError;
use super::place::Place;
use super::{outside, text};
use crate::config::Config;
use crate::domain::ids::{TicketId, TicketName};
use crate::domain::ticket::{AgentName, QueueEntry};
use crate::exit::Exit;
use crate::output;
use crate::tickets::template::{self, NewTicket, TEMPLATES, Template};
use crate::tickets::{load, parse};

#[derive(Serialize)]
struct Document<'a> {
    #[serde(serialize_with = "crate::domain::problem::path_as_text")]
    path: &'a Path,
    name: &'a TicketName,
    id: &'a TicketId,
    title: &'a str,
    agent: Option<&'a str>,
}

pub(super) fn run(global: &Global, arguments: &NewArguments) -> Result<Exit, CliError> {
    if arguments.title.trim().is_empty() {
        return Err(CliError::Usage(
            "a ticket needs a title: docket new \"stream the body\"".to_owned(),
        ));
    }
    let place = Place::of(global)?;
    let config = &place.loaded.config;
    let template = match &arguments.template {
        Some(name) => named(name)?,
        None => Template::fitting(config.agents.get(&config.agent).map(|agent| agent.kind)),
    };
    let agent = global
        .agent
        .as_ref()
        .or(template.is_for_any_agent().then_some(&config.agent));
    let folder = &place.places.tickets;
    let path = template::create(
        folder,
        &NewTicket {
            title: &arguments.title,
            template,
            agent,
        },
    )?;
    if arguments.edit {
        outside::edit(&path, None)?;
    }
    let shown = place.from_here(&path);
    let Some(entry) = read(&place, &path) else {
        // Whoever edits a ticket may give it another name.
        output::say(&format!("{} is gone", shown.display()));
        return Ok(Exit::Done);
    };
    if global.json {
        output::document(&Document {
            path: &entry.path,
            name: &entry.name,
            id: &entry.id,
            title: &entry.title,
            agent: entry.ticket.as_ref().map(|ticket| ticket.agent.as_str()),
        })?;
    } else {
        output::line(&shown.display().to_string())?;
    }
    tell_problems(config, &entry);
    Ok(Exit::Done)
}

fn named(name: &str) -> Result<Template, CliError> {
    Template::named(name).ok_or_else(|| {
        let names: Vec<_> = TEMPLATES.iter().map(|template| template.name).collect();
        CliError::Usage(format!(
            "there is no template `{name}`: there are {}",
            names.join(", ")
        ))
    })
}

fn read(place: &Place, path: &Path) -> Option<QueueEntry> {
    let bytes = std::fs::read(path).ok()?;
    let shown = path.strip_prefix(&place.places.root).unwrap_or(path);
    load::is_ticket(path.file_name()?).then(|| parse(shown, &bytes))
}

fn tell_problems(config: &Config, entry: &QueueEntry) {
    for problem in &entry.problems {
        output::say(&format!(
            "{}: {}",
            entry.path.display(),
            text::line(&problem.to_string())
        ));
    }
    let is_unknown = |agent: &&AgentName| !config.agents.contains_key(*agent);
    let agent = entry.ticket.as_ref().map(|ticket| &ticket.agent);
    if let Some(agent) = agent.filter(is_unknown) {
        output::say(&format!(
            "`{agent}` is no configured agent: write another one into the ticket, or configure it in docket.toml"
        ));
    }
}
