//! Programs without a protocol: the prompt on standard input, the final message on standard output, the exit code as
//! the end.

use std::ffi::OsString;

use super::client::Client;
use super::{
    Actions, AgentError, Capabilities, Decoded, Decoder, Direction, Draft, Finished, Launch,
    ProcessEnd, Turn,
};
use crate::domain::attempt::{Fault, TurnEnd};
use crate::domain::item::{AgentStatus, Item, Usage};

/// Only so much of the output is kept as the final message: its end.
const MESSAGE_BYTES: usize = 64 << 10;

/// A program that has no protocol. Each turn is a process of its own, which reads the prompt to its end.
#[derive(Debug)]
pub struct PlainClient {
    argv: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    decoder: LinesDecoder,
}

impl PlainClient {
    /// A client that starts `argv` for each turn.
    pub fn new(argv: Vec<OsString>, env: Vec<(OsString, OsString)>) -> Self {
        Self {
            argv,
            env,
            decoder: LinesDecoder::default(),
        }
    }
}

impl Client for PlainClient {
    fn capabilities(&self) -> Capabilities {
        Capabilities::default()
    }

    fn launch(&mut self, _turn: &Turn) -> Result<Launch, AgentError> {
        self.decoder = LinesDecoder::default();
        Ok(Launch {
            argv: self.argv.clone(),
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

/// Understands programs without a protocol: each line of output is words of the agent, each line of error output a notice.
#[derive(Debug, Default)]
pub struct LinesDecoder {
    last_id: u64,
    message: String,
}

impl LinesDecoder {
    /// Adds to the final message, of which only the end is kept.
    fn remember(&mut self, line: &str) {
        let mut start = line.len().saturating_sub(MESSAGE_BYTES);
        while !line.is_char_boundary(start) {
            start += 1;
        }
        self.message.push_str(&line[start..]);
        self.message.push('\n');
        if self.message.len() > 2 * MESSAGE_BYTES {
            let mut cut = self.message.len() - MESSAGE_BYTES;
            while !self.message.is_char_boundary(cut) {
                cut += 1;
            }
            self.message.drain(..cut);
        }
    }
}

impl Decoder for LinesDecoder {
    fn line(&mut self, direction: Direction, line: &str, decoded: &mut Decoded) {
        let text = line.to_owned();
        let item = match direction {
            Direction::In => return,
            Direction::Out => {
                self.remember(line);
                Item::Message { text }
            }
            Direction::Err => Item::Notice { text },
        };
        self.last_id += 1;
        decoded.drafts.push(Draft {
            id: self.last_id,
            parent: None,
            append: false,
            item,
        });
    }

    fn ended(&mut self, end: &ProcessEnd, decoded: &mut Decoded) {
        let message = std::mem::take(&mut self.message);
        let message = message.trim();
        decoded.finished = Some(Finished {
            end: turn_end(end),
            message: (!message.is_empty()).then(|| message.to_owned()),
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
