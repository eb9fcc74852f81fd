//! The tables, the pragmas, and how an older file becomes today's.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

use super::error::LedgerError;

/// `dock`: in the file's header, so that docket knows its own files and `file(1)` can too.
pub(super) const APPLICATION_ID: i64 = 0x646f_636b;

/// The newest format that this docket knows: how many migrations there are.
pub(super) const FORMAT: i64 = MIGRATIONS.len() as i64;

/// How long a locked database is waited for before it is an error.
pub(super) const BUSY: Duration = Duration::from_secs(2);

/// Small pages: a ticket's rows are small, and a commit writes whole pages.
const PAGE_BYTES: i64 = 1024;

/// Migration n makes format n + 1 of format n. Never edited after a release, only added to.
const MIGRATIONS: &[&str] = &[concat!(
    "
    CREATE TABLE events (
        seq     INTEGER PRIMARY KEY,
        at      INTEGER NOT NULL,
        run     INTEGER NOT NULL,
        kind    TEXT NOT NULL,
        version INTEGER NOT NULL,
        payload TEXT NOT NULL,
        hash    BLOB NOT NULL
    ) STRICT;
    CREATE TRIGGER events_follow BEFORE INSERT ON events
        WHEN NEW.seq <> (SELECT ifnull(max(seq), 0) + 1 FROM events)
        BEGIN SELECT RAISE(ABORT, 'the ledger has no gaps'); END;
    CREATE TRIGGER events_stay BEFORE UPDATE ON events
        BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
    CREATE TRIGGER events_remain BEFORE DELETE ON events
        BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
    ",
    include_str!("projections.sql")
)];

/// Makes the connection what a writer needs, and the file what this docket knows.
pub(super) fn prepare_writer(connection: &mut Connection, path: &Path) -> Result<(), LedgerError> {
    let failed = |error| LedgerError::sqlite(path, "open", error);
    connection.busy_timeout(BUSY).map_err(failed)?;
    let format = format_of(connection, path)?;
    connection
        .pragma_update(None, "page_size", PAGE_BYTES)
        .map_err(failed)?;
    let mode: String = connection
        .pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))
        .map_err(failed)?;
    if !mode.eq_ignore_ascii_case("wal") {
        return Err(LedgerError::Corrupt {
            path: path.to_path_buf(),
            detail: format!("journal mode stays `{mode}`: the file system can't share memory"),
        });
    }
    connection
        .execute_batch(
            "PRAGMA synchronous = FULL;
             PRAGMA fullfsync = ON;
             PRAGMA checkpoint_fullfsync = ON;
             PRAGMA foreign_keys = ON;
             PRAGMA trusted_schema = OFF;
             PRAGMA journal_size_limit = 1048576;",
        )
        .map_err(failed)?;
    connection.set_prepared_statement_cache_capacity(64);
    if format < FORMAT {
        migrate(connection, path)?;
    }
    Ok(())
}

/// The format of the file: 0 for a new one. Refuses what is not ours and what is newer than we are.
pub(super) fn format_of(connection: &Connection, path: &Path) -> Result<i64, LedgerError> {
    let failed = |error| LedgerError::sqlite(path, "read", error);
    // One look, so that a file that is just being made is either new or ready. Nests in the transaction of a migration.
    connection.execute_batch("SAVEPOINT look").map_err(failed)?;
    let look = look(connection);
    connection.execute_batch("RELEASE look").map_err(failed)?;
    let (application, format, tables) = look.map_err(failed)?;
    let is_fresh = application == 0 && format == 0 && tables == 0;
    if !is_fresh && application != APPLICATION_ID {
        return Err(LedgerError::NotALedger {
            path: path.to_path_buf(),
        });
    }
    if format > FORMAT {
        return Err(LedgerError::Newer {
            path: path.to_path_buf(),
            found: format,
            known: FORMAT,
        });
    }
    Ok(format)
}

fn look(connection: &Connection) -> rusqlite::Result<(i64, i64, i64)> {
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get(0));
    Ok((
        number("PRAGMA application_id")?,
        number("PRAGMA user_version")?,
        number("SELECT count(*) FROM sqlite_schema")?,
    ))
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<(), LedgerError> {
    let failed = |error| LedgerError::sqlite(path, "migrate", error);
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed)?;
    // Asked again under the lock: another docket may have been quicker.
    let format = format_of(&transaction, path)?;
    for step in MIGRATIONS.iter().skip(usize::try_from(format).unwrap_or(0)) {
        transaction.execute_batch(step).map_err(failed)?;
    }
    transaction
        .pragma_update(None, "application_id", APPLICATION_ID)
        .map_err(failed)?;
    transaction
        .pragma_update(None, "user_version", FORMAT)
        .map_err(failed)?;
    transaction.commit().map_err(failed)
}
