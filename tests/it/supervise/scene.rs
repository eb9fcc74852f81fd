//! A program below a shim, and what was seen of it.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use docket::domain::attempt::ProcessRecord;
use docket::proc::supervise::{
    Control, Ended, Ladder, LaunchSpec, Output, ProcessEvent, Rung, Shim, Supervised,
};
use docket::proc::sweep;

use crate::support::programs::{docket, fake_agent};
use crate::support::wait::LONG;

/// A ladder whose first grace nobody waits out.
pub(super) const PATIENT: Ladder = Ladder {
    interrupt: Duration::from_secs(60),
    terminate: Duration::from_secs(60),
};

/// A ladder that reaches SIGKILL soon.
pub(super) const HASTY: Ladder = Ladder {
    interrupt: Duration::from_millis(50),
    terminate: Duration::from_millis(50),
};

/// A marker that no other test of any process has.
pub(super) fn marker() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("test-{}-{count}", std::process::id())
}

/// How the fake agent is started in this mode.
pub(super) fn agent(arguments: &[&str]) -> LaunchSpec {
    program(
        std::iter::once(fake_agent().into_os_string())
            .chain(arguments.iter().map(OsString::from))
            .collect(),
    )
}

/// How a program is started.
pub(super) fn program(argv: Vec<OsString>) -> LaunchSpec {
    LaunchSpec {
        argv,
        directory: PathBuf::from("/"),
        environment: vec![("PATH".into(), std::env::var_os("PATH").unwrap_or_default())],
        marker: marker(),
        stdin: false,
        ladder: PATIENT,
        confinement: None,
    }
}

/// A launched program.
pub(super) struct Scene {
    pub(super) control: Control,
    pub(super) marker: String,
    pub(super) shim: ProcessRecord,
    events: tokio::sync::mpsc::Receiver<ProcessEvent>,
    seen: Vec<ProcessEvent>,
}

/// All that was seen, when all is over.
pub(super) struct Seen {
    pub(super) ended: Ended,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: Vec<u8>,
    pub(super) rungs: Vec<Rung>,
    pub(super) started: Option<u32>,
}

impl Scene {
    /// Launches it, standard error apart.
    pub(super) fn launch(spec: LaunchSpec) -> Self {
        Self::launch_with(spec, Output::Separate)
    }

    pub(super) fn launch_with(spec: LaunchSpec, output: Output) -> Self {
        let marker = spec.marker.clone();
        let shim = Shim::start(docket(), output).expect("a shim");
        let record = shim.record().clone();
        let Supervised { events, control } = shim.launch(spec);
        Self {
            control,
            marker,
            shim: record,
            events,
            seen: Vec::new(),
        }
    }

    /// Waits for the next event. `None` when there will be none.
    pub(super) async fn next(&mut self) -> Option<ProcessEvent> {
        let event = tokio::time::timeout(LONG, self.events.recv())
            .await
            .expect("an event, or the end, before long");
        self.seen.extend(event.clone());
        event
    }

    /// Waits until standard output holds `text`.
    pub(super) async fn said(&mut self, text: &str) {
        while !String::from_utf8_lossy(&self.stdout()).contains(text) {
            let event = self.next().await;
            assert!(
                event.is_some(),
                "it ended without saying {text:?}: {:?}",
                self.seen
            );
        }
    }

    /// Waits for this rung.
    pub(super) async fn reached(&mut self, rung: Rung) {
        while !self.seen.contains(&ProcessEvent::Rung(rung)) {
            assert!(self.next().await.is_some(), "no {rung:?}: {:?}", self.seen);
        }
    }

    /// The leader's pid.
    pub(super) async fn pid(&mut self) -> u32 {
        loop {
            if let Some(pid) = started(&self.seen) {
                return pid;
            }
            assert!(self.next().await.is_some(), "no start: {:?}", self.seen);
        }
    }

    fn stdout(&self) -> Vec<u8> {
        bytes(&self.seen, |event| match event {
            ProcessEvent::Stdout(bytes) => Some(bytes),
            _ => None,
        })
    }

    /// Reads to the end, which must come once and last, with the start (if any) first, and leave nothing behind.
    pub(super) async fn end(mut self) -> Seen {
        while self.next().await.is_some() {}
        let ends: Vec<_> = (0..self.seen.len())
            .filter(|at| matches!(self.seen[*at], ProcessEvent::Ended(_)))
            .collect();
        assert_eq!(
            ends,
            [self.seen.len() - 1],
            "one end, last: {:?}",
            self.seen
        );
        let starts: Vec<_> = (0..self.seen.len())
            .filter(|at| matches!(self.seen[*at], ProcessEvent::Started { .. }))
            .collect();
        assert!(starts.is_empty() || starts == [0], "{:?}", self.seen);
        assert!(
            sweep::carriers(&self.marker).is_empty(),
            "something is left"
        );
        let Some(ProcessEvent::Ended(ended)) = self.seen.last().cloned() else {
            unreachable!("asserted above");
        };
        Seen {
            ended,
            stdout: self.stdout(),
            stderr: bytes(&self.seen, |event| match event {
                ProcessEvent::Stderr(bytes) => Some(bytes),
                _ => None,
            }),
            rungs: self
                .seen
                .iter()
                .filter_map(|event| match event {
                    ProcessEvent::Rung(rung) => Some(*rung),
                    _ => None,
                })
                .collect(),
            started: started(&self.seen),
        }
    }
}

fn started(seen: &[ProcessEvent]) -> Option<u32> {
    seen.iter().find_map(|event| match event {
        ProcessEvent::Started { pid } => Some(*pid),
        _ => None,
    })
}

fn bytes(seen: &[ProcessEvent], of: fn(&ProcessEvent) -> Option<&Vec<u8>>) -> Vec<u8> {
    seen.iter().filter_map(of).flatten().copied().collect()
}
