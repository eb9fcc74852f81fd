//! Lines of codex's standard error: its log, and what it says when it can't begin.

use super::words;

/// Longer lines are cut.
const LONGEST: usize = 500;

/// A line of standard error.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A line of its log, without time and colours: it says nothing about how the process ended.
    Log(String),
    /// Anything else: what it says before it gives up is the last of these.
    Words(String),
}

impl Line {
    /// What the line is.
    pub(super) fn of(line: &str) -> Self {
        let line = without_colours(line);
        let (first, rest) = line.trim().split_once(' ').unwrap_or_default();
        if first.parse::<jiff::Timestamp>().is_ok() {
            Self::Log(words::short(rest, LONGEST))
        } else {
            Self::Words(words::short(&line, LONGEST))
        }
    }
}

/// The text without SGR sequences, the only ones in codex's log.
fn without_colours(line: &str) -> String {
    let mut pieces = line.split("\u{1b}[");
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        match piece.split_once('m') {
            Some((numbers, rest)) if numbers.bytes().all(|byte| b"0123456789;".contains(&byte)) => {
                text.push_str(rest);
            }
            _ => {
                text.push_str("\u{1b}[");
                text.push_str(piece);
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_line_is_told_by_its_time() {
        let line = "\u{1b}[2m2026-11-21T04:36:30.126098Z\u{1b}[0m \u{1b}[31mERROR\u{1b}[0m \
            \u{1b}[2mcodex_core::session\u{1b}[0m\u{1b}[2m:\u{1b}[0m not found";
        let text = "ERROR codex_core::session: not found".to_owned();
        assert_eq!(Line::of(line), Line::Log(text));
        let words = "Error: no rollout found".to_owned();
        assert_eq!(Line::of("Error: no rollout found"), Line::Words(words));
        assert_eq!(Line::of("\u{1b}[Hm"), Line::Words("\u{1b}[Hm".into()));
    }
}
