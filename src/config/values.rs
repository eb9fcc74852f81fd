//! Values that people write as text: durations and checks.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

use crate::domain::ticket::Check;

/// A duration as people write it: `90s`, `10m`, `1h 30m`; also ISO 8601. `None` when it is no duration from zero up.
pub fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let duration: jiff::SignedDuration = text.parse().ok().or_else(|| {
        // With days and weeks in it, of 24 hours a day.
        let span: jiff::Span = text.parse().ok()?;
        let days_are_24_hours = jiff::SpanRelativeTo::days_are_24_hours();
        span.to_duration(days_are_24_hours).ok()
    })?;
    Duration::try_from(duration).ok()
}

/// A duration in a configuration file.
pub(super) struct HumanDuration(pub(super) Duration);

impl<'de> Deserialize<'de> for HumanDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        duration(&text)
            .map(Self)
            .ok_or_else(|| D::Error::custom(format!("`{text}` is no duration such as `10m`")))
    }
}

/// One check: a command line, or a table that names it too.
pub(super) struct CheckEntry(Check);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckTable {
    name: Option<String>,
    run: String,
    timeout: Option<HumanDuration>,
}

impl<'de> Deserialize<'de> for CheckEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entry;

        impl<'de> Visitor<'de> for Entry {
            type Value = CheckEntry;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a command line, or a table {name, run, timeout}")
            }

            fn visit_str<E: Error>(self, run: &str) -> Result<CheckEntry, E> {
                check(None, run, None)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<CheckEntry, A::Error> {
                let table = CheckTable::deserialize(MapAccessDeserializer::new(map))?;
                let timeout = table.timeout.map(|timeout| timeout.0);
                check(table.name, &table.run, timeout)
            }
        }

        deserializer.deserialize_any(Entry)
    }
}

fn check<E: Error>(
    name: Option<String>,
    run: &str,
    timeout: Option<Duration>,
) -> Result<CheckEntry, E> {
    let name = name.unwrap_or_else(|| run.trim().to_owned());
    if run.trim().is_empty() {
        return Err(E::custom("the command line is empty"));
    }
    if name.trim().is_empty() {
        return Err(E::custom("the name is empty"));
    }
    if timeout.is_some_and(|timeout| timeout.is_zero()) {
        return Err(E::custom("the timeout is zero"));
    }
    Ok(CheckEntry(Check {
        name,
        run: run.to_owned(),
        timeout,
    }))
}

/// The checks, with names that are unique.
pub(super) struct Checks(pub(super) Vec<Check>);

impl<'de> Deserialize<'de> for Checks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let entries = Vec::<CheckEntry>::deserialize(deserializer)?;
        let checks: Vec<Check> = entries.into_iter().map(|entry| entry.0).collect();
        let mut names = BTreeSet::new();
        for check in &checks {
            if !names.insert(check.name.as_str()) {
                let message = format!("two checks are called `{}`", check.name);
                return Err(D::Error::custom(message));
            }
        }
        Ok(Self(checks))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        assert_eq!(duration("90s"), Some(Duration::from_secs(90)));
        assert_eq!(duration("1h 30m"), Some(Duration::from_secs(5400)));
        assert_eq!(duration("250ms"), Some(Duration::from_millis(250)));
        assert_eq!(duration("0s"), Some(Duration::ZERO));
        assert_eq!(duration("30d"), Some(Duration::from_secs(30 * 86_400)));
        assert_eq!(duration("2w"), Some(Duration::from_secs(14 * 86_400)));
        for text in ["", "10", "-5s", "soon", "1 fortnight", "1 month"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }
}
