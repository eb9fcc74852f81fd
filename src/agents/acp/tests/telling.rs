//! What the agent tells: words, plans, ends, and things that nobody knows.

use serde_json::{Value, json};

use super::peer::{Peer, failed};
use crate::domain::attempt::{Fault, TurnEnd};
use crate::domain::item::{Item, ToolStatus};

#[test]
fn only_end_turn_is_a_success() {
    for (reason, expected) in [
        ("max_tokens", Fault::Truncated),
        ("max_turn_requests", Fault::Truncated),
        ("cancelled", Fault::Interrupted),
        ("went_fishing", Fault::Agent),
    ] {
        let mut peer = Peer::new();
        let id = peer.prompted();
        peer.result(&id, &json!({"stopReason": reason}));
        let TurnEnd::Failed { fault, .. } = peer.end() else {
            unreachable!("{reason} is no success")
        };
        assert_eq!(*fault, expected, "{reason}");
    }
}

#[test]
fn an_error_for_the_prompt_is_its_end_and_the_session_lives_on() {
    let mut peer = Peer::new();
    let id = peer.prompted();
    peer.update(
        &json!({"sessionUpdate": "tool_call", "toolCallId": "t", "title": "x", "status": "in_progress"}),
    );
    peer.error(
        &id,
        &json!({"code": -32603, "message": "Internal error", "data": {"statusCode": 529}}),
    );
    assert_eq!(peer.end(), &failed("Internal error", Fault::Overload));
    let Item::ToolCall { status, .. } = peer.last_item() else {
        unreachable!("the call is closed")
    };
    assert_eq!(*status, ToolStatus::Failed);
    peer.begin(2, None);
    peer.asked_for("session/prompt");
}

#[test]
fn what_nobody_knows_is_left_and_never_fatal() {
    let mut peer = Peer::new();
    let id = peer.prompted();
    peer.say(&json!({"jsonrpc": "2.0", "method": "peer/chatter", "params": [1]}));
    for update in [
        json!({"sessionUpdate": "weather_update", "sky": "blue"}),
        json!({"sessionUpdate": "agent_message_chunk", "content": {"type": "hologram"}}),
        json!({"sessionUpdate": "tool_call", "title": "no id"}),
        json!({"sessionUpdate": "tool_call", "toolCallId": "t", "kind": "dream", "status": "paused", "content": [{"type": "smell"}, 7]}),
        json!({"sessionUpdate": "tool_call_update", "toolCallId": "never seen", "status": "completed"}),
        json!({"sessionUpdate": "notice", "severity": "warning", "title": "Careful"}),
    ] {
        peer.update(&update);
    }
    peer.say(
        &json!({"jsonrpc": "2.0", "id": null, "error": {"code": -32700, "message": "Parse error"}}),
    );
    peer.line("[INFO] started");
    peer.line("");
    assert!(peer.written.is_empty());
    assert_eq!(
        peer.notices(),
        [
            "the agent reports weather_update, which docket doesn't know",
            "the agent shows something of kind hologram",
            "the agent tells of a tool call without an id",
            "Careful",
            "the agent did not understand: Parse error",
            "[INFO] started",
        ]
    );
    peer.result(&id, &json!({"stopReason": "end_turn"}));
    assert_eq!(peer.end(), &TurnEnd::Completed);
}

#[test]
fn plans_replace_each_other() {
    let mut peer = Peer::new();
    peer.prompted();
    for status in ["pending", "completed"] {
        let entries = json!([{"content": "look", "status": status, "priority": "high"}, {"no": 1}]);
        peer.update(&json!({"sessionUpdate": "plan", "entries": entries}));
    }
    let drafts = &peer.decoded.drafts;
    assert_eq!(drafts[0].id, drafts[1].id);
    let Item::Plan { entries } = &drafts[1].item else {
        unreachable!("a plan")
    };
    assert_eq!((entries.len(), entries[0].done), (1, true));
}

#[test]
fn words_are_put_together_by_message() {
    let mut peer = Peer::new();
    let id = peer.prompted();
    for (kind, message, text) in [
        ("agent_thought_chunk", Some("m"), "\n\n"),
        ("agent_thought_chunk", Some("m"), "hm"),
        ("agent_message_chunk", Some("m"), "one"),
        ("agent_message_chunk", Some("n"), "two"),
        ("agent_message_chunk", Some("m"), " more"),
        ("agent_message_chunk", None, "three"),
        ("agent_message_chunk", None, "!"),
        ("user_message_chunk", None, "mine"),
    ] {
        let mut update = json!({"sessionUpdate": kind, "content": {"type": "text", "text": text}});
        if let Some(message) = message {
            update["messageId"] = Value::from(message);
        }
        peer.update(&update);
    }
    let drafts = peer.decoded.drafts.iter();
    let ids: Vec<_> = drafts.map(|draft| (draft.id, draft.append)).collect();
    assert_eq!(
        ids,
        [
            (1, false),
            (2, false),
            (3, false),
            (2, true),
            (4, false),
            (4, true)
        ]
    );
    peer.result(&id, &json!({"stopReason": "end_turn"}));
    let finished = peer.decoded.finished.take().expect("finished");
    assert_eq!(finished.message.as_deref(), Some("three!"));
}
