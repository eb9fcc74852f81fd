//! Starting a program for a moment: under supervision like any agent, with a limit, and with nothing left of it.

use std::ffi::OsString;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;

use crate::domain::attempt::CancelReason;
use crate::proc::supervise::{Ended, Ladder, LaunchSpec, Output, ProcessEvent, Shim, Status};

/// More than any answer: an agent that lists all of its commands needs half a megabyte.
const MOST_OUTPUT: usize = 16 << 20;

/// How long a program has after its standard input was closed, before it is told to end.
const FAREWELL: Duration = Duration::from_millis(700);

/// How it is told.
const LADDER: Ladder = Ladder {
    interrupt: Duration::ZERO,
    terminate: Duration::from_millis(800),
};

/// A program and what it is started with.
pub(super) struct Program<'a> {
    /// docket's own program, which holds it.
    pub(super) docket: &'a Path,
    /// Program and arguments.
    pub(super) argv: Vec<OsString>,
    /// Its folder.
    pub(super) folder: &'a Path,
    /// Its whole environment.
    pub(super) environment: Vec<(OsString, OsString)>,
}

/// What came of it.
pub(super) enum Came<T> {
    /// What was waited for.
    Heard(T),
    /// It ended before; the last of its words, standard error first.
    Ended(Status, String),
    /// Neither in the time that it had.
    Silence,
}

/// Starts `program`, writes `line` to it, and shows every line of its standard output to `listen` until that hears what
/// it waits for. A last line without an end counts. Whatever happens, nothing of the program is left afterwards.
pub(super) async fn ask<T>(
    program: Program<'_>,
    line: Option<String>,
    wait: Duration,
    mut listen: impl FnMut(&str) -> Option<T>,
) -> Came<T> {
    let shim = match Shim::start(program.docket, Output::Separate) {
        Ok(shim) => shim,
        Err(error) => return Came::Ended(Status::NotStarted(error.to_string()), String::new()),
    };
    let mut supervised = shim.launch(LaunchSpec {
        argv: program.argv,
        directory: program.folder.to_owned(),
        environment: program.environment,
        marker: marker(),
        stdin: line.is_some(),
        ladder: LADDER,
        confinement: None,
    });
    if let Some(mut line) = line {
        line.push('\n');
        supervised.control.write(line.into_bytes());
    }
    let mut said = Said::default();
    let events = &mut supervised.events;
    let heard = match timeout(wait, hear(events, &mut said, &mut listen)).await {
        Ok(Heard::Answer(heard)) => Some(heard),
        Ok(Heard::End(status)) => {
            return match said.rest(&mut listen) {
                Some(heard) => Came::Heard(heard),
                None => Came::Ended(status, said.words()),
            };
        }
        Err(_too_late) => None,
    };
    // Whoever answered may leave by itself; whoever didn't has had its time.
    if heard.is_some() {
        supervised.control.close_stdin();
        if timeout(FAREWELL, end(events)).await.is_err() {
            supervised.control.stop(CancelReason::Terminate);
        }
    } else {
        supervised.control.stop(CancelReason::Kill);
    }
    // Dropping the receiver would end it as well; waiting shows that it is gone.
    let _gone_or_dropped = timeout(2 * LADDER.terminate + FAREWELL, end(events)).await;
    heard.map_or(Came::Silence, Came::Heard)
}

enum Heard<T> {
    Answer(T),
    End(Status),
}

async fn hear<T>(
    events: &mut Receiver<ProcessEvent>,
    said: &mut Said,
    listen: &mut impl FnMut(&str) -> Option<T>,
) -> Heard<T> {
    loop {
        match events.recv().await {
            Some(ProcessEvent::Stdout(bytes)) => {
                if let Some(heard) = said.lines(&bytes, listen) {
                    return Heard::Answer(heard);
                }
            }
            Some(ProcessEvent::Stderr(bytes)) => said.complained(&bytes),
            Some(ProcessEvent::Ended(Ended { status, .. })) => return Heard::End(status),
            Some(ProcessEvent::Started { .. } | ProcessEvent::Rung(_)) => {}
            None => return Heard::End(Status::Lost("nobody knows how it ended".into())),
        }
    }
}

/// Waits for the end. Output is read and dropped meanwhile, so that nothing waits for us.
async fn end(events: &mut Receiver<ProcessEvent>) {
    while !matches!(events.recv().await, Some(ProcessEvent::Ended(_)) | None) {}
}

/// Found in the environment of everything that is started.
fn marker() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    format!("doctor-{}-{number}", std::process::id())
}

/// What a program said so far.
#[derive(Default)]
struct Said {
    /// Its standard output from the last line's start.
    open: Vec<u8>,
    /// How much it said in all.
    bytes: usize,
    /// The last lines of both streams.
    last: String,
    errors: String,
}

impl Said {
    fn lines<T>(&mut self, bytes: &[u8], listen: &mut impl FnMut(&str) -> Option<T>) -> Option<T> {
        self.bytes += bytes.len();
        if self.bytes > MOST_OUTPUT {
            self.open.clear();
            return None;
        }
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.open.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                let line = String::from_utf8_lossy(&self.open).into_owned();
                self.open.clear();
                line.trim().clone_into(&mut self.last);
                if let Some(heard) = listen(self.last.as_str()) {
                    return Some(heard);
                }
            }
        }
        None
    }

    fn rest<T>(&mut self, listen: &mut impl FnMut(&str) -> Option<T>) -> Option<T> {
        if self.open.is_empty() {
            return None;
        }
        self.open.push(b'\n');
        let open = std::mem::take(&mut self.open);
        self.lines(&open, listen)
    }

    fn complained(&mut self, bytes: &[u8]) {
        const KEPT: usize = 4096;
        self.errors.push_str(&String::from_utf8_lossy(bytes));
        if self.errors.len() > KEPT {
            let mut from = self.errors.len() - KEPT;
            while !self.errors.is_char_boundary(from) {
                from += 1;
            }
            self.errors.drain(..from);
        }
    }

    /// The last line that says anything, for people.
    fn words(&self) -> String {
        let errors = super::super::text::visible(&self.errors).into_owned();
        let last_error = errors
            .lines()
            .rev()
            .map(str::trim)
            .find(|line| !line.is_empty());
        let words = last_error.unwrap_or(&self.last);
        words.chars().take(200).collect()
    }
}
