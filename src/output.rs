//! The one home of stdout and stderr: results go to stdout, everything else to stderr.

use std::io::{self, IsTerminal as _, Write as _};

use crossterm::style::Stylize as _;
use serde::Serialize;

/// The version of every JSON document: it rises when a field goes or changes its meaning; new fields come without notice.
pub const SCHEMA: u32 = 1;

/// Writes a line of the result. A reader that went away (`| head`) is no error.
pub fn line(text: &str) -> io::Result<()> {
    quiet_pipe(writeln!(io::stdout().lock(), "{text}"))
}

/// Writes bytes of the result as they are. A reader that went away is no error.
pub fn bytes(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    quiet_pipe(stdout.write_all(bytes).and_then(|()| stdout.flush()))
}

/// Writes bytes of a result that may be long. `false` when the reader went away, so that there is no point in going on.
pub fn more(bytes: &[u8]) -> io::Result<bool> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error),
    }
}

/// Writes the result as one JSON document.
pub fn json(value: &impl Serialize) -> io::Result<()> {
    let text = serde_json::to_string_pretty(value)?;
    line(&text)
}

/// Writes the result as one JSON document that begins with the version of its schema.
pub fn document(body: &impl Serialize) -> io::Result<()> {
    json(&Versioned {
        schema: SCHEMA,
        body,
    })
}

/// Writes one line of NDJSON.
pub fn json_line(value: &impl Serialize) -> io::Result<()> {
    let text = serde_json::to_string(value)?;
    line(&text)
}

/// A value under the version of its schema.
#[derive(Debug, Serialize)]
pub(super) struct Versioned<'a, T> {
    pub(super) schema: u32,
    #[serde(flatten)]
    pub(super) body: &'a T,
}

/// Says something to people, on stderr. There is nowhere else to complain when that fails.
pub fn say(text: &str) {
    let _nobody_to_tell = writeln!(io::stderr().lock(), "{text}");
}

/// Whether stderr is a terminal.
pub fn is_terminal() -> bool {
    io::stderr().is_terminal()
}

/// Whether the result goes to a terminal.
pub fn result_is_shown() -> bool {
    io::stdout().is_terminal()
}

/// Whether both ends of a full-screen program are a terminal.
pub fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// The width of the terminal that the result goes to, in columns; `None` when it goes elsewhere.
pub fn width() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}

/// The size of the terminal that the result goes to, in columns and rows; `None` when it goes elsewhere.
pub fn size() -> Option<(usize, usize)> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    (size.ws_col > 0).then_some((usize::from(size.ws_col), usize::from(size.ws_row)))
}

/// How a piece of the result is shown where colours are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// As it is.
    Plain,
    /// What names things.
    Strong,
    /// What is only said beside.
    Faint,
    /// What went well.
    Good,
    /// What went wrong.
    Bad,
    /// What needs somebody.
    Warning,
    /// What goes on.
    Active,
}

/// Paints, if the result goes to a terminal with colours.
#[derive(Debug, Clone, Copy)]
pub struct Paint {
    colours: bool,
}

impl Paint {
    /// As stdout and the environment say: a terminal that isn't dumb, and no `NO_COLOR`.
    pub fn for_result() -> Self {
        let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        Self {
            colours: result_is_shown() && !is_set("NO_COLOR") && !is_dumb,
        }
    }

    /// The text in the colours of its role. The text must be free of control characters.
    pub fn text(self, role: Role, text: &str) -> String {
        if !self.colours || text.is_empty() {
            return text.to_owned();
        }
        match role {
            Role::Plain => text.to_owned(),
            Role::Strong => text.bold().to_string(),
            Role::Faint => text.dim().to_string(),
            Role::Good => text.green().to_string(),
            Role::Bad => text.red().to_string(),
            Role::Warning => text.yellow().to_string(),
            Role::Active => text.cyan().to_string(),
        }
    }
}

fn quiet_pipe(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}
