//! What people are told of while they look elsewhere: a fold of events, each of which tells at most once.

use std::collections::BTreeMap;

use serde::Serialize;

use super::attempt::AttemptOutcome;
use super::event::{Envelope, Event, RunOutcome};
use super::ids::{AttemptId, RunId, TicketId, TicketName};
use super::settings::words;
use super::time::Timestamp;

words! {
    /// What kind of thing people are told of.
    NoticeKind {
        /// A human is needed: a gate, a request, a message from an agent.
        NeedsHuman = "needs-human",
        /// A ticket failed, hit a limit or was lost.
        Failed = "failed",
        /// A ticket is done.
        Done = "done",
        /// The run ended.
        RunEnded = "run-ended",
    }
}

/// One thing that people are told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// The version of this document's form.
    pub version: u32,
    /// What kind of thing.
    pub notice: NoticeKind,
    /// When it happened, in milliseconds since 1970.
    pub at: Timestamp,
    /// The run.
    pub run: RunId,
    /// The ticket's identity; `null` for the run.
    pub ticket: Option<TicketId>,
    /// What people call the ticket.
    pub name: Option<TicketName>,
    /// The attempt, where one is concerned.
    pub attempt: Option<AttemptId>,
    /// One line.
    pub title: String,
    /// More words; may have several lines, and may be empty.
    pub text: String,
}

/// The fold.
#[derive(Debug, Clone, Default)]
pub struct Notices {
    tickets: BTreeMap<TicketId, Known>,
    attempts: BTreeMap<AttemptId, TicketId>,
}

#[derive(Debug, Clone)]
struct Known {
    name: TicketName,
    title: String,
    /// Whether people know already that this ticket needs them, and nothing has gone on since.
    is_told: bool,
}

impl Notices {
    /// Takes everything that was stored together; what an agent asks and a rule answers at once is nobody's business. Gives
    /// what there is to tell, in order.
    pub fn take<'a>(&mut self, events: impl IntoIterator<Item = &'a Envelope>) -> Vec<Notice> {
        let mut notices: Vec<(Option<String>, Notice)> = Vec::new();
        for envelope in events {
            if let Event::RequestAnswered { attempt, id, .. }
            | Event::RequestClosed { attempt, id } = &envelope.event
            {
                let answered = format!("{attempt}/{id}");
                let before = notices.len();
                notices.retain(|(asks, _)| asks.as_ref() != Some(&answered));
                if notices.len() < before {
                    self.went_on(attempt);
                }
            }
            let asks = match &envelope.event {
                Event::RequestOpened { attempt, id, .. } => Some(format!("{attempt}/{id}")),
                _ => None,
            };
            notices.extend(self.one(envelope).map(|notice| (asks, notice)));
        }
        notices.into_iter().map(|(_, notice)| notice).collect()
    }

    fn one(&mut self, envelope: &Envelope) -> Option<Notice> {
        match &envelope.event {
            Event::StepStarted {
                ticket,
                name,
                title,
                ..
            } => {
                let known = Known {
                    name: name.clone(),
                    title: title.clone(),
                    is_told: false,
                };
                self.tickets.insert(ticket.clone(), known);
                None
            }
            Event::AttemptStarted {
                attempt, ticket, ..
            } => {
                self.attempts.insert(attempt.clone(), ticket.clone());
                None
            }
            Event::TurnStarted { attempt, .. }
            | Event::GateDecided { attempt, .. }
            | Event::TurnSilent {
                attempt,
                since: None,
                ..
            } => {
                self.went_on(attempt);
                None
            }
            Event::DispatchReceived {
                attempt,
                title,
                text,
                pause,
                ..
            } => {
                // The gate of a message that waits for a reply follows; it would say the same again.
                self.tell(attempt, *pause);
                let (title, text) = (title.clone(), text.clone());
                Some(self.about(envelope, attempt, NoticeKind::NeedsHuman, title, text))
            }
            Event::RequestOpened {
                attempt, request, ..
            } => {
                let title = format!("asks: {}", request.title);
                self.needs(envelope, attempt, title)
            }
            Event::TurnSilent {
                attempt,
                since: Some(_),
                ..
            } => {
                let title = "is silent: is its turn over?".to_owned();
                self.needs(envelope, attempt, title)
            }
            Event::GateReached { attempt, need } => self.needs(envelope, attempt, need.to_string()),
            Event::StepFinished { ticket, outcome } => self.finished(envelope, ticket, outcome),
            Event::RunFinished { outcome } => Some(Notice {
                version: 1,
                notice: NoticeKind::RunEnded,
                at: envelope.at,
                run: envelope.run,
                ticket: None,
                name: None,
                attempt: None,
                title: format!("{} {}", envelope.run, in_words(*outcome)),
                text: String::new(),
            }),
            _ => None,
        }
    }

    fn finished(
        &mut self,
        envelope: &Envelope,
        ticket: &TicketId,
        outcome: &AttemptOutcome,
    ) -> Option<Notice> {
        let known = self.tickets.get_mut(ticket);
        let was_told = known.is_some_and(|known| std::mem::take(&mut known.is_told));
        let kind = match outcome {
            AttemptOutcome::Done { .. } => NoticeKind::Done,
            AttemptOutcome::Failed { .. } | AttemptOutcome::Limit { .. } | AttemptOutcome::Lost => {
                NoticeKind::Failed
            }
            AttemptOutcome::NeedsHuman { .. } if was_told => return None,
            AttemptOutcome::NeedsHuman { .. } => NoticeKind::NeedsHuman,
            // Whoever stopped it knows.
            AttemptOutcome::Cancelled { .. } => return None,
        };
        let attempt = self.last_attempt(ticket);
        Some(self.of(
            envelope,
            ticket.clone(),
            attempt,
            kind,
            outcome.to_string(),
            String::new(),
        ))
    }

    /// A human is needed, unless that was said.
    fn needs(&mut self, envelope: &Envelope, attempt: &AttemptId, title: String) -> Option<Notice> {
        let was_told = self.tell(attempt, true);
        (!was_told || matches!(envelope.event, Event::RequestOpened { .. })).then(|| {
            let kind = NoticeKind::NeedsHuman;
            self.about(envelope, attempt, kind, title, String::new())
        })
    }

    /// Notes that people are told of what an attempt needs; whether they were before.
    fn tell(&mut self, attempt: &AttemptId, told: bool) -> bool {
        let ticket = self.attempts.get(attempt);
        let known = ticket.and_then(|ticket| self.tickets.get_mut(ticket));
        known.is_some_and(|known| {
            let was_told = known.is_told;
            known.is_told |= told;
            was_told
        })
    }

    fn went_on(&mut self, attempt: &AttemptId) {
        let ticket = self.attempts.get(attempt);
        if let Some(known) = ticket.and_then(|ticket| self.tickets.get_mut(ticket)) {
            known.is_told = false;
        }
    }

    fn last_attempt(&self, ticket: &TicketId) -> Option<AttemptId> {
        let of_ticket = self.attempts.iter().filter(|(_, of)| *of == ticket);
        let last = of_ticket.max_by_key(|(attempt, _)| attempt.number);
        last.map(|(attempt, _)| attempt.clone())
    }

    fn about(
        &self,
        envelope: &Envelope,
        attempt: &AttemptId,
        kind: NoticeKind,
        title: String,
        text: String,
    ) -> Notice {
        let ticket = self.attempts.get(attempt).cloned();
        match ticket {
            Some(ticket) => self.of(envelope, ticket, Some(attempt.clone()), kind, title, text),
            None => Notice {
                version: 1,
                notice: kind,
                at: envelope.at,
                run: envelope.run,
                ticket: None,
                name: None,
                attempt: Some(attempt.clone()),
                title,
                text,
            },
        }
    }

    fn of(
        &self,
        envelope: &Envelope,
        ticket: TicketId,
        attempt: Option<AttemptId>,
        kind: NoticeKind,
        title: String,
        text: String,
    ) -> Notice {
        let known = self.tickets.get(&ticket);
        let title = match known {
            Some(known) if known.title.is_empty() => format!("{}: {title}", known.name),
            Some(known) => format!("{} {}: {title}", known.name, known.title),
            None => title,
        };
        Notice {
            version: 1,
            notice: kind,
            at: envelope.at,
            run: envelope.run,
            name: known.map(|known| known.name.clone()),
            ticket: Some(ticket),
            attempt,
            title,
            text,
        }
    }
}

fn in_words(outcome: RunOutcome) -> &'static str {
    match outcome {
        RunOutcome::Done => "ended: all done",
        RunOutcome::NothingReady => "ended: nothing was ready",
        RunOutcome::NeedsHuman => "ended: a human is needed",
        RunOutcome::Failed => "ended: a ticket failed",
        RunOutcome::Limit => "ended: a limit was reached",
        RunOutcome::Cancelled { reason } => match reason {
            super::attempt::CancelReason::Storage => "ended: evidence can't be written",
            _ => "was stopped",
        },
        RunOutcome::Lost => "ended: docket died",
        RunOutcome::Broken => "ended: docket could not go on",
    }
}
