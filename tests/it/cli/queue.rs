//! `ls` and `status`: what is where, and why.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::repository::{TestRepository, content_of};
use crate::support::sandbox::{Sandbox, until};

/// Waits for this file before it ends.
pub(super) const UNTIL_GO: &str = "while [ ! -e \"$HOME/go\" ]; do sleep 0.02; done";

/// A queue with every kind of end.
fn after_a_run() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.shell(10, "validate: [\"test -s a\"]", "echo a > a");
    sandbox.shell(20, "", "echo b > b");
    sandbox.shell(
        30,
        "limits: { attempts: 1 }\nvalidate: [{ name: never, run: \"false\" }]",
        "true",
    );
    sandbox.ticket(40, "agent: user", "You.");
    sandbox.shell(50, "depends_on: [40]", "true");
    sandbox
        .repository()
        .write("tickets/TICKET-060.md", "---\nagent: [\n---\n");
    sandbox.docket(["run"]).exits(5);
    sandbox
}

fn column<'a>(list: &'a Value, key: &str) -> Vec<&'a str> {
    let tickets = list["tickets"].as_array().expect("tickets");
    tickets
        .iter()
        .map(|ticket| ticket[key].as_str().unwrap_or("-"))
        .collect()
}

#[test]
fn every_ticket_has_a_mark_and_a_reason() {
    let sandbox = after_a_run();
    let list = sandbox.docket(["ls", "--json"]).exits(0).json();
    assert_eq!(list["schema"], 1);
    assert_eq!(
        column(&list, "mark"),
        ["done", "done", "failed", "waiting", "blocked", "broken"],
        "{list:#}"
    );
    assert_eq!(
        column(&list, "reason"),
        [
            "proven",
            "unchecked",
            "failed: never",
            "needs you",
            "after 040",
            "broken T008"
        ]
    );
    assert_eq!(
        column(&list, "proof"),
        ["proven", "unchecked", "-", "-", "-", "-"]
    );
    assert_eq!(list["counts"]["done"], 2);
    let text = sandbox.docket(["ls"]).exits(0).stdout;
    assert!(
        text.contains("x  TICKET-030  Ticket 30   shell  failed: never\n"),
        "{text}"
    );
}

#[test]
fn filters_look_at_every_word() {
    let sandbox = after_a_run();
    let names = |arguments: &[&str]| -> String {
        let list = sandbox
            .docket([&["ls", "--json"], arguments].concat())
            .exits(0)
            .json();
        column(&list, "name").join(" ")
    };
    assert_eq!(names(&["failed"]), "TICKET-030");
    assert_eq!(names(&["SHELL", "after"]), "TICKET-050");
    assert_eq!(names(&["ticket 40"]), "TICKET-040 TICKET-050");
    assert_eq!(names(&["nothing has this"]), "");
    sandbox
        .docket(["ls", "xyz"])
        .exits(0)
        .says("no ticket has `xyz`");
}

#[test]
fn what_was_done_before_the_last_run_is_listed_on_demand() {
    let sandbox = Sandbox::new();
    sandbox.shell(10, "", "echo a > a");
    sandbox.shell(20, "limits: { attempts: 1 }\nvalidate: [\"false\"]", "true");
    sandbox.shell(30, "", "echo c > c");
    for (ticket, exit) in [("10", 0), ("20", 5), ("30", 0)] {
        sandbox.docket(["--once", "--ticket", ticket]).exits(exit);
    }
    let list = sandbox.docket(["ls", "--json"]).exits(0).json();
    // A failure of an earlier run is still the last word about its ticket.
    assert_eq!(column(&list, "name"), ["TICKET-020", "TICKET-030"]);
    assert_eq!(column(&list, "mark"), ["failed", "done"]);
    assert_eq!(list["left_out"], 1);
    sandbox.docket(["ls"]).exits(0).says("1 done before");
    let all = sandbox.docket(["ls", "--all", "--json"]).exits(0).json();
    assert_eq!(column(&all, "mark"), ["done", "failed", "done"]);
}

#[test]
fn files_have_the_last_word_about_being_done() {
    let sandbox = Sandbox::new();
    let first = sandbox.shell(10, "validate: [\"true\"]", "echo a > a");
    let second = sandbox.shell(20, "limits: { attempts: 1 }\nvalidate: [\"false\"]", "true");
    sandbox.docket(["run"]).exits(5);
    let set = |path: &std::path::Path, from: &str, to: &str| {
        let text = fs::read_to_string(path)
            .expect("the ticket")
            .replace(from, to);
        fs::write(path, text).expect("it is changed");
    };
    set(&first, "done: true", "done: false");
    set(&second, "done: false", "done: true");
    let list = sandbox.docket(["ls", "--all", "--json"]).exits(0).json();
    assert_eq!(column(&list, "mark"), ["ready", "done"]);
    assert_eq!(column(&list, "reason"), ["", "by hand"]);
    set(&first, "done: false", "done: true");
    let shown = sandbox.docket(["show", "10", "--json"]).exits(0).json();
    assert_eq!(
        (&shown["proof"], &shown["changed_since_done"]),
        (&json!("proven"), &json!(false))
    );
    set(&first, "title: Ticket 10", "title: Another");
    let shown = sandbox.docket(["show", "10", "--json"]).exits(0).json();
    assert_eq!(shown["changed_since_done"], true);
}

#[test]
fn a_codex_autorunner_repository_is_read_and_not_changed() {
    let repository = TestRepository::new();
    repository.write(
        ".codex-autorunner/tickets/TICKET-001-first.md",
        "---\ntitle: \"First\"\nagent: codex\ndone: true\n---\n## Goal\n",
    );
    repository.write(
        ".codex-autorunner/tickets/TICKET-002.md",
        "---\nagent: user\ndone: false\nextra: {a: 1}\n---\n# Heading of two\n",
    );
    let sandbox = Sandbox::of(repository);
    fs::remove_dir(sandbox.path("tickets")).expect("an empty queue");
    let before = content_of(sandbox.repository().root(), &[]);
    let list = sandbox.docket(["ls", "--all", "--json"]).exits(0).json();
    assert_eq!(column(&list, "title"), ["First", "Heading of two"]);
    assert_eq!(column(&list, "mark"), ["done", "waiting"]);
    for command in [
        &["status"][..],
        &["show", "1"],
        &["config"],
        &["evidence", "verify"],
    ] {
        sandbox.docket(command).exits(0);
    }
    assert_eq!(before, content_of(sandbox.repository().root(), &[]));
}

#[test]
fn a_live_run_is_seen_from_outside() {
    let sandbox = Sandbox::new();
    sandbox.agent("slow", &format!("echo work > work.txt\n{UNTIL_GO}"));
    sandbox.ticket(10, "agent: slow\nvalidate: [\"true\"]", "Work.");
    sandbox.shell(20, "depends_on: [10]", "true");
    let running = sandbox.start(["run"]);
    let turn = || {
        let status = sandbox.docket(["status", "--json"]).exits(0).json();
        status["running"][0]["turn"] == 1
    };
    until("the agent works", turn);
    let status = sandbox.docket(["status", "--json"]).exits(0).json();
    assert_eq!(status["runner"]["pid"], running.pid());
    assert_eq!(status["run"]["phase"], "running");
    assert_eq!(status["run"]["branch"], "docket/r1/main");
    assert_eq!(status["running"][0]["attempt"], "TICKET-010.1");
    assert_eq!(status["running"][0]["agent"], "slow");
    assert_eq!(status["worktrees"], json!([]));
    assert!(status["disk"]["ledger"].as_u64() > Some(0));
    let text = sandbox.docket(["status"]).exits(0).stdout;
    assert!(text.contains(&format!("(pid {})", running.pid())), "{text}");
    let list = sandbox.docket(["ls", "--json"]).exits(0).json();
    assert_eq!(column(&list, "mark"), ["running", "blocked"]);
    fs::write(sandbox.home("go"), "").expect("go");
    running.finish().exits(0);
    let status = sandbox.docket(["status", "--json"]).exits(0).json();
    assert_eq!(
        (&status["runner"], &status["running"]),
        (&Value::Null, &json!([]))
    );
    assert_eq!(status["run"]["outcome"]["run"], "done");
}

#[test]
fn what_a_dead_docket_left_does_not_look_alive() {
    let sandbox = Sandbox::new();
    sandbox.agent("slow", UNTIL_GO);
    sandbox.ticket(10, "agent: slow", "Work.");
    let running = sandbox.start(["run"]);
    until("the agent works", || {
        let status = sandbox.docket(["status", "--json"]).exits(0).json();
        status["running"][0]["turn"] == 1
    });
    running.signal(Signal::KILL);
    drop(running);
    let status = sandbox.docket(["status", "--json"]).exits(0).json();
    assert_eq!(
        (&status["runner"], &status["running"]),
        (&Value::Null, &json!([]))
    );
    assert_eq!(status["run"]["outcome"]["run"], "lost");
    assert_eq!(
        status["worktrees"][0]["path"],
        ".docket/worktrees/TICKET-010.1"
    );
    let list = sandbox.docket(["ls", "--json"]).exits(0).json();
    assert_eq!(column(&list, "reason"), ["lost"]);
    let shown = sandbox.docket(["show", "10"]).exits(0).stdout;
    assert!(shown.contains("left by a docket that died"), "{shown}");
    sandbox
        .docket(["log", "10", "--follow"])
        .exits(0)
        .says("is gone");
}

#[test]
fn a_repository_where_docket_never_ran_stays_untouched() {
    let sandbox = Sandbox::new();
    sandbox.shell(10, "", "true");
    let before = content_of(sandbox.repository().root(), &[]);
    for command in [
        &["ls"][..],
        &["status"],
        &["show", "10"],
        &["evidence", "ls"],
        &["evidence", "verify"],
        &["config"],
        &["lint"],
        &["trust", "--show"],
    ] {
        sandbox.docket(command).exits(0);
        sandbox
            .docket([command, &["--json"]].concat())
            .exits(0)
            .json();
    }
    sandbox
        .docket(["log", "10"])
        .exits(2)
        .says("has no attempt yet");
    sandbox
        .docket(["diff", "10"])
        .exits(2)
        .says("has no attempt yet");
    assert_eq!(before, content_of(sandbox.repository().root(), &[]));
}

#[test]
fn a_read_only_checkout_can_be_looked_at() {
    let sandbox = after_a_run();
    let folders = [
        sandbox.path(".docket"),
        sandbox.repository().root().to_owned(),
    ];
    let set = |mode| {
        for folder in &folders {
            fs::set_permissions(folder, fs::Permissions::from_mode(mode)).expect("its mode");
        }
    };
    set(0o555);
    for command in [
        &["ls"][..],
        &["status"],
        &["show", "10"],
        &["log", "10"],
        &["diff", "10"],
        &["evidence", "verify"],
    ] {
        sandbox.docket(command).exits(0);
    }
    set(0o755);
}
