//! Turns that only a human can end.

use std::time::Duration;

use docket::domain::board::{Board, TicketState};
use docket::domain::event::Envelope;
use docket::domain::ids::{RunId, Sequence};
use docket::domain::inbox::{self, What};
use docket::domain::notice::{Notice, NoticeKind, Notices};
use docket::domain::queue::Readiness;
use docket::domain::reason::{Mark, why_not};
use docket::domain::settings::AgentKind;
use docket::domain::taking::Seat;
use docket::domain::timeline::{Doing, Timeline};
use docket::domain::unfinished::{Ended, Unfinished};

use super::conversation::{ATTEMPT, in_a_turn, ticket, with_humans};
use super::*;

/// The ticket's agent runs on a terminal.
fn on_a_terminal() -> Settings {
    let mut settings = settings();
    for agent in settings.agents.values_mut() {
        agent.kind = AgentKind::Terminal;
    }
    settings
}

fn claim(done: bool) -> Command {
    let ticket = ticket();
    Command::Claim { ticket, done }
}

fn stuck() -> Report {
    Report::Stuck {
        what: "it is silent".into(),
        since: Timestamp(1_000),
    }
}

fn refused(bench: &Bench, why: &str) {
    let last = bench.log.last().expect("a word");
    assert!(last.starts_with("Refused") && last.contains(why), "{last}");
}

#[test]
fn a_humans_word_ends_the_turn_of_an_agent_on_a_terminal() {
    let mut bench = in_a_turn(on_a_terminal(), with_humans());
    bench.command(claim(true));
    bench.check("TurnClaimed\n> TICKET-001.1 turn over done=true");
    bench.command(claim(false));
    refused(&bench, "somebody has said so already");
    let mut other = in_a_turn(settings(), with_humans());
    other.command(claim(true));
    refused(&other, "says by itself");
}

#[test]
fn where_nobody_is_waited_for_silence_that_only_they_could_judge_ends_the_attempt() {
    let mut alone = in_a_turn(on_a_terminal(), RunPlan::default());
    alone.report(ATTEMPT, stuck());
    alone.check("> TICKET-001.1 stop Asks");
    // Their word comes too late.
    alone.command(claim(true));
    refused(&alone, "is being ended");
}

#[test]
fn what_was_silent_waits_for_words_and_the_next_run_goes_on_with_them() {
    let mut bench = in_a_turn(on_a_terminal(), RunPlan::default());
    let what = "it is silent".to_owned();
    bench.report(ATTEMPT, stuck());
    let end = TurnEnd::Cancelled {
        reason: CancelReason::Asks,
    };
    bench.log.clear();
    bench.turn(ATTEMPT, end, Collected::default());
    let need = Need::Reply { text: what };
    bench.check(&format!(
        "TurnFinished
         > {ATTEMPT} collect 1
         TurnSaved
         GateReached {need}
         > {ATTEMPT} seal {need}"
    ));
    // It has no conversation: the gate alone tells that there is work to go on with.
    let attempt: AttemptId = ATTEMPT.parse().expect("an id");
    let events = [
        Event::WorkspacePrepared {
            attempt: attempt.clone(),
            workspace: workspace(),
        },
        Event::GateReached {
            attempt: attempt.clone(),
            need: need.clone(),
        },
    ];
    let events: Vec<_> = events
        .into_iter()
        .zip(1..)
        .map(|(event, seq)| Envelope {
            seq: Sequence(seq),
            at: Timestamp(0),
            run: RunId(1),
            event,
        })
        .collect();
    let ended = Ended {
        attempt,
        agent: "shell".parse().expect("a name"),
        session: None,
        revision: entry(1, "").revision,
        outcome: Some(AttemptOutcome::NeedsHuman { need: need.clone() }),
        used: Usage::default(),
    };
    let mut left = Unfinished::of(ended, &events).expect("something is left");
    assert_eq!(left.waits_for(), Some(need));
    left.reply(&ticket(), "go on".into())
        .expect("it waits for words");
    assert!(left.carry.is_some());
    assert_eq!(left.waits_for(), None);
}

#[test]
fn words_that_came_before_the_silence_was_noticed_are_heard_at_once() {
    let mut bench = in_a_turn(on_a_terminal(), RunPlan::default());
    bench.command(Command::Reply {
        ticket: ticket(),
        text: "go on".into(),
    });
    bench.report(ATTEMPT, stuck());
    let end = TurnEnd::Cancelled {
        reason: CancelReason::Asks,
    };
    bench.turn(ATTEMPT, end, Collected::default());
    bench.check_last(&format!("> {ATTEMPT} turn 2 replies=go on"));
}

#[test]
fn where_a_human_is_waited_for_silence_is_told_and_nothing_follows_from_it() {
    let mut bench = in_a_turn(on_a_terminal(), with_humans());
    bench.report(ATTEMPT, stuck());
    bench.check("TurnSilent");
    // Said once, until something comes.
    bench.report(ATTEMPT, stuck());
    bench.check("");
    bench.report(ATTEMPT, Report::StuckNoMore);
    bench.check("TurnSilent");
    bench.report(ATTEMPT, Report::StuckNoMore);
    bench.check("");
    // Whoever has said that the turn is over is not asked.
    bench.command(claim(true));
    bench.log.clear();
    bench.report(ATTEMPT, stuck());
    bench.check("");
}

#[test]
fn a_turn_that_ends_is_silent_no_more() {
    let mut bench = in_a_turn(on_a_terminal(), with_humans());
    bench.report(ATTEMPT, stuck());
    bench.log.clear();
    bench.command(claim(false));
    bench.turn(ATTEMPT, TurnEnd::Completed, Collected::default());
    bench.check_last(&format!("> {ATTEMPT} turn 2"));
    let silent = bench.log.iter().filter(|line| *line == "TurnSilent");
    assert_eq!(silent.count(), 1, "{:?}", bench.log);
}

#[test]
fn the_time_in_which_a_human_is_waited_for_does_not_count_against_the_wall() {
    let wall = |silent: bool| {
        let mut bench = in_a_turn(on_a_terminal(), with_humans());
        if silent {
            bench.report(ATTEMPT, stuck());
        }
        bench.millis += 600_000;
        // Paused in the middle of it: the pause counts once.
        bench.command(Command::Pause);
        bench.millis += 600_000;
        bench.command(Command::Resume);
        bench.millis += 600_000;
        bench.report(ATTEMPT, Report::StuckNoMore);
        bench.millis += 60_000;
        let attempt: AttemptId = ATTEMPT.parse().expect("an id");
        let ended = Report::TurnEnded {
            end: TurnEnd::Completed,
            usage: Usage::default(),
            leftovers: Leftovers::default(),
        };
        let mut effects = Vec::new();
        for report in [ended, Report::Collected(Collected::default())] {
            let attempt = attempt.clone();
            effects.extend(bench.give(Input::Attempt { attempt, report }));
        }
        effects
            .into_iter()
            .find_map(|effect| match effect {
                Effect::Order {
                    order: Order::Turn { clocks, .. },
                    ..
                } => clocks.wall,
                _ => None,
            })
            .expect("another turn")
    };
    let (held, counted) = (wall(true), wall(false));
    // Each of the inputs takes a moment of its own.
    assert_eq!(held.saturating_sub(counted).as_secs(), 1_200);
}

/// What facts come to, of an attempt in its first turn.
fn board(events: &[(i64, Event)]) -> (Board, Timeline, Vec<Notice>) {
    let attempt: AttemptId = ATTEMPT.parse().expect("an id");
    let begin = [
        (
            0,
            Event::StepStarted {
                ticket: ticket(),
                name: "TICKET-001".parse().expect("a name"),
                title: "One".into(),
                revision: entry(1, "").revision,
            },
        ),
        (
            0,
            Event::AttemptStarted {
                attempt: attempt.clone(),
                ticket: ticket(),
                revision: entry(1, "").revision,
                agent: "aider".into(),
                marker: "m".into(),
            },
        ),
        (
            0,
            Event::TurnStarted {
                attempt,
                turn: 1,
                prompt: Artifact {
                    path: "prompt.md".into(),
                    sha256: entry(1, "").revision,
                    bytes: 1,
                },
            },
        ),
    ];
    let (mut board, mut timeline) = (Board::default(), Timeline::default());
    let mut notices = Notices::default();
    let mut told = Vec::new();
    for ((at, event), seq) in begin.iter().chain(events).zip(1..) {
        let envelope = Envelope {
            seq: Sequence(seq),
            at: Timestamp(*at),
            run: RunId(1),
            event: event.clone(),
        };
        board.apply(&envelope);
        timeline.apply(&envelope);
        told.extend(notices.take([&envelope]));
    }
    (board, timeline, told)
}

#[test]
fn silence_is_in_the_inbox_while_the_ticket_runs_on() {
    let silent = |at, since: Option<i64>| {
        let attempt: AttemptId = ATTEMPT.parse().expect("an id");
        let since = since.map(Timestamp);
        let event = Event::TurnSilent {
            attempt,
            turn: 1,
            since,
        };
        (at, event)
    };
    let (begins, ends) = (silent(70_000, Some(10_000)), silent(90_000, None));
    let (quiet, timeline, told) = board(std::slice::from_ref(&begins));
    let view = &quiet.tickets[&ticket()];
    assert_eq!(view.state, TicketState::Running);
    assert_eq!(quiet.waiting(), 1);
    let waiting = inbox::waiting(&quiet);
    assert!(
        matches!(&waiting[..], [one] if one.since == Timestamp(10_000) && matches!(one.what, What::Silent { .. })),
        "{waiting:?}"
    );
    let now = Timestamp(130_000);
    let reason = why_not(&entry(1, ""), &Readiness::Ready, &quiet, now);
    assert_eq!((reason.mark, &*reason.text), (Mark::Running, "silent 2m"));
    assert_eq!(reason.since, Some(Timestamp(10_000)));
    let doing = |timeline: &Timeline| timeline.bars[0].doing_at(now);
    assert_eq!(doing(&timeline), Some(Doing::Waiting));
    let titles = |told: &[Notice]| -> Vec<String> {
        let needs = |notice: &&Notice| notice.notice == NoticeKind::NeedsHuman;
        told.iter()
            .filter(needs)
            .map(|notice| notice.title.clone())
            .collect()
    };
    let title = "TICKET-001 One: is silent: is its turn over?".to_owned();
    assert_eq!(titles(&told), [&*title]);

    let (heard, timeline, _) = board(&[begins.clone(), ends.clone()]);
    assert_eq!((heard.waiting(), inbox::waiting(&heard).len()), (0, 0));
    assert_eq!(doing(&timeline), Some(Doing::Working));
    // Told again when it falls silent again; another turn's silence is nobody's.
    let (_, _, told) = board(&[begins.clone(), ends.clone(), begins.clone()]);
    assert_eq!(titles(&told), [&*title, &*title]);
    let finished = Event::TurnFinished {
        attempt: ATTEMPT.parse().expect("an id"),
        turn: 1,
        end: TurnEnd::Completed,
        usage: Usage::default(),
        leftovers: Leftovers::default(),
    };
    let (over, _, _) = board(&[begins.clone(), (95_000, finished)]);
    assert_eq!(over.waiting(), 0);
    let (mut dead, _, _) = board(&[begins]);
    dead.bury();
    assert_eq!(inbox::waiting(&dead), []);
}

#[test]
fn an_attempt_that_was_taken_over_waits_for_a_human_on_the_time_line() {
    let attempt: AttemptId = ATTEMPT.parse().expect("an id");
    let taken = Event::SessionTaken {
        attempt: attempt.clone(),
        turn: 1,
        session: "s".into(),
        by: Seat::Screen,
    };
    let back = Event::SessionHandedBack {
        attempt,
        turn: 1,
        session: "s".into(),
        by: Seat::Screen,
        changed: true,
    };
    let (_, timeline, _) = board(&[(10_000, taken), (70_000, back)]);
    let sums = timeline.bars[0].sums(Timestamp(80_000));
    let waited = sums.iter().find(|(doing, _)| *doing == Doing::Waiting);
    assert_eq!(waited, Some(&(Doing::Waiting, Duration::from_secs(60))));
}
