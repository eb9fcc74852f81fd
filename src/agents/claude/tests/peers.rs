//! A program at the other end that does what the recordings don't show.

use serde_json::{Value, json};

use super::scene::{Peer, agent, turn};
use crate::agents::claude::{ClaudeClient, ClaudeDecoder};
use crate::agents::client::LineSession;
use crate::agents::{Decoded, Decoder as _, Direction, ProcessEnd, Session as _};
use crate::domain::attempt::{Fault, TurnEnd};
use crate::domain::item::{Item, PlanEntry, ToolStatus};
use crate::domain::request::{Answer, RequestKey};

fn choose(choice: &str) -> Answer {
    Answer::Choose {
        choice: choice.to_owned(),
        reason: None,
    }
}

fn key(name: &str) -> RequestKey {
    RequestKey(name.to_owned())
}

#[test]
fn the_prompt_is_a_line_and_never_an_argument() {
    let mut agent = agent();
    agent.mode = Some("acceptEdits".to_owned());
    agent.env.insert("DISABLE_TELEMETRY".into(), "1".into());
    let mut session = LineSession::new(ClaudeClient::new(&agent).expect("a client"));
    let mut turn = turn(1);
    turn.model = Some("opus".to_owned());
    turn.resume = Some("5e55".to_owned());
    let launch = session.launch(&turn).expect("a launch");
    let argv: Vec<&str> = launch
        .argv
        .iter()
        .filter_map(|word| word.to_str())
        .collect();
    assert_eq!(
        argv.join(" "),
        "claude -p --output-format stream-json --input-format stream-json --verbose \
         --include-partial-messages --permission-prompt-tool stdio --model opus \
         --permission-mode acceptEdits --resume 5e55"
    );
    assert_eq!(launch.env, [("DISABLE_TELEMETRY".into(), "1".into())]);
    let mut actions = crate::agents::Actions::default();
    session.begin(&turn, &mut actions);
    let line: Value = serde_json::from_slice(&actions.write).expect("one line of JSON");
    assert_eq!(line["message"]["content"][0]["text"], turn.prompt);
    assert_eq!(line["uuid"].as_str().map(str::len), Some(36));
}

#[test]
fn another_model_for_a_later_turn_is_told_first() {
    let (mut peer, _) = Peer::new();
    peer.ends(&[]);
    let mut second = turn(2);
    second.model = Some("haiku".to_owned());
    let written = peer.act(|session, actions| session.begin(&second, actions));
    assert_eq!(
        written[0]["request"],
        json!({ "subtype": "set_model", "model": "haiku" })
    );
    assert_eq!(written[1]["type"], "user");
    peer.says(&json!({
        "type": "control_response",
        "response": { "subtype": "error", "request_id": written[0]["request_id"], "error": "no such model" },
    }));
    assert!(peer.played.text().contains("set_model: no such model"));
}

#[test]
fn what_claude_may_not_ask_is_answered_with_an_error_at_once() {
    let (mut peer, _) = Peer::new();
    let written = peer.says(&json!({
        "type": "control_request", "request_id": 7,
        "request": { "subtype": "elicitation", "message": "?" },
    }));
    assert_eq!(written.len(), 1);
    assert_eq!(written[0]["type"], "control_response");
    assert_eq!(written[0]["response"]["subtype"], "error");
    assert_eq!(written[0]["response"]["request_id"], 7);
    assert!(!peer.played.text().contains("status Waiting"));
}

#[test]
fn a_request_is_answered_once_under_the_name_that_it_came_with() {
    let (mut peer, _) = Peer::new();
    assert!(peer.asks(&json!(12)).is_empty());
    let answer = choose("allow");
    let written = peer.act(|session, actions| session.answer(&key("12"), &answer, actions));
    assert_eq!(
        written,
        [json!({
            "type": "control_response",
            "response": {
                "subtype": "success", "request_id": 12,
                "response": { "behavior": "allow", "updatedInput": { "command": "cargo test" } },
            },
        })]
    );
    assert!(peer.played.text().contains("resolved 12"));
    let again = peer.act(|session, actions| session.answer(&key("12"), &answer, actions));
    assert!(again.is_empty());
}

#[test]
fn every_answer_has_its_form() {
    let responses = [
        choose("allow-always"),
        choose("deny"),
        Answer::Choose {
            choice: "deny".to_owned(),
            reason: Some("not here".to_owned()),
        },
        choose("cancel"),
        Answer::Dismiss {
            reason: "nobody is there".to_owned(),
        },
        Answer::Words {
            words: vec!["use nextest".to_owned()],
        },
    ]
    .map(|answer| {
        let (mut peer, _) = Peer::new();
        peer.asks(&json!("r"));
        let written = peer.act(|session, actions| session.answer(&key("r"), &answer, actions));
        written[0]["response"]["response"].clone()
    });
    assert_eq!(
        responses[0]["updatedPermissions"][0]["destination"], "session",
        "nothing is written to the worktree's settings"
    );
    assert_eq!(responses[0]["behavior"], "allow");
    assert_eq!(
        responses[1..],
        [
            json!({ "behavior": "deny", "message": "The user said no." }),
            json!({ "behavior": "deny", "message": "not here" }),
            json!({ "behavior": "deny", "message": "The user said no and ended the turn.", "interrupt": true }),
            json!({ "behavior": "deny", "message": "nobody is there" }),
            json!({ "behavior": "deny", "message": "use nextest" }),
        ]
    );
}

#[test]
fn questions_are_answered_by_their_text() {
    let (mut peer, _) = Peer::new();
    peer.says(&json!({
        "type": "control_request", "request_id": "q",
        "request": {
            "subtype": "can_use_tool", "tool_name": "AskUserQuestion", "tool_use_id": "t",
            "input": { "questions": [{ "question": "Which?" }, { "question": "How?" }, { "question": "Why?" }] },
        },
    }));
    let words = Answer::Words {
        words: vec!["this".to_owned(), String::new(), "so".to_owned()],
    };
    let written = peer.act(|session, actions| session.answer(&key("q"), &words, actions));
    assert_eq!(
        written[0]["response"]["response"]["updatedInput"]["answers"],
        json!({ "Which?": "this", "Why?": "so" })
    );
}

#[test]
fn a_request_that_is_withdrawn_is_answered_no_more() {
    let (mut peer, _) = Peer::new();
    peer.asks(&json!("r"));
    peer.says(&json!({ "type": "control_cancel_request", "request_id": "r" }));
    assert!(peer.played.text().contains("resolved r"));
    let written = peer.act(|session, actions| session.answer(&key("r"), &choose("allow"), actions));
    assert!(written.is_empty());
}

#[test]
fn an_interrupt_refuses_what_is_open_first() {
    let (mut peer, prompt) = Peer::new();
    peer.asks(&json!("r"));
    let written = peer.act(|session, actions| assert!(session.interrupt(actions)));
    assert_eq!(written[0]["response"]["response"]["behavior"], "deny");
    assert_eq!(written[0]["response"]["response"]["interrupt"], true);
    assert_eq!(
        written[1]["request"],
        json!({ "subtype": "interrupt", "cancel_queued": true })
    );
    peer.says(&json!({
        "type": "result", "subtype": "error_during_execution", "is_error": true,
        "terminal_reason": "aborted_tools", "errors": ["[ede_diagnostic] x"],
        "user_message_uuids": [prompt[0]["uuid"]],
    }));
    let (end, _) = &peer.played.ends[0];
    assert_eq!(
        *end,
        TurnEnd::Failed {
            why: "the turn was interrupted".to_owned(),
            fault: Fault::Interrupted,
        }
    );
}

#[test]
fn success_with_an_error_is_no_success() {
    let cases = [
        (
            json!({ "is_error": true, "api_error_status": 529 }),
            Fault::Overload,
        ),
        (
            json!({ "is_error": true, "api_error_status": 503 }),
            Fault::Overload,
        ),
        (
            json!({ "is_error": true, "api_error_status": 403 }),
            Fault::Login,
        ),
        (
            json!({ "is_error": true, "api_error_status": 400 }),
            Fault::Agent,
        ),
        (
            json!({ "is_error": true, "api_error": "connection_failed" }),
            Fault::Connection,
        ),
        (
            json!({ "is_error": false, "stop_reason": "refusal" }),
            Fault::Refused,
        ),
        (
            json!({ "is_error": false, "stop_reason": "max_tokens" }),
            Fault::Truncated,
        ),
        (
            json!({ "is_error": false, "terminal_reason": "aborted_streaming" }),
            Fault::Interrupted,
        ),
        (
            json!({ "is_error": true, "subtype": "error_max_budget_usd" }),
            Fault::Truncated,
        ),
    ];
    for (fields, expected) in cases {
        let mut result = json!({ "type": "result", "subtype": "success", "result": "words" });
        for (name, value) in fields.as_object().expect("fields") {
            result[name] = value.clone();
        }
        let (mut peer, _) = Peer::new();
        peer.says(&result);
        let (end, _) = &peer.played.ends[0];
        assert!(
            matches!(end, TurnEnd::Failed { fault, .. } if *fault == expected),
            "{fields}: {end:?}"
        );
    }
}

#[test]
fn a_rate_limit_says_until_when() {
    let (mut peer, _) = Peer::new();
    peer.says(&json!({
        "type": "rate_limit_event",
        "rate_limit_info": { "status": "rejected", "resetsAt": 1_800_000_000, "rateLimitType": "five_hour" },
    }));
    peer.says(&json!({ "type": "result", "subtype": "success", "is_error": true, "api_error_status": 429 }));
    let until = Some(crate::domain::time::Timestamp(1_800_000_000_000));
    let (end, _) = &peer.played.ends[0];
    assert!(
        matches!(end, TurnEnd::Failed { fault: Fault::RateLimit { until: known }, .. } if *known == until)
    );
    assert!(peer.played.text().contains("RateLimited"));
}

#[test]
fn a_process_that_dies_closes_what_runs() {
    let (mut peer, _) = Peer::new();
    peer.says(&json!({
        "type": "assistant",
        "message": { "id": "m", "content": [{ "type": "tool_use", "id": "t1", "name": "Bash", "input": { "command": "cargo test" } }] },
    }));
    peer.asks(&json!("r"));
    peer.act(|session, actions| session.stderr(b"out of memory\n", actions));
    peer.act(|session, actions| session.ended(&ProcessEnd::Signalled(9), actions));
    assert!(matches!(
        peer.played.items()[0],
        Item::ToolCall {
            status: ToolStatus::Failed,
            ..
        }
    ));
    let (end, _) = &peer.played.ends[0];
    assert_eq!(
        *end,
        TurnEnd::Died {
            how: "ended by signal 9: out of memory".to_owned()
        }
    );
    assert!(peer.played.text().contains("resolved r"));
    let late = peer.act(|session, actions| session.answer(&key("r"), &choose("allow"), actions));
    assert!(late.is_empty());
}

#[test]
fn a_process_that_ends_between_turns_ends_no_turn() {
    let (mut peer, _) = Peer::new();
    peer.ends(&[]);
    peer.act(|session, actions| session.ended(&ProcessEnd::Exited(1), actions));
    assert_eq!(peer.played.ends.len(), 1);
}

#[test]
fn words_that_come_too_late_are_a_part_of_the_turn() {
    let (mut peer, prompt) = Peer::new();
    let words = peer.act(|session, actions| assert!(session.steer("faster", actions)));
    peer.ends(&[&prompt[0]["uuid"]]);
    assert!(peer.played.ends.is_empty(), "the words still wait");
    peer.ends(&[&words[0]["uuid"]]);
    let (end, usage) = &peer.played.ends[0];
    assert_eq!(*end, TurnEnd::Completed);
    assert_eq!(usage.input, 20, "both parts");
    let refused = peer.act(|session, actions| assert!(!session.steer("late", actions)));
    assert!(refused.is_empty());
}

#[test]
fn a_failed_part_is_not_made_good_by_a_later_one() {
    let (mut peer, prompt) = Peer::new();
    let words = peer.act(|session, actions| assert!(session.steer("faster", actions)));
    peer.says(&json!({
        "type": "result", "subtype": "error_max_turns", "is_error": true,
        "user_message_uuids": [prompt[0]["uuid"]],
    }));
    peer.ends(&[&words[0]["uuid"]]);
    let (end, _) = &peer.played.ends[0];
    assert!(matches!(
        end,
        TurnEnd::Failed {
            fault: Fault::Truncated,
            ..
        }
    ));
}

#[test]
fn what_claude_does_by_itself_ends_no_turn_of_ours() {
    let (mut peer, prompt) = Peer::new();
    peer.ends(&[&prompt[0]["uuid"]]);
    peer.says(&json!({ "type": "system", "subtype": "init", "session_id": "s" }));
    peer.ends(&[]);
    assert_eq!(peer.played.ends.len(), 1);
    let second = peer.act(|session, actions| session.begin(&turn(2), actions));
    let id = &second[0]["uuid"];
    peer.says(&json!({ "type": "command_lifecycle", "command_uuid": id, "state": "queued" }));
    peer.says(&json!({ "type": "result", "subtype": "success", "is_error": false }));
    assert_eq!(peer.played.ends.len(), 1, "the prompt still waits");
    peer.ends(&[id]);
    assert_eq!(peer.played.ends.len(), 2);
}

#[test]
fn an_end_stays_one_when_more_comes_in_the_same_chunk() {
    let (mut peer, _) = Peer::new();
    let result = json!({
        "type": "result", "subtype": "success", "is_error": false, "result": "done",
        "stop_reason": "end_turn", "terminal_reason": "completed",
    });
    let after = json!({ "type": "keep_alive" });
    let mut actions = crate::agents::Actions::default();
    let chunk = format!("{result}\n{after}\n{after}\n");
    peer.session.stdout(chunk.as_bytes(), &mut actions);
    let finished = actions.decoded.finished.expect("the turn is over");
    assert_eq!(finished.message.as_deref(), Some("done"));
}

#[test]
fn versions_that_acknowledge_nothing_end_their_turns_too() {
    let (mut peer, _) = Peer::new();
    peer.says(&json!({ "type": "result", "subtype": "success", "is_error": false }));
    assert_eq!(peer.played.ends.len(), 1);
}

#[test]
fn leaving_closes_standard_input() {
    let (mut peer, _) = Peer::new();
    peer.asks(&json!("r"));
    let mut actions = crate::agents::Actions::default();
    peer.session.leave(&mut actions);
    assert!(actions.close_stdin);
    assert!(!actions.write.is_empty(), "the open request is refused");
}

#[test]
fn a_plan_is_one_item_that_changes() {
    let (mut peer, _) = Peer::new();
    for (id, done) in [("p1", "pending"), ("p2", "completed")] {
        peer.says(&json!({
            "type": "assistant",
            "message": { "id": id, "content": [{
                "type": "tool_use", "id": id, "name": "TodoWrite",
                "input": { "todos": [{ "content": "write the test", "status": done }] },
            }] },
        }));
        peer.says(&json!({
            "type": "user",
            "message": { "content": [{ "type": "tool_result", "tool_use_id": id, "content": "ok" }] },
        }));
    }
    assert_eq!(
        peer.played.items(),
        [&Item::Plan {
            entries: vec![PlanEntry {
                text: "write the test".to_owned(),
                done: true
            }]
        }]
    );
}

#[test]
fn a_denied_call_is_declined_and_an_old_total_is_subtracted() {
    let mut decoder = ClaudeDecoder::default();
    decoder.set_cost_before(0.25);
    let mut played = super::scene::Played::default();
    for line in [
        json!({ "type": "assistant", "message": { "id": "m", "content": [{ "type": "tool_use", "id": "t", "name": "Bash", "input": { "command": "rm x" } }] } }),
        json!({ "type": "system", "subtype": "permission_denied", "tool_name": "Bash", "tool_use_id": "t", "message": "no" }),
        json!({ "type": "user", "message": { "content": [{ "type": "tool_result", "tool_use_id": "t", "is_error": true, "content": "denied" }] } }),
        json!({ "type": "result", "subtype": "success", "is_error": false, "total_cost_usd": 1.0 }),
    ] {
        let mut decoded = Decoded::default();
        decoder.line(Direction::Out, &line.to_string(), &mut decoded);
        played.take(decoded);
    }
    assert!(matches!(
        played.items()[0],
        Item::ToolCall {
            status: ToolStatus::Declined,
            ..
        }
    ));
    assert_eq!(played.ends[0].1.cost_usd, Some(0.75));
}

#[test]
fn nothing_that_comes_breaks_the_decoder() {
    let (mut peer, _) = Peer::new();
    let odd = [
        json!(null),
        json!([1]),
        json!({}),
        json!({ "type": 3 }),
        json!({ "type": "assistant" }),
        json!({ "type": "assistant", "message": { "content": "text" } }),
        json!({ "type": "user", "message": { "content": [{ "type": "tool_result" }] } }),
        json!({ "type": "stream_event", "event": { "type": "content_block_delta", "delta": { "type": "text_delta", "text": "lost" } } }),
        json!({ "type": "control_response", "response": {} }),
        json!({ "type": "control_cancel_request" }),
        json!({ "type": "something_new" }),
        json!({ "type": "system", "subtype": "something_new" }),
    ];
    for message in &odd {
        peer.says(message);
    }
    peer.act(|session, actions| session.stdout(b"plain words\n\xff\xfe\n\n", actions));
    let text = peer.played.text();
    assert!(text.contains("plain words"));
    assert!(text.contains("unknown event: something_new"));
    peer.ends(&[]);
    assert_eq!(peer.played.ends.len(), 0, "the prompt was never answered");
}
