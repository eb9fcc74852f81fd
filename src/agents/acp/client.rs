//! The client: handshake, session, settings, prompt; answers to what the agent asks.

use std::collections::{HashMap, VecDeque};
use std::ffi::OsString;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::decoder::AcpDecoder;
use super::files::Files;
use super::offers::{Offers, Setting, Way};
use super::permission;
use super::wire::{AUTH_REQUIRED, Id, METHOD_NOT_FOUND, Message, RpcError, text};
use crate::agents::client::Client;
use crate::agents::program;
use crate::agents::{
    Actions, AgentError, Capabilities, Decoder as _, Direction, Launch, ProcessEnd, Turn,
};
use crate::config::Agent;
use crate::domain::attempt::Fault;
use crate::domain::request::{Answer, RequestKey};

/// The protocol's version that is spoken.
const PROTOCOL: u64 = 1;

/// Drives an agent that speaks ACP; one process serves all turns.
#[derive(Debug)]
pub(super) struct AcpClient {
    argv: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    model: Option<String>,
    mode: Option<String>,
    reasoning: Option<String>,
    decoder: AcpDecoder,
    next_id: u64,
    /// docket's requests that wait for an answer.
    waiting: HashMap<u64, Step>,
    abilities: Option<Abilities>,
    session: Option<String>,
    offers: Offers,
    files: Option<Files>,
    /// The turn that is being made ready.
    pending: Option<Pending>,
    /// Whether a prompt waits for its answer.
    prompting: bool,
    /// Whether the turn was told to end: from then on nothing is allowed any more.
    cancelling: bool,
}

/// What an answer is for.
#[derive(Debug)]
enum Step {
    Initialize,
    Open(Opening),
    Set(&'static str, Value),
    Prompt,
}

/// How a session is had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opening {
    New,
    Load,
    Resume,
}

impl Opening {
    fn method(self) -> &'static str {
        match self {
            Self::New => "session/new",
            Self::Load => "session/load",
            Self::Resume => "session/resume",
        }
    }
}

/// What the agent can do, by its own word.
#[derive(Debug, Default)]
struct Abilities {
    load: bool,
    resume: bool,
}

/// A turn whose prompt has not been sent yet.
#[derive(Debug)]
struct Pending {
    prompt: String,
    workspace: PathBuf,
    resume: Option<String>,
    cost_before: Option<f64>,
    /// What is to be set before.
    settings: VecDeque<(Setting, String)>,
    /// Ways to open the session that are left to try.
    openings: VecDeque<Opening>,
}

impl AcpClient {
    /// A client of `agent`, whose command is the whole command line.
    pub(super) fn new(agent: &Agent) -> Result<Self, AgentError> {
        let (argv, env) = program(agent)?;
        Ok(Self {
            argv,
            env,
            model: agent.model.clone(),
            mode: agent.mode.clone(),
            reasoning: agent.reasoning.clone(),
            decoder: AcpDecoder::default(),
            next_id: 0,
            waiting: HashMap::new(),
            abilities: None,
            session: None,
            offers: Offers::default(),
            files: None,
            pending: None,
            prompting: false,
            cancelling: false,
        })
    }

    /// Writes a message, and shows it to the decoder.
    fn send(&mut self, message: &Message, actions: &mut Actions) {
        actions.write_line(&message.line());
        self.decoder
            .message(Direction::In, message, &mut actions.decoded);
    }

    fn request(&mut self, step: Step, method: &str, params: Value, actions: &mut Actions) {
        self.next_id += 1;
        self.waiting.insert(self.next_id, step);
        let message = Message::Request {
            id: self.next_id.into(),
            method: method.to_owned(),
            params,
        };
        self.send(&message, actions);
    }

    fn respond(&mut self, id: &Id, result: Result<Value, RpcError>, actions: &mut Actions) {
        let id = id.clone();
        self.send(&Message::Response { id, result }, actions);
    }

    /// The turn can't be had.
    fn give_up(&mut self, why: String, fault: Fault, actions: &mut Actions) {
        self.pending = None;
        self.decoder.give_up(why, fault, &mut actions.decoded);
    }

    fn answered(&mut self, step: Step, result: &Result<Value, RpcError>, actions: &mut Actions) {
        match (step, result) {
            (Step::Initialize, Ok(result)) => self.initialized(result, actions),
            (Step::Open(opening), Ok(result)) => self.opened(opening, result, actions),
            (Step::Open(opening), Err(error)) => {
                // Without a login no other way helps; the decoder has ended the turn when there is no other way.
                if error.code == AUTH_REQUIRED && opening != Opening::New {
                    let advice = self.decoder.login_advice();
                    self.give_up(
                        format!("{}: {advice}", error.message),
                        Fault::Login,
                        actions,
                    );
                } else if opening == Opening::New {
                    self.pending = None;
                } else {
                    self.open(actions);
                }
            }
            (Step::Set(method, params), Ok(result)) => {
                self.offers.set(method, &params);
                self.offers.take(result);
                self.go_on(actions);
            }
            (Step::Initialize | Step::Set(..), Err(_)) => self.pending = None,
            (Step::Prompt, _) => {
                self.prompting = false;
                self.cancelling = false;
            }
        }
    }

    fn initialized(&mut self, result: &Value, actions: &mut Actions) {
        let version = &result["protocolVersion"];
        if version.as_u64() != Some(PROTOCOL) {
            let why = format!(
                "the agent speaks version {version} of ACP, and docket version {PROTOCOL}: use another version of the agent"
            );
            return self.give_up(why, Fault::Agent, actions);
        }
        let told = &result["agentCapabilities"];
        self.abilities = Some(Abilities {
            load: told["loadSession"] == true,
            resume: told["sessionCapabilities"]["resume"].is_object(),
        });
        self.begin_session(actions);
    }

    /// Chooses the ways to a session, the best first.
    fn begin_session(&mut self, actions: &mut Actions) {
        let Some(abilities) = &self.abilities else {
            return;
        };
        let Some(pending) = &mut self.pending else {
            return;
        };
        let ways = [
            (Opening::Resume, abilities.resume),
            (Opening::Load, abilities.load),
        ];
        pending.openings = ways
            .into_iter()
            .filter(|(_, able)| *able && pending.resume.is_some())
            .map(|(opening, _)| opening)
            .chain([Opening::New])
            .collect();
        if pending.openings.len() == 1 && pending.resume.take().is_some() {
            let words = "this agent can't take up a conversation: a new one begins";
            self.decoder.notice(words, &mut actions.decoded);
        }
        self.open(actions);
    }

    /// Tries the next way to a session.
    fn open(&mut self, actions: &mut Actions) {
        let Some(pending) = &mut self.pending else {
            return;
        };
        let Some(opening) = pending.openings.pop_front() else {
            return;
        };
        let mut params = json!({ "cwd": pending.workspace, "mcpServers": [] });
        match &pending.resume {
            Some(session) if opening != Opening::New => {
                params["sessionId"] = session.as_str().into();
                self.decoder.cost_before(pending.cost_before);
            }
            Some(_) if pending.openings.is_empty() => {
                let words = "the conversation is gone: a new one begins";
                self.decoder.notice(words, &mut actions.decoded);
            }
            _ => {}
        }
        self.request(Step::Open(opening), opening.method(), params, actions);
    }

    fn opened(&mut self, opening: Opening, result: &Value, actions: &mut Actions) {
        let session = text(&result["sessionId"]).map(str::to_owned);
        let taken_up = self
            .pending
            .as_ref()
            .and_then(|pending| pending.resume.clone())
            .filter(|_| opening != Opening::New);
        let Some(session) = session.or(taken_up) else {
            let why = "the agent gave its session no id: it doesn't speak ACP as docket does";
            return self.give_up(why.to_owned(), Fault::Agent, actions);
        };
        self.session = Some(session);
        self.offers = Offers::default();
        self.offers.take(result);
        self.go_on(actions);
    }

    /// Sets the next thing; when all is set, sends the prompt.
    fn go_on(&mut self, actions: &mut Actions) {
        let Some(session) = self.session.clone() else {
            return;
        };
        let Some(pending) = &mut self.pending else {
            return;
        };
        while let Some((setting, wanted)) = pending.settings.pop_front() {
            match self.offers.way(setting, &wanted, &session) {
                Way::Already => {}
                Way::Request { method, params } => {
                    let step = Step::Set(method, params.clone());
                    return self.request(step, method, params, actions);
                }
                Way::NotOffered(offered) => {
                    let word = setting.word();
                    let words = if offered.is_empty() {
                        format!("this agent offers no choice of {word}: `{wanted}` is not set")
                    } else {
                        let offered = offered.join(", ");
                        format!("this agent doesn't offer {word} `{wanted}`: it offers {offered}")
                    };
                    // In another mode than asked for it may do what nobody allowed.
                    if setting == Setting::Mode {
                        return self.give_up(words, Fault::Agent, actions);
                    }
                    self.decoder.notice(&words, &mut actions.decoded);
                }
            }
        }
        let prompt = std::mem::take(&mut pending.prompt);
        self.pending = None;
        self.prompting = true;
        let params =
            json!({ "sessionId": session, "prompt": [{ "type": "text", "text": prompt }] });
        self.request(Step::Prompt, "session/prompt", params, actions);
    }

    fn asked(&mut self, id: &Id, method: &str, params: &Value, actions: &mut Actions) {
        let result = match method {
            "session/request_permission" => {
                let known = self.decoder.asked().iter().any(|asked| asked.id == *id);
                if !self.cancelling && known {
                    return;
                }
                // It can't be shown, or the turn is to end anyway.
                Ok(permission::cancelled())
            }
            "fs/read_text_file" => match &self.files {
                Some(files) => files.read(params),
                None => Err(RpcError::new(METHOD_NOT_FOUND, "there is no session yet")),
            },
            "fs/write_text_file" => match &mut self.files {
                Some(files) if !self.cancelling => files.write(params),
                _ => Err(RpcError::new(
                    METHOD_NOT_FOUND,
                    "there is no turn to write in",
                )),
            },
            _ => Err(RpcError::new(
                METHOD_NOT_FOUND,
                format!("method not found: {method}"),
            )),
        };
        self.respond(id, result, actions);
    }

    fn cancel_requests(&mut self, actions: &mut Actions) {
        let open: Vec<Id> = self
            .decoder
            .asked()
            .iter()
            .map(|asked| asked.id.clone())
            .collect();
        for id in open {
            self.respond(&id, Ok(permission::cancelled()), actions);
        }
    }
}

impl Client for AcpClient {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            requests: true,
            steer: false,
            interrupt: true,
            keeps_process: true,
            hears_reasons: false,
            resume: true,
            speaks_early: true,
            terminal: false,
        }
    }

    fn launch(&mut self, _turn: &Turn) -> Result<Launch, AgentError> {
        self.decoder = AcpDecoder::default();
        self.next_id = 0;
        self.waiting.clear();
        self.abilities = None;
        self.session = None;
        self.offers = Offers::default();
        self.files = None;
        self.pending = None;
        self.prompting = false;
        self.cancelling = false;
        Ok(Launch {
            argv: self.argv.clone(),
            env: self.env.clone(),
            files: Vec::new(),
            stdin: true,
        })
    }

    fn begin(&mut self, turn: &Turn, actions: &mut Actions) {
        self.files = Some(Files::below(&turn.workspace));
        self.cancelling = false;
        let wanted = [
            // First of all: whatever it does, it does in the mode that was asked for.
            (Setting::Mode, self.mode.as_ref()),
            (Setting::Model, turn.model.as_ref().or(self.model.as_ref())),
            (
                Setting::Thinking,
                turn.reasoning.as_ref().or(self.reasoning.as_ref()),
            ),
        ];
        self.pending = Some(Pending {
            prompt: turn.prompt.clone(),
            workspace: turn.workspace.clone(),
            resume: turn.resume.clone(),
            cost_before: turn.used.cost_usd,
            settings: wanted
                .into_iter()
                .filter_map(|(setting, wanted)| Some((setting, wanted?.clone())))
                .collect(),
            openings: VecDeque::new(),
        });
        // A turn on a process that lives goes on from where it stands, also after a turn that failed on the way.
        if self.session.is_some() {
            self.go_on(actions);
        } else if self.abilities.is_some() {
            self.begin_session(actions);
        } else {
            let params = json!({
                "protocolVersion": PROTOCOL,
                "clientCapabilities": {
                    "fs": { "readTextFile": true, "writeTextFile": true },
                    "terminal": false,
                },
                "clientInfo": { "name": "docket", "version": env!("CARGO_PKG_VERSION") },
            });
            self.request(Step::Initialize, "initialize", params, actions);
        }
    }

    fn line(&mut self, direction: Direction, line: &str, actions: &mut Actions) {
        let message = match direction {
            Direction::Out => Message::parse(line),
            Direction::In | Direction::Err => None,
        };
        let Some(message) = message else {
            return self.decoder.noise(direction, line, &mut actions.decoded);
        };
        self.decoder
            .message(direction, &message, &mut actions.decoded);
        match message {
            Message::Request { id, method, params } => self.asked(&id, &method, &params, actions),
            Message::Response { id, result } => {
                let step = id.0.as_u64().and_then(|id| self.waiting.remove(&id));
                if let Some(step) = step {
                    self.answered(step, &result, actions);
                }
            }
            Message::Notification { .. } => {}
        }
    }

    fn ended(&mut self, end: &ProcessEnd, actions: &mut Actions) {
        self.pending = None;
        self.prompting = false;
        self.decoder.ended(end, &mut actions.decoded);
    }

    fn answer(&mut self, key: &RequestKey, answer: &Answer, actions: &mut Actions) {
        let asked = self.decoder.asked().iter().find(|asked| asked.key == *key);
        let Some(asked) = asked else {
            return;
        };
        let outcome = permission::outcome(answer, &asked.choices);
        let id = asked.id.clone();
        self.respond(&id, Ok(outcome), actions);
    }

    fn interrupt(&mut self, actions: &mut Actions) -> bool {
        let (true, Some(session)) = (self.prompting, self.session.clone()) else {
            return false;
        };
        self.cancel_requests(actions);
        self.cancelling = true;
        let message = Message::Notification {
            method: "session/cancel".to_owned(),
            params: json!({ "sessionId": session }),
        };
        self.send(&message, actions);
        true
    }

    fn leave(&mut self, actions: &mut Actions) {
        self.cancel_requests(actions);
        actions.close_stdin = true;
    }
}
