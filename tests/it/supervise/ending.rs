//! How it ends: by itself, by a stop, and with what it left behind.

use std::time::Duration;

use docket::domain::attempt::{CancelReason, ProcessRecord};
use docket::proc::supervise::{LEAK_WINDOW, Output, ProcessEvent, Rung, Shim, Status, Supervised};
use docket::proc::{identity, sweep};

use super::scene::{HASTY, Scene, agent};
use crate::support::programs::docket;
use crate::support::wait::{LONG, wait_until};

#[tokio::test]
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

#[tokio::test]
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

#[tokio::test]
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

#[tokio::test]
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
    // The one in its own session, the one without a marker, the daemon; and the one in the leader's group, unless
    // SIGINT had ended it by then.
    assert!((3..=4).contains(&seen.ended.swept), "{}", seen.ended.swept);
    assert!(seen.ended.left.is_empty());
}

#[tokio::test]
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

#[tokio::test]
async fn who_hides_in_its_own_session_or_environment_is_found() {
    // A setsid grandchild; one without the marker; a daemon that was forked twice.
    for mode in ["setsid-grandchild", "naked-grandchild", "daemon"] {
        let mut scene = Scene::launch(agent(&[mode]));
        scene.pid().await;
        let shim = scene.shim.clone();
        let seen = scene.end().await;
        assert_eq!(seen.ended.status, Status::Exited(0), "{mode}");
        assert_eq!(seen.ended.swept, 1, "{mode}");
        assert!(seen.ended.left.is_empty(), "{mode}");
        assert!(
            !seen.ended.leaked,
            "{mode}: it holds nothing of ours, so there is no window to wait for"
        );
        assert!(!identity::is_alive(&shim), "{mode}");
    }
}

#[tokio::test]
async fn a_program_without_leftovers_has_no_leak_window() {
    // Only the fastest of some counts: the machine may be busy, a window of 200 ms would be in all of them.
    let mut fastest = Duration::MAX;
    for _ in 0..10 {
        let began = tokio::time::Instant::now();
        Scene::launch(agent(&["exit", "0"])).end().await;
        fastest = fastest.min(began.elapsed());
    }
    assert!(fastest < LEAK_WINDOW, "{fastest:?}");
}

#[tokio::test]
async fn asks_after_the_end_and_asks_that_make_no_sense_do_nothing() {
    let scene = Scene::launch(agent(&["exit", "0"]));
    let control = scene.control.clone();
    control.thaw();
    control.close_stdin();
    control.write(b"nobody reads this".to_vec());
    scene.end().await;
    control.stop(CancelReason::Kill);
    control.freeze();
    control.thaw();
    control.write(vec![0; 1 << 20]);
    control.close_stdin();
}

#[tokio::test]
async fn a_stop_before_the_start_counts() {
    let scene = Scene::launch(agent(&["hang"]));
    scene.control.stop(CancelReason::Kill);
    let seen = scene.end().await;
    assert_eq!(seen.ended.status, Status::Signalled(9));
    assert!(seen.started.is_some());
}

#[tokio::test]
async fn a_tree_ends_with_whoever_listens_and_with_whoever_could_ask() {
    let mut all_dropped = Scene::launch(agent(&["nasty-tree"]));
    all_dropped.said("ready").await;
    let (marker, shim) = (all_dropped.marker.clone(), all_dropped.shim.clone());
    drop(all_dropped);
    gone(&marker, &shim).await;

    let mut ears_dropped = Scene::launch(agent(&["nasty-tree"]));
    ears_dropped.said("ready").await;
    let (marker, shim) = (ears_dropped.marker.clone(), ears_dropped.shim.clone());
    let control = ears_dropped.control.clone();
    drop(ears_dropped);
    gone(&marker, &shim).await;
    drop(control);

    let Supervised {
        mut events,
        control,
    } = Shim::start(docket(), Output::Merged)
        .expect("a shim")
        .launch(agent(&["hang"]));
    drop(control);
    let mut last = None;
    while let Some(event) = events.recv().await {
        last = Some(event);
    }
    let Some(ProcessEvent::Ended(ended)) = last else {
        panic!("no end: {last:?}");
    };
    assert_eq!(ended.stopped, Some(CancelReason::Kill));
}

/// Waits until nothing is left, while the runtime goes on.
async fn gone(marker: &str, shim: &ProcessRecord) {
    let (marker, shim) = (marker.to_owned(), shim.clone());
    tokio::task::spawn_blocking(move || {
        wait_until("the tree is gone", LONG, || {
            sweep::carriers(&marker).is_empty() && !identity::is_alive(&shim)
        });
    })
    .await
    .expect("it is");
}
