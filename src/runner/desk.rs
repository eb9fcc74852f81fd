//! The agent's desk: what it needs, in one ignored folder that it can reach from a sandbox (DESIGN 3).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::domain::machine::Dispatch;
use crate::tickets;

/// The desk of one attempt.
#[derive(Debug, Clone)]
pub(super) struct Desk {
    path: PathBuf,
}

impl Desk {
    /// Makes the desk at `path`: the ticket, and the context notes.
    pub(super) fn make(path: PathBuf, ticket: &[u8], context: &Path) -> io::Result<Self> {
        fs::create_dir_all(path.join("dispatch"))?;
        fs::create_dir_all(path.join("replies"))?;
        fs::write(path.join("ticket.md"), ticket)?;
        if context.is_dir() {
            copy_notes(context, &path.join("context"))?;
        }
        Ok(Self { path })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn ticket(&self) -> PathBuf {
        self.path.join("ticket.md")
    }

    /// The prompt of the last turn, for programs that read it from a file.
    pub(super) fn prompt(&self) -> PathBuf {
        self.path.join("prompt.md")
    }

    /// Puts the prompt of a turn where programs find it that don't read their standard input.
    pub(super) fn put_prompt(&self, text: &str) -> io::Result<()> {
        fs::write(self.prompt(), text)
    }

    /// Whether the agent wrote `done: true` into its copy of the ticket.
    pub(super) fn claims(&self) -> bool {
        let Ok(bytes) = fs::read(self.ticket()) else {
            return false;
        };
        tickets::parse::parse(Path::new("TICKET-000.md"), &bytes).is_done()
    }

    /// Keeps a reply where the agent can read it again.
    pub(super) fn reply(&self, turn: u32, number: usize, text: &str) -> io::Result<()> {
        fs::write(
            self.path
                .join("replies")
                .join(format!("{turn}-{number}.md")),
            text,
        )
    }

    /// Takes the messages that the agent left: beside the folder `dispatch/`, and inside it, where codex-autorunner's own
    /// instructions send agents. They are moved away, so that each is told once.
    pub(super) fn take_dispatches(&self, turn: u32) -> Vec<Dispatch> {
        let mut dispatches = Vec::new();
        for name in ["DISPATCH.md", "dispatch/DISPATCH.md"] {
            let path = self.path.join(name);
            let Ok(bytes) = fs::read(&path) else { continue };
            let taken = self
                .path
                .join(format!("dispatch/taken-{turn}-{}.md", dispatches.len() + 1));
            if fs::rename(&path, taken).is_err() {
                continue;
            }
            dispatches.push(read_dispatch(&bytes));
        }
        dispatches
    }
}

/// A message with broken front matter is still a message, and one that may have meant to pause does.
fn read_dispatch(bytes: &[u8]) -> Dispatch {
    match tickets::dispatch::parse(bytes) {
        Ok(dispatch) => {
            let first_line = || first_line(&dispatch.body);
            Dispatch {
                pause: dispatch.mode == tickets::dispatch::Mode::Pause,
                title: dispatch.title.clone().unwrap_or_else(first_line),
                text: dispatch.body.trim().to_owned(),
            }
        }
        Err(_broken) => {
            let text = String::from_utf8_lossy(bytes).into_owned();
            Dispatch {
                pause: true,
                title: first_line(&text),
                text,
            }
        }
    }
}

fn first_line(text: &str) -> String {
    let line = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or_default();
    line.trim_start_matches('#').trim().to_owned()
}

fn copy_notes(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}
