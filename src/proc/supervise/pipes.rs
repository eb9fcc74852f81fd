//! The program's pipes: its output to us, our input to it.

use std::io::{ErrorKind, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use tokio::io::AsyncWriteExt;
use tokio::net::unix::pipe;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::ProcessEvent;
use crate::proc::pty::MOST_ANSWERS;
use crate::proc::wire::{WITH_STDIN, WITHOUT_STDIN};

/// How much is read at once: what a pipe holds.
const CHUNK: usize = 64 << 10;

/// The pipes of the output, each read by a task of its own.
#[derive(Debug, Default)]
pub(super) struct Outputs {
    readers: Vec<(Arc<pipe::Receiver>, JoinHandle<()>)>,
}

impl Outputs {
    /// Reads a pipe to its end.
    pub(super) fn read(
        &mut self,
        pipe: pipe::Receiver,
        event: fn(Vec<u8>) -> ProcessEvent,
        events: mpsc::Sender<ProcessEvent>,
    ) {
        let pipe = Arc::new(pipe);
        let reader = tokio::spawn(read_all(Arc::clone(&pipe), event, events));
        self.readers.push((pipe, reader));
    }

    /// Waits for the end of all output, for at most `limit` from now on, whatever comes in the meantime; whether it came.
    pub(super) async fn end_within(&mut self, limit: Duration) -> bool {
        let all = async {
            for (_, reader) in &mut self.readers {
                if !reader.is_finished() {
                    let _panicked = reader.await;
                }
            }
        };
        tokio::time::timeout(limit, all).await.is_ok()
    }

    /// Whether somebody still holds the other end of a pipe. That we are slow to read is something else.
    pub(super) fn are_held_open(&self) -> bool {
        self.readers
            .iter()
            .any(|(pipe, reader)| !reader.is_finished() && !has_hung_up(pipe))
    }

    /// Reads no more. When this returns, no event of an output will follow.
    pub(super) async fn close(self) {
        for (_, reader) in self.readers {
            reader.abort();
            if !reader.is_finished() {
                let _aborted = reader.await;
            }
        }
    }
}

/// Whether nobody can write to it any more, also while it still holds what was written (poll(2), POLLHUP).
fn has_hung_up(pipe: &pipe::Receiver) -> bool {
    let mut asked = [PollFd::new(pipe, PollFlags::IN)];
    let at_once = Timespec::default();
    poll(&mut asked, Some(&at_once)).is_ok() && asked[0].revents().contains(PollFlags::HUP)
}

async fn read_all(
    pipe: Arc<pipe::Receiver>,
    event: fn(Vec<u8>) -> ProcessEvent,
    events: mpsc::Sender<ProcessEvent>,
) {
    let mut buffer = vec![0; CHUNK];
    while pipe.readable().await.is_ok() {
        match pipe.try_read(&mut buffer) {
            Ok(read @ 1..) => {
                if events.send(event(buffer[..read].to_vec())).await.is_err() {
                    return;
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Ok(_) | Err(_) => return,
        }
    }
}

/// The program's standard input, written by a task of its own: a program that doesn't read makes nobody else wait.
#[derive(Debug)]
pub(super) struct Input {
    sender: mpsc::UnboundedSender<Option<Piece>>,
    writer: JoinHandle<()>,
    /// How many bytes of answers wait to be read.
    waiting: Arc<AtomicUsize>,
}

/// What is to be written: something that nobody may lose, or what a terminal answers.
enum Piece {
    Input(Vec<u8>),
    Answer(Vec<u8>),
}

impl Input {
    /// A pipe, whose reading end goes to the shim.
    pub(super) fn pipe(socket: &UnixStream) -> std::io::Result<Self> {
        let (reader, writer) = std::io::pipe()?;
        send_descriptor(socket, Some(&reader.into()))?;
        let pipe = pipe::Sender::from_owned_fd(writer.into())?;
        Ok(Self::to(Some(pipe)))
    }

    /// Something that is there already.
    pub(super) fn hand_over(socket: &UnixStream, input: &OwnedFd) -> std::io::Result<Self> {
        send_descriptor(socket, Some(input))?;
        Ok(Self::to(None))
    }

    /// A terminal, on whose other side is typed.
    pub(super) fn typed(
        socket: &UnixStream,
        terminal: &OwnedFd,
        master: OwnedFd,
    ) -> std::io::Result<Self> {
        send_descriptor(socket, Some(terminal))?;
        let typed = pipe::Sender::from_owned_fd_unchecked(master)?;
        Ok(Self::to(Some(typed)))
    }

    /// None.
    pub(super) fn nothing(socket: &UnixStream) -> std::io::Result<Self> {
        send_descriptor(socket, None)?;
        Ok(Self::to(None))
    }

    fn to(pipe: Option<pipe::Sender>) -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let writer = tokio::spawn(write_all(pipe, receiver, Arc::clone(&waiting)));
        Self {
            sender,
            writer,
            waiting,
        }
    }

    /// Writes in order.
    pub(super) fn write(&self, bytes: Vec<u8>) {
        let _closed = self.sender.send(Some(Piece::Input(bytes)));
    }

    /// The same for what a terminal answers: dropped while a program does not read the answers that it has.
    pub(super) fn answer(&self, bytes: Vec<u8>) {
        if self.waiting.load(Ordering::Acquire) < MOST_ANSWERS {
            self.waiting.fetch_add(bytes.len(), Ordering::AcqRel);
            let _closed = self.sender.send(Some(Piece::Answer(bytes)));
        }
    }

    /// Closes it after what was written.
    pub(super) fn close(&self) {
        let _closed = self.sender.send(None);
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        self.writer.abort();
    }
}

async fn write_all(
    mut pipe: Option<pipe::Sender>,
    mut receiver: mpsc::UnboundedReceiver<Option<Piece>>,
    waiting: Arc<AtomicUsize>,
) {
    while let Some(Some(piece)) = receiver.recv().await {
        let Some(pipe) = &mut pipe else { return };
        let (bytes, answers) = match piece {
            Piece::Input(bytes) => (bytes, 0),
            Piece::Answer(bytes) => {
                let length = bytes.len();
                (bytes, length)
            }
        };
        // A program that does not read, or has ended, is no error.
        if pipe.write_all(&bytes).await.is_err() {
            return;
        }
        waiting.fetch_sub(answers, Ordering::AcqRel);
    }
}

/// A descriptor beside the first byte on the socket (unix(7), `SCM_RIGHTS`).
fn send_descriptor(socket: &UnixStream, descriptor: Option<&OwnedFd>) -> std::io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let descriptors = descriptor.map(|descriptor| [descriptor.as_fd()]);
    let byte = if let Some(descriptors) = &descriptors {
        ancillary.push(SendAncillaryMessage::ScmRights(descriptors));
        WITH_STDIN
    } else {
        WITHOUT_STDIN
    };
    sendmsg(
        socket,
        &[IoSlice::new(&[byte])],
        &mut ancillary,
        SendFlags::empty(),
    )?;
    Ok(())
}
