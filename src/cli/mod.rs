//! The command line: arguments, one file per family of commands, exit codes.

pub mod arguments;
mod demo;
mod drive;
pub mod error;
mod find;
mod history;
mod init;
mod lint;
mod ls;
mod new;
pub mod output;
pub mod place;
pub mod reference;
mod replay;
mod screen;
mod show;
mod survey;
mod table;
mod text;
mod words;

use clap::Parser as _;
use clap::error::ErrorKind;

use self::arguments::{Arguments, Command};
use self::error::CliError;
use crate::exit::Exit;

/// Reads the arguments and does what they say.
pub fn main() -> Exit {
    if let Some(exit) = replay::main() {
        return exit;
    }
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are results, everything else is a usage error.
            let _nobody_to_tell = error.print();
            return match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Done,
                _ => Exit::Usage,
            };
        }
    };
    match run(arguments) {
        Ok(exit) => exit,
        Err(error) => {
            output::say(&format!("docket: {error}"));
            error.exit()
        }
    }
}

fn run(arguments: Arguments) -> Result<Exit, CliError> {
    let Arguments {
        global,
        once,
        ticket,
        command,
    } = arguments;
    match command {
        None if once => drive::once(&global, ticket.as_deref()),
        None => drive::screen(&global),
        Some(Command::Init) => init::run(&global),
        Some(Command::New(arguments)) => new::run(&global, &arguments),
        Some(Command::Lint(arguments)) => lint::run(&global, &arguments),
        Some(Command::Ls(arguments)) => ls::run(&global, &arguments),
        Some(Command::Show(arguments)) => show::run(&global, &arguments),
        Some(Command::Run(arguments)) => drive::run(&global, &arguments),
        Some(Command::Demo { once, keep }) => demo::run(&global, once, keep),
        Some(_) => Err(CliError::Failed("not yet".to_owned())),
    }
}
