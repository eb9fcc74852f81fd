//! From merged values to the typed configuration. Every value was checked against its kind before.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use serde::de::DeserializeOwned;

use super::error::{ConfigError, ConfigErrors, Fault};
use super::keys::{self, Node};
use super::merge::agent_key;
use super::model::{Agent, Config, NotifyConfig, Provision, SandboxConfig, StopGraces, UiConfig};
use super::origin::{Origin, Origins};
use super::path::KeyPath;
use super::policy;
use super::terminal;
use super::values::{Checks, HumanDuration};
use crate::domain::prices::{Price, Prices};
use crate::domain::prompt::PromptBudgets;
use crate::domain::retention::Retention;
use crate::domain::rules::Rules;
use crate::domain::settings::{Limits, SpendingLimits, Totals};
use crate::domain::ticket::{AgentName, TicketLimits};

/// Reads typed values by their keys.
pub(super) struct Reader<'a>(pub(super) &'a Origins);

impl Reader<'_> {
    /// The value at `path`; the default for its key when it is not set.
    pub(super) fn optional<T: DeserializeOwned>(
        &self,
        path: &KeyPath,
    ) -> Result<Option<T>, ConfigErrors> {
        let (value, origin) = match self.0.0.get(path) {
            Some(sourced) => (sourced.value.clone(), sourced.origin.clone()),
            None => match keys::node(path) {
                Node::Leaf(key) => match key.default_value() {
                    Some(value) => (value, Origin::BuiltIn),
                    None => return Ok(None),
                },
                Node::Table | Node::Unknown => return Err(defect(path, "no such key")),
            },
        };
        T::deserialize(value)
            .map(Some)
            .map_err(|error| defect_at(origin, path, &error.to_string()))
    }

    pub(super) fn required<T: DeserializeOwned>(&self, path: &KeyPath) -> Result<T, ConfigErrors> {
        self.optional(path)?
            .ok_or_else(|| defect(path, "it has no default"))
    }

    /// The value of a key without a `*`, by its dotted name.
    fn get<T: DeserializeOwned>(&self, key: &str) -> Result<T, ConfigErrors> {
        self.required(&KeyPath::dotted(key))
    }

    fn duration(&self, key: &str) -> Result<Duration, ConfigErrors> {
        self.get::<HumanDuration>(key).map(|duration| duration.0)
    }
}

fn defect(path: &KeyPath, message: &str) -> ConfigErrors {
    defect_at(Origin::BuiltIn, path, message)
}

fn defect_at(origin: Origin, path: &KeyPath, message: &str) -> ConfigErrors {
    let fault = Fault::Defect {
        key: path.clone(),
        message: message.to_owned(),
    };
    ConfigError { origin, fault }.into()
}

fn totals(read: &Reader<'_>, table: &str) -> Result<Totals, ConfigErrors> {
    Ok(Totals {
        tokens: read.optional(&KeyPath::dotted(&format!("{table}.tokens")))?,
        cost_usd: read.optional(&KeyPath::dotted(&format!("{table}.cost_usd")))?,
    })
}

/// The typed configuration.
pub(super) fn build<'a>(
    origins: &Origins,
    agents: impl Iterator<Item = &'a AgentName>,
) -> Result<Config, ConfigErrors> {
    let read = Reader(origins);
    let checks: Option<Checks> = read.optional(&KeyPath::dotted("validate"))?;
    Ok(Config {
        tickets: read.optional(&KeyPath::dotted("tickets"))?,
        jobs: read.get::<NonZeroU32>("jobs")?,
        isolation: read.get("isolation")?,
        integrate: read.get("integrate")?,
        agent: read.get("agent")?,
        approvals: read.get("approvals")?,
        rules: Rules {
            allow: read.get("rules.allow")?,
            deny: read.get("rules.deny")?,
        },
        requests: read.get("requests")?,
        validate: checks.map(|checks| checks.0).unwrap_or_default(),
        limits: Limits {
            turns: read.get("limits.turns")?,
            attempts: read.get("limits.attempts")?,
            wall: read.duration("limits.wall")?,
            idle: read.duration("limits.idle")?,
            startup: read.duration("limits.startup")?,
            validation: read.duration("limits.validation")?,
            no_progress_turns: read.get("limits.no_progress_turns")?,
            tokens: read.optional(&KeyPath::dotted("limits.tokens"))?,
            cost_usd: read.optional(&KeyPath::dotted("limits.cost_usd"))?,
            changed_files: read.optional(&KeyPath::dotted("limits.changed_files"))?,
            new_tickets: read.get("limits.new_tickets")?,
            ticket_depth: read.get("limits.ticket_depth")?,
        },
        spending: SpendingLimits {
            run: totals(&read, "limits.run")?,
            run_wall: read
                .optional::<HumanDuration>(&KeyPath::dotted("limits.run.wall"))?
                .map(|wall| wall.0),
            day: totals(&read, "limits.day")?,
        },
        agents: agents
            .map(|name| Ok((name.clone(), agent(&read, name)?)))
            .collect::<Result<_, ConfigErrors>>()?,
        policies: policy::policies(&read)?,
        prices: prices(&read)?,
        provision: Provision {
            copy: read.get("provision.copy")?,
            symlink: read.get("provision.symlink")?,
            setup: read.get("provision.setup")?,
            limit: read.duration("limits.setup")?,
        },
        sandbox: SandboxConfig {
            mode: read.get("sandbox")?,
            command: read.optional(&KeyPath::dotted("sandbox_command"))?,
            write: read.get("sandbox_write")?,
        },
        notify: NotifyConfig {
            on: read.get("notify.on")?,
            bell: read.get("notify.bell")?,
            osc: read.get("notify.osc")?,
            command: read.optional(&KeyPath::dotted("notify.command"))?,
            limit: read.duration("notify.limit")?,
        },
        stop: StopGraces {
            cancel: read.duration("stop.cancel")?,
            interrupt: read.duration("stop.interrupt")?,
            terminate: read.duration("stop.terminate")?,
        },
        prompt: PromptBudgets {
            context: read.get("prompt.context_bytes")?,
            ticket: read.get("prompt.ticket_bytes")?,
            feedback: read.get("prompt.feedback_bytes")?,
            previous: read.get("prompt.previous_bytes")?,
        },
        retention: Retention {
            max_age: read
                .optional::<HumanDuration>(&KeyPath::dotted("gc.max_age"))?
                .map(|age| age.0),
            keep_attempts: read.optional(&KeyPath::dotted("gc.keep_attempts"))?,
            max_bytes: read.optional(&KeyPath::dotted("gc.max_bytes"))?,
        },
        ui: UiConfig {
            theme: read.get("ui.theme")?,
            color: read.get("ui.color")?,
            borders: read.get("ui.borders")?,
            mouse: read.get("ui.mouse")?,
            redraw: read.duration("ui.redraw")?,
            layout: read.get("ui.layout")?,
            title: read.get("ui.title")?,
            scrollback: read.get("ui.scrollback")?,
            clipboard: read.get("ui.clipboard")?,
            reduced_motion: read.get("ui.reduced_motion")?,
        },
    })
}

/// The prices of all models that have both of those without which nothing can be computed; what lacks one was refused.
fn prices(read: &Reader<'_>) -> Result<Prices, ConfigErrors> {
    let table = KeyPath::dotted("prices");
    let mut models: Vec<&str> = Vec::new();
    for (path, _) in read.0.iter() {
        if let (true, Some(model)) = (path.starts_with(&table), path.parts().get(1))
            && models.last() != Some(&model.as_str())
        {
            models.push(model);
        }
    }
    let price = |model: &str| {
        let key = |key: &str| table.child(model).child(key);
        Ok((
            model.to_owned(),
            Price {
                input: read.required(&key("input"))?,
                cached: read.optional(&key("cached"))?,
                output: read.required(&key("output"))?,
            },
        ))
    };
    models.into_iter().map(price).collect()
}

fn agent(read: &Reader<'_>, name: &AgentName) -> Result<Agent, ConfigErrors> {
    let key = |key: &str| agent_key(name, key);
    let limit = |limit: &str| key("limits").child(limit);
    let duration = |path: KeyPath| {
        let duration = read.optional::<HumanDuration>(&path);
        duration.map(|duration| duration.map(|duration| duration.0))
    };
    let recording: Option<PathBuf> = read.optional(&key("recording"))?;
    let command: Option<Vec<String>> = read.optional(&key("command"))?;
    let mut env = BTreeMap::new();
    let variables = key("env");
    for (path, sourced) in read.0.iter() {
        if let (true, Some(value)) = (path.starts_with(&variables), sourced.value.as_str()) {
            env.insert(path.last().to_owned(), value.to_owned());
        }
    }
    Ok(Agent {
        name: name.clone(),
        kind: read.required(&key("kind"))?,
        command: command.unwrap_or_default(),
        resume: read.optional(&key("resume"))?,
        model: read.optional(&key("model"))?,
        reasoning: read.optional(&key("reasoning"))?,
        mode: read.optional(&key("mode"))?,
        sandbox: read.required(&key("sandbox"))?,
        env,
        pass_env: read.required(&key("pass_env"))?,
        private_home: read.required(&key("private_home"))?,
        claim: read.required(&key("claim"))?,
        fallback: read.required(&key("fallback"))?,
        recording,
        decoder: read.required(&key("decoder"))?,
        speed: read.required(&key("speed"))?,
        on_terminal: terminal::read(read, key)?,
        limits: TicketLimits {
            turns: read.optional(&limit("turns"))?,
            attempts: read.optional(&limit("attempts"))?,
            wall: duration(limit("wall"))?,
            idle: duration(limit("idle"))?,
            tokens: read.optional(&limit("tokens"))?,
            cost_usd: read.optional(&limit("cost_usd"))?,
            changed_files: read.optional(&limit("changed_files"))?,
            new_tickets: read.optional(&limit("new_tickets"))?,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::super::keys::KEYS;
    use super::super::kind::Kind;
    use super::super::merge::{Source, merge};
    use super::super::overrides::Overrides;
    use super::*;

    fn with(set: &[String]) -> Config {
        let overrides = Overrides {
            set: set.to_vec(),
            ..Overrides::default()
        };
        merge(&[Source::Flags(&overrides)])
            .unwrap_or_else(|errors| panic!("{errors}"))
            .0
    }

    /// A value of this kind that is not the default.
    fn other_value(kind: Kind, default: Option<&str>) -> String {
        let text = match kind {
            Kind::Flag if default == Some("true") => "false",
            Kind::Flag => "true",
            Kind::Count { .. } => "77",
            Kind::Number => "7.5",
            Kind::Duration { .. } => "77s",
            Kind::Text | Kind::AnyText | Kind::Pattern | Kind::Path => "other",
            Kind::Agent => "replay",
            Kind::Agents => "['shell']",
            Kind::Texts
            | Kind::InnerPaths
            | Kind::Globs
            | Kind::Command
            | Kind::Checks
            | Kind::Rules { .. } => "['other']",
            Kind::Words(_) => "['done']",
            Kind::Word(words) => words
                .iter()
                .find(|word| default.is_none_or(|default| !default.contains(*word)))
                .expect("more than one word"),
        };
        text.to_owned()
    }

    #[test]
    fn every_key_of_the_table_reaches_the_configuration() {
        let agent = ["agents.a.kind=terminal", "agents.a.command=['x']"].map(str::to_owned);
        let default = with(&agent);
        for key in KEYS {
            let value = match key.name {
                "agents.*.kind" => "acp".to_owned(),
                "agents.*.claim" => "exit".to_owned(),
                "prices.*.cached" => "0.5".to_owned(),
                _ => other_value(key.kind, key.default),
            };
            let name = key.name.replacen('*', "a", 1).replace('*', "VARIABLE");
            let mut set = agent.to_vec();
            if key.name.starts_with("prices.") {
                set.extend(["prices.a.input=1", "prices.a.output=1"].map(str::to_owned));
            }
            set.push(format!("{name}={value}"));
            assert_ne!(with(&set), default, "{name}={value} changes nothing");
        }
    }
}
