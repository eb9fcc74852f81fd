//! Turns that only a human can end.

use docket::domain::event::Envelope;
use docket::domain::ids::{RunId, Sequence};
use docket::domain::settings::AgentKind;
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
    let stuck = || Report::Stuck {
        what: "it is silent".into(),
    };
    let mut watched = in_a_turn(on_a_terminal(), with_humans());
    watched.report(ATTEMPT, stuck());
    watched.check("");
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
    bench.report(ATTEMPT, Report::Stuck { what: what.clone() });
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
    bench.report(
        ATTEMPT,
        Report::Stuck {
            what: "it is silent".into(),
        },
    );
    let end = TurnEnd::Cancelled {
        reason: CancelReason::Asks,
    };
    bench.turn(ATTEMPT, end, Collected::default());
    bench.check_last(&format!("> {ATTEMPT} turn 2 replies=go on"));
}
