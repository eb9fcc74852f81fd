//! Reading JSON that others wrote: what is absent or of another type is `None`, never a failure.

use serde_json::Value;

/// The text under `key`.
pub(super) fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key)?.as_str()
}

/// The text under `key`, or nothing.
pub(super) fn word<'a>(value: &'a Value, key: &str) -> &'a str {
    text(value, key).unwrap_or_default()
}

/// The count under `key`, or 0.
pub(super) fn count(value: &Value, key: &str) -> u64 {
    value.get(key).and_then(Value::as_u64).unwrap_or(0)
}

/// Whether `key` is there and true.
pub(super) fn flag(value: &Value, key: &str) -> bool {
    value.get(key).and_then(Value::as_bool).unwrap_or(false)
}

/// The list under `key`, or an empty one.
pub(super) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value
        .get(key)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// One line for people: the first line of a text, cut at `longest` characters, with a mark where something is left out.
pub(super) fn one_line(text: &str, longest: usize) -> String {
    let text = text.trim();
    let line = text.lines().next().unwrap_or_default();
    let cut = line
        .char_indices()
        .nth(longest)
        .map_or(line, |(end, _)| &line[..end]);
    if cut.len() < text.len() {
        format!("{} …", cut.trim_end())
    } else {
        cut.to_owned()
    }
}
