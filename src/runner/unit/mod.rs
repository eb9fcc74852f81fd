//! One attempt: a task that takes orders and reports. It owns everything of the attempt: working tree, desk, evidence,
//! the agent's session and processes.

mod collect;
mod finish;
mod prepare;
mod process;
mod prompt;
mod rules;
mod transcript;
mod turn;
mod validate;

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;

use self::process::Holder;
use self::transcript::Transcript;
use super::context::Context;
use super::desk::Desk;
use crate::agents::Session;
use crate::domain::attempt::{CancelReason, Workspace};
use crate::domain::machine::{AttemptSpec, Input, Order, Report};
use crate::git::{SnapshotOptions, TreeId, Worktree};
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
}

/// What stands once the attempt is prepared.
struct Prepared {
    workspace: Workspace,
    desk: Desk,
    evidence: EvidenceFolder,
    session: Box<dyn Session>,
    transcript: Transcript,
    git: Option<GitState>,
    /// The agent's last words.
    message: Option<String>,
    /// How often the same kind of file was written: `diff.patch` holds the last turn.
    last_turn_ok: bool,
}

/// The git side of an attempt.
#[derive(Clone)]
struct GitState {
    worktree: Worktree,
    options: SnapshotOptions,
    /// The files that the attempt began with.
    base: TreeId,
    /// The files after the last turn that was collected.
    last: TreeId,
    /// Files that differ from the attempt's base, under their old names too; tickets are not among them.
    changed: Vec<PathBuf>,
    /// Ticket files that differ from the attempt's base: they are docket's business and are not merged.
    tickets: Vec<PathBuf>,
    /// Whether the working tree is the attempt's own (not the user's checkout).
    own: bool,
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
    };
    Box::pin(unit.live()).await;
}

impl Unit {
    async fn live(mut self) {
        // The process that will hold the agent starts while the working tree is made.
        self.holder = Holder::start(&self.context);
        if let Some(holder) = &self.holder {
            self.report(Report::Spawned(holder.record()));
        }
        let prepared = self.prepare().await;
        match prepared {
            Ok(prepared) => {
                let workspace = prepared.workspace.clone();
                self.prepared = Some(prepared);
                self.report(Report::Prepared(workspace));
            }
            Err(not) => self.report(not.into()),
        }
        while let Some(order) = self.orders.recv().await {
            match order {
                Order::Turn {
                    turn,
                    brief,
                    clocks,
                } => self.turn(turn, brief, clocks).await,
                Order::Collect { turn } => self.collect(turn).await,
                Order::Validate {
                    rules,
                    turn,
                    checks,
                } => self.validate(&rules, turn, checks).await,
                Order::Seal { outcome } => self.seal(outcome).await,
                Order::Integrate { manifest } => self.integrate(manifest).await,
                Order::WriteTicket { proof } => self.write_ticket(proof).await,
                Order::Close { integrated } => {
                    self.close(integrated).await;
                    break;
                }
                Order::Go => self.go(),
                Order::Pause => self.paused = true,
                Order::Resume => self.paused = false,
                // Nothing runs between two orders: there is nothing to stop.
                Order::Stop { .. } => {}
            }
        }
    }

    /// Waits while the run is paused: what does not run yet must not begin. Gives the reason of a stop that ends the wait.
    async fn thawed(&mut self) -> Option<CancelReason> {
        while self.paused {
            match self.orders.recv().await {
                Some(Order::Resume) => self.paused = false,
                Some(Order::Go) => self.go(),
                Some(Order::Stop { reason }) => return Some(reason),
                Some(_) => {}
                None => return Some(CancelReason::Kill),
            }
        }
        None
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
        self.context
            .places
            .docket()
            .join("cache")
            .join(format!("{}.index", self.spec.attempt))
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
