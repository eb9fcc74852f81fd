//! What the ledger tells of one attempt, put together from its events.

use std::path::PathBuf;

use serde::Serialize;

use super::takings::{self, TakingRow};
use super::text;

use crate::domain::attempt::{Artifact, AttemptOutcome, Need, TurnEnd, Validation, Workspace};
use crate::domain::desk::{NoteNews, TicketNews};
use crate::domain::event::{Event, Leftovers};
use crate::domain::ids::{AttemptId, RunId};
use crate::domain::time::Timestamp;
use crate::proc::clock::{Clock as _, SystemClock};
use crate::runner::Places;
use crate::store::evidence;
use crate::store::records::AttemptRecord;
use crate::store::{LedgerError, Reader};

/// An attempt with all that happened in it.
#[derive(Debug, Serialize)]
pub(super) struct History {
    #[serde(flatten)]
    pub(super) record: AttemptRecord,
    /// The folder of its evidence, relative to the repository; it may be gone.
    pub(super) evidence: PathBuf,
    pub(super) workspace: Option<Workspace>,
    /// Over all turns, in the order in which they ended.
    pub(super) validations: Vec<Validation>,
    pub(super) turns_ended: Vec<TurnRow>,
    pub(super) dispatches: Vec<DispatchRow>,
    /// Tickets that the agent wrote, changed or deleted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tickets: Vec<TicketNews>,
    /// Notes that the agent wrote or changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) notes: Vec<NoteNews>,
    pub(super) gates: Vec<GateRow>,
    /// When a human had taken it over.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) takings: Vec<TakingRow>,
}

/// How a turn ended.
#[derive(Debug, Serialize)]
pub(super) struct TurnRow {
    pub(super) turn: u32,
    pub(super) at: Timestamp,
    #[serde(flatten)]
    pub(super) end: TurnEnd,
    #[serde(skip_serializing_if = "Leftovers::is_empty")]
    pub(super) leftovers: Leftovers,
}

/// A message from the agent.
#[derive(Debug, Serialize)]
pub(super) struct DispatchRow {
    pub(super) at: Timestamp,
    pub(super) pause: bool,
    pub(super) title: String,
    pub(super) text: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) attachments: Vec<Artifact>,
}

/// A place where a human had to decide.
#[derive(Debug, Serialize)]
pub(super) struct GateRow {
    pub(super) at: Timestamp,
    #[serde(flatten)]
    pub(super) need: Need,
    /// `None` while nobody decided.
    pub(super) approved: Option<bool>,
    pub(super) reason: Option<String>,
}

impl History {
    pub(super) fn read(
        reader: &Reader,
        places: &Places,
        record: AttemptRecord,
    ) -> Result<Self, LedgerError> {
        let folder = folder_of(places, record.run, &record);
        let events = reader.events_of_attempt(&record.attempt)?;
        let mut history = Self {
            evidence: folder
                .strip_prefix(&places.root)
                .map(PathBuf::from)
                .unwrap_or(folder),
            record,
            workspace: None,
            validations: Vec::new(),
            turns_ended: Vec::new(),
            dispatches: Vec::new(),
            tickets: Vec::new(),
            notes: Vec::new(),
            gates: Vec::new(),
            takings: Vec::new(),
        };
        for envelope in events
            .into_iter()
            .filter_map(|stored| stored.envelope().cloned())
        {
            history.take(envelope.at, envelope.event);
        }
        Ok(history)
    }

    fn take(&mut self, at: Timestamp, event: Event) {
        match event {
            Event::WorkspacePrepared { workspace, .. } => self.workspace = Some(workspace),
            Event::ValidationFinished { validation, .. } => self.validations.push(validation),
            Event::TurnFinished {
                turn,
                end,
                leftovers,
                ..
            } => self.turns_ended.push(TurnRow {
                turn,
                at,
                end,
                leftovers,
            }),
            Event::DispatchReceived {
                pause,
                title,
                text,
                attachments,
                ..
            } => self.dispatches.push(DispatchRow {
                at,
                pause,
                title,
                text,
                attachments,
            }),
            Event::TicketBrought { news, .. } => self.tickets.push(news),
            Event::NoteBrought { news, .. } => self.notes.push(news),
            Event::GateReached { need, .. } => self.gates.push(GateRow {
                at,
                need,
                approved: None,
                reason: None,
            }),
            Event::GateDecided {
                approved, reason, ..
            } => {
                if let Some(gate) = self.gates.last_mut() {
                    gate.approved = Some(approved);
                    gate.reason = reason;
                }
            }
            event => takings::take(&mut self.takings, at, event),
        }
    }

    /// How it ended, in words; `is_alive`: whether a runner lives that may still work on it.
    pub(super) fn outcome_words(&self, is_alive: bool) -> String {
        let outcome = self.record.outcome.as_ref();
        let was_taken = matches!(
            outcome,
            Some(AttemptOutcome::NeedsHuman {
                need: Need::TakenOver { .. }
            })
        );
        // Its end is a fact that stays; it was handed back after it.
        match self.takings.last() {
            Some(taking) if was_taken && taking.is_handed_back() => {
                "taken over by you, and handed back".to_owned()
            }
            _ => outcome_words(outcome, is_alive),
        }
    }

    /// How long it took, or has taken so far.
    pub(super) fn millis(&self, now: Timestamp) -> u64 {
        let end = self.record.finished.unwrap_or(now);
        u64::try_from(end.since(self.record.started).as_millis()).unwrap_or(u64::MAX)
    }
}

/// How an attempt ended, in words; `is_alive`: whether a runner lives that may still work on it.
pub(super) fn outcome_words(outcome: Option<&AttemptOutcome>, is_alive: bool) -> String {
    match outcome {
        Some(outcome) => outcome.to_string(),
        None if is_alive => "runs".to_owned(),
        None => "left by a docket that died: the next start ends it".to_owned(),
    }
}

/// That an attempt's evidence was thrown away, in words, if it was.
pub(super) fn dropped(reader: &Reader, attempt: &AttemptId) -> Result<Option<String>, LedgerError> {
    let at = reader.dropped()?.get(attempt).copied();
    Ok(at.map(|at| {
        let now = SystemClock::new().now().wall;
        format!(
            "the evidence of {attempt} was dropped by gc at {}",
            text::moment(at, now)
        )
    }))
}

/// Where an attempt's evidence lies.
pub(super) fn folder_of(places: &Places, run: RunId, record: &AttemptRecord) -> PathBuf {
    evidence::folder_of(&places.evidence(), run, &record.attempt)
}
