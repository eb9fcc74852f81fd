//! A second docket beside one that runs: it shows the same, acts through the first one's inbox, and can take its place.

use std::fs;
use std::time::Duration;

use docket::domain::event::Event;
use rustix::process::Signal;

use crate::support::sandbox::{Running, Sandbox, Stopwatch, until};
use crate::support::terminal::Terminal;
use crate::support::wait::wait_until;

/// A ticket that runs until the file `go` is in the checkout.
const WAITS: &str =
    "echo it 'waits'\nwhile [ ! -e ../../../go ]; do sleep 0.05; done\necho it went > went.txt";

fn open(sandbox: &Sandbox, arguments: &[&str]) -> Terminal {
    Terminal::start(&sandbox.command(arguments), 120, 30)
}

fn is_running(sandbox: &Sandbox) -> bool {
    let is_there = sandbox.path(".docket/ledger.db").exists();
    is_there && sandbox.kinds().iter().any(|kind| kind == "turn_started")
}

/// A run that waits for the file `go`, without a screen.
fn running(sandbox: &Sandbox) -> Running {
    let first = sandbox.start(["run", "--watch"]);
    until("the ticket runs", || is_running(sandbox));
    first
}

fn go(sandbox: &Sandbox) {
    fs::write(sandbox.path("go"), "").expect("the file is written");
}

#[test]
fn it_shows_what_had_happened_and_what_happens_and_decides_at_a_gate() {
    let sandbox = Sandbox::new();
    sandbox.shell(
        1,
        "gate: review\nvalidate: [\"true\"]",
        "echo first > first.txt",
    );
    sandbox.shell(2, "validate: [\"true\"]\ndepends_on: [1]", WAITS);
    let first = sandbox.start(["run", "--watch"]);
    until("the gate is reached", || {
        let ledger = sandbox.path(".docket/ledger.db");
        ledger.exists() && sandbox.kinds().iter().any(|kind| kind == "gate_reached")
    });
    let mut viewer = open(&sandbox, &[]);
    viewer.shows("viewer");
    viewer.shows("r1 running");
    viewer.shows("review");
    viewer.shows("after 001");
    // A fresh question may ignore keys for a moment.
    viewer.is_quiet_for(Duration::from_millis(600));
    viewer.send("a");
    viewer.shows("Approve");
    viewer.is_quiet_for(Duration::from_millis(600));
    viewer.send("y");
    viewer.shows("1/2 done");
    // The transcript of what runs now grows on the screen.
    viewer.shows("it waits");
    assert!(sandbox.is_done(1));
    let decided = sandbox.events().into_iter();
    let decided: Vec<_> = decided
        .filter_map(|event| match event {
            Event::GateDecided { approved, .. } => Some(approved),
            _ => None,
        })
        .collect();
    assert_eq!(decided, [true]);
    // What can't be done is told in the runner's words.
    viewer.send("s");
    viewer.shows("can't start: the run goes on already");
    go(&sandbox);
    viewer.shows("2/2 done");
    viewer.send("q");
    assert_eq!(viewer.ends(), 0);
    assert!(viewer.is_as_before());
    first.signal(Signal::TERM);
    first.finish();
    let folder = fs::read_dir(sandbox.path(".docket/inbox")).expect("the inbox");
    let left = folder.flatten().map(|entry| entry.file_name());
    assert_eq!(left.collect::<Vec<_>>(), ["door"], "nothing stays in it");
}

#[test]
fn it_takes_over_from_a_docket_that_was_killed_when_asked() {
    let sandbox = Sandbox::new();
    sandbox.shell(1, "validate: [\"true\"]", WAITS);
    let first = running(&sandbox);
    let mut viewer = open(&sandbox, &[]);
    let mut other = open(&sandbox, &[]);
    viewer.shows("it waits");
    other.shows("it waits");
    first.signal(Signal::KILL);
    for one in [&viewer, &other] {
        one.shows("died in the middle of a run: Ctrl-o takes over");
        one.shows("viewer, no runner");
    }
    viewer.send("\x0f");
    viewer.shows("this docket runs the queue now");
    other.wait("it looks on again", |screen| {
        screen.contains("runs the queue now") && !screen.contains("no runner")
    });
    go(&sandbox);
    viewer.send("s");
    viewer.shows("r2 done");
    other.shows("r2 done");
    assert!(sandbox.is_done(1));
    // It is no viewer any more, and the other one still is.
    viewer.send("q");
    assert_eq!(viewer.ends(), 0);
    other.shows("the docket that ran here has ended");
    other.send("q");
    assert_eq!(other.ends(), 0);
    assert!(other.is_as_before());
    assert!(sandbox.verify().is_intact());
}

#[test]
fn it_goes_on_with_the_run_by_itself_when_it_was_started_so() {
    let sandbox = Sandbox::new();
    sandbox.shell(1, "validate: [\"true\"]", WAITS);
    let first = running(&sandbox);
    let one = open(&sandbox, &["--take-over"]);
    let other = open(&sandbox, &["--take-over"]);
    for terminal in [&one, &other] {
        terminal.shows("viewer, takes over");
        terminal.shows("it waits");
    }
    first.signal(Signal::KILL);
    // Exactly one of them gets it.
    until("a second run goes on", || {
        let started = sandbox.kinds();
        started.iter().filter(|kind| *kind == "run_started").count() == 2
    });
    go(&sandbox);
    for terminal in [&one, &other] {
        terminal.shows("1/1 done");
    }
    let viewers = [&one, &other].map(|terminal| terminal.screen().contains("viewer"));
    assert_ne!(viewers[0], viewers[1]);
    assert!(sandbox.is_done(1));
}

#[test]
fn a_docket_that_ends_well_is_followed_without_starting_anything() {
    let sandbox = Sandbox::new();
    sandbox.shell(1, "", WAITS);
    let first = open(&sandbox, &[]);
    first.shows("001 Ticket 1");
    first.send("s");
    first.shows("it waits");
    let mut viewer = open(&sandbox, &["--take-over"]);
    viewer.shows("it waits");
    first.send("q");
    first.shows("Leave docket");
    first.send("y");
    viewer.shows("this docket runs the queue now");
    viewer.is_quiet_for(Duration::from_millis(500));
    let kinds = sandbox.kinds();
    let started = kinds.iter().filter(|kind| *kind == "run_started");
    assert_eq!(started.count(), 1, "the user had stopped the run");
    viewer.send("q");
    assert_eq!(viewer.ends(), 0);
}

#[test]
fn a_folder_that_is_removed_is_told_and_burns_nothing() {
    let sandbox = Sandbox::new();
    sandbox.shell(1, "", WAITS);
    let first = running(&sandbox);
    let mut viewer = open(&sandbox, &["--take-over"]);
    viewer.shows("it waits");
    fs::rename(sandbox.path(".docket"), sandbox.home("moved")).expect("it is moved");
    viewer.shows("viewer, no runner");
    // The docket that ran may still run: nobody takes its place unasked.
    viewer.is_quiet_for(Duration::from_millis(500));
    assert!(viewer.screen().contains("viewer, no runner"));
    assert!(!sandbox.path(".docket/ledger.db").exists());
    viewer.send("q");
    assert_eq!(viewer.ends(), 0);
    first.signal(Signal::KILL);
}

#[cfg(target_os = "linux")]
#[test]
fn it_sleeps_while_nothing_happens() {
    const LONG_ENOUGH: Duration = Duration::from_secs(5);
    let sandbox = Sandbox::new();
    sandbox.shell(1, "gate: review", "echo first > first.txt");
    let first = open(&sandbox, &[]);
    first.shows("001 Ticket 1");
    first.send("s");
    first.shows("review");
    let viewer = open(&sandbox, &[]);
    viewer.shows("review");
    viewer.is_quiet_for(Duration::from_secs(3));
    let before = switches(viewer.pid());
    let watch = Stopwatch::start();
    wait_until("time goes by", LONG_ENOUGH * 2, || {
        watch.elapsed() >= LONG_ENOUGH
    });
    let woken = switches(viewer.pid()).saturating_sub(before);
    // Two a second is the most; it comes to less than one.
    assert!(woken <= 10, "{woken} wake-ups in {LONG_ENOUGH:?}");
}

/// How often the threads of a process went to sleep.
#[cfg(target_os = "linux")]
fn switches(pid: u32) -> u64 {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("its threads");
    let of_task = |task: fs::DirEntry| {
        let status = fs::read_to_string(task.path().join("status")).ok()?;
        let line = status.lines();
        let mut line = line.filter_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        line.next()?.trim().parse::<u64>().ok()
    };
    tasks.flatten().filter_map(of_task).sum()
}
