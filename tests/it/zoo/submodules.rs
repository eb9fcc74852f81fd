//! Submodules: the user's are filled, those of an attempt's worktree are the agent's to fill.

use std::fs;
use std::path::PathBuf;

use super::scene::Scene;
use crate::support::repository::TestRepository;

/// A repository with a submodule `inner`, filled in the user's checkout, and the folder of what it was cloned from, which has
/// two commits more.
fn with_submodule() -> (Scene, PathBuf, [String; 3]) {
    let repository = TestRepository::new();
    let source = repository.beside("source");
    fs::create_dir(&source).expect("a folder");
    let git = |arguments: &[&str]| repository.git_in(&source, arguments);
    git(&["init", "--quiet", "--initial-branch=main"]);
    let commit = |text: &str| {
        fs::write(source.join("inner.txt"), text).expect("a file");
        git(&["add", "inner.txt"]);
        git(&[
            "-c",
            "user.name=I",
            "-c",
            "user.email=i@example.org",
            "commit",
            "--quiet",
            "--message",
            text,
        ]);
        git(&["rev-parse", "HEAD"])
    };
    let first = commit("one");
    let url = source.to_str().expect("UTF-8").to_owned();
    repository.git(["submodule", "--quiet", "add", &url, "inner"]);
    repository.commit_all("a submodule");
    let commits = [first, commit("two"), commit("three")];
    let scene = Scene::new(repository);
    // The user has work of their own in it.
    fs::write(scene.path("inner/inner.txt"), "the user's\n").expect("dirty");
    (scene, source, commits)
}

const FILL: &str = "git -c protocol.file.allow=always submodule --quiet update --init";

/// What the branch records for a submodule.
#[track_caller]
fn recorded(scene: &Scene, at: &str, path: &str) -> String {
    let line = scene.git(["ls-tree", at, path]);
    let mut words = line.split_whitespace();
    assert_eq!(words.next(), Some("160000"), "{line}");
    words.nth(1).expect("an id").to_owned()
}

#[test]
fn a_submodule_that_nobody_touches_stays() {
    let (scene, _source, commits) = with_submodule();
    scene.whole_story();
    assert_eq!(recorded(&scene, "main", "inner"), commits[0]);
    assert_eq!(
        fs::read_to_string(scene.path("inner/inner.txt")).expect("there"),
        "the user's\n"
    );
}

#[test]
fn a_submodule_that_one_moves_is_not_moved_back_by_one_that_had_it_filled() {
    for one_first in [true, false] {
        let (scene, _source, commits) = with_submodule();
        scene.sandbox.configure("[policy]\nsubmodules = \"allow\"");
        let wait = "while ! grep -q 'done: true' \"$DOCKET_ROOT/tickets/TICKET-0$first.md\"; do sleep 0.02; done\n";
        let (before_one, before_two) = if one_first {
            (String::new(), format!("first=10\n{wait}"))
        } else {
            (format!("first=20\n{wait}"), String::new())
        };
        let root = format!("DOCKET_ROOT='{}'\n", scene.root.display());
        scene.write_both(
            &format!(
                "{root}{before_one}{FILL}\ngit -C inner checkout --quiet {}\necho ten > ten.txt",
                commits[1]
            ),
            &format!("{root}{FILL}\ncat inner/inner.txt\n{before_two}echo twenty > twenty.txt"),
        );
        let url = config_of(&scene);
        // Agents register submodules in the configuration that all worktrees share; docket does not.
        let ended = scene.docket(["run", "--jobs", "2"]).exits(0);
        assert!(scene.is_done(10) && scene.is_done(20), "{}", ended.stderr);
        assert_eq!(config_of(&scene), url);
        assert_eq!(recorded(&scene, "docket/r1/main", "inner"), commits[1]);
        let names = scene.names("docket/r1/main");
        assert!(names.contains(&"ten.txt".to_owned()) && names.contains(&"twenty.txt".to_owned()));
        scene.sound();
        scene.rewound_and_merged();
        assert_eq!(
            fs::read_to_string(scene.path("inner/inner.txt")).expect("there"),
            "the user's\n"
        );
    }
}

fn config_of(scene: &Scene) -> String {
    fs::read_to_string(scene.path(".git/config")).expect("the configuration")
}

#[test]
fn an_agent_adds_a_submodule() {
    let (scene, source, commits) = with_submodule();
    let url = source.to_str().expect("UTF-8");
    // It catches up with the other one.
    scene.write_both(
        &format!(
            "git -c protocol.file.allow=always submodule --quiet add {url} 'new module'\nwhile ! grep -q 'done: true' '{}'; do sleep 0.02; done",
            scene.path("tickets/TICKET-020.md").display()
        ),
        "echo twenty > twenty.txt",
    );
    scene
        .docket(["run", "--jobs", "2"])
        .exits(4)
        .says("new module is a submodule and is new");
    scene.docket(["approve", "10"]).exits(0);
    scene.docket(["run"]).exits(0);
    assert!(scene.is_done(10) && scene.is_done(20));
    let branch = "docket/r2/main";
    assert_eq!(recorded(&scene, branch, "new module"), commits[2]);
    let modules = scene.show(&format!("{branch}:.gitmodules"));
    assert!(modules.contains("new module"), "{modules}");
    scene.docket(["merge"]).exits(0);
    assert_eq!(recorded(&scene, "main", "new module"), commits[2]);
    scene.sound();
}

#[test]
fn both_move_a_submodule() {
    let (scene, _source, commits) = with_submodule();
    scene.sandbox.configure("[policy]\nsubmodules = \"allow\"");
    scene.write_both(
        &format!("{FILL}\ngit -C inner checkout --quiet {}", commits[1]),
        &format!("{FILL}\ngit -C inner checkout --quiet {}", commits[2]),
    );
    // The second one to come is tried again on top of the first.
    scene
        .docket(["run", "--jobs", "2"])
        .exits(0)
        .prints("2 done");
    let at = recorded(&scene, "docket/r1/main", "inner");
    assert!(commits[1..].contains(&at), "{at}");
    let changes = scene.git(["log", "--format=%h", "main..docket/r1/main", "--", "inner"]);
    assert_eq!(
        changes.lines().count(),
        2,
        "both moved it, one after the other"
    );
    scene.sound();
}

#[test]
fn a_commit_that_only_an_agents_submodule_has_is_not_thrown_away() {
    let (scene, _source, _commits) = with_submodule();
    scene.sandbox.configure("[policy]\nsubmodules = \"allow\"");
    let commit = "cd inner && git config user.name A && git config user.email a@example.org && git commit --quiet --allow-empty --message own";
    scene.shell(10, &format!("{FILL}\n({commit})"));
    scene.docket(["--once"]).exits(0);
    let kept = scene.path(".docket/worktrees/TICKET-010.1/inner");
    let at = scene
        .sandbox
        .repository()
        .git_in(&kept, ["rev-parse", "HEAD"]);
    assert_eq!(recorded(&scene, "docket/r1/main", "inner"), at);
    scene.docket(["merge"]).exits(0);
    scene.docket(["gc", "--keep", "0"]).exits(0);
    assert!(kept.exists(), "the only place where that commit is");
}
