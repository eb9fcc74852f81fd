//! What the configuration says about a codex agent, and how codex is told.

use std::ffi::OsString;

use serde_json::{Value, json};

use crate::agents::{AgentError, Launch, Turn};
use crate::config::{Agent, Sandbox};

/// codex's word for: ask a human when the model wants more than the sandbox gives.
const ON_REQUEST: &str = "on-request";

/// The settings of a codex agent. A ticket's own go over them.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    command: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    model: Option<String>,
    effort: Option<String>,
    /// The approval policy.
    mode: Option<String>,
    sandbox: Sandbox,
}

impl Settings {
    /// From the configuration.
    pub(super) fn of(agent: &Agent) -> Result<Self, AgentError> {
        let (command, env) = crate::agents::program(agent)?;
        Ok(Self {
            command,
            env,
            model: agent.model.clone(),
            effort: agent.reasoning.clone(),
            mode: agent.mode.clone(),
            sandbox: agent.sandbox,
        })
    }

    /// The model for a turn.
    pub(super) fn model<'a>(&'a self, turn: &'a Turn) -> Option<&'a str> {
        turn.model.as_deref().or(self.model.as_deref())
    }

    /// How hard the model is to think in a turn.
    pub(super) fn effort<'a>(&'a self, turn: &'a Turn) -> Option<&'a str> {
        turn.reasoning.as_deref().or(self.effort.as_deref())
    }

    /// Parameters of `thread/start` and `thread/resume`. A resumed thread doesn't keep them: they are given again.
    pub(super) fn thread(&self, turn: &Turn) -> Value {
        json!({
            "cwd": turn.workspace.to_string_lossy(),
            "approvalPolicy": self.mode.as_deref().unwrap_or(ON_REQUEST),
            "sandbox": self.sandbox.as_str(),
            "model": self.model(turn),
        })
    }

    /// The program, with arguments after those of the configuration.
    pub(super) fn launch(&self, arguments: Vec<OsString>) -> Launch {
        let mut argv = self.command.clone();
        argv.extend(arguments);
        Launch {
            argv,
            env: self.env.clone(),
            files: Vec::new(),
            stdin: true,
        }
    }

    /// Arguments of `codex exec` for a turn: the prompt is read from standard input.
    pub(super) fn exec_arguments(&self, turn: &Turn) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = Vec::new();
        let mut add = |words: &[&str]| arguments.extend(words.iter().map(OsString::from));
        if let Some(thread) = &turn.resume {
            add(&["resume", thread]);
        }
        add(&["--json", "--skip-git-repo-check"]);
        // `exec resume` has no flag for the sandbox.
        add(&["-c", &setting("sandbox_mode", self.sandbox.as_str())]);
        if let Some(mode) = &self.mode {
            add(&["-c", &setting("approval_policy", mode)]);
        }
        if let Some(effort) = self.effort(turn) {
            add(&["-c", &setting("model_reasoning_effort", effort)]);
        }
        if let Some(model) = self.model(turn) {
            add(&["-m", model]);
        }
        add(&["-"]);
        arguments
    }
}

/// One of codex's settings, as `-c` takes it: its value is TOML.
fn setting(name: &str, value: &str) -> String {
    format!("{name}={}", toml::Value::from(value))
}
