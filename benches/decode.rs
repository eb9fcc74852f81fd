//! Bytes of agents to lines, and lines to their meaning. `cargo bench -- decode`

use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use docket::agents::decoder::decoder;
use docket::agents::lines::LineSplitter;
use docket::agents::recording::Way;
use docket::agents::{Decoded, Direction, ProcessEnd};
use docket::config::Decoder;
use docket::redact::{LineRedactor, Redactor};

use crate::corpus::{Recording, recording};
use crate::support::{rate, row, timed};

/// So much is decoded in one go.
const BYTES: usize = 100 << 20;

/// What a pipe gives at a time.
const CHUNK: usize = 64 << 10;

/// What happens in a day of work: words, commands, edits, approvals.
const CODEX: &[&str] = &[
    "codex-appserver-say",
    "codex-appserver-shell",
    "codex-appserver-edit",
    "codex-appserver-approve-edit-accept",
    "codex-appserver-failcmd",
];

const CLAUDE: &[&str] = &[
    "claude-p-partial-say",
    "claude-p-perm-allow",
    "claude-p-perm-edit-allow",
    "claude-p-edit-acceptEdits",
    "claude-p-shell-bypass-sandboxenv",
];

const ACP: &[&str] = &[
    "opencode-ask-acp-edit-allow",
    "claude-acp-edit-allow",
    "codex-acp-edit-allow",
    "gemini-acp-edit-allow",
];

pub(crate) fn bench() {
    splitting();
    for (what, names) in [
        ("codex app-server", CODEX),
        ("claude stream-json", CLAUDE),
        ("ACP", ACP),
    ] {
        let recordings: Vec<_> = names
            .iter()
            .map(|name| Lines::of(recording(name)))
            .collect();
        let bytes = recordings.iter().map(Lines::bytes).sum::<usize>();
        let rounds = BYTES / bytes;
        let times = (0..5).map(|_| {
            timed(|| {
                for _ in 0..rounds {
                    recordings.iter().for_each(decode);
                }
            })
        });
        rate(&format!("decode {what}"), rounds * bytes, times.collect());
    }
    for name in ["codex-appserver-long", "claude-p-long"] {
        let lines = Lines::of(recording(name));
        let mut peaks = Vec::new();
        let times = (0..9).map(|_| {
            let before = memory("VmRSS");
            reset_peak();
            let time = timed(|| decode(&lines));
            peaks.extend(
                memory("VmHWM")
                    .zip(before)
                    .map(|(peak, before)| peak - before),
            );
            time
        });
        row(
            &format!("an answer of 20,000 lines: {name}"),
            times.collect(),
            1,
        );
        // The first time asks the system for memory, the others find it.
        if let Some(peak) = peaks.iter().max() {
            println!("    memory above that of the recording: {peak} kB");
        }
    }
    redacting();
}

/// A recording as it goes over the pipes.
struct Lines {
    decoder: Decoder,
    lines: Vec<(Direction, String)>,
}

impl Lines {
    fn of(recording: &Recording) -> Self {
        let records = recording.records().into_iter();
        let lines = records.filter_map(|record| Some((record.way.direction()?, record.line)));
        Self {
            decoder: recording.decoder,
            lines: lines.collect(),
        }
    }

    /// How much the agent said.
    fn bytes(&self) -> usize {
        let said = self.lines.iter().filter(|(way, _)| *way == Direction::Out);
        said.map(|(_, line)| line.len() + 1).sum()
    }
}

fn decode(lines: &Lines) {
    let mut decoder = decoder(lines.decoder);
    for (direction, line) in &lines.lines {
        let mut decoded = Decoded::default();
        decoder.line(*direction, line, &mut decoded);
        black_box(decoded);
    }
    let mut decoded = Decoded::default();
    decoder.ended(&ProcessEnd::Exited(0), &mut decoded);
    assert!(decoded.finished.is_none(), "the turn was over");
}

/// Everything that codex said in these recordings, over and over.
fn stream() -> Vec<u8> {
    let mut one = Vec::new();
    for name in CODEX {
        for record in recording(name).records() {
            if record.way == Way::Out {
                one.extend_from_slice(record.line.as_bytes());
                one.push(b'\n');
            }
        }
    }
    one.repeat(BYTES / one.len())
}

fn splitting() {
    let stream = stream();
    let split = |bytes: &[u8], chunk: usize| -> Vec<Duration> {
        (0..9)
            .map(|_| {
                timed(|| {
                    let mut splitter = LineSplitter::default();
                    let mut length = 0;
                    for chunk in bytes.chunks(chunk) {
                        splitter.feed(chunk, |line| length += line.len());
                    }
                    assert!(length > bytes.len() / 2);
                })
            })
            .collect()
    };
    rate(
        "lines, 64 KiB at a time",
        stream.len(),
        split(&stream, CHUNK),
    );
    rate("lines, 1 KiB at a time", stream.len(), split(&stream, 1024));
    let mut long = vec![b'x'; 64 << 20];
    long.push(b'\n');
    rate(
        "one line of 64 MiB, 64 KiB at a time",
        long.len(),
        split(&long, CHUNK),
    );
}

fn redacting() {
    let stream = String::from_utf8(stream()).expect("text");
    let mut secrets = String::new();
    for number in 0..10 {
        let _ = write!(secrets, "{number}-a-value-that-nobody-says");
    }
    let variables = [
        ("SOME_TOKEN", secrets.as_str()),
        ("OTHER_SECRET", "another value"),
    ];
    let redactor = Arc::new(Redactor::new(variables).expect("patterns"));
    let times = (0..5).map(|_| {
        timed(|| {
            let mut redactor = LineRedactor::new(Arc::clone(&redactor));
            for line in stream.lines() {
                black_box(redactor.line(line));
            }
        })
    });
    rate(
        "redact lines without secrets",
        stream.len(),
        times.collect(),
    );
}

/// A figure of this process in kB, where the system tells.
fn memory(what: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(what))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Lets `VmHWM` begin anew (proc_pid_clear_refs(5)).
fn reset_peak() {
    let _where_it_can_be = std::fs::write("/proc/self/clear_refs", "5");
}
