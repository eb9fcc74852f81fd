//! All that is wrong with a queue, with file, line and column, and the repairs that need no decision.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::domain::hash::sha256;
use crate::domain::ids::{Sha256, TicketId};
use crate::domain::policy::PolicyName;
use crate::domain::queue::Queue;
use crate::domain::ticket::{
    Dependency, Finding, KnownNames, Place, Problem, ProblemCode, QueueEntry, Severity,
};

use super::edit::NewValue;
use super::fields::{self, in_file, items, meant_boolean};
use super::front_matter::FrontMatter;
use super::load::{self, Scan};
use super::parse::parse;
use super::write::{self, WriteError};
use super::yaml::{self, Node};

/// What lint found.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize)]
pub struct Report {
    /// How many tickets were looked at, broken ones included.
    pub tickets: usize,
    /// All problems, by path and place.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether anything keeps a ticket from running.
    pub fn has_errors(&self) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.problem.severity == Severity::Error)
    }
}

/// Lints a scanned queue. With `known`, a ticket whose agent or policy isn't among these names is an error.
///
/// Files with problems of the queue are read once more to find the lines; `root` is the repository.
pub fn lint(root: &Path, scan: &Scan, known: Option<&KnownNames>) -> Report {
    let queue = Queue::new(scan.entries.iter().cloned());
    let mut findings = queue.problems(known);
    let entries: HashMap<&Path, &Arc<QueueEntry>> = scan
        .entries
        .iter()
        .map(|entry| (entry.path.as_path(), entry))
        .collect();
    let mut keys: HashMap<PathBuf, Option<Node>> = HashMap::new();
    for finding in &mut findings {
        let Some(entry) = entries.get(finding.path.as_path()) else {
            continue;
        };
        if let Some(near) = known.and_then(|known| nearest_policy(&finding.problem, entry, known)) {
            finding.problem.message =
                format!("{}; did you mean `{near}`?", finding.problem.message);
        }
        if finding.problem.place.is_none() && entry.ticket.is_some() {
            let path = root.join(&finding.path);
            let front_matter = keys
                .entry(finding.path.clone())
                .or_insert_with(|| front_matter(&path));
            finding.problem.place = front_matter
                .as_ref()
                .and_then(|root| place_of(root, &finding.problem, &queue));
        }
    }
    findings.extend(scan.problems.iter().cloned());
    findings.sort_by(|a, b| {
        a.path
            .cmp(&b.path)
            .then(a.problem.place.cmp(&b.problem.place))
    });
    Report {
        tickets: scan.entries.len(),
        findings,
    }
}

/// Everything that is wrong with one ticket whose text is `bytes`, as if it were saved as `path` in this queue: what [`lint`] says
/// about the file. Reads no file. `path` is relative to the repository.
pub fn lint_text(
    queue: &Queue,
    path: &Path,
    bytes: &[u8],
    known: Option<&KnownNames>,
) -> Vec<Problem> {
    let entry = Arc::new(parse(path, bytes));
    let others = queue.entries().iter().filter(|other| other.path != path);
    let queue = Queue::new(others.cloned().chain([Arc::clone(&entry)]));
    let mut problems = entry.problems.clone();
    let index = queue.entries().iter().position(|other| other.path == path);
    let mut shared = index.map_or_else(Vec::new, |index| queue.problems_of(index, known));
    let root = (entry.ticket.is_some() && !shared.is_empty())
        .then(|| std::str::from_utf8(bytes).ok().and_then(front_matter_of))
        .flatten();
    for problem in &mut shared {
        if let Some(near) = known.and_then(|known| nearest_policy(problem, &entry, known)) {
            problem.message = format!("{}; did you mean `{near}`?", problem.message);
        }
        let place = root
            .as_ref()
            .and_then(|root| place_of(root, problem, &queue));
        problem.place = problem.place.or(place);
    }
    problems.extend(shared);
    problems.sort_by_key(|problem| (problem.place, problem.code));
    problems
}

/// The policy that was probably meant by one that is unknown.
fn nearest_policy<'k>(
    problem: &Problem,
    entry: &QueueEntry,
    known: &'k KnownNames,
) -> Option<&'k str> {
    let policy = entry.ticket.as_ref()?.policy.as_ref()?;
    let names = known.policies.iter().flatten().map(PolicyName::as_str);
    let names: Vec<_> = names.collect();
    (problem.code == ProblemCode::UnknownPolicy)
        .then(|| fields::nearest(policy.as_str(), &names))
        .flatten()
}

/// One repair that was made, or couldn't be.
#[derive(Debug)]
pub struct Repair {
    /// The file.
    pub path: PathBuf,
    /// The key that was written.
    pub key: &'static str,
    /// The file's new revision, or why it is as it was.
    pub result: Result<Sha256, WriteError>,
}

/// Puts right what needs no decision: a missing `ticket_id` or `done`, and a `done` whose meaning is plain (`"true"`, `1`).
/// Changes only the bytes of these values, and no file that changed since the scan.
pub fn fix(root: &Path, scan: &Scan) -> Vec<Repair> {
    let mut taken: HashMap<TicketId, usize> = HashMap::new();
    for entry in &scan.entries {
        *taken.entry(entry.id.clone()).or_default() += 1;
    }
    let mut repairs = Vec::new();
    for entry in &scan.entries {
        let path = root.join(&entry.path);
        let mut revision = entry.revision;
        let fixable = entry.problems.iter().filter(|problem| problem.fixable);
        for problem in fixable {
            let Some((key, value)) = repair(problem.code, entry, &path, &mut taken) else {
                continue;
            };
            let result = write::update(&path, revision, key, &value);
            if let Ok(new) = &result {
                revision = *new;
            }
            repairs.push(Repair {
                path: entry.path.clone(),
                key,
                result,
            });
        }
    }
    repairs
}

/// Scans, repairs and lints again: what `docket lint --fix` does.
pub fn fix_and_lint(
    root: &Path,
    folder: &Path,
    agents: Option<&KnownNames>,
) -> (Vec<Repair>, Report) {
    let repairs = fix(root, &load::scan(root, folder));
    let report = lint(root, &load::scan(root, folder), agents);
    (repairs, report)
}

fn repair(
    code: ProblemCode,
    entry: &QueueEntry,
    path: &Path,
    taken: &mut HashMap<TicketId, usize>,
) -> Option<(&'static str, NewValue)> {
    match code {
        ProblemCode::MissingId => {
            let id = free_id(entry, taken);
            Some(("ticket_id", NewValue::Text(id.to_string())))
        }
        ProblemCode::MissingDone => Some(("done", NewValue::Bool(false))),
        ProblemCode::InvalidDone => {
            let root = front_matter(path)?;
            let node = value(&root, "done")?;
            let meant = node.text().and_then(meant_boolean)?;
            Some(("done", NewValue::Bool(meant)))
        }
        _ => None,
    }
}

/// The id that the path stands for, so that what is recorded under it stays this ticket's; another one if that is taken.
fn free_id(entry: &QueueEntry, taken: &mut HashMap<TicketId, usize>) -> TicketId {
    if taken.get(&entry.id).is_none_or(|&count| count == 1) {
        return entry.id.clone();
    }
    let mut id = entry.id.clone();
    while taken.contains_key(&id) {
        let mut digits = sha256(format!("{id}\n{}", entry.path.display()).as_bytes()).to_string();
        digits.truncate(32);
        let Ok(next) = format!("tkt_{digits}").parse() else {
            break;
        };
        id = next;
    }
    taken.insert(id.clone(), 1);
    id
}

fn front_matter(path: &Path) -> Option<Node> {
    front_matter_of(&std::fs::read_to_string(path).ok()?)
}

fn front_matter_of(text: &str) -> Option<Node> {
    let parts = FrontMatter::find(text).ok()?;
    yaml::read(&text[parts.yaml]).ok()
}

fn value<'a>(root: &'a Node, key: &str) -> Option<&'a Node> {
    let entries = root.entries()?;
    let found = entries
        .iter()
        .find(|(name, _value)| name.text() == Some(key));
    found.map(|(_name, value)| value)
}

/// Where in the front matter a problem of the queue comes from.
fn place_of(root: &Node, problem: &Problem, queue: &Queue) -> Option<Place> {
    let key = match problem.code {
        ProblemCode::DuplicateId => "ticket_id",
        ProblemCode::UnknownAgent => "agent",
        ProblemCode::UnknownPolicy => "policy",
        ProblemCode::Cycle | ProblemCode::OutOfOrder | ProblemCode::UnknownDependency => {
            "depends_on"
        }
        _ => return None,
    };
    let node = value(root, key)?;
    let is_unknown = |item: &&Node| {
        let dependency = item.text().and_then(fields::dependency);
        dependency.is_some_and(|dependency| match dependency {
            Dependency::Number(number) => !queue.has_number(number),
            Dependency::Id(id) => queue.by_id(&id).is_none(),
        })
    };
    let item = (problem.code == ProblemCode::UnknownDependency)
        .then(|| {
            let mut unknown = items(node).iter().filter(is_unknown);
            unknown.find(|item| problem.message.contains(&dependency_words(item)))
        })
        .flatten();
    Some(in_file(item.unwrap_or(node).place))
}

/// How the message about an unknown dependency names it.
fn dependency_words(item: &Node) -> String {
    match item.text().and_then(fields::dependency) {
        Some(Dependency::Number(number)) => format!("number {number}:"),
        Some(Dependency::Id(id)) => format!("`{id}`"),
        None => String::new(),
    }
}
