//! What starts an agent's own terminal interface on a session: measured on the versions in [`super::preset`].

use super::model::Agent;
use crate::domain::settings::AgentKind;

/// Stands for the session in `resume`.
pub const SESSION: &str = "{session}";

/// The words that start the agent's TUI, with [`SESSION`] for the session; `None` when docket knows none.
pub fn words(agent: &Agent) -> Option<Vec<String>> {
    if let Some(words) = &agent.resume {
        return Some(words.clone());
    }
    let command = &agent.command;
    let session = || [SESSION.to_owned()].into_iter();
    let with = |option: &str| [option.to_owned(), SESSION.to_owned()].into_iter();
    // What was configured before and after the word that makes it speak a protocol holds for its TUI as well.
    let without = |word: &str| {
        let rest = command.iter().filter(|other| *other != word).cloned();
        (command.iter().any(|other| other == word)).then(|| rest.collect::<Vec<_>>())
    };
    match agent.kind {
        AgentKind::CodexAppServer | AgentKind::CodexExecJson => {
            let word = if agent.kind == AgentKind::CodexAppServer {
                "app-server"
            } else {
                "exec"
            };
            let at = command.iter().position(|other| other == word)?;
            let mut words = command.clone();
            "resume".clone_into(words.get_mut(at)?);
            words.extend(codex_settings(agent));
            words.extend(session());
            Some(words)
        }
        AgentKind::ClaudeStreamJson => {
            let mut words = command.clone();
            if let Some(mode) = &agent.mode {
                words.extend(["--permission-mode".to_owned(), mode.clone()]);
            }
            if let Some(model) = &agent.model {
                words.extend(["--model".to_owned(), model.clone()]);
            }
            (!words.is_empty()).then(|| words.into_iter().chain(with("--resume")).collect())
        }
        AgentKind::OpencodeRunJson => Some(
            without("run")?
                .into_iter()
                .chain(with("--session"))
                .collect(),
        ),
        AgentKind::Acp => match program_of(agent)? {
            "opencode" => Some(
                without("acp")?
                    .into_iter()
                    .chain(with("--session"))
                    .collect(),
            ),
            "gemini" | "qwen" => Some(
                without("--acp")?
                    .into_iter()
                    .chain(with("--resume"))
                    .collect(),
            ),
            _ => None,
        },
        AgentKind::Shell
        | AgentKind::Command
        | AgentKind::Replay
        | AgentKind::User
        | AgentKind::Terminal => None,
    }
}

/// codex keeps neither its sandbox nor its approval policy with a session: they are given again, as without a screen.
fn codex_settings(agent: &Agent) -> Vec<String> {
    let mut words = Vec::new();
    let mut set = |name: &str, value: &str| {
        words.push("-c".to_owned());
        words.push(format!("{name}={}", toml::Value::from(value)));
    };
    set("sandbox_mode", agent.sandbox.as_str());
    set(
        "approval_policy",
        agent.mode.as_deref().unwrap_or("on-request"),
    );
    if let Some(effort) = &agent.reasoning {
        set("model_reasoning_effort", effort);
    }
    if let Some(model) = &agent.model {
        words.extend(["-m".to_owned(), model.clone()]);
    }
    words
}

fn program_of(agent: &Agent) -> Option<&str> {
    let program = agent.command.first()?;
    Some(program.rsplit('/').next().unwrap_or(program))
}

impl Agent {
    /// Whether docket knows how to start its own terminal interface on a session.
    pub fn has_tui(&self) -> bool {
        words(self).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Overrides, Variables, load};

    fn config(set: &[&str]) -> Config {
        let overrides = Overrides {
            set: set.iter().map(|&set| set.to_owned()).collect(),
            ..Overrides::default()
        };
        let loaded = load(None, None, &Variables::default(), &overrides);
        loaded.expect("a configuration").config
    }

    fn line(set: &[&str], agent: &str) -> Option<String> {
        let config = config(set);
        let agent = &config.agents[&agent.parse().expect("a name")];
        words(agent).map(|words| words.join(" "))
    }

    #[test]
    fn every_agent_that_has_a_tui_is_started_on_its_session() {
        let cases = [
            (
                "codex",
                Some(
                    "codex resume -c sandbox_mode=\"workspace-write\" -c approval_policy=\"on-request\" {session}",
                ),
            ),
            (
                "codex-exec",
                Some(
                    "codex resume -c sandbox_mode=\"workspace-write\" -c approval_policy=\"on-request\" {session}",
                ),
            ),
            ("claude", Some("claude --resume {session}")),
            ("opencode", Some("opencode --session {session}")),
            ("opencode-run", Some("opencode --session {session}")),
            ("gemini", Some("gemini --skip-trust --resume {session}")),
            ("qwen", Some("qwen --resume {session}")),
            ("claude-acp", None),
            ("codex-acp", None),
            ("shell", None),
        ];
        for (agent, expected) in cases {
            assert_eq!(line(&[], agent).as_deref(), expected, "{agent}");
        }
    }

    #[test]
    fn the_configuration_has_the_last_word() {
        let set = [
            "agents.codex.command=['/opt/codex','-c','model_provider=\"x\"','app-server','--strict']",
            "agents.codex.sandbox=read-only",
            "agents.codex.model=m",
        ];
        assert_eq!(
            line(&set, "codex").expect("words"),
            "/opt/codex -c model_provider=\"x\" resume --strict -c sandbox_mode=\"read-only\" -c approval_policy=\"on-request\" -m m {session}"
        );
        let set = [
            "agents.a.kind=command",
            "agents.a.command=['aider']",
            "agents.a.resume=['aider','--resume','{session}']",
        ];
        assert_eq!(line(&set, "a").expect("words"), "aider --resume {session}");
    }
}
