//! What claude asks (`can_use_tool`), and what it is answered.

use serde_json::{Value, json};

use super::fields::{list, text, word};
use super::tools;
use crate::agents::acp::patch;
use crate::domain::item::ToolKind;
use crate::domain::request::{Answer, Ask, Choice, ChoiceKind, Question, Request};

const ALLOW: &str = "allow";
const ALLOW_ALWAYS: &str = "allow-always";
const DENY: &str = "deny";
const CANCEL: &str = "cancel";

/// What claude waits for an answer to.
#[derive(Debug)]
pub(super) struct Asked {
    /// The call that it is about.
    pub(super) call: String,
    /// One line for people.
    pub(super) title: String,
    /// Whether it takes words.
    pub(super) takes_words: bool,
    /// The request's own name, as it came.
    pub(super) id: Value,
    input: Value,
    suggestions: Vec<Value>,
}

/// Reads a `control_request` for `can_use_tool`.
pub(super) fn asked(message: &Value, folder: &str) -> (Asked, Request) {
    let nothing = Value::Null;
    let request = message.get("request").unwrap_or(&nothing);
    let name = word(request, "tool_name");
    let input = request.get("input").cloned().unwrap_or_else(|| json!({}));
    let ask = ask(name, &input, folder);
    let title = tools::title(name, &input, folder);
    let title = match &ask {
        Ask::Edit { .. } => format!("edit {title}"),
        Ask::Tool {
            tool: ToolKind::Read,
            ..
        } => format!("read {title}"),
        Ask::Tool {
            tool: ToolKind::Fetch,
            ..
        } => format!("fetch {title}"),
        Ask::Command { .. } | Ask::Tool { .. } | Ask::Question { .. } => title,
    };
    let suggestions = list(request, "permission_suggestions").to_vec();
    let takes_words = matches!(ask, Ask::Question { .. });
    let reason = text(request, "decision_reason").map(str::to_owned);
    let shown = Request {
        title: title.clone(),
        reason,
        choices: choices(takes_words, !suggestions.is_empty()),
        ask,
        folder: None,
        patch: asked_patch(&input, folder),
    };
    let asked = Asked {
        call: word(request, "tool_use_id").to_owned(),
        title,
        takes_words,
        id: message.get("request_id").cloned().unwrap_or_default(),
        input,
        suggestions,
    };
    (asked, shown)
}

fn ask(name: &str, input: &Value, folder: &str) -> Ask {
    if tools::is_shell(name)
        && let Some(command) = text(input, "command")
    {
        return Ask::Command {
            command: command.to_owned(),
        };
    }
    if name == "AskUserQuestion" {
        let questions = list(input, "questions").iter().map(question).collect();
        return Ask::Question { questions };
    }
    let tool = tools::kind(name);
    match tools::path(input) {
        Some(path) if tool == ToolKind::Edit => Ask::Edit {
            paths: vec![tools::relative(path, folder)],
        },
        _ => Ask::Tool {
            name: name.to_owned(),
            tool,
        },
    }
}

/// The change that an edit would make, as far as its input says it.
fn asked_patch(input: &Value, folder: &str) -> Option<String> {
    let path = tools::relative(tools::path(input)?, folder);
    let one = |edit: &Value| {
        let (old, new) = (text(edit, "old_string")?, text(edit, "new_string")?);
        patch::unified(&path, old, new)
    };
    let edits = list(input, "edits").iter().filter_map(one);
    let written = text(input, "content").and_then(|new| patch::unified(&path, "", new));
    patch::shown(one(input).into_iter().chain(edits).chain(written))
}

fn question(question: &Value) -> Question {
    Question {
        text: word(question, "question").to_owned(),
        suggestions: list(question, "options")
            .iter()
            .filter_map(|option| text(option, "label"))
            .map(str::to_owned)
            .collect(),
    }
}

/// A question takes words alone; everything else a decision. "Always" is offered where claude says what it would mean.
fn choices(takes_words: bool, has_suggestions: bool) -> Vec<Choice> {
    if takes_words {
        return Vec::new();
    }
    let all = [
        (ALLOW, "Allow", ChoiceKind::AllowOnce),
        (
            ALLOW_ALWAYS,
            "Allow, and don't ask again in this session",
            ChoiceKind::AllowAlways,
        ),
        (DENY, "Deny", ChoiceKind::Deny),
        (CANCEL, "Deny and end the turn", ChoiceKind::Cancel),
    ];
    all.into_iter()
        .filter(|(_, _, kind)| has_suggestions || *kind != ChoiceKind::AllowAlways)
        .map(|(id, label, kind)| Choice {
            id: id.to_owned(),
            label: label.to_owned(),
            kind,
        })
        .collect()
}

impl Asked {
    /// The `response` that says so.
    pub(super) fn response(&self, answer: &Answer) -> Value {
        match answer {
            Answer::Choose { choice, reason } => {
                let reason = reason.as_deref();
                match choice.as_str() {
                    ALLOW => json!({ "behavior": "allow", "updatedInput": self.input }),
                    ALLOW_ALWAYS => json!({
                        "behavior": "allow",
                        "updatedInput": self.input,
                        "updatedPermissions": self.for_this_session(),
                    }),
                    CANCEL => refusal(
                        reason.unwrap_or("The user said no and ended the turn."),
                        true,
                    ),
                    _ => refusal(reason.unwrap_or("The user said no."), false),
                }
            }
            Answer::Words { words } => self.words(words),
            Answer::Dismiss { reason } => refusal(reason, false),
        }
    }

    /// Answers go by the text of their question; a question without an answer is left out. Where no question was asked
    /// the words go along with a no, since a yes has no place for them.
    fn words(&self, words: &[String]) -> Value {
        if !self.takes_words {
            return refusal(&words.join("\n"), false);
        }
        let answers: serde_json::Map<String, Value> = list(&self.input, "questions")
            .iter()
            .filter_map(|question| text(question, "question"))
            .zip(words)
            .filter(|(_, words)| !words.is_empty())
            .map(|(question, words)| (question.to_owned(), Value::String(words.clone())))
            .collect();
        let mut input = self.input.clone();
        if let Some(fields) = input.as_object_mut() {
            fields.insert("answers".to_owned(), Value::Object(answers));
        }
        json!({ "behavior": "allow", "updatedInput": input })
    }

    /// What claude proposes to remember, kept out of the files that it would write it to: those are in the worktree.
    fn for_this_session(&self) -> Vec<Value> {
        let mut suggestions = self.suggestions.clone();
        for suggestion in &mut suggestions {
            if let Some(fields) = suggestion.as_object_mut() {
                fields.insert("destination".to_owned(), Value::from("session"));
            }
        }
        suggestions
    }
}

/// A no; `interrupt` ends the turn too.
pub(super) fn refusal(message: &str, interrupt: bool) -> Value {
    let mut refusal = json!({ "behavior": "deny", "message": message });
    if interrupt && let Some(fields) = refusal.as_object_mut() {
        fields.insert("interrupt".to_owned(), Value::Bool(true));
    }
    refusal
}
