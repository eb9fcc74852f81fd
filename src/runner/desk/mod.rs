//! The agent's desk: what it needs, in one ignored folder that it can reach from a sandbox (DESIGN 3). After each turn docket reads
//! what the agent left there and brings back what is allowed.

mod dispatch;
mod files;
mod notes;
mod own;
mod queue;
mod tickets;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(super) use files::{open_regular, put};
pub(super) use tickets::TreeTicket;

use self::notes::Notes;
use self::own::Own;
use self::tickets::Tickets;
use super::context::Context;
use crate::domain::desk::{DeskRules, NoteNews, TicketNews};
use crate::domain::gate::GateReason;
use crate::domain::ids::Sha256;
use crate::domain::machine::{AttemptSpec, Dispatch};
use crate::redact::Redactor;
use crate::store::evidence::EvidenceFolder;

/// The desk of one attempt.
#[derive(Debug, Clone)]
pub(super) struct Desk {
    path: PathBuf,
    own: Own,
    tickets: Tickets,
    notes: Notes,
    /// What became of what the agent wrote, to be told to it in its next prompt.
    told: Vec<String>,
}

/// What everything that reads a desk needs to know.
pub(super) struct Look<'a> {
    pub(super) context: &'a Context,
    pub(super) spec: &'a AttemptSpec,
    pub(super) turn: u32,
    pub(super) rules: &'a DeskRules,
    pub(super) redactor: &'a Redactor,
    pub(super) evidence: &'a EvidenceFolder,
}

/// What lay on a desk after a turn.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Whether the agent claims that its ticket is done.
    pub(super) claim: bool,
    /// Whether there was anything new.
    pub(super) progress: bool,
    pub(super) gates: Vec<GateReason>,
    pub(super) tickets: Vec<TicketNews>,
    pub(super) notes: Vec<NoteNews>,
    pub(super) dispatches: Vec<Dispatch>,
}

impl Desk {
    /// Makes the desk at `path`: the ticket, copies of the queue and of the context notes. Where an earlier attempt had its desk
    /// there, the agent's files stay.
    pub(super) fn make(
        path: PathBuf,
        ticket: &[u8],
        spec: &AttemptSpec,
        context: &Context,
    ) -> io::Result<Self> {
        files::folder(&path)?;
        for name in ["dispatch", "replies"] {
            files::folder(&path.join(name))?;
        }
        let own = path.join("ticket.md");
        // Of approved work the agent's words are a part.
        let is_approved = spec.carry.as_ref().is_some_and(|carry| carry.approved);
        if !is_approved || !own.is_file() {
            files::put(&own, ticket)?;
        }
        let notes = Notes::copy(&context.places.context(), &path.join("context"))?;
        let tickets = Tickets::copy(&path.join("tickets"), spec, context)?;
        Ok(Self {
            own: Own::new(Arc::from(ticket), spec),
            path,
            tickets,
            notes,
            told: Vec::new(),
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn ticket(&self) -> PathBuf {
        self.path.join("ticket.md")
    }

    /// The prompt of the last turn, for programs that read it from a file.
    pub(super) fn prompt(&self) -> PathBuf {
        self.path.join("prompt.md")
    }

    /// Puts the prompt of a turn where programs find it that don't read their standard input.
    pub(super) fn put_prompt(&self, text: &str) -> io::Result<()> {
        files::put(&self.prompt(), text.as_bytes())
    }

    /// Keeps a reply where the agent can read it again.
    pub(super) fn reply(&self, turn: u32, number: usize, text: &str) -> io::Result<()> {
        let path = self
            .path
            .join("replies")
            .join(format!("{turn}-{number}.md"));
        files::put(&path, text.as_bytes())
    }

    /// Reads what the agent left and brings back what is allowed. `tree`: the ticket files that it changed in its working tree.
    pub(super) fn collect(&mut self, tree: &[TreeTicket], look: &Look<'_>) -> Found {
        let mut found = Found::default();
        if !files::is_folder(&self.path) {
            // Nothing that a link leads to is the agent's word.
            return found;
        }
        let own = self.own.collect(&self.ticket(), tree, look);
        found.claim = own.claim;
        found.progress = own.changed;
        found.gates.extend(own.gate);
        found.tickets.extend(own.news);
        let folder = self.path.join("tickets");
        let (news, gates) = self.tickets.collect(&folder, tree, look);
        found.tickets.extend(news);
        found.gates.extend(gates);
        found.notes = self.notes.collect(&self.path.join("context"), look);
        found.dispatches = dispatch::take(&self.path, look);
        found.progress |= found.tickets.iter().any(TicketNews::is_progress)
            || !found.notes.is_empty()
            || !found.dispatches.is_empty();
        let tickets = found.tickets.iter().map(ToString::to_string);
        let notes = found.notes.iter().map(ToString::to_string);
        self.told = tickets.chain(notes).collect();
        found
    }

    /// What became of what the agent wrote in its last turn.
    pub(super) fn told(&self) -> &[String] {
        &self.told
    }

    /// The body that the agent gave its own ticket, and the revision that it began from.
    pub(super) fn own_body(&self) -> Option<(Sha256, String)> {
        self.own.body()
    }

    /// Brings the tickets into the queue that waited for a human's approval of the attempt's work.
    pub(super) fn bring_held(&mut self, look: &Look<'_>) -> Vec<TicketNews> {
        self.tickets.bring_held(look)
    }

    /// Forgets what is remembered beside the desk: no attempt goes on from this one.
    pub(super) fn forget(&self) {
        self.tickets.forget();
    }
}
