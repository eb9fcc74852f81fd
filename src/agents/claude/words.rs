//! Which of the lines that were sent the agent has taken up: a turn is over when none is waiting.

use serde_json::Value;

use super::fields::{list, word};

/// How far a line has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// Written; versions that acknowledge nothing leave it at that.
    Sent,
    /// It waits in the agent's queue.
    Queued,
    /// A turn has taken it.
    Started,
}

/// The user lines that no result has accounted for, by their ids.
#[derive(Debug, Default)]
pub(super) struct Words {
    waiting: Vec<(String, Progress)>,
    /// A line without an id was sent: nobody can say where it is.
    untold: bool,
}

impl Words {
    /// A user line was written. A line without an id can't be followed, and is not waited for.
    pub(super) fn sent(&mut self, line: &Value) {
        let id = word(line, "uuid");
        if id.is_empty() {
            self.untold = true;
        } else {
            self.waiting.push((id.to_owned(), Progress::Sent));
        }
    }

    /// Whether every line that was sent is accounted for.
    pub(super) fn nothing_waits(&self) -> bool {
        self.waiting.is_empty() && !self.untold
    }

    /// `command_lifecycle`: says whether words were withdrawn before a turn had taken them.
    pub(super) fn lifecycle(&mut self, line: &Value) -> bool {
        let id = word(line, "command_uuid");
        let state = word(line, "state");
        let progress = match state {
            "queued" => Progress::Queued,
            "started" => Progress::Started,
            "cancelled" | "discarded" => {
                let before = self.waiting.len();
                self.waiting
                    .retain(|(waiting, progress)| waiting != id || *progress == Progress::Started);
                return self.waiting.len() < before;
            }
            _ => return false,
        };
        for (waiting, at) in &mut self.waiting {
            if waiting == id {
                *at = progress;
            }
        }
        false
    }

    /// A result came: whether lines still wait for one. It names those that it answers; one that names none answers all
    /// but those that are known to be queued.
    pub(super) fn still_waiting(&mut self, result: &Value) -> bool {
        if result.get("user_message_uuids").is_some() {
            let named = list(result, "user_message_uuids");
            self.waiting.retain(|(id, progress)| {
                *progress != Progress::Started
                    && !named.iter().any(|name| name.as_str() == Some(id))
            });
        } else {
            self.waiting
                .retain(|(_, progress)| *progress == Progress::Queued);
        }
        !self.waiting.is_empty()
    }

    /// Nothing is waited for any more.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}
