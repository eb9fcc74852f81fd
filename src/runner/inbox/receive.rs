//! The runner's end: takes commands out of the inbox, each exactly once, and answers them.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

use super::{ANSWER, Asked, BAD, Bad, COMMAND, Reply, TEMPORARY, door};
use crate::domain::command::Command;
use crate::proc::clock::{Clock as _, SystemClock};

/// How often the folder is read while the system can't watch it (no inotify instances left, for example).
const BLIND: Duration = Duration::from_millis(500);

/// Answers and drafts that nobody took away for so long, in milliseconds, never will be.
const FORGOTTEN: i64 = 60_000;

/// A command, and where its answer goes.
#[derive(Debug)]
pub(in crate::runner) struct Letter {
    /// What is asked.
    pub(in crate::runner) command: Command,
    /// Says what came of it.
    pub(in crate::runner) receipt: Receipt,
}

/// The duty to say what came of a command. Dropped without a word, it says that the runner ended.
#[derive(Debug)]
pub(in crate::runner) struct Receipt {
    /// The answer's file; `None` once it is written.
    answer: Option<PathBuf>,
}

impl Receipt {
    /// It was done.
    pub(in crate::runner) fn done(self, note: Option<String>) {
        self.give(&Reply::Done { note });
    }

    /// It was not.
    pub(in crate::runner) fn refuse(self, why: String) {
        self.give(&Reply::Refused { why });
    }

    fn give(mut self, reply: &Reply) {
        self.write(reply);
    }

    fn write(&mut self, reply: &Reply) {
        if let Some(answer) = self.answer.take()
            && let Err(error) = super::write(&answer, reply)
        {
            tracing::warn!(%error, answer = %answer.display(), "a command can't be answered");
        }
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        self.write(&Reply::Refused {
            why: "the docket that ran here has just ended".to_owned(),
        });
    }
}

/// The inbox of a runner that lives.
#[derive(Debug)]
pub(in crate::runner) struct Inbox {
    folder: Option<PathBuf>,
    task: Option<JoinHandle<()>>,
}

impl Inbox {
    /// Opens the inbox of `docket` (`.docket/`). What lies there was meant for a runner that is gone: it is answered and dropped.
    /// The runner's lock must be held. An inbox that can't be used is logged: docket works without it.
    pub(in crate::runner) fn open(docket: &Path) -> (Self, mpsc::UnboundedReceiver<Letter>) {
        let (sender, letters) = mpsc::unbounded_channel();
        let folder = match super::folder(docket) {
            Ok(folder) => folder,
            Err(error) => {
                tracing::warn!(%error, "nobody can ask this docket for anything from outside");
                let nothing = Self {
                    folder: None,
                    task: None,
                };
                return (nothing, letters);
            }
        };
        // Watched first: what comes while the folder is read gives a hint.
        let watch = Watch::new(folder.clone());
        sweep(&folder);
        for letter in take_all(&folder) {
            tracing::info!(command = %letter.command.describe(), "a command for an earlier runner is dropped");
            letter.receipt.give(&Reply::NobodyThere);
        }
        let task = tokio::spawn(receive(watch, sender));
        let inbox = Self {
            folder: Some(folder),
            task: Some(task),
        };
        (inbox, letters)
    }

    /// Answers what came too late. The runner's lock must still be held.
    pub(in crate::runner) fn close(self) {
        if let Some(task) = self.task {
            task.abort();
        }
        if let Some(folder) = self.folder {
            // Their receipts say it.
            drop(take_all(&folder));
        }
    }
}

async fn receive(mut watch: Watch, sender: mpsc::UnboundedSender<Letter>) {
    loop {
        watch.renew();
        for letter in take_all(&watch.folder) {
            // When nobody listens any more, its receipt says so.
            let _dispatcher_is_gone = sender.send(letter);
        }
        tokio::select! {
            () = sender.closed() => return,
            () = watch.hint() => {}
        }
    }
}

/// Tells when something came.
struct Watch {
    folder: PathBuf,
    /// `None` when the system can't watch.
    watcher: Option<RecommendedWatcher>,
    /// The folder that is watched (device, inode): somebody may have put another one there.
    watched: Option<(u64, u64)>,
    /// Something happened to the folder itself: the one that is there now may be another one with the same numbers.
    gone: Arc<AtomicBool>,
    arrived: Arc<Notify>,
}

impl Watch {
    fn new(folder: PathBuf) -> Self {
        let arrived = Arc::new(Notify::new());
        let gone = Arc::new(AtomicBool::new(false));
        let (hints, is_gone, own) = (Arc::clone(&arrived), Arc::clone(&gone), folder.clone());
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            if let Ok(event) = &event {
                if matches!(event.kind, EventKind::Access(_)) {
                    return;
                }
                if event.paths.contains(&own) {
                    is_gone.store(true, Ordering::Release);
                }
            }
            hints.notify_one();
        });
        let mut watch = Self {
            folder,
            watcher: watcher.ok(),
            watched: None,
            gone,
            arrived,
        };
        watch.renew();
        watch
    }

    /// Watches the folder that is there now; makes it anew when it is gone.
    fn renew(&mut self) {
        let (Ok(()), Some(watcher)) = (super::make(&self.folder), &mut self.watcher) else {
            self.watched = None;
            return;
        };
        let found = fs::symlink_metadata(&self.folder).ok();
        let found = found.map(|found| (found.dev(), found.ino()));
        let is_same = found == self.watched && !self.gone.swap(false, Ordering::AcqRel);
        if found.is_none() || is_same {
            return;
        }
        if self.watched.take().is_some() {
            // The system has dropped the watch of a deleted folder by itself; then this fails, and that is well.
            let _ = watcher.unwatch(&self.folder);
        }
        let watching = watcher.watch(&self.folder, RecursiveMode::NonRecursive);
        self.watched = watching.is_ok().then_some(found).flatten();
    }

    async fn hint(&self) {
        if self.watched.is_some() {
            self.arrived.notified().await;
        } else {
            tokio::time::sleep(BLIND).await;
        }
    }
}

/// Takes every command out of the folder, in the order in which they were written; whatever else is there is moved aside.
fn take_all(folder: &Path) -> Vec<Letter> {
    let mut names: Vec<_> = match fs::read_dir(folder) {
        Ok(entries) => entries.flatten().map(|entry| entry.file_name()).collect(),
        Err(error) => {
            tracing::warn!(%error, "docket's inbox can't be read");
            return Vec::new();
        }
    };
    names.sort();
    let names = names.into_iter().filter(|name| {
        let name = name.to_string_lossy();
        let is_answer = name.ends_with(&format!(".{ANSWER}"));
        !is_answer && !name.starts_with('.') && name != BAD && name != door::FILE
    });
    names
        .filter_map(|name| take(folder, &folder.join(name)))
        .collect()
}

fn take(folder: &Path, path: &Path) -> Option<Letter> {
    if path.extension().is_none_or(|end| end != COMMAND) {
        move_aside(folder, path, "nothing that docket put there");
        return None;
    }
    match super::read::<Asked>(path) {
        // Removed before it is acted on: what can't be removed would be done twice.
        Ok(Asked { command }) => match fs::remove_file(path) {
            Ok(()) => Some(Letter {
                command,
                receipt: receipt(path),
            }),
            // Withdrawn in this moment.
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                tracing::warn!(%error, path = %path.display(), "a command stays untouched: it can't be removed");
                None
            }
        },
        Err(Bad::Unreadable(error)) if error.kind() == io::ErrorKind::NotFound => None,
        Err(bad) => {
            move_aside(folder, path, &bad.to_string());
            // A docket that waits should know; nobody else gets a word.
            if let Bad::Strange(_) | Bad::Newer(_) = bad {
                receipt(path).refuse(bad.to_string());
            }
            None
        }
    }
}

fn receipt(letter: &Path) -> Receipt {
    Receipt {
        answer: Some(letter.with_extension(ANSWER)),
    }
}

fn move_aside(folder: &Path, path: &Path, why: &str) {
    let aside = folder.join(BAD);
    let name = path.file_name().unwrap_or_default();
    let moved = super::make(&aside).and_then(|()| fs::rename(path, aside.join(name)));
    let path = path.display();
    match moved {
        Ok(()) => tracing::warn!(%path, why, "moved aside from the inbox"),
        Err(error) => tracing::warn!(%path, why, %error, "can't be moved aside from the inbox"),
    }
}

/// Removes answers and drafts of askers that died.
fn sweep(folder: &Path) {
    let now = SystemClock::new().now().wall.0;
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let is_ours = path
            .extension()
            .is_some_and(|end| end == ANSWER || end == TEMPORARY);
        let age = entry
            .metadata()
            .map_or(0, |found| now - found.mtime() * 1000);
        if is_ours && age > FORGOTTEN {
            let _it_stays = fs::remove_file(path);
        }
    }
}
