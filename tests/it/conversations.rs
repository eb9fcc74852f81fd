//! Whole attempts with an agent that speaks a protocol: its process, its turns, its faults, and who takes over.

use docket::domain::event::Event;

use crate::crash::assert_no_orphans;
use crate::requests::{codex, report};
use crate::support::sandbox::Sandbox;

fn count(sandbox: &Sandbox, fits: fn(&Event) -> bool) -> usize {
    sandbox.events().iter().filter(|event| fits(event)).count()
}

/// How often the agent was told something that begins so.
fn told(sandbox: &Sandbox, agent: &str, what: &str) -> usize {
    let lines = report(sandbox, agent);
    lines.iter().filter(|line| line.starts_with(what)).count()
}

#[test]
fn one_process_takes_all_turns_of_an_attempt() {
    let sandbox = Sandbox::new();
    codex(
        &sandbox,
        "twice",
        &["run if test -e first; then touch second; fi; touch first"],
    );
    sandbox.ticket(10, "agent: twice\nvalidate: [\"test -e second\"]", "Work.");
    sandbox
        .docket(["--once"])
        .exits(0)
        .says("TICKET-010.1 done, proven");
    assert_eq!(told(&sandbox, "twice", "start"), 1);
    assert_eq!(told(&sandbox, "twice", "resume"), 0);
    assert_eq!(told(&sandbox, "twice", "turn"), 2);
    let holders = count(&sandbox, |event| {
        matches!(event, Event::ProcessStarted { .. })
    });
    assert_eq!(holders, 1, "one process for both turns");
    assert_no_orphans(&sandbox);
}

#[test]
fn what_the_agent_left_running_changes_nothing_while_its_work_is_checked() {
    let sandbox = Sandbox::new();
    codex(
        &sandbox,
        "noisy",
        &[
            "run (while :; do echo x >> noise; sleep 0.01; done) >/dev/null 2>&1 & while ! test -s noise; do sleep 0.01; done",
        ],
    );
    sandbox.ticket(
        10,
        "agent: noisy\nvalidate: [\"a=$(wc -c < noise); sleep 0.3; test $a = $(wc -c < noise)\"]",
        "Work.",
    );
    sandbox.docket(["--once"]).exits(0).says("done, proven");
    assert_no_orphans(&sandbox);
}

#[test]
fn an_agent_that_never_answers_is_ended_by_the_startup_clock() {
    let sandbox = Sandbox::new();
    // It complains, as codex does, and answers nothing.
    sandbox.configure(
        "[agents.mute]\nkind = \"codex-app-server\"\ncommand = [\"sh\", \"-c\", \"echo warning >&2; exec sleep 1000\"]\n\
         [limits]\nstartup = \"300ms\"\nattempts = 1",
    );
    sandbox.ticket(10, "agent: mute", "Work.");
    sandbox
        .docket(["--once"])
        .exits(6)
        .says("limit reached: idle");
    assert_no_orphans(&sandbox);
}

#[test]
fn an_agent_that_is_deaf_to_its_interrupt_is_ended_all_the_same() {
    let sandbox = Sandbox::new();
    codex(&sandbox, "deaf", &["run sleep 1000 & echo", "deaf"]);
    sandbox.ticket(10, "agent: deaf\nlimits: {wall: 1s, attempts: 1}", "Work.");
    sandbox
        .docket(["--once"])
        .exits(6)
        .says("limit reached: wall");
    assert_no_orphans(&sandbox);
}

#[test]
fn an_agent_that_dies_in_its_turn_has_failed() {
    let sandbox = Sandbox::new();
    codex(&sandbox, "mortal", &["run touch half", "die"]);
    sandbox.ticket(10, "agent: mortal\nlimits: {attempts: 2}", "Work.");
    sandbox.docket(["--once"]).exits(5).says("the agent failed");
    let attempts = count(&sandbox, |event| {
        matches!(event, Event::AttemptFinished { .. })
    });
    assert_eq!(attempts, 2);
    assert!(!sandbox.is_done(10));
}

#[test]
fn a_rate_limit_is_waited_for_within_the_limits_only() {
    let sandbox = Sandbox::new();
    codex(&sandbox, "limited", &["fail 429"]);
    sandbox.ticket(
        10,
        "agent: limited\nlimits: {wall: 7s, attempts: 1}",
        "Work.",
    );
    // Five seconds, then ten: those are beyond the limit.
    sandbox
        .docket(["--once"])
        .exits(6)
        .says("s for the provider (1): status 429")
        .says("limit reached: wall");
    assert_eq!(told(&sandbox, "limited", "turn"), 2);
    let waits = count(&sandbox, |event| matches!(event, Event::BackedOff { .. }));
    assert_eq!(waits, 1);
    assert_no_orphans(&sandbox);
}

#[test]
fn a_ticket_is_handed_over_with_its_working_tree_and_a_word_about_it() {
    let sandbox = Sandbox::new();
    codex(&sandbox, "first", &["run echo half > half.txt", "fail 400"]);
    sandbox.configure("fallback = [\"second\"]\n[agents.first.limits]\nattempts = 1");
    codex(
        &sandbox,
        "second",
        &["run test -s half.txt && touch whole.txt"],
    );
    sandbox.ticket(
        10,
        "agent: first\nvalidate: [\"test -e whole.txt\"]",
        "Work.",
    );
    sandbox.docket(["--once"]).exits(0).says("done, proven");
    assert_eq!(told(&sandbox, "first", "turn"), 1);
    let heard = report(&sandbox, "second").join("\n");
    assert!(
        heard.contains("first worked on this ticket before you"),
        "{heard}"
    );
    assert_no_orphans(&sandbox);
}
