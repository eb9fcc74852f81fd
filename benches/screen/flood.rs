//! A ticket that writes 10 MB a second: from a key to its effect on the screen, beside the same in quiet; and what one new line
//! of a transcript costs on the way to the terminal.

use std::time::Duration;

use super::on_terminal::OnTerminal;
use crate::support::{repository, row};

const KEYS: usize = 150;

/// From the keys for it to the help on the screen, and back.
pub(crate) fn key_to_paint(screen: &mut OnTerminal, help: &str) -> Vec<Duration> {
    (0..KEYS)
        .map(|_| {
            // As fast as people type, not faster: frames are at most sixty a second.
            screen.watch(Duration::from_millis(40));
            screen.press(help);
            let took = screen.until("Esc closes", true);
            screen.press("\u{1b}");
            screen.until("Esc closes", false);
            took
        })
        .collect()
}

pub(crate) fn percentiles(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |share: usize| times[(times.len() - 1) * share / 100].as_secs_f64() * 1000.0;
    println!(
        "{what:<58} p50 {:.1} ms, p99 {:.1} ms, most {:.1} ms",
        at(50),
        at(99),
        at(100)
    );
}

pub(super) fn bench() {
    let quiet = repository(20, "title: Quiet\n", "```sh\ntrue\n```");
    let mut screen = OnTerminal::open(quiet.path());
    screen.until("00020", true);
    percentiles(
        "key to paint, nothing happening",
        key_to_paint(&mut screen, "?"),
    );
    screen.quit();

    let text = tempfile::NamedTempFile::new().expect("a file");
    let lines = (0..13_000).map(|number| {
        format!("warning {number}: the quick brown fox jumps over the lazy dog, again and again\n")
    });
    std::fs::write(text.path(), lines.collect::<String>()).expect("a text");
    let body = format!(
        "```sh\nwhile :; do cat {0}; sleep 0.1; done\n```",
        text.path().display()
    );
    let flooded = repository(1, "title: Flood\n", &body);
    let mut screen = OnTerminal::open(flooded.path());
    screen.until("00001", true);
    screen.press("s");
    screen.until("quick brown", true);
    percentiles(
        "key to paint, an agent writes 10 MB/s",
        key_to_paint(&mut screen, "?"),
    );
    let seconds = 3;
    let bytes = screen.watch(Duration::from_secs(seconds));
    println!(
        "{:<58} {:.0} kB/s to the terminal, {} kB resident",
        "the same screen, no keys",
        bytes as f64 / 1e3 / seconds as f64,
        super::resident(screen.pid())
    );
    screen.quit();
    each_line();
}

/// Bytes to the terminal for each new line of a transcript.
fn each_line() {
    const LINES: u64 = 60;
    let body = format!(
        "```sh\ni=100; while [ $i -lt {} ]; do echo \"line $i of a transcript that grows now and then\"; i=$((i+1)); sleep 0.05; done; sleep 60\n```",
        100 + LINES
    );
    let folder = repository(1, "title: Lines\n", &body);
    let mut screen = OnTerminal::open(folder.path());
    screen.until("00001", true);
    screen.press("s");
    screen.until("line 110", true);
    let before = screen.received;
    let took = screen.until(&format!("line {}", 99 + LINES), true);
    let bytes = screen.received - before;
    let text = "line 110 of a transcript that grows now and then".len() as u64 * (LINES - 11);
    println!(
        "{:<58} {:.2} x its text ({bytes} bytes for {text})",
        "bytes to the terminal for a new line",
        bytes as f64 / text as f64
    );
    row(
        "the same lines, each",
        vec![took],
        u32::try_from(LINES - 11).unwrap_or(1),
    );
    screen.quit();
}
