//! What a human says to an attempt that has ended and waits, while no runner lives: it goes straight into the ledger, exactly once,
//! and the next run goes on with it.

use super::context::Places;
use super::inbox::Door;
use super::{recover, seat, unfinished};
use crate::config::approvals::ApprovalsError;
use crate::domain::attempt::Artifact;
use crate::domain::command::Reaction;
use crate::domain::event::Event;
use crate::domain::ids::{AttemptId, RunId, TicketId};
use crate::domain::machine::is_name_of_a_recording;
use crate::domain::request::AnsweredBy;
use crate::domain::request::{Answer, RequestId};
use crate::domain::rules::Scope;
use crate::domain::taking::Seat;
use crate::domain::ticket::AgentName;
use crate::domain::time::Timestamp;
use crate::domain::unfinished::Unfinished;
use crate::git::Repository;
use crate::proc::clock::{Clock as _, SystemClock};
use crate::store::lock::{LockError, RunnerLock};
use crate::store::{Ledger, LedgerError, Reader, Subscriber};

/// What was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The attempt that asked.
    pub attempt: AttemptId,
    /// Its request.
    pub request: RequestId,
    /// The answer.
    pub answer: Answer,
}

/// Why nothing was stored.
#[derive(Debug, thiserror::Error)]
pub enum NotAnswered {
    /// A runner lives: it is the one to ask.
    #[error("a docket runs here")]
    RunnerLives,
    /// There is nothing to answer, or not so.
    #[error("{0}")]
    Refused(&'static str),
    /// The runner's lock can't be had.
    #[error(transparent)]
    Lock(LockError),
    /// The door of the inbox can't be passed.
    #[error("can't use docket's inbox: {0}")]
    Door(std::io::Error),
    /// The answer is stored, the rules that go with it are not.
    #[error("it is allowed this once; what is always allowed can't be kept: {0}")]
    Approvals(#[from] ApprovalsError),
    /// The ledger can't be read or written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// Answers a request that the ticket's last attempt ended with. Holds the runner's lock meanwhile, so that nobody else writes.
pub fn answer(
    places: &Places,
    ticket: &TicketId,
    request: RequestId,
    reaction: Reaction,
) -> Result<Answered, NotAnswered> {
    let nothing = NotAnswered::Refused("its agent asks nothing");
    say(places, ticket, nothing, |unfinished, _now| {
        let more = unfinished.reaches(Some(request), &reaction)?;
        let (request, answer) = unfinished.answer(Some(request), reaction)?;
        let attempt = unfinished.from.clone();
        let event = Event::RequestAnswered {
            attempt: attempt.clone(),
            id: request,
            answer: answer.clone(),
            by: AnsweredBy::Human,
        };
        let mut events = vec![event];
        let mut always = Vec::new();
        if let Some((scope, rules)) = more {
            if scope == Scope::Always {
                always.clone_from(&rules);
            }
            events.push(Event::RulesAdded {
                attempt: attempt.clone(),
                ticket: ticket.clone(),
                scope,
                rules,
            });
        }
        let answered = Answered {
            attempt,
            request,
            answer,
        };
        Ok((events, (answered, always)))
    })
    .and_then(|(answered, always)| {
        if !always.is_empty() {
            places
                .approvals
                .add(&places.root, &always, SystemClock::new().now().wall)?;
        }
        Ok(answered)
    })
}

/// Decides at the gate that `attempt`, the ticket's last one, ended at: approves, or rejects with a reason.
pub fn decide(
    places: &Places,
    ticket: &TicketId,
    attempt: &AttemptId,
    rejection: Option<String>,
) -> Result<(), NotAnswered> {
    let nothing = NotAnswered::Refused("no gate is open there");
    say(places, ticket, nothing, |unfinished, now| {
        if unfinished.from != *attempt {
            return Err("that gate is not open: another attempt has begun since");
        }
        let event = unfinished.decide(rejection, now)?;
        Ok((vec![event], ()))
    })
}

/// Stores words for the ticket's agent, whose last attempt waits for them.
pub fn reply(places: &Places, ticket: &TicketId, text: String) -> Result<(), NotAnswered> {
    let nothing = NotAnswered::Refused("its agent waits for no reply");
    say(places, ticket, nothing, |unfinished, _now| {
        let event = unfinished.reply(ticket, text)?;
        Ok((vec![event], ()))
    })
}

/// Gives up what the ticket's last attempt left, which waits for a human: the next run tries the ticket from the start. The work
/// itself stays where it is.
pub fn abandon(places: &Places, ticket: &TicketId) -> Result<AttemptId, NotAnswered> {
    let nothing = NotAnswered::Refused("nothing waits there: the next run tries it by itself");
    say(places, ticket, nothing, |unfinished, _now| {
        if !unfinished.can_be_abandoned() {
            return Err("its agent asks for something: answer it, or the next run asks again");
        }
        let attempt = unfinished.from.clone();
        let abandoned = Event::AttemptAbandoned {
            attempt: attempt.clone(),
        };
        let retried = Event::StepRetried {
            ticket: ticket.clone(),
        };
        Ok((vec![abandoned, retried], attempt))
    })
}

/// Takes over what the ticket's last attempt left, if that is the attempt that is `meant`. `has_tui` says whether an agent's own TUI
/// can go on with its session.
pub fn take_over(
    places: &Places,
    ticket: &TicketId,
    meant: Option<&AttemptId>,
    by: Seat,
    has_tui: &dyn Fn(&AgentName) -> bool,
) -> Result<(), NotAnswered> {
    let nothing = NotAnswered::Refused(
        "no attempt of it runs or waits: `docket term` opens a shell where its last one worked",
    );
    say(places, ticket, nothing, |unfinished, _now| {
        if !unfinished.is_meant(meant, None) {
            return Err("another attempt has begun since: look at how it stands now");
        }
        if !has_tui(&unfinished.agent) {
            return Err(
                "its agent has no terminal interface that docket knows: set `resume` in its table of the configuration",
            );
        }
        Ok((vec![unfinished.take_over(by)?], ()))
    })
}

/// Hands back what the ticket's last attempt left, with words for its agent.
pub fn hand_back(
    places: &Places,
    ticket: &TicketId,
    words: Option<String>,
    by: Seat,
) -> Result<(), NotAnswered> {
    let nothing = NotAnswered::Refused("nobody has taken it over");
    let words = words.filter(|words| !words.trim().is_empty());
    say(places, ticket, nothing, |unfinished, _now| {
        let git = Repository::discover(&places.root).ok();
        let sight = seat::look(
            places,
            git.as_ref(),
            unfinished.from.clone(),
            Some(unfinished),
        );
        if sight.is_occupied {
            return Err("its agent's own terminal interface still runs: quit it first");
        }
        let events = unfinished.hand_back(ticket, words, by, sight.has_changed)?;
        Ok((events, ()))
    })
}

/// Notes a finished recording of a terminal.
pub(super) fn record(
    places: &Places,
    attempt: Option<AttemptId>,
    file: Artifact,
) -> Result<(), NotAnswered> {
    if !is_name_of_a_recording(&file.path) {
        return Err(NotAnswered::Refused("that is no name of a recording"));
    }
    let clock = SystemClock::new();
    let (_door, _lock) = hold(places, &clock)?;
    let reader = Reader::open(&places.ledger())?;
    let ledger = Ledger::open(&places.ledger(), Subscriber::none())?;
    let run = RunId(reader.next_run()?.0.saturating_sub(1));
    ledger.append(
        run,
        clock.now().wall,
        vec![Event::Recorded { attempt, file }],
    );
    ledger.close()?;
    Ok(())
}

/// The door of the inbox and the runner's lock: nobody else writes meanwhile.
fn hold(places: &Places, clock: &SystemClock) -> Result<(Door, RunnerLock), NotAnswered> {
    let docket = places.docket();
    let door = Door::enter(&docket, super::DOOR).map_err(NotAnswered::Door)?;
    let lock = RunnerLock::acquire(&docket, &super::holder(clock));
    let lock = lock.map_err(|error| match error {
        LockError::Held { .. } => NotAnswered::RunnerLives,
        error @ LockError::Io { .. } => NotAnswered::Lock(error),
    })?;
    Ok((door, lock))
}

/// What follows from a human's words, or why nothing does.
type Said<T> = Result<(Vec<Event>, T), &'static str>;

/// Holds the runner's lock, finds out what waits there now, and stores what `take` makes of it.
fn say<T>(
    places: &Places,
    ticket: &TicketId,
    nothing: NotAnswered,
    take: impl FnOnce(&mut Unfinished, Timestamp) -> Said<T>,
) -> Result<T, NotAnswered> {
    let clock = SystemClock::new();
    let (_door, lock) = hold(places, &clock)?;
    let reader = Reader::open(&places.ledger())?;
    let ledger = Ledger::open(&places.ledger(), Subscriber::none())?;
    // A docket that died at a gate has left it open: its attempt ends first.
    recover::lost_attempts(places, &ledger, &reader, &clock)?;
    // Read only now: what was open a moment ago may be answered.
    let mut unfinished = unfinished::of_ticket(&reader, ticket)?.ok_or(nothing)?;
    let run = run_of(&reader, &unfinished.from)?;
    let now = clock.now().wall;
    let (events, said) = take(&mut unfinished, now).map_err(NotAnswered::Refused)?;
    ledger.append(run, now, events);
    ledger.close()?;
    drop(lock);
    Ok(said)
}

fn run_of(reader: &Reader, attempt: &AttemptId) -> Result<RunId, NotAnswered> {
    let record = reader.attempt(attempt)?;
    let record = record.ok_or(NotAnswered::Refused("its attempt is not in the ledger"))?;
    Ok(record.run)
}
