//! Git: what docket does to a repository, judged by the git program.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use docket::domain::ids::{AttemptId, RunId, Sha256};
use docket::domain::time::Timestamp;
use docket::git::{
    BranchName, ChangeKind, CommitId, CommitMessage, FileChange, FileMode, GitError, Head,
    Integration, LeftOut, LeftOutReason, Removal, Repository, Snapshot, SnapshotOptions, TreeId,
    UserSettings, Worktree, WorktreeState,
};

use crate::support::repository::{TestRepository, content_of, text_of, write};

const AT: Timestamp = Timestamp(1_700_000_000_123);

fn attempt() -> AttemptId {
    "TICKET-003.1".parse().expect("an attempt id")
}

fn run_branch() -> BranchName {
    BranchName::of_run(RunId(12))
}

fn attempt_branch() -> BranchName {
    BranchName::of_attempt(RunId(12), &attempt())
}

fn message() -> CommitMessage {
    CommitMessage {
        subject: "parse the\nheader".to_owned(),
        body: "Why it was so.\n\nDocket-Run: r99\n".to_owned(),
        run: RunId(12),
        attempt: attempt(),
        manifest: Some(Sha256([0xab; 32])),
    }
}

/// A repository with a run branch and one attempt's worktree.
struct Attempt {
    on_disk: TestRepository,
    repository: Repository,
    worktree: Worktree,
    base: CommitId,
}

impl Attempt {
    fn new() -> Self {
        Self::on(TestRepository::new())
    }

    fn on(on_disk: TestRepository) -> Self {
        let repository = on_disk.open();
        repository.exclude("/.docket/").expect("excluded");
        let base = repository.head_commit().expect("a commit");
        repository
            .create_branch(&run_branch(), base)
            .expect("the run branch");
        let place = repository.root().join(".docket/worktrees/TICKET-003.1");
        let worktree = repository
            .add_worktree(&place, &attempt_branch(), base)
            .expect("the worktree");
        Self {
            on_disk,
            repository,
            worktree,
            base,
        }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.worktree.path().join(path)
    }

    fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        write(&self.path(path), content);
    }

    fn options(&self) -> SnapshotOptions {
        SnapshotOptions::new(self.on_disk.beside("cache-of-attempt"))
    }

    #[track_caller]
    fn snapshot(&self) -> Snapshot {
        self.worktree
            .snapshot(&self.options())
            .expect("the snapshot")
    }

    #[track_caller]
    fn git<const N: usize>(&self, arguments: [&str; N]) -> String {
        self.on_disk.git_in(self.worktree.path(), arguments)
    }

    /// The tree that git itself makes of the worktree, through a copy of its index.
    #[track_caller]
    fn tree_by_git(&self) -> String {
        let index = PathBuf::from(self.git(["rev-parse", "--absolute-git-dir"])).join("index");
        let copy = self.on_disk.beside("copy-of-index");
        fs::copy(&index, &copy).expect("the index is copied");
        let modified = fs::metadata(&index)
            .and_then(|found| found.modified())
            .expect("its time");
        fs::File::options()
            .write(true)
            .open(&copy)
            .and_then(|file| file.set_modified(modified))
            .expect("its time is kept");
        let run = |arguments: &[&str]| {
            let mut command = self.on_disk.command(self.worktree.path());
            text_of(command.env("GIT_INDEX_FILE", &copy).args(arguments))
        };
        run(&["add", "--all"]);
        let tree = run(&["write-tree"]);
        fs::remove_file(&copy).expect("the copy goes");
        tree
    }

    /// Takes a snapshot, which must be what git would make of the files, and must not touch the worktree or its index.
    #[track_caller]
    fn snapshot_like_git(&self) -> TreeId {
        let git_dir = PathBuf::from(self.git(["rev-parse", "--absolute-git-dir"]));
        let before = (
            content_of(self.worktree.path(), &[]),
            content_of(&git_dir, &[]),
        );
        let snapshot = self.snapshot();
        let after = (
            content_of(self.worktree.path(), &[]),
            content_of(&git_dir, &[]),
        );
        assert!(before == after, "a snapshot changes nothing");
        assert_eq!(
            snapshot.tree.to_string(),
            self.tree_by_git(),
            "git lists {}",
            self.git(["status", "--porcelain", "--untracked-files=all"])
        );
        assert_eq!(self.snapshot(), snapshot, "the second look sees the same");
        snapshot.tree
    }

    #[track_caller]
    fn fsck(&self) {
        self.on_disk
            .git(["fsck", "--strict", "--no-dangling", "--no-progress"]);
    }
}

// ---------------------------------------------------------------------------------------------------- finding

#[test]
fn a_repository_is_found_from_below() {
    let on_disk = TestRepository::named("my répo ü").with_first_commit();
    let found = Repository::discover_with(&on_disk.path("src"), UserSettings::Ignore);
    let repository = found.expect("found");
    assert_eq!(repository.root(), on_disk.root());
    assert_eq!(repository.common_dir(), on_disk.path(".git"));
    let commit = on_disk.git(["rev-parse", "HEAD"]).parse().expect("an id");
    let name = "main".parse().expect("a name");
    assert_eq!(
        repository.head().expect("HEAD"),
        Head::Branch { name, commit }
    );
}

#[test]
fn no_repository_says_what_to_do() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let error = Repository::discover(folder.path()).expect_err("none there");
    assert!(
        matches!(error, GitError::NotARepository { .. }),
        "{error:?}"
    );
    assert!(error.to_string().contains("git init"), "{error}");
    let error = Repository::discover(&folder.path().join("nothing")).expect_err("no folder");
    assert!(matches!(error, GitError::Io { .. }), "{error:?}");
}

#[test]
fn a_bare_repository_is_refused() {
    let on_disk = TestRepository::new();
    let bare = on_disk.beside("bare.git");
    on_disk.git([
        "clone",
        "--quiet",
        "--bare",
        ".",
        bare.to_str().expect("text"),
    ]);
    let error = Repository::discover_with(&bare, UserSettings::Ignore).expect_err("bare");
    assert!(matches!(error, GitError::Bare { .. }), "{error:?}");
}

#[test]
fn a_repository_without_commit_has_an_unborn_head() {
    let repository = TestRepository::unborn();
    let repository = repository.open();
    let head = repository.head().expect("HEAD");
    assert_eq!(
        head,
        Head::Unborn {
            name: "main".to_owned()
        }
    );
    let error = repository.head_commit().expect_err("no commit");
    assert!(
        error.to_string().contains("git commit --allow-empty"),
        "{error}"
    );
    assert!(!repository.checkout().is_dirty().expect("a state"));
}

#[test]
fn a_detached_head_is_a_place_to_start_from() {
    let on_disk = TestRepository::new();
    on_disk.git(["checkout", "--quiet", "--detach"]);
    let commit = on_disk.git(["rev-parse", "HEAD"]).parse().expect("an id");
    assert_eq!(
        on_disk.open().head().expect("HEAD"),
        Head::Detached { commit }
    );
    let attempt = Attempt::on(on_disk);
    attempt.write("new", "x");
    attempt.snapshot_like_git();
}

#[test]
fn works_from_a_linked_worktree_of_the_user() {
    let on_disk = TestRepository::new();
    let linked = on_disk.beside("linked");
    on_disk.git(["worktree", "add", "--quiet", linked.to_str().expect("text")]);
    let repository =
        Repository::discover_with(&linked, UserSettings::Ignore).expect("the repository");
    assert_eq!(repository.root(), linked);
    assert_eq!(repository.common_dir(), on_disk.path(".git"));
    repository.exclude("/.docket/").expect("excluded");
    let base = repository.head_commit().expect("a commit");
    let place = linked.join(".docket/worktrees/TICKET-003.1");
    let worktree = repository
        .add_worktree(&place, &attempt_branch(), base)
        .expect("the worktree");
    write(&place.join("new"), "x");
    let options = SnapshotOptions::new(on_disk.beside("cache"));
    let snapshot = worktree.snapshot(&options).expect("the snapshot");
    assert_ne!(snapshot.tree, repository.tree_of(base).expect("a tree"));
    assert_eq!(on_disk.git_in(&linked, ["status", "--porcelain"]), "");
    let checked_out = repository.checked_out_at(&"main".parse().expect("a name"));
    assert_eq!(checked_out.expect("a list"), [on_disk.root()]);
    let removal = Removal::IfSavedAs(snapshot.tree);
    repository
        .remove_worktree(&place, removal, &options)
        .expect("removed");
    assert_eq!(on_disk.git(["worktree", "list"]).lines().count(), 2);
}

#[test]
fn formats_that_cannot_be_read_are_named() {
    let on_disk = TestRepository::unborn();
    for (option, expected) in [
        ("--object-format=sha256", "SHA-256"),
        ("--ref-format=reftable", "reftable"),
    ] {
        let folder = on_disk.beside(expected);
        let made = on_disk.try_git_in(
            on_disk.root(),
            ["init", "--quiet", option, folder.to_str().expect("text")],
        );
        if !made.status.success() {
            continue; // an older git doesn't have that format
        }
        let error =
            Repository::discover_with(&folder, UserSettings::Ignore).expect_err("unreadable");
        assert!(
            matches!(error, GitError::UnsupportedFormat { .. }),
            "{error:?}"
        );
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn our_folder_is_excluded_once_and_the_rest_of_the_file_stays() {
    let on_disk = TestRepository::new();
    let repository = on_disk.open();
    let file = on_disk.path(".git/info/exclude");
    fs::write(&file, b"*.o\r\n\xff without line end").expect("written");
    assert!(repository.exclude("/.docket/").expect("excluded"));
    assert!(!repository.exclude("/.docket/").expect("excluded"));
    let expected: &[u8] = b"*.o\r\n\xff without line end\n/.docket/\n";
    assert_eq!(fs::read(&file).expect("read"), expected);
    fs::remove_dir_all(on_disk.path(".git/info")).expect("removed");
    assert!(repository.exclude("/.docket/").expect("excluded"));
    on_disk.write(".docket/ledger.db", "x");
    assert_eq!(on_disk.git(["status", "--porcelain"]), "");
}

#[test]
fn the_state_of_the_users_checkout_is_counted() {
    let on_disk = TestRepository::new();
    let checkout = on_disk.open().checkout();
    on_disk.write("untracked", "x");
    assert!(!checkout.is_dirty().expect("a state"));
    on_disk.write("README.md", "changed");
    on_disk.write("staged", "x");
    on_disk.git(["add", "staged"]);
    assert!(checkout.is_dirty().expect("a state"));
    let counts = checkout.status_counts().expect("counts");
    assert_eq!(
        (
            counts.staged,
            counts.changed,
            counts.untracked,
            counts.conflicts
        ),
        (1, 1, 1, 0)
    );
}

// ---------------------------------------------------------------------------------------------------- branches

#[test]
fn branches_move_by_compare_and_swap() {
    let on_disk = TestRepository::new();
    let repository = on_disk.open();
    let first = repository.head_commit().expect("a commit");
    let second: CommitId = on_disk.commit_all("second").parse().expect("an id");
    let name = run_branch();
    assert_eq!(repository.branch_commit(&name).expect("read"), None);
    repository.create_branch(&name, first).expect("made");
    let error = repository.create_branch(&name, first).expect_err("there");
    assert!(matches!(error, GitError::BranchExists { .. }), "{error:?}");
    repository
        .move_branch(&name, first, second, "test")
        .expect("moved");
    assert_eq!(repository.branch_commit(&name).expect("read"), Some(second));
    let error = repository
        .move_branch(&name, first, second, "test")
        .expect_err("moved");
    assert!(matches!(error, GitError::BranchMoved { .. }), "{error:?}");
    on_disk.git(["pack-refs", "--all"]);
    repository
        .move_branch(&name, second, first, "test")
        .expect("moved");
    assert_eq!(
        on_disk.git(["rev-parse", "docket/r12/main"]),
        first.to_string()
    );
    let missing = "docket/r13/main".parse().expect("a name");
    let error = repository
        .move_branch(&missing, first, second, "test")
        .expect_err("missing");
    assert!(matches!(error, GitError::BranchMissing { .. }), "{error:?}");
    on_disk.git(["fsck", "--strict"]);
}

#[test]
fn a_branch_called_docket_is_named_as_the_obstacle() {
    let on_disk = TestRepository::new();
    on_disk.git(["branch", "docket"]);
    let repository = on_disk.open();
    let base = repository.head_commit().expect("a commit");
    let error = repository
        .create_branch(&run_branch(), base)
        .expect_err("in the way");
    assert!(
        error.to_string().contains("git branch -m docket "),
        "{error}"
    );
}

#[test]
fn names_that_git_refuses_are_refused() {
    for name in ["", "-x", "a..b", "a b", "HEAD", "a.lock", "/a", "a/"] {
        let parsed: Result<BranchName, _> = name.parse();
        assert!(
            matches!(parsed, Err(GitError::InvalidBranchName { .. })),
            "{name}"
        );
    }
}

#[test]
fn only_merged_branches_are_deleted() {
    let attempt = Attempt::new();
    attempt.write("new", "x");
    let tree = attempt.snapshot().tree;
    let made = attempt
        .worktree
        .commit(&attempt_branch(), attempt.base, tree, &message(), AT)
        .expect("committed");
    let repository = &attempt.repository;
    let delete = || repository.delete_merged_branch(&attempt_branch(), &run_branch());
    assert!(matches!(delete(), Err(GitError::BranchNotMerged { .. })));
    let _ = repository
        .integrate_fast_forward(&run_branch(), made.commit)
        .expect("integrated");
    assert!(matches!(delete(), Err(GitError::BranchCheckedOut { .. })));
    repository
        .remove_worktree(
            attempt.worktree.path(),
            Removal::IfClean,
            &attempt.options(),
        )
        .expect("removed");
    delete().expect("deleted");
    assert!(matches!(delete(), Err(GitError::BranchMissing { .. })));
    attempt.fsck();
}

// ---------------------------------------------------------------------------------------------------- worktrees

#[test]
fn git_sees_a_clean_worktree() {
    let on_disk = TestRepository::named("with späces").with_first_commit();
    on_disk.write("bin/tool", "#!/bin/sh\n");
    fs::set_permissions(on_disk.path("bin/tool"), fs::Permissions::from_mode(0o755)).expect("set");
    symlink("../README.md", on_disk.path("bin/link")).expect("linked");
    on_disk.write("ünï cödé/ä b.txt", "x\n");
    on_disk.commit_all("second");
    let attempt = Attempt::on(on_disk);
    assert_eq!(attempt.git(["status", "--porcelain"]), "");
    assert_eq!(
        attempt.git(["symbolic-ref", "HEAD"]),
        "refs/heads/docket/r12/TICKET-003.1"
    );
    assert_eq!(
        attempt.snapshot_like_git(),
        attempt.repository.tree_of(attempt.base).expect("a tree")
    );
    let list = attempt.on_disk.git(["worktree", "list", "--porcelain"]);
    assert!(list.contains(".docket/worktrees/TICKET-003.1"), "{list}");
    assert_eq!(attempt.on_disk.git(["status", "--porcelain"]), "");
    let worktrees = attempt.repository.worktrees().expect("a list");
    assert_eq!(worktrees.len(), 1);
    assert_eq!(worktrees[0].branch, Some(attempt_branch()));
    assert_eq!(worktrees[0].state, WorktreeState::Ready);
    attempt.fsck();
}

#[test]
fn hooks_do_not_run() {
    let on_disk = TestRepository::new();
    for hook in [
        "post-checkout",
        "pre-commit",
        "commit-msg",
        "reference-transaction",
        "post-commit",
    ] {
        let file = on_disk.path(format!(".git/hooks/{hook}"));
        write(
            &file,
            format!(
                "#!/bin/sh\ntouch '{}'\nexit 1\n",
                on_disk.beside("hook-ran").display()
            ),
        );
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("set");
    }
    let attempt = Attempt::on(on_disk);
    attempt.write("new", "x");
    let tree = attempt.snapshot().tree;
    let made = attempt
        .worktree
        .commit(&attempt_branch(), attempt.base, tree, &message(), AT)
        .expect("committed");
    let _ = attempt
        .repository
        .integrate_fast_forward(&run_branch(), made.commit)
        .expect("integrated");
    attempt
        .repository
        .diff(
            attempt.repository.tree_of(attempt.base).expect("a tree"),
            tree,
        )
        .expect("a diff");
    assert!(!attempt.on_disk.beside("hook-ran").exists());
}

#[test]
fn what_is_in_the_way_is_kept_and_what_was_begun_goes() {
    let on_disk = TestRepository::new();
    let repository = on_disk.open();
    let base = repository.head_commit().expect("a commit");
    let place = on_disk.beside("place");
    write(&place.join("mine"), "x");
    let error = repository
        .add_worktree(&place, &attempt_branch(), base)
        .expect_err("occupied");
    assert!(
        matches!(error, GitError::WorktreeExists { .. }),
        "{error:?}"
    );
    assert_eq!(
        repository.branch_commit(&attempt_branch()).expect("read"),
        None
    );
    // A commit whose tree is broken fails in the middle of the checkout.
    let blob = on_disk.git(["rev-parse", "HEAD:README.md"]);
    fs::remove_file(on_disk.path(format!(".git/objects/{}/{}", &blob[..2], &blob[2..])))
        .expect("broken");
    let place = on_disk.beside("other");
    let error = repository
        .add_worktree(&place, &attempt_branch(), base)
        .expect_err("broken");
    assert!(matches!(error, GitError::Failed { .. }), "{error:?}");
    assert!(!place.exists());
    assert_eq!(
        repository.branch_commit(&attempt_branch()).expect("read"),
        None
    );
    assert!(repository.worktrees().expect("a list").is_empty());
}

#[test]
fn filters_line_ends_and_submodules_are_as_git_makes_them() {
    let on_disk = TestRepository::new();
    let module = on_disk.beside("module");
    on_disk.git(["clone", "--quiet", ".", module.to_str().expect("text")]);
    on_disk.git(["config", "core.autocrlf", "true"]);
    on_disk.git(["config", "filter.swap.clean", "tr a-z n-za-m"]);
    on_disk.git(["config", "filter.swap.smudge", "tr a-z n-za-m"]);
    on_disk.write(".gitattributes", "*.rot filter=swap\n*.bin -text\n");
    on_disk.write("secret.rot", "hello\n");
    on_disk.write("text.txt", "one\r\ntwo\r\n");
    on_disk.write("data.bin", "one\r\ntwo\r\n");
    on_disk.git(["submodule", "--quiet", "add", "../module", "module"]);
    on_disk.commit_all("second");
    let attempt = Attempt::on(on_disk);
    assert_eq!(
        fs::read(attempt.path("secret.rot")).expect("read"),
        b"hello\r\n",
        "a filter's output is text like other text"
    );
    assert_eq!(
        attempt.on_disk.git(["cat-file", "blob", "HEAD:secret.rot"]),
        "uryyb"
    );
    assert_eq!(
        fs::read(attempt.path("text.txt")).expect("read"),
        b"one\r\ntwo\r\n"
    );
    assert_eq!(attempt.git(["status", "--porcelain"]), "");
    assert_eq!(
        attempt.snapshot_like_git(),
        attempt.repository.tree_of(attempt.base).expect("a tree")
    );
    attempt.write("secret.rot", "hello again\n");
    attempt.write("new.rot", "new\n");
    attempt.write("text.txt", "one\r\ntwo\r\nthree\r\n");
    attempt.write("new.txt", "a\r\nb\r\n");
    attempt.write("data.bin", "\r\n\r\n");
    let tree = attempt.snapshot_like_git();
    let blob = |path: &str| {
        attempt
            .on_disk
            .git(["cat-file", "blob", &format!("{tree}:{path}")])
    };
    assert_eq!(blob("new.rot"), "arj");
    assert_eq!(blob("new.txt"), "a\nb");
    // The submodule is populated and moves on.
    attempt.git(["submodule", "--quiet", "update", "--init"]);
    attempt.snapshot_like_git();
    attempt.write("module/more", "x");
    attempt.snapshot_like_git();
    attempt
        .on_disk
        .git_in(&attempt.path("module"), ["add", "more"]);
    attempt.on_disk.git_in(
        &attempt.path("module"),
        [
            "-c",
            "user.name=A",
            "-c",
            "user.email=a@b",
            "commit",
            "--quiet",
            "-m",
            "more",
        ],
    );
    let moved = attempt.snapshot_like_git();
    let change = &attempt.repository.diff(tree, moved).expect("a diff").files[0];
    assert_eq!(change.new_mode, Some(FileMode::Submodule));
    fs::remove_dir_all(attempt.path("module")).expect("removed");
    attempt.snapshot_like_git();
    attempt.write("module", "a file now");
    attempt.snapshot_like_git();
}

#[test]
fn a_sparse_checkout_loses_nothing() {
    for index in ["--no-sparse-index", "--sparse-index"] {
        let on_disk = TestRepository::new();
        on_disk.write("docs/a.md", "a\n");
        on_disk.write("docs/deep/b.md", "b\n");
        on_disk.write("other/c.md", "c\n");
        on_disk.commit_all("second");
        on_disk.git(["sparse-checkout", "set", "--cone", index, "src"]);
        assert!(!on_disk.path("docs").exists());
        let attempt = Attempt::on(on_disk);
        assert!(!attempt.path("docs").exists());
        assert_eq!(
            attempt.snapshot_like_git(),
            attempt.repository.tree_of(attempt.base).expect("a tree")
        );
        attempt.write("src/main.rs", "changed\n");
        attempt.write("src/new.rs", "new\n");
        attempt.snapshot_like_git();
        attempt.git(["add", "src"]); // rewrites the index, as a sparse one where configured
        let tree = attempt.snapshot_like_git();
        let made = attempt
            .worktree
            .commit(&attempt_branch(), attempt.base, tree, &message(), AT)
            .expect("committed");
        assert!(made.index_updated);
        assert_eq!(attempt.git(["status", "--porcelain"]), "");
        attempt.fsck();
    }
}

#[test]
fn a_deleted_git_file_is_told_and_nothing_is_mistaken_for_it() {
    let attempt = Attempt::new();
    attempt.write("new", "x");
    fs::remove_file(attempt.path(".git")).expect("removed");
    let error = attempt
        .worktree
        .snapshot(&attempt.options())
        .expect_err("broken");
    assert!(
        matches!(error, GitError::WorktreeBroken { .. }),
        "{error:?}"
    );
    assert!(error.to_string().contains("git worktree repair"), "{error}");
    let path = attempt.worktree.path();
    let repository = &attempt.repository;
    assert!(matches!(
        repository.worktree(path),
        Err(GitError::WorktreeBroken { .. })
    ));
    let removed = repository.remove_worktree(path, Removal::IfClean, &attempt.options());
    assert!(
        matches!(removed, Err(GitError::WorktreeBroken { .. })),
        "{removed:?}"
    );
    assert_eq!(
        repository.worktrees().expect("a list")[0].state,
        WorktreeState::Broken
    );
    assert_eq!(
        repository
            .prune_worktrees(repository.root())
            .expect("pruned"),
        [] as [PathBuf; 0]
    );
    // What the message says helps.
    attempt.on_disk.git(["worktree", "repair"]);
    attempt.snapshot_like_git();
}

#[test]
fn a_vanished_worktree_is_forgotten_but_not_a_locked_one() {
    let attempt = Attempt::new();
    let repository = &attempt.repository;
    let path = attempt.worktree.path();
    fs::remove_dir_all(path).expect("gone");
    assert!(matches!(
        repository.worktree(path),
        Err(GitError::WorktreeVanished { .. })
    ));
    assert_eq!(
        repository.worktrees().expect("a list")[0].state,
        WorktreeState::Vanished
    );
    attempt
        .on_disk
        .git(["worktree", "lock", path.to_str().expect("text")]);
    let below = repository.root().join(".docket/worktrees");
    assert!(
        repository
            .prune_worktrees(&below)
            .expect("pruned")
            .is_empty()
    );
    attempt
        .on_disk
        .git(["worktree", "unlock", path.to_str().expect("text")]);
    assert!(
        repository
            .prune_worktrees(&attempt.on_disk.beside("elsewhere"))
            .expect("pruned")
            .is_empty()
    );
    assert_eq!(repository.prune_worktrees(&below).expect("pruned"), [path]);
    assert_eq!(attempt.on_disk.git(["worktree", "list"]).lines().count(), 1);
    assert!(matches!(
        repository.worktree(path),
        Err(GitError::NotAWorktree { .. })
    ));
}

#[test]
fn a_worktree_with_unsaved_work_stays() {
    let attempt = Attempt::new();
    let repository = &attempt.repository;
    let path = attempt.worktree.path();
    let remove = |removal| repository.remove_worktree(path, removal, &attempt.options());
    attempt.write("untracked ü", "x");
    let error = remove(Removal::IfClean).expect_err("dirty");
    assert!(error.to_string().contains("untracked ü"), "{error}");
    let saved = attempt.snapshot().tree;
    attempt.write("README.md", "changed since");
    let error = remove(Removal::IfSavedAs(saved)).expect_err("changed since");
    assert!(error.to_string().contains("README.md"), "{error}");
    let saved = attempt.snapshot().tree;
    attempt.on_disk.git([
        "worktree",
        "lock",
        "--reason",
        "mine",
        path.to_str().expect("text"),
    ]);
    let error = remove(Removal::IfSavedAs(saved)).expect_err("locked");
    assert!(error.to_string().contains("(mine)"), "{error}");
    attempt
        .on_disk
        .git(["worktree", "unlock", path.to_str().expect("text")]);
    attempt.write(".docket/ticket.md", "our desk is ignored");
    // A commit that only a detached HEAD knows.
    attempt.git(["checkout", "--quiet", "--detach"]);
    attempt.git(["commit", "--quiet", "--allow-empty", "-m", "lost?"]);
    let error = remove(Removal::IfSavedAs(saved)).expect_err("a commit");
    assert!(error.to_string().contains("on no branch"), "{error}");
    attempt.git(["branch", "kept"]);
    remove(Removal::IfSavedAs(saved)).expect("removed");
    assert!(!path.exists());
    assert_eq!(attempt.on_disk.git(["worktree", "list"]).lines().count(), 1);
    assert!(
        repository
            .branch_commit(&attempt_branch())
            .expect("read")
            .is_some()
    );
    let removed =
        repository.remove_worktree(repository.root(), Removal::IfClean, &attempt.options());
    assert!(
        matches!(removed, Err(GitError::MainCheckout { .. })),
        "{removed:?}"
    );
}

#[test]
fn commits_in_a_submodule_keep_the_worktree() {
    let on_disk = TestRepository::new();
    let module = on_disk.beside("module");
    on_disk.git(["clone", "--quiet", ".", module.to_str().expect("text")]);
    on_disk.git(["submodule", "--quiet", "add", "../module", "module"]);
    on_disk.commit_all("second");
    let attempt = Attempt::on(on_disk);
    attempt.git(["submodule", "--quiet", "update", "--init"]);
    let inside = attempt.path("module");
    let remove = || {
        let saved = Removal::IfSavedAs(attempt.snapshot().tree);
        attempt
            .repository
            .remove_worktree(attempt.worktree.path(), saved, &attempt.options())
    };
    attempt.write("module/untracked", "x");
    let error = remove().expect_err("a file");
    assert!(error.to_string().contains("submodule `module`"), "{error}");
    attempt.on_disk.git_in(&inside, ["add", "--all"]);
    let commit = [
        "-c",
        "user.name=A",
        "-c",
        "user.email=a@b",
        "commit",
        "-qm",
        "x",
    ];
    attempt.on_disk.git_in(&inside, commit);
    let error = remove().expect_err("a commit");
    assert!(error.to_string().contains("submodule `module`"), "{error}");
    attempt.on_disk.git_in(
        &inside,
        ["push", "--quiet", "origin", "HEAD:refs/heads/kept"],
    );
    remove().expect("removed");
    attempt.fsck();
}

#[test]
fn what_a_crash_left_of_worktrees_is_cleared_away() {
    let attempt = Attempt::new();
    let folder = attempt.repository.root().join(".docket/worktrees");
    // Renamed, and not yet forgotten.
    let doomed = folder.join("TICKET-003.1.removing");
    fs::rename(attempt.worktree.path(), &doomed).expect("renamed");
    // Registered, and not yet finished.
    attempt
        .on_disk
        .write(".git/worktrees/TICKET-004.1/gitdir", "");
    attempt.on_disk.write(".git/worktrees/locked/gitdir", "");
    attempt.on_disk.write(".git/worktrees/locked/locked", "");
    let pruned = attempt.repository.prune_worktrees(&folder).expect("pruned");
    assert_eq!(
        pruned,
        [
            doomed,
            folder.join("TICKET-003.1"),
            attempt.on_disk.path(".git/worktrees/TICKET-004.1")
        ]
    );
    fs::remove_dir_all(attempt.on_disk.path(".git/worktrees/locked")).expect("removed");
    let next: AttemptId = "TICKET-004.1".parse().expect("an id");
    let branch = BranchName::of_attempt(RunId(12), &next);
    attempt
        .repository
        .add_worktree(&folder.join("TICKET-004.1"), &branch, attempt.base)
        .expect("the next one");
    attempt.fsck();
}

/// Says to the test below, in a process of its own, what to work on.
const PROBE: &str = "DOCKET_TEST_GIT_PROBE";

#[test]
fn the_environment_of_a_hook_does_not_mislead() {
    if let Some(place) = std::env::var_os(PROBE) {
        work_on(Path::new(&place));
        return;
    }
    let on_disk = TestRepository::new();
    on_disk.git(["config", "--unset", "user.name"]);
    let other = TestRepository::new();
    other.write("staged", "x");
    other.git(["add", "staged"]);
    let before = content_of(other.root(), &[]);
    write(
        &on_disk.beside("home").join(".gitconfig"),
        "[user]\n\tname = Grace\n[core]\n\texcludesFile = ~/ignored\n",
    );
    write(&on_disk.beside("home").join("ignored"), "*.ignored\n");
    #[expect(
        clippy::disallowed_methods,
        reason = "an environment of its own needs a process of its own"
    )]
    let mut probe = std::process::Command::new(std::env::current_exe().expect("this program"));
    probe
        .args(["--exact", "git::the_environment_of_a_hook_does_not_mislead"])
        .env(PROBE, on_disk.root())
        .env("HOME", on_disk.beside("home"))
        .env("XDG_CONFIG_HOME", on_disk.beside("home"))
        .env("GIT_DIR", other.path(".git"))
        .env("GIT_COMMON_DIR", other.path(".git"))
        .env("GIT_WORK_TREE", other.root())
        .env("GIT_INDEX_FILE", other.path(".git/index"))
        .env("GIT_OBJECT_DIRECTORY", other.path(".git/objects"))
        .env("GIT_NAMESPACE", "elsewhere")
        .env("GIT_PREFIX", "src/")
        .env("GIT_EXTERNAL_DIFF", "false");
    text_of(&mut probe);
    assert!(before == content_of(other.root(), &[]));
    assert_eq!(
        on_disk.git(["log", "-1", "--format=%an <%ae>", "docket/r12/TICKET-003.1"]),
        "Grace <ada@example.org>"
    );
    on_disk.git(["fsck", "--strict"]);
}

fn work_on(place: &Path) {
    let repository = Repository::discover(place).expect("the repository");
    assert_eq!(repository.root(), place);
    let base = repository.head_commit().expect("a commit");
    let path = place.with_file_name("worktree");
    let worktree = repository
        .add_worktree(&path, &attempt_branch(), base)
        .expect("the worktree");
    write(&path.join("new"), "x");
    write(&path.join("x.ignored"), "x");
    let options = SnapshotOptions::new(place.with_file_name("cache"));
    let tree = worktree.snapshot(&options).expect("the snapshot").tree;
    let old = repository.tree_of(base).expect("a tree");
    let diff = repository.diff(old, tree).expect("a diff");
    assert_eq!(diff.files.len(), 1);
    let made = worktree.commit(&attempt_branch(), base, tree, &message(), AT);
    assert!(made.expect("committed").created);
    repository
        .remove_worktree(&path, Removal::IfClean, &options)
        .expect("removed");
}

// ---------------------------------------------------------------------------------------------------- snapshots

#[test]
fn a_snapshot_is_what_git_would_add() {
    let on_disk = TestRepository::new();
    on_disk.write("kept", "kept\n");
    on_disk.write("gone", "gone\n");
    on_disk.write("moved/from here", "line\nline 2\n");
    on_disk.write("to-folder", "x");
    on_disk.write("folder/to-file", "x");
    on_disk.write("to-link", "x");
    on_disk.write("linked/inner", "x");
    on_disk.write(".gitignore", "*.log\nbuild/\n!important.log\n");
    on_disk.write("tracked.log", "x");
    on_disk.git(["add", "--force", "tracked.log"]);
    on_disk.commit_all("second");
    let attempt = Attempt::on(on_disk);
    attempt.write("README.md", "changed\n");
    attempt.write("new file ü.txt", "no line end");
    attempt.write("deep/er/file", "x");
    attempt.write("empty", "");
    attempt.write("debug.log", "ignored");
    attempt.write("build/out", "ignored");
    attempt.write("important.log", "not ignored");
    attempt.write("tracked.log", "ignored but tracked");
    attempt.write("binary", [0, 159, 146, 150, 10, 13]);
    fs::remove_file(attempt.path("gone")).expect("removed");
    fs::create_dir(attempt.path("target-dir")).expect("made");
    fs::rename(
        attempt.path("moved/from here"),
        attempt.path("target-dir/to here"),
    )
    .expect("moved");
    fs::remove_file(attempt.path("to-folder")).expect("removed");
    attempt.write("to-folder/inner", "x");
    fs::remove_dir_all(attempt.path("folder")).expect("removed");
    attempt.write("folder", "a file now");
    fs::remove_file(attempt.path("to-link")).expect("removed");
    symlink("nowhere/at all", attempt.path("to-link")).expect("linked");
    // A folder replaced by a link to another with the same names: what is behind it is not ours.
    write(&attempt.on_disk.beside("outside/inner"), "outside");
    fs::remove_dir_all(attempt.path("linked")).expect("removed");
    symlink(attempt.on_disk.beside("outside"), attempt.path("linked")).expect("linked");
    fs::set_permissions(attempt.path("kept"), fs::Permissions::from_mode(0o755)).expect("set");
    fs::create_dir_all(attempt.path("empty folder/inner")).expect("made");
    let tree = attempt.snapshot_like_git();
    let files = attempt.on_disk.git([
        "-c",
        "core.quotePath=false",
        "ls-tree",
        "-r",
        "--name-only",
        &tree.to_string(),
    ]);
    assert!(
        files.contains("new file ü.txt") && files.contains("important.log"),
        "{files}"
    );
    assert!(
        !files.contains("debug.log") && !files.contains("linked/inner"),
        "{files}"
    );
    attempt.fsck();
}

#[test]
fn whatever_the_agent_did_to_its_index_the_files_count() {
    let attempt = Attempt::new();
    attempt.write("staged", "one");
    attempt.git(["add", "staged"]);
    attempt.write("staged", "two");
    attempt.write("intended", "x");
    attempt.git(["add", "--intent-to-add", "intended"]);
    attempt.git(["rm", "--quiet", "--cached", "README.md"]);
    attempt.snapshot_like_git();
    attempt.write("ignored.log", "forced");
    attempt.write(".gitignore", "*.log\n");
    attempt.git(["add", "--force", "ignored.log"]);
    attempt.snapshot_like_git();
    attempt.git(["commit", "--quiet", "-m", "by the agent"]);
    attempt.write("after", "x");
    attempt.snapshot_like_git();
    attempt.git(["checkout", "--quiet", "-b", "other"]);
    attempt.write("on other", "x");
    attempt.snapshot_like_git();
    // In the middle of a conflict.
    attempt.git(["add", "--all"]);
    attempt.git(["commit", "--quiet", "-m", "other"]);
    attempt.git(["checkout", "--quiet", "-b", "third", "HEAD~1"]);
    attempt.write("on other", "different");
    attempt.git(["add", "--all"]);
    attempt.git(["commit", "--quiet", "-m", "third"]);
    let merged = attempt
        .on_disk
        .try_git_in(attempt.worktree.path(), ["merge", "other"]);
    assert!(!merged.status.success(), "a conflict is wanted");
    let tree = attempt.snapshot_like_git();
    assert!(
        attempt
            .on_disk
            .git(["cat-file", "blob", &format!("{tree}:on other")])
            .contains("<<<<<<<")
    );
    // A lock that a killed git left, and no index at all.
    let index = PathBuf::from(attempt.git(["rev-parse", "--absolute-git-dir"])).join("index");
    write(&index.with_extension("lock"), "");
    assert_eq!(attempt.snapshot().tree, tree);
    fs::write(&index, "broken").expect("broken");
    assert_eq!(attempt.snapshot().tree, tree);
    fs::remove_file(&index).expect("removed");
    assert_eq!(attempt.snapshot().tree, tree);
    attempt.fsck();
}

#[test]
fn marks_that_tell_git_not_to_look_hide_nothing() {
    let attempt = Attempt::new();
    let clean = attempt.snapshot().tree;
    attempt.git(["update-index", "--assume-unchanged", "README.md"]);
    attempt.git(["update-index", "--skip-worktree", "src/main.rs"]);
    attempt.write("README.md", "hidden");
    attempt.write("src/main.rs", "hidden");
    assert_eq!(attempt.git(["status", "--porcelain"]), "");
    let seen = attempt.snapshot().tree;
    let files = attempt.repository.diff(clean, seen).expect("a diff").files;
    assert_eq!(files.len(), 2, "{files:?}");
    let removed = attempt.repository.remove_worktree(
        attempt.worktree.path(),
        Removal::IfClean,
        &attempt.options(),
    );
    assert!(matches!(removed, Err(GitError::WorktreeDirty { .. })));
}

#[test]
fn a_split_index_is_read() {
    let attempt = Attempt::new();
    attempt.write("new", "x");
    attempt.git(["update-index", "--split-index"]);
    attempt.git(["add", "new"]);
    attempt.write("README.md", "changed");
    attempt.snapshot_like_git();
}

#[test]
fn our_folder_stays_out_even_when_added_by_force() {
    let attempt = Attempt::new();
    attempt.write(".docket/ticket.md", "x");
    let clean = attempt.repository.tree_of(attempt.base).expect("a tree");
    assert_eq!(attempt.snapshot().tree, clean);
    attempt.git(["add", "--force", ".docket/ticket.md"]);
    assert_eq!(attempt.snapshot().tree, clean);
    attempt.write(".gitignore", "!.docket/\n");
    let tree = attempt.snapshot().tree;
    assert_eq!(
        attempt
            .repository
            .diff(clean, tree)
            .expect("a diff")
            .files
            .len(),
        1
    );
}

#[test]
fn what_is_left_out_is_named_and_keeps_the_worktree() {
    let attempt = Attempt::new();
    let clean = attempt.snapshot().tree;
    let nested = attempt.path("vendor/nested");
    fs::create_dir_all(&nested).expect("made");
    attempt.on_disk.git_in(&nested, ["init", "--quiet"]);
    write(&nested.join("file"), "x");
    attempt.on_disk.git_in(&nested, ["add", "file"]);
    attempt.on_disk.git_in(
        &nested,
        [
            "-c",
            "user.name=A",
            "-c",
            "user.email=a@b",
            "commit",
            "--quiet",
            "-m",
            "x",
        ],
    );
    attempt.write("large", [b'x'; 2000]);
    let options = SnapshotOptions {
        largest_untracked: 1000,
        ..attempt.options()
    };
    let snapshot = attempt.worktree.snapshot(&options).expect("the snapshot");
    assert_eq!(snapshot.tree, clean);
    let expected = [
        LeftOut {
            path: "large".into(),
            reason: LeftOutReason::TooLarge(2000),
        },
        LeftOut {
            path: "vendor/nested".into(),
            reason: LeftOutReason::Repository,
        },
    ];
    assert_eq!(snapshot.left_out, expected);
    let removed = attempt.repository.remove_worktree(
        attempt.worktree.path(),
        Removal::IfSavedAs(clean),
        &options,
    );
    assert!(
        matches!(removed, Err(GitError::WorktreeDirty { .. })),
        "{removed:?}"
    );
}

#[test]
fn a_pipe_does_not_hang_a_snapshot() {
    let attempt = Attempt::new();
    #[expect(
        clippy::disallowed_methods,
        reason = "there is no other way to make a pipe here"
    )]
    let made = std::process::Command::new("mkfifo")
        .arg(attempt.path("pipe"))
        .status();
    assert!(made.expect("mkfifo").success());
    attempt.snapshot_like_git();
}

#[test]
fn an_unreadable_file_is_named() {
    for path in ["README.md", "untracked"] {
        let attempt = Attempt::new();
        attempt.write(path, "changed");
        fs::set_permissions(attempt.path(path), fs::Permissions::from_mode(0o000)).expect("set");
        let result = attempt.worktree.snapshot(&attempt.options());
        if fs::File::open(attempt.path(path)).is_ok() {
            // Whoever runs this may read everything.
            result.expect("the snapshot");
        } else {
            let error = result.expect_err("unreadable");
            assert!(
                matches!(&error, GitError::Unreadable { path: named, .. } if named.ends_with(path)),
                "{error:?}"
            );
        }
    }
}

#[test]
fn the_memory_of_hashes_is_used_and_never_wrong() {
    let attempt = Attempt::new();
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000);
    let age = |path: &str| {
        let file = fs::File::options()
            .write(true)
            .open(attempt.path(path))
            .expect("opened");
        file.set_modified(long_ago).expect("set");
    };
    for number in 0..20 {
        let path = format!("new-{number}");
        attempt.write(&path, format!("content {number}"));
        age(&path);
    }
    let first = attempt.snapshot();
    // Same size, same time of modification: only the time of the change of the entry differs.
    attempt.write("new-3", "CONTENT 3");
    age("new-3");
    let second = attempt.snapshot();
    assert_ne!(first.tree, second.tree);
    assert_eq!(second.tree, attempt.snapshot_like_git());
    // The object went away (nobody pointed to it): it is written anew.
    attempt.on_disk.git(["prune", "--expire=now"]);
    assert_eq!(attempt.snapshot(), second);
    attempt
        .on_disk
        .git(["cat-file", "-e", &format!("{}:new-7", second.tree)]);
    fs::write(attempt.options().cache, "broken").expect("broken");
    assert_eq!(attempt.snapshot(), second);
    attempt.fsck();
}

#[test]
fn work_in_place_is_saved_without_touching_the_index() {
    let on_disk = TestRepository::new();
    let repository = on_disk.open();
    on_disk.write("README.md", "changed");
    on_disk.write("untracked", "x");
    let before = content_of(on_disk.root(), &[".git/objects"]);
    let options = SnapshotOptions::new(on_disk.beside("cache"));
    let snapshot = repository
        .checkout()
        .snapshot(&options)
        .expect("the snapshot");
    assert!(before == content_of(on_disk.root(), &[".git/objects"]));
    let base = repository
        .tree_of(repository.head_commit().expect("a commit"))
        .expect("a tree");
    assert_eq!(
        repository
            .diff(base, snapshot.tree)
            .expect("a diff")
            .files
            .len(),
        2
    );
    let error = repository.checkout().commit(
        &"main".parse().expect("a name"),
        repository.head_commit().expect("a commit"),
        base,
        &message(),
        AT,
    );
    assert!(
        matches!(error, Err(GitError::MainCheckout { .. })),
        "{error:?}"
    );
}

// ---------------------------------------------------------------------------------------------------- diffs

#[test]
fn a_patch_applies_and_the_list_says_the_same() {
    let on_disk = TestRepository::new();
    let lines: Vec<String> = (0..50).map(|line| format!("line {line}\n")).collect();
    let lines = lines.concat();
    on_disk.write("moved from.txt", &lines);
    on_disk.write("moved unchanged", "the same\nas before\nand long enough\n");
    on_disk.write("gone.txt", "one\ntwo\n");
    on_disk.write("ünï cödé \"quoted\"\ttab.txt", "x\n");
    on_disk.write("binary", [0, 1, 2, 3, 255]);
    on_disk.write("binary gone", [0, 1, 2]);
    on_disk.write("no end", "no line end");
    on_disk.write("script", "#!/bin/sh\n");
    on_disk.write("to link", "x\n");
    on_disk.write(".gitattributes", "*.txt -diff\n");
    on_disk.commit_all("second");
    // What a user may have configured must not matter.
    for (key, value) in [
        ("diff.noprefix", "true"),
        ("diff.external", "false"),
        ("diff.renames", "false"),
        ("color.ui", "always"),
        ("diff.algorithm", "patience"),
        ("core.quotePath", "false"),
    ] {
        on_disk.git(["config", key, value]);
    }
    let attempt = Attempt::on(on_disk);
    fs::remove_file(attempt.path("moved from.txt")).expect("removed");
    attempt.write(
        "folder/moved to.txt",
        lines.replace("line 7\n", "line seven\n"),
    );
    fs::rename(
        attempt.path("moved unchanged"),
        attempt.path("moved ünchanged"),
    )
    .expect("moved");
    fs::remove_file(attempt.path("gone.txt")).expect("removed");
    attempt.write("ünï cödé \"quoted\"\ttab.txt", "y\nz");
    attempt.write("binary", [0, 1, 2, 4, 255, 0]);
    fs::remove_file(attempt.path("binary gone")).expect("removed");
    attempt.write("binary new", [7, 0, 7]);
    attempt.write("no end", "no line end\nbut more");
    fs::set_permissions(attempt.path("script"), fs::Permissions::from_mode(0o755)).expect("set");
    fs::remove_file(attempt.path("to link")).expect("removed");
    symlink("some where", attempt.path("to link")).expect("linked");
    attempt.write("empty", "");
    attempt.write("crlf", "a\r\nb\r\n");
    let tree = attempt.snapshot_like_git();
    let base = attempt.repository.tree_of(attempt.base).expect("a tree");
    let diff = attempt.repository.diff(base, tree).expect("a diff");
    let line = |change: &FileChange| {
        let from = change
            .old_path
            .as_ref()
            .map(|path| format!("{} -> ", path.display()));
        format!(
            "{:?} {}{} +{} -{}{}",
            change.kind,
            from.unwrap_or_default(),
            change.path.display(),
            change.added_lines,
            change.removed_lines,
            if change.binary { " binary" } else { "" },
        )
    };
    let listed: Vec<String> = diff.files.iter().map(line).collect();
    let expected = [
        "Modified binary +0 -0 binary",
        "Deleted binary gone +0 -0 binary",
        "Added binary new +0 -0 binary",
        "Added crlf +2 -0",
        "Added empty +0 -0",
        "Renamed moved from.txt -> folder/moved to.txt +1 -1",
        "Deleted gone.txt +0 -2",
        "Renamed moved unchanged -> moved ünchanged +0 -0",
        "Modified no end +2 -1",
        "Modified script +0 -0",
        "TypeChanged to link +1 -1",
        "Modified ünï cödé \"quoted\"\ttab.txt +2 -1",
    ];
    assert_eq!(listed, expected);
    let script = diff
        .files
        .iter()
        .find(|change| change.path == Path::new("script"))
        .expect("listed");
    assert_eq!(
        (script.old_mode, script.new_mode),
        (Some(FileMode::Regular), Some(FileMode::Executable))
    );
    assert_eq!(script.kind, ChangeKind::Modified);
    apply(&attempt.on_disk, attempt.base, &diff.patch, tree);
    // And backwards.
    let back = attempt.repository.diff(tree, base).expect("a diff");
    assert_eq!(back.files.len(), diff.files.len());
    assert_eq!(
        attempt.repository.diff(tree, tree).expect("a diff"),
        docket::git::Diff::default()
    );
}

/// `git apply` on a fresh checkout of `base` gives exactly `tree`.
#[track_caller]
fn apply(on_disk: &TestRepository, base: CommitId, patch: &[u8], tree: TreeId) {
    let fresh = on_disk.beside("fresh");
    on_disk.git([
        "worktree",
        "add",
        "--quiet",
        "--detach",
        fresh.to_str().expect("text"),
        &base.to_string(),
    ]);
    let file = on_disk.beside("diff.patch");
    fs::write(&file, patch).expect("written");
    let mut command = on_disk.command(&fresh);
    command
        .args(["apply", "--index", "--whitespace=nowarn"])
        .arg(&file)
        .stdin(Stdio::null());
    text_of(&mut command);
    assert_eq!(on_disk.git_in(&fresh, ["write-tree"]), tree.to_string());
}

// ---------------------------------------------------------------------------------------------------- commits

#[test]
fn autosaves_keep_everything() {
    let attempt = Attempt::new();
    let repository = &attempt.repository;
    attempt.write("untracked", "one");
    let one = attempt.snapshot().tree;
    let save = |turn, tree, parents: &[CommitId]| {
        repository
            .autosave(&self::attempt(), turn, tree, parents, "turn\n", AT)
            .expect("saved")
    };
    let first = save(1, one, &[attempt.base]);
    assert_eq!(
        save(1, one, &[attempt.base]),
        first,
        "the same again is the same"
    );
    attempt.write("untracked", "two");
    let two = attempt.snapshot().tree;
    let second = save(2, two, &[first]);
    let again = save(1, two, &[attempt.base]);
    assert_ne!(again, first);
    let git = |arguments: &[&str]| attempt.on_disk.git(arguments);
    assert_eq!(
        git(&["rev-parse", "refs/docket/autosave/TICKET-003.1/1"]),
        again.to_string()
    );
    assert_eq!(
        git(&["rev-parse", "refs/docket/autosave/TICKET-003.1/2"]),
        second.to_string()
    );
    assert_eq!(
        git(&["rev-parse", &format!("{again}^2")]),
        first.to_string()
    );
    assert_eq!(
        git(&["log", "-1", "--format=%an %ae %at", &first.to_string()]),
        "Ada ada@example.org 1700000000"
    );
    assert_eq!(
        repository.autosaved(&self::attempt(), 2).expect("read"),
        Some(second)
    );
    assert_eq!(
        repository.autosaved(&self::attempt(), 3).expect("read"),
        None
    );
    assert_eq!(
        git(&["branch", "--list"]).lines().count(),
        3,
        "no branch appears"
    );
    attempt.on_disk.git(["gc", "--quiet", "--prune=now"]);
    assert_eq!(
        git(&["cat-file", "blob", &format!("{first}:untracked")]),
        "one"
    );
    assert_eq!(attempt.snapshot().tree, two);
    attempt.fsck();
}

#[test]
fn accepted_work_is_committed_on_top_of_the_agents() {
    let attempt = Attempt::new();
    attempt.write("by agent", "x");
    attempt.git(["add", "--all"]);
    attempt.git(["commit", "--quiet", "-m", "by the agent"]);
    let agents = attempt.git(["rev-parse", "HEAD"]);
    attempt.write("uncommitted", "x");
    attempt.write("tickets/TICKET-003.md", "changed by the agent");
    attempt.git(["add", "README.md"]);
    let all = attempt.snapshot().tree;
    let base = attempt.repository.tree_of(attempt.base).expect("a tree");
    let without = attempt
        .repository
        .with_paths_of(all, base, [Path::new("tickets"), Path::new("not/there")])
        .expect("a tree");
    let made = attempt
        .worktree
        .commit(&attempt_branch(), attempt.base, without, &message(), AT)
        .expect("committed");
    assert!(made.created && made.index_updated);
    assert_eq!(attempt.git(["rev-parse", "HEAD"]), made.commit.to_string());
    assert_eq!(attempt.git(["rev-parse", "HEAD^"]), agents);
    assert_eq!(
        attempt.git(["status", "--porcelain", "-uall"]),
        "?? tickets/TICKET-003.md"
    );
    assert_eq!(
        attempt.git(["log", "-1", "--format=%s"]),
        "parse the header"
    );
    let trailers = attempt.git(["log", "-1", "--format=%(trailers:only,unfold)"]);
    let manifest = Sha256([0xab; 32]);
    assert_eq!(
        trailers.trim_end(),
        format!("Docket-Run: r12\nDocket-Attempt: TICKET-003.1\nDocket-Manifest: {manifest}")
    );
    let again = attempt
        .worktree
        .commit(&attempt_branch(), attempt.base, without, &message(), AT)
        .expect("committed");
    assert!(!again.created);
    assert_eq!(again.commit, made.commit);
    // With a lock left behind, the commit counts and the index waits.
    attempt.write("more", "x");
    let lock = PathBuf::from(attempt.git(["rev-parse", "--absolute-git-dir"])).join("index.lock");
    write(&lock, "");
    let more = attempt.snapshot().tree;
    let locked = attempt
        .worktree
        .commit(&attempt_branch(), attempt.base, more, &message(), AT)
        .expect("committed");
    assert!(locked.created && !locked.index_updated);
    assert!(lock.exists());
    attempt.fsck();
}

#[test]
fn with_paths_of_takes_files_and_folders_back() {
    let on_disk = TestRepository::new();
    on_disk.write("tickets/TICKET-001.md", "one");
    on_disk.write("tickets/TICKET-002.md", "two");
    on_disk.commit_all("second");
    let attempt = Attempt::on(on_disk);
    let base = attempt.repository.tree_of(attempt.base).expect("a tree");
    attempt.write("tickets/TICKET-001.md", "changed");
    fs::remove_file(attempt.path("tickets/TICKET-002.md")).expect("removed");
    attempt.write("tickets/TICKET-003.md", "new");
    attempt.write("code", "x");
    let all = attempt.snapshot().tree;
    let take = |paths: &[&str]| {
        let tree = attempt
            .repository
            .with_paths_of(all, base, paths.iter().map(Path::new))
            .expect("a tree");
        let changes = attempt.repository.diff(base, tree).expect("a diff").files;
        changes
            .iter()
            .map(|change| change.path.display().to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(take(&["tickets"]), ["code"]);
    assert_eq!(
        take(&["tickets/TICKET-002.md", "tickets/TICKET-003.md"]),
        ["code", "tickets/TICKET-001.md"]
    );
}

#[test]
fn an_agent_on_another_branch_is_not_disturbed() {
    let attempt = Attempt::new();
    attempt.git(["checkout", "--quiet", "-b", "other"]);
    attempt.write("new", "x");
    attempt.git(["add", "new"]);
    let tree = attempt.snapshot_like_git();
    let made = attempt
        .worktree
        .commit(&attempt_branch(), attempt.base, tree, &message(), AT)
        .expect("committed");
    assert!(made.created && !made.index_updated);
    assert_eq!(attempt.git(["symbolic-ref", "--short", "HEAD"]), "other");
    assert_eq!(attempt.git(["status", "--porcelain"]), "A  new");
    let stranger: BranchName = "docket/r12/nobody".parse().expect("a name");
    let error = attempt
        .worktree
        .commit(&stranger, attempt.base, tree, &message(), AT)
        .expect_err("missing");
    assert!(matches!(error, GitError::BranchMissing { .. }), "{error:?}");
}

#[test]
fn somebody_commits_even_where_nobody_is_configured() {
    let on_disk = TestRepository::new();
    on_disk.git(["config", "--unset", "user.name"]);
    on_disk.git(["config", "--unset", "user.email"]);
    let attempt = Attempt::on(on_disk);
    attempt.write("new", "x");
    let tree = attempt.snapshot().tree;
    let made = attempt
        .worktree
        .commit(&attempt_branch(), attempt.base, tree, &message(), AT)
        .expect("committed");
    let author = attempt.git([
        "log",
        "-1",
        "--format=%an <%ae> %cn",
        &made.commit.to_string(),
    ]);
    assert_eq!(author, "docket <docket@localhost> docket");
    attempt.fsck();
}

// ---------------------------------------------------------------------------------------------------- integration

#[test]
fn integration_moves_only_the_run_branch_and_only_forward() {
    let attempt = Attempt::new();
    let repository = &attempt.repository;
    attempt.write("new", "x");
    let tree = attempt.snapshot().tree;
    let made = attempt
        .worktree
        .commit(&attempt_branch(), attempt.base, tree, &message(), AT)
        .expect("committed");
    let integrate = |commit| repository.integrate_fast_forward(&run_branch(), commit);
    assert_eq!(
        integrate(made.commit).expect("integrated"),
        Integration::Integrated {
            commit: made.commit
        }
    );
    assert_eq!(
        integrate(made.commit).expect("integrated"),
        Integration::Integrated {
            commit: made.commit
        }
    );
    // What is there says so itself, whatever becomes of the ledger.
    let accepted = |manifest| repository.accepted_on(&run_branch(), manifest);
    let (known, unknown) = (Sha256([0xab; 32]), Sha256([0xcd; 32]));
    assert_eq!(accepted(known).expect("read"), Some(made.commit));
    assert_eq!(accepted(unknown).expect("read"), None);
    // Going back is not going forward; neither is a cousin.
    assert_eq!(
        integrate(attempt.base).expect("looked at"),
        Integration::NotFastForward {
            run_head: made.commit
        }
    );
    let cousin: CommitId = attempt.on_disk.commit_all("cousin").parse().expect("an id");
    assert_eq!(
        integrate(cousin).expect("looked at"),
        Integration::NotFastForward {
            run_head: made.commit
        }
    );
    assert_eq!(
        repository.merge_base(cousin, made.commit).expect("a base"),
        Some(attempt.base)
    );
    assert!(repository.is_ancestor(attempt.base, cousin).expect("known"));
    // The user looks at the run branch: it must not move under their feet.
    attempt
        .on_disk
        .git(["checkout", "--quiet", "docket/r12/main"]);
    attempt.git(["commit", "--quiet", "--allow-empty", "-m", "next"]);
    let next = attempt.git(["rev-parse", "HEAD"]).parse().expect("an id");
    let error = integrate(next).expect_err("checked out");
    assert!(
        matches!(&error, GitError::BranchCheckedOut { worktree, .. } if worktree == attempt.on_disk.root()),
        "{error:?}"
    );
    attempt.on_disk.git(["checkout", "--quiet", "main"]);
    assert_eq!(
        integrate(next).expect("integrated"),
        Integration::Integrated { commit: next }
    );
    attempt.fsck();
}

#[test]
fn a_whole_attempt_leaves_the_users_checkout_and_index_as_they_were() {
    let on_disk = TestRepository::new();
    // A dirty checkout: staged, changed, untracked; and another git at work.
    on_disk.write("README.md", "staged");
    on_disk.git(["add", "README.md"]);
    on_disk.write("README.md", "changed");
    on_disk.write("untracked", "x");
    let repository = on_disk.open();
    repository.exclude("/.docket/").expect("excluded");
    on_disk.write(".git/index.lock", "");
    let ours = [
        ".docket",
        ".git/objects",
        ".git/refs/heads/docket",
        ".git/refs/docket",
        ".git/logs/refs/heads/docket",
        ".git/worktrees",
    ];
    let before = content_of(on_disk.root(), &ours);
    assert!(before.iter().any(|(path, _)| path.ends_with(".git/index")));
    let attempt = Attempt::on(on_disk);
    attempt.write("README.md", "by the agent");
    attempt.write("new", "x");
    let tree = attempt.snapshot().tree;
    let saved = attempt
        .repository
        .autosave(&self::attempt(), 1, tree, &[attempt.base], "turn 1", AT)
        .expect("saved");
    let base = attempt.repository.tree_of(attempt.base).expect("a tree");
    assert_eq!(
        attempt
            .repository
            .diff(base, tree)
            .expect("a diff")
            .files
            .len(),
        2
    );
    let made = attempt
        .worktree
        .commit(&attempt_branch(), attempt.base, tree, &message(), AT)
        .expect("committed");
    let done = attempt
        .repository
        .integrate_fast_forward(&run_branch(), made.commit)
        .expect("integrated");
    assert_eq!(
        done,
        Integration::Integrated {
            commit: made.commit
        }
    );
    attempt
        .repository
        .remove_worktree(
            attempt.worktree.path(),
            Removal::IfClean,
            &attempt.options(),
        )
        .expect("removed");
    attempt
        .repository
        .delete_merged_branch(&attempt_branch(), &run_branch())
        .expect("deleted");
    let after = content_of(attempt.on_disk.root(), &ours);
    let names = |list: &[(PathBuf, Vec<u8>)]| {
        list.iter()
            .map(|(path, _)| path.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&before), names(&after));
    for (one, two) in before.iter().zip(&after) {
        assert!(one == two, "{} changed", one.0.display());
    }
    fs::remove_file(attempt.on_disk.path(".git/index.lock")).expect("removed");
    attempt.fsck();
    assert_eq!(
        attempt
            .on_disk
            .git(["rev-parse", &format!("{saved}^{{tree}}")]),
        tree.to_string()
    );
}

#[test]
fn attempts_side_by_side_do_not_disturb_each_other() {
    let on_disk = TestRepository::new();
    let repository = on_disk.open();
    let base = repository.head_commit().expect("a commit");
    let places: Vec<PathBuf> = (1..=8)
        .map(|number| on_disk.path(format!(".docket/worktrees/TICKET-00{number}.1")))
        .collect();
    std::thread::scope(|scope| {
        for (number, place) in (1..=8).zip(&places) {
            let repository = repository.clone();
            let on_disk = &on_disk;
            scope.spawn(move || {
                let id: AttemptId = format!("TICKET-00{number}.1").parse().expect("an id");
                let branch = BranchName::of_attempt(RunId(12), &id);
                let worktree = repository
                    .add_worktree(place, &branch, base)
                    .expect("the worktree");
                write(&place.join("mine"), format!("{number}"));
                let options = SnapshotOptions::new(on_disk.beside(&format!("cache-{number}")));
                let tree = worktree.snapshot(&options).expect("the snapshot").tree;
                repository
                    .autosave(&id, 1, tree, &[base], "turn", AT)
                    .expect("saved");
                let made = worktree
                    .commit(&branch, base, tree, &message(), AT)
                    .expect("committed");
                assert!(made.created);
                repository
                    .remove_worktree(place, Removal::IfClean, &options)
                    .expect("removed");
            });
        }
    });
    on_disk.git(["fsck", "--strict"]);
    assert_eq!(
        on_disk
            .git(["branch", "--list", "docket/*"])
            .lines()
            .count(),
        8
    );
    assert_eq!(on_disk.git(["worktree", "list"]).lines().count(), 1);
}

#[test]
fn a_repository_that_cannot_be_written_says_which_file() {
    let on_disk = TestRepository::new();
    let repository = on_disk.open();
    let base = repository.head_commit().expect("a commit");
    // Stands for a read-only `.git`, which whoever may do everything doesn't notice.
    on_disk.write(".git/refs/heads/docket", "not a reference");
    let error = repository
        .create_branch(&run_branch(), base)
        .expect_err("unwritable");
    let text = chain(&error);
    assert!(text.contains("docket"), "{text}");
    fs::remove_file(on_disk.path(".git/refs/heads/docket")).expect("removed");
    fs::set_permissions(
        on_disk.path(".git/refs/heads"),
        fs::Permissions::from_mode(0o555),
    )
    .expect("set");
    let result = repository.create_branch(&run_branch(), base);
    if fs::write(on_disk.path(".git/refs/heads/probe"), "").is_err() {
        let text = chain(&result.expect_err("unwritable"));
        assert!(text.contains("ermission denied"), "{text}");
    }
    fs::set_permissions(
        on_disk.path(".git/refs/heads"),
        fs::Permissions::from_mode(0o755),
    )
    .expect("set");
}

#[test]
fn a_lock_that_was_left_behind_is_named() {
    let on_disk = TestRepository::new();
    let repository = on_disk.open();
    let base = repository.head_commit().expect("a commit");
    repository.create_branch(&run_branch(), base).expect("made");
    let next: CommitId = on_disk.commit_all("next").parse().expect("an id");
    on_disk.write(".git/refs/heads/docket/r12/main.lock", "");
    let error = repository
        .move_branch(&run_branch(), base, next, "test")
        .expect_err("locked");
    assert!(
        matches!(&error, GitError::Locked { path } if path.ends_with("main.lock")),
        "{error:?}"
    );
    assert!(error.to_string().contains("delete"), "{error}");
}

fn chain(error: &GitError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
