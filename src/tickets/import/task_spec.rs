//! A Codencer TaskSpec. (Fields as of `internal/domain/task.go` and `schemas/task.schema.json` of its repository, v1 and v1.1.)

use super::draft::title_of;
use super::{Check, ConvertError, Converted, Draft, LeftOut, tree};
use crate::tickets::fields::nearest;
use crate::tickets::yaml::{Node, Value};

/// The fields of a TaskSpec.
const FIELDS: &[&str] = &[
    "version",
    "project_id",
    "run_id",
    "phase_id",
    "step_id",
    "id",
    "title",
    "goal",
    "context",
    "constraints",
    "allowed_paths",
    "forbidden_paths",
    "validations",
    "acceptance",
    "stop_conditions",
    "policy_bundle",
    "adapter_profile",
    "timeout_seconds",
    "is_simulation",
    "submission_provenance",
];

/// Its adapters, and the agent of docket's that does the same.
const ADAPTERS: &[(&str, &str)] = &[
    ("codex", "codex"),
    ("claude", "claude"),
    ("claude-code", "claude"),
    ("claude_code", "claude"),
    ("opencode", "opencode"),
    ("gemini", "gemini"),
    ("qwen", "qwen"),
    ("qwen-code", "qwen"),
];

/// Its ids that become labels.
const IDS: &[(&str, &str)] = &[
    ("project_id", "project"),
    ("run_id", "run"),
    ("phase_id", "phase"),
    ("step_id", "step"),
    ("id", "task"),
];

/// Whether a text is one TaskSpec, or a list of them: a mapping with a goal.
pub(super) fn is_one(text: &str) -> bool {
    let has_goal = |node: &Node| {
        node.entries()
            .is_some_and(|entries| entries.iter().any(|(name, _)| name.text() == Some("goal")))
    };
    tree::read(text).is_ok_and(|root| match &root.value {
        Value::List(items) => !items.is_empty() && items.iter().all(has_goal),
        _ => has_goal(&root),
    })
}

/// One ticket for each TaskSpec.
pub(super) fn convert(
    text: &str,
    agents: &dyn Fn(&str) -> bool,
) -> Result<Converted, ConvertError> {
    let root = tree::read(text)?;
    let mut converted = Converted::default();
    let specs = match &root.value {
        Value::List(items) => items.as_slice(),
        _ => std::slice::from_ref(&root),
    };
    for (index, spec) in specs.iter().enumerate() {
        let mut reader = Spec {
            entries: spec.entries().ok_or_else(|| {
                wrong(
                    spec,
                    format!("a TaskSpec is a mapping, not {}", spec.describe()),
                )
            })?,
            left_out: &mut converted.left_out,
        };
        let mut draft = reader.draft(spec, agents)?;
        if draft.item.is_empty() {
            draft.item = format!("task-{}", index + 1);
        }
        text.clone_into(&mut draft.origin);
        if specs.len() > 1 {
            // Another entry of the list may change without this one.
            draft.origin.clone_from(&draft.body);
        }
        converted.drafts.push(draft);
    }
    Ok(converted)
}

fn wrong(node: &Node, message: String) -> ConvertError {
    ConvertError::Wrong {
        line: node.place.line as usize,
        message,
    }
}

struct Spec<'a> {
    entries: &'a [(Node, Node)],
    left_out: &'a mut Vec<LeftOut>,
}

impl Spec<'_> {
    fn draft(&mut self, root: &Node, agents: &dyn Fn(&str) -> bool) -> Result<Draft, ConvertError> {
        self.check_names()?;
        let goal = self.text("goal")?.unwrap_or_default();
        if goal.trim().is_empty() {
            return Err(wrong(
                root,
                "`goal` is missing: say what is to be reached".to_owned(),
            ));
        }
        let (labels, item) = self.ids()?;
        let first_line = goal.trim().lines().next().unwrap_or_default();
        let mut draft = Draft {
            item,
            title: title_of(self.text("title")?.as_deref().unwrap_or(first_line)),
            goal: (goal.trim().lines().count() == 1 && goal.chars().count() <= 200)
                .then(|| goal.trim().to_owned()),
            labels,
            validate: self.validations()?,
            acceptance: self.texts("acceptance")?,
            allow: self.paths("allowed_paths")?,
            deny: self.paths("forbidden_paths")?,
            wall: self.timeout()?,
            ..Draft::default()
        };
        self.adapter(&mut draft, agents)?;
        self.policy(&mut draft)?;
        let (body, left_out) = self.body(goal.trim())?;
        draft.body = body;
        self.left_out.extend(left_out);
        Ok(draft)
    }

    /// A misspelt field would silently check, forbid or limit nothing.
    fn check_names(&mut self) -> Result<(), ConvertError> {
        for (name, value) in self.entries {
            let key = name.text().unwrap_or_default();
            if FIELDS.contains(&key) {
                continue;
            }
            if let Some(meant) = nearest(key, FIELDS) {
                let message = format!("a TaskSpec has no `{key}`: did you mean `{meant}`?");
                return Err(wrong(name, message));
            }
            let what = format!("line {}: `{key}`", name.place.line);
            let found = value.describe();
            self.left_out.push(LeftOut::new(
                what,
                format!("a TaskSpec has no such field ({found})"),
            ));
        }
        if let Some(version) = self.text("version")? {
            let number = version.trim_start_matches('v');
            if number != "1" && !number.starts_with("1.") {
                self.left_out.push(LeftOut::new(
                    format!("`version: {version}`"),
                    "docket reads it as version 1",
                ));
            }
        }
        if self.value("submission_provenance").is_some() {
            self.left_out.push(LeftOut::new(
                "`submission_provenance`",
                "it is about another submission",
            ));
        }
        Ok(())
    }

    fn value(&self, key: &str) -> Option<&Node> {
        let entries = self.entries.iter();
        let mut found = entries.filter(|(name, _)| name.text() == Some(key));
        let value = found.next().map(|(_name, value)| value);
        value.filter(|value| !value.is_null())
    }

    fn text(&self, key: &str) -> Result<Option<String>, ConvertError> {
        let Some(node) = self.value(key) else {
            return Ok(None);
        };
        let text = node.text().ok_or_else(|| {
            wrong(
                node,
                format!("`{key}` takes a text, not {}", node.describe()),
            )
        })?;
        Ok(Some(text.to_owned()).filter(|text| !text.trim().is_empty()))
    }

    fn texts(&self, key: &str) -> Result<Vec<String>, ConvertError> {
        let items = match self.value(key).map(|node| (node, &node.value)) {
            None => return Ok(Vec::new()),
            Some((_, Value::List(items))) => items.as_slice(),
            Some((node, _)) => {
                let found = node.describe();
                return Err(wrong(node, format!("`{key}` takes a list, not {found}")));
            }
        };
        let text = |item: &Node| {
            item.text().map(str::to_owned).ok_or_else(|| {
                wrong(
                    item,
                    format!("`{key}` takes a list of texts, not {}", item.describe()),
                )
            })
        };
        items.iter().map(text).collect()
    }

    /// Ids are kept as labels; they never become a path here, and one that would be another path elsewhere is no id.
    fn ids(&self) -> Result<(Vec<String>, String), ConvertError> {
        let mut labels = Vec::new();
        let mut item = String::new();
        for (key, label) in IDS {
            let Some(id) = self.text(key)? else { continue };
            let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | ':');
            let is_id = id.len() <= 128
                && id.chars().all(allowed)
                && id.chars().any(char::is_alphanumeric)
                && !id.contains("..");
            if !is_id {
                let message = format!(
                    "`{key}` takes up to 128 of the characters A-Z a-z 0-9 . _ - :, without `..`, not `{}`",
                    crate::tickets::yaml::visible(&id)
                );
                let node = self.value(key);
                return Err(node.map_or_else(
                    || ConvertError::Wrong {
                        line: 1,
                        message: message.clone(),
                    },
                    |node| wrong(node, message.clone()),
                ));
            }
            labels.push(format!("{label}:{id}"));
            if matches!(*key, "step_id" | "id") {
                item = id;
            }
        }
        Ok((labels, item))
    }

    fn validations(&self) -> Result<Option<Vec<Check>>, ConvertError> {
        let Some(node) = self.value("validations") else {
            return Ok(None);
        };
        let Value::List(items) = &node.value else {
            let found = node.describe();
            return Err(wrong(
                node,
                format!("`validations` takes a list, not {found}"),
            ));
        };
        let check = |item: &Node| {
            if let Some(run) = item.text() {
                return Ok(Check {
                    name: None,
                    run: run.to_owned(),
                });
            }
            let entries = item.entries().unwrap_or_default();
            let part = |key: &str| {
                let found = entries.iter().find(|(name, _)| name.text() == Some(key));
                found.and_then(|(_name, value)| value.text().map(str::to_owned))
            };
            let unknown = entries.iter().find(|(name, _)| {
                !name
                    .text()
                    .is_some_and(|key| matches!(key, "name" | "command"))
            });
            if let Some((name, _value)) = unknown {
                let found = name.describe();
                return Err(wrong(
                    name,
                    format!("a validation has `name` and `command`, and no {found}"),
                ));
            }
            let run = part("command").filter(|run| !run.trim().is_empty());
            Ok(Check {
                name: part("name").filter(|name| !name.trim().is_empty()),
                run: run.ok_or_else(|| wrong(item, "a validation needs a `command`".to_owned()))?,
            })
        };
        // An empty list there means that nobody thought of any: docket's default holds.
        let checks = items.iter().map(check).collect::<Result<Vec<_>, _>>()?;
        Ok(Some(checks).filter(|checks| !checks.is_empty()))
    }

    /// A path there is a file or a folder with all in it; here it is a glob.
    fn paths(&self, key: &str) -> Result<Vec<String>, ConvertError> {
        let mut globs = Vec::new();
        for path in self.texts(key)? {
            let plain = path.trim().trim_start_matches("./");
            let leaves = plain.starts_with('/')
                || plain.contains('\\')
                || plain.split('/').any(|part| part == "..");
            if leaves || plain.is_empty() {
                let message = format!(
                    "`{key}` has `{}`, which leaves the repository: write paths relative to its root, without `..`",
                    crate::tickets::yaml::visible(&path)
                );
                let node = self.value(key);
                return Err(node.map_or_else(
                    || ConvertError::Wrong {
                        line: 1,
                        message: message.clone(),
                    },
                    |node| wrong(node, message.clone()),
                ));
            }
            let is_glob = plain.contains(['*', '?', '[', '{']);
            match plain.strip_suffix('/') {
                Some(folder) => globs.push(format!("{folder}/**")),
                None if is_glob => globs.push(plain.to_owned()),
                None => globs.extend([plain.to_owned(), format!("{plain}/**")]),
            }
        }
        Ok(globs)
    }

    fn timeout(&self) -> Result<Option<u64>, ConvertError> {
        let Some(node) = self.value("timeout_seconds") else {
            return Ok(None);
        };
        let seconds: Option<u64> = node.text().and_then(|text| text.parse().ok());
        let seconds = seconds.ok_or_else(|| {
            let found = node.describe();
            wrong(
                node,
                format!("`timeout_seconds` takes a whole number of seconds, not {found}"),
            )
        })?;
        Ok(Some(seconds).filter(|&seconds| seconds > 0))
    }

    fn adapter(
        &mut self,
        draft: &mut Draft,
        agents: &dyn Fn(&str) -> bool,
    ) -> Result<(), ConvertError> {
        let simulation = self
            .value("is_simulation")
            .and_then(Node::boolean)
            .unwrap_or(false);
        if simulation {
            draft.labels.push("simulation".to_owned());
            self.left_out.push(LeftOut::new(
                "`is_simulation: true`",
                "docket doesn't simulate: the agent really runs (`agent: replay` plays a recording)",
            ));
        }
        let Some(adapter) = self.text("adapter_profile")? else {
            return Ok(());
        };
        let lower = adapter.trim().to_ascii_lowercase();
        let known = ADAPTERS.iter().find(|(name, _agent)| *name == lower);
        let agent = known.map_or(lower.as_str(), |(_name, agent)| *agent);
        if agents(agent) {
            draft.agent = Some(agent.to_owned());
        } else {
            draft.labels.push(format!("adapter:{}", title_of(&adapter)));
            self.left_out.push(LeftOut::new(
                format!("`adapter_profile: {}`", title_of(&adapter)),
                "no agent of that name is configured here: the ticket gets the default agent, and a label",
            ));
        }
        Ok(())
    }

    fn policy(&mut self, draft: &mut Draft) -> Result<(), ConvertError> {
        if let Some(policy) = self.text("policy_bundle")? {
            let policy = title_of(&policy);
            draft.labels.push(format!("policy:{policy}"));
            self.left_out.push(LeftOut::new(
                format!("`policy_bundle: {policy}`"),
                "its rules are in Codencer's own files: write what must hold into docket.toml or the ticket; kept as a label",
            ));
        }
        Ok(())
    }

    fn body(&self, goal: &str) -> Result<(String, Vec<LeftOut>), ConvertError> {
        let mut left_out = Vec::new();
        let mut body = goal.to_owned();
        let mut section = |title: &str, text: &str| {
            if !text.trim().is_empty() {
                body.extend(["\n\n## ", title, "\n\n", text.trim()]);
            }
        };
        if let Some(context) = self.value("context") {
            match &context.value {
                Value::Scalar { text, .. } => section("Context", text),
                Value::Mapping(entries) => {
                    for (name, value) in entries {
                        match (name.text(), value.text()) {
                            (Some("summary"), Some(text)) => section("Context", text),
                            (Some(key), Some(text)) => section(&title_of(key), text),
                            (key, None) => {
                                left_out.push(LeftOut::new(
                                    format!("`context.{}`", key.unwrap_or_default()),
                                    "docket takes texts there: name files under `context` of the ticket",
                                ));
                            }
                            (None, Some(_)) => {}
                        }
                    }
                }
                _ => {
                    let found = context.describe();
                    return Err(wrong(
                        context,
                        format!("`context` takes a mapping, not {found}"),
                    ));
                }
            }
        }
        let bullets = |texts: Vec<String>| -> String {
            let lines: Vec<_> = texts
                .iter()
                .map(|text| format!("- {}", text.trim()))
                .collect();
            lines.join("\n")
        };
        section("Constraints", &bullets(self.texts("constraints")?));
        section("Stop when", &bullets(self.texts("stop_conditions")?));
        Ok((body, left_out))
    }
}
