//! Watches the user's themes: a saved one is on the screen at once. Nothing is polled.
//!
//! Folders are watched, not files (editors save by renaming), and the folder above, so that themes are found that are made
//! later. A theme may be a link into a folder of dotfiles: that one is watched too.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// What follows within this time is one change: editors empty a file, write it and rename it.
const QUIET: Duration = Duration::from_millis(40);

/// A storm of changes doesn't delay the news longer than this.
const STORM: Duration = Duration::from_millis(200);

/// Tells of changes below `folder`, which needs not exist yet, until the receiver is dropped. Must be called within a tokio
/// runtime. Where the system can't watch nothing is told.
pub(super) fn watch(folder: PathBuf) -> mpsc::Receiver<()> {
    let (sender, receiver) = mpsc::channel(1);
    let (hint, mut hints) = mpsc::channel(1);
    let watcher = notify::recommended_watcher(move |event| {
        if concerns_themes(event) {
            // One that waits already says the same.
            let _is_full = hint.try_send(());
        }
    });
    let Ok(watcher) = watcher else {
        return receiver;
    };
    let mut watches = Watches {
        watcher,
        folder,
        watched: BTreeMap::new(),
    };
    watches.renew();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                () = sender.closed() => return,
                hint = hints.recv() => if hint.is_none() { return },
            }
            let quiet = async { while let Ok(Some(())) = timeout(QUIET, hints.recv()).await {} };
            // Either way it is time to tell.
            let _ = timeout(STORM, quiet).await;
            watches.renew();
            if sender.send(()).await.is_err() {
                return;
            }
        }
    });
    receiver
}

fn concerns_themes(event: notify::Result<notify::Event>) -> bool {
    let Ok(event) = event else {
        return true;
    };
    // Reading a theme is an access: it must not lead to the next reading.
    if matches!(event.kind, EventKind::Access(_)) {
        return false;
    }
    let is_theme_or_folder = |path: &PathBuf| path.extension().is_none_or(|end| end == "toml");
    event.need_rescan() || event.paths.is_empty() || event.paths.iter().any(is_theme_or_folder)
}

struct Watches {
    watcher: RecommendedWatcher,
    folder: PathBuf,
    /// Which folder (device, inode) is watched under each path.
    watched: BTreeMap<PathBuf, (u64, u64)>,
}

impl Watches {
    /// Watches every folder that matters and is there, and again those that are others than before.
    fn renew(&mut self) {
        let mut wanted = vec![self.folder.clone()];
        let mut above = self.folder.parent();
        // The next one that is there: what is missing appears in it.
        while let Some(folder) = above {
            wanted.push(folder.to_owned());
            if folder.is_dir() {
                break;
            }
            above = folder.parent();
        }
        wanted.extend(targets(&self.folder));
        for path in wanted {
            let metadata = path.metadata().ok().filter(std::fs::Metadata::is_dir);
            let identity = metadata.map(|metadata| (metadata.dev(), metadata.ino()));
            if identity == self.watched.get(&path).copied() {
                continue;
            }
            if self.watched.remove(&path).is_some() {
                // The system has dropped the watch of a deleted folder by itself; then this fails, and that is well.
                let _ = self.watcher.unwatch(&path);
            }
            if let Some(identity) = identity
                && self
                    .watcher
                    .watch(&path, RecursiveMode::NonRecursive)
                    .is_ok()
            {
                self.watched.insert(path, identity);
            }
        }
    }
}

/// The folders that links in `folder` lead to.
fn targets(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let links = entries
        .map(|entry| entry.path())
        .filter(|path| path.is_symlink() && path.extension().is_some_and(|end| end == "toml"));
    links
        .filter_map(|path| Some(path.canonicalize().ok()?.parent()?.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn told(changes: &mut mpsc::Receiver<()>) -> bool {
        let deadline = Duration::from_secs(20);
        matches!(timeout(deadline, changes.recv()).await, Ok(Some(())))
    }

    fn quiet(changes: &mut mpsc::Receiver<()>) {
        while changes.try_recv().is_ok() {}
    }

    #[tokio::test]
    async fn a_saved_theme_is_told_even_when_its_folder_is_made_later() {
        let home = tempfile::tempdir().expect("a folder");
        let folder = home.path().join("docket/themes");
        let mut changes = watch(folder.clone());
        std::fs::create_dir_all(&folder).expect("folders");
        assert!(told(&mut changes).await);
        // Made between the watch of its parent and its own: until it is seen, writing goes on.
        let mut count = 0;
        loop {
            count += 1;
            std::fs::write(folder.join("mine.toml"), format!("# {count}")).expect("a theme");
            if told(&mut changes).await {
                break;
            }
        }
        quiet(&mut changes);
        let other = folder.join("mine.new");
        std::fs::write(&other, "inherits = 'day'").expect("a copy");
        std::fs::rename(&other, folder.join("mine.toml")).expect("a rename");
        assert!(told(&mut changes).await);
    }

    #[tokio::test]
    async fn a_theme_may_be_a_link_into_another_folder() {
        let home = tempfile::tempdir().expect("a folder");
        let (folder, dotfiles) = (home.path().join("themes"), home.path().join("dotfiles"));
        std::fs::create_dir(&folder).expect("a folder");
        std::fs::create_dir(&dotfiles).expect("a folder");
        let file = dotfiles.join("mine.toml");
        std::fs::write(&file, "").expect("a file");
        std::os::unix::fs::symlink(&file, folder.join("mine.toml")).expect("a link");
        let mut changes = watch(folder);
        quiet(&mut changes);
        std::fs::write(&file, "inherits = 'day'").expect("a file");
        assert!(told(&mut changes).await);
    }
}
