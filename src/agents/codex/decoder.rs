//! Understands `codex app-server`: what the lines of both directions mean.

use std::collections::{HashMap, HashSet};

use serde_json::value::RawValue;

use super::fault::RateLimits;
use super::items::Items;
use super::requests::{self, Asked, OpenRequests};
use super::status::Doing;
use super::usage::ThreadTotals;
use super::wire::{self, Message, RpcError, TurnError};
use super::{stderr, words};
use crate::agents::{Decoded, Decoder, Direction, Finished, ProcessEnd};
use crate::domain::attempt::{Fault, TurnEnd};
use crate::domain::item::Item;
use crate::domain::request::{Answer, RequestKey};

/// Lines that are no messages are cut here.
const NOTICE: usize = 500;

/// The state of one process. Passive: it needs no client of docket's to understand a recording.
#[derive(Debug)]
pub(super) struct AppServerDecoder {
    pub(super) items: Items,
    /// Requests of the client that wait for their answers.
    pub(super) calls: HashMap<RequestKey, Call>,
    /// Whether what the client says is seen: then a turn is one that it began.
    pub(super) sees_input: bool,
    /// The conversation.
    pub(super) thread: Option<String>,
    pub(super) turn: Option<OpenTurn>,
    pub(super) requests: OpenRequests,
    pub(super) totals: ThreadTotals,
    pub(super) limits: RateLimits,
    pub(super) doing: Doing,
    /// Methods that were named to people already.
    pub(super) named: HashSet<String>,
    /// The last line of its standard error.
    pub(super) last_words: Option<String>,
}

/// A request of the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Call {
    Initialize,
    ThreadStart,
    ThreadResume,
    TurnStart,
    TurnSteer,
    Other,
}

/// What a client has to act upon, beyond what was decoded.
#[derive(Debug)]
pub(super) enum Heard {
    Nothing,
    /// The answer to one of its requests.
    Answer(Call, Result<(), RpcError>),
    /// A request that can't be understood.
    Unknown(RequestKey, String),
}

/// A turn that codex was asked for, or began.
#[derive(Debug)]
pub(super) struct OpenTurn {
    pub(super) thread: String,
    /// Known once codex accepted the turn.
    pub(super) id: Option<String>,
    /// The agent's last words.
    pub(super) message: Option<String>,
    pub(super) plan: Option<u64>,
    /// The error after which codex doesn't try again; people see it already.
    pub(super) error: Option<TurnError>,
}

impl AppServerDecoder {
    /// For a new process. Drafts are numbered from `next_id` on.
    pub(super) fn new(next_id: u64) -> Self {
        Self {
            items: Items::new(next_id),
            calls: HashMap::new(),
            sees_input: false,
            thread: None,
            turn: None,
            requests: OpenRequests::default(),
            totals: ThreadTotals::default(),
            limits: RateLimits::default(),
            doing: Doing::default(),
            named: HashSet::new(),
            last_words: None,
        }
    }

    /// The number of the next draft.
    pub(super) fn next_id(&self) -> u64 {
        self.items.next_id()
    }

    /// The conversation's token.
    pub(super) fn thread(&self) -> Option<&str> {
        self.thread.as_deref()
    }

    /// The turn that is open: its thread, and its id once that is known.
    pub(super) fn turn(&self) -> Option<(&str, Option<&str>)> {
        let turn = self.turn.as_ref()?;
        Some((&turn.thread, turn.id.as_deref()))
    }

    /// The last line of its standard error.
    pub(super) fn last_words(&self) -> Option<&str> {
        self.last_words.as_deref()
    }

    /// The requests that codex waits for.
    pub(super) fn open_requests(&self) -> Vec<RequestKey> {
        self.requests.keys()
    }

    /// The result that answers a request; `None` when codex doesn't wait for it.
    pub(super) fn result(&self, key: &RequestKey, answer: &Answer) -> Option<serde_json::Value> {
        Some(self.requests.get(key)?.result(answer))
    }

    /// A line of docket's own.
    pub(super) fn notice(&mut self, text: String, decoded: &mut Decoded) {
        self.items.add(None, Item::Notice { text }, decoded);
    }

    /// See [`Decoder::line`]; says what a client has to act upon.
    pub(super) fn hear(
        &mut self,
        direction: Direction,
        line: &str,
        decoded: &mut Decoded,
    ) -> Heard {
        if line.trim().is_empty() {
            return Heard::Nothing;
        }
        if direction == Direction::Err {
            match stderr::Line::of(line) {
                stderr::Line::Log(text) => self.notice(text, decoded),
                stderr::Line::Words(text) => {
                    self.notice(text.clone(), decoded);
                    self.last_words = Some(text);
                }
            }
            return Heard::Nothing;
        }
        let Some(message) = Message::read(line) else {
            if direction == Direction::Out {
                self.notice(words::short(line, NOTICE), decoded);
            }
            return Heard::Nothing;
        };
        match direction {
            Direction::In => {
                self.said(&message, decoded);
                Heard::Nothing
            }
            _ => self.heard(&message, decoded),
        }
    }

    /// The client said something.
    fn said(&mut self, message: &Message<'_>, decoded: &mut Decoded) {
        self.sees_input = true;
        match (message.id, message.method.as_deref()) {
            (Some(id), Some(method)) => self.called(wire::key(id), method, message.params, decoded),
            (Some(id), None) => self.resolved(&wire::key(id), decoded),
            (None, _) => {}
        }
    }

    fn called(
        &mut self,
        key: RequestKey,
        method: &str,
        params: Option<&RawValue>,
        decoded: &mut Decoded,
    ) {
        let call = match method {
            "initialize" => Call::Initialize,
            "thread/start" | "thread/resume" => {
                if let Some(cwd) = wire::read::<wire::OpenThread>(params).and_then(|open| open.cwd)
                {
                    self.add_root(cwd);
                }
                if method == "thread/start" {
                    Call::ThreadStart
                } else {
                    Call::ThreadResume
                }
            }
            "turn/start" => {
                if let Some(of) = wire::read::<wire::OfThread>(params) {
                    self.set_thread(&of.thread_id);
                    self.open_turn(of.thread_id, None, decoded);
                }
                Call::TurnStart
            }
            "turn/steer" => Call::TurnSteer,
            _ => Call::Other,
        };
        self.calls.insert(key, call);
    }

    fn heard(&mut self, message: &Message<'_>, decoded: &mut Decoded) -> Heard {
        match (message.id, message.method.as_deref()) {
            (Some(id), Some(method)) => {
                let key = wire::key(id);
                if let Some(asked) = requests::asked(method, message.params, &self.items) {
                    self.asked(key, asked, decoded);
                    return Heard::Nothing;
                }
                let method = words::short(method, 80);
                let text = format!("codex asks for `{method}`, which docket can't answer");
                self.notice(text, decoded);
                Heard::Unknown(key, method)
            }
            (Some(id), None) => {
                let key = wire::key(id);
                // A peer may give an integer back as a string.
                let spelt = || RequestKey(key.0.trim_matches('"').to_owned());
                let call = self
                    .calls
                    .remove(&key)
                    .or_else(|| self.calls.remove(&spelt()));
                let Some(call) = call else {
                    return Heard::Nothing;
                };
                let outcome = match message.error {
                    Some(error) => Err(RpcError::of(error)),
                    None => Ok(()),
                };
                self.answered(&call, message.result, outcome.as_ref().err(), decoded);
                Heard::Answer(call, outcome)
            }
            (None, Some(method)) => {
                self.notified(method, message.params, decoded);
                Heard::Nothing
            }
            (None, None) => Heard::Nothing,
        }
    }

    fn answered(
        &mut self,
        call: &Call,
        result: Option<&RawValue>,
        error: Option<&RpcError>,
        decoded: &mut Decoded,
    ) {
        match (call, error) {
            (Call::ThreadStart | Call::ThreadResume, None) => {
                if let Some(opened) = wire::read::<wire::ThreadOpened>(result) {
                    for cwd in [opened.cwd, opened.thread.cwd].into_iter().flatten() {
                        self.add_root(cwd);
                    }
                    self.set_thread(&opened.thread.id);
                    decoded.session = Some(opened.thread.id);
                    if opened.model.is_some() {
                        decoded.model = opened.model;
                    }
                }
            }
            (Call::TurnStart, None) => {
                if let (Some(turn), Some(accepted)) =
                    (&mut self.turn, wire::read::<wire::TurnAccepted>(result))
                {
                    turn.id.get_or_insert(accepted.turn.id);
                }
            }
            (Call::TurnStart, Some(error)) => {
                let end = TurnEnd::Failed {
                    why: error.message.clone(),
                    fault: Fault::Agent,
                };
                self.finish(end, decoded);
            }
            (Call::TurnSteer, Some(error)) => {
                let why = &error.message;
                self.notice(format!("codex didn't take these words: {why}"), decoded);
            }
            _ => {}
        }
    }

    pub(super) fn open_turn(&mut self, thread: String, id: Option<String>, decoded: &mut Decoded) {
        self.totals.begin_turn();
        self.doing = Doing::default();
        self.turn = Some(OpenTurn {
            thread,
            id,
            message: None,
            plan: None,
            error: None,
        });
        self.update_status(decoded);
    }

    pub(super) fn finish(&mut self, end: TurnEnd, decoded: &mut Decoded) {
        let Some(turn) = self.turn.take() else {
            return;
        };
        self.items.close(decoded);
        decoded.resolved.extend(self.requests.clear());
        self.doing = Doing::default();
        decoded.finished = Some(Finished {
            end,
            message: turn.message,
            usage: self.totals.of_turn(),
        });
    }

    fn asked(&mut self, key: RequestKey, asked: Asked, decoded: &mut Decoded) {
        decoded.requests.push((key.clone(), asked.request.clone()));
        self.requests.add(key, asked);
        self.update_status(decoded);
    }

    pub(super) fn resolved(&mut self, key: &RequestKey, decoded: &mut Decoded) {
        if self.requests.remove(key) {
            decoded.resolved.push(key.clone());
            self.doing.flagged(&[]);
            self.update_status(decoded);
        }
    }

    pub(super) fn update_status(&mut self, decoded: &mut Decoded) {
        if self.turn.is_some() {
            let status = self
                .doing
                .status(self.requests.first(), self.items.running());
            if status.is_some() {
                decoded.status = status;
            }
        }
    }

    /// Whether a thread is the conversation itself, and not a sub-agent's.
    pub(super) fn is_main(&self, thread: &str) -> bool {
        self.thread.as_deref().is_none_or(|main| main == thread)
    }

    pub(super) fn set_thread(&mut self, thread: &str) {
        self.items.set_main(thread);
        self.thread = Some(thread.to_owned());
    }

    fn add_root(&mut self, root: String) {
        if !self.items.roots.contains(&root) {
            self.items.roots.push(root);
        }
    }
}

impl Decoder for AppServerDecoder {
    fn line(&mut self, direction: Direction, line: &str, decoded: &mut Decoded) {
        self.hear(direction, line, decoded);
    }

    fn ended(&mut self, end: &ProcessEnd, decoded: &mut Decoded) {
        decoded.resolved.extend(self.requests.clear());
        self.finish(died(end, self.last_words.as_deref()), decoded);
        self.items.close(decoded);
    }
}

/// How a turn ended whose process ended first. What it said last tells why it exited by itself.
pub(super) fn died(end: &ProcessEnd, last_words: Option<&str>) -> TurnEnd {
    let how = match (end, last_words) {
        (ProcessEnd::NotStarted(why), _) => return TurnEnd::NotStarted { why: why.clone() },
        (ProcessEnd::Exited(1..), Some(words)) => format!("{end}: {words}"),
        _ => end.to_string(),
    };
    TurnEnd::Died { how }
}
