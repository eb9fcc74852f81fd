//! The writer: one thread that owns the one write connection, fed by an ordered queue.
//!
//! Whatever waits in the queue is committed as one transaction (one fsync), then told to the subscriber, then barriers are
//! answered. The first failure is final: nothing after it is stored, everybody who asks gets it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use tokio::sync::oneshot;

use super::chain::{GENESIS, Row};
use super::codec::{self, Stored};
use super::error::LedgerError;
use super::intact::{self, Link};
use super::{open, projections};
use crate::domain::event::{Envelope, Event};
use crate::domain::ids::{AttemptId, RunId, Sequence, Sha256};
use crate::domain::time::Timestamp;

/// How many events one transaction takes at most, so that a flood can't hold a barrier up for long.
const MOST_EVENTS: usize = 1024;

/// How long events for which nobody waits may wait for company.
const LITTLE_WHILE: Duration = Duration::from_millis(4);

/// Who hears what became of the events. Both run on the writer's thread: they must only hand on.
pub struct Subscriber {
    /// Called after every commit with what it stored, in order, as it will be read back.
    pub on_commit: Box<dyn Fn(Vec<Arc<Envelope>>) + Send>,
    /// Called once, when the ledger can't go on.
    pub on_error: Box<dyn Fn(&LedgerError) + Send>,
}

impl Subscriber {
    /// Nobody listens.
    pub fn none() -> Self {
        Self {
            on_commit: Box::new(|_| {}),
            on_error: Box::new(|_| {}),
        }
    }
}

/// The ledger, open for writing. Dropping it stores what was appended; [`Ledger::close`] tells whether that went well.
pub struct Ledger {
    path: PathBuf,
    queue: Option<mpsc::Sender<Message>>,
    writer: Option<JoinHandle<Result<Sequence, LedgerError>>>,
}

enum Message {
    Append {
        run: RunId,
        at: Timestamp,
        events: Vec<Event>,
    },
    Barrier(oneshot::Sender<Result<Sequence, LedgerError>>),
    Check(AttemptId, oneshot::Sender<Result<(), LedgerError>>),
}

impl Ledger {
    /// Opens the ledger at `path`, made (0600, missing folders 0700) or migrated where needed, and starts its writer.
    /// What a killed process left is recovered by SQLite here.
    pub fn open(path: &Path, subscriber: Subscriber) -> Result<Self, LedgerError> {
        let connection = open::for_writing(path)?;
        let head = head(&connection).map_err(|error| LedgerError::sqlite(path, "read", error))?;
        let writer = Writer {
            path: path.to_path_buf(),
            connection,
            head,
            began: BTreeMap::new(),
            failure: None,
            subscriber,
        };
        let (queue, messages) = mpsc::channel();
        let writer = std::thread::Builder::new()
            .name("ledger".to_owned())
            .spawn(move || writer.run(&messages))
            .map_err(|error| LedgerError::io(path, "start the writer of", error))?;
        Ok(Self {
            path: path.to_path_buf(),
            queue: Some(queue),
            writer: Some(writer),
        })
    }

    /// Queues events; they are stored in this order. Never blocks. After a failure they are dropped: barriers and
    /// `on_error` tell.
    pub fn append(&self, run: RunId, at: Timestamp, events: Vec<Event>) {
        if let Some(queue) = &self.queue
            && !events.is_empty()
        {
            // The writer is only gone after a panic in the subscriber; the next barrier says so.
            let _gone = queue.send(Message::Append { run, at, events });
        }
    }

    /// Resolves when everything appended before this call is on disk, with the last place in the ledger.
    /// Costs nothing when nothing waits.
    pub fn barrier(&self) -> oneshot::Receiver<Result<Sequence, LedgerError>> {
        let (answer, receiver) = oneshot::channel();
        if let Some(queue) = &self.queue
            && let Err(mpsc::SendError(Message::Barrier(answer))) =
                queue.send(Message::Barrier(answer))
        {
            let _nobody_waits = answer.send(Err(self.closed()));
        }
        receiver
    }

    /// Whether what is stored since the attempt began is what was written, after everything that is queued.
    ///
    /// # Errors
    /// [`LedgerError::Changed`] when somebody else changed it.
    pub fn check(&self, attempt: &AttemptId) -> oneshot::Receiver<Result<(), LedgerError>> {
        let (answer, receiver) = oneshot::channel();
        if let Some(queue) = &self.queue {
            // The writer is only gone after a panic: then the answer never comes, and who waits sees that.
            let _gone = queue.send(Message::Check(attempt.clone(), answer));
        }
        receiver
    }

    /// Waits until everything appended before this call is on disk. Blocks for a few milliseconds: for start-up only.
    pub fn settle(&self) -> Result<Sequence, LedgerError> {
        let barrier = self.barrier();
        // A thread of its own may block, also when the caller is inside of an async runtime.
        std::thread::scope(|scope| scope.spawn(|| barrier.blocking_recv()).join())
            .ok()
            .and_then(Result::ok)
            .unwrap_or_else(|| Err(self.closed()))
    }

    /// Stores what is queued, folds the write-ahead log into the file, and ends the writer.
    pub fn close(mut self) -> Result<Sequence, LedgerError> {
        self.end()
    }

    fn end(&mut self) -> Result<Sequence, LedgerError> {
        // The writer sees the closed channel after everything that was sent before.
        self.queue = None;
        match self.writer.take().map(JoinHandle::join) {
            Some(Ok(result)) => result,
            Some(Err(_panic)) => Err(self.closed()),
            None => Err(self.closed()),
        }
    }

    fn closed(&self) -> LedgerError {
        LedgerError::Closed {
            path: self.path.clone(),
        }
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        if self.writer.is_some() {
            // Who wants to know calls `close`.
            let _unseen = self.end();
        }
    }
}

/// Drops the projections and folds all events again. For a ledger whose projections `verify` finds wrong.
pub fn rebuild(path: &Path) -> Result<(), LedgerError> {
    let failed = |error| LedgerError::sqlite(path, "rebuild", error);
    let mut connection = open::for_writing(path)?;
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed)?;
    projections::rebuild(&transaction).map_err(failed)?;
    transaction.commit().map_err(failed)
}

/// The last row's place and hash.
fn head(connection: &Connection) -> rusqlite::Result<(u64, Sha256)> {
    let head = connection
        .prepare_cached("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1")?
        .query_row([], |row| {
            Ok((projections::unsigned(row, 0)?, Sha256(row.get(1)?)))
        })
        .optional()?;
    Ok(head.unwrap_or((0, GENESIS)))
}

struct Writer {
    path: PathBuf,
    connection: Connection,
    head: (u64, Sha256),
    /// Where each attempt that lives began: the row before its first.
    began: BTreeMap<AttemptId, Link>,
    failure: Option<LedgerError>,
    subscriber: Subscriber,
}

#[derive(Default)]
struct Batch {
    events: Vec<(RunId, Timestamp, Event)>,
    barriers: Vec<oneshot::Sender<Result<Sequence, LedgerError>>>,
    checks: Vec<(AttemptId, oneshot::Sender<Result<(), LedgerError>>)>,
}

impl Batch {
    fn take(&mut self, message: Message) {
        match message {
            Message::Append { run, at, events } => self
                .events
                .extend(events.into_iter().map(|event| (run, at, event))),
            Message::Barrier(answer) => self.barriers.push(answer),
            Message::Check(attempt, answer) => self.checks.push((attempt, answer)),
        }
    }
}

/// The next message of a batch. While nobody waits for the batch (no barrier in it), others may still join it: an fsync
/// costs more than the little while. The more have joined the shorter it is, so that a trickle can't hold
/// a batch up for long.
fn next(messages: &mpsc::Receiver<Message>, batch: &Batch) -> Option<Message> {
    let joined = u32::try_from(batch.events.len()).unwrap_or(u32::MAX);
    let wait = LITTLE_WHILE / joined.max(1);
    if batch.barriers.is_empty() && batch.checks.is_empty() {
        messages.recv_timeout(wait).ok()
    } else {
        messages.try_recv().ok()
    }
}

impl Writer {
    fn run(mut self, messages: &mpsc::Receiver<Message>) -> Result<Sequence, LedgerError> {
        while let Ok(message) = messages.recv() {
            let mut batch = Batch::default();
            batch.take(message);
            while batch.events.len() < MOST_EVENTS
                && let Some(message) = next(messages, &batch)
            {
                batch.take(message);
            }
            self.handle(batch);
        }
        if self.failure.is_none() {
            self.checkpoint();
        }
        self.result()
    }

    fn result(&self) -> Result<Sequence, LedgerError> {
        match &self.failure {
            Some(failure) => Err(failure.clone()),
            None => Ok(Sequence(self.head.0)),
        }
    }

    fn handle(&mut self, batch: Batch) {
        if self.failure.is_none() && !batch.events.is_empty() {
            match self.commit(batch.events) {
                Ok(envelopes) => (self.subscriber.on_commit)(envelopes),
                Err(failure) => {
                    (self.subscriber.on_error)(&failure);
                    self.failure = Some(failure);
                }
            }
        }
        for (attempt, answer) in batch.checks {
            let _nobody_waits = answer.send(self.check(&attempt));
        }
        for barrier in batch.barriers {
            let _nobody_waits = barrier.send(self.result());
        }
    }

    fn commit(
        &mut self,
        events: Vec<(RunId, Timestamp, Event)>,
    ) -> Result<Vec<Arc<Envelope>>, LedgerError> {
        let path = &self.path;
        let failed = |error| LedgerError::sqlite(path, "write", error);
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed)?;
        if head(&transaction).map_err(failed)? != self.head {
            return Err(LedgerError::SecondWriter { path: path.clone() });
        }
        let (mut seq, mut hash) = self.head;
        let mut envelopes = Vec::with_capacity(events.len());
        for (run, at, event) in events {
            seq += 1;
            let (row, envelope) = prepare(seq, run, at, &event)?;
            match &event {
                Event::AttemptStarted { attempt, .. } => {
                    self.began.insert(attempt.clone(), (seq - 1, hash));
                }
                Event::AttemptFinished { attempt, .. } => {
                    self.began.remove(attempt);
                }
                _ => {}
            }
            hash = row.link(hash);
            insert(&transaction, &row, hash).map_err(failed)?;
            projections::apply(&transaction, &envelope).map_err(failed)?;
            envelopes.push(Arc::new(envelope));
        }
        transaction.commit().map_err(failed)?;
        self.head = (seq, hash);
        Ok(envelopes)
    }

    /// Holds what is stored since the attempt began against what was written.
    fn check(&self, attempt: &AttemptId) -> Result<(), LedgerError> {
        let failed = |error| LedgerError::sqlite(&self.path, "read", error);
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        let from = self.began.get(attempt).copied().unwrap_or(self.head);
        match intact::first_changed(&self.connection, from, self.head).map_err(failed)? {
            None => Ok(()),
            Some(seq) => Err(LedgerError::Changed {
                path: self.path.clone(),
                seq,
            }),
        }
    }

    /// Best effort: whatever stays in the write-ahead log is safe there.
    fn checkpoint(&self) {
        let _best_effort = self.connection.busy_timeout(std::time::Duration::ZERO);
        let _best_effort =
            self.connection
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_row| Ok(()));
    }
}

/// The row, and the event as it will be read back: subscribers and projections see what is stored, not what was meant.
fn prepare(
    seq: u64,
    run: RunId,
    at: Timestamp,
    event: &Event,
) -> Result<(Row, Envelope), LedgerError> {
    let (kind, _) = codec::kind_of(event);
    let unstorable = |source| LedgerError::Encode {
        kind,
        source: Arc::new(source),
    };
    let encoded = codec::encode(event).map_err(unstorable)?;
    let row = Row {
        seq,
        at: at.0,
        run: run.0,
        kind: encoded.kind.to_owned(),
        version: encoded.version,
        payload: encoded.payload,
    };
    match codec::decode_row(row.clone()) {
        Stored::Known(envelope) => Ok((row, envelope)),
        Stored::Opaque { why, .. } => Err(unstorable(serde::de::Error::custom(why))),
    }
}

fn insert(connection: &Connection, row: &Row, hash: Sha256) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO events (seq, at, run, kind, version, payload, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            projections::integer(row.seq),
            row.at,
            row.run,
            row.kind,
            row.version,
            row.payload,
            hash.0
        ])
        .map(drop)
}
