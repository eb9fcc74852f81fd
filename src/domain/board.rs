//! The fold of events that every reader shares: the screen, `--once`, `docket status` and replay see the same board.

mod asking;
mod buried;

use std::collections::BTreeMap;

use serde::Serialize;

use super::attempt::{AttemptOutcome, CancelReason, Need, Proof, Validation, Workspace};
use super::event::{Envelope, Event, RunOutcome};
pub use super::feed::Feed;
use super::ids::{AttemptId, RunId, TicketId};
use super::inbox::Told;
use super::item::{AgentStatus, Usage};
use super::request::{Request, RequestId};
use super::time::Timestamp;
use super::unfinished::Unfinished;

/// The state of everything that events tell of.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Board {
    /// The current run, or the last one.
    pub run: Option<RunView>,
    /// Every ticket that events spoke of.
    pub tickets: BTreeMap<TicketId, TicketView>,
    /// The last command that was refused, and why.
    pub refused: Option<String>,
    #[serde(skip)]
    attempts: BTreeMap<AttemptId, TicketId>,
}

/// A run as people see it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunView {
    /// Its id.
    pub id: RunId,
    /// Its branch.
    pub branch: Option<String>,
    /// When it began.
    pub started: Timestamp,
    /// Attempts side by side.
    pub jobs: u32,
    /// Where it stands.
    pub phase: PhaseView,
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum PhaseView {
    /// It goes on.
    Running,
    /// It is frozen.
    Paused,
    /// It is being stopped.
    Ending {
        /// Why.
        reason: CancelReason,
    },
    /// It is over.
    Finished {
        /// How.
        outcome: RunOutcome,
    },
}

/// A ticket as people see it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TicketView {
    /// Where it stands.
    pub state: TicketState,
    /// In which run that was.
    pub run: RunId,
    /// Its attempt, the last one.
    pub attempt: Option<AttemptId>,
    /// The attempt's turn.
    pub turn: u32,
    /// The agent's name.
    pub agent: String,
    /// Since when it stands so.
    pub since: Timestamp,
    /// The attempt's working tree.
    pub workspace: Option<Workspace>,
    /// The attempt's validations, the last verdict of each name.
    pub validations: Vec<Validation>,
    /// Tokens and money over all attempts that events told of.
    pub usage: Usage,
    /// What the turn that runs has used so far; not in `usage` yet.
    #[serde(skip_serializing_if = "Usage::is_empty")]
    pub turn_usage: Usage,
    /// What the agent is doing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<AgentStatus>,
    /// Since when its program is quiet, while only a human can tell whether its turn is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub silent: Option<Timestamp>,
    /// What the agent asks and nobody has answered, oldest first.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub requests: BTreeMap<RequestId, Request>,
    /// Messages from the agent, newest last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dispatches: Vec<String>,
    /// What became of tickets and notes that the agent wrote or changed, newest last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub brought: Vec<String>,
    /// More of what its agent says to people.
    #[serde(skip)]
    pub told: Told,
    /// Whether that attempt has ended.
    #[serde(skip)]
    pub is_over: bool,
}

/// Where a ticket stands in the life of a step (DESIGN 5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum TicketState {
    /// Not begun, or between two attempts.
    Queued,
    /// Its working tree is being made.
    Preparing,
    /// The agent works.
    Running,
    /// The turn is being saved, or validations run.
    Validating {
        /// The one that runs.
        check: Option<String>,
    },
    /// A human is needed.
    Waiting {
        /// What for.
        need: Need,
    },
    /// The provider is given time.
    BackingOff {
        /// Until when.
        until: Timestamp,
        /// What failed.
        why: String,
    },
    /// Evidence is sealed, the work is brought to the run's branch.
    Integrating,
    /// Accepted; others are merged first.
    MergeQueued,
    /// It ended.
    Finished {
        /// How.
        outcome: AttemptOutcome,
    },
    /// Left out of this run.
    Skipped,
}

impl TicketState {
    /// Whether something works on it now.
    pub fn is_active(&self) -> bool {
        matches!(
            self,
            Self::Preparing
                | Self::Running
                | Self::Validating { .. }
                | Self::MergeQueued
                | Self::Integrating
        )
    }

    /// The proof, when it is done.
    pub fn proof(&self) -> Option<Proof> {
        match self {
            Self::Finished {
                outcome: AttemptOutcome::Done { proof },
            } => Some(*proof),
            _ => None,
        }
    }
}

impl Board {
    /// Puts what earlier runs left: tickets that are done, with their proof.
    pub fn seed(&mut self, ticket: TicketId, run: RunId, attempt: Option<AttemptId>, proof: Proof) {
        let view = self
            .tickets
            .entry(ticket.clone())
            .or_insert_with(|| TicketView::new(run));
        view.attempt.clone_from(&attempt);
        view.state = TicketState::Finished {
            outcome: AttemptOutcome::Done { proof },
        };
        if let Some(attempt) = attempt {
            self.attempts.insert(attempt, ticket);
        }
    }

    /// Puts what earlier runs left waiting for a human.
    pub fn seed_waiting(&mut self, ticket: TicketId, run: RunId, unfinished: &Unfinished) {
        let mut view = TicketView::new(run);
        view.attempt = Some(unfinished.from.clone());
        view.is_over = true;
        view.turn = unfinished.work.turn;
        view.agent = unfinished.agent.to_string();
        view.workspace = unfinished
            .carry
            .as_ref()
            .map(|carry| carry.workspace.clone());
        let open = unfinished.open();
        view.requests = open.map(|(id, request)| (id, request.clone())).collect();
        view.state = TicketState::Finished {
            outcome: unfinished.stands(),
        };
        self.attempts
            .insert(unfinished.from.clone(), ticket.clone());
        self.tickets.insert(ticket, view);
    }

    /// The ticket of an attempt.
    pub fn ticket_of(&self, attempt: &AttemptId) -> Option<&TicketId> {
        self.attempts.get(attempt)
    }

    /// Takes in what an agent is doing.
    pub fn set_status(&mut self, attempt: &AttemptId, status: AgentStatus) {
        if let Some(view) = self.of(attempt) {
            view.status = Some(status);
        }
    }

    /// Takes in what the turn that runs has used so far.
    pub fn set_usage(&mut self, attempt: &AttemptId, usage: Usage) {
        if let Some(view) = self.of(attempt) {
            view.turn_usage = usage;
        }
    }

    /// Whether a run goes on (also a paused one, or one that is ending).
    pub fn has_live_run(&self) -> bool {
        self.run
            .as_ref()
            .is_some_and(|run| !matches!(run.phase, PhaseView::Finished { .. }))
    }

    /// How many tickets are active.
    pub fn active(&self) -> usize {
        self.tickets
            .values()
            .filter(|view| view.state.is_active())
            .count()
    }

    /// How many tickets wait for a human.
    pub fn waiting(&self) -> usize {
        let waits = |view: &&TicketView| view.waits_for_a_human();
        self.tickets.values().filter(waits).count()
    }

    fn of(&mut self, attempt: &AttemptId) -> Option<&mut TicketView> {
        self.attempts
            .get(attempt)
            .and_then(|ticket| self.tickets.get_mut(ticket))
    }

    fn set(&mut self, attempt: &AttemptId, at: Timestamp, state: TicketState) {
        if let Some(view) = self.of(attempt) {
            view.set(at, state);
        }
    }

    /// A human is needed, by an attempt that lives or by one that has ended.
    fn needs(&mut self, attempt: &AttemptId, at: Timestamp, need: Need) {
        let Some(view) = self.of(attempt) else { return };
        if view.attempt.as_ref() != Some(attempt) {
            return;
        }
        let is_over = match &view.state {
            TicketState::Finished { .. } => true,
            // What a human has said is kept until the next run.
            TicketState::Queued => view.is_over,
            _ => false,
        };
        let state = if is_over {
            let outcome = AttemptOutcome::NeedsHuman { need };
            TicketState::Finished { outcome }
        } else {
            TicketState::Waiting { need }
        };
        view.set(at, state);
    }

    /// A human has said what the ended attempt waited for: the next one goes on with that.
    fn waits_no_more(&mut self, attempt: &AttemptId, at: Timestamp) {
        if let Some(view) = self.of(attempt)
            && view.attempt.as_ref() == Some(attempt)
            && let TicketState::Finished {
                outcome: AttemptOutcome::NeedsHuman { need },
            } = &view.state
            && !matches!(need, Need::Request { .. } | Need::UserTask)
        {
            view.set(at, TicketState::Queued);
        }
    }

    /// Takes in one fact.
    pub fn apply(&mut self, envelope: &Envelope) {
        let (at, run) = (envelope.at, envelope.run);
        if let Some(view) = envelope
            .event
            .attempt()
            .and_then(|attempt| self.of(attempt))
        {
            view.told.take(&envelope.event, at, view.turn);
        }
        match &envelope.event {
            Event::RunStarted { jobs, branch, .. } => {
                self.run = Some(RunView {
                    id: run,
                    branch: branch.clone(),
                    started: at,
                    jobs: *jobs,
                    phase: PhaseView::Running,
                });
                self.refused = None;
            }
            Event::RunPaused => self.set_phase(PhaseView::Paused),
            Event::RunResumed => self.set_phase(PhaseView::Running),
            Event::CancelRequested {
                ticket: None,
                reason,
            } => {
                self.set_phase(PhaseView::Ending { reason: *reason });
            }
            Event::RunFinished { outcome } => {
                self.set_phase(PhaseView::Finished { outcome: *outcome });
            }
            Event::StepStarted { ticket, .. }
            | Event::StepRetried { ticket }
            | Event::StepRestored { ticket } => {
                let view = self
                    .tickets
                    .entry(ticket.clone())
                    .or_insert_with(|| TicketView::new(run));
                view.run = run;
                view.set(at, TicketState::Queued);
            }
            Event::StepSkipped { ticket } => {
                let view = self
                    .tickets
                    .entry(ticket.clone())
                    .or_insert_with(|| TicketView::new(run));
                view.set(at, TicketState::Skipped);
            }
            Event::StepFinished { ticket, outcome } => {
                if let Some(view) = self.tickets.get_mut(ticket) {
                    view.set(
                        at,
                        TicketState::Finished {
                            outcome: outcome.clone(),
                        },
                    );
                }
            }
            Event::AttemptStarted {
                attempt,
                ticket,
                agent,
                ..
            } => {
                self.attempts.insert(attempt.clone(), ticket.clone());
                let view = self
                    .tickets
                    .entry(ticket.clone())
                    .or_insert_with(|| TicketView::new(run));
                view.run = run;
                view.attempt = Some(attempt.clone());
                view.turn = 0;
                view.agent.clone_from(agent);
                view.workspace = None;
                view.validations.clear();
                view.dispatches.clear();
                view.silent = None;
                view.told = Told::default();
                view.brought.clear();
                view.requests.clear();
                view.is_over = false;
                view.set(at, TicketState::Preparing);
            }
            Event::WorkspacePrepared { attempt, workspace } => {
                if let Some(view) = self.of(attempt) {
                    view.workspace = Some(workspace.clone());
                }
            }
            Event::TurnStarted { attempt, turn, .. } => {
                if let Some(view) = self.of(attempt) {
                    view.turn = *turn;
                    view.set(at, TicketState::Running);
                }
            }
            Event::TurnFinished { attempt, usage, .. } => {
                if let Some(view) = self.of(attempt) {
                    view.usage.add(usage);
                    view.turn_usage = Usage::default();
                    view.status = None;
                    view.silent = None;
                }
            }
            Event::TurnSilent {
                attempt,
                turn,
                since,
            } => {
                if let Some(view) = self.of(attempt) {
                    view.fell_silent(*turn, *since);
                }
            }
            Event::DispatchReceived { attempt, title, .. } => {
                if let Some(view) = self.of(attempt) {
                    view.dispatches.push(title.clone());
                }
            }
            Event::TicketBrought { attempt, news, .. } => {
                if let Some(view) = self.of(attempt) {
                    view.brought.push(news.to_string());
                }
            }
            Event::NoteBrought { attempt, news, .. } => {
                if let Some(view) = self.of(attempt) {
                    view.brought.push(news.to_string());
                }
            }
            Event::RequestOpened {
                attempt,
                id,
                request,
            } => {
                if let Some(view) = self.of(attempt) {
                    view.requests.insert(*id, request.clone());
                    view.show_requests(at);
                }
            }
            Event::RequestAnswered { attempt, id, .. } | Event::RequestClosed { attempt, id } => {
                if let Some(view) = self.of(attempt) {
                    view.requests.remove(id);
                    view.show_requests(at);
                }
            }
            Event::BackedOff {
                attempt,
                until,
                why,
                ..
            } => {
                let (until, why) = (*until, why.clone());
                self.set(attempt, at, TicketState::BackingOff { until, why });
            }
            Event::ValidationStarted { attempt, name } => {
                self.set(
                    attempt,
                    at,
                    TicketState::Validating {
                        check: Some(name.clone()),
                    },
                );
            }
            Event::ValidationFinished {
                attempt,
                validation,
            } => {
                if let Some(view) = self.of(attempt) {
                    view.validations
                        .retain(|known| known.name != validation.name);
                    view.validations.push(validation.clone());
                    view.set(at, TicketState::Validating { check: None });
                }
            }
            Event::GateDecided { attempt, .. } | Event::AttemptAbandoned { attempt } => {
                self.waits_no_more(attempt, at);
            }
            Event::ReplyReceived {
                attempt: Some(attempt),
                ..
            } => self.waits_no_more(attempt, at),
            Event::GateReached { attempt, need } => self.needs(attempt, at, need.clone()),
            Event::SessionTaken {
                attempt, session, ..
            } => {
                let session = session.clone();
                self.needs(attempt, at, Need::TakenOver { session });
            }
            Event::SessionHandedBack { attempt, .. } => {
                self.waits_no_more(attempt, at);
                if self.of(attempt).is_some_and(|view| view.is_taken()) {
                    self.set(attempt, at, TicketState::Validating { check: None });
                }
            }
            Event::NotMerged { attempt, why } => {
                self.refused = Some(format!("can't merge {attempt} into your branch: {why}"));
            }
            Event::MergeQueued { attempt } => self.set(attempt, at, TicketState::MergeQueued),
            Event::CaughtUp { attempt, .. } => {
                self.set(attempt, at, TicketState::Validating { check: None });
            }
            Event::EvidenceSealed { attempt, .. } | Event::Integrated { attempt, .. } => {
                self.set(attempt, at, TicketState::Integrating);
            }
            Event::AttemptFinished { attempt, outcome } => {
                if let Some(view) = self.of(attempt) {
                    view.is_over = true;
                }
                // Another attempt may follow; `StepFinished` says the last word.
                if let (AttemptOutcome::Done { .. }, Some(view)) = (outcome, self.of(attempt)) {
                    // All of it is on the run's branch: its working tree goes.
                    view.workspace = None;
                }
                let state = match outcome {
                    AttemptOutcome::Lost => TicketState::Finished {
                        outcome: outcome.clone(),
                    },
                    _ => TicketState::Queued,
                };
                self.set(attempt, at, state);
            }
            Event::Refused { what, why } => self.refused = Some(format!("can't {what}: {why}")),
            Event::CancelRequested {
                ticket: Some(_), ..
            }
            | Event::ProcessStarted { .. }
            | Event::SessionStarted { .. }
            | Event::TurnSaved { .. }
            | Event::ReplyReceived { attempt: None, .. }
            | Event::Steered { .. }
            | Event::TurnClaimed { .. }
            | Event::Merged { .. }
            | Event::TicketReopened { .. }
            | Event::SetupFinished { .. }
            | Event::RepliesDelivered { .. }
            | Event::TicketWritten { .. }
            | Event::Recovered { .. }
            | Event::EvidenceDropped { .. }
            | Event::Recorded { .. }
            | Event::RulesAdded { .. } => {}
        }
    }

    fn set_phase(&mut self, phase: PhaseView) {
        if let Some(run) = &mut self.run {
            run.phase = phase;
        }
    }
}

impl TicketView {
    /// A ticket of a run, of which nothing else has happened.
    pub(crate) fn new(run: RunId) -> Self {
        Self {
            state: TicketState::Queued,
            run,
            attempt: None,
            turn: 0,
            agent: String::new(),
            since: Timestamp::default(),
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
            is_over: false,
        }
    }

    fn set(&mut self, at: Timestamp, state: TicketState) {
        if self.state != state {
            self.since = at;
            self.state = state;
            self.status = None;
            self.silent = None;
        }
    }
}
