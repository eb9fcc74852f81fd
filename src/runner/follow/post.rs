//! Hands commands to the runner that lives; what needs none goes into the ledger when none does.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use crate::domain::command::{Command, Reaction};
use crate::domain::ids::{AttemptId, TicketId};
use crate::domain::unfinished::Unfinished;
use crate::runner::answer::{
    NotAnswered, abandon, answer, decide, hand_back, record, reply, take_over,
};
use crate::runner::context::Places;
use crate::runner::inbox::{self, Door, Reply, SendError};
use crate::runner::unfinished;
use crate::store::Reader;
use crate::store::lock::RunnerLock;

/// How long a runner is given for an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often a runner may come or go while it is asked, before that is called strange.
const TRIES: u32 = 5;

const NOBODY: NotAnswered =
    NotAnswered::Refused("nobody runs the queue any more: take over, or start another docket");
const NOTHING: NotAnswered =
    NotAnswered::Refused("nobody runs the queue any more, and nothing of it waits for that");

/// What came of a command that was not simply done.
#[derive(Debug)]
pub(super) enum Said {
    /// The runner refused it.
    Refused { what: String, why: String },
    /// It did not get there.
    Trouble(String),
}

/// Delivers one after the other, in order, until no more come.
pub(super) async fn deliver(
    places: Places,
    mut letters: mpsc::UnboundedReceiver<Command>,
    said: mpsc::UnboundedSender<Said>,
) {
    while let Some(command) = letters.recv().await {
        let places = places.clone();
        let answer = spawn_blocking(move || one(&places, &command)).await;
        if let Ok(Err(answer)) = answer {
            let _nobody_listens = said.send(answer);
        }
    }
}

fn one(places: &Places, command: &Command) -> Result<(), Said> {
    let trouble =
        |why: &dyn std::fmt::Display| Said::Trouble(format!("can't {}: {why}", command.describe()));
    for _ in 0..TRIES {
        if !lives(places).map_err(|why| trouble(&why))? {
            match without(places, command) {
                Err(NotAnswered::RunnerLives) => continue,
                Err(error) => return Err(trouble(&error)),
                Ok(()) => return Ok(()),
            }
        }
        match inbox::send(&places.docket(), command, PATIENCE) {
            Ok(Reply::Done { .. }) => return Ok(()),
            Ok(Reply::Refused { why }) => {
                let what = command.describe();
                return Err(Said::Refused { what, why });
            }
            // It has just started, and took the command for an old one; or it has just ended.
            Ok(Reply::NobodyThere) | Err(SendError::Gone) => {}
            Err(error) => return Err(trouble(&error)),
        }
    }
    Err(trouble(&"runners come and go here too quickly"))
}

/// Whether a runner lives, and not only somebody who answers a request in this moment.
fn lives(places: &Places) -> Result<bool, String> {
    let docket = places.docket();
    if !docket.is_dir() {
        return Ok(false);
    }
    let _door = Door::enter(&docket, PATIENCE).map_err(|error| error.to_string())?;
    let holder = RunnerLock::holder(&docket).map_err(|error| error.to_string())?;
    Ok(holder.is_some())
}

/// What a human says to an attempt that has ended and waits: the next run goes on with it.
fn without(places: &Places, command: &Command) -> Result<(), NotAnswered> {
    if !places.docket().is_dir() {
        return Err(NOBODY);
    }
    match command {
        Command::Answer {
            ticket,
            request,
            reaction,
            ..
        } => {
            let left = left_of(places, ticket)?.ok_or(NOTHING)?;
            let oldest = left.open().next().map(|(number, _)| number);
            let request = request.or(oldest).ok_or(NOTHING)?;
            answer(places, ticket, request, reaction.clone()).map(drop)
        }
        Command::Approve {
            ticket,
            attempt,
            turn,
        } => {
            let left = at_gate(places, ticket, attempt.as_ref(), *turn)?;
            decide(places, ticket, &left.from, None)
        }
        Command::Reject {
            ticket,
            reason,
            attempt,
            turn,
        } => {
            let left = at_gate(places, ticket, attempt.as_ref(), *turn)?;
            decide(places, ticket, &left.from, Some(reason.clone()))
        }
        Command::Reply { ticket, text } => {
            let left = left_of(places, ticket)?.ok_or(NOTHING)?;
            let mut open = left.open();
            match open.find(|(_, request)| request.is_question()) {
                Some((number, _)) => {
                    let words = vec![text.clone()];
                    answer(places, ticket, number, Reaction::Words { words }).map(drop)
                }
                None => reply(places, ticket, text.clone()),
            }
        }
        Command::Retry { ticket } => {
            let left = left_of(places, ticket)?.filter(Unfinished::can_be_abandoned);
            left.ok_or(NOTHING)?;
            abandon(places, ticket).map(drop)
        }
        // The screen offers it only where there is a TUI.
        Command::TakeSession {
            ticket,
            attempt,
            by,
        } => take_over(places, ticket, attempt.as_ref(), *by, &|_| true),
        Command::Record { attempt, file } => record(places, attempt.clone(), file.clone()),
        Command::HandBack { ticket, words, by } => hand_back(places, ticket, words.clone(), *by),
        Command::Start { .. }
        | Command::StartSome { .. }
        | Command::Unskip { .. }
        | Command::Pause
        | Command::Resume
        | Command::StopTicket { .. }
        | Command::Cancel { .. }
        | Command::Skip { .. }
        | Command::Steer { .. }
        | Command::Interrupt { .. }
        | Command::Claim { .. } => Err(NOBODY),
    }
}

/// What the ticket's last attempt left, if it is the one that is meant.
fn at_gate(
    places: &Places,
    ticket: &TicketId,
    attempt: Option<&AttemptId>,
    turn: Option<u32>,
) -> Result<Unfinished, NotAnswered> {
    let left = left_of(places, ticket)?.ok_or(NOTHING)?;
    if left.is_meant(attempt, turn) {
        return Ok(left);
    }
    Err(NotAnswered::Refused(
        "that gate is not open any more: look at how it stands now",
    ))
}

fn left_of(places: &Places, ticket: &TicketId) -> Result<Option<Unfinished>, NotAnswered> {
    let reader = Reader::open(&places.ledger())?;
    Ok(unfinished::of_ticket(&reader, ticket)?)
}
