//! The writer: order, groups, barriers, and errors that stay.

use std::sync::mpsc;
use std::sync::{Arc, Barrier};

use docket::domain::event::{Envelope, Event};
use docket::domain::ids::{RunId, Sequence};
use docket::domain::time::Timestamp;
use docket::store::verify::{Filter, verify};
use docket::store::{Ledger, LedgerError, Subscriber};
use rusqlite::Connection;

use super::scene::{NOW, Scene, barrier, trivial_run};

fn told(path: &std::path::Path) -> (Ledger, mpsc::Receiver<Vec<Arc<Envelope>>>) {
    let (sender, receiver) = mpsc::channel();
    let subscriber = Subscriber {
        on_commit: Box::new(move |events| {
            let _unheard = sender.send(events);
        }),
        on_error: Box::new(|_| {}),
    };
    let ledger = Ledger::open(path, subscriber).expect("the ledger opens");
    (ledger, receiver)
}

#[test]
fn subscribers_hear_every_event_in_order_after_its_commit_and_before_the_barrier() {
    let scene = Scene::new();
    let (ledger, events) = told(&scene.path());
    ledger.append(RunId(1), NOW, trivial_run());
    ledger.append(
        RunId(1),
        Timestamp(5),
        vec![Event::RunPaused, Event::RunResumed],
    );
    assert_eq!(barrier(&ledger).expect("stored"), 19);
    let heard: Vec<_> = events.try_iter().flatten().collect();
    let places: Vec<_> = heard.iter().map(|envelope| envelope.seq.0).collect();
    assert_eq!(places, (1..=19).collect::<Vec<_>>());
    assert_eq!(heard[18].event, Event::RunResumed);
    assert_eq!((heard[18].at, heard[18].run), (Timestamp(5), RunId(1)));
    let stored = scene.reader().events(Sequence(0), 100).expect("read");
    let stored: Vec<_> = stored.iter().filter_map(|row| row.envelope()).collect();
    assert!(stored.iter().zip(&heard).all(|(a, b)| **a == **b));
    assert_eq!(
        scene.reader().events(Sequence(17), 1).expect("read").len(),
        1
    );
}

#[test]
fn what_waits_is_one_commit() {
    let scene = Scene::new();
    let (heard, groups) = mpsc::channel();
    let gate = Arc::new(Barrier::new(2));
    let held = Arc::clone(&gate);
    let subscriber = Subscriber {
        on_commit: Box::new(move |events| {
            if events[0].event == Event::RunPaused {
                held.wait();
            }
            let _unheard = heard.send(events.len());
        }),
        on_error: Box::new(|_| {}),
    };
    let ledger = Ledger::open(&scene.path(), subscriber).expect("the ledger opens");
    ledger.append(RunId(1), NOW, vec![Event::RunPaused]);
    // The writer is held in the first commit's subscriber, so the rest can only wait together.
    for _ in 0..50 {
        ledger.append(RunId(1), NOW, vec![Event::RunResumed, Event::RunResumed]);
    }
    gate.wait();
    assert_eq!(barrier(&ledger).expect("stored"), 101);
    let groups: Vec<usize> = groups.try_iter().collect();
    assert_eq!(groups.iter().sum::<usize>(), 101);
    assert!(groups.len() <= 3, "{groups:?}");
}

#[test]
fn dropping_the_ledger_loses_nothing() {
    let scene = Scene::new();
    let ledger = scene.open();
    for _ in 0..200 {
        ledger.append(RunId(1), NOW, vec![Event::RunPaused]);
    }
    drop(ledger);
    assert_eq!(
        scene.reader().head().expect("read").expect("there").0,
        Sequence(200)
    );
}

#[test]
fn closing_leaves_one_file() {
    let scene = Scene::new();
    scene.store(trivial_run());
    let folder = scene.path().parent().expect("a folder").to_path_buf();
    let names: Vec<_> = std::fs::read_dir(folder)
        .expect("read")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    assert_eq!(names, ["ledger.db"]);
}

#[test]
fn a_barrier_with_nothing_to_store_answers_at_once_with_the_last_place() {
    let scene = Scene::new();
    let ledger = scene.open();
    assert_eq!(barrier(&ledger).expect("empty"), 0);
    ledger.append(RunId(1), NOW, Vec::new());
    assert_eq!(barrier(&ledger).expect("still empty"), 0);
    ledger.append(RunId(1), NOW, vec![Event::RunPaused]);
    assert_eq!(barrier(&ledger).expect("stored"), 1);
    assert_eq!(barrier(&ledger).expect("stored"), 1);
}

#[test]
fn the_first_failure_is_final() {
    let scene = Scene::new();
    let (sender, failures) = mpsc::channel();
    let subscriber = Subscriber {
        on_commit: Box::new(|_| {}),
        on_error: Box::new(move |error| {
            let _unheard = sender.send(error.to_string());
        }),
    };
    let ledger = Ledger::open(&scene.path(), subscriber).expect("the ledger opens");
    ledger.append(RunId(1), NOW, vec![Event::RunPaused]);
    barrier(&ledger).expect("stored");
    // Somebody else adds a row: the chain in this writer's memory is no longer the file's.
    let other = Connection::open(scene.path()).expect("SQLite opens");
    other
        .execute(
            "INSERT INTO events VALUES (2, 0, 1, 'run_paused', 1, '{}', zeroblob(32))",
            [],
        )
        .expect("a second writer writes");
    ledger.append(RunId(1), NOW, vec![Event::RunResumed]);
    let error = barrier(&ledger).expect_err("it fails");
    assert!(matches!(error, LedgerError::SecondWriter { .. }), "{error}");
    ledger.append(RunId(1), NOW, vec![Event::RunResumed]);
    barrier(&ledger).expect_err("it stays failed");
    ledger.close().expect_err("closing says so too");
    assert_eq!(failures.try_iter().count(), 1);
    assert_eq!(
        scene.reader().head().expect("read").expect("there").0,
        Sequence(2)
    );
}

#[test]
fn a_locked_ledger_is_an_error_and_not_a_hang() {
    let scene = Scene::new();
    scene.store(trivial_run());
    let other = Connection::open(scene.path()).expect("SQLite opens");
    other
        .execute_batch("BEGIN IMMEDIATE")
        .expect("the lock is taken");
    let ledger = scene.open();
    ledger.append(RunId(1), NOW, vec![Event::RunPaused]);
    let error = barrier(&ledger).expect_err("it fails");
    assert!(matches!(error, LedgerError::Busy { .. }), "{error}");
}

#[test]
fn events_can_be_neither_changed_nor_removed_nor_left_out() {
    let scene = Scene::new();
    scene.store(trivial_run());
    let connection = Connection::open(scene.path()).expect("SQLite opens");
    for (sql, words) in [
        (
            "UPDATE events SET payload = '{}' WHERE seq = 3",
            "append-only",
        ),
        ("DELETE FROM events WHERE seq = 17", "append-only"),
        (
            "INSERT OR REPLACE INTO events SELECT * FROM events WHERE seq = 3",
            "no gaps",
        ),
        (
            "INSERT INTO events SELECT 99, at, run, kind, version, payload, hash FROM events WHERE seq = 1",
            "no gaps",
        ),
    ] {
        let error = connection.execute(sql, []).expect_err(sql).to_string();
        assert!(error.contains(words), "{sql}: {error}");
    }
}

#[test]
fn readers_follow_a_living_writer() {
    let scene = Scene::new();
    let reader = scene.reader();
    assert_eq!(reader.events(Sequence(0), 10).expect("empty"), vec![]);
    assert!(!scene.path().exists(), "a reader makes no ledger");
    let ledger = scene.open();
    for place in 1..=20 {
        ledger.append(RunId(1), NOW, vec![Event::RunPaused]);
        barrier(&ledger).expect("stored");
        let news = reader.events(Sequence(place - 1), 10).expect("read");
        assert_eq!(news.len(), 1);
        assert_eq!(news[0].seq(), Sequence(place));
    }
    let report = verify(&scene.path(), &scene.evidence(), &Filter::All).expect("checked");
    assert!(report.is_intact(), "{report}");
}

#[test]
fn rows_of_unknown_kinds_are_shown_and_break_nothing() {
    let scene = Scene::new();
    scene.store(trivial_run());
    scene.tamper("UPDATE events SET kind = 'ticket_praised' WHERE seq = 17; UPDATE events SET payload = 'no json' WHERE seq = 5");
    let reader = scene.reader();
    let rows = reader.events(Sequence(0), 100).expect("read");
    assert_eq!(rows.len(), 17);
    assert!(rows[16].envelope().is_none());
    assert!(rows[4].envelope().is_none());
    let attempt = super::scene::attempt_id("TICKET-001.1");
    assert_eq!(reader.events_of_attempt(&attempt).expect("read").len(), 11);
}
