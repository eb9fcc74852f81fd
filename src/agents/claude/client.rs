//! The active half: what is written to `claude`, and when.

use std::collections::hash_map::RandomState;
use std::ffi::OsString;
use std::hash::{BuildHasher as _, Hasher as _};

use serde_json::{Value, json};

use super::decoder::ClaudeDecoder;
use super::fields::word;
use super::questions::refusal;
use crate::agents::client::Client;
use crate::agents::program;
use crate::agents::{
    Actions, AgentError, Capabilities, Decoder as _, Direction, Launch, ProcessEnd, Turn,
};
use crate::config::Agent;
use crate::domain::request::{Answer, RequestKey};

/// What makes the program speak stream-json both ways and ask before it acts. The prompt is never here: it is a line on
/// standard input, and a line there that is no JSON would end the program.
const ARGUMENTS: [&str; 9] = [
    "-p",
    "--output-format",
    "stream-json",
    "--input-format",
    "stream-json",
    "--verbose",
    "--include-partial-messages",
    "--permission-prompt-tool",
    "stdio",
];

/// Drives one `claude`.
#[derive(Debug)]
pub struct ClaudeClient {
    command: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    mode: Option<String>,
    model: Option<String>,
    reasoning: Option<String>,
    /// The model that the running process was told to use last.
    told_model: Option<String>,
    decoder: ClaudeDecoder,
    requests: u32,
    /// Whether docket waits for the end of a turn.
    waiting: bool,
}

impl ClaudeClient {
    /// A client of the program that `agent` names.
    pub fn new(agent: &Agent) -> Result<Self, AgentError> {
        let (command, env) = program(agent)?;
        Ok(Self {
            command,
            env,
            mode: agent.mode.clone(),
            model: agent.model.clone(),
            reasoning: agent.reasoning.clone(),
            told_model: None,
            decoder: ClaudeDecoder::default(),
            requests: 0,
            waiting: false,
        })
    }

    fn write(&mut self, message: &Value, actions: &mut Actions) {
        actions.write_line(&message.to_string());
        self.decoder
            .message(Direction::In, message, &mut actions.decoded);
    }

    fn say(&mut self, words: &str, actions: &mut Actions) {
        let line = json!({
            "type": "user",
            "uuid": unique(),
            "message": { "role": "user", "content": [{ "type": "text", "text": words }] },
        });
        self.write(&line, actions);
    }

    fn control(&mut self, request: &Value, actions: &mut Actions) {
        self.requests += 1;
        let line = json!({
            "type": "control_request",
            "request_id": format!("docket-{}", self.requests),
            "request": request,
        });
        self.write(&line, actions);
    }

    fn respond(&mut self, key: &Value, response: &Value, actions: &mut Actions) {
        let line = json!({
            "type": "control_response",
            "response": { "subtype": "success", "request_id": key, "response": response },
        });
        self.write(&line, actions);
    }

    fn refuse_all(&mut self, why: &str, interrupt: bool, actions: &mut Actions) {
        for key in self.decoder.open_requests() {
            self.respond(&key, &refusal(why, interrupt), actions);
        }
    }

    /// Answers at once what only an error answers.
    fn decline_unknown(&mut self, message: &Value, actions: &mut Actions) {
        if word(message, "type") != "control_request" {
            return;
        }
        let subtype = message
            .get("request")
            .map_or("", |request| word(request, "subtype"));
        if subtype == "can_use_tool" {
            return;
        }
        let line = json!({
            "type": "control_response",
            "response": {
                "subtype": "error",
                "request_id": message.get("request_id"),
                "error": format!("Unsupported control request subtype: {subtype}"),
            },
        });
        self.write(&line, actions);
    }
}

impl Client for ClaudeClient {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            requests: true,
            steer: true,
            interrupt: true,
            keeps_process: true,
            hears_reasons: true,
            resume: true,
            speaks_early: true,
            terminal: false,
        }
    }

    fn launch(&mut self, turn: &Turn) -> Result<Launch, AgentError> {
        self.decoder = ClaudeDecoder::default();
        let mut argv = self.command.clone();
        argv.extend(ARGUMENTS.map(OsString::from));
        let mut option = |name: &str, value: Option<&String>| {
            if let Some(value) = value {
                argv.push(name.into());
                argv.push(value.into());
            }
        };
        self.told_model = turn.model.clone().or_else(|| self.model.clone());
        option("--model", self.told_model.as_ref());
        option(
            "--effort",
            turn.reasoning.as_ref().or(self.reasoning.as_ref()),
        );
        option("--permission-mode", self.mode.as_ref());
        option("--resume", turn.resume.as_ref());
        if turn.resume.is_some() {
            self.decoder
                .set_cost_before(turn.used.cost_usd.unwrap_or(0.0));
        }
        Ok(Launch {
            argv,
            env: self.env.clone(),
            files: Vec::new(),
            stdin: true,
        })
    }

    fn begin(&mut self, turn: &Turn, actions: &mut Actions) {
        self.waiting = true;
        let model = turn.model.clone().or_else(|| self.model.clone());
        if model != self.told_model {
            // Without a name claude goes back to its own choice.
            let request = json!({ "subtype": "set_model", "model": model });
            self.control(&request, actions);
            self.told_model = model;
        }
        self.say(&turn.prompt, actions);
    }

    fn line(&mut self, direction: Direction, line: &str, actions: &mut Actions) {
        // Several lines of one chunk share their actions: what an earlier one finished is not this one's.
        let had_finished = actions.decoded.finished.is_some();
        if direction == Direction::Out
            && let Ok(message) = serde_json::from_str::<Value>(line)
            && message.is_object()
        {
            self.decoder
                .message(direction, &message, &mut actions.decoded);
            self.decline_unknown(&message, actions);
        } else {
            self.decoder.line(direction, line, &mut actions.decoded);
        }
        if !had_finished && actions.decoded.finished.is_some() {
            if !self.waiting {
                // claude went on by itself, because of something in the background: no turn of docket's.
                actions.decoded.finished = None;
            }
            self.waiting = false;
        }
    }

    fn ended(&mut self, end: &ProcessEnd, actions: &mut Actions) {
        self.decoder.ended(end, &mut actions.decoded);
    }

    fn answer(&mut self, key: &RequestKey, answer: &Answer, actions: &mut Actions) {
        if let Some(asked) = self.decoder.asked(&key.0) {
            let (id, response) = (asked.id.clone(), asked.response(answer));
            self.respond(&id, &response, actions);
        }
    }

    fn steer(&mut self, text: &str, actions: &mut Actions) -> bool {
        if !self.decoder.turn_is_open() {
            return false;
        }
        self.say(text, actions);
        true
    }

    fn interrupt(&mut self, actions: &mut Actions) -> bool {
        self.refuse_all("The user stopped the turn.", true, actions);
        // Words that still wait would begin a turn of their own.
        let request = json!({ "subtype": "interrupt", "cancel_queued": true });
        self.control(&request, actions);
        true
    }

    fn leave(&mut self, actions: &mut Actions) {
        self.refuse_all("Nobody is there to answer any more.", true, actions);
        actions.close_stdin = true;
    }
}

/// A version 4 UUID: claude takes no other names for lines, and drops a line whose name it has seen in the session. The
/// standard library's own seeds are random enough for that.
fn unique() -> String {
    let random = || RandomState::new().build_hasher().finish();
    let (high, low) = (random(), random());
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        (low >> 48) & 0x3fff | 0x8000,
        low & 0xffff_ffff_ffff,
    )
}
