//! What is handed in: its bytes, and what they are.

use std::io::{IsTerminal as _, Read as _};
use std::path::Path;

use crate::cli::arguments::SubmitArguments;
use crate::cli::error::CliError;
use crate::cli::place::Place;
use crate::tickets::import::{self, Task};
use crate::tickets::parse::MAX_BYTES;

/// One task as it came.
pub(super) struct Input {
    /// What its bytes are kept under.
    pub(super) name: String,
    /// Exactly as they came.
    pub(super) bytes: Vec<u8>,
    /// What they are.
    pub(super) task: Task,
    /// How messages call it.
    pub(super) shown: String,
}

impl Input {
    /// Reads what the arguments name.
    pub(super) fn read(place: &Place, arguments: &SubmitArguments) -> Result<Self, CliError> {
        if let Some(goal) = &arguments.goal {
            return Self::of(
                "goal.txt",
                "--goal",
                goal.clone().into_bytes(),
                Some(Task::Text),
            );
        }
        if let Some(file) = &arguments.prompt_file {
            return Self::of_file(&place.here.join(file), Some(Task::Text));
        }
        match &arguments.file {
            Some(file) if file.as_os_str() != "-" => Self::of_file(&place.here.join(file), None),
            _ => {
                let mut stdin = std::io::stdin().lock();
                if arguments.file.is_none() && stdin.is_terminal() {
                    return Err(CliError::Usage(
                        "nothing is handed in: name a file, use --goal \"…\", or write to standard input".to_owned(),
                    ));
                }
                let mut bytes = Vec::new();
                let mut limited = (&mut stdin).take(MAX_BYTES as u64 + 1);
                limited.read_to_end(&mut bytes).map_err(|error| {
                    CliError::Failed(format!("can't read standard input: {error}"))
                })?;
                Self::of("stdin", "standard input", bytes, None)
            }
        }
    }

    fn of_file(path: &Path, task: Option<Task>) -> Result<Self, CliError> {
        let cant = |error: std::io::Error| {
            CliError::Usage(format!("can't read {}: {error}", path.display()))
        };
        let file = std::fs::File::open(path).map_err(cant)?;
        let mut bytes = Vec::new();
        file.take(MAX_BYTES as u64 + 1)
            .read_to_end(&mut bytes)
            .map_err(cant)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Self::of(&name, &path.display().to_string(), bytes, task)
    }

    fn of(name: &str, shown: &str, bytes: Vec<u8>, task: Option<Task>) -> Result<Self, CliError> {
        let text =
            import::text_of(&bytes).map_err(|error| CliError::Usage(format!("{shown}:{error}")))?;
        if text.trim_start_matches('\u{feff}').trim().is_empty() {
            return Err(CliError::Usage(format!("{shown}: there is nothing in it")));
        }
        let task = task.unwrap_or_else(|| Task::of(name, text));
        let name = match (name, task) {
            ("stdin", Task::Ticket) => "stdin.md".to_owned(),
            ("stdin", Task::TaskSpec) if text.trim_start().starts_with('{') => {
                "stdin.json".to_owned()
            }
            ("stdin", Task::TaskSpec) => "stdin.yaml".to_owned(),
            ("stdin", Task::Text) => "stdin.txt".to_owned(),
            (name, _) => plain_name(name),
        };
        Ok(Self {
            name,
            bytes,
            task,
            shown: shown.to_owned(),
        })
    }

    /// The text, which was checked when it was read.
    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes).unwrap_or_default()
    }
}

/// A file's name as evidence can keep it.
fn plain_name(name: &str) -> String {
    let is_plain = !name.starts_with('.')
        && name.len() <= 120
        && !name
            .chars()
            .any(|c| c.is_control() || matches!(c, '\\' | '/'))
        && name != "manifest.json";
    if is_plain {
        name.to_owned()
    } else {
        "task".to_owned()
    }
}
