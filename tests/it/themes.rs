//! Themes, as users of the real program meet them.

use std::fs;

use crate::support::sandbox::{Sandbox, until};
use crate::support::terminal::Terminal;

const NO_ARGUMENTS: [&str; 0] = [];

#[test]
fn a_theme_that_is_saved_is_on_the_screen_at_once() {
    let sandbox = Sandbox::new();
    sandbox.shell(1, "", "true");
    let theme = sandbox.home(".config/docket/themes/mine.toml");
    fs::create_dir_all(theme.parent().expect("a folder")).expect("the folder of themes");
    let write = |text: &str| fs::write(&theme, text).expect("a theme");
    write("[roles]\ntext = '#ff0102'\n");
    let mut command = sandbox.command(NO_ARGUMENTS);
    command.env("DOCKET_UI_THEME", "mine");
    command.env("DOCKET_UI_COLOR", "truecolor");
    let mut terminal = Terminal::start(&command, 100, 30);
    until("its colour comes", || terminal.got("38;2;255;1;2"));
    terminal.shows("001 Ticket 1");
    write("[roles]\ntext = '#ff0304'\n");
    until("the new colour comes", || terminal.got("38;2;255;3;4"));
    write("[roles]\ntetx = 'red'\n");
    terminal.shows("mine.toml:2:1: there is no role");
    terminal.send("C");
    terminal.shows("contrast");
    terminal.send("\x1b");
    terminal.wait("the list is closed", |screen| !screen.contains("contrast"));
    terminal.send("q");
    assert_eq!(terminal.ends(), 0);
    assert!(terminal.is_as_before());
}

#[test]
fn doctor_reads_all_themes() {
    let sandbox = Sandbox::new();
    let report = |sandbox: &Sandbox| {
        let report = sandbox.docket(["doctor", "--json"]).json();
        let checks = report["checks"].as_array().expect("checks").clone();
        let found = checks.into_iter().find(|check| check["name"] == "theme");
        found.expect("a check of themes")
    };
    let check = report(&sandbox);
    assert_eq!(check["state"], "ok", "{check}");
    let folder = sandbox.home(".config/docket/themes");
    fs::create_dir_all(&folder).expect("the folder of themes");
    fs::write(folder.join("other.toml"), "[rolls]\n").expect("a theme");
    let check = report(&sandbox);
    assert_eq!(check["state"], "warning", "{check}");
    assert!(check.to_string().contains("other.toml:1:2"), "{check}");
}
