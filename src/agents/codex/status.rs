//! What codex is doing now, as far as its protocol says.

use super::fault::Limited;
use crate::domain::item::AgentStatus;
use crate::domain::request::Request;
use crate::domain::time::Timestamp;

/// What decides the status of a turn, beside its open requests and its running tools.
#[derive(Debug, Default)]
pub(super) struct Doing {
    shown: Option<AgentStatus>,
    /// The errors in a row after which it tries again.
    pub(super) retries: Option<Streak>,
    limited: Option<Limited>,
    /// codex says that it waits, whatever for.
    waits: Option<AgentStatus>,
}

/// Errors in a row.
#[derive(Debug)]
pub(super) struct Streak {
    pub(super) count: u32,
    /// What the last one says.
    pub(super) why: String,
    /// What shows them.
    pub(super) draft: u64,
}

impl Doing {
    /// The model answers: whatever was in the way is over.
    pub(super) fn goes_on(&mut self) {
        self.retries = None;
        self.limited = None;
    }

    /// The provider takes no more.
    pub(super) fn limited(&mut self, limited: Limited) {
        self.limited = Some(limited);
    }

    /// codex said what its thread waits for: `waitingOnApproval`, `waitingOnUserInput`.
    pub(super) fn flagged(&mut self, flags: &[String]) {
        let flag = |name: &str| flags.iter().any(|flag| flag == name);
        self.waits = if flag("waitingOnUserInput") {
            let title = "a question".to_owned();
            Some(AgentStatus::WaitingForAnswer { title })
        } else if flag("waitingOnApproval") {
            let title = "what it is about to do".to_owned();
            Some(AgentStatus::WaitingForApproval { title })
        } else {
            None
        };
    }

    /// The status, when it is another one than before. `request` is the one that waits longest, `tool` the title of the
    /// tool call that runs.
    pub(super) fn status(
        &mut self,
        request: Option<&Request>,
        tool: Option<&str>,
    ) -> Option<AgentStatus> {
        let status = self.now(request, tool);
        if self.shown.as_ref() == Some(&status) {
            return None;
        }
        self.shown = Some(status.clone());
        Some(status)
    }

    fn now(&self, request: Option<&Request>, tool: Option<&str>) -> AgentStatus {
        if let Some(request) = request {
            let title = request.title.clone();
            if request.is_question() {
                AgentStatus::WaitingForAnswer { title }
            } else {
                AgentStatus::WaitingForApproval { title }
            }
        } else if let Some(Limited { until }) = self.limited {
            AgentStatus::RateLimited { until }
        } else if let Some(Streak { count, why, .. }) = &self.retries {
            AgentStatus::Retrying {
                count: *count,
                why: why.clone(),
            }
        } else if let Some(waits) = &self.waits {
            waits.clone()
        } else if let Some(title) = tool {
            AgentStatus::Tool {
                title: title.to_owned(),
                since: Timestamp::default(),
            }
        } else {
            AgentStatus::Thinking
        }
    }
}
