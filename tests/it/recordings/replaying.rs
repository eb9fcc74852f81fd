//! `agent: replay` takes the whole path of a live agent, and its evidence can be read again.

use std::fs;

use serde_json::Value;

use super::corpus::recording;
use crate::support::sandbox::Sandbox;

/// A sandbox with an agent `recorded` that plays this recording at once.
fn sandbox_with(name: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let recording = recording(name);
    fs::write(sandbox.home("recording.jsonl"), recording.text).expect("a recording");
    configure(
        &sandbox,
        "recorded",
        "recording.jsonl",
        recording.decoder.as_str(),
    );
    sandbox
}

fn configure(sandbox: &Sandbox, agent: &str, file: &str, decoder: &str) {
    sandbox.configure(&format!(
        "[agents.{agent}]\nkind = \"replay\"\nspeed = 0\nclaim = \"exit\"\ndecoder = \"{decoder}\"\nrecording = '{}'",
        sandbox.home(file).display()
    ));
}

fn items(sandbox: &Sandbox, run: u32, attempt: &str) -> Vec<Value> {
    let text = sandbox.evidence(run, attempt, "transcript.jsonl");
    text.lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON")["item"].clone())
        .collect()
}

#[test]
fn a_recorded_agent_does_a_ticket() {
    let sandbox = sandbox_with("claude-p-perm-allow");
    sandbox.ticket(10, "agent: recorded\nlimits: { turns: 1 }", "Work.");
    // What was asked was answered in the recording: nobody is waited for.
    sandbox.docket(["--once"]).exits(0);
    let log = sandbox.docket(["log", "10"]).exits(0).stdout;
    assert!(log.contains("· asked: "), "{log}");
    assert!(log.contains("→ allowed"), "{log}");
    let attempts = sandbox.docket(["show", "10", "--json"]).exits(0).json();
    let usage = &attempts["attempts"][0]["usage"];
    assert!(usage["output"].as_u64() > Some(0), "{attempts:#}");
}

#[test]
fn a_recorded_failure_is_no_success() {
    for (name, exit) in [
        ("codex-appserver-fail400", 5),
        ("claude-p-sleep-SIGKILL", 5),
        ("opencode-run-fail400", 5),
        // Another turn could go on; there is none.
        ("claude-p-perm-deny-interrupt", 6),
    ] {
        let sandbox = sandbox_with(name);
        sandbox.ticket(
            10,
            "agent: recorded\nlimits: { turns: 1, attempts: 1 }",
            "Work.",
        );
        sandbox.docket(["--once"]).exits(exit);
        assert!(!sandbox.is_done(10), "{name}");
    }
}

#[test]
fn a_recording_that_is_none_is_refused_in_words() {
    let sandbox = sandbox_with("claude-p-say");
    sandbox.ticket(
        10,
        "agent: recorded\nlimits: { turns: 1, attempts: 1 }",
        "Work.",
    );
    fs::write(sandbox.home("recording.jsonl"), "just a text\n").expect("a file");
    sandbox.docket(["--once"]).exits(5);
    let log = sandbox.docket(["log", "10"]).exits(0).stdout;
    assert!(
        log.contains("line 1 is no record such as {\"t\":0,\"dir\":\"out\""),
        "{log}"
    );
}

#[test]
fn evidence_is_read_again_with_the_decoder_that_it_names_or_another() {
    let sandbox = sandbox_with("claude-p-perm-allow");
    sandbox.ticket(10, "agent: recorded\nlimits: { turns: 1 }", "Work.");
    sandbox.docket(["--once"]).exits(0);
    let raw = sandbox.evidence(1, "TICKET-010.1", "raw.jsonl");
    let log = sandbox.docket(["log", "10"]).exits(0).stdout;
    let again = sandbox
        .docket(["log", "10", "--redecode"])
        .exits(0)
        .says("read as claude-stream-json");
    assert_eq!(again.stdout, log);
    let lines = sandbox
        .docket(["log", "10", "--redecode", "--json"])
        .exits(0)
        .json_lines();
    let decoded: Vec<_> = lines
        .iter()
        .filter(|line| line["type"] == "entry")
        .map(|line| line["item"].clone())
        .collect();
    assert_eq!(decoded, items(&sandbox, 1, "TICKET-010.1"));
    assert_eq!(lines.last().expect("an end")["type"], "end");

    let as_lines = sandbox
        .docket(["log", "10", "--redecode", "--decoder", "lines"])
        .exits(0);
    assert!(as_lines.stdout.contains("{\"type\":\"system\""));
    sandbox
        .docket(["log", "10", "--redecode", "--decoder", "morse"])
        .exits(2)
        .says("codex-app-server");
    sandbox
        .docket(["log", "10", "--decoder", "acp"])
        .exits(2)
        .says("--redecode");
    // Evidence is as it was.
    assert_eq!(sandbox.evidence(1, "TICKET-010.1", "raw.jsonl"), raw);
    assert!(sandbox.verify().is_intact());
}

#[test]
fn the_evidence_of_a_replay_replays() {
    let sandbox = sandbox_with("claude-p-say");
    sandbox.ticket(10, "agent: recorded\nlimits: { turns: 1 }", "Work.");
    sandbox.docket(["--once"]).exits(0);
    fs::copy(
        sandbox.evidence_path(1, "TICKET-010.1").join("raw.jsonl"),
        sandbox.home("again.jsonl"),
    )
    .expect("copied");
    configure(&sandbox, "again", "again.jsonl", "claude-stream-json");
    sandbox.ticket(20, "agent: again\nlimits: { turns: 1 }", "Work.");
    sandbox.docket(["--once"]).exits(0);
    assert_eq!(
        items(&sandbox, 2, "TICKET-020.1"),
        items(&sandbox, 1, "TICKET-010.1")
    );
    let again = sandbox.docket(["log", "20", "--redecode"]).exits(0);
    assert_eq!(again.stdout, sandbox.docket(["log", "20"]).stdout);
}

#[test]
fn evidence_of_an_agent_without_a_protocol_is_lines() {
    let sandbox = Sandbox::new();
    sandbox.agent("mine", "echo one; echo two");
    sandbox.ticket(10, "agent: mine", "Work.");
    sandbox.docket(["--once"]).exits(0);
    let again = sandbox
        .docket(["log", "10", "--redecode"])
        .exits(0)
        .says("read as lines");
    assert_eq!(again.stdout, "── turn 1 ──\none\ntwo\n");
}
