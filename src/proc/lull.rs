//! A clock that notices when nothing has come for a while.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// See the module. It never runs out while nothing is waited for.
#[derive(Debug)]
pub struct Lull {
    /// How long nothing must come, and after how long it counts as quiet all the same.
    wanted: Option<(Duration, Option<Duration>)>,
    /// Since when that is waited for.
    since: Instant,
    heard: Instant,
}

impl Default for Lull {
    fn default() -> Self {
        let now = Instant::now();
        Self {
            wanted: None,
            since: now,
            heard: now,
        }
    }
}

impl Lull {
    /// Waits for this from now on; the same as before goes on.
    pub fn wait_for(&mut self, wanted: Option<(Duration, Option<Duration>)>) {
        if wanted != self.wanted {
            self.wanted = wanted;
            self.since = Instant::now();
        }
    }

    /// Something came.
    pub fn heard(&mut self) {
        self.heard = Instant::now();
    }

    /// Begins anew.
    pub fn again(&mut self) {
        *self = Self::default();
    }

    /// Waits until it is quiet.
    pub async fn over(&self) {
        let Some((quiet, longest)) = self.wanted else {
            return std::future::pending().await;
        };
        let quiet = self.heard.max(self.since).checked_add(quiet);
        let longest = longest.and_then(|longest| self.since.checked_add(longest));
        match [quiet, longest].into_iter().flatten().min() {
            Some(at) => sleep_until(at).await,
            None => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn what_comes_puts_it_off_but_not_for_ever() {
        let began = Instant::now();
        let mut lull = Lull::default();
        lull.wait_for(Some((SECOND, Some(SECOND * 5))));
        for _ in 0..3 {
            tokio::time::sleep(SECOND / 2).await;
            lull.heard();
            lull.wait_for(Some((SECOND, Some(SECOND * 5))));
        }
        lull.over().await;
        assert_eq!(began.elapsed(), SECOND * 5 / 2);
        lull.again();
        lull.wait_for(Some((SECOND, Some(SECOND * 2))));
        for _ in 0..5 {
            tokio::time::sleep(SECOND / 2).await;
            lull.heard();
        }
        let late = Instant::now();
        lull.over().await;
        assert_eq!(late.elapsed(), Duration::ZERO);
        lull.wait_for(None);
        let nothing = tokio::time::timeout(SECOND * 100, lull.over()).await;
        assert!(nothing.is_err());
    }
}
