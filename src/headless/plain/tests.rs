//! What is typed in a plain session, and what comes of it.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::transcripts::Transcripts;
use super::unanswered::Unanswered;
use super::{Session, Watched};
use crate::domain::attempt::Need;
use crate::domain::board::{Board, Feed};
use crate::domain::command::{Command, Reaction};
use crate::domain::event::{Envelope, Event};
use crate::domain::hash::sha256;
use crate::domain::ids::{AttemptId, RunId, Sequence, TicketId};
use crate::domain::queue::Queue;
use crate::domain::request::{Answer, AnsweredBy, Ask, Choice, ChoiceKind, Request, RequestId};
use crate::domain::rules::{Scope, like};
use crate::domain::ticket::QueueEntry;
use crate::domain::time::Timestamp;

struct Talk {
    session: Session,
    commands: mpsc::UnboundedReceiver<Command>,
}

fn attempt() -> AttemptId {
    "TICKET-001.1".parse().expect("an id")
}

fn ticket() -> TicketId {
    "ticket-001".parse().expect("an id")
}

fn make() -> Request {
    let ask = Ask::Command {
        command: "make".into(),
    };
    let choice = |id: &str, kind| Choice {
        id: id.into(),
        label: id.into(),
        kind,
    };
    Request {
        choices: vec![
            choice("yes", ChoiceKind::AllowOnce),
            choice("no", ChoiceKind::Deny),
        ],
        ..Request::new("$ make", ask)
    }
}

impl Talk {
    /// A ticket whose agent asks whether it may `make`.
    fn asked() -> Self {
        let (sender, commands) = mpsc::unbounded_channel();
        let session = Session {
            watched: Watched::new(Board::default(), None),
            transcripts: Transcripts::new(PathBuf::from("/nonexistent")),
            commands: sender,
            take_over: None,
            viewer: false,
            runner_is_gone: false,
            is_up_to_date: true,
            has_queue: true,
            start_is_asked: false,
            nobody_types: false,
            leaving: None,
            unanswered: Unanswered::default(),
            approvals: Some(PathBuf::from("/home/ada/approvals.toml")),
            is_asked: None,
            page: Vec::new(),
        };
        let mut talk = Self { session, commands };
        let entry = QueueEntry {
            path: PathBuf::from("tickets/TICKET-001.md"),
            name: "TICKET-001".parse().expect("a name"),
            id: ticket(),
            revision: sha256(b""),
            title: "the only one".into(),
            ticket: None,
            problems: Vec::new(),
        };
        let queue = Queue::new([Arc::new(entry)]);
        talk.session.feed(&Feed::Queue(Arc::new(queue)));
        talk.happens(Event::AttemptStarted {
            attempt: attempt(),
            ticket: ticket(),
            revision: sha256(b""),
            agent: "codex".into(),
            marker: "m".into(),
        });
        talk.happens(Event::RequestOpened {
            attempt: attempt(),
            id: RequestId(1),
            request: make(),
        });
        talk
    }

    fn happens(&mut self, event: Event) {
        let envelope = Envelope {
            seq: Sequence(1),
            at: Timestamp(0),
            run: RunId(1),
            event,
        };
        self.session.feed(&Feed::Event(Arc::new(envelope)));
    }

    /// What is said to a line, and what is asked of the runner.
    fn types(&mut self, line: &str) -> (String, Option<Command>) {
        self.session.page.clear();
        self.session.typed(line);
        (self.session.page.join("\n"), self.commands.try_recv().ok())
    }
}

fn answered(scope: Scope) -> Command {
    let rules = like(&make()).expect("a rule");
    Command::Answer {
        ticket: ticket(),
        attempt: Some(attempt()),
        request: Some(RequestId(1)),
        reaction: Reaction::AllowLike { scope, rules },
    }
}

#[test]
fn a_yes_to_the_like_of_a_ticket_is_said_and_sent() {
    let mut talk = Talk::asked();
    let (said, command) = talk.types("allow-ticket 1");
    assert_eq!(said, "TICKET-001 may do this from now on: make");
    assert_eq!(command, Some(answered(Scope::Ticket)));
}

#[test]
fn what_is_always_allowed_is_shown_before_it_is_written() {
    let mut talk = Talk::asked();
    let (said, command) = talk.types("always 1 1");
    assert!(said.contains("\n  rule: make\n"), "{said}");
    assert!(said.contains("/home/ada/approvals.toml"), "{said}");
    assert_eq!(command, None);
    assert_eq!(talk.types(""), (String::new(), None));
    assert_eq!(
        talk.types("yes"),
        (String::new(), Some(answered(Scope::Always)))
    );
    let (said, command) = talk.types("yes");
    assert_eq!(said, "nothing was asked here that `yes` answers");
    assert_eq!(command, None);
    // Whatever else is typed takes the question back.
    talk.types("always 1 1");
    let (said, command) = talk.types("pause");
    assert_eq!(said, "that was no `yes`: nothing is always allowed");
    assert_eq!(command, Some(Command::Pause));
    assert_eq!(talk.types("yes").1, None);
}

#[test]
fn a_yes_for_a_request_that_has_just_closed_passes_no_gate() {
    let mut talk = Talk::asked();
    talk.happens(Event::RequestAnswered {
        attempt: attempt(),
        id: RequestId(1),
        answer: Answer::Choose {
            choice: "no".into(),
            reason: None,
        },
        by: AnsweredBy::Human,
    });
    talk.happens(Event::GateReached {
        attempt: attempt(),
        need: Need::Review {
            reasons: Vec::new(),
        },
    });
    let (said, command) = talk.types("approve 1");
    assert!(said.contains("what TICKET-001 asked is answered"), "{said}");
    assert_eq!(command, None);
    // Now it can only be meant.
    let (_, command) = talk.types("approve 1");
    let approve = Command::Approve {
        ticket: ticket(),
        attempt: Some(attempt()),
        turn: Some(0),
    };
    assert_eq!(command, Some(approve));
    let (said, command) = talk.types("always 1");
    assert_eq!(said, "only what an agent asks is allowed like that");
    assert_eq!(command, None);
}

#[test]
fn a_ticket_that_was_left_out_is_taken_back() {
    let mut talk = Talk::asked();
    let unskip = Command::Unskip { ticket: ticket() };
    assert_eq!(talk.types("unskip 1"), (String::new(), Some(unskip)));
}
