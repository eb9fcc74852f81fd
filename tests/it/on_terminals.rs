//! Agents of kind `terminal`: prompts are typed in, people look and type, and nothing but a word or a line ends a turn.

use std::fs;
use std::time::Duration;

use docket::domain::event::Event;
use rustix::process::Signal;

use crate::support::programs;
use crate::support::sandbox::{Running, Sandbox, Stopwatch, until};
use crate::support::terminal::Terminal;

/// A sandbox whose agent `tui` does this after a prompt, with a ticket for it.
fn sandbox(then: &[&str], settings: &str, front: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let mut command = vec![programs::fake_agent().display().to_string(), "tui".into()];
    command.extend(then.iter().map(|word| (*word).to_owned()));
    sandbox.configure(&format!(
        "[agents.tui]\nkind = \"terminal\"\nready_after = \"200ms\"\ncommand = {command:?}\n{settings}"
    ));
    sandbox.ticket(
        1,
        &format!("agent: tui\nvalidate: [\"test -s prompt-1.txt\"]\n{front}"),
        "Write down what you are told.",
    );
    sandbox
}

fn turns(sandbox: &Sandbox) -> usize {
    if !sandbox.path(".docket/ledger.db").exists() {
        return 0;
    }
    let kinds = sandbox.kinds();
    kinds.iter().filter(|kind| *kind == "turn_started").count()
}

/// What its terminal has shown so far, as it came.
fn drawn(sandbox: &Sandbox) -> String {
    let path = sandbox
        .evidence_path(1, "TICKET-001.1")
        .join("terminal.cast");
    fs::read_to_string(path).unwrap_or_default()
}

fn running(sandbox: &Sandbox) -> Running {
    let run = sandbox.start(["run"]);
    until("it has its prompt", || drawn(sandbox).contains("got it"));
    run
}

#[test]
fn a_line_ends_the_turn_and_the_prompt_arrives_whole() {
    let settings = "done_pattern = '^ALL DONE$'\nclaim = \"exit\"\nprompt_by = \"paste\"";
    let sandbox = sandbox(&["done"], settings, "");
    sandbox.docket(["--once"]).exits(0);
    assert!(sandbox.is_done(1));
    let typed = sandbox.git(["show", "docket/r1/main:prompt-1.txt"]);
    let prompt = sandbox.evidence(1, "TICKET-001.1", "prompt.md");
    assert_eq!(typed.trim_end(), prompt.trim_end());
    let transcript = sandbox.evidence(1, "TICKET-001.1", "transcript.jsonl");
    assert!(
        transcript.contains("What its screen showed"),
        "{transcript}"
    );
    assert!(transcript.contains("unsupervised"), "{transcript}");
    let drawn = drawn(&sandbox);
    assert!(drawn.starts_with("{\"version\":2,\"width\":120,\"height\":40,"));
    assert!(drawn.contains("\"m\",\"turn 1\"") && drawn.contains("ALL DONE"));
    assert!(sandbox.verify().is_intact());
    assert!(sandbox.agents().is_empty());
}

#[test]
fn a_line_and_a_claim_in_the_ticket_are_two_things() {
    let settings = "done_pattern = '^ALL DONE$'";
    let claims = sandbox(&["claim"], settings, "");
    claims.docket(["--once"]).exits(0);
    // Without the claim, the next turn is typed to the same program, until none is left.
    let never = sandbox(&["done"], settings, "limits: {turns: 2, attempts: 1}");
    never.docket(["--once"]).exits(6);
    assert_eq!(turns(&never), 2);
    let drawn = drawn(&never);
    assert_eq!(
        drawn.matches("1mfake tui").count(),
        1,
        "one program: {drawn}"
    );
}

#[test]
fn a_human_says_that_it_is_done() {
    let sandbox = sandbox(&[], "", "");
    let run = running(&sandbox);
    sandbox.docket(["claim", "1", "--not-done"]).exits(0);
    until("the next turn", || turns(&sandbox) == 2);
    until("it has its prompt again", || {
        drawn(&sandbox).matches("got it").count() == 2
    });
    sandbox
        .docket(["claim", "1"])
        .exits(0)
        .prints("its work is checked");
    run.finish().exits(0);
    assert!(sandbox.is_done(1));
    let said: Vec<_> = sandbox
        .events()
        .into_iter()
        .filter_map(|event| match event {
            Event::TurnClaimed { turn, done, .. } => Some((turn, done)),
            _ => None,
        })
        .collect();
    assert_eq!(said, [(1, false), (2, true)]);
    sandbox.docket(["claim", "1"]).exits(3);
}

#[test]
fn only_agents_on_terminals_are_told_that_their_turn_is_over() {
    let sandbox = Sandbox::new();
    sandbox.shell(1, "", "while [ ! -e ../../../go ]; do sleep 0.05; done");
    let run = sandbox.start(["run"]);
    until("it runs", || turns(&sandbox) == 1);
    sandbox
        .docket(["claim", "1"])
        .exits(3)
        .says("its agent says by itself when its turn is over");
    fs::write(sandbox.path("go"), "").expect("the file is written");
    run.finish().exits(0);
}

#[test]
fn the_programs_end_is_the_turns() {
    let well = sandbox(&["exit", "0"], "claim = \"exit\"", "");
    well.docket(["--once"]).exits(0);
    let badly = sandbox(&["exit", "3"], "", "limits: {attempts: 1}");
    badly.docket(["--once"]).exits(5);
}

#[test]
fn limits_and_stops_hold() {
    let sandbox = sandbox(&["stubborn"], "", "limits: {wall: 2s, attempts: 1}");
    let watch = Stopwatch::start();
    sandbox.docket(["--once"]).exits(6);
    assert!(watch.elapsed() < Duration::from_secs(15));
    assert!(sandbox.agents().is_empty());
    assert!(sandbox.verify().is_intact());
}

#[test]
fn nothing_of_it_outlives_docket() {
    let sandbox = sandbox(&["stubborn"], "", "");
    let run = sandbox.start(["run"]);
    until("it works", || drawn(&sandbox).contains("working"));
    assert!(!sandbox.agents().is_empty());
    run.signal(Signal::KILL);
    until("all of it is gone", || sandbox.agents().is_empty());
}

#[test]
fn people_look_and_type_and_who_comes_late_sees_the_same() {
    let sandbox = sandbox(&[], "", "");
    let screen = Terminal::start(&sandbox.command([""; 0]), 120, 30);
    screen.shows("Ticket 1");
    screen.send("s");
    until("it has its prompt", || drawn(&sandbox).contains("got it"));
    screen.send("t");
    screen.shows("got it");
    screen.shows("tui of 001");
    screen.send("hello\r");
    screen.shows("you typed hello");
    until("it was told the size of the pane", || {
        drawn(&sandbox).contains("\"r\"")
    });
    screen.send("size\r");
    let is_the_panes = |screen: &str| screen.contains("size ") && !screen.contains("size 120x40");
    screen.wait("the size of the pane", is_the_panes);

    // Another docket sees it all, and can't type.
    let viewer = Terminal::start(&sandbox.command([""; 0]), 120, 30);
    viewer.shows("viewer");
    viewer.shows("1 running");
    viewer.send("t");
    viewer.shows("you typed hello");
    viewer.shows("to look at");
    viewer.send("nobody hears this\r");
    screen.send("again\r");
    viewer.shows("you typed again");
    assert!(!drawn(&sandbox).contains("nobody hears"));
    viewer.send("\x1d\x1d");
    viewer.send("q");

    screen.send("\x1d\x1d");
    screen.send("D");
    screen.wait("it is done", |_| sandbox.is_done(1));
    drop(viewer);
    screen.send("q");
    until("nothing is left", || sandbox.agents().is_empty());
}

#[test]
fn silence_where_nobody_is_waited_for_ends_the_attempt() {
    let sandbox = sandbox(&[], "silent_after = \"300ms\"", "");
    sandbox.docket(["--once"]).exits(4);
    assert!(!sandbox.is_done(1));
    assert!(sandbox.verify().is_intact());
}

#[test]
fn silence_waits_in_the_inbox_until_somebody_judges_it() {
    let silences = |sandbox: &Sandbox| -> Vec<bool> {
        let events = sandbox.events().into_iter();
        let silent = events.filter_map(|event| match event {
            Event::TurnSilent { since, .. } => Some(since.is_some()),
            _ => None,
        });
        silent.collect()
    };
    let settings = "silent_after = \"1s\"";
    let sandbox = sandbox(&[], settings, "limits: {wall: 10s, attempts: 1}");
    let screen = Terminal::start(&sandbox.command([""; 0]), 120, 40);
    screen.shows("Ticket 1");
    screen.send("s");
    until("it has its prompt", || drawn(&sandbox).contains("got it"));
    let watch = Stopwatch::start();
    screen.shows("! 1 waiting");
    screen.shows("silent");
    sandbox.docket(["status"]).exits(0).prints("silent ");
    let status = sandbox.docket(["status", "--json"]).exits(0).json();
    let running = &status["running"][0];
    let reason = running["reason"].as_str().unwrap_or_default();
    assert!(reason.starts_with("silent "), "{running}");
    let since = sandbox.events().into_iter().find_map(|event| match event {
        Event::TurnSilent { since, .. } => since,
        _ => None,
    });
    assert_eq!(running["since"].as_i64(), since.map(|since| since.0));
    sandbox
        .docket(["requests"])
        .exits(0)
        .prints("docket claim TICKET-001 --not-done");

    // Another docket sees it, too.
    let viewer = Terminal::start(&sandbox.command([""; 0]), 120, 40);
    viewer.shows("viewer");
    viewer.send("i");
    viewer.shows("its work is done");
    // The clock is held.
    until("its time would be over", || {
        watch.elapsed() > Duration::from_secs(11)
    });
    assert_eq!(silences(&sandbox), [true]);

    // It goes away when the program draws something, and comes back.
    screen.send("i");
    screen.shows("its work is done");
    until("the key is heard", || {
        screen.send("t");
        screen.screen().contains("tui of 001")
    });
    screen.shows("got it");
    screen.send("hello\r");
    screen.shows("you typed");
    until("it draws", || silences(&sandbox).get(1) == Some(&false));
    until("it is silent again", || silences(&sandbox).len() > 2);
    screen.send("\x1d\x1d");
    screen.send("i");
    screen.shows("its work is done");
    until("it is done", || {
        screen.send("D");
        sandbox.is_done(1)
    });
    assert_eq!(silences(&sandbox).last(), Some(&false));
    assert_eq!(turns(&sandbox), 1);
    viewer.shows("nothing waits for you");
    drop(viewer);
    screen.send("q");
    until("nothing is left", || sandbox.agents().is_empty());
}
