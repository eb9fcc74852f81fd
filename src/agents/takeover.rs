//! An agent's own terminal interface (its TUI), on a session that docket has had with it.
//!
//! Which words start it is data ([`crate::config::resume`]). It gets the files, the variables and the private home that the agent has without a
//! screen: the session lies there.

use std::ffi::OsString;
use std::path::Path;

use super::{AgentError, home};
use crate::config::Agent;
use crate::config::resume::{SESSION, words};

/// A TUI to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TuiCommand {
    /// Program and arguments; never a secret.
    pub argv: Vec<OsString>,
    /// Added to the allow-listed environment.
    pub environment: Vec<(OsString, OsString)>,
}

/// Why no TUI can be started.
#[derive(Debug, thiserror::Error)]
pub enum TakeoverError {
    /// docket knows none.
    #[error(
        "docket knows no terminal interface of agent `{agent}`: set `resume = [\"…\", \"{{session}}\"]` under [agents.{agent}]"
    )]
    NoTui {
        /// The agent's name.
        agent: String,
    },
    /// A session's token comes from outside, and goes into a command line.
    #[error(
        "the agent's session `{session}` is no name that could be given to its terminal interface"
    )]
    StrangeSession {
        /// The token.
        session: String,
    },
    /// Its private home can't be made.
    #[error(transparent)]
    Agent(#[from] AgentError),
}

/// The agent's TUI on a session. `root` is the repository: with a private home, that home is made, as for the agent itself.
pub fn tui(agent: &Agent, root: &Path, session: &str) -> Result<TuiCommand, TakeoverError> {
    let words = words(agent).ok_or_else(|| TakeoverError::NoTui {
        agent: agent.name.to_string(),
    })?;
    // It must not be taken for an option.
    if session.is_empty() || session.starts_with('-') || session.chars().any(char::is_control) {
        let session = session.escape_debug().to_string();
        return Err(TakeoverError::StrangeSession { session });
    }
    let agent = home::settled(agent, root)?;
    let mut environment: Vec<(OsString, OsString)> = Vec::new();
    for name in &agent.pass_env {
        if let Some(value) = std::env::var_os(name) {
            environment.push((name.into(), value));
        }
    }
    for (name, value) in &agent.env {
        environment.retain(|(known, _)| known != name.as_str());
        environment.push((name.into(), value.into()));
    }
    Ok(TuiCommand {
        argv: words
            .into_iter()
            .map(|word| word.replace(SESSION, session).into())
            .collect(),
        environment,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Overrides, Variables, load};

    #[test]
    fn a_session_is_never_an_option() {
        let loaded = load(None, None, &Variables::default(), &Overrides::default());
        let config = loaded.expect("a configuration").config;
        let agent = &config.agents[&"claude".parse().expect("a name")];
        let root = Path::new("/nowhere");
        for session in ["", "--dangerous", "a\nb", "a\u{1b}[2J"] {
            assert!(tui(agent, root, session).is_err(), "{session:?}");
        }
        let command = tui(agent, root, "0a1b").expect("a command");
        assert_eq!(command.argv, ["claude", "--resume", "0a1b"]);
        let is_there =
            |(name, value): &(OsString, OsString)| name == "DISABLE_TELEMETRY" && value == "1";
        assert!(command.environment.iter().any(is_there));
    }
}
