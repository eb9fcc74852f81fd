//! What a killed, a starved and a locked-out writer leave behind: real processes of this test binary.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use docket::domain::event::Event;
use docket::domain::ids::RunId;
use docket::store::verify::{Filter, verify};
use docket::store::{Ledger, LedgerError, Reader, Subscriber};
use rusqlite::Connection;

use super::scene::{NOW, Scene, barrier, skipped, trivial_run};

/// Tells the child below what to do.
const TASK: &str = "DOCKET_TEST_LEDGER_TASK";
/// Where.
const PLACE: &str = "DOCKET_TEST_LEDGER_PLACE";

/// Not a test: what the other tests start as a process of its own.
#[test]
fn child() {
    let (Ok(task), Some(place)) = (std::env::var(TASK), std::env::var_os(PLACE)) else {
        return;
    };
    let path = PathBuf::from(place);
    match task.as_str() {
        "append" => append_for_ever(&path),
        "fill" => fill_the_disk(&path),
        "read" => read_only(&path),
        other => panic!("no such task: {other}"),
    }
}

fn say(words: &str) {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "\n{words}")
        .and_then(|()| stdout.flush())
        .expect("said");
}

/// The child: appends without end, and says what is acknowledged.
fn append_for_ever(path: &Path) {
    let ledger = Ledger::open(path, Subscriber::none()).expect("the ledger opens");
    loop {
        ledger.append(RunId(1), NOW, trivial_run());
        ledger.append(RunId(1), NOW, vec![Event::RunPaused]);
        let acknowledged = barrier(&ledger).expect("stored");
        say(&format!("acknowledged {acknowledged}"));
    }
}

/// The child: appends until the disk is full, and says how that was told.
fn fill_the_disk(path: &Path) {
    let ledger = Ledger::open(path, Subscriber::none()).expect("the ledger opens");
    let mut acknowledged = 0;
    let error = loop {
        ledger.append(RunId(1), NOW, trivial_run());
        match barrier(&ledger) {
            Ok(place) => acknowledged = place,
            Err(error) => break error,
        }
    };
    let full = matches!(error, LedgerError::Full { .. });
    ledger.append(RunId(1), NOW, trivial_run());
    barrier(&ledger).expect_err("it stays failed");
    drop(ledger);
    let head = Reader::open(path)
        .and_then(|reader| reader.head())
        .expect("still readable");
    let stored = head.map_or(0, |(seq, _)| seq.0);
    say(&format!(
        "result full={full} kept={} error={error}",
        stored >= acknowledged
    ));
}

/// The child: reads and tries to write on a read-only disk.
fn read_only(path: &Path) {
    let events = Reader::open(path)
        .and_then(|reader| reader.runs())
        .expect("it reads")
        .len();
    let refused = match Ledger::open(path, Subscriber::none()) {
        Ok(_) => "opened".to_owned(),
        Err(error) => error.to_string(),
    };
    say(&format!("result runs={events} refused={refused}"));
}

/// This test binary as a child with a task, run by `program` (a shell that prepares its surroundings).
#[expect(
    clippy::disallowed_methods,
    reason = "the tests' own child, not a process of the product"
)]
fn command(task: &str, path: &Path, wrapper: &[&str]) -> Command {
    let this = std::env::current_exe().expect("this test binary");
    let mut command = match wrapper {
        [] => Command::new(&this),
        [program, arguments @ ..] => {
            let mut command = Command::new(program);
            command.args(arguments).arg(&this);
            command
        }
    };
    command
        .args(["--exact", "ledger::crash::child", "--nocapture"])
        .env(TASK, task)
        .env(PLACE, path)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// What a child said behind `result`; `None` when its surroundings could not be made.
fn result_of(mut command: Command) -> Option<String> {
    let output = command.output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let result = text.lines().find_map(|line| line.strip_prefix("result "));
    let began = text.contains("running 1 test");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(result.is_some() || !began, "{text}{errors}");
    result.map(str::to_owned)
}

#[test]
fn a_killed_writer_loses_nothing_that_was_acknowledged() {
    let scene = Scene::new();
    let mut before = 0;
    for round in 1..=4 {
        let mut child = command("append", &scene.path(), &[])
            .spawn()
            .expect("a child");
        let mut acknowledged = 0;
        let mut lines = BufReader::new(child.stdout.take().expect("its words")).lines();
        let mut count = 0;
        while let Some(Ok(line)) = lines.next() {
            if let Some(place) = line.strip_prefix("acknowledged ") {
                acknowledged = place.parse().expect("a place");
                count += 1;
                if count == round * 7 {
                    // The child goes on meanwhile: SIGKILL meets it anywhere between two barriers.
                    child.kill().expect("killed");
                }
            }
        }
        child.wait().expect("ended");
        assert!(acknowledged > before, "round {round}");

        let ledger = scene.open();
        let stored = barrier(&ledger).expect("open");
        assert!(stored >= acknowledged, "{stored} < {acknowledged}");
        ledger.append(RunId(2), NOW, vec![Event::RunPaused]);
        assert_eq!(ledger.close().expect("goes on").0, stored + 1);
        before = stored + 1;

        let report = verify(&scene.path(), &scene.evidence(), &Filter::All).expect("checked");
        assert!(
            report.problems.is_empty() || only_seals(&report),
            "{report}"
        );
        assert_eq!(report.events, before);
        let connection = Connection::open(scene.path()).expect("SQLite opens");
        let check: String = connection
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .expect("checked");
        assert_eq!(check, "ok");
    }
}

/// The child's events speak of a seal whose files it never wrote.
fn only_seals(report: &docket::store::verify::Report) -> bool {
    use docket::store::verify::Problem;
    let is_seal = |problem: &Problem| matches!(problem, Problem::MissingManifest { .. });
    report.problems.iter().all(is_seal)
}

#[test]
fn a_reader_reads_what_a_killed_writer_left_without_a_new_writer() {
    let scene = Scene::new();
    let mut child = command("append", &scene.path(), &[])
        .spawn()
        .expect("a child");
    let lines = BufReader::new(child.stdout.take().expect("its words")).lines();
    let mut acknowledged = 0;
    for line in lines.map_while(Result::ok) {
        if let Some(place) = line.strip_prefix("acknowledged ") {
            acknowledged = place.parse::<u64>().expect("a place");
            child.kill().expect("killed");
        }
    }
    child.wait().expect("ended");
    let head = scene.reader().head().expect("read").expect("there");
    assert!(head.0.0 >= acknowledged);
}

#[test]
fn a_full_disk_is_an_error_and_loses_nothing_that_was_acknowledged() {
    let scene = Scene::new();
    let folder = scene.path().parent().expect("a folder").to_path_buf();
    // A file system of its own, seen by the child alone, which ends with it.
    let script = format!(
        "mount -t tmpfs -o size=256k tmpfs '{}' && exec \"$@\"",
        folder.display()
    );
    let wrapper = ["unshare", "-m", "sh", "-c", &script, "sh"];
    match result_of(command("fill", &scene.path(), &wrapper)) {
        Some(result) => {
            assert!(result.starts_with("full=true kept=true "), "{result}");
            assert!(result.contains("no space left"), "{result}");
        }
        None => skipped("no right to mount a small file system"),
    }
}

#[test]
fn a_file_size_limit_is_an_error_and_loses_nothing_that_was_acknowledged() {
    let scene = Scene::new();
    let script = "trap '' XFSZ; ulimit -f 400; exec \"$@\"";
    let wrapper = ["sh", "-c", script, "sh"];
    match result_of(command("fill", &scene.path(), &wrapper)) {
        Some(result) => assert!(result.contains("kept=true"), "{result}"),
        None => skipped("this shell sets no limit"),
    }
}

#[test]
fn a_read_only_disk_reads_and_refuses_to_be_written() {
    let scene = Scene::new();
    scene.store(trivial_run());
    let folder = scene.path().parent().expect("a folder").to_path_buf();
    let script = format!(
        "mount --bind '{0}' '{0}' && mount -o remount,bind,ro '{0}' && exec \"$@\"",
        folder.display()
    );
    let wrapper = ["unshare", "-m", "sh", "-c", &script, "sh"];
    match result_of(command("read", &scene.path(), &wrapper)) {
        Some(result) => {
            assert!(result.starts_with("runs=1 "), "{result}");
            assert!(result.contains("read-only"), "{result}");
        }
        None => skipped("no right to mount"),
    }
}
