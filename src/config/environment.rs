//! The layer of `DOCKET_*` variables.

use std::ffi::OsString;

use super::document::Document;
use super::error::Fault;
use super::keys::KEYS;
use super::origin::Origin;
use super::path::KeyPath;
use super::suggest::nearest;

/// The environment of a process: names and values.
#[derive(Debug, Clone, Default)]
pub struct Variables(Vec<(OsString, OsString)>);

impl Variables {
    /// The environment of this process.
    pub fn from_process() -> Self {
        std::env::vars_os().collect()
    }

    /// The value of a variable, if it is set, not empty and UTF-8.
    pub fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(key, _)| key == name)?;
        value.to_str().filter(|value| !value.is_empty())
    }
}

impl<K: Into<OsString>, V: Into<OsString>> FromIterator<(K, V)> for Variables {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let pairs = pairs.into_iter();
        Self(pairs.map(|(k, v)| (k.into(), v.into())).collect())
    }
}

/// Variables that docket gives to agents and checks, or reads for other purposes: they are no settings.
pub const RESERVED: &[&str] = &[
    "DOCKET_ATTEMPT",
    "DOCKET_DESK",
    "DOCKET_LOG",
    "DOCKET_MARKER",
    "DOCKET_REPOSITORY",
    "DOCKET_RUN",
    "DOCKET_TICKET",
    "DOCKET_TURN",
    "DOCKET_WORKTREE",
];

/// Reads the layer. An empty variable is as good as none; foreign `DOCKET_*` variables that look like no setting are
/// left alone, since they may belong to somebody else.
pub(super) fn read(variables: &Variables) -> Document {
    let mut document = Document::default();
    let settings: Vec<_> = KEYS
        .iter()
        .filter_map(|key| key.variable().map(|variable| (variable, key)))
        .collect();
    for (name, value) in &variables.0 {
        let Some(name) = name.to_str().filter(|name| name.starts_with("DOCKET_")) else {
            continue;
        };
        if value.is_empty() || RESERVED.contains(&name) {
            continue;
        }
        let origin = Origin::Environment(name.to_owned());
        let setting = settings.iter().find(|(variable, _)| variable == name);
        match (setting, value.to_str()) {
            (Some((_, key)), Some(text)) => {
                document.bare(key, KeyPath::dotted(key.name), text, origin);
            }
            (Some((_, key)), None) => {
                let fault = Fault::WrongValue {
                    key: KeyPath::dotted(key.name),
                    expected: key.kind.to_string(),
                    found: "not UTF-8".to_owned(),
                    hint_text: None,
                };
                document.error(origin, fault);
            }
            (None, _) if name.starts_with("DOCKET_AGENTS_") => {
                let suggestion = Some("[agents] in a configuration file".to_owned());
                document.error(origin, Fault::UnknownVariable { suggestion });
            }
            (None, _) => {
                let known = settings.iter().map(|(variable, _)| variable.as_str());
                if let Some(near) = near_variable(name, known) {
                    let suggestion = Some(near.to_owned());
                    document.error(origin, Fault::UnknownVariable { suggestion });
                }
            }
        }
    }
    document
}

/// The prefix that all share would make all of them alike.
fn near_variable<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let prefix = "DOCKET_".len();
    let bare: Vec<&str> = known.collect();
    let near = nearest(&name[prefix..], bare.iter().map(|known| &known[prefix..]))?;
    bare.into_iter().find(|known| &known[prefix..] == near)
}
