//! `opencode run --format json`: one process a turn, the prompt on standard input.
//!
//! opencode tells of a step when the step is over, so a long one looks like silence; a lost or refused connection is
//! tried again for ever without a word, which docket's own clocks end. It can't ask: what its configuration wants to be
//! asked is refused, the run ends there, and its exit code is 0 all the same.
//!
//! A turn is a success when the process exits with 0, no `error` came, and the last thing was a `step_finish` with the
//! reason `stop`: a run that a refusal ended stands at `tool-calls`.

use std::ffi::OsString;

use serde_json::Value;

use super::client::{Client, LineSession};
use super::{
    Actions, AgentError, Capabilities, Decoded, Decoder, Direction, Draft, Finished, Launch,
    ProcessEnd, Session, Turn,
};
use crate::agents::program;
use crate::config::Agent;
use crate::domain::attempt::{Fault, TurnEnd};
use crate::domain::item::{AgentStatus, Item, ToolKind, ToolStatus, Usage};

/// A session with `opencode run --format json`.
pub fn run_json(agent: &Agent) -> Result<Box<dyn Session>, AgentError> {
    Ok(Box::new(LineSession::new(RunClient::new(agent)?)))
}

/// Understands its lines.
pub fn run_json_decoder() -> Box<dyn Decoder> {
    Box::new(RunDecoder::default())
}

/// Starts it.
#[derive(Debug)]
struct RunClient {
    command: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    model: Option<String>,
    mode: Option<String>,
    reasoning: Option<String>,
    decoder: RunDecoder,
}

impl RunClient {
    fn new(agent: &Agent) -> Result<Self, AgentError> {
        let (command, env) = program(agent)?;
        Ok(Self {
            command,
            env,
            model: agent.model.clone(),
            mode: agent.mode.clone(),
            reasoning: agent.reasoning.clone(),
            decoder: RunDecoder::default(),
        })
    }

    fn argv(&self, turn: &Turn) -> Vec<OsString> {
        let mut argv = self.command.clone();
        let said = |option: &str| self.command.iter().any(|word| word == option);
        if !said("--format") {
            argv.extend(["--format".into(), "json".into()]);
        }
        if !said("--thinking") {
            argv.push("--thinking".into());
        }
        let options = [
            ("--session", turn.resume.as_ref()),
            ("--model", turn.model.as_ref().or(self.model.as_ref())),
            (
                "--variant",
                turn.reasoning.as_ref().or(self.reasoning.as_ref()),
            ),
            // opencode's modes are its agents: `build`, `plan`.
            ("--agent", self.mode.as_ref()),
        ];
        for (option, value) in options {
            if let Some(value) = value {
                argv.extend([option.into(), value.into()]);
            }
        }
        argv
    }
}

impl Client for RunClient {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            hears_reasons: false,
            resume: true,
            ..Capabilities::default()
        }
    }

    fn launch(&mut self, turn: &Turn) -> Result<Launch, AgentError> {
        self.decoder = RunDecoder::default();
        Ok(Launch {
            argv: self.argv(turn),
            env: self.env.clone(),
            files: Vec::new(),
            stdin: true,
        })
    }

    fn begin(&mut self, turn: &Turn, actions: &mut Actions) {
        actions.decoded.status = Some(AgentStatus::Thinking);
        actions.write = turn.prompt.clone().into_bytes();
        actions.close_stdin = true;
    }

    fn line(&mut self, direction: Direction, line: &str, actions: &mut Actions) {
        self.decoder.line(direction, line, &mut actions.decoded);
    }

    fn ended(&mut self, end: &ProcessEnd, actions: &mut Actions) {
        self.decoder.ended(end, &mut actions.decoded);
    }
}

/// What was last heard of the steps.
#[derive(Debug, Default, PartialEq)]
enum Step {
    /// Nothing.
    #[default]
    None,
    /// One began.
    Begun,
    /// One ended, for this reason.
    Ended(String),
}

/// Understands `opencode run --format json`; its life is one turn.
#[derive(Debug, Default)]
struct RunDecoder {
    next_id: u64,
    session: Option<String>,
    step: Step,
    error: Option<(String, Fault)>,
    usage: Usage,
    message: Option<String>,
    last_error_line: Option<String>,
}

impl RunDecoder {
    fn show(&mut self, parent: Option<u64>, item: Item, decoded: &mut Decoded) -> u64 {
        self.next_id += 1;
        decoded.drafts.push(Draft {
            id: self.next_id,
            parent,
            append: false,
            item,
        });
        self.next_id
    }

    fn notice(&mut self, words: &str, decoded: &mut Decoded) {
        let text: String = words.trim().chars().take(300).collect();
        if !text.is_empty() {
            self.show(None, Item::Notice { text }, decoded);
        }
    }

    fn event(&mut self, event: &Value, decoded: &mut Decoded) {
        let session = event["sessionID"].as_str();
        if session.is_some() && self.session.as_deref() != session {
            self.session = session.map(str::to_owned);
            decoded.session.clone_from(&self.session);
        }
        let part = &event["part"];
        let text = part["text"].as_str().unwrap_or_default().to_owned();
        match event["type"].as_str().unwrap_or_default() {
            "step_start" => {
                self.step = Step::Begun;
                decoded.status = Some(AgentStatus::Thinking);
            }
            "text" if !text.trim().is_empty() => {
                self.message = Some(text.trim().to_owned());
                self.show(None, Item::Message { text }, decoded);
            }
            "reasoning" if !text.trim().is_empty() => {
                self.show(None, Item::Reasoning { text }, decoded);
            }
            "text" | "reasoning" => {}
            "tool_use" => self.tool(part, decoded),
            "step_finish" => {
                let reason = part["reason"].as_str().unwrap_or_default();
                self.step = Step::Ended(reason.to_owned());
                self.usage.add(&step_usage(part));
                decoded.usage = Some(self.usage);
            }
            "error" => {
                let (text, fault) = failure(&event["error"]);
                self.error = Some((text.clone(), fault));
                let retrying = false;
                self.show(None, Item::Error { text, retrying }, decoded);
            }
            other => {
                let words = format!("opencode reports {other}, which docket doesn't know");
                self.notice(&words, decoded);
            }
        }
    }

    /// A tool that was used: the call, what it gave back and what it changed, at once.
    fn tool(&mut self, part: &Value, decoded: &mut Decoded) {
        let name = part["tool"].as_str().unwrap_or("tool");
        let state = &part["state"];
        let (input, meta) = (&state["input"], &state["metadata"]);
        let failed = state["status"] != "completed";
        let tool = kind(name);
        let said = state["title"].as_str().filter(|title| !title.is_empty());
        let title = match (tool, input["command"].as_str(), said) {
            (ToolKind::Execute, Some(command), _) => format!("$ {command}"),
            (ToolKind::Read | ToolKind::Edit, _, Some(title)) => title.to_owned(),
            (_, _, Some(title)) => format!("{name} {title}"),
            (_, _, None) => ["filePath", "pattern", "url", "description"]
                .iter()
                .find_map(|key| input[*key].as_str())
                .map_or_else(|| name.to_owned(), |what| format!("{name} {what}")),
        };
        let status = if failed {
            ToolStatus::Failed
        } else {
            ToolStatus::Completed
        };
        let call = Item::ToolCall {
            tool,
            title,
            status,
        };
        let call = self.show(None, call, decoded);
        let output = if failed {
            &state["error"]
        } else {
            &state["output"]
        };
        let exit = meta["exit"]
            .as_i64()
            .and_then(|code| i32::try_from(code).ok());
        if let Some(output) = output.as_str().filter(|output| !output.is_empty()) {
            let output = output.to_owned();
            self.show(Some(call), Item::ToolResult { output, exit }, decoded);
        }
        let path = meta["filediff"]["file"]
            .as_str()
            .or_else(|| input["filePath"].as_str());
        if let (Some(path), Some(patch)) = (path, meta["diff"].as_str()) {
            let path = said.unwrap_or(path).to_owned();
            let patch = without_index(patch).to_owned();
            self.show(Some(call), Item::Diff { path, patch }, decoded);
        }
    }

    /// How the turn ended by the end of the process.
    fn turn_end(&mut self, end: &ProcessEnd) -> TurnEnd {
        let failed = |why: &str, fault| TurnEnd::Failed {
            why: why.to_owned(),
            fault,
        };
        match end {
            ProcessEnd::NotStarted(why) => TurnEnd::NotStarted { why: why.clone() },
            ProcessEnd::Signalled(_) | ProcessEnd::Lost(_) => TurnEnd::Died {
                how: end.to_string(),
            },
            ProcessEnd::Exited(code) => match (self.error.take(), &self.step) {
                (Some((why, fault)), _) => TurnEnd::Failed { why, fault },
                (None, Step::Ended(reason)) if *code == 0 && reason == "stop" => TurnEnd::Completed,
                (None, Step::Ended(reason)) if *code == 0 => match reason.as_str() {
                    "length" => failed("the answer reached the model's limit", Fault::Truncated),
                    "content-filter" => failed("the model refused to answer", Fault::Refused),
                    "tool-calls" => failed(
                        "the run ended after a tool call that was not allowed or did not end: `opencode run` can't ask",
                        Fault::Interrupted,
                    ),
                    other => failed(&format!("the last step ended with {other}"), Fault::Agent),
                },
                (None, step) => {
                    let how = match (*code, step) {
                        (0, Step::Begun) => "the run ended in the middle of a step".to_owned(),
                        (0, _) => "the run ended without a step".to_owned(),
                        _ => end.to_string(),
                    };
                    let why = match &self.last_error_line {
                        Some(line) => format!("{how}: {line}"),
                        None => how,
                    };
                    failed(&why, Fault::Agent)
                }
            },
        }
    }
}

impl Decoder for RunDecoder {
    fn line(&mut self, direction: Direction, line: &str, decoded: &mut Decoded) {
        match direction {
            Direction::In => {}
            Direction::Out => match serde_json::from_str::<Value>(line) {
                Ok(event) if event["type"].is_string() => self.event(&event, decoded),
                _ => self.notice(line, decoded),
            },
            Direction::Err => {
                if !line.trim().is_empty() {
                    self.last_error_line = Some(line.trim().chars().take(300).collect());
                    self.notice(line, decoded);
                }
            }
        }
    }

    fn ended(&mut self, end: &ProcessEnd, decoded: &mut Decoded) {
        decoded.finished = Some(Finished {
            end: self.turn_end(end),
            message: self.message.take(),
            usage: std::mem::take(&mut self.usage),
        });
    }
}

/// opencode's tools.
fn kind(tool: &str) -> ToolKind {
    match tool {
        "read" | "list" => ToolKind::Read,
        "grep" | "glob" | "codesearch" => ToolKind::Search,
        "edit" | "write" | "patch" | "apply_patch" | "multiedit" => ToolKind::Edit,
        "bash" => ToolKind::Execute,
        "webfetch" | "websearch" => ToolKind::Fetch,
        _ => ToolKind::Other,
    }
}

/// One step; its input leaves out what was cached, its output what was thought.
fn step_usage(part: &Value) -> Usage {
    let tokens = &part["tokens"];
    let count = |value: &Value| value.as_u64().unwrap_or(0);
    let cached = count(&tokens["cache"]["read"]);
    let written = count(&tokens["cache"]["write"]);
    let reasoning = count(&tokens["reasoning"]);
    Usage {
        input: count(&tokens["input"])
            .saturating_add(cached)
            .saturating_add(written),
        cached,
        output: count(&tokens["output"]).saturating_add(reasoning),
        reasoning,
        cost_usd: part["cost"].as_f64(),
    }
}

/// An `error` event in words, and what kind it is.
fn failure(error: &Value) -> (String, Fault) {
    let data = &error["data"];
    let name = error["name"].as_str().unwrap_or("unknown error");
    let why = data["message"]
        .as_str()
        .map_or_else(|| name.to_owned(), |message| format!("{name}: {message}"));
    let fault = match data["statusCode"].as_i64() {
        Some(401 | 403) => Fault::Login,
        Some(429) => Fault::RateLimit { until: None },
        Some(408 | 500..=504 | 529) => Fault::Overload,
        _ => match name {
            "ProviderAuthError" => Fault::Login,
            "MessageOutputLengthError" | "ContextOverflowError" => Fault::Truncated,
            "MessageAbortedError" => Fault::Interrupted,
            _ => Fault::Agent,
        },
    };
    (why, fault)
}

/// A diff without the two lines (`Index: …`, `====`) that go before it.
fn without_index(patch: &str) -> &str {
    patch
        .find("\n--- ")
        .map_or(patch, |before| &patch[before + 1..])
}

#[cfg(test)]
mod tests;
