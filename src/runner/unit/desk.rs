//! The desk within an attempt: what the agent left there is read after each turn, and what waited for a human comes into the queue
//! with the accepted work.

use std::path::Path;
use std::sync::Arc;

use super::{GitState, Prepared, Unit, blocking};
use crate::domain::desk::DeskRules;
use crate::domain::ids::Sha256;
use crate::domain::machine::Report;
use crate::domain::settings::AgentKind;
use crate::git::Repository;
use crate::proc::clock::Clock as _;
use crate::runner::context::Context;
use crate::runner::desk::{Desk, Found, Look, TreeTicket};
use crate::tickets::numbers::Range;

/// Reads the desk; what the agent changed in a tracked folder of tickets counts the same.
pub(super) fn read(
    desk: &mut Desk,
    look: &Look<'_>,
    state: Option<&GitState>,
) -> Result<Found, String> {
    // In place the queue's files are the canonical ones.
    let state = state.filter(|state| state.own.is_some());
    let tree = match (&look.context.git, state) {
        (Some(git), Some(state)) => tree_tickets(git, state)?,
        _ => Vec::new(),
    };
    Ok(desk.collect(&tree, look))
}

fn tree_tickets(git: &Repository, state: &GitState) -> Result<Vec<TreeTicket>, String> {
    let ticket = |path: &std::path::PathBuf| {
        let base = git
            .content_in(state.base, path)
            .map_err(|error| error.to_string())?;
        Ok(TreeTicket {
            path: path.clone(),
            file: state.worktree.path().join(path),
            base,
        })
    };
    let mut paths = state.tickets.clone();
    paths.sort();
    paths.dedup();
    paths.iter().map(ticket).collect()
}

impl Unit {
    /// Says what became of the agent's tickets and notes where people read what the agent did.
    pub(super) fn note_news(&self, prepared: &mut Prepared, found: &Found) {
        let now = self.context.clock.now().wall;
        let tickets = found.tickets.iter().map(ToString::to_string);
        let notes = found.notes.iter().map(ToString::to_string);
        for text in tickets.chain(notes) {
            prepared.transcript.notice(text, now);
        }
        prepared.transcript.publish();
    }

    /// What the agent made of the body of its ticket, and the revision that it began from. The body of a runbook is a program:
    /// that stays as it is.
    pub(super) fn own_body(&self) -> Option<(Sha256, String)> {
        let ticket = &self.spec.ticket;
        let agent = self.context.settings.agents.get(&ticket.agent);
        if agent.is_none_or(|agent| agent.kind == AgentKind::Shell) {
            return None;
        }
        self.prepared.as_ref()?.desk.own_body()
    }

    /// The work is accepted: the tickets that waited for it come into the queue.
    pub(super) async fn bring_held(&mut self, rules: DeskRules) {
        let Some(prepared) = &self.prepared else {
            return;
        };
        let mut desk = prepared.desk.clone();
        let (redactor, evidence) = (prepared.redactor.clone(), prepared.evidence.clone());
        let (context, spec): (Arc<Context>, _) = (self.context.clone(), self.spec.clone());
        let brought = blocking(move || {
            let look = Look {
                context: &context,
                spec: &spec,
                turn: 0,
                rules: &rules,
                redactor: &redactor,
                evidence: &evidence,
            };
            let tickets = desk.bring_held(&look);
            Ok::<_, String>((desk, tickets))
        })
        .await;
        match brought {
            Ok((desk, tickets)) => {
                if let Some(prepared) = &mut self.prepared {
                    prepared.desk = desk;
                }
                if !tickets.is_empty() {
                    self.report(Report::Brought { tickets });
                }
            }
            Err(why) => tracing::error!(why, "tickets that waited for a human are not brought"),
        }
    }

    /// What the agent is told of the queue.
    pub(super) fn follow_ups(&self, prepared: &Prepared) -> String {
        let next = next_number(&self.context.places.tickets);
        format!(
            "Other tickets lie in `{desk}/tickets/`. For work that is not this ticket's, write a new one there: \
             `TICKET-{next}-<words>.md`, with `agent: {agent}` and `done: false` in its front matter. Notes for all agents lie in \
             `{desk}/context/`.",
            desk = prepared.desk.path().display(),
            agent = self.spec.ticket.agent,
        )
    }
}

fn next_number(folder: &Path) -> String {
    Range::after(folder, 1).map_or_else(|_unreadable| "010".to_owned(), Range::first)
}
