//! The one wildcard: `*` for any text, the empty one too.

/// Whether `pattern` matches all of `text`. A pattern that ends in ` *` also matches what stands before it: `git push *`
/// is about `git push` too.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    covers(pattern, text)
        || pattern
            .strip_suffix(" *")
            .is_some_and(|start| covers(start, text))
}

/// Linear in the text for each `*`, never exponential: after a mismatch only the last `*` takes more.
fn covers(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at, mut seen) = (0, 0);
    let mut last_star: Option<(usize, usize)> = None;
    while seen < text.len() {
        if pattern.get(at) == Some(&b'*') {
            last_star = Some((at, seen));
            at += 1;
        } else if pattern.get(at) == Some(&text[seen]) {
            at += 1;
            seen += 1;
        } else if let Some((star, from)) = last_star {
            last_star = Some((star, from + 1));
            at = star + 1;
            seen = from + 1;
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_text() {
        for (pattern, text) in [
            ("*", ""),
            ("*", "a b/c"),
            ("a*c", "abc"),
            ("a*c", "ac"),
            ("src/**", "src/a/b"),
            ("**/b", "src/a/b"),
            ("git push *", "git push"),
            ("git push *", "git push origin main"),
            ("*ü*", "grün"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("", "a"),
            ("a", ""),
            ("a*c", "abd"),
            ("git push *", "git pushx"),
            ("git push *", "git pus"),
            ("src/*", "lib/src/a"),
            ("a?c", "abc"),
        ] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn a_hostile_text_takes_no_time() {
        let text = "a".repeat(20_000);
        assert!(!matches("*a*a*a*a*a*a*a*a*b", &text));
    }
}
