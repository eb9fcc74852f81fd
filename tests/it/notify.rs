//! Notifications by a command: one call for each thing that happened, with a document on its standard input, and never in the way.

use std::fs;

use serde_json::Value;

use crate::support::sandbox::{Sandbox, Stopwatch, until};
use crate::support::terminal::Terminal;

/// A sandbox whose user is told into a file.
fn told(extra: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let script = sandbox.home("told.sh");
    crate::support::repository::write(
        &script,
        "cat > \"$HOME/one.$$\"; mv \"$HOME/one.$$\" \"$HOME/told.$$\"\n",
    );
    sandbox.configure(&format!(
        "[notify]\ncommand = [\"sh\", \"{}\"]\n{extra}",
        script.display()
    ));
    sandbox
}

/// What was told, in the order in which it happened.
fn documents(sandbox: &Sandbox) -> Vec<Value> {
    let entries = fs::read_dir(sandbox.home("")).expect("the home").flatten();
    let told = entries.filter(|entry| {
        let name = entry.file_name();
        name.to_string_lossy().starts_with("told.") && name != "told.sh"
    });
    let mut documents: Vec<Value> = told
        .map(|entry| {
            let text = fs::read_to_string(entry.path()).expect("it is read");
            assert_eq!(text.lines().count(), 1, "{text}");
            serde_json::from_str(&text).expect("it is JSON")
        })
        .collect();
    documents.sort_by_key(|document| {
        let at = document["at"].as_i64().unwrap_or_default();
        (at, document["notice"] == "run-ended")
    });
    documents
}

fn kinds(sandbox: &Sandbox) -> Vec<String> {
    let kind = |document: &Value| document["notice"].as_str().unwrap_or_default().to_owned();
    documents(sandbox).iter().map(kind).collect()
}

#[test]
fn a_failed_ticket_a_gate_and_the_end_are_told_once() {
    let sandbox = told("");
    sandbox.shell(10, "limits: { attempts: 1 }", "exit 3");
    sandbox.docket(["run"]).exits(5);
    assert_eq!(kinds(&sandbox), ["failed", "run-ended"]);
    let documents = documents(&sandbox);
    let failed = &documents[0];
    assert_eq!(failed["version"], 1);
    assert_eq!(failed["ticket"], "tkt_000010");
    assert_eq!(failed["name"], "TICKET-010");
    assert_eq!(failed["attempt"], "TICKET-010.1");
    assert_eq!(failed["run"], "r1");
    let title = failed["title"].as_str().expect("a title");
    assert!(title.starts_with("TICKET-010 Ticket 10: "), "{title}");
    let root = fs::canonicalize(sandbox.path("")).expect("there");
    assert_eq!(failed["repository"], root.to_str().expect("UTF-8"));
    // The next run tells nothing of what was before it.
    sandbox.shell(10, "gate: review", "touch 10");
    sandbox.docket(["run"]).exits(4);
    assert_eq!(
        kinds(&sandbox),
        ["failed", "run-ended", "needs-human", "run-ended"]
    );
}

#[test]
fn a_ticket_for_a_human_is_told() {
    let sandbox = told("on = [\"needs-human\"]");
    sandbox.ticket(10, "agent: user", "Do it yourself.");
    sandbox.docket(["run"]).exits(4);
    let documents = documents(&sandbox);
    assert_eq!(documents.len(), 1, "{documents:?}");
    assert_eq!(documents[0]["name"], "TICKET-010");
}

#[test]
fn only_what_is_wanted_is_told() {
    let sandbox = told("on = [\"done\"]");
    sandbox.shell(10, "", "touch 10");
    sandbox.docket(["run"]).exits(0);
    assert_eq!(kinds(&sandbox), ["done"]);
}

#[test]
fn a_message_from_the_agent_is_told_with_its_text() {
    let sandbox = told("on = [\"needs-human\"]");
    sandbox.agent(
        "asks",
        "printf -- '---\\nmode: pause\\n---\\n# Which one?\\n\\nRed or green.\\n' > \"$DOCKET_DESK/DISPATCH.md\"; cat > /dev/null",
    );
    sandbox.ticket(10, "agent: asks", "Choose.");
    sandbox.docket(["--once"]).exits(4);
    let documents = documents(&sandbox);
    assert_eq!(documents.len(), 1, "{documents:?}");
    assert!(
        documents[0]["text"]
            .as_str()
            .expect("a text")
            .contains("Red or green")
    );
}

#[test]
fn a_command_that_hangs_is_killed_with_its_tree_and_fails_nothing() {
    let sandbox = Sandbox::new();
    sandbox.configure("[notify]\nlimit = \"200ms\"\ncommand = [\"sh\", \"-c\", \"trap '' TERM; setsid sleep 1000 & while true; do sleep 0.05; done\"]");
    sandbox.shell(10, "", "touch 10");
    let watch = Stopwatch::start();
    sandbox.docket(["run"]).exits(0);
    assert!(watch.elapsed().as_secs() < 15);
    assert!(sandbox.is_done(10) && sandbox.agents().is_empty());
    let log = fs::read_dir(sandbox.path(".docket"))
        .expect("docket's folder")
        .flatten();
    let log: String = log
        .filter(|entry| entry.file_name().to_string_lossy().contains("docket.log"))
        .filter_map(|entry| fs::read_to_string(entry.path()).ok())
        .collect();
    assert!(log.contains("notify.limit"), "{log}");
}

#[test]
fn a_command_that_is_not_there_fails_nothing() {
    let sandbox = Sandbox::new();
    sandbox.configure("[notify]\ncommand = [\"/nowhere/at/all\"]");
    sandbox.shell(10, "", "touch 10");
    sandbox.docket(["run"]).exits(0);
}

#[test]
fn the_screen_rings_and_tells_the_terminal_also_through_tmux() {
    for (tmux, wanted) in [
        ("", "\u{1b}]9;docket: r1 ended: all done\u{7}\u{7}"),
        (
            "/tmp/tmux-0/default,1,0",
            "\u{1b}Ptmux;\u{1b}\u{1b}]9;docket: r1 ended: all done\u{7}\u{1b}\\\u{7}",
        ),
    ] {
        let sandbox = Sandbox::new();
        sandbox.configure("[notify]\nbell = true\nosc = \"9\"\non = [\"run-ended\"]");
        sandbox.shell(10, "", "touch 10");
        let mut command = sandbox.command::<&str>([]);
        command.env("TMUX", tmux);
        let mut terminal = Terminal::start(&command, 100, 30);
        terminal.shows("010 Ticket 10");
        terminal.send("s");
        until("the terminal is told", || terminal.got(wanted));
        terminal.send("q");
        assert_eq!(terminal.ends(), 0);
        assert!(terminal.is_as_before());
    }
}
