//! Programs for people, each on a terminal of its own: the prompt is typed in, the program's questions to its terminal are
//! answered, and the turn ends when a human says so, when a line that was agreed upon appears, or with the program. Never by
//! guessing: that it is quiet says nothing.
//!
//! What it draws is understood by the emulator alone, so that all of this works where nobody looks.

mod lines;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::time::Duration;

use regex::Regex;

use self::lines::{Matches, screen_text};
use super::plain::turn_end;
use super::{
    Actions, AgentError, Capabilities, Draft, Finished, Launch, Patience, ProcessEnd, Session, Turn,
};
use crate::config::{Agent, PromptBy};
use crate::domain::attempt::TurnEnd;
use crate::domain::item::{AgentStatus, Item, Usage};
use crate::emulator::{ENVIRONMENT, Emulator, encode_paste};

/// The width of its terminal until somebody looks at it.
pub const COLUMNS: u16 = 120;
/// The height of its terminal until somebody looks at it.
pub const ROWS: u16 = 40;

/// Rows above the screen that are kept: more than [`PIECE`] can push out at once.
const SCROLLBACK: usize = 5_000;
/// So much is parsed between two looks for the line that ends the turn.
const PIECE: usize = 4_096;
/// A prompt that is longer isn't pasted unless it must be: many programs choke on it, and a line that is typed to a program
/// without an editor of its own ends at 4,095 bytes (termios(3)).
const LONGEST_PASTE: usize = 4_000;
/// Between the prompt and Enter: programs take an Enter that comes with a paste for a part of it.
const SETTLE: Patience = Patience {
    quiet: Duration::from_millis(300),
    longest: Some(Duration::from_secs(3)),
};
/// How long a line that ends the turn must stand, with nothing after it.
const STANDS: Patience = Patience {
    quiet: Duration::from_millis(500),
    longest: Some(Duration::from_secs(5)),
};
/// A program that draws all the time is typed to after this, unless a pattern says when.
const LONGEST_START: Duration = Duration::from_secs(15);

/// What goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// No turn.
    Rests,
    /// The prompt waits until the program is ready.
    Waits,
    /// The prompt is typed, Enter is not.
    Typed,
    /// It has its prompt.
    Works,
    /// The line that ends the turn is there: whether it stays is looked at.
    Ends,
}

/// One program on a terminal.
#[derive(Debug)]
pub struct TerminalSession {
    argv: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    ready: Option<Regex>,
    ready_after: Duration,
    /// After so much quiet a program that only a human can judge is left to one.
    silent_after: Duration,
    submit: Vec<u8>,
    prompt_by: PromptBy,
    done: Option<Matches>,
    emulator: Emulator,
    size: (u16, u16),
    stage: Stage,
    is_ready: bool,
    /// The program has drawn something.
    has_drawn: bool,
    /// Nothing came since it was left to a human.
    is_left: bool,
    prompt: String,
    /// The line that names the prompt's file.
    by_file: String,
    last_id: u64,
}

impl TerminalSession {
    /// A session with the program that `agent` names.
    pub fn new(agent: &Agent) -> Result<Self, AgentError> {
        let (argv, mut env) = super::program(agent)?;
        let settings = &agent.on_terminal;
        let regex = |pattern: &Option<String>| {
            let regex = pattern.as_deref().map(Regex::new).transpose();
            // Those of the configuration were tried when it was read.
            regex.map_err(|error| AgentError::BadPattern {
                agent: agent.name.to_string(),
                why: error.to_string(),
            })
        };
        let says =
            |name: &str, env: &[(OsString, OsString)]| env.iter().any(|(own, _)| own == name);
        for (name, value) in ENVIRONMENT {
            if !says(name, &env) {
                env.push((name.into(), value.into()));
            }
        }
        Ok(Self {
            argv,
            env,
            ready: regex(&settings.ready_pattern)?,
            ready_after: settings.ready_after,
            silent_after: settings.silent_after,
            submit: settings.submit.clone().into_bytes(),
            prompt_by: settings.prompt_by,
            done: regex(&settings.done_pattern)?.map(Matches::new),
            emulator: Emulator::new(COLUMNS, ROWS, SCROLLBACK),
            size: (COLUMNS, ROWS),
            stage: Stage::Rests,
            is_ready: false,
            has_drawn: false,
            is_left: false,
            prompt: String::new(),
            by_file: String::new(),
            last_id: 0,
        })
    }

    /// Types the prompt: as a paste, or the line that names its file.
    fn type_prompt(&mut self, actions: &mut Actions) {
        let modes = self.emulator.modes();
        let prompt = self.prompt.trim_end();
        let is_one = modes.bracketed_paste || !prompt.contains('\n');
        let is_short = prompt.len() <= LONGEST_PASTE;
        let is_pasted = match self.prompt_by {
            PromptBy::Auto => is_one && is_short,
            PromptBy::Paste => true,
            PromptBy::File => false,
        };
        let text = if is_pasted { prompt } else { &self.by_file };
        actions.write.extend(encode_paste(text, modes));
        if let Some(done) = &mut self.done {
            done.typed(text);
        }
        self.stage = Stage::Typed;
        actions.decoded.status = Some(AgentStatus::Thinking);
    }

    fn submit(&mut self, actions: &mut Actions) {
        if let Some(done) = &mut self.done {
            done.begin(&self.emulator);
        }
        actions.write.extend_from_slice(&self.submit);
        self.stage = Stage::Works;
    }

    /// Looks at what is new on the screen.
    fn look(&mut self) {
        match self.stage {
            Stage::Waits => {
                if let Some(ready) = &self.ready {
                    self.is_ready = lines::any_on_screen(&self.emulator, ready);
                }
            }
            Stage::Works => {
                if self.has_ended() {
                    self.stage = Stage::Ends;
                }
            }
            Stage::Ends => {
                if !self.has_ended() {
                    self.stage = Stage::Works;
                }
            }
            Stage::Rests | Stage::Typed => {}
        }
    }

    /// Whether a line that ends the turn is there, and was not before.
    fn has_ended(&mut self) -> bool {
        let done = self.done.as_mut();
        done.is_some_and(|done| done.is_new(&self.emulator))
    }

    /// The turn is over, however.
    fn finish(&mut self, end: TurnEnd, actions: &mut Actions) {
        self.stage = Stage::Rests;
        let message = screen_text(&self.emulator);
        if let Some(text) = &message {
            self.last_id += 1;
            actions.decoded.drafts.push(Draft {
                id: self.last_id,
                parent: None,
                append: false,
                item: Item::Message {
                    text: format!("What its screen showed:\n\n````text\n{text}\n````"),
                },
            });
        }
        actions.decoded.finished = Some(Finished {
            end,
            message,
            usage: Usage::default(),
        });
    }
}

impl Session for TerminalSession {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            keeps_process: true,
            speaks_early: true,
            terminal: true,
            ..Capabilities::default()
        }
    }

    fn launch(&mut self, _turn: &Turn) -> Result<Launch, AgentError> {
        self.emulator = Emulator::new(self.size.0, self.size.1, SCROLLBACK);
        self.has_drawn = false;
        if let Some(done) = &mut self.done {
            done.forget();
        }
        Ok(Launch {
            argv: self.argv.clone(),
            env: self.env.clone(),
            files: Vec::new(),
            stdin: false,
        })
    }

    fn begin(&mut self, turn: &Turn, actions: &mut Actions) {
        let path = turn.desk.join("prompt.md");
        let path = path.strip_prefix(&turn.workspace).unwrap_or(&path);
        self.by_file = format!("Read the file {} and do what it says.", path.display());
        self.prompt.clone_from(&turn.prompt);
        self.stage = Stage::Waits;
        self.is_ready = false;
        // A program that says nothing at all any more is silent in each of its turns.
        self.is_left = false;
        actions.decoded.status = Some(AgentStatus::Starting);
        self.look();
    }

    fn stdout(&mut self, bytes: &[u8], actions: &mut Actions) {
        (self.has_drawn, self.is_left) = (true, false);
        for piece in bytes.chunks(PIECE) {
            self.emulator.feed(piece);
            self.emulator.parse(Duration::MAX, || Duration::ZERO);
            self.look();
        }
        actions.answer.extend(self.emulator.replies());
    }

    fn stderr(&mut self, bytes: &[u8], actions: &mut Actions) {
        // Both are the terminal.
        self.stdout(bytes, actions);
    }

    fn ended(&mut self, end: &ProcessEnd, actions: &mut Actions) {
        if self.stage != Stage::Rests {
            self.finish(turn_end(end), actions);
        }
    }

    fn patience(&self) -> Option<Patience> {
        match self.stage {
            Stage::Waits if self.is_ready => Some(SETTLE),
            Stage::Waits if self.ready.is_some() => None,
            Stage::Waits if !self.has_drawn => Some(Patience {
                quiet: LONGEST_START,
                longest: None,
            }),
            Stage::Waits => Some(Patience {
                quiet: self.ready_after,
                longest: Some(LONGEST_START.max(self.ready_after)),
            }),
            Stage::Typed => Some(SETTLE),
            Stage::Ends => Some(STANDS),
            Stage::Works if self.done.is_none() && !self.is_left => Some(Patience {
                quiet: self.silent_after,
                longest: None,
            }),
            Stage::Works | Stage::Rests => None,
        }
    }

    fn quiet(&mut self, actions: &mut Actions) {
        match self.stage {
            Stage::Waits => self.type_prompt(actions),
            Stage::Typed => self.submit(actions),
            Stage::Ends => self.finish(TurnEnd::Completed, actions),
            Stage::Works => {
                self.is_left = true;
                actions.decoded.stuck = Some(
                    "its terminal is silent: only a human can tell whether its turn is over (`docket` shows the terminal)"
                        .to_owned(),
                );
            }
            Stage::Rests => {}
        }
    }

    fn over(&mut self, actions: &mut Actions) -> bool {
        if self.stage != Stage::Rests {
            self.finish(TurnEnd::Completed, actions);
        }
        true
    }

    fn resized(&mut self, columns: u16, rows: u16) {
        self.emulator.resize(columns, rows);
        self.size = self.emulator.size();
        if let Some(done) = &mut self.done {
            done.resized();
        }
    }

    fn leave(&mut self, actions: &mut Actions) {
        actions.hang_up = true;
    }
}
