//! Watches the queue's folder and publishes what changed, soon and only then.
//!
//! Folders are watched, never files (a watch on a file dies when an editor saves by rename), and the folders above the queue's too, so
//! that one that was deleted and made again is found. What the system reports is only a hint: every hint leads to a scan, and only a
//! difference between two scans is published, so our own writes and mere touches can't cause loops.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::{Notify, mpsc};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::timeout;

use crate::domain::ticket::QueueEntry;

use super::load::{Loader, Scan, is_ticket};

/// Hints that follow each other within this time are handled together.
const QUIET: Duration = Duration::from_millis(50);

/// A storm of hints doesn't delay a scan longer than this.
const STORM: Duration = Duration::from_millis(100);

/// A scan without any hint, in case one got lost: rare enough not to count as a wake-up.
const RESCAN: Duration = Duration::from_secs(30);

/// The same while the system can't watch at all.
const RESCAN_BLIND: Duration = Duration::from_secs(2);

/// What is in the queue's folder now, and what is different from the last time.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct QueueChange {
    /// Everything, as it is now.
    pub scan: Scan,
    /// Files that are new or say something else (paths as in their entries).
    pub changed: Vec<PathBuf>,
    /// Files that are gone.
    pub removed: Vec<PathBuf>,
}

/// A running watch. Dropping it ends the watch.
#[derive(Debug)]
pub struct Watcher {
    task: JoinHandle<()>,
    hints: Arc<Hints>,
}

impl Watcher {
    /// Watches `folder` of the repository at `root`; it needs not exist yet. The first change that is received is the state at the start.
    /// A receiver that lags gets fewer changes, never an old one after a new one. Must be called within a tokio runtime.
    pub fn start(root: &Path, folder: &Path) -> (Self, mpsc::Receiver<QueueChange>) {
        Self::start_telling(root, folder, |_beginning, _of| {})
    }

    /// The same. `tell` gets the beginning of a large folder while the rest is still being read, see [`Loader::scan_telling`]; it is
    /// called in another thread, before the first change is sent.
    pub fn start_telling(
        root: &Path,
        folder: &Path,
        tell: impl FnOnce(Vec<Arc<QueueEntry>>, usize) + Send + 'static,
    ) -> (Self, mpsc::Receiver<QueueChange>) {
        let (sender, receiver) = mpsc::channel(1);
        let loader = Loader::new(root, folder);
        let hints = Arc::new(Hints::default());
        let watches = Watches::new(root, folder, &hints);
        let eyes = Eyes {
            loader,
            watches,
            tell: Some(Box::new(tell)),
        };
        let task = tokio::spawn(run(eyes, Arc::clone(&hints), sender));
        (Self { task, hints }, receiver)
    }

    /// Asks for a scan now.
    pub fn rescan(&self) {
        self.hints.add(Hint::Folder);
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What blocking calls need: moved to a blocking thread and back.
struct Eyes {
    loader: Loader,
    watches: Watches,
    /// Who is told of the beginning; once.
    tell: Option<Tell>,
}

type Tell = Box<dyn FnOnce(Vec<Arc<QueueEntry>>, usize) + Send>;

impl Eyes {
    fn look(&mut self, news: &News) -> Scan {
        if news.is_whole_folder {
            // Watch first: what changes during the scan gives a hint for the next one.
            self.watches.renew();
            match self.tell.take() {
                Some(tell) => self.loader.scan_telling(tell),
                None => self.loader.scan(),
            };
        }
        // What was hinted at by name is read whatever it looks like.
        self.loader
            .refresh(news.names.iter().map(OsString::as_os_str))
    }
}

async fn run(mut eyes: Eyes, hints: Arc<Hints>, sender: mpsc::Sender<QueueChange>) {
    let mut last: Option<Scan> = None;
    hints.add(Hint::Folder);
    loop {
        let news = hints.take();
        let looked = spawn_blocking(move || {
            let scan = eyes.look(&news);
            (eyes, scan)
        });
        let Ok((back, scan)) = looked.await else {
            // Only a panic or the end of the runtime gets here; the receiver sees the channel close.
            return;
        };
        eyes = back;
        if let Some(change) = difference(last.as_ref(), &scan) {
            if sender.send(change).await.is_err() {
                return;
            }
            last = Some(scan);
        }
        let period = if eyes.watches.is_blind() {
            RESCAN_BLIND
        } else {
            RESCAN
        };
        tokio::select! {
            () = sender.closed() => return,
            hint = timeout(period, hints.arrived.notified()) => {
                match hint {
                    Ok(()) => hints.settle().await,
                    Err(_nothing_for_long) => hints.add(Hint::Folder),
                }
            }
        }
    }
}

/// What to publish; nothing if two scans say the same.
fn difference(last: Option<&Scan>, scan: &Scan) -> Option<QueueChange> {
    let before = last.map_or(&[][..], |last| last.entries.as_slice());
    let (mut changed, mut removed) = (Vec::new(), Vec::new());
    // Both are in the order of file names.
    let mut old = before.iter().peekable();
    for new in &scan.entries {
        while let Some(gone) = old.next_if(|old| old.path.as_os_str() < new.path.as_os_str()) {
            removed.push(gone.path.clone());
        }
        let same = old.next_if(|old| old.path == new.path);
        if same.is_none_or(|same| !Arc::ptr_eq(same, new)) {
            changed.push(new.path.clone());
        }
    }
    removed.extend(old.map(|gone| gone.path.clone()));
    let same_problems = last.is_some_and(|last| last.problems == scan.problems);
    let is_same = changed.is_empty() && removed.is_empty() && same_problems;
    (!is_same).then(|| QueueChange {
        scan: scan.clone(),
        changed,
        removed,
    })
}

/// What may have changed.
enum Hint {
    /// This file.
    File(OsString),
    /// Anything.
    Folder,
}

/// What may have changed since the last look.
#[derive(Debug, Default)]
struct News {
    names: HashSet<OsString>,
    is_whole_folder: bool,
}

/// Where the system's reports wait for the next look.
#[derive(Debug, Default)]
struct Hints {
    arrived: Notify,
    news: Mutex<News>,
}

impl Hints {
    fn add(&self, hint: Hint) {
        let mut news = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        match hint {
            Hint::File(name) => {
                news.names.insert(name);
            }
            Hint::Folder => news.is_whole_folder = true,
        }
        drop(news);
        self.arrived.notify_one();
    }

    fn take(&self) -> News {
        std::mem::take(&mut *self.news.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until hints stop coming, but not for ever.
    async fn settle(&self) {
        let quiet = async { while timeout(QUIET, self.arrived.notified()).await.is_ok() {} };
        // Either way it is time to look.
        let _ = timeout(STORM, quiet).await;
    }
}

/// The watches on the queue's folder and the folders above it, up to the repository.
#[derive(Debug)]
struct Watches {
    /// `None` when the system can't watch (no inotify instances left, for example): then the periodic scan has to do.
    watcher: Option<RecommendedWatcher>,
    /// From the repository down to the queue's folder.
    chain: Vec<PathBuf>,
    /// Which folder (device, inode) is watched under each path.
    watched: HashMap<PathBuf, (u64, u64)>,
    /// Whether a folder that is there couldn't be watched.
    has_gap: bool,
}

impl Watches {
    fn new(root: &Path, folder: &Path, hints: &Arc<Hints>) -> Self {
        // macOS reports real paths, whatever was asked for.
        let real_root = root.canonicalize().unwrap_or_else(|_error| root.to_owned());
        let below = folder.strip_prefix(root).unwrap_or(folder);
        let folder = real_root.join(below);
        let above = |path: &Path| path.starts_with(&real_root) || Some(path) == folder.parent();
        let mut chain: Vec<_> = folder
            .ancestors()
            .take_while(|path| *path == folder || above(path))
            .map(Path::to_owned)
            .collect();
        chain.reverse();
        let hints = Arc::clone(hints);
        let filter = chain.clone();
        let watcher = notify::recommended_watcher(move |event| hint(&hints, &filter, event));
        Self {
            watcher: watcher.ok(),
            chain,
            watched: HashMap::new(),
            has_gap: false,
        }
    }

    fn is_blind(&self) -> bool {
        self.watcher.is_none() || self.has_gap
    }

    /// Watches every folder of the chain that is there, and again those that are others than before.
    fn renew(&mut self) {
        let Some(watcher) = &mut self.watcher else {
            return;
        };
        self.has_gap = false;
        for path in &self.chain {
            let metadata = path.metadata().ok().filter(std::fs::Metadata::is_dir);
            let identity = metadata.map(|metadata| (metadata.dev(), metadata.ino()));
            if identity == self.watched.get(path).copied() {
                continue;
            }
            if self.watched.remove(path).is_some() {
                // The system has dropped the watch of a deleted folder by itself; then this fails, and that is well.
                let _ = watcher.unwatch(path);
            }
            if let Some(identity) = identity {
                match watcher.watch(path, RecursiveMode::NonRecursive) {
                    Ok(()) => {
                        self.watched.insert(path.clone(), identity);
                    }
                    Err(_error) => self.has_gap = true,
                }
            }
        }
    }
}

/// Keeps what concerns the queue of what the system reports.
fn hint(hints: &Hints, chain: &[PathBuf], event: notify::Result<notify::Event>) {
    let Ok(event) = event else {
        return hints.add(Hint::Folder);
    };
    if event.need_rescan() || event.paths.is_empty() {
        return hints.add(Hint::Folder);
    }
    if matches!(event.kind, EventKind::Access(_)) {
        return;
    }
    for path in event.paths {
        let is_in_folder = path.parent() == chain.last().map(PathBuf::as_path);
        match path.file_name().filter(|_name| is_in_folder) {
            Some(name) if is_ticket(name) => hints.add(Hint::File(name.to_owned())),
            // It may look like a misnamed ticket, which only a scan of the folder tells.
            Some(name) if is_markdown(name) && !is_hidden(name) => hints.add(Hint::Folder),
            _ if chain.contains(&path) => hints.add(Hint::Folder),
            _ => {}
        }
    }
}

fn is_markdown(name: &std::ffi::OsStr) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("md"))
}

/// Locks and copies of editors, our own temporary files.
fn is_hidden(name: &std::ffi::OsStr) -> bool {
    name.to_string_lossy().starts_with('.')
}
