//! Recordings: what went over the pipes of a process, line by line, and facts about the process itself. `raw.jsonl` of
//! an attempt is one; so is everything that `agent: replay` plays.
//!
//! One JSON object a line: `{"t":ms,"dir":"in|out|err|meta","line":"…"}`, with `"turn"` where docket wrote it. A `meta`
//! line is a fact: `{"cmd":[…]}` at the start of a process, `{"exit":0}`, `{"signal":9}` or `{"error":"…"}` at its end;
//! other recorders write `{"exit":-9}` for a signal, and facts that say nothing here.

use std::borrow::Cow;
use std::ffi::OsString;

use serde::{Deserialize, Serialize};

use super::{Direction, ProcessEnd, decoder};
use crate::config::{self, Agent};
use crate::domain::settings::AgentKind;

/// One line of a recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Milliseconds since the recording began.
    #[serde(default)]
    pub t: u64,
    /// The turn, from 1; only docket's own recordings know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn: Option<u32>,
    /// Which way it went.
    #[serde(rename = "dir")]
    pub way: Way,
    /// The line without its end; of a fact, its JSON.
    pub line: String,
}

/// Which way a recorded line went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// To the standard input.
    In,
    /// From the standard output.
    Out,
    /// From the standard error.
    Err,
    /// A fact about the process.
    Meta,
}

impl Way {
    /// The direction of what went over a pipe; `None` for facts.
    pub fn direction(self) -> Option<Direction> {
        match self {
            Self::In => Some(Direction::In),
            Self::Out => Some(Direction::Out),
            Self::Err => Some(Direction::Err),
            Self::Meta => None,
        }
    }
}

/// A fact about a recorded process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// It starts.
    Started(Hearing),
    /// It ended.
    Ended(ProcessEnd),
}

/// How what a process says is to be understood. Written when it starts, so that its evidence can be read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hearing {
    /// The decoder.
    pub decoder: config::Decoder,
    /// Whether its standard output is a recording itself: that of a replay is.
    pub is_recording: bool,
}

/// The JSON of a fact, with everything optional.
#[derive(Deserialize)]
struct Meta<'a> {
    cmd: Option<serde::de::IgnoredAny>,
    #[serde(borrow)]
    decoder: Option<Cow<'a, str>>,
    #[serde(default)]
    recording: bool,
    exit: Option<serde_json::Value>,
    signal: Option<i32>,
    #[serde(borrow)]
    error: Option<Cow<'a, str>>,
}

impl Hearing {
    /// How what this agent says is understood.
    pub fn of(agent: &Agent) -> Self {
        let is_recording = agent.kind == AgentKind::Replay;
        Self {
            decoder: if is_recording {
                agent.decoder
            } else {
                decoder::of_kind(agent.kind)
            },
            is_recording,
        }
    }

    /// The fact that a process starts: the `meta` line that raw evidence begins with.
    pub fn start_of(self, argv: &[OsString]) -> serde_json::Value {
        let argv: Vec<_> = argv.iter().map(|word| word.to_string_lossy()).collect();
        let mut fact = serde_json::json!({ "cmd": argv, "decoder": self.decoder });
        if self.is_recording {
            fact["recording"] = true.into();
        }
        fact
    }
}

impl Default for Hearing {
    /// What nobody says anything about is lines.
    fn default() -> Self {
        Self {
            decoder: config::Decoder::Lines,
            is_recording: false,
        }
    }
}

impl Record {
    /// Reads a line of a recording.
    pub fn parse(line: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(line)
    }

    /// The fact that it tells, if it is one that matters.
    pub fn fact(&self) -> Option<Fact> {
        if self.way != Way::Meta {
            return None;
        }
        let meta: Meta = serde_json::from_str(&self.line).ok()?;
        if meta.cmd.is_some() {
            let named = meta.decoder.and_then(|name| name.parse().ok());
            return Some(Fact::Started(Hearing {
                decoder: named.unwrap_or(config::Decoder::Lines),
                is_recording: meta.recording,
            }));
        }
        let end = if let Some(signal) = meta.signal {
            ProcessEnd::Signalled(signal)
        } else if let Some(why) = meta.error {
            ProcessEnd::Lost(why.into_owned())
        } else {
            match meta.exit? {
                // A recorder that gave up says so in words: `still running after 8s`.
                serde_json::Value::String(words) => ProcessEnd::Lost(words),
                code => match i32::try_from(code.as_i64()?).ok()? {
                    code @ 0.. => ProcessEnd::Exited(code),
                    signal => ProcessEnd::Signalled(signal.saturating_neg()),
                },
            }
        };
        Some(Fact::Ended(end))
    }
}

/// Takes a recording out of the recording of its replay, so that a replay can be played and read like what it played.
#[derive(Debug, Default)]
pub struct Unwrap {
    hearing: Hearing,
    /// Whether the inner process's end is known: then that of its replay says nothing.
    has_ended: bool,
}

impl Unwrap {
    /// How what follows is to be understood, as its start said.
    pub fn hearing(&self) -> Hearing {
        self.hearing
    }

    /// The record that this one stands for; `None` for what is only about the replay.
    pub fn unwrap(&mut self, record: Record) -> Option<Record> {
        match record.fact() {
            Some(Fact::Started(hearing)) => {
                self.hearing = hearing;
                self.has_ended = false;
                return Some(record);
            }
            Some(Fact::Ended(_)) if self.has_ended => return None,
            _ => {}
        }
        if !self.hearing.is_recording || record.way != Way::Out {
            return Some(record);
        }
        let Ok(inner) = Record::parse(&record.line) else {
            return Some(record);
        };
        match inner.fact() {
            Some(Fact::Started(_)) => self.has_ended = false,
            Some(Fact::Ended(_)) => self.has_ended = true,
            None => {}
        }
        Some(Record {
            t: record.t,
            turn: record.turn,
            ..inner
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(way: Way, line: &str) -> Record {
        Record {
            t: 5,
            turn: Some(1),
            way,
            line: line.to_owned(),
        }
    }

    #[test]
    fn facts_of_docket_and_of_other_recorders() {
        let fact = |line: &str| record(Way::Meta, line).fact();
        let ended = |end| Some(Fact::Ended(end));
        assert_eq!(
            fact(r#"{"cmd":["x"]}"#),
            Some(Fact::Started(Hearing::default()))
        );
        assert_eq!(fact(r#"{"exit":3}"#), ended(ProcessEnd::Exited(3)));
        assert_eq!(
            fact(r#"{"exit":-9,"wall_s":1}"#),
            ended(ProcessEnd::Signalled(9))
        );
        assert_eq!(fact(r#"{"signal":15}"#), ended(ProcessEnd::Signalled(15)));
        assert_eq!(
            fact(r#"{"exit":"still running after 8s"}"#),
            ended(ProcessEnd::Lost("still running after 8s".to_owned()))
        );
        assert_eq!(fact("stdin closed"), None);
        assert_eq!(fact("[1]"), None);
        assert_eq!(record(Way::Out, r#"{"exit":0}"#).fact(), None);
    }

    #[test]
    fn what_the_start_says_is_read_again() {
        let hearing = Hearing {
            decoder: config::Decoder::Acp,
            is_recording: true,
        };
        let line = hearing.start_of(&["docket".into()]).to_string();
        assert_eq!(
            record(Way::Meta, &line).fact(),
            Some(Fact::Started(hearing))
        );
    }

    #[test]
    fn the_recording_of_a_replay_is_that_of_what_it_played() {
        let start = Hearing {
            decoder: config::Decoder::Lines,
            is_recording: true,
        };
        let inner = [
            record(Way::Meta, r#"{"cmd":["agent"]}"#),
            record(Way::In, "asked"),
            record(Way::Meta, r#"{"exit":1}"#),
        ];
        let mut outer = vec![record(Way::Meta, &start.start_of(&[]).to_string())];
        for inner in &inner {
            outer.push(record(
                Way::Out,
                &serde_json::to_string(inner).expect("JSON"),
            ));
        }
        outer.push(record(Way::Err, "a word of the replay"));
        outer.push(record(Way::Meta, r#"{"exit":0}"#));
        let mut unwrap = Unwrap::default();
        let seen: Vec<_> = outer
            .iter()
            .filter_map(|record| unwrap.unwrap(record.clone()))
            .collect();
        assert_eq!(
            seen,
            [
                outer[0].clone(),
                inner[0].clone(),
                inner[1].clone(),
                inner[2].clone(),
                outer[4].clone()
            ]
        );
    }
}
