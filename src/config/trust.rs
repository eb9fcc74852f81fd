//! Trust: what a clone contains runs nothing by itself. Commands that a repository's `docket.toml` names run only after
//! the user trusted that file, by its content, at that place.
//!
//! The store is one small file for each trusted content: `trust/<hash of the repository's path>/<hash of docket.toml>`.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::files::{Directories, Loaded};
use super::keys::{self, Node, Trust};
use super::origin::{Layer, Origin, Origins};
use super::path::KeyPath;
use crate::domain::hash::sha256;
use crate::domain::ids::Sha256;

/// Something that a repository's file may do once it is trusted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrustedCommand {
    /// The setting.
    pub key: KeyPath,
    /// What it would run or allow, as TOML.
    pub value: String,
    /// The place in the file.
    pub origin: Origin,
}

/// What the repository's own file would be allowed to run or widen; empty when it needs no trust. What a later layer
/// replaced doesn't count.
pub fn commands(origins: &Origins) -> Vec<TrustedCommand> {
    let from_repository = origins
        .iter()
        .filter(|(_, sourced)| sourced.origin.layer() == Layer::Repository);
    let needs_trust = |path: &KeyPath, value: &toml::Value, loosens: bool| match keys::node(path) {
        Node::Leaf(key) => match key.trust {
            Trust::Free => false,
            Trust::Needed => value.as_array().is_none_or(|list| !list.is_empty()),
            Trust::NeededFor(word) => match value {
                toml::Value::String(text) => text == word,
                other => other.to_string() == word,
            },
            Trust::NeededToLoosen => loosens,
        },
        Node::Table | Node::Unknown => false,
    };
    from_repository
        .filter(|(path, sourced)| needs_trust(path, &sourced.value, sourced.loosens))
        .map(|(path, sourced)| TrustedCommand {
            key: path.clone(),
            value: sourced.value.to_string(),
            origin: sourced.origin.clone(),
        })
        .collect()
}

/// Why trust could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The repository's path can't be made canonical.
    #[error("can't find the repository {}: {source}", path.display())]
    Repository {
        /// The path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The store can't be read or written.
    #[error("can't use the trust store {}: {source}", path.display())]
    Store {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Whether a repository's file may run what it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It names nothing that needs trust.
    NotNeeded,
    /// The user trusted exactly this content.
    Trusted,
    /// The user trusted another content of this file: it changed since.
    Changed,
    /// The user never trusted it.
    Never,
}

impl Verdict {
    /// Whether its commands may run.
    pub const fn allows(self) -> bool {
        matches!(self, Self::NotNeeded | Self::Trusted)
    }
}

/// The store of what the user trusts.
#[derive(Debug, Clone)]
pub struct TrustStore {
    folder: PathBuf,
}

impl TrustStore {
    /// The store in the user's state folder.
    pub fn new(directories: &Directories) -> Self {
        Self {
            folder: directories.state.join("trust"),
        }
    }

    /// Whether what `loaded` names of the repository at `root` may run.
    pub fn verdict(&self, root: &Path, loaded: &Loaded) -> Result<Verdict, TrustError> {
        match &loaded.repository_file {
            Some(file) if !commands(&loaded.origins).is_empty() => {
                if self.is_trusted(root, file.hash)? {
                    return Ok(Verdict::Trusted);
                }
                let entries = fs::read_dir(self.repository_folder(&canonical(root)?));
                let was_trusted = entries.is_ok_and(|mut entries| entries.next().is_some());
                Ok(if was_trusted {
                    Verdict::Changed
                } else {
                    Verdict::Never
                })
            }
            _ => Ok(Verdict::NotNeeded),
        }
    }

    /// Whether the user trusted a `docket.toml` of this content in the repository at `root`.
    pub fn is_trusted(&self, root: &Path, hash: Sha256) -> Result<bool, TrustError> {
        let root = canonical(root)?;
        let path = self.entry(&root, hash);
        match fs::read(&path) {
            Ok(bytes) => Ok(bytes == record(&root, hash)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(source) => Err(TrustError::Store { path, source }),
        }
    }

    /// Trusts a `docket.toml` of this content in the repository at `root`, until it is revoked.
    pub fn trust(&self, root: &Path, hash: Sha256) -> Result<(), TrustError> {
        let root = canonical(root)?;
        let path = self.entry(&root, hash);
        write_whole(&path, &record(&root, hash))
            .map_err(|source| TrustError::Store { path, source })
    }

    /// Revokes all trust in the repository at `root`. `true` if there was any.
    pub fn revoke(&self, root: &Path) -> Result<bool, TrustError> {
        let path = self.repository_folder(&canonical(root)?);
        match fs::remove_dir_all(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(source) => Err(TrustError::Store { path, source }),
        }
    }

    fn repository_folder(&self, root: &Path) -> PathBuf {
        let name = sha256(root.as_os_str().as_bytes()).to_string();
        self.folder.join(name)
    }

    fn entry(&self, root: &Path, hash: Sha256) -> PathBuf {
        self.repository_folder(root).join(hash.to_string())
    }
}

/// Two paths to one repository must mean one repository.
fn canonical(root: &Path) -> Result<PathBuf, TrustError> {
    root.canonicalize()
        .map_err(|source| TrustError::Repository {
            path: root.to_path_buf(),
            source,
        })
}

/// For people who look into the store; compared as a whole when it is read.
fn record(root: &Path, hash: Sha256) -> Vec<u8> {
    let mut record = root.as_os_str().as_bytes().to_vec();
    record.extend_from_slice(format!("\ndocket.toml {hash}\n").as_bytes());
    record
}

/// Writes a file that is there as a whole or not at all, for its owner only.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let temporary = folder.join(format!(".new-{}", std::process::id()));
    let write = || {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        File::open(folder)?.sync_all()
    };
    write().inspect_err(|_error| {
        // The first error is the one that matters.
        let _ = fs::remove_file(&temporary);
    })
}
