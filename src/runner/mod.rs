//! The runner: one dispatcher task, one task per attempt.

mod answer;
pub mod comparison;
mod context;
mod desk;
mod dispatcher;
mod done;
mod files;
mod follow;
pub mod gc;
pub mod handle;
pub mod inbox;
mod notify;
mod outside;
mod prepare;
pub mod recorder;
mod recover;
pub mod sandbox;
mod seat;
pub mod terminals;
pub mod unfinished;
mod unit;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

pub use answer::{Answered, NotAnswered, abandon, answer, decide, hand_back, reply, take_over};
pub use context::Places;
pub use dispatcher::Life;
pub use follow::follow;
pub use handle::RunnerHandle;

use self::context::Context;
use self::dispatcher::{Dispatcher, Sources};
use self::inbox::{Door, Inbox};
use self::terminals::Terminals;
use crate::config::Config;
use crate::domain::attempt::{ProcessRecord, Proof};
use crate::domain::board::{Board, Feed};
use crate::domain::ids::{AttemptId, RunId, TicketId};
use crate::domain::item::Usage;
use crate::domain::machine::{History, Input, RunPlan, Standing, State};
use crate::domain::queue::Queue;
use crate::domain::settings::SpendingLimits;
use crate::domain::time::Timestamp;
use crate::domain::unfinished::Unfinished;
use crate::git::Repository;
use crate::proc::clock::{Clock as _, SystemClock};
use crate::proc::identity;
use crate::store::lock::{Holder, LockError, RunnerLock};
use crate::store::records::AttemptRecord;
use crate::store::{Ledger, LedgerError, Reader, Subscriber};
use crate::tickets::load;
use crate::tickets::watch::Watcher;

/// How long a start waits for those who write to the ledger because no runner lives: they take milliseconds.
const DOOR: Duration = Duration::from_secs(2);

/// What a runner is started with.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Where things are.
    pub places: Places,
    /// The whole configuration.
    pub config: Config,
    /// `None` without git.
    pub git: Option<Repository>,
    /// What kind of run it makes.
    pub plan: RunPlan,
    /// How long it lives.
    pub life: Life,
}

/// Why a runner can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another runner holds the repository, or its lock can't be made.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The ledger can't be opened.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// docket's own folder can't be made.
    #[error("can't make {}: {source}", path.display())]
    Folder {
        /// Which.
        path: std::path::PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

/// A runner that lives, and what earlier runs left.
#[derive(Debug)]
pub struct Started {
    /// How to talk to it.
    pub handle: RunnerHandle,
    /// Tickets that earlier runs finished.
    pub board: Board,
    /// What attempts used before, and when: oldest first. Empty when nothing is limited.
    pub spent: Vec<(Timestamp, Usage)>,
}

/// Starts a runner in this process: takes the repository's lock, recovers what a dead docket left, watches the queue.
/// Must be called within a tokio runtime.
pub fn start(setup: Setup) -> Result<Started, StartError> {
    let Setup {
        places,
        config,
        git,
        plan,
        life,
    } = setup;
    let docket = places.docket();
    std::fs::create_dir_all(&docket).map_err(|source| StartError::Folder {
        path: docket.clone(),
        source,
    })?;
    let clock = SystemClock::new();
    // Who answers a request while no runner lives holds the lock for an instant.
    let door = Door::enter(&docket, DOOR);
    let lock = RunnerLock::acquire(&docket, &holder(&clock))?;
    drop(door);
    let (inbox, letters) = Inbox::open(&docket);
    let (feed, feed_receiver) = mpsc::unbounded_channel();
    let (inputs, inputs_receiver) = mpsc::unbounded_channel();
    let told = notify::start(&config.notify, &places, feed.clone());
    let ledger = open_ledger(&places.ledger(), &feed, &inputs, told)?;
    let reader = Reader::open(&places.ledger())?;
    recover::lost_attempts(&places, &ledger, &reader, &clock)?;
    let mut board = earlier_runs(&reader)?;
    let history = history(&reader, &places, git.as_ref())?;
    let last = RunId(history.next_run.saturating_sub(1));
    waiting(&mut board, &history.unfinished, last, &places);
    let is_limited = config.spending != SpendingLimits::default();
    let spent = if is_limited {
        history.spent.clone()
    } else {
        Vec::new()
    };
    let state = State::new(Arc::new(config.settings()), plan, history);
    let (commands, commands_receiver) = mpsc::unbounded_channel();
    let settings = Arc::new(config.settings());
    let context = Context {
        places,
        config,
        settings,
        git,
        ledger,
        clock,
        feed,
        terminals: terminals::post(),
    };
    let (_never_another, terminals) = Terminals::of(Some(context.terminals.clone()));
    let sources = Sources {
        commands: commands_receiver,
        letters,
        inputs: inputs_receiver,
        queue: watch(&context.places, context.feed.clone()),
    };
    let dispatcher = Dispatcher::new(state, Arc::new(context), inputs, life);
    tokio::spawn(async move {
        dispatcher.run(sources).await;
        inbox.close();
        // Held to the very end: nobody else may start before all is on the disk.
        drop(lock);
    });
    Ok(Started {
        handle: RunnerHandle {
            commands,
            feed: feed_receiver,
            take_over: None,
            terminals,
        },
        board,
        spent,
    })
}

fn holder(clock: &SystemClock) -> Holder {
    let pid = std::process::id();
    let nobody = || ProcessRecord {
        pid,
        start_time: 0,
        boot_id: identity::boot_id(),
    };
    Holder {
        process: identity::record(pid).unwrap_or_else(nobody),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        since: clock.now().wall,
    }
}

fn open_ledger(
    path: &Path,
    feed: &mpsc::UnboundedSender<Feed>,
    inputs: &mpsc::UnboundedSender<Input>,
    told: Option<notify::Stored>,
) -> Result<Ledger, LedgerError> {
    let (facts, trouble, broken) = (feed.clone(), feed.clone(), inputs.clone());
    Ledger::open(
        path,
        Subscriber {
            on_commit: Box::new(move |envelopes| {
                if let Some(told) = &told {
                    let _docket_is_ending = told.send(envelopes.clone());
                }
                for envelope in envelopes {
                    let _nobody_listens = facts.send(Feed::Event(envelope));
                }
            }),
            on_error: Box::new(move |error| {
                let _nobody_listens = trouble.send(Feed::Trouble(error.to_string()));
                let _dispatcher_is_gone = broken.send(Input::LedgerBroken);
            }),
        },
    )
}

/// What attempts have used, and when they ended: oldest first.
fn spent<'a>(attempts: impl Iterator<Item = &'a AttemptRecord>) -> Vec<(Timestamp, Usage)> {
    let mut spent: Vec<_> = attempts
        .filter(|known| !known.usage.is_empty())
        .map(|known| (known.finished.unwrap_or(known.started), known.usage))
        .collect();
    spent.sort_by_key(|(at, _)| *at);
    spent
}

/// What is known of earlier runs. Numbers are never used again, also not when the ledger was lost and evidence, worktrees or
/// branches were not, or when docket was killed between the branch of a run and its first word in the ledger.
fn history(
    reader: &Reader,
    places: &Places,
    git: Option<&Repository>,
) -> Result<History, LedgerError> {
    let mut attempt_numbers = BTreeMap::new();
    let attempts = reader.attempts()?;
    let spent = spent(attempts.iter());
    let in_ledger = attempts.into_iter().map(|known| known.attempt);
    for attempt in in_ledger.chain(attempts_with_worktrees(places)) {
        let last = attempt_numbers.entry(attempt.ticket).or_insert(0);
        *last = attempt.number.max(*last);
    }
    let evidence = crate::store::evidence::last_run(&places.evidence());
    let branches = git.map_or(0, |git| {
        git.last_run().unwrap_or_else(|error| {
            tracing::warn!(%error, "can't look for the branches of earlier runs");
            0
        })
    });
    Ok(History {
        next_run: reader.next_run()?.0.max(evidence.max(branches) + 1),
        marker: marker(),
        attempt_numbers,
        ended: reader
            .done_tickets()?
            .into_iter()
            .map(|(ticket, done)| (ticket, done.at))
            .collect(),
        spent,
        unfinished: unfinished::attempts(reader)?,
        generations: reader.generations()?,
        standing: standing(reader)?,
    })
}

/// What humans have allowed for single tickets, as far as those are not done.
fn standing(reader: &Reader) -> Result<Standing, LedgerError> {
    let events = reader.rules_added()?;
    Ok(Standing::of(events.iter()))
}

/// The attempts whose worktrees are still there.
fn attempts_with_worktrees(places: &Places) -> impl Iterator<Item = AttemptId> {
    let entries = std::fs::read_dir(places.worktrees()).into_iter().flatten();
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

/// A token that no other life of docket has, and nobody can guess.
fn marker() -> String {
    use std::hash::{BuildHasher as _, Hasher as _};
    // The standard library's own source of randomness: two independent 64-bit keys of the system's.
    let word = || std::hash::RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", word(), word())
}

/// The board as earlier runs left it.
pub fn earlier_runs(reader: &Reader) -> Result<Board, LedgerError> {
    let mut board = Board::default();
    for (ticket, done) in reader.done_tickets()? {
        if done.proof != Proof::Tampered {
            board.seed(ticket, done.run, done.attempt, done.proof);
        }
    }
    Ok(board)
}

/// Puts onto the board what waits for a human since earlier runs, as far as the tickets are still the same.
fn waiting(
    board: &mut Board,
    unfinished: &BTreeMap<TicketId, Unfinished>,
    last: RunId,
    places: &Places,
) {
    if unfinished.values().all(|left| left.waits_for().is_none()) {
        return;
    }
    for entry in load::scan(&places.root, &places.tickets).entries {
        let left = unfinished.get(&entry.id);
        let left = left.filter(|left| {
            let is_same = left.revision == entry.revision || left.taken.is_some();
            is_same && !entry.is_done()
        });
        if let Some(left) = left.filter(|left| left.waits_for().is_some()) {
            board.seed_waiting(entry.id.clone(), last, left);
        }
    }
}

/// The queue, each time it changes.
fn watch(places: &Places, feed: mpsc::UnboundedSender<Feed>) -> mpsc::Receiver<Arc<Queue>> {
    let (sender, receiver) = mpsc::channel(1);
    // For show: the rules wait for the whole of it.
    let tell = move |beginning, of| {
        let queue = Arc::new(Queue::new(beginning));
        let _nobody_listens = feed.send(Feed::Beginning { queue, of });
    };
    let (watcher, mut changes) = Watcher::start_telling(&places.root, &places.tickets, tell);
    tokio::spawn(async move {
        while let Some(change) = changes.recv().await {
            let queue = Arc::new(Queue::new(change.scan.entries));
            if sender.send(queue).await.is_err() {
                break;
            }
        }
        drop(watcher);
    });
    receiver
}
