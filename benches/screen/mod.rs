//! From the start of the program to the first byte and to the first full frame, on a real PTY, with 10,000 tickets; and what
//! the open screen costs while nothing happens, under a flood, and with a transcript of 1 GB. `cargo bench -- screen`

pub(crate) mod flood;
mod memory;
pub(crate) mod on_terminal;

use std::time::Duration;

use self::on_terminal::OnTerminal;
use crate::support::{repository, row};

const ROUNDS: usize = 7;
/// How long the open screen is watched.
const WATCHED: Duration = Duration::from_secs(5);

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
            let mut screen = OnTerminal::open(folder.path());
            screen.until(text, true);
            frames.push(screen.began.elapsed());
            bytes.push(screen.first_byte.unwrap_or_default());
            screen.quit();
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
        flood::bench();
        memory::bench();
    }
}

/// What the open screen costs while nothing happens.
fn idle() {
    let folder = repository(20, "title: Bench\n", "```sh\ntrue\n```");
    let mut screen = OnTerminal::open(folder.path());
    screen.until("00020", true);
    let pid = screen.pid();
    screen.watch(Duration::from_secs(1));
    let (switches, ticks) = cost(pid);
    let bytes = screen.watch(WATCHED);
    let (switches_after, ticks_after) = cost(pid);
    let seconds = WATCHED.as_secs_f64();
    println!(
        "idle: {:.1} wake-ups/s",
        (switches_after - switches) as f64 / seconds
    );
    println!("idle: {:.2} % CPU", (ticks_after - ticks) as f64 / seconds);
    println!("idle: {} kB resident", resident(pid));
    println!("idle: {bytes} bytes to the terminal in {seconds} s");
    screen.quit();
}
