//! `DISPATCH.md`: a message from agent to human, in the form that codex-autorunner taught its agents.

use super::fields::in_file;
use super::front_matter::{FrontMatter, Missing};
use super::yaml;
use crate::domain::ticket::Place;

/// Whether the work goes on while the human reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// It goes on.
    #[default]
    Notify,
    /// It waits for a reply.
    Pause,
}

/// A message from agent to human.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispatch {
    /// Whether the work waits for a reply.
    pub mode: Mode,
    /// The subject, if there is one.
    pub title: Option<String>,
    /// The message, without white space around it.
    pub body: String,
}

/// Why a dispatch can't be understood. What it says must reach the human all the same: as a pause, with the raw text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DispatchError {
    /// The file is not UTF-8.
    #[error("DISPATCH.md is not UTF-8")]
    NotUtf8,
    /// The front matter begins but doesn't end.
    #[error("the front matter of DISPATCH.md isn't closed: write `---` after the last key")]
    Unclosed,
    /// The front matter can't be read.
    #[error("the front matter of DISPATCH.md is not valid: {message}")]
    Invalid {
        /// What is wrong.
        message: String,
        /// Where.
        place: Option<Place>,
    },
    /// The mode is neither of the two.
    #[error("`mode` in DISPATCH.md takes `notify` or `pause`, not {found}")]
    UnknownMode {
        /// What stands there.
        found: String,
    },
}

/// Reads a dispatch. Front matter is optional, and so are its keys `mode` (`notify` when missing) and `title`; other keys are ignored.
pub fn parse(bytes: &[u8]) -> Result<Dispatch, DispatchError> {
    let text = std::str::from_utf8(bytes).map_err(|_error| DispatchError::NotUtf8)?;
    let parts = match FrontMatter::find(text) {
        Ok(parts) => parts,
        Err(Missing::Closing) => return Err(DispatchError::Unclosed),
        Err(Missing::Opening) => {
            return Ok(Dispatch {
                mode: Mode::Notify,
                title: None,
                body: text.trim_start_matches('\u{feff}').trim().to_owned(),
            });
        }
    };
    let root = yaml::read(&text[parts.yaml]).map_err(|error| DispatchError::Invalid {
        message: error.message,
        place: error.place.map(in_file),
    })?;
    if root.entries().is_none() && !root.is_null() {
        return Err(DispatchError::Invalid {
            message: format!("`key: value` lines are expected, not {}", root.describe()),
            place: Some(in_file(root.place)),
        });
    }
    let value = |key: &str| {
        let entries = root.entries().unwrap_or_default();
        let found = entries
            .iter()
            .find(|(name, _value)| name.text() == Some(key));
        found
            .map(|(_name, value)| value)
            .filter(|value| !value.is_null())
    };
    let mode = match value("mode") {
        None => Mode::Notify,
        Some(node) => match node
            .text()
            .map(|text| text.trim().to_ascii_lowercase())
            .as_deref()
        {
            // Summaries of turns are codex-autorunner's own; an agent that imitates one asks for nothing.
            Some("notify" | "turn_summary") => Mode::Notify,
            Some("pause") => Mode::Pause,
            _ => {
                let found = node.describe();
                return Err(DispatchError::UnknownMode { found });
            }
        },
    };
    let title = value("title").and_then(yaml::Node::text).map(str::trim);
    Ok(Dispatch {
        mode,
        title: title.filter(|title| !title.is_empty()).map(str::to_owned),
        body: text[parts.body].trim().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, mode: Mode, title: Option<&str>, body: &str) {
        let expected = Dispatch {
            mode,
            title: title.map(str::to_owned),
            body: body.to_owned(),
        };
        assert_eq!(parse(text.as_bytes()), Ok(expected), "{text:?}");
    }

    #[test]
    fn front_matter_is_optional() {
        check("", Mode::Notify, None, "");
        check("Half way.\n", Mode::Notify, None, "Half way.");
        check("---\n---\nHello", Mode::Notify, None, "Hello");
        check(
            "---\nmode: pause\ntitle: Which codec?\nextra: 1\n---\n\nA or B?\n",
            Mode::Pause,
            Some("Which codec?"),
            "A or B?",
        );
        check(
            "---\r\nmode: Notify\r\n...\r\nx\r\n",
            Mode::Notify,
            None,
            "x",
        );
        check("---\nmode: turn_summary\n---\nx", Mode::Notify, None, "x");
    }

    #[test]
    fn what_cannot_be_understood_is_said() {
        let error = |text: &str| parse(text.as_bytes()).expect_err(text).to_string();
        assert_eq!(
            error("---\nmode: stop\n---\n"),
            "`mode` in DISPATCH.md takes `notify` or `pause`, not `stop`"
        );
        assert_eq!(
            error("---\nmode: pause\n"),
            DispatchError::Unclosed.to_string()
        );
        assert!(matches!(
            parse(b"---\na: b: c\n---\n"),
            Err(DispatchError::Invalid {
                place: Some(Place { line: 2, column: 5 }),
                ..
            })
        ));
        assert!(matches!(
            parse(b"---\n- a\n---\n"),
            Err(DispatchError::Invalid { .. })
        ));
        assert_eq!(parse(b"\xff"), Err(DispatchError::NotUtf8));
    }
}
