//! `docket show`: everything about one ticket.

use std::fmt::Write as _;

use serde::Serialize;

use super::arguments::{Global, TicketArgument};
use super::asked::{self, Asked};
use super::error::CliError;
use super::history::History;
use super::limits::{self, LimitRow};
use super::place::Place;
use super::survey::Survey;
use super::{find, text, words};
use crate::domain::attempt::{Proof, TurnEnd};
use crate::domain::board::TicketView;
use crate::domain::ids::{TicketId, TicketName};
use crate::domain::queue::Readiness;
use crate::domain::reason::{Mark, Reason};
use crate::domain::ticket::{Dependency, Problem, QueueEntry, Ticket};
use crate::domain::time::Timestamp;
use crate::exit::Exit;
use crate::output::{self, Paint, Role};
use crate::store::records::DoneRecord;

#[derive(Serialize)]
struct Document<'a> {
    name: &'a TicketName,
    id: &'a TicketId,
    /// `None` when the file is gone and only the ledger knows the ticket.
    entry: Option<&'a QueueEntry>,
    reason: Option<Reason>,
    readiness: Option<Readiness>,
    proof: Option<Proof>,
    /// The file was changed after docket wrote `done: true` into it.
    changed_since_done: bool,
    done: Option<&'a DoneRecord>,
    view: Option<&'a TicketView>,
    /// What its agent asks and nobody has answered.
    requests: Vec<Asked>,
    attempts: Vec<History>,
    /// What the attempt that lives has used of what it may.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    limits: Vec<LimitRow>,
    problems: Vec<Problem>,
}

pub(super) fn run(global: &Global, arguments: &TicketArgument) -> Result<Exit, CliError> {
    let place = Place::of(global)?;
    let survey = Survey::take(&place)?;
    let target = find::target(&place, &survey.queue, &survey.reader, &arguments.ticket)?;
    let entry = target.index.map(|index| &*survey.queue.entries()[index]);
    let done = survey.done.get(&target.id);
    let records = survey.reader.attempts_of_ticket(&target.id)?;
    let is_wanted = |number| {
        let named = target.attempt.as_ref();
        named.is_none_or(|attempt| attempt.number == number)
    };
    let limits = records
        .last()
        .filter(|record| record.finished.is_none())
        .zip(entry.and_then(|entry| entry.ticket.as_ref()))
        .map(|(record, ticket)| {
            let limits = place.loaded.config.settings().limits_for(ticket);
            limits::of_attempt(&limits, record, survey.now.since(record.started))
        });
    let attempts = records
        .into_iter()
        .filter(|record| is_wanted(record.attempt.number))
        .map(|record| History::read(&survey.reader, &place.places, record))
        .collect::<Result<Vec<_>, _>>()?;
    let document = Document {
        name: &target.name,
        id: &target.id,
        entry,
        reason: target.index.map(|index| survey.reason(index)),
        readiness: target.index.map(|index| survey.readiness(index)),
        proof: entry.and_then(|entry| survey.proof(entry)),
        changed_since_done: match (entry, done) {
            (Some(entry), Some(done)) => entry.is_done() && entry.revision != done.after,
            _ => false,
        },
        done,
        view: survey.board.tickets.get(&target.id),
        requests: asked::of_ticket(&survey, &target.id, &target.name)?,
        attempts,
        limits: limits.unwrap_or_default(),
        problems: target
            .index
            .map(|index| survey.problems(index))
            .unwrap_or_default(),
    };
    if global.json {
        output::document(&document)?;
    } else {
        let page = Page {
            text: String::new(),
            paint: Paint::for_result(),
            now: survey.now,
            is_alive: survey.holder.is_some(),
        };
        output::bytes(page.write(&document).as_bytes())?;
    }
    Ok(Exit::Done)
}

/// The document for people.
struct Page {
    text: String,
    paint: Paint,
    now: Timestamp,
    is_alive: bool,
}

impl Page {
    fn write(mut self, document: &Document<'_>) -> String {
        let title = document.entry.map_or("", |entry| &entry.title);
        let name = self.paint.text(Role::Strong, document.name.as_str());
        self.line(&format!("{name}  {}", text::line(title)));
        match (&document.reason, document.entry) {
            (Some(reason), Some(entry)) => {
                let sign = words::painted(self.paint, reason.mark);
                let word = words::word(reason.mark);
                let why = text::line(&reason.text);
                // Some reasons begin with the word itself.
                let why = why.strip_prefix(word).unwrap_or(&why);
                let why = why.trim_start_matches(": ");
                let state = if why.is_empty() {
                    format!("{sign} {word}")
                } else {
                    format!("{sign} {word}: {why}")
                };
                self.field("state", &state);
                self.field("file", &text::line(&entry.path.to_string_lossy()));
            }
            _ => self.field("state", "its file is gone; this is what the ledger knows"),
        }
        for asked in &document.requests {
            let title = text::line(&asked.request.title);
            self.field("asks", &format!("{} {title}", asked.number));
            for command in &asked.commands {
                self.field("", command);
            }
        }
        if !document.limits.is_empty() {
            let words: Vec<_> = document
                .limits
                .iter()
                .map(|row| row.words.as_str())
                .collect();
            self.field("used", &words.join(" · "));
        }
        if document.changed_since_done {
            self.field("", "the file was changed after docket marked it done");
        }
        self.field("id", document.id.as_str());
        if let Some(ticket) = document.entry.and_then(|entry| entry.ticket.as_ref()) {
            self.ticket(ticket);
        }
        for attempt in &document.attempts {
            self.attempt(attempt);
        }
        if !document.problems.is_empty() {
            self.line("");
        }
        for problem in &document.problems {
            let place = problem.place.map(|place| format!("{place}: "));
            let place = place.unwrap_or_default();
            let role = if problem.is_error() {
                Role::Bad
            } else {
                Role::Warning
            };
            let words = text::line(&problem.to_string()).into_owned();
            self.line(&format!("{place}{}", self.paint.text(role, &words)));
        }
        self.text
    }

    fn ticket(&mut self, ticket: &Ticket) {
        self.field("agent", &text::line(ticket.agent.as_str()));
        if let Some(goal) = &ticket.goal {
            self.field("goal", &text::line(goal));
        }
        if !ticket.labels.is_empty() {
            self.field("labels", &text::line(&ticket.labels.join(", ")));
        }
        if ticket.priority != 0 {
            self.field("priority", &ticket.priority.to_string());
        }
        if !ticket.depends_on.is_empty() {
            let names: Vec<_> = ticket
                .depends_on
                .iter()
                .map(Dependency::to_string)
                .collect();
            self.field("after", &names.join(", "));
        }
        if let Some(policy) = &ticket.policy {
            self.field("policy", &text::line(policy.as_str()));
        }
        let checks = ticket.validate.iter().flatten();
        for (index, check) in checks.enumerate() {
            let label = if index == 0 { "checks" } else { "" };
            let words = if check.name == check.run {
                check.run.clone()
            } else {
                format!("{}: {}", check.name, check.run)
            };
            self.field(label, &text::line(&words));
        }
        for (index, criterion) in ticket.acceptance.iter().enumerate() {
            let label = if index == 0 { "accepted" } else { "" };
            self.field(label, &format!("if {}", text::line(criterion)));
        }
    }

    fn attempt(&mut self, attempt: &History) {
        let record = &attempt.record;
        let mark = Mark::of_outcome(record.outcome.as_ref());
        let sign = words::painted(self.paint, mark);
        let id = record.attempt.to_string();
        let id = self.paint.text(Role::Strong, &id);
        let outcome = attempt.outcome_words(self.is_alive);
        self.line("");
        self.line(&format!("{sign} {id}  {}", text::line(&outcome)));
        let turns = super::lint::counted(record.turns as usize, "turn");
        self.field(
            "run",
            &format!(
                "{}, {}, {turns}, {} from {}",
                record.run,
                text::line(&record.agent),
                text::millis(attempt.millis(self.now)),
                text::moment(record.started, self.now)
            ),
        );
        if !record.usage.is_empty() {
            let cost = record.usage.cost_usd.map(|cost| format!(", ${cost:.2}"));
            let cost = cost.unwrap_or_default();
            self.field("used", &format!("{} tokens{cost}", record.usage.tokens()));
        }
        for turn in &attempt.turns_ended {
            if let Some(why) = turn_words(&turn.end) {
                let words = format!("turn {} {why}", turn.turn);
                let words = self.paint.text(Role::Bad, &text::line(&words));
                self.field("", &words);
            }
        }
        for (index, validation) in attempt.validations.iter().enumerate() {
            let (sign, role, word) = words::verdict(validation.verdict);
            let exit = validation.exit.filter(|exit| *exit != 0);
            let exit = exit
                .map(|exit| format!(", exit {exit}"))
                .unwrap_or_default();
            let words = format!(
                "{} {} after turn {}: {word}{exit}, {}",
                self.paint.text(role, sign),
                text::line(&validation.name),
                validation.turn,
                text::millis(validation.millis),
            );
            self.field(if index == 0 { "checks" } else { "" }, &words);
        }
        for dispatch in &attempt.dispatches {
            let word = if dispatch.pause { "asks" } else { "says" };
            self.field(word, &text::line(&dispatch.title));
            for attachment in &dispatch.attachments {
                let words = format!("with {} ({} bytes)", attachment.path, attachment.bytes);
                self.field("", &text::line(&words));
            }
        }
        let tickets = attempt.tickets.iter().map(ToString::to_string);
        let notes = attempt.notes.iter().map(ToString::to_string);
        for (index, words) in tickets.chain(notes).enumerate() {
            self.field(if index == 0 { "desk" } else { "" }, &text::line(&words));
        }
        for gate in &attempt.gates {
            let decision = match (gate.approved, &gate.reason) {
                (None, _) => String::new(),
                (Some(true), _) => ": approved".to_owned(),
                (Some(false), None) => ": rejected".to_owned(),
                (Some(false), Some(reason)) => format!(": rejected, {reason}"),
            };
            let words = format!("{}{decision}", gate.need);
            self.field("gate", &text::line(&words));
        }
        for taking in &attempt.takings {
            self.field("taken", &taking.words(self.now));
        }
        self.where_it_is(attempt);
    }

    fn where_it_is(&mut self, attempt: &History) {
        let record = &attempt.record;
        let branch = attempt
            .workspace
            .as_ref()
            .and_then(|workspace| workspace.branch.as_ref());
        if let Some(branch) = branch {
            let commit = record.commit.as_deref().and_then(|commit| commit.get(..12));
            let commit = commit.map(|commit| format!(", integrated as {commit}"));
            let commit = commit.unwrap_or_default();
            self.field("branch", &format!("{}{commit}", branch.name));
        }
        if let Some(workspace) = &attempt.workspace
            && workspace.branch.is_some()
            && workspace.path.is_dir()
        {
            self.field("worktree", &text::line(&workspace.path.to_string_lossy()));
        }
        let sealed = match &record.seal {
            Some(seal) => format!(
                "sealed, {}, {}",
                super::lint::counted(seal.files as usize, "file"),
                text::bytes(seal.bytes)
            ),
            None => "not sealed".to_owned(),
        };
        let evidence = attempt.evidence.to_string_lossy();
        self.field("evidence", &format!("{} ({sealed})", text::line(&evidence)));
    }

    fn field(&mut self, label: &str, value: &str) {
        let label = self.paint.text(Role::Faint, &format!("{label:<9}"));
        self.line(&format!("  {label} {value}"));
    }

    fn line(&mut self, line: &str) {
        // Writing to a text can't fail.
        let _ = writeln!(self.text, "{}", line.trim_end());
    }
}

/// How a turn ended, if it did not end well.
fn turn_words(end: &TurnEnd) -> Option<String> {
    Some(match end {
        TurnEnd::Completed => return None,
        TurnEnd::Failed { why, .. } => format!("failed: {why}"),
        TurnEnd::NotStarted { why } => format!("could not start: {why}"),
        TurnEnd::Died { how } => format!("died: {how}"),
        TurnEnd::TimedOut { phase } => format!("timed out: {}", phase.as_str()),
        TurnEnd::Cancelled { reason } => reason.as_str().to_owned(),
    })
}
