//! Arguments of the commands that answer what waits for a human.

use clap::Args;

use crate::domain::request::RequestId;
use crate::domain::rules::Scope;

/// What to allow.
#[derive(Debug, Clone, Args)]
pub struct ApproveArguments {
    /// Its name, number, id or file
    pub ticket: String,
    /// The request's number, where several are open
    #[arg(value_name = "N", value_parser = request_number)]
    pub number: Option<RequestId>,
    /// The agent need not ask again for the like, where it offers that
    #[arg(long)]
    pub always: bool,
    /// How far the yes reaches: to this request (once), to the very same of this ticket (ticket) or of every ticket here (always)
    #[arg(long, value_name = "once|ticket|always", conflicts_with = "always")]
    pub scope: Option<Scope>,
}

/// What to do with what is always allowed.
#[derive(Debug, Clone, Args)]
pub struct ApprovalsArguments {
    /// Take this rule back, as it is listed
    #[arg(long, value_name = "RULE")]
    pub remove: Option<String>,
}

/// What to refuse.
#[derive(Debug, Clone, Args)]
pub struct RejectArguments {
    /// Its name, number, id or file
    pub ticket: String,
    /// The request's number, where several are open
    #[arg(value_name = "N", value_parser = request_number)]
    pub number: Option<RequestId>,
    /// Why: the agent is told
    #[arg(long, short, value_name = "WORDS")]
    pub reason: Option<String>,
}

/// What to answer.
#[derive(Debug, Clone, Args)]
pub struct AnswerArguments {
    /// Its name, number, id or file
    pub ticket: String,
    /// The answers: one for each question, in order
    #[arg(value_name = "WORDS", required = true)]
    pub words: Vec<String>,
    /// The request's number, where several are open
    #[arg(long, short, value_name = "N", value_parser = request_number)]
    pub number: Option<RequestId>,
}

/// What to say.
#[derive(Debug, Clone, Args)]
pub struct ReplyArguments {
    /// Its name, number, id or file
    pub ticket: String,
    /// What the agent is told
    pub words: String,
    /// In the middle of its turn, where the agent takes words then; else they wait for the next turn
    #[arg(long)]
    pub now: bool,
}

/// Whose turn is over.
#[derive(Debug, Clone, Args)]
pub struct ClaimArguments {
    /// Its name, number, id or file
    pub ticket: String,
    /// The turn is over, the work is not done: the next turn begins
    #[arg(long)]
    pub not_done: bool,
}

/// What to stop.
#[derive(Debug, Clone, Args)]
pub struct StopArguments {
    /// Its name, number, id or file; the whole run without it
    pub ticket: Option<String>,
    /// Without asking the agents first
    #[arg(long, conflicts_with = "ticket")]
    pub now: bool,
}

/// A request's number: `1`, or `#1` as it is shown (which a shell takes for a comment unless it is quoted).
fn request_number(text: &str) -> Result<RequestId, String> {
    let digits = text.strip_prefix('#').unwrap_or(text);
    let number = digits.parse().map(RequestId);
    number.map_err(|_error| "the number of a request is expected: 1".to_owned())
}
