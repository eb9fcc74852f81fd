//! `docs/CLI.md` is what the program says.

use std::fs;
use std::path::Path;

#[test]
fn the_reference_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/CLI.md");
    let generated = docket::cli::reference::markdown();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &generated).expect("the reference is written");
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == generated,
        "docs/CLI.md is not what the program says: run `UPDATE_DOCS=1 cargo test --test it cli::docs`"
    );
}
