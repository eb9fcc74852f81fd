//! `docket keys`: what keys mean on the screen, and what is wrong with the user's own.

use std::io::ErrorKind;
use std::path::PathBuf;

use serde::Serialize;

use super::arguments::{Global, KeysArguments};
use super::error::CliError;
use super::table::{self, cell};
use crate::config::Directories;
use crate::exit::Exit;
use crate::output::{self, Role};
use crate::ui::{KeyConflict, KeyFault, KeyRow, Keymap};

/// The keys that hold, and where the user's own come from.
pub(super) struct Keys {
    /// What holds.
    pub(super) keymap: Keymap,
    /// The user's file, if there is one.
    pub(super) file: Option<PathBuf>,
    faults: Vec<KeyFault>,
}

/// Reads the user's `keys.toml`. What is wrong with it changes nothing and is told.
pub(super) fn effective() -> Keys {
    let mut keys = Keys {
        keymap: Keymap::default(),
        file: None,
        faults: Vec::new(),
    };
    let Some(path) = Directories::from_process().map(|directories| directories.keys_file()) else {
        return keys;
    };
    match std::fs::read_to_string(&path) {
        Ok(text) => {
            (keys.keymap, keys.faults) = Keymap::read(&text);
            keys.file = Some(path);
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => {
            keys.file = Some(path);
            keys.faults.push(KeyFault {
                place: None,
                message: format!("can't be read: {error}"),
            });
        }
    }
    keys
}

impl Keys {
    /// Each fault with its file, line and column.
    pub(super) fn told(&self) -> Vec<String> {
        let file = self.file.as_ref();
        let file = file.map_or_else(String::new, |file| file.display().to_string());
        let in_file = |fault: &KeyFault| match fault.place {
            Some(_) => format!("{file}:{fault}"),
            None => format!("{file}: {fault}"),
        };
        self.faults.iter().map(in_file).collect()
    }

    /// One line for the screen.
    pub(super) fn warning(&self) -> Option<String> {
        let first = self.faults.first()?;
        let more = match self.faults.len() {
            1 => String::new(),
            count => format!(" (and {} more: `docket keys`)", count - 1),
        };
        let colon = if first.place.is_some() { ":" } else { ": " };
        Some(format!("keys.toml{colon}{first}{more}"))
    }
}

#[derive(Serialize)]
struct Document {
    file: Option<PathBuf>,
    keys: Vec<KeyRow>,
    conflicts: Vec<KeyConflict>,
    faults: Vec<Fault>,
}

#[derive(Serialize)]
struct Fault {
    line: Option<u32>,
    column: Option<u32>,
    message: String,
}

/// Exit 2 when something is wrong with the user's file, so that a script can hold it to be sound.
pub(super) fn run(global: &Global, arguments: &KeysArguments) -> Result<Exit, CliError> {
    let keys = effective();
    let exit = if keys.faults.is_empty() {
        Exit::Done
    } else {
        Exit::Usage
    };
    let mut rows = keys.keymap.rows();
    if let Some(context) = &arguments.context {
        let known: Vec<&str> = rows.iter().map(|row| row.context).collect();
        if !known.contains(&context.as_str()) {
            let near = crate::config::nearest(context, known);
            let hint = near.map_or_else(
                || "`docket keys` shows all".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            return Err(CliError::Usage(format!(
                "there is no context `{context}`; {hint}"
            )));
        }
        rows.retain(|row| row.context == context);
    }
    if global.json {
        let faults = keys.faults.iter().map(|fault| Fault {
            line: fault.place.map(|place| place.line),
            column: fault.place.map(|place| place.column),
            message: fault.message.clone(),
        });
        let document = Document {
            faults: faults.collect(),
            conflicts: keys.keymap.conflict_rows(),
            file: keys.file,
            keys: rows,
        };
        output::document(&document)?;
        return Ok(exit);
    }
    let lines: Vec<_> = rows
        .iter()
        .map(|row| {
            let source = if row.source == "default" {
                ""
            } else {
                row.source
            };
            vec![
                cell(Role::Faint, row.context),
                cell(Role::Strong, &row.keys),
                cell(Role::Plain, row.action),
                cell(Role::Faint, source),
                cell(Role::Plain, row.does),
            ]
        })
        .collect();
    output::bytes(table::render(&lines, &[4]).as_bytes())?;
    for fault in keys.told() {
        output::say(&fault);
    }
    Ok(exit)
}
