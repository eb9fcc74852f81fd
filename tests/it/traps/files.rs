//! Files as people and tools really change them.

use std::fs::{self, File};
use std::path::Path;

use docket::tickets::load::Loader;

use crate::support::repository::TestRepository;
use crate::support::sandbox::{Sandbox, until};

#[test]
fn a_change_that_keeps_size_and_time_is_seen_and_a_new_time_alone_is_none() {
    let sandbox = Sandbox::new();
    let path = sandbox.ticket(10, "agent: shell", "One.");
    let before = fs::metadata(&path)
        .expect("there")
        .modified()
        .expect("a time");
    let root = sandbox.repository().root();
    let mut loader = Loader::new(root, Path::new("tickets"));
    let first = loader.scan();
    // The same length, and somebody puts the old time back (as rsync, tar and git checkouts of old files do).
    let text = fs::read_to_string(&path).expect("read");
    fs::write(&path, text.replace("Ticket 10", "Tickel 10")).expect("written");
    File::options()
        .write(true)
        .open(&path)
        .and_then(|file| file.set_modified(before))
        .expect("the old time");
    let second = loader.scan();
    assert_eq!(first.entries[0].title, "Ticket 10");
    assert_eq!(second.entries[0].title, "Tickel 10");
    assert_ne!(first.entries[0].revision, second.entries[0].revision);
    // Only touched: the same entry, so nobody is told of a change.
    File::options()
        .write(true)
        .open(&path)
        .and_then(|file| file.set_modified(std::time::SystemTime::UNIX_EPOCH))
        .expect("a new time");
    let third = loader.scan();
    assert!(std::sync::Arc::ptr_eq(
        &second.entries[0],
        &third.entries[0]
    ));
}

#[test]
fn an_editor_that_saves_by_rename_changes_the_queue_of_a_run_that_works() {
    let sandbox = Sandbox::new();
    sandbox.shell(
        10,
        "",
        "touch \"$HOME/began\"; while ! test -e \"$HOME/go\"; do sleep 0.02; done",
    );
    let later = sandbox.shell(20, "", "touch \"$HOME/old\"");
    let running = sandbox.start(["run"]);
    until("the first one works", || sandbox.home("began").exists());
    // As vim does with `backupcopy=no`: the old file becomes the backup, a new one takes its name.
    let text = fs::read_to_string(&later)
        .expect("read")
        .replace("/old", "/new");
    fs::rename(&later, sandbox.path("tickets/TICKET-020.md~")).expect("a backup");
    fs::write(&later, text).expect("written");
    fs::remove_file(sandbox.path("tickets/TICKET-020.md~")).expect("removed");
    fs::write(sandbox.home("go"), "").expect("go");
    running.finish().exits(0);
    assert!(sandbox.home("new").exists() && !sandbox.home("old").exists());
    assert!(sandbox.is_done(20));
}

#[test]
fn the_same_number_and_id_from_two_branches_stop_only_themselves_until_somebody_decides() {
    let sandbox = Sandbox::new();
    sandbox.shell(5, "", "touch \"$HOME/five\"");
    sandbox.git(["add", "tickets"]);
    sandbox.repository().commit_all("the queue");
    // Two people, on two branches, take the same number and the same id.
    for name in ["left", "right"] {
        sandbox.git(["checkout", "-q", "-b", name, "main"]);
        let path = sandbox.shell(10, "", &format!("touch \"$HOME/{name}\""));
        fs::rename(path, sandbox.path(format!("tickets/TICKET-010-{name}.md"))).expect("renamed");
        sandbox.repository().commit_all(name);
    }
    sandbox.git(["merge", "-q", "--no-edit", "left"]);
    let said = sandbox.docket(["lint"]).exits(2);
    for file in ["TICKET-010-left.md", "TICKET-010-right.md"] {
        assert!(said.stdout.contains(file), "{said:?}");
    }
    sandbox.docket(["run"]);
    assert!(sandbox.home("five").exists());
    for name in ["left", "right"] {
        assert!(
            !sandbox.home(name).exists(),
            "nobody guesses which is meant"
        );
        assert!(
            !fs::read_to_string(sandbox.path(format!("tickets/TICKET-010-{name}.md")))
                .expect("there")
                .contains("done: true")
        );
    }
    // One of them gets a number and an id of its own.
    let text = fs::read_to_string(sandbox.path("tickets/TICKET-010-right.md")).expect("there");
    let text = text.replace("tkt_000010", "tkt_000011");
    fs::write(sandbox.path("tickets/TICKET-011-right.md"), text).expect("written");
    fs::remove_file(sandbox.path("tickets/TICKET-010-right.md")).expect("removed");
    sandbox.docket(["run"]).exits(0);
    assert!(sandbox.home("left").exists() && sandbox.home("right").exists());
}

#[test]
fn codencer_14_a_worktree_of_the_users_on_a_branch_that_docket_would_use_is_untouched() {
    let sandbox = Sandbox::new();
    sandbox.shell(10, "validate: [\"test -e x\"]", "touch x");
    for (folder, branch) in [
        ("mine", "docket/r1/TICKET-010.1"),
        ("other", "docket/r1/main"),
    ] {
        let path = sandbox.home(folder);
        let path = path.to_str().expect("UTF-8");
        sandbox.git(["worktree", "add", "-q", "-b", branch, path]);
        fs::write(format!("{path}/unsaved.txt"), folder).expect("written");
    }
    let before = sandbox.git([
        "for-each-ref",
        "--format=%(refname) %(objectname)",
        "refs/heads/docket/r1",
    ]);
    let ended = sandbox.docket(["run"]);
    assert!(sandbox.is_done(10), "{ended:?}");
    let after = sandbox.git([
        "for-each-ref",
        "--format=%(refname) %(objectname)",
        "refs/heads/docket/r1",
    ]);
    assert_eq!(before, after);
    for folder in ["mine", "other"] {
        let path = sandbox.home(folder);
        assert_eq!(
            fs::read_to_string(path.join("unsaved.txt")).ok().as_deref(),
            Some(folder)
        );
        let files = fs::read_dir(&path).expect("it is there").flatten();
        let names: Vec<_> = files.map(|file| file.file_name()).collect();
        assert!(!names.contains(&"x".into()), "{names:?}");
    }
}

#[test]
fn car_10_a_freshly_created_repository_passes_the_doctor() {
    // No commit, no configuration, no queue, and a user who never ran docket.
    let sandbox = Sandbox::of(TestRepository::named("fresh"));
    sandbox.docket(["doctor"]).exits(0);
    sandbox.docket(["init"]).exits(0);
    sandbox.docket(["doctor"]).exits(0);
    sandbox.repository().commit_all("start");
    sandbox.docket(["doctor"]).exits(0);
    sandbox.docket(["lint"]).exits(0);
}

#[test]
fn car_8_lint_and_the_runner_agree_on_every_agents_name() {
    for (name, is_known) in [
        ("shell", true),
        ("Shell", true),
        ("mine", true),
        ("MINE", true),
        ("hermes-4", false),
        ("nobody", false),
    ] {
        let sandbox = Sandbox::new();
        sandbox.agent("mine", "touch x");
        sandbox.ticket(10, &format!("agent: {name}"), "```sh\ntouch x\n```");
        let linted = sandbox.docket(["lint"]).succeeded();
        let _ran = sandbox.docket(["run"]);
        assert_eq!(
            (linted, sandbox.is_done(10)),
            (is_known, is_known),
            "{name}"
        );
    }
    // A human's own ticket is none that could run, and no error either.
    for name in ["user", "USER"] {
        let sandbox = Sandbox::new();
        sandbox.ticket(10, &format!("agent: {name}"), "Do it.");
        sandbox.docket(["lint"]).exits(0);
        sandbox.docket(["run"]).exits(4);
    }
}

#[test]
fn what_a_docket_that_was_killed_while_it_wrote_a_ticket_left_there_goes() {
    let sandbox = Sandbox::new();
    sandbox.shell(10, "", "touch x");
    // No process has the first number; this test has the second.
    let dead = sandbox.path(format!("tickets/.docket-{}-3.tmp", u32::MAX / 2));
    let live = sandbox.path(format!("tickets/.docket-{}-3.tmp", std::process::id()));
    let other = sandbox.path("tickets/.docket-notes.tmp");
    for path in [&dead, &live, &other] {
        fs::write(path, "half a tick").expect("written");
    }
    sandbox.docket(["--once"]).exits(0);
    assert!(!dead.exists() && live.exists() && other.exists());
}
