//! `kill -9` in every phase of an attempt: what was not recorded was not done, nothing lives on, and no row is lost.

use std::fs;

use docket::domain::attempt::Proof;
use docket::domain::event::Event;
use rustix::process::Signal;

use crate::crash::{assert_no_orphans, check_ledger};
use crate::support::sandbox::{Sandbox, kind, until};

/// Two tickets side by side, the second of which is merged on top of the first; the first one leaves a third.
fn queue() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.configure("[provision]\nsetup = [\"sleep 0.05; echo ready\"]");
    let checked = "validate: [\"sleep 0.05; test -s done.txt\"]";
    let follow_up = format!(
        "---\nagent: shell\ndone: false\ndepends_on: [10]\n{checked}\n---\n\n    echo\n\n```sh\ntouch third.txt\n```\n"
    );
    let first = format!(
        "while ! test -e \"$HOME/began\"; do sleep 0.02; done\nsetsid sleep 1000 &\necho 10 > done.txt; echo 10 >> first.txt\n\
         cat > \"$DOCKET_DESK/tickets/TICKET-030-more.md\" <<'END'\n{follow_up}END"
    );
    sandbox.shell(10, checked, &first);
    let canonical = sandbox.path("tickets/TICKET-010.md");
    let second = format!(
        "touch \"$HOME/began\"\nsleep 1000 &\nwhile ! grep -q '^done: true' '{}'; do sleep 0.02; done\necho 20 > second.txt; \
         test -e done.txt || echo 10 > done.txt",
        canonical.display()
    );
    sandbox.shell(20, checked, &second);
    sandbox
}

/// Kills docket as soon as the ledger holds an event of this kind, and lets another one go on.
#[track_caller]
fn killed_at(phase: &str) {
    let sandbox = queue();
    let mut running = sandbox.start(["run", "--jobs", "2"]);
    until(&format!("{phase} is recorded"), || {
        assert!(running.lives(), "it ended before {phase}");
        sandbox.kinds().iter().any(|kind| kind == phase)
    });
    running.signal(Signal::KILL);
    drop(running);
    assert_no_orphans(&sandbox);
    check_ledger(&sandbox);
    let before = sandbox.events();
    let ended = sandbox.docket(["run", "--jobs", "2"]).exits(0);
    check_ledger(&sandbox);
    let after = sandbox.events();
    assert!(after.starts_with(&before), "{phase}: rows are lost");
    for number in [10, 20] {
        assert!(sandbox.is_done(number), "{phase}: {ended:?}");
    }
    // The follow-up came once, ran once, and nothing was merged twice.
    let tickets = fs::read_dir(sandbox.path("tickets")).expect("the queue");
    let mut names: Vec<_> = tickets
        .map(|file| file.expect("a file").file_name())
        .collect();
    names.sort();
    assert_eq!(
        names,
        ["TICKET-010.md", "TICKET-020.md", "TICKET-030-more.md"],
        "{phase}"
    );
    let mut written = 0;
    for event in &after {
        if let Event::TicketWritten { proof, .. } = event {
            assert_eq!(*proof, Proof::Proven, "{phase}");
            written += 1;
        }
    }
    assert_eq!(written, 3, "{phase}: each ticket is marked once");
    let branch = after.iter().rev().find_map(|event| match event {
        Event::RunStarted { branch, .. } => branch.clone(),
        _ => None,
    });
    let branch = branch.expect("a branch");
    let first = sandbox.git(["show", &format!("{branch}:first.txt")]);
    assert_eq!(first, "10", "{phase}: work is done once");
    let files = sandbox.git(["ls-tree", "--name-only", &branch]);
    for file in ["first.txt", "second.txt", "third.txt"] {
        assert!(files.contains(file), "{phase}: {files}");
    }
    assert_eq!(sandbox.git(["show", &format!("{branch}:done.txt")]), "10");
    let ends = after.iter().filter(|event| kind(event) == "run_finished");
    assert_eq!(ends.count(), 2, "{phase}: each run has its end");
}

#[test]
fn codencer_5_killed_while_it_prepares_and_dispatches() {
    for phase in [
        "attempt_started",
        "workspace_prepared",
        "setup_finished",
        "process_started",
    ] {
        killed_at(phase);
    }
}

#[test]
fn codencer_5_killed_while_the_agent_runs_and_its_work_is_collected() {
    for phase in [
        "turn_started",
        "turn_finished",
        "turn_saved",
        "ticket_brought",
    ] {
        killed_at(phase);
    }
}

#[test]
fn codencer_5_killed_while_it_validates_and_catches_up() {
    for phase in ["validation_started", "validation_finished", "caught_up"] {
        killed_at(phase);
    }
}

#[test]
fn codencer_5_killed_while_it_merges_and_finalises() {
    for phase in [
        "evidence_sealed",
        "integrated",
        "ticket_written",
        "attempt_finished",
    ] {
        killed_at(phase);
    }
}
