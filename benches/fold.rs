//! The fold of events and the write to the ledger. `cargo bench -- fold`

use crate::support::{row, timed};
use docket::domain::attempt::{AttemptOutcome, Proof};
use docket::domain::board::Board;
use docket::domain::event::{Envelope, Event};
use docket::domain::hash::sha256;
use docket::domain::ids::{AttemptId, RunId, Sequence, TicketId, TicketName};
use docket::domain::time::Timestamp;
use docket::store::{Ledger, Subscriber};

const TICKETS: u64 = 2_000;

/// The events of many small tickets.
fn events() -> Vec<Event> {
    (1..=TICKETS)
        .flat_map(|number| {
            let name: TicketName = format!("TICKET-{number:05}").parse().expect("a name");
            let ticket: TicketId = format!("tkt_bench_{number}").parse().expect("an id");
            let attempt = AttemptId {
                ticket: name.clone(),
                number: 1,
            };
            let outcome = AttemptOutcome::Done {
                proof: Proof::Proven,
            };
            let hash = sha256(name.as_str().as_bytes());
            [
                Event::StepStarted {
                    ticket: ticket.clone(),
                    name,
                    title: "bench".into(),
                    revision: hash,
                },
                Event::AttemptStarted {
                    attempt: attempt.clone(),
                    ticket: ticket.clone(),
                    revision: hash,
                    agent: "shell".into(),
                    marker: "m".into(),
                },
                Event::EvidenceSealed {
                    attempt: attempt.clone(),
                    manifest: hash,
                    files: 8,
                    bytes: 4096,
                },
                Event::Integrated {
                    attempt: attempt.clone(),
                    commit: None,
                },
                Event::AttemptFinished {
                    attempt,
                    outcome: outcome.clone(),
                },
                Event::StepFinished { ticket, outcome },
            ]
        })
        .collect()
}

pub(crate) fn bench() {
    let events = events();
    let thousands = u32::try_from(events.len() / 1000).expect("few");
    let envelopes: Vec<Envelope> = events
        .iter()
        .enumerate()
        .map(|(index, event)| Envelope {
            seq: Sequence(index as u64 + 1),
            at: Timestamp(index as i64),
            run: RunId(1),
            event: event.clone(),
        })
        .collect();
    let fold = (0..9).map(|_| {
        timed(|| {
            let mut board = Board::default();
            for envelope in &envelopes {
                board.apply(envelope);
            }
            assert_eq!(board.tickets.len() as u64, TICKETS);
        })
    });
    row("fold 1,000 events", fold.collect(), thousands);

    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let ledger =
        Ledger::open(&folder.path().join("ledger.db"), Subscriber::none()).expect("a ledger");
    let append = |events: Vec<Event>| {
        timed(|| {
            ledger.append(RunId(1), Timestamp(0), events);
            runtime
                .block_on(ledger.barrier())
                .expect("an answer")
                .expect("stored");
        })
    };
    let single: Vec<_> = events
        .iter()
        .take(200)
        .map(|event| append(vec![event.clone()]))
        .collect();
    row("ledger: 1 event, on the disk", single, 1);
    let batches: Vec<_> = events[200..]
        .chunks(1000)
        .map(|chunk| append(chunk.to_vec()))
        .collect();
    row("ledger: 1,000 events in a row, on the disk", batches, 1);
}
