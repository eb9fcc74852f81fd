//! What the user always allows: one file of docket's own beside the user's configuration, with a table for each rule. docket
//! appends to it when a human says "always" to a request, and takes out what they take back; people may edit it as well.
//!
//! It is the user's and no repository's: what a clone contains can't allow anything.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::files::Directories;
use crate::domain::rules::{Rule, RuleError};
use crate::domain::time::Timestamp;

/// The file's name in the user's configuration folder.
const FILE: &str = "approvals.toml";

const HEAD: &str = "\
# What you always allow, by repository. docket adds a table when you answer a request with \"always\";
# `docket approvals` lists them, `docket approvals --remove` takes one back.
";

/// One rule that always holds in one repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// The rule: `cargo test`, `exact:rm *.o`, `edit:src/main.rs`.
    pub rule: String,
    /// The repository's root.
    pub repository: PathBuf,
    /// When it was said, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    allow: Vec<Approval>,
}

/// Why the file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ApprovalsError {
    /// The environment names no home.
    #[error("there is no home folder to keep it in: set HOME or XDG_CONFIG_HOME")]
    NoHome,
    /// The file can't be read or written.
    #[error("can't use {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file says what docket doesn't understand: then it allows nothing.
    #[error("{} allows nothing until it can be read: {why}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where and what.
        why: String,
    },
    /// A rule that could never match, or is none.
    #[error("{} allows nothing until it can be read: {source}", path.display())]
    Rule {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: RuleError,
    },
}

/// The file of what is always allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approvals {
    path: Option<PathBuf>,
}

impl Approvals {
    /// The user's, as the environment of this process says.
    pub fn of_user() -> Self {
        Self {
            path: Directories::from_process().map(|folders| folders.config.join(FILE)),
        }
    }

    /// At this path.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self {
            path: Some(path.into()),
        }
    }

    /// None: nothing is always allowed, and nothing can be.
    pub fn nowhere() -> Self {
        Self { path: None }
    }

    /// Where it lies.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Everything in it, in its order. A file that is not there says nothing.
    pub fn all(&self) -> Result<Vec<Approval>, ApprovalsError> {
        let Some(path) = &self.path else {
            return Ok(Vec::new());
        };
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(file_error(path, source)),
        };
        let read: Result<Document, _> = toml::from_str(&text);
        let document = read.map_err(|error| ApprovalsError::Malformed {
            path: path.clone(),
            why: error.to_string(),
        })?;
        Ok(document.allow)
    }

    /// What is always allowed in the repository at `root`.
    pub fn of_repository(&self, root: &Path) -> Result<Vec<Rule>, ApprovalsError> {
        let root = canonical(root);
        let all = self.all()?.into_iter();
        let own = all.filter(|approval| approval.repository == root);
        own.map(|approval| self.rule(&approval)).collect()
    }

    fn rule(&self, approval: &Approval) -> Result<Rule, ApprovalsError> {
        Rule::parse_allow(&approval.rule).map_err(|source| ApprovalsError::Rule {
            path: self.path.clone().unwrap_or_default(),
            source,
        })
    }

    /// Adds rules for the repository at `root`, at the end; those that are there already are left alone.
    pub fn add(&self, root: &Path, rules: &[Rule], now: Timestamp) -> Result<(), ApprovalsError> {
        let path = self.path.as_ref().ok_or(ApprovalsError::NoHome)?;
        let root = canonical(root);
        let known = self.all()?;
        let is_new = |rule: &&Rule| {
            let same = |known: &Approval| known.repository == root && known.rule == rule.as_str();
            !known.iter().any(same)
        };
        let since = jiff::Timestamp::from_millisecond(now.0).ok();
        let of_rule = |rule: &Rule| Approval {
            rule: rule.to_string(),
            repository: root.clone(),
            since: since.map(|at| format!("{at:.0}")),
        };
        let allow: Vec<_> = rules.iter().filter(is_new).map(of_rule).collect();
        if allow.is_empty() {
            return Ok(());
        }
        let text = self.written(&Document { allow })?;
        append(path, &text).map_err(|source| file_error(path, source))
    }

    /// Takes a rule for the repository at `root` back. Whether it was there. What people wrote between the tables goes with it.
    pub fn remove(&self, root: &Path, rule: &str) -> Result<bool, ApprovalsError> {
        let path = self.path.as_ref().ok_or(ApprovalsError::NoHome)?;
        let root = canonical(root);
        let mut all = self.all()?;
        let before = all.len();
        all.retain(|approval| approval.repository != root || approval.rule != rule);
        if all.len() == before {
            return Ok(false);
        }
        let text = self.written(&Document { allow: all })?;
        let beside = path.with_extension("toml.new");
        let replaced = private(OpenOptions::new().write(true).create(true).truncate(true))
            .open(&beside)
            .and_then(|mut file| {
                file.write_all(format!("{HEAD}{text}").as_bytes())?;
                file.sync_all()
            })
            .and_then(|()| fs::rename(&beside, path));
        replaced.map_err(|source| file_error(path, source))?;
        Ok(true)
    }

    fn written(&self, document: &Document) -> Result<String, ApprovalsError> {
        let text = toml::to_string(document).map_err(|error| ApprovalsError::Malformed {
            path: self.path.clone().unwrap_or_default(),
            why: error.to_string(),
        })?;
        Ok(format!("\n{text}"))
    }
}

fn file_error(path: &Path, source: io::Error) -> ApprovalsError {
    ApprovalsError::File {
        path: path.to_owned(),
        source,
    }
}

/// A repository is the same by whatever way one came to it.
fn canonical(root: &Path) -> PathBuf {
    fs::canonicalize(root).unwrap_or_else(|_gone| root.to_owned())
}

/// Nobody else's business.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options.mode(0o600)
}

fn append(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    let mut file = private(OpenOptions::new().append(true).create(true)).open(path)?;
    let head = if file.metadata()?.len() == 0 {
        HEAD
    } else {
        ""
    };
    file.write_all(format!("{head}{text}").as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(texts: &[&str]) -> Vec<Rule> {
        let parse = |text: &&str| Rule::parse_allow(text).expect("a rule");
        texts.iter().map(parse).collect()
    }

    #[test]
    fn rules_are_added_found_by_repository_and_taken_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let approvals = Approvals::at(folder.path().join("config/approvals.toml"));
        let (here, there) = (folder.path(), Path::new("/elsewhere"));
        assert_eq!(approvals.of_repository(here).expect("rules"), []);
        let odd = r#"exact:printf "a\tb" | sed 's/x*/y/'"#;
        approvals
            .add(here, &rules(&["cargo test", odd]), Timestamp(0))
            .expect("added");
        approvals
            .add(there, &rules(&["make"]), Timestamp(0))
            .expect("added");
        // People's own words stay where docket only adds.
        let path = approvals.path().expect("a path").to_owned();
        let mut text = fs::read_to_string(&path).expect("text");
        text.push_str("\n# mine\n");
        fs::write(&path, &text).expect("written");
        approvals
            .add(here, &rules(&["cargo test", "ls"]), Timestamp(0))
            .expect("added");
        let now = fs::read_to_string(&path).expect("text");
        assert!(now.starts_with(&text), "{now}");
        let found = approvals.of_repository(here).expect("rules");
        assert_eq!(found, rules(&["cargo test", odd, "ls"]));
        assert!(approvals.remove(here, "cargo test").expect("removed"));
        assert!(!approvals.remove(here, "cargo test").expect("not there"));
        assert_eq!(
            approvals.of_repository(here).expect("rules"),
            rules(&[odd, "ls"])
        );
        assert_eq!(approvals.of_repository(there).expect("rules").len(), 1);
    }

    #[test]
    fn what_can_not_be_read_allows_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("approvals.toml");
        let approvals = Approvals::at(&path);
        let root = fs::canonicalize(folder.path()).expect("a root");
        for text in [
            "allow = 3".to_owned(),
            "[[allow]]\nrule = \"x\"\n".to_owned(),
            format!("[[allow]]\nrule = \"a; b\"\nrepository = {root:?}\n"),
            format!("[[allow]]\nrule = \"a\"\nrepository = {root:?}\nmore = 1\n"),
        ] {
            fs::write(&path, &text).expect("written");
            assert!(approvals.of_repository(&root).is_err(), "{text}");
        }
        let none = Approvals::nowhere();
        assert!(none.add(&root, &rules(&["a"]), Timestamp(0)).is_err());
    }
}
