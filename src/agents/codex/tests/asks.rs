//! Every request that codex has: what it asks for, and what each answer is on the wire.

use serde_json::{Value, json};

use crate::agents::Decoded;
use crate::agents::codex::items::Items;
use crate::agents::codex::requests::{Asked, asked};
use crate::agents::codex::thread_item::{CallStatus, ChangeKind, FileChange, ThreadItem};
use crate::domain::item::ToolKind;
use crate::domain::request::{Answer, Ask, Question};

fn items() -> Items {
    let mut items = Items::new(1);
    items.roots.push("/w".into());
    let change = |path: &str, kind| FileChange {
        path: path.into(),
        kind,
        diff: "x\n".into(),
    };
    let moved = ChangeKind::Update {
        move_path: Some("/elsewhere/b".into()),
    };
    let item = ThreadItem::FileChange {
        changes: vec![change("/w/a", ChangeKind::Add), change("/w/b", moved)],
        status: CallStatus::InProgress,
    };
    items.started("T", "patch", item, &mut Decoded::default());
    items
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "every call builds its parameters in place"
)]
fn ask(method: &str, params: Value) -> Asked {
    let params = serde_json::value::to_raw_value(&params).expect("JSON");
    asked(method, Some(&params), &items()).expect("a request")
}

fn chosen(asked: &Asked, choice: &str) -> Value {
    asked.result(&Answer::Choose {
        choice: choice.into(),
        reason: Some("not today".into()),
    })
}

fn dismissed(asked: &Asked) -> Value {
    asked.result(&Answer::Dismiss {
        reason: "nobody there".into(),
    })
}

fn ids(asked: &Asked) -> Vec<&str> {
    let choices = asked.request.choices.iter();
    choices.map(|choice| choice.id.as_str()).collect()
}

#[test]
fn a_command_that_may_be_allowed_for_good() {
    let rule =
        json!({ "acceptWithExecpolicyAmendment": { "execpolicy_amendment": ["git", "push"] } });
    let asked = ask(
        "item/commandExecution/requestApproval",
        json!({
            "threadId": "T", "turnId": "t", "itemId": "c", "reason": "it must",
            "command": "/bin/bash -lc 'git push origin main && rm -rf x'",
            "availableDecisions": ["accept", rule, "ofALaterVersion", "cancel"],
        }),
    );
    let command = "git push origin main && rm -rf x".to_owned();
    assert_eq!(asked.request.ask, Ask::Command { command });
    assert_eq!(asked.request.reason.as_deref(), Some("it must"));
    let expected = [
        "accept",
        "acceptWithExecpolicyAmendment",
        "decline",
        "cancel",
    ];
    assert_eq!(ids(&asked), expected);
    assert!(asked.request.choices[1].label.contains("`git push`"));
    let always = chosen(&asked, "acceptWithExecpolicyAmendment");
    assert_eq!(always, json!({ "decision": rule }));
    assert_eq!(chosen(&asked, "cancel"), json!({ "decision": "cancel" }));
    assert_eq!(
        chosen(&asked, "of nobody"),
        json!({ "decision": "decline" })
    );
    assert_eq!(dismissed(&asked), json!({ "decision": "decline" }));
}

#[test]
fn a_connection_and_words_for_a_command_are_no_commands() {
    let amendment = |action: &str| {
        let rule = json!({ "host": "example.org", "action": action });
        json!({ "applyNetworkPolicyAmendment": { "network_policy_amendment": rule } })
    };
    let asked = ask(
        "item/commandExecution/requestApproval",
        json!({
            "threadId": "T", "itemId": "c", "command": "curl example.org",
            "networkApprovalContext": { "host": "example.org", "protocol": "https" },
            "availableDecisions": [
                "accept", "acceptForSession", amendment("allow"), amendment("deny"), "cancel",
            ],
        }),
    );
    assert_eq!(asked.request.title, "connect to example.org (https)");
    let name = "network".to_owned();
    let tool = ToolKind::Fetch;
    assert_eq!(asked.request.ask, Ask::Tool { name, tool });
    // A policy's no is the plain one, not a rule for ever.
    let expected = [
        "accept",
        "acceptForSession",
        "allowHost",
        "decline",
        "denyHost",
        "cancel",
    ];
    assert_eq!(ids(&asked), expected);
    let always = chosen(&asked, "denyHost");
    assert_eq!(always, json!({ "decision": amendment("deny") }));

    let asked = ask(
        "item/commandExecution/requestApproval",
        json!({ "threadId": "T", "itemId": "c", "kind": "writeStdin", "command": "bash" }),
    );
    assert_eq!(asked.request.title, "type into $ bash");
    assert!(matches!(asked.request.ask, Ask::Tool { .. }));
    assert_eq!(
        ids(&asked),
        ["accept", "acceptForSession", "decline", "cancel"]
    );
}

#[test]
fn an_edit_names_every_file_that_it_touches() {
    let params =
        |item: &str, root: Value| json!({ "threadId": "T", "itemId": item, "grantRoot": root });
    let method = "item/fileChange/requestApproval";
    let asked = ask(method, params("patch", json!(null)));
    let paths = vec!["a".into(), "b".into(), "/elsewhere/b".into()];
    assert_eq!(asked.request.ask, Ask::Edit { paths });
    assert_eq!(chosen(&asked, "accept"), json!({ "decision": "accept" }));
    let asked = ask(method, params("patch", json!("/w/src")));
    let paths = vec!["a".into(), "b".into(), "/elsewhere/b".into(), "src".into()];
    assert_eq!(asked.request.ask, Ask::Edit { paths });
    assert!(asked.request.title.ends_with("and anything below src"));
    // An edit of nobody knows what is not an edit of nothing.
    let asked = ask(method, params("unknown", json!(null)));
    let name = "apply_patch".to_owned();
    let tool = ToolKind::Edit;
    assert_eq!(asked.request.ask, Ask::Tool { name, tool });
}

#[test]
fn permissions_are_granted_as_they_were_asked_for() {
    let wanted = json!({
        "fileSystem": {
            "write": ["/w/out"],
            "entries": [{ "access": "write", "path": { "type": "path", "path": "/w/out" } }],
        },
        "network": { "enabled": true },
    });
    let asked = ask(
        "item/permissions/requestApproval",
        json!({ "threadId": "T", "itemId": "p", "cwd": "/w", "permissions": wanted }),
    );
    assert_eq!(
        asked.request.title,
        "more permissions: write out, the network"
    );
    let granted = chosen(&asked, "session");
    assert_eq!(
        granted,
        json!({ "permissions": wanted, "scope": "session" })
    );
    assert_eq!(
        dismissed(&asked),
        json!({ "permissions": {}, "scope": "turn" })
    );
}

#[test]
fn questions_take_words() {
    let asked = ask(
        "item/tool/requestUserInput",
        json!({
            "threadId": "T", "turnId": "t", "itemId": "q", "isBlocking": true,
            "questions": [
                { "id": "color", "header": "Color", "question": "Which color?",
                  "options": [{ "label": "red", "description": "" }] },
                { "id": "size", "header": "Size", "question": "How big?", "options": null },
            ],
        }),
    );
    assert_eq!(asked.request.title, "Which color? (+1)");
    let question = |text: &str, suggestions| Question {
        text: text.into(),
        suggestions,
    };
    let red = vec!["red".to_owned()];
    let questions = vec![
        question("Which color?", red),
        question("How big?", Vec::new()),
    ];
    assert_eq!(asked.request.ask, Ask::Question { questions });
    let words = vec!["blue".into(), "big".into()];
    let answers = json!({ "color": { "answers": ["blue"] }, "size": { "answers": ["big"] } });
    assert_eq!(
        asked.result(&Answer::Words { words }),
        json!({ "answers": answers })
    );
    assert_eq!(dismissed(&asked), json!({ "answers": {} }));
}

#[test]
fn forms_of_mcp_servers_are_questions() {
    let schema = json!({
        "type": "object", "required": ["name"],
        "properties": {
            "age": { "type": "integer" },
            "name": { "type": "string", "title": "Name", "description": "yours" },
            "nice": { "type": "boolean" },
            "tags": { "type": "array", "items": { "enum": ["a", "b"] } },
        },
    });
    let params = |schema: Value| {
        json!({
            "threadId": "T", "serverName": "s", "mode": "form", "message": "Who?", "requestedSchema": schema,
        })
    };
    let method = "mcpServer/elicitation/request";
    let form = ask(method, params(schema));
    let Ask::Question { questions } = &form.request.ask else {
        panic!("{form:?}");
    };
    assert_eq!(questions[1].text, "Name: yours");
    assert_eq!(questions[3].suggestions, ["a", "b"]);
    let words = ["7", "Ann", "yes", "a, b"].map(str::to_owned).to_vec();
    let content = json!({ "age": 7, "name": "Ann", "nice": true, "tags": ["a", "b"] });
    let answer = form.result(&Answer::Words { words });
    assert_eq!(answer, json!({ "action": "accept", "content": content }));
    let words = vec![String::new(); 4];
    let answer = form.result(&Answer::Words { words });
    assert_eq!(
        answer,
        json!({ "action": "accept", "content": { "name": "" } })
    );
    assert_eq!(chosen(&form, "cancel"), json!({ "action": "cancel" }));
    assert_eq!(dismissed(&form), json!({ "action": "decline" }));

    // Without fields it asks for a yes.
    let asked = ask(
        method,
        params(json!({ "type": "object", "properties": {} })),
    );
    assert_eq!(ids(&asked), ["accept", "decline", "cancel"]);
    let yes = chosen(&asked, "accept");
    assert_eq!(yes, json!({ "action": "accept", "content": {} }));
    let page = json!({
        "threadId": "T", "serverName": "s", "mode": "url", "message": "Log in",
        "url": "https://example.org", "elicitationId": "e",
    });
    let asked = ask(method, page);
    assert_eq!(asked.request.title, "open https://example.org: Log in");
    assert_eq!(chosen(&asked, "accept"), json!({ "action": "accept" }));
}

#[test]
fn requests_of_older_versions() {
    let asked = ask(
        "execCommandApproval",
        json!({ "conversationId": "T", "callId": "c", "command": ["bash", "-lc", "ls | wc"], "cwd": "/w" }),
    );
    let command = "ls | wc".to_owned();
    assert_eq!(asked.request.ask, Ask::Command { command });
    assert_eq!(
        chosen(&asked, "approved"),
        json!({ "decision": "approved" })
    );
    let denied = json!({ "decision": { "denied": { "rejection": "not today" } } });
    assert_eq!(chosen(&asked, "denied"), denied);
    let asked = ask(
        "applyPatchApproval",
        json!({ "conversationId": "T", "callId": "c", "fileChanges": {
            "/w/a": { "type": "update", "unified_diff": "", "move_path": "/w/c" },
        } }),
    );
    let paths = vec!["a".into(), "c".into()];
    assert_eq!(asked.request.ask, Ask::Edit { paths });
    assert_eq!(chosen(&asked, "abort"), json!({ "decision": "abort" }));
}
