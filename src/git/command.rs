//! The `git` program, for what gix can't do. The one place that starts it, always in the same clean way.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::error::GitError;
use super::repository::UserSettings;

/// For whom git changes the user's checkout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnBehalfOf {
    /// Somebody typed the command and sees what git says: git does as if it had been typed itself, hooks and signatures included.
    Person,
    /// docket's own doing: no hook runs and nothing is signed.
    Docket,
}

/// How long one call may take. Generous: the longest is a diff of large binary files.
const LIMIT: Duration = Duration::from_secs(120);

/// The variables of git's that may pass: where the user's and the system's configuration is. Everything else that begins with
/// `GIT_` (`GIT_DIR`, `GIT_INDEX_FILE`, `GIT_WORK_TREE`, …) would point git elsewhere when docket itself runs in a hook.
const PASS: [&str; 4] = [
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_EXEC_PATH",
];

/// Who commits, where a person says so for one command.
const IDENTITY: [&str; 6] = [
    "GIT_AUTHOR_NAME",
    "GIT_AUTHOR_EMAIL",
    "GIT_AUTHOR_DATE",
    "GIT_COMMITTER_NAME",
    "GIT_COMMITTER_EMAIL",
    "GIT_COMMITTER_DATE",
];

/// The version of the git program, as it says it: `git version 2.47.3`. For `docket doctor`.
///
/// # Errors
/// [`GitError::GitMissing`].
pub fn git_version() -> Result<String, GitError> {
    let mut command = clean(UserSettings::Ignore);
    command.arg("version");
    let answer = run(command, "version")?;
    Ok(String::from_utf8_lossy(&answer).trim().to_owned())
}

/// Runs `git <subcommand> <arguments>` on the objects of a repository, without any checkout and without its index, so that
/// neither a user's nor an agent's files (`.gitattributes`) have a say. Answers with what it wrote to stdout.
pub(super) fn on_objects(
    common_dir: &Path,
    settings: UserSettings,
    subcommand: &str,
    arguments: &[&OsStr],
) -> Result<Vec<u8>, GitError> {
    let mut command = clean(settings);
    command
        .current_dir(common_dir)
        .env("GIT_DIR", common_dir)
        // A file that isn't there is an empty index.
        .env("GIT_INDEX_FILE", common_dir.join("docket-no-index"))
        .arg(subcommand)
        .args(arguments);
    run(command, subcommand)
}

/// Runs `git <subcommand> <arguments>` on the files of an attempt's worktree, with an index of docket's own. Files outside of a
/// sparse checkout that the agent wrote stay on the disk: nothing else holds them.
pub(super) fn in_worktree(
    worktree: &Path,
    settings: UserSettings,
    index: &Path,
    subcommand: &str,
    arguments: &[&OsStr],
) -> Result<Vec<u8>, GitError> {
    let mut command = clean(settings);
    command
        .current_dir(worktree)
        .env("GIT_INDEX_FILE", index)
        .args(["-c", "submodule.recurse=false"])
        .args(["-c", "core.sparseCheckout=false"])
        .arg(subcommand)
        .args(arguments);
    run(command, subcommand)
}

/// Runs `git <subcommand> <arguments>` in a submodule that an agent filled.
pub(super) fn in_submodule(
    folder: &Path,
    settings: UserSettings,
    subcommand: &str,
    arguments: &[&OsStr],
) -> Result<Vec<u8>, GitError> {
    let mut command = clean(settings);
    command
        .current_dir(folder)
        .args(["-c", "submodule.recurse=false"])
        .arg(subcommand)
        .args(arguments);
    run(command, subcommand)
}

/// Runs `git <subcommand> <arguments>` in a folder of docket's own making, without the user's configuration.
pub(super) fn in_new_folder(
    folder: &Path,
    subcommand: &str,
    arguments: &[&OsStr],
) -> Result<Vec<u8>, GitError> {
    let mut command = clean(UserSettings::Ignore);
    command
        .current_dir(folder)
        .args([
            "-c",
            "user.name=docket",
            "-c",
            "user.email=docket@localhost",
        ])
        .arg(subcommand)
        .args(arguments);
    run(command, subcommand)
}

/// Runs `git <subcommand> <arguments>` in the user's own checkout. There is no limit of time: half a checkout would be worse
/// than waiting. What a hook leaves behind in the background doesn't keep us either, because no pipe has to end.
pub(super) fn in_checkout(
    root: &Path,
    settings: UserSettings,
    behalf: OnBehalfOf,
    subcommand: &str,
    arguments: &[&OsStr],
) -> Result<(), GitError> {
    let failed = || GitError::failed(format!("run `git {subcommand}`"));
    let mut command = base(settings, behalf);
    command.args(["--no-pager"]);
    if behalf == OnBehalfOf::Docket {
        without_side_effects(&mut command);
    }
    let mut words = unnamed_file().map_err(failed())?;
    let also = words.try_clone().map_err(failed())?;
    let out = words.try_clone().map_err(failed())?;
    command
        .current_dir(root)
        .arg(subcommand)
        .args(arguments)
        .stdout(out)
        .stderr(also);
    let status = spawn(command, subcommand)?.wait().map_err(failed())?;
    if status.success() {
        return Ok(());
    }
    let mut text = Vec::new();
    words.seek(SeekFrom::Start(0)).map_err(failed())?;
    words.read_to_end(&mut text).map_err(failed())?;
    Err(GitError::CommandFailed {
        command: subcommand.to_owned(),
        status,
        message: shortened(&text),
    })
}

/// A file for git's words that nobody else can open.
fn unnamed_file() -> std::io::Result<File> {
    for number in 0..u32::MAX {
        let name = format!("docket-git-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        match File::options()
            .read(true)
            .append(true)
            .create_new(true)
            .open(&path)
        {
            Ok(file) => {
                fs::remove_file(&path)?;
                return Ok(file);
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

fn clean(settings: UserSettings) -> Command {
    let mut command = base(settings, OnBehalfOf::Docket);
    without_side_effects(&mut command);
    command
        // Never goes to the network by itself for a missing object of a partial clone.
        .env("GIT_NO_LAZY_FETCH", "1")
        .args(["--no-optional-locks", "--no-pager"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn without_side_effects(command: &mut Command) {
    command.args([
        "-c",
        "core.hooksPath=/dev/null",
        "-c",
        "core.fsmonitor=false",
    ]);
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        // A Ctrl-C at the terminal is docket's to handle.
        command.process_group(0);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the home of the git program"
)]
fn base(settings: UserSettings, behalf: OnBehalfOf) -> Command {
    let mut command = Command::new("git");
    for (name, _value) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let passes = PASS.contains(&text.as_ref())
            || (behalf == OnBehalfOf::Person && IDENTITY.contains(&text.as_ref()));
        if text.starts_with("GIT_") && !passes {
            command.env_remove(&name);
        }
    }
    if settings == UserSettings::Ignore {
        command
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_ATTR_NOSYSTEM", "1");
    }
    command
        .env("LC_ALL", "C")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_PAGER", "cat")
        .stdin(Stdio::null());
    command
}

fn spawn(mut command: Command, subcommand: &str) -> Result<Child, GitError> {
    command.spawn().map_err(|error| {
        if error.kind() == ErrorKind::NotFound {
            GitError::GitMissing
        } else {
            GitError::failed(format!("run `git {subcommand}`"))(error)
        }
    })
}

fn shortened(message: &[u8]) -> String {
    let message = String::from_utf8_lossy(message);
    message.trim().chars().take(2000).collect()
}

fn run(command: Command, subcommand: &str) -> Result<Vec<u8>, GitError> {
    let failed = || GitError::failed(format!("run `git {subcommand}`"));
    let mut child = spawn(command, subcommand)?;
    let (sender, receiver) = mpsc::channel();
    let streams = [
        child
            .stdout
            .take()
            .map(|pipe| collect(pipe, Stream::Out, &sender)),
        child
            .stderr
            .take()
            .map(|pipe| collect(pipe, Stream::Err, &sender)),
    ];
    drop(sender);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    for _stream in streams.iter().flatten() {
        match receiver.recv_timeout(LIMIT) {
            Ok((Stream::Out, bytes)) => out = bytes.map_err(failed())?,
            Ok((Stream::Err, bytes)) => err = bytes.map_err(failed())?,
            Err(_late_or_gone) => {
                stop(&mut child);
                return Err(GitError::CommandTimedOut {
                    command: subcommand.to_owned(),
                    limit: LIMIT,
                });
            }
        }
    }
    let status = child.wait().map_err(failed())?;
    if status.success() {
        return Ok(out);
    }
    Err(GitError::CommandFailed {
        command: subcommand.to_owned(),
        status,
        message: shortened(&err),
    })
}

#[derive(Clone, Copy)]
enum Stream {
    Out,
    Err,
}

type Collected = (Stream, std::io::Result<Vec<u8>>);

/// Reads a pipe to its end in a thread of its own, so that neither can block the other.
fn collect(
    mut pipe: impl Read + Send + 'static,
    stream: Stream,
    sender: &mpsc::Sender<Collected>,
) -> thread::JoinHandle<()> {
    let sender = sender.clone();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = pipe.read_to_end(&mut bytes).map(|_count| bytes);
        // Nobody listens anymore after a timeout.
        let _unheard = sender.send((stream, read));
    })
}

fn stop(child: &mut Child) {
    if let Err(error) = child.kill().and_then(|()| child.wait().map(|_status| ())) {
        tracing::warn!(%error, "a git process that took too long could not be stopped");
    }
}
