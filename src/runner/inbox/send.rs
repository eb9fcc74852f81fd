//! The asker's end: writes a command and waits for what comes of it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};

use super::{ANSWER, Asked, COMMAND, Reply};
use crate::domain::command::Command;
use crate::proc::clock::{Clock as _, SystemClock};
use crate::store::lock::{LockError, RunnerLock};

/// How often the asker looks whether the runner still lives. (That an answer came is told by the system.)
const LOOK: Duration = Duration::from_millis(100);

/// Why nobody knows what came of a command, or why nothing did.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The inbox can't be used.
    #[error("can't use docket's inbox: {0}")]
    Inbox(#[from] io::Error),
    /// Nobody can tell whether a runner lives.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The runner ended before it took the command, which is withdrawn.
    #[error("the docket that ran here has just ended: nothing was done")]
    Gone,
    /// The runner lives and does not take the command, which is withdrawn.
    #[error(
        "the docket that runs here does not answer (stopped, or very busy): nothing was done; `docket status` says who it is"
    )]
    Silent,
    /// The runner took the command and said nothing.
    #[error(
        "the docket that runs here took the command and did not say what came of it: look with `docket status`"
    )]
    Unknown,
}

/// Asks the runner of `docket` (`.docket/`), which lives, for something, and waits for its answer for so long. What is not taken in
/// that time is withdrawn.
pub fn send(docket: &Path, command: &Command, patience: Duration) -> Result<Reply, SendError> {
    let folder = super::folder(docket)?;
    let name = super::new_name();
    let letter = folder.join(format!("{name}.{COMMAND}"));
    let answer = folder.join(format!("{name}.{ANSWER}"));
    // One end stays here: without a watch the channel is silent, not closed.
    let (hint, hints) = mpsc::channel();
    let _watch = watch(&folder, hint.clone());
    let command = command.clone();
    super::write(&letter, &Asked { command })?;
    let clock = SystemClock::new();
    loop {
        // Asked first: who is gone has answered before.
        let lives = RunnerLock::holder(docket)?.is_some();
        if let Some(reply) = take(&answer)? {
            return Ok(reply);
        }
        let waited = clock.now().monotonic.0;
        if !lives || waited >= patience {
            return Err(match fs::remove_file(&letter) {
                Ok(()) if lives => SendError::Silent,
                Ok(()) => SendError::Gone,
                Err(_it_was_taken) => SendError::Unknown,
            });
        }
        let _look_again = hints.recv_timeout(LOOK.min(patience.saturating_sub(waited)));
        while hints.try_recv().is_ok() {}
    }
}

fn watch(folder: &Path, hint: mpsc::Sender<()>) -> Option<RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |_event| {
        let _nobody_waits = hint.send(());
    })
    .ok()?;
    watcher.watch(folder, RecursiveMode::NonRecursive).ok()?;
    Some(watcher)
}

/// Takes the answer away, if it is there.
fn take(answer: &PathBuf) -> Result<Option<Reply>, SendError> {
    if fs::symlink_metadata(answer).is_err() {
        return Ok(None);
    }
    let reply = super::read(answer);
    let _it_is_read = fs::remove_file(answer);
    reply.map(Some).map_err(|bad| {
        SendError::Inbox(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("the answer of the docket that runs here: {bad}"),
        ))
    })
}
