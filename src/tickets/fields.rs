//! The keys of the front matter: each read by its own rule, every mistake with its place.

use std::time::Duration;

use crate::domain::ids::{TicketId, TicketName};
use crate::domain::policy::PolicyName;
use crate::domain::ticket::{AgentName, Dependency, GateRule, Place, Problem, ProblemCode, Ticket};
use crate::domain::time::Timestamp;

use super::nested;
use super::yaml::{self, Node, Value};

/// The keys that docket knows, in the order of the documentation.
pub const KEYS: &[&str] = &[
    "ticket_id",
    "agent",
    "done",
    "title",
    "goal",
    "model",
    "reasoning",
    "profile",
    "context",
    "depends_on",
    "priority",
    "labels",
    "validate",
    "acceptance",
    "gate",
    "paths",
    "policy",
    "limits",
    "approvals",
    "not_before",
    "every",
];

/// What a ticket is when its front matter doesn't say.
pub(crate) struct Identity {
    pub(crate) derived_id: TicketId,
    pub(crate) name: TicketName,
}

/// What could be read.
pub(crate) struct Read {
    /// The ticket; `None` when a key without which there is none is missing or wrong.
    pub(crate) ticket: Option<Ticket>,
    /// The id, if the file names one.
    pub(crate) id: Option<TicketId>,
    /// The title, if the file has one.
    pub(crate) title: Option<String>,
    /// All that is wrong.
    pub(crate) problems: Vec<Problem>,
}

/// A place in the YAML as a place in the file: the opening `---` is line 1.
pub(crate) fn in_file(place: Place) -> Place {
    Place {
        line: place.line.saturating_add(1),
        ..place
    }
}

/// Reads all keys.
pub(crate) fn read(root: &Node, identity: Identity, body: &str) -> Result<Read, Problem> {
    let mut keys = Keys::of(root)?;
    let id = keys.id();
    let agent = keys.agent();
    let done = keys.done();
    let title = keys.text("title");
    let goal = keys.text("goal");
    let model = keys.text("model");
    let reasoning = keys.text("reasoning");
    let profile = keys.profile();
    let context = nested::context(&mut keys);
    let depends_on = keys.depends_on();
    let priority = keys.priority();
    let labels = keys.texts("labels");
    let validate = nested::validate(&mut keys);
    let acceptance = keys.texts("acceptance");
    let gate = keys.gate();
    let paths = nested::paths(&mut keys);
    let policy = keys.policy();
    let limits = nested::limits(&mut keys);
    let (approvals, rules) = nested::approvals(&mut keys);
    let not_before = keys.not_before();
    let every = keys.every();
    keys.warn_of_misspelt();
    let Identity { derived_id, name } = identity;
    let ticket = agent.zip(done).map(|(agent, done)| Ticket {
        id_is_derived: id.is_none(),
        id: id.clone().unwrap_or(derived_id),
        name,
        agent,
        done,
        title: title.clone(),
        goal,
        model,
        reasoning,
        profile,
        context,
        depends_on,
        priority,
        labels,
        validate,
        acceptance,
        gate,
        paths,
        policy,
        limits,
        approvals,
        rules,
        not_before,
        every,
        body: body.to_owned(),
    });
    Ok(Read {
        ticket,
        id,
        title,
        problems: keys.problems,
    })
}

/// The keys of a front matter, and the problems found so far.
pub(crate) struct Keys<'a> {
    entries: &'a [(Node, Node)],
    problems: Vec<Problem>,
}

impl<'a> Keys<'a> {
    fn of(root: &'a Node) -> Result<Self, Problem> {
        let entries = root.entries().ok_or_else(|| {
            let found = root.describe();
            let message = format!("`key: value` lines belong between the two `---`, not {found}");
            Problem::new(ProblemCode::NotAMapping, Some(in_file(root.place)), message)
        })?;
        Ok(Self {
            entries,
            problems: Vec::new(),
        })
    }

    /// The value of a key; nothing (`key:`) counts as absent.
    pub(crate) fn value(&self, key: &str) -> Option<&'a Node> {
        self.entries
            .iter()
            .find(|(name, _value)| name.text() == Some(key))
            .map(|(_name, value)| value)
            .filter(|value| !value.is_null())
    }

    /// Notes a problem at a node.
    pub(crate) fn problem(&mut self, code: ProblemCode, node: &Node, message: String) {
        self.problems
            .push(Problem::new(code, Some(in_file(node.place)), message));
    }

    fn id(&mut self) -> Option<TicketId> {
        let Some(node) = self.value("ticket_id") else {
            let message = "`ticket_id` is missing, so the path stands for it: run `docket lint --fix` before renaming the file";
            self.problems
                .push(Problem::new(ProblemCode::MissingId, Some(START), message).fixable());
            return None;
        };
        let id = node.text().and_then(|text| text.trim().parse().ok());
        if id.is_none() {
            let found = node.describe();
            let message = format!(
                "`ticket_id` takes 6 to 128 of the characters A-Z a-z 0-9 . _ -, not {found}"
            );
            self.problem(ProblemCode::InvalidId, node, message);
        }
        id
    }

    fn agent(&mut self) -> Option<AgentName> {
        let missing = "`agent` is missing: write who works on it, such as `agent: codex`, `agent: shell` or `agent: user`";
        let Some(node) = self.value("agent") else {
            self.problems.push(Problem::new(
                ProblemCode::MissingAgent,
                Some(START),
                missing,
            ));
            return None;
        };
        let Some(text) = node.text() else {
            let message = format!("`agent` takes one name, not {}", node.describe());
            self.problem(ProblemCode::WrongType, node, message);
            return None;
        };
        let agent = text.parse().ok();
        if agent.is_none() {
            self.problem(ProblemCode::MissingAgent, node, missing.to_owned());
        }
        agent
    }

    fn done(&mut self) -> Option<bool> {
        let Some(node) = self.value("done") else {
            let message = "`done` is missing: write `done: false`";
            self.problems
                .push(Problem::new(ProblemCode::MissingDone, Some(START), message).fixable());
            return None;
        };
        let done = node.boolean();
        if done.is_none() {
            let found = node.describe();
            let message = format!("`done` takes true or false, without quotes, not {found}");
            let problem =
                Problem::new(ProblemCode::InvalidDone, Some(in_file(node.place)), message);
            let is_meant = node.text().and_then(meant_boolean).is_some();
            self.problems
                .push(if is_meant { problem.fixable() } else { problem });
        }
        done
    }

    /// A text. What can't be one is ignored with a warning, as codex-autorunner ignores it silently.
    fn text(&mut self, key: &str) -> Option<String> {
        let node = self.value(key)?;
        let Some(text) = node.text() else {
            let found = node.describe();
            let message = format!("`{key}` takes a text, so {found} is ignored: put it in quotes");
            self.problem(ProblemCode::IgnoredValue, node, message);
            return None;
        };
        Some(text.trim())
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    }

    fn profile(&mut self) -> Option<String> {
        let node = self.value("profile")?;
        let text = node.text().map(str::trim).filter(|text| !text.is_empty());
        if text.is_none() {
            let message = format!("`profile` takes a text, not {}", node.describe());
            self.problem(ProblemCode::WrongType, node, message);
        }
        text.map(str::to_owned)
    }

    fn policy(&mut self) -> Option<PolicyName> {
        let node = self.value("policy")?;
        let name = node.text().and_then(|text| text.parse().ok());
        if name.is_none() {
            let message = format!(
                "`policy` takes the name of a policy, not {}",
                node.describe()
            );
            self.problem(ProblemCode::WrongType, node, message);
        }
        name
    }

    /// A list of texts; a single text counts as a list of one.
    fn texts(&mut self, key: &str) -> Vec<String> {
        let Some(node) = self.value(key) else {
            return Vec::new();
        };
        self.texts_of(node, key)
    }

    /// The texts of a list.
    pub(crate) fn texts_of(&mut self, node: &Node, key: &str) -> Vec<String> {
        let mut texts = Vec::new();
        for item in items(node) {
            let text = item.text().map(str::trim).filter(|text| !text.is_empty());
            if let Some(text) = text {
                texts.push(text.to_owned());
            } else {
                let found = item.describe();
                let message =
                    format!("`{key}` takes a list of texts, not {found}: put it in quotes");
                self.problem(ProblemCode::WrongType, item, message);
            }
        }
        texts
    }

    fn depends_on(&mut self) -> Vec<Dependency> {
        let Some(node) = self.value("depends_on") else {
            return Vec::new();
        };
        let mut dependencies = Vec::new();
        for item in items(node) {
            if let Some(dependency) = item.text().and_then(dependency) {
                if !dependencies.contains(&dependency) {
                    dependencies.push(dependency);
                }
            } else {
                let found = item.describe();
                let message = format!(
                    "`depends_on` takes numbers or ids of tickets, such as `[3, tkt_parser]`, not {found}"
                );
                self.problem(ProblemCode::InvalidDependency, item, message);
            }
        }
        dependencies
    }

    fn priority(&mut self) -> i64 {
        let Some(node) = self.value("priority") else {
            return 0;
        };
        let number = node
            .text()
            .and_then(|text| text.replace('_', "").parse().ok());
        if number.is_none() {
            let found = node.describe();
            let message =
                format!("`priority` takes a whole number (higher runs earlier), not {found}");
            self.problem(ProblemCode::WrongType, node, message);
        }
        number.unwrap_or(0)
    }

    fn gate(&mut self) -> GateRule {
        let choices = [("none", GateRule::None), ("review", GateRule::Review)];
        self.choice("gate", &choices).unwrap_or_default()
    }

    fn choice<T: Copy>(&mut self, key: &str, choices: &[(&str, T)]) -> Option<T> {
        let node = self.value(key)?;
        self.choice_of(node, key, choices)
    }

    /// The word that a value is.
    pub(crate) fn choice_of<T: Copy>(
        &mut self,
        node: &Node,
        key: &str,
        choices: &[(&str, T)],
    ) -> Option<T> {
        let text = node.text().unwrap_or_default();
        let chosen = choices.iter().find(|(word, _value)| *word == text);
        if chosen.is_none() {
            let words: Vec<_> = choices
                .iter()
                .map(|(word, _)| format!("`{word}`"))
                .collect();
            let (words, found) = (words.join(", "), node.describe());
            let message = format!("`{key}` takes one of {words}, not {found}");
            self.problem(ProblemCode::UnknownValue, node, message);
        }
        chosen.map(|(_word, value)| *value)
    }

    fn not_before(&mut self) -> Option<Timestamp> {
        let node = self.value("not_before")?;
        let time = node
            .text()
            .and_then(|text| text.trim().parse::<jiff::Timestamp>().ok());
        if time.is_none() {
            let found = node.describe();
            let message = format!(
                "`not_before` takes a time with its offset from UTC, such as 2026-11-21T22:00:00+01:00, not {found}"
            );
            self.problem(ProblemCode::InvalidTime, node, message);
        }
        time.map(|time| Timestamp(time.as_millisecond()))
    }

    fn every(&mut self) -> Option<Duration> {
        let node = self.value("every")?;
        self.duration(node, "every")
    }

    /// A duration over zero.
    pub(crate) fn duration(&mut self, node: &Node, key: &str) -> Option<Duration> {
        let duration = node.text().and_then(duration);
        if duration.is_none() {
            let found = node.describe();
            let message = format!(
                "`{key}` takes a duration over zero, such as 90s, 10m or 1h30m, not {found}"
            );
            self.problem(ProblemCode::InvalidDuration, node, message);
        }
        duration
    }

    fn warn_of_misspelt(&mut self) {
        for (name, _value) in self.entries {
            let Some(key) = name.text().filter(|key| !KEYS.contains(key)) else {
                continue;
            };
            if let Some(known) = nearest(key, KEYS) {
                let message = format!("`{key}` is no key of docket's: did you mean `{known}`?");
                self.problem(ProblemCode::NearlyAKey, name, message);
            }
        }
    }
}

/// Where a problem of the front matter as a whole is shown.
const START: Place = Place { line: 1, column: 1 };

/// The items of a list; a single value counts as a list of one.
pub(crate) fn items(node: &Node) -> &[Node] {
    match &node.value {
        Value::List(items) => items,
        _ => std::slice::from_ref(node),
    }
}

/// The boolean that somebody meant who wrote something else: `"yes"`, `1`.
pub(crate) fn meant_boolean(text: &str) -> Option<bool> {
    match text.trim() {
        "1" => Some(true),
        "0" => Some(false),
        other => yaml::boolean(&other.to_ascii_lowercase()),
    }
}

/// The word of `known` that `word` is very close to.
pub(crate) fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let word = word.to_ascii_lowercase().replace(['-', ' '], "_");
    let allowed = if word.len() < 6 { 1 } else { 2 };
    known
        .iter()
        .map(|key| (strsim::osa_distance(&word, key), *key))
        .filter(|(distance, _key)| *distance <= allowed)
        .min()
        .map(|(_distance, key)| key)
}

/// What a text of `depends_on` means: a number, a ticket's name or file name, or an id.
pub(crate) fn dependency(text: &str) -> Option<Dependency> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok().map(Dependency::Number);
    }
    let as_file = if text.to_ascii_lowercase().ends_with(".md") {
        text.to_owned()
    } else {
        format!("{text}.md")
    };
    if let Some(name) = TicketName::from_file_name(&as_file) {
        return Some(Dependency::Number(name.number()));
    }
    text.parse().ok().map(Dependency::Id)
}

fn duration(text: &str) -> Option<Duration> {
    let span: jiff::Span = text.trim().parse().ok()?;
    let duration = span
        .to_duration(jiff::SpanRelativeTo::days_are_24_hours())
        .ok()?;
    Duration::try_from(duration)
        .ok()
        .filter(|duration| !duration.is_zero())
}
