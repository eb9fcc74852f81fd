//! The one home of stdout and stderr: results go to stdout, everything else to stderr.

use std::io::{self, IsTerminal as _, Write as _};

use serde::Serialize;

/// Writes a line of the result. A reader that went away (`| head`) is no error.
pub fn line(text: &str) -> io::Result<()> {
    quiet_pipe(writeln!(io::stdout().lock(), "{text}"))
}

/// Writes bytes of the result as they are.
pub fn bytes(bytes: &[u8]) -> io::Result<()> {
    quiet_pipe(
        io::stdout()
            .lock()
            .write_all(bytes)
            .and_then(|()| io::stdout().lock().flush()),
    )
}

/// Writes the result as one JSON document.
pub fn json(value: &impl Serialize) -> io::Result<()> {
    let text = serde_json::to_string_pretty(value)?;
    line(&text)
}

/// Writes one line of NDJSON.
pub fn json_line(value: &impl Serialize) -> io::Result<()> {
    let text = serde_json::to_string(value)?;
    line(&text)
}

/// Says something to people, on stderr. There is nowhere else to complain when that fails.
pub fn say(text: &str) {
    let _nobody_to_tell = writeln!(io::stderr().lock(), "{text}");
}

/// Whether stderr is a terminal.
pub fn is_terminal() -> bool {
    io::stderr().is_terminal()
}

/// Whether both ends of a full-screen program are a terminal.
pub fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

fn quiet_pipe(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}
