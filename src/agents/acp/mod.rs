//! The Agent Client Protocol over stdio: opencode, gemini, qwen and whatever else speaks it.

mod decoder;
mod fault;
mod patch;
mod paths;
mod permission;
mod tool_call;
mod transcript;
mod usage;
mod wire;

use super::{AgentError, Decoder, Session};
use crate::config::Agent;

/// A session with an agent that speaks ACP.
pub fn session(agent: &Agent) -> Result<Box<dyn Session>, AgentError> {
    Err(AgentError::no_adapter(agent))
}

/// Understands ACP.
pub fn decoder() -> Box<dyn Decoder> {
    Box::new(decoder::AcpDecoder::default())
}
