//! A text on its way to the user's editor and back: a file of docket's own, gone again afterwards.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// See the module. Dropping it removes the file.
pub(crate) struct Draft {
    path: PathBuf,
}

impl Draft {
    /// Writes the text beside the evidence, in docket's own folder, for nobody else to read.
    pub(crate) fn write(evidence_root: &Path, text: &str) -> Result<Self, String> {
        let folder = evidence_root.parent().unwrap_or(evidence_root);
        let path = folder.join(format!("draft-{}.md", std::process::id()));
        let written = fs::create_dir_all(folder).and_then(|()| {
            // One that was left by a docket of the same number is nobody's any more.
            let _not_there = fs::remove_file(&path);
            let mut options = OpenOptions::new();
            let mut file = options
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&path)?;
            file.write_all(text.as_bytes())
        });
        match written {
            Ok(()) => Ok(Self { path }),
            Err(error) => Err(format!("can't write {}: {error}", path.display())),
        }
    }

    /// Where it lies.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What is in it now, without the line end that editors put at the end.
    pub(crate) fn read(&self) -> Result<String, String> {
        let text = fs::read_to_string(&self.path)
            .map_err(|error| format!("can't read {}: {error}", self.path.display()))?;
        let text = text.strip_suffix('\n').unwrap_or(&text);
        Ok(text.strip_suffix('\r').unwrap_or(text).to_owned())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        let _gone_already = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_comes_back_and_leaves_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let evidence = folder.path().join(".docket/evidence");
        let draft = Draft::write(&evidence, "one\ntwo").expect("written");
        assert_eq!(draft.read().as_deref(), Ok("one\ntwo"));
        fs::write(draft.path(), "one\n\nthree\n").expect("edited");
        assert_eq!(draft.read().as_deref(), Ok("one\n\nthree"));
        let path = draft.path().to_owned();
        drop(draft);
        assert!(!path.exists());
    }
}
