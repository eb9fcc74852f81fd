//! The agent owns its desk: links may lead anywhere, pipes never end, files are as large as it likes. What is read here is a regular
//! file of the desk itself, of bounded size; what is written replaces what lies there and follows nothing.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::OFlags;

/// At most so many names of a folder are looked at.
const MOST_NAMES: usize = 2_000;

/// Why a file is not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in crate::runner) enum Unfit {
    /// It is not there.
    #[error("it is not there")]
    Gone,
    /// A link, pipe, folder or device.
    #[error("it is {what}, and only regular files are taken")]
    NotAFile {
        /// What it is.
        what: &'static str,
    },
    /// It has more bytes than it may.
    #[error("it is larger than {most} bytes")]
    TooLarge {
        /// The most.
        most: usize,
    },
    /// The system refused.
    #[error("it can't be read: {said}")]
    Io {
        /// What the system said.
        said: String,
    },
}

/// Reads a regular file of at most `most` bytes. Follows no link, waits for no pipe.
pub(in crate::runner) fn read(path: &Path, most: usize) -> Result<Vec<u8>, Unfit> {
    let metadata = fs::symlink_metadata(path).map_err(|error| unfit(&error))?;
    let kind = metadata.file_type();
    if !kind.is_file() {
        let what = if kind.is_symlink() {
            "a link"
        } else if kind.is_dir() {
            "a folder"
        } else {
            "a pipe, socket or device"
        };
        return Err(Unfit::NotAFile { what });
    }
    if metadata.len() > most as u64 {
        return Err(Unfit::TooLarge { most });
    }
    let bytes = open(path, OFlags::NOFOLLOW)
        .and_then(|file| {
            let mut bytes = Vec::new();
            file.take(most as u64 + 1).read_to_end(&mut bytes)?;
            Ok(bytes)
        })
        .map_err(|error| unfit(&error))?;
    if bytes.len() > most {
        return Err(Unfit::TooLarge { most });
    }
    Ok(bytes)
}

/// Opens a regular file, through links, without ever waiting for somebody at the other end of a pipe.
pub(in crate::runner) fn open_regular(path: &Path) -> io::Result<File> {
    open(path, OFlags::empty())
}

fn open(path: &Path, flags: OFlags) -> io::Result<File> {
    let flags = i32::try_from((flags | OFlags::NONBLOCK).bits()).unwrap_or(0);
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::new(
            ErrorKind::InvalidInput,
            "it is not a regular file",
        ))
    }
}

fn unfit(error: &io::Error) -> Unfit {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Unfit::Gone,
        _ => Unfit::Io {
            said: error.to_string(),
        },
    }
}

/// Whether it is a folder, and no link to one.
pub(in crate::runner) fn is_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir())
}

/// The names in a folder, sorted; none when it is no folder.
pub(in crate::runner) fn list(folder: &Path) -> Vec<OsString> {
    if !is_folder(folder) {
        return Vec::new();
    }
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries
        .take(MOST_NAMES)
        .map(|entry| entry.file_name())
        .collect();
    names.sort();
    names
}

/// Makes sure that `path` is a folder. A link or file in its place goes: it is on the agent's desk, where docket's word holds.
pub(in crate::runner) fn folder(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => Ok(()),
        Ok(_other) => {
            fs::remove_file(path)?;
            fs::create_dir(path)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => fs::create_dir_all(path),
        Err(error) => Err(error),
    }
}

/// Puts a file there, whole, in place of whatever has its name. The folder must be one: see [`folder`].
pub(in crate::runner) fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::Error::from(ErrorKind::InvalidInput));
    };
    folder(parent)?;
    if is_folder(path) {
        // Not a file that could be replaced; what the agent keeps there stays.
        return Err(io::Error::from(ErrorKind::IsADirectory));
    }
    let mut temporary = OsString::from(".docket-");
    temporary.push(name);
    let temporary = parent.join(temporary);
    // What lies there under this name is nothing that anybody needs.
    let _nothing_there = fs::remove_file(&temporary);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&temporary)?;
    file.write_all(bytes)?;
    fs::rename(&temporary, path)
}

/// A name that is one on every system: letters, digits, `-`, `_` and `.`, not hidden, not too long.
pub(in crate::runner) fn plain_name(name: &str) -> String {
    let plain = |c: char| {
        if c.is_alphanumeric() || matches!(c, '-' | '_' | '.') {
            c
        } else {
            '-'
        }
    };
    let name: String = name.trim_start_matches('.').chars().map(plain).collect();
    let mut end = name.len().min(120);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    if end == 0 {
        "unnamed".to_owned()
    } else {
        name[..end].to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_in_their_folder() {
        assert_eq!(plain_name("TICKET-010-é.md"), "TICKET-010-é.md");
        assert_eq!(plain_name("../../etc/passwd"), "-..-etc-passwd");
        assert_eq!(plain_name("a\nb\\c"), "a-b-c");
        assert_eq!(plain_name(".."), "unnamed");
        assert!(plain_name(&"é".repeat(500)).len() <= 120);
    }
}
