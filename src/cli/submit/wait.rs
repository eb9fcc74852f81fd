//! Waits until a task is over: in the runner that lives, or by running it here.

use std::path::PathBuf;
use std::sync::mpsc;
use std::time::Duration;

use serde::Serialize;

use super::{Submission, entry_of};
use crate::cli::arguments::Global;
use crate::cli::drive;
use crate::cli::error::CliError;
use crate::cli::history::History;
use crate::cli::place::Place;
use crate::cli::survey::Survey;
use crate::cli::tail::Watch;
use crate::domain::attempt::{AttemptOutcome, Need, Proof};
use crate::domain::board::TicketState;
use crate::domain::event::RunOutcome;
use crate::domain::ids::RunId;
use crate::domain::machine::RunPlan;
use crate::exit::Exit;
use crate::headless::Form;
use crate::output;
use crate::runner::StartError;
use crate::store::lock::LockError;

/// Between two looks, however often something changes.
const REST: Duration = Duration::from_millis(200);

/// What came of it.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    submission: &'a Submission,
    exit: u8,
    /// One word; `done` only with the proof.
    state: &'static str,
    /// Why, or what it waits for.
    reason: String,
    proof: Option<Proof>,
    outcome: Option<AttemptOutcome>,
    run: Option<RunId>,
    branch: Option<String>,
    evidence: Option<PathBuf>,
    attempts: Vec<History>,
}

/// Waits, tells, and exits as `docket --once` does.
pub(super) fn run(
    global: &Global,
    place: Place,
    submission: &Submission,
) -> Result<Exit, CliError> {
    let exit = until_over(global, place, submission)?;
    if global.json {
        // Read anew: whoever ran it has written all by now.
        tell(&Place::of(global)?, submission, exit)?;
    }
    Ok(exit)
}

fn until_over(global: &Global, place: Place, submission: &Submission) -> Result<Exit, CliError> {
    let mut watch = Watch::new();
    let mut said = String::new();
    let mut next = Some(place);
    loop {
        let place = match next.take() {
            Some(place) => place,
            None => Place::of(global)?,
        };
        watch.add(&place.places.docket());
        let survey = Survey::take(&place)?;
        if let Some(exit) = over(&survey, submission)? {
            if !global.json {
                tell_line(&survey, submission, exit)?;
            }
            return Ok(exit);
        }
        if survey.holder.is_none() {
            drop(survey);
            match here(global, place, submission) {
                // Somebody was quicker: it may be theirs to run.
                Err(CliError::Start(StartError::Lock(LockError::Held { .. }))) => {}
                ended => return ended,
            }
        } else {
            let words = waiting_words(&survey, submission);
            if words != said {
                output::say(&words);
                said = words;
            }
            next = Some(place);
        }
        watch.wait();
        rest();
    }
}

/// Runs it as `docket --once --ticket` does.
fn here(global: &Global, place: Place, submission: &Submission) -> Result<Exit, CliError> {
    let plan = RunPlan {
        only: Some([submission.id.clone()].into()),
        max_tickets: Some(1),
        ..RunPlan::default()
    };
    let form = if global.json {
        Form::Progress
    } else {
        Form::Human
    };
    drive::drain(place, plan, form)
}

/// Whether it is over, or needs a human: who waits with a script can't answer.
fn over(survey: &Survey, submission: &Submission) -> Result<Option<Exit>, CliError> {
    let step = survey.reader.last_steps()?.remove(&submission.id);
    if let Some(outcome) = step.and_then(|step| step.outcome) {
        return Ok(Some(exit_of(&outcome)));
    }
    let view = survey.board.tickets.get(&submission.id);
    if view.is_some_and(|view| matches!(view.state, TicketState::Waiting { .. })) {
        return Ok(Some(Exit::NeedsHuman));
    }
    match entry_of(survey.queue.entries(), &submission.id) {
        None => Err(CliError::Failed(format!(
            "{} is gone from the queue: somebody removed or renamed its file",
            submission.name
        ))),
        // By hand: nobody ran it, and it is done all the same.
        Some(entry) if entry.is_done() && view.is_none() => Ok(Some(Exit::Done)),
        Some(_) => Ok(None),
    }
}

/// As a run of this one ticket ends.
fn exit_of(outcome: &AttemptOutcome) -> Exit {
    let run = match outcome {
        AttemptOutcome::Done {
            proof: Proof::Tampered,
        }
        | AttemptOutcome::Failed { .. }
        | AttemptOutcome::Cancelled { .. }
        | AttemptOutcome::Lost => RunOutcome::Failed,
        AttemptOutcome::Done { .. } => RunOutcome::Done,
        AttemptOutcome::NeedsHuman { .. } => RunOutcome::NeedsHuman,
        AttemptOutcome::Limit { .. } => RunOutcome::Limit,
    };
    run.into()
}

fn waiting_words(survey: &Survey, submission: &Submission) -> String {
    let pid = survey
        .holder
        .as_ref()
        .and_then(|held| held.by.as_ref().map(|by| by.process.pid));
    let who = pid.map_or_else(
        || "the docket that runs here".to_owned(),
        |pid| format!("docket (pid {pid})"),
    );
    let reason = reason(survey, submission);
    let why = if reason.is_empty() {
        String::new()
    } else {
        format!(": {reason}")
    };
    format!("waits for {who} to run {}{why}", submission.name)
}

fn reason(survey: &Survey, submission: &Submission) -> String {
    let entries = survey.queue.entries();
    let index = entries.iter().position(|entry| entry.id == submission.id);
    index
        .map(|index| survey.reason(index).text)
        .unwrap_or_default()
}

/// For people: the result on stdout, as a run here says it.
fn tell_line(survey: &Survey, submission: &Submission, exit: Exit) -> Result<(), CliError> {
    let reason = reason(survey, submission);
    let why = if reason.is_empty() {
        String::new()
    } else {
        format!(": {reason}")
    };
    let words = format!("{} {}{why}", submission.name, state(exit));
    output::line(&crate::cli::text::line(&words))?;
    Ok(())
}

fn tell(place: &Place, submission: &Submission, exit: Exit) -> Result<(), CliError> {
    let survey = Survey::take(place)?;
    let step = survey.reader.last_steps()?.remove(&submission.id);
    let attempts = survey
        .reader
        .attempts_of_ticket(&submission.id)?
        .into_iter()
        .map(|record| History::read(&survey.reader, &place.places, record))
        .collect::<Result<Vec<_>, _>>()?;
    let run = step.as_ref().map(|step| step.run);
    let runs = survey.reader.runs()?;
    let record = runs.into_iter().find(|record| Some(record.run) == run);
    let outcome = step
        .and_then(|step| step.outcome)
        .or_else(|| waiting(&survey, submission));
    output::document(&Document {
        exit: exit.code(),
        state: state(exit),
        reason: match &outcome {
            Some(outcome) => outcome.to_string(),
            None => reason(&survey, submission),
        },
        proof: match &outcome {
            Some(AttemptOutcome::Done { proof }) => Some(*proof),
            _ => None,
        },
        outcome,
        run,
        branch: record.and_then(|record| record.branch),
        evidence: attempts.last().map(|attempt| attempt.evidence.clone()),
        attempts,
        submission,
    })?;
    Ok(())
}

/// What a runner that lives waits for.
fn waiting(survey: &Survey, submission: &Submission) -> Option<AttemptOutcome> {
    let view = survey.board.tickets.get(&submission.id)?;
    let need: &Need = match &view.state {
        TicketState::Waiting { need } => need,
        _ => return None,
    };
    Some(AttemptOutcome::NeedsHuman { need: need.clone() })
}

fn state(exit: Exit) -> &'static str {
    match exit {
        Exit::Done => "done",
        Exit::TicketFailed => "failed",
        Exit::Limit => "limit",
        Exit::NeedsHuman => "needs_human",
        Exit::NothingReady => "not_started",
        Exit::Signal(_) => "stopped",
        Exit::Failed | Exit::Usage | Exit::Held => "broken",
    }
}

/// A moment's rest, whatever happens meanwhile.
fn rest() {
    let (_nobody_sends, nothing) = mpsc::channel::<()>();
    let _time_is_up = nothing.recv_timeout(REST);
}
