//! Who sits at an attempt that was taken over: the lock that is held as long as the agent's own TUI runs.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::domain::ids::AttemptId;

/// The folder of these locks in `.docket/`.
const FOLDER: &str = "seats";

/// The right to run the TUI of an attempt, until dropped. Held with the system's file lock, which ends with whoever has the file
/// open.
#[derive(Debug)]
pub struct SeatLock {
    file: File,
    path: PathBuf,
}

impl SeatLock {
    /// Takes the seat, if it is free. `docket` is `.docket/`.
    pub fn take(docket: &Path, attempt: &AttemptId) -> io::Result<Option<Self>> {
        let folder = docket.join(FOLDER);
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)?;
        let path = path_of(docket, attempt);
        loop {
            let file = File::options()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(&path)?;
            match file.try_lock() {
                Ok(()) if is_at(&file, &path)? => return Ok(Some(Self { file, path })),
                // Whoever sat there took it away in this moment: that one is nobody's any more.
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    }

    /// Whether somebody sits there. Who can't be asked about is not there.
    pub fn is_taken(docket: &Path, attempt: &AttemptId) -> bool {
        let Ok(file) = File::open(path_of(docket, attempt)) else {
            return false;
        };
        matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
    }

    /// Programs that are started from here on hold the seat as well, until [`SeatLock::leave`]: it is not free while one outlives this
    /// process.
    pub fn inherit(&self) -> io::Result<()> {
        rustix::io::fcntl_setfd(&self.file, rustix::io::FdFlags::empty())?;
        Ok(())
    }

    /// Leaves it, whoever else has inherited it.
    pub fn leave(self) {
        // As long as it is held nobody else can have put another one there.
        let _it_stays = fs::remove_file(&self.path);
        // The lock belongs to the open file, which all of them share.
        let _nobody_is_there_any_more = self.file.unlock();
    }
}

/// Whether this file is the one that lies there.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let own = file.metadata()?;
    match fs::metadata(path) {
        Ok(there) => Ok((own.dev(), own.ino()) == (there.dev(), there.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn path_of(docket: &Path, attempt: &AttemptId) -> PathBuf {
    docket.join(FOLDER).join(attempt.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_that_come_as_one_leaves_never_both_sit() {
        let folder = tempfile::tempdir().expect("a folder");
        let attempt: AttemptId = "TICKET-003.2".parse().expect("an id");
        let sitting = std::sync::atomic::AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..500 {
                        let seat = SeatLock::take(folder.path(), &attempt).expect("asked");
                        let Some(seat) = seat else { continue };
                        let others = sitting.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                        assert_eq!(others, 0);
                        sitting.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                        seat.leave();
                    }
                });
            }
        });
    }

    #[test]
    fn one_sits_at_a_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let attempt = "TICKET-003.2".parse().expect("an id");
        assert!(!SeatLock::is_taken(folder.path(), &attempt));
        let seat = SeatLock::take(folder.path(), &attempt).expect("taken");
        let seat = seat.expect("it was free");
        assert!(SeatLock::is_taken(folder.path(), &attempt));
        assert!(
            SeatLock::take(folder.path(), &attempt)
                .expect("asked")
                .is_none()
        );
        seat.leave();
        assert!(!SeatLock::is_taken(folder.path(), &attempt));
        assert!(
            SeatLock::take(folder.path(), &attempt)
                .expect("asked")
                .is_some()
        );
    }
}
