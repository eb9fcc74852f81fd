//! Plays `codex app-server`, as far as docket talks to it, by a script: what each turn does, one step after the other.
//!
//! * `ask COMMAND` asks for leave to run it, and runs it when it gets a yes.
//! * `question A|B` asks these questions.
//! * `wait` goes on when it is given words in the middle of the turn.
//! * `run COMMAND` runs it without asking.
//! * `fail STATUS` ends the turn as failed: the provider answered with this HTTP status.
//! * `error WORDS` tells of an error that ends nothing.
//! * `die` ends the process in the middle of the turn.
//! * `deaf` never says or hears anything again.
//! * `spend TOKENS` says that so many more tokens were used, and notes when.
//! * `flood` never ends: it ignores signals and what it is told, has a child that does too, and says more than anybody can read.
//! * `mute` is the same without a word.
//!
//! What it was told goes into a report, a line each.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, Write as _};
use std::os::unix::fs::FileExt as _;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// What docket said.
enum Heard {
    /// The answer to what was asked.
    Answer(Value),
    /// Words in the middle of the turn.
    Words(String),
    /// The turn is to end.
    Interrupt,
    /// Something else.
    Call(Value),
}

struct Peer<'a> {
    report: &'a str,
    thread: String,
    turn: u32,
    spent: u64,
}

/// Speaks until standard input is closed.
pub(crate) fn play(report: &str, script: &[&str]) {
    let mut peer = Peer {
        report,
        thread: "thread-1".to_owned(),
        turn: 0,
        spent: 0,
    };
    while let Some(heard) = peer.hear() {
        let Heard::Call(call) = heard else { continue };
        let params = &call["params"];
        match call["method"].as_str() {
            Some("initialize") => Peer::reply(&call, &json!({ "userAgent": "fake" })),
            Some("thread/start") => {
                peer.note("start", "");
                peer.opened(&call);
            }
            Some("thread/resume") => {
                params["threadId"]
                    .as_str()
                    .expect("a thread")
                    .clone_into(&mut peer.thread);
                peer.note("resume", &peer.thread);
                peer.opened(&call);
            }
            Some("turn/start") => {
                let prompt = params["input"][0]["text"].as_str().expect("a prompt");
                peer.note("turn", &prompt.replace('\n', " "));
                if peer.turn(&call, script).is_none() {
                    return;
                }
            }
            _ => {}
        }
    }
}

impl Peer<'_> {
    /// One turn; `None` when docket went away in it.
    fn turn(&mut self, call: &Value, script: &[&str]) -> Option<()> {
        self.turn += 1;
        Self::reply(call, &json!({ "turn": self.turn_now("inProgress") }));
        self.tell(
            "turn/started",
            &json!({ "turn": self.turn_now("inProgress") }),
        );
        let (mut status, mut error) = ("completed", Value::Null);
        for (index, step) in script.iter().enumerate() {
            let (word, rest) = step.split_once(' ').unwrap_or((step, ""));
            let went_on = match word {
                "ask" => self.ask(index, rest)?,
                "question" => self.question(index, rest)?,
                "run" => {
                    let done = Command::new("sh").args(["-c", rest]).status();
                    assert!(done.is_ok_and(|status| status.success()), "{rest}");
                    true
                }
                "fail" => {
                    let code: u16 = rest.parse().expect("an HTTP status");
                    let info =
                        json!({ "responseTooManyFailedAttempts": { "httpStatusCode": code } });
                    error = json!({ "message": format!("status {code}"), "codexErrorInfo": info });
                    status = "failed";
                    break;
                }
                "error" => self.error(rest),
                "die" => return None,
                "spend" => self.spend(rest.parse().expect("a number of tokens")),
                "flood" => self.never_ends(true),
                "mute" => self.never_ends(false),
                "deaf" => loop {
                    std::thread::park();
                },
                _ => self.wait()?,
            };
            if !went_on {
                status = "interrupted";
                break;
            }
        }
        let mut turn = self.turn_now(status);
        turn["error"] = error;
        self.tell("turn/completed", &json!({ "turn": turn }));
        Some(())
    }

    fn ask(&self, index: usize, command: &str) -> Option<bool> {
        let item = |status: &str| {
            json!({ "item": { "type": "commandExecution", "id": format!("call-{index}"), "command": command,
                "cwd": ".", "status": status, "commandActions": [] }, "turnId": self.turn.to_string() })
        };
        self.tell("item/started", &item("inProgress"));
        let params = json!({ "turnId": self.turn.to_string(), "itemId": format!("call-{index}"), "command": command,
            "cwd": ".", "reason": "the script says so",
            "availableDecisions": ["accept", "acceptForSession", "decline", "cancel"] });
        let (answer, interrupted) =
            self.asked(index, "item/commandExecution/requestApproval", params)?;
        let yes = answer["decision"]
            .as_str()
            .is_some_and(|decision| decision.starts_with("accept"));
        if yes {
            let done = Command::new("sh").args(["-c", command]).status();
            assert!(done.is_ok_and(|status| status.success()), "{command}");
        }
        self.tell(
            "item/completed",
            &item(if yes { "completed" } else { "declined" }),
        );
        Some(!interrupted)
    }

    fn question(&self, index: usize, questions: &str) -> Option<bool> {
        let questions = questions.split('|').enumerate();
        let questions: Vec<_> = questions
            .map(|(index, text)| {
                json!({ "id": index.to_string(), "header": "", "question": text,
                    "options": [{ "label": "red", "description": "" }] })
            })
            .collect();
        let params = json!({ "turnId": self.turn.to_string(), "itemId": format!("call-{index}"),
            "questions": questions });
        let (_, interrupted) = self.asked(index, "item/tool/requestUserInput", params)?;
        Some(!interrupted)
    }

    /// Asks, and waits for the answer; says too whether the turn is to end.
    fn asked(&self, index: usize, method: &str, mut params: Value) -> Option<(Value, bool)> {
        params["threadId"] = json!(self.thread);
        let id = format!("{}-{index}", self.turn);
        write(&json!({ "id": id, "method": method, "params": params }));
        let mut interrupted = false;
        loop {
            match self.hear()? {
                Heard::Answer(answer) if answer["id"] == json!(id) => {
                    self.note("answer", &answer["result"].to_string());
                    let resolved = json!({ "requestId": id });
                    self.tell("serverRequest/resolved", &resolved);
                    let result = answer["result"].clone();
                    interrupted |= result["decision"] == "cancel" && self.is_interrupted()?;
                    return Some((result, interrupted));
                }
                Heard::Interrupt => interrupted = true,
                _ => {}
            }
        }
    }

    /// After `cancel` the turn ends by itself, with or without an interrupt.
    fn is_interrupted(&self) -> Option<bool> {
        match self.hear()? {
            Heard::Interrupt => Some(true),
            _ => Some(false),
        }
    }

    fn wait(&self) -> Option<bool> {
        self.note("waits", "");
        loop {
            match self.hear()? {
                Heard::Words(words) => {
                    self.note("words", &words);
                    return Some(true);
                }
                Heard::Interrupt => return Some(false),
                _ => {}
            }
        }
    }

    fn error(&self, words: &str) -> bool {
        let params = json!({ "turnId": self.turn.to_string(), "error": { "message": words }, "willRetry": false });
        self.tell("error", &params);
        true
    }

    fn spend(&mut self, tokens: u64) -> bool {
        self.spent += tokens;
        let count =
            |tokens| json!({ "inputTokens": tokens, "cachedInputTokens": 0, "outputTokens": 0 });
        let usage = json!({ "total": count(self.spent), "last": count(tokens) });
        self.note("spent", &now().to_string());
        let params = json!({ "turnId": self.turn.to_string(), "tokenUsage": usage });
        self.tell("thread/tokenUsage/updated", &params);
        true
    }

    /// Until it is killed. When it lived last is in a file beside the report.
    fn never_ends(&self, floods: bool) -> ! {
        for signal in [SIGHUP, SIGINT, SIGTERM] {
            let nobody_looks = std::sync::Arc::default();
            signal_hook::flag::register(signal, nobody_looks).expect("a handler");
        }
        let child = Command::new(std::env::current_exe().expect("where this program is"))
            .args(["new-session", "ignore-term"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        drop(child.expect("a child"));
        let pulse = File::create(format!("{}.pulse", self.report)).expect("a file");
        self.note("endless", &now().to_string());
        let beats = move || -> ! {
            loop {
                let _full = pulse.write_all_at(format!("{:013}", now()).as_bytes(), 0);
                thread::sleep(super::MOMENT);
            }
        };
        if !floods {
            beats();
        }
        thread::spawn(move || beats());
        let params = json!({ "threadId": self.thread, "turnId": self.turn.to_string(), "itemId": "m", "delta": "more " });
        let line =
            json!({ "method": "item/agentMessage/delta", "params": params }).to_string() + "\n";
        let lines = line.repeat(1000);
        loop {
            let _gone = io::stdout().write_all(lines.as_bytes());
        }
    }

    /// The next thing that docket says; `None` when it went away.
    fn hear(&self) -> Option<Heard> {
        let mut line = String::new();
        if io::stdin().lock().read_line(&mut line).ok()? == 0 {
            return None;
        }
        let message: Value = serde_json::from_str(&line).expect("JSON");
        Some(match message["method"].as_str() {
            None => Heard::Answer(message),
            Some("turn/steer") => {
                Self::reply(&message, &json!({ "turnId": self.turn.to_string() }));
                let words = message["params"]["input"][0]["text"].as_str();
                Heard::Words(words.expect("words").to_owned())
            }
            Some("turn/interrupt") => {
                self.note("interrupt", "");
                Self::reply(&message, &json!({}));
                Heard::Interrupt
            }
            Some(_) => Heard::Call(message),
        })
    }

    fn opened(&self, call: &Value) {
        let thread = json!({ "id": self.thread, "cwd": "." });
        Self::reply(call, &json!({ "thread": thread, "model": "fake" }));
    }

    fn turn_now(&self, status: &str) -> Value {
        json!({ "id": self.turn.to_string(), "status": status, "items": [], "error": null })
    }

    fn reply(call: &Value, result: &Value) {
        write(&json!({ "id": call["id"], "result": result }));
    }

    fn tell(&self, method: &str, params: &Value) {
        let mut params = params.clone();
        params["threadId"] = json!(self.thread);
        write(&json!({ "method": method, "params": params }));
    }

    fn note(&self, what: &str, words: &str) {
        let mut report = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.report)
            .expect("the report");
        let line = format!("{what} {words}\n");
        report.write_all(line.as_bytes()).expect("it is written");
    }
}

/// Milliseconds since 1970.
fn now() -> u128 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("after 1970").as_millis()
}

fn write(message: &Value) {
    let mut stdout = io::stdout().lock();
    // Who reads may be gone.
    let _gone = writeln!(stdout, "{message}").and_then(|()| stdout.flush());
}
