//! The runner's lock.

use docket::store::lock::{FILE, Held, Holder, LockError, RunnerLock};

use crate::ledger::scene::{NOW, Scene, process};

fn holder(pid: u32) -> Holder {
    Holder {
        process: process(pid),
        version: "0.1.0".to_owned(),
        since: NOW,
    }
}

#[test]
fn one_runner_at_a_time_and_the_second_hears_who() {
    let scene = Scene::new();
    let folder = scene.evidence();
    assert_eq!(RunnerLock::holder(&folder).expect("asked"), None);
    let lock = RunnerLock::acquire(&folder, &holder(41)).expect("free");
    let by = Some(holder(41));
    assert_eq!(
        RunnerLock::holder(&folder).expect("asked"),
        Some(Held { by })
    );
    match RunnerLock::acquire(&folder, &holder(42)) {
        Err(error @ LockError::Held { .. }) => {
            let words = error.to_string();
            assert!(words.contains("pid 41"), "{words}");
        }
        other => panic!("{other:?}"),
    }
    drop(lock);
    assert_eq!(RunnerLock::holder(&folder).expect("asked"), None);
    RunnerLock::acquire(&folder, &holder(42)).expect("free again");
}

#[test]
fn what_a_dead_runner_wrote_holds_nobody_up() {
    let scene = Scene::new();
    let folder = scene.evidence();
    std::fs::create_dir_all(&folder).expect("made");
    let stale = serde_json::to_string(&holder(40)).expect("text");
    std::fs::write(folder.join(FILE), format!("{stale}\n{stale}\n")).expect("written");
    assert_eq!(RunnerLock::holder(&folder).expect("asked"), None);
    let lock = RunnerLock::acquire(&folder, &holder(41)).expect("free");
    let text = std::fs::read_to_string(folder.join(FILE)).expect("read");
    let content: serde_json::Value = serde_json::from_str(&text).expect("one document");
    assert_eq!(content["pid"], 41);
    assert_eq!(content["version"], "0.1.0");
    drop(lock);
}

#[test]
fn asking_who_holds_the_lock_never_keeps_a_runner_out() {
    let scene = Scene::new();
    let folder = scene.evidence();
    drop(RunnerLock::acquire(&folder, &holder(1)).expect("free"));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..2_000 {
                    RunnerLock::holder(&folder).expect("asked");
                }
            });
        }
        for pid in 2..100 {
            drop(RunnerLock::acquire(&folder, &holder(pid)).expect("free"));
        }
    });
}
