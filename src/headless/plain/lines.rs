//! What happens, in lines.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use super::super::{Watched, entry_time, human};
use crate::domain::attempt::{AttemptOutcome, Need};
use crate::domain::board::{PhaseView, TicketState, TicketView};
use crate::domain::event::{Envelope, Event};
use crate::domain::ids::{TicketId, TicketName};
use crate::domain::reason::{self, Mark, Reason};
use crate::domain::request::{Ask, Request, RequestId};
use crate::domain::rules::{Rule, like};
use crate::domain::ticket::QueueEntry;

/// A line without anything that a terminal would obey.
pub(super) fn clean(line: &str) -> Cow<'_, str> {
    // Also what turns the direction of text around: a command must read as it is.
    let is_safe = |c: char| {
        !c.is_control() && !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if line.chars().all(is_safe) {
        return Cow::Borrowed(line);
    }
    let safe = |c: char| if is_safe(c) { c } else { ' ' };
    Cow::Owned(line.chars().map(safe).collect())
}

/// A text of several lines after its first words: what follows the first line is indented.
pub(super) fn block(first: &str, text: &str) -> Vec<String> {
    let mut lines = text.trim().lines();
    let mut block = vec![format!("{first}{}", lines.next().unwrap_or_default())];
    block.extend(lines.map(|line| format!("  {line}")));
    block
}

/// A fact.
pub(super) fn of_event(envelope: &Envelope, watched: &Watched) -> Vec<String> {
    let run = envelope.run;
    match &envelope.event {
        Event::RunStarted { branch: None, .. } => vec![format!("{run} began")],
        Event::RunStarted {
            branch: Some(branch),
            ..
        } => vec![format!("{run} began on {branch}")],
        Event::RunFinished { .. } => status_of_run(watched).into_iter().collect(),
        Event::RequestOpened {
            attempt,
            id,
            request,
        } => {
            let mut lines = block(&format!("{attempt} asks {id}: "), &request.title);
            lines.extend(whole(request));
            lines.extend(answers(&attempt.ticket, *id, request));
            lines
        }
        Event::RequestClosed { attempt, id } => {
            vec![format!("{attempt} waits for no answer to {id} any more")]
        }
        Event::DispatchReceived {
            attempt,
            title,
            text,
            pause,
            ..
        } => {
            let mut lines = vec![format!("{attempt} says: {title}")];
            if text.trim() != title.trim() {
                lines.extend(text.trim().lines().map(|line| format!("  {line}")));
            }
            if *pause {
                lines.push(format!("  type: reply {} WORDS", attempt.ticket.digits()));
            }
            lines
        }
        Event::GateReached { attempt, need } => {
            let mut lines = block(&format!("{attempt} "), &need.to_string());
            lines.extend(next(need, &attempt.ticket));
            lines
        }
        Event::GateDecided {
            attempt, approved, ..
        } => {
            let said = if *approved { "approved" } else { "rejected" };
            vec![format!("{attempt} is {said}")]
        }
        Event::ReplyReceived { ticket, .. } => {
            vec![format!("{} gets the words", name_of(ticket, watched))]
        }
        Event::Steered { attempt, .. } => vec![format!("{attempt} gets the words now")],
        Event::TurnClaimed { attempt, done, .. } => {
            let what = if *done {
                "is said to be done"
            } else {
                "has no turn any more"
            };
            vec![format!("{attempt} {what}")]
        }
        Event::StepSkipped { ticket } => {
            vec![format!(
                "{} is left out of this run",
                name_of(ticket, watched)
            )]
        }
        Event::StepRetried { ticket } => {
            vec![format!("{} is tried again", name_of(ticket, watched))]
        }
        Event::StepFinished {
            ticket,
            outcome: AttemptOutcome::NeedsHuman { need },
        } => {
            let name = name_of(ticket, watched);
            let mut lines = block(&format!("{name} "), &need.to_string());
            if let Some(entry) = watched.queue.by_id(ticket) {
                lines.extend(next(need, &entry.name));
            }
            lines
        }
        Event::Refused { what, why } => {
            // People know tickets by their names.
            let words = what.split(' ').map(|word| named(word, watched));
            let what: Vec<_> = words.collect();
            block(&format!("can't {}: ", what.join(" ")), why)
        }
        event => {
            let words = human::words(event, envelope.at);
            words.map_or_else(Vec::new, |words| block("", &words))
        }
    }
}

fn name_of(ticket: &TicketId, watched: &Watched) -> String {
    let entry = watched.queue.by_id(ticket);
    entry.map_or_else(|| ticket.to_string(), |entry| entry.name.to_string())
}

/// The name of the ticket whose id a word is; else the word.
fn named<'a>(word: &'a str, watched: &'a Watched) -> &'a str {
    let mut entries = watched.queue.entries().iter();
    let meant = entries.find(|entry| entry.id.as_str() == word);
    meant.map_or(word, |entry| entry.name.as_str())
}

/// What a request asks for, whole: nothing is allowed that was not read out.
fn whole(request: &Request) -> Vec<String> {
    let mut lines = Vec::new();
    match &request.ask {
        Ask::Command { command } => lines.extend(block("  command: ", command)),
        Ask::Edit { paths } => lines.extend(paths.iter().map(|path| format!("  change: {path}"))),
        Ask::Tool { name, .. } => lines.push(format!("  tool: {name}")),
        Ask::Question { questions } => {
            for question in questions {
                lines.extend(block("  question: ", &question.text));
                let suggestions = question.suggestions.iter();
                lines.extend(suggestions.map(|answer| format!("    it suggests: {answer}")));
            }
        }
    }
    if let Some(reason) = &request.reason {
        lines.extend(block("  because: ", reason));
    }
    lines
}

/// What can be typed about it.
fn answers(name: &TicketName, id: RequestId, request: &Request) -> Vec<String> {
    let (digits, number) = (name.digits(), id.0);
    if request.is_question() {
        return vec![format!("  type: answer {digits} WORDS")];
    }
    let mut lines = Vec::new();
    if request.allow().is_some() {
        lines.push(format!("  type: approve {digits} {number}"));
    }
    if like(request).is_ok() {
        lines.push(format!("  or:   allow-ticket {digits} {number}"));
        lines.push(format!("  or:   always {digits} {number}"));
    }
    lines.push(format!("  or:   reject {digits} {number} WHY"));
    lines
}

/// What is asked before something is always allowed: what that is, whole, and where it is written.
pub(super) fn always(rules: &[Rule], file: Option<&Path>) -> Vec<String> {
    let file = match file {
        Some(file) => format!("It is written to {}.", file.display()),
        None => "It is written to docket's approvals.toml in your configuration.".to_owned(),
    };
    let mut lines = vec![
        "For every ticket of this repository, in any folder of it, this is allowed without asking from now on:"
            .to_owned(),
    ];
    lines.extend(rules.iter().map(|rule| format!("  rule: {rule}")));
    lines.push(format!("{file} `docket approvals --remove` takes it back."));
    lines.push("Allow it always? Type: yes, or anything else".to_owned());
    lines
}

/// What a ticket's agent need not ask any more.
pub(super) fn may_from_now_on(ticket: &TicketId, rules: &[Rule], watched: &Watched) -> String {
    let rules: Vec<_> = rules.iter().map(ToString::to_string).collect();
    let name = name_of(ticket, watched);
    format!("{name} may do this from now on: {}", rules.join(", "))
}

/// Why a yes or a no is not passed on that may be about something else.
pub(super) fn asks_no_more(ticket: &TicketId, watched: &Watched) -> String {
    let name = name_of(ticket, watched);
    format!(
        "what {name} asked is answered or gone, and this says nothing about its gate: `status` says how it stands; type it again if you mean that"
    )
}

/// What can be typed about a need.
fn next(need: &Need, name: &TicketName) -> Vec<String> {
    let digits = name.digits();
    match need {
        Need::UserTask => vec![format!("  edit its file and say `done: true` in {name}")],
        Need::Review { .. } => vec![
            format!("  type: approve {digits}, or reject {digits} WHY"),
            format!("  `docket diff {name}` in another terminal shows the work"),
        ],
        Need::NoProgress | Need::Conflict { .. } | Need::Reply { .. } | Need::Interrupted => {
            vec![format!("  type: reply {digits} WORDS, or retry {digits}")]
        }
        Need::TakenOver { .. } => vec![
            format!("  its own TUI: `docket term {name} --tui` in another terminal"),
            format!("  type: hand-back {digits}, or hand-back {digits} WORDS"),
        ],
        // It was told when it came.
        Need::Request { .. } => Vec::new(),
    }
}

/// Where everything stands: the run, how many tickets are how, and each that runs or waits.
pub(super) fn status(watched: &Watched) -> Vec<String> {
    let mut lines: Vec<_> = status_of_run(watched).into_iter().collect();
    let mut counts: BTreeMap<Mark, usize> = BTreeMap::new();
    let mut active = Vec::new();
    for (entry, reason) in reasons(watched) {
        *counts.entry(reason.mark).or_default() += 1;
        if matches!(reason.mark, Mark::Running | Mark::Checking | Mark::Waiting) {
            active.push(of_ticket(entry, &reason));
            active.extend(open(watched, entry));
        }
    }
    let total = watched.queue.entries().len();
    let each = counts
        .iter()
        .map(|(mark, count)| format!("{count} {}", mark.as_str()));
    let each: Vec<_> = each.collect();
    lines.push(match total {
        0 => "no tickets".to_owned(),
        1 => format!("1 ticket: {}", each.join(", ")),
        _ => format!("{total} tickets: {}", each.join(", ")),
    });
    lines.extend(active);
    lines
}

fn status_of_run(watched: &Watched) -> Option<String> {
    let run = watched.board.run.as_ref()?;
    let id = run.id;
    Some(match run.phase {
        PhaseView::Running => format!("{id} runs"),
        PhaseView::Paused => format!("{id} is paused: type `resume`"),
        PhaseView::Ending { reason } => format!("{id} is being stopped ({})", reason.as_str()),
        PhaseView::Finished { outcome } => {
            let how = human::outcome(Some(outcome));
            let (done, failed, waiting) = watched.counts();
            format!("{id} ended: {how} ({done} done, {failed} failed, {waiting} waiting)")
        }
    })
}

/// All tickets, one line each.
pub(super) fn list(watched: &Watched) -> Vec<String> {
    let all = reasons(watched);
    let lines: Vec<_> = all
        .map(|(entry, reason)| of_ticket(entry, &reason))
        .collect();
    if lines.is_empty() {
        return vec!["no tickets".to_owned()];
    }
    lines
}

/// One ticket, whole.
pub(super) fn show(watched: &Watched, ticket: &TicketId) -> Vec<String> {
    let Some((entry, reason)) = reasons(watched).find(|(entry, _)| entry.id == *ticket) else {
        return vec!["that ticket has just left the queue".to_owned()];
    };
    let mut lines = vec![of_ticket(entry, &reason)];
    lines.push(format!("  file: {}", entry.path.display()));
    let problems = entry.problems.iter();
    lines.extend(problems.map(|problem| format!("  problem: {problem}")));
    if let Some(view) = watched.board.tickets.get(ticket) {
        lines.extend(details(view));
    }
    lines.extend(open(watched, entry));
    lines
}

fn details(view: &TicketView) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(attempt) = &view.attempt {
        let agent = if view.agent.is_empty() {
            String::new()
        } else {
            format!(", agent {}", view.agent)
        };
        lines.push(format!("  attempt {attempt}, turn {}{agent}", view.turn));
    }
    let checks = view.validations.iter();
    lines.extend(checks.map(|check| {
        let verdict = human::verdict(check.verdict);
        format!("  check {}: {verdict}", check.name)
    }));
    let said = view.dispatches.iter().chain(&view.brought);
    lines.extend(said.map(|said| format!("  {said}")));
    lines
}

/// What a ticket waits for, whole, and what can be typed about it.
fn open(watched: &Watched, entry: &QueueEntry) -> Vec<String> {
    let Some(view) = watched.board.tickets.get(&entry.id) else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    for (id, request) in &view.requests {
        lines.extend(block(&format!("  {id} "), &request.title));
        lines.extend(whole(request));
        lines.extend(answers(&entry.name, *id, request));
    }
    if let TicketState::Waiting { need }
    | TicketState::Finished {
        outcome: AttemptOutcome::NeedsHuman { need },
    } = &view.state
    {
        lines.extend(next(need, &entry.name));
    }
    lines
}

fn reasons(watched: &Watched) -> impl Iterator<Item = (&QueueEntry, Reason)> {
    let now = entry_time();
    let entries = watched.queue.entries().iter().enumerate();
    entries.map(move |(index, entry)| {
        let agents = watched.agents.as_ref();
        let readiness = watched.queue.readiness_of(index, now, agents);
        let reason = reason::why_not(entry, &readiness, &watched.board, now);
        (entry.as_ref(), reason)
    })
}

fn of_ticket(entry: &QueueEntry, reason: &Reason) -> String {
    let (name, mark, title) = (&entry.name, reason.mark.as_str(), &entry.title);
    let why = if reason.text.is_empty() || reason.text == mark {
        String::new()
    } else {
        format!(" ({})", reason.text)
    };
    format!("{name} {mark}{why}: {title}")
}
