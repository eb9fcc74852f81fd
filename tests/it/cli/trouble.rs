//! Bad places and bad words: a message that says what to do, the exit code of the table, nothing on standard output.

use std::fs;

use crate::support::repository::TestRepository;
use crate::support::sandbox::Sandbox;

#[test]
fn a_bare_repository_has_nothing_to_work_on() {
    let sandbox = Sandbox::new();
    let bare = sandbox.repository().beside("bare.git");
    sandbox.git([
        "clone",
        "--quiet",
        "--bare",
        ".",
        bare.to_str().expect("UTF-8"),
    ]);
    for command in ["ls", "status", "init", "lint"] {
        let mut command = sandbox.command([command]);
        command.current_dir(&bare);
        let refused = sandbox.start_command(command).finish().exits(2);
        assert_eq!(refused.says("is a bare repository").stdout, "");
    }
}

#[test]
fn outside_git_looking_works_and_running_says_what_to_do() {
    let sandbox = Sandbox::of(TestRepository::unborn());
    fs::remove_dir_all(sandbox.path(".git")).expect("git goes");
    sandbox.shell(10, "", "true");
    let list = sandbox.docket(["ls", "--json"]).exits(0).json();
    assert_eq!(list["tickets"][0]["mark"], "ready");
    sandbox.docket(["status"]).exits(0);
    sandbox
        .docket(["--once"])
        .exits(2)
        .says("isolation = \"none\"");
    sandbox
        .repository()
        .write("docket.toml", "isolation = \"none\"\n");
    sandbox.docket(["--once"]).exits(0);
    sandbox
        .docket(["diff", "10"])
        .exits(0)
        .says("changed no file");
    sandbox.docket(["evidence", "verify"]).exits(0);
}

#[test]
fn a_broken_configuration_is_refused_with_its_place() {
    let sandbox = Sandbox::new();
    sandbox.shell(10, "", "true");
    sandbox
        .repository()
        .write("docket.toml", "jobs = 1\njobbs = 2\n");
    for command in [
        &["ls"][..],
        &["status"],
        &["show", "10"],
        &["config"],
        &["new", "x"],
    ] {
        let refused = sandbox.docket(command).exits(2);
        let refused = refused.says("docket.toml:2:1").says("did you mean `jobs`?");
        assert_eq!(refused.stdout, "");
    }
}

#[test]
fn a_missing_queue_is_said_with_what_to_do() {
    let sandbox = Sandbox::new();
    fs::remove_dir(sandbox.path("tickets")).expect("an empty queue");
    for command in [&["ls"][..], &["run"], &["--once"]] {
        sandbox.docket(command).exits(2).says("run `docket init`");
    }
    let status = sandbox.docket(["status"]).exits(0).stdout;
    assert!(status.contains("`docket init` makes it"), "{status}");
    fs::create_dir(sandbox.path("tickets")).expect("a queue");
    sandbox.docket(["ls"]).exits(0).says("`docket new");
}

#[test]
fn unknown_words_get_a_hint() {
    let sandbox = Sandbox::new();
    sandbox.docket(["lss"]).exits(2).says("'ls'");
    sandbox.docket(["ls", "--al"]).exits(2).says("--all");
    sandbox
        .docket(["--once", "--ticket", "5"])
        .exits(2)
        .says("no ticket `5`");
    sandbox
        .docket(["-C", "/nowhere", "ls"])
        .exits(2)
        .says("/nowhere");
}

#[test]
fn commands_work_from_below_and_from_elsewhere() {
    let sandbox = Sandbox::new();
    sandbox.shell(10, "", "true");
    let mut below = sandbox.command(["ls", "--json"]);
    below.current_dir(sandbox.path("src"));
    let below = sandbox.start_command(below).finish().exits(0).json();
    let root = sandbox.repository().root().to_str().expect("UTF-8");
    let mut elsewhere = sandbox.command(["-C", root, "ls", "--json"]);
    elsewhere.current_dir(sandbox.home(""));
    let elsewhere = sandbox.start_command(elsewhere).finish().exits(0).json();
    assert_eq!(below, elsewhere);
    assert_eq!(below["tickets"][0]["path"], "tickets/TICKET-010.md");
}

#[test]
fn ten_thousand_tickets_are_listed_whole() {
    let sandbox = Sandbox::new();
    for number in 1..=10_000 {
        let text = format!(
            "---\nticket_id: tkt_{number:06}\nagent: shell\ndone: {}\ntitle: Number {number}\n---\n",
            number % 2 == 0
        );
        sandbox
            .repository()
            .write(format!("tickets/TICKET-{number:05}.md"), text);
    }
    let list = sandbox.docket(["ls", "--all", "--json"]).exits(0).json();
    assert_eq!(list["tickets"].as_array().map(Vec::len), Some(10_000));
    assert_eq!(list["counts"]["done"], 5_000);
    let text = sandbox
        .docket(["ls"])
        .exits(0)
        .says("5000 done before")
        .stdout;
    assert_eq!(text.lines().count(), 5_000);
}
