//! The life of one process tree, from the launch to its one end.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::process::Signal;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf, pipe};
use tokio::sync::{mpsc, oneshot};

use super::pipes::{Input, Outputs};
use super::stop::{KILL_LIMIT, Step, Stop};
use super::{Ask, Ended, LEAK_WINDOW, LaunchSpec, ProcessEvent, Rung, Shim, Status};
use crate::domain::attempt::CancelReason;
use crate::proc::wire::{Reply, Request, Text, line};
use crate::proc::{pty, sweep};

/// How long docket waits for the shim's word after a sweep (the shim itself gives up sooner), and between two looks at
/// an output that is not at its end.
const PATIENCE: Duration = Duration::from_secs(3);

/// What docket holds of a live tree.
pub(super) struct Tree {
    shim: tokio::process::Child,
    requests: OwnedWriteHalf,
    replies: tokio::io::Lines<BufReader<OwnedReadHalf>>,
    stdin: Input,
    stdout: Option<pipe::Receiver>,
    stderr: Option<pipe::Receiver>,
    outputs: Outputs,
    terminal: bool,
    /// The other side of the program's terminal.
    master: Option<OwnedFd>,
    marker: String,
    stop: Stop,
    started: bool,
    late_news: Vec<ProcessEvent>,
    /// Who waits for the shim's word that all is frozen, in order.
    freezing: VecDeque<oneshot::Sender<()>>,
}

/// How the leader's life ended, as far as the shim's word goes.
enum LeaderEnd {
    Ended(Status),
    NotStarted(String),
    /// The shim is dead.
    ShimGone,
    /// It outlived SIGKILL.
    Unendable,
}

impl Tree {
    /// Takes what the shim has, before anything of the program runs.
    pub(super) fn new(shim: Shim, spec: &LaunchSpec) -> std::io::Result<Self> {
        let terminal = shim.terminal.is_some();
        let stdin = match (shim.terminal, &shim.master) {
            (Some(terminal), Some(master)) => {
                Input::typed(&shim.socket, &terminal, master.try_clone()?)?
            }
            (Some(terminal), None) => Input::hand_over(&shim.socket, &terminal)?,
            (None, _) if spec.stdin => Input::pipe(&shim.socket)?,
            (None, _) => Input::nothing(&shim.socket)?,
        };
        let receiver = if terminal {
            pipe::Receiver::from_owned_fd_unchecked
        } else {
            pipe::Receiver::from_owned_fd
        };
        shim.socket.set_nonblocking(true)?;
        let (replies, requests) = UnixStream::from_std(shim.socket)?.into_split();
        Ok(Self {
            shim: shim.process,
            requests,
            replies: BufReader::new(replies).lines(),
            stdin,
            stdout: shim.stdout.map(receiver).transpose()?,
            stderr: shim.stderr.map(receiver).transpose()?,
            outputs: Outputs::default(),
            terminal,
            master: shim.master,
            marker: spec.marker.clone(),
            stop: Stop::new(spec.ladder),
            started: false,
            late_news: Vec::new(),
            freezing: VecDeque::new(),
        })
    }

    /// Launches the program and sees it to its end.
    pub(super) async fn live(
        mut self,
        spec: &LaunchSpec,
        mut asks: mpsc::UnboundedReceiver<Ask>,
        events: &mpsc::Sender<ProcessEvent>,
    ) -> Ended {
        let leader = match launch_request(spec, self.terminal) {
            Ok(launch) => {
                // A dead shim is seen by the end of its replies.
                let _dead = self.requests.write_all(&launch).await;
                self.until_leader_ends(&mut asks, events).await
            }
            Err(error) => {
                LeaderEnd::NotStarted(format!("the command can't be written down: {error}"))
            }
        };
        let ended = self.finish(leader, events).await;
        let _reaped = tokio::time::timeout(PATIENCE, self.shim.wait()).await;
        ended
    }

    async fn until_leader_ends(
        &mut self,
        asks: &mut mpsc::UnboundedReceiver<Ask>,
        events: &mpsc::Sender<ProcessEvent>,
    ) -> LeaderEnd {
        let mut asked = true;
        let mut listened = true;
        loop {
            tokio::select! { biased;
                reply = self.replies.next_line() => match parse(reply) {
                    Some(Reply::Started { pid }) => {
                        // The first of all events: the channel is empty, and the pipes are read only now.
                        self.started = true;
                        self.tell(events, ProcessEvent::Started { pid });
                        for early in std::mem::take(&mut self.late_news) {
                            self.tell(events, early);
                        }
                        self.read(events);
                    }
                    Some(Reply::NotStarted { why }) => return LeaderEnd::NotStarted(why),
                    Some(Reply::Exited { code, signal }) => {
                        return LeaderEnd::Ended(match (code, signal) {
                            (Some(code), _) => Status::Exited(code),
                            (None, Some(signal)) => Status::Signalled(signal),
                            (None, None) => Status::Lost("somebody else has reaped it".into()),
                        });
                    }
                    Some(Reply::Frozen) => {
                        if let Some(frozen) = self.freezing.pop_front() {
                            let _nobody_waits = frozen.send(());
                        }
                    }
                    Some(Reply::Swept { .. }) => {}
                    None => return LeaderEnd::ShimGone,
                },
                ask = asks.recv(), if asked => if let Some(ask) = ask {
                    self.act(ask, events).await;
                } else {
                    asked = false;
                    self.abandoned(events).await;
                },
                () = events.closed(), if listened => {
                    listened = false;
                    self.abandoned(events).await;
                },
                () = self.stop.due() => {
                    if !self.climb(events).await {
                        return LeaderEnd::Unendable;
                    }
                },
            }
        }
    }

    fn read(&mut self, events: &mpsc::Sender<ProcessEvent>) {
        if let Some(pipe) = self.stdout.take() {
            self.outputs
                .read(pipe, ProcessEvent::Stdout, events.clone());
        }
        if let Some(pipe) = self.stderr.take() {
            self.outputs
                .read(pipe, ProcessEvent::Stderr, events.clone());
        }
    }

    async fn act(&mut self, ask: Ask, events: &mpsc::Sender<ProcessEvent>) {
        match ask {
            Ask::Write(bytes) => self.stdin.write(bytes),
            Ask::Answer(bytes) => self.stdin.answer(bytes),
            Ask::CloseStdin => self.stdin.close(),
            Ask::Stop(reason) => self.hurry(reason, events).await,
            Ask::HangUp => self.request(&Request::HangUp).await,
            Ask::Resize(size) => {
                if let Some(master) = &self.master {
                    let _it_has_ended = pty::resize(master, size);
                }
            }
            Ask::Freeze(frozen) => {
                self.freezing.push_back(frozen);
                self.request(&Request::Freeze).await;
            }
            Ask::Thaw => self.request(&Request::Thaw).await,
        }
    }

    /// Nobody can ask any more, or nobody listens: the tree must not outlive that.
    async fn abandoned(&mut self, events: &mpsc::Sender<ProcessEvent>) {
        self.hurry(CancelReason::Kill, events).await;
    }

    async fn hurry(&mut self, reason: CancelReason, events: &mpsc::Sender<ProcessEvent>) {
        if self.stop.hurry(reason) {
            self.climb(events).await;
        }
    }

    /// Takes the next rung; whether there was one.
    async fn climb(&mut self, events: &mpsc::Sender<ProcessEvent>) -> bool {
        let Step::Take(rung) = self.stop.climb() else {
            return false;
        };
        let request = match rung {
            Rung::Interrupt => Request::Interrupt,
            Rung::Terminate => Request::Terminate,
            Rung::Kill => Request::Kill,
        };
        self.wake_shim();
        self.request(&request).await;
        self.tell(events, ProcessEvent::Rung(rung));
        true
    }

    /// The leader has ended: leak window, sweep, last bytes.
    async fn finish(&mut self, leader: LeaderEnd, events: &mpsc::Sender<ProcessEvent>) -> Ended {
        let mut ended = Ended {
            stopped: self.stop.reason(),
            ..Ended::without_start(Status::Lost(String::new()))
        };
        let asks_shim = match leader {
            LeaderEnd::NotStarted(why) => {
                ended.status = Status::NotStarted(why);
                return ended;
            }
            LeaderEnd::Ended(status) => {
                ended.status = status;
                // An absolute window: what comes meanwhile does not lengthen it.
                ended.leaked = self.outputs.are_held_open()
                    && !self.outputs.end_within(LEAK_WINDOW).await
                    && self.outputs.are_held_open();
                true
            }
            LeaderEnd::ShimGone => {
                ended.status = Status::Lost("the process holder was killed".into());
                false
            }
            LeaderEnd::Unendable => {
                ended.status = Status::Lost(format!(
                    "it did not end within {} s after SIGKILL",
                    KILL_LIMIT.as_secs()
                ));
                true
            }
        };
        let swept = if asks_shim { self.sweep().await } else { None };
        (ended.swept, ended.left) = match swept {
            Some(swept) => swept,
            None => self.sweep_without_shim().await,
        };
        self.take_last_output(events).await;
        for event in std::mem::take(&mut self.late_news) {
            let _nobody_reads = events.send(event).await;
        }
        ended
    }

    /// A stopped shim (its children can do that) would never act.
    fn wake_shim(&self) {
        // Not reaped yet, so the pid can't be a stranger's.
        if let Some(pid) = self.shim.id() {
            sweep::kill(pid, Signal::CONT);
        }
    }

    async fn sweep(&mut self) -> Option<(u32, Vec<u32>)> {
        self.wake_shim();
        self.request(&Request::Sweep).await;
        let answer = async {
            loop {
                if let Reply::Swept { killed, left } = parse(self.replies.next_line().await)? {
                    return Some((killed, left));
                }
            }
        };
        tokio::time::timeout(PATIENCE, answer).await.ok().flatten()
    }

    /// The shim is dead, or does not answer: what it held is found by the marker.
    async fn sweep_without_shim(&mut self) -> (u32, Vec<u32>) {
        let _dead_already = self.shim.start_kill();
        let marker = self.marker.clone();
        let swept = tokio::task::spawn_blocking(move || sweep::sweep(&marker)).await;
        let swept = swept.unwrap_or_default();
        (
            u32::try_from(swept.killed.len()).unwrap_or(u32::MAX),
            swept.left.into_iter().collect(),
        )
    }

    /// Whoever held a pipe is gone: what was written comes now, as fast as it is read, then the end.
    async fn take_last_output(&mut self, events: &mpsc::Sender<ProcessEvent>) {
        self.read(events);
        while !self.outputs.end_within(PATIENCE).await {
            // Only one that can't be ended still holds it.
            if self.outputs.are_held_open() {
                break;
            }
        }
        std::mem::take(&mut self.outputs).close().await;
    }

    async fn request(&mut self, request: &Request) {
        if let Ok(line) = line(request) {
            // A dead shim is seen by the end of its replies.
            let _dead = self.requests.write_all(&line).await;
        }
    }

    /// News of the tree itself must not wait behind its output: what finds no place comes before the end. What comes
    /// before the start waits for that.
    fn tell(&mut self, events: &mpsc::Sender<ProcessEvent>, event: ProcessEvent) {
        if !self.started {
            self.late_news.push(event);
        } else if let Err(mpsc::error::TrySendError::Full(event)) = events.try_send(event) {
            self.late_news.push(event);
        }
    }
}

fn launch_request(spec: &LaunchSpec, terminal: bool) -> std::io::Result<Vec<u8>> {
    let mut environment: Vec<(Text, Text)> = spec
        .environment
        .iter()
        .map(|(name, value)| (name.as_os_str().into(), value.as_os_str().into()))
        .collect();
    // The last one of a name counts: a docket below a docket marks its own.
    environment.push((
        Text::Utf8(sweep::VARIABLE.to_owned()),
        Text::Utf8(spec.marker.clone()),
    ));
    line(&Request::Launch {
        argv: spec
            .argv
            .iter()
            .map(|argument| argument.as_os_str().into())
            .collect(),
        directory: spec.directory.as_os_str().into(),
        environment,
        terminal,
        writable: spec.confinement.as_ref().map(|confinement| {
            let writable = confinement.writable.iter();
            writable.map(|path| path.as_os_str().into()).collect()
        }),
    })
}

fn parse(line: std::io::Result<Option<String>>) -> Option<Reply> {
    serde_json::from_str(&line.ok()??).ok()
}
