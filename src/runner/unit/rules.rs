//! Rules about the diff: held against what really changed, each a validation of docket's own.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use std::path::PathBuf;

use super::{Prepared, Unit};
use crate::domain::attempt::{Validation, Verdict};
use crate::domain::gate::GateReason;
use crate::domain::machine::{DiffRules, Report};
use crate::domain::policy::shown;
use crate::domain::ticket::PathRules;

impl Unit {
    /// Holds every rule against the changed paths and reports each. Gives what a human must look at.
    pub(super) fn hold_rules(
        &self,
        prepared: &Prepared,
        rules: &DiffRules,
        turn: u32,
    ) -> Vec<GateReason> {
        let changed = prepared.git.as_ref().map(|state| state.changed.as_slice());
        for name in rules.names().filter(|name| *name != DiffRules::POLICY) {
            self.report(Report::ValidationStarted {
                name: name.to_owned(),
            });
            let (rule, broken) = if name == DiffRules::PATHS {
                let each = rules.paths.iter();
                let words: Vec<_> = each.map(in_words).collect();
                let broken = |changed| all_broken_paths(&rules.paths, changed);
                (words.join("; "), changed.map(broken))
            } else {
                let most = rules.changed_files.unwrap_or(u32::MAX);
                let broken = changed.map(|changed| too_many(changed, most));
                (format!("at most {most}"), broken)
            };
            self.report(Report::ValidationFinished(record(
                prepared, name, rule, turn, broken,
            )));
        }
        self.hold_policy(prepared, rules, turn)
    }
}

fn in_words(paths: &PathRules) -> String {
    format!("allow {:?}, deny {:?}", paths.allow, paths.deny)
}

/// The record of a rule: what is broken is its output. Without git nobody can tell, and that is never a pass.
fn record(
    prepared: &Prepared,
    name: &str,
    rule: String,
    turn: u32,
    broken: Option<Vec<String>>,
) -> Validation {
    let (text, verdict) = match broken {
        None => (NO_DIFF.to_owned(), Verdict::Inconclusive),
        Some(broken) if broken.is_empty() => (String::new(), Verdict::Pass),
        Some(broken) => {
            let lines = broken.iter().flat_map(|line| [line.as_str(), "\n"]);
            (lines.collect(), Verdict::Fail)
        }
    };
    own_record(prepared, name, rule, turn, &text, verdict)
}

/// Why nobody can tell.
pub(super) const NO_DIFF: &str = "without git there is no diff to hold this rule against\n";

/// The record of a validation of docket's own, with its output. What could not be stored is no pass.
pub(super) fn own_record(
    prepared: &Prepared,
    name: &str,
    run: String,
    turn: u32,
    text: &str,
    verdict: Verdict,
) -> Validation {
    let output = prepared.evidence.validation_log(name).and_then(|log| {
        // Made empty just now; whole files are written anew.
        prepared.evidence.write(&log, text.as_bytes())
    });
    Validation {
        name: name.to_owned(),
        run,
        turn,
        verdict: match &output {
            Ok(_) => verdict,
            Err(_) => Verdict::Inconclusive,
        },
        exit: None,
        millis: 0,
        output: output.ok(),
    }
}

/// What breaks the ticket's rules or those of its policy.
fn all_broken_paths(all: &[PathRules], changed: &[PathBuf]) -> Vec<String> {
    let mut broken: Vec<_> = all
        .iter()
        .flat_map(|paths| broken_paths(paths, changed))
        .collect();
    broken.sort();
    broken.dedup();
    broken
}

fn broken_paths(paths: &PathRules, changed: &[PathBuf]) -> Vec<String> {
    let (allow, deny) = match (globs(&paths.allow), globs(&paths.deny)) {
        (Ok(allow), Ok(deny)) => (allow, deny),
        (Err(error), _) | (_, Err(error)) => return vec![error.to_string()],
    };
    changed
        .iter()
        .filter_map(|path| {
            let shown = shown(path);
            if deny.is_match(path) {
                Some(format!("{shown} is denied"))
            } else if !paths.allow.is_empty() && !allow.is_match(path) {
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
    let rest = changed.iter().map(|path| shown(path).into_owned());
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
