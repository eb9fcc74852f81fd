//! `docs/CLI.md`, from the same definitions that read the arguments.

use std::fmt::Write as _;

use clap::{Arg, Command, CommandFactory as _};

use super::arguments::Arguments;
use crate::exit::Exit;

/// What the program's exit codes mean.
const EXITS: &[(Exit, &str)] = &[
    (
        Exit::Done,
        "done as asked (with `--once`: the ticket is done, with proof)",
    ),
    (
        Exit::Failed,
        "docket itself failed; `evidence verify`: something is not as docket left it",
    ),
    (Exit::Usage, "usage, configuration or lint error"),
    (
        Exit::NothingReady,
        "nothing was ready to run; `approve`, `reply`, `stop` …: nothing was there to say it to, nothing was done",
    ),
    (
        Exit::NeedsHuman,
        "a human is needed: gate, request, reply, `agent: user`",
    ),
    (
        Exit::TicketFailed,
        "the ticket failed: validation, agent error, attempts used up",
    ),
    (Exit::Limit, "a limit was hit: time, turns, tokens, money"),
    (Exit::Held, "another runner holds this repository"),
    (
        Exit::Signal(2),
        "stopped by Ctrl-C (SIGTERM: 143, SIGHUP: 129)",
    ),
];

/// The exit codes, for the end of the help.
pub(super) fn exit_codes() -> String {
    let mut text = String::from("Exit codes:\n");
    for (exit, meaning) in EXITS {
        let meaning = meaning.replace('`', "");
        // Writing to a text can't fail.
        let _ = writeln!(text, "  {:<3} {meaning}", exit.code());
    }
    text.truncate(text.trim_end().len());
    text
}

/// The whole reference as Markdown.
pub fn markdown() -> String {
    let mut command = Arguments::command();
    command.build();
    let mut text = format!(
        "# The command line\n\n\
         <!-- Generated from the program: `UPDATE_DOCS=1 cargo test --test it cli::docs` writes it anew. -->\n\n\
         {}\n\n",
        paragraph(&command)
    );
    section(&mut text, &command, "docket");
    text.push_str("## Exit codes\n\n| exit | means |\n|---|---|\n");
    for (exit, meaning) in EXITS {
        let _ = writeln!(text, "| {} | {meaning} |", exit.code());
    }
    text.push_str(NOTES);
    text
}

const NOTES: &str = include_str!("reference.md");

fn section(text: &mut String, command: &Command, name: &str) {
    let is_root = name == "docket";
    let _ = writeln!(text, "## {name}\n");
    if !is_root {
        let _ = writeln!(text, "{}\n", paragraph(command));
    }
    let mut usage = command.clone().render_usage().to_string();
    usage = usage.trim_start_matches("Usage: ").to_owned();
    let _ = writeln!(text, "```\n{}\n```\n", usage.replace("\n       ", "\n"));
    let is_told = |argument: &&Arg| {
        !argument.is_hide_set() && !matches!(argument.get_id().as_str(), "help" | "version")
    };
    let (global, own): (Vec<_>, Vec<_>) = command
        .get_arguments()
        .filter(is_told)
        .partition(|argument| argument.is_global_set());
    table(text, &own);
    if is_root {
        text.push_str("Every command takes these too:\n\n");
        table(text, &global);
    }
    for subcommand in command.get_subcommands() {
        if subcommand.get_name() != "help" && !subcommand.is_hide_set() {
            section(
                text,
                subcommand,
                &format!("{name} {}", subcommand.get_name()),
            );
        }
    }
}

fn table(text: &mut String, arguments: &[&Arg]) {
    if arguments.is_empty() {
        return;
    }
    text.push_str("| argument | meaning |\n|---|---|\n");
    for argument in arguments {
        let help = argument.get_help().map(ToString::to_string);
        let help = help.unwrap_or_default();
        let values = values(argument);
        // Writing to a text can't fail.
        let _ = writeln!(text, "| `{}` | {help}{values} |", spelling(argument));
    }
    text.push('\n');
}

/// What a command does, in a sentence or more.
fn paragraph(command: &Command) -> String {
    let about = command.get_long_about().or(command.get_about());
    about.map(ToString::to_string).unwrap_or_default()
}

/// `-C, --directory FOLDER`, `TICKET…`.
fn spelling(argument: &Arg) -> String {
    let takes_value = argument.get_action().takes_values();
    let names = argument.get_value_names().unwrap_or_default();
    let names: Vec<_> = names.iter().map(ToString::to_string).collect();
    let many = argument
        .get_num_args()
        .is_some_and(|range| range.max_values() > 1);
    let value = if takes_value {
        let dots = if many { "…" } else { "" };
        format!("{}{dots}", names.join(" "))
    } else {
        String::new()
    };
    let short = argument.get_short().map(|short| format!("-{short}"));
    let long = argument.get_long().map(|long| format!("--{long}"));
    let flags: Vec<_> = [short, long].into_iter().flatten().collect();
    match (flags.is_empty(), value.is_empty()) {
        (true, _) => value,
        (false, true) => flags.join(", "),
        (false, false) => format!("{} {value}", flags.join(", ")),
    }
}

fn values(argument: &Arg) -> String {
    let values = argument.get_possible_values();
    if values.is_empty() || !argument.get_action().takes_values() {
        return String::new();
    }
    let names: Vec<_> = values
        .iter()
        .map(|value| format!("`{}`", value.get_name()))
        .collect();
    format!(": {}", names.join(", "))
}
