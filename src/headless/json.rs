//! JSON for scripts: `schema` rises when a field goes or changes its meaning; new fields come without notice.

use serde::Serialize;

use super::Watched;
use crate::domain::attempt::{AttemptOutcome, Proof};
use crate::domain::board::{Feed, TicketView};
use crate::domain::event::{Envelope, RunOutcome};
use crate::domain::ids::{RunId, TicketId};
use crate::domain::machine::RunPlan;
use crate::exit::Exit;
use crate::output;

/// The version of every document here.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line<'a> {
    Event {
        schema: u32,
        #[serde(flatten)]
        envelope: &'a Envelope,
    },
    Trouble {
        schema: u32,
        text: &'a str,
    },
    End {
        schema: u32,
        exit: u8,
        outcome: Option<RunOutcome>,
    },
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    exit: u8,
    outcome: Option<RunOutcome>,
    run: Option<RunId>,
    branch: Option<&'a str>,
    tickets: Vec<Ticket<'a>>,
    /// Why nothing ran.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<String>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    trouble: &'a [String],
}

#[derive(Serialize)]
struct Ticket<'a> {
    id: &'a TicketId,
    name: String,
    title: &'a str,
    proof: Option<Proof>,
    outcome: Option<&'a AttemptOutcome>,
    /// What answers it, when it waits for a human.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    commands: Vec<String>,
    #[serde(flatten)]
    view: &'a TicketView,
}

pub(super) fn feed(feed: &Feed) -> std::io::Result<()> {
    match feed {
        Feed::Event(envelope) => output::json_line(&Line::Event {
            schema: SCHEMA,
            envelope,
        }),
        Feed::Trouble(text) => output::json_line(&Line::Trouble {
            schema: SCHEMA,
            text,
        }),
        Feed::Queue(_)
        | Feed::Beginning { .. }
        | Feed::Advanced { .. }
        | Feed::Status { .. }
        | Feed::Used { .. }
        | Feed::RunOver { .. }
        | Feed::Runner(_) => Ok(()),
    }
}

pub(super) fn end(watched: &Watched, exit: Exit) -> std::io::Result<()> {
    let outcome = watched.outcome;
    output::json_line(&Line::End {
        schema: SCHEMA,
        exit: exit.code(),
        outcome,
    })
}

pub(super) fn document(watched: &Watched, plan: &RunPlan, exit: Exit) -> std::io::Result<()> {
    let run = watched.board.run.as_ref();
    let tickets = watched.queue.entries().iter().filter_map(|entry| {
        let view = watched.board.tickets.get(&entry.id)?;
        (Some(view.run) == run.map(|run| run.id)).then(|| Ticket {
            id: &entry.id,
            name: entry.name.to_string(),
            title: &entry.title,
            proof: view.state.proof(),
            outcome: match &view.state {
                crate::domain::board::TicketState::Finished { outcome } => Some(outcome),
                _ => None,
            },
            commands: watched.commands(&entry.id),
            view,
        })
    });
    let nothing = watched.outcome == Some(RunOutcome::NothingReady);
    output::json(&Document {
        schema: SCHEMA,
        exit: exit.code(),
        outcome: watched.outcome,
        run: run.map(|run| run.id),
        branch: run.and_then(|run| run.branch.as_deref()),
        tickets: tickets.collect(),
        reasons: if nothing {
            watched.reasons(plan)
        } else {
            Vec::new()
        },
        trouble: &watched.trouble,
    })
}
