//! The terminal of an agent that runs on one: what it draws is recorded as evidence, what people type goes to it.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::{Prepared, Unit};
use crate::agents::terminal::{COLUMNS, ROWS};
use crate::agents::{Direction, Patience};
use crate::domain::ids::AttemptId;
use crate::domain::settings::AgentKind;
use crate::domain::time::Timestamp;
use crate::proc::clock::Clock as _;
use crate::proc::lull::Lull;
use crate::proc::pty::Size;
use crate::proc::supervise::Control;
use crate::redact::Redactor;
use crate::runner::context::Context;
use crate::runner::terminals::{Letter, RECORDING, TerminalInput};
use crate::store::cast::Writer;
use crate::store::evidence::EvidenceFolder;

/// So much is recorded at once at most.
const MOST: usize = 64 << 10;

/// Its first size.
pub(super) const SIZE: Size = Size {
    rows: ROWS,
    columns: COLUMNS,
};

/// See the module. One for all turns of an attempt, whatever becomes of the program.
pub(super) struct OnTerminal {
    writer: Writer,
    began: Timestamp,
    size: Size,
    /// What was drawn since the last word to the recording: what comes together is looked through for secrets together.
    drawn: Vec<u8>,
    redactor: Arc<Redactor>,
    inputs: mpsc::UnboundedReceiver<TerminalInput>,
    failed: Option<String>,
}

impl OnTerminal {
    pub(super) fn open(
        evidence: &EvidenceFolder,
        context: &Context,
        attempt: AttemptId,
        redactor: Arc<Redactor>,
    ) -> Result<Self, String> {
        let path = evidence
            .path_of(RECORDING)
            .map_err(|error| error.to_string())?;
        let began = context.clock.now().wall;
        let unix_time = u64::try_from(began.0 / 1_000).unwrap_or_default();
        let writer = Writer::create(&path, SIZE.columns, SIZE.rows, unix_time)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        let (sender, inputs) = mpsc::unbounded_channel();
        let inputs_sender = sender;
        let _runner_is_ending = context.terminals.send(Letter::Opened {
            attempt,
            inputs: inputs_sender,
        });
        Ok(Self {
            writer,
            began,
            size: SIZE,
            drawn: Vec::new(),
            redactor,
            inputs,
            failed: None,
        })
    }

    fn seconds(&self, now: Timestamp) -> f64 {
        now.since(self.began).as_secs_f64()
    }

    fn note(&mut self, written: std::io::Result<()>) {
        if let Err(error) = written {
            self.failed.get_or_insert(error.to_string());
        }
    }

    fn draws(&mut self, bytes: &[u8], now: Timestamp) {
        self.drawn.extend_from_slice(bytes);
        if self.drawn.len() >= MOST {
            self.record(now);
        }
    }

    /// Records what was drawn, without secrets as far as they came in one piece.
    pub(super) fn record(&mut self, now: Timestamp) {
        if self.drawn.is_empty() {
            return;
        }
        let drawn = std::mem::take(&mut self.drawn);
        let seconds = self.seconds(now);
        let text = String::from_utf8_lossy(&drawn);
        let redacted = self.redactor.redact(&text);
        let written = if redacted == text {
            // A character whose end has not come is the writer's business.
            self.writer.output(seconds, &drawn)
        } else {
            self.writer.output(seconds, redacted.as_bytes())
        };
        self.note(written);
    }

    fn resize(&mut self, size: Size, now: Timestamp) {
        self.record(now);
        self.size = size;
        let written = self
            .writer
            .resize(self.seconds(now), size.columns, size.rows);
        self.note(written);
    }

    /// A turn begins: a place to find again when it is played.
    pub(super) fn mark(&mut self, turn: u32, now: Timestamp) {
        self.record(now);
        let written = self
            .writer
            .marker(self.seconds(now), &format!("turn {turn}"));
        self.note(written);
    }

    /// Nothing is drawn any more: the recording becomes evidence.
    pub(super) fn finish(
        &mut self,
        evidence: &EvidenceFolder,
        now: Timestamp,
    ) -> Result<(), String> {
        self.record(now);
        let written = self.writer.flush();
        self.note(written);
        if let Some(why) = self.failed.take() {
            return Err(why);
        }
        let artifact = evidence.artifact(RECORDING);
        artifact.map(drop).map_err(|error| error.to_string())
    }
}

/// What people do to the terminal, if there is one; for ever nothing if not.
pub(super) async fn input(terminal: Option<&mut OnTerminal>) -> TerminalInput {
    let input = match terminal {
        Some(terminal) => terminal.inputs.recv().await,
        None => None,
    };
    match input {
        Some(input) => input,
        None => std::future::pending().await,
    }
}

/// What a session waits for, as the clock takes it.
pub(super) fn lull_for(lull: &mut Lull, patience: Option<Patience>) {
    lull.wait_for(patience.map(|patience| (patience.quiet, patience.longest)));
}

impl Unit {
    /// Whether the agent is a program for people.
    pub(super) fn is_on_a_terminal(&self) -> bool {
        let agent = self.context.config.agents.get(&self.spec.agent);
        agent.is_some_and(|agent| agent.kind == AgentKind::Terminal)
    }
}

impl Prepared {
    /// Keeps what went between docket and the agent.
    pub(super) fn keep(&mut self, direction: Direction, bytes: &[u8], now: Timestamp) {
        match (&mut self.terminal, direction) {
            (None, _) => self.transcript.raw(direction, bytes, now),
            // What is typed may be a password; what docket types is in the evidence as the prompt.
            (Some(_), Direction::In) => {}
            (Some(terminal), Direction::Out | Direction::Err) => terminal.draws(bytes, now),
        }
    }

    /// A person types, or has a window of another size.
    pub(super) fn typed(&mut self, input: TerminalInput, control: &Control, now: Timestamp) {
        match input {
            TerminalInput::Type(bytes) => control.write(bytes),
            TerminalInput::Resize { columns, rows } => {
                let size = Size {
                    rows: rows.max(2),
                    columns: columns.max(2),
                };
                let Some(terminal) = self.terminal.as_mut().filter(|known| known.size != size)
                else {
                    return;
                };
                terminal.resize(size, now);
                self.session.resized(size.columns, size.rows);
                control.resize(size);
            }
        }
    }

    /// What was typed between two turns was meant for nobody; sizes hold.
    pub(super) fn begin_on_terminal(&mut self, control: &Control, turn: u32, now: Timestamp) {
        let Some(terminal) = &mut self.terminal else {
            return;
        };
        terminal.mark(turn, now);
        control.resize(terminal.size);
        while let Some(Ok(input)) = self
            .terminal
            .as_mut()
            .map(|terminal| terminal.inputs.try_recv())
        {
            if let TerminalInput::Resize { .. } = input {
                self.typed(input, control, now);
            }
        }
    }

    /// Puts what came on the disk, and tells readers.
    pub(super) fn publish(&mut self, now: Timestamp) {
        if let Some(terminal) = &mut self.terminal {
            terminal.record(now);
        }
        self.transcript.publish();
    }
}
