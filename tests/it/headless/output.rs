//! What scripts read: JSON documents and streams, plain lines, and pipes that nobody reads.

use std::fs::File;
use std::process::Stdio;

use serde_json::json;

use crate::support::sandbox::{Sandbox, until};

#[test]
fn once_prints_one_document() {
    let sandbox = Sandbox::new();
    sandbox.shell(
        10,
        "validate: [{ name: x is there, run: test -e x }]",
        "touch x",
    );
    let ended = sandbox.docket(["--once", "--json"]).exits(0);
    assert_eq!(ended.stderr, "", "nothing but the result");
    let document = ended.json();
    assert_eq!(document["schema"], 1);
    assert_eq!(document["exit"], 0);
    assert_eq!(document["outcome"], json!({ "run": "done" }));
    assert_eq!(document["run"], "r1");
    assert_eq!(document["branch"], "docket/r1/main");
    let tickets = document["tickets"].as_array().expect("a list");
    assert_eq!(tickets.len(), 1);
    let ticket = &tickets[0];
    assert_eq!(ticket["id"], "tkt_000010");
    assert_eq!(ticket["name"], "TICKET-010");
    assert_eq!(ticket["title"], "Ticket 10");
    assert_eq!(ticket["proof"], "proven");
    assert_eq!(
        ticket["outcome"],
        json!({ "outcome": "done", "proof": "proven" })
    );
    assert_eq!(ticket["validations"][0]["name"], "x is there");
    assert_eq!(ticket["validations"][0]["verdict"], "pass");
    assert!(document.get("trouble").is_none() && document.get("reasons").is_none());
}

#[test]
fn the_document_says_how_it_failed_and_why_nothing_ran() {
    let sandbox = Sandbox::new();
    let document = sandbox.docket(["--once", "--json"]).exits(3).json();
    assert_eq!(document["outcome"], json!({ "run": "nothing_ready" }));
    assert_eq!(document["tickets"], json!([]));
    sandbox.shell(
        10,
        "limits: { turns: 1, attempts: 1 }\nvalidate: [\"false\"]",
        "true",
    );
    let document = sandbox.docket(["--once", "--json"]).exits(5).json();
    assert_eq!(document["exit"], 5);
    assert_eq!(
        document["tickets"][0]["outcome"],
        json!({ "outcome": "failed", "failure": { "failure": "validation", "names": ["false"] } })
    );
    assert_eq!(document["tickets"][0]["proof"], json!(null));
    sandbox.ticket(10, "agent: user", "Decide.");
    let document = sandbox.docket(["--once", "--json"]).exits(4).json();
    assert_eq!(
        document["tickets"][0]["outcome"],
        json!({ "outcome": "needs_human", "need": { "need": "user_task" } })
    );
    sandbox.shell(10, "depends_on: [99]", "true");
    let document = sandbox.docket(["--once", "--json"]).exits(3).json();
    let reason = document["reasons"][0].as_str().expect("a reason");
    assert!(
        reason.starts_with("TICKET-010: ") && reason.contains("99"),
        "{reason}"
    );
}

#[test]
fn a_run_is_a_stream_of_what_the_ledger_holds() {
    let sandbox = Sandbox::new();
    sandbox.shell(10, "", "touch 10");
    sandbox.shell(20, "", "touch 20");
    let ended = sandbox.docket(["run", "--json"]).exits(0);
    assert_eq!(ended.stderr, "");
    let lines = ended.json_lines();
    let (end, events) = lines.split_last().expect("lines");
    assert_eq!(
        *end,
        json!({ "type": "end", "schema": 1, "exit": 0, "outcome": { "run": "done" } })
    );
    for (index, line) in events.iter().enumerate() {
        assert_eq!(line["type"], "event");
        assert_eq!(line["schema"], 1);
        assert_eq!(line["run"], "r1");
        assert_eq!(line["seq"], index + 1, "nothing is missing");
        assert!(line["at"].as_u64() > Some(1_600_000_000_000));
    }
    let stored: Vec<_> = sandbox
        .events()
        .iter()
        .map(|event| serde_json::to_value(event).expect("JSON"))
        .collect();
    let told: Vec<_> = events.iter().map(|line| line["event"].clone()).collect();
    assert_eq!(told, stored);
}

#[test]
fn words_for_people_go_to_standard_error_and_one_line_of_result_to_standard_output() {
    let sandbox = Sandbox::new();
    sandbox.shell(10, "validate: [\"true\"]", "echo chatter of the agent");
    let ended = sandbox.docket(["run"]).exits(0);
    assert_eq!(ended.stdout, "r1: done (1 done, 0 failed, 0 waiting)\n");
    let lines: Vec<_> = ended.stderr.lines().collect();
    assert_eq!(lines[0], "run on docket/r1/main");
    assert_eq!(lines[1], "TICKET-010 Ticket 10");
    assert_eq!(lines[2], "TICKET-010.1 turn 1");
    assert!(
        lines[3].starts_with("TICKET-010.1 pass true ("),
        "{lines:?}"
    );
    assert_eq!(lines[4], "TICKET-010.1 done, proven");
    assert_eq!(lines.len(), 5);
    assert!(
        !ended.stderr.contains('\u{1b}'),
        "no control characters into a file"
    );
}

#[test]
fn a_reader_that_goes_away_ends_nothing() {
    let sandbox = Sandbox::new();
    for number in [10, 20] {
        sandbox.shell(number, "", "touch \"$DOCKET_RUN\"");
    }
    let mut command = sandbox.command(["run", "--json"]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("docket starts");
    drop(child.stdout.take());
    drop(child.stderr.take());
    let mut status = None;
    until("docket ends", || {
        status = child.try_wait().expect("known");
        status.is_some()
    });
    assert_eq!(status.and_then(|status| status.code()), Some(0));
    assert!(sandbox.is_done(10) && sandbox.is_done(20));
}

#[test]
fn a_result_that_can_not_be_written_is_an_error_and_no_ticket_is_lost() {
    let Ok(full) = File::options().write(true).open("/dev/full") else {
        return;
    };
    let sandbox = Sandbox::new();
    sandbox.shell(10, "", "touch x");
    let mut command = sandbox.command(["run", "--json"]);
    let mut child = command
        .stdout(full)
        .stderr(Stdio::null())
        .spawn()
        .expect("docket starts");
    let mut status = None;
    until("docket ends", || {
        status = child.try_wait().expect("known");
        status.is_some()
    });
    assert_eq!(status.and_then(|status| status.code()), Some(1));
    assert!(sandbox.agents().is_empty());
    let kinds = sandbox.kinds();
    let count = |wanted: &str| kinds.iter().filter(|kind| *kind == wanted).count();
    assert_eq!(
        count("attempt_started"),
        count("attempt_finished"),
        "{kinds:?}"
    );
    assert_eq!(count("run_started"), count("run_finished"), "{kinds:?}");
}
