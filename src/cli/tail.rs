//! A file that grows, line by line, and word of when to look again.

use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

/// How much is read at a time.
const CHUNK: usize = 64 * 1024;

/// Looked at again without a hint, in case one got lost or a runner died without a sound.
const LOST_HINT: Duration = Duration::from_secs(2);

/// The same where the system can't watch.
const BLIND: Duration = Duration::from_millis(300);

/// The lines of a file that may not be there yet.
pub(super) struct Tail {
    path: PathBuf,
    file: Option<File>,
    rest: Vec<u8>,
}

impl Tail {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            file: None,
            rest: Vec::new(),
        }
    }

    /// The next whole lines, without their ends; empty when there is nothing new.
    pub(super) fn lines(&mut self) -> io::Result<Vec<Vec<u8>>> {
        self.open()?;
        let Self {
            file: Some(file),
            rest,
            ..
        } = self
        else {
            return Ok(Vec::new());
        };
        let mut chunk = vec![0; CHUNK];
        let mut lines = Vec::new();
        loop {
            let count = match file.read(&mut chunk) {
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if count == 0 {
                return Ok(lines);
            }
            for piece in chunk[..count].split_inclusive(|byte| *byte == b'\n') {
                match piece.strip_suffix(b"\n") {
                    Some(end) => {
                        rest.extend_from_slice(end);
                        lines.push(std::mem::take(rest));
                    }
                    None => rest.extend_from_slice(piece),
                }
            }
            if !lines.is_empty() {
                return Ok(lines);
            }
        }
    }

    /// What is left after the last line end, when nothing more will come.
    pub(super) fn rest(&mut self) -> Option<Vec<u8>> {
        let rest = std::mem::take(&mut self.rest);
        (!rest.is_empty()).then_some(rest)
    }

    fn open(&mut self) -> io::Result<()> {
        if self.file.is_none() {
            match File::open(&self.path) {
                Ok(file) => self.file = Some(file),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Waits for a change in folders.
pub(super) struct Watch {
    watcher: Option<RecommendedWatcher>,
    hints: Receiver<()>,
    /// Keeps the channel open where there is no watcher to do so.
    _sender: SyncSender<()>,
    watched: Vec<PathBuf>,
}

impl Watch {
    pub(super) fn new() -> Self {
        // One waiting hint stands for any number of them.
        let (sender, hints) = sync_channel(1);
        let kept = sender.clone();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let is_ours = event.is_ok_and(|event| match event.kind {
                EventKind::Access(kind) => kind == AccessKind::Close(AccessMode::Write),
                _ => true,
            });
            if is_ours {
                let _one_is_waiting = sender.try_send(());
            }
        });
        Self {
            watcher: watcher.ok(),
            hints,
            _sender: kept,
            watched: Vec::new(),
        }
    }

    /// Watches a folder, as soon as it is there.
    pub(super) fn add(&mut self, folder: &Path) {
        if self.watched.iter().any(|watched| watched == folder) {
            return;
        }
        if let Some(watcher) = &mut self.watcher
            && watcher.watch(folder, RecursiveMode::NonRecursive).is_ok()
        {
            self.watched.push(folder.to_owned());
        }
    }

    /// Until something changed, or for a while.
    pub(super) fn wait(&self) {
        let is_blind = self.watcher.is_none() || self.watched.is_empty();
        let limit = if is_blind { BLIND } else { LOST_HINT };
        let _hint_or_time = self.hints.recv_timeout(limit);
    }
}
