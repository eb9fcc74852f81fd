//! Where a run begins: from the work of the last run while the user has not gone another way.

use std::fs;

use crate::support::sandbox::Sandbox;

#[test]
fn a_run_goes_on_from_unmerged_work_and_follows_the_user_elsewhere() {
    let sandbox = Sandbox::new();
    sandbox.shell(10, "", "echo one > one.txt");
    sandbox.docket(["--once"]).exits(0);
    // The second ticket rests on the first one's work, which nobody has merged.
    sandbox.shell(
        20,
        "depends_on: [10]\n",
        "test -s one.txt; echo two > two.txt",
    );
    sandbox.docket(["--once"]).exits(0);
    let files = sandbox.git(["ls-tree", "--name-only", "docket/r2/main"]);
    assert!(
        files.contains("one.txt") && files.contains("two.txt"),
        "{files}"
    );

    // The user goes another way: the next run begins where the user is.
    fs::write(sandbox.path("mine.txt"), "mine").expect("a file");
    sandbox.git(["add", "mine.txt"]);
    sandbox.git(["commit", "-qm", "mine"]);
    sandbox.shell(
        30,
        "",
        "test -s mine.txt; test ! -e one.txt; echo three > three.txt",
    );
    sandbox.docket(["--once"]).exits(0);
    let files = sandbox.git(["ls-tree", "--name-only", "docket/r3/main"]);
    assert!(
        files.contains("mine.txt") && files.contains("three.txt"),
        "{files}"
    );
}

#[test]
fn a_rule_about_the_diff_is_held_against_what_really_changed() {
    let sandbox = Sandbox::new();
    let rules = "validate: [\"true\"]\npaths: {allow: [\"src/\"], deny: [\"**/*.lock\"]}\nlimits: {turns: 1, attempts: 1}\n";
    sandbox.shell(10, rules, "mkdir -p src; echo a > src/a.rs");
    sandbox.docket(["--once"]).exits(0);
    assert!(sandbox.is_done(10));
    sandbox.shell(20, rules, "echo b > b.rs; echo c > src/c.lock");
    sandbox.docket(["--once"]).exits(5);
    assert!(!sandbox.is_done(20));
    let log = sandbox.evidence(2, "TICKET-020.1", "validations/docket-paths.log");
    assert_eq!(log, "b.rs is not allowed\nsrc/c.lock is denied\n");
    let few = "validate: [\"true\"]\nlimits: {changed_files: 1, turns: 1, attempts: 1}\n";
    sandbox.shell(30, few, "echo 1 > 1.txt; echo 2 > 2.txt");
    sandbox.docket(["--once", "--ticket", "30"]).exits(5);
    assert!(!sandbox.is_done(30));
}

#[test]
fn a_recurring_ticket_comes_again_when_it_is_due_and_not_before() {
    let sandbox = Sandbox::new();
    let count = "echo x >> \"$HOME/count\"";
    let counted = || {
        let text = fs::read_to_string(sandbox.home("count")).unwrap_or_default();
        text.lines().count()
    };
    sandbox.shell(10, "every: 1d\n", count);
    sandbox.docket(["--once"]).exits(0);
    sandbox.docket(["--once"]).exits(3);
    assert!(sandbox.is_done(10));
    assert_eq!(counted(), 1);
    // The same, due at once.
    let soon = sandbox.text_of(10).replace("every: 1d", "every: 1ms");
    fs::write(sandbox.path("tickets/TICKET-010.md"), soon).expect("written");
    sandbox.docket(["--once"]).exits(0).says("is due again");
    assert_eq!(counted(), 2);
    assert!(sandbox.is_done(10));
    assert!(sandbox.verify().problems.is_empty());
}

#[test]
fn accepted_work_goes_on_to_the_users_branch_when_asked_to() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.path("mine.txt"), "not committed\n").expect("a file");
    sandbox.shell(10, "", "echo one > one.txt");
    sandbox.shell(
        20,
        "depends_on: [10]\n",
        "test -s one.txt; echo two > two.txt",
    );
    let done = sandbox.docket(["run", "--integrate", "current"]).exits(0);
    done.says("is merged into your branch");
    for file in ["one.txt", "two.txt", "mine.txt"] {
        assert!(sandbox.path(file).exists(), "{file}");
    }
    assert_eq!(
        sandbox.git(["rev-parse", "main"]),
        sandbox.git(["rev-parse", "docket/r1/main"])
    );
    assert!(
        sandbox
            .git(["status", "--porcelain"])
            .contains("?? mine.txt")
    );
}

#[test]
fn what_would_overwrite_the_users_work_stays_on_the_runs_branch_and_says_so() {
    let sandbox = Sandbox::new();
    sandbox.shell(10, "", "echo theirs > README.md");
    fs::write(sandbox.path("README.md"), "mine\n").expect("a file");
    let head = sandbox.git(["rev-parse", "HEAD"]);
    let done = sandbox
        .docket(["--once", "--integrate", "current"])
        .exits(4);
    done.says("can't be merged into your branch: your uncommitted changes would be overwritten: README.md");
    assert!(sandbox.is_done(10));
    assert_eq!(
        fs::read_to_string(sandbox.path("README.md"))
            .ok()
            .as_deref(),
        Some("mine\n")
    );
    assert_eq!(sandbox.git(["rev-parse", "HEAD"]), head);
    sandbox.git(["checkout", "README.md"]);
    sandbox.docket(["merge"]).exits(0);
    assert_eq!(
        fs::read_to_string(sandbox.path("README.md"))
            .ok()
            .as_deref(),
        Some("theirs\n")
    );
}
