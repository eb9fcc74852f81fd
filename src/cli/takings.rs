//! What the ledger tells of the humans who took an attempt over.

use serde::Serialize;

use super::text;
use crate::domain::event::Event;
use crate::domain::taking::Seat;
use crate::domain::time::Timestamp;

/// Once that a human took an attempt over.
#[derive(Debug, Serialize)]
pub(super) struct TakingRow {
    at: Timestamp,
    turn: u32,
    session: String,
    by: Seat,
    /// `None` while the human has it, or when it was given up.
    handed_back: Option<BackRow>,
}

#[derive(Debug, Serialize)]
struct BackRow {
    at: Timestamp,
    by: Seat,
    /// Whether the working tree had changed.
    changed: bool,
}

impl TakingRow {
    pub(super) fn is_handed_back(&self) -> bool {
        self.handed_back.is_some()
    }

    pub(super) fn words(&self, now: Timestamp) -> String {
        let taken = format!(
            "in turn {}, {}, {}",
            self.turn,
            text::moment(self.at, now),
            self.by.as_str()
        );
        let Some(back) = &self.handed_back else {
            return taken;
        };
        let what = if back.changed {
            "with changes"
        } else {
            "nothing changed"
        };
        let at = text::moment(back.at, now);
        let from = back.by.as_str();
        format!("{taken}; handed back {at}, {from}, {what}")
    }
}

/// Takes in an event of the attempt.
pub(super) fn take(takings: &mut Vec<TakingRow>, at: Timestamp, event: Event) {
    match event {
        Event::SessionTaken {
            turn, session, by, ..
        } => takings.push(TakingRow {
            at,
            turn,
            session,
            by,
            handed_back: None,
        }),
        Event::SessionHandedBack { by, changed, .. } => {
            if let Some(taking) = takings.last_mut() {
                taking.handed_back = Some(BackRow { at, by, changed });
            }
        }
        _ => {}
    }
}
