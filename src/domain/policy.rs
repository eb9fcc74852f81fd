//! Policy: what may change without a human's look, held against what really changed.
//!
//! [`evaluate`] is the whole of it: a policy and plain descriptions of changed paths in, findings out. Who wrote a change (a
//! commit, the index, an untracked file) is no question here: all of it is in the tree that would be merged.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Component, Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::ids::InvalidId;
use super::settings::words;
use super::ticket::PathRules;

mod files;
#[cfg(test)]
mod tests;

pub use files::examples;

words! {
    /// What happens to work with a change that a rule is about.
    PolicyAction {
        /// Nothing.
        Allow = "allow",
        /// A human looks before it is merged.
        Gate = "gate",
        /// It is not accepted: the agent is told what to undo.
        Fail = "fail",
    }
}

words! {
    /// What a rule is about.
    PolicyRule {
        /// Manifests that name dependencies.
        Dependencies = "dependencies",
        /// Files that pin dependencies.
        Lockfiles = "lockfiles",
        /// Migrations of databases.
        Migrations = "migrations",
        /// What machines run for the repository.
        Ci = "ci",
        /// Files that are no text.
        Binaries = "binaries",
        /// Files above a size.
        LargeFiles = "large_files",
        /// Files that are gone.
        Deletions = "deletions",
        /// Added lines that look like secrets.
        Secrets = "secrets",
        /// Repositories inside the repository.
        Submodules = "submodules",
        /// Symbolic links that lead out of the tree.
        Symlinks = "symlinks",
        /// Files that become executable, or are it no more.
        Modes = "modes",
        /// Files that tell git what to see and how.
        GitFiles = "git_files",
    }
}

impl PolicyRule {
    /// Every rule, in the order in which people read them.
    pub const ALL: &'static [Self] = &[
        Self::Dependencies,
        Self::Lockfiles,
        Self::Migrations,
        Self::Ci,
        Self::Binaries,
        Self::LargeFiles,
        Self::Deletions,
        Self::Secrets,
        Self::Submodules,
        Self::Symlinks,
        Self::Modes,
        Self::GitFiles,
    ];

    /// What it is about, in a few words.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Dependencies => "manifests that name dependencies",
            Self::Lockfiles => "files that pin dependencies",
            Self::Migrations => "migrations of databases",
            Self::Ci => "what CI runs",
            Self::Binaries => "files that are no text, added or changed",
            Self::LargeFiles => {
                "files of more than `large_file_bytes`, added or changed, and files too large to be saved"
            }
            Self::Deletions => "files that are gone; a rename is no deletion",
            Self::Secrets => {
                "added lines that look like secrets, in the result or in a commit on the way to it"
            }
            Self::Submodules => "submodules, and repositories inside the working tree",
            Self::Symlinks => "symbolic links that lead out of the tree or into `.git`",
            Self::Modes => "files that become executable, or are it no more",
            Self::GitFiles => "what tells git which files to see and how",
        }
    }

    /// What holds unless the configuration says otherwise.
    pub const fn built_in(self) -> PolicyAction {
        match self {
            Self::Secrets | Self::Submodules | Self::Symlinks => PolicyAction::Gate,
            Self::Dependencies
            | Self::Lockfiles
            | Self::Migrations
            | Self::Ci
            | Self::Binaries
            | Self::LargeFiles
            | Self::Deletions
            | Self::Modes
            | Self::GitFiles => PolicyAction::Allow,
        }
    }

    /// What an agent is to do about it, as an imperative.
    const fn remedy(self) -> &'static str {
        match self {
            Self::Dependencies => {
                "put the file back as it was, and name the dependency that you need in your last message"
            }
            Self::Lockfiles | Self::Migrations | Self::Ci | Self::GitFiles => {
                "put the file back as it was"
            }
            Self::Binaries => "take the file out, or keep it where git ignores it",
            Self::LargeFiles => "take the file out or make it smaller",
            Self::Deletions => "bring the file back",
            Self::Secrets => {
                "take the secret out of the file, and out of your own commits if you made any"
            }
            Self::Submodules => "take it out again",
            Self::Symlinks => {
                "take the link out, or let it point to something inside the repository"
            }
            Self::Modes => "give the file its old mode back",
        }
    }
}

/// The name of a policy, as in `[policies.<name>]`: never empty, one line, case as written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PolicyName(String);

impl PolicyName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PolicyName {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name = text.trim();
        if name.is_empty() || name.chars().any(char::is_control) {
            return Err(InvalidId {
                text: text.to_owned(),
                expected: "the name of a policy (such as `strict`)",
            });
        }
        Ok(Self(name.to_owned()))
    }
}

impl TryFrom<String> for PolicyName {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<PolicyName> for String {
    fn from(name: PolicyName) -> Self {
        name.0
    }
}

impl fmt::Display for PolicyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What holds for an attempt: one action for each rule, and what may change at all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// `None` for the one that holds for tickets that name none.
    pub name: Option<PolicyName>,
    /// What happens for each rule. One that is missing is as built in.
    pub actions: BTreeMap<PolicyRule, PolicyAction>,
    /// Which paths may change, beside what the ticket says.
    pub paths: PathRules,
    /// How many files may change at most, beside what the ticket says.
    pub changed_files: Option<u32>,
    /// Files with more bytes than this are large.
    pub large_file_bytes: u64,
}

impl Policy {
    /// A file with more bytes is large, unless the configuration says otherwise.
    pub const LARGE_FILE_BYTES: u64 = 1 << 20;

    /// The policy under which nothing passes that any rule is about: for what can't be looked up.
    pub fn strictest(name: PolicyName) -> Self {
        let fail = |rule: &PolicyRule| (*rule, PolicyAction::Fail);
        Self {
            name: Some(name),
            actions: PolicyRule::ALL.iter().map(fail).collect(),
            ..Self::default()
        }
    }

    /// What happens to work with a change that `rule` is about.
    pub fn action(&self, rule: PolicyRule) -> PolicyAction {
        let action = self.actions.get(&rule).copied();
        action.unwrap_or_else(|| rule.built_in())
    }

    /// Whether any change could make it say something.
    pub fn looks(&self) -> bool {
        PolicyRule::ALL
            .iter()
            .any(|rule| self.action(*rule) != PolicyAction::Allow)
    }

    /// Whether somebody asked for it, so that it must be held, and be seen to be held: what is built in is no reason to refuse
    /// work in a folder without git, where there is no diff.
    pub fn is_asked_for(&self) -> bool {
        let as_built_in = |rule: &PolicyRule| self.action(*rule) == rule.built_in();
        let is_own = self.name.is_some()
            || !PolicyRule::ALL.iter().all(as_built_in)
            || self.large_file_bytes != Self::LARGE_FILE_BYTES;
        is_own && self.looks()
    }

    /// What people call it.
    pub fn shown_name(&self) -> &str {
        self.name.as_ref().map_or("[policy]", PolicyName::as_str)
    }
}

impl Default for Policy {
    fn default() -> Self {
        let built_in = |rule: &PolicyRule| (*rule, rule.built_in());
        Self {
            name: None,
            actions: PolicyRule::ALL.iter().map(built_in).collect(),
            paths: PathRules::default(),
            changed_files: None,
            large_file_bytes: Self::LARGE_FILE_BYTES,
        }
    }
}

/// Its name, and the rules that do something: `strict: dependencies fail, secrets gate`.
impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.shown_name())?;
        let rules = PolicyRule::ALL.iter();
        let rules = rules.map(|rule| (rule, self.action(*rule)));
        let mut gap = ": ";
        for (rule, action) in rules.filter(|(_, action)| *action != PolicyAction::Allow) {
            write!(f, "{gap}{rule} {action}")?;
            gap = ", ";
        }
        Ok(())
    }
}

/// All policies of a configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Policies {
    /// For tickets that name none.
    pub default: Policy,
    /// The others, by name.
    pub named: BTreeMap<PolicyName, Policy>,
}

impl Policies {
    /// The policy of a ticket that names this one. An unknown one keeps its ticket from running (T060); were it asked for all
    /// the same, nothing would pass.
    pub fn of(&self, name: Option<&PolicyName>) -> Policy {
        match name {
            None => self.default.clone(),
            Some(name) => match self.named.get(name) {
                Some(policy) => policy.clone(),
                None => Policy::strictest(name.clone()),
            },
        }
    }

    /// The names that a ticket may use.
    pub fn names(&self) -> BTreeSet<PolicyName> {
        self.named.keys().cloned().collect()
    }
}

/// What happened to a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// Its content or its mode changed.
    Modified,
    /// It is gone.
    Deleted,
    /// It moved, and may have changed on the way.
    Renamed {
        /// Where it was.
        from: PathBuf,
    },
    /// It became something else: a link, a submodule, or a file again.
    TypeChanged,
    /// It lies in the working tree and can't be part of the work: a repository of its own, or a file that is too large.
    LeftOut,
}

/// What a path holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A file.
    File,
    /// A file that can be run.
    Executable,
    /// A symbolic link.
    Symlink {
        /// Where it points, as written.
        target: PathBuf,
    },
    /// A commit of another repository, or that repository itself.
    Repository,
}

/// One changed path, as a plain description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Where it is now, or was before it was deleted; relative to the repository.
    pub path: PathBuf,
    /// What happened to it.
    pub kind: ChangeKind,
    /// What it was; `None` when it wasn't there.
    pub old: Option<Entry>,
    /// What it is; `None` when it isn't there any more.
    pub new: Option<Entry>,
    /// Whether either side is no text.
    pub binary: bool,
    /// The size of the new content, as git stores it; 0 when there is none.
    pub bytes: u64,
    /// Which lines of the new content, from 1, look like secrets and were not there before.
    pub secrets: Vec<u32>,
    /// The new content is too large to be searched for secrets.
    pub unsearched: bool,
    /// The commit on the way to the result that brought it; `None` for what is in the result. Only secrets matter in the
    /// former: what a commit holds is merged with it.
    pub commit: Option<String>,
}

impl Change {
    /// A change of a text file that stays a file.
    pub fn new(path: impl Into<PathBuf>, kind: ChangeKind) -> Self {
        let was_there = !matches!(kind, ChangeKind::Added | ChangeKind::LeftOut);
        let is_there = kind != ChangeKind::Deleted;
        Self {
            path: path.into(),
            old: was_there.then_some(Entry::File),
            new: is_there.then_some(Entry::File),
            kind,
            binary: false,
            bytes: 0,
            secrets: Vec::new(),
            unsearched: false,
            commit: None,
        }
    }

    /// The paths that it is about: where it is, and where it was.
    fn paths(&self) -> impl Iterator<Item = &Path> {
        let from = match &self.kind {
            ChangeKind::Renamed { from } => Some(from.as_path()),
            _ => None,
        };
        std::iter::once(self.path.as_path()).chain(from)
    }

    fn happened(&self) -> Cow<'static, str> {
        match &self.kind {
            ChangeKind::Added => "is new".into(),
            ChangeKind::Modified => "changed".into(),
            ChangeKind::Deleted => "is gone".into(),
            ChangeKind::Renamed { from } => format!("was {}", shown(from)).into(),
            ChangeKind::TypeChanged => "became something else".into(),
            ChangeKind::LeftOut => "can't be saved".into(),
        }
    }
}

/// A change that a rule is about, and that is not simply allowed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The rule.
    pub rule: PolicyRule,
    /// What happens: never [`PolicyAction::Allow`].
    pub action: PolicyAction,
    /// The path.
    pub path: PathBuf,
    /// What about it, in words. A secret itself is never in them.
    pub words: String,
}

/// Path and words on one line, whatever the path holds.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.as_os_str().is_empty() {
            return f.write_str(&self.words);
        }
        write!(f, "{} {}", shown(&self.path), self.words)
    }
}

/// Holds a policy against changes. The findings are ordered by rule, then by path.
pub fn evaluate(policy: &Policy, changes: &[Change]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for change in changes {
        for rule in PolicyRule::ALL.iter().copied() {
            let action = policy.action(rule);
            if action == PolicyAction::Allow {
                continue;
            }
            if let Some(words) = objection(rule, change, policy.large_file_bytes) {
                let path = change.path.clone();
                findings.push(Finding {
                    rule,
                    action,
                    path,
                    words,
                });
            }
        }
    }
    findings.sort();
    findings.dedup();
    findings
}

/// What to tell an agent about findings that fail, and what to write into the log of the validation; every line says a path.
pub fn report(policy: &Policy, findings: &[Finding]) -> String {
    use std::fmt::Write as _;
    let mut text = format!("policy {policy}\n");
    let parts = [
        (PolicyAction::Fail, "these changes are not accepted"),
        (
            PolicyAction::Gate,
            "a human looks at these changes before they are merged",
        ),
    ];
    for (action, head) in parts {
        let those = findings.iter().filter(|finding| finding.action == action);
        for (index, finding) in those.enumerate() {
            if index == 0 {
                // Writing to a text can't fail.
                let _ = writeln!(text, "\n{head}:");
            }
            let _ = write!(text, "- {}: {finding}", finding.rule);
            if action == PolicyAction::Fail {
                let _ = write!(text, ": {}", finding.rule.remedy());
            }
            text.push('\n');
        }
    }
    if findings.is_empty() {
        text.push_str("\nno change is held up by it\n");
    }
    text
}

/// What `rule` has to say about a change; `None` when it is not about it.
fn objection(rule: PolicyRule, change: &Change, large: u64) -> Option<String> {
    if change.commit.is_some() && rule != PolicyRule::Secrets {
        return None;
    }
    let named = |is_meant: fn(&Path) -> bool| {
        change
            .paths()
            .any(is_meant)
            .then(|| change.happened().into_owned())
    };
    let is_left_out = change.kind == ChangeKind::LeftOut;
    let is_repository = |entry: &Option<Entry>| matches!(entry, Some(Entry::Repository));
    match rule {
        PolicyRule::Dependencies => named(files::is_manifest),
        PolicyRule::Lockfiles => named(files::is_lockfile),
        PolicyRule::Migrations => named(files::is_migration),
        PolicyRule::Ci => named(files::is_ci),
        PolicyRule::GitFiles => named(files::is_git_file),
        PolicyRule::Binaries => (change.binary && change.new.is_some() && !is_left_out)
            .then(|| format!("is binary, {} bytes", change.bytes)),
        PolicyRule::LargeFiles if is_left_out => (!is_repository(&change.new)).then(|| {
            let bytes = change.bytes;
            format!("has {bytes} bytes: it is too large to be saved and is not part of the work")
        }),
        PolicyRule::LargeFiles => {
            (change.bytes > large).then(|| format!("has {} bytes, more than {large}", change.bytes))
        }
        PolicyRule::Deletions => {
            (change.kind == ChangeKind::Deleted).then(|| change.happened().into_owned())
        }
        PolicyRule::Secrets => secrets(change),
        PolicyRule::Submodules if is_repository(&change.new) && is_left_out => Some(
            "is a repository of its own that is no submodule: its files are not part of the work"
                .into(),
        ),
        PolicyRule::Submodules if is_repository(&change.new) || is_repository(&change.old) => {
            Some(format!("is a submodule and {}", change.happened()))
        }
        PolicyRule::Submodules => named(files::is_modules_file),
        PolicyRule::Symlinks => match &change.new {
            Some(Entry::Symlink { target }) if leads_out(&change.path, target) => {
                Some(format!("is a link to {}", shown(target)))
            }
            _ => None,
        },
        PolicyRule::Modes => match (&change.old, &change.new) {
            (Some(Entry::Executable), Some(Entry::File)) => Some("is executable no more".into()),
            (None | Some(Entry::File), Some(Entry::Executable)) => Some("is executable now".into()),
            _ => None,
        },
    }
}

/// The line numbers, never the lines.
fn secrets(change: &Change) -> Option<String> {
    const NAMED: usize = 10;
    if let (true, Some(commit)) = (change.unsearched, &change.commit)
        && change.path.as_os_str().is_empty()
    {
        return Some(format!(
            "too many commits to be searched for secrets: {commit}"
        ));
    }
    if change.unsearched {
        let bytes = change.bytes;
        return Some(format!(
            "has {bytes} bytes: too many to be searched for secrets"
        ));
    }
    let all = &change.secrets;
    if all.is_empty() {
        return None;
    }
    let named: Vec<_> = all.iter().take(NAMED).map(u32::to_string).collect();
    let more = match all.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let what = if all.len() == 1 {
        "looks like a secret: line"
    } else {
        "looks like secrets: lines"
    };
    let place = change.commit.as_ref();
    let place = place.map(|commit| format!(", in commit {commit}"));
    let place = place.unwrap_or_default();
    Some(format!(
        "holds what {what} {}{more}{place}",
        named.join(", ")
    ))
}

/// Whether a link at `path` leads out of the tree, or to where git keeps its own, going by its words alone.
fn leads_out(path: &Path, target: &Path) -> bool {
    let mut folders: Vec<_> = path.components().collect();
    folders.pop();
    for part in target.components() {
        match part {
            Component::Prefix(_) | Component::RootDir => return true,
            Component::CurDir => {}
            Component::ParentDir => {
                if folders.pop().is_none() {
                    return true;
                }
            }
            Component::Normal(_) => folders.push(part),
        }
    }
    let into_git = |part: &Component<'_>| part.as_os_str().eq_ignore_ascii_case(".git");
    folders.iter().any(into_git)
}

/// A path for people, on one line: names with control characters are quoted.
pub fn shown(path: &Path) -> Cow<'_, str> {
    let text = path.to_string_lossy();
    if text.chars().any(char::is_control) {
        format!("{text:?}").into()
    } else {
        text
    }
}
