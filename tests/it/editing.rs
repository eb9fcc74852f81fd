//! Editing: `docket edit`, the editor on the screen, and the user's own editor that gets the terminal.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use docket::domain::queue::Queue;
use docket::domain::ticket::KnownNames;
use docket::tickets::{lint, load};
use rustix::process::Signal;

use crate::support::sandbox::{Sandbox, until};
use crate::support::terminal::Terminal;

const NO_ARGUMENTS: [&str; 0] = [];

/// A program of the user's: a script under this name in their home.
fn script(sandbox: &Sandbox, name: &str, text: &str) -> PathBuf {
    let path = sandbox.home(name);
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("the script");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("executable");
    path
}

fn with_editor(sandbox: &Sandbox, arguments: &[&str], editor: &str) -> Command {
    let mut command = sandbox.command(arguments);
    command.env("EDITOR", editor);
    command
}

/// The screen with one ticket, and this editor.
fn screen(sandbox: &Sandbox, editor: &str) -> Terminal {
    sandbox.shell(1, "validate: [\"true\"]", "echo first");
    let mut command = sandbox.command(NO_ARGUMENTS);
    command.env("EDITOR", editor);
    let terminal = Terminal::start(&command, 100, 30);
    terminal.shows("001 Ticket 1");
    terminal
}

#[test]
fn edit_opens_the_ticket_at_its_first_problem_and_lints_it_afterwards() {
    let sandbox = Sandbox::new();
    sandbox.shell(1, "", "true");
    let vi = script(
        &sandbox,
        "vi",
        "echo \"$1\" >> \"$HOME/lines\"\nfor file do :; done\nsed -i.bak \"$CHANGE\" \"$file\"\nrm -f \"$file.bak\"",
    );
    let vi = vi.to_str().expect("UTF-8");
    let edit = |change: &str| {
        let mut command = with_editor(&sandbox, &["edit", "1"], vi);
        command.env("CHANGE", change);
        sandbox.start_command(command).finish()
    };
    edit("s/done: false/done: maybe/")
        .exits(2)
        .prints("tickets/TICKET-001.md:3:7: error T022");
    let sound = edit("s/done: maybe/done: false/").exits(0);
    assert_eq!(sound.stdout, "");
    let lines = fs::read_to_string(sandbox.home("lines")).expect("what it was called with");
    let ticket = sandbox.path("tickets/TICKET-001.md");
    assert_eq!(lines, format!("{}\n+3\n", ticket.display()));
    // Problems with other tickets count too.
    edit("s/done: false/done: false\\ndepends_on: [9]/")
        .exits(2)
        .prints("error T053");
}

#[test]
fn edit_says_what_went_wrong() {
    let sandbox = Sandbox::new();
    sandbox.shell(1, "", "true");
    let run = |arguments: &[&str], editor: &str| {
        let command = with_editor(&sandbox, arguments, editor);
        sandbox.start_command(command).finish()
    };
    run(&["edit", "1"], "")
        .exits(2)
        .says("set VISUAL or EDITOR");
    run(&["edit", "1"], "nonesuch")
        .exits(1)
        .says("there is no `nonesuch`: set VISUAL or EDITOR");
    run(&["edit", "1"], "false").exits(1).says("TICKET-001.md");
    run(&["edit", "7"], "true").exits(2);
    run(&["edit"], "true").exits(2);
    run(&["edit", "1", "--note", "spec.md"], "true").exits(2);
    run(&["edit", "1"], "rm").exits(0).says("is gone");
}

#[test]
fn edit_begins_notes() {
    let sandbox = Sandbox::new();
    let editor = script(&sandbox, "editor", "echo words >> \"$1\"");
    let run = |name: &str| {
        let editor = editor.to_str().expect("UTF-8");
        let command = with_editor(&sandbox, &["edit", "--note", name], editor);
        sandbox.start_command(command).finish()
    };
    run("decisions").exits(0);
    run("decisions.md").exits(0);
    let note = sandbox.path(".docket/context/decisions.md");
    assert_eq!(fs::read_to_string(note).expect("a note"), "words\nwords\n");
    run("../x").exits(2).says("a note");
    run("a/b").exits(2).says("one folder");
}

#[test]
fn the_users_editor_has_the_terminal_to_itself_and_gives_it_back() {
    let sandbox = Sandbox::new();
    let editor = script(
        &sandbox,
        "editor",
        "stty -a > \"$HOME/modes\"\nprintf 'title? '\nread -r title\nsed -i.bak \"s/title: .*/title: $title/\" \"$1\"\nrm -f \"$1.bak\"",
    );
    let mut terminal = screen(&sandbox, editor.to_str().expect("UTF-8"));
    terminal.send("E");
    terminal.shows("title? ");
    assert!(terminal.is_as_before());
    terminal.send("quite another\r");
    terminal.shows("001 quite another");
    assert!(terminal.is_alternate());
    let modes = fs::read_to_string(sandbox.home("modes")).expect("the modes");
    for mode in ["icanon", "echo", "isig", "icrnl", "opost"] {
        let is_on = modes.split([' ', ';', '\n']).any(|word| word == mode);
        assert!(is_on, "{mode} is off:\n{modes}");
    }
    // Keys are docket's again.
    terminal.send("?");
    terminal.shows("Keys (Esc closes)");
    terminal.send("\x1b");
    terminal.wait("the help is gone", |screen| !screen.contains("Esc closes"));
    terminal.send("q");
    assert_eq!(terminal.ends(), 0);
    assert!(terminal.is_as_before());
}

#[test]
fn an_editor_that_is_missing_or_dies_leaves_a_sound_screen() {
    let sandbox = Sandbox::new();
    let mut terminal = screen(&sandbox, "nonesuch");
    terminal.send("E");
    terminal.shows("there is no `nonesuch`: set VISUAL or EDITOR");
    terminal.send("q");
    assert_eq!(terminal.ends(), 0);
    assert!(terminal.is_as_before());

    let sandbox = Sandbox::new();
    let editor = script(&sandbox, "editor", "stty raw -echo\nkill -9 $$");
    let mut terminal = screen(&sandbox, editor.to_str().expect("UTF-8"));
    terminal.send("E");
    terminal.shows("ended with");
    terminal.send("q");
    assert_eq!(terminal.ends(), 0);
    assert!(terminal.is_as_before());
}

#[test]
fn a_request_to_end_reaches_the_users_editor_too() {
    let sandbox = Sandbox::new();
    let editor = script(
        &sandbox,
        "editor",
        "trap 'echo asked > \"$HOME/asked\"; exit 1' TERM\necho it has 'begun'\nwhile :; do sleep 0.05; done",
    );
    let mut terminal = screen(&sandbox, editor.to_str().expect("UTF-8"));
    terminal.send("E");
    terminal.shows("it has begun");
    terminal.signal(Signal::TERM);
    assert_eq!(terminal.ends(), 143);
    assert!(terminal.is_as_before());
    until("the editor was asked to end", || {
        sandbox.home("asked").exists()
    });
}

#[test]
fn a_ticket_is_edited_on_the_screen_and_never_written_over_unseen() {
    let sandbox = Sandbox::new();
    let mut terminal = screen(&sandbox, "true");
    terminal.send("e");
    terminal.shows("TICKET-001.md");
    terminal.shows("Ctrl-s save");
    // To the title, and its end.
    terminal.send("\x1b[B\x1b[B\x1b[B\x1b[F");
    terminal.send(" of many");
    terminal.shows("not saved");
    terminal.send("\x13");
    terminal.shows("TICKET-001.md is saved");
    assert!(sandbox.text_of(1).contains("title: Ticket 1 of many\n"));
    // Somebody else writes: what is clean follows, what is not stays and says so.
    let theirs = sandbox.text_of(1).replace("of many", "of theirs");
    fs::write(sandbox.path("tickets/TICKET-001.md"), &theirs).expect("written");
    terminal.shows("title: Ticket 1 of theirs");
    terminal.send("\x1b[F!");
    terminal.shows("not saved");
    let again = theirs.replace("of theirs", "of nobody");
    fs::write(sandbox.path("tickets/TICKET-001.md"), &again).expect("written");
    terminal.shows("somebody else wrote this file");
    terminal.send("\x13");
    terminal.shows("+title: Ticket 1 of nobody");
    assert_eq!(sandbox.text_of(1), again);
    terminal.send("o");
    terminal.shows("TICKET-001.md is saved");
    assert!(sandbox.text_of(1).contains("theirs!\n"));
    terminal.send("\x1b");
    // The panes are there again.
    terminal.shows("Evidence");
    terminal.send("q");
    assert_eq!(terminal.ends(), 0);
    assert!(terminal.is_as_before());
}

#[test]
fn a_text_that_is_not_saved_outlives_a_dropped_line() {
    let sandbox = Sandbox::new();
    let mut terminal = screen(&sandbox, "true");
    terminal.send("e");
    terminal.shows("Ctrl-s save");
    terminal.send("precious words");
    terminal.shows("precious words");
    terminal.hang_up();
    terminal.ends();
    let draft = sandbox.path(".docket/drafts/TICKET-001.1.md");
    let draft = fs::read_to_string(draft).expect("a draft");
    assert!(draft.starts_with("precious words---\n"), "{draft}");
    assert!(!sandbox.text_of(1).contains("precious"));
}

#[test]
fn lint_says_the_same_of_a_text_as_of_its_file() {
    let sandbox = Sandbox::new();
    sandbox.ticket(1, "agent: nobody\ndepends_on: [2, 9]", "x");
    sandbox.ticket(2, "agent: codex\ndepends_on: [1]", "x");
    sandbox.ticket(3, "agent: codex\npolicy: strickt", "x");
    let twin = "---\nagent: codex\ndone: maybe\n---\n";
    fs::write(sandbox.path("tickets/TICKET-003-b.md"), twin).expect("a ticket");
    let (root, folder) = (sandbox.path(""), sandbox.path("tickets"));
    let known = KnownNames {
        agents: ["codex".parse().expect("a name")].into(),
        policies: Some(["strict".parse().expect("a name")].into()),
    };
    let scan = load::scan(&root, &folder);
    let queue = Queue::new(scan.entries.iter().cloned());
    let whole = lint::lint(&root, &scan, Some(&known));
    let mut count = 0;
    for entry in &scan.entries {
        let text = fs::read(root.join(&entry.path)).expect("a ticket");
        let of_text = lint::lint_text(&queue, &entry.path, &text, Some(&known));
        let of_file = whole.findings.iter();
        let mut of_file: Vec<_> = of_file
            .filter(|finding| finding.path == entry.path)
            .map(|finding| finding.problem.clone())
            .collect();
        of_file.sort_by_key(|problem| (problem.place, problem.code));
        assert_eq!(of_text, of_file, "{}", entry.path.display());
        count += of_text.len();
    }
    assert!(count >= 8, "{:?}", whole.findings);
}
