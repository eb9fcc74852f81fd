//! `init` and `new`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::repository::{TestRepository, content_of};
use crate::support::sandbox::Sandbox;

/// A sandbox without a queue.
fn bare_beginning(repository: TestRepository) -> Sandbox {
    let sandbox = Sandbox::of(repository);
    fs::remove_dir(sandbox.path("tickets")).expect("an empty queue");
    sandbox
}

#[test]
fn init_makes_a_queue_that_runs_at_once() {
    let sandbox = bare_beginning(TestRepository::new());
    let made = sandbox.docket(["init"]).exits(0);
    assert!(
        made.stdout
            .contains("made tickets/TICKET-010-see-docket-work.md\nmade docket.toml\n"),
        "{}",
        made.stdout
    );
    assert!(made.stdout.contains("`docket --once`"), "{}", made.stdout);
    assert!(!sandbox.path(".docket").exists());
    sandbox
        .docket(["lint"])
        .exits(0)
        .says("0 errors, 0 warnings");
    sandbox.docket(["--once"]).exits(0);
    assert!(!sandbox.git(["status", "--porcelain"]).contains(".docket"));
}

#[test]
fn init_changes_nothing_that_is_there() {
    let sandbox = Sandbox::new();
    sandbox.shell(10, "", "true");
    sandbox.repository().write("docket.toml", "jobs = 2\n");
    sandbox.docket(["init"]).exits(0);
    let before = content_of(sandbox.repository().root(), &[]);
    let again = sandbox.docket(["init", "--json"]).exits(0).json();
    assert_eq!(before, content_of(sandbox.repository().root(), &[]));
    assert_eq!(again["schema"], 1);
    assert_eq!(again["made"], serde_json::json!([]));
    assert_eq!(again["kept"][0], "tickets (1 ticket)");
    assert_eq!(again["kept"][1], "docket.toml");
}

#[test]
fn init_says_what_is_missing_before_anything_can_run() {
    let sandbox = bare_beginning(TestRepository::unborn());
    let made = sandbox.docket(["init"]).exits(0);
    assert!(
        made.stdout.contains("main has no commit yet"),
        "{}",
        made.stdout
    );
    sandbox.git(["add", "--all"]);
    sandbox.git(["commit", "--quiet", "--message", "start"]);
    let again = sandbox.docket(["init"]).exits(0);
    assert!(!again.stdout.contains("no commit"), "{}", again.stdout);
    sandbox.docket(["--once"]).exits(0);
}

#[test]
fn init_works_without_git() {
    let sandbox = bare_beginning(TestRepository::unborn());
    fs::remove_dir_all(sandbox.path(".git")).expect("git goes");
    let made = sandbox.docket(["init", "--json"]).exits(0).json();
    assert_eq!(made["made"][1], "docket.toml");
    assert_eq!(made["made"].as_array().map(Vec::len), Some(2));
    sandbox.docket(["--once"]).exits(0);
    sandbox.docket(["ls"]).exits(0);
    assert!(sandbox.path("docket-was-here.txt").exists());
}

#[test]
fn init_takes_the_queue_of_codex_autorunner() {
    let sandbox = bare_beginning(TestRepository::new());
    sandbox.repository().write(
        ".codex-autorunner/tickets/TICKET-001.md",
        "---\nagent: codex\ndone: false\n---\n\nDo it.\n",
    );
    let made = sandbox.docket(["init", "--json"]).exits(0).json();
    assert_eq!(made["tickets"], ".codex-autorunner/tickets");
    assert_eq!(made["kept"][0], ".codex-autorunner/tickets (1 ticket)");
    assert!(!sandbox.path("tickets").exists());
}

#[test]
fn init_on_a_read_only_checkout_says_so_and_leaves_nothing() {
    let sandbox = bare_beginning(TestRepository::new());
    let root = sandbox.repository().root();
    fs::set_permissions(root, fs::Permissions::from_mode(0o555)).expect("read-only");
    // Who may do everything can't be kept out by permissions.
    let is_kept_out = fs::write(sandbox.path("probe"), "").is_err();
    if is_kept_out {
        sandbox.docket(["init"]).exits(1).says("tickets");
        assert!(!sandbox.path("docket.toml").exists());
    }
    fs::set_permissions(root, fs::Permissions::from_mode(0o755)).expect("as before");
}

#[test]
fn new_prints_a_path_that_is_right_where_it_was_called() {
    let sandbox = Sandbox::new();
    let new = sandbox.docket(["new", "Stream the body"]).exits(0);
    assert_eq!(new.stdout, "tickets/TICKET-010-stream-the-body.md\n");
    let mut command = sandbox.command(["new", "Parse: the header"]);
    command.current_dir(sandbox.path("src"));
    let new = sandbox.start_command(command).finish().exits(0);
    assert_eq!(new.stdout, "../tickets/TICKET-020-parse-the-header.md\n");
    let listed = sandbox.docket(["ls", "--json"]).exits(0).json();
    assert_eq!(listed["tickets"][1]["title"], "Parse: the header");
    sandbox.docket(["lint"]).exits(0);
    assert!(!sandbox.path(".docket").exists());
}

#[test]
fn new_fits_the_agent() {
    let sandbox = Sandbox::new();
    let agent_of = |arguments: &[&str]| {
        let new = sandbox.docket(arguments).exits(0).json();
        let path = sandbox.path(new["path"].as_str().expect("a path"));
        let text = fs::read_to_string(path).expect("the ticket");
        (new["agent"].as_str().expect("an agent").to_owned(), text)
    };
    let (agent, text) = agent_of(&["new", "a", "--json"]);
    assert_eq!(agent, "shell");
    assert!(text.contains("```sh\n"), "{text}");
    let (agent, _) = agent_of(&["new", "b", "--json", "--template", "user"]);
    assert_eq!(agent, "user");
    sandbox.agent("mine", "true");
    sandbox
        .repository()
        .write("docket.toml", "agent = \"mine\"\n");
    let (agent, text) = agent_of(&["new", "c", "--json"]);
    assert_eq!(agent, "mine");
    assert!(!text.contains("```sh\n"), "{text}");
    let (agent, _) = agent_of(&["new", "d", "--json", "--agent", "shell"]);
    assert_eq!(agent, "shell");
    let (agent, text) = agent_of(&["new", "e", "--json", "--agent", "codex"]);
    assert_eq!(agent, "codex");
    assert!(!text.contains("```sh\n"), "{text}");
    sandbox
        .docket(["new", "f", "--agent", "codx"])
        .exits(2)
        .says("did you mean `codex`?");
}

#[test]
fn new_opens_the_editor() {
    let sandbox = Sandbox::new();
    let editor = sandbox.home("an editor.sh");
    fs::write(
        &editor,
        "#!/bin/sh\n[ \"$1\" = --wait ] && echo 'More words.' >> \"$2\"\n",
    )
    .expect("the editor");
    fs::set_permissions(&editor, fs::Permissions::from_mode(0o755)).expect("executable");
    let mut command = sandbox.command(["new", "Edit me", "--edit"]);
    command
        .env("EDITOR", "false")
        .env("VISUAL", format!("'{}' --wait", editor.display()));
    let new = sandbox.start_command(command).finish().exits(0);
    let text = fs::read_to_string(sandbox.path(new.stdout.trim())).expect("the ticket");
    assert!(text.ends_with("More words.\n"), "{text}");
    let mut command = sandbox.command(["new", "Edit me too", "--edit"]);
    command.env("EDITOR", "false");
    let new = sandbox.start_command(command).finish().exits(1);
    let new = new.says("`false` ended with exit status: 1");
    assert!(
        new.stderr.contains("TICKET-020-edit-me-too.md"),
        "{}",
        new.stderr
    );
    sandbox
        .docket(["new", "x", "--edit"])
        .exits(2)
        .says("set VISUAL or EDITOR");
}

#[test]
fn new_wants_a_title_and_a_template_that_exists() {
    let sandbox = Sandbox::new();
    sandbox.docket(["new", "  "]).exits(2).says("needs a title");
    sandbox
        .docket(["new", "x", "--template", "bugg"])
        .exits(2)
        .says("'bug'");
    assert_eq!(
        fs::read_dir(sandbox.path("tickets"))
            .expect("there")
            .count(),
        0
    );
}
