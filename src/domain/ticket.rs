//! Tickets as data: what the front matter of a ticket file says, and the body below it.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ids::{InvalidId, Sha256, TicketId, TicketName};
use super::policy::PolicyName;
use super::rules::Rules;
use super::time::Timestamp;

pub use super::problem::{Finding, Place, Problem, ProblemCode, Severity};

/// The name of an agent, as configured: trimmed, ASCII lower case, never empty, one line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AgentName(String);

impl AgentName {
    /// The agent that is a human.
    pub const USER: &'static str = "user";

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a human does it.
    pub fn is_user(&self) -> bool {
        self.0 == Self::USER
    }
}

impl FromStr for AgentName {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name = text.trim();
        if name.is_empty() || name.chars().any(char::is_control) {
            return Err(InvalidId {
                text: text.to_owned(),
                expected: "the name of an agent (such as `codex`)",
            });
        }
        Ok(Self(name.to_ascii_lowercase()))
    }
}

impl TryFrom<String> for AgentName {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<AgentName> for String {
    fn from(name: AgentName) -> Self {
        name.0
    }
}

impl fmt::Display for AgentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A file that goes into the prompt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContextFile {
    /// Relative to the root of the repository; never absolute, never with `..`.
    pub path: String,
    /// At most so many bytes of it; `None` leaves it to the prompt's budget.
    pub max_bytes: Option<u64>,
    /// Whether the ticket can't start without it.
    pub required: bool,
}

/// What must be done before a ticket may start.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dependency {
    /// The ticket with this number.
    Number(u64),
    /// The ticket with this id.
    Id(TicketId),
}

impl fmt::Display for Dependency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Id(id) => id.fmt(f),
        }
    }
}

/// A validation that docket runs itself, by `sh -c` in the worktree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What people call it; unique within its ticket. The command itself when the ticket gives none.
    pub name: String,
    /// The command line for `sh -c`.
    pub run: String,
    /// How long it may take; `None` leaves it to the configuration.
    #[serde(rename = "timeout_ms", with = "optional_millis")]
    pub timeout: Option<Duration>,
}

/// Whether a human must look before accepted work is merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GateRule {
    /// The proof is enough.
    #[default]
    None,
    /// A human approves before the merge.
    Review,
}

/// Which paths an attempt may change: globs, held against the real diff.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PathRules {
    /// When not empty, every changed path must match one of these.
    pub allow: Vec<String>,
    /// No changed path may match one of these.
    pub deny: Vec<String>,
}

impl PathRules {
    /// Whether there is no rule at all.
    pub fn is_empty(&self) -> bool {
        self.allow.is_empty() && self.deny.is_empty()
    }
}

/// Hard limits of a ticket; `None` leaves a limit to the configuration.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TicketLimits {
    /// Turns in one attempt.
    pub turns: Option<u32>,
    /// Attempts in one run.
    pub attempts: Option<u32>,
    /// Time from the start of an attempt to its end.
    #[serde(rename = "wall_ms", with = "optional_millis")]
    pub wall: Option<Duration>,
    /// Time without a sign of life inside a turn.
    #[serde(rename = "idle_ms", with = "optional_millis")]
    pub idle: Option<Duration>,
    /// Tokens of one attempt, input and output together.
    pub tokens: Option<u64>,
    /// US dollars of one attempt.
    pub cost_usd: Option<f64>,
    /// Files that an attempt may change.
    pub changed_files: Option<u32>,
    /// Tickets that an attempt may add to the queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_tickets: Option<u32>,
}

/// What happens to an agent's requests for approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approvals {
    /// A human answers each.
    Ask,
    /// All are approved.
    Auto,
    /// All are refused.
    Deny,
}

/// What a sound ticket file says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ticket {
    /// Its stable identity.
    pub id: TicketId,
    /// Whether the id comes from the path, since the file names none.
    pub id_is_derived: bool,
    /// From the file's name.
    pub name: TicketName,
    /// Who works on it.
    pub agent: AgentName,
    /// What the canonical file claims; whether that is proven, the ledger knows.
    pub done: bool,
    /// As written; [`QueueEntry::title`] has a fallback.
    pub title: Option<String>,
    /// What is to be reached, in one sentence.
    pub goal: Option<String>,
    /// The model to ask the agent for.
    pub model: Option<String>,
    /// The effort of reasoning to ask the agent for.
    pub reasoning: Option<String>,
    /// The agent's profile.
    pub profile: Option<String>,
    /// Files for the prompt.
    pub context: Vec<ContextFile>,
    /// What must be done before.
    pub depends_on: Vec<Dependency>,
    /// Higher runs earlier.
    pub priority: i64,
    /// For people and filters.
    pub labels: Vec<String>,
    /// `None`: the key is absent and the configuration's default applies. `Some` and empty: explicitly none.
    pub validate: Option<Vec<Check>>,
    /// The checklist that the human and the prompt see.
    pub acceptance: Vec<String>,
    /// Whether a human must look before the merge.
    pub gate: GateRule,
    /// Which paths may change.
    pub paths: PathRules,
    /// The policy that its work is held against; `None` for the one of `[policy]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyName>,
    /// Hard limits.
    pub limits: TicketLimits,
    /// What happens to requests; `None` leaves it to the configuration.
    pub approvals: Option<Approvals>,
    /// What is approved or refused without asking, beside the configuration's rules.
    #[serde(default, skip_serializing_if = "Rules::is_empty")]
    pub rules: Rules,
    /// May not start before this time.
    pub not_before: Option<Timestamp>,
    /// Starts again so long after it ended.
    #[serde(rename = "every_ms", with = "optional_millis")]
    pub every: Option<Duration>,
    /// The Markdown below the front matter, as written.
    pub body: String,
}

impl Ticket {
    /// The keys of the rules that are not the same in `other`: what decides who works, under which checks, and when it is done.
    /// Its text, and what only places it in the queue, are no rules.
    pub fn changed_rules(&self, other: &Self) -> Vec<&'static str> {
        let mut changed = Vec::new();
        let mut hold = |key: &'static str, same: bool| {
            if !same {
                changed.push(key);
            }
        };
        hold("ticket_id", self.id == other.id);
        hold("agent", self.agent == other.agent);
        hold("model", self.model == other.model);
        hold("profile", self.profile == other.profile);
        hold("context", self.context == other.context);
        hold("validate", self.validate == other.validate);
        hold("acceptance", self.acceptance == other.acceptance);
        hold("gate", self.gate == other.gate);
        hold("paths", self.paths == other.paths);
        hold("limits", self.limits == other.limits);
        hold("approvals", self.approvals == other.approvals);
        hold("rules", self.rules == other.rules);
        changed
    }
}

/// A file in the queue, sound or broken: nothing that has a ticket's name is ever hidden.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueueEntry {
    /// The file, relative to the repository.
    #[serde(serialize_with = "super::problem::path_as_text")]
    pub path: PathBuf,
    /// From the file's name.
    pub name: TicketName,
    /// The ticket's id; derived from the path when the file gives none that is valid.
    pub id: TicketId,
    /// The SHA-256 of the file's bytes (of what could be read of them, for a broken file).
    pub revision: Sha256,
    /// What to call it on a line: its title, else its first heading, else the words of its file name.
    pub title: String,
    /// What it says; `None` when the file is broken.
    pub ticket: Option<Ticket>,
    /// What is wrong with this file, by itself.
    pub problems: Vec<Problem>,
}

impl QueueEntry {
    /// Whether the file by itself is sound enough to run. (The whole queue may still object: `queue::Queue`.)
    pub fn is_runnable_file(&self) -> bool {
        self.ticket.is_some() && !self.problems.iter().any(Problem::is_error)
    }

    /// Whether the file says `done: true`.
    pub fn is_done(&self) -> bool {
        self.ticket.as_ref().is_some_and(|ticket| ticket.done)
    }
}

/// The names that the tickets of a queue may use.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KnownNames {
    /// Every agent.
    pub agents: BTreeSet<AgentName>,
    /// Every named policy; `None`: nobody knows.
    pub policies: Option<BTreeSet<PolicyName>>,
}

impl KnownNames {
    /// The policy that a ticket names and that is not there.
    pub fn unknown_policy<'t>(&self, ticket: &'t Ticket) -> Option<&'t PolicyName> {
        let known = self.policies.as_ref()?;
        ticket.policy.as_ref().filter(|name| !known.contains(name))
    }
}

/// Agents alone.
impl FromIterator<AgentName> for KnownNames {
    fn from_iter<I: IntoIterator<Item = AgentName>>(agents: I) -> Self {
        Self {
            agents: agents.into_iter().collect(),
            policies: None,
        }
    }
}

/// Durations as whole milliseconds, for JSON.
mod optional_millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[expect(clippy::ref_option, reason = "the signature that serde calls")]
    pub(super) fn serialize<S: Serializer>(
        duration: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        duration
            .map(|duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
            .serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<u64>::deserialize(deserializer)?.map(Duration::from_millis))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agent_names_are_trimmed_and_lower_case() {
        let name = |text: &str| text.parse::<AgentName>().map(String::from);
        assert_eq!(name(" Codex ").as_deref(), Ok("codex"));
        assert!("USER".parse::<AgentName>().is_ok_and(|name| name.is_user()));
        assert!(name(" ").is_err());
        assert!(name("a\nb").is_err());
    }
}
