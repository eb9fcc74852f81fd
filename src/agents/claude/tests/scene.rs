//! Playing lines and writing down what they came to mean.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::Value;

use crate::agents::claude::{ClaudeClient, ClaudeDecoder};
use crate::agents::client::LineSession;
use crate::agents::{
    Actions, Decoded, Decoder as _, Direction, Draft, ProcessEnd, Session as _, Turn,
};
use crate::config::{Agent, Decoder, Sandbox};
use crate::domain::attempt::TurnEnd;
use crate::domain::item::{AgentStatus, Item, Usage};
use crate::domain::request::{Request, RequestKey};
use crate::domain::settings::{AgentKind, Claim};
use crate::domain::ticket::TicketLimits;

/// A recording, as `(direction, line)`, and how its process ended.
pub(super) fn recording(name: &str) -> (Vec<(Direction, String)>, ProcessEnd) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/it/fixtures/agents/claude")
        .join(format!("{name}.jsonl"));
    let text = std::fs::read_to_string(path).expect("a recording");
    let mut lines = Vec::new();
    let mut end = ProcessEnd::Exited(0);
    for line in text.lines() {
        let entry: Value = serde_json::from_str(line).expect("JSON");
        let line = entry["line"].as_str().expect("a line").to_owned();
        let direction = entry["dir"].as_str().expect("a direction");
        if direction == "meta" {
            let meta: Value = serde_json::from_str(&line).expect("JSON");
            let exit = i32::try_from(meta["exit"].as_i64().expect("an exit code")).expect("small");
            end = if exit < 0 {
                ProcessEnd::Signalled(-exit)
            } else {
                ProcessEnd::Exited(exit)
            };
        } else {
            let direction = Direction::ALL
                .into_iter()
                .find(|known| known.as_str() == direction)
                .expect("a direction");
            lines.push((direction, line));
        }
    }
    (lines, end)
}

/// What a decoder said, put together as a transcript is.
#[derive(Default)]
pub(super) struct Played {
    order: Vec<u64>,
    items: BTreeMap<u64, Draft>,
    log: Vec<String>,
    pub(super) ends: Vec<(TurnEnd, Usage)>,
}

impl Played {
    pub(super) fn take(&mut self, decoded: Decoded) {
        for draft in decoded.drafts {
            self.draft(draft);
        }
        if let Some(session) = decoded.session {
            self.log.push(format!("session {session}"));
        }
        if let Some(model) = decoded.model {
            self.log.push(format!("model {model}"));
        }
        for (key, request) in decoded.requests {
            self.log.push(asked(&key, &request));
        }
        for key in decoded.resolved {
            self.log.push(format!("resolved {}", short(&key.0)));
        }
        if let Some(status) = decoded.status {
            self.log.push(format!("status {}", state(&status)));
        }
        if let Some(finished) = decoded.finished {
            let message = finished.message.as_deref().unwrap_or("-");
            self.log.push(format!("end {:?}", finished.end));
            self.log.push(format!("  message {message}"));
            self.log.push(format!("  {}", used(&finished.usage)));
            self.ends.push((finished.end, finished.usage));
        }
    }

    fn draft(&mut self, draft: Draft) {
        if !draft.append {
            if self.items.insert(draft.id, draft.clone()).is_none() {
                self.order.push(draft.id);
            }
            return;
        }
        let known = self.items.get_mut(&draft.id).expect("added to nothing");
        match (&mut known.item, draft.item) {
            (Item::Message { text }, Item::Message { text: more })
            | (Item::Reasoning { text }, Item::Reasoning { text: more }) => text.push_str(&more),
            other => panic!("added to another kind: {other:?}"),
        }
    }

    pub(super) fn items(&self) -> Vec<&Item> {
        self.order.iter().map(|id| &self.items[id].item).collect()
    }

    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for id in &self.order {
            let draft = &self.items[id];
            let parent = draft
                .parent
                .map(|parent| format!(" in {parent}"))
                .unwrap_or_default();
            let item = serde_json::to_string(&draft.item).expect("JSON");
            writeln!(text, "{id}{parent} {item}").expect("a string");
        }
        writeln!(text, "---").expect("a string");
        for line in &self.log {
            writeln!(text, "{line}").expect("a string");
        }
        text
    }
}

fn short(key: &str) -> &str {
    key.get(..8).unwrap_or(key)
}

fn asked(key: &RequestKey, request: &Request) -> String {
    let choices: Vec<&str> = request
        .choices
        .iter()
        .map(|choice| choice.id.as_str())
        .collect();
    let reason = request.reason.as_deref().unwrap_or("-");
    format!(
        "asks {}: {} (reason: {reason}) {:?} [{}]",
        short(&key.0),
        request.title,
        request.ask,
        choices.join(" ")
    )
}

fn state(status: &AgentStatus) -> String {
    match status {
        AgentStatus::Tool { title, .. } => format!("tool {title}"),
        other => format!("{other:?}"),
    }
}

fn used(usage: &Usage) -> String {
    let cost = usage
        .cost_usd
        .map_or_else(|| "unknown".to_owned(), |cost| format!("${cost:.5}"));
    format!(
        "input {} ({} cached), output {} ({} reasoning), cost {cost}",
        usage.input, usage.cached, usage.output, usage.reasoning
    )
}

/// Plays a recording through a decoder alone.
pub(super) fn play(name: &str) -> Played {
    let (lines, end) = recording(name);
    let mut decoder = ClaudeDecoder::default();
    let mut played = Played::default();
    for (direction, line) in lines {
        let mut decoded = Decoded::default();
        decoder.line(direction, &line, &mut decoded);
        played.take(decoded);
    }
    let mut decoded = Decoded::default();
    decoder.ended(&end, &mut decoded);
    played.take(decoded);
    played
}

/// An agent as it is configured.
pub(super) fn agent() -> Agent {
    Agent {
        resume: None,
        name: "claude".parse().expect("a name"),
        kind: AgentKind::ClaudeStreamJson,
        command: vec!["claude".to_owned()],
        model: None,
        reasoning: None,
        mode: None,
        sandbox: Sandbox::WorkspaceWrite,
        env: BTreeMap::new(),
        pass_env: Vec::new(),
        private_home: true,
        claim: Claim::Ticket,
        fallback: Vec::new(),
        recording: None,
        decoder: Decoder::ClaudeStreamJson,
        speed: 1.0,
        on_terminal: crate::config::OnTerminal::default(),
        limits: TicketLimits::default(),
    }
}

pub(super) fn turn(number: u32) -> Turn {
    Turn {
        number,
        prompt: format!("do part {number}\nof the work"),
        body: String::new(),
        workspace: "/work".into(),
        desk: "/desk".into(),
        model: None,
        reasoning: None,
        resume: None,
        used: Usage::default(),
    }
}

/// A client, with this test as the program at the other end.
pub(super) struct Peer {
    pub(super) session: LineSession<ClaudeClient>,
    pub(super) played: Played,
}

impl Peer {
    /// With the first turn begun.
    pub(super) fn new() -> (Self, Vec<Value>) {
        let mut peer = Self {
            session: LineSession::new(ClaudeClient::new(&agent()).expect("a client")),
            played: Played::default(),
        };
        peer.session.launch(&turn(1)).expect("a launch");
        let written = peer.act(|session, actions| session.begin(&turn(1), actions));
        (peer, written)
    }

    /// Does something, and gives what was written.
    pub(super) fn act(
        &mut self,
        act: impl FnOnce(&mut LineSession<ClaudeClient>, &mut Actions),
    ) -> Vec<Value> {
        let mut actions = Actions::default();
        act(&mut self.session, &mut actions);
        self.played.take(actions.decoded);
        let written = String::from_utf8(actions.write).expect("UTF-8");
        written
            .lines()
            .map(|line| serde_json::from_str(line).expect("a line of JSON"))
            .collect()
    }

    /// The program says something; gives what was written at once.
    pub(super) fn says(&mut self, message: &Value) -> Vec<Value> {
        let line = format!("{message}\n");
        self.act(|session, actions| session.stdout(line.as_bytes(), actions))
    }

    /// The program asks to run a command.
    pub(super) fn asks(&mut self, key: &Value) -> Vec<Value> {
        self.says(&serde_json::json!({
            "type": "control_request", "request_id": key,
            "request": {
                "subtype": "can_use_tool", "tool_name": "Bash", "tool_use_id": "t1",
                "input": { "command": "cargo test" },
                "permission_suggestions": [{
                    "type": "addRules", "behavior": "allow", "destination": "localSettings",
                    "rules": [{ "toolName": "Bash", "ruleContent": "cargo test" }],
                }],
            },
        }))
    }

    /// The program ends a turn well.
    pub(super) fn ends(&mut self, answered: &[&Value]) -> Vec<Value> {
        self.says(&serde_json::json!({
            "type": "result", "subtype": "success", "is_error": false, "result": "done",
            "stop_reason": "end_turn", "terminal_reason": "completed",
            "user_message_uuids": answered, "total_cost_usd": 0.5,
            "usage": { "input_tokens": 10, "output_tokens": 5 },
        }))
    }
}
