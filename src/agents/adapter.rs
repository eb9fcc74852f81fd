//! From a configured agent to a session.

use std::path::Path;

use super::client::LineSession;
use super::plain::PlainClient;
use super::replay::ReplaySession;
use super::shell::ShellSession;
use super::terminal::TerminalSession;
use super::{AgentError, Session, acp, claude, codex, home, opencode};
use crate::config::{Agent, Config};
use crate::domain::settings::AgentKind;
use crate::domain::ticket::AgentName;

/// A session with the agent called `name`. `root` is the repository, `program` docket's own, for replays; `secret` is
/// unguessable and the attempt's own.
pub fn session(
    config: &Config,
    name: &AgentName,
    root: &Path,
    program: &Path,
    secret: &str,
) -> Result<Box<dyn Session>, AgentError> {
    let unknown = || AgentError::Unknown {
        agent: name.to_string(),
    };
    let agent = home::settled(config.agents.get(name).ok_or_else(unknown)?, root)?;
    let agent = agent.as_ref();
    let env = agent
        .env
        .iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    match agent.kind {
        AgentKind::Shell => Ok(Box::new(ShellSession::new(secret, env))),
        AgentKind::Command => {
            let (argv, env) = super::program(agent)?;
            Ok(Box::new(LineSession::new(PlainClient::new(argv, env))))
        }
        AgentKind::Replay => {
            let argv = replay(agent, root, program)?;
            Ok(Box::new(ReplaySession::new(argv, env, agent.decoder)))
        }
        AgentKind::CodexAppServer => codex::app_server(agent),
        AgentKind::CodexExecJson => codex::exec(agent),
        AgentKind::ClaudeStreamJson => claude::session(agent),
        AgentKind::OpencodeRunJson => opencode::run_json(agent),
        AgentKind::Acp => acp::session(agent),
        AgentKind::Terminal => Ok(Box::new(TerminalSession::new(agent)?)),
        AgentKind::User => Err(AgentError::no_adapter(agent)),
    }
}

/// A replay is a process like any other, so that it takes the whole path: docket plays the recording to itself.
fn replay(
    agent: &Agent,
    root: &Path,
    program: &Path,
) -> Result<Vec<std::ffi::OsString>, AgentError> {
    let recording = agent
        .recording
        .as_ref()
        .ok_or_else(|| AgentError::NoRecording {
            agent: agent.name.to_string(),
        })?;
    Ok(vec![
        program.into(),
        "__replay".into(),
        root.join(recording).into(),
        agent.speed.to_string().into(),
    ])
}
