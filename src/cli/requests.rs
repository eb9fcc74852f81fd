//! `docket requests`: what waits for a human, and what to type.

use std::fmt::Write as _;

use serde::Serialize;

use super::arguments::Global;
use super::asked::{self, Asked};
use super::error::CliError;
use super::place::Place;
use super::survey::Survey;
use super::{text, words};
use crate::domain::advice;
use crate::domain::attempt::Need;
use crate::domain::ids::{TicketId, TicketName};
use crate::domain::inbox;
use crate::domain::reason::Mark;
use crate::domain::request::{Ask, Request};
use crate::domain::ticket::QueueEntry;
use crate::domain::time::Timestamp;
use crate::exit::Exit;
use crate::output::{self, Paint, Role};

#[derive(Serialize)]
struct Document {
    /// Whether a runner lives.
    runner: bool,
    requests: Vec<Asked>,
    waiting: Vec<Waiting>,
}

/// What else waits for a human.
#[derive(Serialize)]
struct Waiting {
    id: TicketId,
    name: TicketName,
    title: String,
    /// Why.
    reason: String,
    /// The need, where an attempt came to one.
    need: Option<Need>,
    /// What to do.
    hint: String,
}

pub(super) fn run(global: &Global) -> Result<Exit, CliError> {
    let place = Place::of(global)?;
    let survey = Survey::take(&place)?;
    let requests = asked::all(&survey)?;
    let waiting = waiting(&survey, &requests);
    let document = Document {
        runner: survey.holder.is_some(),
        requests,
        waiting,
    };
    if global.json {
        output::document(&document)?;
        return Ok(Exit::Done);
    }
    let page = page(&document, survey.now);
    output::bytes(page.as_bytes())?;
    if page.is_empty() {
        output::say("nothing waits for you");
    }
    Ok(Exit::Done)
}

fn waiting(survey: &Survey, requests: &[Asked]) -> Vec<Waiting> {
    let entries = survey.queue.entries().iter().enumerate();
    let waiting = entries.filter_map(|(index, entry)| {
        let reason = survey.reason(index);
        let asks = requests.iter().any(|asked| asked.ticket == entry.id);
        let view = survey.board.tickets.get(&entry.id);
        let is_silent = view.is_some_and(|view| view.silent.is_some());
        if !(reason.mark == Mark::Waiting || is_silent) || asks {
            return None;
        }
        let need = view.and_then(|view| inbox::need(&view.state));
        Some(Waiting {
            id: entry.id.clone(),
            name: entry.name.clone(),
            title: entry.title.clone(),
            reason: reason.text,
            need: need.cloned(),
            hint: if is_silent {
                advice::about_silence(&entry.name).join(" · ")
            } else {
                hint(entry, need)
            },
        })
    });
    waiting.collect()
}

/// What a human can do about it.
fn hint(entry: &QueueEntry, need: Option<&Need>) -> String {
    let name = &entry.name;
    match need {
        Some(Need::UserTask) | None => {
            let path = entry.path.to_string_lossy();
            format!("do it, then set `done: true` in {path}")
        }
        Some(need) => advice::commands(need, name).join(" · "),
    }
}

fn page(document: &Document, now: Timestamp) -> String {
    let paint = Paint::for_result();
    let mut page = String::new();
    for (index, asked) in document.requests.iter().enumerate() {
        if index > 0 {
            page.push('\n');
        }
        request(&mut page, asked, paint, now);
    }
    if !document.requests.is_empty() && !document.waiting.is_empty() {
        page.push('\n');
    }
    for waiting in &document.waiting {
        let sign = words::painted(paint, Mark::Waiting);
        let name = paint.text(Role::Strong, waiting.name.as_str());
        let reason = text::line(&waiting.reason);
        // Writing to a text can't fail.
        let _ = writeln!(
            page,
            "{sign} {name}  {reason}: {}",
            text::line(&waiting.hint)
        );
    }
    page
}

fn request(page: &mut String, asked: &Asked, paint: Paint, now: Timestamp) {
    let sign = words::painted(paint, Mark::Waiting);
    let name = paint.text(Role::Strong, &format!("{} {}", asked.name, asked.number));
    let since = asked
        .since
        .map(|at| format!(" since {}", text::moment(at, now)));
    let since = since.unwrap_or_default();
    let how = if asked.live {
        "and waits"
    } else {
        "and its attempt is paused: the next run goes on with the answer"
    };
    let mut line = |line: &str| {
        page.push_str(line.trim_end());
        page.push('\n');
    };
    line(&format!(
        "{sign} {name}  {} asks{since} {how}",
        text::line(&asked.agent)
    ));
    for words in body(&asked.request) {
        line(&format!("    {}", text::line(&words)));
    }
    if let Some(reason) = &asked.request.reason {
        let label = paint.text(Role::Faint, "because");
        line(&format!("  {label} {}", text::line(reason)));
    }
    let labels = asked.request.choices.iter();
    let labels: Vec<_> = labels.map(|choice| text::line(&choice.label)).collect();
    if !labels.is_empty() {
        let label = paint.text(Role::Faint, "offers");
        line(&format!("  {label} {}", labels.join(" · ")));
    }
    for command in &asked.commands {
        line(&format!("  {}", paint.text(Role::Active, command)));
    }
}

/// What is asked, whole: nobody should allow what they have not seen.
fn body(request: &Request) -> Vec<String> {
    let title = request.title.clone();
    match &request.ask {
        Ask::Command { command } if !title.contains(command.as_str()) => {
            let lines = command.lines().map(str::to_owned);
            std::iter::once(title).chain(lines).collect()
        }
        Ask::Edit { paths } => {
            let others = paths.iter().filter(|path| !title.contains(path.as_str()));
            let others: Vec<_> = others.cloned().collect();
            std::iter::once(title).chain(others).collect()
        }
        Ask::Question { questions } => {
            let is_said = questions.len() == 1 && questions[0].text == title;
            let title = (!is_said && questions.len() != 1).then_some(title);
            let asked = questions.iter().enumerate().map(|(index, question)| {
                let number = if questions.len() == 1 {
                    String::new()
                } else {
                    format!("{}. ", index + 1)
                };
                let suggestions = if question.suggestions.is_empty() {
                    String::new()
                } else {
                    format!("  ({})", question.suggestions.join(" · "))
                };
                format!("{number}{}{suggestions}", question.text)
            });
            title.into_iter().chain(asked).collect()
        }
        Ask::Command { .. } | Ask::Tool { .. } => vec![title],
    }
}
