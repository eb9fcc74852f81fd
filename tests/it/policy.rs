//! Policy on the real diff: every way in which an agent can change something, with real git and the real program.

mod changes;
mod configured;
mod same_tree;
mod secrets;

use docket::domain::attempt::{Need, Validation, Verdict};
use docket::domain::event::Event;
use docket::domain::gate::GateReason;

use crate::support::sandbox::Sandbox;

/// A ticket gets one try.
const ONCE: &str = "limits: { turns: 1, attempts: 1 }";

/// Commits as an agent would.
const COMMIT: &str = "git -c user.name=A -c user.email=a@example.org commit --quiet --message";

/// What a human is asked to look at: rule and changes, in order.
fn gates(sandbox: &Sandbox) -> Vec<(String, Vec<String>)> {
    let events = sandbox.events().into_iter();
    let reasons = events.filter_map(|event| match event {
        Event::GateReached {
            need: Need::Review { reasons },
            ..
        } => Some(reasons),
        _ => None,
    });
    let policy = reasons.flatten().filter_map(|reason| match reason {
        GateReason::Policy { rule, changes } => Some((rule, changes)),
        _ => None,
    });
    policy.collect()
}

/// Every validation that was recorded, in order.
fn validations(sandbox: &Sandbox) -> Vec<Validation> {
    let events = sandbox.events().into_iter();
    events
        .filter_map(|event| match event {
            Event::ValidationFinished { validation, .. } => Some(validation),
            _ => None,
        })
        .collect()
}

/// The verdicts of one validation, turn by turn.
fn verdicts(sandbox: &Sandbox, name: &str) -> Vec<Verdict> {
    let all = validations(sandbox).into_iter();
    all.filter(|one| one.name == name)
        .map(|one| one.verdict)
        .collect()
}

/// What the last run of a validation said.
#[track_caller]
fn log(sandbox: &Sandbox, name: &str) -> String {
    let all = validations(sandbox);
    let one = all.iter().rfind(|one| one.name == name).expect("it ran");
    let artifact = one.output.as_ref().expect("its output is stored");
    sandbox.evidence(1, "TICKET-010.1", &artifact.path)
}

/// The chain and all evidence must be as docket left them.
#[track_caller]
fn assert_intact(sandbox: &Sandbox) {
    let report = sandbox.verify();
    assert!(report.is_intact() && report.warnings.is_empty(), "{report}");
}

/// A key that looks real, put together so that no scanner takes this file for a leak.
fn key() -> String {
    let letters = "a1B2c3D4e5F6g7H8i9J0kLmNoPqRsTuVwXyZ".chars().cycle();
    "sk-proj-".chars().chain(letters.take(48)).collect()
}
