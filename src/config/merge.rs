//! The layers, merged: pure.

use std::collections::BTreeMap;
use std::path::Path;

use super::build;
use super::document::{Document, File};
use super::environment::{self, Variables};
use super::error::{ConfigError, ConfigErrors, Fault};
use super::keys::KEYS;
use super::model::Config;
use super::origin::{Layer, Origin, Origins, Sourced};
use super::overrides::{self, Overrides};
use super::path::KeyPath;
use super::policy;
use super::preset::PRESETS;
use super::suggest::nearest;
use super::terminal;
use crate::domain::settings::AgentKind;
use crate::domain::ticket::AgentName;

/// One layer above the built-in one.
#[derive(Debug, Clone, Copy)]
pub enum Source<'a> {
    /// The user's own file.
    User {
        /// What it is called in messages and origins.
        path: &'a Path,
        /// What it says.
        text: &'a str,
    },
    /// The repository's `docket.toml`.
    Repository {
        /// What it is called in messages and origins.
        path: &'a Path,
        /// What it says.
        text: &'a str,
    },
    /// The environment, of which only `DOCKET_*` counts.
    Environment(&'a Variables),
    /// The arguments.
    Flags(&'a Overrides),
}

impl Source<'_> {
    const fn layer(&self) -> Layer {
        match self {
            Self::User { .. } => Layer::User,
            Self::Repository { .. } => Layer::Repository,
            Self::Environment(_) => Layer::Environment,
            Self::Flags(_) => Layer::Flags,
        }
    }

    fn read(&self) -> Document {
        let layer = self.layer();
        match *self {
            Self::User { path, text } | Self::Repository { path, text } => {
                Document::from_file(File { layer, path, text })
            }
            Self::Environment(variables) => environment::read(variables),
            Self::Flags(overrides) => overrides::read(overrides),
        }
    }
}

/// What no layer may take away: the elements of two lists.
fn both(before: &toml::Value, value: toml::Value) -> toml::Value {
    match (before, value) {
        (toml::Value::Array(before), toml::Value::Array(more)) => {
            let mut all = before.clone();
            all.extend(more.into_iter().filter(|rule| !before.contains(rule)));
            toml::Value::Array(all)
        }
        (_, value) => value,
    }
}

/// The agents that need no configuration, each called by its kind.
const BUILT_IN_AGENTS: &[AgentKind] = &[AgentKind::User, AgentKind::Shell, AgentKind::Replay];

/// Every value so far, and every agent with the place that first names it.
#[derive(Default)]
struct Merged {
    values: BTreeMap<KeyPath, Sourced>,
    agents: BTreeMap<AgentName, Origin>,
    errors: Vec<ConfigError>,
}

/// Merges the layers, whatever order they are given in, over what is built in.
pub fn merge(sources: &[Source<'_>]) -> Result<(Config, Origins), ConfigErrors> {
    merge_after(Vec::new(), sources)
}

/// [`merge`], with errors that were met before.
pub(super) fn merge_after(
    errors: Vec<ConfigError>,
    sources: &[Source<'_>],
) -> Result<(Config, Origins), ConfigErrors> {
    let mut merged = Merged {
        errors,
        ..Merged::default()
    };
    merged.add_built_in_agents();
    let mut sources = sources.to_vec();
    sources.sort_by_key(Source::layer);
    for source in &sources {
        merged.add(source.read());
    }
    merged.add_presets();
    merged.add_defaults();
    merged.check_agents();
    merged.check_prices();
    merged.errors.extend(policy::check_names(&merged.values));
    let Merged {
        values,
        agents,
        errors,
    } = merged;
    if let Some(errors) = ConfigErrors::from_all(errors) {
        return Err(errors);
    }
    let origins = Origins(values);
    let config = build::build(&origins, agents.keys())?;
    Ok((config, origins))
}

/// The path of an agent's key.
pub(super) fn agent_key(agent: &AgentName, key: &str) -> KeyPath {
    KeyPath::dotted("agents").child(agent.as_str()).child(key)
}

fn built_in(value: toml::Value) -> Sourced {
    Sourced::new(value, Origin::BuiltIn)
}

impl Merged {
    fn add_built_in_agents(&mut self) {
        for kind in BUILT_IN_AGENTS {
            if let Ok(agent) = kind.as_str().parse::<AgentName>() {
                let value = toml::Value::String(kind.to_string());
                self.values
                    .insert(agent_key(&agent, "kind"), built_in(value));
                self.agents.insert(agent, Origin::BuiltIn);
            }
        }
    }

    /// What nobody changed of the presets. One that was made an agent of another kind is not that preset any more.
    fn add_presets(&mut self) {
        let text = |text: &str| toml::Value::String(text.to_owned());
        let texts = |texts: &[&str]| toml::Value::Array(texts.iter().copied().map(text).collect());
        for preset in PRESETS {
            let Ok(agent) = preset.name.parse::<AgentName>() else {
                continue;
            };
            self.agents.entry(agent.clone()).or_insert(Origin::BuiltIn);
            let mut add = |path: KeyPath, value| {
                self.values.entry(path).or_insert_with(|| built_in(value));
            };
            add(agent_key(&agent, "kind"), text(preset.kind.as_str()));
            if self.kind(&agent) != Some(preset.kind) {
                continue;
            }
            let mut add = |path: KeyPath, value| {
                self.values.entry(path).or_insert_with(|| built_in(value));
            };
            add(agent_key(&agent, "command"), texts(preset.command));
            add(agent_key(&agent, "pass_env"), texts(preset.pass_env));
            for (name, value) in preset.env {
                add(agent_key(&agent, "env").child(*name), text(value));
            }
            if let Some(mode) = preset.mode {
                add(agent_key(&agent, "mode"), text(mode));
            }
        }
    }

    fn add(&mut self, document: Document) {
        self.errors.extend(document.errors);
        for (agent, origin) in document.agents {
            self.agents.entry(agent).or_insert(origin);
        }
        // What loosens is held against the layers below, not against a neighbour in the same file.
        let below = policy::values_of(&self.values);
        for (path, mut sourced) in document.values {
            if let [table, agent, key] = path.parts()
                && table == "agents"
                && key == "kind"
                && let Some(fault) = wrong_kind(agent, &path, &sourced.value)
            {
                let origin = sourced.origin;
                self.errors.push(ConfigError { origin, fault });
                continue;
            }
            if let [table, agent, ..] = path.parts()
                && table == "agents"
                && let Ok(agent) = agent.parse()
            {
                let origin = || sourced.origin.clone();
                self.agents.entry(agent).or_insert_with(origin);
            }
            sourced.loosens = policy::loosens(&below, &path, &sourced.value);
            if policy::adds_up(&path)
                && let Some(before) = self.values.get(&path)
            {
                sourced.value = both(&before.value, sourced.value);
            }
            self.values.insert(path, sourced);
        }
    }

    /// A price needs both of its halves.
    fn check_prices(&mut self) {
        let mut found = Vec::new();
        for (path, sourced) in &self.values {
            let [table, model, ..] = path.parts() else {
                continue;
            };
            if table != "prices" {
                continue;
            }
            let table = KeyPath::dotted("prices").child(model);
            let missing = ["input", "output"].map(|key| table.child(key));
            let missing = missing.iter().find(|key| !self.values.contains_key(key));
            let is_told = |error: &ConfigError| {
                error.key().is_some_and(|key| key.starts_with(&table))
                    || matches!(&error.fault, Fault::PriceNeeds { key } if key.starts_with(&table))
            };
            if let Some(key) = missing
                && !self.errors.iter().chain(&found).any(is_told)
            {
                let origin = sourced.origin.clone();
                let fault = Fault::PriceNeeds { key: key.clone() };
                found.push(ConfigError { origin, fault });
            }
        }
        self.errors.extend(found);
    }

    fn add_defaults(&mut self) {
        for key in KEYS {
            let Some(default) = key.default_value() else {
                continue;
            };
            if let Some(agents_key) = key.name.strip_prefix("agents.*.") {
                for agent in self.agents.keys() {
                    if is_told(agents_key, agent, self.kind(agent)) {
                        let path = agent_key(agent, agents_key);
                        let default = || built_in(default.clone());
                        self.values.entry(path).or_insert_with(default);
                    }
                }
            } else {
                let path = KeyPath::dotted(key.name);
                self.values.entry(path).or_insert_with(|| built_in(default));
            }
        }
        for agent in self.agents.keys() {
            if let Some(kind) = self.kind(agent) {
                let claim = toml::Value::String(kind.default_claim().to_string());
                let path = agent_key(agent, "claim");
                self.values.entry(path).or_insert_with(|| built_in(claim));
            }
        }
    }

    fn kind(&self, agent: &AgentName) -> Option<AgentKind> {
        let sourced = self.values.get(&agent_key(agent, "kind"))?;
        sourced.value.as_str()?.parse().ok()
    }

    fn check_agents(&mut self) {
        let mut found = Vec::new();
        for (agent, origin) in &self.agents {
            let table = KeyPath::dotted("agents").child(agent.as_str());
            let has_error =
                |error: &ConfigError| error.key().is_some_and(|key| key.starts_with(&table));
            if self.errors.iter().any(has_error) {
                // What is missing may well be what is wrong.
                continue;
            }
            if let Some((key, example)) = self.missing(agent) {
                let fault = Fault::AgentNeeds {
                    agent: agent.clone(),
                    key,
                    example,
                };
                let origin = origin.clone();
                found.push(ConfigError { origin, fault });
            }
        }
        for (path, sourced) in &self.values {
            if let Some(fault) = self.not_on_a_terminal(path, sourced) {
                let origin = sourced.origin.clone();
                found.push(ConfigError { origin, fault });
            }
        }
        for (path, sourced) in &self.values {
            let names: Vec<&str> = match &sourced.value {
                toml::Value::Array(list) if path.last() == "fallback" => {
                    list.iter().filter_map(toml::Value::as_str).collect()
                }
                toml::Value::String(name) if path.parts() == ["agent"] => vec![name],
                _ => continue,
            };
            for name in names.into_iter().filter_map(|name| name.parse().ok()) {
                if let Some(fault) = self.unknown_agent(path, name) {
                    let origin = sourced.origin.clone();
                    found.push(ConfigError { origin, fault });
                }
            }
        }
        self.errors.extend(found);
    }

    /// The key that an agent's kind needs and that is not there, with an example.
    fn missing(&self, agent: &AgentName) -> Option<(&'static str, &'static str)> {
        let has = |key| self.values.contains_key(&agent_key(agent, key));
        let kind = self.kind(agent);
        let (key, example) = match kind {
            None => return Some(("kind", r#"kind = "command""#)),
            Some(AgentKind::User | AgentKind::Shell) => return None,
            Some(kind @ AgentKind::Replay) if agent.as_str() == kind.as_str() => return None,
            Some(AgentKind::Replay) => ("recording", r#"recording = "demo.jsonl""#),
            Some(AgentKind::Command) => ("command", r#"command = ["./agent.sh"]"#),
            Some(AgentKind::CodexAppServer) => ("command", r#"command = ["codex", "app-server"]"#),
            Some(AgentKind::CodexExecJson) => ("command", r#"command = ["codex", "exec"]"#),
            Some(AgentKind::ClaudeStreamJson) => ("command", r#"command = ["claude"]"#),
            Some(AgentKind::OpencodeRunJson) => ("command", r#"command = ["opencode", "run"]"#),
            Some(AgentKind::Acp) => ("command", r#"command = ["opencode", "acp"]"#),
            Some(AgentKind::Terminal) => ("command", r#"command = ["aider"]"#),
        };
        (!has(key)).then_some((key, example))
    }

    /// What is wrong with a key that only agents of kind `terminal` have, for another agent.
    fn not_on_a_terminal(&self, path: &KeyPath, sourced: &Sourced) -> Option<Fault> {
        let ["agents", agent, key] =
            path.parts().iter().map(String::as_str).collect::<Vec<_>>()[..]
        else {
            return None;
        };
        let kind = self.kind(&agent.parse().ok()?)?;
        let is_misplaced = sourced.origin != Origin::BuiltIn
            && terminal::NAMES.contains(&key)
            && kind != AgentKind::Terminal;
        is_misplaced.then(|| Fault::WrongValue {
            key: path.clone(),
            expected: r#"left out, or the agent's `kind` must be "terminal""#.to_owned(),
            found: format!("set for an agent of kind {:?}", kind.as_str()),
            hint_text: None,
        })
    }

    fn unknown_agent(&self, path: &KeyPath, agent: AgentName) -> Option<Fault> {
        if self.agents.contains_key(&agent) {
            return None;
        }
        let known = self.agents.keys().map(AgentName::as_str);
        let suggestion = nearest(agent.as_str(), known).map(str::to_owned);
        Some(Fault::UnknownAgent {
            key: path.clone(),
            agent,
            suggestion,
        })
    }
}

/// Whether `docket config` shows the default of this key for this agent: only where it means something.
fn is_told(key: &str, agent: &AgentName, kind: Option<AgentKind>) -> bool {
    match key {
        "recording" | "decoder" | "speed" => kind == Some(AgentKind::Replay),
        key if terminal::NAMES.contains(&key) => kind == Some(AgentKind::Terminal),
        "sandbox" => matches!(
            kind,
            Some(AgentKind::CodexAppServer | AgentKind::CodexExecJson)
        ),
        _ => !agent.is_user(),
    }
}

/// What is wrong with giving `agent` this kind: built-in agents keep theirs, and only one agent is a human.
fn wrong_kind(agent: &str, path: &KeyPath, kind: &toml::Value) -> Option<Fault> {
    let built_in = BUILT_IN_AGENTS.iter().find(|kind| kind.as_str() == agent);
    match (built_in, kind.as_str()) {
        (Some(built_in), Some(kind)) if kind != built_in.as_str() => Some(Fault::BuiltInAgent {
            agent: agent.parse().ok()?,
            kind: built_in.as_str(),
        }),
        (None, Some(AgentName::USER)) => Some(Fault::WrongValue {
            key: path.clone(),
            expected: "a kind that starts something".to_owned(),
            found: format!("{kind}"),
            hint_text: Some("the one agent that is a human is built in".to_owned()),
        }),
        _ => None,
    }
}
