//! YAML as a tree in which every value knows its place and how it was written.
//!
//! Typed reading stops at the first wrong value and can't tell `yes` from `"yes"`; a ticket's reader needs all problems at once.

use std::fmt;
use std::ops::Range;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::NonFiniteFloatPolicy;
use serde_saphyr::{DefaultMessageFormatter, MessageFormatter, Spanned};

use crate::domain::ticket::Place;

/// A value and where it is.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// What it is.
    pub(crate) value: Value,
    /// Where it stands, in the text that was read.
    pub(crate) place: Place,
    /// Its bytes in the text that was read, quotes included; `None` when it stands elsewhere (an alias) or nowhere.
    pub(crate) span: Option<Range<usize>>,
}

/// What a node is.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    /// Nothing, `~` or `null`.
    Null,
    /// Text, a number or a boolean: YAML's difference is made by whoever reads the value.
    Scalar {
        /// The text as meant: as written for plain scalars, with quotes and escapes resolved for others.
        text: String,
        /// Whether it was written without quotes (and so may be a number or a boolean).
        plain: bool,
    },
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the order of the file.
    Mapping(Vec<(Node, Node)>),
}

/// Why a text is not YAML.
#[derive(Debug, Clone)]
pub(crate) struct SyntaxError {
    /// What is wrong.
    pub(crate) message: String,
    /// Where reading stopped.
    pub(crate) place: Option<Place>,
    /// The key that is written twice, if that is what is wrong.
    pub(crate) duplicate: Option<String>,
}

/// How deep lists and mappings may be nested; tickets need four.
const MAX_DEPTH: usize = 24;

/// Reads one YAML document.
pub(crate) fn read(text: &str) -> Result<Node, SyntaxError> {
    let options = serde_saphyr::options! {
        strict_booleans: true,
        with_snippet: false,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        // A ticket is at most 1 MiB and flat: small budgets turn "billion laughs" away early.
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: 10_000, max_replay_stack_depth: 2 },
        // The default depth of 64 overflows the 2 MiB stack of a thread in debug builds.
        budget: serde_saphyr::budget! { max_depth: MAX_DEPTH, max_nodes: 50_000 },
    };
    let parsed: Result<Spanned<Raw>, _> = serde_saphyr::from_str_with_options(text, options);
    match parsed {
        Ok(raw) => Ok(node(raw, text)),
        Err(error) => Err(syntax_error(&error)),
    }
}

/// Whether it is a text also without quotes: no boolean, no number, not nothing.
fn is_only_text(text: &str) -> bool {
    let is_nothing = matches!(text.to_ascii_lowercase().as_str(), "" | "~" | "null");
    !is_nothing && boolean(text).is_none() && text.parse::<f64>().is_err()
}

impl Node {
    /// The text of a scalar.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// Whether there is nothing.
    pub(crate) fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// A boolean as YAML 1.1 knows it (what codex-autorunner's reader takes): `true`, `Yes`, `OFF`…, never in quotes.
    pub(crate) fn boolean(&self) -> Option<bool> {
        match &self.value {
            Value::Scalar { text, plain: true } => boolean(text),
            _ => None,
        }
    }

    /// The entries of a mapping.
    pub(crate) fn entries(&self) -> Option<&[(Self, Self)]> {
        match &self.value {
            Value::Mapping(entries) => Some(entries),
            _ => None,
        }
    }

    /// Whether two nodes mean the same, wherever they stand.
    pub(crate) fn means_the_same(&self, other: &Self) -> bool {
        match (&self.value, &other.value) {
            (Value::Null, Value::Null) => true,
            (
                Value::Scalar { text, plain },
                Value::Scalar {
                    text: other_text,
                    plain: other_plain,
                },
            ) => text == other_text && (plain == other_plain || is_only_text(text)),
            (Value::List(items), Value::List(others)) => {
                items.len() == others.len()
                    && items
                        .iter()
                        .zip(others)
                        .all(|(item, other)| item.means_the_same(other))
            }
            (Value::Mapping(entries), Value::Mapping(others)) => {
                entries.len() == others.len()
                    && entries
                        .iter()
                        .zip(others)
                        .all(|((key, value), (other_key, other_value))| {
                            key.means_the_same(other_key) && value.means_the_same(other_value)
                        })
            }
            _ => false,
        }
    }

    /// A few words for messages: what stands there.
    pub(crate) fn describe(&self) -> String {
        match &self.value {
            Value::Null => "nothing".to_owned(),
            Value::List(_) => "a list".to_owned(),
            Value::Mapping(_) => "a mapping".to_owned(),
            Value::Scalar { text, plain } => {
                let shown = visible(&text.chars().take(40).collect::<String>());
                let more = if text.chars().nth(40).is_some() {
                    "…"
                } else {
                    ""
                };
                if *plain {
                    format!("`{shown}{more}`")
                } else {
                    format!("the text `\"{shown}{more}\"`")
                }
            }
        }
    }
}

/// A text for messages, on one line: control characters are shown, not sent to a terminal.
pub(crate) fn visible(text: &str) -> String {
    let escaped = |c: char| {
        let escape = c.is_control().then(|| c.escape_debug());
        let plain = (!c.is_control()).then_some(c);
        escape.into_iter().flatten().chain(plain)
    };
    text.chars().flat_map(escaped).collect()
}

/// What a word means as a boolean of YAML 1.1.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Some(true),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Some(false),
        _ => None,
    }
}

/// What the deserializer makes of a node; numbers keep no value here, since their text is taken from the source.
enum Raw {
    Null,
    Text(String),
    Number,
    List(Vec<Spanned<Self>>),
    Mapping(Vec<(Spanned<Self>, Spanned<Self>)>),
}

fn node(raw: Spanned<Raw>, source: &str) -> Node {
    let span = |location: serde_saphyr::Location| {
        let span = location.span();
        let start = usize::try_from(span.byte_offset()?).ok()?;
        let end = start.checked_add(usize::try_from(span.byte_len()?).ok()?)?;
        source.get(start..end).map(|_text| start..end)
    };
    let stands_here = raw.referenced == raw.defined;
    let defined = span(raw.defined);
    let written = defined.clone().map_or("", |range| &source[range]);
    let value = match raw.value {
        Raw::Null => Value::Null,
        Raw::Text(text) => Value::Scalar {
            plain: !written.starts_with(['"', '\'']) && written.trim_end() == text,
            text,
        },
        Raw::Number => Value::Scalar {
            plain: !written.starts_with(['"', '\'']),
            text: written.trim_matches(['"', '\'']).to_owned(),
        },
        Raw::List(items) => Value::List(items.into_iter().map(|item| node(item, source)).collect()),
        Raw::Mapping(entries) => Value::Mapping(
            entries
                .into_iter()
                .map(|(key, value)| (node(key, source), node(value, source)))
                .collect(),
        ),
    };
    Node {
        value,
        place: place(raw.referenced),
        span: defined.filter(|_range| stands_here),
    }
}

fn place(location: serde_saphyr::Location) -> Place {
    let number = |value: u64| u32::try_from(value).unwrap_or(u32::MAX).max(1);
    Place {
        line: number(location.line()),
        column: number(location.column()),
    }
}

fn syntax_error(error: &serde_saphyr::Error) -> SyntaxError {
    let error = error.without_snippet();
    let duplicate = match error {
        serde_saphyr::Error::DuplicateMappingKey { key, .. } => {
            Some(key.clone().unwrap_or_default())
        }
        _ => None,
    };
    SyntaxError {
        message: visible(&DefaultMessageFormatter.format_message(error)),
        place: error.location().map(place),
        duplicate,
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any YAML value")
    }

    fn visit_bool<E: de::Error>(self, _value: bool) -> Result<Raw, E> {
        Ok(Raw::Number)
    }

    fn visit_i64<E: de::Error>(self, _value: i64) -> Result<Raw, E> {
        Ok(Raw::Number)
    }

    fn visit_u64<E: de::Error>(self, _value: u64) -> Result<Raw, E> {
        Ok(Raw::Number)
    }

    fn visit_f64<E: de::Error>(self, _value: f64) -> Result<Raw, E> {
        Ok(Raw::Number)
    }

    fn visit_unit<E: de::Error>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E: de::Error>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Text(value.to_owned()))
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<Raw, E> {
        Ok(Raw::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Raw::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = access.next_entry()? {
            entries.push(entry);
        }
        Ok(Raw::Mapping(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str, key: &str) -> Node {
        let root = read(text).expect(text);
        let entries = root.entries().expect("a mapping");
        let found = entries
            .iter()
            .find(|(name, _value)| name.text() == Some(key));
        found.expect(key).1.clone()
    }

    #[test]
    fn scalars_keep_their_text_and_say_whether_they_are_quoted() {
        let text = "n: 010\nf: 1.10\nq: \"true\"\ns: 'a b'  # why\nyes: yes\nlong: a\n  b\nblock: |\n  x\n";
        assert_eq!(value(text, "n").text(), Some("010"));
        assert_eq!(value(text, "f").text(), Some("1.10"));
        assert_eq!(value(text, "q").boolean(), None);
        assert_eq!(value(text, "q").text(), Some("true"));
        assert_eq!(value(text, "yes").boolean(), Some(true));
        assert_eq!(value(text, "long").text(), Some("a b"));
        assert_eq!(value(text, "block").text(), Some("x\n"));
        let quoted = value(text, "s");
        assert_eq!(quoted.text(), Some("a b"));
        assert_eq!(quoted.place, Place { line: 4, column: 4 });
        assert_eq!(&text[quoted.span.expect("a span")], "'a b'");
    }

    #[test]
    fn an_alias_has_a_place_but_no_bytes_of_its_own() {
        let text = "a: &x foo\nb: *x\n";
        let alias = value(text, "b");
        assert_eq!(alias.text(), Some("foo"));
        assert_eq!(alias.place, Place { line: 2, column: 4 });
        assert_eq!(alias.span, None);
    }

    #[test]
    fn errors_have_places() {
        let error = read("a: 1\na: 2\n").expect_err("a duplicate");
        assert_eq!(error.duplicate.as_deref(), Some("a"));
        assert_eq!(error.place, Some(Place { line: 2, column: 1 }));
        let error = read("title: Foo: bar\n").expect_err("a colon");
        assert_eq!(
            error.place,
            Some(Place {
                line: 1,
                column: 11
            })
        );
        assert!(!error.message.contains("line 1"), "{}", error.message);
    }

    #[test]
    fn hostile_documents_end_soon() {
        let laughs = (1..12).fold("a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned(), |text, n| {
            let item = format!("*a{}", n - 1);
            format!("{text}a{n}: &a{n} [{}]\n", [item.as_str(); 9].join(","))
        });
        assert!(read(&laughs).is_err());
        let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(&deep(MAX_DEPTH)).is_ok());
        assert!(read(&deep(MAX_DEPTH + 1)).is_err());
        assert!(read(&"[".repeat(100_000)).is_err());
        assert!(read(&"- ".repeat(100_000)).is_err());
        assert!(read(&"{a: ".repeat(100_000)).is_err());
        assert!(read("a: &a [*a]\n").is_err());
        let ladder = (1..200).fold(format!("a0: &a0 {}\n", deep(20)), |text, n| {
            let item = format!("{}*a{}{}", "[".repeat(20), n - 1, "]".repeat(20));
            format!("{text}a{n}: &a{n} {item}\n")
        });
        assert!(read(&ladder).is_err());
        assert!(read("x: .inf\ny: 1e999\n").is_ok());
    }
}
