//! `opencode run`, recorded and played.

use serde_json::Value;

use super::*;

fn play(recording: &str, end: &ProcessEnd) -> (Vec<Item>, Finished) {
    let mut decoder = RunDecoder::default();
    let mut decoded = Decoded::default();
    for entry in recording.lines() {
        let entry: Value = serde_json::from_str(entry).expect("an entry");
        let line = entry["line"].as_str().expect("a line");
        let direction = match entry["dir"].as_str() {
            Some("out") => Direction::Out,
            Some("err") => Direction::Err,
            _ => continue,
        };
        decoder.line(direction, line, &mut decoded);
    }
    decoder.ended(end, &mut decoded);
    let items = decoded.drafts.into_iter().map(|draft| draft.item).collect();
    (items, decoded.finished.expect("finished"))
}

macro_rules! recording {
    ($name:literal) => {
        include_str!(concat!(
            "../../../tests/it/fixtures/agents/acp/opencode-run-",
            $name,
            ".jsonl"
        ))
    };
}

const WELL: ProcessEnd = ProcessEnd::Exited(0);

#[test]
fn steps_are_added_up() {
    let (items, finished) = play(recording!("shell"), &WELL);
    assert_eq!(
        items,
        [
            Item::Message {
                text: "I will run a command.".into()
            },
            Item::ToolCall {
                tool: ToolKind::Execute,
                title: "$ echo hi > out.txt && cat out.txt".into(),
                status: ToolStatus::Completed
            },
            Item::ToolResult {
                output: "hi\n".into(),
                exit: Some(0)
            },
            Item::Message {
                text: "Done: out.txt written.".into()
            },
        ]
    );
    assert_eq!(finished.end, TurnEnd::Completed);
    assert_eq!(finished.message.as_deref(), Some("Done: out.txt written."));
    let usage = finished.usage;
    assert_eq!((usage.input, usage.cached, usage.output), (2100, 900, 55));
    let cost = usage.cost_usd.expect("a cost");
    assert!((cost - 0.004_695).abs() < 1e-9, "{cost}");
}

#[test]
fn a_change_is_shown() {
    let (items, finished) = play(recording!("edit"), &WELL);
    assert_eq!(finished.end, TurnEnd::Completed);
    let hunk = "/hello.txt\n@@ -1,1 +1,1 @@\n-hello world\n+hello agents\n";
    let is_it = |item: &Item| matches!(item, Item::Diff { path, patch } if path == "hello.txt" && patch.ends_with(hunk));
    assert!(items.iter().any(is_it), "{items:?}");
}

#[test]
fn a_run_that_a_refusal_ended_is_no_success() {
    let (items, finished) = play(recording!("ask-default"), &WELL);
    let TurnEnd::Failed { fault, .. } = finished.end else {
        unreachable!("{finished:?}")
    };
    assert_eq!(fault, Fault::Interrupted);
    let failed = |item: &Item| {
        matches!(
            item,
            Item::ToolCall {
                status: ToolStatus::Failed,
                ..
            }
        )
    };
    assert!(items.iter().any(failed));
}

#[test]
fn errors_and_ends_in_the_middle() {
    let refused = TurnEnd::Failed {
        why: "APIError: bad key".into(),
        fault: Fault::Login,
    };
    let middle = TurnEnd::Failed {
        why: "the run ended in the middle of a step".into(),
        fault: Fault::Agent,
    };
    let nothing = TurnEnd::Failed {
        why: "the run ended without a step".into(),
        fault: Fault::Agent,
    };
    let died = TurnEnd::Died {
        how: "ended by signal 2".into(),
    };
    for (recording, end, expected) in [
        (recording!("401"), ProcessEnd::Exited(1), &refused),
        // An error counts whatever the exit code is.
        (recording!("401"), WELL, &refused),
        // A lost connection: the step begins again.
        (recording!("cut"), WELL, &TurnEnd::Completed),
        (recording!("slow-SIGINT"), WELL, &middle),
        (recording!("slow-SIGINT"), ProcessEnd::Signalled(2), &died),
        ("", WELL, &nothing),
    ] {
        let (_, finished) = play(recording, &end);
        assert_eq!(&finished.end, expected);
    }
}

#[test]
fn noise_is_shown_and_the_last_of_it_explains_a_failure() {
    let noise = r#"{"dir":"out","line":"not json"}
{"dir":"out","line":"{\"type\":\"weather\"}"}
{"dir":"err","line":"Error: Session not found"}"#;
    let (items, finished) = play(noise, &ProcessEnd::Exited(1));
    assert_eq!(items.len(), 3);
    assert_eq!(
        finished.end,
        TurnEnd::Failed {
            why: "exit code 1: Error: Session not found".into(),
            fault: Fault::Agent
        }
    );
}

#[test]
fn the_command_line_says_what_was_asked_for_and_never_the_prompt() {
    let agent = Agent {
        resume: None,
        name: "oc".parse().expect("a name"),
        kind: crate::domain::settings::AgentKind::OpencodeRunJson,
        command: vec!["opencode".into(), "run".into()],
        model: Some("p/old".into()),
        reasoning: None,
        mode: Some("plan".into()),
        sandbox: crate::config::Sandbox::ReadOnly,
        env: std::collections::BTreeMap::new(),
        pass_env: Vec::new(),
        private_home: false,
        claim: crate::domain::settings::Claim::Ticket,
        fallback: Vec::new(),
        recording: None,
        decoder: crate::config::Decoder::OpencodeRunJson,
        speed: 1.0,
        on_terminal: crate::config::OnTerminal::default(),
        limits: crate::domain::ticket::TicketLimits::default(),
    };
    let turn = Turn {
        number: 2,
        prompt: "secret words".into(),
        body: String::new(),
        workspace: "/w".into(),
        desk: "/w/.docket".into(),
        model: Some("p/m".into()),
        reasoning: Some("high".into()),
        resume: Some("ses_1".into()),
        used: Usage::default(),
    };
    let mut session = run_json(&agent).expect("a session");
    let launch = session.launch(&turn).expect("a launch");
    assert_eq!(
        launch.argv,
        [
            "opencode",
            "run",
            "--format",
            "json",
            "--thinking",
            "--session",
            "ses_1",
            "--model",
            "p/m",
            "--variant",
            "high",
            "--agent",
            "plan"
        ]
    );
    let mut actions = Actions::default();
    session.begin(&turn, &mut actions);
    assert_eq!(actions.write, b"secret words");
    assert!(actions.close_stdin);
}
