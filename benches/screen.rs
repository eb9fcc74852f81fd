//! From the start of the program to the first byte and to the first full frame, on a real PTY, with 10,000 tickets; and what
//! the open screen costs while nothing happens. `cargo bench -- screen`

use std::io::Read as _;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::{DOCKET, repository, row};

const ROUNDS: usize = 7;
/// How long the open screen is watched.
const WATCHED: Duration = Duration::from_secs(5);

pub(crate) struct Opened {
    first_byte: Duration,
    full_frame: Duration,
    pub(crate) pty: pty_process::blocking::Pty,
    child: std::process::Child,
    parser: vt100::Parser,
}

/// Opens the screen and waits until it shows `text`.
#[expect(
    clippy::zombie_processes,
    reason = "whoever gets it waits for it; a failed bench ends anyway"
)]
pub(crate) fn open(folder: &Path, text: &str) -> Opened {
    let (mut pty, terminal) = pty_process::blocking::open().expect("a pty");
    pty.resize(pty_process::Size::new(40, 120)).expect("a size");
    let began = Instant::now();
    let mut child = pty_process::blocking::Command::new(DOCKET)
        .current_dir(folder)
        .env("HOME", folder)
        .env("TERM", "xterm-256color")
        .env("LANG", "C.UTF-8")
        .env("XDG_CONFIG_HOME", folder.join(".config"))
        .env("XDG_STATE_HOME", folder.join(".state"))
        .spawn(terminal)
        .expect("docket");
    let mut parser = vt100::Parser::new(
        std::num::NonZeroU16::new(40).expect("rows"),
        std::num::NonZeroU16::new(120).expect("columns"),
        0,
    );
    let mut buffer = vec![0; 64 << 10];
    let mut first_byte = None;
    loop {
        let read = pty.read(&mut buffer).expect("output");
        first_byte.get_or_insert_with(|| began.elapsed());
        parser.process(&buffer[..read]);
        if parser.screen().contents().contains(text) {
            let full_frame = began.elapsed();
            return Opened {
                first_byte: first_byte.unwrap_or_default(),
                full_frame,
                pty,
                child,
                parser,
            };
        }
        if began.elapsed() > Duration::from_secs(20) {
            child
                .kill()
                .and_then(|()| child.wait().map(drop))
                .expect("an end");
            panic!("{}", parser.screen().contents());
        }
    }
}

impl Opened {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether the screen shows a text, now or after what comes next.
    pub(crate) fn shows(&mut self, text: &str) -> bool {
        if self.parser.screen().contents().contains(text) {
            return true;
        }
        let mut buffer = vec![0; 64 << 10];
        let read = self.pty.read(&mut buffer).expect("output");
        self.parser.process(&buffer[..read]);
        self.parser.screen().contents().contains(text)
    }

    pub(crate) fn quit(mut self) {
        self.pty.write_all(b"q").expect("a key");
        let mut rest = Vec::new();
        // The end of a PTY is an error on Linux.
        let _end = self.pty.read_to_end(&mut rest);
        self.child.wait().expect("an end");
    }
}

/// Voluntary context switches of all threads, and CPU time in clock ticks.
fn cost(pid: u32) -> (u64, u64) {
    let mut switches = 0;
    for task in std::fs::read_dir(format!("/proc/{pid}/task"))
        .expect("threads")
        .flatten()
    {
        let status = std::fs::read_to_string(task.path().join("status")).unwrap_or_default();
        switches += status
            .lines()
            .filter_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))
            .filter_map(|count| count.trim().parse::<u64>().ok())
            .sum::<u64>();
    }
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap_or("")
        .split_whitespace()
        .collect();
    let ticks = |index: usize| {
        fields
            .get(index)
            .and_then(|text| text.parse::<u64>().ok())
            .unwrap_or(0)
    };
    (switches, ticks(11) + ticks(12))
}

pub(crate) fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|text| text.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or(0)
}

pub(crate) fn bench() {
    for (tickets, text) in [(20, "00020"), (10_000, "00001")] {
        let folder = repository(tickets, "title: Bench\n", "```sh\ntrue\n```");
        let (mut bytes, mut frames) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let opened = open(folder.path(), text);
            bytes.push(opened.first_byte);
            frames.push(opened.full_frame);
            opened.quit();
        }
        row(
            &format!("first byte of the screen, {tickets} tickets"),
            bytes,
            1,
        );
        row(
            &format!("first frame with its tickets, {tickets} tickets"),
            frames,
            1,
        );
    }
    if cfg!(target_os = "linux") {
        idle();
    }
}

/// What the open screen costs while nothing happens.
fn idle() {
    let folder = repository(20, "title: Bench\n", "```sh\ntrue\n```");
    let mut opened = open(folder.path(), "00020");
    let pid = opened.child.id();
    std::thread::sleep(Duration::from_secs(1));
    let (switches, ticks) = cost(pid);
    std::thread::sleep(WATCHED);
    let (switches_after, ticks_after) = cost(pid);
    let seconds = WATCHED.as_secs_f64();
    println!(
        "idle: {:.1} wake-ups/s",
        (switches_after - switches) as f64 / seconds
    );
    println!("idle: {:.2} % CPU", (ticks_after - ticks) as f64 / seconds);
    println!("idle: {} kB resident", resident(pid));
    opened.pty.write_all(b"q").expect("a key");
    let mut rest = Vec::new();
    let _end = opened.pty.read_to_end(&mut rest);
    println!(
        "idle: {} bytes to the terminal in {seconds} s and at the end",
        rest.len()
    );
    opened.child.wait().expect("an end");
}
