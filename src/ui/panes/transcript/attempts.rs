//! Which transcript is shown: the attempt that runs or ran last, or an older one; and what events told of attempts.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;

use super::{Shown, Toward, TranscriptPane};
use crate::domain::event::Event;
use crate::domain::ids::{AttemptId, TicketName};
use crate::domain::item::Usage;
use crate::domain::time::Timestamp;
use crate::ui::effect::{Effect, RunFiles};
use crate::ui::session::Outside;
use crate::ui::theme::Role;

/// What events told and transcripts don't.
#[derive(Debug, Default)]
pub(super) struct Told {
    usages: HashMap<AttemptId, HashMap<u32, Usage>>,
    requests: HashMap<AttemptId, BTreeSet<Timestamp>>,
}

impl Told {
    /// What a turn has used.
    pub(super) fn usage(&self, attempt: &AttemptId, turn: u32) -> Option<Usage> {
        self.usages.get(attempt)?.get(&turn).copied()
    }

    /// When the agent asked for something, in order.
    pub(super) fn requests(&self, attempt: &AttemptId) -> Vec<Timestamp> {
        let requests = self.requests.get(attempt);
        requests.map_or_else(Vec::new, |times| times.iter().copied().collect())
    }
}

/// The transcripts of a ticket, oldest first.
pub(crate) fn attempts(ticket: &TicketName, runs: &[RunFiles]) -> Vec<Shown> {
    let mut shown = Vec::new();
    for run in runs {
        let Ok(id) = run.run.parse() else {
            continue;
        };
        for attempt in &run.attempts {
            let mut files = attempt.files.iter();
            if let Some(file) = files.find(|file| file.name == "transcript.jsonl") {
                shown.push(Shown {
                    run: id,
                    attempt: AttemptId {
                        ticket: ticket.clone(),
                        number: attempt.number,
                    },
                    path: file.path.clone(),
                });
            }
        }
    }
    shown
}

impl TranscriptPane {
    /// Takes in what an event tells of an attempt.
    pub(crate) fn heed(&mut self, at: Timestamp, event: &Event) {
        match event {
            Event::TurnFinished {
                attempt,
                turn,
                usage,
                ..
            } => {
                let usages = self.told.usages.entry(attempt.clone()).or_default();
                usages.insert(*turn, *usage);
            }
            Event::RequestOpened { attempt, .. } => {
                let times = self.told.requests.entry(attempt.clone()).or_default();
                times.insert(at);
            }
            _ => {}
        }
    }

    /// Which of the ticket's attempts is shown, from 1, and how many there are.
    pub(crate) fn which(&self, all: &[Shown]) -> Option<(usize, usize)> {
        let shown = self.shows.as_ref()?;
        let at = all.iter().position(|known| known.path == shown.path)?;
        Some((at + 1, all.len()))
    }

    /// An older attempt that is shown.
    pub(crate) fn older(&self) -> Option<&Shown> {
        self.chosen.as_ref()
    }

    /// Shows the attempt before, or the one after. What is shown changes with the next layout.
    pub(crate) fn step_attempt(&mut self, toward: Toward, all: Vec<Shown>) {
        let at = self.which(&all).map(|(number, _)| number - 1);
        let next = match (at, toward) {
            (Some(at), Toward::Back) => at.checked_sub(1),
            (Some(at), Toward::Forth) => Some(at + 1),
            // Nothing of it is written yet: all that there are were before.
            (None, Toward::Back) => all.len().checked_sub(1),
            (None, Toward::Forth) => None,
        };
        match next.and_then(|next| all.into_iter().nth(next)) {
            Some(shown) => self.chosen = Some(shown),
            None if toward == Toward::Forth && self.chosen.is_some() => self.chosen = None,
            None if toward == Toward::Back => self.say("there is no older attempt", Role::Notice),
            None => self.say("this is the newest attempt", Role::Notice),
        }
    }

    /// Opens what the agent and docket said to each other, byte by byte; the transcript where that is not kept.
    pub(crate) fn open_raw(&mut self, runs: &[RunFiles]) -> Vec<Effect> {
        let Some(shown) = &self.shows else {
            self.say("there is no transcript yet", Role::Notice);
            return Vec::new();
        };
        let raw = shown.path.with_file_name("raw.jsonl");
        let mut files = runs
            .iter()
            .flat_map(|run| &run.attempts)
            .flat_map(|attempt| &attempt.files);
        let is_there = files.any(|file| file.path == raw);
        let path: PathBuf = if is_there { raw } else { shown.path.clone() };
        vec![Effect::HandOver(Outside::Pager {
            path,
            from_end: false,
        })]
    }
}
