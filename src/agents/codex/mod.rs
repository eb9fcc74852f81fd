//! codex: `codex app-server` and `codex exec --json`.

use super::{AgentError, Decoder, Session};
use crate::config::Agent;

/// A session with `codex app-server`.
pub fn app_server(agent: &Agent) -> Result<Box<dyn Session>, AgentError> {
    Err(AgentError::no_adapter(agent))
}

/// A session with `codex exec --json`.
pub fn exec(agent: &Agent) -> Result<Box<dyn Session>, AgentError> {
    Err(AgentError::no_adapter(agent))
}

/// Understands `codex app-server`.
pub fn app_server_decoder() -> Box<dyn Decoder> {
    Box::new(super::plain::LinesDecoder::default())
}

/// Understands `codex exec --json`.
pub fn exec_decoder() -> Box<dyn Decoder> {
    Box::new(super::plain::LinesDecoder::default())
}
