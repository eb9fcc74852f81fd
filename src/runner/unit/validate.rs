//! Validations: docket runs each itself, in the working tree, through `sh -c`. All run, all are recorded.

use std::borrow::Cow;
use std::fs::File;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use super::turn::lost;
use super::{Prepared, Unit};
use crate::domain::attempt::{CancelReason, TurnClocks, Validation, Verdict};
use crate::domain::machine::{DiffRules, Order, Report};
use crate::domain::ticket::Check;
use crate::proc::clock::Clock as _;
use crate::proc::clocks::Clocks;
use crate::proc::supervise::{Ended, Output, ProcessEvent, Shim, Status};
use crate::redact::{LineRedactor, Redactor};

/// Output beyond this is counted, not kept.
const LOG_CAP: u64 = 64 << 20;

/// A line that is longer is taken as it is, to bound memory.
const LONGEST_LINE: usize = 1 << 20;

/// How a check's process ended.
struct CheckEnd {
    ended: Ended,
    timed_out: bool,
    cancelled: bool,
    /// What of the output could not be written.
    failed: Option<String>,
}

impl Unit {
    pub(super) async fn validate(&mut self, rules: &DiffRules, turn: u32, checks: Vec<Check>) {
        let Some(prepared) = self.prepared.take() else {
            return;
        };
        let gates = self.hold_rules(&prepared, rules, turn);
        let (mut cancelled, mut passed) = (false, !checks.is_empty());
        for check in checks {
            if cancelled || self.thawed().await.is_some() {
                break;
            }
            self.report(Report::ValidationStarted {
                name: check.name.clone(),
            });
            let began = self.context.clock.now().monotonic.0;
            let log = prepared.evidence.validation_log(&check.name);
            let log = log.map_err(|error| error.to_string());
            let end = match &log {
                Ok(log) => self.check(&prepared, &check, turn, log).await,
                Err(why) => Err(why.clone()),
            };
            let took = self.context.clock.now().monotonic.0.saturating_sub(began);
            cancelled = end.as_ref().is_ok_and(|end| end.cancelled);
            let output = log
                .ok()
                .and_then(|log| prepared.evidence.artifact(&log).ok());
            let (verdict, exit) = verdict(end.as_ref(), output.is_some());
            if let Err(why) = &end {
                tracing::warn!(check = check.name, why, "a validation could not run");
            }
            passed &= verdict == Verdict::Pass;
            self.report(Report::ValidationFinished(Validation {
                name: check.name,
                run: check.run,
                turn,
                verdict,
                exit,
                millis: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
                output,
            }));
        }
        if passed && !cancelled {
            self.compare_tree(&prepared, turn).await;
        }
        self.prepared = Some(prepared);
        self.report(Report::Validated { gates });
    }

    /// Runs one check to its end, its output into `log`.
    async fn check(
        &mut self,
        prepared: &Prepared,
        check: &Check,
        turn: u32,
        log: &str,
    ) -> Result<CheckEnd, String> {
        let limits = self.context.settings.limits_for(&self.spec.ticket);
        let timeout: Duration = check.timeout.unwrap_or(limits.validation);
        let path = prepared
            .evidence
            .path_of(log)
            .map_err(|error| error.to_string())?;
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .open(&path)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        let shim = Shim::start(&self.context.places.program, Output::Merged)
            .map_err(|error| format!("the system gives no new process: {error}"))?;
        let argv = vec!["sh".into(), "-c".into(), check.run.as_str().into()];
        let spec = self.launch_spec(prepared, argv, turn, Vec::new(), false);
        let mut supervised = shim.launch(spec);
        let mut clocks = Clocks::start(TurnClocks {
            wall: Some(timeout),
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
                    Some(_) => {}
                    None => {
                        (ordered, cancelled) = (false, true);
                        supervised.control.stop(CancelReason::Kill);
                    }
                },
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
                _wall = clocks.expired() => {
                    timed_out = true;
                    supervised.control.stop(CancelReason::Stopped);
                }
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
        Ok(CheckEnd {
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
fn verdict(end: Result<&CheckEnd, &String>, stored: bool) -> (Verdict, Option<i32>) {
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
