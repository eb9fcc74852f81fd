//! Rules about the diff: held against what really changed, each a validation of docket's own.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use std::path::PathBuf;

use super::{Prepared, Unit};
use crate::domain::attempt::{Validation, Verdict};
use crate::domain::machine::{DiffRules, Report};

impl Unit {
    /// Holds every rule against the changed paths and reports each.
    pub(super) fn hold_rules(&self, prepared: &Prepared, rules: &DiffRules, turn: u32) {
        let changed = prepared.git.as_ref().map(|state| state.changed.as_slice());
        for name in rules.names() {
            self.report(Report::ValidationStarted {
                name: name.to_owned(),
            });
            let (rule, broken) = if name == DiffRules::PATHS {
                let rule = format!("allow {:?}, deny {:?}", rules.paths.allow, rules.paths.deny);
                (rule, changed.map(|changed| broken_paths(rules, changed)))
            } else {
                let most = rules.changed_files.unwrap_or(u32::MAX);
                let broken = changed.map(|changed| too_many(changed, most));
                (format!("at most {most}"), broken)
            };
            self.report(Report::ValidationFinished(record(
                prepared, name, rule, turn, broken,
            )));
        }
    }
}

/// The record of a rule: what is broken is its output. Without git nobody can tell, and that is never a pass.
fn record(
    prepared: &Prepared,
    name: &str,
    rule: String,
    turn: u32,
    broken: Option<Vec<String>>,
) -> Validation {
    let text = match &broken {
        None => "without git there is no diff to hold this rule against\n".to_owned(),
        Some(broken) => broken
            .iter()
            .flat_map(|line| [line.as_str(), "\n"])
            .collect(),
    };
    let output = prepared.evidence.validation_log(name).and_then(|log| {
        // Made empty just now; whole files are written anew.
        prepared.evidence.write(&log, text.as_bytes())
    });
    let verdict = match (&output, broken) {
        (Err(_), _) | (_, None) => Verdict::Inconclusive,
        (Ok(_), Some(broken)) if broken.is_empty() => Verdict::Pass,
        (Ok(_), Some(_)) => Verdict::Fail,
    };
    Validation {
        name: name.to_owned(),
        run: rule,
        turn,
        verdict,
        exit: None,
        millis: 0,
        output: output.ok(),
    }
}

fn broken_paths(rules: &DiffRules, changed: &[PathBuf]) -> Vec<String> {
    let (allow, deny) = match (globs(&rules.paths.allow), globs(&rules.paths.deny)) {
        (Ok(allow), Ok(deny)) => (allow, deny),
        (Err(error), _) | (_, Err(error)) => return vec![error.to_string()],
    };
    changed
        .iter()
        .filter_map(|path| {
            let shown = path.display();
            if deny.is_match(path) {
                Some(format!("{shown} is denied"))
            } else if !rules.paths.allow.is_empty() && !allow.is_match(path) {
                Some(format!("{shown} is not allowed"))
            } else {
                None
            }
        })
        .collect()
}

fn too_many(changed: &[PathBuf], most: u32) -> Vec<String> {
    if changed.len() <= most as usize {
        return Vec::new();
    }
    let first = format!("{} files changed, {most} may", changed.len());
    let rest = changed.iter().map(|path| path.display().to_string());
    std::iter::once(first).chain(rest).collect()
}

/// `*` stays within a folder, `**` does not, and a folder (`src/`) means all that is in it.
fn globs(patterns: &[String]) -> Result<GlobSet, globset::Error> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let whole = if pattern.ends_with('/') {
            format!("{pattern}**")
        } else {
            pattern.clone()
        };
        set.add(GlobBuilder::new(&whole).literal_separator(true).build()?);
    }
    set.build()
}
