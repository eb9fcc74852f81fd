//! How it ends: by itself, by a stop, and with what it left behind.

use std::time::Duration;

use docket::domain::attempt::CancelReason;
use docket::proc::supervise::{Rung, Status};

use super::scene::{HASTY, Scene, agent};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exit_code_a_signal_and_the_output_are_told_as_they_are() {
    let seen = Scene::launch(agent(&["exit", "7"])).end().await;
    assert_eq!(seen.ended.status, Status::Exited(7));
    assert!(!seen.ended.leaked && seen.ended.swept == 0 && seen.ended.stopped.is_none());
    assert!(seen.started.is_some());

    let seen = Scene::launch(agent(&["partial-json-then-die"])).end().await;
    assert_eq!(seen.ended.status, Status::Signalled(6));
    assert_eq!(seen.stdout, b"{\"type\":\"result\",\"te");

    let seen = Scene::launch(agent(&["complain", "so bad"])).end().await;
    assert_eq!((seen.stdout, seen.stderr), (vec![], b"so bad".to_vec()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_asks_with_sigint_and_waits() {
    let mut scene = Scene::launch(agent(&["polite"]));
    scene.said("ready").await;
    scene.control.stop(CancelReason::Interrupt);
    let seen = scene.end().await;
    assert_eq!(seen.ended.status, Status::Exited(3));
    assert_eq!(seen.ended.stopped, Some(CancelReason::Interrupt));
    assert_eq!(seen.rungs, [Rung::Interrupt]);
    assert_eq!(seen.stdout, b"ready\ninterrupted\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_ignores_it_is_terminated_then_killed() {
    let mut spec = agent(&["ignore-term"]);
    spec.ladder = HASTY;
    let mut scene = Scene::launch(spec);
    scene.said("ready").await;
    scene.control.stop(CancelReason::Stopped);
    let seen = scene.end().await;
    assert_eq!(seen.ended.status, Status::Signalled(9));
    assert_eq!(seen.rungs, [Rung::Interrupt, Rung::Terminate, Rung::Kill]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_stop_kills_at_once() {
    let mut scene = Scene::launch(agent(&["nasty-tree"]));
    scene.said("ready").await;
    scene.control.stop(CancelReason::Interrupt);
    scene.reached(Rung::Interrupt).await;
    let began = tokio::time::Instant::now();
    scene.control.stop(CancelReason::Kill);
    let seen = scene.end().await;
    // Nearer 10 ms; the ladder itself would have waited for a minute.
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(seen.rungs, [Rung::Interrupt, Rung::Kill]);
    assert_eq!(seen.ended.status, Status::Signalled(9));
    assert_eq!(seen.ended.stopped, Some(CancelReason::Kill));
    // The one that holds our pipe, the one in its own session, the one without a marker, the daemon.
    assert_eq!(seen.ended.swept, 4);
    assert!(seen.ended.left.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pipe_that_is_held_open_is_a_leak_and_its_holder_is_ended() {
    for mode in ["fork-hold-stdout", "chatty-grandchild"] {
        let began = tokio::time::Instant::now();
        let seen = Scene::launch(agent(&[mode])).end().await;
        assert_eq!(seen.ended.status, Status::Exited(0), "{mode}");
        assert!(seen.ended.leaked, "{mode}");
        assert_eq!(seen.ended.swept, 1, "{mode}");
        // What it writes doesn't lengthen the window of 200 ms.
        assert!(began.elapsed() < Duration::from_secs(3), "{mode}");
    }
}
