//! Arguments of `docket term` and `docket hand-back`.

use clap::Args;

/// Which shell, or whose interface.
#[derive(Debug, Clone, Args)]
pub struct TermArguments {
    /// Its name, number, id or file; `TICKET-003.2` for an attempt
    pub ticket: String,
    /// In the repository, not in the worktree of the ticket's last attempt
    #[arg(long, conflicts_with_all = ["evidence", "tui"])]
    pub repository: bool,
    /// In the folder of that attempt's evidence
    #[arg(long, conflicts_with = "tui")]
    pub evidence: bool,
    /// Take the attempt over: its turn ends, and its agent's own interface opens on the same session. It is handed back when that ends
    #[arg(long)]
    pub tui: bool,
    /// Don't hand it back: `docket hand-back` does
    #[arg(long, requires = "tui")]
    pub keep: bool,
}

/// What is handed back.
#[derive(Debug, Clone, Args)]
pub struct HandBackArguments {
    /// Its name, number, id or file
    pub ticket: String,
    /// Words for its agent
    pub words: Option<String>,
}
