//! What agents leave on their desks: tickets and notes that they wrote or changed, and what docket does with each.

use serde::{Deserialize, Serialize};

use super::attempt::Artifact;
use super::ids::{Sha256, TicketId, TicketName};
use super::settings::Settings;
use super::ticket::{AgentName, Approvals, GateRule, Ticket, TicketLimits};

/// What holds when an attempt's desk is read after a turn.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeskRules {
    /// Tickets that are being worked on now: nobody else's agent may change them.
    pub busy: Vec<TicketId>,
    /// How many generations of agents the attempt's ticket is away from a human; 0 when a human wrote it.
    pub generation: u32,
    /// How many tickets the attempt may add.
    pub new_tickets: u32,
    /// A ticket of this generation adds no tickets without a human's word.
    pub ticket_depth: u32,
}

/// A ticket that an agent wrote, changed or deleted, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketNews {
    /// The ticket.
    pub ticket: TicketId,
    /// What people call it.
    pub name: TicketName,
    /// Its file, relative to the repository; for one that is not in the queue, as the agent called it.
    pub path: String,
    /// What became of it.
    pub change: TicketChange,
    /// What docket did to it on the way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What the agent wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact: Option<Artifact>,
}

/// What became of a ticket that an agent touched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum TicketChange {
    /// It is in the queue now.
    New {
        /// How many generations of agents it is away from a human.
        generation: u32,
    },
    /// Its file in the queue says now what the agent wrote.
    Edited {
        /// The file's revision before.
        before: Sha256,
        /// The file's revision now.
        after: Sha256,
    },
    /// It waits beside the queue until a human approves the attempt's work.
    Held {
        /// Why.
        why: String,
        /// The hash of what would come into the queue.
        content: Sha256,
    },
    /// It stays out.
    Refused {
        /// Why, and what to do.
        why: String,
    },
    /// The agent deleted its copy. The ticket stays.
    Deleted,
    /// The agent changed its own ticket beyond `done` and the body. The attempt goes by the ticket as it was at the start.
    Own {
        /// Which keys.
        keys: Vec<String>,
    },
}

impl TicketNews {
    /// Whether the agent got somewhere with it.
    pub fn is_progress(&self) -> bool {
        match self.change {
            TicketChange::New { .. } | TicketChange::Edited { .. } | TicketChange::Held { .. } => {
                true
            }
            TicketChange::Refused { .. } | TicketChange::Deleted | TicketChange::Own { .. } => {
                false
            }
        }
    }
}

impl std::fmt::Display for TicketNews {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let path = &self.path;
        match &self.change {
            TicketChange::New { .. } => write!(f, "new ticket {}: {path}", self.name)?,
            TicketChange::Edited { .. } => write!(f, "changed ticket {}: {path}", self.name)?,
            TicketChange::Held { why, .. } => {
                write!(f, "ticket {path} waits for a human's approval: {why}")?;
            }
            TicketChange::Refused { why } => write!(f, "ticket {path} was refused: {why}")?,
            TicketChange::Deleted => write!(f, "ticket {path} was deleted: that is ignored")?,
            TicketChange::Own { keys } => write!(
                f,
                "{} changed its own ticket ({}): the rules stay those of the start",
                self.name,
                keys.join(", ")
            )?,
        }
        for note in &self.notes {
            write!(f, "; {note}")?;
        }
        Ok(())
    }
}

/// A context note that an agent wrote or changed, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteNews {
    /// Its file name in `.docket/context/`.
    pub name: String,
    /// What became of it.
    pub change: NoteChange,
}

/// What became of a note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum NoteChange {
    /// All agents have it now.
    New,
    /// All agents have the agent's version now.
    Edited,
    /// Somebody else changed the note meanwhile: the agent's version lies beside it.
    Beside {
        /// Under this name.
        name: String,
    },
    /// It stays on the desk.
    Refused {
        /// Why.
        why: String,
    },
}

impl std::fmt::Display for NoteNews {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = &self.name;
        match &self.change {
            NoteChange::New => write!(f, "new note {name}"),
            NoteChange::Edited => write!(f, "changed note {name}"),
            NoteChange::Beside { name: other } => write!(
                f,
                "note {name} changed meanwhile: the agent's version is {other}"
            ),
            NoteChange::Refused { why } => write!(f, "note {name} was refused: {why}"),
        }
    }
}

/// What about a ticket that an agent wrote (or changed, with `before`) widens what may run or weakens what is checked, so that a
/// human must see it before it counts. `own` is the ticket of the agent that wrote it, worked on by `agent`.
pub fn widens(
    settings: &Settings,
    own: &Ticket,
    agent: &AgentName,
    before: Option<&Ticket>,
    ticket: &Ticket,
) -> Vec<String> {
    let mut why = Vec::new();
    let same_agent = [Some(&own.agent), Some(agent), before.map(|old| &old.agent)];
    if !ticket.agent.is_user() && !same_agent.contains(&Some(&ticket.agent)) {
        why.push(format!("`agent: {}` is another agent", ticket.agent));
    }
    if ticket.profile.is_some()
        && ticket.profile != own.profile
        && before.is_none_or(|old| old.profile != ticket.profile)
    {
        why.push("it names a `profile`".to_owned());
    }
    why.extend(checks(settings, own, before, ticket));
    why.extend(approvals(settings, before, ticket));
    if let Some(old) = before {
        if old.gate == GateRule::Review && ticket.gate != GateRule::Review {
            why.push("it drops `gate: review`".to_owned());
        }
        if old.paths != ticket.paths {
            why.push("it changes `paths`".to_owned());
        }
    } else {
        if own.gate == GateRule::Review && ticket.gate != GateRule::Review {
            why.push("it lacks the `gate: review` of the ticket that it comes from".to_owned());
        }
        if !own.paths.is_empty() && own.paths != ticket.paths {
            why.push("it lacks the `paths` of the ticket that it comes from".to_owned());
        }
    }
    if ticket.every.is_some() && before.is_none_or(|old| old.every != ticket.every) {
        why.push("`every` would run it again and again".to_owned());
    }
    why.extend(limits(settings, before, ticket));
    why
}

/// Commands that docket would run itself and that no human has written, and checks that would hold otherwise.
fn checks(
    settings: &Settings,
    own: &Ticket,
    before: Option<&Ticket>,
    ticket: &Ticket,
) -> Vec<String> {
    let now = settings.checks_for(ticket);
    let held = before.map_or(settings.checks.as_slice(), |old| settings.checks_for(old));
    let known = [held, settings.checks.as_slice(), settings.checks_for(own)];
    let mut why = Vec::new();
    for check in now {
        let mut known = known.into_iter().flatten();
        if !known.any(|known| known.run == check.run) {
            why.push(format!("`validate` runs `{}`", first_line(&check.run)));
        }
    }
    for check in held {
        if !now.iter().any(|other| other.run == check.run) {
            why.push(format!(
                "`validate` leaves out `{}`",
                first_line(&check.run)
            ));
        }
    }
    why
}

fn first_line(text: &str) -> &str {
    text.trim().lines().next().unwrap_or_default()
}

fn approvals(settings: &Settings, before: Option<&Ticket>, ticket: &Ticket) -> Vec<String> {
    let rank = |policy| match policy {
        Approvals::Deny => 0,
        Approvals::Ask => 1,
        Approvals::Auto => 2,
    };
    let held = before.map_or(settings.approvals, |old| settings.approvals_for(old));
    let now = settings.approvals_for(ticket);
    let mut why = Vec::new();
    if rank(now) > rank(held) {
        let word = match now {
            Approvals::Auto => "auto",
            Approvals::Ask | Approvals::Deny => "ask",
        };
        why.push(format!("`approvals: {word}` gives its agent more leave"));
    }
    let had = before.map(|old| &old.rules);
    let had_allow = |rule| had.is_some_and(|rules| rules.allow.contains(rule));
    if !ticket.rules.allow.iter().all(had_allow) {
        why.push("`approvals` allows what nobody is asked for".to_owned());
    }
    if had.is_some_and(|had| {
        had.deny
            .iter()
            .any(|rule| !ticket.rules.deny.contains(rule))
    }) {
        why.push("`approvals` drops a rule that denies".to_owned());
    }
    why
}

/// Limits over those that would hold.
fn limits(settings: &Settings, before: Option<&Ticket>, ticket: &Ticket) -> Option<String> {
    let without = Ticket {
        limits: TicketLimits::default(),
        ..before.unwrap_or(ticket).clone()
    };
    let held = settings.limits_for(before.unwrap_or(&without));
    let now = settings.limits_for(ticket);
    // No limit is the highest.
    let over = |now: Option<u64>, held: Option<u64>| match (now, held) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(now), Some(held)) => now > held,
    };
    let cost = |limit: Option<f64>| limit.unwrap_or(f64::INFINITY);
    let higher = [
        ("turns", now.turns > held.turns),
        ("attempts", now.attempts > held.attempts),
        ("wall", now.wall > held.wall),
        ("idle", now.idle > held.idle),
        ("tokens", over(now.tokens, held.tokens)),
        ("cost_usd", cost(now.cost_usd) > cost(held.cost_usd)),
        (
            "changed_files",
            over(
                now.changed_files.map(u64::from),
                held.changed_files.map(u64::from),
            ),
        ),
        ("new_tickets", now.new_tickets > held.new_tickets),
    ];
    let names: Vec<_> = higher
        .into_iter()
        .filter_map(|(name, is_higher)| is_higher.then_some(name))
        .collect();
    (!names.is_empty()).then(|| format!("`limits` raises {}", names.join(", ")))
}
