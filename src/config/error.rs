//! What can be wrong with a configuration, each with its place and what to write instead.

use std::fmt;
use std::path::PathBuf;

use crate::domain::ticket::AgentName;

use super::origin::Origin;
use super::path::KeyPath;

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The file is there and can't be read.
    #[error("can't be read: {reason}")]
    Unreadable {
        /// What the system says.
        reason: String,
    },
    /// The file is not TOML.
    #[error("not valid TOML: {message}")]
    Syntax {
        /// What the parser says.
        message: String,
    },
    /// There is no such key.
    #[error("unknown key `{key}`{}", did_you_mean(suggestion.as_deref()))]
    UnknownKey {
        /// As written.
        key: KeyPath,
        /// What was probably meant.
        suggestion: Option<String>,
    },
    /// There is no such variable.
    #[error("unknown variable{}", did_you_mean(suggestion.as_deref()))]
    UnknownVariable {
        /// What was probably meant, or where to write it instead.
        suggestion: Option<String>,
    },
    /// The key can't have this value.
    #[error("`{key}` must be {expected}; it is {found}{}", hint(hint_text.as_deref()))]
    WrongValue {
        /// The key.
        key: KeyPath,
        /// What would be right, with an example.
        expected: String,
        /// What is there.
        found: String,
        /// What else helps.
        hint_text: Option<String>,
    },
    /// The key is there twice, in two spellings.
    #[error("`{key}` is set twice in this file; keep one of them")]
    SetTwice {
        /// The key.
        key: KeyPath,
    },
    /// A name that no agent can have.
    #[error("`{name}` can't be the name of an agent")]
    AgentName {
        /// As written.
        name: String,
    },
    /// An agent lacks what its kind needs.
    #[error("agent `{agent}` needs `{key}`, for example {example}")]
    AgentNeeds {
        /// The agent.
        agent: AgentName,
        /// The key inside its table.
        key: &'static str,
        /// What it could look like.
        example: &'static str,
    },
    /// Half of a price.
    #[error(
        "`{key}` is missing: a price needs `input` and `output`, in US dollars for a million tokens"
    )]
    PriceNeeds {
        /// What is missing.
        key: KeyPath,
    },
    /// The kind of a built-in agent was changed, or a human was configured.
    #[error("`{agent}` is built in and its `kind` stays `{kind}`; give your agent another name")]
    BuiltInAgent {
        /// The agent.
        agent: AgentName,
        /// The kind that it has.
        kind: &'static str,
    },
    /// There is no such agent.
    #[error("`{key}` names the agent `{agent}`, which is not configured{}", did_you_mean(suggestion.as_deref()))]
    UnknownAgent {
        /// Where it is named.
        key: KeyPath,
        /// The name.
        agent: AgentName,
        /// Which one was probably meant.
        suggestion: Option<String>,
    },
    /// A value passed every check and still can't be used: a defect of docket.
    #[error("`{key}` can't be used ({message}); this is a defect of docket, please report it")]
    Defect {
        /// The key.
        key: KeyPath,
        /// What failed.
        message: String,
    },
}

fn did_you_mean(suggestion: Option<&str>) -> String {
    suggestion.map_or_else(String::new, |word| format!("; did you mean `{word}`?"))
}

fn hint(text: Option<&str>) -> String {
    text.map_or_else(String::new, |text| format!(" ({text})"))
}

/// One thing that is wrong with the configuration, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{origin}: {fault}")]
pub struct ConfigError {
    /// Where.
    pub origin: Origin,
    /// What.
    pub fault: Fault,
}

impl ConfigError {
    /// The key that it is about, if it is about one.
    pub const fn key(&self) -> Option<&KeyPath> {
        match &self.fault {
            Fault::UnknownKey { key, .. }
            | Fault::WrongValue { key, .. }
            | Fault::SetTwice { key }
            | Fault::PriceNeeds { key }
            | Fault::UnknownAgent { key, .. }
            | Fault::Defect { key, .. } => Some(key),
            Fault::Unreadable { .. }
            | Fault::Syntax { .. }
            | Fault::UnknownVariable { .. }
            | Fault::AgentName { .. }
            | Fault::AgentNeeds { .. }
            | Fault::BuiltInAgent { .. } => None,
        }
    }
}

/// Everything that is wrong with the configuration, by layer and place; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors(Vec<ConfigError>);

impl ConfigErrors {
    /// Puts the errors into the order of layers and places. `None` when there are none.
    pub(super) fn from_all(mut errors: Vec<ConfigError>) -> Option<Self> {
        let rank = |error: &ConfigError| {
            let file = error.origin.file();
            let path: Option<PathBuf> = file.map(|file| file.path.clone());
            let place = file.and_then(|file| file.place);
            (error.origin.layer(), path, place)
        };
        errors.sort_by_cached_key(rank);
        (!errors.is_empty()).then_some(Self(errors))
    }

    /// The errors.
    pub fn iter(&self) -> std::slice::Iter<'_, ConfigError> {
        self.0.iter()
    }
}

impl From<ConfigError> for ConfigErrors {
    fn from(error: ConfigError) -> Self {
        Self(vec![error])
    }
}

impl<'a> IntoIterator for &'a ConfigErrors {
    type Item = &'a ConfigError;
    type IntoIter = std::slice::Iter<'a, ConfigError>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// One error a line.
impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            error.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}
