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

/// How much the process whose last argument this is has written.
fn written(argument: &str) -> u64 {
    let end = format!("{argument}\0");
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| {
            fs::read_to_string(entry.path().join("cmdline"))
                .is_ok_and(|words| words.ends_with(&end))
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
    let file = large.path().display().to_string();
    let own = std::env::current_exe().expect("this program");
    for (what, last, command) in [
        ("yes", "yes", "yes".to_owned()),
        ("cat of 1 GB", file.as_str(), format!("cat {file}")),
        (
            "1,000 redraws a second",
            "redraw",
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
        let before = written(last);
        let seconds = 3;
        let bytes = screen.watch(Duration::from_secs(seconds));
        println!(
            "{:<58} {:.1} MB/s written by it, {:.0} kB/s to the terminal, {} kB resident",
            "the same, no keys",
            (written(last) - before) as f64 / 1e6 / seconds as f64,
            bytes as f64 / 1e3 / seconds as f64,
            resident(screen.pid())
        );
        leave(screen);
    }
}
