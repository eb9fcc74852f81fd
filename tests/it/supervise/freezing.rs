//! Freeze, thaw, and stops of what does not run.

use std::time::Duration;

use docket::domain::attempt::{CancelReason, Phase, TurnClocks};
use docket::proc::clocks::{Clocks, Expired};
use docket::proc::supervise::{Rung, Status};

use super::scene::{HASTY, Scene, agent};
use crate::support::processes::{below, state};
use crate::support::wait::{LONG, wait_until};

/// Waits, beside the runtime, until every process of the tree is in one of these states.
async fn all_are(scene: &Scene, states: &'static str) -> usize {
    let shim = scene.shim.pid;
    tokio::task::spawn_blocking(move || {
        let all = || below(shim).into_iter().map(|process| state(process.pid));
        wait_until("all are as they should be", LONG, || {
            all().all(|state| state.is_some_and(|state| states.contains(state)))
        });
        all().count()
    })
    .await
    .expect("they are")
}

#[tokio::test]
async fn a_freeze_stops_the_whole_tree_and_a_thaw_lets_it_go_on() {
    let mut scene = Scene::launch(agent(&["nasty-tree"]));
    scene.said("ready").await;
    scene.control.freeze();
    // The leader, the one that holds our pipe, the one in its own session, the one without a marker, the daemon.
    assert_eq!(all_are(&scene, "T").await, 5);
    scene.control.thaw();
    all_are(&scene, "RS").await;
    scene.control.stop(CancelReason::Kill);
    assert_eq!(scene.end().await.ended.status, Status::Signalled(9));
}

#[tokio::test]
async fn who_is_frozen_can_be_stopped() {
    let mut scene = Scene::launch(agent(&["polite"]));
    scene.said("ready").await;
    scene.control.freeze();
    all_are(&scene, "T").await;
    scene.control.stop(CancelReason::Stopped);
    let seen = scene.end().await;
    assert_eq!(seen.ended.status, Status::Exited(3));
    assert_eq!(seen.rungs, [Rung::Interrupt]);

    let mut spec = agent(&["nasty-tree"]);
    spec.ladder = HASTY;
    let mut scene = Scene::launch(spec);
    scene.said("ready").await;
    scene.control.freeze();
    all_are(&scene, "T").await;
    scene.control.stop(CancelReason::Stopped);
    let seen = scene.end().await;
    assert_eq!(seen.ended.status, Status::Signalled(9));
    assert_eq!(seen.rungs, [Rung::Interrupt, Rung::Terminate, Rung::Kill]);
}

#[tokio::test]
async fn who_stopped_itself_acts_on_a_stop() {
    let mut scene = Scene::launch(agent(&["stop-self"]));
    scene.said("ready").await;
    all_are(&scene, "T").await;
    scene.control.stop(CancelReason::Stopped);
    let seen = scene.end().await;
    assert_eq!(seen.ended.status, Status::Signalled(2));
    assert_eq!(seen.rungs, [Rung::Interrupt]);
}

#[tokio::test]
async fn the_time_of_a_freeze_does_not_count() {
    let limit = Duration::from_millis(300);
    let mut scene = Scene::launch(agent(&["drip"]));
    scene.said(".").await;
    let mut clocks = Clocks::start(TurnClocks {
        startup: None,
        idle: None,
        wall: Some(limit),
    });
    let began = tokio::time::Instant::now();
    scene.control.freeze();
    clocks.pause();
    all_are(&scene, "T").await;
    let nothing = tokio::time::timeout(limit * 2, clocks.expired()).await;
    assert!(nothing.is_err(), "it ran out while all was frozen");
    scene.control.thaw();
    clocks.resume();
    assert_eq!(clocks.expired().await, Expired::Clock(Phase::Wall));
    // The freeze, and nearly all of the limit after it.
    assert!(began.elapsed() > limit * 2 + limit / 2);
    scene.control.stop(CancelReason::Kill);
    scene.end().await;
}
