//! Plays a recording through a decoder, as one turn of docket: whatever it holds, turns, processes, requests.

use std::ffi::OsString;

use super::decoder::decoder;
use super::lines::{LONGEST, LineSplitter};
use super::recording::{Fact, Record, Way};
use super::{
    Actions, AgentError, Capabilities, Decoded, Decoder, Draft, Finished, Launch, ProcessEnd,
    Session, Turn,
};
use crate::config;
use crate::domain::attempt::TurnEnd;
use crate::domain::item::{Item, Usage};
use crate::domain::request::{ChoiceKind, Request, RequestKey};

/// The player's own entries have ids from here on, out of the way of the decoder's.
const OWN_IDS: u64 = 1 << 38;

/// A recorded line is longer in its record: quotes and control characters are escaped.
const LONGEST_RECORD: usize = 6 * LONGEST;

/// Feeds a recording to a decoder, record by record. What was asked in it was answered in it: requests become notices.
pub struct Player {
    which: config::Decoder,
    decoder: Box<dyn Decoder>,
    /// How the process that is played ended, once that is known.
    end: Option<ProcessEnd>,
    /// Whether the decoder was shown anything of this process.
    has_begun: bool,
    /// Added to the decoder's ids, so that those of several processes stay apart.
    base: u64,
    highest: u64,
    own: u64,
    asked: Vec<(RequestKey, Request)>,
    turns: u32,
    /// What the turns that are over used.
    used: Usage,
    message: Option<String>,
    last: Option<TurnEnd>,
}

impl Player {
    /// A player of recordings that this decoder understands.
    pub fn new(which: config::Decoder) -> Self {
        Self {
            which,
            decoder: decoder(which),
            end: None,
            has_begun: false,
            base: 0,
            highest: 0,
            own: OWN_IDS,
            asked: Vec::new(),
            turns: 0,
            used: Usage::default(),
            message: None,
            last: None,
        }
    }

    /// Plays what begins now through this decoder.
    pub fn switch(&mut self, which: config::Decoder) {
        self.which = which;
        if !self.has_begun {
            self.decoder = decoder(which);
        }
    }

    /// How many turns are over.
    pub fn turns(&self) -> u32 {
        self.turns
    }

    /// Plays a record. Says what it means; that a turn is over only at the end.
    pub fn record(&mut self, record: &Record, decoded: &mut Decoded) {
        let Some(direction) = record.way.direction() else {
            match record.fact() {
                Some(Fact::Started(_)) => {
                    let _end_of_the_one_before = self.end_process(decoded);
                }
                Some(Fact::Ended(end)) => self.end = Some(end),
                None => {}
            }
            return;
        };
        self.has_begun = true;
        let mut heard = Decoded::default();
        self.decoder.line(direction, &record.line, &mut heard);
        self.take(heard, Some(record), decoded);
    }

    /// There is no more. `end` is how the playing itself ended, if that was not well; otherwise the recorded end counts.
    pub fn finish(&mut self, end: Option<&ProcessEnd>, decoded: &mut Decoded) {
        if let Some(end) = end {
            self.end = Some(end.clone());
        }
        self.has_begun = true;
        let end = self.end_process(decoded);
        for (_, request) in std::mem::take(&mut self.asked) {
            self.answered(&request, "nobody answered", decoded);
        }
        decoded.finished = Some(Finished {
            end: self.last.take().unwrap_or_else(|| TurnEnd::Died {
                how: format!("{end}, without a turn"),
            }),
            message: self.message.take(),
            usage: self.used,
        });
    }

    /// Ends the process that is played; the next one begins with a decoder of its own.
    fn end_process(&mut self, decoded: &mut Decoded) -> ProcessEnd {
        let end = self.end.take().unwrap_or_else(|| {
            ProcessEnd::Lost("the recording doesn't say how its process ended".to_owned())
        });
        if self.has_begun {
            let mut heard = Decoded::default();
            self.decoder.ended(&end, &mut heard);
            self.take(heard, None, decoded);
            self.has_begun = false;
            self.base = self.highest;
            self.decoder = decoder(self.which);
        }
        end
    }

    fn take(&mut self, heard: Decoded, record: Option<&Record>, decoded: &mut Decoded) {
        for mut draft in heard.drafts {
            draft.id += self.base;
            draft.parent = draft.parent.map(|parent| parent + self.base);
            self.highest = self.highest.max(draft.id);
            decoded.drafts.push(draft);
        }
        self.asked.extend(heard.requests);
        for key in heard.resolved {
            if let Some(at) = self.asked.iter().position(|(asked, _)| *asked == key) {
                let (_, request) = self.asked.remove(at);
                let answer = answer(&request, record);
                self.answered(&request, answer, decoded);
            }
        }
        if let Some(usage) = heard.usage {
            let mut sum = self.used;
            sum.add(&usage);
            decoded.usage = Some(sum);
        }
        if heard.status.is_some() {
            decoded.status = heard.status;
        }
        if heard.model.is_some() {
            decoded.model = heard.model;
        }
        // The conversation's token is left out: no process can go on with it.
        if let Some(finished) = heard.finished {
            self.turns += 1;
            self.used.add(&finished.usage);
            self.message = finished.message.or(self.message.take());
            self.last = Some(finished.end);
        }
    }

    fn answered(&mut self, request: &Request, answer: &str, decoded: &mut Decoded) {
        let text = format!("asked: {} → {answer}", request.title);
        self.notice(text, decoded);
    }

    fn notice(&mut self, text: String, decoded: &mut Decoded) {
        self.own += 1;
        decoded.drafts.push(Draft {
            id: self.own,
            parent: None,
            append: false,
            item: Item::Notice { text },
        });
    }
}

/// What was answered, for people: the choice that the recorded answer names nearest to its top.
fn answer(request: &Request, record: Option<&Record>) -> &'static str {
    let Some(record) = record.filter(|record| record.way == Way::In) else {
        return "nobody answered";
    };
    let value = serde_json::from_str(&record.line).unwrap_or(serde_json::Value::Null);
    let mut level = vec![&value];
    while !level.is_empty() {
        let mut below = Vec::new();
        for value in level {
            match value {
                serde_json::Value::String(text) => {
                    let chosen = request.choices.iter().find(|choice| choice.id == *text);
                    match chosen.map(|choice| choice.kind) {
                        Some(ChoiceKind::AllowOnce) => return "allowed",
                        Some(ChoiceKind::AllowAlways) => return "allowed for good",
                        Some(ChoiceKind::Deny) => return "denied",
                        Some(ChoiceKind::Cancel) => return "cancelled",
                        None => {}
                    }
                }
                serde_json::Value::Array(values) => below.extend(values),
                serde_json::Value::Object(fields) => below.extend(fields.values()),
                _ => {}
            }
        }
        level = below;
    }
    "answered"
}

/// A session with a recording. docket plays it to itself in a process, so that it takes the whole path of a live agent.
pub struct ReplaySession {
    argv: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    which: config::Decoder,
    player: Player,
    stdout: LineSplitter,
    stderr: LineSplitter,
}

impl ReplaySession {
    /// A session that plays what `argv` prints through this decoder.
    pub fn new(
        argv: Vec<OsString>,
        env: Vec<(OsString, OsString)>,
        which: config::Decoder,
    ) -> Self {
        Self {
            argv,
            env,
            which,
            player: Player::new(which),
            stdout: LineSplitter::up_to(LONGEST_RECORD),
            stderr: LineSplitter::default(),
        }
    }
}

/// One printed line of a replay.
fn play(player: &mut Player, line: &str, decoded: &mut Decoded) {
    match Record::parse(line) {
        Ok(record) => player.record(&record, decoded),
        Err(error) => {
            let start: String = line.chars().take(80).collect();
            player.notice(format!("not a record ({error}): {start}"), decoded);
        }
    }
}

impl Session for ReplaySession {
    fn capabilities(&self) -> Capabilities {
        Capabilities::default()
    }

    fn launch(&mut self, _turn: &Turn) -> Result<Launch, AgentError> {
        self.player = Player::new(self.which);
        Ok(Launch {
            argv: self.argv.clone(),
            env: self.env.clone(),
            files: Vec::new(),
            stdin: false,
        })
    }

    fn begin(&mut self, _turn: &Turn, _actions: &mut Actions) {}

    fn stdout(&mut self, bytes: &[u8], actions: &mut Actions) {
        let player = &mut self.player;
        self.stdout
            .feed(bytes, |line| play(player, line, &mut actions.decoded));
    }

    fn stderr(&mut self, bytes: &[u8], actions: &mut Actions) {
        let player = &mut self.player;
        self.stderr.feed(bytes, |line| {
            player.notice(line.to_owned(), &mut actions.decoded);
        });
    }

    fn ended(&mut self, end: &ProcessEnd, actions: &mut Actions) {
        if let Some(line) = self.stdout.finish() {
            play(&mut self.player, &line, &mut actions.decoded);
        }
        if let Some(line) = self.stderr.finish() {
            self.player.notice(line, &mut actions.decoded);
        }
        let unwell = Some(end).filter(|end| **end != ProcessEnd::Exited(0));
        self.player.finish(unwell, &mut actions.decoded);
    }
}
