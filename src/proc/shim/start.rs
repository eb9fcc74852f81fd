//! The start of the program, and what to do when it can't be started.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::fs::{Access, access};
use rustix::io::Errno;

/// Which process group the program is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    /// It leads its own.
    Own,
    /// The shim's.
    Shims,
}

/// Starts it.
pub(super) fn start(
    argv: &[OsString],
    directory: &Path,
    environment: &[(OsString, OsString)],
    stdin: Stdio,
    group: Group,
) -> Result<Child, String> {
    let (program, arguments) = argv
        .split_first()
        .ok_or("the command is empty: name a program in the agent's command")?;
    check_directory(directory)?;
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place where agents start"
    )]
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(stdin);
    if group == Group::Own {
        command.process_group(0);
    }
    command
        .spawn()
        .map_err(|error| describe(program, directory, environment, &error))
}

/// Whether a program can start in this directory; if not, why, and what to do. The error of a spawn does not tell whether
/// the program or the directory was missing.
fn check_directory(directory: &Path) -> Result<(), String> {
    let name = directory.display();
    if !directory.is_dir() {
        return Err(format!(
            "the folder {name} is gone: create it, or start again where it is not needed"
        ));
    }
    if access(directory, Access::EXEC_OK).is_err() {
        return Err(format!(
            "the folder {name} can't be entered: check its permissions"
        ));
    }
    Ok(())
}

/// Why a start failed, and what to do.
fn describe(
    program: &OsStr,
    directory: &Path,
    environment: &[(OsString, OsString)],
    error: &io::Error,
) -> String {
    let name = program.display();
    match Errno::from_io_error(error) {
        Some(Errno::NOENT) => match find(program, directory, environment) {
            Some(path) => format!(
                "`{name}` is there ({}), but the interpreter that its first line names is not: install that, or correct \
                 the line",
                path.display()
            ),
            None => format!(
                "`{name}` was not found: install it, or put its full path into the agent's command"
            ),
        },
        Some(Errno::ACCESS) => format!(
            "`{name}` is not executable: set its executable bit (chmod +x), or correct the agent's command"
        ),
        Some(Errno::NOEXEC) => format!(
            "`{name}` is no program for this machine: a script needs a first line like #!/bin/sh"
        ),
        Some(Errno::TOOBIG) => format!(
            "`{name}` can't take so long a command line: pass the prompt by standard input or by a file"
        ),
        Some(Errno::AGAIN | Errno::NOMEM | Errno::MFILE | Errno::NFILE) => format!(
            "`{name}` could not be started, the system is short of processes, memory or files ({error}): raise the limit \
             or run fewer tickets at once"
        ),
        _ => format!("`{name}` could not be started: {error}"),
    }
}

/// Where a program is whose start failed as "not found".
fn find(
    program: &OsStr,
    directory: &Path,
    environment: &[(OsString, OsString)],
) -> Option<PathBuf> {
    let path = Path::new(program);
    if path.components().count() > 1 {
        return Some(directory.join(path)).filter(|path| path.is_file());
    }
    let (_, places) = environment.iter().rfind(|(name, _)| name == "PATH")?;
    std::env::split_paths(places)
        .map(|place| directory.join(place).join(path))
        .find(|path| path.is_file())
}
