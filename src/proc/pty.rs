//! A program on a terminal of its own: what the terminal pane shows.
//!
//! It runs below a shim like every agent, so that nothing of it outlives its pane or docket; the shim's session has the
//! pseudo terminal as its controlling terminal, so it never sees docket's own. Nothing here becomes evidence.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::time::Duration;

use pty_process::{OwnedReadPty, OwnedWritePty};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::os;
use super::supervise::{Ladder, LaunchSpec, ProcessEvent, Shim, Status, Supervised};
use crate::domain::attempt::CancelReason;

/// How much is read at once: more than a terminal gives.
const CHUNK: usize = 16 << 10;
/// How many chunks may wait for the reader: then the program waits.
const CHUNKS: usize = 16;
/// How long the program has between SIGHUP and SIGKILL.
const GRACE: Duration = Duration::from_millis(300);
/// How long docket waits for a slow reader of the last output.
const PATIENCE: Duration = Duration::from_secs(2);

/// So much of what a terminal answers may wait for a program that does not read: then it gets no more answers.
pub(super) const MOST_ANSWERS: usize = 4 << 10;

/// The size of a terminal in cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Lines.
    pub rows: u16,
    /// Cells in a line.
    pub columns: u16,
}

/// What to start on a terminal.
#[derive(Debug, Clone)]
pub struct PtySpec {
    /// docket's own program (an absolute path), for the shim.
    pub docket: PathBuf,
    /// Program and arguments. Visible to every user of the machine: never a secret.
    pub argv: Vec<OsString>,
    /// Its working directory.
    pub directory: PathBuf,
    /// Its whole environment (`TERM` is the caller's business, too).
    pub environment: Vec<(OsString, OsString)>,
    /// Found in the environment of everything that it starts.
    pub marker: String,
    /// The terminal's first size.
    pub size: Size,
}

/// A program on a terminal. It is hung up when `output` is dropped, or the last of its controls.
#[derive(Debug)]
pub struct Pty {
    /// What it draws. Bounded: who doesn't read makes the program wait. Closed after its end.
    pub output: mpsc::Receiver<Vec<u8>>,
    /// What may be asked.
    pub control: PtyControl,
    /// How it ended: after the last output, when nothing of it is left.
    pub ended: oneshot::Receiver<Status>,
}

/// What may be asked of a program on a terminal. Never blocks, never fails: what comes too late does nothing.
#[derive(Debug, Clone)]
pub struct PtyControl {
    asks: mpsc::UnboundedSender<Ask>,
}

/// Who has the keys on a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Foreground {
    /// The program that was started there.
    Itself,
    /// Something that it runs, by its name as far as the system tells it.
    Other(Option<String>),
}

#[derive(Debug)]
enum Ask {
    Write(Vec<u8>),
    Answer(Vec<u8>),
    Resize(Size),
    Foreground(oneshot::Sender<Foreground>),
    Close,
}

impl PtyControl {
    /// Types these bytes.
    pub fn write(&self, bytes: Vec<u8>) {
        let _it_has_ended = self.asks.send(Ask::Write(bytes));
    }

    /// Answers what the program asked its terminal. Dropped while it does not read the answers that it has.
    pub fn answer(&self, bytes: Vec<u8>) {
        let _it_has_ended = self.asks.send(Ask::Answer(bytes));
    }

    /// Changes the terminal's size; the program is told by SIGWINCH.
    pub fn resize(&self, size: Size) {
        let _it_has_ended = self.asks.send(Ask::Resize(size));
    }

    /// Who has the keys there. Closed without an answer when nobody can tell, or nothing runs any more.
    pub fn foreground(&self) -> oneshot::Receiver<Foreground> {
        let (answer, receiver) = oneshot::channel();
        let _it_has_ended = self.asks.send(Ask::Foreground(answer));
        receiver
    }

    /// Hangs up: SIGHUP, a short grace, SIGKILL.
    pub fn close(&self) {
        let _it_has_ended = self.asks.send(Ask::Close);
    }
}

impl Pty {
    /// Starts a program on a new terminal. A program that can't be started is an end ([`Status::NotStarted`]), not an
    /// error. Wants a tokio runtime around it.
    pub fn open(spec: PtySpec) -> io::Result<Self> {
        let (pty, pts) = pty_process::open().map_err(io_error)?;
        pty.resize(spec.size.into()).map_err(io_error)?;
        let shim = Shim::start_on(&spec.docket, pts.as_fd().try_clone_to_owned()?)?;
        let supervised = shim.launch(LaunchSpec {
            argv: spec.argv,
            directory: spec.directory,
            environment: spec.environment,
            marker: spec.marker,
            stdin: false,
            ladder: Ladder {
                interrupt: Duration::ZERO,
                terminate: Duration::ZERO,
            },
            confinement: None,
        });
        // The terminal is the program's alone: else it would never be at its end.
        drop(pts);
        let terminal = pty.as_fd().try_clone_to_owned()?;
        let (reader, writer) = pty.into_split();
        let (output_sender, output) = mpsc::channel(CHUNKS);
        let (asks, ask_receiver) = mpsc::unbounded_channel();
        let (ended_sender, ended) = oneshot::channel();
        let keeper = Keeper {
            supervised,
            writer,
            terminal,
            leader: None,
        };
        tokio::spawn(async move {
            let status = keeper.keep(reader, output_sender, ask_receiver).await;
            let _nobody_waits = ended_sender.send(status);
        });
        Ok(Self {
            output,
            control: PtyControl { asks },
            ended,
        })
    }
}

/// Holds the program and the terminal's other end.
struct Keeper {
    supervised: Supervised,
    writer: OwnedWritePty,
    /// The same terminal, to be asked about.
    terminal: OwnedFd,
    /// The program's process.
    leader: Option<u32>,
}

/// What was typed and not written yet, in pieces as it came: a large paste is not moved about for each of its writes.
#[derive(Default)]
struct Typed {
    pieces: VecDeque<Vec<u8>>,
    /// How much of the first piece is written.
    written: usize,
    /// Which pieces, counted over all that ever came, are answers and not typed.
    answers: VecDeque<u64>,
    /// How many pieces were written as a whole.
    gone: u64,
    /// How many bytes of answers wait.
    waiting: usize,
}

impl Typed {
    fn add(&mut self, bytes: Vec<u8>) {
        if !bytes.is_empty() {
            self.pieces.push_back(bytes);
        }
    }

    /// What the terminal answers: no more than the program reads.
    fn answer(&mut self, bytes: Vec<u8>) {
        if bytes.is_empty() || self.waiting >= MOST_ANSWERS {
            return;
        }
        self.answers.push_back(self.gone + self.pieces.len() as u64);
        self.waiting += bytes.len();
        self.pieces.push_back(bytes);
    }

    fn next(&self) -> &[u8] {
        let first = self.pieces.front().map_or(&[][..], Vec::as_slice);
        first.get(self.written..).unwrap_or_default()
    }

    fn written(&mut self, count: usize) {
        self.written += count;
        if self.next().is_empty() {
            let piece = self.pieces.pop_front().unwrap_or_default();
            if self.answers.front() == Some(&self.gone) {
                self.answers.pop_front();
                self.waiting = self.waiting.saturating_sub(piece.len());
            }
            self.gone += 1;
            self.written = 0;
        }
    }

    fn clear(&mut self) {
        *self = Self::default();
    }
}

impl Keeper {
    /// Keeps it until its end. When this returns, nothing of it is left and its output is closed.
    async fn keep(
        mut self,
        reader: OwnedReadPty,
        output: mpsc::Sender<Vec<u8>>,
        asks: mpsc::UnboundedReceiver<Ask>,
    ) -> Status {
        let mut reading = tokio::spawn(read_all(reader, output.clone()));
        let status = match self.serve(&output, asks).await {
            Some(status) => status,
            None => self.hang_up().await,
        };
        // Nobody holds the other side now, so the end of the output comes as soon as it is read.
        if timeout(PATIENCE, &mut reading).await.is_err() {
            reading.abort();
            let _aborted = reading.await;
        }
        status
    }

    /// Does what is asked until the program ends (how), or is to be ended (`None`).
    async fn serve(
        &mut self,
        output: &mpsc::Sender<Vec<u8>>,
        mut asks: mpsc::UnboundedReceiver<Ask>,
    ) -> Option<Status> {
        let mut typed = Typed::default();
        loop {
            // A program that does not read what is typed makes only the typing wait.
            tokio::select! { biased;
                event = self.supervised.events.recv() => {
                    if let Some(ProcessEvent::Started { pid }) = &event {
                        self.leader = Some(*pid);
                    }
                    if let Some(status) = end_of(event) {
                        return Some(status);
                    }
                }
                ask = asks.recv() => match ask {
                    Some(Ask::Write(bytes)) => typed.add(bytes),
                    Some(Ask::Answer(bytes)) => typed.answer(bytes),
                    Some(Ask::Resize(size)) => {
                        let _ended_already = self.writer.resize(size.into());
                    }
                    Some(Ask::Foreground(answer)) => self.tell_foreground(answer),
                    Some(Ask::Close) | None => return None,
                },
                () = output.closed() => return None,
                written = self.writer.write(typed.next()), if !typed.next().is_empty() => match written {
                    Ok(written) => typed.written(written),
                    Err(_nobody_reads_any_more) => typed.clear(),
                },
            }
        }
    }

    /// Tells who has the keys: whose group is in the terminal's foreground.
    fn tell_foreground(&self, answer: oneshot::Sender<Foreground>) {
        let groups = self.leader.and_then(os::pid).and_then(|leader| {
            let own = rustix::process::getpgid(Some(leader)).ok()?;
            let front = rustix::termios::tcgetpgrp(&self.terminal).ok()?;
            Some((own, front))
        });
        let Some((own, front)) = groups else { return };
        if own == front {
            let _nobody_asks_any_more = answer.send(Foreground::Itself);
            return;
        }
        // Names are read from the system's files, or told by a program.
        drop(tokio::task::spawn_blocking(move || {
            let _nobody_asks_any_more = answer.send(Foreground::Other(os::name(front)));
        }));
    }

    /// SIGHUP, a grace, SIGKILL.
    async fn hang_up(&mut self) -> Status {
        self.supervised.control.hang_up();
        if let Ok(status) = timeout(GRACE, self.end()).await {
            return status;
        }
        self.supervised.control.stop(CancelReason::Kill);
        self.end().await
    }

    async fn end(&mut self) -> Status {
        loop {
            if let Some(status) = end_of(self.supervised.events.recv().await) {
                return status;
            }
        }
    }
}

/// How it ended, if this is the end.
fn end_of(event: Option<ProcessEvent>) -> Option<Status> {
    match event {
        Some(ProcessEvent::Ended(ended)) => Some(ended.status),
        Some(_) => None,
        None => Some(Status::Lost("docket's supervision ended early".into())),
    }
}

async fn read_all(mut reader: OwnedReadPty, output: mpsc::Sender<Vec<u8>>) {
    let mut buffer = vec![0; CHUNK];
    // When the last one has let the terminal go, Linux says EIO, other systems say the end.
    while let Ok(read @ 1..) = reader.read(&mut buffer).await {
        if output.send(buffer[..read].to_vec()).await.is_err() {
            return;
        }
    }
}

/// A new terminal of this size: our side, which doesn't block, and the program's. Wants a tokio runtime around it.
pub(super) fn pair(size: Size) -> io::Result<(OwnedFd, OwnedFd)> {
    let (pty, pts) = pty_process::open().map_err(io_error)?;
    pty.resize(size.into()).map_err(io_error)?;
    let terminal = pts.as_fd().try_clone_to_owned()?;
    Ok((pty.into(), terminal))
}

/// Gives a terminal another size, from our side.
pub(super) fn resize(master: &OwnedFd, size: Size) -> io::Result<()> {
    let size = rustix::termios::Winsize {
        ws_row: size.rows,
        ws_col: size.columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    Ok(rustix::termios::tcsetwinsize(master, size)?)
}

fn io_error(error: pty_process::Error) -> io::Error {
    match error {
        pty_process::Error::Io(error) => error,
        pty_process::Error::Rustix(error) => error.into(),
        other => io::Error::other(other),
    }
}

impl From<Size> for pty_process::Size {
    fn from(size: Size) -> Self {
        Self::new(size.rows, size.columns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_that_nobody_reads_are_not_piled_up_and_typing_is_never_lost() {
        let mut typed = Typed::default();
        for _ in 0..100_000 {
            typed.answer(b"answer".to_vec());
        }
        typed.add(b"typed".to_vec());
        let kept: usize = typed.pieces.iter().map(Vec::len).sum();
        assert!(kept < MOST_ANSWERS + 64, "{kept}");
        assert_eq!(typed.pieces.back().map(Vec::as_slice), Some(&b"typed"[..]));
        while !typed.next().is_empty() {
            typed.written(typed.next().len().min(4));
        }
        assert_eq!(typed.waiting, 0);
        typed.answer(b"again".to_vec());
        assert_eq!(typed.next(), b"again");
    }
}
