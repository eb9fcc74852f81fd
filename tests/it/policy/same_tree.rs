//! The tree that was checked is the tree that is merged.

use docket::domain::attempt::Verdict;

use super::{ONCE, assert_intact, log, validations, verdicts};
use crate::support::sandbox::Sandbox;

#[test]
fn a_check_that_changes_files_is_told_and_its_changes_are_part_of_the_next_turn() {
    let sandbox = Sandbox::new();
    sandbox.agent(
        "once",
        "cat > /dev/null; test -e a.txt || echo '  a' > a.txt",
    );
    sandbox.ticket(
        10,
        "agent: once\nvalidate: [{ name: fmt, run: \"tr -d ' ' < a.txt > b; mv b a.txt; touch 'new file'\" }]",
        "Work.",
    );
    sandbox.docket(["--once"]).exits(0).says("done, proven");
    assert_eq!(verdicts(&sandbox, "fmt"), [Verdict::Pass, Verdict::Pass]);
    assert_eq!(verdicts(&sandbox, "docket same-tree"), [Verdict::Fail]);
    let log = log(&sandbox, "docket same-tree");
    assert!(log.contains("\n- a.txt\n- new file\n"), "{log}");
    assert_eq!(sandbox.git(["show", "docket/r1/main:a.txt"]), "a");
    sandbox.git(["cat-file", "-e", "docket/r1/main:new file"]);
    assert_intact(&sandbox);
}

#[test]
fn a_check_that_changes_files_every_time_never_passes() {
    let sandbox = Sandbox::new();
    sandbox.shell(
        10,
        "limits: { turns: 2, attempts: 1 }\nvalidate: [\"echo more >> log.txt\"]",
        "echo x > x",
    );
    sandbox
        .docket(["--once"])
        .exits(5)
        .says("validation failed: docket same-tree");
    assert_eq!(
        sandbox.git(["rev-parse", "docket/r1/main"]),
        sandbox.git(["rev-parse", "main"])
    );
}

#[test]
fn what_git_ignores_and_the_desk_may_change_while_checks_run() {
    let sandbox = Sandbox::new();
    sandbox.repository().write(".gitignore", "target/\n");
    sandbox.repository().commit_all("ignore");
    sandbox.shell(
        10,
        "validate: [\"mkdir -p target; echo x > target/x; echo y > .docket/y; touch README.md\"]",
        "echo x > x",
    );
    sandbox.docket(["--once"]).exits(0).says("done, proven");
    assert_eq!(validations(&sandbox).len(), 1);
}

#[test]
fn a_check_by_the_name_of_docket_s_own_can_not_answer_for_it() {
    let sandbox = Sandbox::new();
    sandbox.shell(
        10,
        &format!("{ONCE}\npaths: {{ deny: [\"x\"] }}\nvalidate: [{{ name: docket paths, run: \"true\" }}, {{ name: docket same-tree, run: \"touch new\" }}]"),
        "echo x > x",
    );
    sandbox
        .docket(["--once"])
        .exits(5)
        .says("validation failed: docket paths");
}

#[test]
fn a_process_that_goes_on_writing_after_the_turn_does_not_reach_the_merged_tree() {
    for agent in ["shell", "command"] {
        let sandbox = Sandbox::new();
        // It leaves its session and its parent, and writes without end.
        let script = "cat > /dev/null\n(setsid sh -c 'while :; do echo more >> stray.txt; done' &)\nuntil test -s stray.txt; do :; done\necho work > work.txt";
        sandbox.agent("command", script);
        let body = format!("```sh\n{script}\n```");
        sandbox.ticket(
            10,
            &format!("agent: {agent}\nvalidate:\n  - {{ name: still, run: \"one=$(wc -c < stray.txt); sleep 0.2; test $one = $(wc -c < stray.txt)\" }}"),
            &body,
        );
        sandbox.docket(["--once"]).exits(0).says("done, proven");
        assert_eq!(verdicts(&sandbox, "still"), [Verdict::Pass], "{agent}");
        assert_eq!(validations(&sandbox).len(), 1, "{agent}");
        // What was saved before the checks is what was merged, byte for byte.
        assert_eq!(
            sandbox.git(["rev-parse", "docket/r1/main:stray.txt"]),
            sandbox.git(["rev-parse", "refs/docket/autosave/TICKET-010.1/1:stray.txt"]),
            "{agent}"
        );
        assert!(sandbox.agents().is_empty(), "{agent}");
    }
}

#[test]
fn what_a_check_leaves_running_is_ended_and_seen() {
    let sandbox = Sandbox::new();
    sandbox.shell(
        10,
        &format!("{ONCE}\nvalidate: [\"(setsid sh -c 'while :; do echo more >> stray.txt; done' &); until test -s stray.txt; do :; done\"]"),
        "echo x > x",
    );
    sandbox
        .docket(["--once"])
        .exits(5)
        .says("validation failed: docket same-tree");
    assert!(log(&sandbox, "docket same-tree").contains("- stray.txt\n"));
    assert!(sandbox.agents().is_empty());
}
