//! Turns that only a human can end.

use docket::domain::settings::AgentKind;

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
