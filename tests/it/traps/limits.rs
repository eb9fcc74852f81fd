//! Limits that stop inside a turn: an agent that never ends, whatever it is asked, is killed within two seconds of the limit.
//!
//! The ladder of a limit (interrupt by the protocol, SIGINT, SIGTERM, each at most 600 ms) is a unit test of
//! `proc::supervise::stop`; here the real time is measured, with as much again as slack for a loaded machine.

use std::fs;
use std::time::Duration;

use crate::requests::{codex, report};
use crate::support::sandbox::{Finished, Sandbox};

/// Two seconds are promised; this is for a machine that does much else.
const PROMISE_AND_SLACK: Duration = Duration::from_secs(4);

/// Graces that would take minutes if anybody waited for them.
const PATIENT: [&str; 6] = [
    "--set",
    "stop.cancel=60s",
    "--set",
    "stop.interrupt=60s",
    "--set",
    "stop.terminate=60s",
];

/// Runs the queue with this setting.
fn run(sandbox: &Sandbox, settings: &[&str]) -> Finished {
    let mut words = vec!["run"];
    words.extend(PATIENT);
    for setting in settings {
        words.extend(["--set", setting]);
    }
    sandbox.docket(words)
}

/// When an agent noted this last, in milliseconds since 1970.
fn noted(sandbox: &Sandbox, agent: &str, what: &str) -> u64 {
    let lines = report(sandbox, agent);
    let line = lines.iter().rfind(|line| line.starts_with(what));
    let time = line
        .and_then(|line| line.split_once(' '))
        .expect("a note")
        .1;
    time.trim().parse().expect("a time")
}

/// The agent must have been killed within the time, counted from `moment`, and its children too.
#[track_caller]
fn assert_killed_in_time(sandbox: &Sandbox, agent: &str, moment: u64) {
    let pulse = fs::read_to_string(sandbox.home(format!("{agent}.report.pulse"))).expect("a pulse");
    let lived: u64 = pulse.parse().expect("a time");
    assert!(lived >= moment, "it did not live up to the limit");
    let took = Duration::from_millis(lived - moment);
    assert!(
        took < PROMISE_AND_SLACK,
        "it lived {took:?} beyond the limit"
    );
    assert!(sandbox.agents().is_empty(), "its children live on");
    assert!(sandbox.verify().is_intact());
    assert!(!sandbox.is_done(10));
}

/// An agent that spends a million tokens and then floods for ever, at a dollar for a million.
fn spender(sandbox: &Sandbox) {
    codex(sandbox, "endless", &["spend 1000000", "flood"]);
    sandbox.configure("[prices.fake]\ninput = 1.0\noutput = 1.0");
}

#[test]
fn an_agent_that_never_stops_is_killed_within_two_seconds_of_its_time() {
    let sandbox = Sandbox::new();
    codex(&sandbox, "endless", &["flood"]);
    let front = "agent: endless\nlimits: {wall: 1500ms, attempts: 1}";
    sandbox.ticket(10, front, "Work.");
    run(&sandbox, &[]).exits(6).says("limit reached: wall");
    let moment = noted(&sandbox, "endless", "endless") + 1500;
    // The clock began a little earlier than the agent's own.
    assert_killed_in_time(&sandbox, "endless", moment - 1000);
}

#[test]
fn an_agent_that_never_speaks_is_killed_within_two_seconds_of_its_idle_time() {
    let sandbox = Sandbox::new();
    codex(&sandbox, "endless", &["mute"]);
    let front = "agent: endless\nlimits: {idle: 700ms, attempts: 1}";
    sandbox.ticket(10, front, "Work.");
    run(&sandbox, &[]).exits(6).says("limit reached: idle");
    let moment = noted(&sandbox, "endless", "endless") + 700;
    assert_killed_in_time(&sandbox, "endless", moment - 500);
}

#[test]
fn an_agent_that_never_stops_is_killed_within_two_seconds_of_its_tokens() {
    let sandbox = Sandbox::new();
    spender(&sandbox);
    let front = "agent: endless\nlimits: {tokens: 999_999, attempts: 1}";
    sandbox.ticket(10, front, "Work.");
    run(&sandbox, &[]).exits(6).says("limit reached: tokens");
    let moment = noted(&sandbox, "endless", "spent");
    assert_killed_in_time(&sandbox, "endless", moment);
}

#[test]
fn an_agent_that_never_stops_is_killed_within_two_seconds_of_its_money() {
    let sandbox = Sandbox::new();
    spender(&sandbox);
    let front = "agent: endless\nlimits: {cost_usd: 0.99, attempts: 1}";
    sandbox.ticket(10, front, "Work.");
    run(&sandbox, &[]).exits(6).says("limit reached: cost");
    let moment = noted(&sandbox, "endless", "spent");
    assert_killed_in_time(&sandbox, "endless", moment);
}

#[test]
fn an_agent_that_never_stops_is_killed_within_two_seconds_of_the_limits_of_the_run() {
    for (setting, said) in [
        ("limits.run.tokens=999_999", "limits.run.tokens"),
        ("limits.run.cost_usd=0.99", "limits.run.cost_usd"),
    ] {
        let sandbox = Sandbox::new();
        spender(&sandbox);
        sandbox.ticket(10, "agent: endless", "Work.");
        run(&sandbox, &[setting]).exits(6).says(said);
        let moment = noted(&sandbox, "endless", "spent");
        assert_killed_in_time(&sandbox, "endless", moment);
    }
}

#[test]
fn an_agent_that_never_stops_is_killed_within_two_seconds_of_the_time_of_the_run() {
    let sandbox = Sandbox::new();
    codex(&sandbox, "endless", &["flood"]);
    sandbox.ticket(10, "agent: endless", "Work.");
    run(&sandbox, &["limits.run.wall=1500ms"])
        .exits(6)
        .says("limits.run.wall");
    let moment = noted(&sandbox, "endless", "endless") + 1500;
    assert_killed_in_time(&sandbox, "endless", moment - 1000);
}

#[test]
fn an_agent_that_never_stops_is_killed_within_two_seconds_of_the_limits_of_the_day() {
    for (setting, said) in [
        ("limits.day.tokens=1_999_999", "limits.day.tokens"),
        ("limits.day.cost_usd=1.99", "limits.day.cost_usd"),
    ] {
        let sandbox = Sandbox::new();
        codex(&sandbox, "thrifty", &["spend 1000000"]);
        spender(&sandbox);
        // What an earlier run used counts.
        sandbox.ticket(20, "agent: thrifty", "Work.");
        run(&sandbox, &[setting]).exits(0);
        sandbox.ticket(10, "agent: endless", "Work.");
        run(&sandbox, &[setting]).exits(6).says(said);
        let moment = noted(&sandbox, "endless", "spent");
        assert_killed_in_time(&sandbox, "endless", moment);
    }
}

#[test]
fn a_stop_reaches_an_agent_that_floods() {
    let sandbox = Sandbox::new();
    codex(&sandbox, "endless", &["flood"]);
    sandbox.ticket(10, "agent: endless", "Work.");
    let run = sandbox.start(["run"]);
    crate::support::sandbox::until("it floods", || {
        let lines = report(&sandbox, "endless");
        lines.iter().any(|line| line.starts_with("endless"))
    });
    sandbox.docket(["stop", "10"]).exits(0);
    run.finish().exits(5).says("stopped");
    assert!(sandbox.agents().is_empty());
}

#[test]
fn a_check_that_floods_for_ever_is_timed_out() {
    let sandbox = Sandbox::new();
    sandbox.shell(
        10,
        "limits: {turns: 1, attempts: 1}\nvalidate: [{name: flood, run: \"yes\", timeout: 500ms}]",
        "touch x",
    );
    run(&sandbox, &["stop.interrupt=1s"])
        .exits(5)
        .says("validation failed: flood");
    assert!(sandbox.agents().is_empty());
}
