//! What a repository may look like on the disk.

use std::fs;
use std::time::Duration;

use super::scene::Scene;
use crate::support::repository::TestRepository;
use crate::support::wait::wait_until;

fn text(path: &std::path::Path) -> &str {
    path.to_str().expect("UTF-8")
}

#[test]
fn a_folder_and_files_with_spaces_quotes_and_letters_of_all_kinds() {
    let repository = TestRepository::named("it's \"mine\" & größer $HOME; 好").with_first_commit();
    // The same word twice, composed and decomposed; git must not be asked to unify them.
    repository.git(["config", "core.precomposeUnicode", "false"]);
    let odd = [
        "caf\u{e9}.txt",
        "cafe\u{301}.txt",
        "two\nlines.txt",
        "tab\t'quote' \"double\".txt",
        "back\\slash.txt",
        "-rf",
        ":(glob)*",
        " leading and trailing ",
        "#hash!",
    ];
    for name in odd {
        repository.write(name, format!("first {name}\n"));
    }
    repository.commit_all("odd names");
    let scene = Scene::new(repository);
    // One changes all that is there, the other adds its own.
    scene.both(
        "for file in ./*; do test -f \"$file\" && echo more >> \"$file\"; done",
        "mkdir -p 'sp ace/\u{e9} e\u{301}'\necho deep > \"$(printf 'sp ace/\u{e9} e\u{301}/new\\nline')\"\necho deep > 'sp ace/ '",
    );
    let names = scene.names("docket/r1/main");
    for name in odd {
        assert!(names.iter().any(|one| one == name), "{name:?}: {names:?}");
        assert_eq!(
            scene.show(&format!("docket/r1/main:{name}")),
            format!("first {name}\nmore")
        );
    }
    assert!(names.contains(&"sp ace/\u{e9} e\u{301}/new\nline".to_owned()));
    scene.rewound_and_merged();
    scene.once_more();
    for name in odd {
        assert!(scene.path(name).exists(), "{name:?}");
    }
}

#[test]
fn detached_head() {
    let repository = TestRepository::new();
    repository.git(["switch", "--quiet", "--detach"]);
    let scene = Scene::new(repository);
    scene.both("echo ten > ten.txt", "echo twenty > twenty.txt");
    scene.untouched(|| {
        scene
            .docket(["merge"])
            .exits(4)
            .says("you are on no branch")
    });
    scene.git(["switch", "--quiet", "main"]);
    scene.rewound_and_merged();
    scene.once_more();
}

#[test]
fn a_shallow_clone() {
    let repository = TestRepository::new();
    for number in 0..3 {
        repository.commit_all(&format!("empty {number}"));
    }
    let clone = repository.beside("shallow");
    let url = format!("file://{}", text(repository.root()));
    repository.git(["clone", "--quiet", "--depth", "1", &url, text(&clone)]);
    let scene = Scene::at(repository, clone);
    scene.whole_story();
    assert!(scene.path(".git/shallow").exists());
}

#[test]
fn a_clone_that_borrows_its_objects() {
    let repository = TestRepository::new();
    let clone = repository.beside("borrower");
    repository.git([
        "clone",
        "--quiet",
        "--shared",
        text(repository.root()),
        text(&clone),
    ]);
    let scene = Scene::at(repository, clone);
    scene.whole_story();
    // Nothing was written into the lender.
    let lender = scene.sandbox.repository();
    assert_eq!(lender.git(["for-each-ref"]).lines().count(), 1);
    assert_eq!(lender.git(["count-objects"]).split(' ').next(), Some("5"));
}

#[test]
fn a_partial_clone_whose_older_files_are_elsewhere() {
    let repository = TestRepository::new();
    repository.git(["config", "uploadpack.allowFilter", "true"]);
    repository.git(["config", "uploadpack.allowAnySHA1InWant", "true"]);
    repository.write("README.md", "# Second\n");
    repository.commit_all("second");
    let clone = repository.beside("partial");
    let url = format!("file://{}", text(repository.root()));
    repository.git(["clone", "--quiet", "--filter=blob:none", &url, text(&clone)]);
    Scene::at(repository, clone).whole_story();
}

#[test]
fn packed_references_and_objects() {
    let repository = TestRepository::new();
    for number in 0..20 {
        repository.git(["branch", &format!("topic/{number}")]);
        repository.git(["tag", &format!("v{number}")]);
    }
    repository.git(["pack-refs", "--all", "--prune"]);
    repository.git(["gc", "--quiet", "--prune=now"]);
    let scene = Scene::new(repository);
    scene.whole_story();
    // Packing what docket made is no harm either.
    scene.git(["pack-refs", "--all", "--prune"]);
    scene.shell(40, "echo forty > forty.txt");
    scene.docket(["--once", "--ticket", "40"]).exits(0);
    scene.docket(["merge"]).exits(0);
    assert!(scene.path("forty.txt").exists());
}

#[test]
fn a_git_folder_that_lies_elsewhere() {
    let repository = TestRepository::new();
    let elsewhere = repository.beside("git data");
    repository.git(["init", "--quiet", "--separate-git-dir", text(&elsewhere)]);
    assert!(repository.path(".git").is_file());
    let scene = Scene::new(repository);
    scene.whole_story();
    assert!(scene.path(".git").is_file());
}

#[test]
fn an_empty_commit_is_enough() {
    let repository = TestRepository::unborn();
    repository.git(["commit", "--quiet", "--allow-empty", "--message", "empty"]);
    let scene = Scene::new(repository);
    scene.both(
        "echo ten > ten.txt",
        "mkdir deep\necho twenty > deep/twenty.txt",
    );
    scene.rewound_and_merged();
    scene.once_more();
}

#[test]
fn repositories_inside_that_are_no_submodules() {
    let repository = TestRepository::new();
    let inner = repository.path("vendor/inner");
    fs::create_dir_all(&inner).expect("a folder");
    repository.git_in(&inner, ["init", "--quiet"]);
    fs::write(inner.join("own.txt"), "the user's\n").expect("a file");
    let scene = Scene::new(repository);
    // The agent leaves one too: it can't be merged, and is not lost either.
    scene.write_both(
        "echo ten > ten.txt",
        "echo twenty > twenty.txt\ngit init --quiet nested\necho precious > nested/precious.txt",
    );
    scene.untouched(|| {
        scene
            .docket(["run", "--jobs", "2"])
            .exits(4)
            .says("nested is a repository of its own that is no submodule");
        scene.docket(["approve", "20"]).exits(0);
    });
    scene.untouched(|| scene.docket(["run"]).exits(0));
    assert!(scene.is_done(10) && scene.is_done(20));
    let names = scene.names("docket/r1/main");
    assert!(
        !names.iter().any(|name| name.starts_with("nested")),
        "{names:?}"
    );
    let kept = scene.path(".docket/worktrees/TICKET-020.1/nested/precious.txt");
    assert_eq!(
        fs::read_to_string(kept).expect("the agent's repository stays"),
        "precious\n"
    );
    scene.rewound_and_merged();
    scene.docket(["gc", "--keep", "0"]).exits(0);
    assert!(
        scene
            .path(".docket/worktrees/TICKET-020.1/nested/precious.txt")
            .exists()
    );
    assert!(inner.join("own.txt").exists());
}

#[test]
fn five_thousand_files() {
    let repository = TestRepository::new();
    for number in 0..5000 {
        repository.write(
            format!("many/{}/{}/file {number}.txt", number % 7, number % 101),
            format!("{number}\n"),
        );
    }
    repository.commit_all("many");
    let scene = Scene::new(repository);
    scene.write_both(
        "find many/[1-6] -name '*7.txt' -exec sh -c 'for f; do echo ten >> \"$f\"; done' sh {} +",
        "find many -name '*3.txt' -exec sh -c 'for f; do echo twenty >> \"$f\"; done' sh {} +\nrm -r many/0",
    );
    scene.untouched(|| {
        let mut run = scene.start(["run", "--jobs", "2"]);
        wait_until("all files are through", Duration::from_secs(120), || {
            !run.lives()
        });
        run.finish().exits(0).prints("2 done")
    });
    scene.sound();
    let changed = scene.git(["diff", "--name-only", "main", "docket/r1/main"]);
    let expected = (0..5000)
        .filter(|number| number % 7 == 0 || number % 10 == 7 || number % 10 == 3)
        .count();
    assert_eq!(changed.lines().count(), expected);
    scene.rewound_and_merged();
}
