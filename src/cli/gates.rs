//! `docket gates`: the work that waits for a human's yes, what asks for it, and what to type.

use std::fmt::Write as _;

use serde::Serialize;

use super::arguments::Global;
use super::error::CliError;
use super::place::Place;
use super::survey::Survey;
use super::{text, words};
use crate::domain::advice;
use crate::domain::attempt::{Need, Validation};
use crate::domain::board::TicketState;
use crate::domain::event::Event;
use crate::domain::gate::GateReason;
use crate::domain::ids::{AttemptId, TicketId, TicketName};
use crate::domain::inbox;
use crate::domain::reason::Mark;
use crate::domain::ticket::QueueEntry;
use crate::domain::time::Timestamp;
use crate::exit::Exit;
use crate::output::{self, Paint, Role};

#[derive(Serialize)]
struct Document {
    /// Whether a runner lives.
    runner: bool,
    gates: Vec<Gate>,
}

/// A gate that waits.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Gate {
    id: TicketId,
    name: TicketName,
    title: String,
    /// Whose work it is.
    pub(super) attempt: AttemptId,
    /// Whether its attempt waits in a run that lives; otherwise the next run goes on with the decision.
    pub(super) live: bool,
    since: Option<Timestamp>,
    /// What asks for a look, beside the ticket's own `gate: review`.
    reasons: Vec<GateReason>,
    /// The same in words.
    words: Vec<String>,
    /// Files that differ from where the attempt began.
    files: Option<u32>,
    validations: Vec<Validation>,
    commands: Vec<String>,
}

pub(super) fn run(global: &Global) -> Result<Exit, CliError> {
    let place = Place::of(global)?;
    let survey = Survey::take(&place)?;
    let entries = survey.queue.entries().iter();
    let gates: Result<Vec<_>, CliError> = entries
        .filter_map(|entry| of_entry(&survey, entry).transpose())
        .collect();
    let document = Document {
        runner: survey.holder.is_some(),
        gates: gates?,
    };
    if global.json {
        output::document(&document)?;
        return Ok(Exit::Done);
    }
    let mut page = String::new();
    for gate in &document.gates {
        if !page.is_empty() {
            page.push('\n');
        }
        show(&mut page, gate, survey.now);
    }
    output::bytes(page.as_bytes())?;
    if page.is_empty() {
        output::say("no gate waits for you");
    }
    Ok(Exit::Done)
}

/// The gate of a ticket that waits for a decision; of an attempt that lives, or of one that has ended.
pub(super) fn of_ticket(survey: &Survey, ticket: &TicketId) -> Option<(AttemptId, bool)> {
    let view = survey.board.tickets.get(ticket)?;
    let Some(Need::Review { .. }) = inbox::need(&view.state) else {
        return None;
    };
    if matches!(view.state, TicketState::Waiting { .. }) {
        return Some((view.attempt.clone()?, true));
    }
    let unfinished = survey.paused.get(ticket)?;
    unfinished
        .waits_for()
        .map(|_| (unfinished.from.clone(), false))
}

fn of_entry(survey: &Survey, entry: &QueueEntry) -> Result<Option<Gate>, CliError> {
    let Some((attempt, live)) = of_ticket(survey, &entry.id) else {
        return Ok(None);
    };
    let mut gate = Gate {
        id: entry.id.clone(),
        name: entry.name.clone(),
        title: entry.title.clone(),
        attempt: attempt.clone(),
        live,
        since: None,
        reasons: Vec::new(),
        words: Vec::new(),
        files: None,
        validations: Vec::new(),
        commands: Vec::new(),
    };
    let events = survey.reader.events_of_attempt(&attempt)?;
    for envelope in events.iter().filter_map(|stored| stored.envelope()) {
        gate.take(&envelope.event, envelope.at);
    }
    let asks_itself = entry
        .ticket
        .as_ref()
        .is_some_and(|ticket| ticket.gate == crate::domain::ticket::GateRule::Review);
    let own = asks_itself.then(|| "the ticket says `gate: review`".to_owned());
    let reasons = gate.reasons.iter().map(ToString::to_string);
    gate.words = own.into_iter().chain(reasons).collect();
    Ok(Some(gate))
}

impl Gate {
    fn take(&mut self, event: &Event, at: Timestamp) {
        match event {
            Event::TurnSaved { files, .. } => self.files = Some(*files),
            Event::ValidationStarted { name, .. } => {
                self.validations.retain(|known| known.name != *name);
            }
            Event::ValidationFinished { validation, .. } => {
                self.validations
                    .retain(|known| known.name != validation.name);
                self.validations.push(validation.clone());
            }
            Event::GateReached { need, .. } => {
                self.since = Some(at);
                self.commands = advice::commands(need, &self.name);
                if let Need::Review { reasons } = need {
                    self.reasons.clone_from(reasons);
                }
            }
            _ => {}
        }
    }
}

fn show(page: &mut String, gate: &Gate, now: Timestamp) {
    let paint = Paint::for_result();
    let sign = words::painted(paint, Mark::Waiting);
    let name = paint.text(Role::Strong, gate.name.as_str());
    let since = gate
        .since
        .map(|at| format!(" since {}", text::moment(at, now)))
        .unwrap_or_default();
    let how = if gate.live {
        ""
    } else {
        "; the next run goes on with the decision"
    };
    let mut line = |line: &str| {
        // Writing to a text can't fail.
        let _ = writeln!(page, "{}", line.trim_end());
    };
    line(&format!("{sign} {name}  {}", text::line(&gate.title)));
    line(&format!("  {} waits for review{since}{how}", gate.attempt));
    for reason in &gate.words {
        let label = paint.text(Role::Faint, "because");
        line(&format!("  {label} {}", text::line(reason)));
    }
    if let Some(files) = gate.files {
        let s = if files == 1 { "" } else { "s" };
        line(&format!("  {files} changed file{s}"));
    }
    for validation in &gate.validations {
        let (sign, role, word) = words::verdict(validation.verdict);
        let sign = paint.text(role, sign);
        line(&format!("  {sign} {word} {}", text::line(&validation.name)));
    }
    for command in &gate.commands {
        line(&format!("  {}", paint.text(Role::Active, command)));
    }
}
