//! The lock that whoever may write to the ledger passes first.

use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use crate::proc::clock::{Clock as _, SystemClock};

/// The lock's name in the inbox.
pub(super) const FILE: &str = "door";

const BETWEEN_TRIES: Duration = Duration::from_millis(2);

/// Held while somebody finds out whether a runner lives and, if none does, starts one or writes to the ledger itself. So
/// nobody takes one who holds the runner's lock for an instant for a runner.
#[derive(Debug)]
pub struct Door {
    _locked: File,
}

impl Door {
    /// Goes through the door of `docket` (`.docket/`), when whoever is in it has gone on; at most after `patience`.
    pub fn enter(docket: &Path, patience: Duration) -> io::Result<Self> {
        let path = super::folder(docket)?.join(FILE);
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)?;
        let clock = SystemClock::new();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _locked: file }),
                Err(TryLockError::WouldBlock) if clock.now().monotonic.0 < patience => wait(),
                Err(TryLockError::WouldBlock) => {
                    let why = "another docket is busy here for too long: try again";
                    return Err(io::Error::new(io::ErrorKind::TimedOut, why));
                }
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the system has no word for `the other one let go, or time is up`: only while the lock is held, for milliseconds"
)]
fn wait() {
    std::thread::sleep(BETWEEN_TRIES);
}
