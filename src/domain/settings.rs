//! What the rules need to know of the configuration: plain values, without layers, files or origins.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::policy::{Policies, Policy};
use super::rules::Rules;
use super::ticket::{AgentName, Approvals, Check, KnownNames, Ticket, TicketLimits};

/// A closed set of words: an enum whose variants are written, printed and read as one word each.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
            serde::Serialize, serde::Deserialize,
        )]
        pub enum $name { $($(#[$variant_meta])* #[serde(rename = $word)] $variant,)+ }

        impl $name {
            /// Every word, in the order in which people read them.
            pub const WORDS: &'static [&'static str] = &[$($word),+];

            /// The word as it is written in files.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::domain::settings::UnknownWord;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err($crate::domain::settings::UnknownWord {
                        word: text.to_owned(),
                        known: Self::WORDS,
                    }),
                }
            }
        }
    };
}

pub(crate) use words;

/// A word that is not of its set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is none of: {}", known.join(", "))]
pub struct UnknownWord {
    /// What was given.
    pub word: String,
    /// What would have been right.
    pub known: &'static [&'static str],
}

words! {
    /// Where an attempt works.
    Isolation {
        /// In a worktree and on a branch of its own.
        Worktree = "worktree",
        /// In the user's own working tree, with or without git.
        None = "none",
    }
}

words! {
    /// Where accepted work goes.
    Integrate {
        /// To the run's own branch; the user merges when it suits.
        Run = "run",
        /// On to the user's branch too, after each ticket.
        Current = "current",
    }
}

words! {
    /// What happens to a request that only a human could answer when no human is there.
    NobodyThere {
        /// The ticket waits, and the run goes on without it.
        Pause = "pause",
        /// The request is refused, and the agent goes on.
        Deny = "deny",
    }
}

words! {
    /// What counts as an agent's claim that a ticket is done.
    Claim {
        /// The process ended well.
        Exit = "exit",
        /// The agent wrote `done: true` into its copy of the ticket.
        Ticket = "ticket",
    }
}

words! {
    /// How an agent is started and understood.
    AgentKind {
        /// A human.
        User = "user",
        /// The ticket's own fenced `sh` blocks.
        Shell = "shell",
        /// Any program: prompt on stdin, final message on stdout.
        Command = "command",
        /// A recording, played through a decoder.
        Replay = "replay",
        /// `codex app-server`: JSON-RPC over stdio.
        CodexAppServer = "codex-app-server",
        /// `codex exec --json`: one process a turn, no requests.
        CodexExecJson = "codex-exec-json",
        /// `claude` with stream-json both ways.
        ClaudeStreamJson = "claude-stream-json",
        /// `opencode run --format json`: one process a turn, no requests.
        OpencodeRunJson = "opencode-run-json",
        /// The Agent Client Protocol over stdio.
        Acp = "acp",
        /// A program for people, in a terminal pane.
        Terminal = "terminal",
    }
}

impl AgentKind {
    /// What counts as a claim unless the configuration says otherwise: the simple ones know nothing of tickets.
    pub const fn default_claim(self) -> Claim {
        match self {
            Self::Shell | Self::Command => Claim::Exit,
            Self::User
            | Self::Replay
            | Self::CodexAppServer
            | Self::CodexExecJson
            | Self::ClaudeStreamJson
            | Self::OpencodeRunJson
            | Self::Acp
            | Self::Terminal => Claim::Ticket,
        }
    }
}

/// Hard limits as they hold for an attempt: every gap filled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Turns in one attempt, from 1.
    pub turns: u32,
    /// Attempts at one ticket in one run, from 1.
    pub attempts: u32,
    /// Time from the start of an attempt to its end.
    #[serde(rename = "wall_ms", with = "millis")]
    pub wall: Duration,
    /// Time without a sign of life inside a turn.
    #[serde(rename = "idle_ms", with = "millis")]
    pub idle: Duration,
    /// Time from the start of the agent's process to its first sign of life.
    #[serde(rename = "startup_ms", with = "millis")]
    pub startup: Duration,
    /// Time for a validation that names no timeout of its own.
    #[serde(rename = "validation_ms", with = "millis")]
    pub validation: Duration,
    /// Turns in a row without a change, a ticket or a dispatch, after which a human is asked; from 1.
    pub no_progress_turns: u32,
    /// Tokens of one attempt, input and output together; `None` for no limit.
    pub tokens: Option<u64>,
    /// US dollars of one attempt; `None` for no limit.
    pub cost_usd: Option<f64>,
    /// Files that an attempt may change; `None` for no limit.
    pub changed_files: Option<u32>,
    /// Tickets that an attempt may add to the queue.
    #[serde(default)]
    pub new_tickets: u32,
    /// A ticket so many generations of agents away from a human adds no tickets without a human's word.
    #[serde(default)]
    pub ticket_depth: u32,
}

impl Limits {
    /// These limits where `over` says nothing, `over`'s where it does.
    #[must_use]
    pub fn overridden_by(&self, over: &TicketLimits) -> Self {
        Self {
            turns: over.turns.unwrap_or(self.turns),
            attempts: over.attempts.unwrap_or(self.attempts),
            wall: over.wall.unwrap_or(self.wall),
            idle: over.idle.unwrap_or(self.idle),
            startup: self.startup,
            validation: self.validation,
            no_progress_turns: self.no_progress_turns,
            tokens: over.tokens.or(self.tokens),
            cost_usd: over.cost_usd.or(self.cost_usd),
            changed_files: over.changed_files.or(self.changed_files),
            new_tickets: over.new_tickets.unwrap_or(self.new_tickets),
            ticket_depth: self.ticket_depth,
        }
    }
}

/// The most that several attempts together may use; `None` is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Totals {
    /// Tokens, input and output together.
    pub tokens: Option<u64>,
    /// US dollars.
    pub cost_usd: Option<f64>,
}

/// Limits beyond a single attempt.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct SpendingLimits {
    /// Of one run.
    pub run: Totals,
    /// The time of one run, pauses aside.
    pub run_wall: Option<Duration>,
    /// Of the last 24 hours, all runs together.
    pub day: Totals,
}

/// What the rules need to know of an agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgentSettings {
    /// How it is started and understood.
    pub kind: AgentKind,
    /// What counts as its claim.
    pub claim: Claim,
    /// Its own limits, between the configuration's and the ticket's.
    pub limits: TicketLimits,
    /// Who takes over, in this order, when it can't go on; only by the user's wish.
    pub fallback: Vec<AgentName>,
    /// Whether its own terminal interface can go on with a session of its.
    #[serde(default)]
    pub has_tui: bool,
}

/// What `machine::step` needs to know of the configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// How many attempts may run side by side.
    pub jobs: NonZeroU32,
    /// Where attempts work.
    pub isolation: Isolation,
    /// Where accepted work goes.
    pub integrate: Integrate,
    /// What happens to an agent's requests when the ticket doesn't say.
    pub approvals: Approvals,
    /// What is approved or refused without asking, for every ticket.
    #[serde(default)]
    pub rules: Rules,
    /// What happens to requests when no human is there.
    pub requests: NobodyThere,
    /// The limits when neither the ticket nor its agent says otherwise.
    pub limits: Limits,
    /// The limits of a run and of a day.
    #[serde(default)]
    pub spending: SpendingLimits,
    /// The checks of tickets that name none.
    pub checks: Vec<Check>,
    /// What may change without a human's look.
    #[serde(default)]
    pub policies: Policies,
    /// Every agent that a ticket may name.
    pub agents: BTreeMap<AgentName, AgentSettings>,
}

impl Settings {
    /// The names that a ticket may use.
    pub fn known_names(&self) -> KnownNames {
        KnownNames {
            agents: self.agents.keys().cloned().collect(),
            policies: Some(self.policies.names()),
        }
    }

    /// The policy that holds for `ticket`.
    pub fn policy_for(&self, ticket: &Ticket) -> Policy {
        self.policies.of(ticket.policy.as_ref())
    }

    /// Who takes over from `agent`: the next one that the ticket's own agent names as a fallback and that has not had it.
    pub fn fallback_for(
        &self,
        ticket: &Ticket,
        agent: &AgentName,
        had_it: &[AgentName],
    ) -> Option<AgentName> {
        let own = self.agents.get(&ticket.agent)?;
        own.fallback
            .iter()
            .find(|next| *next != agent && !had_it.contains(next) && **next != ticket.agent)
            .cloned()
    }

    /// The limits that hold for `ticket`: its own over its agent's over the configuration's.
    pub fn limits_for(&self, ticket: &Ticket) -> Limits {
        let limits = match self.agents.get(&ticket.agent) {
            Some(agent) => self.limits.overridden_by(&agent.limits),
            None => self.limits.clone(),
        };
        limits.overridden_by(&ticket.limits)
    }

    /// The checks that hold for `ticket`: its own, or the configuration's when it names none at all.
    pub fn checks_for<'a>(&'a self, ticket: &'a Ticket) -> &'a [Check] {
        ticket.validate.as_deref().unwrap_or(&self.checks)
    }

    /// What happens to the requests of `ticket`'s agent.
    pub fn approvals_for(&self, ticket: &Ticket) -> Approvals {
        ticket.approvals.unwrap_or(self.approvals)
    }

    /// The approval rules that hold for `ticket`: the configuration's and its own.
    pub fn rules_for(&self, ticket: &Ticket) -> Rules {
        self.rules.clone().and(&ticket.rules)
    }
}

/// Durations as whole milliseconds, for JSON.
mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(
        duration: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        u64::try_from(duration.as_millis())
            .unwrap_or(u64::MAX)
            .serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}
