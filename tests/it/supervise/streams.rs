//! Input and output: complete, in order, and never at the cost of control.

use std::time::Duration;

use docket::domain::attempt::CancelReason;
use docket::proc::identity;
use docket::proc::supervise::{Output, Status};

use super::scene::{Scene, agent, program};
use crate::support::processes::{state, written};
use crate::support::wait::{LONG, wait_until};

/// Waits beside the runtime.
async fn eventually(what: &'static str, predicate: impl FnMut() -> bool + Send + 'static) {
    tokio::task::spawn_blocking(move || wait_until(what, LONG, predicate))
        .await
        .expect(what);
}

#[tokio::test]
async fn cut_characters_arrive_byte_by_byte_as_they_were_written() {
    let seen = Scene::launch(agent(&["split-utf8"])).end().await;
    assert_eq!(seen.stdout, "é€".as_bytes());
}

#[tokio::test]
async fn a_flood_arrives_whole() {
    let seen = Scene::launch(agent(&["flood", "20000001"])).end().await;
    assert_eq!(seen.stdout.len(), 20_000_001);
    assert!(seen.stdout.iter().all(|byte| *byte == b'x'));
    assert_eq!(seen.ended.status, Status::Exited(0));
}

#[tokio::test]
async fn merged_output_keeps_the_order_of_writing() {
    let spec = program(
        ["/bin/sh", "-c", "echo a; echo b >&2; echo c"]
            .map(Into::into)
            .to_vec(),
    );
    let seen = Scene::launch_with(spec, Output::Merged).end().await;
    assert_eq!(String::from_utf8_lossy(&seen.stdout), "a\nb\nc\n");
}

#[tokio::test]
async fn input_arrives_in_order_and_its_end_is_told() {
    let mut spec = agent(&["echo-stdin"]);
    spec.stdin = true;
    let scene = Scene::launch(spec);
    let text: Vec<u8> = (0..1_000_000_u32)
        .map(|number| (number % 251) as u8)
        .collect();
    for part in text.chunks(77_777) {
        scene.control.write(part.to_vec());
    }
    scene.control.close_stdin();
    scene.control.write(b"too late".to_vec());
    let seen = scene.end().await;
    assert!(seen.stdout == text);
    assert_eq!(seen.ended.status, Status::Exited(0));
}

#[tokio::test]
async fn without_a_pipe_the_input_is_empty() {
    let seen = Scene::launch(agent(&["echo-stdin"])).end().await;
    assert_eq!(seen.stdout, b"");
    assert_eq!(seen.ended.status, Status::Exited(0));
}

#[tokio::test]
async fn input_that_nobody_reads_does_not_hold_up_a_stop() {
    let mut spec = agent(&["polite"]);
    spec.stdin = true;
    let mut scene = Scene::launch(spec);
    scene.control.write(vec![b'x'; 1 << 20]);
    scene.control.close_stdin();
    scene.said("ready").await;
    scene.control.stop(CancelReason::Stopped);
    assert_eq!(scene.end().await.ended.status, Status::Exited(3));
}

#[tokio::test]
async fn who_floods_waits_for_the_reader_and_can_be_stopped_meanwhile() {
    let mut scene = Scene::launch(agent(&["flood", "100000000000"]));
    let pid = scene.pid().await;
    let leader = identity::record(pid).expect("it runs");
    let mut looks = (0, 0);
    eventually("the program waits", move || {
        let now = written(pid).unwrap_or_default();
        let still = now > 0 && now == looks.0 && state(pid) == Some('S');
        looks = (now, if still { looks.1 + 1 } else { 0 });
        looks.1 == 20
    })
    .await;
    // The pipe, what a task holds, what waits in the channel.
    let written = written(pid).expect("it lives");
    assert!(written < 2 << 20, "{written} bytes are under way");
    scene.control.stop(CancelReason::Kill);
    eventually("the program is gone, though nobody reads", move || {
        !identity::is_alive(&leader)
    })
    .await;
    let seen = scene.end().await;
    assert_eq!(seen.ended.status, Status::Signalled(9));
    assert!(!seen.ended.leaked, "only we were slow");
    assert!(
        seen.stdout.len() as u64 >= written,
        "what was written is read"
    );
}

#[tokio::test]
async fn a_slow_reader_loses_nothing_and_is_no_leak() {
    // More pieces than find a place in the channel.
    let mut scene = Scene::launch(agent(&["drip", "40"]));
    scene.pid().await;
    let shim = scene.shim.clone();
    eventually("all is over but our reading", move || {
        !identity::is_alive(&shim)
    })
    .await;
    let seen = scene.end().await;
    assert_eq!(seen.stdout, [b'.'; 40]);
    assert!(!seen.ended.leaked);
    assert_eq!(seen.ended.swept, 0);
}

#[tokio::test]
async fn who_closes_its_output_and_runs_on_is_still_supervised() {
    let mut scene = Scene::launch(agent(&["close-stdout-keep-running"]));
    scene.said("ready").await;
    let quiet = tokio::time::timeout(Duration::from_millis(300), scene.next()).await;
    assert!(quiet.is_err(), "{quiet:?}");
    scene.control.stop(CancelReason::Stopped);
    let seen = scene.end().await;
    assert_eq!(seen.ended.status, Status::Signalled(2));
    assert!(!seen.ended.leaked);
}
