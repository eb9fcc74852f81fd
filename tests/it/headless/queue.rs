//! A whole queue: its order, several at a time, and edits while it runs.

use std::fs;

use docket::domain::event::Event;

use super::outcomes::assert_intact;
use crate::support::sandbox::{Sandbox, until};

/// The names of the tickets in the order in which they began.
fn begun(sandbox: &Sandbox) -> Vec<String> {
    let events = sandbox.events().into_iter();
    events
        .filter_map(|event| match event {
            Event::StepStarted { name, .. } => Some(name.to_string()),
            _ => None,
        })
        .collect()
}

/// A script that says that it runs and goes on when the file `go` is in the home.
const WAIT_FOR_GO: &str = "touch \"$HOME/started-$(basename \"$PWD\")\"\nwhile ! test -e \"$HOME/go\"; do sleep 0.01; done";

#[test]
fn dependencies_then_priority_then_numbers_decide() {
    let sandbox = Sandbox::new();
    sandbox.shell(10, "depends_on: [40]", "test -e 40 && touch 10");
    sandbox.shell(20, "", "touch 20");
    sandbox.shell(30, "priority: 5", "touch 30");
    sandbox.shell(40, "depends_on: [tkt_000050, 30]", "test -e 50 && touch 40");
    sandbox.shell(50, "", "touch 50");
    let ended = sandbox.docket(["run"]).exits(0);
    assert_eq!(ended.stdout, "r1: done (5 done, 0 failed, 0 waiting)\n");
    let order = ["030", "020", "050", "040", "010"].map(|digits| format!("TICKET-{digits}"));
    assert_eq!(begun(&sandbox), order);
    // Each began with the work of those before it, and one branch holds all.
    assert_eq!(
        sandbox.git(["diff", "--name-only", "main", "docket/r1/main"]),
        "10\n20\n30\n40\n50"
    );
    assert_eq!(
        sandbox.git(["rev-list", "--count", "main..docket/r1/main"]),
        "5"
    );
    assert_intact(&sandbox);
}

#[test]
fn a_failed_ticket_blocks_what_depends_on_it_and_nothing_else() {
    let sandbox = Sandbox::new();
    sandbox.shell(10, "limits: { attempts: 1 }", "false");
    sandbox.shell(20, "depends_on: [10]", "touch 20");
    sandbox.shell(30, "", "touch 30");
    let ended = sandbox.docket(["run"]).exits(5);
    assert_eq!(ended.stdout, "r1: failed (1 done, 1 failed, 0 waiting)\n");
    assert_eq!(begun(&sandbox), ["TICKET-010", "TICKET-030"]);
}

#[test]
fn so_many_tickets_and_no_more() {
    let sandbox = Sandbox::new();
    for number in 1..=4 {
        sandbox.shell(number, "", "true");
    }
    sandbox.docket(["run", "--max-tickets", "3"]).exits(0);
    assert_eq!(
        [1, 2, 3, 4].map(|number| sandbox.is_done(number)),
        [true, true, true, false]
    );
}

#[test]
fn side_by_side_means_side_by_side_and_loses_nothing() {
    let sandbox = Sandbox::new();
    // Each waits for the other: one after the other they would never end.
    for (mine, other) in [(10, 20), (20, 10)] {
        sandbox.shell(
            mine,
            "limits: { wall: 20s, attempts: 2 }",
            &format!(
                "touch \"$HOME/at-{mine}\"; while ! test -e \"$HOME/at-{other}\"; do sleep 0.01; done; touch {mine}"
            ),
        );
    }
    let ended = sandbox.docket(["run", "--jobs", "2"]);
    // Whoever is second finds that the run's branch has gone on: its next attempt begins there.
    assert_eq!(
        ended.stdout, "r1: done (2 done, 0 failed, 0 waiting)\n",
        "{}",
        ended.stderr
    );
    assert_eq!(
        sandbox.git(["diff", "--name-only", "main", "docket/r1/main"]),
        "10\n20"
    );
    assert_intact(&sandbox);
}

#[test]
fn the_queue_may_be_edited_while_it_runs() {
    let sandbox = Sandbox::new();
    sandbox.shell(10, "", &format!("{WAIT_FOR_GO}\ntouch 10"));
    sandbox.shell(20, "depends_on: [10]", "echo deleted; false");
    sandbox.shell(30, "", "echo old text; false");
    let running = sandbox.start(["run"]);
    until("the first ticket runs", || {
        sandbox.home("started-TICKET-010.1").exists()
    });
    // One is deleted, one rewritten, one new, one half-written.
    fs::remove_file(sandbox.path("tickets/TICKET-020.md")).expect("deleted");
    sandbox.shell(30, "", "touch 30");
    sandbox.shell(5, "", "touch 5");
    fs::write(sandbox.path("tickets/TICKET-040.md"), "---\nagent: sh").expect("half a ticket");
    fs::write(sandbox.home("go"), "").expect("go");
    // What came just before the end of a ticket may be seen just after it: the run looks again.
    let ended = running.finish().exits(0);
    assert_eq!(
        ended.stdout, "r1: done (3 done, 0 failed, 0 waiting)\n",
        "{}",
        ended.stderr
    );
    assert_eq!(begun(&sandbox)[0], "TICKET-010");
    assert!(sandbox.is_done(5) && sandbox.is_done(30));
    assert_intact(&sandbox);
}

#[test]
fn its_own_mark_is_no_reason_to_run_a_ticket_again() {
    let sandbox = Sandbox::new();
    for number in [10, 20, 30] {
        sandbox.shell(number, "", "date +%N >> runs.txt");
    }
    sandbox.docket(["run"]).exits(0);
    assert_eq!(begun(&sandbox).len(), 3);
    let attempts = sandbox
        .kinds()
        .iter()
        .filter(|kind| *kind == "attempt_started")
        .count();
    assert_eq!(attempts, 3);
}

#[test]
fn a_ticket_that_is_edited_between_two_attempts_is_tried_as_it_is_now() {
    let sandbox = Sandbox::new();
    sandbox.shell(
        10,
        "limits: { attempts: 2 }",
        &format!("{WAIT_FOR_GO}\nsleep 0.3; false"),
    );
    let running = sandbox.start(["run"]);
    until("the first attempt runs", || {
        sandbox.home("started-TICKET-010.1").exists()
    });
    sandbox.shell(
        10,
        "limits: { attempts: 2 }\nvalidate: [\"test -e new\"]",
        "touch new",
    );
    fs::write(sandbox.home("go"), "").expect("go");
    running.finish().exits(0).says("TICKET-010.2 done, proven");
    assert!(
        sandbox
            .evidence(1, "TICKET-010.2", "ticket.md")
            .contains("test -e new")
    );
    assert_intact(&sandbox);
}

#[test]
fn a_ticket_that_is_deleted_while_it_runs_is_not_marked_and_not_made_again() {
    let sandbox = Sandbox::new();
    let path = sandbox.shell(
        10,
        "limits: { attempts: 1 }",
        &format!("{WAIT_FOR_GO}\ntouch x"),
    );
    let running = sandbox.start(["run"]);
    until("it runs", || sandbox.home("started-TICKET-010.1").exists());
    fs::remove_file(&path).expect("deleted");
    fs::write(sandbox.home("go"), "").expect("go");
    running.finish().exits(5).says("can't be read");
    assert!(!path.exists());
    assert_intact(&sandbox);
}

#[test]
fn a_human_who_marks_a_ticket_while_the_queue_runs_lets_the_next_one_go() {
    let sandbox = Sandbox::new();
    sandbox.shell(10, "", WAIT_FOR_GO);
    let human = sandbox.ticket(20, "agent: user", "Decide.");
    sandbox.shell(30, "depends_on: [20]", "touch 30");
    let running = sandbox.start(["run"]);
    until("it runs", || sandbox.home("started-TICKET-010.1").exists());
    let text = fs::read_to_string(&human).expect("read");
    fs::write(&human, text.replace("done: false", "done: true")).expect("marked");
    fs::write(sandbox.home("go"), "").expect("go");
    running.finish().exits(0);
    assert!(sandbox.is_done(30));
}

#[test]
fn a_follow_up_that_an_agent_leaves_with_its_last_breath_runs_too() {
    let sandbox = Sandbox::new();
    sandbox.shell(
        10,
        "",
        "sed -e 's/000010/000020/' -e '/^sed/d' tickets/TICKET-010.md > tickets/TICKET-020.md",
    );
    sandbox.docket(["run", "--isolation", "none"]).exits(0);
    assert!(sandbox.path("tickets/TICKET-020.md").exists());
    assert_eq!(begun(&sandbox), ["TICKET-010", "TICKET-020"]);
}

#[test]
fn many_tickets_leave_nothing_behind_but_their_evidence() {
    let sandbox = Sandbox::new();
    for number in 1..=25 {
        sandbox.shell(number, "", &format!("echo {number} > {number}.txt"));
    }
    sandbox.docket(["run", "--jobs", "1"]).exits(0);
    assert_eq!(
        sandbox.git(["rev-list", "--count", "main..docket/r1/main"]),
        "25"
    );
    assert_eq!(sandbox.git(["worktree", "list"]).lines().count(), 1);
    let left = fs::read_dir(sandbox.path(".docket/worktrees"))
        .expect("the folder")
        .count();
    assert_eq!(left, 0);
    let caches = fs::read_dir(sandbox.path(".docket/cache")).map_or(0, Iterator::count);
    assert_eq!(caches, 0);
    assert_intact(&sandbox);
}
