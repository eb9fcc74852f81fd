//! Commands from other processes to a runner that lives.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;

use docket::domain::command::Command;
use docket::domain::event::Event;
use docket::runner::inbox;
use rustix::process::Signal;

use crate::requests::{codex, report};
use crate::support::sandbox::{Running, Sandbox, until};
use crate::support::terminal::Terminal;
use crate::support::wait::LONG;

/// A run whose agent waits for words in the middle of its turn.
fn waiting(sandbox: &Sandbox, script: &[&str]) -> Running {
    codex(sandbox, "patient", script);
    sandbox.ticket(10, "agent: patient", "Work.");
    let run = sandbox.start(["run"]);
    hears(sandbox, "waits");
    run
}

fn hears(sandbox: &Sandbox, what: &str) {
    until(&format!("the agent hears `{what}`"), || {
        let report = report(sandbox, "patient");
        report.iter().any(|line| line.starts_with(what))
    });
}

/// The folder, and what lies there but the lock.
fn left(sandbox: &Sandbox) -> Vec<PathBuf> {
    let entries = fs::read_dir(sandbox.path(".docket/inbox")).expect("the inbox");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.filter(|path| !path.ends_with("door")).collect()
}

#[test]
fn words_reach_a_turn_that_runs() {
    let sandbox = Sandbox::new();
    let run = waiting(&sandbox, &["wait"]);
    let document = sandbox
        .docket(["reply", "10", "go on", "--now", "--json"])
        .exits(0)
        .json();
    assert_eq!(document["by"], "runner");
    run.finish().exits(0);
    assert!(report(&sandbox, "patient").contains(&"words go on".to_owned()));
    assert!(sandbox.kinds().contains(&"steered".to_owned()));
    assert_eq!(left(&sandbox), Vec::<PathBuf>::new());
    let mode = |path: &str| {
        let found = fs::metadata(sandbox.path(path)).expect("it is there");
        found.permissions().mode() & 0o777
    };
    assert_eq!(mode(".docket/inbox"), 0o700);
}

#[test]
fn an_agent_that_takes_no_words_gets_them_in_the_next_turn() {
    let sandbox = Sandbox::new();
    let go = sandbox.home("go");
    sandbox.agent(
        "deaf",
        "cat > \"$HOME/prompt-$DOCKET_TURN\"; touch \"$HOME/began\"; while ! test -e \"$HOME/go\"; do sleep 0.02; done",
    );
    sandbox.ticket(
        10,
        "agent: deaf\nvalidate: [\"test $DOCKET_TURN = 2\"]",
        "Work.",
    );
    let run = sandbox.start(["run"]);
    until("the turn runs", || sandbox.home("began").exists());
    let said = sandbox.docket(["reply", "10", "hear me", "--now"]).exits(0);
    assert!(
        said.stdout.contains("they wait for the next one"),
        "{said:?}"
    );
    let said = sandbox.docket(["reply", "10", "and me"]).exits(0);
    assert!(said.stdout.contains("its next turn brings it"), "{said:?}");
    fs::write(go, "").expect("a file");
    run.finish();
    let prompt = fs::read_to_string(sandbox.home("prompt-2")).expect("a second turn");
    assert!(
        prompt.contains("hear me") && prompt.contains("and me"),
        "{prompt}"
    );
}

#[test]
fn a_turn_is_interrupted_and_the_run_says_what_it_needs() {
    let sandbox = Sandbox::new();
    let run = waiting(&sandbox, &["wait"]);
    sandbox.docket(["interrupt", "10"]).exits(0);
    // Nobody is there to say how to go on.
    run.finish().exits(4).says("interrupted");
}

#[test]
fn a_run_is_stopped_and_a_ticket_alone() {
    let sandbox = Sandbox::new();
    let run = waiting(&sandbox, &["wait"]);
    sandbox.docket(["stop", "10"]).exits(0);
    run.finish().exits(5).says("stopped");
    let sandbox = Sandbox::new();
    let run = waiting(&sandbox, &["wait"]);
    let said = sandbox.docket(["stop"]).exits(0).stdout;
    assert_eq!(said, "the run is being stopped\n");
    run.finish().exits(130);
    assert!(sandbox.agents().is_empty());
    assert!(sandbox.verify().is_intact());
}

#[test]
fn a_run_is_frozen_and_thawed() {
    let sandbox = Sandbox::new();
    let run = waiting(&sandbox, &["wait"]);
    sandbox.docket(["pause"]).exits(0);
    sandbox
        .docket(["pause"])
        .exits(3)
        .says("the run is paused already");
    sandbox.docket(["resume"]).exits(0);
    sandbox
        .docket(["resume"])
        .exits(3)
        .says("the run is not paused");
    sandbox.docket(["reply", "10", "go on", "--now"]).exits(0);
    run.finish().exits(0);
}

#[test]
fn what_the_rules_refuse_is_refused_in_their_words() {
    let sandbox = Sandbox::new();
    sandbox.shell(20, "depends_on: [10]", "true");
    sandbox.shell(30, "depends_on: [10]", "true");
    let run = waiting(&sandbox, &["wait"]);
    for (words, why) in [
        (&["stop", "20"][..], "that ticket is not running"),
        (&["interrupt", "20"], "that ticket is not running"),
        (&["retry", "10"], "that ticket is running"),
        (&["skip", "10"], "stop it first"),
        (&["approve", "10"], "its agent asks nothing"),
    ] {
        let said = sandbox.docket(words).exits(3).says(why);
        assert_eq!(said.stdout, "", "{words:?}");
    }
    sandbox.docket(["skip", "20"]).exits(0);
    sandbox
        .docket(["skip", "20"])
        .exits(3)
        .says("skipped already");
    let back = sandbox.docket(["unskip", "20"]).exits(0).stdout;
    assert_eq!(back, "TICKET-020: it is a part of this run again\n");
    sandbox
        .docket(["unskip", "20"])
        .exits(3)
        .says("is not skipped");
    sandbox.docket(["skip", "20"]).exits(0);
    sandbox.docket(["reply", "10", "go on", "--now"]).exits(0);
    run.finish().exits(0);
    assert!(!sandbox.is_done(20) && sandbox.is_done(30));
}

#[test]
fn commands_for_an_earlier_runner_are_dropped_and_garbage_is_moved_aside() {
    let sandbox = Sandbox::new();
    let folder = sandbox.path(".docket/inbox");
    fs::create_dir_all(&folder).expect("the inbox");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).expect("open to all");
    let stop = serde_json::to_string(&Command::Cancel {
        reason: docket::domain::attempt::CancelReason::Kill,
    })
    .expect("JSON");
    let letter = format!("{{\"version\":1,\"command\":{stop}}}");
    fs::write(folder.join("1.json"), &letter).expect("an old stop");
    let run = waiting(&sandbox, &["wait"]);
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap_or_default();
    assert!(
        read("1.answer").contains("nobody_there"),
        "an old stop hits nobody"
    );

    let outside = sandbox.home("outside.json");
    fs::write(&outside, &letter).expect("a file elsewhere");
    symlink(&outside, folder.join("link.json")).expect("a link");
    fs::create_dir(folder.join("folder.json")).expect("a folder");
    // Whole or not at all, as docket itself does.
    let put = |name: &str, text: &str| {
        let draft = sandbox.home(name);
        fs::write(&draft, text).expect("a draft");
        fs::rename(draft, folder.join(name)).expect("it is there at once");
    };
    put("strange.json", "{\"version\":1,\"command\":7}");
    put("newer.json", &letter.replace(":1", ":2"));
    put("large.json", &" ".repeat(2 << 20));
    put("note.txt", "hello");
    let aside = [
        "link.json",
        "folder.json",
        "strange.json",
        "newer.json",
        "large.json",
        "note.txt",
    ];
    until("all of it is moved aside", || {
        let is_aside = |name: &&str| folder.join("bad").join(name).symlink_metadata().is_ok();
        aside.iter().all(is_aside)
    });
    until("who can be told is told", || {
        read("strange.answer").contains("refused") && read("newer.answer").contains("newer docket")
    });
    assert!(outside.exists(), "what a link points to is not touched");
    assert!(!folder.join("link.answer").exists());

    // The folder is gone, and made anew by who comes next.
    fs::remove_dir_all(&folder).expect("gone");
    sandbox.docket(["reply", "10", "go on", "--now"]).exits(0);
    run.finish().exits(0);
    let mode = fs::metadata(&folder)
        .expect("it is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn a_runner_that_does_not_answer_is_told_apart_from_one_that_did() {
    let sandbox = Sandbox::new();
    let run = waiting(&sandbox, &["wait"]);
    run.signal(Signal::STOP);
    sandbox.docket(["stop"]).exits(1).says("does not answer");
    run.signal(Signal::CONT);
    // It was withdrawn: nothing was stopped.
    sandbox.docket(["reply", "10", "go on", "--now"]).exits(0);
    run.finish().exits(0);
}

#[test]
fn of_many_at_once_each_is_taken_once() {
    let sandbox = Sandbox::new();
    let run = waiting(&sandbox, &["wait"]);
    let docket = sandbox.path(".docket");
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let docket = &docket;
            let ticket = "tkt_000010".parse().expect("an id");
            scope.spawn(move || {
                for number in 0..5 {
                    let command = Command::Reply {
                        ticket: Clone::clone(&ticket),
                        text: format!("{thread}.{number}"),
                    };
                    let reply = inbox::send(docket, &command, LONG).expect("an answer");
                    assert!(matches!(reply, inbox::Reply::Done { .. }), "{reply:?}");
                }
            });
        }
    });
    let mut texts: Vec<_> = sandbox
        .events()
        .into_iter()
        .filter_map(|event| match event {
            Event::ReplyReceived { text, .. } => Some(text),
            _ => None,
        })
        .collect();
    texts.sort();
    let sent = (0..4).flat_map(|thread| (0..5).map(move |number| format!("{thread}.{number}")));
    assert_eq!(texts, sent.collect::<Vec<_>>());
    assert_eq!(left(&sandbox), Vec::<PathBuf>::new());
    sandbox.docket(["stop"]).exits(0);
    run.finish().exits(130);
}

#[test]
fn what_a_live_agent_asks_is_answered_from_another_terminal() {
    let sandbox = Sandbox::new();
    codex(&sandbox, "asker", &["ask touch allowed.txt"]);
    sandbox.ticket(10, "agent: asker", "Work.");
    sandbox.shell(
        20,
        "gate: review\nvalidate: [\"true\"]",
        "touch reviewed.txt",
    );
    let command = sandbox.command(std::iter::empty::<&str>());
    let mut screen = Terminal::start(&command, 120, 30);
    screen.shows("Ticket 10");
    sandbox.docket(["stop"]).exits(3).says("nothing runs");
    screen.send("s");
    let asks = || {
        let document = sandbox.docket(["requests", "--json"]).exits(0).json();
        (document["requests"][0]["live"] == true).then_some(document)
    };
    until("it asks", || asks().is_some());
    let document = asks().expect("it asks");
    assert_eq!(document["runner"], true);
    let said = sandbox.docket(["approve", "10"]).exits(0).stdout;
    assert_eq!(said, "TICKET-010 #1 allowed: $ touch allowed.txt\n");
    until("the ticket is done", || sandbox.is_done(10));
    until("the gate waits", || {
        let page = sandbox.docket(["requests"]).exits(0).stdout;
        page.contains("docket approve TICKET-020")
    });
    sandbox
        .docket(["answer", "20", "what?"])
        .exits(2)
        .says("waits for a review");
    sandbox.docket(["approve", "20"]).exits(0);
    until("the reviewed ticket is done", || sandbox.is_done(20));
    // The run may be about to end: then it asks first.
    screen.send("qy");
    screen.ends();
    assert!(sandbox.verify().is_intact());
}
