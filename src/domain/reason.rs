//! Why a ticket is where it is, in a few words: the same on the screen, in `docket ls` and in `docket status`.

use std::time::Duration;

use serde::Serialize;

use super::attempt::{AttemptOutcome, Failure, Need, Proof};
use super::board::{Board, PhaseView, TicketState, TicketView};
use super::item::AgentStatus;
use super::queue::Readiness;
use super::ticket::QueueEntry;
use super::time::Timestamp;

/// What a ticket's line begins with. Never told by colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// It may start.
    Ready,
    /// Something must happen before it may start.
    Blocked,
    /// Something works on it.
    Running,
    /// Checks run, or its work is brought together.
    Checking,
    /// A human is needed.
    Waiting,
    /// It is done.
    Done,
    /// It ended without being done.
    Failed,
    /// Somebody or something stopped it, or it was left out.
    Stopped,
    /// Its file can't be read as a ticket.
    Broken,
}

impl Mark {
    /// That of an attempt's end; of none, that it runs.
    pub fn of_outcome(outcome: Option<&AttemptOutcome>) -> Self {
        match outcome {
            None => Self::Running,
            Some(AttemptOutcome::Done { .. }) => Self::Done,
            Some(AttemptOutcome::NeedsHuman { .. }) => Self::Waiting,
            Some(AttemptOutcome::Cancelled { .. }) => Self::Stopped,
            Some(
                AttemptOutcome::Failed { .. } | AttemptOutcome::Limit { .. } | AttemptOutcome::Lost,
            ) => Self::Failed,
        }
    }

    /// In a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Blocked => "blocked",
            Self::Running => "running",
            Self::Checking => "checking",
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
            Self::Broken => "broken",
        }
    }
}

/// A ticket's state in a few words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// What its line begins with.
    pub mark: Mark,
    /// Why it is not running, or what it is doing; empty when there is nothing to say.
    pub text: String,
    /// Since when something goes on whose duration `text` tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
}

impl Reason {
    fn new(mark: Mark, text: impl Into<String>) -> Self {
        Self {
            mark,
            text: text.into(),
            since: None,
        }
    }
}

/// Why the ticket of `entry` is not running, or what it is doing at `now`.
pub fn why_not(entry: &QueueEntry, readiness: &Readiness, board: &Board, now: Timestamp) -> Reason {
    why_not_beside(entry, readiness, board, board.active(), now)
}

/// The same for many tickets: `active` is [`Board::active`], counted once.
pub fn why_not_beside(
    entry: &QueueEntry,
    readiness: &Readiness,
    board: &Board,
    active: usize,
    now: Timestamp,
) -> Reason {
    let view = board.tickets.get(&entry.id);
    if let Some(view) = view
        && let Some(reason) = by_state(view, board, now)
    {
        return reason;
    }
    match readiness {
        Readiness::Done => Reason::new(Mark::Done, proof_words(view)),
        Readiness::After(names) => {
            let digits: Vec<_> = names.iter().map(super::ids::TicketName::digits).collect();
            Reason::new(Mark::Blocked, format!("after {}", digits.join(", ")))
        }
        Readiness::NotBefore(_) => Reason::new(Mark::Blocked, "not yet"),
        Readiness::Broken => Reason::new(Mark::Broken, broken_words(entry)),
        Readiness::Ambiguous(others) => {
            let others: Vec<_> = others.iter().map(|path| path.to_string_lossy()).collect();
            Reason::new(
                Mark::Broken,
                format!("number or id also in {}", others.join(", ")),
            )
        }
        Readiness::UnknownAgent(agent) => {
            Reason::new(Mark::Broken, format!("unknown agent {agent}"))
        }
        Readiness::UnknownPolicy(policy) => {
            Reason::new(Mark::Broken, format!("unknown policy {policy}"))
        }
        Readiness::UnknownDependency(missing) => {
            let missing: Vec<_> = missing.iter().map(ToString::to_string).collect();
            Reason::new(
                Mark::Broken,
                format!("needs {}, which doesn't exist", missing.join(", ")),
            )
        }
        Readiness::InCycle(names) => {
            let digits: Vec<_> = names.iter().map(super::ids::TicketName::digits).collect();
            Reason::new(Mark::Broken, format!("in a circle: {}", digits.join(" → ")))
        }
        Readiness::Ready => ready(entry, view, board, active),
    }
}

/// The reason that the board gives; `None` where the queue knows better.
fn by_state(view: &TicketView, board: &Board, now: Timestamp) -> Option<Reason> {
    let paused = matches!(
        board.run.as_ref().map(|run| run.phase),
        Some(PhaseView::Paused)
    );
    let for_long = |text: String| {
        let text = format!("{text} {}", coarse(now.since(view.since)));
        let text = if paused {
            format!("paused, {text}")
        } else {
            text
        };
        Reason {
            mark: Mark::Running,
            text,
            since: Some(view.since),
        }
    };
    let reason = match &view.state {
        TicketState::Queued => return None,
        TicketState::Preparing => for_long("preparing".to_owned()),
        TicketState::Running if let Some(since) = view.silent_since() => Reason {
            mark: Mark::Running,
            text: format!("silent {}", coarse(now.since(since))),
            since: Some(since),
        },
        TicketState::Running => match &view.status {
            Some(AgentStatus::Retrying { count, .. }) => {
                for_long(format!("turn {} retrying {count}", view.turn))
            }
            _ => for_long(format!("turn {}", view.turn)),
        },
        TicketState::Validating { check: Some(check) } => Reason {
            mark: Mark::Checking,
            ..for_long(check.clone())
        },
        TicketState::Validating { check: None } => Reason::new(Mark::Checking, "checking"),
        TicketState::Waiting { need } => Reason::new(Mark::Waiting, need_words(need)),
        TicketState::BackingOff { until, .. } => Reason {
            mark: Mark::Waiting,
            text: format!("provider busy, again in {}", coarse(until.since(now))),
            since: Some(view.since),
        },
        TicketState::MergeQueued => Reason::new(Mark::Checking, "waits to be merged"),
        TicketState::Integrating => Reason::new(Mark::Checking, "integrating"),
        TicketState::Skipped => Reason::new(Mark::Stopped, "skipped"),
        TicketState::Finished { outcome } => finished(outcome),
    };
    Some(reason)
}

fn finished(outcome: &AttemptOutcome) -> Reason {
    match outcome {
        AttemptOutcome::Done {
            proof: Proof::Tampered,
        } => Reason::new(Mark::Failed, Proof::Tampered.as_str()),
        AttemptOutcome::Done { proof } => Reason::new(Mark::Done, proof.as_str()),
        AttemptOutcome::Failed { failure } => {
            let why = match failure {
                Failure::Validation { names } => names.join(", "),
                other => first_line(&other.to_string()).to_owned(),
            };
            Reason::new(Mark::Failed, format!("failed: {why}"))
        }
        AttemptOutcome::Limit { limit } => {
            Reason::new(Mark::Failed, format!("limit: {}", limit.as_str()))
        }
        AttemptOutcome::NeedsHuman { need } => Reason::new(Mark::Waiting, need_words(need)),
        AttemptOutcome::Cancelled { reason } => Reason::new(Mark::Stopped, reason.as_str()),
        AttemptOutcome::Lost => Reason::new(Mark::Failed, "lost"),
    }
}

fn need_words(need: &Need) -> String {
    match need {
        Need::UserTask => "needs you".to_owned(),
        Need::Review { reasons } => match reasons.first() {
            Some(reason) => format!("review: {}", first_line(&reason.to_string())),
            None => "review".to_owned(),
        },
        Need::NoProgress => "no progress".to_owned(),
        Need::Conflict { .. } => "merge conflict".to_owned(),
        Need::Reply { text } => format!("asks: {}", first_line(text)),
        Need::Request { title, .. } => format!("asks: {}", first_line(title)),
        Need::Interrupted => "interrupted".to_owned(),
        Need::TakenOver { .. } => "taken over".to_owned(),
    }
}

fn broken_words(entry: &QueueEntry) -> String {
    let error = entry.problems.iter().find(|problem| problem.is_error());
    match error {
        Some(problem) => format!("broken {}", problem.code),
        None => "broken".to_owned(),
    }
}

fn proof_words(view: Option<&TicketView>) -> &'static str {
    match view.and_then(|view| view.state.proof()) {
        Some(proof) => proof.as_str(),
        None => "",
    }
}

fn ready(entry: &QueueEntry, view: Option<&TicketView>, board: &Board, active: usize) -> Reason {
    let is_users = entry
        .ticket
        .as_ref()
        .is_some_and(|ticket| ticket.agent.is_user());
    if is_users {
        return Reason::new(Mark::Waiting, "needs you");
    }
    let text = match board.run.as_ref().map(|run| (run.phase, run.jobs)) {
        Some((PhaseView::Paused, _)) => "paused",
        Some((PhaseView::Running, jobs)) if active >= jobs as usize => "no slot",
        Some((PhaseView::Running, _)) if view.is_some() => "next attempt",
        Some((PhaseView::Ending { .. }, _)) => "the run ends",
        Some((PhaseView::Running | PhaseView::Finished { .. }, _)) | None => "",
    };
    Reason::new(Mark::Ready, text)
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or("").trim()
}

/// A duration in few letters that seldom change: whole seconds below ten, tens of seconds below a minute, then minutes.
///
/// A screen full of running tickets would otherwise be painted every second for figures that nobody needs.
pub fn coarse(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..10 => format!("{seconds}s"),
        10..60 => format!("{}s", seconds / 10 * 10),
        60..3600 => format!("{}m", seconds / 60),
        _ => format!("{}h {:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

/// How long it takes until [`coarse`] says something else.
pub fn until_coarse_changes(duration: Duration) -> Duration {
    let step = match duration.as_secs() {
        0..10 => 1_000,
        10..60 => 10_000,
        _ => 60_000,
    };
    let into = u64::try_from(duration.as_millis() % step).unwrap_or(0);
    Duration::from_millis(u64::try_from(step).unwrap_or(1_000) - into)
}

/// A count for people: `41.2k`.
pub fn count(count: u64) -> String {
    match count {
        0..1_000 => count.to_string(),
        1_000..1_000_000 => format!("{}.{}k", count / 1_000, count / 100 % 10),
        _ => format!("{}.{}M", count / 1_000_000, count / 100_000 % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::attempt::CancelReason;

    #[test]
    fn coarse_durations_change_when_they_say_so() {
        let mut at = Duration::ZERO;
        let mut texts = Vec::new();
        while at < Duration::from_secs(200) {
            texts.push(coarse(at));
            let step = until_coarse_changes(at);
            assert_eq!(
                coarse(at),
                coarse(at + step.saturating_sub(Duration::from_millis(1)))
            );
            assert_ne!(coarse(at), coarse(at + step));
            at += step;
        }
        assert_eq!(texts.first().map(String::as_str), Some("0s"));
        assert_eq!(texts.last().map(String::as_str), Some("3m"));
        assert_eq!(texts.len(), 10 + 5 + 3);
        assert_eq!(coarse(Duration::from_secs(3_900)), "1h 05m");
    }

    #[test]
    fn outcomes_have_short_words() {
        let words = |outcome| {
            let reason = finished(&outcome);
            (reason.mark, reason.text)
        };
        let failed = AttemptOutcome::Failed {
            failure: Failure::Validation {
                names: vec!["clippy".into(), "test".into()],
            },
        };
        assert_eq!(
            words(failed),
            (Mark::Failed, "failed: clippy, test".to_owned())
        );
        let cancelled = AttemptOutcome::Cancelled {
            reason: CancelReason::Stopped,
        };
        assert_eq!(words(cancelled), (Mark::Stopped, "stopped".to_owned()));
    }
}
