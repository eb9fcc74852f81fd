//! How codex's commands, paths and changes are put for people and for rules.

use std::path::Path;

use serde_json::Value;

use super::thread_item::{ChangeKind, FileChange};

/// Texts of a tool's arguments are cut here in titles.
const ARGUMENTS: usize = 80;

/// The first so many characters, on one line.
pub(super) fn short(text: &str, most: usize) -> String {
    let text = text.trim();
    let line: String = text.chars().take(most).collect();
    let cut = line.len() < text.len();
    let line = line.replace(['\n', '\r'], " ");
    if cut { format!("{line}…") } else { line }
}

/// A command line as the shell reads it: without codex's own wrapper (`/bin/bash -lc '…'`).
pub(super) fn unwrapped(command: &str) -> String {
    let words = shlex::split(command).unwrap_or_default();
    script(&words).map_or_else(|| command.to_owned(), str::to_owned)
}

/// The command line that these words are: without codex's own wrapper.
pub(super) fn of_argv(words: &[String]) -> String {
    match script(words) {
        Some(script) => script.to_owned(),
        // A word with a NUL can't be quoted, and can't be run either.
        None => {
            shlex::try_join(words.iter().map(String::as_str)).unwrap_or_else(|_| words.join(" "))
        }
    }
}

/// What a shell is told to run, when these words are `SHELL -c SCRIPT` and nothing else.
fn script(words: &[String]) -> Option<&str> {
    let [shell, flag, script] = words else {
        return None;
    };
    let shell = Path::new(shell).file_name()?.to_str()?;
    let wraps = matches!(shell, "bash" | "sh" | "zsh") && matches!(flag.as_str(), "-c" | "-lc");
    wraps.then_some(script)
}

/// A command as a title: its first line.
pub(super) fn command_title(command: &str) -> String {
    let mut lines = command.lines().filter(|line| !line.trim().is_empty());
    let first = lines.next().unwrap_or_default().trim();
    match lines.count() {
        0 => format!("$ {first}"),
        more => format!("$ {first} (+{more} lines)"),
    }
}

/// A path, relative to the first of the roots that holds it.
pub(super) fn relative(path: &str, roots: &[String]) -> String {
    roots
        .iter()
        .filter_map(|root| Path::new(path).strip_prefix(root).ok())
        .find(|rest| !rest.as_os_str().is_empty())
        .map_or_else(
            || path.to_owned(),
            |rest| rest.to_string_lossy().into_owned(),
        )
}

/// Some paths as a title.
pub(super) fn paths_title(paths: &[String]) -> String {
    match paths {
        [] => "files".to_owned(),
        [one] => one.clone(),
        [one, two] => format!("{one}, {two}"),
        [one, two, rest @ ..] => format!("{one}, {two} (+{})", rest.len()),
    }
}

/// A tool and what it is given, as a title.
pub(super) fn tool_title(name: &str, arguments: &Value) -> String {
    let empty = match arguments {
        Value::Null => true,
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    };
    if empty {
        name.to_owned()
    } else {
        format!("{name} {}", short(&arguments.to_string(), ARGUMENTS))
    }
}

/// The texts of content blocks (MCP's `text`, codex's `inputText`), one after the other; others by their type.
pub(super) fn content(blocks: &[Value]) -> String {
    let texts: Vec<String> = blocks
        .iter()
        .map(|block| match block.get("text").and_then(Value::as_str) {
            Some(text) => text.to_owned(),
            None => match block.get("type").and_then(Value::as_str) {
                Some(kind) => format!("[{kind}]"),
                None => block.to_string(),
            },
        })
        .collect();
    texts.join("\n")
}

/// A change to one file as a unified diff; empty when codex doesn't say what changes.
pub(super) fn patch(change: &FileChange, roots: &[String]) -> String {
    if change.diff.is_empty() {
        return String::new();
    }
    let path = relative(&change.path, roots);
    match &change.kind {
        ChangeKind::Add => format!(
            "--- /dev/null\n+++ b/{path}\n{}",
            whole(&change.diff, '+', |lines| format!("@@ -0,0 +1,{lines} @@"))
        ),
        ChangeKind::Delete => format!(
            "--- a/{path}\n+++ /dev/null\n{}",
            whole(&change.diff, '-', |lines| format!("@@ -1,{lines} +0,0 @@"))
        ),
        ChangeKind::Update {
            move_path: Some(to),
        } => {
            // codex adds where the file goes in words.
            let words = format!("\n\nMoved to: {to}");
            let hunks = change.diff.strip_suffix(&words).unwrap_or(&change.diff);
            let to = relative(to, roots);
            format!("--- a/{path}\n+++ b/{to}\n{}", ended(hunks))
        }
        ChangeKind::Update { move_path: None } | ChangeKind::Unknown => {
            format!("--- a/{path}\n+++ b/{path}\n{}", ended(&change.diff))
        }
    }
}

fn ended(hunks: &str) -> String {
    format!("{}\n", hunks.trim_end_matches('\n'))
}

fn whole(content: &str, sign: char, head: impl Fn(usize) -> String) -> String {
    let mut hunk = head(content.lines().count());
    hunk.push('\n');
    for line in content.split_inclusive('\n') {
        hunk.push(sign);
        hunk.push_str(line);
    }
    if !content.ends_with('\n') {
        hunk.push_str("\n\\ No newline at end of file\n");
    }
    hunk
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shells_wrapper_is_taken_off_and_nothing_else() {
        for (command, script) in [
            ("/bin/bash -lc 'cargo test'", "cargo test"),
            ("bash -c 'a && b | c'", "a && b | c"),
            (r#"/usr/bin/zsh -lc 'echo '"'"'hi'"'"''"#, "echo 'hi'"),
            // More words than a wrapper has, or another program: the whole line is what runs.
            ("bash -lc 'a' extra", "bash -lc 'a' extra"),
            ("env bash -lc 'a'", "env bash -lc 'a'"),
            ("python -c 'print(1)'", "python -c 'print(1)'"),
            ("echo 'unfinished", "echo 'unfinished"),
        ] {
            assert_eq!(unwrapped(command), script);
        }
        let argv = |words: &[&str]| of_argv(&words.iter().map(|w| (*w).into()).collect::<Vec<_>>());
        assert_eq!(argv(&["bash", "-lc", "ls | wc"]), "ls | wc");
        assert_eq!(argv(&["git", "commit", "-m", "a b"]), "git commit -m 'a b'");
    }

    #[test]
    fn paths_are_relative_inside_the_worktree_alone() {
        let roots = ["/w/one".to_owned()];
        assert_eq!(relative("/w/one/src/a.rs", &roots), "src/a.rs");
        assert_eq!(relative("/w/one", &roots), "/w/one");
        assert_eq!(relative("/w/onefile", &roots), "/w/onefile");
        assert_eq!(relative("b.rs", &roots), "b.rs");
    }

    #[test]
    fn changes_become_unified_diffs() {
        let change = |kind, diff: &str| FileChange {
            path: "/w/a".into(),
            kind,
            diff: diff.into(),
        };
        let roots = ["/w".to_owned()];
        assert_eq!(
            patch(&change(ChangeKind::Add, "x\ny"), &roots),
            "--- /dev/null\n+++ b/a\n@@ -0,0 +1,2 @@\n+x\n+y\n\\ No newline at end of file\n"
        );
        assert_eq!(
            patch(&change(ChangeKind::Delete, "x\n"), &roots),
            "--- a/a\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-x\n"
        );
        let moved = ChangeKind::Update {
            move_path: Some("/w/b".into()),
        };
        assert_eq!(
            patch(
                &change(moved, "@@ -1 +1 @@\n-x\n+y\n\n\nMoved to: /w/b"),
                &roots
            ),
            "--- a/a\n+++ b/b\n@@ -1 +1 @@\n-x\n+y\n"
        );
    }

    #[test]
    fn a_title_is_one_line() {
        assert_eq!(command_title("\n  a \n\nb\n"), "$ a (+1 lines)");
        assert_eq!(command_title("a"), "$ a");
        assert_eq!(short("ä\nb c", 3), "ä b…");
    }
}
