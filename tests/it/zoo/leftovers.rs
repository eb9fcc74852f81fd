//! In what state an agent may leave its working tree when others were merged meanwhile.

use std::fs;

use super::scene::Scene;
use crate::support::repository::TestRepository;

/// Ticket 10 changes `a.txt` and adds `new/ten.txt` and `out/built.txt` while ticket 20 works; then this script is the rest of 20.
fn second_leaves(script: &str) -> Scene {
    let repository = TestRepository::new();
    repository.write(".gitignore", "*.o\n/out/\n");
    repository.write("a.txt", "one\ntwo\nthree\nfour\nfive\n");
    repository.write("b.txt", "b\n");
    repository.commit_all("files");
    let scene = Scene::new(repository);
    scene.shell(
        10,
        "set -e\nwhile ! test -e \"$HOME/began\"; do sleep 0.02; done\nsed -i.bak s/one/ONE/ a.txt\nrm a.txt.bak\nmkdir new\necho ten > new/ten.txt\nmkdir -p out\necho built > out/built.txt\ngit add --force out/built.txt",
    );
    scene.shell(
        20,
        &format!(
            "set -e\ntouch \"$HOME/began\"\nwhile [ \"$(git rev-parse docket/r1/main)\" = \"$(git rev-parse main)\" ]; do sleep 0.02; done\n\
             GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@example.org\n\
             export GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL\n\
             sed -i.bak s/five/FIVE/ a.txt\nrm a.txt.bak\necho twenty > twenty.txt\n{script}"
        ),
    );
    scene
}

/// Both are done, and what each did is there.
#[track_caller]
fn ends_well(scene: &Scene) {
    scene.untouched(|| {
        scene
            .docket(["run", "--jobs", "2"])
            .exits(0)
            .prints("2 done")
    });
    scene.sound();
    let branch = "docket/r1/main";
    assert_eq!(
        scene.show(&format!("{branch}:a.txt")),
        "ONE\ntwo\nthree\nfour\nFIVE"
    );
    assert_eq!(scene.show(&format!("{branch}:new/ten.txt")), "ten");
    assert_eq!(scene.show(&format!("{branch}:twenty.txt")), "twenty");
    assert_eq!(scene.show(&format!("{branch}:out/built.txt")), "built");
    scene.rewound_and_merged();
    scene.once_more();
}

#[test]
fn everything_is_staged_and_changed_again() {
    let scene = second_leaves(
        "git add --all\nprintf 'staged\\n' > b.txt\ngit add b.txt\nprintf 'not staged\\n' > b.txt\ngit rm --quiet --cached README.md",
    );
    ends_well(&scene);
    assert_eq!(scene.show("main:b.txt"), "not staged");
    assert!(scene.names("main").contains(&"README.md".to_owned()));
}

#[test]
fn a_merge_of_its_own_was_left_unfinished() {
    let scene = second_leaves(
        "git checkout --quiet -b other\nprintf 'other\\n' > b.txt\ngit commit --quiet --message other b.txt\ngit checkout --quiet -\nprintf 'mine\\n' > b.txt\ngit commit --quiet --message mine b.txt\nif git merge --quiet other; then exit 9; fi\ngit ls-files --unmerged | grep -q b.txt\ngit branch --quiet -D other\nprintf 'half settled\\n' > b.txt",
    );
    ends_well(&scene);
    assert_eq!(scene.show("main:b.txt"), "half settled");
}

#[test]
fn a_lock_was_left_behind() {
    let scene = second_leaves("touch \"$(git rev-parse --absolute-git-dir)/index.lock\"");
    ends_well(&scene);
}

#[test]
fn the_index_is_gone_or_broken() {
    let gone = second_leaves("rm \"$(git rev-parse --absolute-git-dir)/index\"");
    ends_well(&gone);
    let broken = second_leaves("echo nonsense > \"$(git rev-parse --absolute-git-dir)/index\"");
    ends_well(&broken);
}

#[test]
fn it_is_on_another_branch() {
    let scene = second_leaves(
        "git switch --quiet --create mine\ngit add --all\ngit commit --quiet --message own",
    );
    let before = scene.git(["rev-parse", "main"]);
    scene
        .docket(["run", "--jobs", "2"])
        .exits(0)
        .prints("2 done");
    scene.sound();
    assert_eq!(
        scene.show("docket/r1/main:a.txt"),
        "ONE\ntwo\nthree\nfour\nFIVE"
    );
    assert_eq!(scene.show("docket/r1/main:new/ten.txt"), "ten");
    assert_eq!(scene.show("docket/r1/main:twenty.txt"), "twenty");
    assert_eq!(
        scene.git(["log", "-1", "--format=%s", "mine"]),
        "own",
        "its branch is its own"
    );
    assert_eq!(scene.git(["rev-parse", "main"]), before);
    scene.rewound_and_merged();
}

#[test]
fn it_is_on_no_branch_with_commits_of_its_own() {
    let scene = second_leaves(
        "git switch --quiet --detach\ngit add --all\ngit commit --quiet --message own",
    );
    ends_well(&scene);
}

#[test]
fn marks_that_tell_git_not_to_look() {
    let scene = second_leaves(
        "git update-index --assume-unchanged a.txt\ngit update-index --skip-worktree b.txt\nprintf 'changed\\n' > b.txt",
    );
    ends_well(&scene);
    assert_eq!(scene.show("main:b.txt"), "changed");
}

#[test]
fn an_untracked_file_of_its_own_is_where_the_other_made_one() {
    let scene = second_leaves("mkdir new\necho ten > new/ten.txt\necho mine > new/mine.txt");
    ends_well(&scene);
    assert_eq!(scene.show("main:new/mine.txt"), "mine");
}

/// What git ignores is saved nowhere, so it is not overwritten: another attempt begins on top of what the other brought.
#[test]
fn an_ignored_file_in_the_way_is_not_overwritten() {
    let scene = second_leaves(
        "if test -e out/built.txt; then grep -q built out/built.txt; else mkdir -p out\necho 'my own build' > out/built.txt; fi",
    );
    let ended = scene.untouched(|| {
        scene
            .docket(["run", "--jobs", "2"])
            .exits(0)
            .prints("2 done")
    });
    assert!(ended.stderr.contains("out/built.txt"), "{}", ended.stderr);
    let kept = scene.path(".docket/worktrees/TICKET-020.1/out/built.txt");
    assert_eq!(
        fs::read_to_string(kept).expect("it is there"),
        "my own build\n"
    );
    assert_eq!(scene.show("docket/r1/main:out/built.txt"), "built");
    assert_eq!(scene.show("docket/r1/main:twenty.txt"), "twenty");
    scene.sound();
    scene.rewound_and_merged();
}

/// An agent that puts a link to what never ends, or a pipe, in the place of a file keeps nobody busy.
#[test]
fn files_that_never_end_are_not_read() {
    let scene = Scene::new(TestRepository::new());
    scene
        .sandbox
        .configure("[limits]\nattempts = 2\n[policy]\nsymlinks = \"allow\"");
    scene.ticket(
        10,
        "agent: shell\nvalidate: [\"test -e again\"]",
        "```sh\nif test -e first; then touch again; rm -f README.md endless; exit 0; fi\ntouch first\nln -s /dev/zero endless\nrm README.md\nmkfifo README.md\n```",
    );
    let ended = scene.docket(["run"]);
    assert!(!ended.stderr.is_empty());
    scene.sound();
}
