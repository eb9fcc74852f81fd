//! When what a program answers is on the screen. Time stands still while there is anything to do.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::looping::{begin, queue};
use crate::ui::session::UiEnd;

#[tokio::test(start_paused = true)]
async fn an_echo_is_in_the_first_frame_after_its_key() {
    let mut outside = begin();
    outside.feed.send(queue()).expect("an app");
    outside.press("t h");
    outside.shows(" $ h").await;
    sleep(Duration::from_secs(1)).await;
    let pressed = Instant::now();
    outside.press("i");
    outside.shows(" $ hi").await;
    assert!(
        pressed.elapsed() < Duration::from_millis(4),
        "it came after {:?}",
        pressed.elapsed()
    );
    // Typed on at once, right after a frame.
    let pressed = Instant::now();
    outside.press("t");
    outside.shows(" $ hit").await;
    assert!(
        pressed.elapsed() < Duration::from_millis(8),
        "it came after {:?}",
        pressed.elapsed()
    );
    outside.press("Ctrl-] Ctrl-] q");
    outside.shows("Leave?").await;
    sleep(Duration::from_secs(1)).await;
    outside.press("y");
    assert_eq!(outside.ends().await, UiEnd::Quit);
}
