//! The marker: what every process of an attempt carries in its environment, through every fork, exec and `setsid`.
//! With it docket finds exactly what is its own, never by name.

use std::collections::BTreeSet;
use std::time::Duration;

use rustix::process::{Signal, kill_process};

use super::os;

/// The variable that carries the marker.
pub const VARIABLE: &str = "DOCKET_ATTEMPT";

/// How often the system is searched again before a sweep gives up: a fork bomb could outrun any sweep.
const ROUNDS: u32 = 40;

/// What a sweep did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Swept {
    /// Processes that were ended.
    pub killed: BTreeSet<u32>,
    /// Processes that are still there.
    pub left: BTreeSet<u32>,
}

/// Ends every process that carries `marker`, with SIGKILL, until none is found. Blocks for milliseconds, at most for a
/// second.
pub fn sweep(marker: &str) -> Swept {
    let variable = format!("{VARIABLE}={marker}");
    let mut swept = Swept::default();
    for _ in 0..ROUNDS {
        swept.left = os::carriers(&variable);
        if swept.left.is_empty() {
            break;
        }
        for pid in &swept.left {
            kill(*pid, Signal::KILL);
            swept.killed.insert(*pid);
        }
        pause(Duration::from_millis(25));
    }
    swept
}

/// Every process that carries `marker`.
pub fn carriers(marker: &str) -> BTreeSet<u32> {
    os::carriers(&format!("{VARIABLE}={marker}"))
}

pub(super) fn kill(pid: u32, signal: Signal) {
    if let Some(pid) = os::pid(pid) {
        // Gone already is as good.
        let _gone = kill_process(pid, signal);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "killed processes take a moment, and nothing tells when"
)]
pub(super) fn pause(duration: Duration) {
    std::thread::sleep(duration);
}

/// Ends a recorded process (SIGKILL). Check with [`super::identity::is_alive`] first: the pid alone is not who it was.
pub fn kill_recorded(process: &crate::domain::attempt::ProcessRecord) {
    kill(process.pid, Signal::KILL);
}
