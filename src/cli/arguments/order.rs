//! The arguments of `docket move`.

use clap::Args;

/// What to move, and where to.
#[derive(Debug, Clone, Args)]
pub struct MoveArguments {
    /// Their names, numbers, ids or files; several are brought together
    #[arg(value_name = "TICKET", required = true)]
    pub named: Vec<String>,
    /// Where to.
    #[command(flatten)]
    pub spot: SpotArguments,
    /// Write nothing; only say what would be written
    #[arg(long)]
    pub dry_run: bool,
}

/// A place in the run order.
#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false)]
pub struct SpotArguments {
    /// Directly before this one
    #[arg(long, value_name = "TICKET")]
    pub before: Option<String>,
    /// Directly after this one
    #[arg(long, value_name = "TICKET")]
    pub after: Option<String>,
    /// Before the ticket that runs before them now
    #[arg(long)]
    pub up: bool,
    /// After the ticket that runs after them now
    #[arg(long)]
    pub down: bool,
    /// As early as their dependencies permit
    #[arg(long)]
    pub first: bool,
    /// As late as what depends on them permits
    #[arg(long)]
    pub last: bool,
}
