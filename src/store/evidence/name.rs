//! Names of evidence files: what users call things must never lead out of the folder or onto another file.

use super::super::error::EvidenceError;
use crate::domain::hash::sha256;

/// How temporary files begin. No name of evidence begins with a dot, so they never meet.
pub(super) const TEMPORARY: &str = ".tmp-";

const LONGEST_STEM: usize = 60;

/// Lets only relative names with `/` pass whose parts are plain: no `..`, nothing hidden, nothing that a shell or another
/// system reads differently.
pub(in super::super) fn check(name: &str) -> Result<(), EvidenceError> {
    let is_plain = |part: &str| {
        !part.is_empty()
            && part.len() <= 200
            && !part.starts_with('.')
            && !part.chars().any(|c| c.is_control() || c == '\\')
    };
    if name.len() <= 1000 && name != super::MANIFEST && name.split('/').all(is_plain) {
        Ok(())
    } else {
        Err(EvidenceError::BadPath {
            path: name.to_owned(),
        })
    }
}

/// The name of a validation as a part of a file name: letters, digits, `.`, `_` and `-`. A name that had to be changed beyond
/// blanks gets a piece of its hash, so that two names stay two.
pub(super) fn file_stem(name: &str) -> String {
    let mut stem = String::new();
    let mut is_faithful = true;
    for c in name.trim().chars() {
        let is_plain = c.is_ascii_alphanumeric() || c == '_';
        // Never first: a dot hides a file, a dash looks like an option.
        let is_inner = matches!(c, '.' | '-' | ' ') && !stem.is_empty();
        if stem.len() == LONGEST_STEM {
            is_faithful = false;
            break;
        }
        is_faithful &= is_plain || is_inner;
        if is_plain || (is_inner && c != ' ') {
            stem.push(c);
        } else if !stem.is_empty() {
            stem.push('-');
        }
    }
    if stem.is_empty() || !is_faithful {
        let hash = sha256(name.as_bytes()).to_string();
        let joint = if stem.is_empty() { "validation" } else { &stem };
        return format!("{joint}-{}", &hash[..8]);
    }
    stem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_leave_the_folder_are_refused() {
        for name in [
            "",
            "/etc/passwd",
            "../x",
            "a/../b",
            "a//b",
            "./a",
            ".hidden",
            "a/.b",
            "a\\b",
            "a\nb",
            "a\0b",
            "manifest.json",
            "a/",
        ] {
            assert!(check(name).is_err(), "{name:?}");
        }
        for name in [
            "prompt.md",
            "validations/cargo-test.log",
            "turns/2/prompt.md",
            "Ünïcode.md",
        ] {
            assert!(check(name).is_ok(), "{name:?}");
        }
    }

    #[test]
    fn what_users_call_a_validation_becomes_a_plain_file_name() {
        assert_eq!(file_stem("cargo test"), "cargo-test");
        assert_eq!(file_stem("fmt"), "fmt");
        assert_eq!(file_stem("v1.2"), "v1.2");
        assert!(file_stem("../../etc/passwd").starts_with("etc-passwd-"));
        assert_ne!(file_stem("a/b"), file_stem("a:b"));
        assert!(file_stem("").starts_with("validation-"));
        assert!(file_stem("...").starts_with("validation-"));
        assert!(file_stem("--help").starts_with("help-"));
        assert!(file_stem(&"x".repeat(500)).len() < 80);
        for name in [
            "../../x",
            "",
            "ä",
            "a\nb",
            ".x",
            "\0",
            "-",
            &"é".repeat(300),
        ] {
            let stem = file_stem(name);
            assert!(
                check(&format!("validations/{stem}.log")).is_ok(),
                "{name:?}"
            );
        }
    }
}
