//! The fold of events for scripts: progress on stderr, results on stdout.

mod human;
mod json;
pub mod plain;
mod signals;

use std::sync::Arc;

use crate::domain::advice;
use crate::domain::attempt::{AttemptOutcome, CancelReason, Need};
use crate::domain::board::{Board, Feed, TicketState};
use crate::domain::command::Command;
use crate::domain::event::RunOutcome;
use crate::domain::ids::TicketId;
use crate::domain::machine::RunPlan;
use crate::domain::problem::{Finding, Problem};
use crate::domain::queue::{Queue, Readiness};
use crate::domain::reason;
use crate::domain::ticket::{KnownNames, QueueEntry};
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
    /// Words for people on stderr; the result is told by whoever called.
    Progress,
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
    /// The agents that tickets may name; `None` when nobody is told of reasons.
    agents: Option<KnownNames>,
    /// Every ticket that this run touched.
    pub(crate) outcome: Option<RunOutcome>,
    pub(crate) trouble: Vec<String>,
}

/// Starts a runner, runs to its end, and prints.
pub async fn drive(setup: Setup, form: Form) -> Result<Exit, HeadlessError> {
    let plan = setup.plan.clone();
    let agents = setup.config.settings().known_names();
    // Before anything starts: a signal must not end docket while an agent is about to run.
    let signals = listen()?;
    let started = runner::start(setup)?;
    let _dispatcher_is_gone = started.handle.commands.send(Command::Start { only: None });
    let watched = Watched::new(started.board, Some(agents));
    watch(started.handle, watched, signals, &plan, form).await
}

/// Follows a runner that lives (also one that a screen left behind) to its end, and prints.
pub async fn follow(
    handle: RunnerHandle,
    board: Board,
    plan: &RunPlan,
    form: Form,
) -> Result<Exit, HeadlessError> {
    watch(handle, Watched::new(board, None), listen()?, plan, form).await
}

fn listen() -> Result<Signals, HeadlessError> {
    Signals::listen().map_err(HeadlessError::Signals)
}

async fn watch(
    handle: RunnerHandle,
    mut watched: Watched,
    mut signals: Signals,
    plan: &RunPlan,
    form: Form,
) -> Result<Exit, HeadlessError> {
    let RunnerHandle {
        commands, mut feed, ..
    } = handle;
    // A runner that a screen left behind lives as long as somebody may ask: nobody will after this run.
    let mut commands = (form != Form::Silent || watched.board.has_live_run()).then_some(commands);
    let mut human = matches!(form, Form::Human | Form::Progress).then(human::Progress::start);
    let mut printed = Ok(());
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
                    (None, Form::Lines) if printed.is_ok() => {
                        printed = json::feed(&feed);
                        // Nobody would know what happens from here on: the run ends in good order.
                        if let (Err(_), Some(commands)) = (&printed, &commands) {
                            let reason = CancelReason::HangUp;
                            let _dispatcher_is_gone = commands.send(Command::Cancel { reason });
                        }
                    }
                    (None, _) => {}
                }
            }
        }
    }
    if let Some(progress) = human {
        progress.end();
    }
    printed?;
    let exit = watched.exit(plan);
    match form {
        Form::Human => human::result(&watched, plan, exit)?,
        Form::Document => json::document(&watched, plan, exit)?,
        Form::Lines => json::end(&watched, exit)?,
        Form::Silent | Form::Progress => {}
    }
    Ok(exit)
}

impl Watched {
    fn new(board: Board, agents: Option<KnownNames>) -> Self {
        Self {
            board,
            queue: Arc::default(),
            agents,
            outcome: None,
            trouble: Vec::new(),
        }
    }

    fn take(&mut self, feed: &Feed) {
        match feed {
            Feed::Queue(queue) => self.queue = queue.clone(),
            Feed::Event(envelope) => self.board.apply(envelope),
            Feed::Status { attempt, status } => self.board.set_status(attempt, status.clone()),
            Feed::Used { attempt, usage } => self.board.set_usage(attempt, *usage),
            Feed::RunOver { outcome, .. } => self.outcome = Some(*outcome),
            Feed::Trouble(text) => self.trouble.push(text.clone()),
            Feed::Advanced { .. } | Feed::Beginning { .. } | Feed::Runner(_) => {}
        }
    }

    /// The tickets of this run that wait for a human: each with what it waits for, and the commands that answer it.
    fn waiting(&self) -> impl Iterator<Item = (&QueueEntry, &Need, Vec<String>)> {
        let run = self.board.run.as_ref().map(|run| run.id);
        self.queue.entries().iter().filter_map(move |entry| {
            let view = self.board.tickets.get(&entry.id)?;
            let need = match &view.state {
                TicketState::Finished {
                    outcome: AttemptOutcome::NeedsHuman { need },
                } if Some(view.run) == run => need,
                _ => return None,
            };
            Some((entry.as_ref(), need, advice::commands(need, &entry.name)))
        })
    }

    /// The commands that answer what a ticket waits for.
    fn commands(&self, ticket: &TicketId) -> Vec<String> {
        let waiting = self.waiting().find(|(entry, _, _)| entry.id == *ticket);
        waiting.map_or_else(Vec::new, |(_, _, commands)| commands)
    }

    /// What to do about the tickets that wait for a human, line by line.
    fn advice(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (entry, need, commands) in self.waiting() {
            if commands.is_empty() {
                continue;
            }
            lines.push(format!("{} {need}", entry.name));
            lines.extend(commands.into_iter().map(|command| format!("  {command}")));
        }
        lines
    }

    /// How many tickets of this run are done, how many failed, and how many wait for a human.
    fn counts(&self) -> (u32, u32, u32) {
        let run = self.board.run.as_ref().map(|run| run.id);
        let views = self.board.tickets.values();
        let (mut done, mut failed, mut waiting) = (0, 0, 0);
        for view in views.filter(|view| Some(view.run) == run) {
            match &view.state {
                TicketState::Finished {
                    outcome: AttemptOutcome::Done { .. },
                } => done += 1,
                TicketState::Finished {
                    outcome: AttemptOutcome::NeedsHuman { .. },
                } => waiting += 1,
                TicketState::Finished { .. } => failed += 1,
                _ => {}
            }
        }
        (done, failed, waiting)
    }

    fn exit(&self, plan: &RunPlan) -> Exit {
        let Some(outcome) = self.outcome else {
            return Exit::Failed;
        };
        // A ticket that was asked for by name and is broken is a lint error, not an empty queue.
        let broken = outcome == RunOutcome::NothingReady
            && plan.only.is_some()
            && self.wanted(plan).any(|(_, readiness)| {
                matches!(
                    readiness,
                    Readiness::Broken
                        | Readiness::Ambiguous(_)
                        | Readiness::InCycle(_)
                        | Readiness::UnknownAgent(_)
                        | Readiness::UnknownPolicy(_)
                        | Readiness::UnknownDependency(_)
                )
            });
        if broken { Exit::Usage } else { outcome.into() }
    }

    /// The tickets that the plan is about, and whether each could start.
    fn wanted(&self, plan: &RunPlan) -> impl Iterator<Item = (&QueueEntry, Readiness)> {
        let entries = self.queue.entries().iter().enumerate();
        entries
            .filter(|(_, entry)| {
                let only = plan.only.as_ref();
                only.is_none_or(|only| only.contains(&entry.id))
            })
            .map(|(index, entry)| {
                let agents = self.agents.as_ref();
                let readiness = self.queue.readiness_of(index, entry_time(), agents);
                (entry.as_ref(), readiness)
            })
    }

    /// Why tickets don't run, a line each; for a run that found nothing to do.
    pub(crate) fn reasons(&self, plan: &RunPlan) -> Vec<String> {
        self.wanted(plan)
            .flat_map(|(entry, readiness)| self.reason(entry, &readiness))
            .collect()
    }

    fn reason(&self, entry: &QueueEntry, readiness: &Readiness) -> Vec<String> {
        // What is wrong with the file itself: where, and what to write instead.
        let findings = entry
            .problems
            .iter()
            .filter(|problem: &&Problem| problem.is_error())
            .map(|problem| Finding {
                path: entry.path.clone(),
                problem: problem.clone(),
            });
        let findings: Vec<_> = findings.map(|finding| finding.to_string()).collect();
        if *readiness == Readiness::Broken && !findings.is_empty() {
            return findings;
        }
        let reason = reason::why_not(entry, readiness, &self.board, entry_time());
        let hint = match readiness {
            Readiness::UnknownAgent(agent) => {
                format!(": add [agents.{agent}] to docket.toml, or use `shell` or `user`")
            }
            Readiness::UnknownPolicy(policy) => {
                format!(": add [policies.{policy}] to docket.toml, or write one that is there")
            }
            _ => String::new(),
        };
        vec![format!("{}: {}{hint}", entry.name, reason.text)]
    }
}

/// The time against which `not_before` is held when only words depend on it.
fn entry_time() -> crate::domain::time::Timestamp {
    use crate::proc::clock::Clock as _;
    crate::proc::clock::SystemClock::new().now().wall
}
