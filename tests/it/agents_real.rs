//! The real agents, where they are installed: three cases of the matrix (`tests/agents`), against a scripted model on
//! 127.0.0.1. The whole matrix takes minutes and is run by hand.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use crate::ledger::scene::skipped;
use crate::support::programs::docket;

/// A turn, a request that a rule answers, and a death of docket in the middle of a turn.
const CASES: [&str; 3] = ["say", "approve-rule", "kill-resume"];

#[test]
fn claude_where_it_is_installed() {
    drive("claude");
}

#[test]
fn codex_where_it_is_installed() {
    drive("codex");
}

#[test]
fn opencode_where_it_is_installed() {
    drive("opencode");
}

fn drive(agent: &str) {
    if !cfg!(target_os = "linux") {
        return skipped("the matrix looks for processes in /proc");
    }
    for program in [agent, "python3"] {
        if !is_installed(program) {
            return skipped(&format!("{program} is not in PATH"));
        }
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/agents/matrix.py");
    let only = CASES.map(|case| format!("{agent}/{case}")).join(",");
    #[expect(
        clippy::disallowed_methods,
        reason = "the matrix is a program of its own"
    )]
    let output = Command::new("python3")
        .arg(script)
        .arg("--docket")
        .arg(docket())
        .args(["--only", &only])
        .output()
        .expect("python3 starts");
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(OsStr::new(&path)).any(|folder| folder.join(program).is_file())
}
