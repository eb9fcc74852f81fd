//! Looks at what a runner writes down. Blocks, for a moment.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::growth::Growth;
use super::hints::{Hints, Watches, identity};
use crate::domain::board::{Board, Feed};
use crate::domain::event::{Envelope, Event};
use crate::domain::ids::{AttemptId, RunId, Sequence};
use crate::domain::item::Usage;
use crate::domain::runner_place::RunnerPlace;
use crate::domain::time::Timestamp;
use crate::runner::context::Places;
use crate::runner::{earlier_runs, spent, unfinished, waiting};
use crate::store::evidence;
use crate::store::lock::{Held, LockError, LockWatch};
use crate::store::{LedgerError, Reader};

/// How many facts are read at once.
const PAGE: usize = 1000;

/// What one look found.
pub(super) struct Seen {
    /// Facts, and how far transcripts are, in order.
    pub(super) feed: Vec<Feed>,
    pub(super) runner: RunnerPlace,
    /// What can't be read, and why.
    pub(super) trouble: Option<String>,
    /// There is more to read at once.
    pub(super) more: bool,
    /// It is not the ledger of the look before: docket's folder was removed and made again.
    pub(super) is_another: bool,
}

pub(super) struct Eyes {
    places: Places,
    reader: Reader,
    /// Which file the reader reads (device, inode); `None` while there is none.
    ledger: Option<(u64, u64)>,
    after: Sequence,
    /// The attempts that have not ended.
    live: BTreeMap<AttemptId, Growth>,
    watches: Watches,
    /// Whether everything that had happened before the first look was read.
    is_up_to_date: bool,
    is_another: bool,
    lock: LockWatch,
    /// What was found the last time, for when nobody can tell.
    holder: Option<Held>,
}

impl Eyes {
    /// Finds out where the life of the runner that is there began, and what earlier ones had left: the next look tells
    /// everything since then.
    pub(super) fn open(
        places: &Places,
        hints: &Arc<Hints>,
    ) -> Result<(Self, Board), crate::runner::StartError> {
        let ledger = identity(&places.ledger());
        let reader = Reader::open(&places.ledger())?;
        let mut lock = LockWatch::new(&places.docket());
        let holder = lock.holder()?;
        let since = holder.as_ref().and_then(|held| held.by.as_ref());
        let after = beginning(&reader, since.map(|by| by.since))?;
        let mut board = earlier_runs(&reader)?;
        let last = RunId(reader.next_run()?.0.saturating_sub(1));
        waiting(&mut board, &unfinished::attempts(&reader)?, last, places);
        let eyes = Self {
            places: places.clone(),
            reader,
            ledger,
            after,
            live: BTreeMap::new(),
            watches: Watches::new(hints),
            is_up_to_date: false,
            is_another: false,
            lock,
            holder,
        };
        Ok((eyes, board))
    }

    /// What attempts used of which no fact is told, since they began before.
    pub(super) fn spent(&self) -> Result<Vec<(Timestamp, Usage)>, LedgerError> {
        let attempts = self.reader.attempts()?;
        let earlier = attempts.iter().filter(|known| known.first <= self.after);
        Ok(spent(earlier))
    }

    /// Up to where facts were read.
    pub(super) fn after(&self) -> Sequence {
        self.after
    }

    /// Whether the system does not tell when something changes.
    pub(super) fn is_blind(&self) -> bool {
        self.watches.is_blind_for(&self.places.docket())
    }

    pub(super) fn look(&mut self) -> Seen {
        let mut trouble = None;
        // Watched first: what changes while it is read gives a hint for the next look.
        self.watch();
        // Asked before facts are read: whoever has ended or died by then has written all.
        match self.lock.holder() {
            Ok(holder) => self.holder = holder,
            Err(error) => trouble = Some(in_words(&error)),
        }
        let folder_is_gone = !self.places.docket().is_dir();
        let runner = match &self.holder {
            Some(held) if !folder_is_gone => RunnerPlace::Elsewhere {
                pid: held.by.as_ref().map(|by| by.process.pid),
            },
            _ => RunnerPlace::Nowhere { folder_is_gone },
        };
        let mut feed = Vec::new();
        let more = match self.facts(&mut feed) {
            Ok(more) => more,
            Err(error) => {
                trouble = Some(error.to_string());
                false
            }
        };
        if !more {
            self.is_up_to_date = true;
            self.watch();
            for (attempt, growth) in &mut self.live {
                growth.look(attempt, &mut feed);
            }
        }
        Seen {
            feed,
            runner,
            trouble,
            more,
            is_another: std::mem::take(&mut self.is_another),
        }
    }

    fn watch(&mut self) {
        let folders: Vec<PathBuf> = self.live.values().map(|one| one.folder.clone()).collect();
        let docket = self.places.docket();
        self.watches.only(&[folders, vec![docket]].concat());
    }

    /// The next facts. Whether there are more.
    fn facts(&mut self, feed: &mut Vec<Feed>) -> Result<bool, LedgerError> {
        let found = identity(&self.places.ledger());
        if found.is_none() {
            // The reader would go on with a file that nobody writes to any more.
            return Ok(false);
        }
        if found != self.ledger {
            if self.ledger.is_some() {
                // Somebody removed docket's folder, and another runner began from nothing.
                self.after = Sequence(0);
                self.live.clear();
                self.is_another = true;
            }
            self.reader = Reader::open(&self.places.ledger())?;
            self.ledger = found;
        }
        let page = self.reader.events(self.after, PAGE)?;
        for stored in &page {
            self.after = stored.seq();
            if let Some(envelope) = stored.envelope() {
                self.follow(envelope, feed);
                feed.push(Feed::Event(Arc::new(envelope.clone())));
            }
        }
        Ok(page.len() == PAGE)
    }

    /// Which transcripts grow.
    fn follow(&mut self, envelope: &Envelope, feed: &mut Vec<Feed>) {
        match &envelope.event {
            Event::AttemptStarted { attempt, .. } => {
                let root = self.places.evidence();
                let folder = evidence::folder_of(&root, envelope.run, attempt);
                self.live.insert(attempt.clone(), Growth::new(folder));
            }
            Event::TurnStarted { attempt, turn, .. } => {
                if let Some(growth) = self.live.get_mut(attempt) {
                    growth.turn = Some(*turn);
                }
            }
            Event::TurnFinished { attempt, .. } => {
                if let Some(growth) = self.live.get_mut(attempt) {
                    // What it says at the end of its turn comes before that.
                    if self.is_up_to_date {
                        growth.look(attempt, feed);
                    }
                    growth.turn = None;
                }
            }
            Event::AttemptFinished { attempt, .. } => {
                let ended = self.live.remove(attempt);
                if let Some(mut growth) = ended.filter(|_| self.is_up_to_date) {
                    growth.look(attempt, feed);
                }
            }
            _ => {}
        }
    }
}

/// What comes before the first fact of the runner that lives since then: all of its runs, and one that is open in any case.
fn beginning(reader: &Reader, since: Option<Timestamp>) -> Result<Sequence, LedgerError> {
    let runs = reader.runs()?.into_iter();
    let is_its = |started: Timestamp| since.is_some_and(|since| started >= since);
    let first = runs
        .filter(|run| run.outcome.is_none() || is_its(run.started))
        .map(|run| run.first)
        .min();
    match first {
        Some(first) => Ok(Sequence(first.0.saturating_sub(1))),
        None => Ok(reader.head()?.map_or(Sequence(0), |(last, _hash)| last)),
    }
}

fn in_words(error: &LockError) -> String {
    format!("can't find out who runs the queue: {error}")
}
