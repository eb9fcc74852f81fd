//! Ctrl-C once and twice, SIGTERM, a terminal that goes away, Ctrl-Z.

use std::fs;
use std::time::Duration;

use docket::domain::attempt::{AttemptOutcome, CancelReason};
use rustix::process::Signal;

use super::outcomes::{assert_intact, outcomes};
use crate::support::sandbox::{Running, Sandbox, Stopwatch, state_of, until};

/// Says that it runs, and what it is sent.
const POLITE: &str = "trap 'echo got INT > \"$HOME/got\"; exit 1' INT\ntrap 'echo got TERM > \"$HOME/got\"; exit 1' TERM\necho work > work.txt\ntouch \"$HOME/started\"\nwhile true; do sleep 0.02; done";

/// Says that it runs, and does not listen.
const STUBBORN: &str = "trap '' INT TERM HUP\ntouch \"$HOME/started\"\nsetsid sleep 1000 &\nwhile true; do sleep 0.02; done";

fn start(sandbox: &Sandbox, script: &str) -> Running {
    sandbox.shell(10, "validate: [\"true\"]", script);
    sandbox.shell(20, "", "touch 20");
    let running = sandbox.start(["run"]);
    until("the agent runs", || sandbox.home("started").exists());
    running
}

#[track_caller]
fn assert_cancelled(sandbox: &Sandbox, reason: CancelReason) {
    assert_eq!(outcomes(sandbox), [AttemptOutcome::Cancelled { reason }]);
    assert!(!sandbox.is_done(10) && !sandbox.is_done(20));
    assert!(sandbox.agents().is_empty());
    let kinds = sandbox.kinds();
    assert!(kinds.ends_with(&["run_finished".to_owned()]), "{kinds:?}");
    assert!(kinds.contains(&"evidence_sealed".to_owned()), "{kinds:?}");
    assert_intact(sandbox);
}

#[test]
fn one_interrupt_asks_and_keeps_the_work() {
    let sandbox = Sandbox::new();
    let running = start(&sandbox, POLITE);
    running.signal(Signal::INT);
    running.finish().exits(130).says("stopping (interrupted)");
    assert_eq!(
        fs::read_to_string(sandbox.home("got")).ok().as_deref(),
        Some("got INT\n")
    );
    assert_cancelled(&sandbox, CancelReason::Interrupt);
    assert!(
        sandbox
            .path(".docket/worktrees/TICKET-010.1/work.txt")
            .exists()
    );
    sandbox.git([
        "cat-file",
        "-e",
        "refs/docket/autosave/TICKET-010.1/1:work.txt",
    ]);
    // The next run begins with the same ticket, as another attempt.
    sandbox.shell(10, "", "touch 10");
    sandbox.docket(["run"]).exits(0).says("TICKET-010.2 done");
}

#[test]
fn two_interrupts_kill() {
    let sandbox = Sandbox::new();
    sandbox.configure("");
    let running = start(&sandbox, STUBBORN);
    running.signal(Signal::INT);
    until("it is being asked", || running.said().contains("stopping"));
    let began = Stopwatch::start();
    running.signal(Signal::INT);
    running.finish().exits(130);
    assert!(
        began.elapsed() < Duration::from_millis(1500),
        "{:?}",
        began.elapsed()
    );
    assert_cancelled(&sandbox, CancelReason::Kill);
}

#[test]
fn an_agent_that_does_not_listen_is_ended_by_the_ladder() {
    let sandbox = Sandbox::new();
    sandbox.shell(10, "", STUBBORN);
    let quick = [
        "--set",
        "stop.interrupt=100ms",
        "--set",
        "stop.terminate=100ms",
    ];
    let running = sandbox.start([["--once"].as_slice(), &quick].concat());
    until("the agent runs", || sandbox.home("started").exists());
    running.signal(Signal::INT);
    running.finish().exits(130);
    assert!(sandbox.agents().is_empty());
    let transcript = sandbox.evidence(1, "TICKET-010.1", "transcript.jsonl");
    for rung in ["SIGINT", "SIGTERM", "SIGKILL"] {
        assert!(transcript.contains(rung), "{transcript}");
    }
}

#[test]
fn a_termination_ends_it_gracefully() {
    let sandbox = Sandbox::new();
    let running = start(&sandbox, POLITE);
    running.signal(Signal::TERM);
    running.finish().exits(143);
    assert_cancelled(&sandbox, CancelReason::Terminate);
}

#[test]
fn an_interrupt_during_a_validation_is_no_verdict() {
    let sandbox = Sandbox::new();
    sandbox.shell(
        10,
        "validate: [\"touch $HOME/started; sleep 1000\", \"true\"]",
        "touch x",
    );
    sandbox.shell(20, "", "touch 20");
    let running = sandbox.start(["run"]);
    until("the validation runs", || sandbox.home("started").exists());
    running.signal(Signal::INT);
    running.finish().exits(130);
    assert_cancelled(&sandbox, CancelReason::Interrupt);
    let kinds = sandbox.kinds();
    let count = |wanted: &str| kinds.iter().filter(|kind| *kind == wanted).count();
    assert_eq!(count("validation_started"), 1);
}

#[test]
fn a_hung_up_terminal_stops_nothing() {
    let sandbox = Sandbox::new();
    sandbox.shell(
        10,
        "",
        "touch \"$HOME/started\"; while ! test -e \"$HOME/go\"; do sleep 0.01; done",
    );
    let mut running = sandbox.start(["run"]);
    until("the agent runs", || sandbox.home("started").exists());
    running.signal(Signal::HUP);
    running.signal(Signal::HUP);
    assert!(running.lives());
    fs::write(sandbox.home("go"), "").expect("go");
    running.finish().exits(0);
    assert!(sandbox.is_done(10));
}

#[test]
fn ctrl_z_freezes_what_runs_and_fg_goes_on() {
    let sandbox = Sandbox::new();
    sandbox.shell(
        10,
        "",
        // Waits in the shell itself: a shell that is frozen while it forks looks as if it waited for the disk.
        "mkfifo \"$HOME/go\"; echo $$ > \"$HOME/pid.new\"; mv \"$HOME/pid.new\" \"$HOME/started\"\nread line < \"$HOME/go\"",
    );
    let running = sandbox.start(["run", "--set", "limits.idle=2s"]);
    until("the agent runs", || sandbox.home("started").exists());
    let agent = fs::read_to_string(sandbox.home("started")).expect("its pid");
    let agent: u32 = agent.trim().parse().expect("a pid");
    running.signal(Signal::TSTP);
    until("docket is stopped", || state_of(running.pid()) == Some('T'));
    assert_eq!(
        state_of(agent),
        Some('T'),
        "the agent is frozen before docket is"
    );
    running.signal(Signal::CONT);
    fs::write(sandbox.home("go"), "go on\n").expect("go");
    running.finish().exits(0);
    let kinds = sandbox.kinds();
    for kind in ["run_paused", "run_resumed"] {
        assert!(kinds.contains(&kind.to_owned()), "{kinds:?}");
    }
    assert!(sandbox.is_done(10));
    assert_intact(&sandbox);
}

#[test]
fn an_interrupt_of_a_suspended_run_ends_it() {
    let sandbox = Sandbox::new();
    let running = start(&sandbox, POLITE);
    running.signal(Signal::TSTP);
    until("docket is stopped", || state_of(running.pid()) == Some('T'));
    running.signal(Signal::INT);
    running.signal(Signal::CONT);
    running.finish().exits(130);
    assert_cancelled(&sandbox, CancelReason::Interrupt);
}

#[test]
fn a_signal_at_any_moment_of_the_start_ends_it_with_its_code() {
    for delay in [0, 10, 20, 40, 80] {
        let sandbox = Sandbox::new();
        sandbox.shell(10, "", "sleep 1000");
        let running = sandbox.start(["--once"]);
        let began = Stopwatch::start();
        until("some time has gone", || {
            began.elapsed() >= Duration::from_millis(delay)
        });
        running.signal(Signal::TERM);
        let ended = running.finish();
        assert!(
            ended.was_ended_by(Signal::TERM),
            "after {delay} ms: {ended:?}"
        );
        assert!(sandbox.agents().is_empty());
        assert!(!sandbox.is_done(10));
    }
}
