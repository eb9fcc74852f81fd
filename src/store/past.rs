//! What runs did when, and what agents and days have used: the overview, `docket timeline` and `docket usage` read it here.

use std::path::Path;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::error::LedgerError;
use super::reader::Reader;
use crate::domain::ids::{RunId, Sequence};
use crate::domain::item::Usage;
use crate::domain::spent::{Spent, Use};
use crate::domain::time::Timestamp;
use crate::domain::timeline::Timeline;

/// How many events are read at a time.
const PAGE: usize = 1000;

/// The last day.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A run of the ledger.
#[derive(Debug, Default)]
pub struct Past {
    /// All runs, oldest first.
    pub runs: Vec<RunId>,
    /// The one that was asked for.
    pub timeline: Timeline,
    /// The last fact that was read.
    pub last: Sequence,
}

/// What the ledger says of usage.
#[derive(Debug, Default)]
pub struct Spending {
    /// By agent and by day.
    pub spent: Spent,
    /// Of attempts that ended in the last 24 hours or still run, all of their turns. (`limits.day` counts single turns.)
    pub day: Usage,
}

/// The time line of `run`, or of the last one; empty when there is none.
pub fn timeline(ledger: &Path, run: Option<RunId>) -> Result<Past, LedgerError> {
    let reader = Reader::open(ledger)?;
    let records = reader.runs()?;
    let mut past = Past {
        runs: records.iter().map(|record| record.run).collect(),
        ..Past::default()
    };
    let wanted = match run {
        Some(run) => records.iter().find(|record| record.run == run),
        None => records.last(),
    };
    let Some(record) = wanted else {
        return Ok(past);
    };
    let mut after = Sequence(record.first.0.saturating_sub(1));
    loop {
        let events = reader.events(after, PAGE)?;
        let Some(last) = events.last() else {
            return Ok(past);
        };
        after = last.seq();
        for envelope in events.iter().filter_map(|stored| stored.envelope()) {
            if envelope.run > record.run {
                return Ok(past);
            }
            past.timeline.apply(envelope);
            past.last = envelope.seq;
        }
    }
}

/// What was used so far, by days of `zone`.
pub fn spending(ledger: &Path, zone: &TimeZone, now: Timestamp) -> Result<Spending, LedgerError> {
    let attempts = Reader::open(ledger)?.attempts()?;
    let mut day = Usage::default();
    for attempt in &attempts {
        if now.since(attempt.finished.unwrap_or(now)) < DAY {
            day.add(&attempt.usage);
        }
    }
    let uses = attempts.iter().map(|attempt| Use {
        agent: &attempt.agent,
        started: attempt.started,
        finished: attempt.finished.unwrap_or(now),
        usage: attempt.usage,
    });
    Ok(Spending {
        spent: Spent::of(uses, |at| day_of(at, zone)),
        day,
    })
}

/// `2026-11-21`.
fn day_of(at: Timestamp, zone: &TimeZone) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    at.to_zoned(zone.clone()).date().to_string()
}
