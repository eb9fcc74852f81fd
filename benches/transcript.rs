//! A transcript of 1 GB in the open screen: how soon its end is there, how long it takes to look through all of it, and what memory
//! that costs. `cargo bench -- transcript`

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::screen::{Opened, open, resident};
use crate::support::{DOCKET, command, repository, row};

/// In bytes.
const LENGTH: u64 = 1 << 30;

pub(crate) fn bench() {
    let folder = repository(1, "title: Long\n", "```sh\necho short\n```");
    let root = folder.path();
    let ran = command(root, DOCKET, &["run", "--isolation", "none"]).status();
    assert!(ran.expect("docket").success());
    let file = transcript(root).expect("a transcript");
    fill(&file).expect("a long transcript");
    let mut opened = open(root, "Long");
    let before = resident(opened.pid());
    let began = Instant::now();
    // The transcript alone, from its end.
    opened.press("2z");
    opened.wait_for("the very last line");
    row("end of a 1 GB transcript", vec![began.elapsed()], 1);
    let shown = resident(opened.pid());
    let began = Instant::now();
    opened.press("gg");
    opened.wait_for("line 0 ");
    row("its beginning", vec![began.elapsed()], 1);
    let began = Instant::now();
    opened.press("/seldom");
    opened.wait_for("/seldom 10 ");
    row("its ten matches, all counted", vec![began.elapsed()], 1);
    opened.press("\r");
    opened.wait_for("1/10");
    for (when, kilobytes) in [
        ("before it", before),
        ("with its end", shown),
        ("after all of it was searched", resident(opened.pid())),
    ] {
        println!("resident {when:<49} {:>9.1} MB", kilobytes as f64 / 1e3);
    }
    opened.quit();
}

/// The transcript of the only attempt.
fn transcript(folder: &Path) -> Option<PathBuf> {
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).ok()?.flatten() {
            let path = entry.path();
            if path.is_dir() && !path.ends_with(".git") {
                folders.push(path);
            } else if path.ends_with("transcript.jsonl") {
                return Some(path);
            }
        }
    }
    None
}

fn fill(path: &Path) -> std::io::Result<()> {
    let _gone = fs::remove_file(path);
    let mut file = std::io::BufWriter::new(fs::File::create(path)?);
    let mut written = 0;
    let mut id = 0;
    let rare = LENGTH / 10 / 1_100;
    while written < LENGTH {
        let word = if id % rare == rare / 2 {
            "seldom"
        } else {
            "often"
        };
        let output = "x".repeat(1_000);
        let line = format!(
            "{{\"id\":{id},\"at\":{id},\"turn\":1,\"item\":{{\"type\":\"notice\",\"text\":\"line {id} {word} {output}\"}}}}\n"
        );
        file.write_all(line.as_bytes())?;
        written += line.len() as u64;
        id += 1;
    }
    let last = format!(
        "{{\"id\":{id},\"at\":{id},\"turn\":1,\"item\":{{\"type\":\"notice\",\"text\":\"the very last line\"}}}}\n"
    );
    file.write_all(last.as_bytes())?;
    file.flush()
}

impl Opened {
    fn press(&mut self, keys: &str) {
        self.pty.write_all(keys.as_bytes()).expect("keys");
    }

    fn wait_for(&mut self, text: &str) {
        let limit = Instant::now() + Duration::from_secs(120);
        while !self.shows(text) {
            assert!(Instant::now() < limit, "{text} is not shown");
        }
    }
}
