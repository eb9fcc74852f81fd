//! The name of a setting: a path of keys.

use std::fmt;

use serde::{Serialize, Serializer};

/// A setting's place in the tree of all settings: `agents.codex.command`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct KeyPath(Vec<String>);

impl KeyPath {
    /// The path of a key without quoted parts, as [`super::keys::KEYS`] and `--set` name it.
    pub fn dotted(name: &str) -> Self {
        Self(name.split('.').map(str::to_owned).collect())
    }

    /// The path that a person wrote: parts with dots in them stand in quotes (`prices."gpt-5.5".input`).
    pub fn written(name: &str) -> Self {
        let mut parts = vec![String::new()];
        let mut is_quoted = false;
        for character in name.chars() {
            match (character, parts.last_mut()) {
                ('"', _) => is_quoted = !is_quoted,
                ('.', _) if !is_quoted => parts.push(String::new()),
                (other, Some(part)) => part.push(other),
                (_, None) => {}
            }
        }
        Self(parts)
    }

    /// The path of `key` inside the table at this path.
    #[must_use]
    pub fn child(&self, key: impl Into<String>) -> Self {
        let mut parts = self.0.clone();
        parts.push(key.into());
        Self(parts)
    }

    /// The keys from the root on.
    pub fn parts(&self) -> &[String] {
        &self.0
    }

    /// The last key; empty for the root itself.
    pub fn last(&self) -> &str {
        self.0.last().map_or("", String::as_str)
    }

    /// Whether this setting lies in the table at `prefix`, or is it.
    pub fn starts_with(&self, prefix: &Self) -> bool {
        self.0.starts_with(&prefix.0)
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_bare = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'*'))
        };
        for (index, part) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(".")?;
            }
            if is_bare(part) {
                f.write_str(part)?;
            } else {
                write!(f, "{part:?}")?;
            }
        }
        Ok(())
    }
}

impl Serialize for KeyPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
