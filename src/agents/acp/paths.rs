//! Paths as agents name them, as people and rules read them.

use std::path::{Component, Path, PathBuf};

/// Without `.` and `..`, by the letters alone: what is on the disk is not looked at.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                // Above the root there is the root; above a relative path is outside of it, and stays visible.
                if !plain.pop() && !plain.has_root() {
                    plain.push("..");
                }
            }
            part => plain.push(part),
        }
    }
    plain
}

/// Relative to the working tree when it is inside of it; else as it is, but without tricks in it.
pub(super) fn relative(path: &str, root: Option<&Path>) -> String {
    let path = path.strip_prefix("file://").unwrap_or(path);
    let inside = match root {
        Some(root) => plain(&root.join(path)),
        None => plain(Path::new(path)),
    };
    let shown = match root.map(|root| inside.strip_prefix(plain(root))) {
        Some(Ok(rest)) if rest.as_os_str().is_empty() => Path::new("."),
        Some(Ok(rest)) => rest,
        Some(Err(_)) | None => &inside,
    };
    shown.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inside_is_relative_and_outside_is_seen_to_be() {
        let root = Some(Path::new("/repo/tree"));
        for (path, shown) in [
            ("/repo/tree/src/a.rs", "src/a.rs"),
            ("src/a.rs", "src/a.rs"),
            ("/repo/tree", "."),
            ("/repo/tree/../other/a", "/repo/other/a"),
            ("/repo/tree/x/../a", "a"),
            ("../../etc/passwd", "/etc/passwd"),
            ("/repo/treehouse/a", "/repo/treehouse/a"),
            ("file:///repo/tree/a", "a"),
        ] {
            assert_eq!(relative(path, root), shown, "{path}");
        }
        assert_eq!(relative("a/../../b", None), "../b");
    }
}
