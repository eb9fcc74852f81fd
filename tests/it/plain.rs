//! `docket --plain`: lines out, lines in.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Stdio};

use rustix::process::Signal;

use crate::support::sandbox::{Sandbox, kill, until};
use crate::support::terminal::Terminal;

/// A ticket that runs until the file `go` is in the checkout.
const WAITS: &str = "while [ ! -e ../../../go ]; do sleep 0.05; done\necho it went > went.txt";

/// A docket that is talked to over pipes.
struct Talk {
    child: Child,
    typed: Option<ChildStdin>,
    printed: PathBuf,
}

impl Talk {
    fn start(sandbox: &Sandbox, name: &str, arguments: &[&str]) -> Self {
        let printed = sandbox.home(name);
        let file = File::create(&printed).expect("a file for what is printed");
        let mut command = sandbox.command(arguments);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(file)
            .stderr(Stdio::null())
            .spawn()
            .expect("docket starts");
        Self {
            typed: child.stdin.take(),
            child,
            printed,
        }
    }

    fn types(&mut self, line: &str) {
        let typed = self.typed.as_mut().expect("it listens");
        writeln!(typed, "{line}").expect("it is typed");
    }

    fn printed(&self) -> String {
        fs::read_to_string(&self.printed).expect("UTF-8")
    }

    #[track_caller]
    fn says(&self, words: &str) {
        until(&format!("it says {words:?}"), || {
            self.printed().contains(words)
        });
    }

    #[track_caller]
    fn ends(&mut self) -> Option<i32> {
        let mut status = None;
        until("it ends", || {
            status = self.child.try_wait().expect("its state is known");
            status.is_some()
        });
        status.and_then(|status| status.code())
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
        if std::thread::panicking() {
            let said = fs::read_to_string(&self.printed).unwrap_or_default();
            let _nobody_reads = std::io::stderr().write_all(said.as_bytes());
        }
    }
}

#[test]
fn a_run_is_started_and_a_gate_is_decided_by_lines() {
    let sandbox = Sandbox::new();
    sandbox.shell(
        1,
        "gate: review\nvalidate: [\"true\"]",
        "echo first > first.txt",
    );
    sandbox.shell(
        2,
        "validate: [\"true\"]\ndepends_on: [1]",
        "echo second > second.txt",
    );
    let mut talk = Talk::start(&sandbox, "printed", &["--plain"]);
    talk.says("2 tickets: 1 ready, 1 blocked\n");
    talk.says("type `help` for what can be typed\n");
    talk.types("list");
    talk.says("TICKET-001 ready: Ticket 1\nTICKET-002 blocked (after 001): Ticket 2\n");
    for (wrong, why) in [
        ("fly", "there is no `fly` here: `help` says what there is\n"),
        ("skip", "so: skip TICKET\n"),
        (
            "skip 9",
            "there is no ticket `9`: `list` says which there are\n",
        ),
        ("pause now", "nothing follows `pause`, and there is `now`\n"),
        (
            "answer 1 yes",
            "TICKET-001 asks no question: `show 001` says how it stands\n",
        ),
        (
            "reject 1",
            "say why, it goes into the next turn: reject 001 WHY\n",
        ),
        ("approve 1 7", "TICKET-001 has no open request\n"),
    ] {
        talk.types(wrong);
        talk.says(why);
    }
    talk.types("start");
    talk.says("r1 began on docket/r1/main\n");
    talk.says("TICKET-001.1 waits for review\n  type: approve 001, or reject 001 WHY\n");
    talk.types("docket approve TICKET-001");
    talk.says("TICKET-001.1 is approved\n");
    talk.says("TICKET-002.1 done, proven\n");
    talk.says("r1 ended: done (2 done, 0 failed, 0 waiting)\n");
    talk.types("approve 2");
    talk.says("can't approve TICKET-002: ");
    talk.types("quit");
    assert_eq!(talk.ends(), Some(0));
    assert!(sandbox.is_done(1) && sandbox.is_done(2));
    let printed = talk.printed();
    assert!(!printed.contains('\u{1b}') && !printed.contains('\r'));
}

#[test]
fn on_a_terminal_it_takes_nothing_and_moves_nothing() {
    let sandbox = Sandbox::new();
    sandbox.shell(
        1,
        "validate: [\"true\"]",
        "printf '\\033[2J\\033]0;title\\007'; echo x > x",
    );
    let mut terminal = Terminal::start(&sandbox.command(["--plain"]), 80, 24);
    terminal.shows("1 ticket: 1 ready");
    assert!(terminal.is_as_before());
    terminal.send("start\n");
    terminal.shows("r1 ended: done");
    assert!(!terminal.got("\u{1b}"));
    terminal.send("quit\n");
    assert_eq!(terminal.ends(), 0);
}

#[test]
fn it_ends_with_the_run_when_nothing_more_can_be_typed() {
    let sandbox = Sandbox::new();
    sandbox.shell(1, "validate: [\"true\"]", WAITS);
    let mut talk = Talk::start(&sandbox, "printed", &["--plain"]);
    talk.types("start");
    talk.typed = None;
    talk.says("nothing more can be typed here: docket ends with the run\n");
    talk.says("TICKET-001.1 turn 1\n");
    fs::write(sandbox.path("go"), "").expect("the file is written");
    assert_eq!(talk.ends(), Some(0));
    assert!(sandbox.is_done(1));
}

#[test]
fn leaving_stops_the_run_and_leaves_nothing_behind() {
    let sandbox = Sandbox::new();
    sandbox.shell(1, "", WAITS);
    let mut talk = Talk::start(&sandbox, "printed", &["--plain"]);
    talk.types("start");
    talk.says("TICKET-001.1 turn 1\n");
    talk.types("quit");
    talk.says("the run is being stopped, then docket ends");
    assert_eq!(talk.ends(), Some(0));
    assert!(sandbox.agents().is_empty());
    let mut talk = Talk::start(&sandbox, "again", &["--plain"]);
    talk.types("start");
    talk.says("TICKET-001.2 turn ");
    kill(talk.child.id(), Signal::INT);
    talk.says("r2 ended: ");
    kill(talk.child.id(), Signal::INT);
    assert_eq!(talk.ends(), Some(130));
}

#[test]
fn beside_a_docket_that_runs_it_looks_on_and_passes_words() {
    let sandbox = Sandbox::new();
    sandbox.shell(1, "gate: review\nvalidate: [\"true\"]", WAITS);
    let first = sandbox.start(["run", "--watch"]);
    until("the ticket runs", || {
        sandbox.path(".docket/ledger.db").exists()
            && sandbox.kinds().iter().any(|kind| kind == "turn_started")
    });
    let mut viewer = Talk::start(&sandbox, "viewer", &["--plain"]);
    viewer.says(&format!(
        "another docket (pid {}) runs the queue here",
        first.pid()
    ));
    viewer.says("r1 runs\n1 ticket: 1 running\nTICKET-001 running");
    assert!(
        !viewer.printed().contains("r1 began"),
        "what had happened is told as it stands, not as it came"
    );
    fs::write(sandbox.path("go"), "").expect("the file is written");
    viewer.says("TICKET-001.1 waits for review\n");
    viewer.types("start");
    viewer.says("can't start: the run goes on already\n");
    viewer.types("approve 1");
    viewer.says("TICKET-001.1 done, proven\n");
    first.signal(Signal::TERM);
    first.finish();
    viewer.says("the docket that ran here has ended; type `take-over`");
    viewer.types("start");
    viewer.says("nobody runs the queue any more: take over, or start another docket\n");
    viewer.types("take-over");
    viewer.says("this docket runs the queue now\n");
    viewer.types("start");
    viewer.says("nothing is ready to run");
    viewer.types("quit");
    assert_eq!(viewer.ends(), Some(0));
}

#[test]
fn the_demo_is_told_in_lines() {
    let sandbox = Sandbox::new();
    let mut talk = Talk::start(&sandbox, "printed", &["demo", "--plain"]);
    talk.says("TICKET-030.1 says: ");
    talk.says("r1 ended: failed (3 done, 1 failed, 1 waiting)\n");
    talk.types("show 60");
    talk.says("TICKET-060 failed (failed: impossible): ");
    talk.says("check impossible: FAIL\n");
    talk.types("quit");
    assert_eq!(talk.ends(), Some(0));
}
