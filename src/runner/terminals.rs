//! The terminals of agents that run on one: who wants to look at one, and type into it.
//!
//! What such a terminal shows is in the evidence of its attempt, `terminal.cast`, as it comes. Whoever looks reads that file, from
//! its beginning and while it grows, so that one who comes late sees the same as one who was there, also in another process.
//! What is typed goes to the task of the attempt, and into no ledger.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::{EventKind, RecursiveMode, Watcher as _};
use tokio::sync::{Notify, mpsc, watch};

use crate::domain::ids::AttemptId;
use crate::store::cast::{Reader, What};
use crate::store::evidence;

/// What the recording of an attempt's terminal is called.
pub const RECORDING: &str = "terminal.cast";

/// How often the file is read while the system can't watch it.
const BLIND: Duration = Duration::from_millis(250);

/// How many pieces may wait for who looks.
const PIECES: usize = 16;

/// So many terminals that are not open yet, or never open, may have a size.
const EARLY: usize = 64;

/// What people do to an agent's terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TerminalInput {
    /// They type.
    Type(Vec<u8>),
    /// Their window has this size.
    Resize {
        /// Cells in a line.
        columns: u16,
        /// Lines.
        rows: u16,
    },
}

/// What a terminal shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// The program writes.
    Output(String),
    /// The terminal has this size from here on.
    Size {
        /// Cells in a line.
        columns: u16,
        /// Lines.
        rows: u16,
    },
    /// The attempt is over, in words. Nothing follows.
    Over(String),
}

/// What goes to the post.
#[derive(Debug)]
pub(super) enum Letter {
    /// An attempt has a terminal: here it takes what is typed.
    Opened {
        attempt: AttemptId,
        inputs: mpsc::UnboundedSender<TerminalInput>,
    },
    /// For an attempt's terminal.
    Input {
        attempt: AttemptId,
        input: TerminalInput,
    },
}

/// Where letters go.
pub(super) type Post = mpsc::UnboundedSender<Letter>;

/// The way to the terminals of agents.
#[derive(Debug, Clone)]
pub struct Terminals {
    /// `None` while the runner lives in another process: then there is nothing to type into.
    post: watch::Receiver<Option<Post>>,
}

impl Terminals {
    /// The way to those of a runner in this process; and none yet, where it lives elsewhere.
    pub(super) fn of(post: Option<Post>) -> (watch::Sender<Option<Post>>, Self) {
        let (sender, post) = watch::channel(post);
        (sender, Self { post })
    }

    /// Ones that nobody can type into.
    pub fn nowhere() -> Self {
        Self::of(None).1
    }

    /// Where letters go, if the runner lives here.
    pub(super) fn post(&self) -> Option<Post> {
        self.post.borrow().clone()
    }

    /// Looks at the terminal of an attempt, whose evidence is in `folder`. Wants a tokio runtime around it.
    pub fn attach(&self, attempt: AttemptId, folder: PathBuf) -> Attached {
        let (sender, shown) = mpsc::channel(PIECES);
        tokio::spawn(show(folder, sender));
        Attached {
            shown,
            control: AttachedControl {
                attempt,
                terminals: self.clone(),
            },
        }
    }
}

/// Somebody looks at a terminal. Dropping it changes nothing for the agent.
#[derive(Debug)]
pub struct Attached {
    /// What it shows, from the beginning.
    pub shown: mpsc::Receiver<Shown>,
    /// The way to it.
    pub control: AttachedControl,
}

/// The way to a terminal that somebody looks at. Never waits, never fails: what comes too late, or from another process, does
/// nothing.
#[derive(Debug, Clone)]
pub struct AttachedControl {
    attempt: AttemptId,
    terminals: Terminals,
}

impl AttachedControl {
    /// Does this.
    pub fn input(&self, input: TerminalInput) {
        let attempt = self.attempt.clone();
        if let Some(post) = self.terminals.post() {
            let _runner_has_ended = post.send(Letter::Input { attempt, input });
        }
    }
}

/// Starts the post of a runner.
pub(super) fn post() -> Post {
    let (post, mut letters) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut open: BTreeMap<AttemptId, mpsc::UnboundedSender<TerminalInput>> = BTreeMap::new();
        // Who looks before the terminal opens says a size once, and not again.
        let mut sizes: BTreeMap<AttemptId, TerminalInput> = BTreeMap::new();
        while let Some(letter) = letters.recv().await {
            match letter {
                Letter::Opened { attempt, inputs } => {
                    open.retain(|_, inputs| !inputs.is_closed());
                    if let Some(size) = sizes.remove(&attempt) {
                        let _its_attempt_is_over = inputs.send(size);
                    }
                    open.insert(attempt, inputs);
                }
                Letter::Input { attempt, input } => {
                    if let Some(inputs) = open.get(&attempt) {
                        let _its_attempt_is_over = inputs.send(input);
                    } else if matches!(input, TerminalInput::Resize { .. }) {
                        if sizes.len() >= EARLY {
                            sizes.clear();
                        }
                        sizes.insert(attempt, input);
                    }
                }
            }
        }
    });
    post
}

/// Tells what the recording holds and will hold, until the attempt is over or nobody listens.
async fn show(folder: PathBuf, shown: mpsc::Sender<Shown>) {
    let grown = Arc::new(Notify::new());
    let hints = Arc::clone(&grown);
    let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let is_read = event.is_ok_and(|event| matches!(event.kind, EventKind::Access(_)));
        if !is_read {
            hints.notify_one();
        }
    });
    // Watched before it is read: what comes meanwhile gives a hint.
    let watched = watcher.and_then(|mut watcher| {
        watcher.watch(&folder, RecursiveMode::NonRecursive)?;
        Ok(watcher)
    });
    let path = folder.join(RECORDING);
    let mut reader = None;
    loop {
        // Looked for before the rest is read: nothing is written after the seal.
        let is_sealed = folder.join(evidence::MANIFEST).exists();
        if reader.is_none() {
            reader = open(&path);
            if let Some(reader) = &reader {
                let header = reader.header();
                let size = Shown::Size {
                    columns: header.width,
                    rows: header.height,
                };
                if shown.send(size).await.is_err() {
                    return;
                }
            }
        }
        while let Some(event) = next(reader.as_mut()) {
            if shown.send(event).await.is_err() {
                return;
            }
        }
        if is_sealed {
            let over = Shown::Over("its attempt is over".to_owned());
            let _nobody_looks = shown.send(over).await;
            return;
        }
        tokio::select! {
            () = shown.closed() => return,
            () = grown.notified() => {}
            () = tokio::time::sleep(BLIND), if watched.is_err() => {}
        }
    }
}

type Growing = Reader<BufReader<WholeLines>>;

/// The recording, once its first line is there.
fn open(path: &Path) -> Option<Growing> {
    let lines = WholeLines {
        file: File::open(path).ok()?,
        ready: Vec::new(),
        given: 0,
        rest: Vec::new(),
    };
    Reader::new(BufReader::new(lines), path).ok()
}

fn next(reader: Option<&mut Growing>) -> Option<Shown> {
    let reader = reader?;
    while let Ok(Some(event)) = reader.next_event() {
        match event.what {
            What::Output(text) => return Some(Shown::Output(text)),
            What::Resize { columns, rows } => return Some(Shown::Size { columns, rows }),
            What::Marker(_) | What::Input | What::Other => {}
        }
    }
    None
}

/// A file that grows, as far as its lines are whole. Its end may be another one with the next call.
struct WholeLines {
    file: File,
    /// Lines with their ends; `given` of these bytes were read.
    ready: Vec<u8>,
    given: usize,
    /// The beginning of a line.
    rest: Vec<u8>,
}

impl WholeLines {
    const CHUNK: u64 = 64 << 10;

    fn fill(&mut self) -> io::Result<()> {
        self.ready.clear();
        self.given = 0;
        let by_ref = &mut self.file;
        while by_ref.take(Self::CHUNK).read_to_end(&mut self.rest)? > 0 {
            if let Some(end) = self.rest.iter().rposition(|byte| *byte == b'\n') {
                self.ready.extend(self.rest.drain(..=end));
                break;
            }
        }
        Ok(())
    }
}

impl Read for WholeLines {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.given == self.ready.len() {
            self.fill()?;
        }
        let mut ready = self.ready.get(self.given..).unwrap_or_default();
        let read = ready.read(into)?;
        self.given += read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_size_that_comes_before_the_terminal_waits_for_it() {
        let post = post();
        let attempt: AttemptId = "TICKET-001.1".parse().expect("an attempt");
        let resize = |columns| TerminalInput::Resize { columns, rows: 9 };
        let inputs = [
            resize(70),
            resize(71),
            TerminalInput::Type(b"lost".to_vec()),
        ];
        for input in inputs {
            let attempt = attempt.clone();
            post.send(Letter::Input { attempt, input }).expect("sent");
        }
        let (inputs, mut taken) = mpsc::unbounded_channel();
        post.send(Letter::Opened {
            attempt: attempt.clone(),
            inputs,
        })
        .expect("sent");
        let input = TerminalInput::Type(b"a".to_vec());
        post.send(Letter::Input { attempt, input }).expect("sent");
        assert_eq!(taken.recv().await, Some(resize(71)));
        let typed = TerminalInput::Type(b"a".to_vec());
        assert_eq!(taken.recv().await, Some(typed));
    }
}
