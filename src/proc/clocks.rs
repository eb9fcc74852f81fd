//! The clocks of a job: start-up, idle, wall. They are separate, and all of them pause with the job.

use std::time::Duration;

use tokio::time::Instant;

use crate::domain::attempt::{Phase, TurnClocks};

/// How long nothing may come before that is told. It has no consequence.
const SILENCE: Duration = Duration::from_secs(10);

/// What ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expired {
    /// A limit.
    Clock(Phase),
    /// Nothing came for a while.
    Silence,
}

/// The three clocks of a turn, and one that notices silence.
#[derive(Debug)]
pub struct Clocks {
    startup: Countdown,
    idle: Countdown,
    wall: Countdown,
    silence: Countdown,
    idle_limit: Option<Duration>,
    paused: bool,
    wall_held: bool,
}

impl Clocks {
    /// Clocks that start now. `startup` ends with the first output, `idle` starts with it (at once without a start-up
    /// clock).
    pub fn start(limits: TurnClocks) -> Self {
        let idle_from_the_start = limits.idle.filter(|_| limits.startup.is_none());
        Self {
            startup: Countdown::start(limits.startup),
            idle: Countdown::start(idle_from_the_start),
            wall: Countdown::start(limits.wall),
            silence: Countdown::start(limits.idle.map(|_| SILENCE)),
            idle_limit: limits.idle,
            paused: false,
            wall_held: false,
        }
    }

    /// The agent gave a sign of life.
    pub fn output(&mut self) {
        self.startup = Countdown::start(None);
        self.idle = Countdown::start(self.idle_limit);
        self.silence = Countdown::start(self.idle_limit.map(|_| SILENCE));
        if self.paused {
            // What was still on its way when the job was frozen: the clock waits with the job.
            self.idle.pause();
            self.silence.pause();
        }
    }

    /// The agent complained on its standard error. That is a sign of life, but not the answer that a start-up clock waits for.
    pub fn murmured(&mut self) {
        if matches!(self.startup, Countdown::Off) {
            self.output();
        }
    }

    /// The agent spoke, but gets nowhere: only the start-up clock ends.
    pub fn spoke(&mut self) {
        if !matches!(self.startup, Countdown::Off) {
            self.output();
        }
    }

    /// Pauses the clocks, or lets them go on.
    pub fn hold(&mut self, held: bool) {
        match (self.paused, held) {
            (false, true) => self.pause(),
            (true, false) => self.resume(),
            (true, true) | (false, false) => {}
        }
    }

    /// The job is frozen.
    pub fn pause(&mut self) {
        self.paused = true;
        for clock in self.all() {
            clock.pause();
        }
    }

    /// The job goes on; every clock has left what it had.
    pub fn resume(&mut self) {
        self.paused = false;
        for clock in self.all() {
            clock.resume();
        }
        if self.wall_held {
            self.wall.pause();
        }
    }

    /// Holds the wall clock alone, or lets it go on: a human is waited for, and the others count on as if none were.
    pub fn hold_wall(&mut self, held: bool) {
        self.wall_held = held;
        if held {
            self.wall.pause();
        } else if !self.paused {
            self.wall.resume();
        }
    }

    /// Whether the wall clock has run out; it is off then. For a job that is kept so busy by output that nobody comes to wait for
    /// [`Self::expired`].
    pub fn wall_is_over(&mut self) -> bool {
        let deadline = self.wall.deadline();
        let is_over = deadline.is_some_and(|at| at <= Instant::now());
        if is_over {
            self.wall = Countdown::Off;
        }
        is_over
    }

    fn all(&mut self) -> [&mut Countdown; 4] {
        [
            &mut self.startup,
            &mut self.idle,
            &mut self.wall,
            &mut self.silence,
        ]
    }

    /// Waits until a clock runs out, and says which; that clock is off then. Never ends when none can.
    pub async fn expired(&mut self) -> Expired {
        let (expired, clock) = [
            (Expired::Clock(Phase::Startup), &mut self.startup),
            (Expired::Clock(Phase::Idle), &mut self.idle),
            (Expired::Clock(Phase::Wall), &mut self.wall),
            (Expired::Silence, &mut self.silence),
        ]
        .into_iter()
        .min_by_key(|(_, clock)| {
            clock
                .deadline()
                .map_or((true, None), |at| (false, Some(at)))
        })
        .unwrap_or_else(|| unreachable!("four clocks"));
        match clock.deadline() {
            Some(at) => tokio::time::sleep_until(at).await,
            None => std::future::pending().await,
        }
        *clock = Countdown::start(None);
        expired
    }
}

/// A deadline that can be paused: a pause remembers what is left.
#[derive(Debug, Clone, Copy)]
enum Countdown {
    Off,
    Running(Instant),
    Paused(Duration),
}

impl Countdown {
    fn start(limit: Option<Duration>) -> Self {
        // A limit beyond what the clock can hold is none.
        limit
            .and_then(|limit| Instant::now().checked_add(limit))
            .map_or(Self::Off, Self::Running)
    }

    fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Running(at) => Some(*at),
            Self::Off | Self::Paused(_) => None,
        }
    }

    fn pause(&mut self) {
        if let Self::Running(at) = *self {
            *self = Self::Paused(at.saturating_duration_since(Instant::now()));
        }
    }

    fn resume(&mut self) {
        if let Self::Paused(left) = *self {
            *self = Self::start(Some(left));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn clocks(startup: u32, idle: u32, wall: u32) -> Clocks {
        let limit = |seconds: u32| (seconds > 0).then(|| SECOND * seconds);
        Clocks::start(TurnClocks {
            startup: limit(startup),
            idle: limit(idle),
            wall: limit(wall),
        })
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_clock_that_runs_out_is_told() {
        assert_eq!(
            clocks(3, 1, 9).expired().await,
            Expired::Clock(Phase::Startup)
        );
        assert_eq!(clocks(0, 5, 4).expired().await, Expired::Clock(Phase::Wall));
        let mut clocks = clocks(3, 1, 9);
        clocks.output();
        assert_eq!(clocks.expired().await, Expired::Clock(Phase::Idle));
        assert_eq!(clocks.expired().await, Expired::Clock(Phase::Wall));
    }

    #[tokio::test(start_paused = true)]
    async fn complaints_are_no_answer_and_later_a_sign_of_life() {
        let mut clocks = clocks(3, 4, 9);
        tokio::time::advance(SECOND * 2).await;
        clocks.murmured();
        let startup = tokio::time::timeout(SECOND * 2, clocks.expired()).await;
        assert_eq!(startup, Ok(Expired::Clock(Phase::Startup)));
        clocks.output();
        tokio::time::advance(SECOND * 3).await;
        clocks.murmured();
        let nothing = tokio::time::timeout(SECOND * 2, clocks.expired()).await;
        assert!(nothing.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_never_shortens_a_clock_and_a_paused_clock_never_fires() {
        let mut clocks = clocks(0, 0, 10);
        tokio::time::advance(SECOND * 4).await;
        clocks.pause();
        let nothing = tokio::time::timeout(SECOND * 100, clocks.expired()).await;
        assert!(nothing.is_err());
        clocks.resume();
        assert!(
            tokio::time::timeout(SECOND * 5, clocks.expired())
                .await
                .is_err()
        );
        assert_eq!(
            tokio::time::timeout(SECOND * 2, clocks.expired()).await,
            Ok(Expired::Clock(Phase::Wall))
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_wall_clock_that_has_run_out_is_told_once_to_who_asks() {
        let mut clocks = clocks(0, 0, 2);
        assert!(!clocks.wall_is_over());
        tokio::time::advance(SECOND * 2).await;
        clocks.pause();
        assert!(!clocks.wall_is_over(), "a paused clock never fires");
        clocks.resume();
        assert!(clocks.wall_is_over());
        assert!(!clocks.wall_is_over());
    }

    #[tokio::test(start_paused = true)]
    async fn the_wall_clock_is_held_alone_and_with_the_others() {
        let mut clocks = clocks(0, 5, 3);
        clocks.hold_wall(true);
        clocks.hold(true);
        tokio::time::advance(SECOND * 9).await;
        clocks.hold(false);
        clocks.hold_wall(true);
        assert_eq!(clocks.expired().await, Expired::Clock(Phase::Idle));
        assert_eq!(clocks.expired().await, Expired::Silence);
        let nothing = tokio::time::timeout(SECOND * 100, clocks.expired()).await;
        assert!(nothing.is_err());
        clocks.hold(true);
        clocks.hold_wall(false);
        assert!(!clocks.wall_is_over(), "all are held");
        clocks.hold(false);
        let expired = tokio::time::timeout(SECOND * 4, clocks.expired()).await;
        assert_eq!(expired, Ok(Expired::Clock(Phase::Wall)));
    }

    #[tokio::test(start_paused = true)]
    async fn output_that_was_on_its_way_starts_no_clock_of_a_frozen_job() {
        let mut clocks = clocks(0, 2, 0);
        clocks.pause();
        clocks.output();
        let nothing = tokio::time::timeout(SECOND * 100, clocks.expired()).await;
        assert!(nothing.is_err());
        clocks.resume();
        assert_eq!(
            tokio::time::timeout(SECOND * 3, clocks.expired()).await,
            Ok(Expired::Clock(Phase::Idle))
        );
    }
}
