//! The screen: the real program on a real terminal.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

use crate::support::sandbox::{Sandbox, until};
use crate::support::terminal::Terminal;

const NO_ARGUMENTS: [&str; 0] = [];

/// A ticket that runs until the file `go` is there.
const WAITS: &str = "echo it 'waits'\nwhile [ ! -e \"$OLDPWD/go\" ] && [ ! -e ../../../go ]; do sleep 0.05; done\necho it went > went.txt";

fn open(sandbox: &Sandbox, columns: u16, rows: u16) -> Terminal {
    Terminal::start(&sandbox.command(NO_ARGUMENTS), columns, rows)
}

fn two_tickets() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.shell(1, "validate: [\"true\"]", "echo first > first.txt");
    sandbox.shell(2, "validate: [\"true\"]\ndepends_on: [1]", "echo second");
    sandbox
}

#[test]
fn the_page_of_keys_is_what_the_table_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/KEYS.md");
    if std::env::var_os("DOCKET_WRITE_DOCS").is_some() {
        fs::write(&path, docket::ui::keys_document()).expect("the page is written");
    }
    let page = fs::read_to_string(&path).expect("the page is read");
    assert!(
        page == docket::ui::keys_document(),
        "docs/KEYS.md is old: run `DOCKET_WRITE_DOCS=1 cargo test --test it keys`"
    );
}

#[test]
fn a_queue_is_run_on_the_screen_and_the_terminal_is_given_back() {
    let sandbox = two_tickets();
    let mut terminal = open(&sandbox, 100, 30);
    terminal.shows("after 001");
    assert!(terminal.is_alternate());
    terminal.send("s");
    terminal.shows("2/2 done");
    terminal.shows("r1 done");
    terminal.send("q");
    assert_eq!(terminal.ends(), 0);
    assert!(terminal.is_as_before());
    assert!(sandbox.is_done(1) && sandbox.is_done(2));
}

#[test]
fn a_storm_of_sizes_leaves_a_sound_screen() {
    let sandbox = two_tickets();
    let mut terminal = open(&sandbox, 120, 40);
    terminal.shows("after 001");
    for step in 0..60u16 {
        terminal.resize(1 + step * 37 % 290, 1 + step * 13 % 90);
    }
    for (columns, rows) in [(1, 1), (40, 12), (300, 100), (80, 24)] {
        terminal.resize(columns, rows);
        terminal.wait("the screen has its size", |screen| {
            columns == 1 || (screen.contains("001 Ticket 1") && screen.contains("? help"))
        });
    }
    terminal.wait("borders are whole", |screen| {
        let lines: Vec<_> = screen.lines().collect();
        lines.len() == 24 && lines[1].starts_with('┌') && lines[22].ends_with('┘')
    });
    terminal.send("q");
    assert_eq!(terminal.ends(), 0);
    assert!(terminal.is_as_before());
}

#[test]
fn a_request_to_end_is_graceful_and_gives_the_terminal_back() {
    let sandbox = Sandbox::new();
    sandbox.shell(1, "", WAITS);
    let mut terminal = open(&sandbox, 80, 24);
    terminal.shows("001 Ticket 1");
    terminal.send("s");
    terminal.shows("it waits");
    terminal.signal(Signal::TERM);
    assert_eq!(terminal.ends(), 143);
    assert!(terminal.is_as_before());
    assert!(sandbox.agents().is_empty());
}

#[test]
fn a_dropped_line_ends_the_screen_and_not_the_run() {
    let sandbox = Sandbox::new();
    sandbox.shell(1, "validate: [\"true\"]", WAITS);
    let mut terminal = open(&sandbox, 80, 24);
    terminal.shows("001 Ticket 1");
    terminal.send("s");
    terminal.shows("it waits");
    terminal.hang_up();
    // Nobody reads what is gone: it would be read again and again.
    if cfg!(target_os = "linux") {
        let input = format!("/proc/{}/fd/0", terminal.pid());
        until("the lost terminal is let go of", || {
            fs::read_link(&input).is_ok_and(|input| input.to_string_lossy().starts_with("socket:"))
        });
    }
    fs::write(sandbox.path("go"), "").expect("the file is written");
    until("the ticket is done without a screen", || sandbox.is_done(1));
    terminal.ends();
}

#[test]
fn leaving_while_a_ticket_runs_asks_first() {
    let sandbox = Sandbox::new();
    sandbox.shell(1, "", WAITS);
    let mut terminal = open(&sandbox, 80, 24);
    terminal.shows("001 Ticket 1");
    terminal.send("s");
    terminal.shows("it waits");
    terminal.send("q");
    terminal.shows("Leave docket");
    terminal.send("n");
    terminal.wait("the question is gone", |screen| {
        !screen.contains("Leave docket")
    });
    terminal.send("qy");
    assert_eq!(terminal.ends(), 0);
    assert!(terminal.is_as_before());
    assert!(sandbox.agents().is_empty());
    assert!(!sandbox.is_done(1));
}

#[test]
fn a_shell_works_in_the_pane_and_its_keys_are_its_own() {
    let sandbox = two_tickets();
    let mut terminal = open(&sandbox, 100, 30);
    terminal.shows("after 001");
    terminal.send("t");
    terminal.shows("Ctrl-] leave");
    terminal.send("echo $((6*7)); stty size; pwd\r");
    terminal.shows("42");
    // The inside of the pane: a quarter for the evidence, a quarter for the queue, half the height.
    terminal.shows("12 47");
    // Ctrl-C is the shell's.
    terminal.send("echo be''gun; sleep 1000\r");
    terminal.shows("begun");
    terminal.send("\x03");
    terminal.shows("^C");
    terminal.send("echo still $((40+2))\r");
    terminal.shows("still 42");
    terminal.send("\x1d\x1d");
    terminal.shows("? help");
    terminal.send("t");
    terminal.shows("Ctrl-] leave");
    terminal.send("exit\r");
    terminal.shows("Enter closes");
    terminal.is_read();
    terminal.send("\r");
    terminal.wait("the pane is closed", |screen| !screen.contains("Terminal"));
    terminal.send("q");
    assert_eq!(terminal.ends(), 0);
}

#[test]
fn a_flood_in_the_pane_keeps_no_key_waiting() {
    let sandbox = two_tickets();
    let mut terminal = open(&sandbox, 100, 30);
    terminal.shows("after 001");
    terminal.send("t");
    terminal.send("yes docket\r");
    terminal.shows("│docket   ");
    terminal.send("\x1d\x1d?");
    terminal.shows("Keys (Esc closes)");
    terminal.send("\x1b");
    terminal.wait("the help is gone", |screen| !screen.contains("Esc closes"));
    terminal.send("q");
    terminal.shows("repository runs yes");
    terminal.says_yes("Leave docket");
    assert_eq!(terminal.ends(), 0);
    assert!(terminal.is_as_before());
}

#[test]
fn pasted_text_presses_no_keys() {
    let sandbox = two_tickets();
    let mut terminal = open(&sandbox, 100, 30);
    terminal.shows("after 001");
    terminal.send("\x1b[200~sq\x1b[31mqy\n\x1b[201~");
    terminal.shows("pasted text goes into a reply or a terminal");
    // A sequence that comes in two pieces is one key: the selection moves down.
    terminal.send("\x1b[");
    terminal.send("B");
    terminal.shows("TICKET-002");
    terminal.send("q");
    assert_eq!(terminal.ends(), 0);
    assert!(!sandbox.is_done(1));
}

#[test]
fn a_screen_on_which_nothing_happens_is_quiet() {
    let sandbox = two_tickets();
    let mut terminal = open(&sandbox, 100, 30);
    terminal.shows("after 001");
    terminal.is_quiet_for(Duration::from_millis(500));
    let before = terminal.bytes();
    terminal.is_quiet_for(Duration::from_millis(1500));
    // At most the time of day has changed meanwhile.
    assert!(terminal.bytes() - before < 100);
    terminal.send("q");
    assert_eq!(terminal.ends(), 0);
}

#[test]
fn it_goes_into_the_background_and_comes_back() {
    let sandbox = two_tickets();
    let docket = env!("CARGO_BIN_EXE_docket");
    let mut shell: Command = sandbox.program("/bin/sh");
    // A shell with job control: docket is a job of its own, as under every interactive shell.
    shell.args([
        "-c",
        &format!(
            "set -m; '{docket}'; echo \"stopped: $?\"; read line; fg >/dev/null; echo \"ended: $?\""
        ),
    ]);
    let mut terminal = Terminal::start(&shell, 80, 24);
    terminal.shows("after 001");
    terminal.send("\x1a");
    terminal.shows("stopped: 148");
    assert!(terminal.is_as_before());
    terminal.send("\r");
    terminal.shows("after 001");
    assert!(terminal.is_alternate());
    terminal.send("q");
    terminal.shows("ended: 0");
    assert_eq!(terminal.ends(), 0);
    assert!(terminal.is_as_before());
}

#[test]
fn a_ticket_that_is_saved_appears_at_once() {
    let sandbox = two_tickets();
    let mut terminal = open(&sandbox, 80, 24);
    terminal.shows("after 001");
    sandbox.shell(3, "", "echo third");
    terminal.shows("003 Ticket 3");
    fs::write(
        sandbox.path("tickets/TICKET-003.md"),
        "---\ndone: maybe\n---\n",
    )
    .expect("written");
    terminal.shows("broken T");
    fs::remove_file(sandbox.path("tickets/TICKET-003.md")).expect("removed");
    terminal.wait("the ticket is gone", |screen| !screen.contains("003 "));
    terminal.send("q");
    assert_eq!(terminal.ends(), 0);
}
