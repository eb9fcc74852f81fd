//! One attempt: a task that takes orders and reports. It owns everything of the attempt: working tree, desk, evidence,
//! the agent's session and processes.

mod catch_up;
mod collect;
mod conversation;
mod desk;
mod finish;
mod line;
mod live;
mod on_terminal;
mod policy;
mod prepare;
mod process;
mod prompt;
mod provision;
mod rules;
mod same_tree;
mod submitted;
mod taking;
mod transcript;
mod turn;
mod validate;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;

use self::live::Live;
use self::on_terminal::OnTerminal;
use self::prepare::Opened;
use self::process::Holder;
use self::transcript::Transcript;
use super::context::Context;
use super::desk::Desk;
use super::sandbox::Sandbox;
use crate::agents::Session;
use crate::domain::attempt::{CancelReason, Workspace};
use crate::domain::ids::Sha256;
use crate::domain::item::Usage;
use crate::domain::machine::{AttemptSpec, Input, Order, Report};
use crate::domain::policy::Change;
use crate::git::{BranchName, CommitId, LeftOut, SnapshotOptions, TreeId, Worktree};
use crate::redact::Redactor;
use crate::store::evidence::EvidenceFolder;

/// What the task of an attempt holds while it lives.
struct Unit {
    spec: AttemptSpec,
    context: Arc<Context>,
    orders: mpsc::UnboundedReceiver<Order>,
    inputs: mpsc::UnboundedSender<Input>,
    /// The process holder that is ready for the next turn; made early, so that no turn waits for it.
    holder: Option<Holder>,
    prepared: Option<Prepared>,
    /// The run is paused.
    paused: bool,
    /// What a human said of the turn before its program could be told: whether the work is done.
    claimed: Option<bool>,
    /// Orders that came while the agent was being ended: they are next.
    deferred: VecDeque<Order>,
}

/// What stands once the attempt is prepared.
struct Prepared {
    workspace: Workspace,
    desk: Desk,
    evidence: EvidenceFolder,
    session: Box<dyn Session>,
    /// What must not be kept in evidence.
    redactor: Arc<Redactor>,
    transcript: Transcript,
    /// The terminal of an agent that runs on one.
    terminal: Option<OnTerminal>,
    git: Option<GitState>,
    /// What its programs are confined by.
    sandbox: Option<Sandbox>,
    /// The agent's process, between two turns.
    live: Option<Live>,
    /// The token of the agent's conversation.
    token: Option<String>,
    /// What the rules were told of it.
    told_token: Option<String>,
    /// What that conversation has used.
    used: Usage,
    /// The model that answers, as the agent says.
    model: Option<String>,
    /// The agent's last words.
    message: Option<String>,
    /// Whether the last turn completed.
    last_turn_ok: bool,
    /// What a human said of the last turn: whether the work is done.
    said: Option<bool>,
}

/// The git side of an attempt.
#[derive(Clone)]
struct GitState {
    worktree: Worktree,
    options: SnapshotOptions,
    /// The files of the commit that the worktree was cut from; in place, those that were there.
    start: TreeId,
    /// The files that the agent began with: what the worktree was provided with is in them.
    base: TreeId,
    /// The files after the last turn that was collected.
    last: TreeId,
    /// Files that differ from the attempt's base, under their old names too; tickets are not among them.
    changed: Vec<PathBuf>,
    /// Ticket files that differ from the attempt's base: they are docket's business and are not merged.
    tickets: Vec<PathBuf>,
    /// Files that had conflict markers when the attempt caught up with the run's branch.
    conflicts: Vec<PathBuf>,
    /// The attempt's branch, when the working tree is its own (not the user's checkout).
    own: Option<Own>,
    /// The same as plain descriptions, for the policy: since the last claim.
    facts: Arc<Result<Vec<Change>, String>>,
    /// What lay in the working tree before the attempt and is in no tree.
    left_out: Vec<LeftOut>,
    /// What git was told to ignore in every working tree when the attempt began.
    excluded: Sha256,
}

/// The branch of an attempt's own.
#[derive(Clone)]
struct Own {
    branch: BranchName,
    /// Where it was cut, or caught up last.
    base: CommitId,
}

/// Runs the task of an attempt to its `Close`.
pub(super) async fn run(
    spec: AttemptSpec,
    context: Arc<Context>,
    orders: mpsc::UnboundedReceiver<Order>,
    inputs: mpsc::UnboundedSender<Input>,
) {
    let unit = Unit {
        spec,
        context,
        orders,
        inputs,
        holder: None,
        prepared: None,
        paused: false,
        claimed: None,
        deferred: VecDeque::new(),
    };
    Box::pin(unit.live()).await;
}

impl Prepared {
    /// The usage with its price, where the agent gives none.
    fn priced(&self, mut usage: Usage, unit: &Unit) -> Usage {
        let model = self.model.as_ref().or(unit.spec.ticket.model.as_ref());
        if let (None, Some(model)) = (usage.cost_usd, model) {
            usage.cost_usd = unit.context.config.prices.cost(model, &usage);
        }
        usage
    }
}

impl Unit {
    async fn live(mut self) {
        // The process that will hold the agent starts while the working tree is made.
        self.holder = Holder::start(&self.context, self.is_on_a_terminal());
        if let Some(holder) = &self.holder {
            self.report(Report::Spawned(holder.record()));
        }
        let prepared = self.prepare().await;
        match prepared {
            Ok(Opened { prepared, carried }) => {
                let workspace = prepared.workspace.clone();
                self.prepared = Some(prepared);
                // Said before the set-up, which may take long: whoever kills docket meanwhile must find it again.
                self.report(Report::Placed(workspace.clone()));
                let provided = if carried {
                    Ok(())
                } else {
                    self.provision().await
                };
                self.report(match provided {
                    Ok(()) => Report::Prepared { workspace, carried },
                    Err(why) => Report::NotProvisioned { workspace, why },
                });
            }
            Err(not) => self.report(not.into()),
        }
        while let Some(order) = self.next_order().await {
            match order {
                Order::Turn {
                    turn,
                    brief,
                    clocks,
                } => self.turn(turn, brief, clocks).await,
                Order::Collect { turn, desk } => self.collect(turn, desk).await,
                Order::Recollect { desk } => self.recollect(desk).await,
                Order::Validate {
                    rules,
                    turn,
                    checks,
                } => self.validate(&rules, turn, checks).await,
                Order::CatchUp { head } => self.catch_up(head).await,
                Order::Seal { outcome } => self.seal(outcome).await,
                Order::Integrate { manifest } => self.integrate(manifest).await,
                Order::WriteTicket { proof, desk } => self.write_ticket(proof, desk).await,
                Order::Close { integrated } => {
                    self.close(integrated).await;
                    break;
                }
                Order::Go => self.go(),
                Order::Pause => self.paused = true,
                Order::Resume => self.paused = false,
                Order::Rest => self.rest().await,
                Order::LetGo => self.let_go().await,
                Order::TakeBack { turn, desk } => self.take_back(turn, desk).await,
                Order::Steer { text } => self.not_steered(text),
                // What stays between two orders is frozen, and the orders that follow end it; an answer came after its turn.
                Order::Stop { .. } | Order::Answer { .. } | Order::TurnOver { .. } => {}
            }
        }
    }

    async fn next_order(&mut self) -> Option<Order> {
        match self.deferred.pop_front() {
            Some(order) => Some(order),
            None => self.orders.recv().await,
        }
    }

    /// Waits while the run is paused: what does not run yet must not begin. Gives the reason of a stop that ends the wait.
    async fn thawed(&mut self) -> Option<CancelReason> {
        while self.paused {
            match self.orders.recv().await {
                Some(Order::Resume) => self.paused = false,
                Some(Order::Go) => self.go(),
                Some(Order::Stop { reason }) => return Some(reason),
                Some(Order::Steer { text }) => self.not_steered(text),
                Some(Order::TurnOver { done }) => self.claimed = Some(done),
                Some(_) => {}
                None => return Some(CancelReason::Kill),
            }
        }
        None
    }

    /// A human is waited for, maybe for long: an agent that can go on later needs no process until then.
    async fn rest(&mut self) {
        let Some(mut prepared) = self.prepared.take() else {
            return;
        };
        if prepared.session.capabilities().resume && prepared.token.is_some() {
            self.end_agent(&mut prepared).await;
        }
        self.prepared = Some(prepared);
    }

    /// No turn runs that could take the words.
    fn not_steered(&self, text: String) {
        self.report(Report::Steered { text, taken: false });
    }

    fn go(&mut self) {
        if let Some(holder) = &mut self.holder {
            holder.journaled = true;
        }
    }

    fn report(&self, report: Report) {
        // The dispatcher outlives every unit; if it is gone, docket itself is ending.
        let attempt = self.spec.attempt.clone();
        let _dispatcher_is_gone = self.inputs.send(Input::Attempt { attempt, report });
    }

    /// Where the snapshots of this attempt's working tree remember what they hashed.
    fn cache_file(&self) -> PathBuf {
        self.context.places.snapshot_cache(&self.spec.attempt)
    }
}

/// Runs blocking work; a panic in it becomes an error in words.
async fn blocking<T: Send + 'static, E: From<String> + Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, E> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(E::from(format!(
            "docket's own work failed ({error}): please report this bug"
        ))),
    }
}
