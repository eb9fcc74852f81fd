//! The stored form of events: golden rows that load for ever, and everything reads back as it was.

use std::collections::BTreeSet;
use std::path::PathBuf;

use docket::domain::attempt::{
    Artifact, AttemptOutcome, CancelReason, Failure, Fault, Need, Phase, Proof, SetupLine, TurnEnd,
    Validation, Verdict, Workspace,
};
use docket::domain::desk::{NoteChange, NoteNews, TicketChange, TicketNews};
use docket::domain::event::{Event, Leftovers, RunOutcome};
use docket::domain::ids::Sha256;
use docket::domain::item::Usage;
use docket::domain::request::{Answer, AnsweredBy, Ask, Choice, ChoiceKind, Request, RequestId};
use docket::domain::rules::Scope;
use docket::domain::taking::Seat;
use docket::domain::time::Timestamp;
use docket::store::codec::{KINDS, Undecodable, decode, encode, kind_of};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::arbitrary;
use super::scene::{attempt_id, process, ticket_id, trivial_run};

const V1: &str = include_str!("../fixtures/ledger/v1.jsonl");

#[derive(Deserialize)]
struct GoldenRow<'a> {
    kind: &'a str,
    version: u16,
    #[serde(borrow)]
    payload: &'a RawValue,
}

fn golden_rows() -> Vec<GoldenRow<'static>> {
    V1.lines()
        .map(|line| serde_json::from_str(line).expect(line))
        .collect()
}

/// The events behind the golden rows, in their order: the whole life of a ticket first, then what it leaves out.
fn golden_events() -> Vec<Event> {
    let attempt = attempt_id("TICKET-003.2");
    let ticket = ticket_id("tkt_parse-the.header");
    let mut events = trivial_run();
    events.extend([
        Event::RunPaused,
        Event::RunResumed,
        Event::RunStarted {
            jobs: 4,
            branch: None,
            base: None,
            version: "0.1.0".to_owned(),
        },
        Event::CancelRequested {
            ticket: None,
            reason: CancelReason::Interrupt,
        },
        Event::CancelRequested {
            ticket: Some(ticket.clone()),
            reason: CancelReason::Stopped,
        },
        Event::RunFinished {
            outcome: RunOutcome::Cancelled {
                reason: CancelReason::Terminate,
            },
        },
        Event::StepFinished {
            ticket: ticket.clone(),
            outcome: AttemptOutcome::Failed {
                failure: Failure::Validation {
                    names: vec!["cargo test".to_owned(), "clippy".to_owned()],
                },
            },
        },
        Event::StepRetried {
            ticket: ticket.clone(),
        },
        Event::StepSkipped {
            ticket: ticket.clone(),
        },
        Event::WorkspacePrepared {
            attempt: attempt.clone(),
            workspace: Workspace {
                path: PathBuf::from("/home/ann/api"),
                branch: None,
            },
        },
        Event::ProcessStarted {
            attempt: attempt.clone(),
            process: process(4_321),
        },
        Event::SessionStarted {
            attempt: attempt.clone(),
            session: "019a8f3e-7c1d-7bb2-a9d0-3f1f5f7e2a10".to_owned(),
        },
        Event::TurnFinished {
            attempt: attempt.clone(),
            turn: 2,
            end: TurnEnd::TimedOut { phase: Phase::Idle },
            usage: Usage {
                input: 41_200,
                cached: 30_000,
                output: 1_800,
                reasoning: 900,
                cost_usd: Some(0.38),
            },
            leftovers: Leftovers {
                leaked: true,
                swept: 3,
            },
        },
        Event::TurnSaved {
            attempt: attempt.clone(),
            turn: 2,
            autosave: None,
            tree: None,
            files: 0,
            progress: false,
            claim: false,
        },
        Event::DispatchReceived {
            attempt: attempt.clone(),
            pause: true,
            title: "Which codec?".to_owned(),
            text: "zlib is slower, **zstd** needs a dependency.\n\"Which?\" ⚿".to_owned(),
            attachments: Vec::new(),
        },
        Event::ReplyReceived {
            ticket: ticket.clone(),
            attempt: None,
            text: "zstd".to_owned(),
        },
        Event::ValidationFinished {
            attempt: attempt.clone(),
            validation: Validation {
                name: "bench".to_owned(),
                run: "cargo bench".to_owned(),
                turn: 2,
                verdict: Verdict::TimedOut,
                exit: None,
                millis: 60_000,
                output: Some(Artifact {
                    path: "validations/bench.log".to_owned(),
                    sha256: Sha256([0xab; 32]),
                    bytes: 0,
                }),
            },
        },
        Event::GateReached {
            attempt: attempt.clone(),
            need: Need::Reply {
                text: "Which codec?".to_owned(),
            },
        },
        Event::GateReached {
            attempt: attempt.clone(),
            need: Need::Review {
                reasons: Vec::new(),
            },
        },
        Event::GateDecided {
            attempt: attempt.clone(),
            approved: false,
            reason: Some("no tests".to_owned()),
        },
        Event::GateDecided {
            attempt: attempt.clone(),
            approved: true,
            reason: None,
        },
        Event::Integrated {
            attempt: attempt.clone(),
            commit: None,
        },
        Event::AttemptFinished {
            attempt: attempt.clone(),
            outcome: AttemptOutcome::Lost,
        },
        Event::Recovered {
            attempt: attempt.clone(),
            killed: 2,
            kept: Some(PathBuf::from(
                "/home/ann/api/.docket/worktrees/TICKET-003.2",
            )),
        },
        Event::TicketWritten {
            ticket: ticket.clone(),
            before: Sha256([1; 32]),
            after: Sha256([2; 32]),
            proof: Proof::ByHand,
        },
        Event::Refused {
            what: "approve TICKET-003".to_owned(),
            why: "it does not wait for a review".to_owned(),
        },
    ]);
    events.extend([
        Event::RequestOpened {
            attempt: attempt.clone(),
            id: RequestId(1),
            request: Request {
                title: "$ git push".to_owned(),
                reason: Some("to publish".to_owned()),
                ask: Ask::Command {
                    command: "git push".to_owned(),
                },
                choices: vec![Choice {
                    id: "accept".to_owned(),
                    label: "Yes".to_owned(),
                    kind: ChoiceKind::AllowOnce,
                }],
                folder: None,
                patch: None,
            },
        },
        Event::RequestAnswered {
            attempt: attempt.clone(),
            id: RequestId(1),
            answer: Answer::Choose {
                choice: "decline".to_owned(),
                reason: Some("not from here".to_owned()),
            },
            by: AnsweredBy::Rule {
                rule: "git push *".to_owned(),
            },
        },
        Event::RequestClosed {
            attempt: attempt.clone(),
            id: RequestId(2),
        },
        Event::BackedOff {
            attempt: attempt.clone(),
            until: Timestamp(1_795_235_722_758),
            count: 2,
            fault: Fault::RateLimit {
                until: Some(Timestamp(1_795_235_720_000)),
            },
            why: "429 Too Many Requests".to_owned(),
        },
        Event::Steered {
            attempt: attempt.clone(),
            text: "leave the lock file alone".to_owned(),
        },
        Event::MergeQueued {
            attempt: attempt.clone(),
        },
        Event::CaughtUp {
            attempt: attempt.clone(),
            onto: "f".repeat(40),
            tree: "e".repeat(40),
            conflicts: vec!["src/parser.rs".to_owned()],
        },
        Event::SetupFinished {
            attempt: attempt.clone(),
            setup: SetupLine {
                number: 2,
                run: "npm ci".to_owned(),
                verdict: Verdict::Fail,
                exit: Some(1),
                millis: 8_123,
                output: Some(Artifact {
                    path: "setup/2.log".to_owned(),
                    sha256: Sha256([0xab; 32]),
                    bytes: 412,
                }),
            },
        },
        Event::DispatchReceived {
            attempt: attempt.clone(),
            pause: false,
            title: "Half way".to_owned(),
            text: "See the picture.".to_owned(),
            attachments: vec![Artifact {
                path: "dispatch/2/graph.png".to_owned(),
                sha256: Sha256([0xab; 32]),
                bytes: 9,
            }],
        },
        Event::TicketBrought {
            attempt: attempt.clone(),
            turn: 2,
            news: TicketNews {
                ticket: ticket_id("ticket-b"),
                name: "TICKET-040".parse().expect("a name"),
                path: "tickets/TICKET-040-docs.md".to_owned(),
                change: TicketChange::New { generation: 1 },
                notes: vec!["the number 030 is taken: it has 40".to_owned()],
                artifact: Some(Artifact {
                    path: "tickets/2/TICKET-030-docs.md".to_owned(),
                    sha256: Sha256([0xab; 32]),
                    bytes: 80,
                }),
            },
        },
        Event::TicketBrought {
            attempt: attempt.clone(),
            turn: 2,
            news: TicketNews {
                ticket: ticket_id("tkt_parse-the.header"),
                name: "TICKET-003".parse().expect("a name"),
                path: "tickets/TICKET-003.md".to_owned(),
                change: TicketChange::Own {
                    keys: vec!["validate".to_owned()],
                },
                notes: Vec::new(),
                artifact: None,
            },
        },
        Event::NoteBrought {
            attempt: attempt.clone(),
            turn: 2,
            news: NoteNews {
                name: "decisions.md".to_owned(),
                change: NoteChange::Beside {
                    name: "decisions.TICKET-003.2.2.md".to_owned(),
                },
            },
        },
        Event::ReplyReceived {
            ticket: ticket.clone(),
            attempt: Some(attempt.clone()),
            text: "zstd, then".to_owned(),
        },
        Event::RepliesDelivered {
            attempt: attempt.clone(),
            turn: 3,
            replies: vec![Sha256([0xab; 32])],
        },
        Event::AttemptAbandoned {
            attempt: attempt.clone(),
        },
        Event::EvidenceDropped {
            attempt: attempt.clone(),
            files: 7,
            bytes: 1_048_576,
        },
        Event::Merged {
            attempt: attempt.clone(),
            commit: "d".repeat(40),
        },
        Event::NotMerged {
            attempt: attempt.clone(),
            why: "you are in the middle of a rebase".to_owned(),
        },
        Event::TicketReopened {
            ticket: ticket.clone(),
            before: Sha256([0xab; 32]),
            after: Sha256([0xcd; 32]),
        },
        Event::RulesAdded {
            attempt: attempt.clone(),
            ticket: ticket.clone(),
            scope: Scope::Ticket,
            rules: vec!["cargo test".parse().expect("a rule")],
        },
        Event::RequestAnswered {
            attempt: attempt.clone(),
            id: RequestId(3),
            answer: Answer::Choose {
                choice: "accept".to_owned(),
                reason: None,
            },
            by: AnsweredBy::Standing {
                rule: "cargo test".to_owned(),
                scope: Scope::Always,
            },
        },
        Event::StepRestored {
            ticket: ticket.clone(),
        },
        Event::TurnClaimed {
            attempt: attempt.clone(),
            turn: 2,
            done: true,
        },
        Event::SessionTaken {
            attempt: attempt.clone(),
            turn: 2,
            session: "0199-a".to_owned(),
            by: Seat::Screen,
        },
        Event::SessionHandedBack {
            attempt: attempt.clone(),
            turn: 2,
            session: "0199-a".to_owned(),
            by: Seat::CommandLine,
            changed: true,
        },
        Event::StepFinished {
            ticket: ticket.clone(),
            outcome: AttemptOutcome::NeedsHuman {
                need: Need::TakenOver {
                    session: "0199-a".to_owned(),
                },
            },
        },
        Event::Recorded {
            attempt: Some(attempt.clone()),
            file: Artifact {
                path: "TICKET-003.2-20261121-193012.cast".to_owned(),
                sha256: Sha256([0xee; 32]),
                bytes: 4096,
            },
        },
        Event::Recorded {
            attempt: None,
            file: Artifact {
                path: "api-server-20261121-193012.cast".to_owned(),
                sha256: Sha256([0xff; 32]),
                bytes: 17,
            },
        },
        Event::TurnSilent {
            attempt: attempt.clone(),
            turn: 2,
            since: Some(Timestamp(1_795_303_812_000)),
        },
        Event::TurnSilent {
            attempt: attempt.clone(),
            turn: 2,
            since: None,
        },
    ]);
    events
}

#[test]
fn golden_rows_of_version_1_decode_to_what_was_meant() {
    let rows = golden_rows();
    let events = golden_events();
    assert_eq!(rows.len(), events.len());
    for (row, event) in rows.iter().zip(events) {
        let decoded = decode(row.kind, row.version, row.payload.get());
        assert_eq!(decoded.as_ref(), Ok(&event), "{}", row.payload);
    }
}

#[test]
fn events_are_stored_exactly_as_the_golden_rows_of_their_version_say() {
    for (row, event) in golden_rows().iter().zip(golden_events()) {
        let encoded = encode(&event).expect("it encodes");
        if encoded.version == row.version {
            assert_eq!(encoded.kind, row.kind);
            assert_eq!(encoded.payload, row.payload.get());
        }
    }
}

#[test]
fn every_kind_and_version_has_a_golden_row() {
    let golden: BTreeSet<(&str, u16)> = golden_rows()
        .iter()
        .map(|row| (row.kind, row.version))
        .collect();
    for (kind, version) in KINDS {
        for version in 1..=*version {
            let has_row = golden.contains(&(kind, version));
            assert!(has_row, "no golden row for `{kind}` version {version}");
        }
    }
}

#[test]
fn the_table_of_kinds_agrees_with_the_names_of_the_events() {
    for event in golden_events() {
        let value = serde_json::to_value(&event).expect("it encodes");
        assert_eq!(value["kind"], kind_of(&event).0);
    }
}

#[test]
fn what_a_later_docket_added_to_a_row_is_ignored() {
    let payload = r#"{"ticket":"ticket-a","urgency":{"level":9},"text":"yes"}"#;
    let event = Event::ReplyReceived {
        ticket: ticket_id("ticket-a"),
        attempt: None,
        text: "yes".to_owned(),
    };
    assert_eq!(decode("reply_received", 1, payload), Ok(event));
}

#[test]
fn rows_that_are_no_events_say_why() {
    let why = |kind, version, payload| decode(kind, version, payload).expect_err("no event");
    assert_eq!(why("ticket_praised", 1, "{}"), Undecodable::UnknownKind);
    assert_eq!(why("run_paused", 2, "{}"), Undecodable::NewerVersion(2));
    for payload in ["", "[]", "{", r#"{"ticket":3}"#, r#"{"kind":"run_paused"}"#] {
        let why = why("step_retried", 1, payload);
        assert!(matches!(why, Undecodable::Malformed(_)), "{payload}");
    }
}

proptest! {
    #[test]
    fn every_event_reads_back_as_it_was_stored(event in arbitrary::event()) {
        let encoded = encode(&event).expect("it encodes");
        let decoded = decode(encoded.kind, encoded.version, &encoded.payload).expect("it decodes");
        prop_assert_eq!(cost_aside(event.clone()), cost_aside(decoded.clone()));
        // The last bit of a float may get lost on the way.
        let (cost, read) = (cost_of(&event).unwrap_or(0.0), cost_of(&decoded).unwrap_or(0.0));
        prop_assert!((cost - read).abs() <= cost * 1e-15, "{} {}", cost, read);
    }
}

fn cost_of(event: &Event) -> Option<f64> {
    match event {
        Event::TurnFinished { usage, .. } => usage.cost_usd,
        _ => None,
    }
}

fn cost_aside(mut event: Event) -> Event {
    if let Event::TurnFinished { usage, .. } = &mut event {
        usage.cost_usd = usage.cost_usd.map(|_| 0.0);
    }
    event
}
