//! What goes over the wire of `codex app-server`: one JSON object a line, JSON-RPC without its `jsonrpc` member.
//!
//! The shapes are those of `codex app-server generate-json-schema` (codex 0.169), as far as docket reads them. Every
//! reader is lenient: fields that are not named here are ignored, and what the schema calls nullable may be missing.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::domain::request::RequestKey;

/// One line, its insides not read yet.
#[derive(Debug, Deserialize)]
pub(super) struct Message<'a> {
    /// An integer or a string; absent in a notification.
    #[serde(borrow, default)]
    pub(super) id: Option<&'a RawValue>,
    /// Absent in an answer.
    #[serde(default)]
    pub(super) method: Option<String>,
    #[serde(borrow, default)]
    pub(super) params: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) result: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) error: Option<&'a RawValue>,
}

impl<'a> Message<'a> {
    /// Reads a line; `None` when it is no message.
    pub(super) fn read(line: &'a str) -> Option<Self> {
        let message: Self = serde_json::from_str(line).ok()?;
        (message.id.is_some() || message.method.is_some()).then_some(message)
    }
}

/// The key of an id as it came: `7` and `"7"` are two keys, and each is written back as it is.
pub(super) fn key(id: &RawValue) -> RequestKey {
    RequestKey(id.get().to_owned())
}

/// Reads what a message carries; `None` when it is missing or of another shape.
pub(super) fn read<T: DeserializeOwned>(raw: Option<&RawValue>) -> Option<T> {
    serde_json::from_str(raw?.get()).ok()
}

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct RpcError {
    pub(super) message: String,
}

impl RpcError {
    /// Reads the `error` member of an answer.
    pub(super) fn of(raw: &RawValue) -> Self {
        read(Some(raw)).unwrap_or_else(|| Self {
            message: raw.get().to_owned(),
        })
    }
}

/// Parameters of requests that name a thread.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OfThread {
    pub(super) thread_id: String,
}

/// Parameters of `thread/start` and `thread/resume`, as far as a passive reader needs them.
#[derive(Debug, Deserialize)]
pub(super) struct OpenThread {
    #[serde(default)]
    pub(super) cwd: Option<String>,
}

/// The answer to `thread/start` and `thread/resume`, and the parameters of `thread/started`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ThreadOpened {
    pub(super) thread: Thread,
    #[serde(default)]
    pub(super) model: Option<String>,
    #[serde(default)]
    pub(super) cwd: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Thread {
    pub(super) id: String,
    #[serde(default)]
    pub(super) cwd: Option<String>,
    /// The thread whose sub-agent this is.
    #[serde(default)]
    pub(super) parent_thread_id: Option<String>,
}

/// The answer to `turn/start`.
#[derive(Debug, Deserialize)]
pub(super) struct TurnAccepted {
    pub(super) turn: Turn,
}

/// Parameters of `turn/started` and `turn/completed`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TurnEvent {
    pub(super) thread_id: String,
    pub(super) turn: Turn,
}

#[derive(Debug, Deserialize)]
pub(super) struct Turn {
    pub(super) id: String,
    pub(super) status: TurnStatus,
    #[serde(default)]
    pub(super) error: Option<TurnError>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum TurnStatus {
    Completed,
    Interrupted,
    Failed,
    InProgress,
    #[serde(other)]
    Unknown,
}

/// What went wrong, in words and in `codexErrorInfo`, which says what kind it is.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TurnError {
    pub(super) message: String,
    #[serde(default)]
    pub(super) codex_error_info: Option<Value>,
    #[serde(default)]
    pub(super) additional_details: Option<String>,
}

impl TurnError {
    /// What went wrong, in words. An answer of the provider comes whole: `{"error": {"message": "…"}}` (codex 0.169, HTTP 400).
    pub(super) fn words(&self) -> String {
        let answer = serde_json::from_str::<Value>(&self.message).ok();
        let told = answer
            .as_ref()
            .and_then(|answer| answer["error"]["message"].as_str());
        told.unwrap_or(&self.message).to_owned()
    }

    /// All that it says.
    pub(super) fn text(&self) -> String {
        match &self.additional_details {
            Some(details) => format!("{}: {details}", self.words()),
            None => self.words(),
        }
    }
}

/// Parameters of `error`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ErrorEvent {
    pub(super) error: TurnError,
    pub(super) will_retry: bool,
    pub(super) thread_id: String,
}

/// Parameters of `item/started` and `item/completed`; the item is read in `thread_item`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ItemEvent {
    pub(super) item: Box<RawValue>,
    pub(super) thread_id: String,
}

/// Parameters of all `…/delta` notifications of items.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeltaEvent {
    pub(super) thread_id: String,
    pub(super) item_id: String,
    #[serde(alias = "stdin", alias = "message")]
    pub(super) delta: String,
    /// Which part of a reasoning summary.
    #[serde(default)]
    pub(super) summary_index: Option<i64>,
}

/// Parameters of `item/fileChange/patchUpdated`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PatchEvent {
    pub(super) item_id: String,
    pub(super) changes: Vec<super::thread_item::FileChange>,
}

/// Parameters of `turn/plan/updated`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PlanEvent {
    pub(super) thread_id: String,
    pub(super) plan: Vec<PlanStep>,
}

#[derive(Debug, Deserialize)]
pub(super) struct PlanStep {
    pub(super) step: String,
    /// `pending`, `inProgress` or `completed`.
    pub(super) status: String,
}

/// Parameters of `thread/tokenUsage/updated`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UsageEvent {
    pub(super) thread_id: String,
    pub(super) turn_id: String,
    pub(super) token_usage: TokenUsage,
}

#[derive(Debug, Deserialize)]
pub(super) struct TokenUsage {
    /// Of the thread since it began.
    pub(super) total: Tokens,
    /// Of the last model call alone.
    pub(super) last: Tokens,
}

/// Counts of tokens, as the app server and `codex exec` spell them.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub(super) struct Tokens {
    #[serde(rename = "inputTokens", alias = "input_tokens")]
    pub(super) input: u64,
    #[serde(rename = "cachedInputTokens", alias = "cached_input_tokens")]
    pub(super) cached: u64,
    #[serde(rename = "outputTokens", alias = "output_tokens")]
    pub(super) output: u64,
    #[serde(rename = "reasoningOutputTokens", alias = "reasoning_output_tokens")]
    pub(super) reasoning: u64,
}

/// Parameters of `account/rateLimits/updated`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RateLimitsEvent {
    pub(super) rate_limits: RateLimitSnapshot,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct RateLimitSnapshot {
    pub(super) limit_id: Option<String>,
    pub(super) primary: Option<RateLimitWindow>,
    pub(super) secondary: Option<RateLimitWindow>,
    pub(super) individual_limit: Option<SpendLimit>,
    pub(super) spend_control_reached: Option<bool>,
    /// Set while a limit is reached: which one.
    pub(super) rate_limit_reached_type: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RateLimitWindow {
    pub(super) used_percent: i64,
    /// Seconds since the Unix epoch.
    #[serde(default)]
    pub(super) resets_at: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SpendLimit {
    pub(super) remaining_percent: i64,
    /// Seconds since the Unix epoch.
    pub(super) resets_at: i64,
}

/// Parameters of `serverRequest/resolved`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RequestResolved {
    pub(super) request_id: Box<RawValue>,
}

/// Parameters of `thread/status/changed`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ThreadStatusEvent {
    pub(super) thread_id: String,
    pub(super) status: ThreadStatus,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ThreadStatus {
    /// `waitingOnApproval`, `waitingOnUserInput`.
    #[serde(default)]
    pub(super) active_flags: Vec<String>,
}

/// Parameters of `model/rerouted`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ModelRerouted {
    pub(super) from_model: String,
    pub(super) to_model: String,
}

/// Parameters of `warning`, `guardianWarning`, `configWarning`, `deprecationNotice` and the like: words for people.
#[derive(Debug, Deserialize)]
pub(super) struct Words {
    #[serde(alias = "summary")]
    pub(super) message: String,
    #[serde(default)]
    pub(super) details: Option<String>,
}

/// Parameters of `mcpServer/startupStatus/updated`.
#[derive(Debug, Deserialize)]
pub(super) struct McpServerStatus {
    pub(super) name: String,
    #[serde(default)]
    pub(super) error: Option<String>,
}
