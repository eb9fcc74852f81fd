//! Settings as they may be shown: without the secrets that somebody wrote into them.

use super::error::CliError;
use crate::config::{KeyPath, Origin, Origins, Sourced};
use crate::redact::{REDACTED, Redactor, is_secret};

/// The settings without secrets: the values of environment variables that are secret by their name, and everything that looks
/// like a key. Where a value comes from stays.
pub(super) fn masked(origins: &Origins) -> Result<Origins, CliError> {
    let redactor = Redactor::new(std::iter::empty::<(&str, &str)>())
        .map_err(|error| CliError::Failed(error.to_string()))?;
    Ok(origins.map(|path, sourced| {
        let value = value_of(path, &sourced.value, &redactor);
        let origin = match &sourced.origin {
            // The argument itself says the value too.
            Origin::Flag(flag) if value != sourced.value => {
                let name = flag.split_once('=').map_or("", |(name, _value)| name);
                Origin::Flag(format!("{name}={REDACTED}"))
            }
            origin => origin.clone(),
        };
        Sourced {
            value,
            origin,
            loosens: sourced.loosens,
        }
    }))
}

fn value_of(path: &KeyPath, value: &toml::Value, redactor: &Redactor) -> toml::Value {
    match value {
        toml::Value::String(text) => {
            let is_variable = path
                .parts()
                .iter()
                .rev()
                .nth(1)
                .is_some_and(|table| table == "env");
            toml::Value::String(if is_variable && is_secret(path.last(), text) {
                REDACTED.to_owned()
            } else {
                redactor.redact(text).into_owned()
            })
        }
        toml::Value::Array(items) => {
            let items = items.iter().map(|item| value_of(path, item, redactor));
            toml::Value::Array(items.collect())
        }
        toml::Value::Table(table) => {
            let entries = table
                .iter()
                .map(|(key, value)| (key.clone(), value_of(&path.child(key), value, redactor)));
            toml::Value::Table(entries.collect())
        }
        other => other.clone(),
    }
}
