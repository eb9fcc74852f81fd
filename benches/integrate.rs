//! Bringing work together, and working side by side: ratios of one run. `cargo bench --bench docket -- integrate`

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::support::{DOCKET, command, repository, row, spread, timed};

/// How many tickets come together.
const TICKETS: usize = 100;

/// How many wait for something.
const WAITING: usize = 20;

/// Makes the tickets say what each of them runs.
fn scripts(root: &Path, count: usize, script: impl Fn(usize) -> String) {
    for number in 1..=count {
        let text = format!(
            "---\nagent: shell\ndone: false\nvalidate: [\"true\"]\n---\n```sh\n{}\n```\n",
            script(number)
        );
        fs::write(root.join(format!("tickets/TICKET-{number:05}.md")), text).expect("a ticket");
    }
}

/// Runs all of them, which must be done.
fn run(root: &Path, jobs: &str, count: usize) -> Duration {
    let took = timed(|| {
        let status = command(root, DOCKET, &["run", "--jobs", jobs]).status();
        assert!(
            status.expect("docket").success(),
            "a run of {count} tickets"
        );
    });
    let merged = command(
        root,
        "git",
        &["rev-list", "--count", "main..docket/r1/main"],
    )
    .stdout(std::process::Stdio::piped())
    .output()
    .expect("git");
    let merged = String::from_utf8_lossy(&merged.stdout).trim().to_owned();
    assert_eq!(merged, count.to_string(), "each brought a commit");
    took
}

pub(crate) fn bench() {
    let per = u32::try_from(TICKETS).unwrap_or(u32::MAX);
    let (mut in_a_row, mut by_side) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let folder = repository(0, "", "");
        scripts(folder.path(), TICKETS, |number| {
            format!("echo {number} > {number}.txt")
        });
        in_a_row.push(run(folder.path(), "1", TICKETS));
        // Eight begin from the same head each time, so that seven have to catch up.
        let folder = repository(0, "", "");
        scripts(folder.path(), TICKETS, |number| {
            format!("echo {number} > {number}.txt")
        });
        by_side.push(run(folder.path(), "8", TICKETS));
    }
    row(
        "100 tickets in a row, each a fast-forward (each)",
        in_a_row.clone(),
        per,
    );
    row(
        "100 tickets, 8 side by side, catching up (each)",
        by_side.clone(),
        per,
    );
    ratio("… in a row / side by side", &in_a_row, &by_side);

    let (mut one, mut eight) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        for (jobs, times) in [("1", &mut one), ("8", &mut eight)] {
            let folder = repository(0, "", "");
            scripts(folder.path(), WAITING, |number| {
                format!("sleep 0.2\necho {number} > {number}.txt")
            });
            times.push(run(folder.path(), jobs, WAITING));
        }
    }
    row("20 tickets of 200 ms, jobs = 1", one.clone(), 1);
    row("20 tickets of 200 ms, jobs = 8", eight.clone(), 1);
    ratio("… jobs = 1 / jobs = 8", &one, &eight);
}

fn ratio(what: &str, one: &[Duration], other: &[Duration]) {
    let (one, other) = (spread(one.to_vec()).0, spread(other.to_vec()).0);
    println!(
        "{what:<58} {:>9.2} x",
        one.as_secs_f64() / other.as_secs_f64()
    );
}
