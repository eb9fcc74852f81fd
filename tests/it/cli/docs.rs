//! `docs/CLI.md` is what the program says.

use std::fs;
use std::path::Path;

use clap::{Command, CommandFactory as _};
use docket::cli::arguments::Arguments;

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

/// clap tells arguments apart by name, and mixes one of a command up with one that every command has.
#[test]
fn no_command_has_an_argument_with_the_name_of_a_global_one() {
    fn check(command: &Command, globals: &[&str]) {
        for argument in command.get_arguments() {
            let id = argument.get_id().as_str();
            assert!(!globals.contains(&id), "{}: {id}", command.get_name());
        }
        for subcommand in command.get_subcommands() {
            check(subcommand, globals);
        }
    }
    let command = Arguments::command();
    let globals: Vec<_> = command
        .get_arguments()
        .filter(|argument| argument.is_global_set())
        .map(|argument| argument.get_id().as_str())
        .collect();
    assert!(globals.contains(&"json"));
    for subcommand in command.get_subcommands() {
        check(subcommand, &globals);
    }
    Arguments::command().debug_assert();
}
