//! `docket completions` and `docket man`: made from the same definitions that read the arguments.

use clap::{Command, CommandFactory as _};
use clap_complete::Shell;

use super::arguments::Arguments;
use super::error::CliError;
use super::output;
use crate::config;
use crate::exit::Exit;

pub(super) fn completions(shell: Shell) -> Result<Exit, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "docket", &mut script);
    output::bytes(&script)?;
    Ok(Exit::Done)
}

/// The page of docket, or of one of its commands.
pub(super) fn man(words: &[String]) -> Result<Exit, CliError> {
    let mut command = Arguments::command();
    command.build();
    for word in words {
        command = subcommand(&command, word)?;
    }
    let mut text = Vec::new();
    clap_mangen::Man::new(command).render(&mut text)?;
    output::bytes(&text)?;
    Ok(Exit::Done)
}

fn subcommand(command: &Command, word: &str) -> Result<Command, CliError> {
    if let Some(found) = command.find_subcommand(word) {
        return Ok(found.clone());
    }
    let names = command.get_subcommands().map(Command::get_name);
    let hint = config::nearest(word, names);
    let hint = hint.map(|hint| format!("; did you mean `{hint}`?"));
    Err(CliError::Usage(format!(
        "there is no command `{word}`{}",
        hint.unwrap_or_default()
    )))
}
