//! Reviewing work on the screen: the real program on a real terminal, with a real agent's diff.

use std::fs;

use crate::support::sandbox::{Sandbox, until};
use crate::support::terminal::Terminal;

const NO_ARGUMENTS: [&str; 0] = [];

fn open(sandbox: &Sandbox) -> Terminal {
    Terminal::start(&sandbox.command(NO_ARGUMENTS), 110, 40)
}

#[test]
fn a_comment_on_a_line_reaches_the_agent_and_the_next_diff_is_shown() {
    let sandbox = Sandbox::new();
    let told = sandbox.home("told");
    sandbox.agent(
        "worker",
        &format!(
            "cat \"$DOCKET_PROMPT\" >> '{}'; echo \"it's work\" >> 'the work.txt'",
            told.display()
        ),
    );
    sandbox.configure("claim = \"exit\"");
    sandbox.ticket(
        10,
        "agent: worker\ngate: review\nvalidate: [\"true\"]",
        "Work.",
    );
    let mut terminal = open(&sandbox);
    terminal.shows("Ticket 10");
    terminal.send("s");
    terminal.shows("1 gate");
    terminal.send("d");
    terminal.shows("A the work.txt  +1 -0");
    terminal.shows("1 + it's work");
    terminal.send("jjc");
    terminal.shows("Comment on the work.txt:1");
    terminal.send("say more\r");
    terminal.shows("1 comment");
    terminal.send("N");
    terminal.shows("the work.txt:1: say more");
    terminal.send("\r");
    until("the agent was told", || {
        let told = fs::read_to_string(&told).unwrap_or_default();
        told.contains("the work.txt:1: say more\n> it's work")
    });
    terminal.shows("2 + it's work");
    terminal.shows("(sent): say more");
    terminal.shows("1 gate");
    terminal.send("a");
    terminal.shows("Approve TICKET-010?");
    // What has just come to the screen takes no yes: pressed until it does, as people would.
    until("the yes is taken", || {
        terminal.send("y");
        !terminal.screen().contains("Approve TICKET-010?")
    });
    until("it is done", || sandbox.is_done(10));
    terminal.shows("r1 done");
    terminal.send("\u{1b}");
    terminal.shows("Queue");
    terminal.send("q");
    assert_eq!(terminal.ends(), 0);
    assert!(terminal.is_as_before());
}

#[test]
fn evidence_is_verified_exported_and_compared() {
    let sandbox = Sandbox::new();
    sandbox.configure("[limits]\nturns = 1");
    sandbox.shell(10, "validate: [\"false\"]", "basename \"$PWD\" > attempt");
    sandbox.docket(["--once"]).exits(5);
    let mut terminal = open(&sandbox);
    terminal.shows("TICKET-010.2");
    terminal.send("3z");
    terminal.shows("sealed, not verified");
    terminal.shows("exit 1");
    terminal.send("jc");
    terminal.shows("is marked");
    terminal.send("jV");
    terminal.shows("TICKET-010.2 is verified");
    terminal.shows("⚿ verified");
    terminal.send("X");
    terminal.shows("TICKET-010.2.tar.zst");
    let bundle = sandbox.path("TICKET-010.2.tar.zst");
    until("the bundle is there", || bundle.exists());
    sandbox
        .docket(["evidence", "verify", "TICKET-010.2.tar.zst"])
        .exits(0);
    terminal.send("c");
    terminal.shows("Compare TICKET-010.1 with TICKET-010.2");
    terminal.shows("failed, exit 1");
    terminal.shows("- TICKET-010.1");
    terminal.shows("+ TICKET-010.2");
    terminal.send("\u{1b}");
    terminal.shows("⚿ verified");
    // Somebody changes a sealed file: it is told, by word.
    let file = sandbox.evidence_path(1, "TICKET-010.2").join("result.json");
    let mut permissions = fs::metadata(&file).expect("it is there").permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o600);
    fs::set_permissions(&file, permissions).expect("it can be written");
    fs::write(&file, "{}").expect("it is written");
    terminal.send("V");
    terminal.shows("TAMPERED");
    terminal.send("q");
    assert_eq!(terminal.ends(), 0);
}
