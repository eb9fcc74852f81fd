//! What a program may write: a list of places, enforced by the kernel for it and for everything that it starts. Linux has
//! landlock (landlock(7)) for that; elsewhere there is nothing of the kind, and the program does not start.

use std::path::PathBuf;

use super::os;

/// Where a program and everything below it may write. Reading stays as it is. There is no way out of it, not even by a
/// set-user-ID program.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Confinement {
    /// Files, and folders with all that is in them. What isn't there is left out.
    pub writable: Vec<PathBuf>,
}

/// What the system offers: its name and version, or why it offers nothing and what to do.
pub fn offered() -> Result<String, String> {
    os::confinement()
}
