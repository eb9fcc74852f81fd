//! Files that are on the disk in another encoding than in git (`working-tree-encoding`, gitattributes(5)). gix writes UTF-16 as
//! UTF-8, because the encoders of the web do: here git itself writes those files, which are rare.

use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use gix::bstr::ByteSlice;

use super::command;
use super::error::GitError;
use super::snapshot::native;
use super::worktree::Worktree;

/// The attribute.
const ENCODING: &str = "working-tree-encoding";

/// How many files one call of git writes: its arguments must fit.
const AT_ONCE: usize = 200;

impl Worktree {
    /// Writes the files anew that have an encoding of their own, as git writes them. For a worktree that was just made.
    pub(super) fn write_encoded(&self) -> Result<(), GitError> {
        if !self.names_encodings()? {
            return Ok(());
        }
        let index = self.local().index_path();
        let git = |subcommand: &str, arguments: &[&OsStr]| {
            let settings = self.repository.settings();
            command::in_worktree(self.path(), settings, &index, subcommand, arguments)
        };
        // All but those for which nothing is said.
        let wanted = format!(":(exclude,attr:!{ENCODING})");
        let listed = git("ls-files", &["-z", "--", &wanted].map(OsStr::new))?;
        let paths: Vec<PathBuf> = listed
            .split(|byte| *byte == 0)
            .filter(|path| !path.is_empty())
            .map(|path| native(path.as_bstr()))
            .filter(|path| self.path().join(path).is_file())
            .collect();
        for some in paths.chunks(AT_ONCE) {
            for path in some {
                // Git leaves alone what looks unchanged.
                let on_disk = self.path().join(path);
                match fs::remove_file(&on_disk) {
                    Err(error) if error.kind() != ErrorKind::NotFound => {
                        return Err(GitError::io("write", &on_disk)(error));
                    }
                    Ok(()) | Err(_) => {}
                }
            }
            let mut arguments = ["--force", "--index", "--"].map(OsStr::new).to_vec();
            arguments.extend(some.iter().map(|path| path.as_os_str()));
            git("checkout-index", &arguments)?;
        }
        Ok(())
    }

    /// Whether any file of attributes speaks of encodings at all.
    fn names_encodings(&self) -> Result<bool, GitError> {
        let local = self.local();
        let Ok(index) = local.open_index() else {
            return Ok(false);
        };
        for entry in index.entries() {
            let path = entry.path(&index);
            if path.rsplit(|byte| *byte == b'/').next() != Some(b".gitattributes") {
                continue;
            }
            let failed = || GitError::failed(format!("read `{path}`"));
            let blob = local.find_object(entry.id).map_err(failed())?;
            if blob.data.contains_str(ENCODING) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
