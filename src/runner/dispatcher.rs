//! The dispatcher: one task that owns the state of the rules. It selects an input, steps, and runs the effects; nothing
//! else changes the state, and nothing else tells anybody.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::context::Context;
use super::unit;
use crate::domain::board::Feed;
use crate::domain::command::Command;
use crate::domain::ids::AttemptId;
use crate::domain::machine::{self, Effect, Input, Order, Report, State};
use crate::domain::queue::Queue;
use crate::domain::time::Timestamp;
use crate::proc::clock::Clock as _;

/// What the dispatcher listens to.
pub(super) struct Sources {
    /// What people and signals ask.
    pub(super) commands: mpsc::UnboundedReceiver<Command>,
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
}

impl Dispatcher {
    pub(super) fn new(
        state: State,
        context: Arc<Context>,
        inputs: mpsc::UnboundedSender<Input>,
    ) -> Self {
        Self {
            state,
            context,
            inputs,
            units: BTreeMap::new(),
            tasks: JoinSet::new(),
            names: BTreeMap::new(),
            wake_at: None,
            run_is_over: false,
        }
    }

    /// Runs until its life is over; then every task of an attempt has ended.
    pub(super) async fn run(mut self, mut sources: Sources, life: Life) {
        let mut asked = true;
        loop {
            let ends = match life {
                Life::OneRun => self.run_is_over,
                Life::WhileAsked => !asked && !self.state.has_run(),
            };
            if ends && self.tasks.is_empty() {
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
        if let Input::Looked(queue) = &input {
            self.context.tell(Feed::Queue(queue.clone()));
        }
        let now = self.context.clock.now();
        for effect in machine::step(&mut self.state, input, now) {
            self.perform(effect);
        }
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
        let error = error?;
        tracing::error!(%attempt, %error, "the task of an attempt died");
        let why = format!("docket's own task for {attempt} died ({error}): please report this bug");
        Some(Input::Attempt {
            attempt,
            report: Report::TaskDied { why },
        })
    }
}
