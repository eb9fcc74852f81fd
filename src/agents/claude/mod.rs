//! claude: stream-json in both directions (`claude -p --input-format stream-json --output-format stream-json
//! --permission-prompt-tool stdio`), as Claude Code 2.1.329 speaks it. `qwen -p` prints nearly the same lines, and older
//! versions the same with less in them: what is absent is never assumed.
//!
//! What the protocol promises and what it does not:
//! * A turn begins with a user line and ends with a `result` line. `subtype: success` alone is no success: failures of the
//!   model's provider say that too, with `is_error: true` ([`ending`]).
//! * Words that come while a turn runs are taken into it at the next step; words that come too late make a turn of their
//!   own, with a result of its own, and nothing in the first result says so. So every user line gets an id of its own, and
//!   a result ends docket's turn only when no line is still waiting ([`words`]).
//! * A result's `usage` is of the main conversation alone, its cost is the total of the session over all processes;
//!   `model_usage_since_last_result` is the whole truth about one result, sub-agents included ([`usage`]).
//! * A rule that a human allows for good would be written to the worktree's `.claude/settings.local.json`; docket sends it
//!   back for this session alone.

mod client;
mod decoder;
mod ending;
mod fields;
mod items;
mod provider;
mod questions;
mod tools;
mod usage;
mod words;

#[cfg(test)]
mod tests;

pub use client::ClaudeClient;
pub use decoder::ClaudeDecoder;

use super::client::LineSession;
use super::{AgentError, Decoder, Session};
use crate::config::Agent;

/// A session with `claude`.
pub fn session(agent: &Agent) -> Result<Box<dyn Session>, AgentError> {
    Ok(Box::new(LineSession::new(ClaudeClient::new(agent)?)))
}

/// Understands stream-json.
pub fn decoder() -> Box<dyn Decoder> {
    Box::new(ClaudeDecoder::default())
}
