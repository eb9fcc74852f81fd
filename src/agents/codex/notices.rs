//! Notifications that change nothing: words for people, and chatter.

use serde_json::Value;
use serde_json::value::RawValue;

use super::wire::{self, McpServerStatus, Words};
use super::words;

/// What a notification is worth.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Notification {
    /// A line for people.
    Words(String),
    /// Nothing that people need.
    Chatter,
    /// Nobody knows.
    Unknown,
}

/// Methods, or beginnings of methods, that are of no use to people (those of codex 0.169). `turn/diff/updated` repeats
/// the whole diff of the turn, whose parts are items already.
const CHATTER: &[&str] = &[
    "account/",
    "app/",
    "autoApprovalReview/",
    "codex/event/",
    "command/exec/",
    "externalAgentConfig/",
    "fs/",
    "fuzzyFileSearch/",
    "hook/started",
    "item/autoApprovalReview/started",
    "item/fileChange/outputDelta",
    "item/mcpToolCall/progress",
    "item/reasoning/summaryPartAdded",
    "mcpServer/event/",
    "mcpServer/oauthLogin/",
    "model/",
    "process/",
    "project/",
    "remoteControl/",
    "skills/",
    "thread/",
    "turn/",
    "windows",
];

/// Says what a notification is worth that the decoder itself doesn't act upon, or couldn't read.
pub(super) fn understand(method: &str, params: Option<&RawValue>) -> Notification {
    match method {
        "warning"
        | "guardianWarning"
        | "configWarning"
        | "deprecationNotice"
        | "modelProvider/authRecoveryStarted"
        | "modelProvider/authRecoveryCompleted" => said(params),
        "mcpServer/startupStatus/updated" => mcp_server(params),
        "hook/completed" => hook(params),
        "item/autoApprovalReview/completed" => review(params),
        "item/commandExecution/terminalInteraction" => typed(params),
        // Those that the decoder acts upon come here when they can't be read: that must be seen.
        "turn/completed"
        | "turn/started"
        | "turn/plan/updated"
        | "thread/started"
        | "thread/tokenUsage/updated"
        | "account/rateLimits/updated"
        | "model/rerouted" => Notification::Unknown,
        _ if CHATTER.iter().any(|known| method.starts_with(known)) => Notification::Chatter,
        _ => Notification::Unknown,
    }
}

fn said(params: Option<&RawValue>) -> Notification {
    match wire::read::<Words>(params) {
        Some(Words { message, details }) => Notification::Words(match details {
            Some(details) => format!("{message}: {details}"),
            None => message,
        }),
        None => Notification::Unknown,
    }
}

fn mcp_server(params: Option<&RawValue>) -> Notification {
    match wire::read::<McpServerStatus>(params) {
        Some(McpServerStatus {
            name,
            error: Some(error),
        }) => Notification::Words(format!("MCP server {name}: {error}")),
        _ => Notification::Chatter,
    }
}

fn hook(params: Option<&RawValue>) -> Notification {
    let params: Value = wire::read(params).unwrap_or_default();
    let text = |name: &str| params.pointer(name).and_then(Value::as_str);
    match text("/run/status") {
        Some(status @ ("failed" | "blocked" | "stopped")) => {
            let event = text("/run/eventName").unwrap_or("");
            let why = text("/run/statusMessage").unwrap_or("");
            Notification::Words(format!("hook {event} {status}: {why}"))
        }
        _ => Notification::Chatter,
    }
}

/// codex's own reviewer decided instead of a human.
fn review(params: Option<&RawValue>) -> Notification {
    let params: Value = wire::read(params).unwrap_or_default();
    let text = |name: &str| params.pointer(name).and_then(Value::as_str);
    let status = text("/review/status").unwrap_or("decided");
    let why = text("/review/rationale").unwrap_or("");
    Notification::Words(format!(
        "codex's reviewer: {status}: {}",
        words::short(why, 200)
    ))
}

/// The agent typed into a command that runs; empty when it only looked.
fn typed(params: Option<&RawValue>) -> Notification {
    match wire::read::<wire::DeltaEvent>(params) {
        Some(event) if !event.delta.is_empty() => {
            Notification::Words(format!("typed: {}", words::short(&event.delta, 200)))
        }
        _ => Notification::Chatter,
    }
}
