//! JSON in colour, indented or in one line; the order of its keys is kept.

use std::fmt;

use ratatui::text::{Line, Span};
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};

use super::super::text;
use super::super::theme::{Role, Theme};

/// A value is not followed deeper than this; nobody reads it, and the stack is spared.
const DEEPEST: usize = 60;

/// The lines of a document, indented, not wrapped. `None` when it is no JSON.
pub(crate) fn lines(json: &str, theme: &Theme) -> Option<Vec<Line<'static>>> {
    let value: Value = serde_json::from_str(json).ok()?;
    let mut writer = Writer::new(theme, true);
    writer.value(&value, 0);
    writer.end_line(0);
    Some(writer.lines)
}

/// One value as one line, not wrapped. `None` when it is no JSON.
pub(crate) fn entry(json: &str, theme: &Theme) -> Option<Line<'static>> {
    let value: Value = serde_json::from_str(json).ok()?;
    let mut writer = Writer::new(theme, false);
    writer.value(&value, 0);
    Some(Line::from(writer.spans))
}

/// A value with its keys in their order.
enum Value {
    /// `null`, a boolean or a number, as it is written.
    Word(String),
    Text(String),
    List(Vec<Self>),
    Table(Vec<(String, Self)>),
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Value;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }
            fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
                Ok(Value::Word("null".to_owned()))
            }
            fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
                Ok(Value::Word(value.to_string()))
            }
            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
                Ok(Value::Word(value.to_string()))
            }
            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
                Ok(Value::Word(value.to_string()))
            }
            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
                Ok(Value::Word(value.to_string()))
            }
            fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
                Ok(Value::Text(value.to_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = list.next_element()? {
                    values.push(value);
                }
                Ok(Value::List(values))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut table: A) -> Result<Value, A::Error> {
                let mut values = Vec::new();
                while let Some(pair) = table.next_entry()? {
                    values.push(pair);
                }
                Ok(Value::Table(values))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

struct Writer<'a> {
    theme: &'a Theme,
    indents: bool,
    lines: Vec<Line<'static>>,
    spans: Vec<Span<'static>>,
}

impl<'a> Writer<'a> {
    fn new(theme: &'a Theme, indents: bool) -> Self {
        Self {
            theme,
            indents,
            lines: Vec::new(),
            spans: Vec::new(),
        }
    }

    fn push(&mut self, content: &str, role: Role) {
        let content = text::clean(content).into_owned();
        self.spans
            .push(Span::styled(content, self.theme.style(role)));
    }

    fn end_line(&mut self, depth: usize) {
        if self.indents {
            self.lines.push(Line::from(std::mem::take(&mut self.spans)));
            if depth > 0 {
                self.spans.push(Span::raw("  ".repeat(depth)));
            }
        } else {
            self.spans.push(Span::raw(" "));
        }
    }

    /// A text as JSON writes it: quoted, and what is no letter escaped.
    fn quoted(&mut self, content: &str, role: Role) {
        let quoted = serde_json::to_string(content).unwrap_or_default();
        self.push(&quoted, role);
    }

    fn value(&mut self, value: &Value, depth: usize) {
        match value {
            Value::Word(word) => self.push(word, Role::Code),
            Value::Text(content) => self.quoted(content, Role::Text),
            Value::List(values) if values.is_empty() => self.push("[]", Role::Dim),
            Value::Table(values) if values.is_empty() => self.push("{}", Role::Dim),
            Value::List(_) | Value::Table(_) if depth > DEEPEST => self.push("...", Role::Dim),
            Value::List(values) => {
                self.push("[", Role::Dim);
                for (index, value) in values.iter().enumerate() {
                    self.next(index, depth);
                    self.value(value, depth + 1);
                }
                self.close("]", depth);
            }
            Value::Table(values) => {
                self.push("{", Role::Dim);
                for (index, (key, value)) in values.iter().enumerate() {
                    self.next(index, depth);
                    self.quoted(key, Role::Accent);
                    self.push(": ", Role::Dim);
                    self.value(value, depth + 1);
                }
                self.close("}", depth);
            }
        }
    }

    fn next(&mut self, index: usize, depth: usize) {
        if index > 0 {
            self.push(",", Role::Dim);
        }
        if self.indents || index > 0 {
            self.end_line(depth + 1);
        }
    }

    fn close(&mut self, bracket: &str, depth: usize) {
        if self.indents {
            self.end_line(depth);
        }
        self.push(bracket, Role::Dim);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_indented_and_keep_their_order() {
        let theme = Theme::plain();
        let lines = lines(r#"{"z":[1,{"k":"a\n\u001b[31m"}],"a":{},"n":null}"#, &theme);
        let lines: Vec<String> = lines
            .expect("JSON")
            .iter()
            .map(ToString::to_string)
            .collect();
        let expected = [
            "{",
            "  \"z\": [",
            "    1,",
            "    {",
            "      \"k\": \"a\\n\\u001b[31m\"",
            "    }",
            "  ],",
            "  \"a\": {},",
            "  \"n\": null",
            "}",
        ];
        assert_eq!(lines, expected);
        let entry = entry(r#"{"b":[1,2],"a":"x"}"#, &theme).expect("JSON");
        assert_eq!(entry.to_string(), r#"{"b": [1, 2], "a": "x"}"#);
        assert!(super::lines("{", &theme).is_none());
    }

    #[test]
    fn a_deep_one_is_no_danger() {
        let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
        assert!(lines(&deep, &Theme::plain()).is_some());
        let deeper = "[".repeat(100_000);
        assert!(lines(&deeper, &Theme::plain()).is_none());
    }
}
