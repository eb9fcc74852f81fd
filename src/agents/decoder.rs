//! From the name of a decoder to the decoder.

use super::{Decoder, acp, claude, codex, opencode, plain};
use crate::config;
use crate::domain::settings::AgentKind;

/// A fresh decoder.
pub fn decoder(which: config::Decoder) -> Box<dyn Decoder> {
    match which {
        config::Decoder::Lines => Box::new(plain::LinesDecoder::default()),
        config::Decoder::CodexAppServer => codex::app_server_decoder(),
        config::Decoder::CodexExecJson => codex::exec_decoder(),
        config::Decoder::ClaudeStreamJson => claude::decoder(),
        config::Decoder::OpencodeRunJson => opencode::run_json_decoder(),
        config::Decoder::Acp => acp::decoder(),
    }
}

/// The decoder that understands what an agent of this kind says.
pub fn of_kind(kind: AgentKind) -> config::Decoder {
    match kind {
        AgentKind::CodexAppServer => config::Decoder::CodexAppServer,
        AgentKind::CodexExecJson => config::Decoder::CodexExecJson,
        AgentKind::ClaudeStreamJson => config::Decoder::ClaudeStreamJson,
        AgentKind::OpencodeRunJson => config::Decoder::OpencodeRunJson,
        AgentKind::Acp => config::Decoder::Acp,
        AgentKind::User
        | AgentKind::Shell
        | AgentKind::Command
        | AgentKind::Replay
        | AgentKind::Terminal => config::Decoder::Lines,
    }
}
