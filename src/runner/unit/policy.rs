//! The policy, held against what the attempt changed: what fails goes back to the agent, what is gated waits for a human.

use std::sync::Arc;

use super::collect::is_ticket;
use super::rules::{NO_DIFF, own_record};
use super::{GitState, Prepared, Unit};
use crate::domain::attempt::Verdict;
use crate::domain::gate::GateReason;
use crate::domain::hash::sha256;
use crate::domain::machine::{DiffRules, Report};
use crate::domain::policy::{self, Change, ChangeKind, Finding, Policy, PolicyAction, PolicyRule};
use crate::git::{Diff, GitError, LeftOut, Repository};
use crate::redact::Redactor;
use crate::runner::context::Context;

/// A gate names so many changes at most; the log of the validation names all.
const NAMED: usize = 50;

/// The facts before anything was collected. Nobody could tell then, so that is never a pass.
pub(super) fn nothing_yet() -> Arc<Result<Vec<Change>, String>> {
    Arc::new(Err("nothing was collected yet".to_owned()))
}

/// What changed from the attempt's base to what was just saved, without the queue's files: these are docket's business.
pub(super) fn facts(
    context: &Context,
    git: &Repository,
    state: &GitState,
    diff: &Diff,
    left_out: Vec<LeftOut>,
    redactor: &Redactor,
) -> Result<Vec<Change>, String> {
    let in_words = |error: GitError| error.to_string();
    let secrets = |new: &str, old: Option<&str>| redactor.new_secrets(new, old);
    let mut changes = git.facts(diff, &secrets).map_err(in_words)?;
    if let Some(own) = &state.own {
        let on_the_way = git.secrets_on_the_way(own.base, &own.branch, &secrets);
        let is_told = |change: &Change| {
            let same = |other: &&Change| other.path == change.path && !other.secrets.is_empty();
            changes.iter().any(|other| same(&other))
        };
        let more: Vec<_> = on_the_way
            .map_err(in_words)?
            .into_iter()
            .filter(|change| !is_told(change))
            .collect();
        changes.extend(more);
    }
    let is_new = |left_out: &LeftOut| !state.left_out.contains(left_out);
    changes.extend(left_out.into_iter().filter(is_new).map(Change::from));
    if sha256(&git.excluded()) != state.excluded {
        changes.push(Change::new(".git/info/exclude", ChangeKind::Modified));
    }
    changes.retain(|change| !is_ticket(context, &change.path));
    Ok(changes)
}

impl Unit {
    /// Holds the policy against the changes. What it has to say is a validation, and what a human must look at is given back.
    pub(super) fn hold_policy(
        &self,
        prepared: &Prepared,
        rules: &DiffRules,
        turn: u32,
    ) -> Vec<GateReason> {
        let policy = &rules.policy;
        if !policy.looks() {
            return Vec::new();
        }
        let held = match &prepared.git {
            // What is built in speaks of diffs, and there is none.
            None if !policy.is_asked_for() => return Vec::new(),
            None => Err(NO_DIFF.to_owned()),
            Some(state) => match state.facts.as_ref() {
                Ok(changes) => Ok(policy::evaluate(policy, changes)),
                Err(why) => Err(format!("the changes could not be looked at: {why}\n")),
            },
        };
        if held.as_ref().is_ok_and(Vec::is_empty) && !policy.is_asked_for() {
            return Vec::new();
        }
        self.report_policy(prepared, policy, turn, held)
    }

    fn report_policy(
        &self,
        prepared: &Prepared,
        policy: &Policy,
        turn: u32,
        held: Result<Vec<Finding>, String>,
    ) -> Vec<GateReason> {
        let (text, verdict, findings) = match held {
            Err(why) => (why, Verdict::Inconclusive, Vec::new()),
            Ok(findings) => {
                let fails = |finding: &Finding| finding.action == PolicyAction::Fail;
                let verdict = if findings.iter().any(fails) {
                    Verdict::Fail
                } else {
                    Verdict::Pass
                };
                (policy::report(policy, &findings), verdict, findings)
            }
        };
        self.report(Report::ValidationStarted {
            name: DiffRules::POLICY.to_owned(),
        });
        self.report(Report::ValidationFinished(own_record(
            prepared,
            DiffRules::POLICY,
            policy.to_string(),
            turn,
            &text,
            verdict,
        )));
        let rules = PolicyRule::ALL.iter();
        rules.filter_map(|rule| gate(*rule, &findings)).collect()
    }
}

/// What a human must look at because of one rule.
fn gate(rule: PolicyRule, findings: &[Finding]) -> Option<GateReason> {
    let those = |finding: &&Finding| finding.rule == rule && finding.action == PolicyAction::Gate;
    let mut changes: Vec<_> = findings
        .iter()
        .filter(those)
        .map(ToString::to_string)
        .collect();
    if let Some(more) = changes.len().checked_sub(NAMED).filter(|more| *more > 0) {
        changes.truncate(NAMED);
        changes.push(format!("and {more} more"));
    }
    let rule = rule.to_string();
    (!changes.is_empty()).then_some(GateReason::Policy { rule, changes })
}
