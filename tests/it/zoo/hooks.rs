//! Hooks run for people. docket's own commits, worktrees and references wake none; `docket merge` is a person's command.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::scene::Scene;
use crate::support::repository::TestRepository;

/// Hooks that note that they ran; those that could refuse something do.
const ALL: [(&str, i32); 12] = [
    ("pre-commit", 1),
    ("prepare-commit-msg", 1),
    ("commit-msg", 1),
    ("post-commit", 0),
    ("pre-rebase", 1),
    ("pre-push", 1),
    ("pre-auto-gc", 1),
    ("post-checkout", 0),
    ("post-merge", 0),
    ("post-rewrite", 0),
    ("post-index-change", 0),
    ("reference-transaction", 1),
];

fn hooks(folder: &Path, noted: &Path, which: &[(&str, i32)]) {
    fs::create_dir_all(folder).expect("a folder for the hooks");
    for (name, code) in which {
        let path = folder.join(name);
        let script = format!(
            "#!/bin/sh\necho {name} >> '{}'\nexit {code}\n",
            noted.display()
        );
        fs::write(&path, script).expect("a hook");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("executable");
    }
}

/// None runs for what docket does by itself, wherever they lie.
#[track_caller]
fn none_runs(scene: &Scene, folder: &Path) {
    let noted = scene.sandbox.home("hooks-that-ran");
    hooks(folder, &noted, &ALL);
    scene.both(
        "echo ten > ten.txt\necho '# Changed' > README.md",
        "echo twenty > twenty.txt\nmkdir moved\ncp src/main.rs moved/main.rs\nrm src/main.rs",
    );
    scene.untouched(|| {
        scene.docket(["rewind", "10", "--turn", "1"]).exits(0);
        scene.docket(["diff", "20"]).exits(0);
        scene.docket(["status"]).exits(0);
        scene.docket(["merge", "--dry-run"]).exits(0);
    });
    let ran = fs::read_to_string(&noted).unwrap_or_default();
    assert_eq!(ran, "", "hooks ran");

    // A person's merge asks them, and one of them says no.
    scene.untouched(|| scene.docket(["merge"]).exits(1));
    let ran = fs::read_to_string(&noted).unwrap_or_default();
    assert!(ran.contains("reference-transaction"), "{ran}");
    assert!(!scene.path("ten.txt").exists());

    fs::remove_file(folder.join("reference-transaction")).expect("it goes");
    scene.docket(["merge"]).exits(0);
    let ran = fs::read_to_string(&noted).unwrap_or_default();
    assert!(ran.contains("post-merge"), "{ran}");
    fs::remove_file(&noted).expect("it was there");
    scene.untouched(|| scene.docket(["gc", "--keep", "0"]).exits(0));
    assert!(!noted.exists(), "gc ran a hook");
    scene.sound();
}

#[test]
fn no_hook_runs_but_for_a_person() {
    let scene = Scene::new(TestRepository::new());
    let folder = scene.path(".git/hooks");
    none_runs(&scene, &folder);
}

#[test]
fn no_hook_of_a_folder_that_is_configured_runs_either() {
    let repository = TestRepository::new();
    let folder = repository.beside("hooks of all");
    repository.git(["config", "core.hooksPath", folder.to_str().expect("UTF-8")]);
    let scene = Scene::new(repository);
    none_runs(&scene, &folder);
}

#[test]
fn hooks_that_are_part_of_the_repository_do_not_run_in_worktrees() {
    let repository = TestRepository::new();
    let noted = repository.beside("home").join("hooks-that-ran");
    hooks(&repository.path("githooks"), &noted, &ALL);
    repository.commit_all("hooks");
    // Relative: it means the folder of whatever checkout git works in.
    repository.git(["config", "core.hooksPath", "githooks"]);
    let scene = Scene::new(repository);
    scene.both("echo ten > ten.txt", "echo twenty > twenty.txt");
    assert!(!noted.exists(), "hooks ran");
}

#[test]
fn a_hook_of_the_users_still_runs_when_an_agent_commits() {
    let scene = Scene::new(TestRepository::new());
    let noted = scene.sandbox.home("hooks-that-ran");
    hooks(&scene.path(".git/hooks"), &noted, &[("pre-commit", 1)]);
    // It refuses the agent's commit; the files count all the same.
    scene.both(
        "echo ten > ten.txt\ngit add ten.txt\nif git -c user.name=A -c user.email=a@example.org commit -qm own; then exit 9; fi",
        "echo twenty > twenty.txt",
    );
    assert_eq!(fs::read_to_string(&noted).expect("it ran"), "pre-commit\n");
    assert_eq!(scene.show("docket/r1/main:ten.txt"), "ten");
    scene.rewound_and_merged();
}
