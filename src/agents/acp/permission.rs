//! `session/request_permission`: what the agent asks, and the answer on the wire.

use serde_json::{Value, json};

use super::patch;
use super::tool_call::{ToolCall, content};
use super::wire::{list, text};
use crate::domain::item::ToolKind;
use crate::domain::request::{Answer, Ask, Choice, ChoiceKind, Request};

/// What the agent asks. `call` has taken the request's own piece of the tool call already.
pub(super) fn request(params: &Value, call: &ToolCall) -> Request {
    let (title, ask) = match (call.kind, call.command_line()) {
        (ToolKind::Execute, Some(command)) => (
            call.line(),
            Ask::Command {
                command: command.to_owned(),
            },
        ),
        // Without paths no rule about paths may speak for it.
        (ToolKind::Edit, _) if !call.paths.is_empty() => (
            format!("edit {}", call.paths.join(", ")),
            Ask::Edit {
                paths: call.paths.clone(),
            },
        ),
        (tool, _) => {
            let name = call.label().to_owned();
            let line = call.line();
            let title = if line == name {
                line
            } else {
                format!("{name}: {line}")
            };
            (title, Ask::Tool { name, tool })
        }
    };
    let places = || {
        let shown = call.paths.join(", ");
        (!shown.is_empty() && !title.contains(&shown)).then(|| format!("about {shown}"))
    };
    Request {
        reason: reason(&params["toolCall"]).or_else(places),
        title,
        ask,
        choices: list(&params["options"]).iter().filter_map(choice).collect(),
        folder: None,
        patch: asked_patch(&params["toolCall"], call),
    }
}

fn reason(piece: &Value) -> Option<String> {
    let words = list(&piece["content"])
        .iter()
        .filter(|part| part["type"] == "content")
        .find_map(|part| content(&part["content"]));
    words
        .or_else(|| text(&piece["rawInput"]["description"]).map(str::to_owned))
        .map(|words| words.trim().to_owned())
        .filter(|words| !words.is_empty())
}

/// The changes that the request shows.
fn asked_patch(piece: &Value, call: &ToolCall) -> Option<String> {
    let diffs = list(&piece["content"]).iter();
    let diffs = diffs.filter(|part| part["type"] == "diff");
    let patches = diffs.filter_map(|part| {
        let path = text(&part["path"])?;
        // As the call names it: relative to the working tree.
        let known = call
            .paths
            .iter()
            .find(|known| path.ends_with(known.as_str()));
        let path = known.map_or(path, String::as_str);
        let side = |name: &str| part[name].as_str().unwrap_or_default();
        patch::unified(path, side("oldText"), side("newText"))
    });
    patch::shown(patches)
}

/// An option of a kind that nobody knows is not offered: it may mean yes.
fn choice(option: &Value) -> Option<Choice> {
    let kind = match option["kind"].as_str()? {
        "allow_once" => ChoiceKind::AllowOnce,
        "allow_always" => ChoiceKind::AllowAlways,
        "reject_once" | "reject_always" => ChoiceKind::Deny,
        _ => return None,
    };
    let id = text(&option["optionId"])?.to_owned();
    let label = text(&option["name"]).unwrap_or(&id).to_owned();
    Some(Choice { id, label, kind })
}

/// The result that says so. What was not offered is no answer, and neither are words: the request counts as cancelled.
pub(super) fn outcome(answer: &Answer, choices: &[Choice]) -> Value {
    match answer {
        Answer::Choose { choice, .. } if choices.iter().any(|offered| offered.id == *choice) => {
            json!({ "outcome": { "outcome": "selected", "optionId": choice } })
        }
        Answer::Choose { .. } | Answer::Words { .. } | Answer::Dismiss { .. } => cancelled(),
    }
}

/// The result that the protocol wants for every open request when a turn is cancelled.
pub(super) fn cancelled() -> Value {
    json!({ "outcome": { "outcome": "cancelled" } })
}

/// Whether a result lets the tool run.
pub(super) fn allows(result: &Value, choices: &[Choice]) -> bool {
    let outcome = &result["outcome"];
    outcome["outcome"] == "selected"
        && choices.iter().any(|choice| {
            outcome["optionId"] == *choice.id
                && matches!(choice.kind, ChoiceKind::AllowOnce | ChoiceKind::AllowAlways)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(params: &Value) -> Request {
        let mut call = ToolCall::new(1);
        call.merge(&params["toolCall"], Some(std::path::Path::new("/w")));
        request(params, &call)
    }

    #[test]
    fn what_is_asked_is_told_by_kind() {
        let command = asked(&json!({"toolCall": {"kind": "execute", "title": "tests",
            "rawInput": {"command": "cargo test", "description": "Runs them"}}}));
        assert_eq!(
            command.ask,
            Ask::Command {
                command: "cargo test".into()
            }
        );
        assert_eq!(command.title, "$ cargo test");
        assert_eq!(command.reason.as_deref(), Some("Runs them"));
        let edit = asked(
            &json!({"toolCall": {"kind": "edit", "title": "Edit files", "locations": [{"path": "/w/a"}, {"path": "/x"}]}}),
        );
        assert_eq!(
            edit.ask,
            Ask::Edit {
                paths: vec!["a".into(), "/x".into()]
            }
        );
        let blind = asked(&json!({"toolCall": {"kind": "edit", "title": "Edit files"}}));
        assert_eq!(
            blind.ask,
            Ask::Tool {
                name: "edit".into(),
                tool: ToolKind::Edit
            }
        );
        let fetch =
            asked(&json!({"toolCall": {"kind": "fetch", "title": "x.org", "name": "WebFetch"}}));
        assert_eq!(fetch.title, "WebFetch: x.org");
        let folder = asked(&json!({"toolCall": {"kind": "other", "title": "touch /x/a",
            "locations": [{"path": "/x/y"}], "rawInput": {"command": "touch /x/a", "directories": ["/x"]}}}));
        assert_eq!(
            folder.ask,
            Ask::Tool {
                name: "other".into(),
                tool: ToolKind::Other
            }
        );
        assert_eq!(folder.title, "other: touch /x/a");
        assert_eq!(folder.reason.as_deref(), Some("about /x/y"));
    }

    #[test]
    fn an_option_of_an_unknown_kind_is_never_chosen() {
        let request = asked(&json!({"toolCall": {}, "options": [
            {"optionId": "all", "kind": "allow_forever", "name": "Everything"},
            {"optionId": "no", "kind": "reject_always", "name": "No"},
        ]}));
        assert_eq!(request.choices.len(), 1);
        assert_eq!(request.allow(), None);
        let choose = |id: &str| Answer::Choose {
            choice: id.into(),
            reason: None,
        };
        assert_eq!(outcome(&choose("all"), &request.choices), cancelled());
        let no = outcome(&choose("no"), &request.choices);
        assert_eq!(
            no,
            json!({"outcome": {"outcome": "selected", "optionId": "no"}})
        );
        assert!(!allows(&no, &request.choices));
        assert!(!allows(&cancelled(), &request.choices));
    }
}
