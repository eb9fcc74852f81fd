//! What a ticket was made from (`docket submit`) belongs to the evidence of its attempts.

use std::fs;
use std::io::ErrorKind;

use super::super::context::Places;
use crate::domain::ids::TicketId;
use crate::store::evidence::EvidenceFolder;

/// Copies it, byte by byte, to `submitted/<name>`. The ticket's own file names its hash, so that a copy that was changed
/// in the meantime can be told.
pub(super) fn keep(
    evidence: &EvidenceFolder,
    places: &Places,
    ticket: &TicketId,
) -> Result<(), String> {
    let folder = places.submitted(ticket);
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        // Most tickets are written by hand.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(format!("{}: {error}", folder.display())),
    };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_ours = entry.file_type().is_ok_and(|kind| kind.is_file()) && !name.starts_with('.');
        if !is_ours {
            continue;
        }
        let path = entry.path();
        let bytes = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        evidence
            .write(&format!("submitted/{name}"), &bytes)
            .map_err(|error| error.to_string())?;
    }
    Ok(())
}
