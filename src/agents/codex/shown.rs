//! What is to be seen of a codex item.

use serde_json::Value;

use super::thread_item::{
    AgentActivity, CallStatus, ChangeKind, CommandAction, FileChange, ThreadItem, WebAction,
};
use super::words;
use crate::domain::item::{Item, ToolKind, ToolStatus};

/// A tool call.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    pub(super) tool: ToolKind,
    pub(super) title: String,
    pub(super) status: ToolStatus,
}

impl From<Call> for Item {
    fn from(call: Call) -> Self {
        Self::ToolCall {
            tool: call.tool,
            title: call.title,
            status: call.status,
        }
    }
}

/// What is to be seen of an item.
pub(super) enum Shown {
    Words {
        is_reasoning: bool,
        text: String,
    },
    Call {
        call: Call,
        output: Option<String>,
        exit: Option<i32>,
        /// Paths and patches.
        changes: Vec<(String, String)>,
        /// The threads of sub-agents that it has to do with.
        agents: Vec<String>,
        starts_agents: bool,
    },
    Notice(String),
    Nothing,
}

impl Shown {
    /// Whether it is a call that runs.
    pub(super) fn runs(&self) -> bool {
        matches!(self, Self::Call { call, .. } if call.status == ToolStatus::Running)
    }
}

/// The paths that are changed and how, as unified diffs.
pub(super) fn patches(changes: &[FileChange], roots: &[String]) -> Vec<(String, String)> {
    let mut patches = Vec::new();
    for change in changes {
        let path = words::relative(&change.path, roots);
        patches.push((path, words::patch(change, roots)));
        // Where a file goes to is changed too, and shown with where it comes from.
        if let ChangeKind::Update {
            move_path: Some(to),
        } = &change.kind
        {
            patches.push((words::relative(to, roots), String::new()));
        }
    }
    patches
}

/// What is to be seen of an item.
pub(super) fn shown(item: ThreadItem, is_complete: bool, roots: &[String]) -> Shown {
    let simple = |tool, title: String| {
        let status = if is_complete {
            ToolStatus::Completed
        } else {
            ToolStatus::Running
        };
        shown_call(tool, title, status)
    };
    let status = |status| match status {
        CallStatus::Failed => ToolStatus::Failed,
        CallStatus::Declined => ToolStatus::Declined,
        _ if is_complete => ToolStatus::Completed,
        CallStatus::Completed => ToolStatus::Completed,
        CallStatus::InProgress | CallStatus::Unknown => ToolStatus::Running,
    };
    match item {
        ThreadItem::AgentMessage { text } | ThreadItem::Plan { text } => Shown::Words {
            is_reasoning: false,
            text,
        },
        ThreadItem::Reasoning { summary, content } => Shown::Words {
            is_reasoning: true,
            text: if summary.is_empty() {
                content.join("")
            } else {
                summary.join("\n\n")
            },
        },
        ThreadItem::CommandExecution {
            command,
            command_actions,
            aggregated_output,
            exit_code,
            status: said,
        } => {
            let command = words::unwrapped(&command);
            let (tool, title) = match command_actions.as_slice() {
                // It only reads a file: `cat src/main.rs`.
                [
                    CommandAction::Read {
                        command: whole,
                        path,
                    },
                ] if *whole == command => (ToolKind::Read, words::relative(path, roots)),
                _ => (ToolKind::Execute, words::command_title(&command)),
            };
            with_output(
                shown_call(tool, title, status(said)),
                aggregated_output,
                exit_code,
            )
        }
        ThreadItem::FileChange {
            changes: files,
            status: said,
        } => {
            let changes = patches(&files, roots);
            let paths: Vec<String> = changes.iter().map(|(path, _)| path.clone()).collect();
            let title = words::paths_title(&paths);
            let mut shown = shown_call(ToolKind::Edit, title, status(said));
            if let Shown::Call { changes: known, .. } = &mut shown {
                *known = changes;
            }
            shown
        }
        ThreadItem::McpToolCall {
            server,
            tool,
            arguments,
            status: said,
            result,
            error,
        } => {
            let title = words::tool_title(&format!("{server}.{tool}"), &arguments);
            let output = error
                .map(|error| error.message)
                .or_else(|| result.map(|result| words::content(&result.content)));
            with_output(
                shown_call(ToolKind::Other, title, status(said)),
                output,
                None,
            )
        }
        ThreadItem::DynamicToolCall {
            tool,
            arguments,
            status: said,
            content_items,
        } => {
            let title = words::tool_title(&tool, &arguments);
            let output = content_items.map(|blocks| words::content(&blocks));
            with_output(
                shown_call(ToolKind::Other, title, status(said)),
                output,
                None,
            )
        }
        ThreadItem::CollabAgentToolCall {
            tool,
            prompt,
            receiver_thread_ids,
            status: said,
        } => {
            let starts = matches!(tool.as_str(), "spawnAgent" | "spawn_agent");
            let title = match prompt {
                Some(prompt) => format!("agent {tool}: {}", words::short(&prompt, 80)),
                None => format!("agent {tool}"),
            };
            let mut shown = shown_call(ToolKind::Other, title, status(said));
            if let Shown::Call {
                agents,
                starts_agents,
                ..
            } = &mut shown
            {
                *agents = receiver_thread_ids;
                *starts_agents = starts;
            }
            shown
        }
        ThreadItem::SubAgentActivity {
            agent_path,
            agent_thread_id,
            kind,
        } => {
            let status = match kind {
                AgentActivity::Started | AgentActivity::GoesOn => ToolStatus::Running,
                AgentActivity::Interrupted => ToolStatus::Failed,
                AgentActivity::Completed => ToolStatus::Completed,
            };
            let mut shown = shown_call(ToolKind::Other, format!("agent {agent_path}"), status);
            if let Shown::Call { agents, .. } = &mut shown {
                agents.push(agent_thread_id);
            }
            shown
        }
        ThreadItem::WebSearch { query, action } => match action {
            Some(
                WebAction::OpenPage { url: Some(url) } | WebAction::FindInPage { url: Some(url) },
            ) => simple(ToolKind::Fetch, url),
            Some(WebAction::Search { query: Some(query) }) => {
                simple(ToolKind::Search, format!("\"{query}\""))
            }
            _ => simple(ToolKind::Search, format!("\"{query}\"")),
        },
        ThreadItem::ImageView { path } => simple(ToolKind::Read, words::relative(&path, roots)),
        ThreadItem::ImageGeneration => simple(ToolKind::Other, "makes an image".to_owned()),
        ThreadItem::Sleep { duration_ms } => simple(
            ToolKind::Other,
            format!("waits {} s", duration_ms.div_ceil(1000)),
        ),
        ThreadItem::FunctionCallOutput { name, output } => {
            let output = match output {
                Value::String(text) => text,
                Value::Array(blocks) => words::content(&blocks),
                other => other.to_string(),
            };
            with_output(simple(ToolKind::Other, name), Some(output), None)
        }
        ThreadItem::EnteredReviewMode { review } => {
            Shown::Notice(format!("review begins: {}", words::short(&review, 200)))
        }
        ThreadItem::ExitedReviewMode { review } => Shown::Words {
            is_reasoning: false,
            text: review,
        },
        ThreadItem::ContextCompaction => {
            Shown::Notice("codex made the conversation shorter".to_owned())
        }
        ThreadItem::UserMessage | ThreadItem::HookPrompt | ThreadItem::Unknown => Shown::Nothing,
    }
}

fn shown_call(tool: ToolKind, title: String, status: ToolStatus) -> Shown {
    Shown::Call {
        call: Call {
            tool,
            title,
            status,
        },
        output: None,
        exit: None,
        changes: Vec::new(),
        agents: Vec::new(),
        starts_agents: false,
    }
}

fn with_output(mut shown: Shown, text: Option<String>, code: Option<i32>) -> Shown {
    if let Shown::Call { output, exit, .. } = &mut shown {
        *output = text;
        *exit = code;
    }
    shown
}
