//! What the real program said, read by a person once and kept.

use super::scene::{play, recording};
use crate::agents::claude::ClaudeClient;
use crate::agents::client::LineSession;
use crate::agents::{Actions, Direction, Session as _};
use crate::domain::attempt::{Fault, TurnEnd};

const ALL: [&str; 32] = [
    "401-retries2",
    "429-500-recover",
    "control-misc",
    "cut-partial",
    "failing-command",
    "interrupt-early",
    "interrupt-open-request",
    "interrupt-sleep",
    "late-words",
    "max-turns",
    "noauth",
    "overload-sse",
    "partial-say",
    "perm-allow",
    "perm-deny",
    "perm-deny-interrupt",
    "perm-edit-allow",
    "question",
    "qwen-p-edit-yolo",
    "qwen-p-fail400",
    "qwen-p-shell-yolo",
    "refused-connection",
    "resume-b",
    "resume-unknown",
    "session-id-again",
    "shell-bypass-sandboxenv",
    "sleep-SIGKILL",
    "steered",
    "sub-agent-background",
    "sub-agent-foreground",
    "sub-agent-short",
    "todo",
];

#[test]
fn transcripts_are_as_a_person_read_them() {
    for name in ALL {
        insta::assert_snapshot!(name, play(name).text());
    }
}

#[test]
fn every_turn_ends_as_the_protocol_says() {
    let fault = |name: &str| {
        let (end, _) = play(name).ends.into_iter().next().expect("an end");
        match end {
            TurnEnd::Failed { fault, .. } => Some(fault),
            _ => None,
        }
    };
    assert_eq!(fault("401-retries2"), Some(Fault::Login));
    assert_eq!(fault("noauth"), Some(Fault::Login));
    assert_eq!(fault("interrupt-sleep"), Some(Fault::Interrupted));
    assert_eq!(fault("interrupt-early"), Some(Fault::Interrupted));
    assert_eq!(fault("max-turns"), Some(Fault::Truncated));
    assert_eq!(fault("refused-connection"), Some(Fault::Connection));
    assert_eq!(fault("resume-unknown"), Some(Fault::Agent));
    assert_eq!(fault("qwen-p-fail400"), Some(Fault::Agent));
    assert_eq!(fault("429-500-recover"), None);
}

#[test]
fn each_turn_costs_what_it_cost_alone() {
    let played = play("interrupt-sleep");
    let costs: Vec<f64> = played
        .ends
        .iter()
        .map(|(_, usage)| usage.cost_usd.expect("a cost"))
        .collect();
    assert_eq!(costs.len(), 2);
    assert!(costs.iter().all(|cost| (cost - 0.0044).abs() < 1e-9));
}

#[test]
fn bytes_may_be_cut_anywhere() {
    for name in ALL {
        let (lines, _) = recording(name);
        let stdout: Vec<u8> = lines
            .iter()
            .filter(|(direction, _)| *direction == Direction::Out)
            .flat_map(|(_, line)| [line.as_bytes(), b"\r\n"].concat())
            .collect();
        let drafts = |size: usize| {
            let client = ClaudeClient::new(&super::scene::agent()).expect("a client");
            let mut session = LineSession::new(client);
            let mut drafts = Vec::new();
            for chunk in stdout.chunks(size) {
                let mut actions = Actions::default();
                session.stdout(chunk, &mut actions);
                drafts.append(&mut actions.decoded.drafts);
            }
            drafts
        };
        let whole = drafts(usize::MAX);
        assert_eq!(whole, drafts(7), "{name}");
        assert_eq!(whole, drafts(1), "{name}");
    }
}
