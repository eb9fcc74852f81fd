//! Whether the rows since a certain place are those that this docket wrote: cheap enough to ask before each proof.

use rusqlite::Connection;

use super::projections::read_row;
use crate::domain::ids::{Sequence, Sha256};

/// A row's place, and its hash.
pub(super) type Link = (u64, Sha256);

/// The first row after `from` that the chain does not explain, on the way to `head`; `None` when all are as they were written.
pub(super) fn first_changed(
    connection: &Connection,
    from: Link,
    head: Link,
) -> rusqlite::Result<Option<Sequence>> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, at, run, kind, version, payload, hash FROM events WHERE seq > ?1 ORDER BY seq",
    )?;
    let mut rows = statement.query([super::projections::integer(from.0)])?;
    let (mut seq, mut hash) = from;
    while let Some(row) = rows.next()? {
        seq += 1;
        let stored = row.get(6).map(Sha256);
        match (read_row(row), stored) {
            (Ok(content), Ok(stored)) if content.seq == seq && content.link(hash) == stored => {
                hash = stored;
            }
            _ => return Ok(Some(Sequence(seq))),
        }
    }
    Ok(((seq, hash) != head).then_some(Sequence(seq + 1)))
}
