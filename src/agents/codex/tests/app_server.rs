//! The client of `codex app-server`, against a peer that does what each test tells it to do.

use serde_json::{Value, json};

use super::{agent, turn};
use crate::agents::codex::app_server;
use crate::agents::{Actions, Decoded, ProcessEnd, Session, Turn};
use crate::domain::attempt::{Fault, TurnEnd};
use crate::domain::item::{AgentStatus, Item};
use crate::domain::request::{Answer, ChoiceKind, RequestKey};

/// docket's half, and what it wrote that the test has not looked at yet.
struct Peer {
    session: Box<dyn Session>,
    written: Vec<Value>,
    decoded: Vec<Decoded>,
}

impl Peer {
    /// A process that was started for `turn` and was sent it.
    fn start(turn: &Turn) -> Self {
        let mut peer = Self {
            session: app_server(&agent(&["codex", "app-server"])).expect("a session"),
            written: Vec::new(),
            decoded: Vec::new(),
        };
        let launch = peer.session.launch(turn).expect("a launch");
        assert_eq!(launch.argv, ["codex", "app-server"]);
        assert!(launch.stdin);
        peer.act(|session, actions| session.begin(turn, actions));
        peer
    }

    /// One whose turn is accepted, as turn `t1` of thread `T`.
    fn in_turn() -> Self {
        let mut peer = Self::start(&turn(1, "Do it."));
        peer.answer("initialize", &json!({}));
        peer.expect("initialized");
        peer.answer(
            "thread/start",
            &json!({ "thread": { "id": "T" }, "model": "m" }),
        );
        peer.answer(
            "turn/start",
            &json!({ "turn": { "id": "t1", "status": "inProgress" } }),
        );
        peer
    }

    fn act<R>(&mut self, act: impl FnOnce(&mut dyn Session, &mut Actions) -> R) -> R {
        let mut actions = Actions::default();
        let result = act(self.session.as_mut(), &mut actions);
        let written = String::from_utf8(actions.write).expect("text");
        let lines = written.lines();
        self.written
            .extend(lines.map(|line| serde_json::from_str::<Value>(line).expect("JSON")));
        self.decoded.push(actions.decoded);
        result
    }

    /// The peer says something.
    fn says(&mut self, message: &Value) {
        let line = format!("{message}\n");
        self.act(|session, actions| session.stdout(line.as_bytes(), actions));
    }

    fn notifies(&mut self, method: &str, params: &Value) {
        self.says(&json!({ "method": method, "params": params }));
    }

    /// What docket wrote next; it has this method.
    fn expect(&mut self, method: &str) -> Value {
        assert!(!self.written.is_empty(), "{method} was not written");
        let message = self.written.remove(0);
        assert_eq!(message["method"], method, "{message}");
        message
    }

    /// The peer answers what docket wrote next.
    fn answer(&mut self, method: &str, result: &Value) -> Value {
        let message = self.expect(method);
        self.says(&json!({ "id": message["id"], "result": result }));
        message
    }

    fn refuse(&mut self, method: &str, why: &str) {
        let message = self.expect(method);
        let error = json!({ "code": -32600, "message": why });
        self.says(&json!({ "id": message["id"], "error": error }));
    }

    fn asks(&mut self, id: &Value) {
        let params = json!({
            "threadId": "T", "turnId": "t1", "itemId": "call", "kind": "command",
            "command": "/bin/bash -lc 'touch a'", "availableDecisions": ["accept", "cancel"],
        });
        self.says(&json!({ "id": id, "method": "item/commandExecution/requestApproval", "params": params }));
    }

    fn completes(&mut self, turn: &str, status: &str) {
        let turn = json!({ "id": turn, "items": [], "status": status, "error": null });
        self.notifies("turn/completed", &json!({ "threadId": "T", "turn": turn }));
    }

    fn end(&self) -> Option<&TurnEnd> {
        let finished = self.decoded.iter().filter_map(|d| d.finished.as_ref());
        let ends: Vec<_> = finished.map(|finished| &finished.end).collect();
        assert!(ends.len() <= 1, "a turn ended twice: {ends:?}");
        ends.first().copied()
    }

    fn resolved(&self) -> Vec<&str> {
        let keys = self.decoded.iter().flat_map(|decoded| &decoded.resolved);
        keys.map(|key| key.0.as_str()).collect()
    }

    fn items(&self) -> Vec<&Item> {
        let drafts = self.decoded.iter().flat_map(|decoded| &decoded.drafts);
        drafts.map(|draft| &draft.item).collect()
    }

    fn notices(&self) -> String {
        let notice = |item: &&Item| match item {
            Item::Notice { text } => Some(format!("{text}\n")),
            _ => None,
        };
        self.items().iter().filter_map(notice).collect()
    }
}

fn choose(choice: &str) -> Answer {
    Answer::Choose {
        choice: choice.into(),
        reason: None,
    }
}

#[test]
fn a_turn_is_sent_after_its_thread_began() {
    let mut peer = Peer::start(&turn(1, "Do it."));
    let hello = peer.answer("initialize", &json!({}));
    assert_eq!(hello["params"]["clientInfo"]["name"], "docket");
    assert_eq!(peer.expect("initialized").get("id"), None);
    let thread = peer.answer(
        "thread/start",
        &json!({ "thread": { "id": "T" }, "model": "m" }),
    );
    assert_eq!(
        thread["params"],
        json!({
            "cwd": "/w", "approvalPolicy": "on-request",
            "sandbox": "workspace-write", "model": "gpt-5.5",
        })
    );
    let begun = peer.answer(
        "turn/start",
        &json!({ "turn": { "id": "t1", "status": "inProgress" } }),
    );
    let input = json!([{ "type": "text", "text": "Do it." }]);
    assert_eq!(begun["params"], json!({ "threadId": "T", "input": input }));
    assert!(peer.written.is_empty());
    let session = peer.decoded.iter().find_map(|d| d.session.as_deref());
    assert_eq!(session, Some("T"));
    let model = peer.decoded.iter().find_map(|d| d.model.as_deref());
    assert_eq!(model, Some("m"));

    // The same process takes the next one at once.
    peer.completes("t1", "completed");
    assert_eq!(peer.end(), Some(&TurnEnd::Completed));
    let mut next = turn(2, "More.");
    next.reasoning = Some("high".into());
    peer.act(|session, actions| session.begin(&next, actions));
    let begun = peer.expect("turn/start");
    assert_eq!(begun["params"]["effort"], "high");
    assert!(peer.written.is_empty());
}

#[test]
fn a_conversation_goes_on_with_the_same_settings() {
    let mut turn = turn(3, "Go on.");
    turn.resume = Some("T".into());
    turn.model = Some("other".into());
    let mut peer = Peer::start(&turn);
    peer.answer("initialize", &json!({}));
    peer.expect("initialized");
    let thread = peer.answer("thread/resume", &json!({ "thread": { "id": "T" } }));
    assert_eq!(
        thread["params"],
        json!({
            "threadId": "T", "excludeTurns": true, "cwd": "/w", "approvalPolicy": "on-request",
            "sandbox": "workspace-write", "model": "other",
        })
    );
    peer.expect("turn/start");
}

#[test]
fn a_conversation_that_is_gone_begins_anew_and_people_are_told() {
    let mut turn = turn(3, "Go on.");
    turn.resume = Some("gone".into());
    let mut peer = Peer::start(&turn);
    peer.answer("initialize", &json!({}));
    peer.expect("initialized");
    peer.refuse("thread/resume", "no rollout found");
    peer.answer("thread/start", &json!({ "thread": { "id": "new" } }));
    assert_eq!(peer.expect("turn/start")["params"]["threadId"], "new");
    assert!(peer.notices().contains("no rollout found"));
    assert_eq!(peer.end(), None);
}

#[test]
fn what_codex_refuses_fails_the_turn() {
    for method in ["initialize", "thread/start", "turn/start"] {
        let mut peer = Peer::start(&turn(1, "Do it."));
        for earlier in ["initialize", "thread/start", "turn/start"] {
            if earlier == method {
                peer.refuse(method, "no such model");
                break;
            }
            peer.answer(earlier, &json!({ "thread": { "id": "T" } }));
            if earlier == "initialize" {
                peer.expect("initialized");
            }
        }
        let end = TurnEnd::Failed {
            why: "no such model".into(),
            fault: Fault::Agent,
        };
        assert_eq!(peer.end(), Some(&end), "{method}");
        assert!(peer.written.is_empty());
    }
}

#[test]
fn a_request_is_answered_once_and_its_id_goes_back_as_it_came() {
    for id in [json!(0), json!("0"), json!("a\"b ä")] {
        let mut peer = Peer::in_turn();
        peer.asks(&id);
        let (key, request) = peer.decoded.last().expect("decoded").requests[0].clone();
        assert_eq!(request.title, "$ touch a");
        let status = peer.decoded.last().and_then(|d| d.status.clone());
        let title = "$ touch a".to_owned();
        assert_eq!(status, Some(AgentStatus::WaitingForApproval { title }));
        let answer = request.allow().expect("a yes");
        peer.act(|session, actions| session.answer(&key, &answer, actions));
        let result = json!({ "decision": "accept" });
        assert_eq!(peer.written, [json!({ "id": id, "result": result })]);
        assert_eq!(peer.resolved(), [key.0.as_str()]);
        // A second answer, and codex's own word that it has one, change nothing.
        peer.act(|session, actions| session.answer(&key, &choose("cancel"), actions));
        peer.notifies(
            "serverRequest/resolved",
            &json!({ "threadId": "T", "requestId": id }),
        );
        assert_eq!(peer.written.len(), 1);
        assert_eq!(peer.resolved(), [key.0.as_str()]);
    }
}

#[test]
fn ids_of_both_sides_don_t_meet() {
    let mut peer = Peer::start(&turn(1, "Do it."));
    let id = peer.expect("initialize")["id"].clone();
    // A request with the id of docket's own is no answer to it.
    peer.asks(&id);
    assert_eq!(peer.decoded.last().expect("decoded").requests.len(), 1);
    assert!(peer.written.is_empty());
    // And an answer may spell an integer as a string.
    let spelt = json!(id.to_string());
    peer.says(&json!({ "id": spelt, "result": {} }));
    peer.expect("initialized");
}

#[test]
fn a_request_that_codex_resolved_takes_no_answer() {
    let mut peer = Peer::in_turn();
    peer.asks(&json!(4));
    peer.notifies(
        "serverRequest/resolved",
        &json!({ "threadId": "T", "requestId": 4 }),
    );
    assert_eq!(peer.resolved(), ["4"]);
    let key = RequestKey("4".into());
    peer.act(|session, actions| session.answer(&key, &choose("accept"), actions));
    assert!(peer.written.is_empty());

    // So does one whose turn is over.
    peer.asks(&json!(5));
    peer.completes("t1", "completed");
    assert_eq!(peer.resolved(), ["4", "5"]);
    let key = RequestKey("5".into());
    peer.act(|session, actions| session.answer(&key, &choose("accept"), actions));
    assert!(peer.written.is_empty());
}

#[test]
fn an_unknown_request_is_refused_at_once() {
    let mut peer = Peer::in_turn();
    peer.says(&json!({ "id": "x", "method": "attestation/generate", "params": {} }));
    // One that can't be read, too: nobody could answer it.
    peer.says(&json!({ "id": 9, "method": "item/fileChange/requestApproval", "params": 3 }));
    for id in [json!("x"), json!(9)] {
        let answer = peer.written.remove(0);
        assert_eq!(answer["id"], id);
        assert_eq!(answer["error"]["code"], -32601);
    }
    assert!(peer.notices().contains("`attestation/generate`"));
    assert_eq!(peer.end(), None);
}

#[test]
fn an_answer_that_was_not_offered_is_a_no() {
    let mut peer = Peer::in_turn();
    peer.asks(&json!(1));
    let key = RequestKey("1".into());
    peer.act(|session, actions| session.answer(&key, &choose("yes, please"), actions));
    assert_eq!(peer.written[0]["result"]["decision"], "decline");
}

#[test]
fn another_turn_does_not_end_this_one() {
    let mut peer = Peer::in_turn();
    peer.completes("t0", "completed");
    let turn = json!({ "id": "t1", "items": [], "status": "completed" });
    peer.notifies(
        "turn/completed",
        &json!({ "threadId": "sub-agent", "turn": turn }),
    );
    assert_eq!(peer.end(), None);
    peer.completes("t1", "completed");
    peer.completes("t1", "completed");
    assert_eq!(peer.end(), Some(&TurnEnd::Completed));
}

#[test]
fn only_completed_is_a_success() {
    let error = json!({ "message": "too much", "codexErrorInfo": "contextWindowExceeded" });
    let failed = |why: &str, fault| TurnEnd::Failed {
        why: why.into(),
        fault,
    };
    for (status, error, end) in [
        ("completed", json!(null), TurnEnd::Completed),
        (
            "completed",
            error.clone(),
            failed("too much", Fault::Truncated),
        ),
        (
            "failed",
            error.clone(),
            failed("too much", Fault::Truncated),
        ),
        (
            "interrupted",
            error,
            failed("interrupted", Fault::Interrupted),
        ),
        (
            "abandoned",
            json!(null),
            failed("codex ended the turn as unknown", Fault::Agent),
        ),
    ] {
        let mut peer = Peer::in_turn();
        let turn = json!({ "id": "t1", "items": [], "status": status, "error": error });
        peer.notifies("turn/completed", &json!({ "threadId": "T", "turn": turn }));
        assert_eq!(peer.end(), Some(&end), "{status}");
    }
}

#[test]
fn a_limit_shows_until_when_and_is_the_turn_s_fault() {
    let mut peer = Peer::in_turn();
    let limits = json!({
        "limitId": "codex", "rateLimitReachedType": "rate_limit_reached",
        "primary": { "usedPercent": 100, "resetsAt": 1_800_000_000 },
    });
    peer.notifies(
        "account/rateLimits/updated",
        &json!({ "rateLimits": limits }),
    );
    let until = Some(crate::domain::time::Timestamp(1_800_000_000_000));
    let status = peer.decoded.last().and_then(|d| d.status.clone());
    assert_eq!(status, Some(AgentStatus::RateLimited { until }));
    let error = json!({ "message": "wait", "codexErrorInfo": "usageLimitExceeded" });
    let turn = json!({ "id": "t1", "items": [], "status": "failed", "error": error });
    peer.notifies("turn/completed", &json!({ "threadId": "T", "turn": turn }));
    let end = TurnEnd::Failed {
        why: "wait".into(),
        fault: Fault::RateLimit { until },
    };
    assert_eq!(peer.end(), Some(&end));
}

#[test]
fn an_interrupt_refuses_what_is_open_first() {
    let mut peer = Peer::in_turn();
    peer.asks(&json!(1));
    assert!(peer.act(|session, actions| session.interrupt(actions)));
    assert_eq!(peer.written.remove(0)["result"]["decision"], "decline");
    let interrupt = peer.expect("turn/interrupt");
    assert_eq!(
        interrupt["params"],
        json!({ "threadId": "T", "turnId": "t1" })
    );
    assert_eq!(peer.resolved(), ["1"]);
    assert_eq!(peer.end(), None);
    peer.completes("t1", "interrupted");
    assert!(!peer.act(|session, actions| session.interrupt(actions)));
    assert!(peer.written.is_empty());
}

#[test]
fn an_interrupt_before_the_turn_is_known_waits_for_it() {
    let mut peer = Peer::start(&turn(1, "Do it."));
    peer.answer("initialize", &json!({}));
    peer.expect("initialized");
    peer.answer("thread/start", &json!({ "thread": { "id": "T" } }));
    assert!(peer.act(|session, actions| session.interrupt(actions)));
    peer.answer(
        "turn/start",
        &json!({ "turn": { "id": "t1", "status": "inProgress" } }),
    );
    assert_eq!(peer.expect("turn/interrupt")["params"]["turnId"], "t1");
    assert_eq!(peer.end(), None);
}

#[test]
fn an_interrupt_before_the_turn_was_sent_ends_it() {
    let mut peer = Peer::start(&turn(1, "Do it."));
    assert!(peer.act(|session, actions| session.interrupt(actions)));
    let end = TurnEnd::Failed {
        why: "interrupted".into(),
        fault: Fault::Interrupted,
    };
    assert_eq!(peer.end(), Some(&end));
    peer.answer("initialize", &json!({}));
    peer.expect("initialized");
    assert!(peer.written.is_empty());
}

#[test]
fn words_are_taken_in_a_turn_alone() {
    let mut peer = Peer::in_turn();
    assert!(peer.act(|session, actions| session.steer("And test it.", actions)));
    peer.refuse("turn/steer", "no active turn");
    assert!(peer.notices().contains("no active turn"));
    assert_eq!(peer.end(), None);
    peer.completes("t1", "completed");
    assert!(!peer.act(|session, actions| session.steer("More.", actions)));
    assert!(peer.written.is_empty());
}

#[test]
fn a_process_that_ends_mid_turn_died_and_the_next_one_begins_anew() {
    let mut peer = Peer::in_turn();
    peer.asks(&json!(1));
    peer.act(|session, actions| session.stderr(b"Error: out of memory", actions));
    peer.act(|session, actions| session.ended(&ProcessEnd::Exited(3), actions));
    let how = "exit code 3: Error: out of memory".to_owned();
    assert_eq!(peer.end(), Some(&TurnEnd::Died { how }));
    assert_eq!(peer.resolved(), ["1"]);
    let last = peer
        .decoded
        .iter()
        .flat_map(|d| &d.drafts)
        .map(|d| d.id)
        .max();

    let mut again = turn(2, "Go on.");
    again.resume = Some("T".into());
    peer.session.launch(&again).expect("a launch");
    peer.decoded.clear();
    peer.act(|session, actions| session.begin(&again, actions));
    peer.answer("initialize", &json!({}));
    peer.expect("initialized");
    peer.expect("thread/resume");
    // Numbers of drafts go on, so that no item is taken for one of the process before.
    peer.says(&json!({ "method": "warning", "params": { "message": "careful" } }));
    let first = peer
        .decoded
        .iter()
        .flat_map(|d| &d.drafts)
        .map(|d| d.id)
        .min();
    assert!(first > last, "{first:?} {last:?}");
}

#[test]
fn a_process_that_never_answers_died_too() {
    let mut peer = Peer::start(&turn(1, "Do it."));
    peer.act(|session, actions| session.ended(&ProcessEnd::Signalled(9), actions));
    let how = "ended by signal 9".to_owned();
    assert_eq!(peer.end(), Some(&TurnEnd::Died { how }));

    let mut peer = Peer::start(&turn(1, "Do it."));
    let why = "no such file".to_owned();
    let end = ProcessEnd::NotStarted(why.clone());
    peer.act(|session, actions| session.ended(&end, actions));
    assert_eq!(peer.end(), Some(&TurnEnd::NotStarted { why }));

    // Between turns nothing is finished.
    let mut peer = Peer::in_turn();
    peer.completes("t1", "completed");
    peer.decoded.clear();
    peer.act(|session, actions| session.ended(&ProcessEnd::Exited(0), actions));
    assert_eq!(peer.end(), None);
}

#[test]
fn noise_and_what_nobody_knows_end_nothing() {
    let mut peer = Peer::in_turn();
    for line in [
        "not JSON",
        "[]",
        "{}",
        "null",
        "{\"id\":77,\"result\":{}}",
        "",
        "\u{1b}[31mred",
        "{\"method\":\"turn/completed\",\"params\":{\"turn\":3}}",
        "{\"method\":\"item/started\",\"params\":{\"threadId\":\"T\",\"item\":{\"type\":\"ufo\",\"id\":\"u\"}}}",
        "{\"method\":\"item/completed\",\"params\":{\"threadId\":\"T\",\"item\":{\"type\":\"ufo\",\"id\":\"u\"}}}",
        "{\"method\":\"ufo/landed\"}",
        "{\"method\":\"ufo/landed\"}",
        "{\"method\":\"thread/name/updated\"}",
    ] {
        let line = format!("{line}\r\n");
        peer.act(|session, actions| session.stdout(line.as_bytes(), actions));
    }
    assert_eq!(peer.end(), None);
    let notices = peer.notices();
    assert!(notices.contains("not JSON"), "{notices}");
    assert!(notices.contains("kind `ufo`"), "{notices}");
    assert!(notices.contains("`turn/completed`"), "{notices}");
    assert_eq!(notices.matches("ufo/landed").count(), 1, "{notices}");
    assert!(!notices.contains("thread/name"), "{notices}");
    peer.completes("t1", "completed");
    assert_eq!(peer.end(), Some(&TurnEnd::Completed));
}

#[test]
fn a_policy_s_no_lets_the_turn_go_on_though_codex_does_not_offer_it() {
    let mut peer = Peer::in_turn();
    peer.asks(&json!(1));
    let request = &peer.decoded.last().expect("decoded").requests[0].1;
    let kinds: Vec<_> = request.choices.iter().map(|choice| choice.kind).collect();
    use ChoiceKind::{AllowOnce, Cancel, Deny};
    assert_eq!(kinds, [AllowOnce, Deny, Cancel]);
}

#[test]
fn leaving_closes_standard_input() {
    let mut peer = Peer::in_turn();
    let mut actions = Actions::default();
    peer.session.leave(&mut actions);
    assert!(actions.close_stdin);
    let all = peer.session.capabilities();
    assert!(all.requests && all.steer && all.interrupt && all.keeps_process && all.resume);
}
