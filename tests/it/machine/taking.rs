//! A human takes an attempt over in its agent's own TUI, and hands it back.

use std::collections::BTreeMap;
use std::sync::Arc;

use docket::domain::attempt::{AttemptOutcome, CancelReason, Need, TurnEnd, Verdict};
use docket::domain::board::{Board, TicketState};
use docket::domain::command::Command;
use docket::domain::event::{Envelope, Event};
use docket::domain::ids::{AttemptId, RunId, Sequence, TicketId};
use docket::domain::item::Usage;
use docket::domain::machine::{
    Carry, Collected, Effect, History, Input, Order, Report, RunPlan, State,
};
use docket::domain::settings::{Isolation, Settings};
use docket::domain::taking::{Seat, Sight};
use docket::domain::time::Timestamp;
use docket::domain::unfinished::{Ended, Unfinished, Work, waited_for};

use super::{Bench, checked, claim, entry, workspace};

const FIRST: &str = "TICKET-001.1";
const SESSION: &str = "s-1";
const GATE: &str = "gate: review\n";

fn ticket() -> TicketId {
    entry(1, GATE).id
}

fn id(text: &str) -> AttemptId {
    text.parse().expect("an id")
}

/// Settings whose agent has a TUI.
fn with_tui(settings: Settings) -> Settings {
    let mut settings = settings;
    for agent in settings.agents.values_mut() {
        agent.has_tui = true;
    }
    settings
}

fn with_humans() -> RunPlan {
    RunPlan {
        waits_for_humans: true,
        ..RunPlan::default()
    }
}

fn take() -> Command {
    Command::TakeSession {
        ticket: ticket(),
        attempt: None,
        by: Seat::Screen,
    }
}

fn hand_back(words: Option<&str>) -> Command {
    Command::HandBack {
        ticket: ticket(),
        words: words.map(str::to_owned),
        by: Seat::CommandLine,
    }
}

fn taken_over() -> Need {
    Need::TakenOver {
        session: SESSION.into(),
    }
}

/// What the human left: something new, or nothing.
fn left_behind(progress: bool) -> Report {
    Report::Collected(Collected {
        progress,
        tree: Some("t2".into()),
        ..Collected::default()
    })
}

/// A turn runs, and its agent has named its session.
fn in_a_turn(plan: RunPlan) -> Bench {
    let mut bench = Bench::new(with_tui(checked()), plan, vec![entry(1, GATE)]);
    bench.begin();
    let workspace = workspace();
    bench.report(
        FIRST,
        Report::Prepared {
            workspace,
            carried: false,
        },
    );
    bench.report(FIRST, Report::Session(SESSION.into()));
    bench.log.clear();
    bench
}

fn at_gate() -> Bench {
    let mut bench = in_a_turn(with_humans());
    bench.turn(FIRST, TurnEnd::Completed, claim());
    bench.validate(FIRST, Verdict::Pass);
    bench.log.clear();
    bench
}

fn taken_at_gate() -> Bench {
    let mut bench = at_gate();
    bench.command(take());
    bench.report(FIRST, Report::LetGo);
    bench.log.clear();
    bench
}

/// The turns that were ordered, each with what its agent is told of the hand-back.
fn turn_of(effects: &[Effect]) -> Option<(u32, bool, Vec<String>)> {
    effects.iter().find_map(|effect| match effect {
        Effect::Order {
            order: Order::Turn { turn, brief, .. },
            ..
        } => {
            let is_told = brief.went_on.as_ref();
            let is_told = is_told.is_some_and(|words| words.contains("handed it back"));
            Some((*turn, is_told, brief.replies.clone()))
        }
        _ => None,
    })
}

#[test]
fn a_turn_is_interrupted_its_agent_ended_and_only_then_the_session_is_free() {
    let mut bench = in_a_turn(with_humans());
    bench.command(take());
    bench.check(&format!("> {FIRST} stop Interrupted"));
    let end = TurnEnd::Cancelled {
        reason: CancelReason::Interrupted,
    };
    bench.turn(FIRST, end, Collected::default());
    bench.check(&format!(
        "TurnFinished
         > {FIRST} collect 1
         TurnSaved
         > {FIRST} let go"
    ));
    bench.report(FIRST, Report::LetGo);
    bench.check("SessionTaken");
    bench.command(hand_back(None));
    bench.check(&format!("> {FIRST} take back 1"));
    let attempt = id(FIRST);
    let report = left_behind(false);
    let effects = bench.give(Input::Attempt { attempt, report });
    // Its turn was cut short: it goes on in any case.
    assert_eq!(turn_of(&effects), Some((2, true, Vec::new())));
    bench.check(&format!(
        "TurnSaved
         SessionHandedBack
         > {FIRST} turn 2"
    ));
}

#[test]
fn a_turn_that_was_cut_short_does_not_count() {
    let mut settings = with_tui(checked());
    settings.limits.turns = 1;
    let mut bench = Bench::new(settings, with_humans(), vec![entry(1, "")]);
    bench.begin();
    let workspace = workspace();
    bench.report(
        FIRST,
        Report::Prepared {
            workspace,
            carried: false,
        },
    );
    bench.report(FIRST, Report::Session(SESSION.into()));
    bench.command(take());
    bench.turn(FIRST, TurnEnd::Completed, Collected::default());
    bench.report(FIRST, Report::LetGo);
    bench.command(hand_back(None));
    bench.log.clear();
    bench.report(FIRST, left_behind(true));
    bench.check_last(&format!("> {FIRST} turn 2"));
}

#[test]
fn what_was_asked_in_the_turn_is_closed() {
    let mut bench = in_a_turn(with_humans());
    bench.report(
        FIRST,
        super::conversation::asked("1", super::conversation::request("make")),
    );
    bench.command(take());
    bench.log.clear();
    bench.turn(FIRST, TurnEnd::Completed, Collected::default());
    assert!(
        bench.log.contains(&"RequestClosed".to_owned()),
        "{:?}",
        bench.log
    );
}

#[test]
fn nothing_new_leads_back_to_the_gate_and_anything_new_to_a_turn() {
    let mut bench = taken_at_gate();
    bench.command(hand_back(None));
    bench.report(FIRST, left_behind(false));
    bench.check(&format!(
        "> {FIRST} take back 1
         TurnSaved
         SessionHandedBack
         GateReached waits for review
         > {FIRST} rest"
    ));
    let attempt = None;
    let approve = Command::Approve {
        ticket: ticket(),
        attempt,
        turn: None,
    };
    bench.command(approve);
    assert_eq!(bench.log.first().map(String::as_str), Some("GateDecided"));

    for (words, progress) in [(None, true), (Some("zstd"), false)] {
        let mut bench = taken_at_gate();
        bench.command(hand_back(words));
        let attempt = id(FIRST);
        let report = left_behind(progress);
        let effects = bench.give(Input::Attempt { attempt, report });
        let replies = words.iter().map(|&word| word.to_owned()).collect();
        assert_eq!(turn_of(&effects), Some((2, true, replies)));
    }
}

#[test]
fn while_it_is_taken_nothing_else_is_done_to_its_work() {
    let mut bench = taken_at_gate();
    let approve = Command::Approve {
        ticket: ticket(),
        attempt: None,
        turn: None,
    };
    bench.command(approve);
    bench.check(&format!(
        "Refused approve {}: no gate is open there",
        ticket()
    ));
    bench.command(take());
    let refused = format!("Refused take {} over: it is taken over already", ticket());
    assert!(
        bench.log.iter().any(|line| line.starts_with(&refused)),
        "{:?}",
        bench.log
    );
    bench.log.clear();
    // Words wait for the hand-back.
    bench.command(Command::Reply {
        ticket: ticket(),
        text: "later".into(),
    });
    bench.check("ReplyReceived");
    bench.command(hand_back(None));
    let attempt = id(FIRST);
    let report = left_behind(false);
    let effects = bench.give(Input::Attempt { attempt, report });
    assert_eq!(turn_of(&effects), Some((2, true, vec!["later".to_owned()])));
}

#[test]
fn it_is_not_handed_back_while_somebody_sits_there() {
    let mut bench = taken_at_gate();
    let sight = |is_occupied| Sight {
        attempt: id(FIRST),
        is_occupied,
        has_changed: true,
    };
    bench.state.see(sight(true));
    bench.command(hand_back(None));
    let refused = format!(
        "Refused hand {} back: its agent's own terminal interface still runs",
        ticket()
    );
    assert!(
        bench.log.iter().any(|line| line.starts_with(&refused)),
        "{:?}",
        bench.log
    );
    bench.log.clear();
    bench.state.see(sight(false));
    bench.command(hand_back(None));
    bench.check(&format!("> {FIRST} take back 1"));
}

#[test]
fn the_time_does_not_count() {
    let mut settings = with_tui(checked());
    settings.limits.wall = std::time::Duration::from_secs(60);
    let mut bench = Bench::new(settings, with_humans(), vec![entry(1, GATE)]);
    bench.begin();
    bench.report(FIRST, Report::Session(SESSION.into()));
    bench.first_turn(FIRST, TurnEnd::Completed, Collected::default());
    bench.command(take());
    bench.turn(FIRST, TurnEnd::Completed, Collected::default());
    bench.report(FIRST, Report::LetGo);
    bench.millis += 3_600_000;
    bench.command(hand_back(None));
    bench.log.clear();
    bench.report(FIRST, left_behind(true));
    bench.check_last(&format!("> {FIRST} turn 3"));
}

#[test]
fn what_can_not_be_taken_over_says_why() {
    let refused = |bench: &mut Bench, why: &str| {
        bench.log.clear();
        bench.command(take());
        let line = bench.log.first().cloned().unwrap_or_default();
        assert!(line.starts_with("Refused") && line.contains(why), "{line}");
    };
    // No interface.
    let mut bench = Bench::new(checked(), with_humans(), vec![entry(1, GATE)]);
    bench.begin();
    refused(&mut bench, "no terminal interface");
    // No session yet, and then one.
    let mut bench = Bench::new(with_tui(checked()), with_humans(), vec![entry(1, GATE)]);
    refused(&mut bench, "no attempt of it runs or waits");
    bench.begin();
    refused(&mut bench, "its working tree is being made");
    let workspace = workspace();
    bench.report(
        FIRST,
        Report::Prepared {
            workspace,
            carried: false,
        },
    );
    refused(&mut bench, "named no session");
    bench.report(FIRST, Report::Session(SESSION.into()));
    bench.command(take());
    refused(&mut bench, "its turn is being ended");
    bench.log.clear();
    bench.command(hand_back(None));
    bench.check(&format!(
        "Refused hand {} back: nobody has taken it over",
        ticket()
    ));
}

#[test]
fn a_run_that_waits_for_nobody_ends_there_and_the_next_one_waits() {
    let mut bench = in_a_turn(RunPlan::default());
    bench.command(take());
    bench.turn(FIRST, TurnEnd::Completed, Collected::default());
    bench.log.clear();
    bench.report(FIRST, Report::LetGo);
    bench.check(&format!(
        "SessionTaken
         > {FIRST} seal {}",
        taken_over()
    ));
}

#[test]
fn in_place_nobody_else_works_where_a_human_does() {
    let mut settings = with_tui(checked());
    settings.isolation = Isolation::None;
    settings.jobs = 2.try_into().expect("not zero");
    let entries = vec![entry(1, GATE), entry(2, "")];
    let mut bench = Bench::new(settings, with_humans(), entries);
    bench.begin();
    let workspace = workspace();
    bench.report(
        FIRST,
        Report::Prepared {
            workspace,
            carried: false,
        },
    );
    bench.report(FIRST, Report::Session(SESSION.into()));
    bench.command(take());
    bench.turn(FIRST, TurnEnd::Completed, Collected::default());
    bench.report(FIRST, Report::LetGo);
    bench.give(Input::Queue(bench.queue.clone()));
    assert!(
        !bench.log.iter().any(|line| line.contains("TICKET-002")),
        "{:?}",
        bench.log
    );
}

#[test]
fn a_stop_ends_it_and_the_end_of_the_run_keeps_it() {
    for (reason, outcome) in [
        (
            CancelReason::RunEnds,
            AttemptOutcome::NeedsHuman { need: taken_over() },
        ),
        (
            CancelReason::Terminate,
            AttemptOutcome::NeedsHuman { need: taken_over() },
        ),
    ] {
        let mut bench = taken_at_gate();
        bench.command(Command::Cancel { reason });
        assert_eq!(
            bench.log.last(),
            Some(&format!("> {FIRST} seal {outcome}")),
            "{reason:?}"
        );
    }
    let mut bench = taken_at_gate();
    bench.command(Command::StopTicket { ticket: ticket() });
    bench.check_last(&format!("> {FIRST} seal stopped"));
}

/// What an attempt of an earlier run left.
fn unfinished(need: Need) -> Unfinished {
    Unfinished {
        from: id(FIRST),
        carry: Some(Carry {
            from: id(FIRST),
            workspace: workspace(),
            session: Some(SESSION.into()),
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

/// A run after an earlier one that left this.
fn after(unfinished: Unfinished) -> Bench {
    let settings = with_tui(checked());
    let history = History {
        next_run: 2,
        marker: "m".into(),
        attempt_numbers: BTreeMap::from([("TICKET-001".parse().expect("a name"), 1)]),
        unfinished: BTreeMap::from([(ticket(), unfinished)]),
        ..History::default()
    };
    let mut bench = Bench::new(settings.clone(), RunPlan::default(), vec![entry(1, GATE)]);
    bench.state = State::new(Arc::new(settings), RunPlan::default(), history);
    bench.give(Input::Queue(bench.queue.clone()));
    bench
}

#[test]
fn an_attempt_of_an_earlier_run_is_taken_over_without_a_run() {
    let mut bench = after(unfinished(review()));
    bench.command(take());
    bench.check("SessionTaken");
    // The next run leaves it to the human.
    bench.begin();
    assert!(
        bench
            .log
            .contains(&format!("StepFinished {}", taken_over())),
        "{:?}",
        bench.log
    );
}

#[test]
fn what_is_taken_waits_also_when_its_file_was_changed() {
    let mut left = unfinished(review());
    left.taken = Some(SESSION.into());
    left.revision = docket::domain::hash::sha256(b"older");
    let mut bench = after(left);
    bench.begin();
    assert!(
        bench
            .log
            .contains(&format!("StepFinished {}", taken_over())),
        "{:?}",
        bench.log
    );
}

#[test]
fn handed_back_with_something_new_the_next_attempt_goes_on_in_the_session() {
    for (words, changed) in [(Some("zstd"), false), (None, true)] {
        let mut left = unfinished(review());
        left.taken = Some(SESSION.into());
        let mut bench = after(left);
        bench.state.see(Sight {
            attempt: id(FIRST),
            is_occupied: false,
            has_changed: changed,
        });
        bench.command(hand_back(words));
        assert_eq!(
            bench.log.last().map(String::as_str),
            Some("SessionHandedBack")
        );
        bench.begin();
        let attempt = id("TICKET-001.2");
        let report = Report::Prepared {
            workspace: workspace(),
            carried: true,
        };
        let effects = bench.give(Input::Attempt { attempt, report });
        let replies = words.iter().map(|&word| word.to_owned()).collect();
        assert_eq!(turn_of(&effects), Some((1, true, replies)));
    }
}

#[test]
fn handed_back_with_nothing_new_it_waits_where_it_was() {
    let mut left = unfinished(review());
    left.taken = Some(SESSION.into());
    let mut bench = after(left);
    bench.state.see(Sight {
        attempt: id(FIRST),
        is_occupied: false,
        has_changed: false,
    });
    bench.command(hand_back(None));
    bench.check(
        "SessionHandedBack
         GateReached waits for review",
    );
    bench.begin();
    assert!(
        bench
            .log
            .contains(&"StepFinished waits for review".to_owned()),
        "{:?}",
        bench.log
    );
}

fn told(events: Vec<Event>) -> Vec<Envelope> {
    events
        .into_iter()
        .zip(1..)
        .map(|(event, seq)| Envelope {
            seq: Sequence(seq),
            at: Timestamp(i64::try_from(seq).expect("small")),
            run: RunId(1),
            event,
        })
        .collect()
}

fn events_of_a_taken_turn() -> Vec<Event> {
    let attempt = id(FIRST);
    vec![
        Event::AttemptStarted {
            attempt: attempt.clone(),
            ticket: ticket(),
            revision: entry(1, GATE).revision,
            agent: "shell".into(),
            marker: "m".into(),
        },
        Event::WorkspacePrepared {
            attempt: attempt.clone(),
            workspace: workspace(),
        },
        Event::SessionTaken {
            attempt,
            turn: 1,
            session: SESSION.into(),
            by: Seat::Screen,
        },
    ]
}

#[test]
fn a_docket_that_dies_meanwhile_leaves_it_to_be_handed_back() {
    let events = told(events_of_a_taken_turn());
    assert_eq!(waited_for(&id(FIRST), &events), Some(taken_over()));
    let ended = Ended {
        attempt: id(FIRST),
        agent: "shell".parse().expect("a name"),
        session: Some(SESSION.into()),
        revision: entry(1, GATE).revision,
        outcome: Some(AttemptOutcome::NeedsHuman { need: taken_over() }),
        used: Usage::default(),
    };
    let mut left = Unfinished::of(ended, &events).expect("something is left");
    assert_eq!(left.waits_for(), Some(taken_over()));
    left.hand_back(&ticket(), None, Seat::CommandLine, false)
        .expect("handed back");
    // Its turn was cut short: the next one goes on, with something new or without.
    assert_eq!(left.waits_for(), None);
}

#[test]
fn people_see_who_has_it() {
    let mut board = Board::default();
    for envelope in told(events_of_a_taken_turn()) {
        board.apply(&envelope);
    }
    let view = &board.tickets[&ticket()];
    assert!(view.is_taken());
    assert_eq!(view.state, TicketState::Waiting { need: taken_over() });
    assert_eq!(board.waiting(), 1);
}

/// The last turn that it may have has ended at a gate, and a human has taken it over there.
fn taken_after_the_last_turn() -> Bench {
    let mut settings = with_tui(checked());
    settings.limits.turns = 1;
    let mut bench = Bench::new(settings, with_humans(), vec![entry(1, GATE)]);
    bench.begin();
    bench.report(FIRST, Report::Session(SESSION.into()));
    bench.first_turn(FIRST, TurnEnd::Completed, claim());
    bench.validate(FIRST, Verdict::Pass);
    bench.command(take());
    bench.report(FIRST, Report::LetGo);
    bench
}

#[test]
fn what_a_human_did_after_the_last_turn_is_not_left_behind() {
    let mut bench = taken_after_the_last_turn();
    bench.command(hand_back(Some("zstd")));
    bench.log.clear();
    bench.report(FIRST, left_behind(true));
    bench.check_last(&format!("> {FIRST} turn 2 replies=zstd"));
}

#[test]
fn a_docket_that_quits_while_it_is_handed_back_keeps_it() {
    let mut at_the_gate = taken_at_gate();
    at_the_gate.command(hand_back(None));
    at_the_gate.command(Command::Cancel {
        reason: CancelReason::RunEnds,
    });
    at_the_gate.log.clear();
    at_the_gate.report(FIRST, left_behind(true));
    at_the_gate.check_last(&format!("> {FIRST} seal waits for review"));

    let in_the_middle = || {
        let mut bench = in_a_turn(with_humans());
        bench.command(take());
        bench.turn(FIRST, TurnEnd::Completed, Collected::default());
        bench.report(FIRST, Report::LetGo);
        bench.command(hand_back(None));
        bench
    };
    let mut quit = in_the_middle();
    quit.command(Command::Cancel {
        reason: CancelReason::Terminate,
    });
    quit.report(FIRST, left_behind(true));
    quit.check_last(&format!("> {FIRST} seal {}", taken_over()));
    // Who stops the ticket gives it up, also when they say so twice.
    let mut stopped = in_the_middle();
    stopped.command(Command::StopTicket { ticket: ticket() });
    stopped.command(Command::StopTicket { ticket: ticket() });
    stopped.report(FIRST, left_behind(true));
    stopped.check_last(&format!(
        "> {FIRST} seal {}",
        AttemptOutcome::Cancelled {
            reason: CancelReason::Kill
        }
    ));
}

#[test]
fn the_next_run_goes_on_with_what_was_being_handed_back() {
    let mut events = events_of_a_taken_turn();
    events.push(Event::SessionHandedBack {
        attempt: id(FIRST),
        turn: 1,
        session: SESSION.into(),
        by: Seat::Screen,
        changed: false,
    });
    let ended = Ended {
        attempt: id(FIRST),
        agent: "shell".parse().expect("a name"),
        session: Some(SESSION.into()),
        revision: entry(1, GATE).revision,
        outcome: Some(AttemptOutcome::NeedsHuman { need: taken_over() }),
        used: Usage::default(),
    };
    let left = Unfinished::of(ended, &told(events)).expect("something is left");
    assert!(left.carry.is_some());
    assert_eq!(left.waits_for(), None);
}

#[test]
fn what_can_not_be_saved_stays_taken_over_and_can_be_handed_back_again() {
    let mut bench = taken_at_gate();
    bench.command(hand_back(None));
    bench.log.clear();
    bench.report(
        FIRST,
        Report::NotCollected {
            why: "the disk is full".into(),
        },
    );
    bench.check(&format!("Refused hand {FIRST} back: the disk is full"));
    bench.command(hand_back(None));
    bench.check(&format!("> {FIRST} take back 1"));
    bench.command(Command::Cancel {
        reason: CancelReason::RunEnds,
    });
    bench.report(
        FIRST,
        Report::NotCollected {
            why: "the disk is full".into(),
        },
    );
    bench.check_last(&format!("> {FIRST} seal waits for review"));
}

#[test]
fn what_the_agent_asks_in_its_interface_is_waited_for() {
    let mut bench = taken_at_gate();
    bench.command(hand_back(None));
    bench.log.clear();
    let asked = docket::domain::machine::Dispatch {
        pause: true,
        title: "which format?".into(),
        text: "zstd or gzip?".into(),
        attachments: Vec::new(),
    };
    bench.report(
        FIRST,
        Report::Collected(Collected {
            progress: true,
            dispatches: vec![asked],
            ..Collected::default()
        }),
    );
    let need = Need::Reply {
        text: "which format?".into(),
    };
    bench.check(&format!(
        "TurnSaved
         DispatchReceived
         SessionHandedBack
         GateReached {need}
         > {FIRST} rest"
    ));
    let effects = bench.give(Input::Command(Command::Reply {
        ticket: ticket(),
        text: "zstd".into(),
    }));
    assert_eq!(turn_of(&effects), Some((2, true, vec!["zstd".to_owned()])));
}

#[test]
fn a_check_that_the_take_over_stopped_has_not_failed() {
    let mut bench = in_a_turn(with_humans());
    bench.turn(FIRST, TurnEnd::Completed, claim());
    bench.command(take());
    bench.validate(FIRST, Verdict::Inconclusive);
    bench.report(FIRST, Report::LetGo);
    bench.command(hand_back(None));
    bench.log.clear();
    bench.report(FIRST, left_behind(false));
    bench.check_last(&format!("> {FIRST} turn 2"));
}

#[test]
fn in_place_a_human_waits_until_the_working_tree_is_free() {
    let mut settings = with_tui(checked());
    settings.isolation = Isolation::None;
    let entries = vec![entry(1, GATE), entry(2, "")];
    let mut bench = Bench::new(settings, with_humans(), entries);
    bench.begin();
    bench.report(FIRST, Report::Session(SESSION.into()));
    bench.first_turn(FIRST, TurnEnd::Completed, claim());
    bench.validate(FIRST, Verdict::Pass);
    bench.give(Input::Queue(bench.queue.clone()));
    assert!(
        bench.log.contains(&"> open TICKET-002.1".to_owned()),
        "{:?}",
        bench.log
    );
    bench.log.clear();
    bench.command(take());
    let refused = format!(
        "Refused take {} over: another attempt works in the same working tree",
        ticket()
    );
    assert!(
        bench.log.iter().any(|line| line.starts_with(&refused)),
        "{:?}",
        bench.log
    );
}

#[test]
fn in_place_nothing_begins_where_a_human_has_what_an_earlier_run_left() {
    let mut left = unfinished(review());
    left.taken = Some(SESSION.into());
    let mut settings = with_tui(checked());
    settings.isolation = Isolation::None;
    let history = History {
        next_run: 2,
        marker: "m".into(),
        attempt_numbers: BTreeMap::from([("TICKET-001".parse().expect("a name"), 1)]),
        unfinished: BTreeMap::from([(ticket(), left)]),
        ..History::default()
    };
    let entries = vec![entry(1, GATE), entry(2, "")];
    let mut bench = Bench::new(settings.clone(), with_humans(), entries);
    bench.state = State::new(Arc::new(settings), with_humans(), history);
    bench.give(Input::Queue(bench.queue.clone()));
    bench.begin();
    assert!(
        bench
            .log
            .contains(&format!("StepFinished {}", taken_over())),
        "{:?}",
        bench.log
    );
    assert!(
        !bench.log.iter().any(|line| line.contains("> open")),
        "{:?}",
        bench.log
    );
}

#[test]
fn what_is_taken_over_can_be_given_up_whatever_it_came_to() {
    let mut left = unfinished(review());
    left.outcome = AttemptOutcome::Lost;
    assert!(!left.can_be_abandoned());
    left.taken = Some(SESSION.into());
    assert!(left.can_be_abandoned());
}
