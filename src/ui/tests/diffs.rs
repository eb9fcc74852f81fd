//! The reader of diffs against what git writes.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use proptest::prelude::*;

use crate::ui::pages::review::unified::{Kind, Status, Unified};

/// What git prints, with nobody's settings.
#[expect(
    clippy::disallowed_methods,
    reason = "the reader is held against what git itself writes"
)]
fn git(folder: &Path, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("git")
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .env("HOME", folder)
        .args(["-c", "user.name=t", "-c", "user.email=t@example.org"])
        .args(arguments)
        .output()
        .expect("git runs");
    output.stdout
}

/// A file of the diff as git counts it.
#[derive(Debug, PartialEq, Eq)]
struct Counted {
    letter: String,
    old_path: Option<String>,
    /// `None` for what is no text.
    lines: Option<(usize, usize)>,
}

/// What git says of the changes in the index, by path.
fn counted(folder: &Path) -> BTreeMap<String, Counted> {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    let names = text(git(
        folder,
        &["diff", "--cached", "-M", "--name-status", "-z"],
    ));
    let mut fields = names.split_terminator('\0');
    let mut found = BTreeMap::new();
    while let Some(status) = fields.next() {
        let letter = status[..1].to_owned();
        let first = fields.next().expect("a path").to_owned();
        let (old_path, path) = match letter.as_str() {
            "R" => (Some(first), fields.next().expect("a path").to_owned()),
            _ => (None, first),
        };
        let lines = None;
        let counted = Counted {
            letter,
            old_path,
            lines,
        };
        found.insert(path, counted);
    }
    let numbers = text(git(folder, &["diff", "--cached", "-M", "--numstat", "-z"]));
    let mut fields = numbers.split_terminator('\0');
    while let Some(line) = fields.next() {
        let mut parts = line.splitn(3, '\t');
        let mut number = || parts.next().expect("a number").parse().ok();
        let lines = number().zip(number());
        let path = match parts.next() {
            Some("") => {
                fields.next();
                fields.next().expect("a path").to_owned()
            }
            path => path.expect("a path").to_owned(),
        };
        found.get_mut(&path).expect("known").lines = lines;
    }
    found
}

fn read(diff: &Unified) -> BTreeMap<String, Counted> {
    let files = diff.files().iter();
    files
        .map(|file| {
            let counted = Counted {
                letter: file.status.letter().to_owned(),
                old_path: file.old_path.clone(),
                lines: (!file.binary).then_some((file.added, file.removed)),
            };
            (file.path.clone(), counted)
        })
        .collect()
}

#[test]
fn odd_names_and_odd_changes_are_read_as_git_means_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    let write = |name: &str, bytes: &[u8]| {
        let path = root.join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        fs::write(path, bytes).expect("a file");
    };
    git(root, &["init", "-q"]);
    let long: Vec<String> = (0..40).map(|n| format!("line {n}\n")).collect();
    let long = long.concat();
    for name in [
        "a b.txt",
        "ünï.txt",
        "tab\there",
        "quo\"te",
        "new\nline",
        " lead",
        "trail ",
        "back\\slash",
        "b/a b/a",
        "plain",
        "\u{7}bell",
    ] {
        write(name, b"one\ntwo\n");
    }
    write("gone", b"x\n");
    write("moved here", long.as_bytes());
    write("same content", format!("{long}unique\n").as_bytes());
    write("mode", b"m\n");
    write("binary", b"a\0b");
    write("crlf", b"one\r\ntwo\r\n");
    write("no newline", b"one");
    write("becomes link", b"text\n");
    git(root, &["add", "-A"]);
    git(root, &["commit", "-qm", "old"]);
    for name in [
        "a b.txt",
        "ünï.txt",
        "tab\there",
        "quo\"te",
        "new\nline",
        " lead",
        "trail ",
        "back\\slash",
        "b/a b/a",
        "plain",
        "\u{7}bell",
    ] {
        write(name, b"one\n-- deux\n++ trois\n");
    }
    fs::remove_file(root.join("gone")).expect("removed");
    fs::rename(root.join("moved here"), root.join("moved\tthere é")).expect("moved");
    fs::rename(root.join("same content"), root.join("same moved")).expect("moved");
    let path = root.join("same moved");
    fs::write(&path, format!("{long}changed\n")).expect("written");
    fs::set_permissions(root.join("mode"), fs::Permissions::from_mode(0o755)).expect("a mode");
    write("binary", b"a\0\xff\xfe");
    write("new binary", b"\0\0\0\n\0");
    write("crlf", b"one\ntwo\r\n");
    write("no newline", b"one\n");
    write("empty", b"");
    fs::remove_file(root.join("becomes link")).expect("removed");
    symlink("plain", root.join("becomes link")).expect("a link");
    git(root, &["add", "-A"]);
    let expected = counted(root);
    assert_eq!(expected.len(), 21, "{expected:#?}");
    for (quoted, binary) in [(true, true), (false, true), (true, false)] {
        let setting = format!("core.quotePath={quoted}");
        let mut arguments = vec!["-c", &setting, "diff", "--cached", "-M", "--full-index"];
        if binary {
            arguments.push("--binary");
        }
        let diff = Unified::read(git(root, &arguments));
        let mut found = read(&diff);
        // git tells a file that became a link as one that went and one that came.
        let link = diff
            .files()
            .iter()
            .filter(|file| file.path == "becomes link");
        let statuses: Vec<_> = link.map(|file| file.status).collect();
        assert_eq!(statuses, [Status::Deleted, Status::Added]);
        found.remove("becomes link");
        let mut expected = counted(root);
        expected.remove("becomes link");
        assert_eq!(found, expected);
        let mode = diff.files().iter().find(|file| file.path == "mode");
        let modes = mode.map(|file| file.modes.clone());
        assert_eq!(modes, Some((Some("100644".into()), Some("100755".into()))));
    }
}

/// The lines of one side, as the file has them.
fn side(diff: &Unified, own: Kind) -> Vec<u8> {
    let mut bytes: Vec<u8> = Vec::new();
    let mut is_own = false;
    for index in 0..diff.len() {
        let kind = diff.line(index).expect("a line").kind;
        match kind {
            Kind::NoNewline if is_own => {
                bytes.pop();
            }
            kind if kind == own || kind == Kind::Context => {
                bytes.extend(diff.text(index).as_bytes());
                bytes.push(b'\n');
                is_own = true;
            }
            _ => is_own = false,
        }
    }
    bytes
}

fn content() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        4 => "[a-c]{0,3}",
        1 => Just("--- a/x".to_owned()),
        1 => Just("+++ b/x".to_owned()),
        1 => Just("@@ -1,2 +3,4 @@".to_owned()),
        1 => Just("diff --git a/x b/x".to_owned()),
        1 => Just("\\ No newline at end of file".to_owned()),
        1 => Just("GIT binary patch".to_owned()),
        1 => Just("a\r".to_owned()),
    ];
    (proptest::collection::vec(line, 0..12), any::<bool>()).prop_map(|(lines, ends)| {
        let text = lines.join("\n");
        if ends { text + "\n" } else { text }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn both_sides_come_out_as_git_put_them_in(old in content(), new in content(), context in 0usize..3) {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("old"), &old).expect("a file");
        fs::write(folder.path().join("new"), &new).expect("a file");
        let bytes = git(folder.path(), &["diff", "--no-index", "-U100", "old", "new"]);
        let diff = Unified::read(bytes);
        if old == new {
            prop_assert!(diff.files().is_empty());
            return Ok(());
        }
        prop_assert_eq!(diff.files().len(), 1);
        prop_assert_eq!(String::from_utf8(side(&diff, Kind::Removed)), Ok(old));
        prop_assert_eq!(String::from_utf8(side(&diff, Kind::Added)), Ok(new));
        // With less context: the numbers are those of the lines.
        let unified = format!("-U{context}");
        let bytes = git(folder.path(), &["diff", "--no-index", &unified, "old", "new"]);
        let diff = Unified::read(bytes);
        let whole = |name: &str| fs::read_to_string(folder.path().join(name)).expect("read");
        let (old, new) = (whole("old"), whole("new"));
        for index in 0..diff.len() {
            let line = diff.line(index).expect("a line");
            let (text, number) = match line.kind {
                Kind::Removed => (&old, line.old),
                Kind::Added | Kind::Context => (&new, line.new),
                kind => {
                    prop_assert!(kind != Kind::Other);
                    continue;
                }
            };
            let expected = text.split('\n').nth(number as usize - 1);
            let found = diff.text(index);
            prop_assert_eq!(Some(found.as_ref()), expected);
        }
    }

    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let count = bytes.split(|byte| *byte == b'\n').count();
        let diff = Unified::read(bytes);
        prop_assert!(diff.len() <= count);
        for index in 0..=diff.len() {
            diff.text(index);
            diff.file_of(index);
        }
    }
}

#[test]
fn a_diff_without_git_is_read_too_and_damage_is_shown() {
    let plain = "--- old.txt\t2026-01-01\n+++ new.txt\t2026-01-02\n@@ -1 +1,2 @@\n-a\n+b\n+c\n--- x\n+++ y\n@@ -3,2 +3 @@ fn main()\n a\n-b\n";
    let diff = Unified::read(plain.into());
    let files: Vec<_> = diff
        .files()
        .iter()
        .map(|file| (file.path.as_str(), file.added, file.removed))
        .collect();
    assert_eq!(files, [("new.txt", 2, 1), ("y", 0, 1)]);
    let damaged = "hello\ndiff --git a/x b/x\n@@ -1,3 +1,3 @@\n a\ngarbage\n@@ nonsense\n";
    let diff = Unified::read(damaged.into());
    let lines: Vec<_> = (0..diff.len())
        .map(|index| (diff.line(index).expect("a line").kind, diff.text(index)))
        .collect();
    let expected = [
        (Kind::Other, "hello"),
        (Kind::Hunk, "@@ -1,3 +1,3 @@"),
        (Kind::Context, "a"),
        (Kind::Other, "garbage"),
        (Kind::Other, "@@ nonsense"),
    ];
    assert_eq!(lines, expected.map(|(kind, text)| (kind, text.into())));
}

#[test]
fn removed_lines_stand_beside_those_that_took_their_place() {
    let text = "--- a/x\n+++ b/x\n@@ -1,4 +1,3 @@\n-a\n-b\n+A\n c\n-d\n+D\n";
    let diff = Unified::read(text.into());
    let partners: Vec<_> = (0..diff.len()).map(|index| diff.partner(index)).collect();
    assert_eq!(
        partners,
        [None, Some(3), None, Some(1), None, Some(6), Some(5)]
    );
}
