//! Two tickets side by side that contradict each other in one way or another: the second one to come catches up with the first,
//! is told what contradicts, settles it, and nothing of either is lost.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::scene::Scene;
use crate::support::repository::TestRepository;

/// What two tickets do, and what must come of it.
struct Case {
    /// What the first ticket does.
    first: &'static str,
    /// What the second one does meanwhile.
    second: &'static str,
    /// The paths that its next turn is told of; none: the two go together.
    told: &'static [&'static str],
    /// How it settles that.
    settle: &'static str,
    /// The files of the run's branch in the end, beside those of the start.
    names: &'static [&'static str],
}

/// Runs both. The second one works while the first is merged.
#[track_caller]
fn run(repository: TestRepository, case: &Case) -> Scene {
    let scene = Scene::new(repository);
    side_by_side(&scene, case.first, case.second, case.settle);
    scene.untouched(|| {
        scene
            .docket(["run", "--jobs", "2"])
            .exits(0)
            .prints("2 done")
    });
    scene.sound();
    let told = fs::read_to_string(scene.sandbox.home("told")).unwrap_or_default();
    for path in case.told {
        assert!(
            told.contains(&format!("- {path}\n")),
            "{path} is not in: {told}"
        );
    }
    assert_eq!(case.told.is_empty(), told.is_empty(), "{told}");
    let names = scene.names("docket/r1/main");
    assert_eq!(names, case.names, "the files in the end");
    // As the second one left it before it caught up: all of it.
    let saved = scene.git(["rev-parse", "refs/docket/autosave/TICKET-020.1/1^{tree}"]);
    assert_ne!(saved, scene.git(["rev-parse", "main^{tree}"]));
    scene.rewound_and_merged();
    scene
}

/// The two tickets of [`run`].
fn side_by_side(scene: &Scene, first: &str, second: &str, settle: &str) {
    let home = "cd \"$DOCKET_WORKTREE\" 2>/dev/null || true\nset -e\n";
    scene.shell(
        10,
        &format!("set -e\nwhile ! test -e \"$HOME/began\"; do sleep 0.02; done\n{first}"),
    );
    scene.sandbox.agent(
        "second",
        &format!(
            "{home}cat > \"$HOME/prompt\"\nif grep -q 'Others changed the same' \"$HOME/prompt\"; then\n\
             sed -n '/^# Others/,/^# How/p' \"$HOME/prompt\" > \"$HOME/told\"\n{settle}\nexit 0\nfi\n\
             touch \"$HOME/began\"\n{second}\n\
             while [ \"$(git rev-parse docket/r1/main)\" = \"$(git rev-parse main)\" ]; do sleep 0.02; done"
        ),
    );
    scene.ticket(
        20,
        "agent: second\nvalidate: [\"! grep -rn '<<<<<<<' . --include='*.txt'\"]",
        "Work.",
    );
}

/// A few files to contradict each other about.
fn with_files() -> TestRepository {
    let repository = TestRepository::new();
    let lines: Vec<String> = (1..=30).map(|number| format!("line {number}")).collect();
    repository.write("a.txt", format!("{}\n", lines.join("\n")));
    repository.write("folder/b.txt", "b\n");
    repository.write("data.bin", [0_u8, 1, 2, 3, 0, 255]);
    repository.write("run.sh", "#!/bin/sh\n");
    repository.commit_all("files");
    repository
}

#[test]
fn one_renames_what_the_other_changes() {
    let scene = run(
        with_files(),
        &Case {
            first: "git mv a.txt renamed.txt\nsed -i.bak 's/line 3$/LINE 3/' renamed.txt\nrm renamed.txt.bak",
            second: "sed -i.bak 's/line 20/LINE 20/' a.txt\nrm a.txt.bak",
            told: &[],
            settle: "",
            names: &[
                "README.md",
                "data.bin",
                "folder/b.txt",
                "renamed.txt",
                "run.sh",
                "src/main.rs",
            ],
        },
    );
    let text = scene.show("main:renamed.txt");
    assert!(
        text.contains("LINE 3\n") && text.contains("LINE 20\n"),
        "{text}"
    );
}

#[test]
fn both_rename_the_same_file_to_different_names() {
    let scene = run(
        with_files(),
        &Case {
            first: "git mv a.txt one.txt",
            second: "git mv a.txt two.txt\nsed -i.bak 's/line 20/LINE 20/' two.txt\nrm two.txt.bak",
            told: &["two.txt"],
            settle: "ls >> \"$HOME/told\"\nrm -f one.txt",
            names: &[
                "README.md",
                "data.bin",
                "folder/b.txt",
                "run.sh",
                "src/main.rs",
                "two.txt",
            ],
        },
    );
    assert!(scene.show("main:two.txt").contains("LINE 20"));
}

#[test]
fn both_rename_different_files_to_one_name() {
    let scene = run(
        with_files(),
        &Case {
            first: "git mv a.txt same.txt",
            second: "git mv folder/b.txt same.txt",
            told: &["same.txt"],
            settle: "printf 'settled\\n' > same.txt\nrm -f same.txt~*",
            names: &["README.md", "data.bin", "run.sh", "same.txt", "src/main.rs"],
        },
    );
    assert_eq!(scene.show("main:same.txt"), "settled");
}

#[test]
fn both_make_the_same_file() {
    let scene = run(
        with_files(),
        &Case {
            first: "printf 'one\\n' > new.txt\nprintf 'equal\\n' > equal.txt",
            second: "printf 'two\\n' > new.txt\nprintf 'equal\\n' > equal.txt",
            told: &["new.txt"],
            settle: "grep -q '^one' new.txt\ngrep -q '^two' new.txt\nprintf 'one\\ntwo\\n' > new.txt",
            names: &[
                "README.md",
                "a.txt",
                "data.bin",
                "equal.txt",
                "folder/b.txt",
                "new.txt",
                "run.sh",
                "src/main.rs",
            ],
        },
    );
    assert_eq!(scene.show("main:new.txt"), "one\ntwo");
}

#[test]
fn one_deletes_what_the_other_changes() {
    let scene = run(
        with_files(),
        &Case {
            first: "rm a.txt",
            second: "echo more >> a.txt",
            told: &["a.txt"],
            settle: "grep -q more a.txt\necho kept >> a.txt",
            names: &[
                "README.md",
                "a.txt",
                "data.bin",
                "folder/b.txt",
                "run.sh",
                "src/main.rs",
            ],
        },
    );
    assert!(scene.show("main:a.txt").ends_with("more\nkept"));
}

#[test]
fn one_changes_what_the_other_deletes() {
    run(
        with_files(),
        &Case {
            first: "echo more >> a.txt",
            second: "rm a.txt",
            told: &["a.txt"],
            settle: "grep -q more a.txt\nrm a.txt",
            names: &[
                "README.md",
                "data.bin",
                "folder/b.txt",
                "run.sh",
                "src/main.rs",
            ],
        },
    );
}

#[test]
fn one_makes_a_folder_where_the_other_makes_a_file() {
    let scene = run(
        with_files(),
        &Case {
            first: "mkdir place\necho in > place/in.txt",
            second: "echo file > place",
            told: &["place"],
            settle: "ls -R >> \"$HOME/told\"\ntest -d place\ngrep -q file place~*\nrm -f place~*\necho file > place/file.txt",
            names: &[
                "README.md",
                "a.txt",
                "data.bin",
                "folder/b.txt",
                "place/file.txt",
                "place/in.txt",
                "run.sh",
                "src/main.rs",
            ],
        },
    );
    assert_eq!(scene.show("main:place/in.txt"), "in");
}

#[test]
fn one_makes_a_file_where_the_other_makes_a_folder() {
    let scene = run(
        with_files(),
        &Case {
            first: "rm -r folder\necho file > folder",
            second: "echo more >> folder/b.txt\necho new > folder/new.txt",
            told: &["folder/b.txt"],
            settle: "ls -R >> \"$HOME/told\"\ngrep -q more folder/b.txt\ngrep -q new folder/new.txt\ngrep -rq file folder~*\nrm -f folder~*",
            names: &[
                "README.md",
                "a.txt",
                "data.bin",
                "folder/b.txt",
                "folder/new.txt",
                "run.sh",
                "src/main.rs",
            ],
        },
    );
    assert_eq!(scene.show("main:folder/new.txt"), "new");
}

#[test]
fn both_change_a_binary_file() {
    let scene = run(
        with_files(),
        &Case {
            first: "printf '\\000one\\377' > data.bin",
            second: "printf '\\000two\\377' > data.bin",
            told: &["data.bin"],
            settle: "grep -q two data.bin\nprintf '\\000both' > data.bin",
            names: &[
                "README.md",
                "a.txt",
                "data.bin",
                "folder/b.txt",
                "run.sh",
                "src/main.rs",
            ],
        },
    );
    assert_eq!(fs::read(scene.path("data.bin")).expect("there"), b"\0both");
}

#[test]
fn one_makes_executable_what_the_other_changes() {
    let scene = run(
        with_files(),
        &Case {
            first: "chmod +x run.sh",
            second: "echo 'echo hello' >> run.sh",
            told: &[],
            settle: "",
            names: &[
                "README.md",
                "a.txt",
                "data.bin",
                "folder/b.txt",
                "run.sh",
                "src/main.rs",
            ],
        },
    );
    let mode = fs::metadata(scene.path("run.sh"))
        .expect("there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o100, 0o100);
    assert!(scene.show("main:run.sh").ends_with("echo hello"));
}

#[test]
fn both_make_a_file_of_different_modes() {
    let scene = run(
        with_files(),
        &Case {
            first: "printf 'tool\\n' > tool\nchmod +x tool",
            second: "printf 'tool\\n' > tool",
            told: &["tool"],
            settle: "chmod +x tool",
            names: &[
                "README.md",
                "a.txt",
                "data.bin",
                "folder/b.txt",
                "run.sh",
                "src/main.rs",
                "tool",
            ],
        },
    );
    assert!(scene.git(["ls-tree", "main", "tool"]).starts_with("100755"));
}

#[test]
fn both_make_a_link_and_one_makes_a_link_of_a_file() {
    let scene = run(
        with_files(),
        &Case {
            first: "ln -s a.txt link\nrm run.sh\nln -s README.md run.sh",
            second: "ln -s README.md link\necho more >> run.sh",
            told: &["link", "run.sh"],
            settle: "ls -l >> \"$HOME/told\"\nrm -f link run.sh run.sh~* link~*\nln -s src link\nprintf 'settled\\n' > run.sh",
            names: &[
                "README.md",
                "a.txt",
                "data.bin",
                "folder/b.txt",
                "link",
                "run.sh",
                "src/main.rs",
            ],
        },
    );
    assert_eq!(scene.show("main:link"), "src");
    assert_eq!(scene.show("main:run.sh"), "settled");
}

#[test]
fn a_file_of_other_line_ends() {
    let repository = TestRepository::new();
    repository.write(".gitattributes", "*.txt text eol=crlf\n");
    repository.write("a.txt", "one\r\ntwo\r\nthree\r\n");
    repository.write("raw.dat", "one\r\ntwo\r\nthree\r\n");
    repository.commit_all("text");
    let scene = run(
        repository,
        &Case {
            first: "sed -i.bak 's/two/TWO/' a.txt raw.dat\nrm *.bak",
            second: "sed -i.bak 's/two/Zwei/' a.txt raw.dat\nrm *.bak",
            told: &["a.txt", "raw.dat"],
            settle: "for file in a.txt raw.dat; do grep -v '^<<<<<<<\\|^=======\\|^>>>>>>>' $file > clean; mv clean $file; done",
            names: &[
                ".gitattributes",
                "README.md",
                "a.txt",
                "raw.dat",
                "src/main.rs",
            ],
        },
    );
    assert_eq!(scene.show("main:a.txt"), "one\nZwei\nTWO\nthree");
    assert_eq!(scene.show("main:raw.dat"), "one\r\nZwei\r\nTWO\r\nthree\r");
    assert_eq!(
        fs::read_to_string(scene.path("a.txt")).expect("there"),
        "one\r\nZwei\r\nTWO\r\nthree\r\n"
    );
}

#[test]
fn names_with_everything_in_them() {
    let odd = "größe 'a' \"b\"\t$x.txt";
    let repository = TestRepository::new();
    repository.write(odd, "one\ntwo\n");
    repository.commit_all("odd");
    let scene = Scene::new(repository);
    side_by_side(
        &scene,
        "for f in gr*; do printf 'one\\nTWO\\n' > \"$f\"; done",
        "for f in gr*; do printf 'one\\nZwei\\n' > \"$f\"; done",
        "for f in gr*; do printf 'one\\nsettled\\n' > \"$f\"; done",
    );
    scene.untouched(|| scene.docket(["run", "--jobs", "2"]).exits(0));
    let told = fs::read_to_string(scene.sandbox.home("told")).expect("it was told");
    assert!(told.contains("größe 'a'"), "{told}");
    assert_eq!(scene.show(&format!("docket/r1/main:{odd}")), "one\nsettled");
    scene.rewound_and_merged();
}
