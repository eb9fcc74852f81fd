//! A new repository with a first commit: for the demo.

use std::ffi::OsStr;
use std::path::Path;

use super::command;
use super::error::GitError;

/// Makes the folder `root` a repository and commits everything in it. The user's configuration has no say: no hook runs,
/// nothing is signed.
pub fn init_with_first_commit(root: &Path, message: &str) -> Result<(), GitError> {
    let run = |subcommand: &str, arguments: &[&str]| {
        let arguments: Vec<&OsStr> = arguments.iter().map(OsStr::new).collect();
        command::in_new_folder(root, subcommand, &arguments)
    };
    run("init", &["--quiet", "--initial-branch=main"])?;
    run("add", &["--all"])?;
    run("commit", &["--quiet", "--message", message])?;
    Ok(())
}
