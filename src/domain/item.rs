//! The transcript of a turn: items, as every adapter's decoder produces them.

use serde::{Deserialize, Serialize};

use super::time::Timestamp;

/// One line of `transcript.jsonl`. A later entry with the same id replaces the earlier one, or adds to its text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Unique within the attempt; entries with one id are one item that grew.
    pub id: u64,
    /// When docket received it.
    pub at: Timestamp,
    /// The turn, from 1.
    pub turn: u32,
    /// The item that this one belongs to (a sub-agent's, a tool's).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<u64>,
    /// Whether the text is added to what the id already has.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub append: bool,
    /// What it is.
    pub item: Item,
}

/// What happened in a turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Item {
    /// The agent's words to people.
    Message {
        /// Markdown.
        text: String,
    },
    /// The agent's reasoning, as far as it shows it.
    Reasoning {
        /// Plain text.
        text: String,
    },
    /// The agent uses a tool.
    ToolCall {
        /// What kind of tool.
        tool: ToolKind,
        /// One line for people: `$ cargo test`, `src/main.rs`.
        title: String,
        /// What has become of it.
        status: ToolStatus,
    },
    /// What a tool gave back; its parent is the call.
    ToolResult {
        /// The output, ANSI sequences included.
        output: String,
        /// The exit code, where there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        exit: Option<i32>,
    },
    /// The agent's plan, whole.
    Plan {
        /// The steps in order.
        entries: Vec<PlanEntry>,
    },
    /// A change to one file, as the agent reports it (docket's own diff is evidence, this is not).
    Diff {
        /// The path, relative to the worktree where possible.
        path: String,
        /// Unified diff.
        patch: String,
    },
    /// Tokens and money of this turn so far.
    Usage {
        /// The figures.
        usage: Usage,
    },
    /// Something worth a line: docket's own words, or an unknown event of the agent.
    Notice {
        /// One line.
        text: String,
    },
    /// Something went wrong; the end of a turn is never told by this alone.
    Error {
        /// What the agent or docket says.
        text: String,
        /// Whether the agent tries again by itself.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        retrying: bool,
    },
}

/// The kind of a tool, for folding and colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolKind {
    /// Reads files.
    Read,
    /// Searches.
    Search,
    /// Changes files.
    Edit,
    /// Runs a command.
    Execute,
    /// Fetches from the network.
    Fetch,
    /// Anything else.
    Other,
}

/// What has become of a tool call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolStatus {
    /// Still running.
    Running,
    /// Ended well.
    Completed,
    /// Ended badly.
    Failed,
    /// Not allowed.
    Declined,
}

/// One step of an agent's plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanEntry {
    /// The step.
    pub text: String,
    /// Whether it is done.
    pub done: bool,
}

/// Tokens and money. Tokens are counts, money is US dollars.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Input tokens, cached ones included.
    pub input: u64,
    /// Of the input, how many came from a cache.
    pub cached: u64,
    /// Output tokens, reasoning included.
    pub output: u64,
    /// Of the output, how many were reasoning.
    pub reasoning: u64,
    /// Cost, where the agent or a price table gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
}

impl Usage {
    /// All tokens, in and out.
    pub fn tokens(&self) -> u64 {
        self.input.saturating_add(self.output)
    }

    /// Whether nothing was used or nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds the figures of another turn.
    pub fn add(&mut self, other: &Self) {
        self.input = self.input.saturating_add(other.input);
        self.cached = self.cached.saturating_add(other.cached);
        self.output = self.output.saturating_add(other.output);
        self.reasoning = self.reasoning.saturating_add(other.reasoning);
        self.cost_usd = match (self.cost_usd, other.cost_usd) {
            (None, None) => None,
            (mine, theirs) => Some(mine.unwrap_or(0.0) + theirs.unwrap_or(0.0)),
        };
    }
}

/// What the agent is doing now, from its protocol alone. Silence is shown as silence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum AgentStatus {
    /// Started, and not a byte yet.
    Starting,
    /// At work, no tool running.
    Thinking,
    /// A tool is running.
    Tool {
        /// One line for people.
        title: String,
        /// Since when.
        since: Timestamp,
    },
    /// The agent tries again by itself.
    Retrying {
        /// How often so far.
        count: u32,
        /// Why.
        why: String,
    },
    /// It waits for a yes or no.
    WaitingForApproval {
        /// Of what.
        title: String,
    },
    /// It waits for an answer in words.
    WaitingForAnswer {
        /// The question.
        title: String,
    },
    /// The model's provider takes no more for now.
    RateLimited {
        /// Until when, where that is known.
        until: Option<Timestamp>,
    },
    /// Nothing came for a while.
    Silent {
        /// Since when.
        since: Timestamp,
    },
}
