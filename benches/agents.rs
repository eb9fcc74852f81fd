//! 50 agents side by side: what they cost docket itself. Each plays a recorded codex, ten times as fast as it was, through
//! its decoder. `cargo bench -- agents`

use std::fs;
use std::time::{Duration, Instant};

use crate::corpus::recording;
use crate::support::{DOCKET, command, repository, row};

const AGENTS: usize = 50;

/// What is written into the user's configuration: the repository needs no trust then.
const CONFIG: &str = r#"
[agents.recorded]
kind = "replay"
recording = "recorded.jsonl"
decoder = "codex-app-server"
speed = 0.1
claim = "exit"
"#;

pub(crate) fn bench() {
    let recorded = recording("codex-appserver-edit");
    let mut times = Vec::new();
    let mut last = None;
    for _ in 0..3 {
        let folder = repository(AGENTS, "validate: []\n", "");
        let root = folder.path();
        for number in 1..=AGENTS {
            let ticket = root.join(format!("tickets/TICKET-{number:05}.md"));
            fs::write(&ticket, "---\nagent: recorded\ndone: false\n---\nWork.\n")
                .expect("a ticket");
        }
        fs::create_dir_all(root.join(".config/docket")).expect("a folder");
        fs::write(root.join(".config/docket/config.toml"), CONFIG).expect("a file");
        fs::write(root.join(".config/docket/recorded.jsonl"), recorded.text).expect("a file");
        let began = Instant::now();
        let mut child = command(
            root,
            DOCKET,
            &[
                "run",
                "--jobs",
                "50",
                "--isolation",
                "none",
                "--set",
                "limits.attempts=1",
            ],
        )
        .spawn()
        .expect("docket");
        let cost = watch(child.id());
        let status = child.wait().expect("docket");
        times.push(began.elapsed());
        assert!(
            status.success(),
            "a run of {AGENTS} agents ended with {status}"
        );
        let done = fs::read_dir(root.join("tickets"))
            .expect("the queue")
            .flatten()
            .filter(|file| {
                fs::read_to_string(file.path()).is_ok_and(|text| text.contains("done: true"))
            })
            .count();
        assert_eq!(done, AGENTS, "each agent's end was seen");
        last = Some(cost);
    }
    row(
        "50 agents side by side, to the end of the last one",
        times,
        1,
    );
    if let Some((peak, cpu)) = last {
        println!(
            "{:<58} {peak:>9.1} MB",
            "… docket's own memory, at its peak"
        );
        println!(
            "{:<58} {:>9.2} s",
            "… docket's own CPU time",
            cpu.as_secs_f64()
        );
    }
}

/// The largest memory of a process in MB and its CPU time, as far as it could be seen before it ended.
fn watch(pid: u32) -> (f64, Duration) {
    let (mut peak, mut cpu) = (0.0_f64, Duration::ZERO);
    while let Ok(status) = fs::read_to_string(format!("/proc/{pid}/status")) {
        let Some(line) = status.lines().find(|line| line.starts_with("VmHWM")) else {
            break;
        };
        let kilobytes = line
            .split_whitespace()
            .nth(1)
            .and_then(|word| word.parse::<f64>().ok());
        peak = peak.max(kilobytes.unwrap_or(0.0) / 1000.0);
        if let Some(seen) = cpu_time(pid) {
            cpu = seen;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    (peak, cpu)
}

/// User and system time of the process itself, without its children (proc(5): fields 14 and 15, in 1/100 s).
fn cpu_time(pid: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: u64 = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    Some(Duration::from_millis(ticks * 10))
}
