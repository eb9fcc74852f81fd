//! The keys whose values have parts: `context`, `validate`, `paths`, `limits`, `approvals`.

use std::str::FromStr;

use crate::domain::rules::{Rule, RuleError, Rules};
use crate::domain::ticket::{Approvals, Check, ContextFile, PathRules, ProblemCode, TicketLimits};

use super::fields::{Keys, items, nearest};
use super::yaml::{Node, visible};

/// Reads `context`: files for the prompt. What is wrong with one is said in the words of its place in the list.
pub(crate) fn context(keys: &mut Keys<'_>) -> Vec<ContextFile> {
    let Some(node) = keys.value("context") else {
        return Vec::new();
    };
    let mut files = Vec::new();
    for item in items(node) {
        let Some(path) = part(item, "path").or_else(|| item.text().map(|_text| item)) else {
            let found = item.describe();
            let message = format!(
                "`context` takes a list of `{{path, max_bytes, required}}` with at least `path`, not {found}"
            );
            keys.problem(ProblemCode::WrongType, item, message);
            continue;
        };
        let Some(path) = repository_path(keys, path, "context") else {
            continue;
        };
        let max_bytes =
            part(item, "max_bytes").and_then(|node| number(keys, node, "context.max_bytes"));
        let required = part(item, "required").and_then(|node| {
            let required = node.boolean();
            if required.is_none() {
                let found = node.describe();
                let message = format!("`context.required` takes true or false, not {found}");
                keys.problem(ProblemCode::WrongType, node, message);
            }
            required
        });
        files.push(ContextFile {
            path,
            max_bytes,
            required: required.unwrap_or(false),
        });
    }
    files
}

/// Reads `validate`: commands that docket runs. `None` when the key is absent.
pub(crate) fn validate(keys: &mut Keys<'_>) -> Option<Vec<Check>> {
    let node = keys.value("validate")?;
    let mut checks: Vec<Check> = Vec::new();
    for item in items(node) {
        let Some(check) = check(keys, item) else {
            continue;
        };
        if checks.iter().any(|other| other.name == check.name) {
            let message = format!(
                "two validations are called `{}`: give one another `name`",
                visible(&check.name)
            );
            keys.problem(ProblemCode::InvalidCheck, item, message);
        }
        checks.push(check);
    }
    Some(checks)
}

fn check(keys: &mut Keys<'_>, item: &Node) -> Option<Check> {
    let run = if item.entries().is_some() {
        only_parts(keys, item, "validate", &["name", "run", "timeout"]);
        part(item, "run")
    } else {
        Some(item)
    };
    let command = run
        .and_then(Node::text)
        .filter(|text| !text.trim().is_empty() && !text.contains('\0'));
    let Some(command) = command else {
        let found = run.unwrap_or(item).describe();
        let message = format!(
            "`validate` takes commands as text or as `{{name, run, timeout}}` with at least `run`, not {found}"
        );
        keys.problem(ProblemCode::InvalidCheck, run.unwrap_or(item), message);
        return None;
    };
    let name = part(item, "name").map(|node| {
        let name = node.text().map(str::trim).unwrap_or_default();
        if name.is_empty() {
            let message = format!("`validate.name` takes a text, not {}", node.describe());
            keys.problem(ProblemCode::InvalidCheck, node, message);
        }
        name
    });
    let timeout = part(item, "timeout").and_then(|node| keys.duration(node, "validate.timeout"));
    let first_line = command.trim().lines().next().unwrap_or_default();
    Some(Check {
        name: name.unwrap_or(first_line).to_owned(),
        run: command.to_owned(),
        timeout,
    })
}

/// Reads `paths`: which paths may change.
pub(crate) fn paths(keys: &mut Keys<'_>) -> PathRules {
    let Some(node) = keys.value("paths") else {
        return PathRules::default();
    };
    if !is_mapping(keys, node, "paths", "{allow: [globs], deny: [globs]}") {
        return PathRules::default();
    }
    only_parts(keys, node, "paths", &["allow", "deny"]);
    let mut globs = |name: &str| {
        let Some(list) = part(node, name) else {
            return Vec::new();
        };
        let key = format!("paths.{name}");
        for item in items(list) {
            if item.text().is_some() {
                repository_path(keys, item, &key);
            }
        }
        keys.texts_of(list, &key)
    };
    PathRules {
        allow: globs("allow"),
        deny: globs("deny"),
    }
}

/// Reads `limits`.
pub(crate) fn limits(keys: &mut Keys<'_>) -> TicketLimits {
    const PARTS: &[&str] = &[
        "turns",
        "attempts",
        "wall",
        "idle",
        "tokens",
        "cost_usd",
        "changed_files",
        "new_tickets",
    ];
    let Some(node) = keys.value("limits") else {
        return TicketLimits::default();
    };
    if !is_mapping(keys, node, "limits", "{turns: 5, wall: 1h, …}") {
        return TicketLimits::default();
    }
    only_parts(keys, node, "limits", PARTS);
    let wall = part(node, "wall").and_then(|node| keys.duration(node, "limits.wall"));
    let idle = part(node, "idle").and_then(|node| keys.duration(node, "limits.idle"));
    TicketLimits {
        turns: count(keys, node, "turns"),
        attempts: count(keys, node, "attempts"),
        wall,
        idle,
        tokens: count(keys, node, "tokens"),
        cost_usd: cost(keys, node),
        changed_files: count(keys, node, "changed_files"),
        new_tickets: count(keys, node, "new_tickets"),
    }
}

/// Reads `approvals`: a policy, or a policy with rules.
pub(crate) fn approvals(keys: &mut Keys<'_>) -> (Option<Approvals>, Rules) {
    const POLICIES: &[(&str, Approvals)] = &[
        ("ask", Approvals::Ask),
        ("auto", Approvals::Auto),
        ("deny", Approvals::Deny),
    ];
    let Some(node) = keys.value("approvals") else {
        return (None, Rules::default());
    };
    if node.entries().is_none() {
        let policy = keys.choice_of(node, "approvals", POLICIES);
        return (policy, Rules::default());
    }
    only_parts(keys, node, "approvals", &["policy", "allow", "deny"]);
    let policy =
        part(node, "policy").and_then(|node| keys.choice_of(node, "approvals.policy", POLICIES));
    let allow = rules(keys, node, "allow", Rule::parse_allow);
    let deny = rules(keys, node, "deny", Rule::parse);
    (policy, Rules { allow, deny })
}

fn rules(
    keys: &mut Keys<'_>,
    approvals: &Node,
    name: &str,
    parse: fn(&str) -> Result<Rule, RuleError>,
) -> Vec<Rule> {
    let Some(list) = part(approvals, name) else {
        return Vec::new();
    };
    let key = format!("approvals.{name}");
    let mut rules = Vec::new();
    for item in items(list) {
        let Some(text) = item.text() else {
            let found = item.describe();
            let message = format!(
                "`{key}` takes a list of rules such as `[\"cargo *\", \"edit:src/**\"]`, not {found}: put it in quotes"
            );
            keys.problem(ProblemCode::WrongType, item, message);
            continue;
        };
        match parse(text) {
            Ok(rule) => rules.push(rule),
            Err(error) => {
                let message = format!("`{key}`: {}", visible(&error.to_string()));
                keys.problem(ProblemCode::InvalidRule, item, message);
            }
        }
    }
    rules
}

fn cost(keys: &mut Keys<'_>, limits: &Node) -> Option<f64> {
    let node = part(limits, "cost_usd")?;
    let cost = node.text().and_then(|text| text.trim().parse::<f64>().ok());
    let cost = cost.filter(|cost| cost.is_finite() && *cost > 0.0);
    if cost.is_none() {
        let found = node.describe();
        let message =
            format!("`limits.cost_usd` takes an amount over zero, such as 2.50, not {found}");
        keys.problem(ProblemCode::OutOfRange, node, message);
    }
    cost
}

fn count<T: FromStr + PartialEq + Default>(
    keys: &mut Keys<'_>,
    limits: &Node,
    name: &str,
) -> Option<T> {
    let node = part(limits, name)?;
    number(keys, node, &format!("limits.{name}"))
}

/// A whole number over zero.
fn number<T: FromStr + PartialEq + Default>(
    keys: &mut Keys<'_>,
    node: &Node,
    key: &str,
) -> Option<T> {
    let number = node
        .text()
        .and_then(|text| text.trim().replace('_', "").parse::<T>().ok())
        .filter(|number| *number != T::default());
    if number.is_none() {
        let found = node.describe();
        let message = format!("`{key}` takes a whole number over zero, not {found}");
        keys.problem(ProblemCode::OutOfRange, node, message);
    }
    number
}

/// A path or glob that stays inside the repository.
fn repository_path(keys: &mut Keys<'_>, node: &Node, key: &str) -> Option<String> {
    let text = node.text().map(str::trim).unwrap_or_default();
    let complaint = if text.is_empty() {
        "takes a path"
    } else if text.starts_with(['/', '~']) || has_drive(text) {
        "takes paths relative to the repository"
    } else if text.contains('\\') {
        "takes `/` between the parts of a path"
    } else if text.split('/').any(|part| part == "..") {
        "takes no `..` in paths"
    } else if text.contains('\0') {
        "takes no zero byte in paths"
    } else {
        return Some(text.to_owned());
    };
    let message = format!("`{key}` {complaint}, not {}", node.describe());
    keys.problem(ProblemCode::InvalidPath, node, message);
    None
}

/// Whether a path begins as on Windows: `C:`.
fn has_drive(text: &str) -> bool {
    let mut start = text.chars();
    start.next().is_some_and(|c| c.is_ascii_alphabetic()) && start.next() == Some(':')
}

/// A part of a mapping; nothing (`part:`) counts as absent.
fn part<'a>(node: &'a Node, name: &str) -> Option<&'a Node> {
    node.entries()?
        .iter()
        .find(|(key, _value)| key.text() == Some(name))
        .map(|(_key, value)| value)
        .filter(|value| !value.is_null())
}

fn is_mapping(keys: &mut Keys<'_>, node: &Node, key: &str, form: &str) -> bool {
    let is_mapping = node.entries().is_some();
    if !is_mapping {
        let message = format!("`{key}` takes `{form}`, not {}", node.describe());
        keys.problem(ProblemCode::WrongType, node, message);
    }
    is_mapping
}

fn only_parts(keys: &mut Keys<'_>, node: &Node, key: &str, known: &[&str]) {
    for (name, _value) in node.entries().unwrap_or_default() {
        if name.text().is_some_and(|text| known.contains(&text)) {
            continue;
        }
        let did_you_mean = name
            .text()
            .and_then(|text| nearest(text, known))
            .map(|known| format!(": did you mean `{known}`?"));
        let allowed = || format!(": it has {}", known.join(", "));
        let rest = did_you_mean.unwrap_or_else(allowed);
        let message = format!("`{key}` has no part {}{rest}", name.describe());
        keys.problem(ProblemCode::UnknownPart, name, message);
    }
}
