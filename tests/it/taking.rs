//! Attempts that are taken over with their agent's own interface, by the real program.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use rustix::process::Signal;

use crate::requests::{codex, report};
use crate::support::sandbox::{Running, Sandbox, until};
use crate::support::terminal::Terminal;

/// An agent by this script, with an interface of its own: it says where it is, waits for a line, and leaves that in the working tree.
fn agent(sandbox: &Sandbox, script: &[&str]) {
    agent_with(sandbox, script, "read line; echo \"$line\" > human.txt");
}

fn agent_with(sandbox: &Sandbox, script: &[&str], does: &str) {
    let tui = sandbox.home("tui");
    let text =
        format!("#!/bin/sh\necho \"its own: $1 in ${{PWD##*/}} of $DOCKET_ATTEMPT\"\n{does}\n");
    fs::write(&tui, text).expect("it is written");
    fs::set_permissions(&tui, fs::Permissions::from_mode(0o755)).expect("it is executable");
    codex(sandbox, "patient", script);
    sandbox.configure(&format!(
        "resume = [{:?}, \"{{session}}\"]",
        tui.to_str().expect("UTF-8")
    ));
}

fn hears(sandbox: &Sandbox, what: &str, count: usize) {
    until(&format!("the agent hears `{what}` {count} times"), || {
        let report = report(sandbox, "patient");
        let heard = report.iter().filter(|line| line.contains(what));
        heard.count() == count
    });
}

/// A run that waits for people, whose agent waits for words in its turn.
fn in_a_turn(sandbox: &Sandbox) -> Running {
    sandbox.ticket(10, "agent: patient", "Work.");
    let run = sandbox.start(["run", "--watch"]);
    hears(sandbox, "waits", 1);
    run
}

fn term(sandbox: &Sandbox, arguments: &[&str]) -> Terminal {
    let arguments = ["term", "10"].iter().chain(arguments);
    Terminal::start(&sandbox.command(arguments), 100, 30)
}

/// A question counts as read when it has stood for a moment.
fn says_yes(screen: &Terminal) {
    screen.shows("Its turn 1 is interrupted");
    screen.is_quiet_for(Duration::from_millis(400));
    screen.send("y");
}

fn state(sandbox: &Sandbox) -> String {
    sandbox.docket(["status"]).stdout
}

#[test]
fn a_running_turn_is_taken_over_and_the_next_one_goes_on_in_the_session() {
    let sandbox = Sandbox::new();
    agent(&sandbox, &["wait"]);
    let run = in_a_turn(&sandbox);
    let mut terminal = term(&sandbox, &["--tui"]);
    terminal.shows("its own: thread-1 in TICKET-010.1 of taken/");
    assert!(
        state(&sandbox).contains("taken over"),
        "{}",
        state(&sandbox)
    );
    let refused = sandbox.docket(["hand-back", "10"]).exits(3);
    assert!(
        refused.stderr.contains("still runs: quit it first"),
        "{refused:?}"
    );
    let again = sandbox.docket(["approve", "10"]);
    assert!(!again.succeeded());
    terminal.send("hello\n");
    assert_eq!(terminal.ends(), 0);
    hears(&sandbox, "waits", 2);
    let told = report(&sandbox, "patient");
    assert!(told.contains(&"resume thread-1".to_owned()), "{told:?}");
    assert!(
        told.iter().any(|line| line.contains("handed it back")),
        "{told:?}"
    );
    sandbox.docket(["reply", "10", "go on", "--now"]).exits(0);
    until("it is done", || sandbox.is_done(10));
    run.signal(Signal::TERM);
    run.finish();
    let kinds = sandbox.kinds();
    let place = |kind: &str| kinds.iter().position(|known| known == kind).expect(kind);
    assert!(place("turn_finished") < place("session_taken"));
    assert!(place("session_taken") < place("session_handed_back"));
    let transcript = sandbox.evidence(1, "TICKET-010.1", "transcript.jsonl");
    assert!(
        transcript.contains("a human takes the session over"),
        "{transcript}"
    );
    let patch = sandbox.evidence(1, "TICKET-010.1", "diff.patch");
    assert!(patch.contains("+hello"), "{patch}");
    assert!(sandbox.verify().is_intact());
}

#[test]
fn a_request_is_closed_and_words_come_with_the_hand_back() {
    let sandbox = Sandbox::new();
    agent_with(&sandbox, &["ask true"], "exit 3");
    sandbox.ticket(10, "agent: patient", "Work.");
    let run = sandbox.start(["run", "--watch"]);
    until("it asks", || {
        sandbox.path(".docket/ledger.db").exists()
            && sandbox.kinds().contains(&"request_opened".to_owned())
    });
    let mut terminal = term(&sandbox, &["--tui", "--keep"]);
    terminal.shows("its own: thread-1");
    assert_eq!(terminal.ends(), 0);
    assert!(sandbox.kinds().contains(&"request_closed".to_owned()));
    let said = sandbox.docket(["hand-back", "10", "use zstd"]).exits(0);
    assert!(said.stdout.contains("handed back"), "{said:?}");
    hears(&sandbox, "use zstd", 1);
    run.signal(Signal::KILL);
}

#[test]
fn at_its_gate_nothing_new_leads_back_to_it() {
    let sandbox = Sandbox::new();
    agent_with(&sandbox, &["run echo work > work.txt"], "exit 0");
    sandbox.ticket(10, "agent: patient\ngate: review", "Work.");
    let run = sandbox.start(["run", "--watch"]);
    until("it waits at its gate", || {
        state(&sandbox).contains("review")
    });
    let mut terminal = term(&sandbox, &["--tui"]);
    assert_eq!(terminal.ends(), 0);
    until("it is back", || {
        let kinds = sandbox.kinds();
        let gates = kinds.iter().filter(|kind| *kind == "gate_reached");
        gates.count() == 2
    });
    assert_eq!(
        report(&sandbox, "patient")
            .iter()
            .filter(|line| line.starts_with("turn"))
            .count(),
        1
    );
    sandbox.docket(["approve", "10"]).exits(0);
    until("it is done", || sandbox.is_done(10));
    run.signal(Signal::TERM);
    run.finish();
}

#[test]
fn a_docket_that_is_killed_leaves_it_to_be_handed_back() {
    let sandbox = Sandbox::new();
    agent_with(&sandbox, &["wait"], "exit 0");
    let run = in_a_turn(&sandbox);
    let mut terminal = term(&sandbox, &["--tui", "--keep"]);
    assert_eq!(terminal.ends(), 0);
    run.signal(Signal::KILL);
    run.finish();
    sandbox.docket(["--once"]).exits(4).says("taken over");
    assert!(
        state(&sandbox).contains("taken over"),
        "{}",
        state(&sandbox)
    );
    // Also without a runner somebody may sit down there again.
    let mut terminal = term(&sandbox, &["--tui", "--keep"]);
    terminal.shows("its own: thread-1 in TICKET-010.1");
    assert_eq!(terminal.ends(), 0);
    sandbox.docket(["hand-back", "10", "use zstd"]).exits(0);
    sandbox.docket(["hand-back", "10"]).exits(3);
    let show = sandbox.docket(["show", "10"]).exits(0);
    for words in [
        "taken over by you, and handed back",
        "in turn 1",
        "nothing changed",
    ] {
        assert!(show.stdout.contains(words), "{show:?}");
    }
    let run = sandbox.start(["--once"]);
    hears(&sandbox, "use zstd", 1);
    assert!(report(&sandbox, "patient").contains(&"resume thread-1".to_owned()));
    sandbox.docket(["reply", "10", "go on", "--now"]).exits(0);
    run.finish().exits(0);
    assert!(sandbox.verify().is_intact());
}

#[test]
fn on_the_screen_it_opens_in_the_terminal_pane() {
    let sandbox = Sandbox::new();
    agent(&sandbox, &["wait"]);
    sandbox.ticket(10, "agent: patient", "Work.");
    let screen = Terminal::start(&sandbox.command([""; 0]), 120, 40);
    screen.shows("Ticket 10");
    screen.send("s");
    hears(&sandbox, "waits", 1);
    screen.send("\x14");
    says_yes(&screen);
    screen.shows("its own: thread-1");
    screen.send("hello\r");
    screen.shows("Hand TICKET-010 back");
    screen.is_read();
    screen.send("use zstd\r");
    hears(&sandbox, "use zstd", 1);
    hears(&sandbox, "resume thread-1", 1);
    screen.signal(Signal::KILL);
}

#[test]
fn a_viewer_takes_over_as_well() {
    let sandbox = Sandbox::new();
    agent(&sandbox, &["wait"]);
    let run = in_a_turn(&sandbox);
    let screen = Terminal::start(&sandbox.command([""; 0]), 120, 40);
    screen.shows("Ticket 10");
    screen.send("\x14");
    says_yes(&screen);
    screen.shows("its own: thread-1");
    screen.send("hello\r");
    screen.shows("Hand TICKET-010 back");
    screen.is_read();
    screen.send("\r");
    hears(&sandbox, "waits", 2);
    screen.signal(Signal::KILL);
    run.signal(Signal::KILL);
}

#[test]
fn a_shell_opens_where_the_attempt_works_and_passes_its_exit_code_on() {
    let sandbox = Sandbox::new();
    agent(&sandbox, &["wait"]);
    let run = in_a_turn(&sandbox);
    let shell = sandbox.home("shell");
    fs::write(&shell, "#!/bin/sh\npwd\nexit 7\n").expect("it is written");
    fs::set_permissions(&shell, fs::Permissions::from_mode(0o755)).expect("it is executable");
    let opened = |arguments: &[&str]| {
        let arguments = ["term", "10"].iter().chain(arguments);
        let mut command = sandbox.command(arguments);
        command.env("SHELL", &shell);
        sandbox.start_command(command).finish().exits(7).stdout
    };
    assert!(opened(&[]).ends_with("/.docket/worktrees/TICKET-010.1\n"));
    assert!(opened(&["--evidence"]).ends_with("/.docket/evidence/r1/TICKET-010/1\n"));
    let root = sandbox
        .repository()
        .root()
        .canonicalize()
        .expect("the root");
    assert_eq!(
        opened(&["--repository"]).trim_end(),
        root.to_str().expect("UTF-8")
    );
    run.signal(Signal::KILL);
    run.finish();
    // Also beside no runner.
    assert!(opened(&[]).ends_with("/.docket/worktrees/TICKET-010.1\n"));
}

#[test]
fn an_agent_without_an_interface_says_so() {
    let sandbox = Sandbox::new();
    codex(&sandbox, "patient", &["wait"]);
    let run = in_a_turn(&sandbox);
    let mut terminal = term(&sandbox, &["--tui"]);
    assert_eq!(terminal.ends(), 3);
    assert!(
        terminal.screen().contains("no terminal interface"),
        "{}",
        terminal.screen()
    );
    run.signal(Signal::KILL);
}
