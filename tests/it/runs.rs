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
fn settings_that_nobody_acts_on_are_refused_in_words() {
    let sandbox = Sandbox::new();
    sandbox.shell(10, "", "true");
    sandbox
        .docket(["--once", "--integrate", "current"])
        .exits(2)
        .says("`integrate = \"current\"` is not there yet");
    assert!(!sandbox.is_done(10));
}
