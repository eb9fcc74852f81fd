//! Programs without a protocol: the prompt on standard input, the final message on standard output, the exit code as
//! the end. Serves `command`, and `replay` of plain recordings.

use std::ffi::OsString;

use super::lines::LineSplitter;
use super::{
    Actions, AgentError, Capabilities, Decoded, Decoder, Direction, Draft, Finished, Launch,
    ProcessEnd, Session, Turn,
};
use crate::domain::attempt::{Fault, TurnEnd};
use crate::domain::item::{AgentStatus, Item, Usage};

/// Only so much of the output is kept as the final message: its end.
const MESSAGE_BYTES: usize = 64 << 10;

/// A session with a program that has no protocol. Each turn is a process of its own.
#[derive(Debug)]
pub struct PlainSession {
    argv: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    takes_prompt: bool,
    stdout: LineSplitter,
    stderr: LineSplitter,
    next_id: u64,
    message: String,
}

impl PlainSession {
    /// A session that starts `argv` for each turn; `takes_prompt` says whether it reads the prompt.
    pub fn new(argv: Vec<OsString>, env: Vec<(OsString, OsString)>, takes_prompt: bool) -> Self {
        Self {
            argv,
            env,
            takes_prompt,
            stdout: LineSplitter::default(),
            stderr: LineSplitter::default(),
            next_id: 1,
            message: String::new(),
        }
    }

    fn show(&mut self, item: Item, actions: &mut Actions) {
        actions.decoded.drafts.push(Draft {
            id: self.next_id,
            parent: None,
            append: false,
            item,
        });
        self.next_id += 1;
    }

    fn message_line(&mut self, line: String, actions: &mut Actions) {
        self.message.push_str(&line);
        self.message.push('\n');
        if self.message.len() > 2 * MESSAGE_BYTES {
            let mut cut = self.message.len() - MESSAGE_BYTES;
            while !self.message.is_char_boundary(cut) {
                cut += 1;
            }
            self.message.drain(..cut);
        }
        self.show(Item::Message { text: line }, actions);
    }
}

impl Session for PlainSession {
    fn capabilities(&self) -> Capabilities {
        Capabilities::default()
    }

    fn launch(&mut self, _turn: &Turn) -> Result<Launch, AgentError> {
        self.message.clear();
        Ok(Launch {
            argv: self.argv.clone(),
            env: self.env.clone(),
            files: Vec::new(),
            stdin: self.takes_prompt,
        })
    }

    fn begin(&mut self, turn: &Turn, actions: &mut Actions) {
        actions.decoded.status = Some(AgentStatus::Thinking);
        if self.takes_prompt {
            actions.write = turn.prompt.clone().into_bytes();
            actions.close_stdin = true;
        }
    }

    fn stdout(&mut self, bytes: &[u8], actions: &mut Actions) {
        let mut lines = Vec::new();
        self.stdout.feed(bytes, |line| lines.push(line.to_owned()));
        for line in lines {
            self.message_line(line, actions);
        }
    }

    fn stderr(&mut self, bytes: &[u8], actions: &mut Actions) {
        let mut lines = Vec::new();
        self.stderr.feed(bytes, |line| lines.push(line.to_owned()));
        for text in lines {
            self.show(Item::Notice { text }, actions);
        }
    }

    fn ended(&mut self, end: &ProcessEnd, actions: &mut Actions) {
        if let Some(line) = self.stdout.finish() {
            self.message_line(line, actions);
        }
        if let Some(text) = self.stderr.finish() {
            self.show(Item::Notice { text }, actions);
        }
        let message = self.message.trim();
        actions.decoded.finished = Some(Finished {
            end: turn_end(end),
            message: (!message.is_empty()).then(|| message.to_owned()),
            usage: Usage::default(),
        });
    }
}

/// Understands programs without a protocol: each line of output is words of the agent, each line of error output a notice.
#[derive(Debug, Default)]
pub struct LinesDecoder {
    next_id: u64,
}

impl Decoder for LinesDecoder {
    fn line(&mut self, direction: Direction, line: &str, decoded: &mut Decoded) {
        let text = line.to_owned();
        let item = match direction {
            Direction::In => return,
            Direction::Out => Item::Message { text },
            Direction::Err => Item::Notice { text },
        };
        self.next_id += 1;
        decoded.drafts.push(Draft {
            id: self.next_id,
            parent: None,
            append: false,
            item,
        });
    }

    fn ended(&mut self, end: &ProcessEnd, decoded: &mut Decoded) {
        decoded.finished = Some(Finished {
            end: turn_end(end),
            message: None,
            usage: Usage::default(),
        });
    }
}

/// How a turn ended when its process is all there is: exit code 0 is the only success.
pub(super) fn turn_end(end: &ProcessEnd) -> TurnEnd {
    match end {
        ProcessEnd::Exited(0) => TurnEnd::Completed,
        ProcessEnd::Exited(_) => TurnEnd::Failed {
            why: end.to_string(),
            fault: Fault::Agent,
        },
        ProcessEnd::Signalled(_) | ProcessEnd::Lost(_) => TurnEnd::Died {
            how: end.to_string(),
        },
        ProcessEnd::NotStarted(why) => TurnEnd::NotStarted { why: why.clone() },
    }
}
