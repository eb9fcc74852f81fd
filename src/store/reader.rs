//! Reading the ledger, from any process, beside a live writer or without one.
//!
//! A ledger that does not exist reads as empty and is not made. A reader never writes: its connection can't.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Row};

use super::bundle::LinkedRow;
use super::codec::{self, Stored};
use super::error::LedgerError;
use super::projections::{integer, read_row, unsigned};
use super::records::{AttemptRecord, DoneRecord, OpenAttempt, RunRecord, Seal, StepRecord};
use super::schema;
use crate::domain::attempt::{Artifact, Validation};
use crate::domain::desk::TicketChange;
use crate::domain::event::{Envelope, Event};
use crate::domain::ids::{AttemptId, RunId, Sequence, Sha256, TicketId, TicketName};
use crate::domain::item::Usage;
use crate::domain::time::Timestamp;

const RUN: &str =
    "SELECT run, started, finished, jobs, branch, base, version, outcome, first_seq FROM runs";
const STEP: &str =
    "SELECT run, ticket, name, title, revision, started, finished, outcome, attempt FROM steps";
const ATTEMPT: &str = "SELECT name, number, run, ticket, revision, agent, session, started, finished, outcome, turns,
    input, cached, output, reasoning, cost, manifest, files, bytes, work, first_seq, last_seq FROM attempts";

/// A read-only view of a ledger. Each query sees one consistent state.
pub struct Reader {
    path: PathBuf,
    connection: OnceCell<Connection>,
}

impl Reader {
    /// Opens the ledger at `path` for reading; a missing one is empty until somebody makes it.
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
        let reader = Self {
            path: path.to_path_buf(),
            connection: OnceCell::new(),
        };
        reader.connection()?;
        Ok(reader)
    }

    /// Up to `limit` rows after the place `after`, in order.
    pub fn events(&self, after: Sequence, limit: usize) -> Result<Vec<Stored>, LedgerError> {
        self.rows(
            "SELECT seq, at, run, kind, version, payload FROM events WHERE seq > ?1 ORDER BY seq LIMIT ?2",
            &[&integer(after.0), &integer(limit as u64)],
            |row| Ok(codec::decode_row(read_row(row)?)),
        )
    }

    /// Everything about one attempt, in order; empty for one that never began.
    pub fn events_of_attempt(&self, attempt: &AttemptId) -> Result<Vec<Stored>, LedgerError> {
        // A payload that is not JSON (somebody changed it) must not break the others.
        self.rows(
            "SELECT seq, at, event.run, kind, version, payload FROM attempts AS attempt
             JOIN events AS event ON seq BETWEEN first_seq AND last_seq
             WHERE name = ?1 AND number = ?2
                 AND CASE WHEN json_valid(payload) THEN payload ->> '$.attempt' END = ?3
             ORDER BY seq",
            &[
                &attempt.ticket.as_str(),
                &attempt.number,
                &attempt.to_string(),
            ],
            |row| Ok(codec::decode_row(read_row(row)?)),
        )
    }

    /// The last place and the hash there: who notes it elsewhere can prove later that nothing was cut off.
    pub fn head(&self) -> Result<Option<(Sequence, Sha256)>, LedgerError> {
        self.one(
            "SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1",
            &[],
            |row| Ok((Sequence(unsigned(row, 0)?), Sha256(row.get(1)?))),
        )
    }

    /// All runs, oldest first.
    pub fn runs(&self) -> Result<Vec<RunRecord>, LedgerError> {
        self.rows(&format!("{RUN} ORDER BY run"), &[], run_record)
    }

    /// Runs without an end, oldest first: one may be alive, the others were killed.
    pub fn open_runs(&self) -> Result<Vec<RunRecord>, LedgerError> {
        self.rows(
            &format!("{RUN} WHERE outcome IS NULL ORDER BY run"),
            &[],
            run_record,
        )
    }

    /// The number for a new run.
    pub fn next_run(&self) -> Result<RunId, LedgerError> {
        let last = self.one("SELECT max(run) FROM runs", &[], |row| {
            row.get::<_, Option<u32>>(0)
        })?;
        Ok(RunId(last.flatten().unwrap_or(0).saturating_add(1)))
    }

    /// The steps of a run, in the order in which they began.
    pub fn steps(&self, run: RunId) -> Result<Vec<StepRecord>, LedgerError> {
        self.rows(
            &format!("{STEP} WHERE run = ?1 ORDER BY started, name"),
            &[&run.0],
            step_record,
        )
    }

    /// The latest step of every ticket.
    pub fn last_steps(&self) -> Result<BTreeMap<TicketId, StepRecord>, LedgerError> {
        let steps = self.rows(&format!("{STEP} ORDER BY run"), &[], step_record)?;
        Ok(steps
            .into_iter()
            .map(|step| (step.ticket.clone(), step))
            .collect())
    }

    /// One attempt.
    pub fn attempt(&self, attempt: &AttemptId) -> Result<Option<AttemptRecord>, LedgerError> {
        self.one(
            &format!("{ATTEMPT} WHERE name = ?1 AND number = ?2"),
            &[&attempt.ticket.as_str(), &attempt.number],
            attempt_record,
        )
    }

    /// All attempts, in the order in which they began.
    pub fn attempts(&self) -> Result<Vec<AttemptRecord>, LedgerError> {
        self.rows(
            &format!("{ATTEMPT} ORDER BY first_seq"),
            &[],
            attempt_record,
        )
    }

    /// A ticket's attempts over all runs, in the order in which they began.
    pub fn attempts_of_ticket(&self, ticket: &TicketId) -> Result<Vec<AttemptRecord>, LedgerError> {
        self.rows(
            &format!("{ATTEMPT} WHERE ticket = ?1 ORDER BY first_seq"),
            &[&ticket.as_str()],
            attempt_record,
        )
    }

    /// A run's attempts, in the order in which they began.
    pub fn attempts_of_run(&self, run: RunId) -> Result<Vec<AttemptRecord>, LedgerError> {
        self.rows(
            &format!("{ATTEMPT} WHERE run = ?1 ORDER BY first_seq"),
            &[&run.0],
            attempt_record,
        )
    }

    /// The highest attempt number that this name ever had; 0 when it had none.
    pub fn last_attempt_number(&self, name: &TicketName) -> Result<u32, LedgerError> {
        let last = self.one(
            "SELECT max(number) FROM attempts WHERE name = ?1",
            &[&name.as_str()],
            |row| row.get::<_, Option<u32>>(0),
        )?;
        Ok(last.flatten().unwrap_or(0))
    }

    /// Attempts without an end, with all that is needed to find and end what is left of them.
    pub fn open_attempts(&self) -> Result<Vec<OpenAttempt>, LedgerError> {
        let records = self.rows(
            &format!("{ATTEMPT} WHERE outcome IS NULL ORDER BY first_seq"),
            &[],
            attempt_record,
        )?;
        records
            .into_iter()
            .map(|record| {
                let events = self.events_of_attempt(&record.attempt)?;
                Ok(open_attempt(record, &events))
            })
            .collect()
    }

    /// An attempt's validations, in the order in which they ended, over all its turns.
    pub fn validations(&self, attempt: &AttemptId) -> Result<Vec<Validation>, LedgerError> {
        let events = self.events_of_attempt(attempt)?;
        Ok(events
            .iter()
            .filter_map(|stored| match &stored.envelope()?.event {
                Event::ValidationFinished { validation, .. } => Some(validation.clone()),
                _ => None,
            })
            .collect())
    }

    /// The attempts whose evidence was thrown away, each with when that was (the last time, if it took several).
    pub fn dropped(&self) -> Result<BTreeMap<AttemptId, Timestamp>, LedgerError> {
        let rows = self.rows(
            "SELECT seq, at, run, kind, version, payload FROM events WHERE kind = 'evidence_dropped' ORDER BY seq",
            &[],
            |row| Ok(codec::decode_row(read_row(row)?)),
        )?;
        let of_row = |stored: &Stored| match stored.envelope()? {
            Envelope {
                at,
                event: Event::EvidenceDropped { attempt, .. },
                ..
            } => Some((attempt.clone(), *at)),
            _ => None,
        };
        Ok(rows.iter().filter_map(of_row).collect())
    }

    /// The recordings that were noted, by their names, each with the attempt that it belongs to.
    pub fn recordings(
        &self,
    ) -> Result<BTreeMap<String, (Option<AttemptId>, Artifact)>, LedgerError> {
        let rows = self.rows(
            "SELECT seq, at, run, kind, version, payload FROM events WHERE kind = 'recorded' ORDER BY seq",
            &[],
            |row| Ok(codec::decode_row(read_row(row)?)),
        )?;
        let mut recordings = BTreeMap::new();
        for stored in &rows {
            if let Some(Event::Recorded { attempt, file }) = stored.envelope().map(|one| &one.event)
            {
                recordings.insert(file.path.clone(), (attempt.clone(), file.clone()));
            }
        }
        Ok(recordings)
    }

    /// The rows that tell of these attempts, their tickets' turns and their runs, in order, each with its place in the chain.
    pub fn rows_about(&self, attempts: &[AttemptRecord]) -> Result<Vec<LinkedRow>, LedgerError> {
        let ids: BTreeSet<_> = attempts.iter().map(|one| one.attempt.to_string()).collect();
        let steps: BTreeSet<_> = attempts
            .iter()
            .map(|one| (one.run.0, one.ticket.as_str()))
            .collect();
        let runs: BTreeSet<_> = attempts.iter().map(|one| one.run.0).collect();
        let is_wanted = |row: &super::chain::Row| {
            let payload: serde_json::Value = serde_json::from_str(&row.payload).unwrap_or_default();
            match (payload["attempt"].as_str(), payload["ticket"].as_str()) {
                (Some(attempt), _) => ids.contains(attempt),
                (None, Some(ticket)) => steps.contains(&(row.run, ticket)),
                (None, None) => runs.contains(&row.run) && row.kind.starts_with("run_"),
            }
        };
        let first = attempts.iter().map(|one| one.first.0).min().unwrap_or(0);
        let runs = self.runs()?.into_iter();
        let began = runs.filter(|run| attempts.iter().any(|one| one.run == run.run));
        let first = began
            .map(|run| run.first.0)
            .min()
            .unwrap_or(first)
            .min(first);
        let rows = self.rows(
            "SELECT seq, at, run, kind, version, payload, hash,
                 ifnull((SELECT hash FROM events AS before WHERE before.seq = events.seq - 1), zeroblob(32))
             FROM events WHERE seq >= ?1 ORDER BY seq",
            &[&integer(first)],
            |row| {
                let content = read_row(row)?;
                Ok(is_wanted(&content).then_some(LinkedRow {
                    row: content,
                    hash: Sha256(row.get(6)?),
                    previous: Sha256(row.get(7)?),
                }))
            },
        )?;
        Ok(rows.into_iter().flatten().collect())
    }

    /// The artifacts that an attempt's events name (prompts, outputs of validations). All files: the manifest.
    pub fn artifacts(&self, attempt: &AttemptId) -> Result<Vec<Artifact>, LedgerError> {
        let events = self.events_of_attempt(attempt)?;
        Ok(events
            .iter()
            .filter_map(|stored| match &stored.envelope()?.event {
                Event::TurnStarted { prompt, .. } => Some(prompt.clone()),
                Event::ValidationFinished { validation, .. } => validation.output.clone(),
                Event::TicketBrought { news, .. } => news.artifact.clone(),
                _ => None,
            })
            .collect())
    }

    /// The tickets that agents added to the queue, each with its generation: how many of agents it is away from a human.
    pub fn generations(&self) -> Result<BTreeMap<TicketId, u32>, LedgerError> {
        let rows = self.rows(
            "SELECT seq, at, run, kind, version, payload FROM events WHERE kind = 'ticket_brought' ORDER BY seq",
            &[],
            |row| Ok(codec::decode_row(read_row(row)?)),
        )?;
        Ok(rows
            .iter()
            .filter_map(|stored| match &stored.envelope()?.event {
                Event::TicketBrought { news, .. } => match news.change {
                    TicketChange::New { generation } => Some((news.ticket.clone(), generation)),
                    _ => None,
                },
                _ => None,
            })
            .collect())
    }

    /// The rules that humans made by their answers, and the ends of the tickets that those were for, oldest first.
    pub fn rules_added(&self) -> Result<Vec<Event>, LedgerError> {
        let rows = self.rows(
            "SELECT seq, at, run, kind, version, payload FROM events WHERE kind = 'rules_added' OR (kind = 'ticket_written' AND seq > \
             (SELECT min(seq) FROM events WHERE kind = 'rules_added')) ORDER BY seq",
            &[],
            |row| Ok(codec::decode_row(read_row(row)?)),
        )?;
        Ok(rows
            .iter()
            .filter_map(|stored| Some(stored.envelope()?.event.clone()))
            .collect())
    }

    /// Every ticket that docket wrote `done: true` into, with its latest proof.
    pub fn done_tickets(&self) -> Result<BTreeMap<TicketId, DoneRecord>, LedgerError> {
        let rows = self.rows(
            "SELECT ticket, proof, before, after, name, number, run, at FROM done",
            &[],
            done_record,
        )?;
        Ok(rows.into_iter().collect())
    }

    fn rows<T>(
        &self,
        sql: &str,
        values: &[&dyn rusqlite::ToSql],
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, LedgerError> {
        let Some(connection) = self.connection()? else {
            return Ok(Vec::new());
        };
        connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_map(values, read)?.collect())
            .map_err(|error| LedgerError::sqlite(&self.path, "read", error))
    }

    fn one<T>(
        &self,
        sql: &str,
        values: &[&dyn rusqlite::ToSql],
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, LedgerError> {
        let Some(connection) = self.connection()? else {
            return Ok(None);
        };
        connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row(values, read).optional())
            .map_err(|error| LedgerError::sqlite(&self.path, "read", error))
    }

    /// The connection; `None` as long as there is no ledger.
    pub(super) fn connection(&self) -> Result<Option<&Connection>, LedgerError> {
        if self.connection.get().is_none()
            && let Some(connection) = connect(&self.path)?
        {
            let _already_there = self.connection.set(connection);
        }
        Ok(self.connection.get())
    }
}

fn connect(path: &Path) -> Result<Option<Connection>, LedgerError> {
    if !path.exists() {
        return Ok(None);
    }
    let opened = attach(path, path.as_os_str()).or_else(|error| match immutable_uri(path) {
        Some(uri) if has_no_place_for_a_log(&error) && !has_log(path) => attach(path, &uri),
        _ => Err(error),
    });
    let (connection, format) = opened?;
    // Format 0: an empty file that no writer has opened yet.
    Ok((format > 0).then_some(connection))
}

fn attach(path: &Path, name: &OsStr) -> Result<(Connection, i64), LedgerError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    let failed = |error| LedgerError::sqlite(path, "open", error);
    let connection = Connection::open_with_flags(Path::new(name), flags).map_err(failed)?;
    connection.busy_timeout(schema::BUSY).map_err(failed)?;
    connection
        .execute_batch("PRAGMA query_only = ON; PRAGMA trusted_schema = OFF;")
        .map_err(failed)?;
    connection.set_prepared_statement_cache_capacity(32);
    let format = schema::format_of(&connection, path)?;
    Ok((connection, format))
}

/// On a read-only disk SQLite can't make the shared memory of the write-ahead log. Where there is no log either, nobody writes, and
/// the file can be read as it lies there.
fn has_no_place_for_a_log(error: &LedgerError) -> bool {
    match error {
        LedgerError::ReadOnly { .. } => true,
        LedgerError::Sqlite { source, .. } => {
            source.sqlite_error_code() == Some(ErrorCode::CannotOpen)
        }
        _ => false,
    }
}

fn has_log(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    fs::metadata(log).is_ok_and(|log| log.len() > 0)
}

fn immutable_uri(path: &Path) -> Option<OsString> {
    let path = std::path::absolute(path).ok()?;
    let escaped = path
        .to_str()?
        .replace('%', "%25")
        .replace('?', "%3f")
        .replace('#', "%23");
    Some(format!("file://{escaped}?immutable=1").into())
}

fn open_attempt(record: AttemptRecord, events: &[Stored]) -> OpenAttempt {
    let mut open = OpenAttempt {
        run: record.run,
        attempt: record.attempt,
        ticket: record.ticket,
        revision: record.revision,
        agent: record.agent,
        marker: String::new(),
        processes: Vec::new(),
        workspace: None,
        session: record.session,
        seal: record.seal,
    };
    for envelope in events.iter().filter_map(Stored::envelope) {
        match &envelope.event {
            Event::AttemptStarted { marker, .. } => open.marker.clone_from(marker),
            Event::ProcessStarted { process, .. } => open.processes.push(process.clone()),
            Event::WorkspacePrepared { workspace, .. } => open.workspace = Some(workspace.clone()),
            _ => {}
        }
    }
    open
}

fn run_record(row: &Row<'_>) -> rusqlite::Result<RunRecord> {
    Ok(RunRecord {
        run: RunId(row.get(0)?),
        started: Timestamp(row.get(1)?),
        finished: row.get::<_, Option<i64>>(2)?.map(Timestamp),
        jobs: row.get(3)?,
        branch: row.get(4)?,
        base: row.get(5)?,
        version: row.get(6)?,
        outcome: json(row, 7)?,
        first: Sequence(unsigned(row, 8)?),
    })
}

fn step_record(row: &Row<'_>) -> rusqlite::Result<StepRecord> {
    let name: TicketName = text(row, 2)?;
    Ok(StepRecord {
        run: RunId(row.get(0)?),
        ticket: text(row, 1)?,
        title: row.get(3)?,
        revision: Sha256(row.get(4)?),
        started: Timestamp(row.get(5)?),
        finished: row.get::<_, Option<i64>>(6)?.map(Timestamp),
        outcome: json(row, 7)?,
        attempt: row
            .get::<_, Option<u32>>(8)?
            .map(|number| attempt_id(&name, number)),
        name,
    })
}

fn attempt_record(row: &Row<'_>) -> rusqlite::Result<AttemptRecord> {
    let seal = match row.get::<_, Option<[u8; 32]>>(16)? {
        Some(manifest) => Some(Seal {
            manifest: Sha256(manifest),
            files: row.get(17)?,
            bytes: unsigned(row, 18)?,
        }),
        None => None,
    };
    Ok(AttemptRecord {
        attempt: attempt_id(&text(row, 0)?, row.get(1)?),
        run: RunId(row.get(2)?),
        ticket: text(row, 3)?,
        revision: Sha256(row.get(4)?),
        agent: row.get(5)?,
        session: row.get(6)?,
        started: Timestamp(row.get(7)?),
        finished: row.get::<_, Option<i64>>(8)?.map(Timestamp),
        outcome: json(row, 9)?,
        turns: row.get(10)?,
        usage: Usage {
            input: unsigned(row, 11)?,
            cached: unsigned(row, 12)?,
            output: unsigned(row, 13)?,
            reasoning: unsigned(row, 14)?,
            cost_usd: row.get(15)?,
        },
        seal,
        commit: row.get(19)?,
        first: Sequence(unsigned(row, 20)?),
        last: Sequence(unsigned(row, 21)?),
    })
}

fn done_record(row: &Row<'_>) -> rusqlite::Result<(TicketId, DoneRecord)> {
    let name: Option<String> = row.get(4)?;
    let attempt = match name {
        Some(_) => Some(attempt_id(&text(row, 4)?, row.get(5)?)),
        None => None,
    };
    let record = DoneRecord {
        proof: required_json(row, 1)?,
        before: Sha256(row.get(2)?),
        after: Sha256(row.get(3)?),
        attempt,
        run: RunId(row.get(6)?),
        at: Timestamp(row.get(7)?),
    };
    Ok((text(row, 0)?, record))
}

fn attempt_id(name: &TicketName, number: u32) -> AttemptId {
    AttemptId {
        ticket: name.clone(),
        number,
    }
}

fn unreadable(
    column: usize,
    error: impl std::error::Error + Send + Sync + 'static,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
}

fn text<T>(row: &Row<'_>, column: usize) -> rusqlite::Result<T>
where
    T: std::str::FromStr,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    row.get_ref(column)?
        .as_str()?
        .parse()
        .map_err(|error| unreadable(column, error))
}

fn json<T: serde::de::DeserializeOwned>(
    row: &Row<'_>,
    column: usize,
) -> rusqlite::Result<Option<T>> {
    row.get_ref(column)?
        .as_str_or_null()?
        .map(serde_json::from_str)
        .transpose()
        .map_err(|error| unreadable(column, error))
}

fn required_json<T: serde::de::DeserializeOwned>(
    row: &Row<'_>,
    column: usize,
) -> rusqlite::Result<T> {
    serde_json::from_str(row.get_ref(column)?.as_str()?).map_err(|error| unreadable(column, error))
}
