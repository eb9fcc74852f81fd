//! One layer as values with their origins: from TOML text, from variables, from flags.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{ConfigError, Fault};
use super::keys::{self, Key, Node};
use super::kind::{Kind, describe};
use super::origin::{FilePlace, Layer, Origin, Sourced};
use super::path::KeyPath;
use crate::domain::problem::Place;
use crate::domain::ticket::AgentName;

/// What one layer says.
#[derive(Debug, Default)]
pub(super) struct Document {
    /// Its sound values.
    pub(super) values: BTreeMap<KeyPath, Sourced>,
    /// The agents that it has a table for, even an empty one.
    pub(super) agents: BTreeMap<AgentName, Origin>,
    /// What is wrong with it.
    pub(super) errors: Vec<ConfigError>,
}

/// The place of a byte offset in `text`, as editors count.
pub fn place_at(text: &str, offset: usize) -> Place {
    let mut end = offset.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let before = &text[..end];
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Place {
        line: line as u32,
        column: (before[start..].chars().count() + 1) as u32,
    }
}

/// A file of the user or of the repository.
#[derive(Clone, Copy)]
pub(super) struct File<'a> {
    pub(super) layer: Layer,
    pub(super) path: &'a Path,
    pub(super) text: &'a str,
}

impl File<'_> {
    fn origin(&self, span: Option<Range<usize>>) -> Origin {
        let file = FilePlace {
            path: self.path.to_path_buf(),
            place: span.map(|span| place_at(self.text, span.start)),
        };
        if self.layer == Layer::Repository {
            Origin::Repository(file)
        } else {
            Origin::User(file)
        }
    }
}

impl Document {
    /// Reads TOML text.
    pub(super) fn from_file(file: File<'_>) -> Self {
        let mut document = Self::default();
        let (root, syntax) = DeTable::parse_recoverable(file.text);
        if syntax.is_empty() {
            document.table(file, &KeyPath::default(), root.get_ref());
        }
        // One slip makes the parser stumble on through the rest of its line.
        let mut lines = BTreeSet::new();
        for error in syntax {
            let line = error
                .span()
                .map(|span| place_at(file.text, span.start).line);
            if lines.insert(line) {
                let message = error.message().to_owned();
                document.error(file.origin(error.span()), Fault::Syntax { message });
            }
        }
        document
    }

    /// Adds a value that is written as bare text where its kind allows, else as TOML.
    pub(super) fn bare(&mut self, key: &Key, path: KeyPath, text: &str, origin: Origin) {
        let as_text = || {
            let text = DeValue::String(std::borrow::Cow::Borrowed(text));
            Spanned::new(0..0, text)
        };
        let value = if key.kind.is_bare_text() {
            as_text()
        } else {
            DeValue::parse(text).unwrap_or_else(|_not_toml| as_text())
        };
        match key.kind.read(origin.layer(), &value) {
            Ok(value) => {
                self.values.insert(path, Sourced::new(value, origin));
            }
            Err(wrong) => {
                let fault = Fault::WrongValue {
                    key: path,
                    expected: key.kind.to_string(),
                    found: wrong.found,
                    hint_text: wrong.hint,
                };
                self.error(origin, fault);
            }
        }
    }

    pub(super) fn error(&mut self, origin: Origin, fault: Fault) {
        self.errors.push(ConfigError { origin, fault });
    }

    fn table(&mut self, file: File<'_>, path: &KeyPath, table: &DeTable<'_>) {
        for (name, value) in table {
            let mut part = name.get_ref().to_string();
            if path.parts() == ["agents"] {
                let Ok(agent) = part.parse::<AgentName>() else {
                    self.error(
                        file.origin(Some(name.span())),
                        Fault::AgentName { name: part },
                    );
                    continue;
                };
                agent.as_str().clone_into(&mut part);
                self.agents.insert(agent, file.origin(Some(name.span())));
            }
            let child = path.child(part);
            match (keys::node(&child), value.get_ref()) {
                (Node::Leaf(key), _) => self.leaf(file, key, child, name.span(), value),
                (Node::Table, DeValue::Table(inner)) => self.table(file, &child, inner),
                (Node::Table, other) => {
                    let fault = Fault::WrongValue {
                        expected: format!("a table such as [{child}]"),
                        key: child,
                        found: describe(other),
                        hint_text: None,
                    };
                    self.error(file.origin(Some(value.span())), fault);
                }
                (Node::Unknown, _) => {
                    let suggestion = keys::suggestion(&child);
                    let fault = Fault::UnknownKey {
                        key: child,
                        suggestion,
                    };
                    self.error(file.origin(Some(name.span())), fault);
                }
            }
        }
    }

    fn leaf(
        &mut self,
        file: File<'_>,
        key: &Key,
        path: KeyPath,
        name: Range<usize>,
        value: &Spanned<DeValue<'_>>,
    ) {
        match key.kind.read(file.layer, value) {
            Ok(_) if self.values.contains_key(&path) => {
                self.error(file.origin(Some(name)), Fault::SetTwice { key: path });
            }
            Ok(value) => {
                let value = if key.kind == Kind::Path && path.last() == "recording" {
                    beside_user_file(file, value)
                } else {
                    value
                };
                let origin = file.origin(Some(name));
                self.values.insert(path, Sourced::new(value, origin));
            }
            Err(wrong) => {
                let fault = Fault::WrongValue {
                    key: path,
                    expected: key.kind.to_string(),
                    found: wrong.found,
                    hint_text: wrong.hint,
                };
                self.error(file.origin(Some(wrong.span)), fault);
            }
        }
    }
}

/// A relative path in the user's own file means a file beside it; there is no one repository that it could mean.
fn beside_user_file(file: File<'_>, value: toml::Value) -> toml::Value {
    match (file.layer, value.as_str(), file.path.parent()) {
        (Layer::User, Some(path), Some(folder)) => {
            toml::Value::String(folder.join(path).to_string_lossy().into_owned())
        }
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_lines_and_characters_from_one() {
        let text = "a = 1\nß = \"é\" # x\n";
        let at = |needle: &str| place_at(text, text.find(needle).expect("needle"));
        assert_eq!((at("a").line, at("a").column), (1, 1));
        assert_eq!((at("# x").line, at("# x").column), (2, 9));
        let end = place_at(text, 10_000);
        assert_eq!((end.line, end.column), (3, 1));
    }
}
