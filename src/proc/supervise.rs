//! Supervision of one process tree: start, output, stop ladder, leak window, sweep; and exactly one end, always last.

mod pipes;
mod stop;
mod tree;

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

pub use self::stop::LIMIT_GRACE;
use self::tree::Tree;
use super::confine::Confinement;
use super::identity;
use super::pty::{self, Size};
use crate::domain::attempt::{CancelReason, ProcessRecord};

/// How many chunks of output may wait for the reader: then the pipe fills and the program waits.
const CHUNKS: usize = 16;
/// How long a pipe may stay open after its program ended before that is called a leak.
pub const LEAK_WINDOW: Duration = Duration::from_millis(200);
/// Whether standard error has a pipe of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// Two pipes.
    Separate,
    /// One pipe for both, in the order in which the program writes.
    Merged,
}

/// A program to start.
#[derive(Debug, Clone)]
pub struct LaunchSpec {
    /// Program and arguments. Visible to every user of the machine: never a secret.
    pub argv: Vec<OsString>,
    /// Its working directory.
    pub directory: PathBuf,
    /// Its whole environment.
    pub environment: Vec<(OsString, OsString)>,
    /// Found in the environment of everything that it starts.
    pub marker: String,
    /// Whether its standard input is a pipe; otherwise it is empty.
    pub stdin: bool,
    /// How it is stopped.
    pub ladder: Ladder,
    /// Where it may write; `None` for wherever its user may. A system that can't hold it to that doesn't start it.
    pub confinement: Option<Confinement>,
}

/// How much time each rung of a stop has before the next one; zero skips the rung.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ladder {
    /// After SIGINT.
    pub interrupt: Duration,
    /// After SIGTERM. SIGKILL and a sweep follow.
    pub terminate: Duration,
}

/// A rung of a stop that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rung {
    /// SIGINT to the group.
    Interrupt,
    /// SIGTERM to the group.
    Terminate,
    /// SIGKILL to everything below the shim.
    Kill,
}

/// How the leader ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// It exited.
    Exited(i32),
    /// A signal ended it.
    Signalled(i32),
    /// It could not be started: what, and what to do.
    NotStarted(String),
    /// The shim was killed, or the program outlived SIGKILL: nobody knows how it ended, `left` says whether it did.
    Lost(String),
}

/// The one end of a process tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// How the leader ended.
    pub status: Status,
    /// A pipe was still held open after the leak window.
    pub leaked: bool,
    /// How many processes docket had to end with SIGKILL, beside the leader.
    pub swept: u32,
    /// Processes that could not be ended.
    pub left: Vec<u32>,
    /// Why it was stopped, if it was.
    pub stopped: Option<CancelReason>,
}

/// What happens to a process tree. `Ended` comes exactly once, last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProcessEvent {
    /// The program runs.
    Started {
        /// Its pid.
        pid: u32,
    },
    /// Bytes of its standard output (or of both, when merged; or what it draws on its terminal).
    Stdout(Vec<u8>),
    /// Bytes of its standard error.
    Stderr(Vec<u8>),
    /// A stop went one rung up.
    Rung(Rung),
    /// All is over: nothing of the tree is left, but what `left` names.
    Ended(Ended),
}

/// What may be asked of a process tree. Never blocks, never fails: what comes too late does nothing. When the last one
/// is dropped, the tree is killed.
#[derive(Debug, Clone)]
pub struct Control {
    asks: mpsc::UnboundedSender<Ask>,
}

enum Ask {
    Write(Vec<u8>),
    Answer(Vec<u8>),
    CloseStdin,
    Stop(CancelReason),
    HangUp,
    Resize(Size),
    Freeze(oneshot::Sender<()>),
    Thaw,
}

impl Control {
    /// Writes to its standard input, in order.
    pub fn write(&self, bytes: Vec<u8>) {
        self.ask(Ask::Write(bytes));
    }

    /// Answers what it asked its terminal. Dropped while it does not read the answers that it has.
    pub fn answer(&self, bytes: Vec<u8>) {
        self.ask(Ask::Answer(bytes));
    }

    /// Closes its standard input after what was written.
    pub fn close_stdin(&self) {
        self.ask(Ask::CloseStdin);
    }

    /// Stops it by the ladder; [`CancelReason::Kill`], and a second call with a higher reason, go to SIGKILL at once.
    pub fn stop(&self, reason: CancelReason) {
        self.ask(Ask::Stop(reason));
    }

    /// Tells it that its terminal is gone (SIGHUP).
    pub fn hang_up(&self) {
        self.ask(Ask::HangUp);
    }

    /// Gives its terminal another size, if it runs on one; it is told by SIGWINCH.
    pub fn resize(&self, size: Size) {
        self.ask(Ask::Resize(size));
    }

    /// Freezes every process of the tree. The receiver hears when all have got the signal; it is closed when that will
    /// never be.
    pub fn freeze(&self) -> oneshot::Receiver<()> {
        let (frozen, receiver) = oneshot::channel();
        self.ask(Ask::Freeze(frozen));
        receiver
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.ask(Ask::Thaw);
    }

    fn ask(&self, ask: Ask) {
        let _it_has_ended = self.asks.send(ask);
    }
}

/// A program that was started.
#[derive(Debug)]
pub struct Supervised {
    /// What happens. Bounded: who doesn't read makes the program wait; who drops it ends the tree.
    pub events: mpsc::Receiver<ProcessEvent>,
    /// What may be asked.
    pub control: Control,
}

/// A shim that stands and waits: nothing of the program runs yet.
#[derive(Debug)]
pub struct Shim {
    process: tokio::process::Child,
    record: ProcessRecord,
    socket: UnixStream,
    stdout: Option<OwnedFd>,
    stderr: Option<OwnedFd>,
    /// What becomes the program's standard input.
    terminal: Option<OwnedFd>,
    /// The other side of that terminal, where its output is one of the events.
    master: Option<OwnedFd>,
}

impl Shim {
    /// Starts a shim from docket's own `program` (an absolute path). May be called early: it costs nothing while it
    /// waits, and goes when it is dropped.
    pub fn start(program: &Path, output: Output) -> std::io::Result<Self> {
        let (stdout, stdout_end) = std::io::pipe()?;
        let (stderr, stderr_end) = match output {
            Output::Separate => {
                let (reader, writer) = std::io::pipe()?;
                (Some(OwnedFd::from(reader)), writer)
            }
            Output::Merged => (None, stdout_end.try_clone()?),
        };
        let mut shim = Self::spawn(program, stdout_end.into(), stderr_end.into())?;
        shim.stdout = Some(stdout.into());
        shim.stderr = stderr;
        Ok(shim)
    }

    /// The same for a program on a terminal. Its output is not in the events.
    pub(super) fn start_on(program: &Path, terminal: OwnedFd) -> std::io::Result<Self> {
        let mut shim = Self::spawn(program, terminal.try_clone()?, terminal.try_clone()?)?;
        shim.terminal = Some(terminal);
        Ok(shim)
    }

    /// The same for a program on a new terminal: what it draws comes as [`ProcessEvent::Stdout`], what is written to it is typed.
    /// Wants a tokio runtime around it.
    pub fn start_on_terminal(program: &Path, size: Size) -> std::io::Result<Self> {
        let (master, terminal) = pty::pair(size)?;
        let mut shim = Self::start_on(program, terminal)?;
        shim.stdout = Some(master.try_clone()?);
        shim.master = Some(master);
        Ok(shim)
    }

    fn spawn(program: &Path, stdout: OwnedFd, stderr: OwnedFd) -> std::io::Result<Self> {
        let (ours, theirs) = UnixStream::pair()?;
        #[expect(
            clippy::disallowed_methods,
            reason = "the shim, below which everything else starts"
        )]
        let mut command = tokio::process::Command::new(program);
        let process = command
            .arg("__shim")
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::from(stdout))
            .stderr(Stdio::from(stderr))
            .spawn()?;
        let record = process
            .id()
            .and_then(identity::record)
            .ok_or_else(|| std::io::Error::other("the process holder ended at once"))?;
        Ok(Self {
            process,
            record,
            socket: ours,
            stdout: None,
            stderr: None,
            terminal: None,
            master: None,
        })
    }

    /// Who it is: to be journaled before the launch.
    pub fn record(&self) -> &ProcessRecord {
        &self.record
    }

    /// Starts the program in it.
    pub fn launch(self, spec: LaunchSpec) -> Supervised {
        let (events, receiver) = mpsc::channel(CHUNKS);
        let (asks, ask_receiver) = mpsc::unbounded_channel();
        let guard = EndGuard {
            events: Some(events),
        };
        tokio::spawn(supervise(self, spec, guard, ask_receiver));
        Supervised {
            events: receiver,
            control: Control { asks },
        }
    }
}

async fn supervise(
    shim: Shim,
    spec: LaunchSpec,
    guard: EndGuard,
    asks: mpsc::UnboundedReceiver<Ask>,
) {
    let Some(events) = guard.sender() else { return };
    let ended = match Tree::new(shim, &spec) {
        Ok(tree) => tree.live(&spec, asks, &events).await,
        Err(error) => Ended::without_start(Status::NotStarted(format!(
            "can't talk to the process holder: {error}"
        ))),
    };
    drop(events);
    guard.end(ended).await;
}

/// Sees to it that there is an end, also after a panic.
struct EndGuard {
    events: Option<mpsc::Sender<ProcessEvent>>,
}

impl EndGuard {
    fn sender(&self) -> Option<mpsc::Sender<ProcessEvent>> {
        self.events.clone()
    }

    async fn end(mut self, ended: Ended) {
        if let Some(events) = self.events.take() {
            let _nobody_reads = events.send(ProcessEvent::Ended(ended)).await;
        }
    }
}

impl Drop for EndGuard {
    fn drop(&mut self) {
        let Some(events) = self.events.take() else {
            return;
        };
        let lost = Ended::without_start(Status::Lost("docket's supervision ended early".into()));
        if let Err(mpsc::error::TrySendError::Full(lost)) =
            events.try_send(ProcessEvent::Ended(lost))
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(async move { events.send(lost).await });
        }
    }
}

impl Ended {
    fn without_start(status: Status) -> Self {
        Self {
            status,
            leaked: false,
            swept: 0,
            left: Vec::new(),
            stopped: None,
        }
    }
}
