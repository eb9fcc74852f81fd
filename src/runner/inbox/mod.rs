//! `.docket/inbox/`: how other processes ask the runner for something. A command is one file; the runner takes it exactly
//! once and leaves an answer beside it, which the asker takes away.
//!
//! * `<name>.json` is a command: `{"version": 1, "command": {…}}`.
//! * `<name>.answer` is what came of it: `{"version": 1, "reply": "done" | "refused" | "nobody_there", …}`.
//! * `bad/` holds what the runner could not take.
//! * `door` is a lock: who starts a runner, and who writes to the ledger because there is none, go through it one by one.
//!
//! Files come whole or not at all (another name, then a rename), with 0600 in a folder with 0700; only files of the same user and
//! of a sane size are read.

mod door;
mod receive;
mod send;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};

use crate::domain::command::Command;
use crate::proc::clock::{Clock as _, SystemClock};

pub use door::Door;
pub(super) use receive::{Inbox, Letter, Receipt};
pub use send::{SendError, send};

/// The folder's name in `.docket/`.
pub const FOLDER: &str = "inbox";

/// The version of commands and answers that this docket writes and reads.
const VERSION: u32 = 1;

/// No command and no answer is longer, in bytes.
const MOST_BYTES: u64 = 1 << 20;

const COMMAND: &str = "json";
const ANSWER: &str = "answer";
const TEMPORARY: &str = "tmp";
/// The folder of what the runner could not take.
pub(super) const BAD: &str = "bad";

/// The lock's name in the inbox.
pub(super) const LOCK: &str = door::FILE;

/// What came of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "snake_case")]
pub enum Reply {
    /// It was done, and what it led to is in the ledger.
    Done {
        /// What is worth knowing beside that.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// It was refused.
    Refused {
        /// Why, in the words of the rules.
        why: String,
    },
    /// It lay there when a runner started: it was meant for an earlier one, and nothing was done.
    NobodyThere,
}

#[derive(Serialize, Deserialize)]
struct Message<T> {
    version: u32,
    #[serde(flatten)]
    body: T,
}

#[derive(Serialize, Deserialize)]
struct Asked {
    command: Command,
}

/// The inbox of `docket` (`.docket/`), made where it is missing; for nobody else to look into.
fn folder(docket: &Path) -> io::Result<PathBuf> {
    let folder = docket.join(FOLDER);
    make(&folder)?;
    Ok(folder)
}

/// Makes a folder that is ours alone.
fn make(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let found = fs::symlink_metadata(folder)?;
    if !found.is_dir() || found.uid() != own_user() {
        let why = format!(
            "{} is not a folder of yours: move it away",
            folder.display()
        );
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
    }
    if found.mode() & 0o077 != 0 {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

fn own_user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// A name that no other process and no other moment has; names sort as they were made.
fn new_name() -> String {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    let now = SystemClock::new().now().wall.0;
    format!("{now:015}-{}-{number}", std::process::id())
}

/// Writes a file that is there whole or not at all.
fn write(path: &Path, body: &impl Serialize) -> io::Result<()> {
    let version = VERSION;
    let mut text = serde_json::to_vec(&Message { version, body })?;
    text.push(b'\n');
    if text.len() as u64 > MOST_BYTES {
        let why = format!("more than {MOST_BYTES} bytes: put it into a file and say where");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = path.with_file_name(format!(".{name}.{TEMPORARY}"));
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&temporary)
        .and_then(|mut file| file.write_all(&text))
        .and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// Why a file is not taken.
#[derive(Debug, thiserror::Error)]
enum Bad {
    /// It is gone, or can't be opened.
    #[error("it can't be read: {0}")]
    Unreadable(#[from] io::Error),
    /// A link, a folder, a pipe.
    #[error("it is no file")]
    NoFile,
    /// Somebody else put it there.
    #[error("it belongs to user {0}")]
    Foreign(u32),
    /// Nobody has that much to say.
    #[error("it has more than {MOST_BYTES} bytes")]
    Large,
    /// A later docket wrote it.
    #[error("it is of a newer docket (version {0}): end the older one that runs here")]
    Newer(u32),
    /// It says nothing that this docket knows.
    #[error("it is not understood: {0}")]
    Strange(#[from] serde_json::Error),
}

/// Reads a file of the inbox, if it is what it should be.
fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, Bad> {
    #[derive(Deserialize)]
    struct Version {
        version: u32,
    }
    // Not through a link, and without waiting for who would write to a pipe.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let opened = File::options()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path);
    let file = match opened {
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => {
            return Err(Bad::NoFile);
        }
        opened => opened?,
    };
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(Bad::NoFile);
    }
    if found.uid() != own_user() {
        return Err(Bad::Foreign(found.uid()));
    }
    let mut text = Vec::new();
    file.take(MOST_BYTES + 1).read_to_end(&mut text)?;
    if text.len() as u64 > MOST_BYTES {
        return Err(Bad::Large);
    }
    let Version { version } = serde_json::from_slice(&text)?;
    if version > VERSION {
        return Err(Bad::Newer(version));
    }
    let message: Message<T> = serde_json::from_slice(&text)?;
    Ok(message.body)
}
