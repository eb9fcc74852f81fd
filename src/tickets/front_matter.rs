//! Where the front matter of a ticket file begins and ends, to the byte.

use std::ops::Range;

/// The parts of a file with front matter, as byte ranges of its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FrontMatter {
    /// The YAML: from the line after the opening `---` up to the closing line.
    pub(crate) yaml: Range<usize>,
    /// What comes after the closing line.
    pub(crate) body: Range<usize>,
    /// How the opening line ends: `\n` or `\r\n`; new lines are written the same way.
    pub(crate) line_end: &'static str,
}

/// Why a text has no front matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// The first line isn't `---`.
    Opening,
    /// No later line is `---` or `...`.
    Closing,
}

/// The byte order mark that some editors put first.
const BYTE_ORDER_MARK: char = '\u{feff}';

impl FrontMatter {
    /// Finds the front matter: `---` on the first line (after a byte order mark, if there is one), then YAML, then `---` or `...`.
    /// White space after the markers is allowed.
    pub(crate) fn find(text: &str) -> Result<Self, Missing> {
        let start = if text.starts_with(BYTE_ORDER_MARK) {
            BYTE_ORDER_MARK.len_utf8()
        } else {
            0
        };
        let mut lines = text[start..].split_inclusive('\n');
        let opening = lines.next().unwrap_or_default();
        if opening.trim_end() != "---" {
            return Err(Missing::Opening);
        }
        let line_end = if opening.ends_with("\r\n") {
            "\r\n"
        } else {
            "\n"
        };
        let yaml_start = start + opening.len();
        let mut at = yaml_start;
        for line in lines {
            if matches!(line.trim_end(), "---" | "...") {
                return Ok(Self {
                    yaml: yaml_start..at,
                    body: at + line.len()..text.len(),
                    line_end,
                });
            }
            at += line.len();
        }
        Err(Missing::Closing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Result<(&str, &str), Missing> {
        FrontMatter::find(text).map(|found| (&text[found.yaml], &text[found.body]))
    }

    #[test]
    fn finds_the_parts() {
        assert_eq!(parts("---\na: 1\n---\nbody"), Ok(("a: 1\n", "body")));
        assert_eq!(parts("---  \r\na: 1\r\n...\r\n"), Ok(("a: 1\r\n", "")));
        assert_eq!(parts("\u{feff}---\n---"), Ok(("", "")));
        assert_eq!(
            parts("---\nb: |\n  ---\n---\n---\n"),
            Ok(("b: |\n  ---\n", "---\n"))
        );
    }

    #[test]
    fn says_what_is_missing() {
        assert_eq!(parts(""), Err(Missing::Opening));
        assert_eq!(parts("# Title\n---\n---\n"), Err(Missing::Opening));
        assert_eq!(parts("----\n"), Err(Missing::Opening));
        assert_eq!(parts("---\na: 1\n"), Err(Missing::Closing));
        assert_eq!(parts("---"), Err(Missing::Closing));
    }
}
