//! The arguments, as clap reads them. What they mean is said by one file per family of commands.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use super::reference;
use crate::config::{Decoder, Overrides};
use crate::domain::ids::RunId;
use crate::domain::settings::{Integrate, Isolation, NobodyThere};
use crate::domain::ticket::AgentName;
use crate::tickets::template::TEMPLATES;

/// The runner that calls a ticket done only when it holds the proof.
///
/// Without a command, docket opens the screen on the repository that you are in.
#[derive(Debug, Parser)]
#[command(name = "docket", version, max_term_width = 100, after_help = reference::exit_codes())]
pub struct Arguments {
    /// What applies to every command.
    #[command(flatten)]
    pub global: Global,
    /// Run one ready ticket to its end, without the screen
    #[arg(long)]
    pub once: bool,
    /// The ticket to run (its name, number or id), with --once
    #[arg(long, value_name = "TICKET", requires = "once")]
    pub ticket: Option<String>,
    /// The command.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What applies to every command.
#[derive(Debug, Clone, Default, Args)]
pub struct Global {
    /// Work in this folder instead of the current one
    #[arg(short = 'C', long, global = true, value_name = "FOLDER")]
    pub directory: Option<PathBuf>,
    /// Print the result as JSON (a stream of lines for `run` and `log --follow`)
    #[arg(long, global = true)]
    pub json: bool,
    /// The folder of the queue
    #[arg(long, global = true, value_name = "FOLDER")]
    pub tickets: Option<PathBuf>,
    /// Tickets side by side
    #[arg(long, short = 'j', global = true, value_name = "N")]
    pub jobs: Option<NonZeroU32>,
    /// Where attempts work: worktree or none
    #[arg(long, global = true, value_name = "WORD")]
    pub isolation: Option<Isolation>,
    /// Where accepted work goes: run or current
    #[arg(long, global = true, value_name = "WORD")]
    pub integrate: Option<Integrate>,
    /// What happens to a request when nobody is there to answer: pause or deny
    #[arg(long, global = true, value_name = "WORD")]
    pub requests: Option<NobodyThere>,
    /// The agent of new tickets
    #[arg(long, global = true, value_name = "NAME")]
    pub agent: Option<AgentName>,
    /// The theme of the screen
    #[arg(long, global = true, value_name = "NAME")]
    pub theme: Option<String>,
    /// Any setting: --set limits.wall=10m
    #[arg(long, global = true, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

impl Global {
    /// The layer of flags.
    pub fn overrides(&self) -> Overrides {
        Overrides {
            tickets: self.tickets.as_ref().map(|path| {
                std::env::current_dir().map_or_else(|_| path.clone(), |here| here.join(path))
            }),
            jobs: self.jobs,
            isolation: self.isolation,
            integrate: self.integrate,
            requests: self.requests,
            agent: self.agent.clone(),
            theme: self.theme.clone(),
            set: self.set.clone(),
        }
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a queue here: a folder of tickets, a first ticket, a docket.toml; nothing that is there is changed
    Init,
    /// Write a new ticket and print its path
    New(NewArguments),
    /// Say what is wrong with tickets, with file, line and column
    Lint(LintArguments),
    /// List the tickets in the order in which they run, and why they don't
    Ls(LsArguments),
    /// Say what runs, what waits for you, and what docket keeps here
    Status,
    /// Show a ticket: its state, its attempts and their proof
    Show(TicketArgument),
    /// Print the transcript of an attempt
    Log(LogArguments),
    /// Print what an attempt changed, as a patch
    Diff(DiffArguments),
    /// Look at the evidence of attempts, and verify it
    Evidence {
        /// What to do.
        #[command(subcommand)]
        command: EvidenceCommand,
    },
    /// Run the queue until nothing is ready, without the screen
    Run(RunArguments),
    /// Show everything on a throw-away repository: no agent, no network, no account
    Demo {
        /// Without the screen: run the demo's queue to its end
        #[arg(long)]
        once: bool,
        /// Keep the demo's folder and say where it is
        #[arg(long)]
        keep: bool,
    },
    /// Say whether docket and its agents can work here, and what to do about what can't; asks no model anything
    #[command(
        after_help = "Exits with 0 when all that this repository uses works, 1 when docket itself can't work here, 2 when the \
                            configuration is broken, 4 when an agent or a setting needs somebody."
    )]
    Doctor(DoctorArguments),
    /// Print the configuration, with the origin of each value
    Config(ConfigArguments),
    /// Let this repository's docket.toml run the commands that it names; they are shown first
    Trust(TrustArguments),
    /// Print a script that completes docket's arguments in a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print a manual page, for `man -l -`
    Man {
        /// The command whose page it is: `ls`, `evidence verify`; docket itself without it
        command: Vec<String>,
    },
}

/// A ticket.
#[derive(Debug, Clone, Args)]
pub struct TicketArgument {
    /// Its name, number, id or file; `TICKET-003.2` for an attempt
    pub ticket: String,
}

/// A new ticket.
#[derive(Debug, Clone, Args)]
pub struct NewArguments {
    /// What it is about; words of it go into the name of the file
    pub title: String,
    /// What it begins from; without it, what fits the agent
    #[arg(long, short, value_name = "NAME", value_parser = template_names())]
    pub template: Option<String>,
    /// Open it in $VISUAL or $EDITOR
    #[arg(long, short)]
    pub edit: bool,
}

/// The templates by name, for help, completion and refusals.
fn template_names() -> clap::builder::PossibleValuesParser {
    TEMPLATES
        .iter()
        .map(|template| clap::builder::PossibleValue::new(template.name).help(template.summary))
        .collect::<Vec<_>>()
        .into()
}

/// What to lint.
#[derive(Debug, Clone, Args)]
pub struct LintArguments {
    /// Put right what needs no decision: a missing id, a missing or misspelt `done`
    #[arg(long)]
    pub fix: bool,
    /// Only these tickets: names, numbers, ids or files
    #[arg(value_name = "TICKET")]
    pub only: Vec<String>,
}

/// Which tickets to list.
#[derive(Debug, Clone, Args)]
pub struct LsArguments {
    /// Those too that were done before the last run
    #[arg(long, short)]
    pub all: bool,
    /// Only those with all these words in name, title, agent, labels or state
    pub filter: Vec<String>,
}

/// Which transcript.
#[derive(Debug, Clone, Args)]
pub struct LogArguments {
    /// The ticket: its name, number, id or file; `TICKET-003.2` for an attempt
    pub ticket: String,
    /// The attempt; the last one without it
    #[arg(long, value_name = "N")]
    pub attempt: Option<u32>,
    /// Go on until the ticket's turn in the run is over
    #[arg(long, short)]
    pub follow: bool,
    /// The agent's own bytes, as docket recorded them (JSONL)
    #[arg(long)]
    pub raw: bool,
    /// What this version of docket understands of those bytes; evidence stays as it is
    #[arg(long, conflicts_with_all = ["raw", "follow"])]
    pub redecode: bool,
    /// The decoder to do so with; without it, the one that the agent was understood with
    #[arg(long, value_name = "NAME", requires = "redecode", value_parser = decoder_names())]
    pub decoder: Option<String>,
}

/// The decoders by name, for help, completion and refusals.
fn decoder_names() -> clap::builder::PossibleValuesParser {
    Decoder::WORDS.to_vec().into()
}

/// Which diff.
#[derive(Debug, Clone, Args)]
pub struct DiffArguments {
    /// The ticket: its name, number, id or file; `TICKET-003.2` for an attempt
    pub ticket: String,
    /// The attempt; the last one without it
    #[arg(long, value_name = "N")]
    pub attempt: Option<u32>,
    /// Only the files and how many lines changed
    #[arg(long)]
    pub stat: bool,
}

/// What to do with evidence.
#[derive(Debug, Clone, Subcommand)]
pub enum EvidenceCommand {
    /// List attempts and their evidence; with a ticket, the files of its last attempt
    Ls {
        /// The ticket: its name, number, id or file; `TICKET-003.2` for an attempt
        ticket: Option<String>,
    },
    /// Print a file of evidence; without a file, list them
    Show {
        /// The ticket: its name, number, id or file; `TICKET-003.2` for an attempt
        ticket: String,
        /// The file: prompt.md, transcript.jsonl, diff.patch, validations/test.log …
        file: Option<String>,
    },
    /// Check that everything is as docket left it: the ledger's chain and every sealed file
    Verify {
        /// Only the files of this ticket, or of one attempt (`TICKET-003.2`)
        ticket: Option<String>,
        /// Only the files of this run
        #[arg(long, value_name = "rN", conflicts_with = "ticket")]
        run: Option<RunId>,
    },
}

/// What to look at.
#[derive(Debug, Clone, Args)]
pub struct DoctorArguments {
    /// Only these agents
    #[arg(value_name = "AGENT")]
    pub agents: Vec<AgentName>,
    /// All built-in agents, also those that aren't installed
    #[arg(long, short)]
    pub all: bool,
    /// How long an agent may take for an answer
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    pub wait: Duration,
}

/// A duration over zero as people write it: `10s`, `1m 30s`.
fn duration(text: &str) -> Result<Duration, String> {
    let duration: Option<jiff::SignedDuration> = text.trim().parse().ok();
    duration
        .and_then(|duration| Duration::try_from(duration).ok())
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| "a duration such as 10s is expected".to_owned())
}

/// Which settings.
#[derive(Debug, Clone, Args)]
pub struct ConfigArguments {
    /// One setting, or all in a table: `jobs`, `limits`
    pub key: Option<String>,
    /// Every setting that there is, with its default and meaning
    #[arg(long, conflicts_with = "key")]
    pub keys: bool,
}

/// What to do about trust.
#[derive(Debug, Clone, Args)]
pub struct TrustArguments {
    /// Only show the commands
    #[arg(long)]
    pub show: bool,
    /// Trust this repository no longer
    #[arg(long, conflicts_with = "show")]
    pub revoke: bool,
}

/// How to run.
#[derive(Debug, Clone, Default, Args)]
pub struct RunArguments {
    /// Stay and run what becomes ready, until stopped
    #[arg(long)]
    pub watch: bool,
    /// Start at most so many tickets
    #[arg(long, value_name = "N")]
    pub max_tickets: Option<u32>,
}
