//! The user's own keys: `keys.toml`, `docket keys`, `docket doctor`, and the screen.

use std::fs;

use crate::support::sandbox::Sandbox;
use crate::support::terminal::Terminal;

fn with_keys(text: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let path = sandbox.home(".config/docket/keys.toml");
    fs::write(path, text).expect("the keys are written");
    sandbox
}

#[test]
fn the_keys_that_hold_are_printed_with_who_says_so() {
    let sandbox = with_keys("preset = \"emacs\"\n[panes]\n\"F5\" = \"start\"\n");
    let all = sandbox.docket(["keys"]).exits(0).stdout;
    let row = |keys: &str| {
        let mut rows = all.lines();
        rows.find(|row| row.contains(keys))
            .unwrap_or_default()
            .to_owned()
    };
    assert!(row(" F5 ").contains("user"), "{all}");
    assert!(row(" Alt-x ").contains("preset"), "{all}");
    let document = sandbox.docket(["keys", "panes", "--json"]).exits(0).json();
    let keys = document["keys"].as_array().expect("rows");
    assert!(keys.iter().all(|row| row["context"] == "panes"));
    assert_eq!(keys[0]["keys"], "F5");
    assert_eq!(keys[0]["source"], "user");
    assert_eq!(document["conflicts"].as_array().map(Vec::len), Some(0));
    sandbox
        .docket(["keys", "pane"])
        .exits(2)
        .says("did you mean `panes`?");
}

#[test]
fn faults_are_told_with_their_place_and_the_rest_holds() {
    let sandbox = with_keys("[panes]\n\"F5\" = \"satrt\"\n\"F6\" = \"start\"\n");
    sandbox.ticket(1, "", "Do it.");
    let told = "keys.toml:2:8: there is no action `satrt`; did you mean `start`?";
    let shown = sandbox.docket(["keys"]).exits(2).says(told).stdout;
    assert!(shown.contains("F6"), "{shown}");
    let doctor = sandbox.docket(["doctor", "--json"]).json();
    let checks = doctor["checks"].as_array().expect("checks");
    let keys = checks.iter().find(|check| check["name"] == "keys");
    let text = keys.and_then(|check| check["text"].as_str());
    assert!(text.is_some_and(|text| text.contains(told)), "{text:?}");
    let mut terminal = Terminal::start(&sandbox.command([""; 0]), 100, 24);
    terminal.shows("keys.toml:2:8: there is no action `satrt`");
    terminal.send("j");
    terminal.shows("F6 start");
    terminal.send("q");
    assert_eq!(terminal.ends(), 0);
}

#[test]
fn a_folder_in_place_of_the_file_is_told() {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.home(".config/docket/keys.toml")).expect("a folder");
    sandbox.docket(["keys"]).exits(2).says("can't be read");
}
