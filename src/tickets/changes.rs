//! What is different between two versions of a ticket file, and one with the body of the other.

use super::edit::{NewValue, set_value};
use super::front_matter::FrontMatter;
use super::yaml::{self, Node};

/// The keys whose values differ in meaning from `before` to `after`, beside `done`. `None` when the front matter of one of them
/// can't be read.
pub fn changed_keys(before: &[u8], after: &[u8]) -> Option<Vec<String>> {
    let (before, after) = (front_matter(before)?, front_matter(after)?);
    let (before, after) = (before.entries()?, after.entries()?);
    let value = |entries: &'_ [(Node, Node)], key: &str| {
        entries
            .iter()
            .find(|(name, _value)| name.text() == Some(key))
            .map(|(_name, value)| value.clone())
    };
    let mut keys = Vec::new();
    for (name, _value) in before.iter().chain(after) {
        let key = name.text().unwrap_or_default();
        let same = match (value(before, key), value(after, key)) {
            (Some(old), Some(new)) => old.means_the_same(&new),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        if !same && key != "done" && !keys.iter().any(|known| known == key) {
            keys.push(key.to_owned());
        }
    }
    Some(keys)
}

fn front_matter(bytes: &[u8]) -> Option<Node> {
    let text = std::str::from_utf8(bytes).ok()?;
    let parts = FrontMatter::find(text).ok()?;
    yaml::read(&text[parts.yaml]).ok()
}

/// What stands below the front matter.
pub fn body_of(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    let parts = FrontMatter::find(text).ok()?;
    Some(&text[parts.body])
}

/// The same file with another body. `None` when it has no front matter.
pub fn with_body(bytes: &[u8], body: &str) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let parts = FrontMatter::find(text).ok()?;
    let front = &text[..parts.body.start];
    let gap = if front.ends_with('\n') || body.is_empty() {
        ""
    } else {
        parts.line_end
    };
    Some([front, gap, body].concat().into_bytes())
}

/// The same file with `done` and, where one is given, `ticket_id` set so; `None` when they can't be set.
pub fn with_identity(bytes: &[u8], done: bool, id: Option<&str>) -> Option<Vec<u8>> {
    let bytes = set_value(bytes, "done", &NewValue::Bool(done)).ok()?;
    match id {
        Some(id) => set_value(&bytes, "ticket_id", &NewValue::Text(id.to_owned())).ok(),
        None => Some(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICKET: &[u8] =
        b"---\nagent: codex # who\nvalidate: [\"true\"]\ndone: false\n---\nOne.\n";

    #[test]
    fn keys_differ_by_meaning() {
        let keys = |after: &str| changed_keys(TICKET, after.as_bytes());
        let same = "---\ndone: true\nvalidate:\n  - \"true\"\nagent: 'codex'\n---\nTwo.\n";
        assert_eq!(keys(same), Some(Vec::new()));
        assert_eq!(
            keys("---\nagent: codex\ndone: false\ngate: none\n---\n"),
            Some(vec!["validate".to_owned(), "gate".to_owned()])
        );
        assert_eq!(keys("agent: codex\n"), None);
        assert_eq!(keys("---\na: b: c\n---\n"), None);
    }

    #[test]
    fn a_body_is_put_below_the_front_matter() {
        let with = with_body(TICKET, "Two.\n").expect("front matter");
        assert_eq!(body_of(&with), Some("Two.\n"));
        assert_eq!(changed_keys(TICKET, &with), Some(Vec::new()));
        let open = with_body(b"---\na: 1\n---", "Two.\n").expect("front matter");
        assert_eq!(body_of(&open), Some("Two.\n"));
        assert_eq!(body_of(b"no ticket"), None);
    }
}
