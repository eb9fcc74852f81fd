//! Where a value comes from.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::Serialize;
use serde::ser::{SerializeSeq, SerializeStruct, Serializer};

use super::path::KeyPath;
use crate::domain::problem::Place;
use crate::domain::ticket::AgentName;

/// A layer of the configuration; a later one wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    /// What holds when nobody says anything.
    BuiltIn,
    /// The user's own file.
    User,
    /// `docket.toml` at the repository's root.
    Repository,
    /// `DOCKET_*` variables.
    Environment,
    /// Arguments of this call.
    Flags,
}

impl Layer {
    /// What people call it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BuiltIn => "built-in",
            Self::User => "user",
            Self::Repository => "repository",
            Self::Environment => "environment",
            Self::Flags => "flags",
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A position in a configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePlace {
    /// The file, as it was opened.
    pub path: PathBuf,
    /// Where in it; `None` when the file as a whole is meant.
    pub place: Option<Place>,
}

impl fmt::Display for FilePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.display().fmt(f)?;
        match self.place {
            Some(place) => write!(f, ":{place}"),
            None => Ok(()),
        }
    }
}

/// Where exactly a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// docket itself.
    BuiltIn,
    /// The user's own file.
    User(FilePlace),
    /// The repository's `docket.toml`.
    Repository(FilePlace),
    /// An environment variable, by its name.
    Environment(String),
    /// An argument, as it was written.
    Flag(String),
}

impl Origin {
    /// The layer that it belongs to.
    pub const fn layer(&self) -> Layer {
        match self {
            Self::BuiltIn => Layer::BuiltIn,
            Self::User(_) => Layer::User,
            Self::Repository(_) => Layer::Repository,
            Self::Environment(_) => Layer::Environment,
            Self::Flag(_) => Layer::Flags,
        }
    }

    /// The position in a file, if it is one.
    pub const fn file(&self) -> Option<&FilePlace> {
        match self {
            Self::User(file) | Self::Repository(file) => Some(file),
            Self::BuiltIn | Self::Environment(_) | Self::Flag(_) => None,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn => f.write_str("built-in"),
            Self::User(file) | Self::Repository(file) => file.fmt(f),
            Self::Environment(name) | Self::Flag(name) => f.write_str(name),
        }
    }
}

impl Serialize for Origin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Origin", 5)?;
        object.serialize_field("layer", &self.layer())?;
        let name = match self {
            Self::Environment(name) | Self::Flag(name) => Some(name),
            Self::BuiltIn | Self::User(_) | Self::Repository(_) => None,
        };
        if let Some(name) = name {
            object.serialize_field("name", name)?;
        } else {
            object.skip_field("name")?;
        }
        if let Some(file) = self.file() {
            object.serialize_field("path", &file.path.to_string_lossy())?;
            object.serialize_field("line", &file.place.map(|place| place.line))?;
            object.serialize_field("column", &file.place.map(|place| place.column))?;
        } else {
            object.skip_field("path")?;
            object.skip_field("line")?;
            object.skip_field("column")?;
        }
        object.end()
    }
}

/// A value with its origin.
#[derive(Debug, Clone, PartialEq)]
pub struct Sourced {
    /// As written (agents' names in lower case).
    pub value: toml::Value,
    /// The layer's place that won.
    pub origin: Origin,
    /// Whether it lets more pass than the layers below it: only for keys of policies.
    pub loosens: bool,
}

impl Sourced {
    /// A value that loosens nothing.
    pub(super) const fn new(value: toml::Value, origin: Origin) -> Self {
        Self {
            value,
            origin,
            loosens: false,
        }
    }
}

/// Every value that is set, with its origin: what `docket config` prints.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Origins(pub(super) BTreeMap<KeyPath, Sourced>);

impl Origins {
    /// The value at `key`, by its dotted name (`limits.wall`).
    pub fn get(&self, key: &str) -> Option<&Sourced> {
        self.0.get(&KeyPath::written(key))
    }

    /// Whether a built-in agent is as it is built in: nobody set anything of it.
    pub fn is_untouched(&self, agent: &AgentName) -> bool {
        let table = KeyPath::dotted("agents").child(agent.as_str());
        self.iter()
            .filter(|(path, _)| path.starts_with(&table))
            .all(|(_, sourced)| sourced.origin == Origin::BuiltIn)
    }

    /// The values at all keys for which `is_wanted` holds.
    #[must_use]
    pub fn only(&self, is_wanted: impl Fn(&KeyPath) -> bool) -> Self {
        let wanted = self.iter().filter(|(path, _)| is_wanted(path));
        Self(
            wanted
                .map(|(path, sourced)| (path.clone(), sourced.clone()))
                .collect(),
        )
    }

    /// The same keys with other values and origins: for showing them.
    #[must_use]
    pub fn map(&self, change: impl Fn(&KeyPath, &Sourced) -> Sourced) -> Self {
        let changed = self.iter();
        Self(
            changed
                .map(|(path, sourced)| (path.clone(), change(path, sourced)))
                .collect(),
        )
    }

    /// All values, in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&KeyPath, &Sourced)> {
        self.0.iter()
    }
}

/// One line per value, `key = value  # origin`, aligned.
impl fmt::Display for Origins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self
            .iter()
            .map(|(key, sourced)| (format!("{key} = {}", sourced.value), &sourced.origin))
            .collect();
        let longest = lines.iter().map(|(text, _)| text.chars().count()).max();
        let width = longest.unwrap_or(0).min(48);
        for (text, origin) in lines {
            writeln!(f, "{text:width$}  # {origin}")?;
        }
        Ok(())
    }
}

/// A list of `{key, value, origin}`.
impl Serialize for Origins {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Entry<'a> {
            key: &'a KeyPath,
            value: &'a toml::Value,
            origin: &'a Origin,
        }
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for (key, Sourced { value, origin, .. }) in &self.0 {
            list.serialize_element(&Entry { key, value, origin })?;
        }
        list.end()
    }
}
