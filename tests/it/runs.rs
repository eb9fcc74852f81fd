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
