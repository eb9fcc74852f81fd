//! What the agent asks: permissions, files, and things that docket doesn't have.

use std::path::PathBuf;

use serde_json::json;

use super::peer::{Peer, cancelled, failed};
use crate::agents::Session;
use crate::domain::attempt::Fault;
use crate::domain::item::{Item, ToolStatus};
use crate::domain::request::{Answer, Ask, RequestKey};

#[test]
fn requests_are_answered_once_whatever_their_ids_are() {
    let mut peer = Peer::new();
    peer.prompted();
    for id in [json!("a-7"), json!(3), json!("3")] {
        peer.ask(&id);
        let (key, request) = peer.request();
        assert_eq!(key, RequestKey(id.to_string()));
        let command = "ls".to_owned();
        assert_eq!(request.ask, Ask::Command { command });
        let yes = request.allow().expect("a yes");
        peer.answer(&key, &yes);
        let outcome = json!({"outcome": {"outcome": "selected", "optionId": "y"}});
        assert_eq!(
            peer.wrote(),
            json!({"jsonrpc": "2.0", "id": id, "result": outcome})
        );
        assert_eq!(peer.decoded.resolved.pop(), Some(key.clone()));
        peer.answer(&key, &yes);
        assert!(peer.written.is_empty(), "answered twice");
    }
}

#[test]
fn a_no_is_told_by_its_kind_and_a_dismissal_as_cancelled() {
    for (dismiss, outcome) in [
        (false, json!({"outcome": "selected", "optionId": "n"})),
        (true, json!({"outcome": "cancelled"})),
    ] {
        let mut peer = Peer::new();
        peer.prompted();
        peer.ask(&json!(0));
        let (key, request) = peer.request();
        let answer = if dismiss {
            Answer::Dismiss {
                reason: "nobody there".into(),
            }
        } else {
            request.deny("no".into())
        };
        peer.answer(&key, &answer);
        assert_eq!(peer.wrote()["result"]["outcome"], outcome);
        let Item::ToolCall { status, .. } = peer.last_item() else {
            unreachable!("the call is shown")
        };
        assert_eq!(*status, ToolStatus::Declined);
    }
}

#[test]
fn an_interrupt_refuses_what_is_open_first() {
    let mut peer = Peer::new();
    let id = peer.prompted();
    peer.ask(&json!("p1"));
    let mut taken = false;
    peer.act(|session, actions| taken = session.interrupt(actions));
    assert!(taken);
    assert_eq!(
        peer.written,
        [
            json!({"jsonrpc": "2.0", "id": "p1", "result": cancelled()}),
            json!({"jsonrpc": "2.0", "method": "session/cancel", "params": {"sessionId": "s1"}}),
        ]
    );
    peer.written.clear();
    // What is asked while the turn ends is refused at once, and nothing is written any more.
    peer.ask(&json!("p2"));
    assert_eq!(peer.wrote()["result"], cancelled());
    let path = peer.workspace.path().join("late.txt");
    peer.say(
        &json!({"id": 9, "method": "fs/write_text_file", "params": {"path": path, "content": "x"}}),
    );
    assert!(peer.wrote()["error"]["code"].is_i64());
    assert!(!path.exists());
    peer.result(&id, &json!({"stopReason": "cancelled"}));
    assert_eq!(
        peer.end(),
        &failed("the turn was cancelled", Fault::Interrupted)
    );
    // Between turns there is nothing to interrupt.
    peer.act(|session, actions| taken = session.interrupt(actions));
    assert!(!taken && peer.written.is_empty());
    // In the next turn there are requests again.
    peer.begin(2, None);
    peer.wrote();
    peer.ask(&json!("p3"));
    assert!(peer.written.is_empty());
}

#[test]
fn a_permission_without_a_tool_call_is_refused_at_once() {
    let mut peer = Peer::new();
    peer.prompted();
    peer.say(&json!({"id": 1, "method": "session/request_permission", "params": {}}));
    assert_eq!(peer.wrote()["result"], cancelled());
    assert!(peer.decoded.requests.is_empty());
}

#[test]
fn a_request_of_another_kind_than_its_call_stands_for_itself() {
    let mut peer = Peer::new();
    peer.prompted();
    peer.update(
        &json!({"sessionUpdate": "tool_call", "toolCallId": "t", "kind": "execute",
        "status": "in_progress", "rawInput": {"command": "touch /else/a"}}),
    );
    // opencode asks for a folder outside of the worktree, and then for the command.
    peer.say(
        &json!({"id": 1, "method": "session/request_permission", "params": {
        "toolCall": {"toolCallId": "t", "kind": "other", "title": "touch /else/a",
            "locations": [{"path": "/else"}], "rawInput": {"command": "touch /else/a"}},
        "options": []}}),
    );
    let (_, request) = peer.request();
    assert!(
        matches!(&request.ask, Ask::Tool { name, .. } if name == "other"),
        "a rule about commands doesn't speak for it: {request:?}"
    );
    let Item::ToolCall { title, .. } = peer.last_item() else {
        unreachable!("the call is shown")
    };
    assert_eq!(title, "$ touch /else/a");
}

#[test]
fn files_are_served_inside_and_nowhere_else() {
    let mut peer = Peer::new();
    peer.prompted();
    let inside = peer.workspace.path().join("a/b.txt");
    let outside = peer.workspace.path().join("../escape.txt");
    let hosts = PathBuf::from("/etc/hosts");
    let mut call = |method: &str, path: &PathBuf| {
        let params = json!({"sessionId": "s1", "path": path, "content": "text\n"});
        peer.say(&json!({"id": "f", "method": method, "params": params}));
        peer.wrote()
    };
    assert_eq!(call("fs/read_text_file", &inside)["error"]["code"], -32002);
    assert_eq!(call("fs/write_text_file", &inside)["result"], json!({}));
    let read = call("fs/read_text_file", &inside);
    assert_eq!(read["result"]["content"], "text\n");
    for path in [&outside, &hosts] {
        for method in ["fs/read_text_file", "fs/write_text_file"] {
            assert_eq!(call(method, path)["error"]["code"], -32602, "{path:?}");
        }
    }
}

#[test]
fn what_docket_does_not_have_is_answered_so() {
    let mut peer = Peer::new();
    peer.prompted();
    for id in ["x", "y"] {
        peer.say(&json!({"jsonrpc": "2.0", "id": id, "method": "peer/strange", "params": {}}));
        let answer = peer.wrote();
        assert_eq!(answer["id"], id);
        assert_eq!(answer["error"]["code"], -32601);
    }
    assert_eq!(
        peer.notices(),
        ["the agent asks for peer/strange, which docket doesn't have"]
    );
}
