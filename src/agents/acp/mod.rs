//! The Agent Client Protocol (version 1) over stdio: opencode, gemini, qwen, codex-acp, claude-agent-acp and whatever
//! else speaks it. JSON-RPC 2.0, one message a line.
//!
//! Agents differ where the protocol leaves room, and each difference has its home here: `fault` (shapes of errors),
//! `usage` (scopes of counts), `offers` (forms of settings), `tool_call` (forms of output).
//!
//! # When a turn is a success
//! `stopReason: end_turn`, and nothing structured that speaks against it. Two things do:
//! * codex-acp 2.6 ends a turn with `end_turn` although the call of the model failed (HTTP 400). What tells it apart is a
//!   `session_info_update` in the same turn with `_meta.codex.threadStatus.type` = `systemError` (and `usage: null` in the
//!   result); the message chunk without an id that follows is the error's text and is shown as an error.
//! * opencode ends a turn with `end_turn` as soon as a permission is refused, without another word of the model: when a
//!   refusal is the last thing that happened, the turn was interrupted by it.
//!
//! # What can't be known
//! * An answer that is sent again after a lost connection comes without a marker: opencode goes on in the same
//!   `messageId`, codex begins another one, the others give none. Both texts are shown.
//! * opencode counts the tokens of a turn's last step alone: its figures are a lower bound; its cost is exact.
//! * What a conversation that was taken up had cost before is only known to a live session ([`Turn::used`]); a decoder
//!   that works on a recording leaves the cost of its first turn out.
//!
//! [`Turn::used`]: super::Turn::used

mod client;
mod codex;
mod decoder;
mod ending;
mod fault;
mod files;
mod offers;
pub(super) mod patch;
mod paths;
mod permission;
#[cfg(test)]
mod tests;
mod tool_call;
mod transcript;
mod usage;
mod wire;

use super::client::LineSession;
use super::{AgentError, Decoder, Session};
use crate::config::Agent;

/// A session with an agent that speaks ACP.
pub fn session(agent: &Agent) -> Result<Box<dyn Session>, AgentError> {
    Ok(Box::new(LineSession::new(client::AcpClient::new(agent)?)))
}

/// Understands ACP.
pub fn decoder() -> Box<dyn Decoder> {
    Box::new(decoder::AcpDecoder::default())
}
