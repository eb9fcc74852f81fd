//! What a terminal with 10,000 lines of 110 coloured letters costs: the emulator by itself, and a terminal of docket's.

use std::io::Write as _;
use std::time::Duration;

use docket::emulator::Emulator;

use crate::screen::resident;
use crate::support::repository;

const LINES: usize = 10_050;
const EMULATORS: u64 = 8;

fn lines() -> String {
    let lines = (0..LINES).map(|n| {
        let (color, begin, end) = (n % 8 + 30, "x".repeat(60), "y".repeat(42));
        format!("\x1b[{color}m{n:6} {begin}\x1b[0m {end}\r\n")
    });
    lines.collect()
}

pub(crate) fn bench() {
    if cfg!(not(target_os = "linux")) {
        return println!("memory is read from /proc");
    }
    let text = lines();
    let own = std::process::id();
    let before = resident(own);
    let emulators: Vec<_> = (0..EMULATORS)
        .map(|_| {
            let mut emulator = Emulator::new(120, 40, 10_000);
            emulator.feed(text.as_bytes());
            emulator.parse(Duration::MAX, || Duration::ZERO);
            emulator
        })
        .collect();
    println!(
        "{:<58} {} kB each",
        "an emulator with 10,000 lines of 110 letters",
        (resident(own) - before) / EMULATORS
    );
    drop(emulators);
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(text.as_bytes()).expect("a text");
    let folder = repository(1, "title: Bench\n", "```sh\ntrue\n```");
    let mut screen = super::shell(folder.path());
    let before = resident(screen.pid());
    screen.press(&format!("cat {}; echo th''rough\r", file.path().display()));
    screen.until("through", true);
    screen.watch(Duration::from_secs(1));
    println!(
        "{:<58} {} kB more, {before} kB before",
        "docket with a terminal that has 10,000 of them",
        resident(screen.pid()) - before
    );
    super::leave(screen);
}
