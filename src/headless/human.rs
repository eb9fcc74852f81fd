//! Words for people: a live line on a terminal, plain lines elsewhere, and one line of result.

use indicatif::{ProgressBar, ProgressStyle};

use super::Watched;
use crate::domain::attempt::{AttemptOutcome, Verdict};
use crate::domain::board::{Feed, TicketState};
use crate::domain::event::{Event, RunOutcome};
use crate::domain::machine::RunPlan;
use crate::domain::reason::coarse;
use crate::domain::request::AnsweredBy;
use crate::domain::time::Timestamp;
use crate::exit::Exit;
use crate::output;

/// Progress on stderr.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
}

impl Progress {
    pub(super) fn start() -> Self {
        let bar = output::is_terminal().then(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{wide_msg}") {
                bar.set_style(style);
            }
            bar
        });
        Self { bar }
    }

    pub(super) fn show(&mut self, feed: &Feed, watched: &Watched) {
        let text = match feed {
            Feed::Event(envelope) => words(&envelope.event, envelope.at),
            Feed::Trouble(text) => Some(format!("trouble: {text}")),
            Feed::Queue(_)
            | Feed::Beginning { .. }
            | Feed::Advanced { .. }
            | Feed::Status { .. }
            | Feed::Used { .. }
            | Feed::RunOver { .. }
            | Feed::Runner(_) => None,
        };
        match (&self.bar, text) {
            (Some(bar), text) => {
                if let Some(text) = text {
                    bar.println(text);
                }
                bar.set_message(summary(watched));
            }
            (None, Some(text)) => output::say(&text),
            (None, None) => {}
        }
    }

    pub(super) fn end(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

/// The live line.
fn summary(watched: &Watched) -> String {
    let board = &watched.board;
    let mut parts = Vec::new();
    if let Some(run) = &board.run {
        parts.push(run.id.to_string());
    }
    for view in board.tickets.values().filter(|view| view.state.is_active()) {
        let attempt = view
            .attempt
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        let doing = match &view.state {
            TicketState::Preparing => "preparing".to_owned(),
            TicketState::Running => format!("turn {}", view.turn),
            TicketState::Validating { check: Some(check) } => format!("validating {check}"),
            TicketState::Validating { check: None } => "validating".to_owned(),
            _ => "integrating".to_owned(),
        };
        parts.push(format!("{attempt} {doing}"));
    }
    parts.join("  ")
}

/// One line about a fact, if it is worth one.
pub(super) fn words(event: &Event, at: Timestamp) -> Option<String> {
    Some(match event {
        Event::RunStarted {
            branch: Some(branch),
            ..
        } => format!("run on {branch}"),
        Event::StepStarted { name, title, .. } => format!("{name} {title}"),
        Event::TurnStarted { attempt, turn, .. } => format!("{attempt} turn {turn}"),
        Event::ValidationFinished {
            attempt,
            validation,
        } => {
            let verdict = verdict(validation.verdict);
            format!(
                "{attempt} {verdict} {} ({} ms)",
                validation.name, validation.millis
            )
        }
        Event::DispatchReceived { attempt, title, .. } => format!("{attempt} says: {title}"),
        Event::TicketBrought { attempt, news, .. } => format!("{attempt} {news}"),
        Event::NoteBrought { attempt, news, .. } => format!("{attempt} {news}"),
        Event::RequestOpened {
            attempt,
            id,
            request,
        } => format!("{attempt} asks {id}: {}", request.title),
        Event::RequestAnswered {
            attempt, id, by, ..
        } => match by {
            AnsweredBy::Human => format!("{attempt} {id} was answered"),
            AnsweredBy::Rule { rule } => {
                format!("{attempt} {id} was answered by the rule `{rule}`")
            }
            AnsweredBy::Standing { rule, scope } => {
                format!("{attempt} {id} was allowed by the rule `{rule}` ({scope})")
            }
            AnsweredBy::Policy => format!("{attempt} {id} was answered by the policy"),
            AnsweredBy::NobodyThere => {
                format!("{attempt} {id} was refused: nobody is there to ask")
            }
        },
        Event::TurnSilent {
            attempt,
            since: Some(_),
            ..
        } => format!(
            "{attempt} is silent: `docket claim {}` if its turn is over",
            attempt.ticket
        ),
        Event::BackedOff {
            attempt,
            count,
            until,
            why,
            ..
        } => {
            let wait = coarse(until.since(at));
            format!("{attempt} waits {wait} for the provider ({count}): {why}")
        }
        Event::MergeQueued { attempt } => format!("{attempt} waits to be merged"),
        Event::CaughtUp {
            attempt, conflicts, ..
        } if conflicts.is_empty() => format!("{attempt} catches up with what was merged meanwhile"),
        Event::CaughtUp {
            attempt, conflicts, ..
        } => format!(
            "{attempt} contradicts what was merged meanwhile: {}",
            conflicts.join(", ")
        ),
        Event::Merged { attempt, .. } => format!("{attempt} is merged into your branch"),
        Event::NotMerged { attempt, why } => {
            format!("{attempt} can't be merged into your branch: {why}")
        }
        Event::TicketReopened { ticket, .. } => {
            format!("the recurring ticket {ticket} is due again")
        }
        Event::GateReached { attempt, need } => format!("{attempt} {need}"),
        // The gate or the request was told just before.
        Event::AttemptFinished {
            outcome: AttemptOutcome::NeedsHuman { .. },
            ..
        } => return None,
        Event::AttemptFinished { attempt, outcome } => format!("{attempt} {outcome}"),
        Event::StepFinished {
            outcome: AttemptOutcome::NeedsHuman { need },
            ..
        } => {
            format!("  {need}")
        }
        Event::Recovered {
            attempt,
            killed,
            kept,
        } => {
            let kept = kept
                .as_ref()
                .map(|path| format!(", its work stays in {}", path.display()));
            let kept = kept.unwrap_or_default();
            format!("{attempt} was left by a docket that died: {killed} processes ended{kept}")
        }
        Event::CancelRequested { reason, .. } => format!("stopping ({})", reason.as_str()),
        Event::Refused { what, why } => format!("can't {what}: {why}"),
        Event::RunPaused => "paused".to_owned(),
        Event::RunResumed => "goes on".to_owned(),
        _ => return None,
    })
}

/// The result: one line on stdout; why nothing ran, on stderr.
pub(super) fn result(watched: &Watched, plan: &RunPlan, exit: Exit) -> std::io::Result<()> {
    if watched.outcome == Some(RunOutcome::NothingReady) {
        for reason in watched.reasons(plan).into_iter().take(10) {
            output::say(&reason);
        }
    }
    let run = watched.board.run.as_ref();
    let (done, failed, waiting) = watched.counts();
    let outcome = outcome(watched.outcome);
    let _ = exit;
    for line in watched.advice() {
        output::say(&line);
    }
    let run = run.map(|run| format!("{}: ", run.id)).unwrap_or_default();
    output::line(&format!(
        "{run}{outcome} ({done} done, {failed} failed, {waiting} waiting)"
    ))
}

/// How a run ended, in words.
pub(super) fn outcome(outcome: Option<RunOutcome>) -> &'static str {
    match outcome {
        Some(RunOutcome::Done) => "done",
        Some(RunOutcome::NothingReady) => "nothing is ready to run",
        Some(RunOutcome::NeedsHuman) => "a human is needed",
        Some(RunOutcome::Failed) => "failed",
        Some(RunOutcome::Limit) => "a limit was hit",
        Some(RunOutcome::Cancelled { reason }) => reason.as_str(),
        Some(RunOutcome::Lost | RunOutcome::Broken) | None => "docket could not go on",
    }
}

/// A verdict in a word.
pub(super) fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail => "FAIL",
        Verdict::TimedOut => "TIMED OUT",
        Verdict::Inconclusive => "INCONCLUSIVE",
    }
}
