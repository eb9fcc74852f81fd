//! The active half of a protocol of lines: what is written when. Bytes become lines here, once for all of them.

use super::lines::LineSplitter;
use super::{Actions, AgentError, Capabilities, Direction, Launch, ProcessEnd, Session, Turn};
use crate::domain::request::{Answer, RequestKey};

/// A protocol whose messages are lines in both directions. The methods mean what those of [`Session`] do; a client shows
/// its decoder every line that comes, and every line that it writes.
pub trait Client: Send + Sync {
    /// See [`Session::capabilities`].
    fn capabilities(&self) -> Capabilities;
    /// See [`Session::launch`].
    fn launch(&mut self, turn: &Turn) -> Result<Launch, AgentError>;
    /// See [`Session::begin`].
    fn begin(&mut self, turn: &Turn, actions: &mut Actions);
    /// A line came; never `Direction::In`.
    fn line(&mut self, direction: Direction, line: &str, actions: &mut Actions);
    /// See [`Session::ended`].
    fn ended(&mut self, end: &ProcessEnd, actions: &mut Actions);
    /// See [`Session::answer`].
    fn answer(&mut self, _key: &RequestKey, _answer: &Answer, _actions: &mut Actions) {}
    /// See [`Session::steer`].
    fn steer(&mut self, _text: &str, _actions: &mut Actions) -> bool {
        false
    }
    /// See [`Session::interrupt`].
    fn interrupt(&mut self, _actions: &mut Actions) -> bool {
        false
    }
    /// See [`Session::leave`].
    fn leave(&mut self, actions: &mut Actions) {
        actions.close_stdin = true;
    }
}

/// A session over a protocol of lines.
#[derive(Debug)]
pub struct LineSession<C> {
    client: C,
    stdout: LineSplitter,
    stderr: LineSplitter,
}

impl<C: Client> LineSession<C> {
    /// A session whose messages `client` understands.
    pub fn new(client: C) -> Self {
        Self {
            client,
            stdout: LineSplitter::default(),
            stderr: LineSplitter::default(),
        }
    }
}

impl<C: Client> Session for LineSession<C> {
    fn capabilities(&self) -> Capabilities {
        self.client.capabilities()
    }

    fn launch(&mut self, turn: &Turn) -> Result<Launch, AgentError> {
        self.stdout = LineSplitter::default();
        self.stderr = LineSplitter::default();
        self.client.launch(turn)
    }

    fn begin(&mut self, turn: &Turn, actions: &mut Actions) {
        self.client.begin(turn, actions);
    }

    fn stdout(&mut self, bytes: &[u8], actions: &mut Actions) {
        let client = &mut self.client;
        self.stdout
            .feed(bytes, |line| client.line(Direction::Out, line, actions));
    }

    fn stderr(&mut self, bytes: &[u8], actions: &mut Actions) {
        let client = &mut self.client;
        self.stderr
            .feed(bytes, |line| client.line(Direction::Err, line, actions));
    }

    fn ended(&mut self, end: &ProcessEnd, actions: &mut Actions) {
        if let Some(line) = self.stdout.finish() {
            self.client.line(Direction::Out, &line, actions);
        }
        if let Some(line) = self.stderr.finish() {
            self.client.line(Direction::Err, &line, actions);
        }
        self.client.ended(end, actions);
    }

    fn answer(&mut self, key: &RequestKey, answer: &Answer, actions: &mut Actions) {
        self.client.answer(key, answer, actions);
    }

    fn steer(&mut self, text: &str, actions: &mut Actions) -> bool {
        self.client.steer(text, actions)
    }

    fn interrupt(&mut self, actions: &mut Actions) -> bool {
        self.client.interrupt(actions)
    }

    fn leave(&mut self, actions: &mut Actions) {
        self.client.leave(actions);
    }
}
