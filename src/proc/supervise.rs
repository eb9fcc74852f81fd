//! Supervision of one process tree: start, output, stop ladder, leak window, sweep; and exactly one end, always last.

use std::ffi::OsString;
use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::pipe;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::identity;
use super::sweep;
use super::wire::{Reply, Request, Text, WITH_STDIN, WITHOUT_STDIN, line};
use crate::domain::attempt::{CancelReason, ProcessRecord};

/// How much is read at once.
const CHUNK: usize = 64 << 10;
/// How many chunks may wait for the reader: then the pipe fills and the program waits.
const CHUNKS: usize = 16;
/// How long a pipe may stay open after its program ended before that is called a leak.
pub const LEAK_WINDOW: Duration = Duration::from_millis(200);
/// How long docket waits for the last bytes, and for the shim's word, after a sweep.
const DRAIN: Duration = Duration::from_secs(3);

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
    /// SIGKILL to the group, and the sweep.
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
    /// The shim was killed: nobody knows how the program ended, only that it did.
    Lost(String),
}

/// The one end of a process tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// How the leader ended.
    pub status: Status,
    /// A pipe was still held open after the leak window.
    pub leaked: bool,
    /// How many processes had to be ended after their leader.
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
    /// Bytes of its standard output (or of both, when merged).
    Stdout(Vec<u8>),
    /// Bytes of its standard error.
    Stderr(Vec<u8>),
    /// A stop went one rung up.
    Rung(Rung),
    /// All is over: nothing of the tree is left, but what `left` names.
    Ended(Ended),
}

/// What may be asked of a process tree. Never blocks, never fails: what comes too late does nothing.
#[derive(Debug, Clone)]
pub struct Control {
    asks: mpsc::UnboundedSender<Ask>,
}

enum Ask {
    Write(Vec<u8>),
    CloseStdin,
    Stop(CancelReason),
    Freeze,
    Thaw,
}

impl Control {
    /// Writes to its standard input, in order.
    pub fn write(&self, bytes: Vec<u8>) {
        self.ask(Ask::Write(bytes));
    }

    /// Closes its standard input after what was written.
    pub fn close_stdin(&self) {
        self.ask(Ask::CloseStdin);
    }

    /// Stops it by the ladder; [`CancelReason::Kill`], and a second call with a higher reason, go to SIGKILL at once.
    pub fn stop(&self, reason: CancelReason) {
        self.ask(Ask::Stop(reason));
    }

    /// Freezes every process of the tree.
    pub fn freeze(&self) {
        self.ask(Ask::Freeze);
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
    /// What happens. Bounded: who doesn't read makes the program wait.
    pub events: mpsc::Receiver<ProcessEvent>,
    /// What may be asked.
    pub control: Control,
}

/// A shim that stands and waits: nothing of the program runs yet.
#[derive(Debug)]
pub struct Shim {
    process: tokio::process::Child,
    record: ProcessRecord,
    socket: StdUnixStream,
    stdout: OwnedFd,
    stderr: Option<OwnedFd>,
}

impl Shim {
    /// Starts a shim from docket's own `program`. May be called early: it costs nothing while it waits, and goes when it
    /// is dropped.
    pub fn start(program: &Path, output: Output) -> std::io::Result<Self> {
        let (ours, theirs) = StdUnixStream::pair()?;
        let (stdout, stdout_end) = std::io::pipe()?;
        let (stderr, stderr_end) = match output {
            Output::Separate => {
                let (reader, writer) = std::io::pipe()?;
                (Some(OwnedFd::from(reader)), writer)
            }
            Output::Merged => (None, stdout_end.try_clone()?),
        };
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
            .stdout(Stdio::from(OwnedFd::from(stdout_end)))
            .stderr(Stdio::from(OwnedFd::from(stderr_end)))
            .spawn()?;
        let record = process
            .id()
            .and_then(identity::record)
            .ok_or_else(|| std::io::Error::other("the process holder ended at once"))?;
        Ok(Self {
            process,
            record,
            socket: ours,
            stdout: stdout.into(),
            stderr,
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
        tokio::spawn(async move { events.send(ProcessEvent::Ended(lost)).await });
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

async fn supervise(
    shim: Shim,
    spec: LaunchSpec,
    guard: EndGuard,
    asks: mpsc::UnboundedReceiver<Ask>,
) {
    let Some(events) = guard.sender() else { return };
    let Shim {
        mut process,
        socket,
        stdout,
        stderr,
        ..
    } = shim;
    let marker = spec.marker.clone();
    let ended = match Tree::launch(socket, stdout, stderr, &spec, &events) {
        Ok(tree) => tree.live(spec.ladder, asks, &events).await,
        Err(error) => Ended::without_start(Status::NotStarted(format!(
            "can't talk to the process holder: {error}"
        ))),
    };
    let ended = after_loss(ended, marker).await;
    drop(events);
    // It exits by itself after the sweep; if it hangs on a disk, its zombie is reaped when docket ends.
    let _reaped = tokio::time::timeout(DRAIN, process.wait()).await;
    guard.end(ended).await;
}

/// The shim is dead: what it held is found by the marker.
async fn after_loss(mut ended: Ended, marker: String) -> Ended {
    if matches!(ended.status, Status::Lost(_))
        && let Ok(swept) = tokio::task::spawn_blocking(move || sweep::sweep(&marker)).await
    {
        ended.swept += u32::try_from(swept.killed.len()).unwrap_or(u32::MAX);
        ended.left = swept.left.into_iter().collect();
    }
    ended
}

/// What docket holds of a live tree.
struct Tree {
    requests: tokio::net::unix::OwnedWriteHalf,
    replies: tokio::io::Lines<BufReader<tokio::net::unix::OwnedReadHalf>>,
    stdin: mpsc::UnboundedSender<Option<Vec<u8>>>,
    readers: Vec<JoinHandle<()>>,
    launch: Vec<u8>,
    late_news: Vec<ProcessEvent>,
}

impl Tree {
    fn launch(
        socket: StdUnixStream,
        stdout: OwnedFd,
        stderr: Option<OwnedFd>,
        spec: &LaunchSpec,
        events: &mpsc::Sender<ProcessEvent>,
    ) -> std::io::Result<Self> {
        let stdin_pipe = if spec.stdin {
            Some(std::io::pipe()?)
        } else {
            None
        };
        let (stdin_end, stdin_writer) = stdin_pipe.unzip();
        send_stdin(&socket, stdin_end.map(OwnedFd::from).as_ref())?;
        let mut readers = vec![read_all(stdout, ProcessEvent::Stdout, events.clone())?];
        if let Some(stderr) = stderr {
            readers.push(read_all(stderr, ProcessEvent::Stderr, events.clone())?);
        }
        let stdin = write_all(stdin_writer.map(OwnedFd::from))?;
        socket.set_nonblocking(true)?;
        let (replies, requests) = UnixStream::from_std(socket)?.into_split();
        let mut environment: Vec<(Text, Text)> = spec
            .environment
            .iter()
            .map(|(name, value)| (name.as_os_str().into(), value.as_os_str().into()))
            .collect();
        environment.push((
            Text::Utf8(sweep::VARIABLE.to_owned()),
            Text::Utf8(spec.marker.clone()),
        ));
        let launch = line(&Request::Launch {
            argv: spec
                .argv
                .iter()
                .map(|argument| argument.as_os_str().into())
                .collect(),
            directory: spec.directory.as_os_str().into(),
            environment,
        })?;
        Ok(Self {
            requests,
            replies: BufReader::new(replies).lines(),
            stdin,
            readers,
            launch,
            late_news: Vec::new(),
        })
    }

    async fn live(
        mut self,
        ladder: Ladder,
        mut asks: mpsc::UnboundedReceiver<Ask>,
        events: &mpsc::Sender<ProcessEvent>,
    ) -> Ended {
        let launch = std::mem::take(&mut self.launch);
        if self.requests.write_all(&launch).await.is_err() {
            return Ended::without_start(Status::Lost("the process holder was killed".into()));
        }
        let mut stop = Stop {
            ladder,
            reason: None,
            rung: None,
            next: None,
        };
        let mut asked = true;
        let status = loop {
            tokio::select! { biased;
                reply = self.replies.next_line() => match parse(reply) {
                    Some(Reply::Started { pid }) => self.tell(events, ProcessEvent::Started { pid }),
                    Some(Reply::NotStarted { why }) => {
                        self.drain(DRAIN).await;
                        return Ended { stopped: stop.reason, ..Ended::without_start(Status::NotStarted(why)) };
                    }
                    Some(Reply::Exited { code: Some(code), .. }) => break Status::Exited(code),
                    Some(Reply::Exited { signal, .. }) => break Status::Signalled(signal.unwrap_or(0)),
                    Some(Reply::Swept { .. }) => {}
                    None => {
                        self.drain(LEAK_WINDOW).await;
                        let lost = Status::Lost("the process holder was killed".into());
                        return Ended { stopped: stop.reason, ..Ended::without_start(lost) };
                    }
                },
                ask = asks.recv(), if asked => match ask {
                    Some(Ask::Write(bytes)) => { let _closed = self.stdin.send(Some(bytes)); }
                    Some(Ask::CloseStdin) => { let _closed = self.stdin.send(None); }
                    Some(Ask::Stop(reason)) => {
                        if stop.hurry(reason) {
                            self.climb(&mut stop, events).await;
                        }
                    }
                    Some(Ask::Freeze) => self.request(&Request::Freeze).await,
                    Some(Ask::Thaw) => self.request(&Request::Thaw).await,
                    // Nobody can ask any more, so nobody waits for it: the tree must not outlive that.
                    None => {
                        asked = false;
                        if stop.hurry(CancelReason::Kill) {
                            self.climb(&mut stop, events).await;
                        }
                    }
                },
                () = at(stop.next) => self.climb(&mut stop, events).await,
            }
        };
        let news = std::mem::take(&mut self.late_news);
        let ended = self.after_exit(status, stop.reason).await;
        for event in news {
            let _nobody_reads = events.send(event).await;
        }
        ended
    }

    /// Takes the next rung.
    async fn climb(&mut self, stop: &mut Stop, events: &mpsc::Sender<ProcessEvent>) {
        let Some((rung, grace)) = stop.climb() else {
            return;
        };
        let request = match rung {
            Rung::Interrupt => Request::Interrupt,
            Rung::Terminate => Request::Terminate,
            Rung::Kill => Request::Kill,
        };
        self.request(&request).await;
        stop.next = grace.map(from_now);
        self.tell(events, ProcessEvent::Rung(rung));
    }

    /// The leader has ended and is not reaped yet: leak window, sweep, last bytes.
    async fn after_exit(mut self, status: Status, stopped: Option<CancelReason>) -> Ended {
        let at_the_end = self.drain(LEAK_WINDOW).await;
        self.request(&Request::Sweep).await;
        let swept = tokio::time::timeout(DRAIN, async {
            loop {
                match parse(self.replies.next_line().await) {
                    Some(Reply::Swept { killed, left }) => break (killed, left),
                    Some(_) => {}
                    None => break (0, Vec::new()),
                }
            }
        });
        let (swept, left) = swept.await.unwrap_or_default();
        // Whoever held a pipe is gone: what it wrote comes now, then the end. A reader that makes us wait is no leak.
        if !at_the_end {
            self.drain(DRAIN).await;
        }
        for reader in &self.readers {
            reader.abort();
        }
        Ended {
            status,
            leaked: !at_the_end && swept > 0,
            swept,
            left,
            stopped,
        }
    }

    /// Waits for the end of all output, for at most `limit` from now on, whatever comes in the meantime.
    async fn drain(&mut self, limit: Duration) -> bool {
        let all = async {
            for reader in &mut self.readers {
                if !reader.is_finished() {
                    let _aborted = reader.await;
                }
            }
        };
        tokio::time::timeout(limit, all).await.is_ok()
    }

    async fn request(&mut self, request: &Request) {
        if let Ok(line) = line(request) {
            // A dead shim is seen by the end of its replies.
            let _dead = self.requests.write_all(&line).await;
        }
    }

    /// News of the tree itself must not wait behind its output: what finds no place comes before the end.
    fn tell(&mut self, events: &mpsc::Sender<ProcessEvent>, event: ProcessEvent) {
        if let Err(mpsc::error::TrySendError::Full(event)) = events.try_send(event) {
            self.late_news.push(event);
        }
    }
}

/// Where a stop stands.
struct Stop {
    ladder: Ladder,
    reason: Option<CancelReason>,
    rung: Option<Rung>,
    next: Option<Instant>,
}

impl Stop {
    /// Notes a reason; whether a rung is to be taken now.
    fn hurry(&mut self, reason: CancelReason) -> bool {
        let first = self.reason.is_none();
        if self.reason.is_some_and(|known| known >= reason) {
            return false;
        }
        self.reason = Some(reason);
        if (!first || reason == CancelReason::Kill) && self.rung < Some(Rung::Kill) {
            // The next rung is the last one.
            self.rung = Some(Rung::Terminate);
            return true;
        }
        first
    }

    /// The next rung and its grace.
    fn climb(&mut self) -> Option<(Rung, Option<Duration>)> {
        let next = match self.rung {
            None if !self.ladder.interrupt.is_zero() => Rung::Interrupt,
            None | Some(Rung::Interrupt) if !self.ladder.terminate.is_zero() => Rung::Terminate,
            None | Some(Rung::Interrupt | Rung::Terminate) => Rung::Kill,
            Some(Rung::Kill) => return None,
        };
        self.rung = Some(next);
        self.next = None;
        Some((
            next,
            match next {
                Rung::Interrupt => Some(self.ladder.interrupt),
                Rung::Terminate => Some(self.ladder.terminate),
                Rung::Kill => None,
            },
        ))
    }
}

fn from_now(duration: Duration) -> Instant {
    Instant::now() + duration
}

async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

fn parse(line: std::io::Result<Option<String>>) -> Option<Reply> {
    serde_json::from_str(&line.ok()??).ok()
}

/// Hands the program's standard input to the shim: a descriptor beside the first byte.
fn send_stdin(socket: &StdUnixStream, stdin: Option<&OwnedFd>) -> std::io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let descriptors = stdin.map(|descriptor| [descriptor.as_fd()]);
    if let Some(descriptors) = &descriptors {
        ancillary.push(SendAncillaryMessage::ScmRights(descriptors));
    }
    let byte = [if stdin.is_some() {
        WITH_STDIN
    } else {
        WITHOUT_STDIN
    }];
    sendmsg(
        socket,
        &[IoSlice::new(&byte)],
        &mut ancillary,
        SendFlags::empty(),
    )?;
    Ok(())
}

/// Reads a pipe to its end.
fn read_all(
    pipe: OwnedFd,
    event: fn(Vec<u8>) -> ProcessEvent,
    events: mpsc::Sender<ProcessEvent>,
) -> std::io::Result<JoinHandle<()>> {
    let mut pipe = pipe::Receiver::from_owned_fd(pipe)?;
    Ok(tokio::spawn(async move {
        let mut buffer = vec![0; CHUNK];
        while let Ok(read @ 1..) = pipe.read(&mut buffer).await {
            if events.send(event(buffer[..read].to_vec())).await.is_err() {
                break;
            }
        }
    }))
}

/// Writes what comes to the program's standard input; `None` closes it.
fn write_all(pipe: Option<OwnedFd>) -> std::io::Result<mpsc::UnboundedSender<Option<Vec<u8>>>> {
    let (sender, mut receiver) = mpsc::unbounded_channel::<Option<Vec<u8>>>();
    let mut pipe = pipe.map(pipe::Sender::from_owned_fd).transpose()?;
    tokio::spawn(async move {
        while let Some(Some(bytes)) = receiver.recv().await {
            let Some(pipe) = &mut pipe else { break };
            // A program that does not read, or has ended, is no error.
            if pipe.write_all(&bytes).await.is_err() {
                break;
            }
        }
    });
    Ok(sender)
}
