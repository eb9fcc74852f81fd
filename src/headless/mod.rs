//! The fold of events for scripts: progress on stderr, results on stdout.

mod human;
mod json;
mod signals;

use std::sync::Arc;

use crate::domain::board::{Board, Feed};
use crate::domain::command::Command;
use crate::domain::event::RunOutcome;
use crate::domain::machine::RunPlan;
use crate::domain::queue::{Queue, Readiness};
use crate::domain::reason;
use crate::exit::Exit;
use crate::runner::{self, RunnerHandle, Setup, StartError};

use self::signals::Signals;

/// Why a headless run could not begin, or could not tell its result.
#[derive(Debug, thiserror::Error)]
pub enum HeadlessError {
    /// The runner can't start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Signals can't be listened to.
    #[error("can't listen to signals: {0}")]
    Signals(#[source] std::io::Error),
    /// The result can't be written.
    #[error("can't write the result: {0}")]
    Output(#[from] std::io::Error),
}

/// What is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Words for people: on stderr, with one line of result on stdout.
    Human,
    /// Nothing: nobody is there.
    Silent,
    /// One JSON document at the end.
    Document,
    /// One JSON line an event, and one for the end.
    Lines,
}

impl Form {
    /// As the flags say: `single` for commands that run one ticket.
    pub fn of(json: bool, single: bool) -> Self {
        match (json, single) {
            (false, _) => Self::Human,
            (true, true) => Self::Document,
            (true, false) => Self::Lines,
        }
    }
}

/// What a headless run has seen.
pub(crate) struct Watched {
    pub(crate) board: Board,
    pub(crate) queue: Arc<Queue>,
    /// Every ticket that this run touched.
    pub(crate) outcome: Option<RunOutcome>,
    pub(crate) trouble: Vec<String>,
}

/// Starts a runner, runs to its end, and prints.
pub async fn drive(setup: Setup, form: Form) -> Result<Exit, HeadlessError> {
    let plan = setup.plan.clone();
    let started = runner::start(setup)?;
    let _dispatcher_is_gone = started.handle.commands.send(Command::Start { only: None });
    follow(started.handle, started.board, &plan, form).await
}

/// Follows a runner that lives (also one that a screen left behind) to its end, and prints.
pub async fn follow(
    handle: RunnerHandle,
    board: Board,
    plan: &RunPlan,
    form: Form,
) -> Result<Exit, HeadlessError> {
    let mut watched = Watched {
        board,
        queue: Arc::default(),
        outcome: None,
        trouble: Vec::new(),
    };
    let mut signals = Signals::listen().map_err(HeadlessError::Signals)?;
    let RunnerHandle { commands, mut feed } = handle;
    // A runner that a screen left behind lives as long as somebody may ask: nobody will after this run.
    let mut commands = (form != Form::Silent || watched.board.has_live_run()).then_some(commands);
    let mut human = (form == Form::Human).then(human::Progress::start);
    loop {
        tokio::select! { biased;
            signal = signals.next() => signals.act(signal, commands.as_ref()).await,
            feed = feed.recv() => {
                let Some(feed) = feed else { break };
                watched.take(&feed);
                if form == Form::Silent && watched.outcome.is_some() {
                    commands = None;
                }
                match (&mut human, form) {
                    (Some(progress), _) => progress.show(&feed, &watched),
                    (None, Form::Lines) => json::feed(&feed)?,
                    (None, Form::Human | Form::Document | Form::Silent) => {}
                }
            }
        }
    }
    if let Some(progress) = human {
        progress.end();
    }
    let exit = watched.exit(plan);
    match form {
        Form::Human => human::result(&watched, plan, exit)?,
        Form::Document => json::document(&watched, plan, exit)?,
        Form::Lines => json::end(&watched, exit)?,
        Form::Silent => {}
    }
    Ok(exit)
}

impl Watched {
    fn take(&mut self, feed: &Feed) {
        match feed {
            Feed::Queue(queue) => self.queue = queue.clone(),
            Feed::Event(envelope) => self.board.apply(envelope),
            Feed::Status { attempt, status } => self.board.set_status(attempt, status.clone()),
            Feed::RunOver { outcome, .. } => self.outcome = Some(*outcome),
            Feed::Trouble(text) => self.trouble.push(text.clone()),
            Feed::Advanced { .. } => {}
        }
    }

    fn exit(&self, plan: &RunPlan) -> Exit {
        let Some(outcome) = self.outcome else {
            return Exit::Failed;
        };
        // A ticket that was asked for by name and is broken is a lint error, not an empty queue.
        let broken = outcome == RunOutcome::NothingReady
            && plan.only.as_ref().is_some_and(|only| {
                self.queue
                    .entries()
                    .iter()
                    .enumerate()
                    .any(|(index, entry)| {
                        entry.id == *only
                            && matches!(
                                self.queue.readiness_of(index, entry_time(), None),
                                Readiness::Broken | Readiness::Ambiguous(_) | Readiness::InCycle(_)
                            )
                    })
            });
        if broken { Exit::Usage } else { outcome.into() }
    }

    /// Why tickets don't run, a line each; for a run that found nothing to do.
    pub(crate) fn reasons(&self, plan: &RunPlan) -> Vec<String> {
        let wanted = |id| plan.only.as_ref().is_none_or(|only| only == id);
        let entries = self.queue.entries().iter().enumerate();
        entries
            .filter(|(_, entry)| wanted(&entry.id))
            .map(|(index, entry)| {
                let readiness = self.queue.readiness_of(index, entry_time(), None);
                let reason = reason::why_not(entry, &readiness, &self.board, entry_time());
                format!("{}: {}", entry.name, reason.text)
            })
            .collect()
    }
}

/// The time against which `not_before` is held when only words depend on it.
fn entry_time() -> crate::domain::time::Timestamp {
    use crate::proc::clock::Clock as _;
    crate::proc::clock::SystemClock::new().now().wall
}
