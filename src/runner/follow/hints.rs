//! What the system tells of files that change. Only when to look: what is there is read.

use std::collections::HashMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;

use crate::store::lock;

/// The files that tell something. Nothing else that happens in their folders wakes anybody: not docket's own log either.
const NAMES: [&str; 4] = ["ledger.db", "ledger.db-wal", lock::FILE, "transcript.jsonl"];

/// A hint that waits to be looked after.
#[derive(Debug, Default)]
pub(super) struct Hints {
    arrived: Notify,
    /// A folder that is watched was moved or removed: the one that is there now may be another one.
    moved: AtomicBool,
}

impl Hints {
    /// Waits for one.
    pub(super) async fn arrived(&self) {
        self.arrived.notified().await;
    }

    fn take(&self, watched: &notify::Result<notify::Event>) {
        let Ok(event) = watched else {
            return self.arrived.notify_one();
        };
        let is_told = match event.kind {
            // A file that a process had open when it was killed is closed by that.
            EventKind::Access(kind) => kind == AccessKind::Close(AccessMode::Write),
            _ => true,
        };
        let named = |path: &PathBuf| {
            let name = path.file_name();
            name.is_some_and(|name| NAMES.iter().any(|known| name == *known))
        };
        if matches!(
            event.kind,
            EventKind::Remove(_) | EventKind::Modify(notify::event::ModifyKind::Name(_))
        ) {
            self.moved.store(true, Ordering::Release);
            self.arrived.notify_one();
        } else if is_told && (event.need_rescan() || event.paths.iter().any(named)) {
            self.arrived.notify_one();
        }
    }
}

/// The folders that are watched.
#[derive(Debug)]
pub(super) struct Watches {
    /// `None` when the system can't watch (no inotify instances left, for example).
    watcher: Option<RecommendedWatcher>,
    hints: Arc<Hints>,
    /// Each with what it was when the watch began (device, inode).
    watched: HashMap<PathBuf, (u64, u64)>,
}

impl Watches {
    pub(super) fn new(hints: &Arc<Hints>) -> Self {
        let told = Arc::clone(hints);
        let watcher = notify::recommended_watcher(move |event| told.take(&event));
        Self {
            watcher: watcher.ok(),
            hints: Arc::clone(hints),
            watched: HashMap::new(),
        }
    }

    /// Whether this folder is not watched, though it should be.
    pub(super) fn is_blind_for(&self, folder: &Path) -> bool {
        !self.watched.contains_key(folder)
    }

    /// Watches these folders, as far as they are there, and no others.
    pub(super) fn only(&mut self, folders: &[PathBuf]) {
        let Some(watcher) = &mut self.watcher else {
            return;
        };
        let all_anew = self.hints.moved.swap(false, Ordering::AcqRel);
        self.watched.retain(|path, known| {
            let stays = !all_anew && folders.contains(path) && identity(path) == Some(*known);
            if !stays {
                // The system has dropped the watch of a deleted folder by itself; then this fails, and that is well.
                let _ = watcher.unwatch(path);
            }
            stays
        });
        for path in folders {
            let Some(found) = identity(path).filter(|_| !self.watched.contains_key(path)) else {
                continue;
            };
            if watcher.watch(path, RecursiveMode::NonRecursive).is_ok() {
                self.watched.insert(path.clone(), found);
            }
        }
    }
}

/// What a path stands for now.
pub(super) fn identity(path: &Path) -> Option<(u64, u64)> {
    let found = path.metadata().ok()?;
    Some((found.dev(), found.ino()))
}
