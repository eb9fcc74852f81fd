//! Understands stream-json, line by line.

use std::collections::BTreeMap;

use serde_json::Value;

use super::ending;
use super::fields::{flag, list, one_line, text, word};
use super::items::Items;
use super::provider::Provider;
use super::questions::{self, Asked};
use super::usage;
use super::words::Words;
use crate::agents::{Decoded, Decoder, Direction, Finished, ProcessEnd};
use crate::domain::attempt::TurnEnd;
use crate::domain::item::{AgentStatus, Item, ToolStatus, Usage};
use crate::domain::request::RequestKey;
use crate::domain::time::Timestamp;

/// A line of the agent that is shown as a notice has at most so many characters.
const LONGEST: usize = 500;

/// Understands what `claude` says in stream-json, and what it is told.
#[derive(Debug)]
pub struct ClaudeDecoder {
    items: Items,
    words: Words,
    provider: Provider,
    /// What claude waits for, by the name of the request.
    asked: BTreeMap<String, Asked>,
    /// What it was asked itself, by the name of the request: the subtype.
    told: BTreeMap<String, String>,
    /// Calls that it was told not to make.
    refused: Vec<String>,
    /// Whether a turn is under way. A process is started for a turn, so one is from the beginning.
    open: bool,
    folder: String,
    session: String,
    model: String,
    status: Option<AgentStatus>,
    /// How the turn ended as far as results came, while words wait for a further one.
    held: Option<TurnEnd>,
    /// What the results of this turn reported.
    reported: Usage,
    /// What the messages since the last result reported.
    live: Usage,
    /// The session's cost so far, in US dollars.
    total: f64,
    message: Option<String>,
    /// The last line of its error output.
    last_error: Option<String>,
}

impl Default for ClaudeDecoder {
    fn default() -> Self {
        Self {
            items: Items::default(),
            words: Words::default(),
            provider: Provider::default(),
            asked: BTreeMap::new(),
            told: BTreeMap::new(),
            refused: Vec::new(),
            open: true,
            folder: String::new(),
            session: String::new(),
            model: String::new(),
            status: None,
            held: None,
            reported: Usage::default(),
            live: Usage::default(),
            total: 0.0,
            message: None,
            last_error: None,
        }
    }
}

impl Decoder for ClaudeDecoder {
    fn line(&mut self, direction: Direction, line: &str, decoded: &mut Decoded) {
        if direction == Direction::Err {
            self.error_output(line, decoded);
            return;
        }
        if line.trim().is_empty() {
            return;
        }
        match serde_json::from_str::<Value>(line) {
            Ok(message) if message["type"].is_string() => {
                self.message(direction, &message, decoded);
            }
            Ok(_) | Err(_) if direction == Direction::Out => self.notice(line, decoded),
            Ok(_) | Err(_) => {}
        }
    }

    fn ended(&mut self, end: &ProcessEnd, decoded: &mut Decoded) {
        if !self.open {
            return;
        }
        let how = match &self.last_error {
            Some(error) => format!("{end}: {error}"),
            None => end.to_string(),
        };
        let end = match (self.held.take(), end) {
            (Some(failed @ TurnEnd::Failed { .. }), _) => failed,
            (_, ProcessEnd::NotStarted(why)) => TurnEnd::NotStarted { why: why.clone() },
            _ => TurnEnd::Died { how },
        };
        self.finish(end, decoded);
    }
}

impl ClaudeDecoder {
    /// What the session has cost before this process: the totals of a resumed session go on from there. Only needed for
    /// versions that don't report each result's own cost.
    pub fn set_cost_before(&mut self, cost_usd: f64) {
        self.total = cost_usd;
    }

    /// What claude waits for under this name.
    pub(super) fn asked(&self, key: &str) -> Option<&Asked> {
        self.asked.get(key)
    }

    /// The names of all that claude waits for, as they came.
    pub(super) fn open_requests(&self) -> Vec<Value> {
        self.asked.values().map(|asked| asked.id.clone()).collect()
    }

    /// Whether a turn is under way.
    pub(super) fn turn_is_open(&self) -> bool {
        self.open
    }

    /// A message, parsed.
    pub(super) fn message(&mut self, direction: Direction, message: &Value, decoded: &mut Decoded) {
        match direction {
            Direction::In => self.sent(message, decoded),
            Direction::Out => self.came(message, decoded),
            Direction::Err => {}
        }
        self.update_status(decoded);
    }

    fn sent(&mut self, message: &Value, decoded: &mut Decoded) {
        match word(message, "type") {
            "user" => {
                self.open = true;
                self.words.sent(message);
            }
            "control_request" => {
                let subtype = message
                    .get("request")
                    .map_or("", |request| word(request, "subtype"));
                self.told.insert(name_of(message), subtype.to_owned());
            }
            "control_response" => {
                let response = message.get("response").unwrap_or(&Value::Null);
                let key = name_of(response);
                let answer = response.get("response").unwrap_or(&Value::Null);
                if let Some(asked) = self.asked.remove(&key) {
                    if word(answer, "behavior") != "allow" {
                        self.refused.push(asked.call);
                    }
                    decoded.resolved.push(RequestKey(key));
                }
            }
            _ => {}
        }
    }

    fn came(&mut self, message: &Value, decoded: &mut Decoded) {
        let owner = word(message, "parent_tool_use_id");
        match word(message, "type") {
            "system" => self.system(message, decoded),
            "stream_event" => self.stream_event(owner, message, decoded),
            "assistant" => self.assistant(owner, message, decoded),
            "user" => self.user(owner, message, decoded),
            "result" => self.result(message, decoded),
            "control_request" => self.control_request(message, decoded),
            "control_cancel_request" => {
                let key = name_of(message);
                if self.asked.remove(&key).is_some() {
                    decoded.resolved.push(RequestKey(key));
                }
            }
            "control_response" => self.control_response(message, decoded),
            "rate_limit_event" => {
                if let Some(news) = self.provider.rate_limit(message) {
                    self.notice(&news, decoded);
                }
            }
            "command_lifecycle" => self.lifecycle(message, decoded),
            "keep_alive"
            | "tool_progress"
            | "tool_use_summary"
            | "auth_status"
            | "prompt_suggestion"
            | "transcript_mirror"
            | "streamlined_text"
            | "streamlined_tool_use_summary"
            | "active_goal"
            | "autocompact_state" => {}
            other => self.notice(&format!("unknown event: {other}"), decoded),
        }
    }

    fn notice(&mut self, text: &str, decoded: &mut Decoded) {
        let text = one_line(text, LONGEST);
        if !text.is_empty() {
            let item = Item::Notice { text };
            self.items.add(None, item, &mut decoded.drafts);
        }
    }

    fn error_output(&mut self, line: &str, decoded: &mut Decoded) {
        let line = one_line(line, LONGEST);
        if !line.is_empty() {
            self.notice(&line, decoded);
            self.last_error = Some(line);
        }
    }

    fn set_model(&mut self, model: &str, decoded: &mut Decoded) {
        // Messages that claude writes itself, about errors, name no model.
        if !model.is_empty() && model != "<synthetic>" && model != self.model {
            model.clone_into(&mut self.model);
            decoded.model = Some(model.to_owned());
        }
    }

    fn system(&mut self, message: &Value, decoded: &mut Decoded) {
        match word(message, "subtype") {
            "init" => {
                self.open = true;
                word(message, "cwd").clone_into(&mut self.folder);
                let session = word(message, "session_id");
                if !session.is_empty() && session != self.session {
                    session.clone_into(&mut self.session);
                    decoded.session = Some(session.to_owned());
                }
                self.set_model(word(message, "model"), decoded);
            }
            // `retry` is qwen's.
            "api_retry" | "retry" => {
                self.provider
                    .retry(message, &mut self.items, &mut decoded.drafts);
            }
            "permission_denied" => {
                let call = word(message, "tool_use_id");
                self.refused.push(call.to_owned());
                self.items
                    .end_call(call, ToolStatus::Declined, &mut decoded.drafts);
            }
            "task_notification" => self.items.background_ended(message, &mut decoded.drafts),
            "compact_boundary" => self.notice("the conversation was compacted", decoded),
            "model_fallback"
            | "model_refusal_fallback"
            | "model_refusal_no_fallback"
            | "informational"
            | "notification"
            | "instruction_size_warning"
            | "mirror_error"
            | "session_writes_lost"
            | "api_error"
            | "permission_retry"
            | "turn_preempted"
            | "late_allow_not_run"
            | "worker_shutting_down" => {
                let subtype = word(message, "subtype");
                let words = ["content", "message", "text", "reason", "error"]
                    .iter()
                    .find_map(|key| text(message, key));
                let notice = words.map_or_else(|| subtype.replace('_', " "), str::to_owned);
                self.notice(&notice, decoded);
            }
            // Everything else is about claude's own screen, its hooks and its background work, dozens of kinds and more
            // with every version.
            _ => {}
        }
    }

    fn stream_event(&mut self, owner: &str, message: &Value, decoded: &mut Decoded) {
        let event = message.get("event").unwrap_or(&Value::Null);
        match word(event, "type") {
            "message_start" => {
                self.open = true;
                self.provider.recovered();
                let begun = event.get("message").unwrap_or(&Value::Null);
                self.items.begin_message(owner, word(begun, "id"));
                if owner.is_empty() {
                    self.set_model(word(begun, "model"), decoded);
                }
            }
            "content_block_delta" => self.items.delta(owner, event, &mut decoded.drafts),
            "message_delta" => {
                if let Some(figures) = event.get("usage") {
                    self.live.add(&usage::tokens(figures));
                    decoded.usage = Some(self.used());
                }
            }
            _ => {}
        }
    }

    fn assistant(&mut self, owner: &str, message: &Value, decoded: &mut Decoded) {
        self.open = true;
        let body = message.get("message").unwrap_or(&Value::Null);
        let error = text(message, "error");
        if error.is_some() || flag(message, "is_api_error_message") {
            self.failure(owner, message, body, decoded);
            return;
        }
        self.provider.recovered();
        if owner.is_empty() {
            self.set_model(word(body, "model"), decoded);
        }
        let id = word(body, "id");
        for block in list(body, "content") {
            match word(block, "type") {
                "tool_use" | "server_tool_use" => {
                    self.items
                        .call(owner, block, &self.folder, &mut decoded.drafts);
                }
                "text" if owner.is_empty() && !word(block, "text").is_empty() => {
                    self.message = text(block, "text").map(str::to_owned);
                    self.items.whole(owner, id, block, &mut decoded.drafts);
                }
                _ => self.items.whole(owner, id, block, &mut decoded.drafts),
            }
        }
    }

    fn failure(&mut self, owner: &str, message: &Value, body: &Value, decoded: &mut Decoded) {
        self.provider.failure(message);
        let text = body.get("content").map(super::tools::flat);
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            let parent = self.items.parent(owner);
            let item = Item::Error {
                text,
                retrying: false,
            };
            self.items.add(parent, item, &mut decoded.drafts);
        }
    }

    fn user(&mut self, owner: &str, message: &Value, decoded: &mut Decoded) {
        let Some(content) = message.get("message").and_then(|body| body.get("content")) else {
            return;
        };
        let results: Vec<&Value> = content
            .as_array()
            .into_iter()
            .flatten()
            .filter(|block| word(block, "type") == "tool_result")
            .collect();
        // What stands beside the message is about its only result.
        let detail = message
            .get("tool_use_result")
            .filter(|_| results.len() == 1);
        for block in &results {
            let status = self.result_status(block, message);
            self.items
                .result(block, detail, status, &self.folder, &mut decoded.drafts);
        }
        // A sub-agent's prompt is in the call that started it, and docket's own lines are known.
        if results.is_empty() && owner.is_empty() && !flag(message, "isReplay") {
            self.notice(&super::tools::flat(content), decoded);
        }
    }

    fn result_status(&self, block: &Value, message: &Value) -> ToolStatus {
        if !flag(block, "is_error") {
            return ToolStatus::Completed;
        }
        let call = word(block, "tool_use_id");
        let rejected = list(message, "tool_result_meta")
            .iter()
            .filter(|meta| word(meta, "id") == call)
            .filter_map(|meta| meta.get("permission_decision"))
            .any(|decision| word(decision, "decision") == "reject");
        if rejected || self.refused.iter().any(|refused| refused == call) {
            ToolStatus::Declined
        } else {
            ToolStatus::Failed
        }
    }

    fn control_request(&mut self, message: &Value, decoded: &mut Decoded) {
        let request = message.get("request").unwrap_or(&Value::Null);
        let subtype = word(request, "subtype");
        if subtype != "can_use_tool" {
            let notice = format!("claude asks for `{subtype}`, which docket can't do");
            self.notice(&notice, decoded);
            return;
        }
        let key = name_of(message);
        let (asked, shown) = questions::asked(message, &self.folder);
        if self.asked.insert(key.clone(), asked).is_none() {
            decoded.requests.push((RequestKey(key), shown));
        }
    }

    fn control_response(&mut self, message: &Value, decoded: &mut Decoded) {
        let response = message.get("response").unwrap_or(&Value::Null);
        let Some(subtype) = self.told.remove(&name_of(response)) else {
            return;
        };
        if word(response, "subtype") == "error" {
            let item = Item::Error {
                text: format!("{subtype}: {}", one_line(word(response, "error"), LONGEST)),
                retrying: false,
            };
            self.items.add(None, item, &mut decoded.drafts);
        }
    }

    fn result(&mut self, result: &Value, decoded: &mut Decoded) {
        let used = usage::of_result(result, &mut self.total);
        self.reported.add(&used);
        self.live = Usage::default();
        if let Some(message) = text(result, "result").filter(|_| !flag(result, "is_error")) {
            self.message = Some(message.to_owned());
        }
        let end = match (
            self.held.take(),
            ending::of_result(result, &self.provider.hints),
        ) {
            // What went wrong in an earlier part is not made good by a later one.
            (Some(failed @ TurnEnd::Failed { .. }), _) => failed,
            (_, end) => end,
        };
        if self.words.still_waiting(result) {
            // A result that answers nothing of ours is of work that claude took up by itself.
            if !list(result, "user_message_uuids").is_empty() {
                self.held = Some(end);
            }
            decoded.usage = Some(self.used());
            return;
        }
        self.finish(end, decoded);
    }

    /// An interrupt withdraws words that no turn has taken, even the prompt: no result comes of them.
    fn lifecycle(&mut self, message: &Value, decoded: &mut Decoded) {
        if !self.words.lifecycle(message) {
            return;
        }
        self.notice("words were withdrawn before the agent took them", decoded);
        if self.open && self.words.nothing_waits() {
            let end = self.held.take().unwrap_or_else(ending::interrupted);
            self.finish(end, decoded);
        }
    }

    /// What this turn has used so far.
    fn used(&self) -> Usage {
        let mut used = self.reported;
        used.add(&self.live);
        used
    }

    fn finish(&mut self, end: TurnEnd, decoded: &mut Decoded) {
        let keys = std::mem::take(&mut self.asked).into_keys();
        decoded.resolved.extend(keys.map(RequestKey));
        self.items.close(&mut decoded.drafts);
        decoded.finished = Some(Finished {
            end,
            message: self.message.take(),
            usage: self.used(),
        });
        self.reported = Usage::default();
        self.live = Usage::default();
        self.words.clear();
        self.refused.clear();
        self.told.clear();
        self.provider.hints.error = None;
        self.held = None;
        self.last_error = None;
        self.provider.recovered();
        self.open = false;
        self.status = None;
    }

    /// What claude does now follows from what is open.
    fn update_status(&mut self, decoded: &mut Decoded) {
        if !self.open {
            return;
        }
        let status = if let Some(asked) = self.asked.values().next() {
            let title = asked.title.clone();
            if asked.takes_words {
                AgentStatus::WaitingForAnswer { title }
            } else {
                AgentStatus::WaitingForApproval { title }
            }
        } else if let Some(status) = self.provider.status() {
            status
        } else if let Some(call) = self.items.running() {
            AgentStatus::Tool {
                title: call.title.clone(),
                since: Timestamp::default(),
            }
        } else {
            AgentStatus::Thinking
        };
        if self.status.as_ref() != Some(&status) {
            decoded.status = Some(status.clone());
            self.status = Some(status);
        }
    }
}

/// The name of a request; some clients use numbers.
fn name_of(message: &Value) -> String {
    match message.get("request_id") {
        Some(Value::String(name)) => name.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}
