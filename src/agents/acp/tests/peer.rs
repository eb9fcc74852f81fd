//! A scripted peer: the test plays the agent, message by message.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::agents::acp::client::AcpClient;
use crate::agents::client::LineSession;
use crate::agents::{Actions, Decoded, ProcessEnd, Session, Turn};
use crate::config::{Agent, Decoder, Sandbox};
use crate::domain::attempt::{Fault, TurnEnd};
use crate::domain::item::{Item, Usage};
use crate::domain::request::{Answer, Request, RequestKey};
use crate::domain::settings::{AgentKind, Claim};
use crate::domain::ticket::TicketLimits;

/// docket's side of a conversation with a peer that the test plays.
pub(super) struct Peer {
    pub(super) session: LineSession<AcpClient>,
    pub(super) workspace: tempfile::TempDir,
    /// What docket wrote and the test has not looked at.
    pub(super) written: Vec<Value>,
    /// What it came to mean, all of it.
    pub(super) decoded: Decoded,
    pub(super) closed: bool,
}

fn agent(set: impl FnOnce(&mut Agent)) -> Agent {
    let mut agent = Agent {
        resume: None,
        name: "peer".parse().expect("a name"),
        kind: AgentKind::Acp,
        command: vec!["peer".into(), "acp".into()],
        model: None,
        reasoning: None,
        mode: None,
        sandbox: Sandbox::ReadOnly,
        env: std::collections::BTreeMap::new(),
        pass_env: Vec::new(),
        private_home: false,
        claim: Claim::Ticket,
        fallback: Vec::new(),
        recording: None,
        decoder: Decoder::Acp,
        speed: 1.0,
        on_terminal: crate::config::OnTerminal::default(),
        limits: TicketLimits::default(),
    };
    set(&mut agent);
    agent
}

/// The result that counts as no for every open request.
pub(super) fn cancelled() -> Value {
    json!({"outcome": {"outcome": "cancelled"}})
}

pub(super) fn failed(why: &str, fault: Fault) -> TurnEnd {
    TurnEnd::Failed {
        why: why.to_owned(),
        fault,
    }
}

impl Peer {
    /// An agent as `set` configures it.
    pub(super) fn configured(set: impl FnOnce(&mut Agent)) -> Self {
        let client = AcpClient::new(&agent(set)).expect("a client");
        Self {
            session: LineSession::new(client),
            workspace: tempfile::tempdir().expect("a folder"),
            written: Vec::new(),
            decoded: Decoded::default(),
            closed: false,
        }
    }

    pub(super) fn new() -> Self {
        Self::configured(|_| {})
    }

    pub(super) fn act(&mut self, act: impl FnOnce(&mut LineSession<AcpClient>, &mut Actions)) {
        let mut actions = Actions::default();
        act(&mut self.session, &mut actions);
        let text = String::from_utf8(actions.write).expect("text");
        for line in text.lines() {
            self.written
                .push(serde_json::from_str(line).expect("a message"));
        }
        self.closed |= actions.close_stdin;
        let decoded = actions.decoded;
        self.decoded.drafts.extend(decoded.drafts);
        self.decoded.requests.extend(decoded.requests);
        self.decoded.resolved.extend(decoded.resolved);
        self.decoded.session = decoded.session.or(self.decoded.session.take());
        self.decoded.finished = decoded.finished.or(self.decoded.finished.take());
    }

    /// docket begins a turn; the first one starts the process.
    pub(super) fn begin(&mut self, number: u32, resume: Option<&str>) {
        let turn = Turn {
            number,
            prompt: format!("prompt {number}"),
            body: String::new(),
            workspace: self.workspace.path().to_owned(),
            desk: PathBuf::from("/nowhere"),
            model: None,
            reasoning: None,
            resume: resume.map(str::to_owned),
            used: Usage {
                cost_usd: resume.map(|_| 1.0),
                ..Usage::default()
            },
        };
        if number == 1 {
            let launch = self.session.launch(&turn).expect("a launch");
            assert_eq!(launch.argv, ["peer", "acp"]);
            assert!(launch.stdin);
        }
        self.act(|session, actions| session.begin(&turn, actions));
    }

    /// The peer writes a line, in two pieces: the middle of a message is as good a place to be cut at as any.
    pub(super) fn line(&mut self, line: &str) {
        let line = format!("{line}\n");
        let (head, tail) = line.as_bytes().split_at(line.len() / 2);
        self.act(|session, actions| session.stdout(head, actions));
        self.act(|session, actions| session.stdout(tail, actions));
    }

    pub(super) fn say(&mut self, message: &Value) {
        self.line(&message.to_string());
    }

    pub(super) fn update(&mut self, update: &Value) {
        self.say(
            &json!({"jsonrpc": "2.0", "method": "session/update", "params": {"sessionId": "s1", "update": update}}),
        );
    }

    pub(super) fn result(&mut self, id: &Value, result: &Value) {
        self.say(&json!({"jsonrpc": "2.0", "id": id, "result": result}));
    }

    pub(super) fn error(&mut self, id: &Value, error: &Value) {
        self.say(&json!({"jsonrpc": "2.0", "id": id, "error": error}));
    }

    pub(super) fn dies(&mut self, end: &ProcessEnd) {
        self.act(|session, actions| session.ended(end, actions));
    }

    /// The one message that docket wrote since.
    pub(super) fn wrote(&mut self) -> Value {
        assert_eq!(self.written.len(), 1, "{:?}", self.written);
        self.written.remove(0)
    }

    /// The one request that docket wrote since; its id is returned.
    pub(super) fn asked_for(&mut self, method: &str) -> Value {
        let message = self.wrote();
        assert_eq!(message["method"], method, "{message}");
        message["id"].clone()
    }

    /// Answers `initialize`.
    pub(super) fn shake_hands(&mut self, capabilities: &Value) {
        let id = self.asked_for("initialize");
        self.result(
            &id,
            &json!({"protocolVersion": 1, "agentCapabilities": capabilities,
                "authMethods": [{"id": "k", "name": "Key", "description": "Set PEER_KEY"}]}),
        );
    }

    /// Up to the prompt; its id is returned.
    pub(super) fn prompted(&mut self) -> Value {
        self.begin(1, None);
        self.shake_hands(&json!({}));
        let id = self.asked_for("session/new");
        self.result(&id, &json!({"sessionId": "s1"}));
        self.asked_for("session/prompt")
    }

    /// The peer asks whether it may run `ls`.
    pub(super) fn ask(&mut self, id: &Value) {
        let call = json!({"toolCallId": "t1", "kind": "execute", "title": "Shell", "rawInput": {"command": "ls"}});
        let options = json!([
            {"optionId": "y", "name": "Yes", "kind": "allow_once"},
            {"optionId": "n", "name": "No", "kind": "reject_once"},
        ]);
        self.say(
            &json!({"jsonrpc": "2.0", "id": id, "method": "session/request_permission",
            "params": {"sessionId": "s1", "toolCall": call, "options": options}}),
        );
    }

    pub(super) fn request(&mut self) -> (RequestKey, Request) {
        self.decoded.requests.pop().expect("a request")
    }

    pub(super) fn answer(&mut self, key: &RequestKey, answer: &Answer) {
        self.act(|session, actions| session.answer(key, answer, actions));
    }

    pub(super) fn end(&self) -> &TurnEnd {
        &self.decoded.finished.as_ref().expect("finished").end
    }

    pub(super) fn notices(&self) -> Vec<&str> {
        let drafts = self.decoded.drafts.iter();
        drafts
            .filter_map(|draft| match &draft.item {
                Item::Notice { text } => Some(text.as_str()),
                _ => None,
            })
            .collect()
    }

    pub(super) fn last_item(&self) -> &Item {
        &self.decoded.drafts.last().expect("a draft").item
    }
}
