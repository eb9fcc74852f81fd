//! What the screen and `--once` hold of the runner: two channels, nothing shared.

use tokio::sync::{mpsc, watch};

use super::terminals::Terminals;
use crate::domain::board::Feed;
use crate::domain::command::Command;

/// A runner that lives in this process, or [in another one](super::follow()).
#[derive(Debug)]
pub struct RunnerHandle {
    /// What it is asked. Small and unbounded: control is never dropped.
    pub commands: mpsc::UnboundedSender<Command>,
    /// What it tells, in order: the queue, facts after they are in the ledger, how far transcripts are. It ends when
    /// the runner has ended and everything is on the disk.
    pub feed: mpsc::UnboundedReceiver<Feed>,
    /// Where the runner lives in another process: whether this one is to run the queue when that one has ended. Saying so
    /// when it has ended already takes over at once.
    pub take_over: Option<watch::Sender<bool>>,
    /// The way to the terminals of agents that run on one.
    pub terminals: Terminals,
}

impl RunnerHandle {
    /// Whether this process is to run the queue when the one that runs it has ended.
    pub fn takes_over(&self) -> bool {
        self.take_over.as_ref().is_some_and(|wish| *wish.borrow())
    }
}
