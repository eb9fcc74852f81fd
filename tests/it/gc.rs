//! `gc`: what goes is what may go, what is dropped is told to be dropped, and work that isn't merged stays.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::support::repository::content_of;
use crate::support::sandbox::{Sandbox, until};

/// One ticket that is done and one that failed; both left something.
fn after_a_run() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.configure("[limits]\nturns = 1\nattempts = 1");
    sandbox.shell(10, "", "echo done > done.txt; seq 20000");
    sandbox.shell(20, "validate: [\"false\"]", "echo half > half.txt");
    sandbox.docket(["run"]).exits(5);
    sandbox
}

fn items(document: &Value, what: &str) -> Vec<Value> {
    let items = document["items"].as_array().expect("items");
    let wanted = |item: &&Value| item["what"] == what;
    items.iter().filter(wanted).cloned().collect()
}

fn gc(sandbox: &Sandbox, arguments: &[&str]) -> Value {
    sandbox
        .docket([&["gc", "--json"], arguments].concat())
        .exits(0)
        .json()
}

fn autosaves(sandbox: &Sandbox) -> String {
    sandbox.git([
        "for-each-ref",
        "--format=%(refname:lstrip=3)",
        "refs/docket/",
    ])
}

#[test]
fn without_limits_only_what_belongs_to_nothing_goes() {
    let sandbox = after_a_run();
    let before = (
        autosaves(&sandbox),
        content_of(&sandbox.path(".docket/evidence"), &[]),
    );
    let first = gc(&sandbox, &[]);
    assert!(items(&first, "evidence").is_empty(), "{first:#}");
    assert!(
        items(&first, "run_branch").is_empty(),
        "not merged: {first:#}"
    );
    assert!(
        items(&first, "worktree").is_empty(),
        "not merged: {first:#}"
    );
    sandbox.docket(["merge"]).exits(0);
    let shown = gc(&sandbox, &["--dry-run"]);
    assert_eq!(items(&shown, "run_branch").len(), 1, "{shown:#}");
    assert!(
        !sandbox
            .git(["branch", "--list", "docket/r1/main"])
            .is_empty()
    );
    gc(&sandbox, &[]);
    assert!(
        sandbox
            .git(["branch", "--list", "docket/r1/main"])
            .is_empty()
    );
    let after = (
        autosaves(&sandbox),
        content_of(&sandbox.path(".docket/evidence"), &[]),
    );
    assert_eq!(before, after);
    let failed = sandbox.path(".docket/worktrees/TICKET-020.1/half.txt");
    assert!(failed.exists(), "work that isn't merged stays");
    assert!(items(&gc(&sandbox, &[]), "run_branch").is_empty());
    sandbox.verify();
    // Numbers go on.
    sandbox.docket(["retry", "20"]);
    sandbox.docket(["run"]).exits(5);
    assert!(sandbox.path(".docket/evidence/r2").exists());
}

#[test]
fn dropped_evidence_is_told_to_be_dropped_and_not_to_be_tampered_with() {
    let sandbox = after_a_run();
    let events = sandbox.kinds().len();
    let shown = gc(&sandbox, &["--max-age", "0s", "--dry-run"]);
    assert_eq!(items(&shown, "evidence").len(), 2, "{shown:#}");
    assert!(
        shown["bytes"].as_u64().expect("a number") > 100_000,
        "{shown:#}"
    );
    assert_eq!(sandbox.kinds().len(), events, "nothing is done yet");
    assert!(
        sandbox
            .evidence_path(1, "TICKET-010.1")
            .join("prompt.md")
            .exists()
    );

    let done = gc(&sandbox, &["--max-age", "0s"]);
    assert_eq!(done["bytes"], shown["bytes"]);
    let folder = sandbox.evidence_path(1, "TICKET-010.1");
    let left: Vec<_> = content_of(&folder, &[])
        .iter()
        .map(|(path, _)| path.file_name().expect("a name").to_owned())
        .collect();
    assert_eq!(left, ["manifest.json", "result.json"]);
    assert_eq!(sandbox.kinds()[events..], ["evidence_dropped"; 2]);

    let verified = sandbox.docket(["evidence", "verify"]).exits(0);
    assert!(
        verified.stdout.contains("dropped by gc at "),
        "{}",
        verified.stdout
    );
    let json = sandbox
        .docket(["evidence", "verify", "--json"])
        .exits(0)
        .json();
    assert_eq!(json["attempts"][0]["state"], "dropped", "{json:#}");
    sandbox.docket(["diff", "10"]).exits(2).says("dropped");
    sandbox.docket(["log", "10"]).says("dropped");
    sandbox
        .docket(["evidence", "show", "10", "prompt.md"])
        .exits(2)
        .says("dropped");
    let list = sandbox.docket(["evidence", "ls"]).exits(0);
    assert!(list.stdout.contains("dropped"), "{}", list.stdout);

    // What is left must still be right.
    let manifest = folder.join("manifest.json");
    let text = fs::read_to_string(&manifest).expect("it is there");
    fs::remove_file(&manifest).expect("it goes");
    sandbox.docket(["evidence", "verify"]).exits(1);
    fs::write(&manifest, text.replace("TICKET-010", "TICKET-011")).expect("another");
    sandbox.docket(["evidence", "verify"]).exits(1);
}

#[test]
fn work_that_is_not_merged_stays_unless_it_is_asked_for_twice_and_even_then_can_be_brought_back() {
    let sandbox = after_a_run();
    sandbox.docket(["merge"]).exits(0);
    let worktree = sandbox.path(".docket/worktrees/TICKET-020.1");
    gc(&sandbox, &["--max-age", "0s"]);
    assert!(worktree.join("half.txt").exists());
    assert_eq!(
        autosaves(&sandbox),
        "autosave/TICKET-020.1/1".replace("autosave/", "")
    );
    sandbox
        .docket(["gc", "--unmerged"])
        .exits(2)
        .says("--dry-run");
    assert!(worktree.join("half.txt").exists());

    // Not while it holds what is saved nowhere.
    fs::write(worktree.join("later.txt"), "mine\n").expect("the user was there");
    let kept = gc(&sandbox, &["--unmerged", "--yes"]);
    assert!(items(&kept, "worktree").is_empty(), "{kept:#}");
    assert!(kept["stays"].to_string().contains("later.txt"), "{kept:#}");
    assert!(worktree.join("later.txt").exists());
    fs::remove_file(worktree.join("later.txt")).expect("it goes");

    let went = gc(&sandbox, &["--unmerged", "--yes", "--max-age", "0s"]);
    assert_eq!(items(&went, "worktree").len(), 1, "{went:#}");
    assert!(!worktree.exists());
    let to = sandbox.home("back");
    let name = to.to_str().expect("UTF-8");
    sandbox.docket(["rewind", "20", "--to", name]).exits(0);
    assert_eq!(
        fs::read_to_string(to.join("half.txt")).expect("it is back"),
        "half\n"
    );
}

#[test]
fn count_and_size_can_be_configured() {
    let sandbox = Sandbox::new();
    sandbox.configure("[limits]\nturns = 1\nattempts = 3\n[gc]\nkeep_attempts = 2");
    sandbox.shell(10, "validate: [\"false\"]", "seq 1000");
    sandbox.docket(["--once"]).exits(5);
    let first = gc(&sandbox, &["--dry-run"]);
    let evidence = items(&first, "evidence");
    assert_eq!(evidence.len(), 1, "{first:#}");
    assert_eq!(evidence[0]["attempt"], "TICKET-010.1");
    assert_eq!(evidence[0]["over"], "count");
    let sized = gc(&sandbox, &["--dry-run", "--keep", "9", "--max-bytes", "1"]);
    assert_eq!(items(&sized, "evidence").len(), 3, "{sized:#}");
    assert_eq!(items(&sized, "evidence")[0]["over"], "size");
}

#[test]
fn a_gc_that_was_killed_is_ended_by_the_next_one() {
    let sandbox = after_a_run();
    gc(&sandbox, &["--max-age", "0s"]);
    let events = sandbox.kinds().len();
    // As after a kill between the event and the last file.
    let folder = sandbox.evidence_path(1, "TICKET-010.1");
    fs::write(folder.join("raw.jsonl"), "left\n").expect("a file is left");
    fs::create_dir_all(folder.join("validations")).expect("and a folder");
    let again = gc(&sandbox, &[]);
    assert_eq!(items(&again, "evidence").len(), 1, "{again:#}");
    assert!(!folder.join("raw.jsonl").exists());
    assert!(!folder.join("validations").exists());
    assert_eq!(sandbox.kinds().len(), events, "it was told already");
    assert!(items(&gc(&sandbox, &[]), "evidence").is_empty());
}

#[test]
fn nothing_is_thrown_away_under_a_runner() {
    let sandbox = after_a_run();
    sandbox.agent(
        "slow",
        "touch \"$HOME/began\"\nwhile [ ! -e \"$HOME/go\" ]; do sleep 0.02; done\necho x > x",
    );
    sandbox.ticket(30, "agent: slow", "Work.");
    let running = sandbox.start(["run"]);
    until("the agent has begun", || sandbox.home("began").exists());
    sandbox
        .docket(["gc", "--max-age", "0s"])
        .exits(7)
        .says("another docket is running here");
    let shown = gc(&sandbox, &["--max-age", "0s", "--dry-run"]);
    assert!(
        !shown["items"].to_string().contains("TICKET-030"),
        "{shown:#}"
    );
    fs::write(sandbox.home("go"), "").expect("go");
    running.finish();
    assert!(sandbox.verify().is_intact());
}

#[test]
fn leftovers_go() {
    let sandbox = after_a_run();
    sandbox.docket(["merge"]).exits(0);
    let old = |path: &Path| {
        let day_before = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        fs::File::options()
            .write(true)
            .open(path)
            .and_then(|file| file.set_modified(day_before))
            .expect("it is old");
    };
    let letter = sandbox.path(".docket/inbox/000-1-0.answer");
    fs::create_dir_all(letter.parent().expect("a folder")).expect("the inbox");
    fs::write(&letter, "{}").expect("a letter");
    old(&letter);
    let young = sandbox.path(".docket/inbox/000-1-1.answer");
    fs::write(&young, "{}").expect("a letter");
    let cache = sandbox.path(".docket/cache/TICKET-010.1.index");
    fs::create_dir_all(cache.parent().expect("a folder")).expect("the caches");
    fs::write(&cache, "x").expect("a cache");
    let worktree = sandbox.path(".docket/worktrees/TICKET-020.1");
    fs::remove_dir_all(&worktree).expect("somebody deleted it");
    let done = gc(&sandbox, &[]);
    assert_eq!(items(&done, "letter").len(), 1, "{done:#}");
    assert_eq!(items(&done, "registration").len(), 1, "{done:#}");
    assert_eq!(done["failed"].as_array().map(Vec::len), Some(0), "{done:#}");
    assert!(!letter.exists() && young.exists() && !cache.exists());
    assert!(!sandbox.git(["worktree", "list"]).contains("TICKET-020.1"));
    assert!(!autosaves(&sandbox).is_empty());
}

#[test]
fn worktrees_of_the_users_own_are_not_ours() {
    let sandbox = after_a_run();
    sandbox.docket(["merge"]).exits(0);
    let beside = sandbox.home("mine");
    let path = beside.to_str().expect("UTF-8");
    sandbox.git(["worktree", "add", "--quiet", "-b", "mine", path]);
    let on_run = sandbox.home("on run");
    let on_run_path = on_run.to_str().expect("UTF-8");
    sandbox.git(["worktree", "add", "--quiet", on_run_path, "docket/r1/main"]);
    fs::write(beside.join("README.md"), "dirty\n").expect("dirty");
    let before = content_of(&beside, &[]);
    gc(&sandbox, &["--max-age", "0s", "--unmerged", "--yes"]);
    assert_eq!(content_of(&beside, &[]), before);
    assert_eq!(
        sandbox
            .repository()
            .git_in(&on_run, ["branch", "--show-current"]),
        "docket/r1/main"
    );
    assert!(on_run.join("done.txt").exists());
}
