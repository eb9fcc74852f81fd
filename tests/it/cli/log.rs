//! `log`.

use std::fs;

use super::queue::UNTIL_GO;
use crate::support::sandbox::{Sandbox, until};

#[test]
fn a_transcript_is_text_for_people_and_lines_for_programs() {
    let sandbox = Sandbox::new();
    sandbox.shell(
        10,
        "limits: { turns: 2, attempts: 1 }\nvalidate: [\"test $(cat n) = 2\"]",
        "echo \"$DOCKET_TURN\" > n; echo \"turn $DOCKET_TURN\"",
    );
    sandbox.docket(["--once"]).exits(0);
    let log = sandbox
        .docket(["log", "10"])
        .exits(0)
        .says("TICKET-010.1 done, proven");
    let (first, second) = log.stdout.split_once("── turn 2 ──\n").expect("two turns");
    assert!(first.starts_with("── turn 1 ──\n$ echo"), "{first}");
    assert!(first.ends_with("  turn 1\n"), "{first}");
    assert!(second.ends_with("  turn 2\n"), "{second}");
    let lines = sandbox
        .docket(["log", "10", "--json"])
        .exits(0)
        .json_lines();
    assert!(
        lines
            .iter()
            .all(|line| line["schema"] == 1 && line["attempt"] == "TICKET-010.1")
    );
    assert_eq!(lines[0]["type"], "entry");
    assert_eq!(lines[0]["item"]["type"], "tool_call");
    let end = lines.last().expect("an end");
    assert_eq!(
        (&end["type"], &end["outcome"]["outcome"]),
        (&"end".into(), &"done".into())
    );
    let raw = sandbox.docket(["log", "10", "--raw"]).exits(0);
    assert_eq!(raw.stdout, sandbox.evidence(1, "TICKET-010.1", "raw.jsonl"));
}

#[test]
fn what_goes_elsewhere_is_as_it_was_said() {
    let sandbox = Sandbox::new();
    sandbox.shell(10, "", "printf '\\033[31mred\\033[0m\\n'");
    sandbox.docket(["--once"]).exits(0);
    let log = sandbox.docket(["log", "10"]).exits(0);
    assert!(log.stdout.contains("\u{1b}[31mred"), "{:?}", log.stdout);
}

#[test]
fn following_goes_through_every_attempt_of_the_step_and_ends() {
    let sandbox = Sandbox::new();
    sandbox.agent(
        "slow",
        &format!("echo \"begin $PWD\"\n{UNTIL_GO}\nrm \"$HOME/go\"\ntouch x\necho end"),
    );
    sandbox.ticket(
        10,
        "agent: slow\nlimits: { attempts: 2, turns: 1 }\nvalidate: [\"false\"]",
        "Work.",
    );
    let running = sandbox.start(["run"]);
    // May be called before the first attempt began.
    until("the runner lives", || {
        sandbox.path(".docket/runner.lock").exists()
    });
    let follow = sandbox.start(["log", "10", "--follow"]);
    let follow_json = sandbox.start(["log", "10", "--follow", "--json"]);
    for attempt in ["TICKET-010.1", "TICKET-010.2"] {
        until("the agent waits", || {
            let transcript = sandbox.evidence_path(1, attempt).join("transcript.jsonl");
            fs::read_to_string(transcript).is_ok_and(|text| text.contains("begin"))
        });
        fs::write(sandbox.home("go"), "").expect("go");
    }
    running.finish().exits(5);
    let text = follow.finish().exits(0).stdout;
    assert_eq!(text.matches("begin").count(), 2, "{text}");
    assert_eq!(text.matches("\nend\n").count(), 2, "{text}");
    assert!(
        text.contains("TICKET-010.1\n") && text.contains("TICKET-010.2\n"),
        "{text}"
    );
    let lines = follow_json.finish().exits(0).json_lines();
    let ends: Vec<_> = lines.iter().filter(|line| line["type"] == "end").collect();
    assert_eq!(ends.len(), 2);
    assert_eq!(ends[1]["attempt"], "TICKET-010.2");
    assert_eq!(ends[1]["outcome"]["outcome"], "failed");
}

#[test]
fn the_live_transcript_shows_what_is_there() {
    let sandbox = Sandbox::new();
    sandbox.agent("slow", &format!("echo begin\n{UNTIL_GO}"));
    sandbox.ticket(10, "agent: slow", "Work.");
    let running = sandbox.start(["run"]);
    until("the agent has spoken", || {
        let transcript = sandbox
            .evidence_path(1, "TICKET-010.1")
            .join("transcript.jsonl");
        fs::read_to_string(transcript).is_ok_and(|text| text.contains("begin"))
    });
    let lines = sandbox
        .docket(["log", "10", "--json"])
        .exits(0)
        .json_lines();
    assert!(lines.last().expect("an end")["outcome"].is_null());
    assert!(
        sandbox
            .docket(["log", "10"])
            .exits(0)
            .stdout
            .contains("begin\n")
    );
    fs::write(sandbox.home("go"), "").expect("go");
    running.finish().exits(0);
}
