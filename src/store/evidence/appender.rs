//! A file of evidence that grows while an attempt runs.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::super::error::EvidenceError;
use super::written::Written;
use crate::domain::hash::Hasher;

/// How much waits in memory at most before it goes to the file.
const BUFFER: usize = 32 * 1024;

/// Appends to one file, buffered and counted. The first failure is final: later bytes would leave a hole.
#[derive(Debug)]
pub struct Appender {
    path: PathBuf,
    file: File,
    buffer: Vec<u8>,
    flushed: u64,
    failure: Option<io::ErrorKind>,
    name: String,
    /// Who is told what the file holds in the end; and its hash so far, for a file that began empty.
    written: Option<(Written, Hasher)>,
}

impl Appender {
    pub(super) fn open(
        path: PathBuf,
        name: &str,
        written: Option<Written>,
    ) -> Result<Self, EvidenceError> {
        let open = || {
            let file = File::options()
                .append(true)
                .create(true)
                .mode(0o600)
                .open(&path)?;
            let flushed = file.metadata()?.len();
            Ok((file, flushed))
        };
        let (file, flushed) = open().map_err(EvidenceError::io(&path, "open"))?;
        Ok(Self {
            path,
            file,
            buffer: Vec::new(),
            flushed,
            failure: None,
            name: name.to_owned(),
            written: written
                .filter(|_| flushed == 0)
                .map(|written| (written, Hasher::default())),
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds bytes; they reach the file when 32 KiB wait or on [`Appender::flush`].
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), EvidenceError> {
        self.check()?;
        self.buffer.extend_from_slice(bytes);
        if let Some((_, hasher)) = &mut self.written {
            hasher.update(bytes);
        }
        if self.buffer.len() >= BUFFER {
            self.flush()?;
        }
        Ok(())
    }

    /// Hands everything to the system, so that other readers of the file see it.
    pub fn flush(&mut self) -> Result<(), EvidenceError> {
        self.check()?;
        if self.buffer.is_empty() {
            return Ok(());
        }
        match self.file.write_all(&self.buffer) {
            Ok(()) => {
                self.flushed += self.buffer.len() as u64;
                self.buffer.clear();
                Ok(())
            }
            Err(error) => {
                self.failure = Some(error.kind());
                Err(EvidenceError::io(&self.path, "write")(error))
            }
        }
    }

    /// Bytes that readers of the file can see: the watermark.
    pub fn flushed(&self) -> u64 {
        self.flushed
    }

    /// Bytes in all, those that wait included.
    pub fn len(&self) -> u64 {
        self.flushed + self.buffer.len() as u64
    }

    /// Whether the file holds nothing and nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Flushes, and says what the file must hold when it is sealed. Nothing may be added after it.
    pub fn settle(&mut self) -> Result<(), EvidenceError> {
        self.flush()?;
        if let Some((written, hasher)) = self.written.take() {
            written.note(&self.name, Some(hasher.finish()));
        }
        Ok(())
    }

    /// Settles and closes; says how many bytes the file has. Call it before the seal: a drop can't tell of a failure.
    pub fn finish(mut self) -> Result<u64, EvidenceError> {
        self.settle()?;
        Ok(self.flushed)
    }

    fn check(&self) -> Result<(), EvidenceError> {
        self.failure.map_or(Ok(()), |kind| {
            Err(EvidenceError::io(&self.path, "write")(kind.into()))
        })
    }
}

impl Drop for Appender {
    fn drop(&mut self) {
        if self.failure.is_none() {
            // Best effort for a task that was dropped: whoever needs to know calls `finish`.
            let _unseen = self.flush();
        }
    }
}
