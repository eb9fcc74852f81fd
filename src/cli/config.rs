//! `docket config`: what holds, and where it comes from.

use serde::Serialize;

use super::arguments::{ConfigArguments, Global};
use super::error::CliError;
use super::output;
use super::place::Place;
use super::secrets;
use crate::config::keys::KEYS;
use crate::config::{self, KeyPath, Loaded, Origin, Origins, PRESETS, Sourced};
use crate::domain::ticket::AgentName;
use crate::exit::Exit;

#[derive(Serialize)]
struct Document<'a> {
    values: &'a Origins,
}

#[derive(Serialize)]
struct Part<'a> {
    values: Vec<Setting<'a>>,
}

#[derive(Serialize)]
struct Setting<'a> {
    key: &'a KeyPath,
    value: Option<&'a toml::Value>,
    origin: Option<&'a Origin>,
}

#[derive(Serialize)]
struct KeyRow {
    key: &'static str,
    takes: String,
    default: Option<&'static str>,
    variable: Option<String>,
    meaning: &'static str,
}

#[derive(Serialize)]
struct Keys {
    keys: Vec<KeyRow>,
}

pub(super) fn run(global: &Global, arguments: &ConfigArguments) -> Result<Exit, CliError> {
    if arguments.keys {
        return keys(global.json);
    }
    let place = Place::of(global)?;
    let origins = &secrets::masked(&place.loaded.origins)?;
    match &arguments.key {
        Some(key) => part(global.json, origins, key),
        None if global.json => {
            output::document(&Document { values: origins })?;
            Ok(Exit::Done)
        }
        None => {
            let left_out = unused_presets(&place.loaded);
            let is_shown = |path: &KeyPath| match path.parts() {
                [table, agent, ..] if table == "agents" => !left_out.contains(&agent.as_str()),
                _ => true,
            };
            output::bytes(origins.only(is_shown).to_string().as_bytes())?;
            if !left_out.is_empty() {
                output::say(&format!(
                    "left out, since nobody changed them: the built-in agents {} (`docket config agents.{}`)",
                    left_out.join(", "),
                    left_out[0]
                ));
            }
            Ok(Exit::Done)
        }
    }
}

/// The built-in agents that nobody configured, and that no setting names.
fn unused_presets(loaded: &Loaded) -> Vec<&'static str> {
    let config = &loaded.config;
    let is_named = |name: &AgentName| {
        config.agent == *name
            || config
                .agents
                .values()
                .any(|agent| agent.fallback.contains(name))
    };
    PRESETS
        .iter()
        .map(|preset| preset.name)
        .filter(|name| {
            let name = name.parse();
            name.is_ok_and(|name| !is_named(&name) && loaded.origins.is_untouched(&name))
        })
        .collect()
}

/// All settings there are. Needs no configuration, so that it also helps when one is broken.
fn keys(json: bool) -> Result<Exit, CliError> {
    if !json {
        output::bytes(config::keys_as_text().as_bytes())?;
        return Ok(Exit::Done);
    }
    let keys = KEYS.iter().map(|key| KeyRow {
        key: key.name,
        takes: key.kind.to_string(),
        default: key.default,
        variable: key.variable(),
        meaning: key.meaning,
    });
    output::document(&Keys {
        keys: keys.collect(),
    })?;
    Ok(Exit::Done)
}

/// One setting, or those in a table.
fn part(json: bool, origins: &Origins, name: &str) -> Result<Exit, CliError> {
    let wanted = KeyPath::written(name);
    let exact = origins.get(name);
    let below: Vec<_> = origins
        .iter()
        .filter(|(key, _)| key.starts_with(&wanted))
        .collect();
    if below.is_empty() && !is_known(&wanted) {
        return Err(unknown(name, origins));
    }
    if json {
        let mut values: Vec<_> = below
            .iter()
            .map(|(key, Sourced { value, origin, .. })| Setting {
                key,
                value: Some(value),
                origin: Some(origin),
            })
            .collect();
        if values.is_empty() {
            values.push(Setting {
                key: &wanted,
                value: None,
                origin: None,
            });
        }
        output::document(&Part { values })?;
        return Ok(Exit::Done);
    }
    match exact {
        // A script wants the value alone.
        Some(Sourced { value, origin, .. }) => {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            output::line(&text)?;
            output::say(&format!("from {origin}"));
        }
        None if below.is_empty() => output::say(&format!("{name} is not set")),
        None => {
            for (key, Sourced { value, origin, .. }) in below {
                output::line(&format!("{key} = {value}  # {origin}"))?;
            }
        }
    }
    Ok(Exit::Done)
}

/// Whether there is such a setting, or a table of settings; `*` stands for any name.
fn is_known(wanted: &KeyPath) -> bool {
    KEYS.iter().any(|key| {
        let mut names = key.name.split('.');
        let mut parts = wanted.parts().iter();
        parts.all(|part| names.next().is_some_and(|name| name == "*" || name == part))
    })
}

fn unknown(name: &str, origins: &Origins) -> CliError {
    let set: Vec<_> = origins.iter().map(|(key, _)| key.to_string()).collect();
    let all = KEYS.iter().map(|key| key.name);
    let near = config::nearest(name, set.iter().map(String::as_str).chain(all));
    let hint = near.map_or_else(
        || "`docket config --keys` lists them".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    CliError::Usage(format!("there is no setting `{name}`; {hint}"))
}
