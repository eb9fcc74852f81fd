//! `opencode run --format json`: one process a turn.

use super::{AgentError, Decoder, Session};
use crate::config::Agent;

/// A session with `opencode run --format json`.
pub fn run_json(agent: &Agent) -> Result<Box<dyn Session>, AgentError> {
    Err(AgentError::no_adapter(agent))
}

/// Understands its lines.
pub fn run_json_decoder() -> Box<dyn Decoder> {
    Box::new(super::plain::LinesDecoder::default())
}
