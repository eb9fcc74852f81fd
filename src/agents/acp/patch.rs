//! Old and new text as a unified diff.

use std::fmt::Write as _;
use std::time::Duration;

use similar::TextDiff;

/// Only so much time goes into making a diff small; what is left over is shown as one change.
const PATIENCE: Duration = Duration::from_millis(200);
/// Longer texts are not compared: docket's own diff is the evidence, this one is for reading along.
const LONGEST: usize = 4 << 20;

/// The change of one file; `None` when nothing changed or when it is too long to be read.
pub(in crate::agents) fn unified(path: &str, old: &str, new: &str) -> Option<String> {
    if old == new || old.len() + new.len() > LONGEST {
        return None;
    }
    let from = if old.is_empty() {
        "/dev/null".to_owned()
    } else {
        format!("a/{path}")
    };
    let diff = TextDiff::configure().timeout(PATIENCE).diff_lines(old, new);
    let patch = diff
        .unified_diff()
        .context_radius(3)
        .header(&from, &format!("b/{path}"))
        .to_string();
    Some(patch)
}

/// How much of a change goes along with a request: it is stored with it.
const MOST: usize = 64 << 10;

/// The patches of a request as one, cut at the end of a line; what is missing is said in the way of diffs.
pub(in crate::agents) fn shown(patches: impl IntoIterator<Item = String>) -> Option<String> {
    let mut whole = String::new();
    for patch in patches {
        whole.push_str(&patch);
        if !whole.is_empty() && !whole.ends_with('\n') {
            whole.push('\n');
        }
    }
    if whole.len() > MOST {
        let cut = whole.as_bytes()[..MOST]
            .iter()
            .rposition(|byte| *byte == b'\n');
        let rest = whole.split_off(cut.map_or(0, |cut| cut + 1));
        let missing = rest.lines().count();
        // Writing to a text can't fail.
        let _ = writeln!(
            whole,
            "\\ {missing} more lines, too many to be kept with the request"
        );
    }
    (!whole.is_empty()).then_some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_and_a_new_file() {
        let patch = unified("a.txt", "one\ntwo\n", "one\n2\n").expect("a change");
        assert_eq!(
            patch,
            "--- a/a.txt\n+++ b/a.txt\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n"
        );
        let patch = unified("n.txt", "", "new\n").expect("a change");
        assert!(patch.starts_with("--- /dev/null\n+++ b/n.txt\n"), "{patch}");
        assert_eq!(unified("a", "x", "x"), None);
    }
}
