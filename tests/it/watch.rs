//! Watching the queue's folder, with real files.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "the helpers of tests fail as the tests do"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use docket::domain::hash::sha256;
use docket::domain::ticket::ProblemCode;
use docket::tickets::edit::NewValue;
use docket::tickets::watch::{QueueChange, Watcher};
use docket::tickets::write;
use tempfile::TempDir;
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;

/// Far beyond what is promised: a loaded machine must not fail the test, a lost change must.
const DEADLINE: Duration = Duration::from_secs(20);

struct Watched {
    root: TempDir,
    watcher: Watcher,
    changes: Receiver<QueueChange>,
}

fn ticket(title: &str) -> String {
    format!("---\nticket_id: tkt_000001\nagent: codex\ndone: false\ntitle: {title}\n---\n")
}

impl Watched {
    /// A watched folder with one ticket, whose first change has been received.
    async fn new() -> Self {
        let root = TempDir::new().expect("a folder");
        fs::create_dir(root.path().join("tickets")).expect("a folder");
        fs::write(root.path().join("tickets/TICKET-001.md"), ticket("One")).expect("a file");
        let (watcher, changes) = Watcher::start(root.path(), Path::new("tickets"));
        let mut watched = Self {
            root,
            watcher,
            changes,
        };
        let first = watched.next().await;
        assert_eq!(first.scan.entries.len(), 1);
        watched
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join("tickets").join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("a file");
    }

    async fn next(&mut self) -> QueueChange {
        let change = timeout(DEADLINE, self.changes.recv()).await;
        change.expect("a change in time").expect("a running watch")
    }

    /// Waits until the titles of the queue are these.
    async fn wait_for(&mut self, titles: &[&str]) -> QueueChange {
        let mut seen = Vec::new();
        let all = timeout(DEADLINE, async {
            loop {
                let change = self.changes.recv().await.expect("a running watch");
                let now: Vec<_> = change
                    .scan
                    .entries
                    .iter()
                    .map(|entry| entry.title.clone())
                    .collect();
                if now == titles {
                    return change;
                }
                seen.push(now);
            }
        });
        let result = all.await;
        result.unwrap_or_else(|_late| panic!("never {titles:?}; seen: {seen:?}"))
    }
}

#[tokio::test]
async fn files_that_come_change_and_go_are_published() {
    let mut watched = Watched::new().await;
    watched.write("TICKET-002.md", &ticket("Two"));
    let change = watched.wait_for(&["One", "Two"]).await;
    assert_eq!(change.removed, Vec::<PathBuf>::new());
    watched.write("TICKET-002.md", &ticket("Owt"));
    let change = watched.wait_for(&["One", "Owt"]).await;
    assert_eq!(change.changed, [Path::new("tickets/TICKET-002.md")]);
    fs::remove_file(watched.path("TICKET-001.md")).expect("a removal");
    let change = watched.wait_for(&["Owt"]).await;
    assert_eq!(change.removed, [Path::new("tickets/TICKET-001.md")]);
    // An editor that saves by rename, twice: a watch on the file would have died at the first.
    for title in ["Renamed", "Again"] {
        watched.write(".TICKET-002.md.swp", &ticket(title));
        fs::rename(
            watched.path(".TICKET-002.md.swp"),
            watched.path("TICKET-002.md"),
        )
        .expect("a rename");
        watched.wait_for(&[title]).await;
    }
}

#[tokio::test]
async fn a_folder_that_is_deleted_and_made_again_is_found() {
    let mut watched = Watched::new().await;
    for _ in 0..5 {
        fs::remove_dir_all(watched.root.path().join("tickets")).expect("a removal");
        let change = watched.wait_for(&[]).await;
        assert_eq!(change.scan.problems[0].problem.code, ProblemCode::NoFolder);
        fs::create_dir(watched.root.path().join("tickets")).expect("a folder");
        watched.write("TICKET-003.md", &ticket("Three"));
        watched.wait_for(&["Three"]).await;
        watched.write("TICKET-003.md", &ticket("Changed"));
        watched.wait_for(&["Changed"]).await;
    }
}

#[tokio::test]
async fn a_folder_that_comes_later_is_found_however_deep() {
    let root = TempDir::new().expect("a folder");
    let folder = Path::new(".codex-autorunner/tickets");
    let (watcher, changes) = Watcher::start(root.path(), folder);
    let mut watched = Watched {
        root,
        watcher,
        changes,
    };
    let first = watched.next().await;
    assert_eq!(first.scan.problems[0].problem.code, ProblemCode::NoFolder);
    let folder = watched.root.path().join(folder);
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("TICKET-001.md"), ticket("Late")).expect("a file");
    watched.wait_for(&["Late"]).await;
    fs::write(folder.join("TICKET-002.md"), ticket("Later")).expect("a file");
    watched.wait_for(&["Late", "Later"]).await;
}

#[tokio::test]
async fn a_write_without_a_change_is_not_published_and_our_own_only_once() {
    let mut watched = Watched::new().await;
    watched.write("TICKET-001.md", &ticket("One"));
    watched.write("notes.txt", "x");
    let revision = sha256(ticket("One").as_bytes());
    let path = watched.path("TICKET-001.md");
    write::update(&path, revision, "done", &NewValue::Bool(true)).expect("a write");
    let change = watched.next().await;
    assert_eq!(change.changed, [Path::new("tickets/TICKET-001.md")]);
    assert!(change.scan.entries[0].is_done());
    // Whatever hints are still on their way: the next change is the next difference.
    watched.watcher.rescan();
    watched.write("TICKET-001.md", &ticket("Next"));
    let change = watched.next().await;
    assert_eq!(change.scan.entries[0].title, "Next");
}

#[tokio::test]
async fn broken_files_are_published_and_healed_ones_too() {
    let mut watched = Watched::new().await;
    watched.write("TICKET-001.md", "---\ntitle: [\n---\n");
    let change = watched.next().await;
    assert!(!change.scan.entries[0].is_runnable_file());
    watched.write("TICKET-001.md", &ticket("Healed"));
    watched.wait_for(&["Healed"]).await;
    // The same size at the same moment: times alone wouldn't tell.
    for title in ["Aaaaaa", "Bbbbbb", "Cccccc"] {
        watched.write("TICKET-001.md", &ticket(title));
        watched.wait_for(&[title]).await;
    }
}

#[tokio::test]
async fn a_storm_is_survived_and_its_end_is_seen() {
    let mut watched = Watched::new().await;
    let folder = watched.root.path().join("tickets");
    let storm = tokio::task::spawn_blocking(move || {
        for round in 0..3 {
            for number in 2..=1000 {
                let path = folder.join(format!("TICKET-{number:04}.md"));
                fs::write(path, ticket(&format!("Round {round}"))).expect("a file");
            }
        }
    });
    let settled = timeout(DEADLINE * 3, async {
        loop {
            let change = watched.changes.recv().await.expect("a running watch");
            let last = change
                .scan
                .entries
                .iter()
                .filter(|entry| entry.title == "Round 2");
            if last.count() == 999 {
                return;
            }
        }
    });
    settled.await.expect("the end of the storm");
    storm.await.expect("a storm");
}

#[tokio::test]
async fn the_watch_ends_with_its_handle() {
    let mut watched = Watched::new().await;
    drop(watched.watcher);
    let end = timeout(DEADLINE, watched.changes.recv()).await;
    assert_eq!(end.expect("an end in time"), None);
}
