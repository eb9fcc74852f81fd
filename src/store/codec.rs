//! Event ⇄ (kind, version, JSON). The one place that knows how facts lie in the ledger.
//!
//! Rows that were ever written load for ever: `tests/it/fixtures/ledger/v<n>.jsonl` holds a golden row of every kind and version.
//! A field may be added under the same version if it has a default; anything else raises the kind's version here and gets
//! an arm in `upgrade`. Fields that this docket does not know are ignored, kinds that it does not know stay readable as text.

use serde_json::{Map, Value};

use super::chain::Row;
use crate::domain::event::{Envelope, Event};
use crate::domain::ids::{RunId, Sequence};
use crate::domain::time::Timestamp;

macro_rules! kinds {
    ($($variant:ident $kind:literal $version:literal,)*) => {
        /// Every kind that this docket writes, with its version.
        pub const KINDS: &[(&str, u16)] = &[$(($kind, $version),)*];

        /// The kind of an event and the version of its form.
        pub fn kind_of(event: &Event) -> (&'static str, u16) {
            match event {
                $(Event::$variant { .. } => ($kind, $version),)*
            }
        }
    };
}

kinds! {
    RunStarted "run_started" 1,
    RunPaused "run_paused" 1,
    RunResumed "run_resumed" 1,
    CancelRequested "cancel_requested" 1,
    RunFinished "run_finished" 1,
    StepStarted "step_started" 1,
    StepFinished "step_finished" 1,
    StepRetried "step_retried" 1,
    StepSkipped "step_skipped" 1,
    AttemptStarted "attempt_started" 1,
    WorkspacePrepared "workspace_prepared" 1,
    ProcessStarted "process_started" 1,
    SessionStarted "session_started" 1,
    TurnStarted "turn_started" 1,
    TurnFinished "turn_finished" 1,
    TurnSaved "turn_saved" 1,
    DispatchReceived "dispatch_received" 1,
    RequestOpened "request_opened" 1,
    RequestAnswered "request_answered" 1,
    RequestClosed "request_closed" 1,
    BackedOff "backed_off" 1,
    Steered "steered" 1,
    ReplyReceived "reply_received" 1,
    ValidationStarted "validation_started" 1,
    ValidationFinished "validation_finished" 1,
    GateReached "gate_reached" 1,
    GateDecided "gate_decided" 1,
    EvidenceSealed "evidence_sealed" 1,
    Integrated "integrated" 1,
    TicketWritten "ticket_written" 1,
    AttemptFinished "attempt_finished" 1,
    Recovered "recovered" 1,
    Refused "refused" 1,
    MergeQueued "merge_queued" 1,
    CaughtUp "caught_up" 1,
    SetupFinished "setup_finished" 1,
    TicketBrought "ticket_brought" 1,
    NoteBrought "note_brought" 1,
    RepliesDelivered "replies_delivered" 1,
    AttemptAbandoned "attempt_abandoned" 1,
    EvidenceDropped "evidence_dropped" 1,
    Merged "merged" 1,
    NotMerged "not_merged" 1,
    TicketReopened "ticket_reopened" 1,
    RulesAdded "rules_added" 1,
    StepRestored "step_restored" 1,
    TurnClaimed "turn_claimed" 1,
    SessionTaken "session_taken" 1,
    SessionHandedBack "session_handed_back" 1,
    Recorded "recorded" 1,
    TurnSilent "turn_silent" 1,
}

/// An event in its stored form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// Its kind.
    pub kind: &'static str,
    /// The version of the form.
    pub version: u16,
    /// Compact JSON: no kind, no nulls.
    pub payload: String,
}

/// Why a row is not an event that this docket knows. The row stays readable as text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Undecodable {
    /// Another docket's kind.
    #[error("unknown kind")]
    UnknownKind,
    /// A known kind in a later form.
    #[error("version {0} of this kind is newer than this docket")]
    NewerVersion(u16),
    /// The payload does not fit.
    #[error("{0}")]
    Malformed(String),
}

/// What the ledger holds at one place.
#[derive(Debug, Clone, PartialEq)]
pub enum Stored {
    /// An event.
    Known(Envelope),
    /// A row that is shown as it is.
    Opaque {
        /// The row.
        row: Row,
        /// Why it is not an event.
        why: Undecodable,
    },
}

impl Stored {
    /// The event with its place and time, if it is one.
    pub fn envelope(&self) -> Option<&Envelope> {
        match self {
            Self::Known(envelope) => Some(envelope),
            Self::Opaque { .. } => None,
        }
    }

    /// Its place.
    pub fn seq(&self) -> Sequence {
        match self {
            Self::Known(envelope) => envelope.seq,
            Self::Opaque { row, .. } => Sequence(row.seq),
        }
    }
}

/// The stored form of `event`. Fails only for paths that are not UTF-8.
pub fn encode(event: &Event) -> Result<Encoded, serde_json::Error> {
    let (kind, version) = kind_of(event);
    let mut value = serde_json::to_value(event)?;
    if let Value::Object(fields) = &mut value {
        fields.remove("kind");
    }
    drop_nulls(&mut value);
    let payload = serde_json::to_string(&value)?;
    Ok(Encoded {
        kind,
        version,
        payload,
    })
}

/// Reads a stored form of any version back.
pub fn decode(kind: &str, version: u16, payload: &str) -> Result<Event, Undecodable> {
    let (_, known) = KINDS
        .iter()
        .find(|(name, _)| *name == kind)
        .ok_or(Undecodable::UnknownKind)?;
    if version > *known {
        return Err(Undecodable::NewerVersion(version));
    }
    let malformed = |error: serde_json::Error| Undecodable::Malformed(error.to_string());
    let mut fields: Map<String, Value> = serde_json::from_str(payload).map_err(malformed)?;
    upgrade(kind, version, &mut fields);
    fields.insert("kind".to_owned(), Value::from(kind));
    serde_json::from_value(Value::Object(fields)).map_err(malformed)
}

/// Reads a row.
pub fn decode_row(row: Row) -> Stored {
    match decode(&row.kind, row.version, &row.payload) {
        Ok(event) => Stored::Known(Envelope {
            seq: Sequence(row.seq),
            at: Timestamp(row.at),
            run: RunId(row.run),
            event,
        }),
        Err(why) => Stored::Opaque { row, why },
    }
}

/// Brings the fields of an old version into today's form, one version at a time. So far every kind is at version 1.
fn upgrade(_kind: &str, _version: u16, _fields: &mut Map<String, Value>) {}

/// An absent field and a null one mean the same; absent is smaller.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, field| !field.is_null());
            fields.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
