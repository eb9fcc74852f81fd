//! The command that is told what happens. It never holds up the run: at most a few run at a time, some wait, and what is
//! beyond that is dropped with a word in the log.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use super::context::Places;
use crate::config::NotifyConfig;
use crate::domain::attempt::CancelReason;
use crate::domain::board::Feed;
use crate::domain::event::Envelope;
use crate::domain::notice::{Notice, Notices};
use crate::proc::supervise::{Ladder, LaunchSpec, Output, ProcessEvent, Shim, Status};

/// How many calls run at a time.
const AT_ONCE: usize = 4;
/// How many wait.
const WAITING: usize = 64;
/// How long a command that takes too long has between SIGTERM and SIGKILL.
const GRACE: Duration = Duration::from_secs(1);

/// Where what was stored is told to who calls the command.
pub(super) type Stored = mpsc::UnboundedSender<Vec<Arc<Envelope>>>;

/// Starts who calls the command; `None` without one. `alive` is held until the last call is over, so that whoever waits for
/// the runner's end waits for that, too.
pub(super) fn start(
    wanted: &NotifyConfig,
    places: &Places,
    alive: mpsc::UnboundedSender<Feed>,
) -> Option<Stored> {
    let command = wanted.command.clone()?;
    let (stored, mut receiver) = mpsc::unbounded_channel::<Vec<Arc<Envelope>>>();
    let (calls, waiting) = mpsc::channel(WAITING);
    let caller = Caller {
        command: command.into_iter().map(OsString::from).collect(),
        limit: wanted.limit,
        root: places.root.clone(),
        program: places.program.clone(),
    };
    let wanted = wanted.on.clone();
    tokio::spawn(async move {
        let mut notices = Notices::default();
        while let Some(events) = receiver.recv().await {
            let told = notices.take(events.iter().map(AsRef::as_ref));
            for notice in told {
                if wanted.contains(&notice.notice)
                    && let Err(error) = calls.try_send(notice)
                {
                    tracing::warn!(%error, "a notification is dropped: notify.command is too slow");
                }
            }
        }
    });
    tokio::spawn(async move {
        caller.serve(waiting).await;
        drop(alive);
    });
    Some(stored)
}

/// What the command reads: one line.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    notice: &'a Notice,
    repository: &'a str,
}

struct Caller {
    command: Vec<OsString>,
    limit: Duration,
    root: PathBuf,
    /// docket's own.
    program: PathBuf,
}

impl Caller {
    async fn serve(self, mut notices: mpsc::Receiver<Notice>) {
        let caller = Arc::new(self);
        let slots = Arc::new(Semaphore::new(AT_ONCE));
        let mut calls = JoinSet::new();
        while let Some(notice) = notices.recv().await {
            let Ok(slot) = slots.clone().acquire_owned().await else {
                return;
            };
            let caller = caller.clone();
            calls.spawn(async move {
                if let Err(why) = caller.call(&notice).await {
                    tracing::warn!(why, "notify.command failed");
                }
                drop(slot);
            });
            while calls.try_join_next().is_some() {}
        }
        while calls.join_next().await.is_some() {}
    }

    async fn call(&self, notice: &Notice) -> Result<(), String> {
        let document = Document {
            notice,
            repository: &self.root.to_string_lossy(),
        };
        let mut line = serde_json::to_vec(&document).map_err(|error| error.to_string())?;
        line.push(b'\n');
        let shim = Shim::start(&self.program, Output::Merged).map_err(|error| error.to_string())?;
        let mut supervised = shim.launch(LaunchSpec {
            argv: self.command.clone(),
            directory: self.root.clone(),
            // It is the user's own program, and works with the user's own session: DISPLAY, D-Bus and so on.
            environment: std::env::vars_os().collect(),
            marker: format!("notify/{}", super::marker()),
            stdin: true,
            ladder: Ladder {
                interrupt: Duration::ZERO,
                terminate: GRACE,
            },
            confinement: None,
        });
        supervised.control.write(line);
        supervised.control.close_stdin();
        let limit = tokio::time::sleep(self.limit);
        tokio::pin!(limit);
        let mut is_late = false;
        let ended = loop {
            tokio::select! {
                event = supervised.events.recv() => match event {
                    Some(ProcessEvent::Ended(ended)) => break ended,
                    Some(_) => {}
                    None => return Err("its supervision ended".to_owned()),
                },
                () = &mut limit, if !is_late => {
                    is_late = true;
                    supervised.control.stop(CancelReason::Limit);
                }
            }
        };
        match ended.status {
            _ if is_late => Err("it took longer than `notify.limit`".to_owned()),
            Status::Exited(0) => Ok(()),
            Status::Exited(code) => Err(format!("it ended with exit code {code}")),
            Status::Signalled(signal) => Err(format!("it was ended by signal {signal}")),
            Status::NotStarted(why) | Status::Lost(why) => Err(why),
        }
    }
}
