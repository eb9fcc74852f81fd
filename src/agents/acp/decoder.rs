//! What goes over the wire, in its meaning: turns, their ends, requests, status.

use std::collections::HashMap;

use serde_json::Value;

use super::codex::Codex;
use super::transcript::{Transcript, Voice};
use super::usage::Meter;
use super::wire::{Id, Message, RpcError, list, text};
use super::{ending, fault, permission};
use crate::agents::{Decoded, Decoder, Direction, Finished, ProcessEnd};
use crate::domain::attempt::{Fault, TurnEnd};
use crate::domain::item::AgentStatus;
use crate::domain::request::{Choice, RequestKey};
use crate::domain::time::Timestamp;

/// So many of the last lines of error output are shown when a process dies in its turn.
const LAST_LINES: usize = 5;

/// Understands ACP, by whatever client and agent it is spoken.
#[derive(Debug, Default)]
pub(super) struct AcpDecoder {
    transcript: Transcript,
    meter: Meter,
    /// The client's requests that wait for an answer.
    called: HashMap<String, Call>,
    /// The agent's requests that wait for an answer, in their order.
    asked: Vec<Asked>,
    /// Requests that docket has no answer to, by method: told once.
    strange: Vec<String>,
    turn: Turn,
    /// How one logs in, in the agent's words.
    logins: Vec<String>,
    model: Option<String>,
    status: Option<AgentStatus>,
    /// codex-acp alone: the state of its thread.
    codex: Codex,
    last_errors: Vec<String>,
}

/// A request of the client.
#[derive(Debug)]
struct Call {
    method: String,
    session: Option<String>,
}

/// A request for permission that waits.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) key: RequestKey,
    pub(super) id: Id,
    pub(super) choices: Vec<Choice>,
    title: String,
    call: String,
}

/// Where the turn is.
#[derive(Debug, Default, PartialEq)]
enum Turn {
    /// There is none.
    #[default]
    Closed,
    /// The client makes ready for one.
    Preparing,
    /// Prompts that wait for their answer; more than one when a client queues them.
    Open(Vec<String>),
}

impl AcpDecoder {
    /// Takes a message. `Direction::Err` has none.
    pub(super) fn message(
        &mut self,
        direction: Direction,
        message: &Message,
        decoded: &mut Decoded,
    ) {
        match (direction, message) {
            (Direction::In, Message::Request { id, method, params }) => {
                self.client_calls(id, method, params, decoded);
            }
            (Direction::In, Message::Response { id, result }) => {
                self.client_answers(id, result, decoded);
            }
            (Direction::Out, Message::Request { id, method, params }) => {
                self.agent_asks(id, method, params, decoded);
            }
            (Direction::Out, Message::Notification { method, params })
                if method == "session/update" =>
            {
                self.update(&params["update"], decoded);
            }
            (Direction::Out, Message::Response { id, result }) => {
                self.agent_answers(id, result, decoded);
            }
            // The client's notifications change nothing by themselves; the agents' own ones are chatter
            // (`_auth/status_update`, `qwen/notify/…`).
            (_, Message::Notification { .. }) | (Direction::Err, _) => {}
        }
        self.tell_status(decoded);
    }

    /// A line that is no message.
    pub(super) fn noise(&mut self, direction: Direction, line: &str, decoded: &mut Decoded) {
        match direction {
            Direction::In => {}
            Direction::Out => self.transcript.notice(line, decoded),
            // Logs, and whole stack traces: only the last of them matter, and only when the process dies.
            Direction::Err => {
                if line.contains(char::is_alphanumeric) {
                    if self.last_errors.len() == LAST_LINES {
                        self.last_errors.remove(0);
                    }
                    self.last_errors.push(line.chars().take(300).collect());
                }
            }
        }
    }

    /// The conversation that is taken up has cost so much before.
    pub(super) fn cost_before(&mut self, cost: Option<f64>) {
        self.meter.conversation(cost);
    }

    /// Words of docket's own.
    pub(super) fn notice(&mut self, words: &str, decoded: &mut Decoded) {
        self.transcript.notice(words, decoded);
    }

    /// The turn can't be had: docket's own decision.
    pub(super) fn give_up(&mut self, why: String, fault: Fault, decoded: &mut Decoded) {
        self.fail(why, fault, decoded);
        self.tell_status(decoded);
    }

    /// Requests that wait, in their order.
    pub(super) fn asked(&self) -> &[Asked] {
        &self.asked
    }

    /// A login is wanted: what to do.
    pub(super) fn login_advice(&self) -> String {
        if self.logins.is_empty() {
            "log in with the agent's own program, or give it a key in `env` or `pass_env`"
                .to_owned()
        } else {
            format!(
                "log in with the agent's own program, or give it a key in `env` or `pass_env`; it knows: {}",
                self.logins.join("; ")
            )
        }
    }

    fn client_calls(&mut self, id: &Id, method: &str, params: &Value, decoded: &mut Decoded) {
        let session = text(&params["sessionId"]).map(str::to_owned);
        match method {
            "session/prompt" => {
                if let Turn::Open(prompts) = &mut self.turn {
                    prompts.push(id.key());
                } else {
                    self.turn = Turn::Open(vec![id.key()]);
                    self.begin();
                }
            }
            "initialize"
            | "session/new"
            | "session/load"
            | "session/resume"
            | "session/set_mode"
            | "session/set_model"
            | "session/set_config_option" => {
                if let Some(root) = text(&params["cwd"]) {
                    self.transcript.root = Some(root.into());
                }
                if self.turn == Turn::Closed {
                    self.turn = Turn::Preparing;
                }
            }
            _ => {}
        }
        let call = Call {
            method: method.to_owned(),
            session,
        };
        if self.called.insert(id.key(), call).is_some() {
            let words = format!("two requests to the agent have the id {}", id.key());
            self.transcript.notice(&words, decoded);
        }
    }

    fn begin(&mut self) {
        self.transcript.begin();
        self.meter.begin();
        self.codex = Codex::default();
        self.status = None;
    }

    fn agent_answers(&mut self, id: &Id, result: &Result<Value, RpcError>, decoded: &mut Decoded) {
        let Some(call) = self.called.remove(&id.key()) else {
            if let Err(error) = result {
                let words = format!("the agent did not understand: {}", error.message);
                self.transcript.notice(&words, decoded);
            }
            return;
        };
        match (call.method.as_str(), result) {
            ("session/prompt", result) => self.prompt_answered(id, result, decoded),
            ("initialize", Ok(result)) => self.initialized(result),
            ("session/new" | "session/load" | "session/resume", Ok(result)) => {
                self.opened(&call, result, decoded);
            }
            (_, Ok(result)) => self.options(result, decoded),
            ("session/load" | "session/resume", Err(error)) => {
                let (why, _) = fault::of_error(error);
                let words = format!("the conversation can't be taken up: {why}");
                self.transcript.notice(&words, decoded);
            }
            (
                "initialize"
                | "session/new"
                | "session/set_mode"
                | "session/set_model"
                | "session/set_config_option",
                Err(error),
            ) if self.turn == Turn::Preparing => self.fail_by(error, decoded),
            (method, Err(error)) => {
                let words = format!("the agent refuses {method}: {}", error.message);
                self.transcript.notice(&words, decoded);
            }
        }
    }

    fn initialized(&mut self, result: &Value) {
        self.logins = list(&result["authMethods"])
            .iter()
            .filter_map(|method| text(&method["description"]).or_else(|| text(&method["name"])))
            .map(str::to_owned)
            .collect();
    }

    fn opened(&mut self, call: &Call, result: &Value, decoded: &mut Decoded) {
        let new = call.method == "session/new";
        if new {
            self.meter.conversation(Some(0.0));
        }
        let session = text(&result["sessionId"]).map(str::to_owned);
        decoded.session = session.or_else(|| call.session.clone().filter(|_| !new));
        self.options(result, decoded);
    }

    /// What a session may be set to, as far as it says which model answers.
    fn options(&mut self, from: &Value, decoded: &mut Decoded) {
        let option = list(&from["configOptions"])
            .iter()
            .find(|option| option["category"] == "model")
            .and_then(|option| text(&option["currentValue"]));
        let model = text(&from["models"]["currentModelId"]).or(option);
        if let Some(model) = model
            && self.model.as_deref() != Some(model)
        {
            self.model = Some(model.to_owned());
            decoded.model.clone_from(&self.model);
        }
    }

    fn prompt_answered(
        &mut self,
        id: &Id,
        result: &Result<Value, RpcError>,
        decoded: &mut Decoded,
    ) {
        match result {
            Ok(result) => {
                let end = self.end_of(result);
                self.finish(end, result, Some(id), decoded);
            }
            Err(error) => {
                let end = self.failure(error);
                self.finish(end, &Value::Null, Some(id), decoded);
            }
        }
    }

    /// How a turn ended by the answer to its prompt, and by what else is known of it.
    fn end_of(&self, result: &Value) -> TurnEnd {
        match (ending::of_result(result), self.codex.failure()) {
            (TurnEnd::Completed, Some((why, fault))) => TurnEnd::Failed { why, fault },
            (TurnEnd::Completed, None) if self.transcript.stopped_by_refusal() => ending::failed(
                "the agent ended its turn when a request of it was refused",
                Fault::Interrupted,
            ),
            (end, _) => end,
        }
    }

    fn failure(&self, error: &RpcError) -> TurnEnd {
        let (mut why, fault) = fault::of_error(error);
        if fault == Fault::Login {
            why = format!("{why}: {}", self.login_advice());
        }
        TurnEnd::Failed { why, fault }
    }

    fn fail_by(&mut self, error: &RpcError, decoded: &mut Decoded) {
        let end = self.failure(error);
        self.finish(end, &Value::Null, None, decoded);
    }

    fn fail(&mut self, why: String, fault: Fault, decoded: &mut Decoded) {
        self.finish(TurnEnd::Failed { why, fault }, &Value::Null, None, decoded);
    }

    /// The turn is over: requests wait no more, what runs is closed. A prompt that was queued behind it is the next one.
    fn finish(&mut self, end: TurnEnd, result: &Value, prompt: Option<&Id>, decoded: &mut Decoded) {
        decoded
            .resolved
            .extend(self.asked.drain(..).map(|asked| asked.key));
        let message = self.transcript.end(decoded);
        let usage = self.meter.finish(result);
        decoded.finished = Some(Finished {
            end,
            message,
            usage,
        });
        let mut waiting = match std::mem::take(&mut self.turn) {
            Turn::Open(prompts) => prompts,
            Turn::Closed | Turn::Preparing => Vec::new(),
        };
        waiting.retain(|waiting| prompt.is_some_and(|prompt| prompt.key() != *waiting));
        if !waiting.is_empty() {
            self.turn = Turn::Open(waiting);
            self.begin();
        }
    }

    fn agent_asks(&mut self, id: &Id, method: &str, params: &Value, decoded: &mut Decoded) {
        match method {
            "session/request_permission" => self.permission_asked(id, params, decoded),
            // What the agent does with files shows in its tool calls.
            "fs/read_text_file" | "fs/write_text_file" => {}
            method => {
                if !self.strange.iter().any(|known| known == method) {
                    self.strange.push(method.to_owned());
                    let words = format!("the agent asks for {method}, which docket doesn't have");
                    self.transcript.notice(&words, decoded);
                }
            }
        }
    }

    fn permission_asked(&mut self, id: &Id, params: &Value, decoded: &mut Decoded) {
        let piece = &params["toolCall"];
        let Some(request) = self.transcript.asked(params, decoded) else {
            return;
        };
        let key = RequestKey(id.key());
        self.asked.push(Asked {
            key: key.clone(),
            id: id.clone(),
            choices: request.choices.clone(),
            title: request.title.clone(),
            call: text(&piece["toolCallId"]).unwrap_or_default().to_owned(),
        });
        decoded.requests.push((key, request));
    }

    fn client_answers(&mut self, id: &Id, result: &Result<Value, RpcError>, decoded: &mut Decoded) {
        let Some(place) = self.asked.iter().position(|asked| asked.id == *id) else {
            return;
        };
        let asked = self.asked.remove(place);
        let allowed = result
            .as_ref()
            .is_ok_and(|result| permission::allows(result, &asked.choices));
        if !allowed {
            self.transcript.refused(&asked.call, decoded);
        }
        decoded.resolved.push(asked.key);
    }

    fn update(&mut self, update: &Value, decoded: &mut Decoded) {
        let kind = update["sessionUpdate"].as_str().unwrap_or_default();
        // What comes while a session is taken up is its past: it was shown when it happened.
        if self.is_loading() && kind != "usage_update" {
            return;
        }
        match kind {
            "agent_message_chunk" => {
                if self.meter.call(&update["_meta"]["usage"]) {
                    decoded.usage = Some(self.meter.so_far());
                }
                self.codex.goes_on();
                match self.codex.error_words(update) {
                    Some(error) => {
                        self.transcript.show(error, decoded);
                    }
                    None => self.transcript.words(Voice::Message, update, decoded),
                }
            }
            "agent_thought_chunk" => {
                self.codex.goes_on();
                self.transcript.words(Voice::Thought, update, decoded);
            }
            "tool_call" | "tool_call_update" => {
                self.codex.goes_on();
                self.transcript.call(update, decoded);
            }
            "plan" => self.transcript.plan(update, decoded),
            "usage_update" => {
                let in_turn = matches!(self.turn, Turn::Open(_));
                self.meter.update(update, in_turn);
                if in_turn && update["cost"].is_object() {
                    decoded.usage = Some(self.meter.so_far());
                }
            }
            "current_mode_update" => {
                if let Some(mode) = text(&update["currentModeId"]) {
                    let words = format!("the agent's mode is now {mode}");
                    self.transcript.notice(&words, decoded);
                }
            }
            "config_option_update" => self.options(update, decoded),
            "session_info_update" => {
                if let Some(error) = self.codex.info(&update["_meta"]["codex"]) {
                    self.transcript.show(error, decoded);
                }
            }
            "user_message_chunk" | "available_commands_update" => {}
            // A notice has its words; of others only the kind is told.
            other => {
                let words = text(&update["title"]).map_or_else(
                    || format!("the agent reports {other}, which docket doesn't know"),
                    str::to_owned,
                );
                self.transcript.notice(&words, decoded);
            }
        }
    }

    fn is_loading(&self) -> bool {
        self.called
            .values()
            .any(|call| matches!(call.method.as_str(), "session/load" | "session/resume"))
    }

    /// What the agent does now, when it is something else than before.
    fn tell_status(&mut self, decoded: &mut Decoded) {
        if !matches!(self.turn, Turn::Open(_)) {
            self.status = None;
            return;
        }
        let now = if let Some(asked) = self.asked.first() {
            AgentStatus::WaitingForApproval {
                title: asked.title.clone(),
            }
        } else if let Some(retrying) = self.codex.status() {
            retrying
        } else if let Some(title) = self.transcript.running() {
            AgentStatus::Tool {
                title,
                since: Timestamp::default(),
            }
        } else {
            AgentStatus::Thinking
        };
        if self.status.as_ref() != Some(&now) {
            self.status = Some(now);
            decoded.status.clone_from(&self.status);
        }
    }
}

impl Decoder for AcpDecoder {
    fn line(&mut self, direction: Direction, line: &str, decoded: &mut Decoded) {
        let message = match direction {
            Direction::In | Direction::Out => Message::parse(line),
            Direction::Err => None,
        };
        match message {
            Some(message) => self.message(direction, &message, decoded),
            None => self.noise(direction, line, decoded),
        }
    }

    fn ended(&mut self, end: &ProcessEnd, decoded: &mut Decoded) {
        self.called.clear();
        if self.turn == Turn::Closed {
            self.transcript.end(decoded);
            return;
        }
        for line in std::mem::take(&mut self.last_errors) {
            self.transcript.notice(&line, decoded);
        }
        let end = match end {
            ProcessEnd::NotStarted(why) => TurnEnd::NotStarted { why: why.clone() },
            ProcessEnd::Exited(_) | ProcessEnd::Signalled(_) | ProcessEnd::Lost(_) => {
                TurnEnd::Died {
                    how: end.to_string(),
                }
            }
        };
        self.finish(end, &Value::Null, None, decoded);
    }
}
