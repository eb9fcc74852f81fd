//! Understands `codex app-server`: what the lines of both directions mean.

use std::collections::{HashMap, HashSet};

use serde_json::value::RawValue;

use super::fault::RateLimits;
use super::items::Items;
use super::requests::{self, Asked, OpenRequests};
use super::status::{Doing, Streak};
use super::usage::ThreadTotals;
use super::wire::{self, Message, RpcError, TurnError, TurnStatus};
use super::{fault, notices, thread_item, words};
use crate::agents::{Decoded, Decoder, Direction, Finished, ProcessEnd};
use crate::domain::attempt::{Fault, TurnEnd};
use crate::domain::item::{Item, PlanEntry};
use crate::domain::request::{Answer, RequestKey};

/// Lines that are no messages are cut here.
const NOTICE: usize = 500;

/// The state of one process. Passive: it needs no client of docket's to understand a recording.
#[derive(Debug)]
pub(super) struct AppServerDecoder {
    items: Items,
    /// Requests of the client that wait for their answers.
    calls: HashMap<RequestKey, Call>,
    /// Whether what the client says is seen: then a turn is one that it began.
    sees_input: bool,
    /// The conversation.
    thread: Option<String>,
    turn: Option<OpenTurn>,
    requests: OpenRequests,
    totals: ThreadTotals,
    limits: RateLimits,
    doing: Doing,
    /// Methods that were named to people already.
    named: HashSet<String>,
    /// The last line of its standard error.
    last_words: Option<String>,
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

#[derive(Debug)]
struct OpenTurn {
    thread: String,
    /// Known once codex accepted the turn.
    id: Option<String>,
    /// The agent's last words.
    message: Option<String>,
    plan: Option<u64>,
    /// The error after which codex doesn't try again; people see it already.
    error: Option<TurnError>,
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
            let text = words::short(line, NOTICE);
            self.notice(text.clone(), decoded);
            self.last_words = Some(text);
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

    fn notified(&mut self, method: &str, params: Option<&RawValue>, decoded: &mut Decoded) {
        if self.understood(method, params, decoded).is_none() {
            let known = notices::understand(method, params);
            match known {
                notices::Notification::Chatter => {}
                notices::Notification::Words(text) => self.notice(text, decoded),
                notices::Notification::Unknown => {
                    if self.named.insert(method.to_owned()) {
                        self.notice(
                            format!("codex says `{}`", words::short(method, 80)),
                            decoded,
                        );
                    }
                }
            }
        }
        self.update_status(decoded);
    }

    /// The notifications that change what is known; `None` for all others, and for those that can't be read.
    fn understood(
        &mut self,
        method: &str,
        params: Option<&RawValue>,
        decoded: &mut Decoded,
    ) -> Option<()> {
        match method {
            "item/started" | "item/completed" => {
                let event: wire::ItemEvent = wire::read(params)?;
                self.item(method == "item/completed", &event, decoded);
            }
            "item/agentMessage/delta" | "item/plan/delta" | "item/reasoning/textDelta" => {
                let event: wire::DeltaEvent = wire::read(params)?;
                let is_reasoning = method == "item/reasoning/textDelta";
                self.goes_on(&event.thread_id);
                self.items.words(
                    &event.thread_id,
                    &event.item_id,
                    is_reasoning,
                    &event.delta,
                    decoded,
                );
            }
            "item/reasoning/summaryTextDelta" => {
                let event: wire::DeltaEvent = wire::read(params)?;
                self.goes_on(&event.thread_id);
                self.items.summary(
                    &event.thread_id,
                    &event.item_id,
                    event.summary_index,
                    &event.delta,
                    decoded,
                );
            }
            "item/commandExecution/outputDelta" => {
                let event: wire::DeltaEvent = wire::read(params)?;
                self.items.output(&event.item_id, event.delta, decoded);
            }
            "item/fileChange/patchUpdated" => {
                let event: wire::PatchEvent = wire::read(params)?;
                self.items.patched(&event.item_id, &event.changes, decoded);
            }
            "turn/started" => {
                let event: wire::TurnEvent = wire::read(params)?;
                if !self.sees_input && self.is_main(&event.thread_id) && self.turn.is_none() {
                    self.set_thread(&event.thread_id);
                    self.open_turn(event.thread_id, Some(event.turn.id), decoded);
                }
            }
            "turn/completed" => self.completed(wire::read(params)?, decoded),
            "turn/plan/updated" => self.plan(wire::read(params)?, decoded),
            "thread/started" => {
                let opened: wire::ThreadOpened = wire::read(params)?;
                if opened.thread.parent_thread_id.is_some() {
                    self.items.add_agent(opened.thread.id);
                } else if self.thread.is_none() {
                    decoded.session = Some(opened.thread.id.clone());
                    self.set_thread(&opened.thread.id);
                }
            }
            "thread/tokenUsage/updated" => {
                let event: wire::UsageEvent = wire::read(params)?;
                let in_turn = self.turn.is_some();
                self.totals
                    .update(event.thread_id, &event.token_usage, in_turn);
                if in_turn {
                    decoded.usage = Some(self.totals.of_turn());
                }
            }
            "thread/status/changed" => {
                let event: wire::ThreadStatusEvent = wire::read(params)?;
                if self.is_main(&event.thread_id) {
                    self.doing.flagged(&event.status.active_flags);
                }
            }
            "account/rateLimits/updated" => {
                let event: wire::RateLimitsEvent = wire::read(params)?;
                if let Some(limited) = self.limits.update(event.rate_limits) {
                    self.doing.limited(limited);
                }
            }
            "error" => self.error(wire::read(params)?, decoded),
            "serverRequest/resolved" => {
                let event: wire::RequestResolved = wire::read(params)?;
                self.resolved(&wire::key(&event.request_id), decoded);
            }
            "model/rerouted" => {
                let event: wire::ModelRerouted = wire::read(params)?;
                let (from, to) = (event.from_model, event.to_model);
                self.notice(format!("{to} answers instead of {from}"), decoded);
                decoded.model = Some(to);
            }
            _ => return None,
        }
        Some(())
    }

    fn item(&mut self, is_complete: bool, event: &wire::ItemEvent, decoded: &mut Decoded) {
        let thread = event.thread_id.as_str();
        let read = thread_item::read(&event.item);
        match &read.item {
            thread_item::ThreadItem::UserMessage => return,
            thread_item::ThreadItem::Unknown if is_complete => {
                let kind = thread_item::head(&event.item).kind;
                let text = format!("codex shows an item of kind `{}`", words::short(&kind, 80));
                self.items
                    .add(self.items.parent(thread), Item::Notice { text }, decoded);
            }
            thread_item::ThreadItem::AgentMessage { text }
                if is_complete && !text.is_empty() && self.is_main(thread) =>
            {
                if let Some(turn) = &mut self.turn {
                    turn.message = Some(text.clone());
                }
            }
            _ => {}
        }
        self.goes_on(thread);
        if is_complete {
            self.items.completed(thread, &read.id, read.item, decoded);
        } else {
            self.items.started(thread, &read.id, read.item, decoded);
        }
    }

    /// The model answers: whatever was in the way is over.
    fn goes_on(&mut self, thread: &str) {
        if self.is_main(thread) {
            self.doing.goes_on();
        }
    }

    fn plan(&mut self, event: wire::PlanEvent, decoded: &mut Decoded) {
        let entries = event.plan.into_iter().map(|step| PlanEntry {
            text: step.step,
            done: step.status == "completed",
        });
        let item = Item::Plan {
            entries: entries.collect(),
        };
        let parent = self.items.parent(&event.thread_id);
        let is_main = self.is_main(&event.thread_id);
        let known = self
            .turn
            .as_ref()
            .filter(|_| is_main)
            .and_then(|turn| turn.plan);
        let id = self.items.show(known, parent, item, decoded);
        if let Some(turn) = self.turn.as_mut().filter(|_| is_main) {
            turn.plan = Some(id);
        }
    }

    fn error(&mut self, event: wire::ErrorEvent, decoded: &mut Decoded) {
        let text = event.error.text();
        let parent = self.items.parent(&event.thread_id);
        if !self.is_main(&event.thread_id) {
            let retrying = event.will_retry;
            self.items
                .add(parent, Item::Error { text, retrying }, decoded);
            return;
        }
        let item = Item::Error {
            text: text.clone(),
            retrying: event.will_retry,
        };
        // One line for a streak, which may be endless.
        let streak = self.doing.retries.take();
        let known = streak.as_ref().map(|streak| streak.draft);
        let id = self.items.show(known, parent, item, decoded);
        if event.will_retry {
            let count = streak.map_or(0, |streak| streak.count).saturating_add(1);
            self.doing.retries = Some(Streak {
                count,
                why: text,
                draft: id,
            });
        } else if let Some(turn) = &mut self.turn {
            turn.error = Some(event.error);
        }
    }

    fn completed(&mut self, event: wire::TurnEvent, decoded: &mut Decoded) {
        let is_ours = self.turn.as_ref().is_some_and(|turn| {
            turn.thread == event.thread_id && turn.id.as_ref() == Some(&event.turn.id)
        });
        if !is_ours {
            return;
        }
        let seen = self.turn.as_mut().and_then(|turn| turn.error.take());
        let end = match (event.turn.status, event.turn.error) {
            (TurnStatus::Completed, None) => TurnEnd::Completed,
            (TurnStatus::Interrupted, _) => TurnEnd::Failed {
                why: "interrupted".to_owned(),
                fault: Fault::Interrupted,
            },
            (status, error) => {
                if let (None, Some(error)) = (&seen, &error) {
                    let item = Item::Error {
                        text: error.text(),
                        retrying: false,
                    };
                    self.items.add(None, item, decoded);
                }
                let fault = |error| fault::of(error, self.limits.until());
                match error.or(seen) {
                    Some(error) => TurnEnd::Failed {
                        fault: fault(&error),
                        why: error.message,
                    },
                    None => TurnEnd::Failed {
                        why: format!("codex ended the turn as {status:?}").to_lowercase(),
                        fault: Fault::Agent,
                    },
                }
            }
        };
        self.finish(end, decoded);
    }

    fn open_turn(&mut self, thread: String, id: Option<String>, decoded: &mut Decoded) {
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

    fn finish(&mut self, end: TurnEnd, decoded: &mut Decoded) {
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

    fn resolved(&mut self, key: &RequestKey, decoded: &mut Decoded) {
        if self.requests.remove(key) {
            decoded.resolved.push(key.clone());
            self.doing.flagged(&[]);
            self.update_status(decoded);
        }
    }

    fn update_status(&mut self, decoded: &mut Decoded) {
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
    fn is_main(&self, thread: &str) -> bool {
        self.thread.as_deref().is_none_or(|main| main == thread)
    }

    fn set_thread(&mut self, thread: &str) {
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

/// How a turn ended whose process ended first.
pub(super) fn died(end: &ProcessEnd, last_words: Option<&str>) -> TurnEnd {
    match end {
        ProcessEnd::NotStarted(why) => TurnEnd::NotStarted { why: why.clone() },
        _ => TurnEnd::Died {
            how: match last_words {
                Some(words) => format!("{end}: {words}"),
                None => end.to_string(),
            },
        },
    }
}
