//! What the screen and `--once` hold of the runner: two channels, nothing shared.

use tokio::sync::mpsc;

use crate::domain::board::Feed;
use crate::domain::command::Command;

/// A runner that lives in this process.
#[derive(Debug)]
pub struct RunnerHandle {
    /// What it is asked. Small and unbounded: control is never dropped.
    pub commands: mpsc::UnboundedSender<Command>,
    /// What it tells, in order: the queue, facts after they are in the ledger, how far transcripts are. It ends when
    /// the runner has ended and everything is on the disk.
    pub feed: mpsc::UnboundedReceiver<Feed>,
}
