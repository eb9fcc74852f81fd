//! What the files and the ledger say together: the queue, and the board as every earlier run left it. Only reads; a live
//! runner is not disturbed, and nothing needs to be there.

use std::collections::BTreeMap;

use super::error::CliError;
use super::place::Place;
use crate::domain::attempt::{AttemptOutcome, Need, Proof};
use crate::domain::board::{Board, PhaseView, RunView, TicketState, TicketView};
use crate::domain::ids::{Sequence, TicketId};
use crate::domain::inbox::Told;
use crate::domain::item::Usage;
use crate::domain::machine::Unfinished;
use crate::domain::queue::{Queue, Readiness};
use crate::domain::reason::{self, Reason};
use crate::domain::ticket::{Finding, KnownNames, QueueEntry};
use crate::domain::time::Timestamp;
use crate::proc::clock::{Clock as _, SystemClock};
use crate::runner;
use crate::store::lock::{Held, RunnerLock};
use crate::store::records::{DoneRecord, RunRecord, StepRecord};
use crate::store::{LedgerError, Reader};
use crate::tickets::load;

/// How many events at a time are read.
const PAGE: usize = 1000;

/// How far back events are read when no attempt is open: what went before is in the projections.
const RECENT: u64 = 5000;

/// The state of a repository at one moment.
pub(super) struct Survey {
    /// The tickets in run order.
    pub(super) queue: Queue,
    /// What is wrong with the queue's folder.
    pub(super) folder_problems: Vec<Finding>,
    /// The ledger.
    pub(super) reader: Reader,
    /// Every ticket that docket ever touched.
    pub(super) board: Board,
    /// Who runs tickets now.
    pub(super) holder: Option<Held>,
    /// The run that goes on, or the last one.
    pub(super) run: Option<RunRecord>,
    /// Tickets that docket wrote `done: true` into.
    pub(super) done: BTreeMap<TicketId, DoneRecord>,
    /// What attempts ended with, waiting for a human, and what was answered since.
    pub(super) paused: BTreeMap<TicketId, Unfinished>,
    /// How many tickets are active.
    active: usize,
    /// When this was so.
    pub(super) now: Timestamp,
    agents: KnownNames,
}

impl Survey {
    /// Looks at everything. A folder of tickets that is missing is an empty queue here.
    pub(super) fn take(place: &Place) -> Result<Self, CliError> {
        let scan = load::scan(&place.places.root, &place.places.tickets);
        let reader = Reader::open(&place.places.ledger())?;
        // Asked before and after: a runner that comes or goes meanwhile must not look as if it had died.
        let before = holder(place)?;
        let past = Past::read(&reader)?;
        let holder = before.or(holder(place)?);
        let queue = Queue::new(scan.entries);
        let mut board = past.board(&queue, holder.is_some());
        let paused = paused(&reader, &queue, &mut board)?;
        Ok(Self {
            active: board.active(),
            queue,
            paused,
            folder_problems: scan.problems,
            board,
            holder,
            run: past.run,
            done: past.done,
            now: SystemClock::new().now().wall,
            agents: place.loaded.config.known_names(),
            reader,
        })
    }

    /// The same, with a folder of tickets.
    pub(super) fn of_queue(place: &Place) -> Result<Self, CliError> {
        place.check_queue()?;
        Self::take(place)
    }

    /// Whether the ticket at `index` could start, and if not, why.
    pub(super) fn readiness(&self, index: usize) -> Readiness {
        self.queue.readiness_of(index, self.now, Some(&self.agents))
    }

    /// The state of the ticket at `index` in a few words.
    pub(super) fn reason(&self, index: usize) -> Reason {
        let Some(entry) = self.queue.entries().get(index) else {
            return reason_of_nothing();
        };
        if let Some(unfinished) = self.paused.get(&entry.id)
            && unfinished.waits_for().is_none()
        {
            let said = match &unfinished.decision {
                Some(decision) if decision.approved => "approved",
                Some(_) => "rejected",
                None => "answered",
            };
            return Reason {
                mark: reason::Mark::Ready,
                text: format!("{said}: goes on with the next run"),
                since: None,
            };
        }
        let mut reason = reason::why_not_beside(
            entry,
            &self.readiness(index),
            &self.board,
            self.active,
            self.now,
        );
        if reason.text.is_empty()
            && let Some(proof) = self.proof(entry)
        {
            proof.as_str().clone_into(&mut reason.text);
        }
        reason
    }

    /// How strong the proof of a ticket is; `None` while it isn't done.
    pub(super) fn proof(&self, entry: &QueueEntry) -> Option<Proof> {
        let view = self.board.tickets.get(&entry.id);
        view.and_then(|view| view.state.proof())
            .or_else(|| entry.is_done().then_some(Proof::ByHand))
    }

    /// What the queue has against the ticket at `index`, its own file's problems included.
    pub(super) fn problems(&self, index: usize) -> Vec<crate::domain::ticket::Problem> {
        let own = self.queue.entries().get(index);
        let own = own.map(|entry| entry.problems.clone()).unwrap_or_default();
        let shared = self.queue.problems_of(index, Some(&self.agents));
        own.into_iter().chain(shared).collect()
    }
}

fn reason_of_nothing() -> Reason {
    Reason {
        mark: reason::Mark::Broken,
        text: String::new(),
        since: None,
    }
}

pub(super) fn holder(place: &Place) -> Result<Option<Held>, CliError> {
    RunnerLock::holder(&place.places.docket()).map_err(|error| CliError::Failed(error.to_string()))
}

/// What the ledger tells.
struct Past {
    board: Board,
    run: Option<RunRecord>,
    done: BTreeMap<TicketId, DoneRecord>,
    steps: BTreeMap<TicketId, StepRecord>,
}

impl Past {
    fn read(reader: &Reader) -> Result<Self, LedgerError> {
        let mut board = runner::earlier_runs(reader)?;
        let done = reader.done_tickets()?;
        let steps = reader.last_steps()?;
        let run = reader.runs()?.pop();
        for (ticket, step) in &steps {
            let is_newer = done.get(ticket).is_none_or(|done| done.run < step.run);
            if is_newer && let Some(outcome) = &step.outcome {
                board
                    .tickets
                    .insert(ticket.clone(), view_of(step, outcome.clone()));
            }
        }
        if let Some(run) = &run {
            board.run = Some(run_view(run));
            fold(reader, run, &mut board)?;
        }
        Ok(Self {
            board,
            run,
            done,
            steps,
        })
    }

    /// The board as it is now that the files are known, and whether anybody still works on it.
    fn board(&self, queue: &Queue, is_alive: bool) -> Board {
        let mut board = self.board.clone();
        if !is_alive {
            board.bury();
        }
        for entry in queue.entries() {
            let says_not = !entry.is_done() && entry.ticket.is_some();
            let view = board.tickets.get(&entry.id);
            let was_done = view.is_some_and(|view| view.state.proof().is_some());
            // Somebody took `done: true` out again: the ticket is to be done once more.
            let is_reopened = says_not && was_done && self.was_written(&entry.id);
            let by_hand = entry.is_done() && view.is_some() && !was_done && !is_active(view);
            if is_reopened || by_hand {
                board.tickets.remove(&entry.id);
            }
        }
        board
    }

    /// Whether docket wrote `done: true` into the ticket's file, in the step that is its last.
    fn was_written(&self, ticket: &TicketId) -> bool {
        let step = self.steps.get(ticket).map(|step| step.run);
        let done = self.done.get(ticket).map(|done| done.run);
        done.is_some() && done >= step
    }
}

fn is_active(view: Option<&TicketView>) -> bool {
    view.is_some_and(|view| view.state.is_active())
}

/// What the last attempts of tickets ended with, where a human is or was needed. The board shows what is open now.
fn paused(
    reader: &Reader,
    queue: &Queue,
    board: &mut Board,
) -> Result<BTreeMap<TicketId, Unfinished>, LedgerError> {
    let mut paused = BTreeMap::new();
    for (ticket, view) in &mut board.tickets {
        let mut is_lost = false;
        let waited = match &view.state {
            TicketState::Finished { outcome } => {
                view.requests.clear();
                is_lost = *outcome == AttemptOutcome::Lost;
                is_lost
                    || matches!(outcome, AttemptOutcome::NeedsHuman { need } if *need != Need::UserTask)
            }
            // Said already, and not gone on with yet.
            TicketState::Queued => true,
            _ => false,
        };
        let is_in_queue = queue.by_id(ticket).is_some_and(|entry| !entry.is_done());
        if !waited || !is_in_queue {
            continue;
        }
        let unfinished = runner::unfinished::of_ticket(reader, ticket)?;
        let needs = |unfinished: &Unfinished| {
            matches!(unfinished.stands(), AttemptOutcome::NeedsHuman { .. })
        };
        let Some(unfinished) = unfinished.filter(needs) else {
            // Given up: it is tried from the start. (One that was lost is so by itself.)
            if !is_lost {
                view.state = TicketState::Queued;
            }
            continue;
        };
        let open = unfinished.open();
        view.requests = open.map(|(id, request)| (id, request.clone())).collect();
        view.attempt = Some(unfinished.from.clone());
        view.state = if unfinished.handed_back.is_some() && unfinished.waits_for().is_none() {
            TicketState::Queued
        } else {
            TicketState::Finished {
                outcome: unfinished.stands(),
            }
        };
        paused.insert(ticket.clone(), unfinished);
    }
    Ok(paused)
}

fn run_view(run: &RunRecord) -> RunView {
    RunView {
        id: run.run,
        branch: run.branch.clone(),
        started: run.started,
        jobs: run.jobs,
        phase: match run.outcome {
            Some(outcome) => PhaseView::Finished { outcome },
            None => PhaseView::Running,
        },
    }
}

fn view_of(step: &StepRecord, outcome: AttemptOutcome) -> TicketView {
    TicketView {
        state: TicketState::Finished { outcome },
        run: step.run,
        attempt: step.attempt.clone(),
        turn: 0,
        agent: String::new(),
        since: step.finished.unwrap_or(step.started),
        workspace: None,
        validations: Vec::new(),
        usage: Usage::default(),
        turn_usage: Usage::default(),
        status: None,
        silent: None,
        requests: BTreeMap::new(),
        dispatches: Vec::new(),
        brought: Vec::new(),
        told: Told::default(),
        is_over: true,
    }
}

/// Takes in the events of the last run. Of a long one only those that can still matter: no attempt starts while a run is
/// paused or ends, so what holds now was said after the oldest open attempt began, or a moment ago.
fn fold(reader: &Reader, run: &RunRecord, board: &mut Board) -> Result<(), LedgerError> {
    let last = reader.head()?.map_or(Sequence(0), |(last, _hash)| last);
    let recent = Sequence(last.0.saturating_sub(RECENT)).max(run.first);
    let open = reader.open_attempts()?;
    let mut from = recent;
    for attempt in open {
        if let Some(record) = reader.attempt(&attempt.attempt)? {
            from = from.min(record.first);
        }
    }
    let mut after = Sequence(from.0.saturating_sub(1));
    loop {
        let page = reader.events(after, PAGE)?;
        let Some(newest) = page.last() else {
            return Ok(());
        };
        after = newest.seq();
        for envelope in page.iter().filter_map(|stored| stored.envelope()) {
            board.apply(envelope);
        }
    }
}
