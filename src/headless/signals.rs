//! Signals, and how they escalate: once asks, twice kills.

use rustix::process::{Signal, getpid, kill_process};
use tokio::signal::unix::{Signal as Stream, SignalKind, signal};
use tokio::sync::mpsc;

use crate::domain::attempt::CancelReason;
use crate::domain::command::Command;

/// How long docket waits between freezing what runs and stopping itself.
const FREEZE: std::time::Duration = std::time::Duration::from_millis(100);

/// What came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Came {
    Interrupt,
    Terminate,
    /// The terminal is gone: the runner stays.
    HangUp,
    /// Ctrl-Z.
    Suspend,
}

pub(super) struct Signals {
    interrupt: Stream,
    terminate: Stream,
    hang_up: Stream,
    suspend: Stream,
    ends: bool,
}

impl Signals {
    pub(super) fn listen() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            suspend: signal(SignalKind::from_raw(Signal::TSTP.as_raw()))?,
            ends: false,
        })
    }

    pub(super) async fn next(&mut self) -> Came {
        tokio::select! {
            _ = self.interrupt.recv() => Came::Interrupt,
            _ = self.terminate.recv() => Came::Terminate,
            _ = self.hang_up.recv() => Came::HangUp,
            _ = self.suspend.recv() => Came::Suspend,
        }
    }

    pub(super) async fn act(
        &mut self,
        came: Came,
        commands: Option<&mpsc::UnboundedSender<Command>>,
    ) {
        let Some(commands) = commands else { return };
        let reason = match (came, self.ends) {
            (Came::HangUp, _) => return,
            (Came::Suspend, _) => return suspend(commands).await,
            (Came::Interrupt | Came::Terminate, true) => CancelReason::Kill,
            (Came::Interrupt, false) => CancelReason::Interrupt,
            (Came::Terminate, false) => CancelReason::Terminate,
        };
        self.ends = true;
        let _runner_is_gone = commands.send(Command::Cancel { reason });
    }
}

/// Freezes what runs, then docket itself; `fg` thaws both. Their clocks don't count the time.
async fn suspend(commands: &mpsc::UnboundedSender<Command>) {
    let _nothing_runs = commands.send(Command::Pause);
    // Time for the freeze to reach every process; it takes microseconds, and nothing else is lost by waiting.
    tokio::time::sleep(FREEZE).await;
    freeze_alone();
    let _nothing_ran = commands.send(Command::Resume);
}

/// Freezes docket until `fg`, and nothing else.
pub(super) fn freeze_alone() {
    // STOP, not TSTP: our own handler would take that.
    let _stopped = kill_process(getpid(), Signal::STOP);
}
