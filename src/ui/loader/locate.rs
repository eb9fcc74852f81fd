//! A name on a terminal as a file: `src/main.rs:12:5`, below the folder where the program was started.

use std::path::Path;

use crate::ui::session::Outside;

/// The file that a name means, for the user's editor. The error is for people.
pub(super) fn locate(name: &str, folder: &Path) -> Result<Outside, String> {
    // `path`, `path:line`, `path:line:column`; compilers put a colon behind.
    let mut parts = name.trim_end_matches(':').split(':');
    let path = parts.next().unwrap_or_default();
    let line = parts.next().and_then(|line| line.parse().ok());
    let missing = |why: &str| format!("can't open {name}: {why}");
    if name.contains("://") {
        return Err(missing("an address is copied with g l"));
    }
    let root = folder
        .canonicalize()
        .map_err(|error| missing(&error.to_string()))?;
    // Links are followed before it is decided: nothing outside of the folder is opened.
    let path = root
        .join(path)
        .canonicalize()
        .map_err(|_not_there| missing("there is no such file in the terminal's folder"))?;
    if !path.starts_with(&root) {
        return Err(missing("it is not in the terminal's folder"));
    }
    if !path.is_file() {
        return Err(missing("it is no file"));
    }
    Ok(Outside::Editor { path, line })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_the_folder_are_opened() {
        let folder = tempfile::tempdir().expect("a folder");
        let inner = folder.path().join("inner");
        std::fs::create_dir(&inner).expect("a folder");
        std::fs::write(inner.join("main.rs"), "").expect("a file");
        std::fs::write(folder.path().join("secret"), "").expect("a file");
        std::os::unix::fs::symlink("../secret", inner.join("link")).expect("a link");
        let opened = locate("main.rs:12:5:", &inner).expect("a file");
        let path = inner.canonicalize().expect("a path").join("main.rs");
        assert_eq!(
            opened,
            Outside::Editor {
                path,
                line: Some(12)
            }
        );
        for (name, why) in [
            ("../secret", "not in the terminal's folder"),
            ("link", "not in the terminal's folder"),
            ("other.rs:1", "no such file"),
            (".", "no file"),
            ("https://example.org", "g l"),
        ] {
            let told = locate(name, &inner).expect_err(name);
            assert!(told.contains(why), "{told}");
        }
    }
}
