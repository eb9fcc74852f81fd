//! A text on its way to the user's editor and back: a file of docket's own, gone again afterwards unless it can't be read.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// See the module. Dropping it removes the file.
pub(crate) struct Draft {
    path: PathBuf,
    /// Whether the file stays: what is in it is nowhere else.
    stays: bool,
}

impl Draft {
    /// Writes the text beside the evidence, in docket's own folder, for nobody else to read.
    pub(crate) fn write(evidence_root: &Path, text: &str) -> Result<Self, String> {
        let folder = evidence_root.parent().unwrap_or(evidence_root);
        let process = std::process::id();
        let mut path = folder.join(format!("draft-{process}.md"));
        let mut create = || {
            fs::create_dir_all(folder)?;
            let mut options = OpenOptions::new();
            options.write(true).create_new(true).mode(0o600);
            // One that is there already was left because it could not be read.
            for number in 2_u32.. {
                match options.open(&path) {
                    Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                    opened => return opened,
                }
                path = folder.join(format!("draft-{process}.{number}.md"));
            }
            Err(ErrorKind::AlreadyExists.into())
        };
        let written = create().and_then(|mut file| file.write_all(text.as_bytes()));
        match written {
            Ok(()) => Ok(Self { path, stays: false }),
            Err(error) => Err(format!("can't write {}: {error}", path.display())),
        }
    }

    /// Where it lies.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What is in it now, without the line end that editors put at the end.
    /// When it can't be read the file stays: the error names it.
    pub(crate) fn read(mut self) -> Result<String, String> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) => {
                self.stays = true;
                return Err(format!("can't read {}: {error}", self.path.display()));
            }
        };
        let text = text.strip_suffix('\n').unwrap_or(&text);
        Ok(text.strip_suffix('\r').unwrap_or(text).to_owned())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.stays {
            let _gone_already = fs::remove_file(&self.path);
        }
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
        let path = draft.path().to_owned();
        assert_eq!(draft.read().as_deref(), Ok("one\ntwo"));
        assert!(!path.exists());
        let draft = Draft::write(&evidence, "one").expect("written");
        fs::write(draft.path(), "one\n\nthree\n").expect("edited");
        assert_eq!(draft.read().as_deref(), Ok("one\n\nthree"));
        assert!(!path.exists());
    }

    #[test]
    fn what_cannot_be_read_stays_where_the_message_says() {
        let folder = tempfile::tempdir().expect("a folder");
        let evidence = folder.path().join(".docket/evidence");
        let draft = Draft::write(&evidence, "one").expect("written");
        let path = draft.path().to_owned();
        fs::write(&path, b"caf\xe9").expect("edited");
        let why = draft.read().expect_err("it is not UTF-8");
        assert!(why.contains(&path.display().to_string()), "{why}");
        assert_eq!(fs::read(&path).expect("the file"), b"caf\xe9");
        // The next one is another file.
        let next = Draft::write(&evidence, "two").expect("written");
        assert_ne!(next.path(), path);
        assert!(path.exists());
    }
}
