//! Versions of agents: found in what a program says, compared with those that docket was tested with.

use serde::Serialize;

/// How an installed version stands to those that were tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Fit {
    /// It was tested.
    Tested,
    /// It is newer: it will do, most likely.
    Newer,
    /// It is older: what docket counts on may not be there yet.
    Older,
}

/// The version in a line such as `codex-cli 0.169.0` or `2.1.329 (Claude Code)`.
pub(super) fn find(line: &str) -> Option<&str> {
    line.split([' ', '\t', '/', ',', '(', ')'])
        .map(|word| word.trim_start_matches('v'))
        .find(|word| {
            word.starts_with(|first: char| first.is_ascii_digit())
                && word.contains('.')
                && word
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+'))
        })
}

/// How `version` stands to the tested ones, of which the last is the newest.
pub(super) fn fit(version: &str, tested: &[&str]) -> Option<Fit> {
    let newest = tested.last()?;
    Some(if tested.contains(&version) {
        Fit::Tested
    } else if numbers(version) < numbers(newest) {
        Fit::Older
    } else {
        Fit::Newer
    })
}

fn numbers(version: &str) -> Vec<u64> {
    let release = version.split(['-', '+']).next().unwrap_or(version);
    release
        .split('.')
        .map(|part| part.parse().unwrap_or(0))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_and_compared() {
        assert_eq!(find("codex-cli 0.169.0"), Some("0.169.0"));
        assert_eq!(find("2.1.329 (Claude Code)"), Some("2.1.329"));
        assert_eq!(find("v1.18.33"), Some("1.18.33"));
        assert_eq!(find("agent/3.0.0-rc.1 linux"), Some("3.0.0-rc.1"));
        assert_eq!(find("warning: see https://example.org"), None);
        assert_eq!(find("usage: codex"), None);
        let tested = &["0.9.0", "0.169.0"];
        assert_eq!(fit("0.169.0", tested), Some(Fit::Tested));
        assert_eq!(fit("0.9.0", tested), Some(Fit::Tested));
        assert_eq!(fit("0.170.0", tested), Some(Fit::Newer));
        assert_eq!(fit("1.0.0-beta", tested), Some(Fit::Newer));
        assert_eq!(fit("0.20.0", tested), Some(Fit::Older));
        assert_eq!(fit("1", &[]), None);
    }
}
