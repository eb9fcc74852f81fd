//! The command line: arguments, one file per family of commands, exit codes.

mod approvals;
pub mod arguments;
mod asked;
mod bundle;
mod compare;
mod config;
mod control;
mod decide;
mod demo;
mod diff;
mod doctor;
mod drive;
mod edit;
pub mod error;
mod evidence;
mod find;
mod gates;
mod gc;
mod history;
mod import;
mod init;
mod keys;
mod limits;
mod lint;
mod log;
mod ls;
mod merge;
mod new;
mod order;
mod outside;
pub mod place;
mod play;
mod redecode;
pub mod reference;
mod replay;
mod requests;
mod rewind;
mod screen;
mod secrets;
mod shell;
mod show;
mod started_in;
mod status;
mod submit;
mod survey;
mod table;

mod tail;
mod takings;
mod term;
mod text;
mod theme_watch;
mod timeline;
mod transcript;
mod trust;
mod usage;
mod without;
mod words;

use clap::Parser as _;
use clap::error::ErrorKind;

use self::arguments::{Arguments, Command};
use self::error::CliError;
use crate::exit::Exit;
use crate::output;

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
        plain,
        take_over,
        command,
    } = arguments;
    match command {
        None if once => drive::once(&global, ticket.as_deref()),
        None => drive::screen(&global, plain, take_over),
        Some(Command::Init) => init::run(&global),
        Some(Command::New(arguments)) => new::run(&global, &arguments),
        Some(Command::Edit(arguments)) => edit::run(&global, &arguments),
        Some(Command::Import(arguments)) => import::run(&global, &arguments),
        Some(Command::Submit(arguments)) => submit::run(&global, &arguments),
        Some(Command::Lint(arguments)) => lint::run(&global, &arguments),
        Some(Command::Ls(arguments)) => ls::run(&global, &arguments),
        Some(Command::Show(arguments)) => show::run(&global, &arguments),
        Some(Command::Run(arguments)) => drive::run(&global, &arguments),
        Some(Command::Requests) => requests::run(&global),
        Some(Command::Gates) => gates::run(&global),
        Some(Command::Approvals(arguments)) => approvals::run(&global, &arguments),
        Some(Command::Approve(arguments)) => decide::approve(&global, &arguments),
        Some(Command::Reject(arguments)) => decide::reject(&global, arguments),
        Some(Command::Answer(arguments)) => decide::answer(&global, arguments),
        Some(Command::Reply(arguments)) => decide::reply(&global, arguments),
        Some(Command::Interrupt(arguments)) => control::interrupt(&global, &arguments.ticket),
        Some(Command::Claim(arguments)) => control::claim(&global, &arguments),
        Some(Command::Stop(arguments)) => control::stop(&global, &arguments),
        Some(Command::Pause) => control::pause(&global),
        Some(Command::Resume) => control::resume(&global),
        Some(Command::Retry(arguments)) => control::retry(&global, &arguments.ticket),
        Some(Command::Skip(arguments)) => control::skip(&global, &arguments.ticket),
        Some(Command::Unskip(arguments)) => control::unskip(&global, &arguments.ticket),
        Some(Command::Move(arguments)) => order::run(&global, &arguments),
        Some(Command::Demo { once, plain, keep }) => demo::run(&global, once, plain, keep),
        Some(Command::Status) => status::run(&global),
        Some(Command::Usage) => usage::run(&global),
        Some(Command::Timeline(arguments)) => timeline::run(&global, &arguments),
        Some(Command::Log(arguments)) => log::run(&global, &arguments),
        Some(Command::Diff(arguments)) => diff::run(&global, &arguments),
        Some(Command::Play(arguments)) => play::run(&global, &arguments),
        Some(Command::Rewind(arguments)) => rewind::run(&global, &arguments),
        Some(Command::Merge(arguments)) => merge::run(&global, &arguments),
        Some(Command::Gc(arguments)) => gc::run(&global, &arguments),
        Some(Command::Evidence { command }) => evidence::run(&global, &command),
        Some(Command::Keys(arguments)) => keys::run(&global, &arguments),
        Some(Command::Config(arguments)) => config::run(&global, &arguments),
        Some(Command::Doctor(arguments)) => doctor::run(&global, &arguments),
        Some(Command::Trust(arguments)) => trust::run(&global, &arguments),
        Some(Command::Completions { shell }) => shell::completions(shell),
        Some(Command::Man { command }) => shell::man(&command),
        Some(Command::Term(arguments)) => term::run(&global, &arguments),
        Some(Command::HandBack(arguments)) => term::hand_back(&global, &arguments),
    }
}
