//! A program of the user's own in front: an editor. It has the terminal to itself; docket waits.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGINT, SIGQUIT};
use tokio::process::Command as AsyncCommand;

/// The same while other things go on: the program is killed when the future is dropped, and Ctrl-C is the business of whoever
/// listens to it.
#[expect(clippy::disallowed_methods, reason = "this is a home of processes")]
pub async fn beside(line: &OsStr, file: &Path) -> io::Result<ExitStatus> {
    let noted = Arc::new(AtomicBool::new(false));
    let quit = signal_hook::flag::register(SIGQUIT, noted)?;
    let status = AsyncCommand::new("sh")
        .args(arguments(line, file))
        .kill_on_drop(true)
        .status()
        .await;
    signal_hook::low_level::unregister(quit);
    status
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

/// For `sh`: the line with the file behind it.
fn arguments(line: &OsStr, file: &Path) -> [OsString; 4] {
    let mut text = line.to_owned();
    text.push(" \"$@\"");
    ["-c".into(), text, line.to_owned(), file.into()]
}
