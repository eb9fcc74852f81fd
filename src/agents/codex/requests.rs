//! What codex asks, as docket's requests, and docket's answers, as codex understands them.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::items::Items;
use super::{elicitation, wire, words};
use crate::domain::item::ToolKind;
use crate::domain::request::{Answer, Ask, Choice, ChoiceKind, Question, Request, RequestKey};

/// A request that codex waits for, and what each answer to it is on the wire.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Asked {
    pub(super) request: Request,
    /// The thread that asks.
    pub(super) thread: Option<String>,
    /// What each choice is on the wire: its id and the whole result.
    pub(super) results: HashMap<String, Value>,
    /// What says no and lets the turn go on.
    pub(super) refusal: Value,
    /// How words are sent, where it takes words.
    pub(super) words: Option<WordsAs>,
}

/// How answers in words are sent.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum WordsAs {
    /// As `answers`, by the ids of the questions.
    Answers(Vec<String>),
    /// As the `content` of a form.
    Form(Vec<elicitation::Field>),
}

impl Asked {
    /// The answer on the wire. What can't be sent as it is, is a no: nothing is ever allowed by mistake.
    pub(super) fn result(&self, answer: &Answer) -> Value {
        match answer {
            Answer::Choose { choice, reason } => {
                let Some(result) = self.results.get(choice) else {
                    return self.refusal.clone();
                };
                let mut result = result.clone();
                // Only the older protocol takes words along with a no.
                if let (Some(place), Some(reason)) =
                    (result.pointer_mut("/decision/denied/rejection"), reason)
                {
                    *place = json!(reason);
                }
                result
            }
            Answer::Words { words } => match &self.words {
                Some(WordsAs::Answers(ids)) => {
                    let answers: serde_json::Map<String, Value> = ids
                        .iter()
                        .zip(words)
                        .map(|(id, words)| (id.clone(), json!({ "answers": [words] })))
                        .collect();
                    json!({ "answers": answers })
                }
                Some(WordsAs::Form(fields)) => elicitation::filled_in(fields, words),
                None => self.refusal.clone(),
            },
            Answer::Dismiss { .. } => self.refusal.clone(),
        }
    }
}

/// The requests that codex waits for now.
#[derive(Debug, Default)]
pub(super) struct OpenRequests {
    /// In the order in which they came.
    open: Vec<(RequestKey, Asked)>,
}

impl OpenRequests {
    pub(super) fn add(&mut self, key: RequestKey, asked: Asked) {
        self.open.retain(|(known, _)| *known != key);
        self.open.push((key, asked));
    }

    pub(super) fn get(&self, key: &RequestKey) -> Option<&Asked> {
        self.open
            .iter()
            .find(|(known, _)| known == key)
            .map(|(_, asked)| asked)
    }

    /// codex waits for it no more. `false` when it did not.
    pub(super) fn remove(&mut self, key: &RequestKey) -> bool {
        let before = self.open.len();
        self.open.retain(|(known, _)| known != key);
        self.open.len() < before
    }

    /// codex waits for none of them any more.
    pub(super) fn clear(&mut self) -> impl Iterator<Item = RequestKey> {
        std::mem::take(&mut self.open)
            .into_iter()
            .map(|(key, _)| key)
    }

    /// Those that are open, in the order in which they came.
    pub(super) fn keys(&self) -> Vec<RequestKey> {
        self.open.iter().map(|(key, _)| key.clone()).collect()
    }

    /// The one that waits longest.
    pub(super) fn first(&self) -> Option<&Request> {
        self.open.first().map(|(_, asked)| &asked.request)
    }
}

/// Understands a request; `None` when docket doesn't know its method, or can't read it.
pub(super) fn asked(method: &str, params: Option<&RawValue>, items: &Items) -> Option<Asked> {
    match method {
        "item/commandExecution/requestApproval" => Some(command(wire::read(params)?, items)),
        "item/fileChange/requestApproval" => Some(file_change(wire::read(params)?, items)),
        "item/permissions/requestApproval" => Some(permissions(wire::read(params)?, items)),
        "item/tool/requestUserInput" => Some(user_input(wire::read(params)?)),
        "mcpServer/elicitation/request" => Some(elicitation::asked(wire::read(params)?)),
        "execCommandApproval" => Some(legacy_command(wire::read(params)?)),
        "applyPatchApproval" => Some(legacy_patch(wire::read(params)?, items)),
        _ => None,
    }
}

/// Choices in the making: what people see, and what goes over the wire.
#[derive(Default)]
pub(super) struct Choices {
    choices: Vec<Choice>,
    results: HashMap<String, Value>,
}

impl Choices {
    pub(super) fn add(mut self, id: &str, label: &str, kind: ChoiceKind, result: Value) -> Self {
        self.choices.push(Choice {
            id: id.to_owned(),
            label: label.to_owned(),
            kind,
        });
        self.results.insert(id.to_owned(), result);
        self
    }

    pub(super) fn asked(
        self,
        title: String,
        reason: Option<String>,
        ask: Ask,
        refusal: Value,
    ) -> Asked {
        Asked {
            request: Request {
                title,
                reason,
                ask,
                choices: self.choices,
                folder: None,
                patch: None,
            },
            thread: None,
            results: self.results,
            refusal,
            words: None,
        }
    }

    /// What codex takes as an answer to an approval that names no decisions of its own.
    fn decisions() -> Self {
        [
            json!("accept"),
            json!("acceptForSession"),
            json!("decline"),
            json!("cancel"),
        ]
        .iter()
        .fold(Self::default(), Self::decision)
    }

    /// A decision of `…/requestApproval`. One of a later version is left out: nobody knows what it means.
    fn decision(self, decision: &Value) -> Self {
        use ChoiceKind::{AllowAlways, AllowOnce, Cancel, Deny};
        let (id, details) = match decision {
            Value::String(id) => (id.clone(), Value::Null),
            Value::Object(fields) => match fields.iter().next() {
                Some((id, details)) => (id.clone(), details.clone()),
                None => return self,
            },
            _ => return self,
        };
        let result = json!({ "decision": decision });
        match id.as_str() {
            "accept" => self.add(&id, "yes", AllowOnce, result),
            "acceptForSession" => self.add(
                &id,
                "yes, and all like it in this conversation",
                AllowAlways,
                result,
            ),
            "acceptWithExecpolicyAmendment" => {
                let prefix: Vec<String> = details
                    .get("execpolicy_amendment")
                    .and_then(|words| serde_json::from_value(words.clone()).ok())
                    .unwrap_or_default();
                let prefix = words::of_argv(&prefix);
                let label = format!("yes, and always what begins with `{prefix}`");
                self.add(&id, &label, AllowAlways, result)
            }
            "applyNetworkPolicyAmendment" => {
                let rule = details.get("network_policy_amendment");
                let text = |name| rule.and_then(|rule| rule.get(name)).and_then(Value::as_str);
                let host = text("host").unwrap_or("this host");
                if text("action") == Some("allow") {
                    let label = format!("yes, and always to {host}");
                    self.add("allowHost", &label, AllowAlways, result)
                } else {
                    let label = format!("no, and never to {host}");
                    self.add("denyHost", &label, Deny, result)
                }
            }
            "decline" => self.add(&id, "no, go on without", Deny, result),
            "cancel" => self.add(&id, "no, and end the turn", Cancel, result),
            _ => self,
        }
    }
}

fn decline() -> Value {
    json!({ "decision": "decline" })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CommandParams {
    thread_id: String,
    item_id: String,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    command: Option<String>,
    /// `command`, or `writeStdin`: words for a command that runs already.
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    network_approval_context: Option<NetworkContext>,
    #[serde(default)]
    cwd: Option<String>,
    #[serde(default)]
    available_decisions: Option<Vec<Value>>,
}

#[derive(Deserialize)]
struct NetworkContext {
    host: String,
    protocol: String,
}

fn command(params: CommandParams, items: &Items) -> Asked {
    let command = params.command.as_deref().map(words::unwrapped);
    let running = || {
        command.as_deref().map_or_else(
            || {
                items
                    .title(&params.item_id)
                    .unwrap_or("a command")
                    .to_owned()
            },
            words::command_title,
        )
    };
    let tool = |name: &str, tool| Ask::Tool {
        name: name.to_owned(),
        tool,
    };
    let (title, ask) = match (&params.network_approval_context, &command) {
        (Some(network), _) => (
            format!("connect to {} ({})", network.host, network.protocol),
            tool("network", ToolKind::Fetch),
        ),
        (None, _) if params.kind.as_deref() == Some("writeStdin") => (
            format!("type into {}", running()),
            tool("write_stdin", ToolKind::Execute),
        ),
        (None, Some(command)) => (
            words::command_title(command),
            Ask::Command {
                command: command.clone(),
            },
        ),
        (None, None) => (running(), tool("command", ToolKind::Execute)),
    };
    let choices = match params.available_decisions {
        Some(mut decisions) if !decisions.is_empty() => {
            // codex takes a `decline` whether it names it or not (0.169 doesn't), and without it a no would end the
            // turn. It stands before the other ways to say no, so that it is the one that a policy takes.
            let declines = |decision: &Value| *decision == json!("decline");
            decisions.retain(|decision| !declines(decision));
            let denies = |decision: &Value| {
                *decision == json!("cancel")
                    || decision
                        .pointer("/applyNetworkPolicyAmendment/network_policy_amendment/action")
                        == Some(&json!("deny"))
            };
            let at = decisions.iter().position(denies).unwrap_or(decisions.len());
            decisions.insert(at, json!("decline"));
            decisions.iter().fold(Choices::default(), Choices::decision)
        }
        _ => Choices::decisions(),
    };
    let mut asked = choices.asked(title, params.reason, ask, decline());
    asked.request.folder = params.cwd;
    asked.thread = Some(params.thread_id);
    asked
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FileChangeParams {
    thread_id: String,
    item_id: String,
    #[serde(default)]
    reason: Option<String>,
    /// A folder: whoever says yes allows to write anything below it.
    #[serde(default)]
    grant_root: Option<String>,
}

fn file_change(params: FileChangeParams, items: &Items) -> Asked {
    let paths = items.changed_paths(&params.item_id).unwrap_or_default();
    let (title, ask) = edit(paths, params.grant_root, items);
    let mut asked = Choices::decisions().asked(title, params.reason, ask, decline());
    asked.request.patch = items.patch(&params.item_id);
    asked.thread = Some(params.thread_id);
    asked
}

/// An edit of these files. When nobody knows which, it is not an edit of none, which any rule would allow.
fn edit(mut paths: Vec<String>, grant_root: Option<String>, items: &Items) -> (String, Ask) {
    let mut title = format!("edit {}", words::paths_title(&paths));
    if let Some(root) = grant_root {
        let root = words::relative(&root, &items.roots);
        title.push_str(" and anything below ");
        title.push_str(&root);
        paths.push(root);
    }
    let ask = if paths.is_empty() {
        Ask::Tool {
            name: "apply_patch".to_owned(),
            tool: ToolKind::Edit,
        }
    } else {
        Ask::Edit { paths }
    };
    (title, ask)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PermissionsParams {
    thread_id: String,
    #[serde(default)]
    reason: Option<String>,
    /// `fileSystem` and `network`: given back as they came, they are granted.
    permissions: Value,
}

fn permissions(params: PermissionsParams, items: &Items) -> Asked {
    let mut wanted = Vec::new();
    for access in ["read", "write"] {
        let paths = params.permissions.pointer(&format!("/fileSystem/{access}"));
        for path in paths.and_then(Value::as_array).into_iter().flatten() {
            let path = path.as_str().unwrap_or_default();
            wanted.push(format!("{access} {}", words::relative(path, &items.roots)));
        }
    }
    let entries = params.permissions.pointer("/fileSystem/entries");
    for entry in entries.and_then(Value::as_array).into_iter().flatten() {
        let access = entry.get("access").and_then(Value::as_str).unwrap_or("use");
        let path = entry
            .pointer("/path/path")
            .or_else(|| entry.pointer("/path/pattern"));
        let path = path.and_then(Value::as_str).unwrap_or("a special folder");
        wanted.push(format!("{access} {}", words::relative(path, &items.roots)));
    }
    if params.permissions.pointer("/network/enabled") == Some(&json!(true)) {
        wanted.push("the network".to_owned());
    }
    // The same path may come in both forms.
    let mut seen = HashSet::new();
    wanted.retain(|one| seen.insert(one.clone()));
    let title = format!("more permissions: {}", wanted.join(", "));
    let ask = Ask::Tool {
        name: "permissions".to_owned(),
        tool: ToolKind::Other,
    };
    let granted = |scope: &str| json!({ "permissions": params.permissions, "scope": scope });
    let refusal = json!({ "permissions": {}, "scope": "turn" });
    use ChoiceKind::{AllowAlways, AllowOnce, Deny};
    let choices = Choices::default()
        .add("turn", "yes, in this turn", AllowOnce, granted("turn"))
        .add(
            "session",
            "yes, in this conversation",
            AllowAlways,
            granted("session"),
        )
        .add("none", "no, go on without", Deny, refusal.clone());
    Asked {
        thread: Some(params.thread_id),
        ..choices.asked(title, params.reason, ask, refusal)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UserInputParams {
    thread_id: String,
    questions: Vec<UserQuestion>,
}

#[derive(Deserialize)]
struct UserQuestion {
    id: String,
    question: String,
    #[serde(default)]
    options: Option<Vec<UserOption>>,
}

#[derive(Deserialize)]
struct UserOption {
    label: String,
}

fn user_input(params: UserInputParams) -> Asked {
    let ids = params.questions.iter().map(|one| one.id.clone()).collect();
    let questions: Vec<Question> = params
        .questions
        .into_iter()
        .map(|question| Question {
            text: question.question,
            suggestions: question
                .options
                .unwrap_or_default()
                .into_iter()
                .map(|option| option.label)
                .collect(),
        })
        .collect();
    let title = questions_title(&questions);
    let ask = Ask::Question { questions };
    Asked {
        thread: Some(params.thread_id),
        words: Some(WordsAs::Answers(ids)),
        ..Choices::default().asked(title, None, ask, json!({ "answers": {} }))
    }
}

/// The first question, and how many follow.
pub(super) fn questions_title(questions: &[Question]) -> String {
    match questions {
        [] => "a question".to_owned(),
        [one] => words::short(&one.text, 200),
        [one, rest @ ..] => format!("{} (+{})", words::short(&one.text, 200), rest.len()),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LegacyCommandParams {
    conversation_id: String,
    command: Vec<String>,
    #[serde(default)]
    cwd: Option<String>,
    #[serde(default)]
    reason: Option<String>,
}

fn legacy_command(params: LegacyCommandParams) -> Asked {
    let command = words::of_argv(&params.command);
    let title = words::command_title(&command);
    let ask = Ask::Command { command };
    let mut asked = legacy_choices().asked(title, params.reason, ask, denied());
    asked.request.folder = params.cwd;
    asked.thread = Some(params.conversation_id);
    asked
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LegacyPatchParams {
    conversation_id: String,
    file_changes: serde_json::Map<String, Value>,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    grant_root: Option<String>,
}

fn legacy_patch(params: LegacyPatchParams, items: &Items) -> Asked {
    let mut paths = Vec::new();
    for (path, change) in &params.file_changes {
        paths.push(words::relative(path, &items.roots));
        let to = change.get("move_path").and_then(Value::as_str);
        paths.extend(to.map(|to| words::relative(to, &items.roots)));
    }
    let (title, ask) = edit(paths, params.grant_root, items);
    Asked {
        thread: Some(params.conversation_id),
        ..legacy_choices().asked(title, params.reason, ask, denied())
    }
}

fn denied() -> Value {
    json!({ "decision": { "denied": { "rejection": "not allowed" } } })
}

fn legacy_choices() -> Choices {
    use ChoiceKind::{AllowAlways, AllowOnce, Cancel, Deny};
    let result = |decision: &str| json!({ "decision": decision });
    let always = "yes, and all like it in this conversation";
    Choices::default()
        .add("approved", "yes", AllowOnce, result("approved"))
        .add(
            "approved_for_session",
            always,
            AllowAlways,
            result("approved_for_session"),
        )
        .add("denied", "no, go on without", Deny, denied())
        .add("abort", "no, and end the turn", Cancel, result("abort"))
}
