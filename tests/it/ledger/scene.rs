//! What the tests of the ledger and of evidence share: a folder, ids, the events of a trivial ticket.

use std::path::PathBuf;

use docket::domain::attempt::{
    Artifact, AttemptOutcome, Branch, ProcessRecord, Proof, TurnEnd, Validation, Verdict, Workspace,
};
use docket::domain::event::{Event, Leftovers, RunOutcome};
use docket::domain::hash::sha256;
use docket::domain::ids::{AttemptId, RunId, TicketId, TicketName};
use docket::domain::item::Usage;
use docket::domain::time::Timestamp;
use docket::store::{Ledger, LedgerError, Reader, Subscriber};
use rusqlite::Connection;

pub(crate) const NOW: Timestamp = Timestamp(1_795_248_000_000);

pub(crate) fn attempt_id(text: &str) -> AttemptId {
    text.parse().expect("an attempt id")
}

pub(crate) fn ticket_id(text: &str) -> TicketId {
    text.parse().expect("a ticket id")
}

pub(crate) fn ticket_name(text: &str) -> TicketName {
    text.parse().expect("a ticket name")
}

/// A repository's `.docket/`.
pub(crate) struct Scene {
    folder: tempfile::TempDir,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self { folder }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("ledger.db")
    }

    pub(crate) fn evidence(&self) -> PathBuf {
        self.folder.path().join("evidence")
    }

    pub(crate) fn open(&self) -> Ledger {
        Ledger::open(&self.path(), Subscriber::none()).expect("the ledger opens")
    }

    pub(crate) fn reader(&self) -> Reader {
        Reader::open(&self.path()).expect("the ledger reads")
    }

    /// Stores events as run 1 and closes.
    pub(crate) fn store(&self, events: Vec<Event>) {
        let ledger = self.open();
        ledger.append(RunId(1), NOW, events);
        ledger.close().expect("everything is stored");
    }

    /// Raw SQL, past every guard: what somebody with the file in hand can do.
    pub(crate) fn tamper(&self, sql: &str) {
        let connection = Connection::open(self.path()).expect("SQLite opens");
        connection
            .execute_batch(
                "DROP TRIGGER events_follow; DROP TRIGGER events_stay; DROP TRIGGER events_remain;",
            )
            .expect("the guards go");
        connection.execute_batch(sql).expect("the change is made");
    }
}

#[expect(clippy::print_stderr, reason = "a test that could not run must say so")]
pub(crate) fn skipped(why: &str) {
    eprintln!("skipped: {why}");
}

/// Waits for a barrier.
pub(crate) fn barrier(ledger: &Ledger) -> Result<u64, LedgerError> {
    let answer = ledger.barrier().blocking_recv();
    Ok(answer.expect("the writer answers")?.0)
}

/// The events of one ticket, done at the first try.
pub(crate) fn trivial_ticket(number: u32) -> Vec<Event> {
    let name = ticket_name(&format!("TICKET-{number:03}"));
    let ticket = ticket_id(&format!("tkt_{number:012}"));
    let attempt = AttemptId {
        ticket: name.clone(),
        number: 1,
    };
    let revision = sha256(name.as_str().as_bytes());
    let artifact = |path: &str| Artifact {
        path: path.to_owned(),
        sha256: sha256(path.as_bytes()),
        bytes: 2_310,
    };
    vec![
        Event::StepStarted {
            ticket: ticket.clone(),
            name,
            title: "scaffold the command line".to_owned(),
            revision,
        },
        Event::AttemptStarted {
            attempt: attempt.clone(),
            ticket: ticket.clone(),
            revision,
            agent: "shell".to_owned(),
            marker: format!("docket-{number}-1-9f31c2"),
        },
        Event::WorkspacePrepared {
            attempt: attempt.clone(),
            workspace: Workspace {
                path: PathBuf::from(format!("/home/ann/api/.docket/worktrees/{attempt}")),
                branch: Some(Branch {
                    name: format!("docket/r1/{attempt}"),
                    base: "5e60bbf15e60bbf15e60bbf15e60bbf15e60bbf1".to_owned(),
                }),
            },
        },
        Event::ProcessStarted {
            attempt: attempt.clone(),
            process: process(4_100 + number),
        },
        Event::TurnStarted {
            attempt: attempt.clone(),
            turn: 1,
            prompt: artifact("prompt.md"),
        },
        Event::TurnFinished {
            attempt: attempt.clone(),
            turn: 1,
            end: TurnEnd::Completed,
            usage: Usage::default(),
            leftovers: Leftovers::default(),
        },
        Event::TurnSaved {
            attempt: attempt.clone(),
            turn: 1,
            autosave: Some(format!("refs/docket/autosave/{attempt}/1")),
            tree: Some("4b825dc642cb6eb9a060e54bf8d69288fbee4904".to_owned()),
            files: 1,
            progress: true,
            claim: true,
        },
        Event::ValidationStarted {
            attempt: attempt.clone(),
            name: "cargo test".to_owned(),
        },
        Event::ProcessStarted {
            attempt: attempt.clone(),
            process: process(4_200 + number),
        },
        Event::ValidationFinished {
            attempt: attempt.clone(),
            validation: Validation {
                name: "cargo test".to_owned(),
                run: "cargo test --workspace".to_owned(),
                turn: 1,
                verdict: Verdict::Pass,
                exit: Some(0),
                millis: 1_240,
                output: Some(artifact("validations/cargo-test.log")),
            },
        },
        Event::EvidenceSealed {
            attempt: attempt.clone(),
            manifest: sha256(b"manifest"),
            files: 8,
            bytes: 41_200,
        },
        Event::Integrated {
            attempt: attempt.clone(),
            commit: Some("2c21d2c22c21d2c22c21d2c22c21d2c22c21d2c2".to_owned()),
        },
        Event::TicketWritten {
            ticket: ticket.clone(),
            before: revision,
            after: sha256(b"after"),
            proof: Proof::Proven,
        },
        Event::AttemptFinished {
            attempt,
            outcome: AttemptOutcome::Done {
                proof: Proof::Proven,
            },
        },
        Event::StepFinished {
            ticket,
            outcome: AttemptOutcome::Done {
                proof: Proof::Proven,
            },
        },
    ]
}

/// A whole run of one trivial ticket.
pub(crate) fn trivial_run() -> Vec<Event> {
    let mut events = vec![Event::RunStarted {
        jobs: 1,
        branch: Some("docket/r1/main".to_owned()),
        base: Some("5e60bbf15e60bbf15e60bbf15e60bbf15e60bbf1".to_owned()),
        version: "0.1.0".to_owned(),
    }];
    events.extend(trivial_ticket(1));
    events.push(Event::RunFinished {
        outcome: RunOutcome::Done,
    });
    events
}

pub(crate) fn process(pid: u32) -> ProcessRecord {
    ProcessRecord {
        pid,
        start_time: 81_234_567,
        boot_id: "b7d6e0a2-4e1f-4b0c-9a46-0f7f2c8d1e55".to_owned(),
    }
}
