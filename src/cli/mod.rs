//! The command line: arguments, one file per family of commands, exit codes.

pub mod arguments;
mod demo;
mod drive;
pub mod error;
pub mod output;
pub mod place;
mod replay;
mod screen;

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
        Some(Command::Run(arguments)) => drive::run(&global, &arguments),
        Some(Command::Demo { once, keep }) => demo::run(&global, once, keep),
    }
}
