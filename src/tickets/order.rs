//! Writes the priorities that change the run order.

use std::path::Path;

use super::edit::NewValue;
use super::write::{self, WriteError};
use crate::domain::ids::TicketName;
use crate::domain::queue::placing::NewPriority;

/// Not all files could be changed.
#[derive(Debug, thiserror::Error)]
#[error("{source}{}", told(.written))]
pub struct PartlyWritten {
    /// What was changed before.
    pub written: Vec<TicketName>,
    /// Why not all of it.
    pub source: WriteError,
}

fn told(written: &[TicketName]) -> String {
    if written.is_empty() {
        return String::new();
    }
    let names: Vec<_> = written.iter().map(TicketName::as_str).collect();
    format!(" (changed before: {})", names.join(", "))
}

/// Writes the priorities into the files of the repository at `root`, each only if the file is still what it was when they were
/// computed. The moved tickets come last: when something is in the way, the order is the old one as far as possible.
pub fn write(root: &Path, priorities: &[NewPriority]) -> Result<(), PartlyWritten> {
    let (moved, others): (Vec<_>, Vec<_>) = priorities.iter().partition(|new| new.is_moved);
    let mut written = Vec::new();
    for new in others.into_iter().chain(moved) {
        let value = NewValue::Integer(new.to);
        match write::update(&root.join(&new.path), new.revision, "priority", &value) {
            Ok(_revision) => written.push(new.name.clone()),
            Err(source) => return Err(PartlyWritten { written, source }),
        }
    }
    Ok(())
}
