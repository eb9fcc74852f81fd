//! What Cargo can't enforce inside one crate: layers, file sizes, homes, top level. (docs/ARCHITECTURE.md)

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Each layer with the layers that it may import. `cli` is above all of them.
const LAYERS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("proc", &["domain"]),
    ("tickets", &["domain"]),
    ("store", &["domain"]),
    ("config", &["domain"]),
    ("git", &["domain"]),
    ("emulator", &[]),
    ("agents", &["domain", "config", "emulator"]),
    (
        "runner",
        &[
            "domain", "proc", "tickets", "store", "config", "git", "agents", "redact", "emulator",
        ],
    ),
    (
        "headless",
        &["domain", "runner", "store", "proc", "exit", "output"],
    ),
    (
        "ui",
        &[
            "domain", "config", "runner", "proc", "store", "tickets", "emulator",
        ],
    ),
    ("exit", &["domain"]),
    ("output", &[]),
    ("logging", &["redact"]),
    ("redact", &[]),
];

/// At most so many lines of product code in a file.
const MOST_LINES: usize = 600;

/// What may stand only in its home: text, homes (prefixes of paths), why.
const HOMES: &[(&str, &[&str], &str)] = &[
    ("println!", &[], "stdout and stderr: output"),
    ("eprintln!", &[], "stdout and stderr: output"),
    (
        "Command::new(",
        &["src/proc/", "src/git/command.rs"],
        "processes start in proc, git in git::command",
    ),
    (
        "Instant::now()",
        &["src/proc/", "src/ui/"],
        "the clock: proc::clock (tokio's own in timers)",
    ),
    (
        "SystemTime::now()",
        &["src/proc/clock.rs"],
        "the clock: proc::clock",
    ),
    (
        "Mutex<",
        &[
            "src/tickets/watch.rs",
            "src/git/repository.rs",
            "src/store/evidence/written.rs",
        ],
        "no lock between layers",
    ),
    ("RwLock<", &[], "no lock between layers"),
    ("gix::", &["src/git/"], "gix lives in git"),
    ("rusqlite::", &["src/store/"], "SQL lives in store"),
    ("vt100::", &["src/emulator/"], "vt100 is fenced in emulator"),
    ("todo!", &[], "nothing is left to be done silently"),
    ("unsafe ", &["src/proc/os/"], "unsafe code: proc::os"),
];

/// Everything that may stand at the top of the repository.
const TOP: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "src",
    "themes",
    "tickets",
    "tests",
    "docs",
    "benches",
    "CHANGELOG.md",
    "README.md",
    "LICENSE-APACHE",
    "LICENSE-MIT",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<(String, String)> {
    let mut open = vec![root().join("src")];
    let mut found = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).expect("a source folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let shown = path.strip_prefix(root()).expect("below the root");
                let text = fs::read_to_string(&path).expect("a source file");
                found.push((shown.to_string_lossy().into_owned(), text));
            }
        }
    }
    found.sort();
    found
}

/// The product code of a file: everything before its tests.
fn product(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap_or(text)
}

fn is_test_file(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}

#[test]
fn imports_point_left() {
    let mut wrong = String::new();
    for (path, text) in sources() {
        let layer = path
            .trim_start_matches("src/")
            .split(['/', '.'])
            .next()
            .unwrap_or_default();
        let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == layer) else {
            continue;
        };
        for (number, line) in product(&text).lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            for import in code.split("crate::").skip(1) {
                let import = import
                    .split(|c: char| !c.is_alphanumeric() && c != '_')
                    .next();
                let Some(import) = import.filter(|import| !import.is_empty()) else {
                    continue;
                };
                if import != layer && !allowed.contains(&import) {
                    let _ = writeln!(
                        wrong,
                        "{path}:{}: {layer} may not import {import}",
                        number + 1
                    );
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn files_are_small() {
    let long: Vec<_> = sources()
        .into_iter()
        .filter(|(path, _)| !is_test_file(path))
        .map(|(path, text)| (product(&text).lines().count(), path))
        .filter(|(lines, _)| *lines > MOST_LINES)
        .collect();
    assert!(
        long.is_empty(),
        "more than {MOST_LINES} lines of product code: {long:?}"
    );
}

#[test]
fn everything_is_at_home() {
    let mut wrong = String::new();
    for (path, text) in sources()
        .into_iter()
        .filter(|(path, _)| !is_test_file(path))
    {
        for (number, line) in product(&text).lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            for (text, homes, why) in HOMES {
                if code.contains(text) && !homes.iter().any(|home| path.starts_with(home)) {
                    let _ = writeln!(wrong, "{path}:{}: {text} ({why})", number + 1);
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn no_test_is_skipped_without_a_reason() {
    let mut open = vec![root().join("tests"), root().join("src")];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = fs::read_to_string(&path).expect("a source file");
                let ignored = text
                    .lines()
                    .any(|line| line.trim() == concat!("#[", "ignore]"));
                assert!(
                    !ignored,
                    "{}: a test is ignored without a reason",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn the_top_level_is_as_agreed() {
    let allowed: BTreeSet<&str> = TOP.iter().copied().collect();
    for entry in fs::read_dir(root()).expect("the root").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        assert!(
            name.starts_with('.') || name == "target" || allowed.contains(name.as_str()),
            "{name} does not belong at the top"
        );
    }
    for name in TOP {
        assert!(Path::new(&root()).join(name).exists(), "{name} is missing");
    }
}

#[test]
fn every_package_of_the_design_is_used() {
    let all: String = sources().into_iter().map(|(_, text)| text).collect();
    for package in [
        "ratatui::",
        "crossterm::",
        "tokio::",
        "serde::",
        "toml::",
        "rusqlite::",
        "notify::",
        "gix::",
        "nucleo::",
        "tui_textarea::",
        "vt100::",
        "tracing_appender::",
    ] {
        assert!(all.contains(package), "{package} is not used");
    }
}
