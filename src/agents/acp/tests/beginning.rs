//! How a turn is made ready: handshake, session, settings.

use serde_json::json;

use super::peer::{Peer, failed};
use crate::agents::{ProcessEnd, Session};
use crate::domain::attempt::{Fault, TurnEnd};
use crate::domain::request::RequestKey;

#[test]
fn a_turn_and_another_one_on_the_same_process() {
    let mut peer = Peer::new();
    let first = peer.prompted();
    peer.result(&first, &json!({"stopReason": "end_turn"}));
    assert_eq!(peer.end(), &TurnEnd::Completed);
    peer.decoded.finished = None;
    peer.begin(2, None);
    let message = peer.wrote();
    assert_eq!(message["method"], "session/prompt");
    assert_eq!(message["params"]["sessionId"], "s1");
    assert_eq!(message["params"]["prompt"][0]["text"], "prompt 2");
    // The first prompt's answer again is nobody's.
    peer.result(&first, &json!({"stopReason": "end_turn"}));
    assert_eq!(peer.decoded.finished, None);
    peer.result(&message["id"], &json!({"stopReason": "refusal"}));
    assert_eq!(
        peer.end(),
        &failed("the model refused to answer", Fault::Refused)
    );
    peer.act(Session::leave);
    assert!(peer.closed);
}

#[test]
fn the_agent_is_told_the_truth() {
    let mut peer = Peer::new();
    peer.begin(1, None);
    let message = peer.wrote();
    assert_eq!(message["params"]["protocolVersion"], 1);
    assert_eq!(
        message["params"]["clientCapabilities"],
        json!({"fs": {"readTextFile": true, "writeTextFile": true}, "terminal": false})
    );
    assert_eq!(message["params"]["clientInfo"]["name"], "docket");
    peer.result(&message["id"], &json!({"protocolVersion": 1}));
    let message = peer.wrote();
    let cwd = peer.workspace.path().to_str().expect("a path");
    assert_eq!(message["params"], json!({"cwd": cwd, "mcpServers": []}));
}

#[test]
fn another_version_of_the_protocol_is_refused() {
    let mut peer = Peer::new();
    peer.begin(1, None);
    let id = peer.asked_for("initialize");
    peer.result(&id, &json!({"protocolVersion": 2}));
    assert!(peer.written.is_empty());
    assert!(matches!(peer.end(), TurnEnd::Failed { .. }));
}

#[test]
fn a_conversation_is_taken_up_by_the_best_way_there_is() {
    let mut peer = Peer::new();
    peer.begin(1, Some("old"));
    peer.shake_hands(&json!({"loadSession": true, "sessionCapabilities": {"resume": {}}}));
    let message = peer.wrote();
    assert_eq!(message["method"], "session/resume");
    assert_eq!(message["params"]["sessionId"], "old");
    peer.update(
        &json!({"sessionUpdate": "agent_message_chunk", "content": {"type": "text", "text": "past"}}),
    );
    peer.result(&message["id"], &json!({}));
    assert_eq!(peer.decoded.session.as_deref(), Some("old"));
    assert!(peer.decoded.drafts.is_empty(), "the past is not shown");
    let id = peer.asked_for("session/prompt");
    // Its cost goes on from what it was.
    peer.update(
        &json!({"sessionUpdate": "usage_update", "cost": {"amount": 1.25, "currency": "USD"}}),
    );
    peer.result(&id, &json!({"stopReason": "end_turn"}));
    let finished = peer.decoded.finished.take().expect("finished");
    assert_eq!(finished.usage.cost_usd, Some(0.25));
}

#[test]
fn a_conversation_that_is_gone_begins_anew() {
    let mut peer = Peer::new();
    peer.begin(1, Some("old"));
    peer.shake_hands(&json!({"loadSession": true, "sessionCapabilities": {"resume": {}}}));
    for method in ["session/resume", "session/load"] {
        let id = peer.asked_for(method);
        peer.error(&id, &json!({"code": -32002, "message": "gone"}));
    }
    let id = peer.asked_for("session/new");
    peer.result(&id, &json!({"sessionId": "new"}));
    assert_eq!(peer.decoded.session.as_deref(), Some("new"));
    assert_eq!(
        peer.notices().last(),
        Some(&"the conversation is gone: a new one begins")
    );
    assert_eq!(peer.decoded.finished, None);
    peer.asked_for("session/prompt");

    let mut peer = Peer::new();
    peer.begin(1, Some("old"));
    peer.shake_hands(&json!({}));
    peer.asked_for("session/new");
    assert_eq!(
        peer.notices(),
        ["this agent can't take up a conversation: a new one begins"]
    );
}

#[test]
fn a_login_that_is_wanted_says_what_to_do() {
    for resume in [None, Some("old")] {
        let mut peer = Peer::new();
        peer.begin(1, resume);
        peer.shake_hands(&json!({"loadSession": true}));
        let id = peer.wrote()["id"].clone();
        peer.error(
            &id,
            &json!({"code": -32000, "message": "Authentication required"}),
        );
        assert_eq!(
            peer.end(),
            &failed(
                "Authentication required: log in with the agent's own program, or give it a key in `env` or `pass_env`; it knows: Set PEER_KEY",
                Fault::Login
            )
        );
        assert!(peer.written.is_empty());
    }
}

#[test]
fn a_mode_is_set_before_anything_else_or_there_is_no_turn() {
    let modes = json!({"sessionId": "s1", "modes": {"currentModeId": "auto",
        "availableModes": [{"id": "auto"}, {"id": "default"}]}});
    let opened = |mode: &str| {
        let mut peer = Peer::configured(|agent| {
            agent.mode = Some(mode.into());
            agent.model = Some("m9".into());
        });
        peer.begin(1, None);
        peer.shake_hands(&json!({}));
        let id = peer.asked_for("session/new");
        peer.result(&id, &modes);
        peer
    };
    let mut peer = opened("default");
    let id = peer.asked_for("session/set_mode");
    peer.result(&id, &json!({}));
    peer.asked_for("session/prompt");
    assert_eq!(
        peer.notices(),
        ["this agent offers no choice of model: `m9` is not set"]
    );

    let peer = opened("careful");
    assert!(peer.written.is_empty());
    assert_eq!(
        peer.end(),
        &failed(
            "this agent doesn't offer mode `careful`: it offers auto, default",
            Fault::Agent
        )
    );

    let mut peer = opened("default");
    let id = peer.asked_for("session/set_mode");
    peer.error(&id, &json!({"code": -32603, "message": "not now"}));
    assert!(peer.written.is_empty(), "no prompt in the wrong mode");
    assert_eq!(peer.end(), &failed("not now", Fault::Agent));
    // The next turn tries again.
    peer.begin(2, None);
    peer.asked_for("session/set_mode");
}

#[test]
fn the_end_of_the_process_is_the_end_of_a_turn_at_any_stage() {
    let died = TurnEnd::Died {
        how: "exit code 1".into(),
    };
    let end = ProcessEnd::Exited(1);
    let mut peer = Peer::new();
    peer.begin(1, None);
    peer.act(|session, actions| session.stderr(b"panic: no\n}\n", actions));
    peer.dies(&end);
    assert_eq!(peer.end(), &died);
    assert_eq!(peer.notices(), ["panic: no"]);

    let mut peer = Peer::new();
    peer.prompted();
    peer.ask(&json!(0));
    peer.dies(&end);
    assert_eq!(peer.end(), &died);
    assert_eq!(peer.decoded.resolved, [RequestKey("0".into())]);

    let mut peer = Peer::new();
    let id = peer.prompted();
    peer.result(&id, &json!({"stopReason": "end_turn"}));
    peer.decoded.finished = None;
    peer.dies(&end);
    assert_eq!(peer.decoded.finished, None);

    let mut peer = Peer::new();
    peer.begin(1, None);
    let why = "no such program".to_owned();
    peer.dies(&ProcessEnd::NotStarted(why.clone()));
    assert_eq!(peer.end(), &TurnEnd::NotStarted { why });
}
