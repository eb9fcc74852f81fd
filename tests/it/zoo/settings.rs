//! What git may be told by its configuration.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::scene::Scene;
use crate::support::repository::TestRepository;

#[test]
fn settings_that_turn_git_upside_down_change_nothing() {
    let repository = TestRepository::new();
    repository.git(["branch", "--move", "odd/name.of-a-branch"]);
    // A program that must not be run at all.
    let trap = repository.beside("trap.sh");
    let fell = repository.beside("trap-fell");
    let script = format!(
        "#!/bin/sh\necho \"$0 $*\" >> '{}'\nexit 1\n",
        fell.display()
    );
    fs::write(&trap, script).expect("a program");
    fs::set_permissions(&trap, fs::Permissions::from_mode(0o755)).expect("executable");
    let trap = trap.to_str().expect("UTF-8");
    for (key, value) in [
        ("commit.gpgSign", "true"),
        ("tag.gpgSign", "true"),
        ("gpg.program", trap),
        ("merge.ff", "only"),
        ("pull.rebase", "true"),
        ("rebase.autoStash", "true"),
        ("merge.conflictStyle", "zdiff3"),
        ("merge.renames", "false"),
        ("diff.external", trap),
        ("diff.noprefix", "true"),
        ("diff.mnemonicPrefix", "true"),
        ("diff.renames", "copies"),
        ("diff.context", "0"),
        ("diff.algorithm", "histogram"),
        ("diff.submodule", "log"),
        ("diff.ignoreSubmodules", "all"),
        ("color.ui", "always"),
        ("core.pager", trap),
        ("core.editor", trap),
        ("core.askPass", trap),
        ("sequence.editor", trap),
        ("core.quotePath", "false"),
        ("core.untrackedCache", "true"),
        ("core.splitIndex", "true"),
        ("index.version", "4"),
        ("core.fsmonitor", trap),
        ("core.commentChar", ";"),
        ("status.showUntrackedFiles", "no"),
        ("submodule.recurse", "true"),
        ("checkout.workers", "4"),
        ("init.defaultBranch", "odd/other"),
        ("rerere.enabled", "true"),
        ("log.showSignature", "true"),
        ("advice.detachedHead", "false"),
        ("i18n.commitEncoding", "ISO-8859-1"),
        ("gc.auto", "1"),
        ("worktree.guessRemote", "true"),
        ("extensions.worktreeConfig", "true"),
    ] {
        repository.git(["config", key, value]);
    }
    let config = repository.path(".git/config");
    let config = fs::read_to_string(config).expect("the configuration");
    let scene = Scene::new(repository);
    // The user has the same for all repositories.
    let for_all = config.replace("[extensions]\n\tworktreeConfig = true\n", "");
    fs::write(scene.sandbox.home(".gitconfig"), for_all).expect("the user's configuration");
    // The judge must not fall for them.
    scene.git(["config", "core.fsmonitor", "false"]);
    scene.both(
        "echo ten > ten.txt\necho '# Changed' > README.md",
        "echo twenty > 'twenty ü.txt'\nmkdir moved\ncp src/main.rs moved/main.rs\nrm src/main.rs",
    );
    let fallen = fs::read_to_string(&fell).unwrap_or_default();
    assert_eq!(fallen, "", "a program was run");
    let subjects = scene.git([
        "-c",
        "log.showSignature=false",
        "log",
        "--format=%G? %s",
        "odd/name.of-a-branch..docket/r1/main",
    ]);
    assert_eq!(subjects.lines().count(), 2, "{subjects}");
    assert!(
        subjects.lines().all(|line| line.starts_with("N ")),
        "nothing is signed: {subjects}"
    );
    let patch = scene.docket(["diff", "20"]).exits(0).stdout;
    assert!(
        patch.contains("b/twenty") || patch.contains("\"b/twenty"),
        "{patch}"
    );
    assert!(!patch.contains('\u{1b}'), "{patch}");
    scene.rewound_and_merged();
    scene.once_more();
    let fallen = fs::read_to_string(&fell).unwrap_or_default();
    assert_eq!(fallen, "", "a program was run");
}

#[test]
fn without_a_name_docket_commits_and_a_merge_commit_is_left_to_the_user() {
    let repository = TestRepository::new();
    repository.git(["config", "--unset", "user.name"]);
    repository.git(["config", "--unset", "user.email"]);
    repository.git(["config", "user.useConfigOnly", "true"]);
    let scene = Scene::new(repository);
    scene.both("echo ten > ten.txt", "echo twenty > twenty.txt");
    let people = scene.git(["log", "--format=%an <%ae> %cn", "main..docket/r1/main"]);
    assert!(
        people
            .lines()
            .all(|line| line == "docket <docket@localhost> docket"),
        "{people}"
    );
    scene.git([
        "-c",
        "user.name=U",
        "-c",
        "user.email=u@example.org",
        "commit",
        "--quiet",
        "--allow-empty",
        "--message",
        "the user goes on",
    ]);
    scene.untouched(|| {
        let refused = scene.docket(["merge"]);
        assert!(
            refused.stderr.contains("tell me who you are") || refused.stderr.contains("user.name"),
            "{}",
            refused.stderr
        );
        refused.exits(1)
    });
    assert!(!scene.path(".git/MERGE_HEAD").exists());
    scene.git(["config", "user.name", "U"]);
    scene.git(["config", "user.email", "u@example.org"]);
    scene.rewound_and_merged();
    scene.once_more();
}

#[test]
fn a_signature_that_fails_leaves_all_as_it_was() {
    let repository = TestRepository::new();
    repository.git(["config", "commit.gpgSign", "true"]);
    repository.git(["config", "gpg.program", "false"]);
    let scene = Scene::new(repository);
    scene.both("echo ten > ten.txt", "echo twenty > twenty.txt");
    scene.git([
        "-c",
        "commit.gpgSign=false",
        "commit",
        "--quiet",
        "--allow-empty",
        "--message",
        "on",
    ]);
    scene.untouched(|| scene.docket(["merge"]).exits(1).says("gpg"));
    assert!(!scene.path(".git/MERGE_HEAD").exists());
}

#[test]
fn a_lock_of_the_users_stops_the_merge_only() {
    let scene = Scene::new(TestRepository::new());
    let lock = scene.path(".git/index.lock");
    fs::write(&lock, "the user's").expect("a lock");
    scene.both("echo ten > ten.txt", "echo twenty > twenty.txt");
    scene.untouched(|| {
        let refused = scene.docket(["merge"]);
        assert!(refused.stderr.contains("index.lock"), "{}", refused.stderr);
        refused.exits(1)
    });
    assert_eq!(fs::read_to_string(&lock).expect("it stays"), "the user's");
    fs::remove_file(&lock).expect("the user's git is done");
    scene.rewound_and_merged();
    scene.once_more();
}
