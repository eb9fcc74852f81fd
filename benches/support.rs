//! What every bench needs: repositories to run on, and medians.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// docket, built with the bench's own profile.
pub(crate) const DOCKET: &str = env!("CARGO_BIN_EXE_docket");

/// Runs a command in a folder with a home of its own; panics when it can't be started.
pub(crate) fn command(folder: &Path, program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(folder)
        .env("HOME", folder)
        .env("XDG_CONFIG_HOME", folder.join(".config"))
        .env("XDG_STATE_HOME", folder.join(".state"))
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// A repository with one commit and `count` tickets of this text.
pub(crate) fn repository(count: usize, front_matter: &str, body: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path();
    fs::create_dir(root.join("tickets")).expect("a folder");
    fs::write(root.join("README.md"), "bench\n").expect("a file");
    fs::write(root.join(".gitignore"), ".config\n.state\n").expect("a file");
    for arguments in [
        &["init", "-q", "-b", "main"][..],
        &["config", "user.name", "bench"],
        &["config", "user.email", "bench@localhost"],
        &["add", "-A"],
        &["commit", "-qm", "start"],
    ] {
        assert!(
            command(root, "git", arguments)
                .status()
                .expect("git")
                .success()
        );
    }
    for number in 1..=count {
        let text = format!("---\nagent: shell\ndone: false\n{front_matter}---\n{body}\n");
        fs::write(root.join(format!("tickets/TICKET-{number:05}.md")), text).expect("a ticket");
    }
    folder
}

/// How long something takes.
pub(crate) fn timed(work: impl FnOnce()) -> Duration {
    let began = Instant::now();
    work();
    began.elapsed()
}

/// How long a process has been on a processor so far, all of its threads that live; nothing where the system doesn't say. What else the
/// machine does is not in it.
pub(crate) fn on_cpu(pid: u32) -> Duration {
    let tasks = fs::read_dir(format!("/proc/{pid}/task"));
    let times = tasks.into_iter().flatten().flatten().filter_map(|task| {
        let times = fs::read_to_string(task.path().join("schedstat")).ok()?;
        times.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(times.sum())
}

/// The median, and the extremes.
pub(crate) fn spread(mut times: Vec<Duration>) -> (Duration, Duration, Duration) {
    times.sort();
    (times[times.len() / 2], times[0], times[times.len() - 1])
}

/// Prints one row.
pub(crate) fn row(what: &str, times: Vec<Duration>, per: u32) {
    let (median, least, most) = spread(times);
    let each = |time: Duration| time.as_secs_f64() * 1000.0 / f64::from(per);
    println!(
        "{what:<58} {:>9.2} ms  ({:.2} to {:.2})",
        each(median),
        each(least),
        each(most)
    );
}

/// Prints one row of a throughput.
pub(crate) fn rate(what: &str, bytes: usize, times: Vec<Duration>) {
    let (median, least, most) = spread(times);
    let rate = |time: Duration| bytes as f64 / 1e6 / time.as_secs_f64();
    println!(
        "{what:<58} {:>9.0} MB/s  ({:.0} to {:.0})",
        rate(median),
        rate(most),
        rate(least)
    );
}
