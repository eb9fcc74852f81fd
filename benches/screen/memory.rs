//! A transcript of 1 GB: until its end is on the screen, a jump to its beginning, a search through all of it, and what memory
//! that takes.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use super::on_terminal::OnTerminal;
use crate::support::{DOCKET, command, repository, row};

const BYTES: u64 = 1 << 30;
/// One message in so many holds the word that is looked for.
const RARE: u64 = 300_000;

pub(super) fn bench() {
    let folder = repository(1, "title: Long\n", "```sh\ntrue\n```");
    let done = command(folder.path(), DOCKET, &["--once"]).status();
    assert!(done.expect("docket").success(), "the ticket is done");
    let transcript = find(&folder.path().join(".docket/evidence")).expect("a transcript");
    let mut file = BufWriter::new(File::create(&transcript).expect("a file"));
    let (mut written, mut id) = (0, 0_u64);
    while written < BYTES {
        id += 1;
        let line = format!(
            "{{\"id\":{id},\"at\":1700000000000,\"turn\":1,\"item\":{{\"type\":\"message\",\"text\":\"message {id}: {}{}\"}}}}\n",
            "some words of an agent that says much, ".repeat(8),
            if id % RARE == 1 { "seldom" } else { "" }
        );
        file.write_all(line.as_bytes()).expect("a line");
        written += line.len() as u64;
    }
    drop(file);
    let mut screen = OnTerminal::open(folder.path());
    let shown = screen.until(&format!("message {id}:"), true);
    row(
        "a transcript of 1 GB, its end on the screen",
        vec![shown],
        1,
    );
    println!(
        "{:<58} {} kB resident",
        "the same, at the end",
        super::resident(screen.pid())
    );
    screen.press("2");
    for _ in 0..200 {
        screen.press("\u{1b}[5~");
    }
    screen.watch(std::time::Duration::from_secs(1));
    println!(
        "{:<58} {} kB resident",
        "the same, 200 pages up",
        super::resident(screen.pid())
    );
    screen.press("g");
    screen.press("g");
    row(
        "to its beginning",
        vec![screen.until("message 1:", true)],
        1,
    );
    println!(
        "{:<58} {} kB resident",
        "the same, at the beginning",
        super::resident(screen.pid())
    );
    screen.press("/seldom");
    let counted = screen.until(&format!("/seldom {} ", (id - 1) / RARE + 1), true);
    row(
        "the same, all matches of a rare word counted",
        vec![counted],
        1,
    );
    println!(
        "{:<58} {} kB resident",
        "the same, after that",
        super::resident(screen.pid())
    );
    screen.press("\u{1b}");
    screen.quit();
}

fn find(folder: &Path) -> Option<PathBuf> {
    fs::read_dir(folder).ok()?.flatten().find_map(|entry| {
        let path = entry.path();
        if path.is_dir() {
            find(&path)
        } else {
            path.ends_with("transcript.jsonl").then_some(path)
        }
    })
}
