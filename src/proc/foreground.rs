//! A program of the user's own in front: an editor, an agent's own interface, a shell. It has the terminal to itself; docket waits, or
//! makes room for it.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::IntoRawFd as _;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, Command as AsyncCommand};

/// The same while other things go on: the program is asked to end when the future is dropped, and Ctrl-C is the business of whoever
/// listens to it.
#[expect(clippy::disallowed_methods, reason = "this is a home of processes")]
pub async fn beside(line: &OsStr, file: &Path) -> io::Result<ExitStatus> {
    let noted = Arc::new(AtomicBool::new(false));
    let quit = signal_hook::flag::register(SIGQUIT, noted)?;
    let child = AsyncCommand::new("sh").args(arguments(line, file)).spawn();
    let status = match child {
        Ok(child) => Asked(child).0.wait().await,
        Err(error) => Err(error),
    };
    signal_hook::low_level::unregister(quit);
    status
}

/// A program that is asked to end when nobody waits for it any more. Asked, not killed: an editor saves what it has, and leaves the
/// terminal as it was.
struct Asked(Child);

impl Drop for Asked {
    fn drop(&mut self) {
        // `None`: it has ended and was waited for.
        let id = self.0.id().and_then(|id| i32::try_from(id).ok());
        if let Some(id) = id.and_then(rustix::process::Pid::from_raw) {
            // One that ended in this moment needs no word.
            let _ended = rustix::process::kill_process(id, rustix::process::Signal::TERM);
        }
    }
}

/// Runs a command line of the user's, such as the value of `EDITOR` (which may hold arguments), on a file, and waits for its
/// end. Ctrl-C is the program's own meanwhile.
#[expect(clippy::disallowed_methods, reason = "this is a home of processes")]
pub fn command_line(line: &OsStr, file: &Path) -> io::Result<ExitStatus> {
    // Noted and not acted upon; the program itself gets the signals as usual.
    let noted = Arc::new(AtomicBool::new(false));
    let handlers = [SIGINT, SIGQUIT]
        .into_iter()
        .map(|signal| signal_hook::flag::register(signal, Arc::clone(&noted)))
        .collect::<io::Result<Vec<_>>>()?;
    let status = Command::new("sh").args(arguments(line, file)).status();
    for handler in handlers {
        signal_hook::low_level::unregister(handler);
    }
    status
}

/// How a program in front ended.
#[derive(Debug, Clone, Copy)]
pub struct InFront {
    /// As the system says.
    pub status: ExitStatus,
    /// The signal by which this process was told to end meanwhile: the program was told the same.
    pub told: Option<u8>,
}

/// Runs a program in a folder with this environment and nothing else, and waits for its end. Ctrl-C is the program's own meanwhile;
/// who tells this process to end tells the program.
#[expect(clippy::disallowed_methods, reason = "this is a home of processes")]
pub fn program(
    argv: &[OsString],
    environment: &[(OsString, OsString)],
    folder: &Path,
) -> io::Result<InFront> {
    let (program, arguments) = argv
        .split_first()
        .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    let noted = Arc::new(AtomicBool::new(false));
    let mut handlers = Vec::new();
    for signal in [SIGINT, SIGQUIT] {
        handlers.push(signal_hook::flag::register(signal, Arc::clone(&noted))?);
    }
    let mut signals = Signals::new([SIGTERM, SIGHUP])?;
    let told = Arc::new(AtomicU8::new(0));
    let mut child = Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .current_dir(folder)
        .spawn()?;
    let id = i32::try_from(child.id()).ok();
    let id = id.and_then(rustix::process::Pid::from_raw);
    let (handle, heard) = (signals.handle(), Arc::clone(&told));
    let listener = std::thread::spawn(move || {
        for signal in signals.forever() {
            heard.store(u8::try_from(signal).unwrap_or_default(), Ordering::Release);
            let signal = if signal == SIGHUP {
                rustix::process::Signal::HUP
            } else {
                rustix::process::Signal::TERM
            };
            if let Some(id) = id {
                // One that ended in this moment needs no word.
                let _ended = rustix::process::kill_process(id, signal);
            }
        }
    });
    let status = child.wait();
    handle.close();
    let _it_only_listened = listener.join();
    for handler in handlers {
        signal_hook::low_level::unregister(handler);
    }
    let told = Some(told.load(Ordering::Acquire)).filter(|signal| *signal > 0);
    status.map(|status| InFront { status, told })
}

/// Becomes a program in a folder, with this process's own environment, signals and exit code. Gives why not, if not.
#[expect(clippy::disallowed_methods, reason = "this is a home of processes")]
pub fn become_program(program: &OsStr, folder: &Path) -> io::Error {
    Command::new(program)
        .current_dir(folder)
        .env("PWD", folder)
        .exec()
}

/// Runs a program that says nothing, and gives it a text to read. It ends with the future.
#[expect(clippy::disallowed_methods, reason = "this is a home of processes")]
pub async fn fed(program: &str, arguments: &[&str], text: &[u8]) -> io::Result<ExitStatus> {
    let mut child = AsyncCommand::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(text).await?;
    }
    child.wait().await
}

/// For `sh`: the line with the file behind it. The shell makes room for the program where the line is nothing but a command, so
/// that a signal reaches the program itself.
fn arguments(line: &OsStr, file: &Path) -> [OsString; 4] {
    let is_more = line
        .as_encoded_bytes()
        .iter()
        .any(|byte| b";|&<>(){}=!`\n".contains(byte));
    let mut text = OsString::from(if is_more { "" } else { "exec " });
    text.push(line);
    text.push(" \"$@\"");
    ["-c".into(), text, line.to_owned(), file.into()]
}

/// Puts something that stays silent in place of standard input, which was a terminal that is gone. Who still reads it would be told of
/// its end for ever: crossterm's thread takes that for a reason to read again at once, until its stream is dropped.
pub fn let_go_of_the_keyboard() -> io::Result<()> {
    let (silent, other_end) = UnixStream::pair()?;
    silent.set_nonblocking(true)?;
    rustix::stdio::dup2_stdin(&silent)?;
    // Open for the rest of docket's life: a closed one would be told of, too.
    let _kept = other_end.into_raw_fd();
    Ok(())
}
