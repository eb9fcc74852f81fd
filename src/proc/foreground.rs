//! A program of the user's own in front: an editor. It has the terminal to itself; docket waits.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGINT, SIGQUIT};

/// Runs a command line of the user's, such as the value of `EDITOR` (which may hold arguments), on a file, and waits for its
/// end. Ctrl-C is the program's own meanwhile.
#[expect(clippy::disallowed_methods, reason = "this is a home of processes")]
pub fn command_line(line: &OsStr, file: &Path) -> io::Result<ExitStatus> {
    let mut text = line.to_owned();
    text.push(" \"$@\"");
    // Noted and not acted upon; the program itself gets the signals as usual.
    let noted = Arc::new(AtomicBool::new(false));
    let handlers = [SIGINT, SIGQUIT]
        .into_iter()
        .map(|signal| signal_hook::flag::register(signal, Arc::clone(&noted)))
        .collect::<io::Result<Vec<_>>>()?;
    let status = Command::new("sh")
        .arg("-c")
        .arg(text)
        .arg(line)
        .arg(file)
        .status();
    for handler in handlers {
        signal_hook::low_level::unregister(handler);
    }
    status
}
