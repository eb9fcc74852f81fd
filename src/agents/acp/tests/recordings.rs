//! Recordings of real agents, shortened, through the passive decoder.

use serde_json::Value;

use crate::agents::{Decoded, Direction, ProcessEnd};
use crate::domain::attempt::{Fault, TurnEnd};
use crate::domain::item::{AgentStatus, Item, Usage};

/// What a recording came to mean, in words, in order; streamed texts are put together.
#[derive(Default)]
struct Told {
    items: Vec<(u64, String)>,
    ends: Vec<TurnEnd>,
    usages: Vec<Usage>,
    messages: Vec<Option<String>>,
    statuses: Vec<String>,
    requests: Vec<String>,
    resolved: usize,
    session: Option<String>,
}

fn told(recording: &str) -> Told {
    let mut decoder = crate::agents::acp::decoder();
    let mut told = Told::default();
    let mut end = ProcessEnd::Lost("the recording ends".into());
    for entry in recording.lines() {
        let entry: Value = serde_json::from_str(entry).expect("an entry");
        let line = entry["line"].as_str().expect("a line");
        let direction = match entry["dir"].as_str() {
            Some("in") => Direction::In,
            Some("out") => Direction::Out,
            Some("err") => Direction::Err,
            _ => {
                let exit: Value = serde_json::from_str(line).expect("an exit");
                if let Some(code) = exit["exit"].as_i64() {
                    end = ProcessEnd::Exited(code as i32);
                }
                continue;
            }
        };
        let mut decoded = Decoded::default();
        decoder.line(direction, line, &mut decoded);
        told.take(decoded);
    }
    let mut decoded = Decoded::default();
    decoder.ended(&end, &mut decoded);
    told.take(decoded);
    told
}

fn in_words(item: &Item) -> String {
    match item {
        Item::Message { text } => format!("says {text}"),
        Item::Reasoning { text } => format!("thinks {text}"),
        Item::ToolCall {
            tool,
            title,
            status,
        } => format!("{tool:?} {title} {status:?}"),
        Item::ToolResult { output, exit } => format!("gives {output:?} {exit:?}"),
        Item::Diff { path, patch } => format!("changes {path} {patch:?}"),
        Item::Plan { entries } => format!("plans {}", entries.len()),
        Item::Notice { text } => format!("notice {text}"),
        Item::Error { text, retrying } => format!("error {text} {retrying}"),
        Item::Usage { .. } => "usage".to_owned(),
    }
}

impl Told {
    fn take(&mut self, decoded: Decoded) {
        for draft in decoded.drafts {
            let words = in_words(&draft.item);
            let known = self.items.iter_mut().find(|(id, _)| *id == draft.id);
            match known {
                Some((_, known)) if draft.append => {
                    let more = words
                        .strip_prefix("says ")
                        .or(words.strip_prefix("thinks "));
                    known.push_str(more.unwrap_or(&words));
                }
                Some((_, known)) => *known = words,
                None => self.items.push((draft.id, words)),
            }
        }
        if let Some(finished) = decoded.finished {
            self.ends.push(finished.end);
            self.usages.push(finished.usage);
            self.messages.push(finished.message);
        }
        if let Some(status) = decoded.status {
            self.statuses.push(match status {
                AgentStatus::Tool { title, .. } => format!("tool {title}"),
                AgentStatus::WaitingForApproval { title } => format!("waits {title}"),
                AgentStatus::Retrying { count, .. } => format!("retries {count}"),
                other => format!("{other:?}"),
            });
        }
        for (key, request) in &decoded.requests {
            self.requests
                .push(format!("{key} {} {:?}", request.title, request.ask));
        }
        self.resolved += decoded.resolved.len();
        self.session = decoded.session.or(self.session.take());
    }

    fn lines(&self) -> Vec<&str> {
        self.items.iter().map(|(_, words)| words.as_str()).collect()
    }
}

macro_rules! recording {
    ($name:literal) => {
        told(include_str!(concat!(
            "../../../../tests/it/fixtures/agents/acp/",
            $name,
            ".jsonl"
        )))
    };
}

fn failed(why: &str, fault: Fault) -> TurnEnd {
    TurnEnd::Failed {
        why: why.to_owned(),
        fault,
    }
}

fn usage(input: u64, cached: u64, output: u64, cost_usd: Option<f64>) -> Usage {
    Usage {
        input,
        cached,
        output,
        reasoning: 0,
        cost_usd,
    }
}

#[test]
fn opencode_edits_after_asking() {
    let told = recording!("opencode-ask-acp-edit-allow");
    assert_eq!(
        told.lines(),
        [
            "Read hello.txt Completed",
            "gives \"hello world\" None",
            "says Editing.",
            "Edit hello.txt Completed",
            r#"changes hello.txt "--- a/hello.txt\n+++ b/hello.txt\n@@ -1 +1 @@\n-hello world\n+hello agents\n""#,
            "gives \"Edit applied successfully.\" None",
            "Edit new.txt Completed",
            r#"changes new.txt "--- /dev/null\n+++ b/new.txt\n@@ -0,0 +1 @@\n+new file\n""#,
            "gives \"Wrote file successfully.\" None",
            "says Edited hello.txt and wrote new.txt.",
        ]
    );
    assert_eq!(
        told.requests,
        [
            r#"0 edit hello.txt Edit { paths: ["hello.txt"] }"#,
            r#"2 edit new.txt Edit { paths: ["new.txt"] }"#,
        ]
    );
    assert_eq!(told.resolved, 2);
    assert_eq!(told.ends, [TurnEnd::Completed]);
    assert_eq!(told.usages, [usage(1000, 0, 20, Some(0.0132))]);
    assert_eq!(
        told.session.as_deref(),
        Some("ses_e0390a026ffezWWmcsPv9eo9Vn")
    );
}

#[test]
fn a_refusal_that_ends_a_turn_is_no_success() {
    let told = recording!("opencode-ask-acp-shell-reject");
    assert_eq!(
        told.lines()[1],
        "Execute $ touch approved.txt && echo ok Declined"
    );
    assert_eq!(
        told.ends,
        [failed(
            "the agent ended its turn when a request of it was refused",
            Fault::Interrupted
        )]
    );
}

#[test]
fn a_refusal_that_the_agent_goes_on_after_is_none() {
    let told = recording!("gemini-acp-shell-reject");
    assert_eq!(
        told.lines(),
        [
            "says I need to run a command outside the sandbox.",
            "Execute $ touch approved.txt && echo ok Declined",
            "says After the approval answer.",
        ]
    );
    assert_eq!(told.ends, [TurnEnd::Completed]);
    assert_eq!(told.usages, [usage(2000, 0, 60, None)]);
}

#[test]
fn the_past_of_a_conversation_is_not_shown_again() {
    let told = recording!("opencode-acp-load-b");
    assert_eq!(
        told.lines()[..2],
        [
            "thinks I should greet the user.",
            "says Hello from the fake model. Ünïcödé ✓ 漢字 🎉",
        ]
    );
    assert_eq!(
        told.ends,
        [
            TurnEnd::Completed,
            failed("Invalid params: session not found: nope", Fault::Agent)
        ]
    );
    // What it had cost before is unknown here, so what this turn cost is too.
    assert_eq!(told.usages[0].cost_usd, None);
    assert_eq!(told.usages[0].input, 1200);
}

#[test]
fn a_conversation_that_cannot_be_taken_up_is_told() {
    let told = recording!("gemini-acp-load-b");
    assert!(
        told.lines()[0].starts_with("notice the conversation can't be taken up"),
        "{:?}",
        told.lines()
    );
    assert_eq!(told.ends.len(), 2);
    assert!(!told.ends.contains(&TurnEnd::Completed));
}

#[test]
fn codex_says_end_turn_when_the_model_failed() {
    let told = recording!("codex-acp-fail400");
    assert_eq!(told.lines(), ["error fake permanent failure false"]);
    assert_eq!(told.ends, [failed("fake permanent failure", Fault::Agent)]);
    assert_eq!(told.messages, [None]);
}

#[test]
fn errors_have_each_agents_own_shape() {
    let limit = Fault::RateLimit { until: None };
    let told = recording!("codex-acp-zed-429-500-recover");
    assert_eq!(
        told.ends,
        [failed(
            "Internal error: exceeded retry limit, last status: 429 Too Many Requests",
            limit
        )]
    );
    let told = recording!("gemini-acp-fail400");
    assert_eq!(told.ends, [failed("fake permanent failure", Fault::Agent)]);
    let told = recording!("qwen-acp-fail400");
    assert_eq!(
        told.ends,
        [failed(
            "Internal error: 400 fake permanent failure",
            Fault::Agent
        )]
    );
}

#[test]
fn a_retry_is_shown_and_passes() {
    let told = recording!("codex-acp-429-500-recover");
    assert_eq!(told.statuses, ["Thinking", "retries 1", "Thinking"]);
    assert_eq!(
        told.lines(),
        [
            "error Reconnecting... 1/5: exceeded retry limit, last status: 429 Too Many Requests true",
            "says Recovered after errors.",
        ]
    );
    assert_eq!(told.ends, [TurnEnd::Completed]);
}

#[test]
fn output_comes_in_pieces_or_whole() {
    let told = recording!("codex-acp-approve-allow");
    assert_eq!(
        told.lines(),
        [
            "says I need to run a command outside the sandbox.",
            "Execute $ touch approved.txt && echo ok Completed",
            "gives \"ok\\n\" Some(0)",
            "says After the approval answer.",
        ]
    );
    assert_eq!(
        told.statuses,
        [
            "Thinking",
            "tool $ touch approved.txt && echo ok",
            "waits $ touch approved.txt && echo ok",
            "tool $ touch approved.txt && echo ok",
            "Thinking",
        ]
    );
    let told = recording!("claude-acp-shell-allow");
    assert_eq!(told.ends, [TurnEnd::Completed]);
    assert_eq!(told.resolved, 1);
    let cost = told.usages[0].cost_usd.expect("a cost");
    assert!((cost - 0.014_08).abs() < 1e-9, "{cost}");
    assert_eq!((told.usages[0].input, told.usages[0].cached), (3000, 900));
}

#[test]
fn a_cancelled_turn_is_no_success_and_the_next_one_is_its_own() {
    let told = recording!("qwen-acp-cancel-sleep");
    assert_eq!(
        told.ends,
        [
            failed("the turn was cancelled", Fault::Interrupted),
            TurnEnd::Completed
        ]
    );
    assert_eq!(told.usages, [usage(1000, 0, 20, None); 2]);
    assert_eq!(
        told.requests,
        [
            "0 $ echo started; sleep 97; echo finished Command { command: \"echo started; sleep 97; echo finished\" }"
        ]
    );
}

#[test]
fn a_process_that_dies_leaves_nothing_open() {
    let told = recording!("claude-acp-stdin-closed-midturn");
    assert_eq!(
        told.ends,
        [TurnEnd::Died {
            how: "exit code 0".into()
        }]
    );
    let open = |words: &&str| words.ends_with("Running");
    assert!(!told.lines().iter().any(open), "{:?}", told.lines());
}

#[test]
fn an_answer_that_is_sent_again_is_shown_again() {
    let told = recording!("opencode-acp-cut");
    assert_eq!(
        told.messages,
        [Some(
            "This answer is cut Whole answer after reconnect.".into()
        )]
    );
}
