//! Where the user stands: worktrees of their own, and checkouts that hold only a part.

use std::fs;
use std::path::PathBuf;

use super::scene::Scene;
use crate::support::repository::{TestRepository, content_of};

/// A worktree of the user's own on a branch of its own.
fn linked(repository: &TestRepository, name: &str) -> PathBuf {
    let path = repository.beside(name);
    let text = path.to_str().expect("UTF-8");
    repository.git(["worktree", "add", "--quiet", "-b", "topic", text]);
    path
}

#[test]
fn worktrees_of_the_users_own_stay_as_they_are() {
    let repository = TestRepository::new();
    let topic = linked(&repository, "a topic");
    fs::write(topic.join("README.md"), "# Mine, not committed\n").expect("dirty");
    fs::write(topic.join("staged.txt"), "staged\n").expect("dirty");
    repository.git_in(&topic, ["add", "staged.txt"]);
    let gone = repository.beside("gone");
    repository.git([
        "worktree",
        "add",
        "--quiet",
        "--detach",
        gone.to_str().expect("UTF-8"),
    ]);
    fs::remove_dir_all(&gone).expect("the user took it away without git's knowing");
    let scene = Scene::new(repository);
    let state = |scene: &Scene| {
        let repository = scene.sandbox.repository();
        (
            content_of(&topic, &[]),
            repository.git_in(
                &topic,
                [
                    "--no-optional-locks",
                    "status",
                    "--porcelain=v2",
                    "--branch",
                ],
            ),
            fs::read(scene.path(".git/worktrees/a-topic/index")).expect("its index"),
        )
    };
    let before = state(&scene);
    scene.whole_story();
    assert_eq!(state(&scene), before);
    let listed = scene.git(["worktree", "list", "--porcelain"]);
    assert!(listed.contains("/gone"), "not ours to prune: {listed}");
}

#[test]
fn docket_started_in_a_worktree_of_the_users() {
    let repository = TestRepository::new();
    let topic = linked(&repository, "a topic");
    repository.write("README.md", "# The main checkout is dirty\n");
    let main = content_of(repository.root(), &[".git"]);
    let scene = Scene::at(repository, topic);
    scene.whole_story();
    let repository = scene.sandbox.repository();
    assert_eq!(
        content_of(repository.root(), &[".git"]),
        main,
        "the main checkout"
    );
    assert_eq!(scene.git(["rev-parse", "--abbrev-ref", "HEAD"]), "topic");
    let base = repository.git(["rev-list", "--count", "main"]);
    assert_eq!(base, "1", "main stayed where it was");
}

#[test]
fn docket_started_in_both_checkouts_of_one_repository_does_not_mix_them_up() {
    let repository = TestRepository::new();
    let topic = linked(&repository, "a topic");
    let main = Scene::new(repository);
    main.both("echo ten > ten.txt", "echo twenty > twenty.txt");
    // The same ticket numbers and attempts in the other checkout: its names must not be those.
    let tickets = topic.join("tickets");
    fs::create_dir_all(&tickets).expect("a queue");
    fs::write(
        tickets.join("TICKET-010.md"),
        "---\nagent: shell\ndone: false\nvalidate: [\"true\"]\n---\n\n```sh\necho other > other.txt\n```\n",
    )
    .expect("a ticket");
    let saved = main.git([
        "rev-parse",
        "refs/docket/autosave/TICKET-010.1/1",
        "docket/r1/main",
    ]);
    let mut command = main.sandbox.command(["--once", "--json"]);
    command.current_dir(&topic);
    let document = main.sandbox.start_command(command).finish().exits(0).json();
    assert_eq!(
        main.git([
            "rev-parse",
            "refs/docket/autosave/TICKET-010.1/1^",
            "docket/r1/main"
        ])
        .lines()
        .count(),
        2
    );
    let branches = main.git([
        "for-each-ref",
        "--format=%(refname:short)",
        "refs/heads/docket/",
    ]);
    assert!(
        branches.contains("docket/r2/main"),
        "{branches}: {document:#}"
    );
    assert_eq!(
        main.git(["rev-parse", "docket/r1/main"]),
        saved.lines().nth(1).expect("two lines")
    );
    // What the first one saved is still in the history of what goes by that name.
    let first = saved.lines().next().expect("two lines");
    let kept = main.git(["for-each-ref", "--contains", first, "refs/docket/"]);
    assert!(!kept.is_empty(), "the first autosave is held by nothing");
    let mut command = main.sandbox.command(["merge"]);
    command.current_dir(&topic);
    main.sandbox.start_command(command).finish().exits(0);
    assert!(topic.join("other.txt").exists() && !topic.join("ten.txt").exists());
    main.docket(["merge", "r1"]).exits(0);
    assert!(main.path("ten.txt").exists() && !main.path("other.txt").exists());
    main.sound();
}

fn wide() -> TestRepository {
    let repository = TestRepository::new();
    repository.write("wide/a/file.txt", "wide a\n");
    repository.write("wide/b/file.txt", "wide b\n");
    repository.write("apart/file.txt", "apart\n");
    repository.commit_all("wide");
    repository
}

/// Work inside and outside of what is checked out comes together, and the user's checkout stays as sparse as it was.
#[track_caller]
fn sparse_story(scene: &Scene) {
    assert!(!scene.path("apart").exists());
    scene.both(
        "echo ten > ten.txt\nmkdir -p apart\necho new > apart/new.txt",
        "echo twenty >> README.md\nmkdir -p other\necho other > other/file.txt",
    );
    let names = scene.names("docket/r1/main");
    let expected = [
        "README.md",
        "apart/file.txt",
        "apart/new.txt",
        "other/file.txt",
        "src/main.rs",
        "ten.txt",
        "wide/a/file.txt",
        "wide/b/file.txt",
    ];
    assert_eq!(names, expected, "nothing that isn't checked out is lost");
    scene.rewound_and_merged();
    assert!(!scene.path("apart").exists(), "it stays sparse");
    scene.once_more();
    assert_eq!(scene.git(["status", "--porcelain", "--", ":!tickets"]), "");
}

#[test]
fn sparse_checkout_by_folders() {
    let repository = wide();
    repository.git(["sparse-checkout", "set", "--cone", "src", "wide/a"]);
    sparse_story(&Scene::new(repository));
}

#[test]
fn sparse_checkout_by_folders_with_a_sparse_index() {
    let repository = wide();
    repository.git(["sparse-checkout", "set", "--cone", "--sparse-index", "src"]);
    sparse_story(&Scene::new(repository));
}

#[test]
fn sparse_checkout_by_patterns() {
    let repository = wide();
    repository.git([
        "sparse-checkout",
        "set",
        "--no-cone",
        "/*",
        "!/apart/",
        "!/wide/b/",
        "!*.secret",
    ]);
    sparse_story(&Scene::new(repository));
}
