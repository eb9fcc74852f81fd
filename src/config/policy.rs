//! Policies in the configuration: what a later layer may do to them, and how they are read.

use std::collections::{BTreeMap, BTreeSet};

use super::build::Reader;
use super::error::{ConfigError, ConfigErrors, Fault};
use super::keys::{self, Node};
use super::origin::Sourced;
use super::path::KeyPath;
use crate::domain::policy::{Policies, Policy, PolicyAction, PolicyName, PolicyRule};
use crate::domain::ticket::PathRules;

/// The table of the policy that holds for tickets that name none.
const DEFAULT: &str = "policy";
/// The table of all others.
const NAMED: &str = "policies";

/// The values of policies so far.
pub(super) fn values_of(values: &BTreeMap<KeyPath, Sourced>) -> BTreeMap<KeyPath, toml::Value> {
    values
        .iter()
        .filter(|(path, _)| key_of(path).is_some())
        .map(|(path, sourced)| (path.clone(), sourced.value.clone()))
        .collect()
}

/// The key inside a policy's table, and the same key of `[policy]`.
fn key_of(path: &KeyPath) -> Option<(&[String], KeyPath)> {
    let inner = match path.parts() {
        [table, inner @ ..] if table == DEFAULT => inner,
        [table, _name, inner @ ..] if table == NAMED => inner,
        _ => return None,
    };
    let start = KeyPath::dotted(DEFAULT);
    let default = inner.iter().fold(start, |path, part| path.child(part));
    Some((inner, default))
}

/// Whether the lists of all layers hold together: nothing that one of them refuses is allowed by another.
pub(super) fn adds_up(path: &KeyPath) -> bool {
    path.parts() == ["rules", "deny"]
        || key_of(path).is_some_and(|(key, _)| key == ["paths", "deny"])
}

/// Whether `value` lets more pass than what held `below`: what a named policy doesn't say is as in `[policy]`.
pub(super) fn loosens(
    below: &BTreeMap<KeyPath, toml::Value>,
    path: &KeyPath,
    value: &toml::Value,
) -> bool {
    let Some((key, default)) = key_of(path) else {
        return false;
    };
    let built_in = || match keys::node(&default) {
        Node::Leaf(key) => key.default_value(),
        Node::Table | Node::Unknown => None,
    };
    let before = below.get(path).or_else(|| below.get(&default)).cloned();
    let Some(before) = before.or_else(built_in) else {
        return false;
    };
    let action = |value: &toml::Value| value.as_str()?.parse::<PolicyAction>().ok();
    match key {
        [_, list] if list == "allow" => {
            let list = |value: &toml::Value| value.as_array().cloned().unwrap_or_default();
            let (before, value) = (list(&before), list(value));
            let is_new = |glob: &toml::Value| !before.contains(glob);
            !before.is_empty() && (value.is_empty() || value.iter().any(is_new))
        }
        _ => match (before.as_integer(), value.as_integer()) {
            (Some(before), Some(value)) => value > before,
            _ => action(value) < action(&before),
        },
    }
}

/// Names of policies that are none.
pub(super) fn check_names(values: &BTreeMap<KeyPath, Sourced>) -> Vec<ConfigError> {
    let mut seen = BTreeSet::new();
    let named = values.iter().filter_map(|(path, sourced)| {
        let [table, name, ..] = path.parts() else {
            return None;
        };
        (table == NAMED && seen.insert(name.clone())).then_some((name, sourced))
    });
    named
        .filter(|(name, _)| {
            let parsed = name.parse::<PolicyName>();
            parsed.is_err() || parsed.is_ok_and(|parsed| parsed.as_str() != name.as_str())
        })
        .map(|(name, sourced)| ConfigError {
            origin: sourced.origin.clone(),
            fault: Fault::WrongValue {
                key: KeyPath::dotted(NAMED).child(name),
                expected: "called by a name on one line, without blanks around it".to_owned(),
                found: format!("{name:?}"),
                hint_text: None,
            },
        })
        .collect()
}

/// All policies.
pub(super) fn policies(read: &Reader<'_>) -> Result<Policies, ConfigErrors> {
    let default = policy(read, &KeyPath::dotted(DEFAULT), None, Policy::default())?;
    let mut named = BTreeMap::new();
    let table = KeyPath::dotted(NAMED);
    for (path, _) in read.0.iter() {
        if let [first, name, ..] = path.parts()
            && first == NAMED
            && let Ok(name) = name.parse::<PolicyName>()
            && !named.contains_key(&name)
        {
            let table = table.child(name.as_str());
            let made = policy(read, &table, Some(name.clone()), default.clone())?;
            named.insert(name, made);
        }
    }
    Ok(Policies { default, named })
}

/// The policy of one table; what it doesn't say is as in `base`.
fn policy(
    read: &Reader<'_>,
    table: &KeyPath,
    name: Option<PolicyName>,
    base: Policy,
) -> Result<Policy, ConfigErrors> {
    let mut actions = base.actions;
    for rule in PolicyRule::ALL {
        let action: Option<PolicyAction> = read.optional(&table.child(rule.as_str()))?;
        if let Some(action) = action {
            actions.insert(*rule, action);
        }
    }
    let paths = table.child("paths");
    let allow: Option<Vec<String>> = read.optional(&paths.child("allow"))?;
    let more: Option<Vec<String>> = read.optional(&paths.child("deny"))?;
    let mut deny = base.paths.deny;
    deny.extend(more.unwrap_or_default());
    let changed_files: Option<u32> = read.optional(&table.child("changed_files"))?;
    let large: Option<u64> = read.optional(&table.child("large_file_bytes"))?;
    Ok(Policy {
        name,
        actions,
        paths: PathRules {
            allow: allow.unwrap_or(base.paths.allow),
            deny,
        },
        changed_files: changed_files.or(base.changed_files),
        large_file_bytes: large.unwrap_or(base.large_file_bytes),
    })
}
