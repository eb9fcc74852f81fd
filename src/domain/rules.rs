//! Approval rules: which requests of an agent are answered without a human, and how.
//!
//! A rule is one line: `cargo *` is about commands, `exact:rm *.o` about one command line as it stands, `edit:src/**` about
//! changed files, `tool:WebFetch` about other tools. `*` stands for anything, also for spaces and `/`. Deny wins over allow. Allow is careful: it answers only what it
//! understands entirely. Deny is generous: it looks into every part of a command line. Neither is a sandbox.

mod like;
mod shell;
mod wildcard;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use self::shell::Simple;
use self::wildcard::matches;
use super::request::{AnsweredBy, Ask, ChoiceKind, Request};
use super::ticket::Approvals;

pub use like::{NoRule, Scope, like};

/// What is said before the pattern of a rule about changed files.
const EDIT: &str = "edit:";
/// What is said before the pattern of a rule about tools.
const TOOL: &str = "tool:";
/// What is said before a command line that is meant as it stands.
const EXACT: &str = "exact:";

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rule {
    text: String,
    about: About,
}

/// What a rule is about, with its pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
enum About {
    Command(String),
    Edit(String),
    Tool(String),
    /// This command line, character by character: here `*` is no wildcard.
    Exact(String),
}

/// Why a text is no rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// There is nothing to match.
    #[error(
        "a rule can't be empty: write a command such as `cargo *`, `edit:src/**` or `tool:WebFetch`"
    )]
    Empty,
    /// Control characters never match what people mean.
    #[error("a rule is one line without control characters")]
    ControlCharacter,
    /// Another program's way to write rules.
    #[error(
        "`{text}` is written for another program: write the command alone (`git push *`), `edit:` and a path, or `tool:` and a name"
    )]
    Foreign {
        /// As written.
        text: String,
    },
    /// A word before a colon that is nearly one of ours.
    #[error(
        "`{prefix}` begins no rule: a command is written alone (`cargo *`), paths after `edit:`, tools after `tool:`"
    )]
    Prefix {
        /// As written.
        prefix: String,
    },
    /// An allow rule that could never answer anything.
    #[error(
        "an allow rule is held against one simple command, so `{text}` never matches: write one rule for each command, without `;`, `&&`, `|`, `$`, quotes left open or redirections"
    )]
    NeverSimple {
        /// As written.
        text: String,
    },
    /// An allow rule about files that could never answer anything.
    #[error(
        "an allow rule for edits is held against paths inside the worktree, so `{text}` never matches: write a path such as `edit:src/**`"
    )]
    NeverInside {
        /// As written.
        text: String,
    },
}

impl Rule {
    /// Reads a rule.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        let text = text.trim();
        if text.chars().any(char::is_control) {
            return Err(RuleError::ControlCharacter);
        }
        let pattern = |pattern: &str| {
            let pattern = pattern.trim();
            if pattern.is_empty() {
                Err(RuleError::Empty)
            } else {
                Ok(pattern.to_owned())
            }
        };
        let about = if let Some(path) = text.strip_prefix(EDIT) {
            About::Edit(pattern(path)?.trim_start_matches("./").to_owned())
        } else if let Some(name) = text.strip_prefix(TOOL) {
            About::Tool(pattern(name)?)
        } else if let Some(line) = text.strip_prefix(EXACT) {
            About::Exact(pattern(line)?)
        } else {
            check_foreign(text)?;
            About::Command(shell::collapsed(&pattern(text)?))
        };
        Ok(Self {
            text: text.to_owned(),
            about,
        })
    }

    /// Reads a rule that is to allow something: what could never match is refused here.
    pub fn parse_allow(text: &str) -> Result<Self, RuleError> {
        let rule = Self::parse(text)?;
        let text = || rule.text.clone();
        match &rule.about {
            About::Command(pattern) if Simple::read(pattern).is_none() => {
                Err(RuleError::NeverSimple { text: text() })
            }
            About::Edit(pattern) if !is_inside(pattern) => {
                Err(RuleError::NeverInside { text: text() })
            }
            _ => Ok(rule),
        }
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn denies(&self, ask: &Ask) -> bool {
        match (&self.about, ask) {
            (About::Command(pattern), Ask::Command { command }) => {
                matches(pattern, command.trim())
                    || shell::parts(command)
                        .iter()
                        .any(|part| matches(pattern, part))
            }
            (About::Edit(pattern), Ask::Edit { paths }) => {
                paths.iter().any(|path| denies_path(pattern, path))
            }
            (About::Tool(pattern), Ask::Tool { name, .. }) => matches(pattern, name),
            (About::Exact(line), Ask::Command { command }) => is_line(line, command),
            _ => false,
        }
    }
}

/// Whether a command is this line; only blanks around it mean nothing.
fn is_line(line: &str, command: &str) -> bool {
    command.trim_matches([' ', '\t']) == line
}

/// Rules in the manner of other programs would be read as commands that nobody ever runs.
fn check_foreign(text: &str) -> Result<(), RuleError> {
    let first = text.split_whitespace().next().unwrap_or_default();
    let starts_with_word = |end: usize| {
        let word = &first[..end];
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    if let Some(end) = first.find('(')
        && starts_with_word(end)
        && text.ends_with(')')
    {
        return Err(RuleError::Foreign {
            text: text.to_owned(),
        });
    }
    const SLIPS: &[&str] = &[
        "edits", "write", "read", "path", "paths", "file", "files", "tools", "command", "cmd",
        "bash", "shell", "run", "exec",
    ];
    if let Some((word, _)) = first.split_once(':') {
        let lower = word.to_ascii_lowercase();
        if SLIPS.contains(&lower.as_str()) || matches!(lower.as_str(), "edit" | "tool") {
            return Err(RuleError::Prefix {
                prefix: format!("{word}:"),
            });
        }
    }
    Ok(())
}

impl FromStr for Rule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Rule {
    type Error = RuleError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Rule> for String {
    fn from(rule: Rule) -> Self {
        rule.text
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The rules that hold for an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Rules {
    /// What is approved without asking.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<Rule>,
    /// What is refused without asking; wins over `allow`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deny: Vec<Rule>,
}

impl Rules {
    /// Whether there is no rule at all.
    pub fn is_empty(&self) -> bool {
        self.allow.is_empty() && self.deny.is_empty()
    }

    /// These rules and those too.
    #[must_use]
    pub fn and(mut self, more: &Self) -> Self {
        let add = |to: &mut Vec<Rule>, from: &[Rule]| {
            for rule in from {
                if !to.contains(rule) {
                    to.push(rule.clone());
                }
            }
        };
        add(&mut self.allow, &more.allow);
        add(&mut self.deny, &more.deny);
        self
    }

    /// The rules that allow all of it, as they are written; `None` when they don't.
    pub(crate) fn allows(&self, request: &Request) -> Option<String> {
        if request.is_question() || request.choice(ChoiceKind::AllowOnce).is_none() {
            return None;
        }
        self.allowing(&request.ask)
    }

    /// The rules that allow all of it; more than one when each allows some of the paths.
    fn allowing(&self, ask: &Ask) -> Option<String> {
        let named = |rule: &Rule| rule.text.clone();
        match ask {
            Ask::Command { command } => {
                let simple = Simple::read(command);
                let allows = |rule: &&Rule| match (&rule.about, &simple) {
                    (About::Exact(line), _) => is_line(line, command),
                    (About::Command(pattern), Some(simple)) => matches(pattern, simple.as_str()),
                    _ => false,
                };
                self.allow.iter().find(allows).map(named)
            }
            Ask::Edit { paths } => {
                let mut rules: Vec<String> = Vec::new();
                for path in paths {
                    let rule = self.allow.iter().find(|rule| {
                        matches!(&rule.about, About::Edit(pattern) if is_inside(path) && matches(pattern, path))
                    })?;
                    if !rules.contains(&rule.text) {
                        rules.push(named(rule));
                    }
                }
                (!rules.is_empty()).then(|| rules.join(", "))
            }
            Ask::Tool { name, .. } => {
                let allows = |rule: &&Rule| matches!(&rule.about, About::Tool(pattern) if matches(pattern, name));
                self.allow.iter().find(allows).map(named)
            }
            Ask::Question { .. } => None,
        }
    }
}

/// What becomes of a request before a human is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It is approved.
    Allow {
        /// By a rule or the policy.
        by: AnsweredBy,
    },
    /// It is refused.
    Deny {
        /// By a rule or the policy.
        by: AnsweredBy,
    },
    /// A human decides.
    Ask,
}

/// What becomes of a request. Deny rules come first, then allow rules, then the policy. A question is never answered by
/// an approval, and nothing is approved for good: where the agent offers only that, a rule leaves it to a human.
pub fn decide(policy: Approvals, rules: &Rules, request: &Request) -> Decision {
    let by_rule = |rule: String| AnsweredBy::Rule { rule };
    if let Some(rule) = rules.deny.iter().find(|rule| rule.denies(&request.ask)) {
        return Decision::Deny {
            by: by_rule(rule.text.clone()),
        };
    }
    if let Some(rule) = rules.allows(request) {
        return Decision::Allow { by: by_rule(rule) };
    }
    match policy {
        Approvals::Deny => Decision::Deny {
            by: AnsweredBy::Policy,
        },
        Approvals::Auto if !request.is_question() && request.allow().is_some() => Decision::Allow {
            by: AnsweredBy::Policy,
        },
        Approvals::Ask | Approvals::Auto => Decision::Ask,
    }
}

/// Whether a path (or a pattern of paths) stays inside the worktree and away from git's own files, as far as can be told
/// from its text alone.
fn is_inside(path: &str) -> bool {
    let is_plain = |part: &str| {
        !part.is_empty() && part != "." && part != ".." && !part.eq_ignore_ascii_case(".git")
    };
    !path.is_empty()
        && !path.starts_with(['/', '~'])
        && !path.contains('\\')
        && !path.chars().any(char::is_control)
        && path.split('/').all(is_plain)
}

/// Deny sees through detours: `./a`, `a//b`, `a/../b`; of a path from the root every ending counts.
fn denies_path(pattern: &str, path: &str) -> bool {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    let is_from_root = path.starts_with('/');
    let whole = parts.join("/");
    let rooted = format!("/{whole}");
    matches(pattern, path)
        || matches(pattern, if is_from_root { &rooted } else { &whole })
        || (is_from_root || parts.first() == Some(&".."))
            && (0..parts.len()).any(|start| matches(pattern, &parts[start..].join("/")))
}

#[cfg(test)]
mod tests;
