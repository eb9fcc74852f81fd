//! The agent's desk: tickets, its own ticket, dispatches, notes, and hostile files on all of them.

mod dispatches;
mod hostile;
mod notes;
mod own;
mod queue;

use docket::domain::desk::{TicketChange, TicketNews};
use docket::domain::event::Event;

use crate::support::sandbox::Sandbox;

/// Configures an agent whose claim is in its copy of the ticket; `CLAIM` in the script makes it.
fn agent(sandbox: &Sandbox, name: &str, script: &str) {
    let claim = "{ sed 's/^done: false/done: true/' \"$DOCKET_TICKET\" > \"$HOME/claimed\" && cat \"$HOME/claimed\" > \"$DOCKET_TICKET\"; }";
    sandbox.agent(name, &script.replace("CLAIM", claim));
    sandbox.configure("claim = \"ticket\"");
}

/// What became of tickets that agents touched, in order.
fn news(sandbox: &Sandbox) -> Vec<TicketNews> {
    let events = sandbox.events().into_iter();
    events
        .filter_map(|event| match event {
            Event::TicketBrought { news, .. } => Some(news),
            _ => None,
        })
        .collect()
}

/// The same, a word each and the reason or the notes.
fn fates(sandbox: &Sandbox) -> Vec<String> {
    let fate = |news: TicketNews| {
        let what = match news.change {
            TicketChange::New { generation } => format!("new {generation}"),
            TicketChange::Edited { .. } => "edited".to_owned(),
            TicketChange::Held { why, .. } => format!("held: {why}"),
            TicketChange::Refused { why } => format!("refused: {why}"),
            TicketChange::Deleted => "deleted".to_owned(),
            TicketChange::Own { keys } => format!("own: {}", keys.join(",")),
        };
        let notes: String = news.notes.iter().flat_map(|note| ["; ", note]).collect();
        format!("{} {what}{notes}", news.path)
    };
    news(sandbox).into_iter().map(fate).collect()
}
