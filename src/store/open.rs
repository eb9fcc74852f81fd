//! The write connection: how a ledger's file comes to be and is opened.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, MAIN_DB, OpenFlags};

use super::error::LedgerError;
use super::schema;

/// Opens the ledger for writing; makes it first when there is none.
pub(super) fn for_writing(path: &Path) -> Result<Connection, LedgerError> {
    if fs::symlink_metadata(path).is_err() {
        create(path)?;
    }
    let mut connection = connect(path)?;
    schema::prepare_writer(&mut connection, path)?;
    Ok(connection)
}

fn connect(path: &Path) -> Result<Connection, LedgerError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)
        .map_err(|error| LedgerError::sqlite(path, "open", error))?;
    // SQLite falls back to reading when it may not write.
    if connection.is_readonly(MAIN_DB).unwrap_or(false) {
        return Err(LedgerError::ReadOnly {
            path: path.to_path_buf(),
        });
    }
    Ok(connection)
}

/// Makes a whole, empty ledger under another name and links it to its own: nobody ever opens half of one, and of several who try at
/// once the first wins.
fn create(path: &Path) -> Result<(), LedgerError> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|error| LedgerError::io(folder, "make", error))?;
    let draft = Draft::new(path)?;
    let mut connection = connect(&draft.path)?;
    schema::prepare_writer(&mut connection, &draft.path)?;
    connection
        .close()
        .map_err(|(_, error)| LedgerError::sqlite(path, "make", error))?;
    File::open(&draft.path)
        .and_then(|file| file.sync_all())
        .and_then(|()| link(&draft.path, path))
        .and_then(|()| File::open(folder)?.sync_all())
        .map_err(|error| LedgerError::io(path, "make", error))
}

fn link(draft: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        // A file system without hard links: the last one wins, before anybody stored anything.
        Err(_no_links) if fs::symlink_metadata(path).is_err() => fs::rename(draft, path),
        other => other,
    }
}

/// A file of our own beside the ledger, gone when dropped.
struct Draft {
    path: PathBuf,
}

impl Draft {
    fn new(ledger: &Path) -> Result<Self, LedgerError> {
        for number in 0_u64.. {
            let mut path = ledger.as_os_str().to_owned();
            path.push(format!(".{}-{number}", std::process::id()));
            let path = PathBuf::from(path);
            // SQLite would make it with 0644.
            let made = File::options()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&path);
            match made {
                Ok(_file) => return Ok(Self { path }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(LedgerError::io(ledger, "make", error)),
            }
        }
        Err(LedgerError::Busy {
            path: ledger.to_path_buf(),
        })
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        for suffix in ["", "-wal", "-shm"] {
            let mut path = self.path.as_os_str().to_owned();
            path.push(suffix);
            // What stays is a small file that nobody reads.
            let _best_effort = fs::remove_file(path);
        }
    }
}
