//! Changes the bytes of one value of the front matter and nothing else.

use std::fmt::Write as _;

use crate::domain::ticket::Place;

use super::fields::in_file;
use super::front_matter::FrontMatter;
use super::yaml::{self, Node, Value};

/// A value to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewValue {
    /// `true` or `false`.
    Bool(bool),
    /// A text; quoted when it has to be, or as the old value was.
    Text(String),
    /// A whole number.
    Integer(i64),
}

/// Why a value can't be changed; the file is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The file is not UTF-8.
    #[error("the file is not UTF-8: save it as UTF-8 and try again")]
    NotUtf8,
    /// There is nothing to change a value in.
    #[error("the file has no front matter: begin it with `---`, `key: value` lines, `---`")]
    NoFrontMatter,
    /// The front matter can't be read, so it can't be changed safely.
    #[error("the front matter can't be read ({message}): correct it by hand")]
    Broken {
        /// What is wrong.
        message: String,
    },
    /// The value is written in a way that can't be changed by itself.
    #[error("the value of `{key}` at {place} is not on one line of its own: change it by hand")]
    NotAScalar {
        /// The key.
        key: String,
        /// Where its value is.
        place: Place,
    },
    /// Re-reading the result found a difference that was not asked for.
    #[error("changing `{key}` would change something else too: change it by hand")]
    NotIsolated {
        /// The key.
        key: String,
    },
}

/// Writes `key: value` into the front matter of a ticket file and returns the new content.
///
/// Comments, order, quoting, line ends, a byte order mark and a missing final newline survive. A missing key gets a line of its own at
/// the end of the front matter. The result is read again: if anything but this value differs, that is an error.
pub fn set_value(bytes: &[u8], key: &str, value: &NewValue) -> Result<Vec<u8>, EditError> {
    let text = std::str::from_utf8(bytes).map_err(|_error| EditError::NotUtf8)?;
    let parts = FrontMatter::find(text).map_err(|_missing| EditError::NoFrontMatter)?;
    let source = &text[parts.yaml.clone()];
    let before = read(source)?;
    let entries = before.entries().unwrap_or_default();
    let old = entries
        .iter()
        .find(|(name, _value)| name.text() == Some(key));
    if old.is_some_and(|(_name, node)| is_already(node, value)) {
        return Ok(bytes.to_vec());
    }
    let edited = match old {
        Some((name, node)) => replace(source, key, (name, node), value)?,
        None => insert(source, key, &before, value, parts.line_end),
    };
    let after = read(&edited)?;
    if !differs_only_in(&before, &after, key, value) {
        return Err(EditError::NotIsolated {
            key: key.to_owned(),
        });
    }
    let whole = [&text[..parts.yaml.start], &edited, &text[parts.yaml.end..]].concat();
    let same_body =
        FrontMatter::find(&whole).is_ok_and(|found| whole[found.body] == text[parts.body.clone()]);
    if !same_body {
        return Err(EditError::NotIsolated {
            key: key.to_owned(),
        });
    }
    Ok(whole.into_bytes())
}

fn read(source: &str) -> Result<Node, EditError> {
    let root = yaml::read(source).map_err(|error| EditError::Broken {
        message: error.message,
    })?;
    match root.value {
        Value::Null | Value::Mapping(_) => Ok(root),
        _ => Err(EditError::Broken {
            message: "it is not a mapping".to_owned(),
        }),
    }
}

/// Whether a node already says what is to be written.
fn is_already(node: &Node, value: &NewValue) -> bool {
    match value {
        NewValue::Bool(value) => node.boolean() == Some(*value),
        NewValue::Text(text) => node.text() == Some(text) && !reads_as_something_else(node),
        NewValue::Integer(number) => node.text() == Some(&number.to_string()),
    }
}

/// Whether a plain scalar would be a boolean to whoever reads types off it.
fn reads_as_something_else(node: &Node) -> bool {
    node.boolean().is_some()
}

fn replace(
    source: &str,
    key: &str,
    (name, node): (&Node, &Node),
    value: &NewValue,
) -> Result<String, EditError> {
    let not_a_scalar = || EditError::NotAScalar {
        key: key.to_owned(),
        place: in_file(node.place),
    };
    let (range, new) = match (&node.value, &node.span) {
        (Value::Null, _) => {
            let end = name
                .span
                .as_ref()
                .map(|span| span.end)
                .ok_or_else(not_a_scalar)?;
            let colon = source[end..].find(':').ok_or_else(not_a_scalar)?;
            let at = end + colon + 1;
            match &node.span {
                Some(span) if !span.is_empty() => (span.clone(), written(value, None)),
                _ => (at..at, format!(" {}", written(value, None))),
            }
        }
        (Value::Scalar { .. }, Some(span)) => {
            let old = &source[span.clone()];
            // A block scalar's bytes begin below its `|` or `>`; a scalar of several lines could be indented in any way.
            let line_start = source[..span.start].rfind('\n').map_or(0, |at| at + 1);
            if old.contains('\n') || !source[line_start..span.start].contains(':') {
                return Err(not_a_scalar());
            }
            (span.clone(), written(value, old.chars().next()))
        }
        _ => return Err(not_a_scalar()),
    };
    Ok([&source[..range.start], &new, &source[range.end..]].concat())
}

fn insert(source: &str, key: &str, root: &Node, value: &NewValue, line_end: &str) -> String {
    let new = format!("{key}: {}", written(value, None));
    let first = root.entries().and_then(|entries| entries.first());
    let flow = root
        .span
        .as_ref()
        .filter(|span| source[span.start..].starts_with('{'));
    if let Some(span) = flow {
        let after = span.start + 1;
        let comma = if first.is_some() { ", " } else { "" };
        return [&source[..after], &new, comma, &source[after..]].concat();
    }
    let column = first.map_or(1, |(name, _value)| name.place.column);
    let indent = " ".repeat(column.saturating_sub(1) as usize);
    let glue = if source.is_empty() || source.ends_with('\n') {
        ""
    } else {
        line_end
    };
    [source, glue, &indent, &new, line_end].concat()
}

/// A text as a YAML scalar: quoted when it has to be.
pub(crate) fn scalar(text: &str) -> String {
    written(&NewValue::Text(text.to_owned()), None)
}

/// The value as YAML; `quote` is the quote that the old value had, if any.
fn written(value: &NewValue, quote: Option<char>) -> String {
    match value {
        NewValue::Bool(value) => value.to_string(),
        NewValue::Integer(number) => number.to_string(),
        NewValue::Text(text) => match quote {
            Some('\'') if !text.chars().any(char::is_control) => {
                format!("'{}'", text.replace('\'', "''"))
            }
            Some('"') => double_quoted(text),
            _ if is_safe_plain(text) => text.clone(),
            _ => double_quoted(text),
        },
    }
}

/// Whether a text needs no quotes: words of letters and digits that are neither a number nor a boolean to anyone.
fn is_safe_plain(text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ');
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && !text.ends_with(' ')
        && text.chars().all(is_word)
        && yaml::boolean(text).is_none()
        && !matches!(text.to_ascii_lowercase().as_str(), "null" | "y" | "n")
}

/// A text in double quotes: JSON's escapes are YAML's, which wants a few more characters escaped.
fn double_quoted(text: &str) -> String {
    let json = serde_json::Value::from(text).to_string();
    let mut quoted = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_control()
            || matches!(
                c,
                '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
            )
        {
            let hex = u32::from(c);
            // Writing to a string can't fail.
            let _ = write!(quoted, "\\u{hex:04x}");
        } else {
            quoted.push(c);
        }
    }
    quoted
}

fn differs_only_in(before: &Node, after: &Node, key: &str, value: &NewValue) -> bool {
    let split = |root: &Node| {
        let entries = root.entries().unwrap_or_default().to_vec();
        let is_key = |entry: &(Node, Node)| entry.0.text() == Some(key);
        entries.into_iter().partition::<Vec<_>, _>(is_key)
    };
    let (_old, before) = split(before);
    let (new, after) = split(after);
    let others_are_equal = before.len() == after.len()
        && before
            .iter()
            .zip(&after)
            .all(|((key, value), (other_key, other))| {
                key.means_the_same(other_key) && value.means_the_same(other)
            });
    others_are_equal && matches!(new.as_slice(), [(_name, node)] if is_already(node, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(before: &str, key: &str, value: impl std::borrow::Borrow<NewValue>, after: &str) {
        let result = set_value(before.as_bytes(), key, value.borrow());
        let result = result.map(|bytes| String::from_utf8(bytes).expect("UTF-8"));
        assert_eq!(result.as_deref(), Ok(after), "{before:?}");
    }

    fn text(text: &str) -> NewValue {
        NewValue::Text(text.to_owned())
    }

    #[test]
    fn changes_one_value() {
        let done = || NewValue::Bool(true);
        check(
            "\u{feff}---\r\n# top\r\nagent:   codex # who\r\ndone:  false   # not yet\r\n---\r\nbody",
            "done",
            done(),
            "\u{feff}---\r\n# top\r\nagent:   codex # who\r\ndone:  true   # not yet\r\n---\r\nbody",
        );
        check(
            "---\ndone: 'false'\n...\n",
            "done",
            done(),
            "---\ndone: true\n...\n",
        );
        check(
            "---\ndone:\na: 1\n---",
            "done",
            done(),
            "---\ndone: true\na: 1\n---",
        );
        check(
            "---\ndone: ~ # x\n---",
            "done",
            done(),
            "---\ndone: true # x\n---",
        );
        check(
            "---\n{done: false, a: b}\n---\n",
            "done",
            done(),
            "---\n{done: true, a: b}\n---\n",
        );
        check(
            "---\n\"done\"  : false\n---\n",
            "done",
            done(),
            "---\n\"done\"  : true\n---\n",
        );
        check(
            "---\ndone: yes\n---\n",
            "done",
            done(),
            "---\ndone: yes\n---\n",
        );
        check(
            "---\ndone: !!bool false\n---\n",
            "done",
            done(),
            "---\ndone: !!bool true\n---\n",
        );
    }

    #[test]
    fn numbers_are_plain() {
        check(
            "---\npriority: '3' # soon\n---\n",
            "priority",
            NewValue::Integer(-1),
            "---\npriority: -1 # soon\n---\n",
        );
        check(
            "---\na: b\n---\n",
            "priority",
            NewValue::Integer(7),
            "---\na: b\npriority: 7\n---\n",
        );
    }

    #[test]
    fn keeps_the_quotes_of_texts() {
        check(
            "---\nt: 'a'\n---\n",
            "t",
            text("it's"),
            "---\nt: 'it''s'\n---\n",
        );
        check(
            "---\nt: \"a\"\n---\n",
            "t",
            text("b"),
            "---\nt: \"b\"\n---\n",
        );
        check("---\nt: a\n---\n", "t", text("b c"), "---\nt: b c\n---\n");
        check(
            "---\nt: a\n---\n",
            "t",
            text("b: c"),
            "---\nt: \"b: c\"\n---\n",
        );
        check("---\nt: a\n---\n", "t", text("no"), "---\nt: \"no\"\n---\n");
        check("---\nt: a\n---\n", "t", text("1"), "---\nt: \"1\"\n---\n");
        check(
            "---\nt: a\n---\n",
            "t",
            text("x\ny\u{7f}é"),
            "---\nt: \"x\\ny\\u007fé\"\n---\n",
        );
    }

    #[test]
    fn adds_a_missing_key_on_a_line_of_its_own() {
        let id = || text("tkt_1");
        check(
            "---\r\na: 1\r\n---\r\n",
            "id",
            id(),
            "---\r\na: 1\r\nid: tkt_1\r\n---\r\n",
        );
        check("---\n---\n", "id", id(), "---\nid: tkt_1\n---\n");
        check(
            "---\n# only\n---\n",
            "id",
            id(),
            "---\n# only\nid: tkt_1\n---\n",
        );
        check(
            "---\n  a: 1\n  b: 2\n---\n",
            "id",
            id(),
            "---\n  a: 1\n  b: 2\n  id: tkt_1\n---\n",
        );
        check(
            "---\n{a: 1}\n---\n",
            "id",
            id(),
            "---\n{id: tkt_1, a: 1}\n---\n",
        );
        check("---\n{}\n---\n", "id", id(), "---\n{id: tkt_1}\n---\n");
        check(
            "---\na: |+\n  text\n\n---\nbody\n",
            "id",
            id(),
            "---\na: |+\n  text\n\nid: tkt_1\n---\nbody\n",
        );
    }

    #[test]
    fn refuses_what_it_cannot_change_alone() {
        let refused = |before: &str, key: &str| {
            set_value(before.as_bytes(), key, &text("new")).expect_err(before)
        };
        let place = Place { line: 3, column: 3 };
        let key = "t".to_owned();
        assert_eq!(
            refused("---\nt: |\n  a\n  b\n---\n", "t"),
            EditError::NotAScalar {
                key: key.clone(),
                place
            }
        );
        assert!(matches!(
            refused("---\nt: [a]\n---\n", "t"),
            EditError::NotAScalar { .. }
        ));
        assert!(matches!(
            refused("---\nu: &x a\nt: *x\n---\n", "t"),
            EditError::NotAScalar { .. }
        ));
        assert_eq!(
            refused("---\nt: &x a\nu: *x\n---\n", "t"),
            EditError::NotIsolated { key }
        );
        assert!(matches!(
            refused("---\nt: a: b\n---\n", "t"),
            EditError::Broken { .. }
        ));
        assert!(matches!(
            refused("---\nt: a\nt: b\n---\n", "t"),
            EditError::Broken { .. }
        ));
        assert_eq!(refused("t: a\n", "t"), EditError::NoFrontMatter);
        assert_eq!(
            set_value(b"---\n\xff", "t", &text("x")),
            Err(EditError::NotUtf8)
        );
    }
}
