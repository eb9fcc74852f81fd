//! The arguments, as clap reads them. What they mean is said by one file per family of commands.

mod answers;
mod order;
mod taking;

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

pub use self::answers::{
    AnswerArguments, ApprovalsArguments, ApproveArguments, ClaimArguments, RejectArguments,
    ReplyArguments, StopArguments,
};
pub use self::order::{MoveArguments, SpotArguments};
pub use self::taking::{HandBackArguments, TermArguments};
use super::reference;
use crate::config::{Decoder, Overrides};
use crate::domain::ids::RunId;
use crate::domain::settings::{Integrate, Isolation, NobodyThere};
use crate::domain::ticket::AgentName;
use crate::tickets::import::Source;
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
    /// Print what happens as lines and take commands as lines, instead of the screen: for screen readers
    #[arg(long, conflicts_with = "once")]
    pub plain: bool,
    /// Beside a docket that runs the queue here: take over when that one has ended, and go on with its run
    #[arg(long, conflicts_with = "once")]
    pub take_over: bool,
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
    /// Open a ticket, or a note that all agents share, in $VISUAL or $EDITOR; then say what is wrong with it
    #[command(after_help = "Exits with 2 when the ticket can't run as it is now.")]
    Edit(EditArguments),
    /// Take over the work of another runner: tickets of codex-autorunner, a pitboss plan, Codencer TaskSpecs, a Markdown checklist
    Import(ImportArguments),
    /// Hand in one task: a TaskSpec or ticket as a file, JSON or text on standard input, or words; prints the new ticket's name
    Submit(SubmitArguments),
    /// Say what is wrong with tickets, with file, line and column
    Lint(LintArguments),
    /// List the tickets in the order in which they run, and why they don't
    Ls(LsArguments),
    /// Say what runs, what waits for you, and what docket keeps here
    Status,
    /// Say what agents and days have used: tokens, money, attempts, time
    Usage,
    /// Say what the attempts of a run did, and when
    Timeline(TimelineArguments),
    /// Show a ticket: its state, its attempts and their proof
    Show(TicketArgument),
    /// Print the transcript of an attempt
    Log(LogArguments),
    /// Print what an attempt changed, as a patch; or how two attempts or turns differ
    #[command(
        after_help = "TICKET-003.1@2 is attempt 1 of TICKET-003 as its turn 2 left it, TICKET-003@2 the same of its last attempt, and @0 what \
                      it began from. With one of them, the diff is from what the attempt began from to that turn; with two, from the first \
                      to the second."
    )]
    Diff(DiffArguments),
    /// Play a recording of a terminal: a file, or the newest one of a ticket or an attempt
    #[command(
        after_help = "Space pauses, Left and Right go 5 seconds back and on, < and > change the speed, digits go to tenths, q leaves. \
                      Without a terminal, and with --text, what its last screen shows is printed."
    )]
    Play(PlayArguments),
    /// Bring back what an attempt's turn left: as a branch, or as files in a new folder; nothing is overwritten
    Rewind(RewindArguments),
    /// Bring a run's accepted work into the branch that you are on; nothing is overwritten
    #[command(
        after_help = "Exits with 0 when your branch holds the work, 4 when you have something to do first: conflicts, files of yours in the way, a \
                      rebase that goes on. Then nothing was touched."
    )]
    Merge(MergeArguments),
    /// Throw away what belongs to nothing anymore, and evidence and autosaves beyond what `[gc]` keeps; never work that is not merged
    #[command(
        after_help = "Goes by itself: worktrees of attempts that are over, whose work is merged and saved; branches of attempts and runs that are \
                      held by another branch; leftovers. Evidence and autosaves go when they are older than --max-age, beyond --keep, or \
                      beyond --max-bytes; manifest and result stay. The ledger keeps every event, and says what was dropped."
    )]
    Gc(GcArguments),
    /// Look at the evidence of attempts, and verify it
    Evidence {
        /// What to do.
        #[command(subcommand)]
        command: EvidenceCommand,
    },
    /// Run the queue until nothing is ready, without the screen
    Run(RunArguments),
    /// List what agents ask and wait for, with the command that answers it, and what else waits for you
    Requests,
    /// List the work that waits for your yes: why, what was checked, and the commands that look at it and decide
    Gates,
    /// Say yes to what a ticket's agent asks, or at its gate
    Approve(ApproveArguments),
    /// List what you always allow here, or take a rule back
    Approvals(ApprovalsArguments),
    /// Say no to what a ticket's agent asks, or at its gate
    Reject(RejectArguments),
    /// Answer the questions of a ticket's agent
    Answer(AnswerArguments),
    /// Give a ticket's agent words: they answer what it waits for, or go into its next turn
    Reply(ReplyArguments),
    /// End the turn of a ticket's agent; the attempt waits for a reply and goes on with it
    Interrupt(OneTicket),
    /// Say that the turn of an agent on a terminal is over, which nothing else can tell: its work is checked then
    #[command(
        after_help = "For agents of kind `terminal`. Exits with 0 when the runner took it, 3 when there was no such turn."
    )]
    Claim(ClaimArguments),
    /// Stop a ticket's attempt; without a ticket, end the run
    Stop(StopArguments),
    /// Freeze everything that runs; nothing new starts
    Pause,
    /// Go on after a pause
    Resume,
    /// Try a ticket again that ended without being done; one that waits for a human, from the start
    Retry(OneTicket),
    /// Leave a ticket out of the run that goes on
    Skip(OneTicket),
    /// Take a ticket that was left out into the run again
    Unskip(OneTicket),
    /// Open your shell where a ticket's attempt works; or its agent's own interface, which takes the attempt over
    #[command(
        after_help = "The shell takes the place of docket: its exit code is what you get. With --tui it exits with 0 when the \
                            attempt was handed back, and 3 when it can't be taken over or handed back now."
    )]
    Term(TermArguments),
    /// Hand back an attempt that was taken over: its agent goes on in the same session
    HandBack(HandBackArguments),
    /// Give tickets another place in the run order, by writing priorities into as few ticket files as possible
    #[command(
        after_help = "Exits with 0 when the order is as asked, 3 when it can't be: dependencies are stronger than priorities."
    )]
    Move(MoveArguments),
    /// Show everything on a throw-away repository: no agent, no network, no account
    Demo {
        /// Without the screen: run the demo's queue to its end
        #[arg(long)]
        once: bool,
        /// Print what happens as lines, instead of the screen
        #[arg(long, conflicts_with = "once")]
        plain: bool,
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
    /// Print what keys do on the screen, your own keys.toml included, and what is wrong with it
    Keys(KeysArguments),
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

/// A ticket, for what concerns its attempt that lives.
#[derive(Debug, Clone, Args)]
pub struct OneTicket {
    /// Its name, number, id or file
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

/// What to play.
#[derive(Debug, Clone, Args)]
pub struct PlayArguments {
    /// An asciicast file (version 2 or 3), a ticket (TICKET-003) or an attempt (TICKET-003.2)
    pub recording: String,
    /// Print what its last screen shows
    #[arg(long)]
    pub text: bool,
}

/// What to edit.
#[derive(Debug, Clone, Args)]
pub struct EditArguments {
    /// Its name, number, id or file
    #[arg(required_unless_present = "note", conflicts_with = "note")]
    pub ticket: Option<String>,
    /// A note in `.docket/context/` instead, such as spec.md; it need not be there yet
    #[arg(long, value_name = "NAME")]
    pub note: Option<String>,
}

/// The templates by name, for help, completion and refusals.
fn template_names() -> clap::builder::PossibleValuesParser {
    TEMPLATES
        .iter()
        .map(|template| clap::builder::PossibleValue::new(template.name).help(template.summary))
        .collect::<Vec<_>>()
        .into()
}

/// What to import.
#[derive(Debug, Clone, Args)]
pub struct ImportArguments {
    /// A repository, a folder of TaskSpecs, or a file
    pub source: PathBuf,
    /// What it is, where it could be several things: car, pitboss, codencer or checklist
    #[arg(long, value_name = "KIND")]
    pub from: Option<Source>,
    /// Write nothing; only say what would be written
    #[arg(long)]
    pub dry_run: bool,
    /// The folder to write tickets into; the queue's without it
    #[arg(long, value_name = "FOLDER")]
    pub into: Option<PathBuf>,
}

/// What to hand in.
#[derive(Debug, Clone, Args)]
pub struct SubmitArguments {
    /// The task: a TaskSpec (YAML or JSON), a ticket or a text; `-` or nothing reads standard input
    #[arg(value_name = "FILE", conflicts_with_all = ["goal", "prompt_file"])]
    pub file: Option<PathBuf>,
    /// What is to be reached, in words
    #[arg(long, value_name = "WORDS", conflicts_with = "prompt_file")]
    pub goal: Option<String>,
    /// A file whose whole text is what is to be done, whatever it looks like
    #[arg(long, value_name = "FILE")]
    pub prompt_file: Option<PathBuf>,
    /// What it is called in lists
    #[arg(long, value_name = "WORDS")]
    pub title: Option<String>,
    /// A command that docket runs before it believes that the task is done; may be given several times
    #[arg(long, value_name = "COMMAND")]
    pub validate: Vec<String>,
    /// An entry of the acceptance checklist; may be given several times
    #[arg(long, value_name = "WORDS")]
    pub acceptance: Vec<String>,
    /// Higher runs earlier
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub priority: Option<i64>,
    /// What must be done before: a ticket's name, number or id; may be given several times
    #[arg(long, value_name = "TICKET")]
    pub depends_on: Vec<String>,
    /// Wait until it is done, and exit as `docket --once` does; runs it here when no runner lives
    #[arg(long, short)]
    pub wait: bool,
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

/// Which run.
#[derive(Debug, Clone, Args)]
pub struct TimelineArguments {
    /// The run: `r12`; the last one without it
    #[arg(value_name = "RUN")]
    pub run: Option<RunId>,
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
    /// The ticket: its name, number, id or file; `TICKET-003.2` for an attempt, `TICKET-003.2@1` for a turn
    pub ticket: String,
    /// What to compare it with: another ticket, attempt or turn
    #[arg(value_name = "OTHER", conflicts_with = "attempt")]
    pub other: Option<String>,
    /// The attempt; the last one without it
    #[arg(long, value_name = "N")]
    pub attempt: Option<u32>,
    /// Only the files and how many lines changed
    #[arg(long)]
    pub stat: bool,
}

/// What to bring back, and where to.
#[derive(Debug, Clone, Args)]
pub struct RewindArguments {
    /// The ticket: its name, number, id or file; `TICKET-003.2` for an attempt
    pub ticket: String,
    /// The turn; the last one that was saved without it
    #[arg(long, value_name = "K")]
    pub turn: Option<u32>,
    /// Write the files into this folder, which is new or empty, instead of making a branch
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["branch", "list"])]
    pub to: Option<PathBuf>,
    /// The name of the new branch; `docket/rewind/TICKET-003.2-1` without it
    #[arg(long, value_name = "NAME", conflicts_with = "list")]
    pub branch: Option<String>,
    /// Only list what was saved
    #[arg(long, short, conflicts_with = "turn")]
    pub list: bool,
}

/// What to merge.
#[derive(Debug, Clone, Args)]
pub struct MergeArguments {
    /// The run: `r12`; the last one with work that your branch doesn't hold without it
    #[arg(value_name = "RUN")]
    pub run: Option<RunId>,
    /// Only say what would happen
    #[arg(long, short = 'n')]
    pub dry_run: bool,
}

/// What to throw away.
#[derive(Debug, Clone, Args)]
pub struct GcArguments {
    /// Only show what would go, and how much that frees
    #[arg(long, short = 'n')]
    pub dry_run: bool,
    /// Evidence and autosaves of attempts that ended longer ago go: `30d`, `12h` (gc.max_age)
    #[arg(long, value_name = "DURATION", value_parser = age)]
    pub max_age: Option<Duration>,
    /// So many attempts of each ticket keep them, the newest ones (gc.keep_attempts)
    #[arg(long, value_name = "N")]
    pub keep: Option<u32>,
    /// The most that all evidence may take; the oldest goes first (gc.max_bytes)
    #[arg(long, value_name = "BYTES")]
    pub max_bytes: Option<u64>,
    /// Worktrees and earlier autosaves of attempts whose work is not merged go too; the last autosave of each stays
    #[arg(long)]
    pub unmerged: bool,
    /// Yes, --unmerged is meant
    #[arg(long, requires = "unmerged")]
    pub yes: bool,
}

/// A duration from zero up, with days.
fn age(text: &str) -> Result<Duration, String> {
    crate::config::duration(text)
        .ok_or_else(|| "a duration such as 30d or 12h is expected".to_owned())
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
    /// Write the evidence of attempts into one file that anybody can check, without the repository: files, manifests, events
    Export {
        /// The ticket (all its attempts), one attempt (`TICKET-003.2`), or a run (`r12`)
        #[arg(value_name = "TICKET|RUN")]
        what: String,
        /// The new file; `TICKET-003.tar.zst` here without it
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Check that everything is as docket left it: the ledger's chain and every sealed file; or an exported bundle
    Verify {
        /// Only the files of this ticket, or of one attempt (`TICKET-003.2`); or a bundle (`FILE.tar.zst`)
        #[arg(value_name = "TICKET|FILE")]
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
    #[arg(long, value_name = "DURATION", default_value = "15s", value_parser = duration)]
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

/// Which keys.
#[derive(Debug, Clone, Args)]
pub struct KeysArguments {
    /// Only those of one context: `panes`, `queue`
    pub context: Option<String>,
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
    /// Only these tickets (names, numbers, ids or files); all of the queue without any
    #[arg(value_name = "TICKET")]
    pub named: Vec<String>,
    /// Stay and run what becomes ready, until stopped
    #[arg(long)]
    pub watch: bool,
    /// Start at most so many tickets
    #[arg(long, value_name = "N")]
    pub max_tickets: Option<u32>,
}
