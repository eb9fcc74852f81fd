//! The transcript of an attempt: items and raw lines, on disk as they come; readers are told how far it is.

use std::sync::Arc;

use crate::agents::lines::LineSplitter;
use crate::agents::{Direction, Draft};
use crate::domain::board::Feed;
use crate::domain::ids::AttemptId;
use crate::domain::item::{AgentStatus, Entry, Item};
use crate::domain::time::Timestamp;
use crate::redact::Redactor;
use crate::runner::context::Context;
use crate::store::EvidenceError;
use crate::store::evidence::{Appender, EvidenceFolder};

pub(super) struct Transcript {
    attempt: AttemptId,
    feed: tokio::sync::mpsc::UnboundedSender<Feed>,
    items: Appender,
    raw: Appender,
    /// By direction: what was said is kept line by line, whatever the chunks.
    lines: [LineSplitter; Direction::ALL.len()],
    began: Timestamp,
    turn: u32,
    told: u64,
    /// What must not be kept: keys, and the values of the agent's secret variables.
    redactor: Arc<Redactor>,
    /// The first write that failed: evidence that is not complete is never sealed.
    failed: Option<String>,
}

impl Transcript {
    pub(super) fn open(
        evidence: &EvidenceFolder,
        context: &Context,
        attempt: AttemptId,
        redactor: Arc<Redactor>,
    ) -> Result<Self, EvidenceError> {
        use crate::proc::clock::Clock as _;
        Ok(Self {
            attempt,
            feed: context.feed.clone(),
            items: evidence.appender("transcript.jsonl")?,
            raw: evidence.appender("raw.jsonl")?,
            lines: Default::default(),
            began: context.clock.now().wall,
            turn: 0,
            told: 0,
            redactor,
            failed: None,
        })
    }

    pub(super) fn begin_turn(&mut self, turn: u32) {
        self.turn = turn;
    }

    pub(super) fn add(&mut self, draft: Draft, at: Timestamp) {
        let Draft {
            id,
            parent,
            append,
            item,
        } = draft;
        // Ids are the session's own and start again with each turn's process: the turn keeps them apart.
        let turn_base = u64::from(self.turn) << 40;
        let entry = Entry {
            id: turn_base | id,
            at,
            turn: self.turn,
            parent: parent.map(|parent| turn_base | parent),
            append,
            item,
        };
        let result = serde_json::to_string(&entry).map_err(|error| error.to_string());
        self.write_item(result);
    }

    /// A word of docket's own.
    pub(super) fn notice(&mut self, text: String, at: Timestamp) {
        let id = (1 << 39) | self.items.len();
        self.add(
            Draft {
                id,
                parent: None,
                append: false,
                item: Item::Notice { text },
            },
            at,
        );
    }

    fn write_item(&mut self, line: Result<String, String>) {
        let written = line.and_then(|line| {
            let mut line = self.redactor.redact(&line).into_owned();
            line.push('\n');
            self.items
                .append(line.as_bytes())
                .map_err(|error| error.to_string())
        });
        self.note(written);
    }

    fn note(&mut self, written: Result<(), String>) {
        if let Err(why) = written {
            self.failed.get_or_insert(why);
        }
    }

    /// Keeps what went over a pipe, in the form of the recordings: one JSON object a line.
    pub(super) fn raw(&mut self, direction: Direction, bytes: &[u8], at: Timestamp) {
        let mut lines = Vec::new();
        self.lines[direction as usize].feed(bytes, |line| lines.push(line.to_owned()));
        for line in lines {
            self.write_raw(direction.as_str(), &line, at);
        }
    }

    /// Keeps a fact about the process itself; before it, what was said last without a line end.
    pub(super) fn meta(&mut self, fact: &serde_json::Value, at: Timestamp) {
        for direction in Direction::ALL {
            if let Some(line) = self.lines[direction as usize].finish() {
                self.write_raw(direction.as_str(), &line, at);
            }
        }
        self.write_raw("meta", &fact.to_string(), at);
    }

    fn write_raw(&mut self, direction: &str, line: &str, at: Timestamp) {
        let line = serde_json::json!({
            "t": u64::try_from(at.since(self.began).as_millis()).unwrap_or(u64::MAX),
            "turn": self.turn,
            "dir": direction,
            "line": self.redactor.redact(line),
        });
        let mut line = line.to_string().into_bytes();
        line.push(b'\n');
        let written = self.raw.append(&line).map_err(|error| error.to_string());
        self.note(written);
    }

    /// Puts what was added on disk and tells readers how far it is.
    pub(super) fn publish(&mut self) {
        let flushed = self.items.flush().and_then(|()| self.raw.flush());
        self.note(flushed.map_err(|error| error.to_string()));
        let bytes = self.items.flushed();
        if bytes != self.told {
            self.told = bytes;
            let attempt = self.attempt.clone();
            let _nobody_listens = self.feed.send(Feed::Advanced { attempt, bytes });
        }
    }

    pub(super) fn status(&mut self, mut status: AgentStatus, at: Timestamp) {
        if let AgentStatus::Tool { since, .. } = &mut status
            && *since == Timestamp::default()
        {
            *since = at;
        }
        let attempt = self.attempt.clone();
        let _nobody_listens = self.feed.send(Feed::Status { attempt, status });
    }

    /// Puts everything on its way to the disk. Nothing may be added after it. Says what could not be written.
    pub(super) fn finish(&mut self) -> Result<(), String> {
        self.publish();
        let settled = self.items.settle().and_then(|()| self.raw.settle());
        self.note(settled.map_err(|error| error.to_string()));
        match self.failed.take() {
            Some(why) => Err(why),
            None => Ok(()),
        }
    }
}
