//! The agent's own ticket: it may say `done` and write into the body. Everything else holds as it was at the start.

use std::path::Path;
use std::sync::Arc;

use super::files::{self, Unfit};
use super::{Look, TreeTicket};
use crate::domain::desk::{TicketChange, TicketNews};
use crate::domain::gate::GateReason;
use crate::domain::hash::sha256;
use crate::domain::ids::Sha256;
use crate::domain::machine::AttemptSpec;
use crate::tickets::changes::{body_of, changed_keys};
use crate::tickets::parse::{MAX_BYTES, parse};

/// What stands in for the keys of a front matter that can't be read.
const FRONT_MATTER: &str = "front matter";

#[derive(Debug, Clone)]
pub(super) struct Own {
    /// The ticket as it was at the start.
    start: Arc<[u8]>,
    revision: Sha256,
    /// What the copy held after the last turn.
    last: Sha256,
    /// The keys that were told of.
    told: Vec<String>,
    /// What the agent made of the body.
    body: Option<String>,
}

/// What the agent says of its own ticket.
#[derive(Debug, Default)]
pub(super) struct OwnFound {
    pub(super) claim: bool,
    pub(super) changed: bool,
    pub(super) gate: Option<GateReason>,
    pub(super) news: Option<TicketNews>,
}

impl Own {
    pub(super) fn new(start: Arc<[u8]>, spec: &AttemptSpec) -> Self {
        Self {
            last: sha256(&start),
            start,
            revision: spec.revision,
            told: Vec::new(),
            body: None,
        }
    }

    pub(super) fn body(&self) -> Option<(Sha256, String)> {
        Some((self.revision, self.body.clone()?))
    }

    pub(super) fn collect(
        &mut self,
        path: &Path,
        tree: &[TreeTicket],
        look: &Look<'_>,
    ) -> OwnFound {
        let mut found = OwnFound::default();
        let mut keys = Vec::new();
        let mut body = None;
        match files::read(path, MAX_BYTES) {
            Ok(bytes) => {
                let now = sha256(&bytes);
                if now != self.last {
                    found.changed = true;
                    self.last = now;
                    keep(&bytes, look);
                }
                found.claim = parse(&look.spec.path, &bytes).is_done();
                keys = keys_of(&self.start, &bytes);
                body = new_body(&self.start, &bytes);
            }
            // Deleting one's copy says nothing.
            Err(Unfit::Gone) => {}
            Err(_unfit) => keys.push(FRONT_MATTER.to_owned()),
        }
        // Agents that know codex-autorunner write into the ticket's file in their working tree.
        for ticket in tree.iter().filter(|ticket| ticket.path == look.spec.path) {
            let Some(base) = &ticket.base else { continue };
            let Ok(bytes) = files::read(&ticket.file, MAX_BYTES) else {
                continue;
            };
            found.claim |=
                parse(&look.spec.path, &bytes).is_done() && !parse(&look.spec.path, base).is_done();
            keys.extend(keys_of(base, &bytes));
            if sha256(base) == self.revision {
                body = body.or_else(|| new_body(base, &bytes));
            }
        }
        keys.sort();
        keys.dedup();
        self.body = body;
        if !keys.is_empty() {
            found.gate = Some(GateReason::OwnTicket { keys: keys.clone() });
        }
        if keys != self.told {
            self.told.clone_from(&keys);
            found.news = Some(TicketNews {
                ticket: look.spec.ticket.id.clone(),
                name: look.spec.ticket.name.clone(),
                path: look.spec.path.to_string_lossy().into_owned(),
                change: TicketChange::Own { keys },
                notes: Vec::new(),
                artifact: None,
            });
        }
        found
    }
}

fn keys_of(before: &[u8], now: &[u8]) -> Vec<String> {
    changed_keys(before, now).unwrap_or_else(|| vec![FRONT_MATTER.to_owned()])
}

fn new_body(before: &[u8], now: &[u8]) -> Option<String> {
    let now = body_of(now)?;
    (Some(now) != body_of(before)).then(|| now.to_owned())
}

/// Keeps what the agent made of its copy.
fn keep(bytes: &[u8], look: &Look<'_>) {
    let text = String::from_utf8_lossy(bytes);
    let text = look.redactor.redact(&text);
    let name = format!("ticket.{}.md", look.turn);
    if let Err(error) = look.evidence.write(&name, text.as_bytes()) {
        tracing::warn!(%error, "what the agent made of its ticket is not kept");
    }
}
