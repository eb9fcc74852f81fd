//! Filters and line ends: what is on the disk is not what git keeps.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::scene::Scene;
use crate::support::repository::TestRepository;

/// A filter as that of LFS: git keeps a pointer, the content lies in a store beside it.
fn with_large_files() -> TestRepository {
    let repository = TestRepository::new();
    let store = repository.beside("store");
    fs::create_dir(&store).expect("a store");
    let program = |name: &str, script: String| {
        let path = repository.beside(name);
        fs::write(&path, script).expect("a filter");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("executable");
        format!("'{}'", path.display())
    };
    let store = store.display();
    let clean = program(
        "clean.sh",
        format!(
            "#!/bin/sh\nset -e\ncat > '{store}/in'.$$\nsum=$(sha256sum < '{store}/in'.$$ | cut -c1-64)\nmv '{store}/in'.$$ '{store}'/$sum\necho \"pointer $sum\"\n"
        ),
    );
    let smudge = program(
        "smudge.sh",
        format!("#!/bin/sh\nread word sum\nexec cat '{store}'/$sum\n"),
    );
    repository.git(["config", "filter.large.clean", &clean]);
    repository.git(["config", "filter.large.smudge", &smudge]);
    repository.git(["config", "filter.large.required", "true"]);
    repository.write(".gitattributes", "*.large filter=large -text diff=large\n");
    repository.write("one.large", "the first large file\n");
    repository.write("two.large", "the second large file\n");
    repository.commit_all("large files");
    repository
}

#[test]
fn files_that_git_keeps_as_pointers() {
    let scene = Scene::new(with_large_files());
    assert!(scene.show("HEAD:one.large").starts_with("pointer "));
    // What the other brought comes out of the filter also in the tree that catches up, where it is validated.
    for (number, other) in [(10, 20), (20, 10)] {
        let script = format!(
            "set -e\ngrep -q 'large file' one.large\ntouch \"$HOME/began-{number}\"\nwhile ! test -e \"$HOME/began-{other}\"; do sleep 0.02; done\necho 'a large file of {number}' > {number}.large"
        );
        scene.ticket(
            number,
            "agent: shell\nvalidate: [\"! grep pointer *.large\", \"grep -q first one.large\"]",
            &format!("```sh\n{script}\n```"),
        );
    }
    scene.untouched(|| {
        scene
            .docket(["run", "--jobs", "2"])
            .exits(0)
            .prints("2 done")
    });
    scene.sound();
    for number in [10, 20] {
        assert!(
            scene
                .show(&format!("docket/r1/main:{number}.large"))
                .starts_with("pointer ")
        );
    }
    scene.rewound_and_merged();
    let read = |name: &str| fs::read_to_string(scene.path(name)).expect("it is there");
    assert_eq!(read("10.large"), "a large file of 10\n");
    assert_eq!(read("20.large"), "a large file of 20\n");
    scene.once_more();
}

#[test]
fn a_filter_that_is_broken_loses_nothing_and_is_named() {
    let repository = with_large_files();
    let scene = Scene::new(repository);
    scene.shell(10, "echo 'a large file' > ten.large\necho ten > ten.txt");
    scene.git(["config", "filter.large.clean", "false"]);
    let ended = scene.docket(["--once"]);
    assert!(
        ended.stderr.contains("can't collect the work"),
        "{}",
        ended.stderr
    );
    assert!(ended.stderr.contains("Driver process"), "{}", ended.stderr);
    assert!(!scene.is_done(10));
    let kept = scene.path(".docket/worktrees/TICKET-010.1/ten.large");
    assert_eq!(
        fs::read_to_string(kept).expect("it stays"),
        "a large file\n"
    );
}

fn text_story(scene: &Scene, ends: &str) {
    let read = |name: &str| fs::read_to_string(scene.path(name)).expect("it is there");
    // Windows editors write their own line ends; the other one's tools don't.
    scene.both(
        "printf 'one\\r\\nTWO\\r\\nthree\\r\\nfour\\r\\nfive\\r\\n' > text.txt",
        "printf 'one\\ntwo\\nthree\\nfour\\nFIVE\\n' > text.txt\nprintf 'new\\n' > new.txt\nprintf 'a\\r\\nb' > raw.bin",
    );
    assert_eq!(
        scene.show("docket/r1/main:text.txt"),
        "one\nTWO\nthree\nfour\nFIVE"
    );
    let stat = scene.git(["diff", "--stat", "main", "docket/r1/main", "--", "text.txt"]);
    assert!(
        stat.contains("2 insertions(+), 2 deletions(-)"),
        "no file of other line ends: {stat}"
    );
    scene.rewound_and_merged();
    let joined = ["one", "TWO", "three", "four", "FIVE", ""].join(ends);
    assert_eq!(read("text.txt"), joined);
    assert_eq!(read("new.txt"), format!("new{ends}"));
    assert_eq!(read("raw.bin"), "a\r\nb");
    scene.once_more();
}

#[test]
fn line_ends_by_configuration() {
    let repository = TestRepository::new();
    repository.git(["config", "core.autocrlf", "true"]);
    repository.git(["config", "core.safecrlf", "true"]);
    repository.write(".gitattributes", "*.bin -text\n");
    repository.git(["config", "core.safecrlf", "false"]);
    repository.write("text.txt", "one\r\ntwo\r\nthree\r\nfour\r\nfive\r\n");
    repository.commit_all("text");
    text_story(&Scene::new(repository), "\r\n");
}

#[test]
fn line_ends_by_attributes() {
    let repository = TestRepository::new();
    repository.write(".gitattributes", "*.txt text eol=crlf\n*.bin -text\n");
    repository.write("text.txt", "one\r\ntwo\r\nthree\r\nfour\r\nfive\r\n");
    repository.commit_all("text");
    text_story(&Scene::new(repository), "\r\n");
}

#[test]
fn words_that_git_fills_in_and_another_encoding() {
    let repository = TestRepository::new();
    repository.write(
        ".gitattributes",
        "*.id ident\n*.u16 text working-tree-encoding=UTF-16LE\n",
    );
    repository.write("a.id", "$Id$\n");
    let wide = |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    repository.write("a.u16", wide("größe\n"));
    repository.commit_all("filled in");
    let scene = Scene::new(repository);
    scene.both(
        "grep -q 'Id: ' a.id\necho '$Id$' > ten.id\necho ten >> a.id",
        "printf 'x\\000\\n\\000' >> a.u16\nprintf 'y\\000\\n\\000' > b.u16",
    );
    assert_eq!(scene.show("docket/r1/main:a.id"), "$Id$\nten");
    assert_eq!(scene.show("docket/r1/main:a.u16"), "größe\nx");
    scene.rewound_and_merged();
    assert_eq!(
        fs::read(scene.path("a.u16")).expect("it is there"),
        wide("größe\nx\n")
    );
    scene.once_more();
}
