//! Who gives out the next number of a queue: one process at a time.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::domain::ids::TicketName;

use super::write::WriteError;

/// A queue's folder, held with `flock`: nobody else gives out numbers of it until this is dropped. It leaves nothing behind, also
/// when docket is killed.
#[derive(Debug)]
pub struct Numbers {
    folder: PathBuf,
    _held: File,
}

/// Numbers that follow one another, in tens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    first: u64,
    width: usize,
}

impl Numbers {
    /// Waits for whoever holds the folder (for milliseconds, as a rule) and holds it. Makes the folder if it isn't there.
    pub fn hold(folder: &Path) -> Result<Self, WriteError> {
        let io = |doing| {
            move |source| WriteError::Io {
                doing,
                path: folder.to_owned(),
                source,
            }
        };
        std::fs::create_dir_all(folder).map_err(io("make"))?;
        let held = File::open(folder).map_err(io("open"))?;
        held.lock().map_err(io("lock"))?;
        Ok(Self {
            folder: folder.to_owned(),
            _held: held,
        })
    }

    /// The next `count` numbers: the first is the next multiple of ten after the highest that is taken.
    pub fn next(&self, count: usize) -> Result<Range, WriteError> {
        Range::after(&self.folder, count).map_err(|source| WriteError::Io {
            doing: "read",
            path: self.folder.clone(),
            source,
        })
    }
}

/// The next free number of a queue with these numbers: the next multiple of ten after the highest.
pub fn next_number(taken: impl Iterator<Item = u64>) -> u64 {
    next_after(
        taken
            .filter(|number| is_counted(*number))
            .max()
            .unwrap_or(0),
    )
}

/// A number out of all proportion is no number to count on from.
fn is_counted(number: u64) -> bool {
    number < 1_000_000_000
}

fn next_after(highest: u64) -> u64 {
    (highest / 10 + 1) * 10
}

impl Range {
    /// What [`Numbers::next`] would give now, without holding anything. A folder that isn't there is empty.
    pub fn after(folder: &Path, count: usize) -> std::io::Result<Self> {
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => Some(entries),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let (mut highest, mut width) = (0, 3);
        for item in entries.into_iter().flatten() {
            let name = TicketName::from_file_name(&item?.file_name().to_string_lossy());
            if let Some(name) = name.filter(|name| is_counted(name.number())) {
                highest = highest.max(name.number());
                width = width.max(name.digits().len().min(9));
            }
        }
        let first = next_after(highest);
        let last = first + 10 * (count.max(1) as u64 - 1);
        Ok(Self {
            first,
            width: width.max(last.to_string().len()),
        })
    }

    /// The digits of the first: as wide as the widest in the folder.
    pub fn first(self) -> String {
        self.digits(0)
    }

    /// The digits of the number at `index`.
    pub fn digits(self, index: usize) -> String {
        let number = self.first + 10 * index as u64;
        format!("{number:0width$}", width = self.width)
    }
}
