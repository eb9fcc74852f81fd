//! The items of a codex thread: messages, reasoning, tool calls.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// An item and its id, unique in its thread.
#[derive(Debug, Deserialize)]
pub(super) struct Identified {
    pub(super) id: String,
    #[serde(flatten)]
    pub(super) item: ThreadItem,
}

/// One item, as `item/started` and `item/completed` carry it.
#[derive(Debug, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub(super) enum ThreadItem {
    /// The prompt, and words that were given in the middle of a turn.
    UserMessage,
    /// What a hook adds to the prompt.
    HookPrompt,
    AgentMessage {
        text: String,
    },
    /// A plan in words (plan mode).
    Plan {
        text: String,
    },
    Reasoning {
        #[serde(default)]
        summary: Vec<String>,
        #[serde(default)]
        content: Vec<String>,
    },
    CommandExecution {
        command: String,
        #[serde(default)]
        command_actions: Vec<CommandAction>,
        #[serde(default)]
        aggregated_output: Option<String>,
        #[serde(default)]
        exit_code: Option<i32>,
        status: CallStatus,
    },
    FileChange {
        changes: Vec<FileChange>,
        status: CallStatus,
    },
    McpToolCall {
        server: String,
        tool: String,
        #[serde(default)]
        arguments: Value,
        status: CallStatus,
        #[serde(default)]
        result: Option<McpResult>,
        #[serde(default)]
        error: Option<McpError>,
    },
    DynamicToolCall {
        tool: String,
        #[serde(default)]
        arguments: Value,
        status: CallStatus,
        #[serde(default)]
        content_items: Option<Vec<Value>>,
    },
    /// Starts, feeds and ends sub-agents.
    CollabAgentToolCall {
        tool: String,
        #[serde(default)]
        prompt: Option<String>,
        #[serde(default)]
        receiver_thread_ids: Vec<String>,
        status: CallStatus,
    },
    /// Comes when a sub-agent starts, and again when it ends.
    SubAgentActivity {
        agent_path: String,
        agent_thread_id: String,
        kind: AgentActivity,
    },
    WebSearch {
        #[serde(default)]
        query: String,
        #[serde(default)]
        action: Option<WebAction>,
    },
    ImageView {
        path: String,
    },
    ImageGeneration,
    Sleep {
        #[serde(default)]
        duration_ms: u64,
    },
    FunctionCallOutput {
        name: String,
        #[serde(default)]
        output: Value,
    },
    EnteredReviewMode {
        #[serde(default)]
        review: String,
    },
    ExitedReviewMode {
        #[serde(default)]
        review: String,
    },
    ContextCompaction,
    /// A kind of a later version.
    #[serde(other)]
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum CallStatus {
    #[serde(alias = "in_progress")]
    InProgress,
    Completed,
    #[serde(alias = "interrupted")]
    Failed,
    Declined,
    #[serde(other)]
    Unknown,
}

/// What became of a sub-agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum AgentActivity {
    Started,
    Interrupted,
    Completed,
    /// It was spoken to, or something of a later version.
    #[serde(other)]
    GoesOn,
}

/// What a command does, as codex reads it.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub(super) enum CommandAction {
    Read {
        command: String,
        path: String,
    },
    #[serde(other)]
    Other,
}

/// One file of a change.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct FileChange {
    pub(super) path: String,
    pub(super) kind: ChangeKind,
    /// Hunks of an update; the whole content of a file that is added or deleted.
    #[serde(default)]
    pub(super) diff: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub(super) enum ChangeKind {
    Add,
    Delete,
    Update {
        #[serde(default)]
        move_path: Option<String>,
    },
    #[serde(other)]
    Unknown,
}

#[derive(Debug, Deserialize)]
pub(super) struct McpResult {
    #[serde(default)]
    pub(super) content: Vec<Value>,
}

#[derive(Debug, Deserialize)]
pub(super) struct McpError {
    pub(super) message: String,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub(super) enum WebAction {
    Search {
        #[serde(default)]
        query: Option<String>,
    },
    OpenPage {
        #[serde(default)]
        url: Option<String>,
    },
    FindInPage {
        #[serde(default)]
        url: Option<String>,
    },
    #[serde(other)]
    Other,
}

/// Reads an item. An item that can't be read is unknown, under its own id where it has one.
pub(super) fn read(raw: &RawValue) -> Identified {
    serde_json::from_str(raw.get()).unwrap_or_else(|_| Identified {
        id: head(raw).id,
        item: ThreadItem::Unknown,
    })
}

/// What every item has.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Head {
    pub(super) id: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
}

/// The id and the kind of an item, whatever else it has.
pub(super) fn head(raw: &RawValue) -> Head {
    serde_json::from_str(raw.get()).unwrap_or_default()
}
