//! A human's answer to what an attempt ended with, while no runner lives: it goes straight into the ledger, exactly once, and the next
//! run goes on with it.

use super::context::Places;
use super::inbox::Door;
use super::unfinished;
use crate::domain::command::Reaction;
use crate::domain::event::Event;
use crate::domain::ids::{AttemptId, TicketId};
use crate::domain::request::{Answer, AnsweredBy, RequestId};
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
    let clock = SystemClock::new();
    let docket = places.docket();
    let _door = Door::enter(&docket, super::DOOR).map_err(NotAnswered::Door)?;
    let lock = RunnerLock::acquire(&docket, &super::holder(&clock));
    let lock = lock.map_err(|error| match error {
        LockError::Held { .. } => NotAnswered::RunnerLives,
        error @ LockError::Io { .. } => NotAnswered::Lock(error),
    })?;
    // Read only now: what was open a moment ago may be answered.
    let reader = Reader::open(&places.ledger())?;
    let mut unfinished = unfinished::of_ticket(&reader, ticket)?
        .ok_or(NotAnswered::Refused("its agent asks nothing"))?;
    let attempt = unfinished.carry.from.clone();
    let record = reader
        .attempt(&attempt)?
        .ok_or(NotAnswered::Refused("its attempt is not in the ledger"))?;
    let (id, answer) = unfinished
        .answer(Some(request), reaction)
        .map_err(NotAnswered::Refused)?;
    let event = Event::RequestAnswered {
        attempt: attempt.clone(),
        id,
        answer: answer.clone(),
        by: AnsweredBy::Human,
    };
    let ledger = Ledger::open(&places.ledger(), Subscriber::none())?;
    ledger.append(record.run, clock.now().wall, vec![event]);
    ledger.close()?;
    drop(lock);
    Ok(Answered {
        attempt,
        request,
        answer,
    })
}
