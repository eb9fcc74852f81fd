//! From a key of docket's own to its effect while a program in the pane floods, what memory that takes, and how fast the program is let
//! go on: it waits in its write, nothing of it is dropped or kept.

use std::fs;
use std::io::Write as _;
use std::time::Duration;

use super::{leave, shell};
use crate::screen::flood::{key_to_paint, percentiles};
use crate::screen::resident;
use crate::support::repository;

const GIGABYTE: u64 = 1 << 30;

/// How much the processes below docket in its terminals have written.
fn written(name: &str) -> u64 {
    let own = std::process::id().to_string();
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| {
            let is_own = entry.file_name() == own.as_str();
            !is_own
                && fs::read_to_string(entry.path().join("comm"))
                    .is_ok_and(|comm| comm.trim() == name)
        })
        .filter_map(|entry| fs::read_to_string(entry.path().join("io")).ok())
        .filter_map(|io| {
            io.lines()
                .find_map(|line| line.strip_prefix("wchar: ")?.parse::<u64>().ok())
        })
        .max()
        .unwrap_or(0)
}

pub(crate) fn bench() {
    let large = tempfile::NamedTempFile::new().expect("a file");
    let mut writer = std::io::BufWriter::new(large.as_file());
    let line =
        "the quick brown fox jumps over the lazy dog, again and again and again\n".repeat(1_000);
    for _ in 0..=GIGABYTE / line.len() as u64 {
        writer.write_all(line.as_bytes()).expect("a text");
    }
    drop(writer);
    let own = std::env::current_exe().expect("this program");
    let own_name = own.file_name().and_then(|name| name.to_str());
    // The name of a process has 15 letters at most.
    let own_name: String = own_name.unwrap_or_default().chars().take(15).collect();
    for (what, name, command) in [
        ("yes", "yes", "yes".to_owned()),
        (
            "cat of 1 GB",
            "cat",
            format!("cat {}", large.path().display()),
        ),
        (
            "1,000 redraws a second",
            own_name.as_str(),
            format!("{} redraw", own.display()),
        ),
    ] {
        let folder = repository(1, "title: Bench\n", "```sh\ntrue\n```");
        let mut screen = shell(folder.path());
        screen.press(&format!("{command}\r"));
        screen.watch(Duration::from_secs(1));
        percentiles(
            &format!("key to paint, {what} in the pane"),
            key_to_paint(&mut screen, "\x1d?"),
        );
        let before = written(name);
        let seconds = 3;
        let bytes = screen.watch(Duration::from_secs(seconds));
        println!(
            "{:<58} {:.1} MB/s written by it, {:.0} kB/s to the terminal, {} kB resident",
            "the same, no keys",
            (written(name) - before) as f64 / 1e6 / seconds as f64,
            bytes as f64 / 1e3 / seconds as f64,
            resident(screen.pid())
        );
        leave(screen);
    }
}
