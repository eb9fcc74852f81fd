//! Tables that readers need quickly, folded from the events in the transaction that stores them. They hold nothing that the
//! events don't: dropping and replaying gives the same rows.

use rusqlite::{Connection, params};

use super::chain::Row;
use super::codec::{self, Stored};
use crate::domain::event::{Envelope, Event};
use crate::domain::ids::AttemptId;
use crate::domain::item::Usage;

/// The projection tables, each with the columns that its rows are ordered by.
pub(super) const TABLES: &[(&str, &str)] = &[
    ("runs", "run"),
    ("steps", "run, ticket"),
    ("attempts", "name, number"),
    ("done", "ticket"),
];

/// Makes empty projection tables.
pub(super) const CREATE: &str = include_str!("projections.sql");

/// One turn's tokens count for at most this much, so that sums stay integers whatever an agent reports.
const MOST_TOKENS: u64 = 1 << 40;

/// Drops every projection and folds all events again, in the caller's transaction.
pub(super) fn rebuild(connection: &Connection) -> rusqlite::Result<()> {
    for (table, _) in TABLES {
        connection.execute_batch(&format!("DROP TABLE IF EXISTS {table}"))?;
    }
    connection.execute_batch(CREATE)?;
    replay(connection, connection)
}

/// Folds all events of `from` into the projection tables of `into`. Rows that are not events, or not even
/// rows that docket could have written, are left out: `verify` names them.
pub(super) fn replay(from: &Connection, into: &Connection) -> rusqlite::Result<()> {
    let mut statement =
        from.prepare("SELECT seq, at, run, kind, version, payload, hash FROM events ORDER BY seq")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if let Ok(row) = read_row(row)
            && let Stored::Known(envelope) = codec::decode_row(row)
        {
            apply(into, &envelope)?;
        }
    }
    Ok(())
}

/// Reads the first six columns `seq, at, run, kind, version, payload`.
pub(super) fn read_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    Ok(Row {
        seq: unsigned(row, 0)?,
        at: row.get(1)?,
        run: row.get(2)?,
        kind: row.get(3)?,
        version: row.get(4)?,
        payload: row.get(5)?,
    })
}

/// SQLite's integers are signed; ours that are larger than it can hold become its largest.
pub(super) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Reads what [`integer`] wrote.
pub(super) fn unsigned(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number)
        .map_err(|_negative| rusqlite::Error::IntegralValueOutOfRange(column, number))
}

/// Folds one event.
pub(super) fn apply(connection: &Connection, envelope: &Envelope) -> rusqlite::Result<()> {
    let (seq, at, run) = (integer(envelope.seq.0), envelope.at.0, envelope.run.0);
    let change = |sql: &str, values: &[&dyn rusqlite::ToSql]| {
        connection.prepare_cached(sql)?.execute(values).map(drop)
    };
    match &envelope.event {
        Event::RunStarted {
            jobs,
            branch,
            base,
            version,
        } => change(
            "INSERT INTO runs (run, started, jobs, branch, base, version, first_seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT DO UPDATE SET started = ?2, finished = NULL, jobs = ?3, branch = ?4, base = ?5, version = ?6, outcome = NULL",
            params![run, at, jobs, branch, base, version, seq],
        ),
        Event::RunFinished { outcome } => change(
            "UPDATE runs SET finished = ?2, outcome = ?3 WHERE run = ?1",
            params![run, at, json(outcome)?],
        ),
        Event::StepStarted {
            ticket,
            name,
            title,
            revision,
        } => change(
            "INSERT INTO steps (run, ticket, name, title, revision, started) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT DO UPDATE SET name = ?3, title = ?4, revision = ?5, started = ?6, finished = NULL, outcome = NULL",
            params![run, ticket.as_str(), name.as_str(), title, revision.0, at],
        ),
        Event::StepFinished { ticket, outcome } => change(
            "UPDATE steps SET finished = ?3, outcome = ?4 WHERE run = ?1 AND ticket = ?2",
            params![run, ticket.as_str(), at, json(outcome)?],
        ),
        Event::AttemptStarted {
            attempt,
            ticket,
            revision,
            agent,
            marker: _,
        } => {
            change(
                "INSERT INTO attempts (name, number, run, ticket, revision, agent, started, first_seq, last_seq)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)
                 ON CONFLICT DO UPDATE SET run = ?3, ticket = ?4, revision = ?5, agent = ?6, session = NULL, started = ?7,
                     finished = NULL, outcome = NULL, last_seq = ?8",
                params![
                    attempt.ticket.as_str(),
                    attempt.number,
                    run,
                    ticket.as_str(),
                    revision.0,
                    agent,
                    at,
                    seq
                ],
            )?;
            change(
                "UPDATE steps SET attempt = ?3 WHERE run = ?1 AND ticket = ?2",
                params![run, ticket.as_str(), attempt.number],
            )
        }
        Event::TicketWritten {
            ticket,
            before,
            after,
            proof,
        } => change(
            "INSERT OR REPLACE INTO done (ticket, proof, before, after, name, number, run, at)
             SELECT ?2, ?3, ?4, ?5, step.name, step.attempt, ?1, ?6
             FROM (SELECT 1) LEFT JOIN steps AS step ON step.run = ?1 AND step.ticket = ?2 AND step.attempt IS NOT NULL",
            params![run, ticket.as_str(), json(proof)?, before.0, after.0, at],
        ),
        Event::SessionStarted { attempt, session } => change(
            "UPDATE attempts SET session = ?4, last_seq = ?3 WHERE name = ?1 AND number = ?2",
            params![attempt.ticket.as_str(), attempt.number, seq, session],
        ),
        Event::TurnStarted { attempt, turn, .. } => change(
            "UPDATE attempts SET turns = max(turns, ?4), last_seq = ?3 WHERE name = ?1 AND number = ?2",
            params![attempt.ticket.as_str(), attempt.number, seq, turn],
        ),
        Event::TurnFinished { attempt, usage, .. } => add_usage(connection, attempt, seq, usage),
        Event::EvidenceSealed {
            attempt,
            manifest,
            files,
            bytes,
        } => change(
            "UPDATE attempts SET manifest = ?4, files = ?5, bytes = ?6, last_seq = ?3 WHERE name = ?1 AND number = ?2",
            params![
                attempt.ticket.as_str(),
                attempt.number,
                seq,
                manifest.0,
                files,
                integer(*bytes)
            ],
        ),
        Event::Integrated { attempt, commit } => change(
            "UPDATE attempts SET work = ?4, last_seq = ?3 WHERE name = ?1 AND number = ?2",
            params![attempt.ticket.as_str(), attempt.number, seq, commit],
        ),
        Event::AttemptFinished { attempt, outcome } => change(
            "UPDATE attempts SET finished = ?4, outcome = ?5, last_seq = ?3 WHERE name = ?1 AND number = ?2",
            params![
                attempt.ticket.as_str(),
                attempt.number,
                seq,
                at,
                json(outcome)?
            ],
        ),
        Event::WorkspacePrepared { attempt, .. }
        | Event::ProcessStarted { attempt, .. }
        | Event::TurnSaved { attempt, .. }
        | Event::DispatchReceived { attempt, .. }
        | Event::RequestOpened { attempt, .. }
        | Event::RequestAnswered { attempt, .. }
        | Event::RequestClosed { attempt, .. }
        | Event::BackedOff { attempt, .. }
        | Event::Steered { attempt, .. }
        | Event::TurnClaimed { attempt, .. }
        | Event::TurnSilent { attempt, .. }
        | Event::MergeQueued { attempt }
        | Event::Merged { attempt, .. }
        | Event::NotMerged { attempt, .. }
        | Event::CaughtUp { attempt, .. }
        | Event::SetupFinished { attempt, .. }
        | Event::ValidationStarted { attempt, .. }
        | Event::ValidationFinished { attempt, .. }
        | Event::GateReached { attempt, .. }
        | Event::GateDecided { attempt, .. }
        | Event::TicketBrought { attempt, .. }
        | Event::NoteBrought { attempt, .. }
        | Event::RepliesDelivered { attempt, .. }
        | Event::AttemptAbandoned { attempt }
        | Event::SessionTaken { attempt, .. }
        | Event::SessionHandedBack { attempt, .. }
        | Event::ReplyReceived {
            attempt: Some(attempt),
            ..
        }
        | Event::Recovered { attempt, .. } => change(
            "UPDATE attempts SET last_seq = ?3 WHERE name = ?1 AND number = ?2",
            params![attempt.ticket.as_str(), attempt.number, seq],
        ),
        Event::RunPaused
        | Event::RunResumed
        | Event::CancelRequested { .. }
        | Event::StepRetried { .. }
        | Event::TicketReopened { .. }
        | Event::StepSkipped { .. }
        | Event::StepRestored { .. }
        | Event::ReplyReceived { attempt: None, .. }
        | Event::Refused { .. }
        // It comes long after: the range of places in which an attempt's events are looked for must not reach that far.
        | Event::EvidenceDropped { .. }
        | Event::Recorded { .. }
        // Also of an attempt that has ended.
        | Event::RulesAdded { .. } => Ok(()),
    }
}

fn add_usage(
    connection: &Connection,
    attempt: &AttemptId,
    seq: i64,
    usage: &Usage,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE attempts SET input = input + ?4, cached = cached + ?5, output = output + ?6, reasoning = reasoning + ?7,
                 cost = CASE WHEN ?8 IS NULL THEN cost ELSE ifnull(cost, 0) + ?8 END, last_seq = ?3
             WHERE name = ?1 AND number = ?2",
        )?
        .execute(params![
            attempt.ticket.as_str(),
            attempt.number,
            seq,
            integer(usage.input.min(MOST_TOKENS)),
            integer(usage.cached.min(MOST_TOKENS)),
            integer(usage.output.min(MOST_TOKENS)),
            integer(usage.reasoning.min(MOST_TOKENS)),
            usage.cost_usd.filter(|cost| cost.is_finite()),
        ])
        .map(drop)
}

fn json<T: serde::Serialize>(value: &T) -> rusqlite::Result<String> {
    serde_json::to_string(value)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}
