//! The last step of a proof: the canonical ticket says `done: true`.

use std::fs;
use std::path::Path;

use crate::domain::hash::sha256;
use crate::domain::ids::Sha256;
use crate::tickets::changes::with_body;
use crate::tickets::edit::{NewValue, set_value};
use crate::tickets::parse::MAX_BYTES;
use crate::tickets::write;

/// Sets `done: true` in the file as it is now: what a human changed in the meantime stays. Gives the revisions before and
/// after; they are the same when it said so already. `body`: what the agent made of the ticket's body, and the revision that it
/// began from; it comes along if the file is still at that revision.
pub(super) fn mark(
    path: &Path,
    body: Option<(Sha256, String)>,
) -> Result<(Sha256, Sha256), String> {
    let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let before = sha256(&bytes);
    let with_body = body
        .filter(|(start, _)| *start == before)
        .and_then(|(_, body)| with_body(&bytes, &body))
        .and_then(|bytes| set_value(&bytes, "done", &NewValue::Bool(true)).ok())
        .filter(|bytes| bytes.len() <= MAX_BYTES);
    if let Some(content) = with_body {
        let after = write::replace(path, before, &content).map_err(|error| error.to_string())?;
        return Ok((before, after));
    }
    let after = write::update(path, before, "done", &NewValue::Bool(true))
        .map_err(|error| error.to_string())?;
    Ok((before, after))
}
