//! A fold of events that keeps times: what each attempt of a run did, and when. The overview and `docket timeline` share it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::attempt::{AttemptOutcome, Need};
use super::event::{Envelope, Event, RunOutcome};
use super::ids::{AttemptId, RunId, TicketId};
use super::item::Usage;
use super::time::Timestamp;

/// A run's attempts in time.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Timeline {
    /// The run; `None` before there is one.
    pub run: Option<RunTime>,
    /// Its attempts, in the order in which they began.
    pub bars: Vec<Bar>,
    #[serde(skip)]
    places: BTreeMap<AttemptId, usize>,
}

/// A run in time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunTime {
    /// Which.
    pub id: RunId,
    /// When it began.
    pub started: Timestamp,
    /// When it ended, if it did.
    pub finished: Option<Timestamp>,
    /// How it ended.
    pub outcome: Option<RunOutcome>,
}

/// An attempt in time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bar {
    /// Which.
    pub attempt: AttemptId,
    /// Its ticket.
    pub ticket: TicketId,
    /// The agent's name.
    pub agent: String,
    /// When it began.
    pub started: Timestamp,
    /// When it ended, if it did.
    pub finished: Option<Timestamp>,
    /// How it ended.
    pub outcome: Option<AttemptOutcome>,
    /// What it did, in order; each goes on until the next begins or the attempt ends.
    pub spans: Vec<Span>,
    /// What its turns used.
    pub usage: Usage,
}

/// Something that an attempt did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Span {
    /// What.
    pub doing: Doing,
    /// From when on.
    pub from: Timestamp,
}

/// What an attempt does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Doing {
    /// Its working tree is made.
    Preparing,
    /// The agent works.
    Working,
    /// The turn is saved, or validations run.
    Checking,
    /// A human is needed.
    Waiting,
    /// The provider is given time.
    BackingOff,
    /// Its work is brought to the run's branch.
    Merging,
}

impl Doing {
    /// All, in the order of an attempt's life.
    pub const ALL: [Self; 6] = [
        Self::Preparing,
        Self::Working,
        Self::Checking,
        Self::Waiting,
        Self::BackingOff,
        Self::Merging,
    ];

    /// In a word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Preparing => "prepares",
            Self::Working => "works",
            Self::Checking => "checks",
            Self::Waiting => "waits",
            Self::BackingOff => "backs off",
            Self::Merging => "merges",
        }
    }
}

impl Timeline {
    /// Takes in one fact. A run that begins drops the one before.
    pub fn apply(&mut self, envelope: &Envelope) {
        let at = envelope.at;
        match &envelope.event {
            Event::RunStarted { .. } => {
                *self = Self {
                    run: Some(RunTime {
                        id: envelope.run,
                        started: at,
                        finished: None,
                        outcome: None,
                    }),
                    ..Self::default()
                };
            }
            Event::RunFinished { outcome } => {
                if let Some(run) = &mut self.run {
                    run.finished = Some(at);
                    run.outcome = Some(*outcome);
                }
            }
            Event::AttemptStarted {
                attempt,
                ticket,
                agent,
                ..
            } => {
                self.places.insert(attempt.clone(), self.bars.len());
                self.bars.push(Bar {
                    attempt: attempt.clone(),
                    ticket: ticket.clone(),
                    agent: agent.clone(),
                    started: at,
                    finished: None,
                    outcome: None,
                    spans: vec![Span {
                        doing: Doing::Preparing,
                        from: at,
                    }],
                    usage: Usage::default(),
                });
            }
            event => {
                let place = event
                    .attempt()
                    .and_then(|attempt| self.places.get(attempt).copied());
                if let Some(bar) = place.and_then(|place| self.bars.get_mut(place)) {
                    bar.apply(at, event);
                }
            }
        }
    }

    /// From the beginning of the run to its end, or to `now` while it goes on.
    pub fn range(&self, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let run = self.run.as_ref()?;
        let end = run.finished.unwrap_or(now).max(run.started);
        Some((run.started, end))
    }
}

impl Bar {
    fn apply(&mut self, at: Timestamp, event: &Event) {
        let doing = match event {
            Event::AttemptFinished { outcome, .. } => {
                self.finished = Some(at);
                self.outcome = Some(outcome.clone());
                return;
            }
            Event::TurnFinished { usage, .. } => {
                self.usage.add(usage);
                Doing::Checking
            }
            Event::TurnStarted { .. }
            | Event::TurnSilent { since: None, .. }
            | Event::RequestAnswered { .. }
            | Event::RequestClosed { .. } => Doing::Working,
            Event::ValidationStarted { .. }
            | Event::ValidationFinished { .. }
            | Event::SessionHandedBack { .. }
            | Event::CaughtUp { .. } => Doing::Checking,
            Event::RequestOpened { .. }
            | Event::SessionTaken { .. }
            | Event::TurnSilent { since: Some(_), .. } => Doing::Waiting,
            Event::GateReached { need, .. } if *need != Need::NoProgress => Doing::Waiting,
            Event::BackedOff { .. } => Doing::BackingOff,
            Event::EvidenceSealed { .. } | Event::MergeQueued { .. } | Event::Integrated { .. } => {
                Doing::Merging
            }
            _ => return,
        };
        if self.finished.is_none() && self.spans.last().is_none_or(|last| last.doing != doing) {
            self.spans.push(Span { doing, from: at });
        }
    }

    /// When it ended; `now` while it goes on.
    pub fn end(&self, now: Timestamp) -> Timestamp {
        self.finished.unwrap_or(now).max(self.started)
    }

    /// What it did at a time.
    pub fn doing_at(&self, at: Timestamp) -> Option<Doing> {
        let after = self.spans.partition_point(|span| span.from <= at);
        Some(self.spans.get(after.checked_sub(1)?)?.doing)
    }

    /// How long it did each thing.
    pub fn sums(&self, now: Timestamp) -> Vec<(Doing, Duration)> {
        let ends = self.spans.iter().skip(1).map(|span| span.from);
        let ends = ends.chain([self.end(now)]);
        let mut sums: Vec<(Doing, Duration)> = Vec::new();
        for (span, end) in self.spans.iter().zip(ends) {
            let lasted = end.since(span.from);
            match sums.iter_mut().find(|(doing, _)| *doing == span.doing) {
                Some((_, sum)) => *sum += lasted,
                None => sums.push((span.doing, lasted)),
            }
        }
        sums
    }
}
