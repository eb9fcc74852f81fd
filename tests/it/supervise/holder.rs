//! The process holder itself: its death, docket's death, and that nothing is left of either.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use docket::domain::attempt::CancelReason;
use docket::proc::identity;
use docket::proc::supervise::{Output, Rung, Shim, Status};
use docket::proc::sweep;

use super::scene::{HASTY, Scene, agent, marker};
use crate::support::processes::{below, children};
use crate::support::programs::{docket, fake_agent};
use crate::support::wait::{LONG, wait_until};

#[test]
fn nothing_survives_a_docket_that_is_killed() {
    // With an agent, and with a terminal pane.
    for mode in ["supervise", "pane"] {
        let marker = marker();
        let (mut driver, mut said) = driver(mode, &marker);
        while !said().contains("ready") {}
        let [holder] = children(driver.id()).try_into().expect("one shim");
        let tree = below(holder.pid);
        assert_eq!(tree.len(), 5, "{mode}: {tree:?}");
        assert_eq!(
            sweep::carriers(&marker).len(),
            4,
            "{mode}: one of the five goes without a marker"
        );
        driver.kill().expect("SIGKILL");
        driver.wait().expect("it is dead");
        wait_until("nothing is left", Duration::from_secs(3), || {
            !identity::is_alive(&holder) && !tree.iter().any(identity::is_alive)
        });
        assert!(sweep::carriers(&marker).is_empty());
    }
}

/// A process that plays docket and holds a nasty tree, and what it says, line by line.
#[expect(
    clippy::disallowed_methods,
    reason = "a process that plays docket and is killed"
)]
fn driver(mode: &str, marker: &str) -> (Child, impl FnMut() -> String) {
    let agent = fake_agent();
    let mut driver = Command::new(&agent)
        .arg(mode)
        .args([docket(), marker.as_ref(), &agent, "nasty-tree".as_ref()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the driver starts");
    let mut lines = BufReader::new(driver.stdout.take().expect("a pipe")).lines();
    (driver, move || lines.next().expect("a line").expect("text"))
}

#[tokio::test]
async fn a_holder_that_is_killed_means_lost_and_all_are_swept_by_marker() {
    let mut scene = Scene::launch(agent(&["signal-shim", "KILL"]));
    scene.said("ready").await;
    let seen = scene.end().await;
    assert!(
        matches!(seen.ended.status, Status::Lost(_)),
        "{:?}",
        seen.ended
    );
    // The leader and its grandchild in another session.
    assert_eq!(seen.ended.swept, 2);
    assert!(seen.ended.left.is_empty());
}

#[tokio::test]
async fn a_holder_survives_what_its_children_send_it() {
    for signal in ["TERM", "HUP"] {
        let mut scene = Scene::launch(agent(&["signal-shim", signal]));
        scene.said("ready").await;
        scene.control.stop(CancelReason::Stopped);
        let seen = scene.end().await;
        assert_eq!(seen.ended.status, Status::Signalled(2), "{signal}");
        assert_eq!(seen.ended.swept, 1, "{signal}");
    }
}

#[tokio::test]
async fn a_holder_that_was_stopped_still_carries_out_a_stop() {
    let mut spec = agent(&["signal-shim", "STOP"]);
    spec.ladder = HASTY;
    let mut scene = Scene::launch(spec);
    scene.said("ready").await;
    scene.control.stop(CancelReason::Stopped);
    scene.reached(Rung::Interrupt).await;
    let seen = scene.end().await;
    assert!(
        matches!(seen.ended.status, Status::Signalled(_)),
        "{:?}",
        seen.ended
    );
    assert!(seen.ended.left.is_empty());
}

#[tokio::test]
async fn a_holder_for_which_no_program_comes_goes() {
    let shim = Shim::start(docket(), Output::Separate).expect("a shim");
    let record = shim.record().clone();
    assert!(identity::is_alive(&record));
    drop(shim);
    tokio::task::spawn_blocking(move || {
        wait_until("the shim is gone", LONG, || !identity::is_alive(&record));
    })
    .await
    .expect("it is");
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "counted in a process of its own: other tests open files, too"
)]
fn hundreds_of_short_launches_leave_no_descriptor_and_no_process() {
    let output = Command::new(fake_agent())
        .arg("many")
        .arg(docket())
        .args(["320", "16"])
        .output()
        .expect("it starts");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "0 descriptors more, children left: []\n"
    );
}
