//! docs/PROOF.md names a test for each promise: every test that it names is there, and every row names one.

use std::fs;
use std::path::{Path, PathBuf};

/// How far above `fn` the attribute that makes it a test may stand.
const ATTRIBUTES: usize = 8;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The rows of all tables, without their headings.
fn rows(text: &str) -> Vec<&str> {
    let lines: Vec<&str> = text.lines().collect();
    let is_heading = |index: usize| {
        lines
            .get(index + 1)
            .is_some_and(|next| next.starts_with("|---"))
    };
    (0..lines.len())
        .filter(|&index| {
            lines[index].starts_with('|') && !lines[index].starts_with("|---") && !is_heading(index)
        })
        .map(|index| lines[index])
        .collect()
}

/// The tests in the last column of a row, and whether each is one of the library.
fn named(row: &str) -> Vec<(String, bool)> {
    let last = row
        .trim_end_matches('|')
        .rsplit('|')
        .next()
        .unwrap_or_default();
    let mut parts = last.split('`');
    let mut named = Vec::new();
    parts.next();
    while let (Some(name), Some(after)) = (parts.next(), parts.next()) {
        named.push((name.to_owned(), after.trim_start().starts_with("(lib)")));
    }
    named
}

/// The files in which a test of these modules may stand: a module in a file has no file of its own.
fn files(modules: &[&str], of_the_library: bool) -> Vec<PathBuf> {
    let folder = root().join(if of_the_library { "src" } else { "tests/it" });
    let mut files = Vec::new();
    for length in [modules.len(), modules.len().saturating_sub(1)] {
        let path = modules[..length].join("/");
        if !path.is_empty() {
            files.push(folder.join(format!("{path}.rs")));
            files.push(folder.join(path).join("mod.rs"));
        }
        if modules.last() != Some(&"tests") {
            break;
        }
    }
    files
}

fn is_a_test(file: &Path, name: &str) -> bool {
    let text = fs::read_to_string(file).unwrap_or_default();
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let heading = format!("fn {name}(");
    let is_marked = |index: usize| {
        let above = lines[index.saturating_sub(ATTRIBUTES)..index].iter().rev();
        let mut above = above.take_while(|line| !line.starts_with('}'));
        above.any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test"))
    };
    (0..lines.len()).any(|index| lines[index].contains(&heading) && is_marked(index))
}

fn exists(name: &str, of_the_library: bool) -> bool {
    let parts: Vec<&str> = name.split("::").collect();
    let Some((name, modules)) = parts.split_last() else {
        return false;
    };
    let files = files(modules, of_the_library);
    files.iter().any(|file| is_a_test(file, name))
}

#[test]
fn every_promise_has_a_test_and_every_test_that_is_named_is_there() {
    let text = fs::read_to_string(root().join("docs/PROOF.md")).expect("the page");
    let rows = rows(&text);
    assert!(rows.len() > 80, "{} promises", rows.len());
    let mut wrong = Vec::new();
    for row in rows {
        let named = named(row);
        if named.is_empty() {
            wrong.push(format!("no test: {row}"));
        }
        for (name, of_the_library) in named {
            if !exists(&name, of_the_library) {
                wrong.push(format!("no such test: {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_case_is_left_out() {
    let text = fs::read_to_string(root().join("docs/PROOF.md")).expect("the page");
    for (section, cases) in [
        ("What docket is for", 10),
        ("codex-autorunner", 13),
        ("Codencer", 16),
    ] {
        let (_, part) = text
            .split_once(&format!("## {section}\n"))
            .expect("a section");
        let part = part.split("\n## ").next().unwrap_or_default();
        for case in 1..=cases {
            assert!(
                part.contains(&format!("\n| {case} | ")),
                "{section}: {case}"
            );
        }
    }
}
