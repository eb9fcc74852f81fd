//! The one way in which tests wait: for a condition, with a deadline.

use std::time::{Duration, Instant};

/// How long anything may take on a loaded machine before a test calls it broken.
pub(crate) const LONG: Duration = Duration::from_secs(20);

/// Looks again and again until `predicate` holds; the test fails when it doesn't by `deadline` from now.
#[track_caller]
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one helper that waits in real time"
)]
pub(crate) fn wait_until(what: &str, deadline: Duration, mut predicate: impl FnMut() -> bool) {
    let began = Instant::now();
    while !predicate() {
        assert!(
            began.elapsed() < deadline,
            "waited {deadline:?} in vain until {what}"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
}
