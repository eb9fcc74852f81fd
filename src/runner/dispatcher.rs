//! The dispatcher: one task that owns the state of the rules. It selects an input, steps, and runs the effects; nothing
//! else changes the state, and nothing else tells anybody.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::context::Context;
use super::inbox::{Letter, Receipt};
use super::{outside, seat, unfinished, unit};
use crate::domain::board::Feed;
use crate::domain::command::Command;
use crate::domain::ids::{AttemptId, TicketId};
use crate::domain::machine::{self, Effect, Input, Order, Report, State};
use crate::domain::queue::Queue;
use crate::domain::rules::Rule;
use crate::domain::taking::Sight;
use crate::domain::time::Timestamp;
use crate::proc::clock::Clock as _;
use crate::store::{LedgerError, Reader};
use crate::tickets::edit::NewValue;
use crate::tickets::write;

/// What the dispatcher listens to.
pub(super) struct Sources {
    /// What people and signals ask.
    pub(super) commands: mpsc::UnboundedReceiver<Command>,
    /// What other processes ask.
    pub(super) letters: mpsc::UnboundedReceiver<Letter>,
    /// What attempts and the ledger report; the dispatcher gives the sender to every attempt.
    pub(super) inputs: mpsc::UnboundedReceiver<Input>,
    /// The queue, each time it changes.
    pub(super) queue: mpsc::Receiver<Arc<Queue>>,
}

/// How long the dispatcher lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// To the end of one run.
    OneRun,
    /// Until nobody can ask for anything any more.
    WhileAsked,
}

pub(super) struct Dispatcher {
    state: State,
    context: Arc<Context>,
    inputs: mpsc::UnboundedSender<Input>,
    units: BTreeMap<AttemptId, mpsc::UnboundedSender<Order>>,
    tasks: JoinSet<()>,
    /// Which attempt a task is, for one that dies.
    names: BTreeMap<tokio::task::Id, AttemptId>,
    wake_at: Option<Timestamp>,
    run_is_over: bool,
    life: Life,
    /// Words that attempts were given in the middle of a turn, and who wants to know whether their agents took them.
    steering: Vec<(AttemptId, String, Receipt)>,
    /// What was looked at for a command, which is done then.
    looks: mpsc::UnboundedReceiver<Looked>,
    looked: mpsc::UnboundedSender<Looked>,
}

/// A command whose attempt's working tree was looked at, and who waits for it.
struct Looked {
    sight: Sight,
    command: Command,
    receipt: Option<Receipt>,
}

impl Dispatcher {
    pub(super) fn new(
        state: State,
        context: Arc<Context>,
        inputs: mpsc::UnboundedSender<Input>,
        life: Life,
    ) -> Self {
        let (looked, looks) = mpsc::unbounded_channel();
        Self {
            looks,
            looked,
            state,
            context,
            inputs,
            units: BTreeMap::new(),
            tasks: JoinSet::new(),
            names: BTreeMap::new(),
            wake_at: None,
            run_is_over: false,
            life,
            steering: Vec::new(),
        }
    }

    /// Runs until its life is over; then every task of an attempt has ended.
    pub(super) async fn run(mut self, mut sources: Sources) {
        let mut asked = true;
        loop {
            let ends = match self.life {
                Life::OneRun => self.run_is_over,
                Life::WhileAsked => !asked && !self.state.has_run(),
            };
            if ends && self.tasks.is_empty() && self.looks.is_empty() {
                break;
            }
            let wake = self.wake_at.map(|at| {
                let left = at.since(self.context.clock.now().wall);
                tokio::time::sleep(left)
            });
            let input = tokio::select! { biased;
                command = sources.commands.recv(), if asked => {
                    asked = command.is_some();
                    let Some(command) = command else { continue };
                    Input::Command(command)
                }
                Some(letter) = sources.letters.recv() => {
                    self.open(letter);
                    continue;
                }
                Some(looked) = self.looks.recv() => {
                    self.seen(looked);
                    continue;
                }
                Some(input) = sources.inputs.recv() => input,
                Some(ended) = self.tasks.join_next_with_id() => match self.ended(ended) {
                    Some(input) => input,
                    None => continue,
                },
                Some(queue) = sources.queue.recv() => {
                    self.context.tell(Feed::Queue(queue.clone()));
                    Input::Queue(queue)
                }
                () = async { match wake { Some(wake) => wake.await, None => std::future::pending().await } } => {
                    self.wake_at = None;
                    Input::Woke
                }
            };
            self.take(input);
        }
    }

    fn take(&mut self, input: Input) {
        match &input {
            Input::Looked(queue) => self.context.tell(Feed::Queue(queue.clone())),
            Input::Command(command) => {
                self.look_up(command);
                if self.looks_first(command) {
                    return self.look(command.clone(), None);
                }
            }
            Input::Attempt { attempt, report } => {
                if matches!(report, Report::Asked { .. }) {
                    self.look_up_approvals();
                }
                self.steered(attempt, report);
            }
            _ => {}
        }
        let effects = self.step(input);
        self.perform_all(effects);
    }

    fn step(&mut self, input: Input) -> Vec<Effect> {
        machine::step(&mut self.state, input, self.context.clock.now())
    }

    fn perform_all(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            self.perform(effect);
        }
    }

    /// Does what another process asks, and sees to it that it is told what came of it.
    fn open(&mut self, Letter { command, receipt }: Letter) {
        tracing::info!(command = %command.describe(), "asked by another process");
        let is_over = self.life == Life::OneRun && self.run_is_over;
        if let Some(why) = outside::beforehand(&command, self.state.has_run(), is_over) {
            return receipt.refuse(why.to_owned());
        }
        self.look_up(&command);
        if self.looks_first(&command) {
            return self.look(command, Some(receipt));
        }
        self.carry_out(&command, receipt);
    }

    fn carry_out(&mut self, command: &Command, receipt: Receipt) {
        let effects = self.step(Input::Command(command.clone()));
        let refusal = outside::refusal(&effects);
        let note = outside::note(command, &effects);
        let steered = outside::steered(&effects);
        self.perform_all(effects);
        match (refusal, steered) {
            (Some(why), _) => receipt.refuse(why),
            (None, Some((attempt, text))) => self.steering.push((attempt, text, receipt)),
            (None, None) => self.acknowledge(receipt, note),
        }
    }

    /// Says that it was done when all that it led to is on the disk.
    fn acknowledge(&mut self, receipt: Receipt, note: Option<&'static str>) {
        let context = self.context.clone();
        self.tasks.spawn(async move {
            match context.stored().await {
                Ok(()) => receipt.done(note.map(str::to_owned)),
                Err(error) => receipt.refuse(error.to_string()),
            }
        });
    }

    /// Words were given to an agent, or were not: who asked for it is told.
    fn steered(&mut self, attempt: &AttemptId, report: &Report) {
        let Report::Steered { text, taken } = report else {
            return;
        };
        let asked = |(to, words, _): &(AttemptId, String, Receipt)| to == attempt && words == text;
        if let Some(index) = self.steering.iter().position(asked) {
            let (_, _, receipt) = self.steering.remove(index);
            let note = (!taken).then_some(outside::NOT_TAKEN);
            self.acknowledge(receipt, note);
        }
    }

    /// What is always allowed is asked of the file each time: it may have been taken back, or another docket may have added to it.
    fn look_up_approvals(&mut self) {
        let places = &self.context.places;
        match places.approvals.of_repository(&places.root) {
            Ok(rules) => self.state.set_always_allowed(rules),
            Err(error) => {
                // What can't be read allows nothing.
                self.state.set_always_allowed(Vec::new());
                self.context.tell(Feed::Trouble(error.to_string()));
            }
        }
    }

    /// Adds to what is always allowed.
    fn keep(&self, rules: &[Rule]) {
        let places = &self.context.places;
        let now = self.context.clock.now().wall;
        if let Err(error) = places.approvals.add(&places.root, rules, now) {
            let why =
                format!("it is allowed this once; what is always allowed can't be kept: {error}");
            self.context.tell(Feed::Trouble(why));
        }
    }

    /// What an attempt of this run or of an earlier one ended with can be answered later: the ledger knows what that was.
    fn look_up(&mut self, command: &Command) {
        let (Command::Answer { ticket, .. }
        | Command::Approve { ticket, .. }
        | Command::Reject { ticket, .. }
        | Command::Reply { ticket, .. }
        | Command::Unskip { ticket }
        | Command::TakeSession { ticket, .. }
        | Command::HandBack { ticket, .. }
        | Command::Retry { ticket }) = command
        else {
            return;
        };
        if self.state.is_active(ticket) {
            return;
        }
        match self.unfinished(ticket) {
            Ok(Some(unfinished)) => self.state.left_unfinished(ticket.clone(), unfinished),
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, %ticket, "what is open there can't be looked up"),
        }
    }

    /// What is handed back is looked at first.
    fn looks_first(&self, command: &Command) -> bool {
        match command {
            Command::HandBack { ticket, .. } => self.state.attempt_of(ticket).is_some(),
            _ => false,
        }
    }

    /// Looks at the working tree, which may take long, beside everything else; then the command is done.
    fn look(&mut self, command: Command, receipt: Option<Receipt>) {
        let Command::HandBack { ticket, .. } = &command else {
            return;
        };
        let Some(attempt) = self.state.attempt_of(ticket).cloned() else {
            return;
        };
        let left = if self.state.is_active(ticket) {
            None
        } else {
            self.state.unfinished(ticket).cloned()
        };
        let (context, looked) = (self.context.clone(), self.looked.clone());
        self.tasks.spawn_blocking(move || {
            let (places, git) = (&context.places, context.git.as_ref());
            let sight = seat::look(places, git, attempt, left.as_ref());
            let _dispatcher_is_gone = looked.send(Looked {
                sight,
                command,
                receipt,
            });
        });
    }

    fn seen(
        &mut self,
        Looked {
            sight,
            command,
            receipt,
        }: Looked,
    ) {
        self.state.see(sight);
        if let Some(receipt) = receipt {
            return self.carry_out(&command, receipt);
        }
        let effects = self.step(Input::Command(command));
        self.perform_all(effects);
    }

    fn unfinished(&self, ticket: &TicketId) -> Result<Option<machine::Unfinished>, LedgerError> {
        let reader = Reader::open(&self.context.places.ledger())?;
        unfinished::of_ticket(&reader, ticket)
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Emit { run, event } => {
                let at = self.context.clock.now().wall;
                self.context.ledger.append(run, at, vec![event]);
            }
            Effect::PrepareRun { run } => {
                let (context, inputs) = (self.context.clone(), self.inputs.clone());
                self.tasks.spawn(async move {
                    let input = super::prepare::run(&context, run).await;
                    let _dispatcher_is_gone = inputs.send(input);
                });
            }
            Effect::Open(spec) => {
                let (orders, receiver) = mpsc::unbounded_channel();
                let attempt = spec.attempt.clone();
                let task = unit::run(*spec, self.context.clone(), receiver, self.inputs.clone());
                let handle = self.tasks.spawn(task);
                self.names.insert(handle.id(), attempt.clone());
                self.units.insert(attempt, orders);
            }
            Effect::Order { attempt, order } => {
                let closing = matches!(order, Order::Close { .. });
                if let Some(unit) = self.units.get(&attempt) {
                    // A task that is gone has reported `TaskDied`, or will be found by `ended`.
                    let _gone = unit.send(order);
                }
                if closing {
                    self.units.remove(&attempt);
                }
            }
            Effect::Look => {
                let (context, inputs) = (self.context.clone(), self.inputs.clone());
                self.tasks.spawn(async move {
                    let input = super::prepare::look(&context).await;
                    let _dispatcher_is_gone = inputs.send(input);
                });
            }
            Effect::Reopen {
                ticket,
                path,
                revision,
            } => {
                let (context, inputs) = (self.context.clone(), self.inputs.clone());
                self.tasks.spawn_blocking(move || {
                    let path = context.places.root.join(path);
                    let written = write::update(&path, revision, "done", &NewValue::Bool(false));
                    let written = written.map(|after| (revision, after));
                    let written = written.map_err(|error| error.to_string());
                    let _dispatcher_is_gone = inputs.send(Input::Reopened { ticket, written });
                });
            }
            Effect::KeepRules { rules } => self.keep(&rules),
            Effect::WakeAt(at) => self.wake_at = Some(at),
            Effect::RunOver { run, outcome } => {
                self.run_is_over = true;
                self.context.tell_end(run, outcome);
            }
        }
    }

    /// A task ended: well, or by a panic, which must not leave its attempt without an end.
    fn ended(
        &mut self,
        ended: Result<(tokio::task::Id, ()), tokio::task::JoinError>,
    ) -> Option<Input> {
        let (id, error) = match ended {
            Ok((id, ())) => (id, None),
            Err(error) => (error.id(), Some(error)),
        };
        let attempt = self.names.remove(&id)?;
        self.units.remove(&attempt);
        // Nobody will say any more what became of the words.
        self.steering.retain(|(to, _, _)| *to != attempt);
        let error = error?;
        tracing::error!(%attempt, %error, "the task of an attempt died");
        let why = format!("docket's own task for {attempt} died ({error}): please report this bug");
        Some(Input::Attempt {
            attempt,
            report: Report::TaskDied { why },
        })
    }
}
