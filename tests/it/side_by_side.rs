//! The user works on, and starts things, while agents work.

use std::fs;

use crate::support::sandbox::{Running, Sandbox, until};

/// Two agents that work until they may end.
fn two_at_work(sandbox: &Sandbox) {
    for number in [10, 20] {
        sandbox.shell(
            number,
            "validate: [\"test -e README.md\"]",
            &format!(
                "set -e\necho begun > {number}.txt\ntouch \"$HOME/began-{number}\"\nwhile ! test -e \"$HOME/go\"; do sleep 0.02; done\necho {number} > {number}.txt\ngit status > /dev/null"
            ),
        );
    }
}

/// Runs both, and has the user do something meanwhile. Everything of the user's is as the user left it when they are done.
#[track_caller]
fn while_they_work(sandbox: &Sandbox, user: impl FnOnce(&Sandbox)) {
    two_at_work(sandbox);
    let run = sandbox.start(["run", "--jobs", "2"]);
    until("both agents work", || {
        [10, 20]
            .iter()
            .all(|number| sandbox.home(format!("began-{number}")).exists())
    });
    user(sandbox);
    let before = picture(sandbox);
    fs::write(sandbox.home("go"), "").expect("they may go on");
    run.finish().exits(0).prints("2 done");
    assert!(sandbox.is_done(10) && sandbox.is_done(20));
    assert_eq!(picture(sandbox), before, "the user's work has changed");
    assert!(sandbox.verify().problems.is_empty());
    let branch = "docket/r1/main";
    assert_eq!(sandbox.git(["show", &format!("{branch}:10.txt")]), "10");
    assert_eq!(sandbox.git(["show", &format!("{branch}:20.txt")]), "20");
    let fsck = sandbox.git(["fsck", "--no-dangling", "--no-progress"]);
    assert!(!fsck.contains("missing"), "{fsck}");
}

/// What is of the user's: files, index, branches, stashes.
fn picture(sandbox: &Sandbox) -> (String, String, String, Vec<u8>, String) {
    let references = sandbox.git(["for-each-ref", "--format=%(refname) %(objectname)"]);
    let own: Vec<&str> = references
        .lines()
        .filter(|line| !line.contains("/docket/"))
        .collect();
    (
        sandbox.git([
            "--no-optional-locks",
            "status",
            "--porcelain=v2",
            "--branch",
        ]),
        sandbox.git(["--no-optional-locks", "diff", "HEAD", "--", ":!tickets"]),
        own.join("\n"),
        fs::read(sandbox.path(".git/index")).expect("the index"),
        sandbox.git(["stash", "list"]),
    )
}

fn commit(sandbox: &Sandbox, file: &str, text: &str) {
    sandbox.repository().write(file, text);
    sandbox.git(["add", file]);
    sandbox.git(["commit", "--quiet", "--message", file]);
}

#[track_caller]
fn both_came_over(sandbox: &Sandbox) {
    for number in [10, 20] {
        let text = fs::read_to_string(sandbox.path(format!("{number}.txt")));
        assert_eq!(text.expect("it came over"), format!("{number}\n"));
    }
}

#[test]
fn the_user_edits_stages_and_commits() {
    let sandbox = Sandbox::new();
    while_they_work(&sandbox, |sandbox| {
        commit(sandbox, "mine.txt", "mine\n");
        sandbox.repository().write("staged.txt", "staged\n");
        sandbox.git(["add", "staged.txt"]);
        sandbox
            .repository()
            .write("src/main.rs", "fn main() { mine(); }\n");
        sandbox
            .repository()
            .write("10.txt", "the user's, not tracked\n");
    });
    // What the merge would overwrite, and what would slip into its commit, is said; then it goes.
    sandbox.docket(["merge"]).exits(4).says("10.txt");
    fs::remove_file(sandbox.path("10.txt")).expect("out of the way");
    sandbox.docket(["merge"]).exits(4).says("staged.txt");
    sandbox.git(["commit", "--quiet", "--message", "staged"]);
    sandbox.docket(["merge"]).exits(0);
    both_came_over(&sandbox);
    let main = fs::read_to_string(sandbox.path("src/main.rs")).expect("there");
    assert_eq!(main, "fn main() { mine(); }\n", "still not committed");
    assert_eq!(sandbox.git(["show", "HEAD:mine.txt"]), "mine");
}

#[test]
fn the_user_changes_the_same_file_as_an_agent() {
    let sandbox = Sandbox::new();
    while_they_work(&sandbox, |sandbox| {
        commit(sandbox, "10.txt", "the user's\n");
    });
    let before = picture(&sandbox);
    sandbox
        .docket(["merge"])
        .exits(4)
        .says("git merge docket/r1/main");
    assert_eq!(picture(&sandbox), before);
    assert!(!sandbox.path(".git/MERGE_HEAD").exists());
}

#[test]
fn the_user_switches_branches() {
    let sandbox = Sandbox::new();
    while_they_work(&sandbox, |sandbox| {
        sandbox.git(["switch", "--quiet", "--create", "topic"]);
        commit(sandbox, "topic.txt", "topic\n");
        sandbox.git(["switch", "--quiet", "--orphan", "bare"]);
        sandbox.git(["switch", "--quiet", "topic"]);
        sandbox.git(["branch", "--quiet", "--force", "main", "topic"]);
        sandbox.git(["branch", "--move", "main", "trunk"]);
    });
    // It comes to where the user is now.
    sandbox.docket(["merge"]).exits(0);
    both_came_over(&sandbox);
    assert_eq!(sandbox.git(["rev-parse", "--abbrev-ref", "HEAD"]), "topic");
    assert_eq!(
        sandbox.git(["ls-tree", "--name-only", "trunk", "10.txt"]),
        ""
    );
}

#[test]
fn the_user_rebases_and_rewrites_what_the_run_began_with() {
    let sandbox = Sandbox::new();
    commit(&sandbox, "second.txt", "second\n");
    while_they_work(&sandbox, |sandbox| {
        sandbox.git(["switch", "--quiet", "--create", "other", "HEAD~1"]);
        commit(sandbox, "other.txt", "other\n");
        sandbox.git(["switch", "--quiet", "main"]);
        sandbox.git(["rebase", "--quiet", "other"]);
        sandbox.git([
            "commit",
            "--quiet",
            "--amend",
            "--message",
            "second, rewritten",
        ]);
    });
    sandbox.docket(["merge"]).exits(0);
    both_came_over(&sandbox);
    assert!(sandbox.path("other.txt").exists() && sandbox.path("second.txt").exists());
    assert_eq!(
        sandbox.git(["status", "--porcelain", "--", ":!tickets"]),
        ""
    );
}

#[test]
fn the_user_is_in_the_middle_of_a_rebase() {
    let sandbox = Sandbox::new();
    while_they_work(&sandbox, |sandbox| {
        sandbox.git(["switch", "--quiet", "--create", "other"]);
        commit(sandbox, "README.md", "# Other\n");
        sandbox.git(["switch", "--quiet", "main"]);
        commit(sandbox, "README.md", "# Mine\n");
        let root = sandbox.repository().root().to_owned();
        let rebased = sandbox
            .repository()
            .try_git_in(&root, ["rebase", "--quiet", "other"]);
        assert!(!rebased.status.success());
    });
    sandbox.docket(["merge"]).exits(4);
    sandbox.git(["rebase", "--abort"]);
    sandbox.docket(["merge"]).exits(0);
    both_came_over(&sandbox);
}

#[test]
fn the_user_stashes() {
    let sandbox = Sandbox::new();
    sandbox
        .repository()
        .write("README.md", "# Before the run\n");
    while_they_work(&sandbox, |sandbox| {
        sandbox.git(["stash", "push", "--quiet", "--", "README.md"]);
        sandbox
            .repository()
            .write("src/main.rs", "fn main() { later(); }\n");
    });
    assert_eq!(sandbox.git(["stash", "list"]).lines().count(), 1);
    sandbox.docket(["merge"]).exits(0);
    both_came_over(&sandbox);
    sandbox.git(["stash", "pop", "--quiet"]);
    let text = fs::read_to_string(sandbox.path("README.md")).expect("there");
    assert_eq!(text, "# Before the run\n");
}

#[test]
fn the_user_cleans_up_the_repository() {
    let sandbox = Sandbox::new();
    while_they_work(&sandbox, |sandbox| {
        sandbox.git(["worktree", "prune", "--expire=now"]);
        sandbox.git(["reflog", "expire", "--expire=now", "--all"]);
        sandbox.git(["gc", "--quiet", "--prune=now"]);
        sandbox.git(["pack-refs", "--all", "--prune"]);
        sandbox.git([
            "clean",
            "--quiet",
            "--force",
            "-d",
            "--",
            "src",
            "README.md",
        ]);
        sandbox.git(["repack", "-adq"]);
        sandbox.git(["prune", "--expire=now"]);
    });
    sandbox.git(["gc", "--quiet", "--prune=now"]);
    sandbox.docket(["rewind", "10", "--turn", "1"]).exits(0);
    sandbox.docket(["merge"]).exits(0);
    both_came_over(&sandbox);
}

#[test]
fn two_runners_at_the_same_instant() {
    let sandbox = Sandbox::new();
    for number in [10, 20] {
        sandbox.shell(
            number,
            "",
            &format!(
                "echo \"$DOCKET_ATTEMPT\" >> \"$HOME/ran-{number}\"\nwhile ! test -e \"$HOME/go\"; do sleep 0.02; done\necho {number} > {number}.txt"
            ),
        );
    }
    let mut runners: Vec<_> = (0..4)
        .map(|_| sandbox.start(["run", "--jobs", "2"]))
        .collect();
    until("all but one gave up", || {
        let living = runners.iter_mut().map(Running::lives);
        living.filter(|lives| *lives).count() == 1
    });
    let owner = runners.iter_mut().position(Running::lives);
    let owner = runners.swap_remove(owner.expect("one goes on"));
    let who = format!("another docket is running here (pid {}", owner.pid());
    for loser in runners {
        loser.finish().exits(7).says(&who);
    }
    fs::write(sandbox.home("go"), "").expect("the agents may go on");
    owner.finish().exits(0).prints("2 done");
    for number in [10, 20] {
        let ran = fs::read_to_string(sandbox.home(format!("ran-{number}"))).expect("it ran");
        assert_eq!(ran.lines().count(), 1, "{ran}");
    }
    assert!(sandbox.verify().problems.is_empty());
    let runs = sandbox
        .kinds()
        .iter()
        .filter(|kind| *kind == "run_started")
        .count();
    assert_eq!(runs, 1);
}
