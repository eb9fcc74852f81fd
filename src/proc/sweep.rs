//! The marker: what every process of an attempt carries in its environment, through every fork, exec and `setsid`.
//! With it docket finds exactly what is its own, never by name.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::time::Duration;

use rustix::process::{Signal, kill_process};

use super::clock::{Clock as _, SystemClock};
use super::os;

/// The variable that carries the marker.
pub const VARIABLE: &str = "DOCKET_ATTEMPT";

/// How long a sweep goes on before it gives up: a hung disk holds a process, a fork bomb outruns any sweep.
const LIMIT: Duration = Duration::from_secs(1);

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
    let clock = SystemClock::new();
    let mut swept = Swept::default();
    let mut rest = Duration::from_millis(1);
    loop {
        swept.left = carriers(marker);
        if swept.left.is_empty() || clock.now().monotonic.0 > LIMIT {
            return swept;
        }
        for pid in &swept.left {
            kill(*pid, Signal::KILL);
            swept.killed.insert(*pid);
        }
        pause(rest);
        rest = (rest * 2).min(Duration::from_millis(32));
    }
}

/// Every process that carries `marker`.
pub fn carriers(marker: &str) -> BTreeSet<u32> {
    os::carriers(&format!("{VARIABLE}={marker}"))
}

/// The marker in this environment, as `NAME=value`. The last one counts, as for the program.
pub(super) fn carried(environment: &[(OsString, OsString)]) -> String {
    let marker = environment.iter().rfind(|(name, _)| name == VARIABLE);
    let marker = marker.map_or_else(String::new, |(_, value)| value.to_string_lossy().into());
    format!("{VARIABLE}={marker}")
}

/// Ends a recorded process (SIGKILL). Check with [`super::identity::is_alive`] first: the pid alone is not who it was.
pub fn kill_recorded(process: &crate::domain::attempt::ProcessRecord) {
    kill(process.pid, Signal::KILL);
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
