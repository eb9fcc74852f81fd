//! The active half of `codex app-server`: what is written when.

use serde_json::{Value, json};

use super::decoder::{AppServerDecoder, Call, Heard, died};
use super::settings::Settings;
use crate::agents::client::Client;
use crate::agents::{
    Actions, AgentError, Capabilities, Decoder as _, Direction, Finished, Launch, ProcessEnd, Turn,
};
use crate::domain::attempt::{Fault, TurnEnd};
use crate::domain::item::Usage;
use crate::domain::request::{Answer, RequestKey};

/// A client of one `codex app-server`, with one thread in it.
#[derive(Debug)]
pub(super) struct AppServer {
    settings: Settings,
    decoder: AppServerDecoder,
    next_call: u64,
    link: Link,
    /// The turn that can't be sent yet.
    waiting: Option<Turn>,
    /// The turn that was sent is to be interrupted as soon as its id is known.
    interrupts: bool,
}

/// How far the conversation with the process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Link {
    /// Not a word yet.
    New,
    /// `initialize` or the thread's beginning is on its way.
    Waiting,
    /// It takes requests, and there is no thread.
    Ready,
    /// There is a thread: it takes turns.
    Open,
}

impl AppServer {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            settings,
            decoder: AppServerDecoder::new(1),
            next_call: 1,
            link: Link::New,
            waiting: None,
            interrupts: false,
        }
    }

    /// Whatever the process was told and told is void.
    fn forget_process(&mut self) {
        self.decoder = AppServerDecoder::new(self.decoder.next_id());
        self.link = Link::New;
        self.interrupts = false;
    }

    fn write(&mut self, message: &Value, actions: &mut Actions) {
        let line = message.to_string();
        actions.write_line(&line);
        self.decoder
            .line(Direction::In, &line, &mut actions.decoded);
    }

    fn call(&mut self, method: &str, params: &Value, actions: &mut Actions) {
        let id = self.next_call;
        self.next_call += 1;
        let message = json!({ "id": id, "method": method, "params": params });
        self.write(&message, actions);
    }

    /// Does what comes next on the way to the turn.
    fn go_on(&mut self, actions: &mut Actions) {
        let Some(turn) = &self.waiting else {
            return;
        };
        match self.link {
            Link::Waiting => {}
            Link::New => {
                self.link = Link::Waiting;
                let params = json!({
                    "clientInfo": {
                        "name": "docket",
                        "title": "docket",
                        "version": env!("CARGO_PKG_VERSION"),
                    },
                    "capabilities": { "experimentalApi": false },
                });
                self.call("initialize", &params, actions);
            }
            Link::Ready => {
                self.link = Link::Waiting;
                let mut params = self.settings.thread(turn);
                let method = match &turn.resume {
                    Some(thread) => {
                        params["threadId"] = json!(thread);
                        // What was said before is in docket's own transcript.
                        params["excludeTurns"] = json!(true);
                        "thread/resume"
                    }
                    None => "thread/start",
                };
                self.call(method, &params, actions);
            }
            Link::Open => {
                let Some(thread) = self.decoder.thread() else {
                    return;
                };
                let mut params = json!({ "threadId": thread, "input": text(&turn.prompt) });
                if let Some(effort) = self.settings.effort(turn) {
                    params["effort"] = json!(effort);
                }
                self.waiting = None;
                self.call("turn/start", &params, actions);
            }
        }
    }

    fn answered(&mut self, call: &Call, outcome: Result<(), String>, actions: &mut Actions) {
        match (call, outcome) {
            (Call::Initialize, Ok(())) => {
                self.link = Link::Ready;
                self.write(&json!({ "method": "initialized" }), actions);
                self.go_on(actions);
            }
            (Call::ThreadStart | Call::ThreadResume, Ok(())) => {
                if self.decoder.thread().is_some() {
                    self.link = Link::Open;
                    self.go_on(actions);
                } else {
                    self.link = Link::Ready;
                    self.fail(
                        "codex began a thread and didn't say which".to_owned(),
                        actions,
                    );
                }
            }
            (Call::ThreadResume, Err(why)) => {
                // The conversation is gone: a new one is better than none, when people are told.
                let text = format!(
                    "the conversation can't be resumed: {why}: a new one begins, without what was said before"
                );
                self.decoder.notice(text, &mut actions.decoded);
                if let Some(turn) = &mut self.waiting {
                    turn.resume = None;
                }
                self.link = Link::Ready;
                self.go_on(actions);
            }
            (Call::Initialize, Err(why)) => {
                self.link = Link::New;
                self.fail(why, actions);
            }
            (Call::ThreadStart, Err(why)) => {
                self.link = Link::Ready;
                self.fail(why, actions);
            }
            (Call::TurnStart, Ok(())) => {
                if std::mem::take(&mut self.interrupts) {
                    self.interrupt_turn(actions);
                }
            }
            (Call::TurnStart, Err(_)) => self.interrupts = false,
            (Call::TurnSteer | Call::Other, _) => {}
        }
    }

    /// The turn that was not sent yet fails.
    fn fail(&mut self, why: String, actions: &mut Actions) {
        let fault = Fault::Agent;
        self.end_waiting(TurnEnd::Failed { why, fault }, actions);
    }

    fn end_waiting(&mut self, end: TurnEnd, actions: &mut Actions) {
        if self.waiting.take().is_some() {
            actions.decoded.finished = Some(Finished {
                end,
                message: None,
                usage: Usage::default(),
            });
        }
    }

    /// Asks codex to end the open turn. `false` while its id isn't known.
    fn interrupt_turn(&mut self, actions: &mut Actions) -> bool {
        let Some((thread, Some(id))) = self.decoder.turn() else {
            return false;
        };
        let params = json!({ "threadId": thread, "turnId": id });
        self.call("turn/interrupt", &params, actions);
        true
    }
}

fn text(text: &str) -> Value {
    json!([{ "type": "text", "text": text }])
}

/// The answer to a request that docket doesn't know. Its id goes back as it came.
fn unknown(key: &RequestKey, method: &str) -> Value {
    let message = format!("docket doesn't know the method `{method}`");
    json!({ "id": id(key), "error": { "code": -32601, "message": message } })
}

/// A key is the text of an id.
fn id(key: &RequestKey) -> Value {
    serde_json::from_str(&key.0).unwrap_or(Value::Null)
}

impl Client for AppServer {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            requests: true,
            steer: true,
            interrupt: true,
            keeps_process: true,
            hears_reasons: false,
            resume: true,
            speaks_early: true,
            terminal: false,
        }
    }

    fn launch(&mut self, _turn: &Turn) -> Result<Launch, AgentError> {
        self.forget_process();
        self.waiting = None;
        Ok(self.settings.launch(Vec::new()))
    }

    fn begin(&mut self, turn: &Turn, actions: &mut Actions) {
        self.interrupts = false;
        self.waiting = Some(turn.clone());
        self.go_on(actions);
    }

    fn line(&mut self, direction: Direction, line: &str, actions: &mut Actions) {
        match self.decoder.hear(direction, line, &mut actions.decoded) {
            Heard::Nothing => {}
            Heard::Answer(call, outcome) => {
                self.answered(&call, outcome.map_err(|error| error.message), actions);
            }
            Heard::Unknown(key, method) => self.write(&unknown(&key, &method), actions),
        }
    }

    fn ended(&mut self, end: &ProcessEnd, actions: &mut Actions) {
        let last_words = self.decoder.last_words().map(str::to_owned);
        self.decoder.ended(end, &mut actions.decoded);
        self.end_waiting(died(end, last_words.as_deref()), actions);
        self.forget_process();
    }

    fn answer(&mut self, key: &RequestKey, answer: &Answer, actions: &mut Actions) {
        if let Some(result) = self.decoder.result(key, answer) {
            self.write(&json!({ "id": id(key), "result": result }), actions);
        }
    }

    fn steer(&mut self, words: &str, actions: &mut Actions) -> bool {
        let Some((thread, Some(id))) = self.decoder.turn() else {
            return false;
        };
        let params = json!({ "threadId": thread, "input": text(words), "expectedTurnId": id });
        self.call("turn/steer", &params, actions);
        true
    }

    fn interrupt(&mut self, actions: &mut Actions) -> bool {
        let refusal = Answer::Dismiss {
            reason: "the turn is interrupted".to_owned(),
        };
        for key in self.decoder.open_requests() {
            self.answer(&key, &refusal, actions);
        }
        if self.waiting.is_some() {
            // Nothing was begun that codex would have to end.
            let end = TurnEnd::Failed {
                why: "interrupted".to_owned(),
                fault: Fault::Interrupted,
            };
            self.end_waiting(end, actions);
            return true;
        }
        if self.interrupt_turn(actions) {
            return true;
        }
        self.interrupts = self.decoder.turn().is_some();
        self.interrupts
    }
}
