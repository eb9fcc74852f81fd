//! Decisions and words of humans: at gates that live, and for attempts that have ended.

use std::collections::BTreeMap;
use std::sync::Arc;

use docket::domain::attempt::{Artifact, AttemptOutcome, CancelReason, Need, TurnEnd, Verdict};
use docket::domain::board::Board;
use docket::domain::command::Command;
use docket::domain::event::{Envelope, Event};
use docket::domain::gate::GateReason;
use docket::domain::hash::sha256;
use docket::domain::ids::{AttemptId, RunId, Sequence, TicketId};
use docket::domain::item::Usage;
use docket::domain::machine::{Carry, Collected, Effect, History, Input, Report, RunPlan, State};
use docket::domain::settings::Settings;
use docket::domain::ticket::QueueEntry;
use docket::domain::time::Timestamp;
use docket::domain::unfinished::{Decision, Ended, Unfinished, Work};
use proptest::prelude::*;

use super::{Bench, checked, claim, entry, settings, workspace};

const FIRST: &str = "TICKET-001.1";
const SECOND: &str = "TICKET-001.2";
const GATE: &str = "gate: review\n";

fn ticket() -> TicketId {
    entry(1, GATE).id
}

fn with_humans() -> RunPlan {
    RunPlan {
        waits_for_humans: true,
        ..RunPlan::default()
    }
}

fn id(text: &str) -> AttemptId {
    text.parse().expect("an id")
}

/// An attempt of an earlier run that ended with this need.
fn left(need: Need, session: Option<&str>) -> Unfinished {
    Unfinished {
        from: id(FIRST),
        carry: Some(Carry {
            from: id(FIRST),
            workspace: workspace(),
            session: session.map(str::to_owned),
            used: Usage::default(),
            approved: false,
        }),
        agent: "shell".parse().expect("a name"),
        revision: entry(1, GATE).revision,
        outcome: AttemptOutcome::NeedsHuman { need },
        requests: Vec::new(),
        work: Work {
            tree: Some("t1".into()),
            reasons: Vec::new(),
            turn: 1,
        },
        decision: None,
        replies: Vec::new(),
        taken: None,
        handed_back: None,
    }
}

fn review() -> Need {
    Need::Review {
        reasons: Vec::new(),
    }
}

fn decided(reason: Option<&str>) -> Unfinished {
    Unfinished {
        decision: Some(Decision {
            approved: reason.is_none(),
            reason: reason.map(str::to_owned),
            at: Timestamp(1),
        }),
        ..left(review(), None)
    }
}

/// A ticket whose file says that it is done.
fn done(number: u32) -> QueueEntry {
    let path = format!("tickets/TICKET-{number:03}-t.md");
    let text = "---\nagent: shell\ndone: true\n---\nBody\n";
    docket::tickets::parse::parse(path.as_ref(), text.as_bytes())
}

/// A run after an earlier one that left this.
fn after(unfinished: Unfinished, settings: Settings) -> Bench {
    let history = History {
        generations: BTreeMap::default(),
        standing: docket::domain::machine::Standing::default(),
        ended: BTreeMap::default(),
        spent: Vec::new(),
        next_run: 2,
        marker: "m".into(),
        attempt_numbers: BTreeMap::from([("TICKET-001".parse().expect("a name"), 1)]),
        unfinished: BTreeMap::from([(ticket(), unfinished)]),
    };
    let entries = vec![entry(1, GATE)];
    let mut bench = Bench::new(settings.clone(), RunPlan::default(), entries);
    bench.state = State::new(Arc::new(settings), RunPlan::default(), history);
    bench.give(Input::Queue(bench.queue.clone()));
    bench.begin();
    bench
}

fn prepared(bench: &mut Bench, carried: bool) {
    bench.log.clear();
    let workspace = workspace();
    bench.report(SECOND, Report::Prepared { workspace, carried });
}

fn collected(tree: &str) -> Report {
    Report::Collected(Collected {
        tree: Some(tree.into()),
        ..Collected::default()
    })
}

/// A live attempt at its gate.
fn at_gate(plan: RunPlan) -> Bench {
    let mut bench = Bench::new(checked(), plan, vec![entry(1, GATE)]);
    bench.begin();
    bench.first_turn(FIRST, TurnEnd::Completed, claim());
    bench.validate(FIRST, Verdict::Pass);
    bench.log.clear();
    bench
}

#[test]
fn what_waits_for_a_human_is_not_tried_again_unless_its_file_changed() {
    let reply = Need::Reply { text: "?".into() };
    for need in [review(), reply, Need::NoProgress, Need::Interrupted] {
        let mut bench = after(left(need.clone(), None), checked());
        assert!(
            bench.log.contains(&format!("StepFinished {need}")),
            "{:?}",
            bench.log
        );
        bench.check_last("> over NeedsHuman");
        let old = Unfinished {
            revision: sha256(b"another text"),
            ..left(need, None)
        };
        let bench = after(old, checked());
        assert!(
            bench.log.contains(&format!("> open {SECOND}")),
            "{:?}",
            bench.log
        );
    }
}

#[test]
fn approved_work_is_checked_and_merged_without_a_turn() {
    let mut bench = after(decided(None), checked());
    prepared(&mut bench, true);
    bench.check(&format!("WorkspacePrepared\n> {SECOND} recollect"));
    bench.report(SECOND, collected("t1"));
    bench.check(&format!("TurnSaved\n> {SECOND} validate"));
    bench.validate(SECOND, Verdict::Pass);
    bench.check(&format!("ValidationFinished\n> {SECOND} catch up"));
}

#[test]
fn approved_work_that_fails_its_checks_now_goes_back_to_its_agent_and_to_the_gate() {
    let mut bench = after(decided(None), checked());
    prepared(&mut bench, true);
    bench.report(SECOND, collected("t1"));
    bench.validate(SECOND, Verdict::Fail);
    bench.check_last(&format!("> {SECOND} turn 1 failed=test"));
    bench.turn(SECOND, TurnEnd::Completed, claim());
    bench.validate(SECOND, Verdict::Pass);
    bench.check_last(&format!("> {SECOND} seal waits for review"));
}

#[test]
fn other_work_than_the_approved_and_new_reasons_come_to_the_gate_again() {
    let mut bench = after(decided(None), checked());
    prepared(&mut bench, true);
    bench.report(SECOND, collected("t2"));
    bench.validate(SECOND, Verdict::Pass);
    bench.check_last(&format!(
        "> {SECOND} seal waits for review: the working tree changed after {FIRST} was approved"
    ));
    // The policy asks for something that was not asked before.
    let mut bench = after(decided(None), checked());
    prepared(&mut bench, true);
    bench.report(SECOND, collected("t1"));
    let gates = vec![GateReason::OwnTicket {
        keys: vec!["gate".into()],
    }];
    bench.report(
        SECOND,
        Report::ValidationFinished(super::validation("test", Verdict::Pass)),
    );
    bench.report(SECOND, Report::Validated { gates });
    bench.check_last(&format!(
        "> {SECOND} seal waits for review: the agent changed its own ticket: gate"
    ));
}

#[test]
fn approved_work_whose_tree_is_gone_is_done_again_and_that_is_said() {
    let mut bench = after(decided(None), checked());
    prepared(&mut bench, false);
    assert!(
        bench.log[0].starts_with("Refused bring the approved work of TICKET-001.1"),
        "{:?}",
        bench.log
    );
    bench.check_last(&format!("> {SECOND} turn 1"));
}

#[test]
fn rejected_work_goes_on_with_the_reason_also_in_a_new_tree() {
    for carried in [true, false] {
        let mut bench = after(decided(Some("no tests")), checked());
        prepared(&mut bench, carried);
        bench.check_last(&format!("> {SECOND} turn 1 rejected=no tests"));
    }
}

#[test]
fn car_3_a_reply_after_the_end_is_in_the_first_turn_and_told_as_delivered() {
    for need in [
        Need::NoProgress,
        Need::Interrupted,
        Need::Reply { text: "?".into() },
    ] {
        let answered = Unfinished {
            replies: vec!["zstd".into()],
            ..left(need, None)
        };
        let mut bench = after(answered, checked());
        prepared(&mut bench, true);
        bench.check_last(&format!("> {SECOND} turn 1 replies=zstd"));
        let prompt = Artifact {
            path: "prompt.md".into(),
            sha256: sha256(b""),
            bytes: 1,
        };
        bench.log.clear();
        bench.report(SECOND, Report::TurnStarted { turn: 1, prompt });
        bench.check("TurnStarted\nRepliesDelivered");
        // Once: the turn after it brings nothing.
        bench.turn(SECOND, TurnEnd::Completed, Collected::default());
        bench.check_last(&format!("> {SECOND} turn 2"));
    }
}

#[test]
fn car_1_a_start_of_a_paused_run_goes_on() {
    let mut bench = Bench::new(checked(), with_humans(), vec![entry(1, "")]);
    bench.begin();
    bench.command(Command::Pause);
    bench.log.clear();
    bench.command(Command::Start { only: None });
    bench.check(&format!("RunResumed\n> {FIRST} resume"));
    bench.command(Command::Start { only: None });
    bench.check("Refused start: the run goes on already");
}

#[test]
fn car_2_a_stop_of_a_paused_run_ends_it() {
    let mut bench = at_gate(with_humans());
    bench.command(Command::Pause);
    bench.log.clear();
    let reason = CancelReason::Interrupt;
    bench.command(Command::Cancel { reason });
    assert!(
        bench
            .log
            .contains(&format!("> {FIRST} seal waits for review")),
        "{:?}",
        bench.log
    );
    bench.seal(FIRST);
    assert!(
        bench
            .log
            .last()
            .is_some_and(|line| line.starts_with("> over Cancelled")),
        "{:?}",
        bench.log
    );
}

#[test]
fn car_4_a_ticket_that_has_just_been_marked_done_is_not_stuck() {
    // Question, answer, done: and nothing in the working tree has changed all the time.
    let mut bench = Bench::new(checked(), with_humans(), vec![entry(1, "")]);
    bench.begin();
    bench.first_turn(FIRST, TurnEnd::Completed, Collected::default());
    bench.turn(FIRST, TurnEnd::Completed, Collected::default());
    let text = "go on".to_owned();
    bench.command(Command::Reply {
        ticket: ticket(),
        text,
    });
    let done = || Collected {
        claim: true,
        ..Collected::default()
    };
    bench.turn(FIRST, TurnEnd::Completed, done());
    bench.check_last(&format!("> {FIRST} turn 4 replies=go on"));
    bench.turn(FIRST, TurnEnd::Completed, done());
    bench.check_last(&format!("> {FIRST} validate"));
}

#[test]
fn words_that_no_turn_can_bring_are_refused() {
    let mut bench = at_gate(with_humans());
    let reply = || Command::Reply {
        ticket: ticket(),
        text: "x".into(),
    };
    bench.command(reply());
    let id = ticket();
    bench.check(&format!(
        "Refused reply to {id}: it waits for a review: approve it, or reject it with these words"
    ));
    bench.command(Command::Approve {
        ticket: id.clone(),
        attempt: None,
        turn: None,
    });
    bench.report(FIRST, Report::UpToDate);
    bench.log.clear();
    bench.command(reply());
    bench.check(&format!(
        "Refused reply to {id}: its attempt is ending: no turn follows that could bring the words"
    ));
}

#[test]
fn words_that_an_attempt_did_not_hear_are_the_next_ones() {
    let mut bench = Bench::new(checked(), RunPlan::default(), vec![entry(1, "")]);
    bench.begin();
    let workspace = workspace();
    bench.report(
        FIRST,
        Report::Prepared {
            workspace,
            carried: false,
        },
    );
    bench.command(Command::Reply {
        ticket: ticket(),
        text: "mind the gap".into(),
    });
    let how = "exit code 3".to_owned();
    bench.turn(FIRST, TurnEnd::Died { how }, Collected::default());
    bench.seal(FIRST);
    assert!(bench.log.contains(&format!("> open {SECOND}")));
    prepared(&mut bench, false);
    bench.check_last(&format!("> {SECOND} turn 1 replies=mind the gap"));
}

#[test]
fn a_retry_at_a_gate_begins_anew() {
    let mut bench = at_gate(with_humans());
    bench.command(Command::Retry { ticket: ticket() });
    bench.check(&format!(
        "CancelRequested\n> {FIRST} stop Stopped\n> {FIRST} seal stopped"
    ));
    let effects = bench.seal(FIRST);
    bench.check(&format!(
        "EvidenceSealed\nAttemptFinished {FIRST} stopped\n> {FIRST} close false\nStepFinished stopped\nStepRetried\n
         StepStarted TICKET-001\nAttemptStarted\n> open {SECOND}"
    ));
    let carried = effects
        .iter()
        .any(|effect| matches!(effect, Effect::Open(spec) if spec.carry.is_some()));
    assert!(!carried);
}

#[test]
fn a_skipped_gate_waits_on_after_the_run() {
    let mut bench = at_gate(with_humans());
    bench.command(Command::Skip { ticket: ticket() });
    bench.check(&format!(
        "CancelRequested\n> {FIRST} stop RunEnds\n> {FIRST} seal waits for review"
    ));
    bench.seal(FIRST);
    assert!(
        bench.log.contains(&"StepSkipped".to_owned()),
        "{:?}",
        bench.log
    );
    bench.check_last("> over NeedsHuman");
}

#[test]
fn a_skipped_gate_that_is_taken_back_waits_again() {
    let plan = RunPlan {
        stays: true,
        ..with_humans()
    };
    let mut bench = at_gate(plan);
    bench.command(Command::Skip { ticket: ticket() });
    bench.command(Command::Unskip { ticket: ticket() });
    bench.check_last(&format!(
        "Refused take {} back: its attempt is still being ended: try again in a moment",
        ticket()
    ));
    bench.seal(FIRST);
    bench.report(FIRST, Report::Closed);
    // What a runner finds in its ledger.
    bench.state.left_unfinished(ticket(), left(review(), None));
    bench.log.clear();
    bench.command(Command::Unskip { ticket: ticket() });
    bench.check("StepRestored\nStepStarted TICKET-001\nStepFinished waits for review");
}

#[test]
fn a_retry_gives_up_what_an_ended_attempt_waits_for() {
    let mut bench = after(left(review(), None), checked());
    bench.state.left_unfinished(ticket(), left(review(), None));
    bench.log.clear();
    bench.command(Command::Retry { ticket: ticket() });
    bench.give(Input::RunPrepared {
        branch: None,
        head: None,
    });
    assert_eq!(bench.log[0], "AttemptAbandoned");
    assert!(
        bench.log.contains(&format!("> open {SECOND}")),
        "{:?}",
        bench.log
    );
    prepared(&mut bench, false);
    bench.check_last(&format!("> {SECOND} turn 1"));
}

#[test]
fn a_decision_while_the_run_works_on_something_else_lets_the_ticket_go_on() {
    let both = vec![entry(1, GATE), entry(2, "")];
    let mut bench = Bench::new(checked(), RunPlan::default(), both);
    bench.begin();
    bench.first_turn(FIRST, TurnEnd::Completed, claim());
    bench.validate(FIRST, Verdict::Pass);
    bench.seal(FIRST);
    assert!(
        bench.log.contains(&"> open TICKET-002.1".to_owned()),
        "{:?}",
        bench.log
    );
    // The runner has looked it up.
    bench.state.left_unfinished(ticket(), left(review(), None));
    bench.log.clear();
    bench.command(Command::Approve {
        ticket: ticket(),
        attempt: None,
        turn: None,
    });
    bench.check("GateDecided\nStepRetried");
    let reason = "late".to_owned();
    bench.command(Command::Reject {
        ticket: ticket(),
        reason,
        attempt: None,
        turn: None,
    });
    let id = ticket();
    bench.check(&format!(
        "Refused reject {id}: it was approved already: the next attempt goes on with that"
    ));
}

#[test]
fn nothing_says_ok_for_what_it_did_not_do() {
    let mut bench = Bench::new(checked(), with_humans(), vec![entry(1, ""), done(2)]);
    let mut refused = |command: Command, why: &str| {
        bench.log.clear();
        bench.command(command);
        assert!(
            bench.log[0].starts_with("Refused") && bench.log[0].ends_with(why),
            "{:?}",
            bench.log
        );
    };
    let one = || ticket();
    let two = || entry(2, "").id;
    refused(Command::Pause, "nothing runs");
    refused(Command::Resume, "the run is not paused");
    refused(Command::Skip { ticket: one() }, "nothing runs");
    refused(Command::StopTicket { ticket: one() }, "nothing runs");
    refused(
        Command::Retry { ticket: two() },
        "it is done: set `done: false` in its file first",
    );
    let mut bench = Bench::new(checked(), with_humans(), vec![entry(1, ""), done(2)]);
    bench.begin();
    let refused = |bench: &mut Bench, command: Command, why: &str| {
        bench.log.clear();
        bench.command(command);
        assert!(
            bench.log[0].starts_with("Refused") && bench.log[0].ends_with(why),
            "{:?}",
            bench.log
        );
    };
    refused(
        &mut bench,
        Command::Skip { ticket: one() },
        "that ticket is running: stop it first",
    );
    refused(
        &mut bench,
        Command::Skip { ticket: two() },
        "it is done: set `done: false` in its file first",
    );
    refused(
        &mut bench,
        Command::Retry { ticket: one() },
        "that ticket is running",
    );
    bench.command(Command::Pause);
    refused(&mut bench, Command::Pause, "the run is paused already");
    bench.command(Command::Resume);
    refused(&mut bench, Command::Resume, "the run is not paused");
    bench.first_turn(FIRST, TurnEnd::Completed, claim());
    bench.validate(FIRST, Verdict::Pass);
    bench.report(FIRST, Report::UpToDate);
    bench.report(
        FIRST,
        Report::Sealed {
            manifest: sha256(b""),
            files: 1,
            bytes: 1,
        },
    );
    refused(
        &mut bench,
        Command::StopTicket { ticket: one() },
        "its work is proven and is being merged",
    );
}

fn envelopes(events: Vec<Event>) -> Vec<Envelope> {
    let seq = (1..).map(Sequence);
    seq.zip(events)
        .map(|(seq, event)| Envelope {
            seq,
            at: Timestamp(7),
            run: RunId(1),
            event,
        })
        .collect()
}

fn ended(outcome: Option<AttemptOutcome>) -> Ended {
    Ended {
        attempt: id(FIRST),
        agent: "shell".parse().expect("a name"),
        session: None,
        revision: sha256(b""),
        outcome,
        used: Usage::default(),
    }
}

#[test]
fn an_attempt_that_died_at_its_gate_waits_there() {
    let attempt = id(FIRST);
    let mut events = vec![
        Event::WorkspacePrepared {
            attempt: attempt.clone(),
            workspace: workspace(),
        },
        Event::GateReached {
            attempt: attempt.clone(),
            need: review(),
        },
    ];
    for outcome in [None, Some(AttemptOutcome::Lost)] {
        let found = Unfinished::of(ended(outcome), &envelopes(events.clone())).expect("it waits");
        assert_eq!(found.waits_for(), Some(review()));
    }
    events.push(Event::GateDecided {
        attempt: attempt.clone(),
        approved: true,
        reason: None,
    });
    let found = Unfinished::of(
        ended(Some(AttemptOutcome::Lost)),
        &envelopes(events.clone()),
    );
    let found = found.expect("it goes on");
    assert_eq!(found.waits_for(), None);
    assert!(found.decision.is_some_and(|decision| decision.approved));
    events.push(Event::AttemptAbandoned { attempt });
    assert_eq!(Unfinished::of(ended(None), &envelopes(events)), None);
}

#[test]
fn what_waits_for_words_goes_on_with_them_also_without_a_session() {
    // A program on a terminal that fell silent where nobody looked: it has no session, and came to no gate.
    let attempt = id(FIRST);
    let events = envelopes(vec![Event::WorkspacePrepared {
        attempt,
        workspace: workspace(),
    }]);
    let need = Need::Reply {
        text: "it is silent".to_owned(),
    };
    let outcome = AttemptOutcome::NeedsHuman { need: need.clone() };
    let mut found = Unfinished::of(ended(Some(outcome)), &events).expect("it waits");
    assert_eq!(found.waits_for(), Some(need));
    found
        .reply(&ticket(), "go on".to_owned())
        .expect("it is taken");
    assert_eq!(found.waits_for(), None);
    let carry = found.carry.expect("the next attempt goes on from it");
    assert_eq!((carry.session, carry.workspace), (None, workspace()));

    // One that died in the middle of its turn begins anew.
    assert_eq!(
        Unfinished::of(ended(Some(AttemptOutcome::Lost)), &events),
        None
    );
}

proptest! {
    /// A reply is there until the turn that brought it, and never after it.
    #[test]
    fn a_reply_is_kept_until_it_is_delivered_once(steps in proptest::collection::vec((any::<bool>(), 0u8..4), 0..40)) {
        let attempt = id(FIRST);
        let mut events = vec![Event::WorkspacePrepared { attempt: attempt.clone(), workspace: workspace() }];
        let mut waiting: Vec<String> = Vec::new();
        for (turn, (delivers, word)) in (1..).zip(steps) {
            if delivers {
                let replies = waiting.drain(..).map(|text| sha256(text.as_bytes())).collect();
                events.push(Event::RepliesDelivered { attempt: attempt.clone(), turn, replies });
            } else {
                let text = format!("word {word}");
                waiting.push(text.clone());
                events.push(Event::ReplyReceived { ticket: ticket(), attempt: Some(attempt.clone()), text });
            }
        }
        events.push(Event::GateReached { attempt, need: Need::NoProgress });
        let found = Unfinished::of(ended(None), &envelopes(events)).expect("it waits");
        prop_assert_eq!(&found.replies, &waiting);
        prop_assert_eq!(found.waits_for().is_none(), !waiting.is_empty());
    }
}

#[test]
fn no_agent_hears_of_an_approval_from_settings_without_checks() {
    // Nobody named a check: what was approved is taken, as unchecked.
    let mut bench = after(decided(None), settings());
    prepared(&mut bench, true);
    bench.report(SECOND, collected("t1"));
    bench.check_last(&format!("> {SECOND} catch up"));
}

#[test]
fn a_decision_about_an_earlier_gate_decides_nothing_about_the_last_one() {
    let mut bench = Bench::new(checked(), RunPlan::default(), vec![entry(1, GATE)]);
    bench.state.left_unfinished(ticket(), left(review(), None));
    let decision = |attempt: &str, turn| Command::Approve {
        ticket: ticket(),
        attempt: Some(id(attempt)),
        turn: Some(turn),
    };
    let stale = format!(
        "Refused approve {}: that gate is not open any more: look at how it stands now",
        ticket()
    );
    bench.log.clear();
    for (attempt, turn) in [("TICKET-001.7", 1), (FIRST, 2)] {
        bench.command(decision(attempt, turn));
        bench.check(&stale);
    }
    // As a screen says it that was opened since.
    let mut board = Board::default();
    board.seed_waiting(ticket(), RunId(1), &left(review(), None));
    let view = &board.tickets[&ticket()];
    bench.command(Command::Approve {
        ticket: ticket(),
        attempt: view.attempt.clone(),
        turn: Some(view.turn),
    });
    bench.check("GateDecided");
}
