//! Taking an attempt over: a human goes on in its agent's own TUI, on the same session, and hands it back.

use serde::{Deserialize, Serialize};

use super::ids::AttemptId;

/// From where a human takes an attempt over, or hands it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seat {
    /// In docket's screen, or in its `--plain` form.
    Screen,
    /// By a command.
    CommandLine,
}

impl Seat {
    /// As people read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Screen => "on the screen",
            Self::CommandLine => "on the command line",
        }
    }
}

/// What there is to see of an attempt that was taken over, when it is to be handed back: the rules can't look themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    /// The attempt.
    pub attempt: AttemptId,
    /// Whether the agent's TUI still runs.
    pub is_occupied: bool,
    /// Whether the working tree is another one than docket saved last. Only looked at for attempts that have ended; true where nobody
    /// can tell.
    pub has_changed: bool,
}
