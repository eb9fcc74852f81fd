//! `merge`: a run's work comes into the user's branch, and nothing of the user's is ever overwritten. Git itself is the judge.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use docket::git::{CommitId, GitError, MergeOutcome, OnBehalfOf, Repository};

use crate::support::repository::{TestRepository, content_of};
use crate::support::sandbox::Sandbox;

const RUN: &str = "docket/r1/main";

/// A repository whose run branch holds a commit that `change` made on top of main.
fn with_work(change: impl FnOnce(&TestRepository)) -> TestRepository {
    on(TestRepository::new(), change)
}

fn on(repository: TestRepository, change: impl FnOnce(&TestRepository)) -> TestRepository {
    repository.git(["switch", "--quiet", "--create", RUN]);
    change(&repository);
    repository.commit_all("work");
    repository.git(["switch", "--quiet", "main"]);
    repository
}

fn commit_of(repository: &TestRepository, name: &str) -> CommitId {
    repository
        .git(["rev-parse", name])
        .parse()
        .expect("a commit")
}

fn merge_as(repository: &TestRepository, behalf: OnBehalfOf) -> Result<MergeOutcome, GitError> {
    let opened: Repository = repository.open();
    let name = RUN.parse().expect("a branch");
    opened.merge_into_checkout(&name, commit_of(repository, RUN), behalf)
}

#[track_caller]
fn merge(repository: &TestRepository) -> MergeOutcome {
    merge_as(repository, OnBehalfOf::Docket).expect("git can be asked")
}

/// Everything that a refused merge must leave as it is: files, branches, index, and no operation in progress.
fn everything(repository: &TestRepository) -> (Vec<(PathBuf, Vec<u8>)>, String, String) {
    (
        content_of(repository.root(), &[".git"]),
        repository.git(["for-each-ref"]),
        repository.git(["status", "--porcelain=v2", "--untracked-files=all"]),
    )
}

/// The merge must be refused, and nothing changed.
#[track_caller]
fn refused(repository: &TestRepository) -> MergeOutcome {
    let before = everything(repository);
    let outcome = merge(repository);
    assert!(
        !matches!(outcome, MergeOutcome::Merged { .. }),
        "{outcome:?}"
    );
    assert_eq!(everything(repository), before);
    assert!(!repository.path(".git/MERGE_HEAD").exists());
    outcome
}

fn paths<const N: usize>(paths: [&str; N]) -> Vec<PathBuf> {
    paths.iter().map(PathBuf::from).collect()
}

#[track_caller]
fn merges(repository: &TestRepository, forward: bool) {
    let outcome = merge(repository);
    assert_eq!(
        outcome,
        MergeOutcome::Merged {
            commit: commit_of(repository, "main"),
            fast_forward: forward,
        }
    );
    let contained = ["merge-base", "--is-ancestor", RUN, "main"];
    assert!(
        repository
            .try_git_in(repository.root(), contained)
            .status
            .success()
    );
}

#[test]
fn a_branch_that_did_not_move_goes_forward_and_files_follow() {
    let repository = with_work(|repository| {
        repository.write("src/new file.txt", "new\n");
        repository.write("größe/ключ.txt", "non-ASCII\n");
        repository.write("README.md", "# Changed\n");
        repository.git(["rm", "--quiet", "src/main.rs"]);
    });
    merges(&repository, true);
    assert_eq!(repository.git(["status", "--porcelain"]), "");
    assert_eq!(commit_of(&repository, "main"), commit_of(&repository, RUN));
    assert!(repository.path("größe/ключ.txt").exists());
    assert!(!repository.path("src/main.rs").exists());
    assert_eq!(merge(&repository), MergeOutcome::UpToDate);
}

#[test]
fn a_branch_that_went_on_gets_a_merge_commit_also_where_git_is_set_up_otherwise() {
    let repository = with_work(|repository| repository.write("new.txt", "new\n"));
    repository.write("mine.txt", "mine\n");
    repository.commit_all("mine");
    repository.git(["config", "merge.ff", "only"]);
    repository.git(["config", "merge.autoStash", "true"]);
    repository.git(["config", "branch.main.mergeOptions", "--squash --no-commit"]);
    repository.git(["config", "commit.gpgSign", "true"]);
    repository.write("untracked.txt", "stays\n");
    repository.write("README.md", "# Dirty, and not touched by the merge\n");
    merges(&repository, false);
    assert_eq!(
        repository
            .git(["log", "-1", "--format=%s%n%p"])
            .lines()
            .next(),
        Some("Merge branch 'docket/r1/main'")
    );
    let left = repository.git(["status", "--porcelain"]);
    assert_eq!(left, " M README.md\n?? untracked.txt");
    assert_eq!(repository.git(["stash", "list"]), "");
}

#[test]
fn the_users_own_changes_are_never_overwritten() {
    let work = |repository: &TestRepository| {
        repository.write("README.md", "# Theirs\n");
        repository.write("added.txt", "theirs\n");
    };
    let changed = with_work(work);
    changed.write("README.md", "# Mine\n");
    let overwrites = |names| MergeOutcome::WouldOverwrite { paths: names };
    assert_eq!(refused(&changed), overwrites(paths(["README.md"])));

    let staged = with_work(work);
    staged.write("README.md", "# Mine\n");
    staged.git(["add", "README.md"]);
    staged.write("README.md", "# Test\n");
    assert_eq!(refused(&staged), overwrites(paths(["README.md"])));

    let removed = with_work(work);
    fs::remove_file(removed.path("README.md")).expect("it goes");
    assert_eq!(refused(&removed), overwrites(paths(["README.md"])));

    let hidden = with_work(work);
    hidden.git(["update-index", "--assume-unchanged", "README.md"]);
    hidden.write("README.md", "# Mine\n");
    assert_eq!(refused(&hidden), overwrites(paths(["README.md"])));

    let untracked = with_work(work);
    untracked.write("added.txt", "mine\n");
    assert_eq!(refused(&untracked), overwrites(paths(["added.txt"])));

    // Git by itself would overwrite this one.
    let ignored = with_work(work);
    ignored.write(".git/info/exclude", "added.txt\n");
    ignored.write("added.txt", "mine\n");
    assert_eq!(refused(&ignored), overwrites(paths(["added.txt"])));

    let new = with_work(work);
    new.write("added.txt", "mine\n");
    new.git(["add", "added.txt"]);
    assert_eq!(refused(&new), overwrites(paths(["added.txt"])));
}

#[test]
fn what_stands_in_the_place_of_a_folder_or_in_a_folder_that_becomes_a_file_stays() {
    let overwrites = |names| MergeOutcome::WouldOverwrite { paths: names };
    let folder = with_work(|repository| repository.write("out/deep/file.txt", "theirs\n"));
    folder.write("out", "mine\n");
    assert_eq!(refused(&folder), overwrites(paths(["out"])));
    fs::remove_file(folder.path("out")).expect("it goes");
    let elsewhere = folder.beside("elsewhere");
    fs::create_dir(&elsewhere).expect("a folder");
    symlink(&elsewhere, folder.path("out")).expect("a link");
    assert_eq!(refused(&folder), overwrites(paths(["out"])));
    assert_eq!(fs::read_dir(&elsewhere).expect("there").count(), 0);
    fs::remove_file(folder.path("out")).expect("it goes");
    fs::create_dir_all(folder.path("out/deep")).expect("empty folders are in nobody's way");
    merges(&folder, true);

    let file = with_work(|repository| {
        repository.git(["rm", "--quiet", "-r", "src"]);
        repository.write("src", "a file now\n");
    });
    file.write(".git/info/exclude", "*.o\n");
    file.write("src/main.o", "mine, ignored\n");
    assert_eq!(refused(&file), overwrites(paths(["src/main.o"])));
    fs::remove_file(file.path("src/main.o")).expect("it goes");
    merges(&file, true);
    assert!(file.path("src").is_file());
}

#[test]
fn a_conflict_is_found_before_anything_is_touched() {
    let repository = with_work(|repository| {
        repository.write("README.md", "# Theirs\n");
        repository.write("fine.txt", "fine\n");
        repository.git(["rm", "--quiet", "src/main.rs"]);
    });
    repository.write("README.md", "# Mine\n");
    repository.write("src/main.rs", "fn main() { mine(); }\n");
    repository.commit_all("mine");
    assert_eq!(
        refused(&repository),
        MergeOutcome::Conflict {
            paths: paths(["README.md", "src/main.rs"])
        }
    );
}

#[test]
fn who_is_in_the_middle_of_something_is_left_alone() {
    let work = |repository: &TestRepository| repository.write("new.txt", "new\n");
    let busy = |what: &str| MergeOutcome::Busy {
        what: what.to_owned(),
    };
    let merging = with_work(work);
    merging.git(["switch", "--quiet", "--create", "other"]);
    merging.write("README.md", "# Other\n");
    merging.commit_all("other");
    merging.git(["switch", "--quiet", "main"]);
    merging.write("README.md", "# Main\n");
    merging.commit_all("main");
    let root = merging.root().to_owned();
    let other = ["merge", "other"];
    assert!(!merging.try_git_in(&root, other).status.success());
    let before = everything_of(&merging);
    assert_eq!(merge(&merging), busy("a merge"));
    assert_eq!(
        everything_of(&merging),
        before,
        "the user's own merge goes on"
    );
    merging.git(["merge", "--abort"]);
    let picking = merging.try_git_in(&root, ["cherry-pick", "other"]);
    assert!(!picking.status.success());
    assert_eq!(merge(&merging), busy("a cherry-pick"));
    merging.git(["cherry-pick", "--abort"]);
    let rebasing = merging.try_git_in(&root, ["rebase", "other"]);
    assert!(!rebasing.status.success());
    // A rebase leaves HEAD on no branch; either word is right.
    assert!(matches!(
        merge(&merging),
        MergeOutcome::Busy { .. } | MergeOutcome::NoBranch { .. }
    ));
    merging.git(["rebase", "--abort"]);

    let detached = with_work(work);
    detached.git(["switch", "--quiet", "--detach", "main"]);
    assert!(matches!(refused(&detached), MergeOutcome::NoBranch { .. }));

    let locked = with_work(work);
    locked.write(".git/index.lock", "");
    let answer = merge_as(&locked, OnBehalfOf::Docket);
    assert!(matches!(answer, Err(GitError::Locked { .. })), "{answer:?}");

    let unborn = TestRepository::unborn();
    let opened = unborn.open();
    let elsewhere = commit_of(&detached, "main");
    let name = RUN.parse().expect("a branch");
    let answer = opened.merge_into_checkout(&name, elsewhere, OnBehalfOf::Docket);
    assert!(
        matches!(answer, Err(GitError::NoCommitYet { .. })),
        "{answer:?}"
    );
}

fn everything_of(repository: &TestRepository) -> (String, String) {
    (
        repository.git(["status", "--porcelain=v2"]),
        fs::read_to_string(repository.path("README.md")).expect("it is there"),
    )
}

#[test]
fn staged_files_do_not_slip_into_a_merge_commit_and_do_not_hinder_a_fast_forward() {
    let work = |repository: &TestRepository| repository.write("new.txt", "new\n");
    let forward = with_work(work);
    forward.write("README.md", "# Mine\n");
    forward.git(["add", "README.md"]);
    merges(&forward, true);
    assert_eq!(forward.git(["status", "--porcelain"]), "M  README.md");

    let commit = with_work(work);
    commit.write("mine.txt", "mine\n");
    commit.commit_all("mine");
    commit.write("README.md", "# Mine\n");
    commit.git(["add", "README.md"]);
    assert_eq!(
        refused(&commit),
        MergeOutcome::Staged {
            paths: paths(["README.md"])
        }
    );
}

#[test]
fn hooks_run_for_a_person_and_not_for_docket() {
    let hook = |repository: &TestRepository, name: &str, script: &str| {
        let path = repository.path(format!(".git/hooks/{name}"));
        fs::create_dir_all(path.parent().expect("a folder")).expect("hooks");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a hook");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("executable");
    };
    let diverged = || {
        let repository = with_work(|repository| repository.write("new.txt", "new\n"));
        repository.write("mine.txt", "mine\n");
        repository.commit_all("mine");
        repository
    };
    let repository = diverged();
    hook(
        &repository,
        "pre-merge-commit",
        "echo the hook says no; exit 1",
    );
    repository.write("README.md", "# Dirty\n");
    let before = everything(&repository);
    let answer = merge_as(&repository, OnBehalfOf::Person);
    match answer {
        Err(GitError::CommandFailed { message, .. }) => {
            assert!(message.contains("the hook says no"), "{message}");
        }
        answer => panic!("{answer:?}"),
    }
    assert_eq!(everything(&repository), before);
    assert!(!repository.path(".git/MERGE_HEAD").exists());
    merges(&repository, false);

    let repository = diverged();
    // What a hook leaves in the background keeps nobody waiting.
    hook(
        &repository,
        "post-merge",
        "sleep 600 & echo $! > .git/hook-ran",
    );
    let outcome = merge_as(&repository, OnBehalfOf::Person).expect("git can be asked");
    assert!(
        matches!(outcome, MergeOutcome::Merged { .. }),
        "{outcome:?}"
    );
    let pid = fs::read_to_string(repository.path(".git/hook-ran")).expect("the hook ran");
    crate::support::sandbox::kill(
        pid.trim().parse().expect("a process id"),
        rustix::process::Signal::KILL,
    );
}

#[test]
fn line_ends_and_filters_apply_as_git_applies_them() {
    let repository = TestRepository::new();
    repository.git(["config", "core.autocrlf", "true"]);
    repository.git(["config", "filter.shout.clean", "tr A-Z a-z"]);
    repository.git(["config", "filter.shout.smudge", "tr a-z A-Z"]);
    repository.write(".gitattributes", "*.loud filter=shout -text\n*.bin -text\n");
    repository.write("a.loud", "HELLO\n");
    repository.write("text.txt", "one\r\ntwo\r\n");
    repository.commit_all("filters");
    let repository = on(repository, |repository| {
        repository.write("b.loud", "WORLD\n");
        repository.write("text.txt", "one\r\ntwo\r\nthree\r\n");
    });
    merges(&repository, true);
    let read = |name: &str| fs::read_to_string(repository.path(name)).expect("it is there");
    assert_eq!(read("b.loud"), "WORLD\n");
    assert_eq!(read("text.txt"), "one\r\ntwo\r\nthree\r\n");
    assert_eq!(repository.git(["show", "HEAD:b.loud"]), "world");
    assert_eq!(repository.git(["status", "--porcelain"]), "");
}

#[test]
fn submodules_worktrees_of_the_user_and_sparse_checkouts_are_respected() {
    let inner = TestRepository::new();
    let repository = TestRepository::new();
    repository.git([
        "submodule",
        "--quiet",
        "add",
        inner.root().to_str().expect("UTF-8"),
        "inner module",
    ]);
    repository.write("wide/file.txt", "wide\n");
    repository.commit_all("a submodule");
    let repository = on(repository, |repository| {
        repository.write("new.txt", "new\n");
        repository.write("wide/file.txt", "wider\n");
    });
    // The user's own: on another branch, and dirty.
    let beside = repository.beside("a worktree");
    let beside_path = beside.to_str().expect("UTF-8");
    repository.git(["worktree", "add", "--quiet", "-b", "topic", beside_path]);
    fs::write(beside.join("README.md"), "# Dirty\n").expect("dirty");
    repository.write("inner module/README.md", "# Dirty inside\n");
    repository.git(["sparse-checkout", "set", "--cone", "src"]);
    assert!(!repository.path("wide").exists());
    merges(&repository, true);
    assert!(!repository.path("wide").exists(), "it stays sparse");
    assert_eq!(
        fs::read_to_string(beside.join("README.md")).expect("there"),
        "# Dirty\n"
    );
    assert_eq!(
        repository.git_in(&beside, ["rev-parse", "--abbrev-ref", "HEAD"]),
        "topic"
    );
    assert_eq!(
        fs::read_to_string(repository.path("inner module/README.md")).expect("there"),
        "# Dirty inside\n"
    );
}

#[test]
fn a_linked_worktree_of_the_users_is_merged_into_where_the_user_is() {
    let repository = with_work(|repository| repository.write("new.txt", "new\n"));
    let beside = repository.beside("topic");
    let path = beside.to_str().expect("UTF-8");
    repository.git(["worktree", "add", "--quiet", "-b", "topic", path]);
    let opened = Repository::discover_with(&beside, docket::git::UserSettings::Ignore)
        .expect("the worktree opens");
    let name = RUN.parse().expect("a branch");
    let outcome = opened
        .merge_into_checkout(&name, commit_of(&repository, RUN), OnBehalfOf::Docket)
        .expect("git can be asked");
    assert!(
        matches!(outcome, MergeOutcome::Merged { .. }),
        "{outcome:?}"
    );
    assert!(beside.join("new.txt").exists());
    assert!(!repository.path("new.txt").exists());
}

// The command.

fn after_a_run() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.shell(10, "", "echo work > work.txt");
    sandbox.repository().git(["add", "--force", "tickets"]);
    sandbox.git(["commit", "--quiet", "--message", "tickets"]);
    sandbox.docket(["--once"]).exits(0);
    assert!(sandbox.is_done(10));
    sandbox
}

#[test]
fn tickets_that_are_tracked_and_done_do_not_hinder_a_merge() {
    let sandbox = after_a_run();
    assert_eq!(
        sandbox.git(["status", "--porcelain"]),
        " M tickets/TICKET-010.md"
    );
    // An agent can't bring its work over by itself.
    let mut agent = sandbox.command(["merge"]);
    agent.env("DOCKET_ATTEMPT", "a marker");
    sandbox.start_command(agent).finish().exits(2);
    let tried = sandbox
        .docket(["merge", "--dry-run", "--json"])
        .exits(0)
        .json();
    assert_eq!(tried["outcome"], "would_merge");
    assert!(!sandbox.path("work.txt").exists());
    let merged = sandbox.docket(["merge", "--json"]).exits(0).json();
    assert_eq!(merged["outcome"], "merged", "{merged:#}");
    assert_eq!(merged["fast_forward"], true);
    assert_eq!(merged["into"], "main");
    assert_eq!(merged["branch"], "docket/r1/main");
    assert!(sandbox.path("work.txt").exists());
    assert!(sandbox.is_done(10));
    assert_eq!(
        sandbox.git(["status", "--porcelain"]),
        " M tickets/TICKET-010.md"
    );
    let again = sandbox.docket(["merge"]).exits(0);
    assert!(
        again.stdout.contains("nothing to merge"),
        "{}",
        again.stdout
    );
    let named = sandbox.docket(["merge", "r1"]).exits(0);
    assert!(named.stdout.contains("holds all of"), "{}", named.stdout);
    sandbox
        .docket(["merge", "r7"])
        .exits(2)
        .says("no branch of a run r7");
}

#[test]
fn tracked_tickets_do_not_hinder_a_merge_commit_either() {
    let sandbox = after_a_run();
    sandbox.repository().write("mine.txt", "mine\n");
    sandbox.git(["add", "mine.txt"]);
    sandbox.git(["commit", "--quiet", "--message", "mine"]);
    let merged = sandbox.docket(["merge"]).exits(0);
    assert!(merged.stdout.contains("merge commit"), "{}", merged.stdout);
    assert!(sandbox.path("work.txt").exists());
    assert_eq!(
        sandbox.git(["status", "--porcelain"]),
        " M tickets/TICKET-010.md"
    );
}

#[test]
fn a_refusal_says_what_to_do() {
    let sandbox = after_a_run();
    sandbox.repository().write("work.txt", "mine\n");
    sandbox.docket(["merge"]).exits(4).says("  work.txt\n");
    let json = sandbox.docket(["merge", "--json"]).exits(4).json();
    assert_eq!(json["outcome"], "would_overwrite");
    assert_eq!(json["paths"][0], "work.txt");
    sandbox.git(["add", "work.txt"]);
    sandbox.git(["commit", "--quiet", "--message", "mine"]);
    sandbox
        .docket(["merge"])
        .exits(4)
        .says("to decide yourself: git merge docket/r1/main");
    sandbox.git(["switch", "--quiet", "--detach"]);
    sandbox
        .docket(["merge"])
        .exits(4)
        .says("you are on no branch");
}

#[test]
fn a_merge_waits_for_nobody_but_an_agent_that_works_in_place() {
    use crate::support::sandbox::until;
    let slow = "touch \"$HOME/began\"\nwhile [ ! -e \"$HOME/go\" ]; do sleep 0.02; done\necho more > more.txt";
    for (isolation, exit) in [("worktree", 0), ("none", 7)] {
        let sandbox = after_a_run();
        sandbox.agent("slow", slow);
        sandbox.ticket(20, "agent: slow", "Work.");
        let running = sandbox.start(["run", "--isolation", isolation]);
        until("the agent has begun", || sandbox.home("began").exists());
        sandbox.docket(["merge", "r1"]).exits(exit);
        fs::write(sandbox.home("go"), "").expect("go");
        running.finish().exits(0);
        sandbox.docket(["merge", "r1"]).exits(0);
        assert!(Path::new(&sandbox.path("work.txt")).exists());
    }
}
