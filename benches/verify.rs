//! Checking evidence against its hashes. `cargo bench --bench docket -- verify`

use std::fs;

use crate::support::{DOCKET, command, rate, repository, timed};

/// How much the evidence holds: a gigabyte, in ten files.
const BYTES: usize = 1_000_000_000;

pub(crate) fn bench() {
    // What a validation prints is evidence, stored as it is.
    let checks: Vec<String> = (0..10)
        .map(|number| {
            format!("{{ name: c{number}, run: \"yes {number}-abcdefghijklmnopqrstuvwxyz | head -c {}\" }}", BYTES / 10)
        })
        .collect();
    let front = format!("validate: [{}]\n", checks.join(", "));
    let folder = repository(1, &front, "```sh\ntrue\n```");
    let root = folder.path();
    let status = command(root, DOCKET, &["--once"]).status().expect("docket");
    assert!(status.success(), "the ticket is done");
    let size = size_of(&root.join(".docket/evidence"));
    println!("{:<58} {:>9.1} MB", "the evidence", size as f64 / 1e6);
    let mut sums = Vec::new();
    let mut times = Vec::new();
    for _ in 0..3 {
        times.push(timed(|| {
            let status = command(root, DOCKET, &["evidence", "verify"]).status();
            assert!(status.expect("docket").success(), "it holds");
        }));
        sums.push(timed(|| {
            let hash = [
                "-c",
                "find .docket/evidence -type f -exec sha256sum {} + > /dev/null",
            ];
            assert!(command(root, "sh", &hash).status().expect("sh").success());
        }));
    }
    rate("evidence verify", size, times);
    rate("… sha256sum of the same files", size, sums);
}

fn size_of(folder: &std::path::Path) -> usize {
    let mut bytes = 0;
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let metadata = entry.metadata().expect("it is there");
        bytes += if metadata.is_dir() {
            size_of(&entry.path())
        } else {
            usize::try_from(metadata.len()).unwrap_or(0)
        };
    }
    bytes
}
