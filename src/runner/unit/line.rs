//! A command line that docket runs itself in the working tree, through `sh -c`: below a process holder, under the attempt's
//! marker, with a time limit, its output into a log without secrets. Checks and the set-up are such lines.

use std::borrow::Cow;
use std::fs::File;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use super::turn::lost;
use super::{Prepared, Unit};
use crate::domain::attempt::{CancelReason, TurnClocks, Verdict};
use crate::domain::machine::Order;
use crate::proc::clocks::Clocks;
use crate::proc::supervise::{Ended, Output, ProcessEvent, Shim, Status};
use crate::redact::{LineRedactor, Redactor};

/// Output beyond this is counted, not kept.
const LOG_CAP: u64 = 64 << 20;

/// A line that is longer is taken as it is, to bound memory.
const LONGEST_LINE: usize = 1 << 20;

/// What to run.
pub(super) struct Line<'a> {
    /// For `sh -c`.
    pub(super) run: &'a str,
    /// The turn that it belongs to; 0 before the first one.
    pub(super) turn: u32,
    /// How long it may take.
    pub(super) limit: Duration,
    /// The file of evidence that its output goes to; it is there already.
    pub(super) log: &'a str,
}

/// How its process ended.
pub(super) struct LineEnd {
    pub(super) ended: Ended,
    pub(super) timed_out: bool,
    pub(super) cancelled: bool,
    /// What of the output could not be written.
    pub(super) failed: Option<String>,
}

impl Unit {
    /// Runs it to its end. A pause of the run freezes it, a stop ends it by the ladder.
    pub(super) async fn run_line(
        &mut self,
        prepared: &Prepared,
        line: Line<'_>,
    ) -> Result<LineEnd, String> {
        let path = prepared
            .evidence
            .path_of(line.log)
            .map_err(|error| error.to_string())?;
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .open(&path)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        let shim = Shim::start(&self.context.places.program, Output::Merged)
            .map_err(|error| format!("the system gives no new process: {error}"))?;
        let argv = vec!["sh".into(), "-c".into(), line.run.into()];
        let spec = self.launch_spec(prepared, argv, line.turn, Vec::new(), false);
        let mut supervised = shim.launch(spec);
        let mut clocks = Clocks::start(TurnClocks {
            wall: Some(line.limit),
            ..TurnClocks::default()
        });
        let (mut timed_out, mut cancelled, mut failed, mut written) = (false, false, None, 0);
        let mut kept = RedactedLog::new(prepared.redactor.clone());
        let mut ordered = true;
        let ended = loop {
            tokio::select! { biased;
                order = self.orders.recv(), if ordered => match order {
                    Some(Order::Stop { reason }) => { cancelled = true; supervised.control.stop(reason); }
                    Some(Order::Pause) => { self.paused = true; drop(supervised.control.freeze()); clocks.pause(); }
                    Some(Order::Resume) => { self.paused = false; supervised.control.thaw(); clocks.resume(); }
                    Some(Order::Go) => self.go(),
                    Some(Order::Steer { text }) => self.not_steered(text),
                    Some(_) => {}
                    None => {
                        (ordered, cancelled) = (false, true);
                        supervised.control.stop(CancelReason::Kill);
                    }
                },
                // Before its output: a line that floods has always something to say.
                _wall = clocks.expired() => {
                    timed_out = true;
                    supervised.control.stop(CancelReason::Stopped);
                }
                event = supervised.events.recv() => match event {
                    Some(ProcessEvent::Stdout(bytes) | ProcessEvent::Stderr(bytes)) => {
                        let result = kept.take(&mut file, &bytes, &mut written);
                        if let Err(error) = result {
                            failed.get_or_insert(error.to_string());
                        }
                    }
                    Some(ProcessEvent::Started { .. } | ProcessEvent::Rung(_)) => {}
                    Some(ProcessEvent::Ended(ended)) => break ended,
                    None => break lost(),
                },
            }
        };
        if let Err(error) = kept.finish(&mut file, &mut written) {
            failed.get_or_insert(error.to_string());
        }
        if written > LOG_CAP {
            let note = format!("\n[docket kept {LOG_CAP} of {written} bytes]\n");
            if let Err(error) = file.write_all(note.as_bytes()) {
                failed.get_or_insert(error.to_string());
            }
        }
        Ok(LineEnd {
            ended,
            timed_out,
            cancelled,
            failed,
        })
    }
}

/// Writes what comes, line by line, without secrets. What holds none is written as it came.
struct RedactedLog {
    redactor: LineRedactor,
    pending: Vec<u8>,
}

impl RedactedLog {
    fn new(redactor: Arc<Redactor>) -> Self {
        Self {
            redactor: LineRedactor::new(redactor),
            pending: Vec::new(),
        }
    }

    fn take(&mut self, file: &mut File, bytes: &[u8], written: &mut u64) -> std::io::Result<()> {
        self.pending.extend_from_slice(bytes);
        let whole = std::mem::take(&mut self.pending);
        let mut clean = Vec::with_capacity(whole.len());
        let mut rest = whole.as_slice();
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let (line, more) = rest.split_at(end + 1);
            self.line(line, &mut clean);
            rest = more;
        }
        if rest.len() > LONGEST_LINE {
            self.line(rest, &mut clean);
            rest = &[];
        }
        self.pending = rest.to_vec();
        append(file, &clean, written)
    }

    fn finish(&mut self, file: &mut File, written: &mut u64) -> std::io::Result<()> {
        let line = std::mem::take(&mut self.pending);
        let mut clean = Vec::new();
        self.line(&line, &mut clean);
        append(file, &clean, written)
    }

    fn line(&mut self, line: &[u8], clean: &mut Vec<u8>) {
        let (text, end) = match line.strip_suffix(b"\n") {
            Some(text) => (text, "\n"),
            None => (line, ""),
        };
        let text = String::from_utf8_lossy(text);
        match self.redactor.line(&text) {
            Cow::Borrowed(same) if *same == *text => clean.extend_from_slice(line),
            redacted => clean.extend_from_slice(format!("{redacted}{end}").as_bytes()),
        }
    }
}

fn append(file: &mut File, bytes: &[u8], written: &mut u64) -> std::io::Result<()> {
    let room = LOG_CAP.saturating_sub(*written);
    let keep = usize::try_from(room).unwrap_or(usize::MAX).min(bytes.len());
    *written += bytes.len() as u64;
    file.write_all(&bytes[..keep])
}

/// Only an exit code 0 with its output stored is a pass.
pub(super) fn verdict(end: Result<&LineEnd, &String>, stored: bool) -> (Verdict, Option<i32>) {
    let Ok(end) = end else {
        return (Verdict::Inconclusive, None);
    };
    let exit = match end.ended.status {
        Status::Exited(code) => Some(code),
        Status::Signalled(_) | Status::NotStarted(_) | Status::Lost(_) => None,
    };
    let verdict = match exit {
        _ if end.cancelled || end.failed.is_some() || !stored => Verdict::Inconclusive,
        _ if end.timed_out => Verdict::TimedOut,
        Some(0) => Verdict::Pass,
        Some(_) => Verdict::Fail,
        None => Verdict::Inconclusive,
    };
    (verdict, exit)
}
