//! `diff`.

use std::fs;

use super::queue::UNTIL_GO;
use crate::support::sandbox::{Sandbox, until};

/// Whether git would take the patch on the branch that the attempt began from.
fn applies(sandbox: &Sandbox, patch: &str) -> bool {
    let file = sandbox.home("a.patch");
    fs::write(&file, patch).expect("the patch is written");
    let root = sandbox.repository().root();
    let arguments = ["apply", "--check", file.to_str().expect("UTF-8")];
    sandbox
        .repository()
        .try_git_in(root, arguments)
        .status
        .success()
}

#[test]
fn a_diff_is_a_patch_that_git_takes() {
    let sandbox = Sandbox::new();
    sandbox.shell(
        10,
        "",
        "printf 'a\\0b' > binary; echo new > 'a b'; git mv src/main.rs src/lib.rs; echo more >> README.md; rm -f nothing",
    );
    sandbox.docket(["--once"]).exits(0);
    let diff = sandbox.docket(["diff", "TICKET-010"]).exits(0);
    assert!(applies(&sandbox, &diff.stdout), "{}", diff.stdout);
    assert!(!diff.stdout.contains('\u{1b}'));
    let json = sandbox.docket(["diff", "10", "--json"]).exits(0).json();
    assert_eq!(json["patch"], diff.stdout.as_str());
    assert_eq!(json["live"], false);
    assert_eq!(json["files"].as_array().map(Vec::len), Some(4), "{json:#}");
    let stat = sandbox.docket(["diff", "10", "--stat"]).exits(0).stdout;
    assert!(stat.contains("src/main.rs → src/lib.rs"), "{stat}");
    assert!(stat.contains("binary"), "{stat}");
    assert!(stat.ends_with("4 files, +2 -0\n"), "{stat}");
}

#[test]
fn each_attempt_has_its_own() {
    let sandbox = Sandbox::new();
    sandbox.configure("[limits]\nturns = 1");
    sandbox.shell(10, "validate: [\"false\"]", "basename \"$PWD\" > attempt");
    sandbox.docket(["--once"]).exits(5);
    let diff = |arguments: &[&str]| {
        sandbox
            .docket([&["diff"], arguments].concat())
            .exits(0)
            .stdout
    };
    assert!(diff(&["10"]).contains("+TICKET-010.2\n"));
    assert!(diff(&["10", "--attempt", "1"]).contains("+TICKET-010.1\n"));
    assert!(diff(&["10.1"]).contains("+TICKET-010.1\n"));
}

#[test]
fn nothing_changed_is_said() {
    let sandbox = Sandbox::new();
    sandbox.shell(10, "", "true");
    sandbox.docket(["--once"]).exits(0);
    let diff = sandbox
        .docket(["diff", "10"])
        .exits(0)
        .says("TICKET-010.1 changed no file");
    assert_eq!(diff.stdout, "");
}

#[test]
fn a_live_attempt_shows_its_worktree_as_it_is_now() {
    let sandbox = Sandbox::new();
    sandbox.agent(
        "slow",
        &format!("echo half > half.txt\ntouch \"$HOME/began\"\n{UNTIL_GO}\necho whole > whole.txt"),
    );
    sandbox.ticket(10, "agent: slow", "Work.");
    let running = sandbox.start(["run"]);
    until("the agent has begun", || sandbox.home("began").exists());
    let json = sandbox.docket(["diff", "10", "--json"]).exits(0).json();
    assert_eq!(json["live"], true);
    assert_eq!(json["files"][0]["path"], "half.txt");
    let patch = sandbox.docket(["diff", "10"]).exits(0).stdout;
    assert!(applies(&sandbox, &patch), "{patch}");
    fs::write(sandbox.home("go"), "").expect("go");
    running.finish().exits(0);
    let json = sandbox.docket(["diff", "10", "--json"]).exits(0).json();
    assert_eq!(json["live"], false);
    assert_eq!(json["files"].as_array().map(Vec::len), Some(2));
}
