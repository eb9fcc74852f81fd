//! Writing a bundle: a tar with nothing in it that tells when or by whom it was made, then compressed. It takes its name when it is
//! whole.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Seek as _, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use tar::{Builder, EntryType, Header};

use super::super::evidence::{MANIFEST, folder_of};
use super::{
    ABOUT, About, AboutAttempt, BundleError, Content, EVENTS, EventLine, FORMAT, GUIDE, SUMS,
    compress, prefix_of,
};
use crate::domain::hash::Hasher;
use crate::domain::ids::Sha256;

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Files of evidence.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The size of the bundle.
    pub size: u64,
}

/// Writes a bundle of what `content` names, with the files that lie under the evidence root, into the new file `target`.
///
/// # Errors
/// [`BundleError::Exists`]: it was not touched.
pub fn write(content: &Content, evidence: &Path, target: &Path) -> Result<Written, BundleError> {
    if fs::symlink_metadata(target).is_ok() {
        return Err(BundleError::Exists {
            path: target.to_owned(),
        });
    }
    let mut plain = temporary(target, "tar")?;
    // The same open file, so the same place in it.
    let out = plain
        .file
        .try_clone()
        .map_err(BundleError::io(target, "write"))?;
    let mut archive = Archive {
        tar: Builder::new(BufWriter::new(out)),
        sums: BTreeMap::new(),
        target,
    };
    archive.text(GUIDE, include_bytes!("verify.md"))?;
    archive.text(ABOUT, &about(content))?;
    archive.text(EVENTS, &events(content))?;
    let (mut files, mut bytes) = (0, 0);
    for record in &content.attempts {
        let folder = folder_of(evidence, record.run, &record.attempt);
        let prefix = prefix_of(record.run, &record.attempt);
        for name in names(&folder)? {
            bytes += archive.file(&format!("{prefix}{name}"), &folder.join(&name))?;
            files += 1;
        }
    }
    let mut sums = String::new();
    for (name, hash) in &archive.sums {
        // Writing to a text can't fail.
        let _ = writeln!(sums, "{hash}  {name}");
    }
    archive.text(SUMS, sums.as_bytes())?;
    let failed = || BundleError::io(target, "write");
    let written = archive.tar.into_inner().map_err(failed())?;
    drop(
        written
            .into_inner()
            .map_err(|error| failed()(error.into_error()))?,
    );
    plain.file.rewind().map_err(failed())?;
    let mut packed = temporary(target, "zst")?;
    compress::zstd(
        BufReader::new(&plain.file),
        BufWriter::new(&mut packed.file),
    )
    .map_err(failed())?;
    packed.file.sync_all().map_err(failed())?;
    let size = packed.file.metadata().map_err(failed())?.len();
    // Unlike a rename, a link never replaces a file that came in the meantime.
    fs::hard_link(&packed.path, target).map_err(failed())?;
    Ok(Written { files, bytes, size })
}

/// A file beside the target that goes when it isn't needed anymore.
struct Temporary {
    path: PathBuf,
    file: File,
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // What can't be removed now lies there under a name that says what it is.
        let _left = fs::remove_file(&self.path);
    }
}

fn temporary(target: &Path, what: &str) -> Result<Temporary, BundleError> {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let path = target.with_file_name(format!(".{name}.{}.{what}.tmp", std::process::id()));
    let file = File::options()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .map_err(BundleError::io(&path, "make"))?;
    Ok(Temporary { path, file })
}

struct Archive<'a, W: Write> {
    tar: Builder<W>,
    sums: BTreeMap<String, Sha256>,
    target: &'a Path,
}

impl<W: Write> Archive<'_, W> {
    fn text(&mut self, name: &str, bytes: &[u8]) -> Result<(), BundleError> {
        self.append(name, bytes.len() as u64, bytes)
    }

    /// A file as it lies there. Says how many bytes it has.
    fn file(&mut self, name: &str, path: &Path) -> Result<u64, BundleError> {
        let failed = || BundleError::io(path, "read");
        let file = File::open(path).map_err(failed())?;
        let size = file.metadata().map_err(failed())?.len();
        self.append(name, size, BufReader::new(file))
            .map_err(|error| match error {
                BundleError::Io { source, .. } if source.kind() == io::ErrorKind::UnexpectedEof => {
                    BundleError::Changed {
                        path: path.to_owned(),
                    }
                }
                error => error,
            })?;
        Ok(size)
    }

    fn append(&mut self, name: &str, size: u64, source: impl Read) -> Result<(), BundleError> {
        let mut header = Header::new_ustar();
        header
            .set_path(name)
            .map_err(|_error| BundleError::LongName {
                name: name.to_owned(),
            })?;
        header.set_entry_type(EntryType::Regular);
        header.set_size(size);
        header.set_mode(0o644);
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        header.set_cksum();
        let mut hashed = Hashed {
            inner: source.take(size),
            hasher: Hasher::default(),
            count: 0,
        };
        self.tar
            .append(&header, &mut hashed)
            .map_err(BundleError::io(self.target, "write"))?;
        if hashed.count != size {
            let short = io::ErrorKind::UnexpectedEof.into();
            return Err(BundleError::io(self.target, "write")(short));
        }
        if name != SUMS {
            self.sums.insert(name.to_owned(), hashed.hasher.finish());
        }
        Ok(())
    }
}

/// Hashes what goes through.
struct Hashed<R> {
    inner: R,
    hasher: Hasher,
    count: u64,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        self.count += count as u64;
        Ok(count)
    }
}

fn about(content: &Content) -> Vec<u8> {
    let about = About {
        format: FORMAT,
        docket: env!("CARGO_PKG_VERSION").to_owned(),
        attempts: content
            .attempts
            .iter()
            .map(|record| AboutAttempt {
                attempt: record.attempt.clone(),
                run: record.run,
                manifest: record.seal.map(|seal| seal.manifest),
            })
            .collect(),
        events: content.rows.len() as u64,
        head: content.head,
    };
    lines(std::iter::once(serde_json::to_vec_pretty(&about)))
}

fn events(content: &Content) -> Vec<u8> {
    let rows = content.rows.iter();
    lines(rows.map(|row| serde_json::to_vec(&EventLine::of(row))))
}

/// Values that are JSON by their types can't fail to be written.
fn lines(values: impl Iterator<Item = serde_json::Result<Vec<u8>>>) -> Vec<u8> {
    let mut text = Vec::new();
    for value in values.flatten() {
        text.extend(value);
        text.push(b'\n');
    }
    text
}

/// The files of a folder by name, the manifest first, so that a reader knows what to expect. Links and the like are left out: no
/// evidence of docket's is one.
fn names(folder: &Path) -> Result<Vec<String>, BundleError> {
    let mut names = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(prefix) = folders.pop() {
        let here = folder.join(&prefix);
        let failed = || BundleError::io(&here, "read");
        let entries = match fs::read_dir(&here) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(failed()(error)),
        };
        for entry in entries {
            let entry = entry.map_err(failed())?;
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            let kind = entry.file_type().map_err(failed())?;
            if kind.is_dir() {
                folders.push(format!("{name}/"));
            } else if kind.is_file() {
                names.push(name);
            }
        }
    }
    names.sort_by_key(|name| (name != MANIFEST, name.clone()));
    Ok(names)
}
