//! The arguments, as clap reads them. What they mean is said by one file per family of commands.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::config::Overrides;
use crate::domain::settings::{Integrate, Isolation};
use crate::domain::ticket::AgentName;

/// The runner that calls a ticket done only when it holds the proof.
///
/// Without a command, docket opens the screen on the repository that you are in.
#[derive(Debug, Parser)]
#[command(name = "docket", version, max_term_width = 100)]
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
            agent: self.agent.clone(),
            theme: self.theme.clone(),
            set: self.set.clone(),
        }
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
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
