//! Requests that were read out and closed before anybody here answered them: the yes that was meant for one may still be typed.

use std::collections::BTreeSet;

use crate::domain::board::Board;
use crate::domain::command::Command;
use crate::domain::event::Event;
use crate::domain::ids::TicketId;
use crate::domain::request::{AnsweredBy, RequestId};

/// See the module. Those that are open are among them.
#[derive(Debug, Default)]
pub(super) struct Unanswered(BTreeSet<(TicketId, RequestId)>);

impl Unanswered {
    /// Takes in a fact that the board knows already.
    pub(super) fn take(&mut self, event: &Event, board: &Board) {
        let ticket = event.attempt().and_then(|attempt| board.ticket_of(attempt));
        let Some(ticket) = ticket else { return };
        match event {
            Event::RequestOpened { id, .. } => {
                self.0.insert((ticket.clone(), *id));
            }
            // A rule has answered: nobody was asked.
            Event::RequestAnswered { id, by, .. } if *by != AnsweredBy::Human => {
                self.0.remove(&(ticket.clone(), *id));
            }
            // Whoever types now has had a turn's time to read on.
            Event::TurnStarted { .. } | Event::AttemptStarted { .. } => self.forget(ticket),
            _ => {}
        }
    }

    /// Whether a decision at a gate may have been meant for a request that is gone; then that is the end of it.
    pub(super) fn is_meant(&mut self, command: &Command) -> Option<TicketId> {
        match command {
            Command::Answer {
                ticket,
                request: Some(request),
                ..
            } => {
                self.0.remove(&(ticket.clone(), *request));
                None
            }
            Command::Approve { ticket, .. } | Command::Reject { ticket, .. } => {
                let is_meant = self.0.iter().any(|(known, _)| known == ticket);
                self.forget(ticket);
                is_meant.then(|| ticket.clone())
            }
            _ => None,
        }
    }

    fn forget(&mut self, ticket: &TicketId) {
        self.0.retain(|(known, _)| known != ticket);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::Envelope;
    use crate::domain::hash::sha256;
    use crate::domain::ids::{AttemptId, RunId, Sequence};
    use crate::domain::request::{Answer, Ask, Request};
    use crate::domain::time::Timestamp;

    fn attempt() -> AttemptId {
        "TICKET-001.1".parse().expect("an id")
    }

    fn ticket() -> TicketId {
        "ticket-001".parse().expect("an id")
    }

    /// A ticket whose agent has asked.
    fn asked() -> (Board, Unanswered) {
        let (mut board, mut unanswered) = (Board::default(), Unanswered::default());
        let started = Event::AttemptStarted {
            attempt: attempt(),
            ticket: ticket(),
            revision: sha256(b""),
            agent: "codex".into(),
            marker: "m".into(),
        };
        let ask = Ask::Command {
            command: "make".into(),
        };
        let opened = Event::RequestOpened {
            attempt: attempt(),
            id: RequestId(1),
            request: Request::new("$ make", ask),
        };
        for event in [started, opened] {
            tell(&mut board, &mut unanswered, event);
        }
        (board, unanswered)
    }

    fn tell(board: &mut Board, unanswered: &mut Unanswered, event: Event) {
        let envelope = Envelope {
            seq: Sequence(1),
            at: Timestamp(0),
            run: RunId(1),
            event,
        };
        board.apply(&envelope);
        unanswered.take(&envelope.event, board);
    }

    fn answered(by: AnsweredBy) -> Event {
        Event::RequestAnswered {
            attempt: attempt(),
            id: RequestId(1),
            answer: Answer::Dismiss {
                reason: "no".into(),
            },
            by,
        }
    }

    fn approve() -> Command {
        Command::Approve {
            ticket: ticket(),
            attempt: Some(attempt()),
            turn: Some(1),
        }
    }

    #[test]
    fn a_yes_for_a_request_that_has_just_closed_is_none_for_the_gate() {
        let (mut board, mut unanswered) = asked();
        tell(&mut board, &mut unanswered, answered(AnsweredBy::Human));
        assert_eq!(unanswered.is_meant(&approve()), Some(ticket()));
        assert_eq!(
            unanswered.is_meant(&approve()),
            None,
            "asked again, it is meant"
        );
    }

    #[test]
    fn what_was_answered_here_or_by_a_rule_stands_in_no_ones_way() {
        let (mut board, mut unanswered) = asked();
        tell(&mut board, &mut unanswered, answered(AnsweredBy::Policy));
        assert_eq!(unanswered.is_meant(&approve()), None);
        let (_, mut unanswered) = asked();
        let answer = Command::Answer {
            ticket: ticket(),
            attempt: Some(attempt()),
            request: Some(RequestId(1)),
            reaction: crate::domain::command::Reaction::Allow,
        };
        assert_eq!(unanswered.is_meant(&answer), None);
        assert_eq!(unanswered.is_meant(&approve()), None);
    }
}
