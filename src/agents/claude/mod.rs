//! claude: stream-json in both directions.

use super::{AgentError, Decoder, Session};
use crate::config::Agent;

/// A session with `claude`.
pub fn session(agent: &Agent) -> Result<Box<dyn Session>, AgentError> {
    Err(AgentError::no_adapter(agent))
}

/// Understands stream-json.
pub fn decoder() -> Box<dyn Decoder> {
    Box::new(super::plain::LinesDecoder::default())
}
