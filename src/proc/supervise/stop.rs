//! A stop: which rung comes next, and when.

use std::time::Duration;

use tokio::time::Instant;

use super::{Ladder, Rung};
use crate::domain::attempt::CancelReason;

/// How long the kernel may take to end the leader after SIGKILL. A hung disk holds it longer, and so does a shim that
/// somebody has stopped.
pub(super) const KILL_LIMIT: Duration = Duration::from_secs(3);

/// The longest grace of a rung when a limit was reached: all of them together take less than two seconds.
pub const LIMIT_GRACE: Duration = Duration::from_millis(600);

/// What is to be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// This rung.
    Take(Rung),
    /// All rungs were taken, and [`KILL_LIMIT`] is over.
    GiveUp,
}

/// Where a stop stands.
#[derive(Debug)]
pub(super) struct Stop {
    ladder: Ladder,
    reason: Option<CancelReason>,
    rung: Option<Rung>,
    next: Option<Instant>,
}

impl Stop {
    pub(super) fn new(ladder: Ladder) -> Self {
        Self {
            ladder,
            reason: None,
            rung: None,
            next: None,
        }
    }

    /// The highest reason that was given.
    pub(super) fn reason(&self) -> Option<CancelReason> {
        self.reason
    }

    /// Notes a reason; whether a rung is to be taken now.
    pub(super) fn hurry(&mut self, reason: CancelReason) -> bool {
        let first = self.reason.is_none();
        if self.reason.is_some_and(|known| known >= reason) {
            return false;
        }
        self.reason = Some(reason);
        if first && reason != CancelReason::Kill {
            return true;
        }
        if self.rung >= Some(Rung::Kill) {
            return false;
        }
        // The next rung is the last one.
        self.rung = Some(Rung::Terminate);
        true
    }

    /// Goes one rung up. A rung without a grace is left out.
    pub(super) fn climb(&mut self) -> Step {
        let (rung, grace) = match self.rung {
            None if !self.ladder.interrupt.is_zero() => (Rung::Interrupt, self.ladder.interrupt),
            None | Some(Rung::Interrupt) if !self.ladder.terminate.is_zero() => {
                (Rung::Terminate, self.ladder.terminate)
            }
            None | Some(Rung::Interrupt | Rung::Terminate) => (Rung::Kill, KILL_LIMIT),
            Some(Rung::Kill) => {
                self.next = None;
                return Step::GiveUp;
            }
        };
        self.rung = Some(rung);
        let grace = if self.reason == Some(CancelReason::Limit) && rung != Rung::Kill {
            grace.min(LIMIT_GRACE)
        } else {
            grace
        };
        // A grace beyond what the clock can hold has no end.
        self.next = Instant::now().checked_add(grace);
        Step::Take(rung)
    }

    /// Waits until the grace of the last rung is over; for ever when none runs.
    pub(super) async fn due(&self) {
        match self.next {
            Some(deadline) => tokio::time::sleep_until(deadline).await,
            None => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn stop(interrupt: u32, terminate: u32) -> Stop {
        Stop::new(Ladder {
            interrupt: SECOND * interrupt,
            terminate: SECOND * terminate,
        })
    }

    #[tokio::test(start_paused = true)]
    async fn every_rung_has_its_own_grace() {
        let mut stop = stop(2, 5);
        let began = Instant::now();
        assert!(stop.hurry(CancelReason::Stopped));
        for (rung, at) in [(Rung::Interrupt, 0), (Rung::Terminate, 2), (Rung::Kill, 7)] {
            assert_eq!(began.elapsed().as_secs(), at, "{rung:?}");
            assert_eq!(stop.climb(), Step::Take(rung));
            stop.due().await;
        }
        assert_eq!(began.elapsed(), SECOND * 7 + KILL_LIMIT);
        assert_eq!(stop.climb(), Step::GiveUp);
        let nothing = tokio::time::timeout(SECOND * 100, stop.due()).await;
        assert!(nothing.is_err(), "a spent timer must not fire again");
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_is_no_time_for_patience() {
        let mut stop = stop(20, 50);
        let began = Instant::now();
        assert!(stop.hurry(CancelReason::Limit));
        for rung in [Rung::Interrupt, Rung::Terminate] {
            assert_eq!(stop.climb(), Step::Take(rung));
            stop.due().await;
        }
        assert_eq!(stop.climb(), Step::Take(Rung::Kill));
        assert!(began.elapsed() + LIMIT_GRACE < SECOND * 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_rung_without_a_grace_is_left_out() {
        let mut quick = stop(0, 0);
        assert!(quick.hurry(CancelReason::Stopped));
        assert_eq!(quick.climb(), Step::Take(Rung::Kill));
        let mut quick = stop(0, 1);
        assert!(quick.hurry(CancelReason::Stopped));
        assert_eq!(quick.climb(), Step::Take(Rung::Terminate));
    }

    #[tokio::test(start_paused = true)]
    async fn only_a_higher_reason_hurries_and_only_once() {
        let mut stop = stop(2, 2);
        assert!(stop.hurry(CancelReason::Terminate));
        assert_eq!(stop.climb(), Step::Take(Rung::Interrupt));
        assert!(!stop.hurry(CancelReason::Terminate), "the same again");
        assert!(!stop.hurry(CancelReason::Stopped), "a lower one");
        assert!(stop.hurry(CancelReason::Kill));
        assert_eq!(stop.climb(), Step::Take(Rung::Kill));
        assert!(!stop.hurry(CancelReason::Kill));
        assert_eq!(stop.reason(), Some(CancelReason::Kill));
    }

    #[tokio::test(start_paused = true)]
    async fn a_grace_without_end_is_no_panic() {
        let mut stop = Stop::new(Ladder {
            interrupt: Duration::MAX,
            terminate: Duration::MAX,
        });
        assert!(stop.hurry(CancelReason::Stopped));
        assert_eq!(stop.climb(), Step::Take(Rung::Interrupt));
    }
}
