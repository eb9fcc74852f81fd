//! What humans have allowed beyond the one request that they said yes to: the like is answered without them.

use std::collections::BTreeMap;

use super::Effect;
use super::emit;
use super::requests::answer_of;
use crate::domain::command::Reaction;
use crate::domain::event::Event;
use crate::domain::ids::{AttemptId, RunId, TicketId};
use crate::domain::request::{Answer, AnsweredBy, Request};
use crate::domain::rules::{Rule, Rules, Scope, like};

/// The rules that humans made while they answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// For every ticket of this repository.
    always: Rules,
    /// For one ticket each, until it is done.
    tickets: BTreeMap<TicketId, Rules>,
}

impl Standing {
    /// What the ledger tells of rules for single tickets.
    pub fn of<'a>(events: impl IntoIterator<Item = &'a Event>) -> Self {
        let mut standing = Self::default();
        for event in events {
            standing.take(event);
        }
        standing
    }

    /// Takes in one fact.
    pub fn take(&mut self, event: &Event) {
        match event {
            Event::RulesAdded {
                ticket,
                scope: Scope::Ticket,
                rules,
                ..
            } => {
                let known = self.tickets.remove(ticket).unwrap_or_default();
                self.tickets
                    .insert(ticket.clone(), known.and(&allowing(rules)));
            }
            // Done: what was allowed for that work is used up, also for a recurring ticket's next time.
            Event::TicketWritten { ticket, .. } => drop(self.tickets.remove(ticket)),
            _ => {}
        }
    }

    /// Takes in what is about to be done.
    pub(super) fn learn(&mut self, effect: &Effect) {
        match effect {
            Effect::Emit { event, .. } => self.take(event),
            Effect::KeepRules { rules } => {
                self.always = std::mem::take(&mut self.always).and(&allowing(rules));
            }
            _ => {}
        }
    }

    /// What is always allowed is this now.
    pub fn set_always(&mut self, rules: Vec<Rule>) {
        self.always.allow = rules;
    }

    /// The rules for one ticket alone.
    pub fn of_ticket(&self, ticket: &TicketId) -> &[Rule] {
        self.tickets
            .get(ticket)
            .map_or(&[], |rules| rules.allow.as_slice())
    }

    /// The answer to a request that no configured rule decides; `None` when a human must be asked.
    pub(super) fn answer(
        &self,
        ticket: &TicketId,
        request: &Request,
    ) -> Option<(Answer, AnsweredBy)> {
        let of_ticket = self.tickets.get(ticket);
        let found = of_ticket.and_then(|rules| Some((rules.allows(request)?, Scope::Ticket)));
        let found = found.or_else(|| Some((self.always.allows(request)?, Scope::Always)));
        let (rule, scope) = found?;
        Some((request.allow()?, AnsweredBy::Standing { rule, scope }))
    }
}

fn allowing(rules: &[Rule]) -> Rules {
    Rules {
        allow: rules.to_vec(),
        deny: Vec::new(),
    }
}

/// What a human's yes comes to beyond the request itself; `None` when it is about nothing else, an error when the rules are not
/// the ones that the request comes to.
pub fn reaches(
    request: &Request,
    reaction: &Reaction,
) -> Result<Option<(Scope, Vec<Rule>)>, &'static str> {
    match reaction {
        Reaction::AllowLike {
            scope: scope @ (Scope::Ticket | Scope::Always),
            rules,
        } => {
            answer_of(request, Reaction::Allow)?;
            match like(request) {
                Ok(said) if said == *rules => Ok(Some((*scope, said))),
                _ => Err("that rule does not say what is asked: look again"),
            }
        }
        _ => Ok(None),
    }
}

/// Stores what a human's yes comes to beyond the request, and has it kept.
pub(super) fn keep(
    run: RunId,
    attempt: &AttemptId,
    ticket: &TicketId,
    (scope, rules): (Scope, Vec<Rule>),
    effects: &mut Vec<Effect>,
) {
    let event = Event::RulesAdded {
        attempt: attempt.clone(),
        ticket: ticket.clone(),
        scope,
        rules: rules.clone(),
    };
    emit(run, event, effects);
    if scope == Scope::Always {
        effects.push(Effect::KeepRules { rules });
    }
}
