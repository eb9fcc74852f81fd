//! What agents ask: what is open now, of a runner that lives or of an attempt that ended with it, and what was answered.

use std::collections::BTreeMap;

use serde::Serialize;

use super::error::CliError;
use super::survey::Survey;
use crate::domain::event::Event;
use crate::domain::ids::{AttemptId, TicketId, TicketName};
use crate::domain::request::{Answer, AnsweredBy, ChoiceKind, Request, RequestId};
use crate::domain::time::Timestamp;
use crate::store::Reader;

/// A request that nobody has answered.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Asked {
    /// The ticket.
    #[serde(rename = "id")]
    pub(super) ticket: TicketId,
    /// What people call it.
    pub(super) name: TicketName,
    /// The attempt.
    pub(super) attempt: AttemptId,
    /// Its number within the attempt.
    pub(super) number: RequestId,
    /// Who asks.
    pub(super) agent: String,
    /// Since when.
    pub(super) since: Option<Timestamp>,
    /// Whether the agent waits for the answer now; otherwise its attempt has ended, and the next one goes on with it.
    pub(super) live: bool,
    /// What is asked.
    pub(super) request: Request,
    /// What answers it.
    pub(super) commands: Vec<String>,
}

/// Everything that is open, in the order of the queue.
pub(super) fn all(survey: &Survey) -> Result<Vec<Asked>, CliError> {
    let mut all = Vec::new();
    for entry in survey.queue.entries() {
        all.extend(of_ticket(survey, &entry.id, &entry.name)?);
    }
    Ok(all)
}

/// What the ticket's agent asks, oldest first.
pub(super) fn of_ticket(
    survey: &Survey,
    ticket: &TicketId,
    name: &TicketName,
) -> Result<Vec<Asked>, CliError> {
    let view = survey.board.tickets.get(ticket);
    let Some((view, attempt)) = view
        .filter(|view| !view.requests.is_empty())
        .and_then(|view| Some((view, view.attempt.as_ref()?)))
    else {
        return Ok(Vec::new());
    };
    let opened = opened(&survey.reader, attempt)?;
    let paused = survey.paused.get(ticket);
    let agent = paused.map_or(view.agent.as_str(), |unfinished| unfinished.agent.as_str());
    let is_alone = view.requests.len() == 1;
    let asked = view.requests.iter().map(|(number, request)| Asked {
        ticket: ticket.clone(),
        name: name.clone(),
        attempt: attempt.clone(),
        number: *number,
        agent: agent.to_owned(),
        since: opened.get(number).map(|(at, _)| *at),
        live: paused.is_none(),
        request: request.clone(),
        commands: commands(name, (!is_alone).then_some(*number), request),
    });
    Ok(asked.collect())
}

/// When each request of an attempt was opened, and what it asks.
fn opened(
    reader: &Reader,
    attempt: &AttemptId,
) -> Result<BTreeMap<RequestId, (Timestamp, Request)>, CliError> {
    let events = reader.events_of_attempt(attempt)?;
    let envelopes = events.iter().filter_map(|stored| stored.envelope());
    let opened = envelopes.filter_map(|envelope| match &envelope.event {
        Event::RequestOpened { id, request, .. } => Some((*id, (envelope.at, request.clone()))),
        _ => None,
    });
    Ok(opened.collect())
}

/// The exact commands that answer it. The number goes without `#`, which a shell would take for a comment.
fn commands(name: &TicketName, number: Option<RequestId>, request: &Request) -> Vec<String> {
    if let crate::domain::request::Ask::Question { questions } = &request.ask {
        let number = number.map(|id| format!(" --number {}", id.0));
        let words = " \"…\"".repeat(questions.len().max(1));
        return vec![format!(
            "docket answer {name}{}{words}",
            number.unwrap_or_default()
        )];
    }
    let number = number.map(|id| format!(" {}", id.0)).unwrap_or_default();
    let mut commands = Vec::new();
    if request.allow().is_some() {
        commands.push(format!("docket approve {name}{number}"));
    }
    if request.choice(ChoiceKind::AllowAlways).is_some() {
        commands.push(format!("docket approve {name}{number} --always"));
    }
    commands.push(format!("docket reject {name}{number} --reason \"…\""));
    commands
}

/// An answer that was given.
#[derive(Debug, Clone)]
pub(super) struct Given {
    /// To which request.
    pub(super) number: RequestId,
    /// What.
    pub(super) answer: Answer,
    /// By whom.
    pub(super) by: AnsweredBy,
    /// When.
    pub(super) at: Timestamp,
    /// What was asked.
    pub(super) request: Option<Request>,
}

/// The answers that an attempt's requests got, oldest first.
pub(super) fn given(reader: &Reader, attempt: &AttemptId) -> Result<Vec<Given>, CliError> {
    let mut requests = opened(reader, attempt)?;
    let events = reader.events_of_attempt(attempt)?;
    let envelopes = events.iter().filter_map(|stored| stored.envelope());
    let given = envelopes.filter_map(|envelope| match &envelope.event {
        Event::RequestAnswered { id, answer, by, .. } => Some(Given {
            number: *id,
            answer: answer.clone(),
            by: by.clone(),
            at: envelope.at,
            request: requests.remove(id).map(|(_, request)| request),
        }),
        _ => None,
    });
    Ok(given.collect())
}

impl Given {
    /// `allowed by a human`.
    pub(super) fn words(&self) -> String {
        let by = match &self.by {
            AnsweredBy::Human => "by a human".to_owned(),
            AnsweredBy::Rule { rule } => format!("by the rule `{rule}`"),
            AnsweredBy::Standing { rule, scope } => {
                format!("by the rule `{rule}` that a human made (scope {scope})")
            }
            AnsweredBy::Policy => "by the policy".to_owned(),
            AnsweredBy::NobodyThere => "since nobody was there to ask".to_owned(),
        };
        let what = match &self.request {
            Some(request) => answer_words(request, &self.answer),
            None => "answered",
        };
        format!("{what} {by}")
    }
}

/// What an answer comes to, in a word or two.
pub(super) fn answer_words(request: &Request, answer: &Answer) -> &'static str {
    match answer {
        Answer::Words { .. } => "answered",
        Answer::Dismiss { .. } => "refused",
        Answer::Choose { choice, .. } => {
            let choice = request.choices.iter().find(|known| known.id == *choice);
            match choice.map(|choice| choice.kind) {
                Some(ChoiceKind::AllowOnce) => "allowed",
                Some(ChoiceKind::AllowAlways) => "allowed, also for the like of it,",
                Some(ChoiceKind::Deny | ChoiceKind::Cancel) => "refused",
                None => "answered",
            }
        }
    }
}
