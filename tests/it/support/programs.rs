//! Where the programs are that tests start.

use std::path::{Path, PathBuf};

/// docket's own binary.
pub(crate) fn docket() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_docket"))
}

/// The fake agent (`tests/bin/fake_agent.rs`): cargo builds examples beside the tests.
#[track_caller]
pub(crate) fn fake_agent() -> PathBuf {
    let test = std::env::current_exe().expect("where this test is");
    let agent = test
        .parent()
        .and_then(Path::parent)
        .expect("the folder of the build")
        .join("examples/fake-agent");
    assert!(
        agent.exists(),
        "{} is not built: cargo build --example fake-agent",
        agent.display()
    );
    agent
}
