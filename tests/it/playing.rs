//! Recordings of terminals: made in the real program, played by it, and held against the ledger.

use std::fs;
use std::path::PathBuf;

use docket::domain::attempt::Artifact;
use docket::domain::event::Event;
use docket::domain::hash::sha256;
use docket::store::verify::{Filter, Problem, Warning, verify};
use rustix::process::Signal;

use crate::ledger::scene::{Scene, trivial_run};
use crate::support::sandbox::{Sandbox, until};
use crate::support::terminal::Terminal;

const NO_ARGUMENTS: [&str; 0] = [];

/// Records the terminal that has the keys, or stops that.
const RECORD: &str = "\x1dR";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.shell(1, "", "echo first");
    sandbox
}

/// A shell that has written something, and is recorded from there on.
fn recorded(sandbox: &Sandbox) -> Terminal {
    let terminal = Terminal::start(&sandbox.command(NO_ARGUMENTS), 100, 30);
    terminal.shows("001 Ticket 1");
    terminal.send("t");
    terminal.shows("Ctrl-] leave");
    terminal.send("echo before $((40+2))\r");
    terminal.shows("before 42");
    terminal.send(RECORD);
    terminal.shows("● rec");
    terminal.send("echo during $((1+1))\r");
    terminal.shows("during 2");
    terminal
}

fn recording(sandbox: &Sandbox) -> PathBuf {
    let folder = sandbox.path(".docket/evidence/recordings");
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("the folder of recordings")
        .flatten()
        .map(|entry| entry.path())
        .collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files.remove(0)
}

#[test]
fn a_session_is_recorded_played_and_vouched_for() {
    let sandbox = sandbox();
    let mut terminal = recorded(&sandbox);
    terminal.send(RECORD);
    terminal.shows("recorded .docket/evidence/recordings/");
    terminal.wait("the mark is gone", |screen| !screen.contains("● rec"));
    until("the ledger knows it", || {
        sandbox.kinds().contains(&"recorded".to_owned())
    });
    terminal.send("exit\r");
    terminal.shows("Enter closes");
    terminal.is_read();
    terminal.send("\r");
    assert_eq!(terminal.quits(), 0);

    let path = recording(&sandbox);
    let file = path.to_str().expect("a name");
    let report = sandbox.verify();
    assert!(report.is_intact() && report.warnings.is_empty(), "{report}");
    sandbox
        .docket(["play", file])
        .exits(0)
        .prints("before 42")
        .prints("during 2");

    let mut player = Terminal::start(&sandbox.command(["play", file]), 100, 30);
    player.shows("during 2");
    player.shows("□ end");
    player.send("0");
    player.shows("‖ paused 0:00");
    player.wait("it is as at the beginning", |screen| {
        screen.contains("before 42") && !screen.contains("during 2")
    });
    player.send("\x1b[F");
    player.shows("during 2");
    player.send("q");
    assert_eq!(player.ends(), 0);
    assert!(player.is_as_before());

    // A foreign file is told of, a changed one is a problem.
    fs::write(path.with_file_name("foreign.cast"), "{}\n").expect("written");
    sandbox
        .docket(["evidence", "verify"])
        .exits(0)
        .prints("foreign.cast is not in the ledger");
    let mut bytes = fs::read(&path).expect("read");
    let last = bytes.len() - 5;
    bytes[last] ^= 1;
    fs::write(&path, bytes).expect("written");
    sandbox
        .docket(["evidence", "verify"])
        .exits(1)
        .prints("was changed");
}

#[test]
fn who_leaves_while_it_records_loses_nothing() {
    let sandbox = sandbox();
    let mut terminal = recorded(&sandbox);
    terminal.send("\x1dd");
    assert_eq!(terminal.quits(), 0);
    assert!(sandbox.kinds().contains(&"recorded".to_owned()));
    let file = recording(&sandbox);
    sandbox
        .docket(["play", "--text", file.to_str().expect("a name")])
        .exits(0)
        .prints("during 2");
    assert!(sandbox.verify().warnings.is_empty());
}

#[test]
fn a_killed_docket_leaves_what_can_be_played() {
    let sandbox = sandbox();
    let mut terminal = recorded(&sandbox);
    until("it is written", || {
        let text = fs::read_to_string(recording(&sandbox)).unwrap_or_default();
        text.contains("during 2")
    });
    terminal.signal(Signal::KILL);
    assert_ne!(terminal.ends(), 0);
    let file = recording(&sandbox);
    let played = sandbox.docket(["play", "--json", file.to_str().expect("a name")]);
    let end = played.json();
    assert!(end["text"].as_str().expect("text").contains("during 2"));
    assert_eq!(end["damaged"], 0);
    let report = sandbox.verify();
    assert!(report.is_intact(), "{report}");
    assert!(matches!(
        report.warnings.as_slice(),
        [Warning::UnknownRecording { .. }]
    ));
}

#[test]
fn files_are_played_anywhere() {
    let sandbox = Sandbox::new();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("demo.cast");
    let run = |arguments: &[&str]| {
        let mut command = sandbox.command(arguments);
        command.current_dir(folder.path());
        sandbox.start_command(command).finish()
    };
    fs::write(
        &file,
        "{\"version\": 3, \"term\": {\"cols\": 20, \"rows\": 3}}\n[0.5, \"o\", \"\\u001b[1mone\\r\\n\"]\n[1, \"m\", \"x\"]\n[1, \"o\", \"two",
    )
    .expect("written");
    assert_eq!(
        run(&["play", "demo.cast", "--json"]).exits(0).json()["seconds"],
        1.5
    );
    run(&["play", "demo.cast"]).exits(0).prints("one");
    fs::write(
        &file,
        "{\"version\":1,\"width\":80,\"height\":24,\"stdout\":[]}",
    )
    .expect("written");
    run(&["play", "demo.cast"])
        .exits(2)
        .says("asciinema convert");
    run(&["play", "none.cast"])
        .exits(2)
        .says("there is no file");
    fs::write(&file, "hello").expect("written");
    run(&["play", "demo.cast"])
        .exits(2)
        .says("no recording of a terminal");
}

#[test]
fn recordings_are_held_against_the_ledger() {
    let scene = Scene::new();
    let folder = scene.evidence().join("recordings");
    fs::create_dir_all(&folder).expect("a folder");
    let mut events = trivial_run();
    events.truncate(1);
    let names = ["a.cast", "b.cast", "c.cast", "../../escape"];
    events.extend(names.map(|name| Event::Recorded {
        attempt: None,
        file: Artifact {
            path: name.to_owned(),
            sha256: sha256(b"same"),
            bytes: 4,
        },
    }));
    scene.store(events);
    fs::write(folder.join("a.cast"), "same").expect("written");
    fs::write(folder.join("b.cast"), "sane").expect("written");
    fs::write(folder.join("d.cast"), "new").expect("written");
    let report = verify(&scene.path(), &scene.evidence(), &Filter::All).expect("checked");
    assert_eq!(
        report.problems,
        [
            Problem::ChangedRecording {
                path: folder.join("b.cast")
            },
            Problem::MissingRecording {
                path: folder.join("c.cast")
            },
        ]
    );
    assert!(report.warnings.contains(&Warning::UnknownRecording {
        path: folder.join("d.cast")
    }));
}
