//! What the rules need of the configuration.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ticket::{Check, Ticket};

/// Where attempts work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Isolation {
    /// Each in a git worktree and on a branch of its own.
    #[default]
    Worktree,
    /// In the repository itself; also without git.
    None,
}

/// Where accepted work goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntegrateInto {
    /// To the run's own branch; `docket merge` brings it further.
    #[default]
    Run,
    /// To the user's current branch, after each ticket.
    Current,
}

/// The limits of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Turns in one attempt, at least 1.
    pub turns: u32,
    /// Attempts in one run, at least 1.
    pub attempts: u32,
    /// The whole time of an attempt.
    pub wall: Option<Duration>,
    /// Time without output inside a turn.
    pub idle: Option<Duration>,
    /// Time until the agent's first byte.
    pub startup: Option<Duration>,
}

/// The settings that `machine::step` rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Attempts side by side, at least 1.
    pub jobs: u32,
    /// Where attempts work.
    pub isolation: Isolation,
    /// Where accepted work goes.
    pub integrate: IntegrateInto,
    /// For tickets that name no other.
    pub limits: Limits,
    /// For tickets without the key `validate`.
    pub checks: Vec<Check>,
    /// So many turns in a row without any change make the ticket wait for a human.
    pub no_progress_turns: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            jobs: 1,
            isolation: Isolation::default(),
            integrate: IntegrateInto::default(),
            limits: Limits {
                turns: 10,
                attempts: 2,
                wall: Some(Duration::from_secs(2 * 60 * 60)),
                idle: Some(Duration::from_secs(15 * 60)),
                startup: Some(Duration::from_secs(60)),
            },
            checks: Vec::new(),
            no_progress_turns: 3,
        }
    }
}

impl Settings {
    /// The limits that hold for a ticket: its own where it names them.
    pub fn limits_for(&self, ticket: &Ticket) -> Limits {
        let own = &ticket.limits;
        Limits {
            turns: own.turns.unwrap_or(self.limits.turns).max(1),
            attempts: own.attempts.unwrap_or(self.limits.attempts).max(1),
            wall: own.wall.or(self.limits.wall),
            idle: own.idle.or(self.limits.idle),
            startup: self.limits.startup,
        }
    }

    /// The checks that hold for a ticket: its own when it has the key, else the configuration's.
    pub fn checks_for(&self, ticket: &Ticket) -> Vec<Check> {
        ticket
            .validate
            .clone()
            .unwrap_or_else(|| self.checks.clone())
    }
}
