//! codex: `codex app-server` and `codex exec --json`.

mod client;
mod decoder;
mod elicitation;
mod events;
mod exec;
mod fault;
mod items;
mod notices;
mod requests;
mod settings;
mod shown;
mod status;
mod stderr;
#[cfg(test)]
mod tests;
mod thread_item;
mod usage;
mod wire;
mod words;

use super::client::LineSession;
use super::{AgentError, Decoder, Session};
use crate::config::Agent;
use crate::domain::item::Usage;
use settings::Settings;

/// A session with `codex app-server`.
pub fn app_server(agent: &Agent) -> Result<Box<dyn Session>, AgentError> {
    let client = client::AppServer::new(Settings::of(agent)?);
    Ok(Box::new(LineSession::new(client)))
}

/// A session with `codex exec --json`.
pub fn exec(agent: &Agent) -> Result<Box<dyn Session>, AgentError> {
    let client = exec::Exec::new(Settings::of(agent)?);
    Ok(Box::new(LineSession::new(client)))
}

/// Understands `codex app-server`.
pub fn app_server_decoder() -> Box<dyn Decoder> {
    Box::new(decoder::AppServerDecoder::new(1))
}

/// Understands `codex exec --json`.
pub fn exec_decoder() -> Box<dyn Decoder> {
    Box::new(exec::ExecDecoder::new(1, Usage::default()))
}
