//! Unified diffs in colour.

use ratatui::text::{Line, Span};

use super::super::text;
use super::super::theme::{Role, Theme};

/// The lines of a unified diff, not wrapped.
pub(crate) fn lines(patch: &str, theme: &Theme) -> Vec<Line<'static>> {
    patch
        .lines()
        .map(|line| {
            let content = text::clean(line).into_owned();
            Line::from(Span::styled(content, theme.style(role(line))))
        })
        .collect()
}

/// What a line of a patch is, by itself.
pub(crate) fn role(line: &str) -> Role {
    const FILE: [&str; 12] = [
        "diff ",
        "index ",
        "--- ",
        "+++ ",
        "new file",
        "deleted file",
        "rename ",
        "similarity ",
        "old mode",
        "new mode",
        "copy ",
        "Binary ",
    ];
    if FILE.iter().any(|start| line.starts_with(start)) {
        Role::DiffFile
    } else if line.starts_with("@@") {
        Role::DiffHunk
    } else if line.starts_with('+') {
        Role::DiffAdd
    } else if line.starts_with('-') {
        Role::DiffDel
    } else {
        Role::Text
    }
}

/// How many lines a patch adds and removes.
pub(crate) fn counts(patch: &str) -> (usize, usize) {
    let of = |sign: char, head: &str| {
        patch
            .lines()
            .filter(|line| line.starts_with(sign) && !line.starts_with(head))
            .count()
    };
    (of('+', "+++ "), of('-', "--- "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_the_role_of_their_kind() {
        let patch = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n-old\n+new\n same\n";
        let roles: Vec<Role> = patch.lines().map(role).collect();
        assert_eq!(
            roles,
            [
                Role::DiffFile,
                Role::DiffFile,
                Role::DiffFile,
                Role::DiffHunk,
                Role::DiffDel,
                Role::DiffAdd,
                Role::Text
            ]
        );
        assert_eq!(counts(patch), (1, 1));
    }
}
