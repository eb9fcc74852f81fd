//! `.docket/terminals.toml`: the terminals that the screen opens again. Called off the UI's thread; holds no state.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use crate::domain::hash::sha256;
use crate::tickets::write::{self, WriteError};
use crate::ui::panes::terminal::{Keeping, Kept, Restored, in_repository};

/// A larger file is none that docket wrote.
const LARGEST: u64 = 64 << 10;
/// So many damaged files are kept beside each other.
const MOST_ASIDE: u32 = 100;

/// Reads it. A file that can't be understood is put aside under another name; nothing of it is lost.
pub(crate) fn read(path: &Path, root: &Path) -> Restored {
    let text = match text_of(path) {
        Ok(Some(text)) => text,
        Ok(None) => return Restored::default(),
        Err(why) => return put_aside(path, &why),
    };
    match Kept::read(&text) {
        Ok(mut kept) => Restored {
            gone: kept.leave_out(|folder| in_repository(root, folder).is_dir()),
            kept,
            ..Restored::default()
        },
        Err(why) => put_aside(path, &why),
    }
}

fn text_of(path: &Path) -> Result<Option<String>, String> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let mut text = String::new();
    let read = file.take(LARGEST + 1).read_to_string(&mut text);
    match read {
        Ok(_) if text.len() as u64 > LARGEST => Err("it is too large".to_owned()),
        Ok(_) => Ok(Some(text)),
        Err(error) => Err(error.to_string()),
    }
}

fn put_aside(path: &Path, why: &str) -> Restored {
    let name = |path: &Path| {
        let name = path.file_name().unwrap_or_default();
        format!(".docket/{}", name.to_string_lossy())
    };
    let shown = name(path);
    let (trouble, is_locked) = match aside(path) {
        Ok(other) => (
            format!(
                "{shown} can't be read ({why}); it is kept as {}",
                name(&other)
            ),
            false,
        ),
        Err(error) => (
            format!(
                "{shown} can't be read ({why}), nor put aside ({error}): the terminals are not kept"
            ),
            true,
        ),
    };
    Restored {
        trouble: Some(trouble),
        is_locked,
        ..Restored::default()
    }
}

/// Gives the file a name that nothing has.
fn aside(path: &Path) -> io::Result<PathBuf> {
    for number in 1..=MOST_ASIDE {
        let other = path.with_extension(format!("damaged-{number}.toml"));
        // A second name first, since that, unlike a rename, never takes the place of another file.
        match fs::hard_link(path, &other) {
            Ok(()) => {
                fs::remove_file(path)?;
                return Ok(other);
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(_no_links) if !other.exists() => {
                fs::rename(path, &other)?;
                return Ok(other);
            }
            Err(error) => return Err(error),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

/// Writes it, whole or not at all.
pub(crate) fn write(keeping: &Keeping) -> Result<(), String> {
    let Keeping { path, kept } = keeping;
    let text = kept.text().map_err(|error| error.to_string())?;
    let written = match fs::read(path) {
        Ok(before) if before == text.as_bytes() => return Ok(()),
        Ok(before) => write::replace(path, sha256(&before), text.as_bytes()),
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(format!("can't read {}: {error}", path.display()));
        }
        Err(_not_there) if kept.is_empty() => return Ok(()),
        Err(_not_there) => write::create(path, text.as_bytes()),
    };
    written
        .map(drop)
        .map_err(|error: WriteError| error.to_string())
}
