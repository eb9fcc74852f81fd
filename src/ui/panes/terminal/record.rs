//! What a recording of the shown terminal begins with.

use std::path::PathBuf;

use super::TerminalPane;
use crate::ui::effect::TerminalId;

/// A terminal that can be recorded, as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recordable {
    pub(crate) terminal: TerminalId,
    /// Where its program began.
    pub(crate) folder: PathBuf,
    pub(crate) label: String,
    pub(crate) columns: u16,
    pub(crate) rows: u16,
    /// What makes an empty terminal show what it shows; then what has come since.
    pub(crate) first: Vec<u8>,
}

impl TerminalPane {
    /// The terminal that has the keys, if its program lives.
    pub(crate) fn living(&self) -> Option<TerminalId> {
        let program = self.shown()?;
        program.ended.is_none().then_some(program.id)
    }

    /// The same, with what a recording begins with.
    pub(crate) fn recordable(&self) -> Option<Recordable> {
        let program = self.shown().filter(|program| program.ended.is_none())?;
        let (columns, rows) = program.emulator.size();
        let mut first = program.emulator.formatted().into_bytes();
        first.extend(program.emulator.waiting());
        Some(Recordable {
            terminal: program.id,
            folder: program.request.folder.clone(),
            label: program.label.clone(),
            columns,
            rows,
            first,
        })
    }
}
