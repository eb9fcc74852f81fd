//! JSON and YAML as one tree.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::ConvertError;
use crate::domain::ticket::Place;
use crate::tickets::yaml::{self, Node, Value};

/// Reads a document: JSON when it begins like one, else YAML.
pub(super) fn read(text: &str) -> Result<Node, ConvertError> {
    let text = text.trim_start_matches('\u{feff}');
    if text.trim_start().starts_with(['{', '[']) {
        // YAML in flow style begins the same.
        return match serde_json::from_str::<Json>(text) {
            Ok(Json(node)) => Ok(node),
            Err(json) => yaml::read(text).map_err(|_yaml| ConvertError::Wrong {
                line: json.line().max(1),
                message: format!("this is not valid JSON: {json}"),
            }),
        };
    }
    yaml::read(text).map_err(|error| ConvertError::Wrong {
        line: error.place.map_or(1, |place| place.line as usize),
        message: match &error.duplicate {
            Some(key) => format!("`{key}` is written twice: keep one of them"),
            None => format!("this is not valid YAML: {}", error.message),
        },
    })
}

/// JSON as the same tree, without places: its errors carry their line themselves.
struct Json(Node);

fn node(value: Value) -> Node {
    Node {
        value,
        place: Place { line: 1, column: 1 },
        span: None,
    }
}

fn plain(text: impl fmt::Display) -> Json {
    Json(node(Value::Scalar {
        text: text.to_string(),
        plain: true,
    }))
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Json, E> {
        Ok(plain(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Json, E> {
        Ok(plain(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Json, E> {
        Ok(plain(value))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Json, E> {
        Ok(plain(value))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Json, E> {
        Ok(Json(node(Value::Null)))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Json, E> {
        Ok(Json(node(Value::Scalar {
            text: value.to_owned(),
            plain: false,
        })))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(Json(item)) = access.next_element()? {
            items.push(item);
        }
        Ok(Json(node(Value::List(items))))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut entries: Vec<(Node, Node)> = Vec::new();
        while let Some((key, Json(value))) = access.next_entry::<String, Json>()? {
            if entries.iter().any(|(name, _)| name.text() == Some(&key)) {
                return Err(de::Error::custom(format!(
                    "`{key}` is written twice: keep one of them"
                )));
            }
            let name = Value::Scalar {
                text: key,
                plain: false,
            };
            entries.push((node(name), value));
        }
        Ok(Json(node(Value::Mapping(entries))))
    }
}
